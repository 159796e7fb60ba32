//! Discovery: what the API server serves, as far as clients ask for it.

use super::{
    answers::{json_body, not_found_page, text},
    kinds::{KINDS, Kind, METRICS, REVIEWS},
    metrics::Metrics,
    world::World,
};
use axum::response::Response;
use serde_json::{Value, json};

/// Recorded from a real one.
const VERSION: &str = include_str!("../../fixtures/kubernetes/version.json");

/// The response to `GET` of `path` if that belongs to discovery.
pub(super) fn answer(world: &World, path: &[&str]) -> Option<Response> {
    Some(match path {
        ["healthz" | "livez" | "readyz"] => text(200, "ok"),
        ["version"] => json_body(&serde_json::from_str(VERSION).unwrap()),
        ["api"] => json_body(&json!({ "kind": "APIVersions", "versions": ["v1"] })),
        ["apis"] => json_body(&groups(world)),
        ["api", "v1"] => resources("", "v1"),
        ["apis", METRICS, _] if world.metrics != Metrics::Present => world.metrics.failure(),
        ["apis", group, version] => resources(group, version),
        ["openapi", ..] => not_found_page(),
        _ => return None,
    })
}

fn groups(world: &World) -> Value {
    let mut groups: Vec<Value> = Vec::new();
    for kind in KINDS.iter().filter(|kind| !kind.group.is_empty()) {
        let is_known = groups.iter().any(|group| group["name"] == kind.group);
        let is_absent = kind.group == METRICS && world.metrics == Metrics::Absent;
        if !is_known && !is_absent {
            let version = json!({ "groupVersion": kind.api_version(), "version": kind.version });
            groups.push(json!({
                "name": kind.group, "versions": [version], "preferredVersion": version,
            }));
        }
    }
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

fn resources(group: &str, version: &str) -> Response {
    let kinds = KINDS.iter();
    let mut kinds = kinds
        .filter(|kind| kind.group == group && kind.version == version)
        .peekable();
    let Some(first) = kinds.peek() else {
        return not_found_page();
    };
    json_body(&json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(),
        "resources": kinds.flat_map(described).collect::<Vec<_>>(),
    }))
}

/// A kind and its subresource.
fn described(kind: &Kind) -> Vec<Value> {
    let verbs: &[&str] = match kind.group {
        REVIEWS => &["create"],
        METRICS => &["get", "list"],
        _ => &["delete", "get", "list", "patch", "update", "watch"],
    };
    let mut main = json!({
        "name": kind.plural, "singularName": kind.name.to_lowercase(), "kind": kind.name,
        "namespaced": kind.is_namespaced, "verbs": verbs,
    });
    if !kind.short.is_empty() {
        main["shortNames"] = json!([kind.short]);
    }
    let subresource = kind.subresource.map(|subresource| {
        let mut described = json!({
            "name": format!("{}/{subresource}", kind.plural), "singularName": "",
            "kind": kind.name, "namespaced": true, "verbs": ["get"],
        });
        if subresource == "scale" {
            described["kind"] = json!("Scale");
            described["group"] = json!("autoscaling");
            described["version"] = json!("v1");
            described["verbs"] = json!(["get", "patch", "update"]);
        }
        described
    });
    [Some(main), subresource].into_iter().flatten().collect()
}
