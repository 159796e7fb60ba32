use super::*;
use crate::server::source::docker::Address;
use clap::Parser;

fn load(arguments: &[&str], file: &str) -> Result<Config, String> {
    let arguments = ["deckwatch"].iter().chain(arguments);
    let command_line = CommandLine::try_parse_from(arguments).map_err(|error| error.to_string())?;
    let file = parse(file).map_err(|error| error.to_string())?;
    Config::merge(command_line, file).map_err(|error| error.to_string())
}

fn engine(config: &Config) -> String {
    config.docker.host.as_ref().map(Address::to_string).unwrap()
}

#[test]
fn without_settings_the_defaults_apply() {
    assert_eq!(load(&[], ""), Ok(Config::default()));
}

#[test]
fn the_command_line_takes_precedence_over_the_file() {
    let file = r#"
        [package.metadata.leptos]
        output-name = "deckwatch"
        site-addr = "0.0.0.0:80"
        [deckwatch]
        metrics-interval = "1s"
        max-clients = 5
        allowed-hosts = ["Deck.Example.com"]
        [deckwatch.auth]
        mode = ["password"]
        [deckwatch.docker]
        host = "tcp://10.0.0.5:2375"
    "#;
    let config = load(&["--metrics-interval", "500ms"], file).unwrap();
    assert_eq!(config.metrics_interval, Duration::from_millis(500));
    assert_eq!(config.max_clients, 5);
    assert_eq!(config.site_addr.to_string(), "0.0.0.0:80");
    assert_eq!(config.allowed_hosts, ["deck.example.com"]);
    assert_eq!(engine(&config), "tcp://10.0.0.5:2375");
    let config = load(&["--docker-host", "tcp://x", "--docker-tls-verify"], file).unwrap();
    assert_eq!(engine(&config), "https://x:2376");
}

#[test]
fn docker_s_default_certificates_are_used_for_tls_only() {
    let home = tempfile::tempdir().unwrap();
    let usual = home.path().join(".docker");
    std::fs::create_dir(&usual).unwrap();
    let home = home.path().to_str().unwrap();
    for (arguments, expected) in [
        (&["--docker-host", "tcp://x"][..], None),
        (&["--docker-host", "unix:///x", "--docker-tls-verify"], None),
        (&["--docker-host", "https://x"], Some(usual.as_path())),
        (&["--docker-host", "x", "--docker-tls-verify"], Some(&usual)),
        (
            &["--docker-host", "https://x", "--docker-cert-path", "/y"],
            Some(Path::new("/y")),
        ),
        (
            &["--docker-host", "https://x", "--docker-config", "/nowhere"],
            None,
        ),
    ] {
        let config = load(&[arguments, &["--home", home]].concat(), "").unwrap();
        assert_eq!(
            config.docker.cert_path.as_deref(),
            expected,
            "{arguments:?}"
        );
    }
}

#[test]
fn an_error_names_the_key_the_value_and_the_allowed_range() {
    for (file, words) in [
        (
            "[deckwatch]\nmetrics-interval = \"7s\"",
            &["metrics-interval", "7s", "250ms to 5s"][..],
        ),
        (
            "[deckwatch]\nheartbeat = \"0ms\"",
            &["heartbeat", "0ms", "1s to 40s"],
        ),
        (
            "[deckwatch]\nmax-clients = 0",
            &["max-clients", "1 to 100000"],
        ),
        ("[deckwatch]\nmax-clients = \"many\"", &["max-clients"]),
        ("[deckwatch]\nmetrics-interval = 2", &["metrics-interval"]),
        (
            "[deckwatch]\nmetrics-intervall = \"2s\"",
            &["metrics-intervall"],
        ),
        ("[deckwatch.docker]\nhots = \"x\"", &["hots"]),
        (
            "[deckwatch.docker]\nhost = \"npipe://x\"",
            &[
                "docker-host",
                "npipe://x",
                "unix:///path",
                "tcp://host[:port]",
            ],
        ),
        (
            "[deckwatch]\nbase-path = \"deck\"",
            &["base-path", "\"deck\"", "/deck"],
        ),
        (
            "[deckwatch]\nallowed-hosts = [\"http://x/\"]",
            &["allowed-hosts", "http://x/"],
        ),
        (
            "[deckwatch]\nredact = [\"ACC-[0-9]+\", \"x(\"]",
            &["redact", "\"x(\"", "regular expression"],
        ),
        (
            "[package.metadata.leptos]\nenv = \"LIVE\"",
            &["env", "LIVE", "PROD"],
        ),
        ("[package.metadata.leptos]\nsite-adr = \"x\"", &["site-adr"]),
        ("[elsewhere]", &["elsewhere"]),
        ("nonsense", &["nonsense"]),
    ] {
        let message = load(&[], file).unwrap_err();
        for word in words {
            assert!(message.contains(word), "{file}: {message}");
        }
    }
    for arguments in [
        &["--demo", "-1"][..],
        &["--demo", "10001"],
        &["--site-addr", "here"],
        &["--colour"],
    ] {
        assert!(load(arguments, "").is_err(), "{arguments:?}");
    }
}

