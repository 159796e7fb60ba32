//! The kinds of objects that the fake cluster has.

use super::world::Key;
use serde_json::Value;

/// A kind of object, as discovery describes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Empty for the core group.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) plural: &'static str,
    pub(super) name: &'static str,
    pub(super) is_namespaced: bool,
    pub(super) short: &'static str,
    pub(super) subresource: Option<&'static str>,
}

pub(super) const KINDS: &[Kind] = &[
    namespaced("", "v1", "pods", "Pod", "po", Some("log")),
    namespaced("", "v1", "events", "Event", "ev", None),
    of_cluster("", "v1", "nodes", "Node", "no"),
    of_cluster("", "v1", "namespaces", "Namespace", "ns"),
    namespaced(
        "apps",
        "v1",
        "deployments",
        "Deployment",
        "deploy",
        Some("scale"),
    ),
    namespaced(
        "apps",
        "v1",
        "statefulsets",
        "StatefulSet",
        "sts",
        Some("scale"),
    ),
    namespaced("apps", "v1", "daemonsets", "DaemonSet", "ds", None),
    namespaced(
        "apps",
        "v1",
        "replicasets",
        "ReplicaSet",
        "rs",
        Some("scale"),
    ),
    namespaced("batch", "v1", "jobs", "Job", "", None),
    namespaced("batch", "v1", "cronjobs", "CronJob", "cj", None),
    of_cluster(
        REVIEWS,
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        "",
    ),
    of_cluster(
        REVIEWS,
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        "",
    ),
    namespaced(METRICS, "v1beta1", "pods", "PodMetrics", "", None),
    of_cluster(METRICS, "v1beta1", "nodes", "NodeMetrics", ""),
];

pub(super) const METRICS: &str = "metrics.k8s.io";
pub(super) const REVIEWS: &str = "authorization.k8s.io";

const fn namespaced(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    name: &'static str,
    short: &'static str,
    subresource: Option<&'static str>,
) -> Kind {
    Kind {
        group,
        version,
        plural,
        name,
        is_namespaced: true,
        short,
        subresource,
    }
}

const fn of_cluster(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    name: &'static str,
    short: &'static str,
) -> Kind {
    Kind {
        is_namespaced: false,
        ..namespaced(group, version, plural, name, short, None)
    }
}

impl Kind {
    /// The kind of an object that is stored.
    pub(super) fn of(name: &str) -> &'static Self {
        let mut kinds = KINDS.iter();
        let found = kinds.find(|kind| kind.name == name);
        found.unwrap_or_else(|| panic!("the fake cluster has no {name}"))
    }

    /// `v1`, `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// `pods`, `deployments.apps`.
    pub(super) fn qualified(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

/// The kind and the key of an object, which must state its kind.
pub(super) fn key_of(object: &Value) -> Key {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    Key {
        plural: Kind::of(&text(&object["kind"])).plural,
        namespace: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
    }
}
