//! The details of a container that only an inspection contains, and how they are read.

use super::{
    super::{
        super::{redact::MASK, secrets::Patterns},
        json::{Fields, Json},
    },
    health, name, state_from_engine,
};
use crate::model::{ContainerState, Health, Timestamp};
use serde_json::json;
use std::borrow::Cow;

/// The details of a container that only an inspection contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Details {
    /// `None` when the engine's word for it is unknown.
    pub(in super::super) state: Option<ContainerState>,
    pub(in super::super) name: Option<String>,
    /// The name of the image at the time the container was created.
    pub(in super::super) image: Option<String>,
    pub(in super::super) health: Option<Health>,
    pub(in super::super) started_at: Option<Timestamp>,
    pub(in super::super) finished_at: Option<Timestamp>,
    pub(in super::super) restart_count: Option<u32>,
    pub(in super::super) exit_code: Option<i32>,
    /// The CPU limit, in billionths of a core.
    pub(in super::super) nano_cpus: Option<u64>,
    /// The id of its first process on the engine's host.
    pub(in super::super) pid: Option<u32>,
    /// Whether it shares the host's network.
    pub(in super::super) host_network: bool,
    /// The secrets to mask in every text of it; `None` while they are unknown.
    pub(in super::super) secrets: Option<Patterns>,
}

impl Details {
    /// Masks the secrets in a status or another text that the engine has composed.
    pub(super) fn mask(&self, text: &str) -> String {
        let masked = self.secrets.as_ref().map(|secrets| secrets.mask_str(text));
        masked.map_or_else(|| text.to_owned(), Cow::into_owned)
    }

    /// Masks the secrets in the value of a label; masks all of it while the secrets are unknown.
    pub(super) fn mask_label(&self, value: &str) -> String {
        match &self.secrets {
            Some(secrets) => secrets.mask_str(value).into_owned(),
            None => MASK.to_owned(),
        }
    }

    /// The details that stay true when the container is started again.
    pub(in super::super) fn of_next_run(&self) -> Self {
        Self {
            name: self.name.clone(),
            image: self.image.clone(),
            restart_count: self.restart_count,
            host_network: self.host_network,
            secrets: self.secrets.clone(),
            nano_cpus: self.nano_cpus,
            ..Self::default()
        }
    }
}

/// Parses an inspection; `None` when `body` is not JSON.
pub(in super::super) fn details(body: &str) -> Option<Details> {
    let inspected = Json::parse(body)?.fields();
    let state = inspected.get("State").fields();
    let (config, host) = (
        inspected.get("Config").fields(),
        inspected.get("HostConfig").fields(),
    );
    // Docker reports a container that waits for its restart as running, too.
    let is = |name| state.get(name).flag().unwrap_or(false);
    let runs = is("Running") && !is("Restarting");
    let finished_at = time(state.get("FinishedAt")).filter(|_| !runs);
    let word = state.get("Status").text();
    // Podman 3 calls the field `Healthcheck`.
    let checked = ["Health", "Healthcheck"].map(|name| state.get(name).fields().get("Status"));
    let checked = checked.into_iter().find_map(Json::text);
    Some(Details {
        state: word
            .map(|word| state_from_engine(&word))
            .filter(|state| *state != ContainerState::Unknown),
        name: name(inspected.get("Name").texts()),
        image: config.get("Image").text().filter(|image| !image.is_empty()),
        health: checked.and_then(|word| health(&word)),
        started_at: time(state.get("StartedAt")),
        // A container that never ran has exit code 0 and no end.
        exit_code: finished_at.and_then(|_| state.get("ExitCode").number()),
        finished_at,
        restart_count: inspected.get("RestartCount").number(),
        pid: state.get("Pid").number().filter(|pid| *pid > 0),
        host_network: host.get("NetworkMode").text().as_deref() == Some("host"),
        secrets: Some(Patterns::of_inspected(&json!({
            "Name": inspected.get("Name").value(),
            "Config": inspected.get("Config").value(),
        }))),
        nano_cpus: nano_cpus(&host),
    })
}