#[test]
fn patterns_of_secrets_may_contain_commas_and_come_from_one_place() {
    let file = "[deckwatch]\nredact = ['ACC-\\d{1,3}']";
    let compiled = |patterns: &[&str]| {
        let patterns: Vec<_> = patterns.iter().map(|it| (*it).to_owned()).collect();
        CustomPatterns::compile(&patterns).unwrap()
    };
    assert_eq!(load(&[], file).unwrap().redact, compiled(&[r"ACC-\d{1,3}"]));
    let config = load(&["--redact", "-x{2,}", "--redact", "y"], file).unwrap();
    assert_eq!(config.redact, compiled(&["-x{2,}", "y"]));
    let config = load(&["--redact", "x\n\ny\n"], file).unwrap();
    assert_eq!(config.redact, compiled(&["x", "y"]), "one per line");
}

#[test]
fn a_base_path_consists_of_segments_after_slashes() {
    let base = |path: &str| load(&["--base-path", path], "").map(|config| config.base().to_owned());
    for (path, expected) in [
        ("/", ""),
        ("/deck", "/deck"),
        ("/deck/", "/deck"),
        ("/a/b-c_d.e~f", "/a/b-c_d.e~f"),
    ] {
        assert_eq!(base(path).as_deref(), Ok(expected), "{path}");
    }
    for path in [
        "",
        "deck",
        "//",
        "//deck",
        "/deck//",
        "/a//b",
        "/.",
        "/..",
        "/a/../b",
        "/a b",
        "/a?b",
        "/a#b",
        "/%2e%2e",
        "/<script>",
        "/é",
        "\\deck",
    ] {
        assert!(base(path).is_err(), "{path}");
    }
}

#[test]
fn help_lists_every_setting() {
    let help = <CommandLine as clap::CommandFactory>::command()
        .render_long_help()
        .to_string();
    for name in [
        "--config",
        "--site-addr",
        "--metrics-interval",
        "--demo",
        "DOCKER_HOST",
        "DECKWATCH_MAX_CLIENTS",
    ] {
        assert!(help.contains(name), "{name}");
    }
}

#[test]
fn the_runtime_folder_is_read_from_xdg_runtime_dir() {
    let command = <CommandLine as clap::CommandFactory>::command();
    let argument = command
        .get_arguments()
        .find(|arg| arg.get_id() == "runtime_dir");
    let variable = argument.and_then(clap::Arg::get_env).unwrap();
    assert_eq!(variable, "XDG_RUNTIME_DIR");
    let config = load(&["--runtime-dir", "/run/user/1000"], "").unwrap();
    assert_eq!(
        config.docker.runtime_dir.as_deref(),
        Some(Path::new("/run/user/1000"))
    );
}

fn repository_file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn leptos_toml_is_valid_and_agrees_with_cargo_toml_and_the_defaults() {
    let text = repository_file("Leptos.toml");
    let mut config = load(&[], &text).unwrap();
    let ours: toml::Table = text.parse().unwrap();
    let cargo: toml::Table = repository_file("Cargo.toml").parse().unwrap();
    let leptos = |table: &toml::Table| table["package"]["metadata"]["leptos"].clone();
    let (ours, cargo) = (leptos(&ours), leptos(&cargo));
    for key in [
        "output-name",
        "site-root",
        "site-pkg-dir",
        "site-addr",
        "reload-port",
    ] {
        assert_eq!(ours[key], cargo[key], "{key}");
    }
    config.leptos.env = Config::default().leptos.env;
    assert_eq!(config, Config::default());
}

