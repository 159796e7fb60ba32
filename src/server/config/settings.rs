//! The settings of the command line, the environment and `Leptos.toml`, declared once for all three.

use super::duration::HumanDuration;
use clap::{Args, CommandFactory, FromArgMatches, Parser, builder::Resettable};
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

/// A self-hosted, real-time dashboard for Docker containers and the hosts under them.
///
/// Everything can also be set in Leptos.toml, under the same names in the sections `[deckwatch]` and
/// `[deckwatch.docker]`. The command line wins over the environment, and that over the file.
#[derive(Debug, Parser)]
#[command(name = "deckwatch", version)]
pub struct CommandLine {
    /// The configuration file [default: ./Leptos.toml if there is one].
    #[arg(long, value_name = "FILE", env = "DECKWATCH_CONFIG")]
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
    /// Adds a host "demo" with N invented containers, 0 to 10000 [default: 0, none].
    #[arg(long, value_name = "N", env = "DECKWATCH_DEMO")]
    pub demo: Option<u32>,
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
