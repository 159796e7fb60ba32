//! Rollouts of Deployments.

use super::recorded;
use crate::support::{eventually, fake_cluster::FakeCluster};
use serde_json::{Value, json};
use std::time::Duration;

fn web(cluster: &FakeCluster) -> Value {
    cluster.object("Deployment", "shop", "web").unwrap()
}

fn condition<'a>(deployment: &'a Value, kind: &str) -> &'a Value {
    let conditions = deployment["status"]["conditions"].as_array().unwrap();
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind);
    found.unwrap()
}

/// Why the rollout progresses or not, and the counts that a client decides by.
fn state(deployment: &Value) -> (String, [u64; 3]) {
    let reason = condition(deployment, "Progressing")["reason"]
        .as_str()
        .unwrap();
    let counts = ["replicas", "updatedReplicas", "availableReplicas"];
    let count = |name: &str| deployment["status"][name].as_u64().unwrap_or(0);
    (reason.to_owned(), counts.map(count))
}

fn set_image(cluster: &FakeCluster, image: &str) {
    cluster.change("Deployment", "shop", "web", |deployment| {
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        deployment["metadata"]["generation"] = json!(2);
    });
}

#[tokio::test]
async fn a_rollout_passes_through_the_recorded_states() {
    let lines = recorded("watch-deployments-rollout.jsonl");
    let objects = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let objects = objects.map(|mut event| event["object"].take());
    let mut expected: Vec<_> = objects
        .filter(|object| object["metadata"]["name"] == "web")
        .filter(|object| object["status"]["observedGeneration"] == 2)
        .map(|object| state(&object))
        .collect();
    expected.dedup();

    let cluster = FakeCluster::start().with_deployment("shop", "web", 3);
    let before = cluster.pod_names();
    set_image(&cluster, "shop/web:2");
    assert_eq!(web(&cluster)["status"]["observedGeneration"], 1);
    let mut seen = Vec::new();
    while cluster.step() {
        seen.push(state(&web(&cluster)));
        let available = web(&cluster)["status"]["availableReplicas"].as_u64();
        assert!(available >= Some(3), "one pod is missing");
    }
    seen.dedup();
    let order = |all: &[(String, [u64; 3])]| {
        let mut reasons: Vec<_> = all.iter().map(|(reason, _)| reason.clone()).collect();
        reasons.dedup();
        reasons
    };
    assert_eq!(order(&seen), order(&expected));
    for (_, counts) in &expected {
        assert!(
            seen.iter().any(|(_, other)| other == counts),
            "{counts:?} in {seen:?}"
        );
    }
    assert_eq!(seen.last(), expected.last());
    assert_eq!(web(&cluster)["status"]["observedGeneration"], 2);
    let after = cluster.pod_names();
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|name| !before.contains(name)));
    let owner = cluster.pod("shop", &after[0]).object()["metadata"]["ownerReferences"][0].take();
    let set = cluster.object("ReplicaSet", "shop", owner["name"].as_str().unwrap());
    let annotations = &set.unwrap()["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "2");
}

#[tokio::test]
async fn the_former_template_is_rolled_out_by_its_own_replica_set() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 2);
    let set_of = |pod: &str| {
        let pod = cluster.pod("shop", pod).object();
        pod["metadata"]["ownerReferences"][0]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = set_of(&cluster.pod_names()[0]);
    for image in ["shop/web:2", "shop/web:1"] {
        set_image(&cluster, image);
        while cluster.step() {}
    }
    assert_eq!(set_of(&cluster.pod_names()[0]), first);
    let annotations = &web(&cluster)["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3");
}

#[tokio::test]
async fn a_rollout_without_progress_exceeds_its_deadline() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 2);
    cluster.break_image("shop/web:missing");
    cluster.change("Deployment", "shop", "web", |deployment| {
        deployment["spec"]["progressDeadlineSeconds"] = json!(1);
    });
    set_image(&cluster, "shop/web:missing");
    let _running = cluster.run_controller(Duration::from_millis(5));
    eventually("the deadline is exceeded", async || {
        condition(&web(&cluster), "Progressing")["reason"] == "ProgressDeadlineExceeded"
    })
    .await;
    let deployment = web(&cluster);
    assert_eq!(condition(&deployment, "Progressing")["status"], "False");
    assert_eq!(condition(&deployment, "Available")["status"], "True");
    assert_eq!(deployment["status"]["availableReplicas"], 2);
    assert_eq!(deployment["status"]["unavailableReplicas"], 1);
}

#[tokio::test]
async fn a_paused_rollout_waits_until_it_is_resumed() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 2);
    let before = cluster.pod_names();
    let pause = |paused: bool| {
        cluster.change("Deployment", "shop", "web", |deployment| {
            deployment["spec"]["paused"] = json!(paused);
        });
    };
    pause(true);
    set_image(&cluster, "shop/web:2");
    while cluster.step() {}
    assert_eq!(
        condition(&web(&cluster), "Progressing")["reason"],
        "DeploymentPaused"
    );
    assert_eq!(cluster.pod_names(), before);
    pause(false);
    while cluster.step() {}
    assert_eq!(
        condition(&web(&cluster), "Progressing")["reason"],
        "NewReplicaSetAvailable"
    );
    assert_ne!(cluster.pod_names(), before);
}

#[tokio::test]
async fn a_lost_pod_is_replaced_in_a_recorded_deployment() {
    let cluster = FakeCluster::start()
        .with_list(&recorded("deployments.json"))
        .with_list(&recorded("replicasets.json"))
        .with_list(&recorded("pods.json"));
    let before = cluster.pod_names();
    cluster.pod("shop", "web-7cdf8b7f57-5vww8").delete();
    while cluster.step() {}
    let after = cluster.pod_names();
    let new = after.iter().filter(|name| !before.contains(name));
    assert!(new.clone().all(|name| name.starts_with("web-7cdf8b7f57-")));
    assert_eq!((new.count(), after.len()), (1, before.len()));
}
