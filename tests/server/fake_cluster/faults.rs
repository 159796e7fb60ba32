//! Faults of the API server.

use super::{get, json, names};
use crate::support::{PATIENCE, fake_cluster::FakeCluster};

#[tokio::test]
async fn every_fault_is_an_error_and_ends() {
    let cluster = FakeCluster::start().with_pods(1);
    let faults: [fn(&FakeCluster); 3] = [
        FakeCluster::refuse,
        FakeCluster::answer_garbage,
        FakeCluster::half_json,
    ];
    for fault in faults {
        fault(&cluster);
        let url = format!("{}/api/v1/pods", cluster.address());
        let request = reqwest::Client::new().get(url).timeout(PATIENCE);
        let pods = async { request.send().await?.json::<serde_json::Value>().await };
        assert!(pods.await.is_err());
        cluster.recover();
        assert_eq!(names(&cluster, "/api/v1/pods").await, ["web-1"]);
    }
}

#[tokio::test]
async fn a_route_fails_with_any_status_and_others_work() {
    let cluster = FakeCluster::start().with_pods(1);
    for status in [401, 403, 410, 500, 503] {
        cluster.fail("GET /api/v1/pods", status);
        let (code, refusal) = json(&cluster, "/api/v1/pods?limit=500").await;
        assert_eq!((code, &refusal["code"]), (status, &status.into()));
        assert_eq!(refusal["kind"], "Status");
        assert_eq!(names(&cluster, "/api/v1/nodes").await, ["node-1"]);
    }
    cluster.throttle("GET /api", 2);
    cluster.throttle("GET /api/v1/pods", 7);
    let throttled = get(&cluster, "/api/v1/pods").await;
    assert_eq!(
        (
            throttled.status().as_u16(),
            &throttled.headers()["retry-after"]
        ),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(cluster.count("GET /api/v1/pods"), 6);
    assert_eq!(cluster.requests()[0], "GET /api/v1/pods?limit=500");
}
