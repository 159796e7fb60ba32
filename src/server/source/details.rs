//! Converts an engine's description of a container to [`ContainerDetails`].
//!
//! Its input was masked by [`super::inspect::mask_inspect`], so that it cannot reveal a secret.

use crate::model::{
    Attachment, CheckResult, ContainerDetails, HealthCheck, Limits, Mount, Timestamp, Variable,
};
use serde_json::Value;

/// Most health check results shown: as many as engines keep.
const MAX_RESULTS: usize = 5;
/// Most characters of a health check's output shown; engines keep up to 4 KiB.
const MAX_OUTPUT: usize = 500;
/// CPU limits are in billionths of a core.
const NANO: f64 = 1e9;

/// Converts a masked description; missing fields and fields of another type are unknown.
pub(super) fn read(inspected: &Value) -> ContainerDetails {
    let (config, host) = (&inspected["Config"], &inspected["HostConfig"]);
    let state = &inspected["State"];
    ContainerDetails {
        limits: limits(host),
        restart_policy: restart_policy(&host["RestartPolicy"]),
        entrypoint: texts(&config["Entrypoint"]),
        command: texts(&config["Cmd"]),
        working_dir: text(&config["WorkingDir"]),
        user: text(&config["User"]),
        env: texts(&config["Env"])
            .iter()
            .map(|it| variable(it))
            .collect(),
        mounts: items(&inspected["Mounts"]).iter().map(mount).collect(),
        networks: networks(inspected.pointer("/NetworkSettings/Networks")),
        health_check: health_check(&config["Healthcheck"], &state["Health"]),
        oom_killed: state["OOMKilled"].as_bool().unwrap_or(false),
        error: text(&state["Error"]),
    }
}

fn limits(host: &Value) -> Limits {
    // Engines write 0 or -1 for "no limit".
    let limit = |name: &str| {
        host[name]
            .as_i64()
            .and_then(|n| u64::try_from(n).ok())
            .filter(|n| *n > 0)
    };
    let nano = limit("NanoCpus").map(|nano| nano as f64 / NANO);
    let quota = || {
        let (quota, period) = (limit("CpuQuota")?, limit("CpuPeriod").unwrap_or(100_000));
        Some(quota as f64 / period as f64)
    };
    Limits {
        cpus: nano.or_else(quota).map(|cpus| cpus as f32),
        memory: limit("Memory"),
        pids: limit("PidsLimit"),
    }
}

fn restart_policy(policy: &Value) -> String {
    let name = text(&policy["Name"]);
    match (name.as_str(), policy["MaximumRetryCount"].as_u64()) {
        ("", _) => "no".to_owned(),
        ("on-failure", Some(count @ 1..)) => format!("{name}:{count}"),
        _ => name,
    }
}

