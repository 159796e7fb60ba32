//! The controllers and the kubelets: what changes the world after a request.

use super::{
    pods, rollout,
    world::{Key, World},
};
use serde_json::Value;

/// Does the next step; returns whether there was one.
pub(super) fn step(world: &mut World) -> bool {
    let keys = |world: &World, plural| -> Vec<Key> {
        let all = world.list(plural).map(|(key, _)| key.clone());
        all.collect()
    };
    let pods = keys(world, "pods");
    let deployments = keys(world, "deployments");
    pods.iter().any(|key| step_pod(world, key))
        || deployments.iter().any(|key| rollout::step(world, key))
}

/// What the scheduler and the kubelet do next with a pod.
fn step_pod(world: &mut World, key: &Key) -> bool {
    let pod = world.get(key).unwrap();
    if pods::is_terminating(pod) {
        return world.remove(key).is_some();
    }
    if pod["status"]["phase"] != "Pending" {
        return false;
    }
    let image = pod["spec"]["containers"][0]["image"].as_str().unwrap();
    let is_broken = world.broken_images.contains(image);
    let next: fn(&mut Value) = match (pods::waiting_reason(pod), is_broken) {
        (None, _) => |pod| pods::set_waiting(pod, "ContainerCreating"),
        (Some("ContainerCreating"), true) => |pod| pods::set_waiting(pod, "ErrImagePull"),
        (Some("ErrImagePull"), true) => |pod| pods::set_waiting(pod, "ImagePullBackOff"),
        (Some("ContainerCreating"), false) => pods::set_running,
        (Some("ErrImagePull" | "ImagePullBackOff"), false) => pods::set_running,
        (Some(_), _) => return false,
    };
    world.update(key, next)
}
