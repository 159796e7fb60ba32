//! Requests that change objects.

use super::{json, send};
use crate::support::fake_cluster::FakeCluster;
use reqwest::Method;
use serde_json::{Value, json};

const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MERGE: &str = "application/merge-patch+json";

async fn patch(cluster: &FakeCluster, path: &str, kind: &str, body: Value) -> (u16, Value) {
    let answer = send(cluster, Method::PATCH, path, (kind, body)).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_strategic_patch_merges_containers_by_name() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 1);
    let containers = json!([{ "name": "app", "image": "shop/web:2" }]);
    let order = json!([{ "name": "app" }]);
    let spec = json!({ "$setElementOrder/containers": order, "containers": containers });
    let body = json!({ "spec": { "template": { "spec": spec } } });
    let (status, patched) = patch(&cluster, WEB, STRATEGIC, body.clone()).await;
    assert_eq!(status, 200);
    let container = &patched["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "shop/web:2");
    assert_eq!(container["resources"]["limits"]["cpu"], "500m");
    assert_eq!(patched["metadata"]["generation"], 2);
    assert_eq!(patched["status"]["observedGeneration"], 1);
    // The same patch changes nothing, and a merge patch replaces the list.
    let version = patched["metadata"]["resourceVersion"].clone();
    let (_, same) = patch(&cluster, WEB, STRATEGIC, body.clone()).await;
    assert_eq!(same["metadata"]["resourceVersion"], version);
    let (_, replaced) = patch(&cluster, WEB, MERGE, body).await;
    let container = &replaced["spec"]["template"]["spec"]["containers"][0];
    assert!(container["resources"].is_null(), "{container}");
    let (status, _) = patch(&cluster, WEB, "application/json-patch+json", json!([])).await;
    assert_eq!(status, 415);
}

#[tokio::test]
async fn null_removes_and_a_stale_version_conflicts() {
    let cluster = FakeCluster::start();
    let node = "/api/v1/nodes/node-1";
    let body = json!({ "spec": { "unschedulable": true } });
    let (_, cordoned) = patch(&cluster, node, STRATEGIC, body).await;
    assert_eq!(cordoned["spec"]["unschedulable"], true);
    let body = json!({ "spec": { "unschedulable": null } });
    let (_, uncordoned) = patch(&cluster, node, STRATEGIC, body).await;
    assert_eq!(uncordoned["spec"], json!({}));
    let put = send(&cluster, Method::PUT, node, ("application/json", cordoned)).await;
    assert_eq!(put.status(), 409);
    let put = send(
        &cluster,
        Method::PUT,
        node,
        ("application/json", uncordoned),
    )
    .await;
    assert_eq!(put.status(), 200);
}

#[tokio::test]
async fn the_scale_of_a_workload_is_read_and_changed() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 2);
    let path = format!("{WEB}/scale");
    let (_, mut scale) = json(&cluster, &path).await;
    assert_eq!(
        (&scale["kind"], &scale["spec"]["replicas"]),
        (&json!("Scale"), &json!(2))
    );
    assert_eq!(
        scale["status"],
        json!({ "replicas": 2, "selector": "app=web" })
    );
    scale["spec"]["replicas"] = json!(3);
    let put = send(&cluster, Method::PUT, &path, ("application/json", scale)).await;
    assert_eq!(put.status(), 200);
    assert_eq!(
        cluster.object("Deployment", "shop", "web").unwrap()["spec"]["replicas"],
        3
    );
    let (_, scale) = patch(&cluster, &path, MERGE, json!({ "spec": { "replicas": 1 } })).await;
    assert_eq!(scale["spec"]["replicas"], 1);
    while cluster.step() {}
    assert_eq!(cluster.pod_names().len(), 1);
}

#[tokio::test]
async fn a_deleted_pod_is_terminating_until_its_kubelet_has_ended_it() {
    let cluster = FakeCluster::start().with_pods(2);
    let of = |name: &str| format!("/api/v1/namespaces/shop/pods/{name}");
    let delete = async |path: &str, options: Value| {
        let body = ("application/json", options);
        send(&cluster, Method::DELETE, path, body).await.status()
    };
    assert_eq!(
        delete(&of("web-1"), json!({ "gracePeriodSeconds": 5 })).await,
        200
    );
    let (_, pod) = json(&cluster, &of("web-1")).await;
    assert!(pod["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(pod["metadata"]["deletionGracePeriodSeconds"], 5);
    assert!(cluster.step());
    assert_eq!(json(&cluster, &of("web-1")).await.0, 404);
    let at_once = format!("{}?gracePeriodSeconds=0", of("web-2"));
    assert_eq!(delete(&at_once, Value::Null).await, 200);
    assert_eq!(delete(&at_once, Value::Null).await, 404);
    let create = send(
        &cluster,
        Method::POST,
        &of(""),
        ("application/json", json!({})),
    )
    .await;
    assert_eq!(create.status(), 405);
}
