//! Pods in the states in which a kubelet reports them.

use super::time;
use serde_json::{Value, json};

/// The seconds that a pod has to end, if the request to delete it states none.
const GRACE: i64 = 30;

/// The specification of a pod with one container, `app`.
pub(super) fn spec(image: &str) -> Value {
    json!({
        "containers": [{
            "name": "app", "image": image, "imagePullPolicy": "IfNotPresent",
            "resources": {
                "requests": { "cpu": "100m", "memory": "64Mi" },
                "limits": { "cpu": "500m", "memory": "128Mi" },
            },
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        }],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": GRACE,
        "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler",
    })
}

/// A pod that was only created.
pub(super) fn pending(namespace: &str, name: &str, mut spec: Value) -> Value {
    spec["nodeName"] = json!("node-1");
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": { "name": name, "namespace": namespace, "generation": 1, "labels": {} },
        "spec": spec,
        "status": { "phase": "Pending", "qosClass": "Burstable" },
    })
}

/// All containers wait for this reason, and have never run.
pub(super) fn set_waiting(pod: &mut Value, reason: &str) {
    let state = json!({ "waiting": { "reason": reason } });
    let statuses = containers(pod);
    let statuses = statuses.map(|container| {
        json!({
            "name": container["name"], "image": container["image"], "imageID": "", "state": state,
            "lastState": {}, "ready": false, "started": false, "restartCount": 0,
        })
    });
    pod["status"]["containerStatuses"] = statuses.collect();
    pod["status"]["startTime"] = json!(time::now());
    set_conditions(pod, "ContainersNotReady");
}

/// All containers run; those that have crashed have been restarted.
pub(super) fn set_running(pod: &mut Value) {
    let uid = pod["metadata"]["uid"].clone();
    for status in statuses(pod) {
        let restarts = status["restartCount"].as_u64().unwrap();
        let has_crashed = status["lastState"]["terminated"].is_object();
        let restarts = restarts + u64::from(has_crashed);
        status["restartCount"] = json!(restarts);
        status["containerID"] = json!(format!(
            "containerd://{}-{restarts}",
            uid.as_str().unwrap_or("0")
        ));
        status["imageID"] =
            json!("sha256:9c903f15ea4f6e81a3534421f4b03a9ecbe843f4255c17e69f3b3926f3566410");
        status["state"] = json!({ "running": { "startedAt": time::now() } });
        status["ready"] = json!(true);
        status["started"] = json!(true);
    }
    pod["status"]["phase"] = json!("Running");
    pod["status"]["podIP"] = json!("10.88.0.1");
    set_conditions(pod, "");
}

/// All containers have exited with this code, and wait to be restarted.
pub(super) fn set_crashed(pod: &mut Value, exit_code: i64) {
    let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
    for status in statuses(pod) {
        let container = status["name"].as_str().unwrap();
        let words = format!("back-off 10s restarting failed container={container} pod={name}");
        status["lastState"] = json!({ "terminated": {
            "exitCode": exit_code, "reason": if exit_code == 0 { "Completed" } else { "Error" },
            "startedAt": status["state"]["running"]["startedAt"], "finishedAt": time::now(),
            "containerID": status["containerID"],
        } });
        status["state"] = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": words } });
        status["ready"] = json!(false);
        status["started"] = json!(false);
    }
    set_conditions(pod, "ContainersNotReady");
}

/// The pod is to end within `grace` seconds.
pub(super) fn set_terminating(pod: &mut Value, grace: Option<i64>) {
    let grace = grace.unwrap_or(GRACE);
    let metadata = &mut pod["metadata"];
    metadata["deletionTimestamp"] = json!(time::in_seconds(grace));
    metadata["deletionGracePeriodSeconds"] = json!(grace);
}

/// Another image in the first container.
pub(super) fn set_image(pod: &mut Value, image: &str) {
    pod["spec"]["containers"][0]["image"] = json!(image);
    pod["status"]["containerStatuses"][0]["image"] = json!(image);
}

pub(super) fn is_terminating(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_string()
}

pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// The reason for which the first container waits.
pub(super) fn waiting_reason(pod: &Value) -> Option<&str> {
    let status = &pod["status"]["containerStatuses"][0];
    status["state"]["waiting"]["reason"].as_str()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    pod["spec"]["containers"].as_array().into_iter().flatten()
}

fn statuses(pod: &mut Value) -> impl Iterator<Item = &mut Value> {
    let statuses = pod["status"]["containerStatuses"].as_array_mut();
    statuses.into_iter().flatten()
}

/// The conditions of a pod; it is ready unless there is a reason for the contrary.
fn set_conditions(pod: &mut Value, reason: &str) {
    let is_ready = reason.is_empty();
    let condition = |kind: &str, holds: bool| {
        let mut condition = json!({
            "type": kind, "status": if holds { "True" } else { "False" },
            "lastProbeTime": null, "lastTransitionTime": time::now(),
        });
        if !holds {
            let words = "containers with unready status: [app]";
            condition["reason"] = json!(reason);
            condition["message"] = json!(words);
        }
        condition
    };
    pod["status"]["conditions"] = json!([
        condition("PodReadyToStartContainers", true),
        condition("Initialized", true),
        condition("Ready", is_ready),
        condition("ContainersReady", is_ready),
        condition("PodScheduled", true),
    ]);
}
