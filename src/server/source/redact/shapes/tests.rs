use super::{literals::LITERALS, *};

/// The parts of `text` that are found, in order.
fn found(text: &str) -> Vec<(String, Rule)> {
    let found = find(&Text::new(text), &mut Context::default());
    let found = super::super::merged(found).into_iter();
    found
        .map(|found| (text[found.range].to_owned(), found.rule))
        .collect()
}

/// A JSON web token with a signature: `{"alg":"HS256"}`, `{"sub":"1"}`.
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_Zz";

#[test]
fn secrets_are_found_by_their_shape() {
    let alnum = "0123456789abcdefghijABCDEFGHIJ456789";
    for (rule, secret) in [
        (Rule::Aws, "AKIAIOSFODNN7EXAMPLE".to_owned()),
        (Rule::Aws, "ASIAIOSFODNN7EXAMPLE".to_owned()),
        (Rule::Github, format!("ghp_{alnum}")),
        (Rule::Github, format!("gho_{alnum}")),
        (Rule::Github, format!("ghs_{alnum}")),
        (Rule::Github, format!("github_pat_11ABCDEFG0_{alnum}")),
        (Rule::Gitlab, "glpat-0123456789abcdef-_hi".to_owned()),
        (Rule::Slack, "xoxb-123456789012-abcDEF".to_owned()),
        (Rule::Slack, "xapp-1-A012345-67890-abc".to_owned()),
        (Rule::Stripe, format!("sk_live_{alnum}")),
        (Rule::Stripe, format!("rk_live_{alnum}")),
        (
            Rule::Google,
            "AIzaSyA-0123456789abcdefghijklmnopq_rstu".to_owned(),
        ),
        (Rule::Npm, format!("npm_{alnum}")),
        (Rule::Gitlab, "gldt-0123456789abcdef-_hi".to_owned()),
        (Rule::Gitlab, "glrt-t1_0123456789abcdefghi".to_owned()),
        (Rule::Gitlab, "glcbt-64_0123456789abcdefghij".to_owned()),
        (
            Rule::Gitlab,
            "glptt-0123456789abcdef0123456789abcdef01234567".to_owned(),
        ),
        (
            Rule::Docker,
            "dckr_pat_0123456789-abcdef_ABCDEFGHI".to_owned(),
        ),
        (
            Rule::Huggingface,
            "hf_abcdefghijklmnopABCDEFGHIJKLMNOPQR".to_owned(),
        ),
        (Rule::Openai, format!("sk-{alnum}T3BlbkFJ{alnum}")),
        (Rule::Openai, format!("sk-proj-a_B-{alnum}-x")),
        (Rule::Openai, format!("sk-ant-api03-{alnum}-{alnum}AA")),
        (
            Rule::Sendgrid,
            format!("SG.0123456789abcdef-_ABCD.{alnum}-_ABCDE"),
        ),
        (
            Rule::Age,
            "AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE".to_owned(),
        ),
        (Rule::Deckwatch, format!("dwt_{alnum}-_")),
        (Rule::Jwt, JWT.to_owned()),
    ] {
        let expected = [(secret.clone(), rule)];
        for text in [
            secret.clone(),
            format!("token={secret}, ok"),
            format!("x/{secret}. Next"),
            format!("\"{secret}\"\n"),
            format!("a \u{1b}[31m{secret}\u{1b}[0m é"),
        ] {
            assert_eq!(found(&text), expected, "{text}");
        }
        let (a, b) = secret.split_at(secret.len() / 2);
        for text in [format!("{a}\u{1b}[1m{b}"), format!("<{a}\u{200b}{b}>")] {
            assert_eq!(found(&text).len(), 1, "{text:?}");
        }
    }
}

#[test]
fn secrets_are_found_beside_ids_after_names_and_in_addresses() {
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let id = "AKIAIOSFODNN7EXAMPLE";
    for (text, secrets) in [
        (format!("{id}:{key}"), vec![id, key]),
        (format!("{key} of {id}"), vec![key, id]),
        (
            format!("id={id}, secret=\"{key}\", region=eu"),
            vec![id, key],
        ),
        (format!("aws_secret_access_key = {key}"), vec![key]),
        (format!("AWS_SECRET_ACCESS_KEY={key}"), vec![key]),
        (format!("{{\"SecretAccessKey\":\"{key}\"}}"), vec![key]),
        (
            "https://hooks.slack.com/services/T01/B02/abcDEF012 x".to_owned(),
            vec!["T01/B02/abcDEF012"],
        ),
        (
            "postgres://app:s3cr@t/x@db:5432/x".to_owned(),
            vec!["s3cr@t/x"],
        ),
        (
            r"postgres:\/\/app:s3cret\/x@db:5432\/x".to_owned(),
            vec![r"s3cret\/x"],
        ),
        ("Authorization: Bearer abc.def".to_owned(), vec!["abc.def"]),
        (
            "\"authorization\":\"Basic dXNlcjpwYXNz\"".to_owned(),
            vec!["dXNlcjpwYXNz"],
        ),
        (
            "Proxy-Authorization:[basic dXNlcjpwYXNz]".to_owned(),
            vec!["dXNlcjpwYXNz"],
        ),
        ("AUTHORIZATION=token abcdef".to_owned(), vec!["abcdef"]),
        (
            "authorization Basic dXNlcjpwYXNz".to_owned(),
            vec!["dXNlcjpwYXNz"],
        ),
        (
            "sent bearer 0123456789abcdef~x".to_owned(),
            vec!["0123456789abcdef~x"],
        ),
    ] {
        let found = found(&text);
        let texts: Vec<_> = found.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, secrets, "{text}");
    }
}

