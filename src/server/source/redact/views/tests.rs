use super::*;

fn read(text: &str) -> Vec<String> {
    let views = readings(text);
    let text = |view: &View| String::from_utf8_lossy(view.text()).into_owned();
    views.iter().map(text).collect()
}

#[test]
fn the_readings_of_a_text_contain_the_expected_one() {
    for (written, expected) in [
        ("a\u{1b}[1mb", "ab"),
        ("a\u{1b}2b", "a2b"),
        ("a\u{1b}]0;title\u{7}b", "ab"),
        ("a\0b\rc", "abc"),
        ("ax\u{8}b", "ab"),
        ("a\u{8}b", "ab"),
        ("a\u{200b}b\u{ad}c\u{fe0f}", "abc"),
        ("a\u{fffd}b", "ab"),
        (r#"a\"b\\c\/d"#, r#"a"b\c/d"#),
        (r"\u0061\u00e9\ud83d\ude00\x41\u{42}", "aé😀AB"),
        (r#"a\\\"b"#, r#"a"b"#),
        (r"a\u001b[1mb", "ab"),
        ("a%40b%2fc%c3%a9+d", "a@b/cé d"),
        (r"a\u0025\u00340b", "a@b"),
        ("a%1b[1mb", "ab"),
    ] {
        let read = read(written);
        assert!(
            read.iter().any(|read| read == expected),
            "{written:?}: {read:?}"
        );
    }
    assert!(read("100 % of 한국어").is_empty());
}

#[test]
fn a_reading_knows_its_source_positions() {
    let text = "x\u{1b}[1ma\\u0040b%41";
    for view in views(text) {
        for at in 0..view.text().len() {
            let written = view.written(at..at + 1).unwrap();
            assert!(text.get(written.clone()).is_some(), "{written:?}");
        }
        let all = view.written(0..view.text().len()).unwrap();
        assert_eq!(all, 0..text.len());
    }
}

#[test]
fn plain_lines_have_no_special_bytes() {
    assert!(is_plain(b"GET /index.html?a=b 200 ~"));
    for other in ["a\tb", "a\\b", "50%", "\u{7f}", "é", "\0"] {
        assert!(!is_plain(other.as_bytes()), "{other:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read_with_valid_positions(text in "(\u{1b}|\\\\|%|u|x|[0-9a-f]{1,4}|\\[|\\]|\u{8}|\u{9d}|é|.){0,30}") {
        for view in views(&text) {
            let len = view.text().len();
            proptest::prop_assert_eq!(view.written.as_ref().map(Vec::len), Some(len));
            for at in 0..len {
                let written = view.written(at..at + 1).unwrap();
                proptest::prop_assert!(text.get(written).is_some());
            }
        }
    }
}
