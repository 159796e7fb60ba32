//! `docs/FAULTS.md` names tests that exist.

use std::{fs, path::Path};

/// The text between each pair of the marks `open` and `close`.
fn between(text: &str, open: char, close: char) -> Vec<&str> {
    let parts = text.split(open).skip(1);
    match open == close {
        true => parts.step_by(2).collect(),
        false => parts.filter_map(|part| part.split(close).next()).collect(),
    }
}

#[test]
fn every_test_in_the_list_of_faults_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("docs/FAULTS.md")).unwrap();
    let cells = list.lines().filter_map(|line| line.rsplit('|').nth(1));
    let mut count = 0;
    for tests in cells.flat_map(|cell| cell.split("<br>")) {
        let Some((file, names)) = tests.split_once("`: ") else {
            continue;
        };
        let file = file.trim().trim_start_matches('`');
        let code = fs::read_to_string(root.join(file)).expect(file);
        for name in between(names, '`', '`') {
            assert!(code.contains(&format!("fn {name}(")), "{file}: {name}");
            count += 1;
        }
        for title in between(names, '“', '”') {
            let is_in = ['\'', '`'].map(|mark| code.contains(&format!("test({mark}{title}{mark}")));
            assert!(is_in.contains(&true), "{file}: {title}");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} tests were found");
}
