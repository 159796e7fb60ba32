//! Selection of objects by namespace, labels and fields.

use super::target::{Query, Target};
use serde_json::Value;

/// Which objects of a kind a request is about.
#[derive(Debug)]
pub(super) struct Selection {
    namespace: Option<String>,
    labels: Vec<Label>,
    fields: Vec<Field>,
}

/// A requirement on a label.
#[derive(Debug)]
enum Label {
    Exists(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

/// A requirement on a field.
#[derive(Debug)]
struct Field {
    /// Names from the outside to the inside.
    path: Vec<String>,
    is_equal: bool,
    value: String,
}

impl Selection {
    pub(super) fn of(target: &Target, query: &Query) -> Self {
        let parts = |key: &str| split(query.get(key).map_or("", String::as_str));
        Self {
            namespace: target.namespace.clone(),
            labels: parts("labelSelector")
                .into_iter()
                .map(Label::parse)
                .collect(),
            fields: parts("fieldSelector")
                .into_iter()
                .map(Field::parse)
                .collect(),
        }
    }

    /// Whether only the namespace matters.
    pub(super) fn is_plain(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let namespace = self.namespace.as_deref();
        namespace.is_none_or(|namespace| metadata["namespace"] == namespace)
            && self
                .labels
                .iter()
                .all(|label| label.holds(&metadata["labels"]))
            && self.fields.iter().all(|field| field.holds(object))
    }
}

impl Label {
    fn parse(text: &str) -> Self {
        let one = |value: &str| vec![value.trim_matches(['=', ' ']).to_owned()];
        let several = |values: &str| {
            let values = values.trim().trim_matches(['(', ')']).split(',');
            values.map(|value| value.trim().to_owned()).collect()
        };
        let name = |name: &str| name.trim().to_owned();
        if let Some((key, values)) = text.split_once(" notin ") {
            Self::NotIn(name(key), several(values))
        } else if let Some((key, values)) = text.split_once(" in ") {
            Self::In(name(key), several(values))
        } else if let Some((key, value)) = text.split_once("!=") {
            Self::NotIn(name(key), one(value))
        } else if let Some((key, value)) = text.split_once('=') {
            Self::In(name(key), one(value))
        } else if let Some(key) = text.strip_prefix('!') {
            Self::Absent(name(key))
        } else {
            Self::Exists(name(text))
        }
    }

    fn holds(&self, labels: &Value) -> bool {
        let is_in = |key: &str, values: &[String]| {
            let value = labels[key].as_str();
            value.is_some_and(|value| values.iter().any(|one| one == value))
        };
        match self {
            Self::Exists(key) => labels[key.as_str()].is_string(),
            Self::Absent(key) => !labels[key.as_str()].is_string(),
            Self::In(key, values) => is_in(key, values),
            Self::NotIn(key, values) => !is_in(key, values),
        }
    }
}

impl Field {
    fn parse(text: &str) -> Self {
        let (path, is_equal, value) = match text.split_once("!=") {
            Some((path, value)) => (path, false, value),
            None => {
                let (path, value) = text.split_once('=').unwrap();
                (path, true, value.trim_start_matches('='))
            }
        };
        Self {
            path: path.split('.').map(str::to_owned).collect(),
            is_equal,
            value: value.to_owned(),
        }
    }

    fn holds(&self, object: &Value) -> bool {
        let mut names = self.path.iter();
        let field = names.try_fold(object, |value, name| value.get(name));
        let field = field.and_then(Value::as_str).unwrap_or_default();
        (field == self.value) == self.is_equal
    }
}

/// The parts of a selector, which commas separate outside of parentheses.
fn split(selector: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = selector.split(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    });
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}
