use super::{
    super::{
        redact::{Context, MASK},
        redactor::Redactor,
    },
    *,
};
use proptest::prelude::*;

fn mask(variables: &[&str], text: &str) -> String {
    let secrets = Secrets::of(variables.iter().copied());
    String::from_utf8(mask_bytes(secrets, text.as_bytes().to_vec())).unwrap()
}

fn mask_bytes(secrets: Secrets, text: Vec<u8>) -> Vec<u8> {
    Redactor::default()
        .with(secrets)
        .mask_line(text, &mut Context::default())
}

#[test]
fn values_of_secret_variables_are_masked_everywhere() {
    let variables = ["DB_PASSWORD=hunter2!", "API_TOKEN=abcdef", "HOME=/home/app"];
    for (text, masked) in [
        ("connecting with hunter2!", "connecting with ••••••"),
        ("hunter2!hunter2!", "••••••••••••"),
        (r#"{"token":"abcdef"}"#, r#"{"token":"••••••"}"#),
        (
            "/home/app is fine, so is hunter2",
            "/home/app is fine, so is hunter2",
        ),
    ] {
        assert_eq!(mask(&variables, text), masked);
    }
}

#[test]
fn of_overlapping_secrets_the_longest_is_masked() {
    let variables = ["A_TOKEN=secret", "B_TOKEN=secret-and-more"];
    assert_eq!(mask(&variables, "it is secret-and-more"), "it is ••••••");
}

#[test]
fn passwords_in_urls_are_masked_whatever_the_variable_s_name() {
    let variables = [
        "DATABASE_URL=postgres://app:s3cr@t/x@db:5432/x",
        "PLAIN=https://example.org",
    ];
    let secrets = Secrets::of(variables);
    assert_eq!(secrets.mask_str("s3cr@t/x is wrong"), "•••••• is wrong");
    assert!(matches!(secrets.mask_str("nothing"), Cow::Borrowed(_)));
    assert_eq!(
        mask(&variables, "auth failed for s3cr@t/x"),
        "auth failed for ••••••"
    );
    assert_eq!(
        mask(&variables, "https://example.org"),
        "https://example.org"
    );
}

#[test]
fn lines_of_a_multi_line_secret_are_masked_separately() {
    let key = "TLS_PRIVATE_KEY=-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nkqhkiG9w0BAQEF\nab==\n";
    assert_eq!(mask(&[key], "  MIIEvQIBADANBg"), "  ••••••");
    assert_eq!(mask(&[key], "kqhkiG9w0BAQEF"), "••••••");
    assert_eq!(mask(&[key], "ab=="), "ab==", "too short to be specific");
    assert_eq!(mask(&["KEY_SECRET=first1\\nsecond"], "second"), "••••••");
}

#[test]
fn short_values_are_not_masked() {
    assert_eq!(
        mask(&["PASSWORD=admin", "TOKEN="], "admin says hello"),
        "admin says hello"
    );
}

#[test]
fn long_values_are_masked_in_pieces() {
    let secret = "0123456789".repeat(1_000);
    let secrets = Secrets::of([format!("TOKEN={secret}").as_str()]);
    assert!(secrets.longest() <= LONGEST * LONGEST_ESCAPE);
    let masked = mask_bytes(secrets, secret.into_bytes());
    assert_eq!(String::from_utf8(masked).unwrap(), MASK.repeat(3));
}

#[test]
fn public_names_and_ordinary_words_are_not_searched_for() {
    let inspected = serde_json::json!({
        "Name": "/shop-db-1",
        "Config": {"Image": "registry.example/shopkeeper:16", "Env": [
            "POSTGRES_PASSWORD=postgres", "POSTGRES_USER=shopping", "B_PASSWORD=shopping",
            "C_PASSWORD=shop-db", "D_PASSWORD=shopkeeper", "E_PASSWORD_FILE=/run/secrets/e",
            "F_SECRET=/run/secrets/f", "MAX_TOKENS=1048576", "G_TOKEN=hunter2-g", "G=hunter2-g",
        ]},
    });
    let secrets = Secrets::of_inspected(&inspected);
    let text = "postgres shopping shop-db-1 shopkeeper:16 /run/secrets/e /run/secrets/f 1048576";
    assert_eq!(secrets.mask_str(text), text);
    assert_eq!(
        secrets.mask_str("a copy is a secret too: hunter2-g"),
        "a copy is a secret too: ••••••"
    );
}

#[test]
fn secrets_within_values_of_other_variables_are_masked() {
    let variables = [
        "JAVA_OPTS=-Xmx1g -Ddb.password=hunter2-java",
        "DATABASE_DSN=postgres://app:hunter2%40dsn@db/x",
        r#"SETTINGS={"api_key":"hunter2-json","user":"bobby-x"}"#,
    ];
    for (text, masked) in [
        ("hunter2-java", "••••••"),
        ("hunter2%40dsn", "••••••"),
        ("hunter2@dsn", "••••••"),
        ("hunter2-json bobby-x", "•••••• bobby-x"),
    ] {
        assert_eq!(mask(&variables, text), masked);
    }
}

#[test]
fn secrets_are_found_in_every_encoding() {
    let variables = ["TOKEN=hunter2S\"ECRET/é d"];
    for text in [
        "hunter2S\"ECRET/é d",
        "hunter2S\u{1b}[1m\"ECRET/é d",
        "hunter2S\r\"ECRET/é d",
        "h\u{0}unter2S\"ECRET/é d",
        "hx\u{8}unter2S\"ECRET/é d",
        "hunter2\u{200b}S\"EC\u{ad}RET/é d",
        "hunter2S\u{1b}]0;title\u{7}\"ECRET/é d",
        "h\u{1b}unter2S\"ECRET/é d",
        r#"hunter2S\"ECRET/é d"#,
        r#"hunter2S\"ECRET\/\u00e9 d"#,
        r#"hunter2S\\\"ECRET/é d"#,
        r#"hunter2S\u001b[1m\"ECRET/é d"#,
        "hunter2S%22ECRET%2F%C3%A9%20d",
        "hunter2S%22ECRET/%c3%a9+d",
        "aHVudGVyMlMiRUNSRVQvw6kgZA==",
        "aHVudGVyMlMiRUNSRVQvw6kgZAo",
    ] {
        let masked = mask(&variables, &format!("<{text}>"));
        assert_eq!(masked, format!("<{MASK}>"), "{text:?}");
    }
}

#[test]
fn the_slow_and_the_fast_search_find_the_same() {
    let inspected = serde_json::json!({"Config": {"Env": ["TOKEN=hunter2 S"]}});
    let patterns = Patterns::of_inspected(&inspected);
    for text in [
        "a hunter2 S",
        r"hunter2\u0020S",
        "hunter2+S",
        "aHVudGVyMiBT",
        "hunter2%20S",
    ] {
        let quick = Secrets::from(patterns.clone());
        assert_eq!(patterns.mask_str(text), quick.mask_str(text));
        assert!(patterns.mask_str(text).contains(MASK), "{text}");
    }
    assert!(matches!(patterns.mask_str("a % b\\c"), Cow::Borrowed(_)));
}

/// Patterns of `count` variables with secrets.
fn patterns(count: usize) -> Patterns {
    let variables: Vec<_> = (0..count)
        .map(|n| format!("T{n}_TOKEN=value-{n:05}-x"))
        .collect();
    let inspected = serde_json::json!({"Config": {"Env": variables}});
    Patterns::of_inspected(&inspected)
}

#[test]
fn the_search_in_lists_is_built_once_and_only_when_it_is_needed() {
    let few = patterns(1);
    let copy = few.clone();
    assert_eq!(copy.mask_str("nothing"), "nothing");
    assert!(few.small.get().is_none(), "one value needs no automaton");
    assert_eq!(copy.mask_str("a value-00000-x"), "a ••••••");
    assert!(few.small.get().is_some(), "clones share it");
    let many = patterns(100);
    assert_eq!(many.mask_str("nothing"), "nothing");
    assert!(many.small.get().is_some());
    assert_eq!(many.mask_str("a value-00099-x"), "a ••••••");
}

#[test]
fn no_more_values_are_searched_for_than_an_automaton_is_built_for() {
    let patterns = patterns(MOST_VALUES + 1_000);
    assert_eq!(patterns.encoded_from, MOST_VALUES);
    assert_eq!(patterns.mask_str("a value-00000-x"), "a ••••••");
}

#[test]
fn invalid_utf_8_hides_no_secret_and_is_kept_without_one() {
    let secrets = Secrets::of(["TOKEN=hunter2-x"]);
    let masked = |text: &[u8]| mask_bytes(secrets.clone(), text.to_vec());
    assert_eq!(masked(b"hunter\xff2-x"), MASK.as_bytes());
    assert_eq!(masked(b"hunter\xff3-x"), b"hunter\xff3-x");
}

#[test]
fn all_values_are_searched_for_however_many_there_are() {
    let variables: Vec<_> = (0..5_000)
        .map(|n| format!("T{n}_TOKEN=value-{n:05}-x"))
        .collect();
    let secrets = Secrets::of(variables.iter().map(String::as_str));
    for n in [0, 999, 1_000, 4_999] {
        assert_eq!(
            secrets.mask_str(&format!("a value-{n:05}-x b")),
            "a •••••• b"
        );
    }
}

#[test]
fn a_long_base64_word_is_read_once_however_often_it_contains_a_secret() {
    let word = "aHVudGVyMl94".repeat(100_000);
    // In quadratic time this takes minutes.
    assert_eq!(
        mask(&["TOKEN=hunter2_x"], &format!("<{word}>")),
        format!("<{MASK}>")
    );
}

/// A character as JSON, a URL, or a program that colours its output may encode it.
fn encoded(c: char, encoding: usize) -> String {
    match encoding {
        0 => format!("\\u{:04x}", u32::from(c)),
        1 => c
            .to_string()
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect(),
        2 => format!("\u{1b}[3{}m{c}\u{1b}[0m", u32::from(c) % 8),
        3 => format!("\u{200b}{c}"),
        4 => format!("\0{c}\r"),
        5 => format!("x\u{8}{c}"),
        _ => c.to_string(),
    }
}

/// The text as shown on the page and as downloaded.
fn seen(text: &str) -> [String; 2] {
    let shown = crate::client::logs::ansi::plain(text).into_owned();
    let downloaded = text
        .chars()
        .filter(|c| *c == '\t' || !c.is_control())
        .collect();
    [shown, downloaded]
}

proptest! {
    #[test]
    fn no_secret_is_left(value in "[a-c@:/ ]{6,9}", text in "[a-c@:/ ]{0,60}") {
        let value = value.trim();
        let masked = mask(&[&format!("TOKEN={value}")], &text);
        let shown = Shown::default();
        prop_assert!(!shown.is_specific(value) || !masked.contains(value));
    }

    #[test]
    fn no_encoding_hides_a_secret(
        secret in "[A-Z][a-z]{2}[0-9][!-~é가]{2,12}",
        encoding in 0_usize..7,
        mixed in prop::collection::vec(any::<bool>(), 20),
        around in ("[ -~é]{0,8}[ .]", "[ .][ -~é]{0,8}"),
    ) {
        let plain = |at: usize| mixed.get(at).copied().unwrap_or(false);
        let text: String = secret
            .chars()
            .enumerate()
            // Characters with a meaning in the encoding must be encoded.
            .map(|(at, c)| encoded(c, if plain(at) && c.is_alphanumeric() { 6 } else { encoding }))
            .collect();
        let variable = format!("TOKEN={secret}");
        let text = format!("{}{text}{}", around.0, around.1);
        let secrets = Secrets::of([variable.as_str()]);
        let masked = secrets.mask_str(&text);
        if Shown::default().is_specific(&secret) && secret.trim() == secret {
            prop_assert!(masked.contains(MASK), "{:?} in {:?}", secret, text);
            for seen in seen(&masked) {
                prop_assert!(!seen.contains(&secret), "{:?} in {:?}", secret, masked);
            }
        }
        prop_assert_eq!(secrets.mask_str(&masked), masked.as_ref(), "masking is idempotent");
    }

    #[test]
    fn text_without_secrets_is_unchanged(text in prop::collection::vec(any::<u8>(), 0..80)) {
        let secrets = Secrets::of(["TOKEN=no-such-text-at-all", "URL=x://a:hunter2-b@c"]);
        prop_assert_eq!(mask_bytes(secrets, text.clone()), text);
    }
}
