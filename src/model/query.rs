//! Which containers a list shows, and in which order: the part of a page that lives in its URL.

use super::{Container, ContainerState, ContainerStats, Dashboard, Health, HostId};
use std::{cmp::Ordering, fmt, sync::Arc};

/// A container in a list, with what a list needs of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it runs.
    pub host: HostId,
    /// It.
    pub container: Arc<Container>,
    /// Its figures, when it runs.
    pub stats: Option<ContainerStats>,
}

/// How many containers there are of what interests people first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// All of them.
    pub all: u32,
    /// Running.
    pub running: u32,
    /// Failing their health check.
    pub unhealthy: u32,
    /// Being restarted by the engine.
    pub restarting: u32,
    /// Paused.
    pub paused: u32,
    /// Neither running, restarting nor paused.
    pub stopped: u32,
}

impl Totals {
    /// Counts `containers`.
    pub fn of<'a>(containers: impl IntoIterator<Item = &'a Container>) -> Self {
        let mut totals = Self::default();
        for container in containers {
            totals.all += 1;
            totals.running += u32::from(container.state == ContainerState::Running);
            totals.unhealthy += u32::from(is_unhealthy(container));
            totals.restarting += u32::from(container.state == ContainerState::Restarting);
            totals.paused += u32::from(container.state == ContainerState::Paused);
            totals.stopped += u32::from(!container.state.is_up());
        }
        totals
    }
}

fn is_unhealthy(container: &Container) -> bool {
    container.state.is_up() && container.health == Some(Health::Unhealthy)
}

/// A quick filter by what a container is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StateFilter {
    /// Every container.
    #[default]
    All,
    /// Running ones.
    Running,
    /// Ones that fail their health check.
    Unhealthy,
    /// Ones the engine keeps restarting.
    Restarting,
    /// Paused ones.
    Paused,
    /// Ones that do not run.
    Stopped,
}

impl StateFilter {
    /// Every filter, in the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Running,
        Self::Unhealthy,
        Self::Restarting,
        Self::Paused,
        Self::Stopped,
    ];

    /// Its name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Running => "running",
            Self::Unhealthy => "unhealthy",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// Whether it lets `container` through.
    pub fn matches(self, container: &Container) -> bool {
        match self {
            Self::All => true,
            Self::Running => container.state == ContainerState::Running,
            Self::Unhealthy => is_unhealthy(container),
            Self::Restarting => container.state == ContainerState::Restarting,
            Self::Paused => container.state == ContainerState::Paused,
            Self::Stopped => !container.state.is_up(),
        }
    }

    /// How many containers it lets through.
    pub const fn count(self, totals: &Totals) -> u32 {
        match self {
            Self::All => totals.all,
            Self::Running => totals.running,
            Self::Unhealthy => totals.unhealthy,
            Self::Restarting => totals.restarting,
            Self::Paused => totals.paused,
            Self::Stopped => totals.stopped,
        }
    }
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// Running first, then by name.
    #[default]
    State,
    /// Name.
    Name,
    /// Image reference.
    Image,
    /// Health, worst first.
    Health,
    /// Time since it was started.
    Uptime,
    /// Number of restarts.
    Restarts,
    /// CPU share.
    Cpu,
    /// Memory in use.
    Memory,
    /// Network traffic per second.
    Network,
    /// Block device traffic per second.
    Disk,
    /// Processes.
    Pids,
    /// Lowest published port.
    Ports,
    /// Host.
    Host,
    /// Time since it was created.
    Created,
}

impl SortKey {
    /// Every key.
    pub const ALL: [Self; 14] = [
        Self::State,
        Self::Name,
        Self::Image,
        Self::Health,
        Self::Uptime,
        Self::Restarts,
        Self::Cpu,
        Self::Memory,
        Self::Network,
        Self::Disk,
        Self::Pids,
        Self::Ports,
        Self::Host,
        Self::Created,
    ];

    /// Its name in URLs and stored preferences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Image => "image",
            Self::Health => "health",
            Self::Uptime => "uptime",
            Self::Restarts => "restarts",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Disk => "disk",
            Self::Pids => "pids",
            Self::Ports => "ports",
            Self::Host => "host",
            Self::Created => "created",
        }
    }

    /// Whether it changes with every sample, so that the order must be steadied.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Cpu | Self::Memory | Self::Network | Self::Disk | Self::Pids
        )
    }

    /// Whether the largest come first unless told otherwise.
    pub const fn is_descending_by_default(self) -> bool {
        self.is_live() || matches!(self, Self::Restarts | Self::Created)
    }

    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let stats =
            |row: &Row, of: fn(&ContainerStats) -> Option<u64>| row.stats.as_ref().and_then(of);
        match self {
            Self::State => rank(a.container.state).cmp(&rank(b.container.state)),
            Self::Name => Ordering::Equal,
            Self::Image => a.container.image.cmp(&b.container.image),
            Self::Health => b.container.health.cmp(&a.container.health),
            Self::Uptime => b.container.started_at.cmp(&a.container.started_at),
            Self::Restarts => a.container.restart_count.cmp(&b.container.restart_count),
            Self::Cpu => {
                let cpu = |row: &Row| row.stats.as_ref().and_then(|stats| stats.cpu_percent);
                cpu(a).partial_cmp(&cpu(b)).unwrap_or(Ordering::Equal)
            }
            Self::Memory => stats(a, |s| s.memory_usage).cmp(&stats(b, |s| s.memory_usage)),
            Self::Network => {
                let rate = |s: &ContainerStats| Some(s.network_rx_rate? + s.network_tx_rate?);
                stats(a, rate).cmp(&stats(b, rate))
            }
            Self::Disk => {
                let rate = |s: &ContainerStats| Some(s.block_read_rate? + s.block_write_rate?);
                stats(a, rate).cmp(&stats(b, rate))
            }
            Self::Pids => {
                stats(a, |s| s.pids.map(u64::from)).cmp(&stats(b, |s| s.pids.map(u64::from)))
            }
            Self::Ports => lowest_port(a).cmp(&lowest_port(b)),
            Self::Host => a.host.cmp(&b.host),
            Self::Created => a.container.created.cmp(&b.container.created),
        }
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What needs attention and what runs comes before what rests.
const fn rank(state: ContainerState) -> u8 {
    match state {
        ContainerState::Restarting => 0,
        ContainerState::Running => 1,
        ContainerState::Paused => 2,
        ContainerState::Removing => 3,
        ContainerState::Dead => 4,
        ContainerState::Exited => 5,
        ContainerState::Created => 6,
        ContainerState::Unknown => 7,
    }
}

