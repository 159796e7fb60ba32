//! The filters and the order of a list of containers: the part of a page that is in its URL.

mod grouping;
mod sort;
mod state;

pub use grouping::{Group, Grouping};
pub use sort::SortKey;
pub use state::{StateFilter, Totals};

use super::{
    Container, ContainerStats, Dashboard, Figures, Health, HostId, Page, Port, Scope, Workload,
    WorkloadId,
};
use std::{cmp::Ordering, sync::Arc};

/// A workload in a list, with the data that a list needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The id.
    pub id: WorkloadId,
    /// The workload.
    pub workload: Workload,
    /// The figures, when it runs.
    pub figures: Option<Figures>,
}

impl Row {
    /// The host it runs on.
    pub const fn host(&self) -> HostId {
        let Scope::Host(host) = self.id.scope;
        host
    }

    /// The container.
    pub fn container(&self) -> &Container {
        let Workload::Container(container) = &self.workload;
        container
    }

    /// The figures of the container, when it runs.
    pub fn stats(&self) -> Option<&ContainerStats> {
        let Figures::Container(stats) = self.figures.as_ref()?;
        Some(stats)
    }
}

/// The filters and the order of a list of containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerQuery {
    /// Words that must all occur in name, image, project, id, a label or a port, in any case; with the prefix
    /// `host:`, a word must occur in the name of the host.
    pub text: String,
    /// The states to show.
    pub state: StateFilter,
    /// The health to show; any when absent.
    pub health: Option<Health>,
    /// The Compose project to show; any when absent.
    pub project: Option<String>,
    /// The host to show; any when absent.
    pub host: Option<HostId>,
    /// Whether to hide containers that do not run.
    pub hide_stopped: bool,
    /// The sort key.
    pub sort: SortKey,
    /// Whether the default order of the key is reversed.
    pub reversed: bool,
    /// The grouping.
    pub grouping: Grouping,
}

impl ContainerQuery {
    /// Parses the query of a URL, whose values `get` returns; unknown values are ignored.
    pub fn from_url(get: impl Fn(&str) -> Option<String>) -> Self {
        let named = |name: Option<String>| name.filter(|name| !name.is_empty());
        let sort = get("sort").unwrap_or_default();
        let (reversed, sort) = sort
            .strip_prefix('-')
            .map_or((false, sort.as_str()), |key| (true, key));
        let state = get("state").unwrap_or_default();
        let health = get("health").unwrap_or_default();
        Self {
            text: get("q").unwrap_or_default(),
            state: StateFilter::ALL
                .into_iter()
                .find(|f| f.as_str() == state)
                .unwrap_or_default(),
            health: Health::ALL.into_iter().find(|h| h.as_str() == health),
            project: named(get("project")),
            host: named(get("host")).and_then(|name| name.parse().ok()),
            hide_stopped: get("stopped").as_deref() == Some("hide"),
            sort: SortKey::ALL
                .into_iter()
                .find(|key| key.as_str() == sort)
                .unwrap_or_default(),
            reversed,
            grouping: Grouping::ALL
                .into_iter()
                .find(|grouping| grouping.as_str() == get("group").unwrap_or_default())
                .unwrap_or_default(),
        }
    }

    /// The query of a URL for this list: pairs of name and unescaped value, without defaults.
    pub fn to_url(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut push = |is_set: bool, name, value: &str| {
            if is_set {
                pairs.push((name, value.to_owned()));
            }
        };
        push(!self.text.is_empty(), "q", &self.text);
        push(self.state != StateFilter::All, "state", self.state.as_str());
        push(
            self.health.is_some(),
            "health",
            self.health.map_or("", Health::as_str),
        );
        push(
            self.project.is_some(),
            "project",
            self.project.as_deref().unwrap_or_default(),
        );
        push(
            self.host.is_some(),
            "host",
            self.host.as_ref().map_or("", HostId::as_str),
        );
        push(self.hide_stopped, "stopped", "hide");
        let sort = format!("{}{}", if self.reversed { "-" } else { "" }, self.sort);
        push(
            self.sort != SortKey::default() || self.reversed,
            "sort",
            &sort,
        );
        push(
            self.grouping != Grouping::None,
            "group",
            self.grouping.as_str(),
        );
        pairs
    }

    /// The URL of the list.
    pub fn href(&self) -> String {
        let pairs = self.to_url();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        Page::Containers.href_with(&pairs.join("&"))
    }

    /// Whether any containers are hidden.
    pub fn is_filtering(&self) -> bool {
        let order_only = Self {
            sort: self.sort,
            reversed: self.reversed,
            grouping: self.grouping,
            ..Self::default()
        };
        *self != order_only
    }

    /// Whether `container` on `host` is shown.
    pub fn matches(&self, host: &HostId, container: &Container) -> bool {
        self.state.matches(container)
            && self
                .health
                .is_none_or(|health| container.health == Some(health))
            && (self.project.is_none() || self.project == container.project)
            && self.host.as_ref().is_none_or(|wanted| wanted == host)
            && (!self.hide_stopped || container.state.is_up())
            && self
                .text
                .split_whitespace()
                .all(|word| has_word(host, container, &word.to_lowercase()))
    }

