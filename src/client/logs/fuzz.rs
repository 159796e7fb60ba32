//! Fuzzing of what reads the lines of logs: containers can print anything.

use super::{Level, ansi, json};
use crate::fuzz::fuzz;
use serde_json::{Map, Value, value::RawValue};
use std::{borrow::Cow, collections::HashMap};

/// Deepest nesting of the objects that are compared; the formatter accepts a little more.
const DEPTH: usize = 30;
/// The longest form of one character: `<U+2028>` for three bytes.
const LONGEST_NAME: usize = 8;

#[test]
fn ansi_lines() {
    let seeds: [&[u8]; 8] = [
        b"a\x1b[1;31mred\x1b[22;4m low\x1b[0m b\x1b[103;7mc\x1b[m",
        b"\x1b[38;5;196mx\x1b[38;2;255;165;0my\x1b[38:2::0:200:200mz\x1b[48;5;999m",
        b"a\x1b]0;owned\x07b\x1b]8;;http://evil\x1b\\c\x1bPq#0~\x1b\\d",
        b"10%\r50%\r\x1b[32m100%\r",
        "a\u{9b}31mb\u{9d}title\u{9c}c\u{202e}d\u{2028}e\u{feff}\0\u{7f}".as_bytes(),
        b"\x1b(B\x1b7\x1b8\x1b[?25l\x1b[2J\x1b[H",
        b"\x1b\x1b[\x1b]\x1b[3\x1b[31",
        "한국어 👩‍👩‍👧 é\t".as_bytes(),
    ];
    fuzz("ansi_lines", &seeds, |choices| {
        let line = choices.rest_as_text();
        let styled = ansi::parse(&line);
        let plain = ansi::plain(&line);
        assert_eq!(plain, styled.text);
        let again = ansi::plain(&plain);
        assert!(matches!(again, Cow::Borrowed(_)), "nothing special is left");
        assert!(plain.len() <= LONGEST_NAME * line.len());
        assert!(styled.spans.len() <= ansi::MAX_SPANS + 1);
        let end = styled.spans.last().map_or(0, |span| span.0);
        assert_eq!(end, styled.text.len(), "every character has a style");
        assert!(styled.spans.is_sorted_by(|a, b| a.0 < b.0));
        for (end, style) in &styled.spans {
            assert!(styled.text.is_char_boundary(*end));
            assert!(style.class().is_ascii());
        }
        for (at, _) in line.char_indices() {
            let rest = &line[at..];
            if let Some(length) = ansi::sequence_len(rest) {
                assert!(length > 0 && rest.is_char_boundary(length));
            }
        }
        let _ = Level::of(&line);
    });
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The value of the outer member `name`, by a complete parser, if it is a string or number and `line` has
/// neither escapes nor two members of that name.
fn reference<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let all: HashMap<&str, &RawValue> = serde_json::from_str(line).ok()?;
    let is_comparable = !line.contains('\\') && line.matches(name).count() == 1;
    let value = all.get(name).filter(|_| is_comparable)?.get();
    let is_plain = value.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit());
    is_plain.then(|| value.trim_matches('"'))
}

#[test]
fn json_lines() {
    let seeds: [&[u8]; 6] = [
        br#"{"level":"info","n":-1.5e3,"tags":["a",{}],"none":[],"s":"say \"hi\", {ok}"}"#,
        br#"{"inner":{"level":"debug"},"text":"level","level":"WARN"}"#,
        br#" { "level" : 50 , "x" : [ true , false , null ] } "#,
        br#"{"msg":"\u00e9\ud83d\ude00\\","level":"error","a":{"b":{"c":[[[]]]}}}"#,
        br#"level=warn msg="x y" err=nil"#,
        "{\"é\":\"한국어\",\"severity\":\"CRITICAL\"}".as_bytes(),
    ];
    fuzz("json_lines", &seeds, |choices| {
        let line = choices.rest_as_text();
        let pretty = json::pretty(&line);
        let parsed: Option<Map<String, Value>> = serde_json::from_str(&line).ok();
        if let Some(expected) = parsed.map(Value::Object)
            && depth(&expected) <= DEPTH
        {
            let shown = pretty.as_deref().unwrap();
            assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), expected);
        }
        if let Some(shown) = &pretty {
            assert_eq!(json::pretty(shown).as_ref(), Some(shown), "stable");
        }
        if let Some(expected) = reference(&line, "level") {
            assert_eq!(json::member(&line, &["level"]), Some(expected));
        }
        if let Some(found) = json::member(&line, &["level", "severity", "lvl"]) {
            assert!(line.contains(found));
        }
        let _ = Level::of(&line);
    });
}