#[test]
fn ordinary_text_has_no_secrets() {
    for text in [
        "GET /items?page=2 200 12 ms user=8f21c0de trace=4bf92f3577b34da6a3ce929d0e0e4736 ok",
        "https://example.org/@user http://[::1]:8080/ ssh://git@example.org/x",
        "npm_config_registry npm_package_dependencies_typescript_version",
        "ghp_short glpat-abc xoxb- xoxo-hugs sk_live_ AKIA AKIAshort AIza dwt_",
        "gldt- glrt-runner glcbt-64 glptt-deadbeef dckr_pat_ hf_ hf_hub_download_of_version_0_20_of_it",
        "sk- sk-short-1 task-0123456789abcdefghij risk-free disk-0123456789abcdefghijk",
        "sk-node-pool-eu-west-12-spot sk-onlyletterswithoutanydigit",
        "SG.short.x SG.0123456789abcdef-_ABCD SG. AGE-SECRET-KEY-1 AGE-SECRET-KEY-12",
        "eyJ eyJhIjoxfQ.eyJiIjoyfQ.abc eyJhbGciOiJIUzI1NiJ9",
        "authorization failed, no Authorization: header; Bearer authentication is required",
        "Authorization: Digest username=x",
        "authorization token expired. Authorization basic Auth is off",
        "hooks.slack.com/help see hooks.slack.com",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY without an id",
        "secret_access_key is missing",
        "------ BEGIN ------ -----BEGIN CERTIFICATE----- -----END -----",
        "50 % of \\ 한국어 é",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_digest_beside_an_id_is_no_secret_key() {
    let id = "AKIAIOSFODNN7EXAMPLE";
    for digest in [
        "0123456789abcdef0123456789abcdef01234567",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ] {
        let found = found(&format!("{digest} {id} {digest}"));
        assert_eq!(found, [(id.to_owned(), Rule::Aws)], "{digest}");
    }
    let upper = "0123456789ABCDEF0123456789abcdef01234567";
    assert_eq!(found(&format!("{id} {upper}")).len(), 2);
}

#[test]
fn adjacent_secrets_hide_nothing_of_each_other() {
    let tokens = [
        "ghp_0123456789abcdefghij",
        "glpat-0123456789abcdef",
        JWT,
        "AKIAIOSFODNN7EXAMPLE",
    ];
    for a in tokens {
        for b in tokens {
            let found = found(&format!("{a}{b}"));
            assert_eq!(found.len(), 1, "{a}{b}: {found:?}");
            assert_eq!(found[0].0.len(), a.len() + b.len(), "{a}{b}");
        }
    }
}

#[test]
fn a_literal_that_overlaps_the_end_of_another_is_checked() {
    let key = "AIzaSyA-0123456789abcdefghijklmnopq_rstu";
    let found = found(&format!("AKI{key}"));
    assert_eq!(found, [(key.to_owned(), Rule::Google)]);
}

#[test]
fn a_token_is_found_after_any_number_of_encoded_objects_that_are_none() {
    let text = "eyJhIjoxfQ.x ".repeat(1_000) + JWT;
    assert_eq!(found(&text), [(JWT.to_owned(), Rule::Jwt)]);
}

#[test]
fn a_key_after_a_line_with_an_id_is_found() {
    let mut context = Context::default();
    let mut masked = |line: &str| find(&Text::new(line), &mut context).len();
    let key = "Secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    assert_eq!(masked(key), 0);
    assert_eq!(masked("Key: AKIAIOSFODNN7EXAMPLE"), 1);
    assert_eq!(masked(key), 1);
    assert_eq!(masked(key), 0, "only the next line");
    assert!(context.is_idle());
}

#[test]
fn a_text_that_is_found_by_the_search_may_contain_a_secret() {
    assert!(SEARCH.is_some());
    assert!(!may_be_in(b"GET /items 200"));
    for (literal, _) in &LITERALS {
        assert!(may_be_in(literal.as_bytes()), "{literal}");
    }
}

/// Texts in which a check that reads to the end of the text would be repeated at every literal.
#[test]
fn hostile_texts_are_searched_in_linear_time() {
    let most = 1 << 18;
    for unit in [
        "AKIA0123456789ABCDEF/",
        "AKIA",
        "glpat-",
        "eyJ",
        "eyJ.",
        "ghp_0123456789abcdefghij-----",
        "://",
        "a://b:c@",
        "hooks.slack.com/",
        "hooks.slack.com/services/",
        "authorization",
        "authorization:basic+",
        "Authorization: ",
        "Bearer ",
        "secretAccessKey",
        "secretAccessKey=",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "-----BEGIN ",
        "-",
        "xox-xoxa-",
        "sk-",
        " sk-0123456789abcdefghij-",
        "SG.0123456789abcdef-_ABCD.",
    ] {
        let text = unit.repeat(most / unit.len());
        // In quadratic time each of these takes minutes.
        let found = find(&Text::new(&text), &mut Context::default());
        assert!(found.len() <= text.len(), "{unit}");
    }
}
