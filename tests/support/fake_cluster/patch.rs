//! Patches: the merge of RFC 7396, and the strategic one, which merges lists of named things.

use serde_json::{Map, Value};

/// How a patch is to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// A list replaces a list.
    Plain,
    /// Elements of lists are merged by their name.
    Strategic,
}

impl Merge {
    /// The way that a media type demands, if the fake cluster knows it.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next()? {
            "application/merge-patch+json" => Some(Self::Plain),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }

    pub(super) fn apply(self, target: &mut Value, patch: &Value) {
        match (target, patch) {
            (target, Value::Object(patch)) => {
                if !target.is_object() {
                    *target = Value::Object(Map::new());
                }
                self.apply_fields(target.as_object_mut().unwrap(), patch);
            }
            (Value::Array(target), Value::Array(patch))
                if self == Self::Strategic && patch.iter().all(|one| key(one).is_some()) =>
            {
                for element in patch {
                    self.apply_element(target, element);
                }
            }
            (target, patch) => *target = patch.clone(),
        }
    }

    fn apply_fields(self, target: &mut Map<String, Value>, patch: &Map<String, Value>) {
        for (name, value) in patch {
            // Directives say how to merge; none of those that clients send here changes the result.
            if self == Self::Strategic && name.starts_with('$') {
                continue;
            }
            if value.is_null() {
                target.remove(name);
            } else {
                self.apply(target.entry(name).or_insert(Value::Null), value);
            }
        }
    }

    fn apply_element(self, list: &mut Vec<Value>, element: &Value) {
        let found = list.iter().position(|one| key(one) == key(element));
        match (found, element["$patch"] == "delete") {
            (Some(at), true) => drop(list.remove(at)),
            (Some(at), false) => self.apply(&mut list[at], element),
            (None, true) => {}
            (None, false) => list.push(element.clone()),
        }
    }
}

/// What identifies an element of a list: a container or a variable has a name, a condition a type.
fn key(element: &Value) -> Option<&str> {
    let key = element.get("name").or_else(|| element.get("type"))?;
    key.as_str()
}
