//! What the client may do, and the reviews by which it asks.

use super::{
    answers::{details, failure, json_body, status},
    kinds::{KINDS, Kind},
    proto,
    target::{Asked, Target},
    world::World,
};
use axum::response::Response;
use hyper::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The user that all clients are.
const USER: &str = "deckwatch";

/// Permission to apply verbs to resources, as a role grants it.
#[derive(Clone, Debug)]
pub(super) struct Right {
    /// `None` for the whole cluster.
    pub(super) namespace: Option<String>,
    pub(super) verbs: Vec<String>,
    /// Such as `pods`, `pods/log` and `*`.
    pub(super) resources: Vec<String>,
}

impl Right {
    pub(super) fn everything() -> Self {
        let all = || vec!["*".to_owned()];
        Self {
            namespace: None,
            verbs: all(),
            resources: all(),
        }
    }

    fn allows(&self, verb: &str, resource: &str, namespace: Option<&str>) -> bool {
        let has =
            |list: &[String], one: &str| list.iter().any(|other| other == one || other == "*");
        let is_inside = self.namespace.is_none() || self.namespace.as_deref() == namespace;
        is_inside && has(&self.verbs, verb) && has(&self.resources, resource)
    }
}

impl World {
    fn allows(&self, verb: &str, resource: &str, namespace: Option<&str>) -> bool {
        let mut rights = self.rights.iter();
        rights.any(|right| right.allows(verb, resource, namespace))
    }

    /// The response to a request that is not permitted.
    pub(super) fn refusal(&self, target: &Target, asked: &Asked) -> Option<Response> {
        let (verb, resource) = (target.verb(asked), target.resource());
        let namespace = target.namespace.as_deref();
        if self.allows(verb, &resource, namespace) {
            return None;
        }
        let Target { kind, name, .. } = target;
        let about = match name.as_str() {
            "" => kind.qualified(),
            name => format!("{} \"{name}\"", kind.qualified()),
        };
        let place = match namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{about} is forbidden: User \"{USER}\" cannot {verb} resource \"{resource}\" in API group \
             \"{}\" {place}",
            kind.group
        );
        let details = details(kind, name);
        Some(failure(&status(403, "Forbidden", &message, Some(details))))
    }
}

/// The answer to a `SelfSubjectAccessReview` or a `SelfSubjectRulesReview`.
pub(super) fn review(world: &World, kind: &Kind, asked: &Asked) -> Response {
    let is_proto = asked.content_type.contains("protobuf");
    let mut review = match (is_proto, kind.name) {
        (false, _) => serde_json::from_slice(&asked.body).unwrap(),
        (true, "SelfSubjectAccessReview") => json!({ "spec": proto::access_review(&asked.body) }),
        (true, _) => json!({ "spec": proto::rules_review(&asked.body) }),
    };
    review["kind"] = json!(kind.name);
    review["apiVersion"] = json!(kind.api_version());
    review["metadata"] = json!({ "creationTimestamp": null });
    review["status"] = match kind.name {
        "SelfSubjectAccessReview" => access(world, &review["spec"]["resourceAttributes"]),
        _ => rules(world, review["spec"]["namespace"].as_str()),
    };
    let mut answer = json_body(&review);
    *answer.status_mut() = StatusCode::CREATED;
    answer
}

fn access(world: &World, asked: &Value) -> Value {
    let text = |key: &str| asked[key].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        subresource => format!("{}/{subresource}", text("resource")),
    };
    let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
    json!({ "allowed": world.allows(text("verb"), &resource, namespace) })
}

fn rules(world: &World, namespace: Option<&str>) -> Value {
    let rights = world.rights.iter();
    let rights =
        rights.filter(|right| right.namespace.is_none() || right.namespace.as_deref() == namespace);
    let rules = rights.map(|right| {
        json!({
            "verbs": right.verbs, "apiGroups": groups(&right.resources),
            "resources": right.resources,
        })
    });
    let rules: Vec<Value> = rules.collect();
    json!({ "resourceRules": rules, "nonResourceRules": [], "incomplete": false })
}

/// The groups that have one of these resources.
fn groups(resources: &[String]) -> BTreeSet<&'static str> {
    let plurals = resources
        .iter()
        .map(|resource| resource.split('/').next().unwrap());
    let groups = plurals.flat_map(|plural| {
        let kinds = KINDS.iter().filter(move |kind| kind.plural == plural);
        let groups = kinds.map(|kind| kind.group);
        groups.chain((plural == "*").then_some("*"))
    });
    groups.collect()
}
