//! What the controller reports of a rollout: counts and conditions, in its words.

use super::{
    kinds::key_of,
    pods,
    rollout::{REVISION, Rollout, live_pods, revision},
    time,
    world::{Key, World},
};
use deckwatch::model::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// The `progressDeadlineSeconds` of a Deployment that states none.
const PROGRESS_DEADLINE: u64 = 600;

/// What a step has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    None,
    /// A `ReplicaSet` was created.
    Created,
    /// Pods were created or terminated.
    Updated,
}

/// Updates the status of a Deployment and its `ReplicaSets`; returns whether anything has changed.
pub(super) fn update(world: &mut World, key: &Key, rollout: &Rollout, progress: Progress) -> bool {
    let mut has_changed = false;
    for set in &rollout.sets {
        let pods = live_pods(world, set);
        has_changed |= world.update(&key_of(set), |set| {
            let mut status = counts(&pods);
            status["fullyLabeledReplicas"] = json!(pods.len());
            status["observedGeneration"] = set["metadata"]["generation"].clone();
            set["status"] = status;
        });
    }
    let terminating = world.list("pods").map(|(_, pod)| pod);
    let labels = &rollout.deployment["spec"]["selector"]["matchLabels"];
    let terminating = terminating.filter(|pod| pods::is_terminating(pod) && has(pod, labels));
    let n_terminating = terminating.count();
    let set_status = |deployment: &mut Value| {
        let mut status = status(rollout);
        status["terminatingReplicas"] = json!(n_terminating);
        let conditions = conditions(&deployment["status"], &status, rollout, progress);
        status["conditions"] = json!(conditions);
        deployment["status"] = status;
        if let Some(set) = &rollout.current {
            let annotation = json!(revision(set).to_string());
            deployment["metadata"]["annotations"][REVISION] = annotation;
        }
    };
    world.update(key, set_status) || has_changed
}

fn has(pod: &Value, labels: &Value) -> bool {
    let mut labels = labels.as_object().into_iter().flatten();
    labels.all(|(name, value)| pod["metadata"]["labels"][name] == *value)
}

/// Counts as they are written: without those that are zero.
fn counts(pods: &[Value]) -> Value {
    let mut status = json!({ "replicas": pods.len() });
    let ready = pods.iter().filter(|pod| pods::is_ready(pod)).count();
    if ready > 0 {
        status["readyReplicas"] = json!(ready);
        status["availableReplicas"] = json!(ready);
    }
    status
}

/// The status without its conditions.
fn status(rollout: &Rollout) -> Value {
    let all: Vec<Value> = rollout.new.iter().chain(&rollout.old).cloned().collect();
    let mut status = counts(&all);
    status["observedGeneration"] = rollout.deployment["metadata"]["generation"].clone();
    if !rollout.new.is_empty() {
        status["updatedReplicas"] = json!(rollout.new.len());
    }
    let unavailable = all.len().max(rollout.desired()) - rollout.n_available();
    if unavailable > 0 {
        status["unavailableReplicas"] = json!(unavailable);
    }
    status
}

fn conditions(before: &Value, after: &Value, rollout: &Rollout, progress: Progress) -> Vec<Value> {
    let known = |kind: &str| {
        let mut all = before["conditions"].as_array().into_iter().flatten();
        all.find(|condition| condition["type"] == kind)
    };
    let is_available = rollout.n_available() >= rollout.desired();
    let available = if is_available {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let (status, reason, message) = available;
    let available = condition(
        known("Available"),
        "Available",
        status,
        reason,
        message,
        false,
    );
    vec![
        available,
        progressing(known("Progressing"), before, after, rollout, progress),
    ]
}

fn progressing(
    known: Option<&Value>,
    before: &Value,
    after: &Value,
    rollout: &Rollout,
    progress: Progress,
) -> Value {
    let set = rollout.current.as_ref();
    let set = set.map_or("", |set| set["metadata"]["name"].as_str().unwrap());
    let reason = known.map_or("", |known| known["reason"].as_str().unwrap());
    let make = |status, reason: &str, message: &str, is_news| {
        condition(known, "Progressing", status, reason, message, is_news)
    };
    let desired = rollout.desired();
    let is_complete =
        rollout.old.is_empty() && rollout.new.len() == desired && rollout.n_available() >= desired;
    let counts = ["replicas", "updatedReplicas", "readyReplicas"];
    let has_moved = counts.iter().any(|count| before[count] != after[count]);
    if rollout.deployment["spec"]["paused"] == true {
        make("Unknown", "DeploymentPaused", "Deployment is paused", false)
    } else if reason == "DeploymentPaused" {
        make(
            "Unknown",
            "DeploymentResumed",
            "Deployment is resumed",
            true,
        )
    } else if progress == Progress::Created {
        let message = format!("Created new replica set \"{set}\"");
        make("True", "NewReplicaSetCreated", &message, true)
    } else if is_complete || (reason == "NewReplicaSetAvailable" && rollout.old.is_empty()) {
        let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
        make("True", "NewReplicaSetAvailable", &message, false)
    } else if has_moved || progress == Progress::Updated || known.is_none() {
        let message = format!("ReplicaSet \"{set}\" is progressing.");
        make("True", "ReplicaSetUpdated", &message, true)
    } else if known.is_some_and(|known| is_overdue(known, &rollout.deployment)) {
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        make("False", "ProgressDeadlineExceeded", &message, false)
    } else {
        known.cloned().unwrap()
    }
}

/// Whether the last progress is longer ago than the Deployment allows.
fn is_overdue(known: &Value, deployment: &Value) -> bool {
    let deadline = deployment["spec"]["progressDeadlineSeconds"].as_u64();
    let deadline = Duration::from_secs(deadline.unwrap_or(PROGRESS_DEADLINE));
    let parse = |text: &str| text.parse::<Timestamp>().unwrap();
    let last = parse(known["lastUpdateTime"].as_str().unwrap());
    last.plus(deadline) <= parse(&time::now())
}

/// A condition; its times change with its status, and the time of the last update also with news.
fn condition(
    known: Option<&Value>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    is_news: bool,
) -> Value {
    let is_same = |field: &str, value: &str| known.is_some_and(|known| known[field] == value);
    let kept = |field: &str, is_kept: bool| match known {
        Some(known) if is_kept => known[field].clone(),
        _ => json!(time::now()),
    };
    let has_same_reason = is_same("status", status) && is_same("reason", reason);
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": kept("lastTransitionTime", is_same("status", status)),
        "lastUpdateTime": kept("lastUpdateTime", has_same_reason && !is_news),
    })
}