/// The CPU limit in billionths of a core, set directly or as a quota per period (in microseconds, 100,000
/// by default). Engines write 0 or -1 for "no limit".
fn nano_cpus(host: &Fields<'_>) -> Option<u64> {
    const PERIOD: u64 = 100_000;
    let set = |name| host.get(name).number().filter(|n: &u64| *n > 0);
    let of_quota = || {
        let quota = set("CpuQuota")?.saturating_mul(1_000_000_000);
        quota.checked_div(set("CpuPeriod").unwrap_or(PERIOD))
    };
    set("NanoCpus").or_else(of_quota)
}

/// Engines write the year 1 for "never".
fn time(value: Json<'_>) -> Option<Timestamp> {
    let at: Timestamp = value.text()?.parse().ok()?;
    (at.as_millis() > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Details {
        details(&value.to_string()).unwrap()
    }

    /// The details of an empty inspection, in which no secret was found.
    fn nothing() -> Details {
        Details {
            secrets: Some(Patterns::default()),
            ..Details::default()
        }
    }

    #[test]
    fn a_running_container_has_no_end_and_no_exit_code() {
        let details = read(json!({
            "RestartCount": 2,
            "State": {
                "Running": true, "Pid": 42, "ExitCode": 0,
                "StartedAt": "2025-11-21T01:18:05.042999999Z", "FinishedAt": "2025-11-20T01:18:05Z",
            },
            "HostConfig": {"NetworkMode": "host"},
        }));
        assert_eq!(details.started_at.unwrap().as_millis(), 1_763_687_885_042);
        assert_eq!((details.finished_at, details.exit_code), (None, None));
        assert_eq!((details.pid, details.restart_count), (Some(42), Some(2)));
        assert!(details.host_network);
    }

    #[test]
    fn a_container_that_never_ran_has_no_times_and_no_exit_code() {
        let never = "0001-01-01T00:00:00Z";
        let details = read(json!({"State": {
            "Running": false, "Pid": 0, "ExitCode": 0, "StartedAt": never, "FinishedAt": never,
        }}));
        assert_eq!(details, nothing());
    }

    #[test]
    fn a_container_that_waits_for_its_restart_is_not_running() {
        // Docker reports it as running and restarting at the same time.
        let details = read(json!({"State": {
            "Running": true, "Restarting": true, "Pid": 0, "ExitCode": 78,
            "StartedAt": "2025-11-21T01:18:04Z", "FinishedAt": "2025-11-21T01:18:05Z",
        }}));
        assert_eq!(details.exit_code, Some(78));
        let finished_at = details.finished_at.unwrap();
        assert_eq!(finished_at.as_millis(), 1_763_687_885_000);
    }

    #[test]
    fn a_cpu_limit_is_read_in_either_form() {
        let limit = |host: Value| read(json!({ "HostConfig": host })).nano_cpus;
        let nano = json!({"NanoCpus": 250_000_000});
        assert_eq!(limit(nano), Some(250_000_000));
        let quota = json!({"NanoCpus": 0, "CpuQuota": 50_000, "CpuPeriod": 0});
        assert_eq!(limit(quota), Some(500_000_000));
        let period = json!({"CpuQuota": 50_000, "CpuPeriod": 25_000});
        assert_eq!(limit(period), Some(2_000_000_000));
        let most = json!({"CpuQuota": i64::MAX, "CpuPeriod": 1});
        assert_eq!(limit(most), Some(u64::MAX));
        for none in [json!(0), json!(-1), json!("2"), Value::Null] {
            let host = json!({"NanoCpus": none, "CpuQuota": none, "CpuPeriod": 100_000});
            assert_eq!(limit(host), None, "{none}");
        }
    }

    #[test]
    fn fields_of_another_type_are_unknown() {
        let details = read(json!({
            "RestartCount": -1, "Name": ["/web"], "Config": "none",
            "State": {"Running": "yes", "Status": "asleep", "Pid": 1.5, "Health": [], "ExitCode": 137,
                "StartedAt": 5, "FinishedAt": "2025-11-20T01:18:05Z"},
        }));
        let finished_at = Some(Timestamp::from_millis(1_763_601_485_000));
        let expected = Details {
            name: Some("web".into()),
            finished_at,
            exit_code: Some(137),
            ..nothing()
        };
        assert_eq!(details, expected);
        assert_eq!(super::details("{\"State\":"), None);
    }

    #[test]
    fn the_health_field_of_podman_3_is_read() {
        let details = read(json!({"State": {"Healthcheck": {"Status": "unhealthy"}}}));
        assert_eq!(details.health, Some(Health::Unhealthy));
    }
}
