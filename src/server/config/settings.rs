//! The settings of the command line, the environment and `Leptos.toml`, declared once for all three.

use super::HumanDuration;
use crate::model::AuthMode;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable};
use serde::Deserialize;
use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr, path::PathBuf, str::FromStr};

/// A self-hosted, real-time dashboard for Docker containers and the hosts under them.
///
/// Everything can also be set in Leptos.toml, under the same names in the sections `[deckwatch]` and
/// `[deckwatch.docker]`. The command line wins over the environment, and that over the file.
///
/// Without a command, it serves the dashboard.
#[derive(Debug, Parser)]
#[command(name = "deckwatch", version)]
pub struct CommandLine {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The configuration file [default: ./Leptos.toml if there is one].
    #[arg(long, value_name = "FILE", env = "DECKWATCH_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:3000].
    #[arg(long, value_name = "ADDRESS", env = "LEPTOS_SITE_ADDR")]
    pub site_addr: Option<SocketAddr>,
    /// The user's folder for sockets, which may contain Podman's.
    #[arg(long, env = "XDG_RUNTIME_DIR", hide = true)]
    pub runtime_dir: Option<PathBuf>,
    /// The folder of the `docker` command line's settings, which contains its certificates.
    #[arg(long, env = "DOCKER_CONFIG", hide = true)]
    pub docker_config: Option<PathBuf>,
    /// The user's home folder, which contains that folder by default.
    #[arg(long, env = "HOME", hide = true)]
    pub home: Option<PathBuf>,
    /// The folder for state that a service manager provides; several are separated by colons.
    #[arg(long, env = "STATE_DIRECTORY", hide = true)]
    pub state_directory: Option<OsString>,
    /// The user's folder for state.
    #[arg(long, env = "XDG_STATE_HOME", hide = true)]
    pub state_home: Option<PathBuf>,
    /// The settings that the file may have, too.
    #[command(flatten)]
    pub settings: Settings,
}

impl CommandLine {
    /// Parses the arguments and environment of this process; prints errors and exits. An empty variable
    /// counts as absent: Compose passes `${X:-}` as an empty text when it is not set.
    pub fn of_process() -> Self {
        let command = Self::command().mut_args(|argument| {
            let value = argument.get_env().and_then(std::env::var_os);
            match value {
                Some(value) if value.is_empty() => argument.env(Resettable::Reset),
                _ => argument,
            }
        });
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// A command that ends instead of serving.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Copies the database to a new file, also while Deckwatch runs.
    ///
    /// To restore a copy, stop Deckwatch, remove deckwatch.db, deckwatch.db-wal and deckwatch.db-shm from
    /// the folder of --data-dir, and move the copy there as deckwatch.db.
    Backup {
        /// The new file. An existing one is not overwritten.
        file: PathBuf,
    },
    /// Checks the database, and lists its version, size and tables. Fails if it is not sound.
    Check,
    /// Manages users, also while Deckwatch runs; for those who are locked out.
    #[command(subcommand)]
    User(UserCommand),
    /// Manages API tokens, also while Deckwatch runs.
    #[command(subcommand)]
    Token(TokenCommand),
}

/// A command about users. Passwords are read from the terminal, or the first line of standard input.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Adds a user.
    Add {
        /// The name.
        name: String,
        /// A role and a scope, e.g. "operator host:nas"; repeat the option for more [default: admin *].
        #[arg(long = "grant", value_name = "GRANT")]
        grants: Vec<String>,
    },
    /// Sets the password of a user, enables the user and ends all sessions.
    Passwd {
        /// The name.
        name: String,
    },
    /// Lists all users with their grants.
    List,
    /// Disables a user and ends all sessions.
    Disable {
        /// The name.
        name: String,
    },
}

/// A command about API tokens.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// Creates a token and prints it.
    Create {
        /// The name.
        name: String,
        /// A role and a scope, e.g. "viewer *"; repeat the option for more.
        #[arg(long = "grant", value_name = "GRANT", required = true)]
        grants: Vec<String>,
        /// How long it is valid, e.g. 30d [default: for ever].
        #[arg(long, value_name = "TIME")]
        valid: Option<HumanDuration>,
    },
}

