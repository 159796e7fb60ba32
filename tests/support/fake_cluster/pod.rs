//! What a test does with one pod.

use super::{
    FakeCluster, pods,
    world::{Key, World},
};
use serde_json::Value;

/// A pod of the fake cluster.
#[derive(Debug)]
pub(crate) struct FakePod<'a> {
    pub(super) cluster: &'a FakeCluster,
    pub(super) key: Key,
}

impl FakePod<'_> {
    /// The object as it is stored.
    pub(crate) fn object(&self) -> Value {
        let world = self.cluster.shared.world();
        world.get(&self.key).expect("there is such a pod").clone()
    }

    pub(crate) fn uid(&self) -> String {
        uid(&self.object())
    }

    /// All containers exit with this code, and wait to be restarted.
    pub(crate) fn crash(&self, exit_code: i64) {
        self.change(|world, pod| {
            each_container(pod, |uid, name| world.logs.end(uid, name));
            pods::set_crashed(pod, exit_code);
        });
    }

    /// Its containers run again.
    pub(crate) fn recover(&self) {
        self.change(|world, pod| {
            each_container(pod, |uid, name| world.logs.begin(uid, name));
            pods::set_running(pod);
        });
    }

    /// It is gone at once, as after a forced deletion.
    pub(crate) fn delete(&self) {
        let removed = self.cluster.shared.change(|world| world.remove(&self.key));
        removed.expect("there is such a pod");
    }

    /// Another pod takes its name.
    pub(crate) fn recreate(&self) {
        self.delete();
        let pod = super::objects::running_pod(&self.key.namespace, &self.key.name);
        self.cluster.put(pod);
    }

    /// Changes the image of its first container.
    pub(crate) fn set_image(&self, image: &str) {
        self.change(|_, pod| pods::set_image(pod, image));
    }

    /// Writes a line to the log of a container.
    pub(crate) fn write_line(&self, container: &str, text: &str) {
        let uid = self.uid();
        self.cluster
            .shared
            .change(|world| world.logs.write(&uid, container, text));
    }

    /// Sets what it uses.
    pub(crate) fn set_usage(&self, millicores: u64, bytes: u64) {
        let uid = self.uid();
        self.cluster
            .shared
            .world()
            .usage
            .insert(uid, (millicores, bytes));
    }

    fn change(&self, change: impl FnOnce(&mut World, &mut Value)) {
        let mut pod = self.object();
        self.cluster.shared.change(|world| {
            change(world, &mut pod);
            world.put(pod)
        });
    }
}

fn uid(pod: &Value) -> String {
    pod["metadata"]["uid"].as_str().unwrap().to_owned()
}

/// Calls `each` with the uid of the pod and the name of each container.
fn each_container(pod: &Value, mut each: impl FnMut(&str, &str)) {
    let containers = pod["spec"]["containers"].as_array().unwrap();
    let names = containers
        .iter()
        .map(|container| container["name"].as_str().unwrap());
    names.for_each(|name| each(&uid(pod), name));
}
