//! Scope patterns: the text form, which workloads match, and which patterns include others.

use crate::model::{Container, HostId, Scope, Workload};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

/// Longest pattern in bytes. Names of containers and projects are shorter.
pub const MAX_PATTERN_LEN: usize = 256;
/// Longest name of a cluster in bytes, as of a host.
const MAX_CLUSTER_LEN: usize = HostId::MAX_LEN;
/// Longest name of a namespace in bytes: a DNS label (RFC 1123).
const MAX_NAMESPACE_LEN: usize = 63;

/// A set of workloads to which a grant applies. Its text form is used in JSON, in storage and on pages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopePattern {
    /// `*`: everything, including hosts and what belongs to no workload.
    Everything,
    /// `host:nas`: a host with all its workloads, its own figures and its other events.
    Host(HostId),
    /// `cluster:prod` or `cluster:prod/shop`: a cluster or one of its namespaces. Nothing matches yet.
    Cluster {
        /// The name of the cluster.
        cluster: String,
        /// The namespace; `None` for the whole cluster.
        namespace: Option<String>,
    },
    /// `project:shop`: the workloads of a Compose project, on any host.
    Project(String),
    /// `label:team=web`: the workloads with this label, on any host.
    Label {
        /// The name of the label, without `=`.
        name: String,
        /// Its value, which may be empty.
        value: String,
    },
    /// `name:web-*`: the workloads with such a name, on any host. `*` stands for any characters, also none.
    Name(String),
}

/// The properties of a workload that patterns are matched with.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The host.
    pub host: HostId,
    /// The name.
    pub name: &'a str,
    /// The Compose project, if it belongs to one.
    pub project: Option<&'a str>,
    /// The labels.
    pub labels: &'a BTreeMap<String, String>,
}

impl<'a> Subject<'a> {
    /// `container` on `host`.
    pub fn of(host: HostId, container: &'a Container) -> Self {
        Self {
            host,
            name: &container.name,
            project: container.project.as_deref(),
            labels: &container.labels,
        }
    }

    /// `workload` in `scope`.
    pub fn of_workload(scope: Scope, workload: &'a Workload) -> Self {
        let (Scope::Host(host), Workload::Container(container)) = (scope, workload);
        Self::of(host, container)
    }
}

impl ScopePattern {
    /// Whether `subject` is in the scope.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Host(host) => *host == subject.host,
            Self::Cluster { .. } => false,
            Self::Project(project) => subject.project == Some(project),
            Self::Label { name, value } => subject.labels.get(name) == Some(value),
            Self::Name(pattern) => is_like(pattern, subject.name),
        }
    }

    /// Whether the scope includes the host itself: its figures, its machine, and events that belong to no
    /// workload.
    pub fn includes_host(&self, host: HostId) -> bool {
        match self {
            Self::Everything => true,
            Self::Host(named) => *named == host,
            Self::Cluster { .. } | Self::Project(_) | Self::Label { .. } | Self::Name(_) => false,
        }
    }

    /// Whether everything that matches `other` also matches this one.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (
                Self::Cluster {
                    cluster,
                    namespace: None,
                },
                Self::Cluster { cluster: named, .. },
            ) => cluster == named,
            // A `*` of `other` is matched by a `*` only, because no other part of a pattern contains one.
            (Self::Name(pattern), Self::Name(narrower)) => is_like(pattern, narrower),
            (Self::Name(pattern), Self::Project(_) | Self::Label { .. }) => pattern == "*",
            _ => self == other,
        }
    }
}

/// Whether `text` consists of the parts of `pattern` between its `*`, with anything in place of these. The time
/// is linear: each part is searched for once, after the part before it.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = text.strip_prefix(first);
    let Some(mut inner) = inner.and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for part in middle.split('*') {
        match inner.split_once(part) {
            Some((_, after)) => inner = after,
            None => return false,
        }
    }
    true
}

impl fmt::Display for ScopePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*"),
            Self::Host(host) => write!(f, "host:{host}"),
            Self::Cluster { cluster, namespace } => {
                write!(f, "cluster:{cluster}")?;
                let mut namespace = namespace.iter();
                namespace.try_for_each(|namespace| write!(f, "/{namespace}"))
            }
            Self::Project(project) => write!(f, "project:{project}"),
            Self::Label { name, value } => write!(f, "label:{name}={value}"),
            Self::Name(pattern) => write!(f, "name:{pattern}"),
        }
    }
}

