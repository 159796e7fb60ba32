//! The configuration, read once at startup: command line over environment over `Leptos.toml` over defaults.
//! Invalid and unknown settings are errors; nothing is ignored silently.

mod auth;
mod docker;
mod environment;
#[cfg(test)]
mod fuzz;
mod hosts;
mod network;
mod oidc;
mod settings;
mod state_folder;
#[cfg(test)]
mod tests;

pub use super::{
    duration::{HumanDuration, NotADuration},
    source::redact::CustomPatterns,
};
pub use auth::{Auth, ProxyHeaders, grant};
pub use docker::Docker;
pub use hosts::Host;
pub use network::{Network, NotANetwork};
pub use oidc::{CALLBACK as OIDC_CALLBACK, Oidc, is_protected};
pub use settings::{
    AuthSettings, Command, CommandLine, DockerSettings, HostSettings, OidcSettings, ProxySettings,
    Settings, TokenCommand, UserCommand,
};

use crate::model::Intervals;
use leptos::config::{Env, LeptosOptions};
use settings::{File, LeptosSettings};
use std::{
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

/// The file that is read, if it exists, when none is named.
const DEFAULT_FILE: &str = "Leptos.toml";

/// The complete configuration, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on.
    pub site_addr: SocketAddr,
    /// Time between samples of the host.
    pub metrics_interval: Duration,
    /// Time between samples of containers while a client watches them.
    pub stats_interval: Duration,
    /// Time between samples of containers while no client watches them.
    pub stats_idle_interval: Duration,
    /// Time between full lists of containers.
    pub reconcile_interval: Duration,
    /// Time between heartbeats to clients.
    pub heartbeat: Duration,
    /// Most WebSocket and SSE connections at once.
    pub max_clients: u32,
    /// Frames kept per channel.
    pub channel_buffer: u32,
    /// Path below which everything is served: `/`, or segments that each follow a slash.
    pub base_path: String,
    /// Public names of this server, each with an optional port.
    pub allowed_hosts: Vec<String>,
    /// The folder of the database; `None` to keep nothing.
    pub data_dir: Option<PathBuf>,
    /// Patterns of further secrets.
    pub redact: CustomPatterns,
    /// Number of invented containers on the host `demo`; 0 for no such host.
    pub demo: u32,
    /// Who may use this server.
    pub auth: Auth,
    /// The connection to the local engine.
    pub docker: Docker,
    /// Engines besides the local one, in the order in which they are listed.
    pub hosts: Vec<Host>,
    /// Options of Leptos.
    pub leptos: Leptos,
}

/// Options of Leptos; the same as in `Cargo.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leptos {
    /// Base name of the files in the package folder.
    pub output_name: String,
    /// Folder of the built site.
    pub site_root: String,
    /// Folder of the package within the site.
    pub site_pkg_dir: String,
    /// Port of the reload server of `cargo leptos watch`.
    pub reload_port: u32,
    /// `DEV` or `PROD`.
    pub env: Env,
}

/// Why the configuration is invalid.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file named on the command line cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Path of the file.
        path: String,
        /// The I/O error.
        error: std::io::Error,
    },
    /// The file is not TOML, or has an unknown key or a value of the wrong type.
    #[error("{path}: {error}")]
    File {
        /// Path of the file.
        path: String,
        /// The error with its position.
        error: Box<toml::de::Error>,
    },
    /// The environment has a `DECKWATCH_*` variable that is not a setting, most likely a typo.
    #[error("{0} is not a setting; deckwatch --help lists all settings")]
    UnknownVariable(String),
    /// Others can reach the server, and it is not set who may use it.
    #[error(
        "{address} can be reached from other machines: set auth.mode = [\"password\"] (or --auth-mode password), \
         or \"none\" if everybody may act on your containers"
    )]
    Open {
        /// The address to listen on.
        address: SocketAddr,
    },
    /// A value is out of range or malformed.
    #[error("{key} = {value}: must be {allowed}")]
    Value {
        /// The setting.
        key: &'static str,
        /// The value it has.
        value: String,
        /// The allowed values, in words.
        allowed: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            site_addr: (Ipv4Addr::LOCALHOST, 3000).into(),
            metrics_interval: Duration::from_secs(2),
            stats_interval: Duration::from_secs(2),
            stats_idle_interval: Duration::from_secs(10),
            reconcile_interval: Duration::from_secs(10),
            heartbeat: Duration::from_secs(15),
            max_clients: 1_000,
            channel_buffer: 256,
            base_path: "/".into(),
            allowed_hosts: Vec::new(),
            data_dir: None,
            redact: CustomPatterns::default(),
            demo: 0,
            auth: Auth::default(),
            docker: Docker::default(),
            hosts: Vec::new(),
            leptos: Leptos {
                output_name: "deckwatch".into(),
                site_root: "target/site".into(),
                site_pkg_dir: "pkg".into(),
                reload_port: 3001,
                env: Env::PROD,
            },
        }
    }
}

