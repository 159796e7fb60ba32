//! Fuzzing of logs: the same bytes give the same lines in whatever pieces they arrive, and no secret is in
//! any of them.

use super::{assemble::Assembler, pieces::Pieces};
use crate::{
    client::logs::ansi,
    fuzz::{Choices, cut, fuzz},
    server::source::{
        EngineError, SourceLine,
        redact::{MASK, Shown},
        redactor::Redactor,
        secrets::Secrets,
    },
};
use std::{collections::VecDeque, mem::discriminant};

/// Bytes of Docker's buffer, after which it splits a line.
const BUFFER: usize = 16 * 1024;
/// Most records per input.
const MAX_RECORDS: usize = 24;

/// How an engine writes a log.
#[derive(Clone, Copy, Debug)]
struct Form {
    is_terminal: bool,
    is_podman: bool,
}

/// The lines of `pieces`, and the error that ends them.
fn read<'a>(
    form: Form,
    secrets: &Secrets,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<SourceLine>, Option<EngineError>) {
    let redactor = Redactor::default().with(secrets.clone());
    let mut decoder = Pieces::new(form.is_terminal, Assembler::new(redactor));
    if form.is_podman {
        decoder.expect_podman();
    }
    let mut ready = VecDeque::new();
    for piece in pieces {
        decoder.body.extend_from_slice(piece);
        if let Err(error) = decoder.decode(&mut ready) {
            return (ready.into(), Some(error));
        }
    }
    decoder.finish(&mut ready);
    (ready.into(), None)
}

fn form(choices: &mut Choices<'_>) -> Form {
    Form {
        is_terminal: choices.flag(),
        is_podman: choices.flag(),
    }
}

/// The beginning of a record: usually a time.
fn time(choices: &mut Choices<'_>) -> &'static str {
    choices.pick(&[
        "2026-01-02T03:04:05.678901234Z ",
        "2026-01-02T03:04:05.678901234Z ",
        "2026-01-02T03:04:06.000000001Z ",
        "2026-01-02T03:04:07Z ",
        "2026-01-02T04:04:05.123456+01:00 ",
        "2999-01-02T03:04:05.678901234Z ",
        "0001-01-01T00:00:00Z ",
        "",
    ])
}

fn record(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut record = time(choices).as_bytes().to_vec();
    match choices.byte() {
        0..8 => record.extend(vec![b'x'; BUFFER - 1 + choices.below(3)]),
        8..12 => record.extend(vec![b'y'; choices.below(40_000)]),
        12..32 => record.extend(time(choices).as_bytes()),
        _ => {}
    }
    record.extend(choices.bytes());
    record.extend(choices.pick(&[&b"\n"[..], b"\r\n", b"", b"\n\n"]));
    record
}

/// A frame around a record, usually a valid one.
fn frame(choices: &mut Choices<'_>, record: &[u8]) -> Vec<u8> {
    let stream = choices.pick(&[1, 2, 1, 2, 0, 3]);
    let mut length = record.len() as u32;
    let mut head = [stream, 0, 0, 0];
    if choices.byte() > 252 {
        head = [choices.byte(), choices.byte(), 0, 0];
        length = choices.number() as u32;
    }
    [&head[..], &length.to_be_bytes(), record].concat()
}

#[test]
fn log_frames() {
    let raw: &[u8] = b"\0\0\0\x01\x03\x01\0\0\0\0\0\0\x262026-01-02T03:04:05.678901234Z one two\n";
    let made: &[u8] =
        b"\0\0\x01\x02\x01\x05\0\xff\x05hello\0\0\x01\0\xff\x05world\x01\x01\x02\0\0\x02\x03end";
    let terminal: &[u8] =
        b"\x01\0\0\x02\x01\x042026-01-02T03:04:05.6Z a\r\n2026-01-02T03:04:06.6Z b";
    fuzz("log_frames", &[raw, made, terminal], |choices| {
        let form = form(choices);
        let is_made_of_records = choices.flag();
        let lengths = choices.lengths();
        let mut body = Vec::new();
        if is_made_of_records {
            for _ in 0..MAX_RECORDS {
                if choices.is_over() {
                    break;
                }
                let record = record(choices);
                body.extend(match form.is_terminal {
                    true => record,
                    false => frame(choices, &record),
                });
            }
        } else {
            body.extend(choices.rest());
        }
        let none = Secrets::default();
        let (lines, error) = read(form, &none, [&body[..]]);
        let (in_pieces, other) = read(form, &none, cut(&body, &lengths));
        assert_eq!(lines, in_pieces, "{form:?} {lengths:?}");
        assert_eq!(
            error.map(|it| discriminant(&it)),
            other.map(|it| discriminant(&it))
        );
        for line in &lines {
            assert!(!line.line.contains('\n'));
        }
    });
}

/// A value that no other text contains by chance, with characters that encodings change.
fn secret(choices: &mut Choices<'_>) -> String {
    let mut secret = choices.pick(&["Xq7", "9zK", "w0rD", "Pä5"]).to_owned();
    let more = choices.list(12, |choices| {
        choices.pick(&[
            'a', 'B', '3', 'z', '-', '_', '!', '$', '/', '+', '=', '@', ':', '"', '\\', ' ', 'é',
            '가', '%', '&', '.', '~', '#', '\'',
        ])
    });
    secret.extend(more);
    secret.push_str("Q8k");
    secret
}

/// `secret` as programs write it.
fn written(choices: &mut Choices<'_>, secret: &str) -> String {
    let percent = |byte: u8| format!("%{byte:02X}");
    match choices.below(6) {
        0 => serde_json::Value::from(secret).to_string(),
        1 => secret.bytes().map(percent).collect(),
        2 => secret
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect(),
        3 => secret
            .chars()
            .map(|c| format!("\u{1b}[3{}m{c}", u32::from(c) % 8))
            .collect(),
        4 => serde_json::Value::from(serde_json::Value::from(secret).to_string()).to_string(),
        _ => secret.to_owned(),
    }
}

/// The line as it is sent, as the page shows it, and as it is downloaded.
fn seen(line: &str) -> [String; 3] {
    let downloaded = line.chars().filter(|c| *c == '\t' || !c.is_control());
    [
        line.to_owned(),
        ansi::plain(line).into_owned(),
        downloaded.collect(),
    ]
}

/// Text around a secret: words, so that it does not change how the secret is read.
fn around(choices: &mut Choices<'_>) -> String {
    let words = choices.list(6, |choices| {
        choices.pick(&[
            " ",
            "x ",
            "token=",
            "user: ",
            " -- ",
            "\t",
            "{\"a\":",
            "한 ",
            "\u{1b}[1m ",
            "http://h/?q=",
            "é ",
            ", ",
        ])
    });
    words.concat()
}

#[test]
fn secrets_in_logs() {
    fuzz("secrets_in_logs", &[], |choices| {
        let secret = secret(choices);
        if !Shown::default().is_specific(&secret) {
            return;
        }
        let form = form(choices);
        let lengths = choices.lengths();
        let (before, after) = (around(choices), around(choices));
        let hidden = written(choices, &secret);
        let text = format!("2026-01-02T03:04:05Z {before} {hidden} {after}\n");
        // Podman splits a line anywhere, even within the text; Docker after its buffer, which is tested beside
        // the assembler.
        let body: Vec<u8> = match (form.is_terminal, form.is_podman) {
            (true, _) => text.into_bytes(),
            (_, false) => frame_of(text.as_bytes()),
            (_, true) => {
                let (time, rest) = text.split_at(21);
                let parts = cut(rest.as_bytes(), &choices.lengths());
                let parts = parts
                    .iter()
                    .map(|part| frame_of(&[time.as_bytes(), part].concat()));
                parts.flatten().collect()
            }
        };
        let secrets = Secrets::of([format!("APP_TOKEN={secret}").as_str()]);
        let (lines, error) = read(form, &secrets, cut(&body, &lengths));
        assert_eq!(error, None);
        assert!(
            lines.iter().any(|line| line.line.contains(MASK)),
            "{lines:?}"
        );
        for line in lines {
            for seen in seen(&line.line) {
                assert!(!seen.contains(&secret), "{secret:?} in {seen:?}");
            }
        }
    });
}

fn frame_of(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u32).to_be_bytes();
    [&[1, 0, 0, 0], &length, record].concat()
}

