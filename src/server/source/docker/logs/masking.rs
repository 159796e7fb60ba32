//! No line contains a secret, wherever engines and connections split the log.

use super::{assemble::Assembler, pieces::Pieces};
use crate::{
    client::logs::ansi,
    server::source::{redact::CustomPatterns, redactor::Redactor, secrets::Secrets},
};
use proptest::{prelude::*, sample::Index};
use std::collections::VecDeque;

/// A time as Docker writes it, and one as Podman does.
const TIMES: [&str; 2] = ["2026-01-02T03:04:05.678901234Z", "2026-01-02T03:04:05Z"];
/// Bytes of Docker's buffer, at which it splits lines.
const BUFFER: usize = 16 * 1024;
/// Bytes at which lines are truncated.
const LONGEST_LINE: usize = 64 * 1024;

/// Lines of a log, and what no output may contain.
#[derive(Clone, Debug)]
struct Written {
    lines: Vec<String>,
    secrets: Vec<String>,
    /// The environment of the container.
    variable: String,
}

/// How the log gets here.
#[derive(Clone, Debug)]
struct Way {
    is_podman: bool,
    is_terminal: bool,
    /// Where Podman splits a line, and the connection the log.
    cuts: Vec<Index>,
}

/// One line, in which `{}` stands for the secret.
fn around(template: &'static str, secret: &'static str) -> BoxedStrategy<(String, Vec<String>)> {
    let secret = proptest::string::string_regex(secret).unwrap();
    let written = secret.prop_map(move |secret| (template.replace("{}", &secret), vec![secret]));
    written.boxed()
}

/// A text with secrets of a known shape.
fn shaped() -> impl Strategy<Value = (String, Vec<String>)> {
    let id = "AKIA[A-Z0-9]{16}";
    prop_oneof![
        around("{}", id),
        around("AKIAIOSFODNN7EXAMPLE:{}", "[A-Za-z0-9/+]{40}"),
        around("secret_access_key={}", "[A-Za-z0-9/+]{40}"),
        around("{}", "gh[pos]_[A-Za-z0-9]{36}"),
        around("{}", "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
        around("{}", "glpat-[A-Za-z0-9_-]{20}"),
        around("{}", "xox[abp]-[0-9]{10,12}-[A-Za-z0-9]{8,24}"),
        around(
            "https://hooks.slack.com/services/{}",
            "T[A-Z0-9]{8}/B[A-Z0-9]{8}/[A-Za-z0-9]{24}"
        ),
        around("{}", "[sr]k_live_[A-Za-z0-9]{24,99}"),
        around("{}", "AIza[A-Za-z0-9_-]{35}"),
        around("{}", "npm_[A-Za-z0-9]{36}"),
        around("{}", "dwt_[A-Za-z0-9_-]{20,43}"),
        around(
            "{}",
            "eyJhbGciOiJIUzI1NiJ9\\.[A-Za-z0-9_-]{10,300}\\.[A-Za-z0-9_-]{43}"
        ),
        around("postgres://app:{}@db:5432/x", "[A-Za-z0-9!*_-]{6,20}"),
        around("Authorization: Bearer {}", "[A-Za-z0-9._~+-]{6,40}"),
        around("authorization: Basic {}", "[A-Za-z0-9+/]{6,40}={0,2}"),
        around("ACC-{}", "[0-9]{6}"),
    ]
}

/// Any text before or after a secret, sometimes so long that the secret is at the end of a record or where
/// the line is truncated.
fn filler() -> impl Strategy<Value = String> {
    let padding = prop_oneof![
        8 => Just(0),
        1 => BUFFER - 60..BUFFER + 5,
        1 => LONGEST_LINE - 60..LONGEST_LINE,
    ];
    (padding, "[ -~é한\t]{0,12}").prop_map(|(padding, text)| "-a".repeat(padding / 2) + &text)
}

fn one_line() -> impl Strategy<Value = Written> {
    let shaped = shaped().prop_map(|(text, secrets)| (text, secrets, String::new()));
    let value = "[A-Z][a-z]{2}[0-9][!-~]{4,20}".prop_map(|value: String| {
        let variable = format!("TOKEN={value}");
        (value.clone(), vec![value], variable)
    });
    let secret = prop_oneof![8 => shaped.boxed(), 1 => value.boxed()];
    (filler(), secret, filler()).prop_map(|(before, (text, secrets, variable), after)| Written {
        lines: vec!["starts".to_owned(), before + &text + &after],
        secrets,
        variable,
    })
}

/// A private key of several lines, each with a text before and after it.
fn several_lines() -> impl Strategy<Value = Written> {
    let full = prop::sample::select(vec![48_usize, 64, 70, 76]).prop_flat_map(|width| {
        let line = proptest::string::string_regex(&format!("MI[A-Za-z0-9+/]{{{}}}", width - 2));
        prop::collection::vec(line.unwrap(), 1..6)
    });
    let last = "[A-Za-z0-9+/]{6,40}={0,2}";
    (full, last, filler(), filler()).prop_map(|(mut secrets, last, before, after)| {
        secrets.push(last);
        let armour = [
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----END RSA PRIVATE KEY-----",
        ];
        let [first, end] = armour.map(str::to_owned);
        let lines = [first].into_iter().chain(secrets.clone()).chain([end]);
        Written {
            lines: lines.map(|line| format!("{before}{line}{after}")).collect(),
            secrets,
            variable: String::new(),
        }
    })
}

fn way() -> impl Strategy<Value = Way> {
    let cuts = prop::collection::vec(any::<Index>(), 0..6);
    (any::<bool>(), any::<bool>(), cuts).prop_map(|(is_podman, is_terminal, cuts)| Way {
        is_podman,
        is_terminal,
        cuts,
    })
}

/// `text` cut at `cuts`.
fn cut<'a>(text: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    at.extend([0, text.len()]);
    at.sort_unstable();
    at.windows(2)
        .filter_map(|pair| text.get(pair[0]..pair[1]))
        .collect()
}