/// The settings that every source may have; absent ones keep their defaults.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Time between samples of the host, 250ms to 5s [default: 2s].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_METRICS_INTERVAL")]
    pub metrics_interval: Option<HumanDuration>,
    /// Time between samples of containers while at least one client watches, 500ms to 60s [default: 2s].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_STATS_INTERVAL")]
    pub stats_interval: Option<HumanDuration>,
    /// Time between samples of containers while no client watches, 1s to 10m [default: 10s].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_STATS_IDLE_INTERVAL")]
    pub stats_idle_interval: Option<HumanDuration>,
    /// Time between full lists of containers beside the engine's events, 1s to 10m [default: 10s].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_RECONCILE_INTERVAL")]
    pub reconcile_interval: Option<HumanDuration>,
    /// Time between heartbeats to clients, 1s to 40s [default: 15s].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_HEARTBEAT")]
    pub heartbeat: Option<HumanDuration>,
    /// Most WebSocket and SSE connections at once, 1 to 100000 [default: 1000].
    #[arg(long, value_name = "N", env = "DECKWATCH_MAX_CLIENTS")]
    pub max_clients: Option<u32>,
    /// Messages kept per channel for slow or returning clients, 1 to 65536 [default: 256].
    #[arg(long, value_name = "N", env = "DECKWATCH_CHANNEL_BUFFER")]
    pub channel_buffer: Option<u32>,
    /// Path below which everything is served, e.g. /deck behind a proxy [default: /].
    #[arg(long, value_name = "PATH", env = "DECKWATCH_BASE_PATH")]
    pub base_path: Option<String>,
    /// A public name of this server, e.g. deck.example.com; repeat the option for more.
    #[arg(
        long = "allowed-host",
        value_name = "NAME",
        env = "DECKWATCH_ALLOWED_HOSTS",
        value_delimiter = ','
    )]
    pub allowed_hosts: Option<Vec<String>>,
    /// The folder of the database [default: ~/.local/state/deckwatch, or what STATE_DIRECTORY or
    /// XDG_STATE_HOME says].
    #[arg(long, value_name = "FOLDER", env = "DECKWATCH_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// A regular expression for what else is secret, in the syntax of the Rust crate `regex`; repeat the
    /// option for more. In the variable, one per line.
    #[arg(
        long,
        value_name = "REGEX",
        env = "DECKWATCH_REDACT",
        value_delimiter = '\n',
        allow_hyphen_values = true
    )]
    pub redact: Option<Vec<String>>,
    /// Adds a host "demo" with N invented containers, 0 to 10000 [default: 0, none].
    #[arg(long, value_name = "N", env = "DECKWATCH_DEMO")]
    pub demo: Option<u32>,
    /// Who may use this server.
    #[command(flatten)]
    pub auth: AuthSettings,
    /// How to reach the Docker or Podman engine.
    #[command(flatten)]
    pub docker: DockerSettings,
    /// Another engine to show, e.g. nas=ssh://me@nas; repeat the option for more. Certificates can be
    /// named in Leptos.toml only, under [[deckwatch.hosts]].
    #[arg(
        long = "host",
        value_name = "NAME=URL",
        env = "DECKWATCH_HOSTS",
        value_delimiter = ','
    )]
    pub hosts: Option<Vec<HostSettings>>,
}

/// Who may use this server: `[deckwatch.auth]`.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AuthSettings {
    /// How users sign in: none, or password, proxy and oidc in any combination [default: none on a loopback
    /// address; required on any other].
    #[arg(
        long = "auth-mode",
        value_name = "MODE",
        env = "DECKWATCH_AUTH_MODE",
        value_delimiter = ',',
        value_parser = auth_mode
    )]
    pub mode: Option<Vec<AuthMode>>,
    /// How long a session lasts without use, 1s to 90d [default: 12h].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_SESSION_IDLE")]
    pub session_idle: Option<HumanDuration>,
    /// How long a session lasts at most, 1s to 90d [default: 7d].
    #[arg(long, value_name = "TIME", env = "DECKWATCH_SESSION_LIFETIME")]
    pub session_lifetime: Option<HumanDuration>,
    /// An address or network of proxies whose X-Forwarded-For and user headers are trusted, e.g.
    /// 10.0.0.0/8; repeat the option for more.
    #[arg(
        long = "trusted-proxy",
        value_name = "NETWORK",
        env = "DECKWATCH_TRUSTED_PROXIES",
        value_delimiter = ','
    )]
    pub trusted_proxies: Option<Vec<String>>,
    /// The headers of a proxy that signs users in: the table `[deckwatch.auth.proxy]`.
    #[arg(skip)]
    pub proxy: Option<ProxySettings>,
    /// The provider for the mode `oidc`: the table `[deckwatch.auth.oidc]`.
    #[arg(skip)]
    pub oidc: Option<OidcSettings>,
    /// The grants of groups, e.g. `ops = ["operator host:nas"]`: the table `[deckwatch.auth.groups]`.
    #[arg(skip)]
    pub groups: Option<BTreeMap<String, Vec<String>>>,
}