#[test]
fn the_readme_lists_every_setting_with_its_default() {
    let readme = repository_file("README.md");
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.len() == 4)
        .collect();
    let command = <CommandLine as clap::CommandFactory>::command();
    let settings = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let settings: Vec<_> = settings.filter(|arg| arg.get_env().is_some()).collect();
    for setting in &settings {
        let name = setting.get_long().unwrap();
        let env = setting.get_env().unwrap().to_str().unwrap();
        let is_its = |cells: &&Vec<&str>| cells[1] == format!("`{env}`");
        let row = rows.iter().find(is_its).expect(name);
        let key = row[0].trim_matches('`').replace('.', "-");
        // A list has the plural of the name of its option; some names lack that of the section.
        let stem = name.strip_suffix('y');
        let plural = stem.map_or_else(|| format!("{name}s"), |stem| format!("{stem}ies"));
        let bare = key.strip_prefix("auth-").unwrap_or(&key);
        let is_named = |key: &str| key == name || key == plural;
        assert!(
            key.is_empty() || is_named(&key) || is_named(bare),
            "{env} is {name}, not {key}"
        );
        let help = setting.get_help().unwrap().to_string();
        let Some((_, default)) = help.split_once("[default: ") else {
            continue;
        };
        let documented = row[2].trim_matches('`');
        assert!(
            default.trim_start_matches("./").starts_with(documented) && !documented.is_empty(),
            "{name}: {default} {documented}"
        );
    }
    // One row is the header of the table.
    assert_eq!(rows.len(), settings.len() + 1);
}

#[test]
fn the_database_is_in_the_chosen_folder_or_the_usual_one_for_state() {
    let usual = |arguments: &[&str]| {
        let arguments = ["deckwatch", "--home", "/h"].iter().chain(arguments);
        let command_line = CommandLine::try_parse_from(arguments).unwrap();
        state_folder::default(&command_line).map(|folder| folder.display().to_string())
    };
    let none = ["--state-directory=unset", "--state-home=unset"];
    for (arguments, expected) in [
        (&[][..], "/h/.local/state/deckwatch"),
        (&["--state-home=/s"], "/s/deckwatch"),
        (&["--state-home=relative"], "/h/.local/state/deckwatch"),
        (
            &["--state-directory=/var/lib/deckwatch"],
            "/var/lib/deckwatch",
        ),
        (&["--state-directory=/a:/b", "--state-home=/s"], "/a"),
    ] {
        let all: Vec<_> = none
            .iter()
            .filter(|unset| {
                let (name, _) = unset.split_once('=').unwrap();
                !arguments.iter().any(|argument| argument.starts_with(name))
            })
            .chain(arguments)
            .copied()
            .collect();
        assert_eq!(usual(&all).as_deref(), Some(expected), "{arguments:?}");
    }
    let chosen = |arguments: &[&str], file: &str| load(arguments, file).unwrap().data_dir;
    let file = "[deckwatch]\ndata-dir = \"/file\"";
    assert_eq!(chosen(&[], file).as_deref(), Some(Path::new("/file")));
    assert_eq!(
        chosen(&["--data-dir=/x"], file).as_deref(),
        Some(Path::new("/x"))
    );
    assert!(chosen(&["--data-dir=x"], "").is_some_and(|folder| folder.is_absolute()));
    assert_eq!(chosen(&[], "[deckwatch]\ndata-dir = \"\""), None);
}

#[test]
fn a_command_takes_its_options_before_and_after_its_name() {
    let parse = |arguments: &[&str]| {
        CommandLine::try_parse_from(["deckwatch"].iter().chain(arguments))
            .map_err(|error| error.to_string())
    };
    for arguments in [["--data-dir", "/x", "check"], ["check", "--data-dir", "/x"]] {
        let command_line = parse(&arguments).unwrap();
        assert_eq!(command_line.command, Some(Command::Check));
        assert_eq!(
            command_line.settings.data_dir.as_deref(),
            Some(Path::new("/x"))
        );
    }
    let backup = Command::Backup {
        file: "copy".into(),
    };
    assert_eq!(parse(&["backup", "copy"]).unwrap().command, Some(backup));
    assert!(parse(&["backup"]).is_err());
    assert_eq!(parse(&[]).unwrap().command, None);
}