fn lowest_port(row: &Row) -> Option<u16> {
    row.container
        .ports
        .iter()
        .filter_map(|port| port.public_port)
        .min()
}

/// Which containers a list shows, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerQuery {
    /// Words that must all occur in name, image, project, id or a label, whatever their case.
    pub text: String,
    /// What they are doing.
    pub state: StateFilter,
    /// Result of their health check.
    pub health: Option<Health>,
    /// Compose project.
    pub project: Option<String>,
    /// Host.
    pub host: Option<HostId>,
    /// Leave out containers that do not run.
    pub hide_stopped: bool,
    /// Order.
    pub sort: SortKey,
    /// The order reversed against the key's own.
    pub reversed: bool,
    /// One group for each Compose project.
    pub grouped: bool,
}

impl ContainerQuery {
    /// Reads the query part of a URL through `get`; what is unknown there is left at its default.
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
            host: named(get("host")).map(HostId::new),
            hide_stopped: get("stopped").as_deref() == Some("hide"),
            sort: SortKey::ALL
                .into_iter()
                .find(|key| key.as_str() == sort)
                .unwrap_or_default(),
            reversed,
            grouped: get("group").as_deref() == Some("project"),
        }
    }

    /// The query part of a URL that leads back here: pairs of name and unescaped value, without
    /// what is at its default.
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
        push(self.grouped, "group", "project");
        pairs
    }

    /// The address of the list it describes.
    pub fn href(&self) -> String {
        let pairs = self.to_url();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encoded(value)))
            .collect();
        if pairs.is_empty() {
            "/containers".to_owned()
        } else {
            format!("/containers?{}", pairs.join("&"))
        }
    }

    /// Whether anything is filtered out.
    pub fn is_filtering(&self) -> bool {
        let order_only = Self {
            sort: self.sort,
            reversed: self.reversed,
            grouped: self.grouped,
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
                .all(|word| has_word(container, &word.to_lowercase()))
    }

    /// The order of two rows: group, key, then name and id so that the order is total.
    pub fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let by_group = if self.grouped {
            compare_projects(a, b)
        } else {
            Ordering::Equal
        };
        let by_key = self.sort.compare(a, b);
        let descending = self.sort.is_descending_by_default() != self.reversed;
        let by_name = a.container.name.cmp(&b.container.name);
        let by_name = if self.sort == SortKey::Name && self.reversed {
            by_name.reverse()
        } else {
            by_name
        };
        by_group
            .then(if descending { by_key.reverse() } else { by_key })
            .then(by_name)
            .then_with(|| (&a.host, a.container.id).cmp(&(&b.host, b.container.id)))
    }

    /// The rows of `dashboard` it shows, in order.
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
                    host: name.clone(),
                    container: Arc::clone(container),
                    stats: host.stats.get(&container.id).cloned(),
                })
            })
            .collect();
        rows.sort_by(|a, b| self.compare(a, b));
        rows
    }
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
pub fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// Projects by name, containers without one last.
fn compare_projects(a: &Row, b: &Row) -> Ordering {
    let key = |row: &Row| {
        (
            row.container.project.is_none(),
            row.container.project.clone(),
        )
    };
    key(a).cmp(&key(b))
}

fn has_word(container: &Container, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    has(&container.name)
        || has(&container.image)
        || container.project.as_deref().is_some_and(has)
        || container.id.to_string().starts_with(word)
        || container
            .labels
            .iter()
            .any(|(key, value)| has(&format!("{key}={value}")))
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::*, *};
    use crate::model::{Timestamp, Update};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn dashboard(containers: Vec<Container>) -> Dashboard {
        let mut dashboard = Dashboard::default();
        dashboard.apply(Update::Containers {
            host: HostId::default(),
            at: Timestamp::default(),
            containers: containers.into_iter().map(Arc::new).collect(),
        });
        dashboard
    }

    fn names(query: &ContainerQuery, dashboard: &Dashboard) -> Vec<String> {
        query
            .rows(dashboard)
            .into_iter()
            .map(|row| row.container.name.clone())
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
            (reversed, grouped) in any::<(bool, bool)>(),
        ) -> ContainerQuery {
            ContainerQuery { text, state, health, project, host: host.map(HostId::new), hide_stopped, sort, reversed, grouped }
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