impl Config {
    /// The sampling intervals, as pages show them.
    pub fn intervals(&self) -> Intervals {
        let ms = |interval: Duration| u32::try_from(interval.as_millis()).unwrap_or(u32::MAX);
        Intervals {
            metrics_ms: ms(self.metrics_interval),
            stats_ms: ms(self.stats_interval),
            stats_idle_ms: ms(self.stats_idle_interval),
        }
    }

    /// Loads the configuration from the command line and the file that it names, or from the default file
    /// if that exists. The folder of the database has its default only here, so that configurations made by
    /// tests keep nothing.
    ///
    /// # Errors
    /// When either is invalid; the message is for the terminal.
    pub fn load(command_line: CommandLine) -> Result<Self, ConfigError> {
        environment::check(std::env::vars_os().map(|(name, _)| name))?;
        let path = command_line
            .config
            .clone()
            .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
        let file = path.as_deref().map(read).transpose()?.unwrap_or_default();
        let default_folder = state_folder::default(&command_line);
        let mut config = Self::merge(command_line, file)?;
        config.data_dir = config.data_dir.or(default_folder);
        Ok(config)
    }

    /// The prefix of every path: empty, or the base path without a trailing slash.
    pub fn base(&self) -> &str {
        self.base_path.trim_end_matches('/')
    }

    /// The options of Leptos in its own type.
    pub fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name(self.leptos.output_name.as_str())
            .site_root(self.leptos.site_root.as_str())
            .site_pkg_dir(self.leptos.site_pkg_dir.as_str())
            .site_addr(self.site_addr)
            .reload_port(self.leptos.reload_port)
            .env(self.leptos.env.clone())
            .build()
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one setting after the other, each with its own bounds"
    )]
    fn merge(command_line: CommandLine, file: File) -> Result<Self, ConfigError> {
        let default = Self::default();
        let (first, then) = (command_line.settings, file.deckwatch);
        let leptos = file.package.metadata.leptos;
        let folders = docker::Folders {
            runtime: command_line.runtime_dir,
            docker: command_line.docker_config,
            home: command_line.home,
        };
        let time = |key, first: Option<HumanDuration>, then, default, range| {
            let value = first.or(then).map_or(default, |HumanDuration(value)| value);
            in_range(key, HumanDuration(value), value, range, HumanDuration)
        };
        let number = |key, first: Option<u32>, then, default, range| {
            let value = first.or(then).unwrap_or(default);
            in_range(key, value, value, range, |bound| bound)
        };
        let ms = Duration::from_millis;
        let site_addr = command_line
            .site_addr
            .or(leptos.site_addr)
            .unwrap_or(default.site_addr);
        let path = first.base_path.or(then.base_path);
        let path = base_path(path.unwrap_or(default.base_path))?;
        let auth = Auth::merge(first.auth, then.auth, site_addr)?;
        if let Some(oidc) = &auth.oidc {
            oidc.check_base(&path)?;
        }
        Ok(Self {
            site_addr,
            auth,
            metrics_interval: time(
                "metrics-interval",
                first.metrics_interval,
                then.metrics_interval,
                default.metrics_interval,
                ms(250)..=ms(5_000),
            )?,
            stats_interval: time(
                "stats-interval",
                first.stats_interval,
                then.stats_interval,
                default.stats_interval,
                ms(500)..=ms(60_000),
            )?,
            stats_idle_interval: time(
                "stats-idle-interval",
                first.stats_idle_interval,
                then.stats_idle_interval,
                default.stats_idle_interval,
                ms(1_000)..=ms(600_000),
            )?,
            reconcile_interval: time(
                "reconcile-interval",
                first.reconcile_interval,
                then.reconcile_interval,
                default.reconcile_interval,
                ms(1_000)..=ms(600_000),
            )?,
            heartbeat: time(
                "heartbeat",
                first.heartbeat,
                then.heartbeat,
                default.heartbeat,
                // Clients consider the connection lost after a longer silence.
                ms(1_000)..=ms(40_000),
            )?,
            max_clients: number(
                "max-clients",
                first.max_clients,
                then.max_clients,
                default.max_clients,
                1..=100_000,
            )?,
            channel_buffer: number(
                "channel-buffer",
                first.channel_buffer,
                then.channel_buffer,
                default.channel_buffer,
                1..=65_536,
            )?,
            base_path: path,
            allowed_hosts: first
                .allowed_hosts
                .or(then.allowed_hosts)
                .unwrap_or_default()
                .into_iter()
                .map(allowed_host)
                .collect::<Result<_, _>>()?,
            data_dir: state_folder::chosen(first.data_dir.or(then.data_dir))?,
            redact: redact(&first.redact.or(then.redact).unwrap_or_default())?,
            demo: number("demo", first.demo, then.demo, default.demo, 0..=10_000)?,
            docker: Docker::merge(first.docker, then.docker, folders)?,
            hosts: Host::all(first.hosts.or(then.hosts).unwrap_or_default())?,
            leptos: Leptos::merge(leptos, default.leptos)?,
        })
    }
}

