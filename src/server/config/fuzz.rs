//! Fuzzing of the configuration: whatever is in it, the server starts with allowed values or refuses with a
//! sentence.

use super::*;
use crate::{
    fuzz::{Choices, fuzz},
    server::{authority::Authority, source::docker::Address},
};
use clap::Parser;
use std::{fmt::Debug, str::FromStr};

/// Values that are allowed somewhere, and values that look like it.
const VALUES: [&str; 24] = [
    "2s",
    "250ms",
    "5m",
    "0",
    "1",
    "1000",
    "65536",
    "-1",
    "99999999999999999999",
    "1h",
    "s",
    "",
    "/",
    "/deck",
    "/a/../b",
    "deck.example.com:8443",
    "[::1]:80",
    "unix:///run/docker.sock",
    "tcp://[::1]:2375/x",
    "ssh://me@nas:22/run/x.sock",
    "https://h",
    "DEV",
    "true",
    "나스",
];
/// Keys of the file.
const KEYS: [&str; 18] = [
    "metrics-interval",
    "stats-interval",
    "stats-idle-interval",
    "reconcile-interval",
    "heartbeat",
    "max-clients",
    "channel-buffer",
    "base-path",
    "allowed-hosts",
    "demo",
    "docker",
    "hosts",
    "host",
    "cert-path",
    "tls-verify",
    "name",
    "site-addr",
    "env",
];

/// The command line without arguments, and without the environment of this process.
fn no_arguments() -> CommandLine {
    let mut command_line = CommandLine::try_parse_from(["deckwatch"]).unwrap();
    command_line.settings = Settings::default();
    command_line
}

/// Checks the ranges that the documentation names.
fn check(config: &Config) {
    let ms = |interval: Duration| interval.as_millis();
    assert!((250..=5_000).contains(&ms(config.metrics_interval)));
    assert!((500..=60_000).contains(&ms(config.stats_interval)));
    assert!((1_000..=600_000).contains(&ms(config.stats_idle_interval)));
    assert!((1_000..=600_000).contains(&ms(config.reconcile_interval)));
    assert!((1_000..=40_000).contains(&ms(config.heartbeat)));
    assert!((1..=100_000).contains(&config.max_clients));
    assert!((1..=65_536).contains(&config.channel_buffer));
    assert!(config.demo <= 10_000 && config.hosts.len() <= 100);
    assert!(config.base().is_empty() || config.base().starts_with('/'));
    assert!(!config.base().ends_with('/') && !config.base().contains("//"));
    for name in &config.allowed_hosts {
        assert!(Authority::parse(name).is_some());
    }
    for host in &config.hosts {
        assert!(!host.name.is_local() && !host.name.is_demo());
    }
}

fn check_merged(merged: Result<Config, ConfigError>) {
    match merged {
        Ok(config) => check(&config),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A file with known keys and more or less suitable values.
fn file(choices: &mut Choices<'_>) -> String {
    let mut text = String::new();
    while !choices.is_over() && text.len() < 2_000 {
        let value = choices.pick(&VALUES);
        let line = match choices.below(9) {
            0 => "[deckwatch]".to_owned(),
            1 => "[deckwatch.docker]".to_owned(),
            2 => "[[deckwatch.hosts]]".to_owned(),
            3 => "[package.metadata.leptos]".to_owned(),
            4 => format!("{} = {value}", choices.pick(&KEYS)),
            5 => format!(
                "{} = [{value:?}, {:?}]",
                choices.pick(&KEYS),
                choices.pick(&VALUES)
            ),
            _ => format!("{} = {value:?}", choices.pick(&KEYS)),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn config_files() {
    let leptos = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/Leptos.toml")).unwrap();
    let seeds: [&[u8]; 4] = [
        &[b"\0", &leptos[..leptos.len().min(1_500)]].concat(),
        b"\0[deckwatch]\nmetrics-interval = \"1s\"\nmax-clients = 5\nallowed-hosts = [\"Deck.Example.com\"]\n\
          base-path = \"/deck/\"\n[deckwatch.docker]\nhost = \"tcp://10.0.0.5:2375\"\ntls-verify = true\n",
        b"\0[[deckwatch.hosts]]\nname = \"nas\"\ndocker = \"ssh://me@nas\"\n[[deckwatch.hosts]]\nname = \"b\"\n\
          docker = \"tcp://b:2376\"\ncert-path = \"certs/b\"\n",
        b"\x01\x01\0\x06\0\x02\x02\x06\x05",
    ];
    fuzz("config_files", &seeds, |choices| {
        let text = match choices.flag() {
            true => file(choices),
            false => choices.rest_as_text(),
        };
        match parse(&text) {
            Ok(file) => check_merged(Config::merge(no_arguments(), file)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

#[test]
fn command_lines() {
    const OPTIONS: [&str; 14] = [
        "--metrics-interval",
        "--stats-interval",
        "--heartbeat",
        "--max-clients",
        "--base-path",
        "--allowed-host",
        "--demo",
        "--docker-host",
        "--docker-tls-verify",
        "--docker-cert-path",
        "--host",
        "--site-addr",
        "--config",
        "--",
    ];
    fuzz(
        "command_lines",
        &[b"\x02\0\0", b"\x04\x0a\x19\x06\x01"],
        |choices| {
            let arguments = choices.list(8, |choices| match choices.below(4) {
                0 => choices.pick(&OPTIONS).to_owned(),
                1 => format!("{}={}", choices.pick(&OPTIONS), choices.pick(&VALUES)),
                2 => choices.pick(&VALUES).to_owned(),
                _ => choices.text(),
            });
            let arguments =
                std::iter::once("deckwatch").chain(arguments.iter().map(String::as_str));
            match CommandLine::try_parse_from(arguments) {
                Ok(command_line) => check_merged(Config::merge(command_line, File::default())),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        },
    );
}

/// Checks that what `text` means, if anything, means the same when it is written out.
fn check_text<T: FromStr + ToString + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string().parse().ok(), Some(value), "{text:?}");
    }
}

#[test]
fn config_values() {
    let seeds = VALUES.map(str::as_bytes);
    fuzz("config_values", &seeds, |choices| {
        let text = choices.rest_as_text();
        check_text::<HumanDuration>(&text);
        check_text::<crate::model::HostId>(&text);
        for tls in [false, true] {
            if let Ok(address) = Address::parse(&text, tls) {
                let again = Address::parse(&address.to_string(), tls);
                assert_eq!(again.as_ref(), Ok(&address), "{text:?}");
            }
        }
        let _ = (
            text.parse::<HostSettings>().is_ok(),
            Authority::parse(&text),
        );
        if let Ok(path) = base_path(text) {
            assert_eq!(base_path(path.clone()).unwrap(), path);
        }
    });
}