    /// The order of two rows: by group, key, name and id, so that the order is total.
    pub fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let by_group = self.grouping.of(a).cmp(&self.grouping.of(b));
        let by_key = self.sort.compare(a, b);
        let descending = self.sort.is_descending_by_default() != self.reversed;
        let by_name = a.container().name.cmp(&b.container().name);
        let by_name = if self.sort == SortKey::Name && self.reversed {
            by_name.reverse()
        } else {
            by_name
        };
        by_group
            .then(if descending { by_key.reverse() } else { by_key })
            .then(by_name)
            .then_with(|| (a.host(), a.id.key).cmp(&(b.host(), b.id.key)))
    }

    /// The shown rows of `dashboard`, in order.
    pub fn rows(&self, dashboard: &Dashboard) -> Vec<Row> {
        let mut rows: Vec<Row> = dashboard
            .hosts
            .iter()
            .flat_map(|(name, host)| {
                let shown = host
                    .containers
                    .values()
                    .filter(|container| self.matches(name, container));
                shown.map(|container| Row {
                    id: WorkloadId::container(*name, container.id),
                    workload: Workload::Container(Arc::clone(container)),
                    figures: host
                        .stats
                        .get(&container.id)
                        .cloned()
                        .map(Figures::Container),
                })
            })
            .collect();
        rows.sort_by(|a, b| self.compare(a, b));
        rows
    }
}

/// `text` with everything but RFC 3986's unreserved characters as `%XX`.
pub fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

fn has_word(host: &HostId, container: &Container, word: &str) -> bool {
    if let Some(word) = word.strip_prefix("host:") {
        return host.as_str().to_lowercase().contains(word);
    }
    let has = |text: &str| text.to_lowercase().contains(word);
    has(&container.name)
        || has(&container.image)
        || container.project.as_deref().is_some_and(has)
        || container.id.to_string().starts_with(word)
        || container
            .labels
            .iter()
            .any(|(key, value)| has(&format!("{key}={value}")))
        || container.ports.iter().any(|port| is_port(port, word))
}

