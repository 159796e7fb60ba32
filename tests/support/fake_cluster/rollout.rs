//! The part of the controller that rolls out Deployments: one pod more than desired, none less.

use super::{
    kinds::key_of,
    objects::{name_after, owned_by},
    pods,
    rollout_status::{self, Progress},
    world::{Key, World},
};
use serde_json::{Value, json};

/// The label with which a `ReplicaSet` marks its pods.
const HASH: &str = "pod-template-hash";
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// A Deployment with what belongs to it.
#[derive(Debug)]
pub(super) struct Rollout {
    pub(super) deployment: Value,
    /// The `ReplicaSet` to which all pods are to belong, once there is one.
    pub(super) current: Option<Value>,
    /// All its `ReplicaSets`.
    pub(super) sets: Vec<Value>,
    /// The pods of `current` that are to stay.
    pub(super) new: Vec<Value>,
    /// The other pods that are to stay until they are replaced.
    pub(super) old: Vec<Value>,
}

/// Does the next step of the rollout of a Deployment; returns whether anything has changed.
pub(super) fn step(world: &mut World, key: &Key) -> bool {
    let before = Rollout::of(world, key);
    // What has happened to the pods is reported first, before the consequences.
    if before.current.is_some() && rollout_status::update(world, key, &before, Progress::None) {
        return true;
    }
    let progress = before.act(world);
    if progress == Progress::None {
        return false;
    }
    let after = Rollout::of(world, key);
    rollout_status::update(world, key, &after, progress);
    true
}

impl Rollout {
    fn of(world: &World, key: &Key) -> Self {
        let deployment = world.get(key).unwrap().clone();
        let sets = owned_by(world, "replicasets", &deployment);
        // Another template waits until the Deployment is no longer paused.
        let current = match deployment["spec"]["paused"] == true {
            true => sets.iter().max_by_key(|set| revision(set)),
            false => sets.iter().find(|set| is_made_from(set, &deployment)),
        };
        let current = current.cloned();
        let of_set = |set: &Value| live_pods(world, set);
        let uid = current.as_ref().map(|set| &set["metadata"]["uid"]);
        let others = sets
            .iter()
            .filter(|set| Some(&set["metadata"]["uid"]) != uid);
        let mut old: Vec<Value> = others.flat_map(of_set).collect();
        old.sort_by_key(pods::is_ready);
        Self {
            new: current.iter().flat_map(of_set).collect(),
            old,
            current,
            sets,
            deployment,
        }
    }

    pub(super) fn desired(&self) -> usize {
        let desired = self.deployment["spec"]["replicas"].as_u64().unwrap();
        usize::try_from(desired).unwrap()
    }

    /// Pods that are ready.
    pub(super) fn n_available(&self) -> usize {
        let pods = self.new.iter().chain(&self.old);
        pods.filter(|pod| pods::is_ready(pod)).count()
    }

    fn act(&self, world: &mut World) -> Progress {
        let Some(current) = &self.current else {
            self.create_set(world);
            return Progress::Created;
        };
        let newest = self.sets.iter().map(revision).max().unwrap_or(0);
        if revision(current) < newest {
            set_revision(world, current, newest + 1);
            return Progress::Updated;
        }
        let (n_new, n_old) = (self.new.len(), self.old.len());
        let surge = usize::from(n_old > 0);
        if n_new < self.desired() && n_new + n_old < self.desired() + surge {
            scale(world, current, n_new + 1);
            create_pod(world, current);
        } else if let Some(surplus) = self.new.get(self.desired()) {
            scale(world, current, n_new - 1);
            terminate(world, surplus);
        } else if let Some(old) = self.old.first()
            && (!pods::is_ready(old) || self.n_available() > self.desired())
        {
            let mut sets = self.sets.iter();
            let set = sets.find(|set| is_owner(set, old)).unwrap();
            let n = set["spec"]["replicas"].as_u64().unwrap().saturating_sub(1);
            scale(world, set, usize::try_from(n).unwrap());
            terminate(world, old);
        } else {
            return Progress::None;
        }
        Progress::Updated
    }

    fn create_set(&self, world: &mut World) {
        let metadata = &self.deployment["metadata"];
        let (name, namespace) = (metadata["name"].as_str().unwrap(), &metadata["namespace"]);
        let mut template = self.deployment["spec"]["template"].clone();
        let hash = name_after(&format!("{template}"), 10);
        template["metadata"]["labels"][HASH] = json!(hash);
        let mut selector = self.deployment["spec"]["selector"].clone();
        selector["matchLabels"][HASH] = json!(hash);
        let revision = self.sets.iter().map(revision).max().unwrap_or(0) + 1;
        world.put(json!({
            "kind": "ReplicaSet", "apiVersion": "apps/v1",
            "metadata": {
                "name": format!("{name}-{hash}"), "namespace": namespace, "generation": 1,
                "labels": template["metadata"]["labels"],
                "annotations": { REVISION: revision.to_string() },
                "ownerReferences": [owner(&self.deployment)],
            },
            "spec": { "replicas": 0, "selector": selector, "template": template },
            "status": { "replicas": 0 },
        }));
    }
}

/// The pods of `set` that are to stay.
pub(super) fn live_pods(world: &World, set: &Value) -> Vec<Value> {
    let mut pods = owned_by(world, "pods", set);
    pods.retain(|pod| !pods::is_terminating(pod));
    pods
}

/// Whether the pods of `set` are what the template of `deployment` demands.
fn is_made_from(set: &Value, deployment: &Value) -> bool {
    let mut template = set["spec"]["template"].clone();
    let labels = template["metadata"]["labels"].as_object_mut();
    labels.unwrap().remove(HASH);
    template == deployment["spec"]["template"]
}

pub(super) fn revision(set: &Value) -> u64 {
    let revision = set["metadata"]["annotations"][REVISION].as_str();
    revision.unwrap_or("0").parse().unwrap()
}

fn is_owner(set: &Value, pod: &Value) -> bool {
    pod["metadata"]["ownerReferences"][0]["uid"] == set["metadata"]["uid"]
}

fn owner(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"], "name": metadata["name"],
        "uid": metadata["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

fn set_revision(world: &mut World, set: &Value, revision: u64) {
    world.update(&key_of(set), |set| {
        set["metadata"]["annotations"][REVISION] = json!(revision.to_string());
    });
}

fn scale(world: &mut World, set: &Value, replicas: usize) {
    world.update(&key_of(set), |set| {
        let generation = set["metadata"]["generation"].as_u64().unwrap_or(0);
        set["metadata"]["generation"] = json!(generation + 1);
        set["spec"]["replicas"] = json!(replicas);
    });
}

fn create_pod(world: &mut World, set: &Value) {
    let metadata = &set["metadata"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (set_name, namespace) = (text(&metadata["name"]), text(&metadata["namespace"]));
    let suffix = name_after(&format!("{set_name}{}", world.version), 5);
    let template = &set["spec"]["template"];
    let name = format!("{set_name}-{suffix}");
    let mut pod = pods::pending(&namespace, &name, template["spec"].clone());
    pod["metadata"]["generateName"] = json!(format!("{set_name}-"));
    pod["metadata"]["labels"] = template["metadata"]["labels"].clone();
    if template["metadata"]["annotations"].is_object() {
        pod["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
    }
    pod["metadata"]["ownerReferences"] = json!([owner(set)]);
    world.put(pod);
}

fn terminate(world: &mut World, pod: &Value) {
    let key = key_of(pod);
    world.update(&key, |pod| pods::set_terminating(pod, None));
}
