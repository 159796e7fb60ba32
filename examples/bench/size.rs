//! Sizes of the files that a browser loads, of the sections of the main WebAssembly module and of the
//! server binary.

use crate::{Failure, Setting, results::Results};
use std::{collections::BTreeMap, fs, path::Path, process::Command};

pub(crate) fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let folder = setting
        .binary
        .parent()
        .unwrap_or(Path::new("."))
        .join("pkg");
    let (mut total, mut first) = (0.0, 0.0);
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let name = without_hash(&name);
        if !["wasm", "js", "css"]
            .iter()
            .any(|end| name.ends_with(&format!(".{end}")))
        {
            continue;
        }
        let raw = fs::metadata(&path)?.len() as f64;
        let small = brotli(&path)?;
        results.figure(&format!("raw:{name}"), raw)?;
        results.figure(&format!("brotli:{name}"), small)?;
        if name.ends_with(".css") {
            results.figure("css_kib", small / 1024.0)?;
        } else {
            total += small;
        }
        // The module that all pages need, the script that starts it and the loader of the other parts.
        let is_first = ["deckwatch.js", "deckwatch.wasm"].contains(&&*name);
        if is_first || name.starts_with("__wasm_split.") {
            first += small;
        }
        if name == "deckwatch.wasm" {
            for (section, bytes) in sections(&fs::read(&path)?) {
                results.figure(&format!("section:{section}"), bytes)?;
            }
        }
    }
    results.figure("code_kib", total / 1024.0)?;
    results.figure("first_kib", first / 1024.0)?;
    results.figure(
        "binary_mib",
        fs::metadata(&setting.binary)?.len() as f64 / f64::from(1 << 20),
    )
}

/// The name of a file of the build without the hash of its content.
fn without_hash(name: &str) -> String {
    const HASH_LENGTH: usize = 22;
    let parts = name.split('.').filter(|part| part.len() != HASH_LENGTH);
    parts.collect::<Vec<_>>().join(".")
}

fn brotli(path: &Path) -> Result<f64, Failure> {
    let output = Command::new("brotli")
        .args(["-q", "11", "-c"])
        .arg(path)
        .output()?;
    if !output.status.success() {
        return Err("brotli failed".into());
    }
    Ok(output.stdout.len() as f64)
}

/// The sections of a WebAssembly module with their lengths in bytes; sections of a kind are added up.
fn sections(module: &[u8]) -> BTreeMap<&'static str, f64> {
    let mut rest = module.get(8..).unwrap_or_default();
    let mut found = BTreeMap::new();
    while let Some((id, after)) = rest.split_first() {
        let Some((length, after)) = leb128(after) else {
            break;
        };
        let name = match id {
            0 => "custom",
            1 | 3 => "types",
            6 => "globals",
            9 => "table of functions",
            10 => "code",
            11 => "data",
            _ => "imports and exports",
        };
        *found.entry(name).or_default() += length as f64;
        rest = after.get(length..).unwrap_or_default();
    }
    found
}

fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}
