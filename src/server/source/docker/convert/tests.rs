use super::*;
use bollard::models::{ContainerState as EngineState, HostConfig, PortSummaryTypeEnum};

fn summary(json: serde_json::Value) -> ContainerSummary {
    serde_json::from_value(json).unwrap()
}

fn port_of(ip: Option<&str>, private: u16, public: Option<u16>) -> PortSummary {
    PortSummary {
        ip: ip.map(str::to_owned),
        private_port: private,
        public_port: public,
        typ: Some(PortSummaryTypeEnum::TCP),
    }
}

#[test]
fn a_list_entry_is_read() {
    let id = "ab".repeat(32);
    let listed = listed(
        summary(serde_json::json!({
            "Id": id, "Names": ["/other/alias", "/web"], "Image": "nginx:1.27",
            "State": "running", "Status": "Up 3 minutes (healthy)", "Created": 1_763_687_000,
            "Labels": {"com.docker.compose.project": "shop", "api_key": "x", "deckwatch.protect": "true"},
        })),
        None,
    )
    .unwrap();
    assert_eq!(listed.id.to_string(), id);
    assert_eq!(listed.name, "web");
    assert_eq!(listed.state, ContainerState::Running);
    assert_eq!(listed.created.as_millis(), 1_763_687_000_000);
    assert_eq!(listed.project.as_deref(), Some("shop"));
    assert_eq!(listed.labels["api_key"], redact::MASK);
    assert!(listed.protected);
}

#[test]
fn an_entry_of_nothing_but_an_id_is_read() {
    let listed = listed(summary(serde_json::json!({"Id": "cd".repeat(32)})), None).unwrap();
    assert_eq!(listed.name, "cdcdcdcdcdcd");
    assert_eq!(listed.state, ContainerState::Unknown);
}

#[test]
fn hidden_containers_and_bad_ids_are_left_out() {
    let labels = serde_json::json!({"deckwatch.hide": "true"});
    let hidden = summary(serde_json::json!({"Id": "ab".repeat(32), "Labels": labels}));
    assert_eq!(listed(hidden, None), Err(Omitted::Hidden));
    let bad = summary(serde_json::json!({"Id": "../../version"}));
    assert_eq!(listed(bad, None), Err(Omitted::BadId));
}

#[test]
fn deckwatchs_own_container_is_protected() {
    let id: ContainerId = "ab".repeat(32).parse().unwrap();
    let entry = || summary(serde_json::json!({"Id": "ab".repeat(32)}));
    assert!(listed(entry(), Some(id)).unwrap().protected);
    assert!(!listed(entry(), None).unwrap().protected);
}

#[test]
fn a_port_on_all_addresses_is_told_once() {
    let ports = ports(vec![
        port_of(Some("::"), 443, Some(8443)),
        port_of(Some("0.0.0.0"), 443, Some(8443)),
        port_of(None, 80, None),
        port_of(None, 80, None),
        port_of(Some("::"), 9000, Some(9000)),
    ]);
    let told: Vec<_> = ports
        .iter()
        .map(|port| (port.ip.as_deref(), port.private_port, port.public_port))
        .collect();
    assert_eq!(
        told,
        [
            (None, 80, None),
            (Some("0.0.0.0"), 443, Some(8443)),
            (Some("::"), 9000, Some(9000)),
        ]
    );
}

#[test]
fn a_run_that_goes_on_has_no_end_and_no_exit_code() {
    let inspected = ContainerInspectResponse {
        restart_count: Some(2),
        state: Some(EngineState {
            running: Some(true),
            pid: Some(42),
            exit_code: Some(0),
            started_at: Some("2025-11-21T01:18:05.042999999Z".into()),
            finished_at: Some("2025-11-20T01:18:05Z".into()),
            ..EngineState::default()
        }),
        host_config: Some(HostConfig {
            network_mode: Some("host".into()),
            ..HostConfig::default()
        }),
        ..ContainerInspectResponse::default()
    };
    let details = details(inspected);
    assert_eq!(details.started_at.unwrap().as_millis(), 1_763_687_885_042);
    assert_eq!((details.finished_at, details.exit_code), (None, None));
    assert_eq!((details.pid, details.restart_count), (Some(42), Some(2)));
    assert!(details.host_network);
}

#[test]
fn a_container_that_never_ran_has_no_times_and_no_exit_code() {
    let never = Some("0001-01-01T00:00:00Z".to_owned());
    let inspected = ContainerInspectResponse {
        state: Some(EngineState {
            running: Some(false),
            pid: Some(0),
            exit_code: Some(0),
            started_at: never.clone(),
            finished_at: never,
            ..EngineState::default()
        }),
        ..ContainerInspectResponse::default()
    };
    assert_eq!(details(inspected), Details::default());
}

#[test]
fn status_text_tells_the_health() {
    let told = [
        ("Up 3 minutes (healthy)", Some(Health::Healthy)),
        ("Up 3 seconds (health: starting)", Some(Health::Starting)),
        ("Up 3 minutes (unhealthy)", Some(Health::Unhealthy)),
        ("Up 3 minutes (Paused)", None),
        ("Exited (137) 2 minutes ago", None),
        ("", None),
    ];
    for (status, health) in told {
        assert_eq!(health_in_status(status), health, "{status}");
    }
}