fn auth_mode(text: &str) -> Result<AuthMode, &'static str> {
    text.trim()
        .parse()
        .map_err(|()| "must be none, password, proxy or oidc")
}

/// The headers of a proxy that signs users in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ProxySettings {
    /// The header with the name of the user [default: Remote-User].
    pub user_header: Option<String>,
    /// The header with the groups of the user, separated by commas [default: Remote-Groups].
    pub groups_header: Option<String>,
}

/// A provider of OpenID Connect.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct OidcSettings {
    /// The issuer, exactly as the provider states it; required.
    pub issuer: Option<String>,
    /// The id of this server at the provider; required.
    pub client_id: Option<String>,
    /// The file with the secret of this server at the provider; required.
    pub client_secret_file: Option<PathBuf>,
    /// The requested scopes [default: openid, profile, email and groups].
    pub scopes: Option<Vec<String>>,
    /// The claim with the name of the user [default: `preferred_username`, else `email`].
    pub username_claim: Option<String>,
    /// The claim with the groups of the user [default: groups].
    pub groups_claim: Option<String>,
    /// The public URL of `/auth/oidc/callback`, as the provider has it; required.
    pub redirect_url: Option<String>,
}

/// An engine besides the local one: an entry of `[[deckwatch.hosts]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HostSettings {
    /// The name of the host, on pages and in URLs.
    pub name: String,
    /// The address of the engine, as in `DOCKER_HOST`.
    pub docker: String,
    /// Folder of ca.pem, cert.pem and key.pem; if set, TLS is used.
    pub cert_path: Option<String>,
}

impl FromStr for HostSettings {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, docker) = text.split_once('=').ok_or("must be NAME=URL")?;
        Ok(Self {
            name: name.trim().to_owned(),
            docker: docker.trim().to_owned(),
            cert_path: None,
        })
    }
}

/// How to reach the engine.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DockerSettings {
    /// The engine: `unix:///path`, `tcp://host:port`, `host:port` or `https://host:port` [default:
    /// searched for].
    #[arg(long = "docker-host", value_name = "URL", env = "DOCKER_HOST")]
    pub host: Option<String>,
    /// Folder of ca.pem, cert.pem and key.pem for an engine behind TLS [default: ~/.docker].
    #[arg(
        long = "docker-cert-path",
        value_name = "FOLDER",
        env = "DOCKER_CERT_PATH"
    )]
    pub cert_path: Option<String>,
    /// Whether to use TLS only, and to check the engine's certificate.
    #[arg(
        long = "docker-tls-verify",
        value_name = "BOOL",
        env = "DOCKER_TLS_VERIFY",
        num_args = 0..=1,
        default_missing_value = "1",
        value_parser = tls_verify
    )]
    pub tls_verify: Option<bool>,
}

/// Parses as the `docker` command line does for `DOCKER_TLS_VERIFY`, where any non-empty text means yes;
/// the obvious words for no are accepted as no in addition.
#[expect(clippy::unnecessary_wraps, reason = "clap's signature")]
fn tls_verify(text: &str) -> Result<bool, std::convert::Infallible> {
    Ok(!matches!(text, "" | "0" | "false" | "no"))
}

/// `Leptos.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) package: Package,
    pub(super) deckwatch: Settings,
}

/// `[package]`, which in this file contains only `metadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Package {
    pub(super) metadata: Metadata,
}

/// `[package.metadata]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Metadata {
    pub(super) leptos: LeptosSettings,
}

/// `[package.metadata.leptos]`: the Leptos keys that a running server needs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct LeptosSettings {
    pub(super) output_name: Option<String>,
    pub(super) site_root: Option<String>,
    pub(super) site_pkg_dir: Option<String>,
    pub(super) site_addr: Option<SocketAddr>,
    pub(super) reload_port: Option<u32>,
    pub(super) env: Option<String>,
}
