use super::*;
use crate::server::instruments::Instruments;

fn mask_args<const N: usize>(args: [&str; N]) -> Vec<String> {
    Redactor::default().mask_args(args)
}

#[test]
fn the_argument_after_a_secret_flag_is_masked_completely() {
    let masked = mask_args(["redis", "a b c", "--token", "--port", "1"]);
    assert_eq!(masked, ["redis", "a b c", "--token", "--port", "1"]);
    let masked = mask_args(["x", "--password", "a b c", "-p", "80:80"]);
    assert_eq!(masked, ["x", "--password", MASK, "-p", "80:80"]);
}

#[test]
fn an_argument_is_one_value_unless_it_is_a_script() {
    let masked = mask_args(["x", "--password=a b;c=d", "DB_PASSWORD=a b", "--port=1"]);
    assert_eq!(
        masked,
        ["x", "--password=••••••", "DB_PASSWORD=••••••", "--port=1"]
    );
    let masked = mask_args(["sh", "-c", "DB_PASSWORD=x serve --port 80"]);
    assert_eq!(masked, ["sh", "-c", "DB_PASSWORD=•••••• serve --port 80"]);
}

#[test]
fn all_rules_search_the_original_text() {
    let custom = CustomPatterns::compile(&["password=".to_owned(), "ACC-[0-9]+".to_owned()]);
    let redactor = Redactor::new(custom.unwrap(), Redactions::default());
    let redactor = redactor.with(Secrets::of(["TOKEN=left ghp_0123456789abcdefghij right"]));
    for (text, masked) in [
        // The mask of the name does not hide the value from the rule for names.
        ("password=hunter2", "••••••••••••"),
        // The mask of the token does not hide the rest of the value.
        ("<left ghp_0123456789abcdefghij right>", "<••••••>"),
        ("ACC-12 and AKIAIOSFODNN7EXAMPLE", "•••••• and ••••••"),
        (
            "key=\"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAbCdEfGh\n-----END PRIVATE KEY-----\"",
            "key=\"-----BEGIN PRIVATE KEY-----\n••••••\n-----END PRIVATE KEY-----\"",
        ),
    ] {
        assert_eq!(redactor.mask_text(text), masked);
    }
    assert_eq!(redactor.mask_output("token=abc"), "token=••••••");
    assert_eq!(
        redactor.mask_output("--token abc"),
        "--token abc",
        "a word of a sentence"
    );
}

#[test]
fn masks_are_counted_by_rule() {
    let instruments = Instruments::default();
    let redactor = Redactor::new(CustomPatterns::default(), instruments.redactions());
    let redactor = redactor.with(Secrets::of(["TOKEN=hunter2-x"]));
    redactor.mask_text("password=a token=b and hunter2-x");
    redactor.mask_value("api_key", "c");
    let line = b"AKIAIOSFODNN7EXAMPLE postgres://u:p@h".to_vec();
    redactor.mask_line(line, &mut Context::default());
    redactor.mask_line(b"nothing".to_vec(), &mut Context::default());
    let mut registry = prometheus_client::registry::Registry::default();
    instruments.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
    for (rule, count) in [
        ("name", 3),
        ("value", 1),
        ("aws", 1),
        ("url", 1),
        ("pem", 0),
    ] {
        let line = format!("redactions_total{{rule=\"{rule}\"}} {count}\n");
        assert!(text.contains(&line), "{line} in {text}");
    }
}

#[test]
fn errors_keep_their_kind_and_lose_their_secrets() {
    let redactor = Redactor::default();
    let error = EngineError::Conflict("cannot pull with glpat-0123456789abcdefghij".to_owned());
    let masked = EngineError::Conflict(format!("cannot pull with {MASK}"));
    assert_eq!(redactor.mask_error(error), masked);
    assert_eq!(
        redactor.mask_error(EngineError::NotFound),
        EngineError::NotFound
    );
}

/// Secrets that are recognized whatever is before and after them.
const TOKENS: [&str; 3] = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
];

proptest::proptest! {
    #[test]
    fn no_text_hides_a_token(
        around in "(password|token|Cookie|https|--|=|:|//|@|/|\"|'|\\\\|[ ,;&{}\\[\\]\n]|[a-z0-9]{1,3}|é|.|AKIA|ghp_|eyJ|xoxb-|\u{1b}\\[1m|%41|secret_access_key|hooks.slack.com/services/|Authorization: |Bearer |-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----){0,24}",
        at: proptest::sample::Index,
        token in proptest::sample::select(TOKENS.to_vec()),
    ) {
        let places: Vec<_> = around.char_indices().map(|(at, _)| at).chain([around.len()]).collect();
        let mut text = around;
        text.insert_str(places[at.index(places.len())], token);
        let redactor = Redactor::default();
        for masked in [redactor.mask_text(&text), redactor.mask_output(&text)] {
            proptest::prop_assert!(!masked.contains(token), "{:?}", text);
        }
    }
}