/// Whether `word` is the beginning of a port as engines write it: `8080:80/tcp` where it is published,
/// `80/tcp` inside the container. The colon of `:8080` may be included.
fn is_port(port: &Port, word: &str) -> bool {
    let word = word.strip_prefix(':').unwrap_or(word);
    // Most words do not begin with a digit, so this check is a shortcut.
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let inside = format!("{}/{}", port.private_port, port.protocol);
    let published = port.public_port.map(|public| format!("{public}:{inside}"));
    inside.starts_with(word) || published.is_some_and(|text| text.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::*, *};
    use crate::model::{ContainerState, Timestamp, Update};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn dashboard(containers: Vec<Container>) -> Dashboard {
        let mut dashboard = Dashboard::default();
        dashboard.apply(Update::Containers {
            timestamp: Timestamp::default(),
            host: HostId::default(),
            data: containers.into_iter().map(Arc::new).collect(),
        });
        dashboard
    }

    fn names(query: &ContainerQuery, dashboard: &Dashboard) -> Vec<String> {
        query
            .rows(dashboard)
            .into_iter()
            .map(|row| row.container().name.clone())
            .collect()
    }

    #[test]
    fn text_finds_name_image_project_id_and_label() {
        let mut container = container(0xab);
        container.project = Some("Shop".into());
        container.labels.insert("tier".into(), "front".into());
        let dashboard = dashboard(vec![container]);
        let found = |text: &str| {
            !names(
                &ContainerQuery {
                    text: text.into(),
                    ..Default::default()
                },
                &dashboard,
            )
            .is_empty()
        };
        for text in [
            "web",
            "NGINX",
            "shop",
            "abababababab",
            "tier=front",
            "web nginx",
            "",
        ] {
            assert!(found(text), "{text}");
        }
        for text in ["db", "web db", "bababa"] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn host_before_a_word_means_the_host() {
        let dashboard = dashboard(vec![container(1)]);
        for (text, found) in [
            ("host:local", 1),
            ("host:LOC web", 1),
            ("host:", 1),
            ("host:nas", 0),
        ] {
            let query = ContainerQuery {
                text: text.into(),
                ..Default::default()
            };
            assert_eq!(names(&query, &dashboard).len(), found, "{text}");
        }
    }

    #[test]
    fn groups_stand_together_by_project_or_by_host() {
        let in_project = |n, project: Option<&str>| Container {
            project: project.map(str::to_owned),
            ..container(n)
        };
        let mut dashboard = dashboard(vec![
            in_project(1, None),
            in_project(2, Some("shop")),
            in_project(3, Some("blog")),
        ]);
        dashboard.apply(Update::Containers {
            timestamp: Timestamp::default(),
            host: "a".parse().unwrap(),
            data: vec![Arc::new(in_project(4, Some("shop")))],
        });
        let grouped = |grouping| {
            let query = ContainerQuery {
                grouping,
                ..Default::default()
            };
            names(&query, &dashboard)
        };
        assert_eq!(
            grouped(Grouping::Project),
            ["web-3", "web-2", "web-4", "web-1"]
        );
        assert_eq!(
            grouped(Grouping::Host),
            ["web-4", "web-1", "web-2", "web-3"]
        );
    }

    #[test]
    fn text_finds_published_and_exposed_ports() {
        let port = |private_port, public_port, protocol: &str| Port {
            ip: None,
            private_port,
            public_port,
            protocol: protocol.into(),
        };
        let mut container = container(0xab);
        container.image = "app".into();
        container.ports = vec![port(80, Some(8080), "tcp"), port(5353, None, "udp")];
        let dashboard = dashboard(vec![container]);
        let found = |text: &str| {
            let text = text.to_owned();
            let query = ContainerQuery {
                text,
                ..Default::default()
            };
            !names(&query, &dashboard).is_empty()
        };
        for text in [
            "8080",
            ":8080",
            "808",
            "80",
            "8080:80",
            "8080:80/tcp",
            "5353",
            "5353/UDP",
        ] {
            assert!(found(text), "{text}");
        }
        for text in ["8081", "18080", "353", "80/udp", "5353/tcp", "udp", ":"] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn running_comes_first_and_the_order_can_be_reversed() {
        let stopped = Container {
            state: ContainerState::Exited,
            ..container(1)
        };
        let dashboard = dashboard(vec![stopped, container(2), container(3)]);
        let mut query = ContainerQuery::default();
        assert_eq!(names(&query, &dashboard), ["web-2", "web-3", "web-1"]);
        query.reversed = true;
        assert_eq!(names(&query, &dashboard), ["web-1", "web-2", "web-3"]);
        query = ContainerQuery {
            sort: SortKey::Name,
            reversed: true,
            ..Default::default()
        };
        assert_eq!(names(&query, &dashboard), ["web-3", "web-2", "web-1"]);
        query = ContainerQuery {
            hide_stopped: true,
            ..Default::default()
        };
        assert_eq!(names(&query, &dashboard), ["web-2", "web-3"]);
    }

    #[test]
    fn by_uptime_what_does_not_run_comes_last_however_lately_it_was_started() {
        let started = |n, state, ms| Container {
            state,
            started_at: Some(Timestamp::from_millis(ms)),
            ..container(n)
        };
        let dashboard = dashboard(vec![
            started(1, ContainerState::Restarting, 9_000),
            started(2, ContainerState::Running, 1_000),
            started(3, ContainerState::Running, 5_000),
        ]);
        let query = ContainerQuery {
            sort: SortKey::Uptime,
            ..Default::default()
        };
        assert_eq!(names(&query, &dashboard), ["web-3", "web-2", "web-1"]);
    }

    #[test]
    fn totals_agree_with_the_filters() {
        let unhealthy = Container {
            health: Some(Health::Unhealthy),
            ..container(1)
        };
        let exited_unhealthy = Container {
            state: ContainerState::Exited,
            health: Some(Health::Unhealthy),
            ..container(2)
        };
        let list = [unhealthy, exited_unhealthy, container(3)];
        let totals = Totals::of(&list);
        for filter in StateFilter::ALL {
            let matching = list
                .iter()
                .filter(|container| filter.matches(container))
                .count();
            assert_eq!(filter.count(&totals) as usize, matching, "{filter:?}");
        }
        assert_eq!(totals.unhealthy, 1, "a stopped container is not unhealthy");
    }

    prop_compose! {
        fn any_query()(
            text in "[a-z]{0,4}",
            state in prop::sample::select(&StateFilter::ALL[..]),
            health in prop::option::of(prop::sample::select(&Health::ALL[..])),
            project in prop::option::of("[a-c]{1,3}"),
            host in prop::option::of("[a-c]{1,3}"),
            hide_stopped: bool,
            sort in prop::sample::select(&SortKey::ALL[..]),
            reversed: bool,
            grouping in prop::sample::select(&Grouping::ALL[..]),
        ) -> ContainerQuery {
            ContainerQuery { text, state, health, project, host: host.map(|name| name.parse().unwrap()), hide_stopped, sort, reversed, grouping }
        }
    }

    #[test]
    fn an_address_has_nothing_unescaped() {
        let query = ContainerQuery {
            text: "a&b=c d/é".into(),
            ..Default::default()
        };
        assert_eq!(query.href(), "/containers?q=a%26b%3Dc%20d%2F%C3%A9");
        assert_eq!(ContainerQuery::default().href(), "/containers");
    }

    proptest! {
        #[test]
        fn a_query_survives_the_url(query in any_query()) {
            let url: BTreeMap<_, _> = query.to_url().into_iter().collect();
            prop_assert_eq!(ContainerQuery::from_url(|name| url.get(name).cloned()), query);
        }

        #[test]
        fn the_order_is_total(query in any_query(), list in any_containers()) {
            let dashboard = dashboard(list.values().map(|c| (**c).clone()).collect());
            let rows = query.rows(&dashboard);
            for pair in rows.windows(2) {
                prop_assert_eq!(query.compare(&pair[0], &pair[1]), Ordering::Less);
            }
        }
    }
}
