//! Tokens, rights, and the reviews by which a client asks for them.

use super::{get, json, names, parsed, recorded, send};
use crate::support::fake_cluster::FakeCluster;
use reqwest::Method;
use serde_json::{Value, json};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1";

async fn with_token(cluster: &FakeCluster, token: &str) -> u16 {
    let request = reqwest::Client::new().get(format!("{}/api/v1/pods", cluster.address()));
    let answer = request.bearer_auth(token).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn only_the_present_token_is_accepted() {
    let cluster = FakeCluster::start();
    cluster.require_token("first");
    let refusal = json(&cluster, "/api/v1/pods").await;
    assert_eq!(refusal, (401, parsed(&recorded("status-401.json"))));
    assert_eq!(with_token(&cluster, "first").await, 200);
    cluster.require_token("second");
    assert_eq!(with_token(&cluster, "first").await, 401);
    assert_eq!(with_token(&cluster, "second").await, 200);
}

#[tokio::test]
async fn a_refusal_has_the_recorded_words() {
    let cluster = FakeCluster::start();
    cluster.allow_nothing();
    let mut recorded = parsed(&recorded("status-403-anonymous.json"));
    let words = recorded["message"].as_str().unwrap();
    recorded["message"] = words.replace("system:anonymous", "deckwatch").into();
    assert_eq!(json(&cluster, "/api/v1/pods").await, (403, recorded));
    let deployment = "/apis/apps/v1/namespaces/shop/deployments/web";
    let (_, refusal) = json(&cluster, deployment).await;
    assert_eq!(
        refusal["message"],
        "deployments.apps \"web\" is forbidden: User \"deckwatch\" cannot get resource \
         \"deployments\" in API group \"apps\" in the namespace \"shop\"",
    );
    let details = json!({ "group": "apps", "kind": "deployments", "name": "web" });
    assert_eq!(refusal["details"], details);
}

#[tokio::test]
async fn a_right_in_one_namespace_is_none_in_the_cluster() {
    let cluster = FakeCluster::start().with_pods(1);
    cluster.allow_nothing();
    cluster.allow(Some("shop"), &["list"], &["pods"]);
    cluster.allow(None, &["get"], &["nodes/proxy"]);
    assert_eq!(
        names(&cluster, "/api/v1/namespaces/shop/pods").await,
        ["web-1"]
    );
    let stats = "/api/v1/nodes/node-1/proxy/stats/summary";
    assert_eq!(get(&cluster, stats).await.status(), 200);
    for path in [
        "/api/v1/pods",
        "/api/v1/namespaces/other/pods",
        "/api/v1/namespaces/shop/pods?watch=true",
        "/api/v1/namespaces/shop/pods/web-1/log",
        "/api/v1/nodes/node-1",
        "/apis/metrics.k8s.io/v1beta1/nodes",
    ] {
        assert_eq!(get(&cluster, path).await.status(), 403, "{path}");
    }
    assert_eq!(get(&cluster, "/version").await.status(), 200);
}

async fn review(cluster: &FakeCluster, kind: &str, spec: Value) -> Value {
    let body = json!({ "spec": spec });
    let path = format!("{REVIEWS}/{kind}");
    let answer = send(cluster, Method::POST, &path, ("application/json", body)).await;
    assert_eq!(answer.status(), 201);
    let mut review: Value = answer.json().await.unwrap();
    review["status"].take()
}

#[tokio::test]
async fn reviews_answer_from_the_rights() {
    let cluster = FakeCluster::start();
    cluster.allow_nothing();
    cluster.allow(
        Some("shop"),
        &["patch"],
        &["deployments", "deployments/scale"],
    );
    for (namespace, verb, subresource, allowed) in [
        ("shop", "patch", "", true),
        ("shop", "patch", "scale", true),
        ("shop", "delete", "", false),
        ("other", "patch", "", false),
        ("", "patch", "", false),
    ] {
        let asked = json!({
            "namespace": namespace, "verb": verb, "group": "apps", "resource": "deployments",
            "subresource": subresource,
        });
        let spec = json!({ "resourceAttributes": asked });
        let status = review(&cluster, "selfsubjectaccessreviews", spec).await;
        assert_eq!(status["allowed"], allowed, "{asked}");
    }
    for (namespace, count) in [("shop", 1), ("other", 0)] {
        let spec = json!({ "namespace": namespace });
        let status = review(&cluster, "selfsubjectrulesreviews", spec).await;
        assert_eq!(status["resourceRules"].as_array().unwrap().len(), count);
    }
}