#[test]
fn secrets_in_texts() {
    let redactor = Redactor::default();
    fuzz("secrets_in_texts", &[], |choices| {
        let secret: String = choices
            .list(20, |choices| {
                choices.pick(&['a', 'Z', '4', 'q', '-', '.', '_', '~'])
            })
            .iter()
            .collect();
        let secret = format!("Xq7{secret}Q8k");
        let name = choices.pick(&[
            "password",
            "DB_PASSWORD",
            "api_key",
            "client-secret",
            "TOKEN",
        ]);
        let before = choices.pick(&["", "x ", "{\"a\":1,", "run -e ", "\u{1b}[1m", "GET /x?a=b&"]);
        let after = choices.pick(&["", " y", ", z=1", "\n", "&c=d", "\"}"]);
        let text = match choices.below(7) {
            0 => format!("{before}{name}={secret}{after}"),
            1 => format!("{before}\"{name}\":\"{secret}\"{after}"),
            2 => format!("{before} --{} {secret}{after}", name.to_lowercase()),
            3 => format!("{before}postgres://app:{secret}@db:5432/x{after}"),
            4 => format!("{before}{name}: {secret}{after}"),
            5 => format!("{before}{name}='{secret}'{after}"),
            _ => format!("{before}https://{secret}@git.example/x{after}"),
        };
        let masked = redactor.mask_text(&text).into_owned();
        assert!(!masked.contains(&secret), "{text:?} became {masked:?}");
        assert_eq!(
            redactor.mask_text(&masked),
            masked,
            "masking again changes nothing"
        );
        let assigned = format!("{name}={secret}");
        let args = redactor.mask_args(["serve", "--password", &secret, &assigned]);
        assert!(!args.concat().contains(&secret), "{args:?}");
        assert!(!redactor.mask_value(name, &secret).contains(&secret));
        // Arbitrary text does not panic. It may contain more to mask once it is masked: what a mask replaces may
        // have ended a URL.
        let any = choices.rest_as_text();
        let once = redactor.mask_text(&any).into_owned();
        let _ = redactor.mask_text(&once);
    });
}
