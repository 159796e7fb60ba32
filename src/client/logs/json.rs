//! Minimal reading of lines that are JSON, without a complete parser, which would make the page larger.

/// Deepest nesting that is accepted.
const MAX_DEPTH: usize = 32;

/// The object `line`, formatted with one member per line; `None` when it is not an object.
pub fn pretty(line: &str) -> Option<String> {
    let mut printer = Printer {
        scanner: Scanner { rest: line },
        out: String::new(),
    };
    if !line.trim_start().starts_with('{') {
        return None;
    }
    printer.value(0)?;
    printer.scanner.space();
    printer.scanner.rest.is_empty().then_some(printer.out)
}

/// The value of the first top-level member of the object `line` whose name is one of `names`; raw, except
/// that a string has no quotes.
pub fn member<'a>(line: &'a str, names: &[&str]) -> Option<&'a str> {
    let mut scanner = Scanner { rest: line };
    scanner.take('{')?;
    let mut depth = 1_usize;
    let mut is_key = true;
    while let Some(token) = scanner.token() {
        match token {
            "{" | "[" => depth += 1,
            "}" | "]" => depth = depth.checked_sub(1)?,
            "," if depth == 1 => is_key = true,
            _ if depth == 1 && is_key => {
                is_key = false;
                let is_wanted = names.iter().any(|name| unquoted(token) == Some(name));
                if is_wanted && scanner.take(':').is_some() {
                    let value = scanner.token()?;
                    return Some(unquoted(value).unwrap_or(value));
                }
            }
            _ => {}
        }
    }
    None
}

fn unquoted(token: &str) -> Option<&str> {
    token.strip_prefix('"')?.strip_suffix('"')
}

struct Scanner<'a> {
    rest: &'a str,
}

/// The only characters that JSON allows between tokens; other white space belongs to a word.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

impl<'a> Scanner<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches(SPACE);
    }

    /// Consumes `c` if it is next.
    fn take(&mut self, c: char) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    /// The next token: a quoted string, a number or word, or a single character. Never empty, so that reading
    /// tokens comes to an end.
    fn token(&mut self) -> Option<&'a str> {
        self.space();
        let first = self.rest.chars().next()?;
        let end = match first {
            '"' => self.text_end()?,
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => {
                let is_end = |c: char| SPACE.contains(&c) || "{}[],:\"".contains(c);
                self.rest.find(is_end).unwrap_or(self.rest.len())
            }
        };
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(token)
    }

    fn text_end(&self) -> Option<usize> {
        let mut escaped = false;
        for (at, byte) in self.rest.bytes().enumerate().skip(1) {
            match byte {
                b'"' if !escaped => return Some(at + 1),
                b'\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
        None
    }
}

struct Printer<'a> {
    scanner: Scanner<'a>,
    out: String,
}

impl Printer<'_> {
    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.scanner.token()? {
            "{" => self.list(depth, "{", "}", true),
            "[" => self.list(depth, "[", "]", false),
            token => {
                let is_value = token.starts_with('"')
                    || matches!(token, "true" | "false" | "null")
                    || is_number(token);
                self.out.push_str(token);
                is_value.then_some(())
            }
        }
    }

    /// Prints members or elements up to `close`.
    fn list(&mut self, depth: usize, open: &str, close: &str, named: bool) -> Option<()> {
        self.out.push_str(open);
        self.scanner.space();
        if let Some(rest) = self.scanner.rest.strip_prefix(close) {
            self.scanner.rest = rest;
            self.out.push_str(close);
            return Some(());
        }
        loop {
            self.new_line(depth + 1);
            if named {
                let name = self.scanner.token()?;
                unquoted(name)?;
                self.scanner.take(':')?;
                self.out.push_str(name);
                self.out.push_str(": ");
            }
            self.value(depth + 1)?;
            match self.scanner.token()? {
                "," => self.out.push(','),
                token if token == close => break,
                _ => return None,
            }
        }
        self.new_line(depth);
        self.out.push_str(close);
        Some(())
    }

    fn new_line(&mut self, depth: usize) {
        self.out.push('\n');
        for _ in 0..depth {
            self.out.push_str("  ");
        }
    }
}

/// Whether `token` looks like a JSON number; nothing else does.
fn is_number(token: &str) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_is_formatted_with_one_member_per_line() {
        let line =
            r#"{"level":"info","n":-1.5e3,"tags":["a",{}],"none":[],"s":"say \"hi\", {ok}"}"#;
        let expected = r#"{
  "level": "info",
  "n": -1.5e3,
  "tags": [
    "a",
    {}
  ],
  "none": [],
  "s": "say \"hi\", {ok}"
}"#;
        assert_eq!(pretty(line).as_deref(), Some(expected));
    }

    #[test]
    fn invalid_json_is_not_formatted() {
        let deep = "{\"a\":".repeat(500) + "1" + &"}".repeat(500);
        for line in [
            "",
            "{",
            "{not json}",
            "{\"a\" 1}",
            "{\"a\":1} and more",
            "{\"a\":1,}",
            "{a:1}",
            "[1]",
            "{\"a\":nope}",
            "{\"a\":\"b}",
            &deep,
        ] {
            assert_eq!(pretty(line), None, "{line:.40}");
        }
    }

    #[test]
    fn only_members_of_the_outer_object_are_found() {
        let line = r#"{"inner":{"level":"debug"},"text":"level","level":"WARN"}"#;
        assert_eq!(member(line, &["level"]), Some("WARN"));
        assert_eq!(member(r#"{"level":50}"#, &["level"]), Some("50"));
        assert_eq!(member(r#"{"msg":"level"}"#, &["level"]), None);
        assert_eq!(member("{\"level\"", &["level"]), None);
        assert_eq!(member("plain", &["level"]), None);
    }

    #[test]
    fn white_space_that_json_does_not_allow_is_read_once() {
        for space in ['\u{b}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}'] {
            let line = format!("{{{space}\"level\":\"warn\"}}");
            assert_eq!(member(&line, &["level"]), None, "{space:?}");
            assert_eq!(pretty(&line), None, "{space:?}");
        }
    }

    proptest! {
        #[test]
        fn formatting_preserves_the_object(
            map in prop::collection::btree_map("[a-z\"\\\\é{,]{0,6}", prop_oneof!["[a-z:}\\]\"]{0,6}".prop_map(serde_json::Value::from), any::<i64>().prop_map(serde_json::Value::from), Just(serde_json::json!([null, {"x": [1.5, true]}]))], 0..5)
        ) {
            let value = serde_json::json!(map);
            let printed = pretty(&value.to_string()).unwrap();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), value);
        }

        #[test]
        fn arbitrary_lines_do_not_panic(line in "[{}\\[\\],:\"a1\\\\ é-]{0,40}") {
            let _ = (pretty(&line), member(&line, &["a"]));
        }
    }
}
