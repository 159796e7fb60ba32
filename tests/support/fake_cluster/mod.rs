//! A Kubernetes cluster that consists of its API server, and that tests control.
//!
//! It holds objects as the API server sends them, so that recordings can be put into it, and implements as
//! much of the API as `kubectl` and a dashboard need. Nothing happens by itself: tests change objects, and
//! step the controller, or let it run. Tables (`as=Table`) and protocol buffers are not served; clients
//! then get JSON.

mod answers;
mod api;
mod changes;
mod controller;
mod discovery;
mod kinds;
mod kubeconfig;
mod lists;
mod logs;
mod metrics;
mod objects;
mod patch;
mod pod;
mod pods;
mod proto;
mod rights;
mod rollout;
mod rollout_status;
mod scripted;
mod select;
mod target;
mod time;
mod watches;
mod world;

pub(crate) use metrics::Metrics;
pub(crate) use watches::Expiry;

use super::{certificates::make_certificates, fake_server::Listener};
use kinds::Kind;
use pod::FakePod;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use world::{Key, Shared};

/// A Kubernetes cluster that tests control.
#[derive(Debug)]
pub(crate) struct FakeCluster {
    shared: Arc<Shared>,
    listener: Listener,
    /// With TLS: the certificates of the server and of clients.
    certificates: Option<TempDir>,
}

impl FakeCluster {
    /// A cluster with one node and the namespace `shop`, over plain HTTP.
    pub(crate) fn start() -> Self {
        Self::listening(Listener::tcp(), None)
    }

    /// The same behind TLS.
    pub(crate) fn start_tls() -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_certificates(folder.path());
        Self::listening(Listener::tls(folder.path()), Some(folder))
    }

    fn listening(listener: Listener, certificates: Option<TempDir>) -> Self {
        let shared = Arc::new(Shared::new());
        listener.open(&shared);
        let cluster = Self {
            shared,
            listener,
            certificates,
        };
        cluster.put(objects::node());
        cluster.put(objects::namespace("shop"));
        cluster
    }

    /// With running pods `web-1` to `web-n` in the namespace `shop`.
    pub(crate) fn with_pods(self, n: usize) -> Self {
        for n in 1..=n {
            self.put(objects::running_pod("shop", &format!("web-{n}")));
        }
        self
    }

    /// With a Deployment whose pods run.
    pub(crate) fn with_deployment(self, namespace: &str, name: &str, replicas: usize) -> Self {
        self.put(objects::deployment(namespace, name, replicas));
        while self.step() {}
        self
    }

    /// With the objects of a recorded list.
    pub(crate) fn with_list(self, json: &str) -> Self {
        let list: Value = serde_json::from_str(json).unwrap();
        let kind = list["kind"].as_str().unwrap().strip_suffix("List").unwrap();
        let kind = Kind::of(kind);
        for item in list["items"].as_array().unwrap() {
            let mut object = item.clone();
            object["kind"] = kind.name.into();
            object["apiVersion"] = kind.api_version().into();
            self.put(object);
        }
        self
    }

    /// Its URL.
    pub(crate) fn address(&self) -> String {
        let scheme = if self.certificates.is_some() {
            "https://"
        } else {
            "http://"
        };
        self.listener.address().replacen("tcp://", scheme, 1)
    }

    /// The pod called `name`.
    pub(crate) fn pod(&self, namespace: &str, name: &str) -> FakePod<'_> {
        FakePod {
            cluster: self,
            key: key("Pod", namespace, name),
        }
    }

    /// Creates an object, or replaces it.
    pub(crate) fn put(&self, object: Value) {
        self.shared.change(|world| world.put(object));
    }

    /// The object of this kind, if there is one.
    pub(crate) fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.shared
            .world()
            .get(&key(kind, namespace, name))
            .cloned()
    }

    /// Changes an object as a client does that replaces it.
    pub(crate) fn change(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value),
    ) {
        let has_changed = self
            .shared
            .change(|world| world.update(&key(kind, namespace, name), change));
        assert!(has_changed, "{kind} {name} is the same as before");
    }

    /// Names of the pods that are listed.
    pub(crate) fn pod_names(&self) -> Vec<String> {
        let world = self.shared.world();
        world
            .list("pods")
            .map(|(key, _)| key.name.clone())
            .collect()
    }

    /// Lets the controller do its next step; returns whether there was one.
    pub(crate) fn step(&self) -> bool {
        self.shared.change(controller::step)
    }

    /// Lets the controller run, with this pause between two steps, until the guard is dropped.
    pub(crate) fn run_controller(&self, pause: Duration) -> DropGuard {
        let token = CancellationToken::new();
        let shared = Arc::clone(&self.shared);
        tokio::spawn(token.clone().run_until_cancelled_owned(async move {
            loop {
                shared.change(controller::step);
                tokio::time::sleep(pause).await;
            }
        }));
        token.drop_guard()
    }
}

fn key(kind: &str, namespace: &str, name: &str) -> Key {
    Key {
        plural: Kind::of(kind).plural,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}
