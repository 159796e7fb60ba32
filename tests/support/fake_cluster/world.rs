//! The objects of the fake cluster, and their changes.

use super::{kinds::key_of, logs::Logs, metrics::Metrics, rights::Right, time, watches::Watches};
use crate::support::fake_server::Faults;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};
use tokio::sync::watch;

/// What identifies an object; the namespace is empty for objects of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) plural: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
}

#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(super) faults: Faults,
    /// Notified of every change that affects watches or logs.
    pub(super) changed: watch::Sender<()>,
}

#[derive(Debug)]
pub(super) struct World {
    objects: BTreeMap<Key, Value>,
    /// The resource version of the last change.
    pub(super) version: u64,
    /// The changes after `oldest`.
    pub(super) history: Vec<Change>,
    pub(super) oldest: u64,
    pub(super) requests: Vec<String>,
    pub(super) watches: Watches,
    pub(super) logs: Logs,
    /// The largest chunk in bytes of watches and logs.
    pub(super) chunk: usize,
    /// What clients must present, unless they have a certificate.
    pub(super) token: Option<String>,
    pub(super) rights: Vec<Right>,
    pub(super) metrics: Metrics,
    /// What each pod uses, by uid: millicores and bytes.
    pub(super) usage: BTreeMap<String, (u64, u64)>,
    /// Images that cannot be pulled.
    pub(super) broken_images: BTreeSet<String>,
}

/// A change of an object.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) plural: &'static str,
    pub(super) before: Option<Value>,
    /// `None` when the object was removed.
    pub(super) after: Option<Value>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            world: Mutex::new(World::new()),
            faults: Faults::default(),
            changed: watch::Sender::default(),
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Changes the world, and notifies watches and logs.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let changed = change(&mut self.world());
        self.changed.send_replace(());
        changed
    }
}

impl World {
    fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            version: 1,
            history: Vec::new(),
            oldest: 1,
            requests: Vec::new(),
            watches: Watches::default(),
            logs: Logs::default(),
            chunk: usize::MAX,
            token: None,
            rights: vec![Right::everything()],
            metrics: Metrics::Present,
            usage: BTreeMap::new(),
            broken_images: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// The objects of a kind, by namespace and name.
    pub(super) fn list(&self, plural: &'static str) -> impl Iterator<Item = (&Key, &Value)> {
        let all = self.objects.iter();
        all.filter(move |(key, _)| key.plural == plural)
    }

    /// Creates an object, or replaces it, unless it would stay the same. Returns the stored one.
    pub(super) fn put(&mut self, mut object: Value) -> Value {
        let key = key_of(&object);
        let before = self.objects.get(&key).cloned();
        if before.as_ref() == Some(&object) {
            return object;
        }
        self.version += 1;
        let metadata = &mut object["metadata"];
        if metadata["uid"].is_null() {
            metadata["uid"] = json!(format!("{:08x}-0000-4000-8000-000000000000", self.version));
        }
        if metadata["creationTimestamp"].is_null() {
            metadata["creationTimestamp"] = json!(time::now());
        }
        metadata["resourceVersion"] = json!(self.version.to_string());
        self.history.push(Change {
            version: self.version,
            plural: key.plural,
            before,
            after: Some(object.clone()),
        });
        self.objects.insert(key, object.clone());
        object
    }

    /// Changes an object as an update of its status does; returns whether it is another one now.
    pub(super) fn update(&mut self, key: &Key, change: impl FnOnce(&mut Value)) -> bool {
        let Some(mut object) = self.objects.get(key).cloned() else {
            return false;
        };
        change(&mut object);
        let version = self.version;
        self.put(object);
        self.version != version
    }

    /// Removes an object, and a pod's logs.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Value> {
        let mut removed = self.objects.remove(key)?;
        self.version += 1;
        removed["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.history.push(Change {
            version: self.version,
            plural: key.plural,
            before: Some(removed.clone()),
            after: None,
        });
        self.logs
            .forget(removed["metadata"]["uid"].as_str().unwrap());
        Some(removed)
    }
}
