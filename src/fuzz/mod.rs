//! Fuzzing: runs a property on very many inputs that no author has thought of.
//!
//! A target is a test `fuzz::NAME` in the module whose code it attacks: it calls [`fuzz`] with a closure that
//! interprets the bytes of an input and asserts. In a normal test run each target gets a few thousand random
//! inputs. `scripts/fuzz` runs a target for minutes, with libFuzzer if it can be built: that engine observes
//! which code an input reaches, and continues with the inputs that reach new code.
//!
//! The seed is printed, and an input that fails is stored below `target/fuzz/NAME`, from which
//! `scripts/fuzz NAME --replay FILE` repeats it.

mod choices;
#[cfg_attr(
    fuzzing_libfuzzer,
    expect(dead_code, reason = "libFuzzer makes the inputs")
)]
mod inputs;

pub(crate) use choices::{Choices, cut};

use std::{ffi::OsString, path::PathBuf, time::Duration};

/// Inputs per target in a normal test run: a second or two without optimization.
const EXECUTIONS: u64 = 500;
/// Longest random input in bytes. Larger ones repeat the same structures and take longer.
const MAX_INPUT: usize = 2 * 1024;

/// Runs `target` on many inputs. `seeds` are inputs with meaning; most others are made from them. `name` is
/// the name of the test.
///
/// # Panics
/// When `target` panics, with its own message, after the input was stored.
pub(crate) fn fuzz(name: &str, seeds: &[&[u8]], target: impl Fn(&mut Choices<'_>)) {
    let run = |input: &[u8]| target(&mut Choices::new(input));
    match variable("REPLAY") {
        Some(file) => run(&std::fs::read(file).unwrap()),
        None => search(name, seeds, run),
    }
}

#[cfg(not(fuzzing_libfuzzer))]
fn search(name: &str, seeds: &[&[u8]], run: impl Fn(&[u8])) {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
        time::Instant,
    };
    let seed = number("SEED").unwrap_or_else(|| fastrand::u64(..));
    let limit = number("SECONDS").map(Duration::from_secs);
    println!("fuzz {name}: seed {seed}");
    let mut inputs = inputs::Inputs::new(seed, seeds);
    let (began, mut executions) = (Instant::now(), 0_u64);
    while limit.map_or(executions < EXECUTIONS, |limit| began.elapsed() < limit) {
        let input = inputs.next();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&input))) {
            let file = store(name, &input);
            println!(
                "fuzz {name}: failed after {executions} executions with seed {seed}; repeat with \
                 scripts/fuzz {name} --replay {}",
                file.display()
            );
            resume_unwind(panic);
        }
        executions += 1;
    }
    let seconds = began.elapsed().as_secs();
    println!("fuzz {name}: {executions} executions in {seconds} s, 0 failures");
}

/// Stores an input that failed.
#[cfg(not(fuzzing_libfuzzer))]
fn store(name: &str, input: &[u8]) -> PathBuf {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = folder(name).join(format!("failed-{:016x}", hasher.finish()));
    std::fs::create_dir_all(folder(name)).unwrap();
    std::fs::write(&file, input).unwrap();
    file
}

/// Passes control to libFuzzer, which never returns. `scripts/fuzz` sets its options.
#[cfg(fuzzing_libfuzzer)]
fn search(name: &str, seeds: &[&[u8]], run: impl Fn(&[u8])) {
    let corpus = folder(name).join("corpus");
    std::fs::create_dir_all(&corpus).unwrap();
    for (n, seed) in seeds.iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{n}")), seed).unwrap();
    }
    let run = std::panic::AssertUnwindSafe(run);
    bolero::check!(name = name).for_each(move |input: &[u8]| run(input));
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("target/fuzz")
        .join(name)
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(format!("DECKWATCH_FUZZ_{name}")).filter(|value| !value.is_empty())
}

#[cfg(not(fuzzing_libfuzzer))]
fn number(name: &str) -> Option<u64> {
    let value = variable(name)?;
    Some(value.to_str().unwrap().parse().unwrap())
}
