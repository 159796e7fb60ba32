use super::*;

/// A key of four lines, the last one short.
const KEY: [&str; 6] = [
    "-----BEGIN RSA PRIVATE KEY-----",
    "MIIEpAIBAAKCAQEA7bq1Z0Yv3oQ0Xk1m2n3o4p5q6r7s8t9uAvBwCxDyEzF0G1H2",
    "I3J4K5L6M7N8O9P0Q1R2S3T4U5V6W7X8Y9Z0a1b2c3d4e5f6g7h8i9j0k1l2m3n4",
    "o5p6q7r8s9t0u1v2w3x4y5z6A7B8C9D0E1F2G3H4I5J6K7L8M9N0O1P2Q3R4S5T6",
    "abcdefgh",
    "-----END RSA PRIVATE KEY-----",
];

/// The lines with their secrets replaced by `#`, read in state `block`.
fn masked(mut block: Block, lines: &[&str]) -> Vec<String> {
    let mask = |line: &&str| {
        let mut text = (*line).to_owned();
        for secret in block.advance(line.as_bytes()).into_iter().rev() {
            text.replace_range(secret, "#");
        }
        text
    };
    lines.iter().map(mask).collect()
}

#[test]
fn the_lines_between_the_first_and_the_last_are_masked() {
    let lines = [&["starts"], &KEY[..], &["listening on /var/run/app.sock"]].concat();
    let [first, .., last] = KEY;
    let expected = [
        "starts",
        first,
        "#",
        "#",
        "#",
        "#",
        last,
        "listening on /var/run/app.sock",
    ];
    assert_eq!(masked(Block::Outside, &lines), expected);
}

#[test]
fn lines_may_have_a_prefix_and_headers() {
    let key = [
        KEY[0],
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-128-CBC,0123456789ABCDEF0123",
        "",
        KEY[1],
        KEY[4],
        KEY[5],
    ];
    let prefixed = key.map(|line| format!("web_1  | 12:00:01 {line}"));
    let prefixed = prefixed.each_ref().map(String::as_str);
    let masked = masked(Block::Outside, &prefixed).join("\n");
    assert!(
        !masked.contains(KEY[1]) && !masked.contains(KEY[4]),
        "{masked}"
    );
}

#[test]
fn a_key_in_one_line_is_masked_with_its_escapes() {
    let line = format!("key=\"{}\" ok", KEY.join("\\n"));
    let expected = format!("key=\"{}#{}\" ok", KEY[0], KEY[5]);
    assert_eq!(masked(Block::Outside, &[&line]), [expected]);
    let cut = line.split_once("gh\\n").unwrap().0;
    assert_eq!(
        masked(Block::Outside, &[cut]),
        [format!("key=\"{}#", KEY[0])]
    );
    let (_, rest) = line.split_once("IBAA").unwrap();
    let rest = masked(Block::Outside, &[rest]).concat();
    assert!(
        KEY[1..4].iter().all(|secret| !rest.contains(&secret[8..])),
        "{rest}"
    );
}

#[test]
fn a_key_continues_after_one_line_that_is_not_of_it() {
    let lines = [KEY[0], KEY[1], "GET /a 200", KEY[2], KEY[3], KEY[5]];
    let expected = [KEY[0], "#", "GET /a 200", "#", "#", KEY[5]];
    assert_eq!(masked(Block::Outside, &lines), expected);
}

#[test]
fn reading_may_begin_within_a_key() {
    for from in 1..4 {
        let masked = masked(Block::Unknown, &KEY[from..]);
        for (line, secret) in masked.iter().zip(&KEY[from..]) {
            assert!(
                line == "#" || secret.starts_with('-') || secret == &KEY[4],
                "{from} {line}"
            );
        }
    }
    assert_eq!(masked(Block::Unknown, &["q7Rs8Tu9", KEY[5]]), ["#", KEY[5]]);
}

#[test]
fn words_hashes_and_paths_are_not_the_rest_of_a_key() {
    let hash = "4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778";
    for line in [
        "Starting",
        "READY",
        "20260102",
        hash,
        "/Usr/bin/Srv",
        "a line of text",
        "",
    ] {
        assert_eq!(masked(Block::Unknown, &[line]), [line]);
    }
}

#[test]
fn the_mention_of_a_first_line_and_a_public_block_hide_nothing() {
    let lines = [
        "expected -----BEGIN PRIVATE KEY----- but got x",
        "GET /items 200",
        "-----BEGIN CERTIFICATE-----",
        KEY[1],
        "-----END CERTIFICATE-----",
        "----------------------",
    ];
    assert_eq!(masked(Block::Outside, &lines), lines);
}

#[test]
fn a_key_without_an_end_does_not_hide_the_log_for_ever() {
    let mut block = Block::Begun(0);
    let long = |block: &mut Block| !block.advance(KEY[1].as_bytes()).is_empty();
    let hidden = (0..1_000).filter(|_| long(&mut block)).count();
    assert_eq!(hidden, usize::from(MOST_LINES));
}
