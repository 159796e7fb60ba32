//! Requests that change objects.

use super::{
    answers::{bad_request, conflict, json_body, not_found, unsupported},
    patch::Merge,
    pods,
    target::{Asked, Target},
    world::World,
};
use axum::response::Response;
use serde_json::{Value, json};

pub(super) fn change(world: &mut World, target: &Target, asked: &Asked) -> Response {
    let Some(before) = world.get(&target.key()).cloned() else {
        return not_found(target.kind, &target.name);
    };
    if asked.method == "DELETE" {
        return delete(world, target, asked);
    }
    let is_scale = target.subresource == "scale";
    let seen = if is_scale {
        scale_of(&before)
    } else {
        before.clone()
    };
    if asked.method == "GET" {
        return json_body(&seen);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else {
        return bad_request("the body of the request is not JSON");
    };
    let wanted = match asked.method.as_str() {
        "PUT" => body,
        _ => {
            let Some(merge) = Merge::of(&asked.content_type) else {
                let message = "the body of the request was in an unknown format";
                return unsupported(415, "UnsupportedMediaType", message);
            };
            let mut patched = seen;
            merge.apply(&mut patched, &body);
            patched
        }
    };
    let version = &wanted["metadata"]["resourceVersion"];
    if version.is_string() && *version != before["metadata"]["resourceVersion"] {
        return conflict(target.kind, &target.name);
    }
    let after = if is_scale {
        let mut scaled = before.clone();
        scaled["spec"]["replicas"] = wanted["spec"]["replicas"].clone();
        scaled
    } else {
        wanted
    };
    let stored = world.put(completed(&before, after));
    json_body(&if is_scale { scale_of(&stored) } else { stored })
}

/// `after` with what the API server sets: the identity, and the next generation if the specification has
/// changed and the object counts that.
fn completed(before: &Value, mut after: Value) -> Value {
    for field in ["kind", "apiVersion"] {
        after[field] = before[field].clone();
    }
    for field in ["uid", "creationTimestamp", "resourceVersion"] {
        after["metadata"][field] = before["metadata"][field].clone();
    }
    let generation = before["metadata"]["generation"].as_u64();
    if let Some(generation) = generation.filter(|_| before["spec"] != after["spec"]) {
        after["metadata"]["generation"] = json!(generation + 1);
    }
    after
}

/// The scale of a workload.
fn scale_of(workload: &Value) -> Value {
    let metadata = &workload["metadata"];
    let labels = workload["spec"]["selector"]["matchLabels"].as_object();
    let labels = labels.into_iter().flatten();
    let labels = labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap()));
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": { "replicas": workload["spec"]["replicas"] },
        "status": {
            "replicas": workload["status"]["replicas"].as_u64().unwrap_or(0),
            "selector": labels.collect::<Vec<_>>().join(","),
        },
    })
}

/// A pod is only marked; its kubelet ends it. Everything else is gone at once.
fn delete(world: &mut World, target: &Target, asked: &Asked) -> Response {
    let options: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let grace = asked
        .query
        .get("gracePeriodSeconds")
        .and_then(|grace| grace.parse().ok());
    let grace = grace.or_else(|| options["gracePeriodSeconds"].as_i64());
    let key = target.key();
    if target.kind.name == "Pod" && grace != Some(0) {
        world.update(&key, |pod| pods::set_terminating(pod, grace));
        return json_body(world.get(&key).unwrap());
    }
    json_body(&world.remove(&key).unwrap())
}