/// The reason why a text is not a scope pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAScopePattern {
    /// It is longer than [`MAX_PATTERN_LEN`] bytes.
    TooLong,
    /// It begins with none of the known kinds.
    Kind,
    /// What follows the kind is missing.
    Empty,
    /// It contains a control character, or begins or ends with a space.
    Character,
    /// It names no valid host.
    Host,
    /// It names no valid cluster or namespace.
    Cluster,
    /// It names a label without `=` and a value.
    Label,
    /// It has `*` in a kind other than `name`.
    Wildcard,
}

impl fmt::Display for NotAScopePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => return write!(f, "a scope has at most {MAX_PATTERN_LEN} bytes"),
            Self::Kind => {
                "a scope is *, host:NAME, cluster:NAME, cluster:NAME/NAMESPACE, project:NAME, \
                 label:NAME=VALUE or name:PATTERN"
            }
            Self::Empty => "the name after the colon is missing",
            Self::Character => {
                "a scope contains no control characters, and no space at the beginning or end"
            }
            Self::Host => "the name of a host is 1 to 64 letters, digits, '-' and '_'",
            Self::Cluster => {
                "the name of a cluster is 1 to 64 letters, digits, '-', '_' and '.', and a \
                 namespace is 1 to 63 lower-case letters, digits and '-'"
            }
            Self::Label => "the scope of a label is label:NAME=VALUE",
            Self::Wildcard => "only name: allows * within a name",
        })
    }
}

impl std::error::Error for NotAScopePattern {}

impl FromStr for ScopePattern {
    type Err = NotAScopePattern;

    fn from_str(text: &str) -> Result<Self, NotAScopePattern> {
        if text.len() > MAX_PATTERN_LEN {
            return Err(NotAScopePattern::TooLong);
        }
        if text == "*" {
            return Ok(Self::Everything);
        }
        if text.contains(char::is_control) || text.trim() != text {
            return Err(NotAScopePattern::Character);
        }
        let (kind, rest) = text.split_once(':').ok_or(NotAScopePattern::Kind)?;
        let parse = match kind {
            "host" => host,
            "cluster" => cluster,
            "project" => project,
            "label" => label,
            "name" => name,
            _ => return Err(NotAScopePattern::Kind),
        };
        match rest {
            "" => Err(NotAScopePattern::Empty),
            rest => parse(rest),
        }
    }
}

fn host(text: &str) -> Result<ScopePattern, NotAScopePattern> {
    let host = text.parse().map_err(|_| NotAScopePattern::Host)?;
    Ok(ScopePattern::Host(host))
}

fn cluster(text: &str) -> Result<ScopePattern, NotAScopePattern> {
    let (cluster, namespace) = match text.split_once('/') {
        Some((cluster, namespace)) => (cluster, Some(namespace)),
        None => (text, None),
    };
    let of_cluster = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let of_namespace = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_valid = (1..=MAX_CLUSTER_LEN).contains(&cluster.len())
        && cluster.bytes().all(of_cluster)
        && namespace.is_none_or(|name| {
            (1..=MAX_NAMESPACE_LEN).contains(&name.len()) && name.bytes().all(of_namespace)
        });
    if !is_valid {
        return Err(NotAScopePattern::Cluster);
    }
    Ok(ScopePattern::Cluster {
        cluster: cluster.to_owned(),
        namespace: namespace.map(str::to_owned),
    })
}

fn project(text: &str) -> Result<ScopePattern, NotAScopePattern> {
    // A pattern that looks like a wildcard but matches literally would be a trap.
    if text.contains('*') {
        return Err(NotAScopePattern::Wildcard);
    }
    Ok(ScopePattern::Project(text.to_owned()))
}

fn label(text: &str) -> Result<ScopePattern, NotAScopePattern> {
    let (name, value) = text.split_once('=').ok_or(NotAScopePattern::Label)?;
    if name.is_empty() {
        return Err(NotAScopePattern::Label);
    }
    if text.contains('*') {
        return Err(NotAScopePattern::Wildcard);
    }
    Ok(ScopePattern::Label {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// Several `*` in a row are one, so that equal scopes have one form.
fn name(text: &str) -> Result<ScopePattern, NotAScopePattern> {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '*' || !pattern.ends_with('*') {
            pattern.push(character);
        }
    }
    Ok(ScopePattern::Name(pattern))
}

impl Serialize for ScopePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
