//! What a request is about.

use super::{
    kinds::{KINDS, Kind},
    world::Key,
};
use crate::support::fake_server::WithCertificate;
use axum::body::{Body, Bytes, to_bytes};
use hyper::{Request, body::Incoming, header};
use std::collections::HashMap;

pub(super) type Query = HashMap<String, String>;

/// A request, read completely.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// The path and the query, as sent.
    pub(super) uri: String,
    pub(super) query: Query,
    pub(super) content_type: String,
    pub(super) body: Bytes,
    pub(super) authorization: Option<String>,
    pub(super) has_certificate: bool,
}

impl Asked {
    pub(super) async fn read(request: Request<Incoming>) -> Self {
        let (parts, body) = request.into_parts();
        let header = |name| {
            let value = parts.headers.get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let uri = parts.uri.to_string();
        let url = reqwest::Url::parse(&format!("http://cluster{uri}")).unwrap();
        let body = to_bytes(Body::new(body), usize::MAX).await;
        Self {
            method: parts.method.as_str().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            uri,
            content_type: header(header::CONTENT_TYPE).unwrap_or_default(),
            body: body.unwrap_or_default(),
            authorization: header(header::AUTHORIZATION),
            has_certificate: parts.extensions.get::<WithCertificate>().is_some(),
        }
    }

    /// The path in its parts.
    pub(super) fn path(&self) -> Vec<&str> {
        let path = self.uri.split('?').next().unwrap();
        path.split('/').filter(|part| !part.is_empty()).collect()
    }

    pub(super) fn is(&self, parameter: &str) -> bool {
        let value = self.query.get(parameter);
        value.is_some_and(|value| value == "true" || value == "1")
    }
}

/// The object, or the objects, that a path names.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) kind: &'static Kind,
    pub(super) namespace: Option<String>,
    /// Empty for all objects.
    pub(super) name: String,
    /// Empty for the object itself.
    pub(super) subresource: String,
}

impl Target {
    pub(super) fn of(path: &[&str]) -> Option<Self> {
        let (group, version, rest) = match path {
            ["api", version, rest @ ..] => ("", version, rest),
            ["apis", group, version, rest @ ..] => (*group, version, rest),
            _ => return None,
        };
        let find = |plural: &str| {
            let mut kinds = KINDS.iter();
            kinds.find(|kind| {
                kind.group == group && kind.version == *version && kind.plural == plural
            })
        };
        let (namespace, plural, rest) = match rest {
            ["namespaces", namespace, plural, rest @ ..] => (Some(*namespace), plural, rest),
            ["namespaces", name] => (Some(*name), &"namespaces", &rest[1..]),
            [plural, rest @ ..] => (None, plural, rest),
            [] => return None,
        };
        Some(Self {
            kind: find(plural)?,
            namespace: namespace.map(str::to_owned),
            name: rest.first().copied().unwrap_or_default().to_owned(),
            subresource: rest.get(1..).unwrap_or_default().join("/"),
        })
    }

    /// The verb of a request with this method.
    pub(super) fn verb(&self, asked: &Asked) -> &'static str {
        match asked.method.as_str() {
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ if !self.name.is_empty() => "get",
            _ if asked.is("watch") => "watch",
            _ => "list",
        }
    }

    /// The resource as rules name it: `pods`, `pods/log`, `nodes/proxy`.
    pub(super) fn resource(&self) -> String {
        match self.subresource.split('/').next() {
            None | Some("") => self.kind.plural.to_owned(),
            Some(subresource) => format!("{}/{subresource}", self.kind.plural),
        }
    }

    /// The key of the object.
    pub(super) fn key(&self) -> Key {
        let namespace = self.namespace.clone().filter(|_| self.kind.is_namespaced);
        Key {
            plural: self.kind.plural,
            namespace: namespace.unwrap_or_default(),
            name: self.name.clone(),
        }
    }
}