/// The records in which an engine stores `line`, each with its time.
fn records(line: &str, way: &Way) -> Vec<Vec<u8>> {
    let line = line.as_bytes();
    let parts = match (way.is_podman, way.is_terminal) {
        // Parts of a terminal's line are found only if they are as long as its buffer.
        (true, true) => line.chunks(2 * 1024).collect(),
        (true, false) => cut(line, &way.cuts),
        (false, _) => line.chunks(BUFFER).collect::<Vec<_>>(),
    };
    let time = TIMES[usize::from(way.is_podman)];
    let record = |part: &&[u8]| [time.as_bytes(), b" ", part].concat();
    let mut records: Vec<_> = parts.iter().map(record).collect();
    if let Some(last) = records.last_mut() {
        last.extend(if way.is_terminal { &b"\r\n"[..] } else { b"\n" });
    }
    records
}

/// The body of the response with `records`, and a line of the other stream after each of them.
fn body(records: &[Vec<u8>], way: &Way) -> Vec<u8> {
    if way.is_terminal {
        return records.concat();
    }
    let frame = |stream: u8, record: &[u8]| {
        let length = u32::try_from(record.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], record].concat()
    };
    let other = format!("{} GET /items 200\n", TIMES[usize::from(way.is_podman)]);
    let both = |record: &Vec<u8>| [frame(1, record), frame(2, other.as_bytes())].concat();
    records.iter().flat_map(both).collect()
}

/// The lines of `written` as clients receive them.
fn read(written: &Written, way: &Way) -> Vec<String> {
    let custom = CustomPatterns::compile(&["ACC-[0-9]{6}".to_owned()]).unwrap();
    let redactor = Redactor::new(custom, Default::default());
    let redactor = redactor.with(Secrets::of([written.variable.as_str()]));
    let mut pieces = Pieces::new(way.is_terminal, Assembler::new(redactor));
    if way.is_podman {
        pieces.expect_podman();
    }
    let records: Vec<_> = written
        .lines
        .iter()
        .flat_map(|line| records(line, way))
        .collect();
    let mut ready = VecDeque::new();
    for chunk in cut(&body(&records, way), &way.cuts) {
        pieces.body.extend_from_slice(chunk);
        pieces.decode(&mut ready).unwrap();
    }
    pieces.finish(&mut ready);
    ready.into_iter().map(|line| line.line).collect()
}

fn assert_clean(written: &Written, way: &Way) -> Result<(), TestCaseError> {
    let lines = read(written, way);
    let own = lines
        .iter()
        .filter(|line| *line != "GET /items 200")
        .count();
    prop_assert_eq!(own, written.lines.len());
    for line in lines {
        let shown = ansi::plain(&line).into_owned();
        let downloaded: String = line.chars().filter(|c| !c.is_control()).collect();
        for secret in &written.secrets {
            for seen in [&line, &shown, &downloaded] {
                prop_assert!(!seen.contains(secret), "{} in {:?}", secret, seen);
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_line_contains_a_secret(written in one_line(), way in way()) {
        assert_clean(&written, &way)?;
    }

    #[test]
    fn no_line_contains_a_part_of_a_private_key(written in several_lines(), way in way()) {
        assert_clean(&written, &way)?;
    }
}
