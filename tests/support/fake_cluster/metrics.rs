//! Figures: `metrics.k8s.io`, and the kubelets' summaries.

use super::{
    answers::{json_body, not_found, not_found_page, text},
    lists::list_of,
    pods::is_ready,
    select::Selection,
    target::{Asked, Target},
    time,
    world::World,
};
use axum::response::Response;
use serde_json::{Value, json};

/// What a pod uses of which a test says nothing: millicores and bytes.
const USUAL: (u64, u64) = (12, 32 << 20);

/// Whether the cluster has a metrics server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metrics {
    Present,
    Absent,
    /// It is installed, and does not run.
    Unavailable,
}

impl Metrics {
    pub(super) fn failure(self) -> Response {
        match self {
            Self::Unavailable => text(503, "service unavailable\n"),
            Self::Present | Self::Absent => not_found_page(),
        }
    }
}

/// The response of `metrics.k8s.io`.
pub(super) fn metrics(world: &World, target: &Target, asked: &Asked) -> Response {
    if world.metrics != Metrics::Present {
        return world.metrics.failure();
    }
    let selection = Selection::of(target, &asked.query);
    let objects = world.list(target.kind.plural).map(|(_, object)| object);
    let objects = objects.filter(|object| selection.matches(object));
    let of_pods = target.kind.plural == "pods";
    let mut all: Vec<Value> = if of_pods {
        let running = objects.filter(|pod| is_ready(pod));
        running.map(|pod| pod_metrics(world, pod)).collect()
    } else {
        objects.map(|node| node_metrics(world, node)).collect()
    };
    if target.name.is_empty() {
        return json_body(&list_of(target.kind, json!({}), all));
    }
    let is_it = |metrics: &Value| metrics["metadata"]["name"] == target.name.as_str();
    match all.iter().position(is_it) {
        Some(at) => json_body(&all.swap_remove(at)),
        None => not_found(target.kind, &target.name),
    }
}

fn described(kind: &str, object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({
        "kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "timestamp": time::now(),
        "window": "15.021s",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"],
            "labels": metadata["labels"], "creationTimestamp": time::now(),
        },
    })
}

fn pod_metrics(world: &World, pod: &Value) -> Value {
    let mut metrics = described("PodMetrics", pod);
    let containers = containers(world, pod).into_iter();
    let containers = containers.map(|(name, used)| json!({ "name": name, "usage": usage(used) }));
    metrics["containers"] = containers.collect();
    metrics
}

fn node_metrics(world: &World, node: &Value) -> Value {
    let mut metrics = described("NodeMetrics", node);
    metrics["usage"] = usage(total(
        pods_of(world, &node["metadata"]["name"]).map(|pod| used(world, pod)),
    ));
    metrics
}

/// The response of the kubelet of the node `name`: `stats/summary`.
pub(super) fn summary(world: &World, target: &Target) -> Response {
    let Some(node) = world.get(&target.key()) else {
        return not_found(target.kind, &target.name);
    };
    let name = &node["metadata"]["name"];
    let figures = |name: Option<&str>, used: (u64, u64)| {
        let mut figures = json!({
            "cpu": { "time": time::now(), "usageNanoCores": used.0 * 1_000_000 },
            "memory": { "time": time::now(), "usageBytes": used.1, "workingSetBytes": used.1 },
        });
        if let Some(name) = name {
            figures["name"] = json!(name);
        }
        figures
    };
    let pods = pods_of(world, name).map(|pod| {
        let metadata = &pod["metadata"];
        let mut summary = figures(None, used(world, pod));
        summary["podRef"] = json!({
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
        });
        let containers = containers(world, pod).into_iter();
        let containers = containers.map(|(name, used)| figures(Some(&name), used));
        summary["containers"] = containers.collect();
        summary
    });
    let mut of_node = figures(
        None,
        total(pods_of(world, name).map(|pod| used(world, pod))),
    );
    of_node["nodeName"] = name.clone();
    json_body(&json!({ "node": of_node, "pods": pods.collect::<Vec<_>>() }))
}

/// The running pods of a node.
fn pods_of<'a>(world: &'a World, node: &'a Value) -> impl Iterator<Item = &'a Value> {
    let pods = world.list("pods").map(|(_, pod)| pod);
    pods.filter(move |pod| pod["spec"]["nodeName"] == *node && is_ready(pod))
}

fn used(world: &World, pod: &Value) -> (u64, u64) {
    let uid = pod["metadata"]["uid"].as_str().unwrap();
    world.usage.get(uid).copied().unwrap_or(USUAL)
}

fn total(used: impl Iterator<Item = (u64, u64)>) -> (u64, u64) {
    used.fold((0, 0), |sum, used| (sum.0 + used.0, sum.1 + used.1))
}

/// The containers of a pod and what they use: the first one everything.
fn containers(world: &World, pod: &Value) -> Vec<(String, (u64, u64))> {
    let containers = pod["spec"]["containers"].as_array().unwrap().iter();
    let names = containers.map(|container| container["name"].as_str().unwrap().to_owned());
    let used = used(world, pod);
    let shares = std::iter::once(used).chain(std::iter::repeat((0, 0)));
    names.zip(shares).collect()
}

/// Quantities as the metrics server writes them.
fn usage((millicores, bytes): (u64, u64)) -> Value {
    json!({ "cpu": format!("{}n", millicores * 1_000_000), "memory": format!("{}Ki", bytes / 1_024) })
}
