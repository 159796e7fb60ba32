//! Reviews in the binary form of Kubernetes, the only one in which `kubectl` sends them.

use serde_json::{Map, Value, json};

/// What every body begins with; the message `Unknown` follows.
const MAGIC: &[u8] = b"k8s\0";

/// The fields of `ResourceAttributes`, in the order of their numbers.
const ATTRIBUTES: [&str; 7] = [
    "namespace",
    "verb",
    "group",
    "version",
    "resource",
    "subresource",
    "name",
];

/// The `spec` of a `SelfSubjectAccessReview` about a resource.
pub(super) fn access_review(body: &[u8]) -> Value {
    let attributes = field(spec(body), 1);
    let named = (1..).zip(ATTRIBUTES);
    let fields: Map<String, Value> = named
        .map(|(number, name)| (name.to_owned(), text(field(attributes, number))))
        .collect();
    json!({ "resourceAttributes": fields })
}

/// The `spec` of a `SelfSubjectRulesReview`.
pub(super) fn rules_review(body: &[u8]) -> Value {
    json!({ "namespace": text(field(spec(body), 1)) })
}

/// The `spec` of the object in `body`.
fn spec(body: &[u8]) -> &[u8] {
    let unknown = body.strip_prefix(MAGIC).expect("a body of Kubernetes");
    let object = field(unknown, 2);
    field(object, 2)
}

fn text(bytes: &[u8]) -> Value {
    json!(str::from_utf8(bytes).unwrap())
}

/// The content of a field; empty if it is missing.
fn field(mut message: &[u8], wanted: u64) -> &[u8] {
    while !message.is_empty() {
        let tag = varint(&mut message);
        let size = match tag & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            2 => usize::try_from(varint(&mut message)).unwrap(),
            other => panic!("no field of a review has the wire type {other}"),
        };
        let (content, rest) = message.split_at(size);
        if tag >> 3 == wanted {
            return content;
        }
        message = rest;
    }
    &[]
}

fn varint(message: &mut &[u8]) -> u64 {
    let size = message.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let (number, rest) = message.split_at(size);
    *message = rest;
    let bytes = number.iter().rev();
    bytes.fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}
