//! Figures of pods and nodes.

use super::{get, json, names, recorded};
use crate::support::{
    fake_cluster::{FakeCluster, Metrics},
    fake_server::Raw,
};

const METRICS: &str = "/apis/metrics.k8s.io/v1beta1";
const SUMMARY: &str = "/api/v1/nodes/node-1/proxy/stats/summary";

#[tokio::test]
async fn the_metrics_server_is_present_absent_or_unavailable() {
    let cluster = FakeCluster::start().with_pods(2);
    cluster.pod("shop", "web-1").set_usage(250, 64 << 20);
    let pods = format!("{METRICS}/namespaces/shop/pods");
    assert_eq!(names(&cluster, &pods).await, ["web-1", "web-2"]);
    let (_, pod) = json(&cluster, &format!("{pods}/web-1")).await;
    let usage = &pod["containers"][0]["usage"];
    assert_eq!(
        (&usage["cpu"], &usage["memory"]),
        (&"250000000n".into(), &"65536Ki".into())
    );
    let (_, node) = json(&cluster, &format!("{METRICS}/nodes/node-1")).await;
    assert_eq!(node["usage"]["cpu"], "262000000n");

    cluster.set_metrics(Metrics::Absent);
    let absent = get(&cluster, &pods).await;
    assert_eq!(absent.status(), 404);
    let body = absent.text().await.unwrap();
    // The recording ends with the status, which is not part of the body.
    assert_eq!(format!("{body}\n404\n"), recorded("metrics-missing.txt"));
    cluster.set_metrics(Metrics::Unavailable);
    assert_eq!(get(&cluster, &pods).await.status(), 503);
}

#[tokio::test]
async fn a_kubelet_summarizes_the_pods_of_its_node() {
    let cluster = FakeCluster::start().with_pods(1);
    cluster.pod("shop", "web-1").set_usage(250, 64 << 20);
    let (_, summary) = json(&cluster, SUMMARY).await;
    let pod = &summary["pods"][0];
    assert_eq!(
        pod["podRef"]["uid"],
        cluster.pod("shop", "web-1").uid().as_str()
    );
    assert_eq!(pod["containers"][0]["cpu"]["usageNanoCores"], 250_000_000);
    assert_eq!(summary["node"]["memory"]["workingSetBytes"], 64 << 20);
    let recorded = recorded("node-stats-summary.json").into_bytes();
    cluster.answer(&format!("GET {SUMMARY}"), Raw::Body(recorded));
    let (_, summary) = json(&cluster, SUMMARY).await;
    assert_eq!(summary["pods"][0]["podRef"]["namespace"], "shop");
}
