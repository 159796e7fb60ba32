//! Detects misspelt `DECKWATCH_*` variables, so that a setting is never ignored silently.

use super::{CommandLine, ConfigError};
use clap::CommandFactory;
use std::ffi::OsString;

/// Prefix of the variables that are settings.
const PREFIX: &str = "DECKWATCH_";
/// Variables of the scripts around the server, which it inherits.
const SCRIPTS: [&str; 7] = [
    "DECKWATCH_BIN",
    "DECKWATCH_CACHE",
    "DECKWATCH_CHECK_TIMEOUT",
    "DECKWATCH_CHROMIUM",
    "DECKWATCH_ROOT",
    "DECKWATCH_RUST",
    "DECKWATCH_TOOLS",
];
/// Prefixes of the variables of tests, benchmarks, recordings and fuzzing.
const TOOLS: [&str; 4] = [
    "DECKWATCH_TEST_",
    "DECKWATCH_BENCH_",
    "DECKWATCH_RECORD_",
    "DECKWATCH_FUZZ_",
];

/// Refuses names with our prefix that are not settings.
///
/// # Errors
/// Returns the first such name.
pub(super) fn check(names: impl Iterator<Item = OsString>) -> Result<(), ConfigError> {
    let command = CommandLine::command();
    let is_known = |name: &str| {
        SCRIPTS.contains(&name)
            || TOOLS.iter().any(|prefix| name.starts_with(prefix))
            || command
                .get_arguments()
                .any(|argument| argument.get_env().is_some_and(|known| known == name))
    };
    let mut unknown = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(PREFIX) && !is_known(name));
    unknown
        .next()
        .map_or(Ok(()), |name| Err(ConfigError::UnknownVariable(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> Option<String> {
        check(std::iter::once(name.into()))
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn only_known_variables_are_accepted() {
        for name in [
            "DECKWATCH_DEMO",
            "DECKWATCH_CONFIG",
            "DECKWATCH_ROOT",
            "PATH",
        ] {
            assert_eq!(refused(name), None, "{name}");
        }
        let message = refused("DECKWATCH_METRIC_INTERVAL").unwrap();
        assert!(message.contains("DECKWATCH_METRIC_INTERVAL"), "{message}");
    }

    /// Every word in the files below `folder` that looks like one of our variables.
    fn names_in(folder: &std::path::Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("node_modules") {
                    names_in(&path, names);
                }
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let ours =
                    words.filter(|word| word.len() > PREFIX.len() && word.starts_with(PREFIX));
                names.extend(ours.map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_variable_of_the_scripts_is_known() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names = Vec::new();
        for folder in ["scripts", "end2end"] {
            names_in(&root.join(folder), &mut names);
        }
        assert!(names.iter().any(|name| name == "DECKWATCH_BIN"));
        for name in names {
            assert_eq!(refused(&name), None, "{name}");
        }
    }
}