fn variable(assignment: &str) -> Variable {
    let (name, value) = assignment.split_once('=').unwrap_or((assignment, ""));
    Variable {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn mount(mount: &Value) -> Mount {
    let name = text(&mount["Name"]);
    Mount {
        kind: text(&mount["Type"]),
        source: if name.is_empty() {
            text(&mount["Source"])
        } else {
            name
        },
        target: text(&mount["Destination"]),
        writable: mount["RW"].as_bool().unwrap_or(true),
    }
}

fn networks(networks: Option<&Value>) -> Vec<Attachment> {
    let networks = networks.and_then(Value::as_object).into_iter().flatten();
    networks
        .map(|(name, network)| Attachment {
            network: name.clone(),
            addresses: ["IPAddress", "GlobalIPv6Address"]
                .iter()
                .map(|field| text(&network[*field]))
                .filter(|address| !address.is_empty())
                .collect(),
        })
        .collect()
}

fn health_check(check: &Value, health: &Value) -> Option<HealthCheck> {
    let command = texts(&check["Test"]);
    let is_off = command.is_empty() || command.first().is_some_and(|first| first == "NONE");
    let results = items(&health["Log"]);
    if is_off && results.is_empty() {
        return None;
    }
    let streak = health["FailingStreak"].as_u64();
    Some(HealthCheck {
        // A leading `CMD` or `CMD-SHELL` is how the command is run, not a part of it.
        command: command
            .into_iter()
            .skip_while(|word| word.starts_with("CMD"))
            .collect(),
        interval_ms: check["Interval"].as_u64().unwrap_or(0) / 1_000_000,
        failing_streak: streak.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        results: results
            .iter()
            .rev()
            .take(MAX_RESULTS)
            .map(check_result)
            .collect(),
    })
}

fn check_result(result: &Value) -> CheckResult {
    let at: Option<Timestamp> = result["Start"].as_str().and_then(|at| at.parse().ok());
    let code = result["ExitCode"].as_i64();
    CheckResult {
        at: at.unwrap_or_default(),
        exit_code: code.and_then(|code| i32::try_from(code).ok()).unwrap_or(-1),
        output: text(&result["Output"])
            .trim()
            .chars()
            .take(MAX_OUTPUT)
            .collect(),
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The strings of an array. A single string counts as an array of one: some engines write `Entrypoint` and
/// `Cmd` like that.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        value => items(value).iter().map(text).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_complete_description_is_read() {
        let details = read(&json!({
            "State": {
                "OOMKilled": true, "Error": "no space",
                "Health": {"Status": "unhealthy", "FailingStreak": 3, "Log": [
                    {"Start": "2025-11-21T01:18:05Z", "ExitCode": 0, "Output": "ok\n"},
                    {"Start": "2025-11-21T01:18:35Z", "ExitCode": 1, "Output": "refused"},
                ]},
            },
            "Config": {
                "Entrypoint": ["/entry"], "Cmd": ["serve", "-v"], "WorkingDir": "/app", "User": "app",
                "Env": ["A=••••••", "EMPTY=", "BARE"],
                "Healthcheck": {"Test": ["CMD-SHELL", "curl localhost"], "Interval": 30_000_000_000_u64},
            },
            "HostConfig": {
                "NanoCpus": 1_500_000_000, "Memory": 268_435_456, "PidsLimit": 100,
                "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
            },
            "Mounts": [
                {"Type": "volume", "Name": "data", "Source": "/var/lib/x", "Destination": "/data", "RW": true},
                {"Type": "bind", "Source": "/etc/x", "Destination": "/x", "RW": false},
            ],
            "NetworkSettings": {"Networks": {"shop": {"IPAddress": "172.20.0.4", "GlobalIPv6Address": ""}}},
        }));
        assert_eq!(details.limits.cpus, Some(1.5));
        assert_eq!(
            (details.limits.memory, details.limits.pids),
            (Some(268_435_456), Some(100))
        );
        assert_eq!(details.restart_policy, "on-failure:5");
        assert_eq!(
            (details.entrypoint, details.command),
            (vec!["/entry".into()], vec!["serve".into(), "-v".into()])
        );
        let names: Vec<_> = details
            .env
            .iter()
            .map(|it| (it.name.as_str(), it.value.as_str()))
            .collect();
        assert_eq!(names, [("A", "••••••"), ("EMPTY", ""), ("BARE", "")]);
        assert_eq!(details.mounts[0].source, "data");
        assert!(!details.mounts[1].writable);
        assert_eq!(details.networks[0].addresses, ["172.20.0.4"]);
        let check = details.health_check.unwrap();
        assert_eq!(
            (check.command, check.interval_ms, check.failing_streak),
            (vec!["curl localhost".into()], 30_000, 3)
        );
        assert_eq!(
            (check.results[0].exit_code, check.results[1].output.as_str()),
            (1, "ok")
        );
        assert!(details.oom_killed);
    }

    #[test]
    fn a_quota_is_a_cpu_limit_and_zero_is_no_limit() {
        let details = read(&json!({"HostConfig": {
            "CpuQuota": 50_000, "CpuPeriod": 100_000, "Memory": 0, "PidsLimit": -1, "NanoCpus": 0,
        }}));
        assert_eq!(
            details.limits,
            Limits {
                cpus: Some(0.5),
                ..Limits::default()
            }
        );
        assert_eq!(details.restart_policy, "no");
        assert_eq!(details.health_check, None);
        assert_eq!(read(&json!("nonsense")).mounts, []);
    }
}