impl Leptos {
    fn merge(settings: LeptosSettings, default: Self) -> Result<Self, ConfigError> {
        let env = match settings.env.as_deref() {
            None => default.env,
            Some("PROD" | "prod") => Env::PROD,
            Some("DEV" | "dev") => Env::DEV,
            Some(other) => {
                return Err(ConfigError::Value {
                    key: "env",
                    value: other.into(),
                    allowed: "\"DEV\" or \"PROD\"".into(),
                });
            }
        };
        Ok(Self {
            output_name: settings.output_name.unwrap_or(default.output_name),
            site_root: settings.site_root.unwrap_or(default.site_root),
            site_pkg_dir: settings.site_pkg_dir.unwrap_or(default.site_pkg_dir),
            reload_port: settings.reload_port.unwrap_or(default.reload_port),
            env,
        })
    }
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        path: name(),
        error,
    })?;
    parse(&text).map_err(|error| ConfigError::File {
        path: name(),
        error: Box::new(error),
    })
}

fn parse(text: &str) -> Result<File, toml::de::Error> {
    toml::from_str(text)
}

fn in_range<T: PartialOrd + Copy, D: Display>(
    key: &'static str,
    shown: impl Display,
    value: T,
    range: RangeInclusive<T>,
    show: impl Fn(T) -> D,
) -> Result<T, ConfigError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(ConfigError::Value {
        key,
        value: shown.to_string(),
        allowed: format!("from {} to {}", show(*range.start()), show(*range.end())),
    })
}

/// Checks a base path and removes its trailing slash.
fn base_path(path: String) -> Result<String, ConfigError> {
    let is_name = |name: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        !matches!(name, "" | "." | "..") && name.bytes().all(is_plain)
    };
    let names = path.strip_suffix('/').unwrap_or(&path);
    let is_valid = path == "/"
        || names
            .strip_prefix('/')
            .is_some_and(|names| names.split('/').all(is_name));
    if is_valid {
        return Ok(if names.is_empty() {
            path
        } else {
            names.to_owned()
        });
    }
    Err(ConfigError::Value {
        key: "base-path",
        value: format!("{path:?}"),
        allowed: "\"/\", or names after slashes such as \"/deck\"".into(),
    })
}

fn redact(patterns: &[String]) -> Result<CustomPatterns, ConfigError> {
    // A variable with one pattern per line often ends with a line end.
    let patterns: Vec<_> = patterns
        .iter()
        .filter(|pattern| !pattern.is_empty())
        .cloned()
        .collect();
    CustomPatterns::compile(&patterns).map_err(|bad| ConfigError::Value {
        key: "redact",
        value: bad.value,
        allowed: bad.allowed,
    })
}

fn allowed_host(name: String) -> Result<String, ConfigError> {
    let name = name.trim().to_ascii_lowercase();
    let valid = super::authority::Authority::parse(&name).is_some();
    if valid {
        return Ok(name);
    }
    Err(ConfigError::Value {
        key: "allowed-hosts",
        value: format!("{name:?}"),
        allowed: "a name such as deck.example.com, with a port or without".into(),
    })
}
