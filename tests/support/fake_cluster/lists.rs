//! Lists of objects, in pages if the client wants that, and single objects.

use super::{
    answers::{failure, json_body, not_found, status},
    kinds::Kind,
    select::Selection,
    target::{Query, Target},
    world::{Key, World},
};
use axum::response::Response;
use serde_json::{Value, json};

/// What the API server says of a page after a history that it has no longer.
const PAGE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list \
                            result. You can start a new list without the continue parameter, or use \
                            the continue token in this response to retrieve the remainder of the \
                            results.";

pub(super) fn get(world: &World, target: &Target) -> Response {
    match world.get(&target.key()) {
        Some(object) => json_body(object),
        None => not_found(target.kind, &target.name),
    }
}

pub(super) fn list(world: &World, target: &Target, query: &Query) -> Response {
    let after = match query.get("continue").and_then(|token| Token::parse(token)) {
        Some(token) if token.version < world.oldest => {
            return failure(&status(410, "Expired", PAGE_EXPIRED, None));
        }
        token => token,
    };
    let version = after.as_ref().map_or(world.version, |token| token.version);
    let selection = Selection::of(target, query);
    let is_left = |key: &Key| {
        let position = (key.namespace.as_str(), key.name.as_str());
        after
            .as_ref()
            .is_none_or(|token| position > token.position())
    };
    let found = world
        .list(target.kind.plural)
        .filter(|(key, object)| is_left(key) && selection.matches(object));
    let found: Vec<_> = found.collect();
    let limit = query.get("limit").and_then(|limit| limit.parse().ok());
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let page = found.get(..limit).unwrap_or(&found);
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if let Some((key, _)) = page.last().filter(|_| page.len() < found.len()) {
        metadata["continue"] = json!(format!("{version}/{}/{}", key.namespace, key.name));
        if selection.is_plain() {
            metadata["remainingItemCount"] = json!(found.len() - page.len());
        }
    }
    let items = page.iter().map(|(_, object)| item(object)).collect();
    json_body(&list_of(target.kind, metadata, items))
}

/// A list of objects of a kind.
pub(super) fn list_of(kind: &Kind, metadata: Value, items: Vec<Value>) -> Value {
    json!({
        "kind": format!("{}List", kind.name), "apiVersion": kind.api_version(),
        "metadata": metadata, "items": items,
    })
}

/// An object in a list, which states the kind of all its items once.
fn item(object: &Value) -> Value {
    let mut item = object.clone();
    let fields = item.as_object_mut().unwrap();
    fields.remove("kind");
    fields.remove("apiVersion");
    item
}

/// A continue token: the resource version of the list, and the last object of the page.
#[derive(Debug)]
struct Token {
    version: u64,
    namespace: String,
    name: String,
}

impl Token {
    fn parse(token: &str) -> Option<Self> {
        let mut parts = token.splitn(3, '/');
        Some(Self {
            version: parts.next()?.parse().ok()?,
            namespace: parts.next()?.to_owned(),
            name: parts.next()?.to_owned(),
        })
    }

    fn position(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }
}
