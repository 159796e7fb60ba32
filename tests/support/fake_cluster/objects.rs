//! Objects as tests begin with them, and their relations.

use super::{pods, world::World};
use serde_json::{Value, json};

/// Letters of generated names: without vowels, so that they are no words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

pub(super) fn namespace(name: &str) -> Value {
    json!({
        "kind": "Namespace", "apiVersion": "v1",
        "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } },
        "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" },
    })
}

/// The node of all pods.
pub(super) fn node() -> Value {
    let capacity =
        json!({ "cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi" });
    json!({
        "kind": "Node", "apiVersion": "v1",
        "metadata": { "name": "node-1", "labels": { "kubernetes.io/hostname": "node-1" } },
        "spec": {},
        "status": {
            "capacity": capacity, "allocatable": capacity,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "kubelet is posting ready status",
            }],
            "addresses": [{ "type": "InternalIP", "address": "10.88.0.1" }],
            "nodeInfo": { "kubeletVersion": "v1.36.0", "operatingSystem": "linux" },
        },
    })
}

/// A pod of nothing but itself, which has just been started.
pub(super) fn running_pod(namespace: &str, name: &str) -> Value {
    let mut pod = pods::pending(namespace, name, pods::spec("shop/web:1"));
    pods::set_waiting(&mut pod, "ContainerCreating");
    pods::set_running(&mut pod);
    pod
}

/// A Deployment that no controller has seen yet.
pub(super) fn deployment(namespace: &str, name: &str, replicas: usize) -> Value {
    let labels = json!({ "app": name });
    json!({
        "kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": {
            "name": name, "namespace": namespace, "generation": 1, "labels": labels,
            "annotations": {},
        },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": pods::spec("shop/web:1") },
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": { "maxUnavailable": 0, "maxSurge": 1 },
            },
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
        },
        "status": {},
    })
}

/// The objects of a kind whose owner is `owner`.
pub(super) fn owned_by(world: &World, plural: &'static str, owner: &Value) -> Vec<Value> {
    let all = world.list(plural).map(|(_, object)| object);
    let is_owned = |object: &&Value| {
        let owners = object["metadata"]["ownerReferences"].as_array();
        let mut owners = owners.into_iter().flatten();
        owners.any(|reference| reference["uid"] == owner["metadata"]["uid"])
    };
    all.filter(is_owned).cloned().collect()
}

/// A name of `length` letters that depends only on `seed`.
pub(super) fn name_after(seed: &str, length: usize) -> String {
    let mut hash = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let letters = (0..length).map(|_| {
        let letter = LETTERS[usize::try_from(hash % 27).unwrap()];
        hash /= 27;
        char::from(letter)
    });
    letters.collect()
}
