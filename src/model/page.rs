//! The URLs of pages, which only this module reads and writes. The filters of a list or a log are in the
//! query: see [`ContainerQuery`](super::ContainerQuery) and the view of a log.

use super::{WorkloadId, WorkloadRef};

/// A page, as identified by its URL below the base path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The overview of all hosts.
    Overview,
    /// The list of containers.
    Containers,
    /// A container, with the open tab.
    Container(WorkloadRef, Tab),
    /// The logs of several containers.
    Logs,
    /// The realtime test.
    RealtimeTest,
    /// The page on which users sign in. Only the server renders it; it has no live connection.
    Login,
    /// The page on which the first user is created. Only the server renders it, like [`Self::Login`].
    Setup,
    /// The settings.
    Settings(Section),
}

/// A page of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// The principal itself: its rights, password and session.
    #[default]
    Profile,
    /// The users and their grants.
    Users,
    /// The tokens of programs, and kiosk links.
    Tokens,
    /// The audit.
    Audit,
    /// The state of the server itself.
    System,
}

impl Section {
    /// Every section, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Profile,
        Self::Users,
        Self::Tokens,
        Self::Audit,
        Self::System,
    ];

    /// The segment of the path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Audit => "audit",
            Self::System => "system",
        }
    }

    /// The section with this segment; `None` when there is no such section.
    pub fn named(segment: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|section| section.as_str() == segment)
    }
}

/// A tab of the page of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The most important facts and figures.
    #[default]
    Overview,
    /// Charts of its figures.
    Stats,
    /// Its log.
    Logs,
    /// Its processes.
    Processes,
    /// Its recent events.
    Events,
    /// The engine's complete description.
    Inspect,
}

impl Tab {
    /// Every tab, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Overview,
        Self::Stats,
        Self::Logs,
        Self::Processes,
        Self::Events,
        Self::Inspect,
    ];

    /// The name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Stats => "stats",
            Self::Logs => "logs",
            Self::Processes => "processes",
            Self::Events => "events",
            Self::Inspect => "inspect",
        }
    }

    /// The tab with this name, or the first one.
    pub fn named(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|tab| tab.as_str() == name).unwrap_or_default()
    }
}

impl Page {
    /// The first segment of [`Self::Containers`] and [`Self::Container`].
    pub const CONTAINERS: &'static str = "containers";
    /// The only segment of [`Self::Logs`].
    pub const LOGS: &'static str = "logs";
    /// The only segment of [`Self::RealtimeTest`].
    pub const REALTIME_TEST: &'static str = "realtime-test";
    /// The only segment of [`Self::Login`].
    pub const LOGIN: &'static str = "login";
    /// The only segment of [`Self::Setup`].
    pub const SETUP: &'static str = "setup";
    /// The first segment of [`Self::Settings`].
    pub const SETTINGS: &'static str = "settings";
    /// The parameter of [`Self::Login`] with the path to return to.
    pub const NEXT: &'static str = "next";
    /// The parameter that names the host of a container, unless it is the server's own.
    pub const HOST: &'static str = "host";
    /// The parameter that names a tab.
    pub const TAB: &'static str = "tab";

    /// The page of a workload, with its first tab.
    pub fn of(id: WorkloadId) -> Self {
        Self::tab(id, Tab::default())
    }

    /// A tab of the page of a workload.
    pub fn tab(id: WorkloadId, tab: Tab) -> Self {
        Self::Container(id.reference(), tab)
    }

    /// The page at `path`, with the parameters returned by `get`; `None` when there is no such page.
    pub fn parse(path: &str, get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let mut segments = path.split('/').skip(1);
        let page = match (segments.next(), segments.next()) {
            (None, _) => Self::Overview,
            (Some(Self::CONTAINERS), None) => Self::Containers,
            (Some(Self::CONTAINERS), Some(id)) => {
                let tab = Tab::named(&get(Self::TAB).unwrap_or_default());
                let host = get(Self::HOST).map(|host| host.parse()).transpose();
                let named = WorkloadRef {
                    host: host.ok()?,
                    id: id.parse().ok()?,
                };
                Self::Container(named, tab)
            }
            (Some(Self::LOGS), None) => Self::Logs,
            (Some(Self::REALTIME_TEST), None) => Self::RealtimeTest,
            (Some(Self::LOGIN), None) => Self::Login,
            (Some(Self::SETUP), None) => Self::Setup,
            (Some(Self::SETTINGS), None) => Self::Settings(Section::default()),
            (Some(Self::SETTINGS), Some(section)) => Self::Settings(Section::named(section)?),
            _ => return None,
        };
        segments.next().is_none().then_some(page)
    }

    /// The URL of the page.
    pub fn href(&self) -> String {
        match self {
            Self::Overview => "/".to_owned(),
            Self::Containers => format!("/{}", Self::CONTAINERS),
            Self::Container(named, tab) => {
                let host = named.host.map(|host| format!("{}={host}", Self::HOST));
                let tab =
                    (*tab != Tab::default()).then(|| format!("{}={}", Self::TAB, tab.as_str()));
                let pairs: Vec<_> = host.into_iter().chain(tab).collect();
                let path = format!("/{}/{}", Self::CONTAINERS, named.id.as_str());
                match pairs.is_empty() {
                    true => path,
                    false => format!("{path}?{}", pairs.join("&")),
                }
            }
            Self::Logs => format!("/{}", Self::LOGS),
            Self::RealtimeTest => format!("/{}", Self::REALTIME_TEST),
            Self::Login => format!("/{}", Self::LOGIN),
            Self::Setup => format!("/{}", Self::SETUP),
            Self::Settings(section) => format!("/{}/{}", Self::SETTINGS, section.as_str()),
        }
    }

    /// The URL of the page, extended by `query`, which must be escaped.
    pub fn href_with(&self, query: &str) -> String {
        let mut href = self.href();
        if !query.is_empty() {
            href.push(if href.contains('?') { '&' } else { '?' });
            href.push_str(query);
        }
        href
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerId, HostId};

    fn page(address: &str) -> Option<Page> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let pairs: Vec<_> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        Page::parse(path, |name| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_page_is_found_at_its_address() {
        let id = ContainerId::from_bytes([0xab; 32]);
        let here = WorkloadId::container(HostId::local(), id);
        let nas = WorkloadId::container("nas".parse().unwrap(), id);
        let tabs = Tab::ALL.map(|tab| Page::tab(here, tab));
        let elsewhere = Tab::ALL.map(|tab| Page::tab(nas, tab));
        let others = [
            Page::Overview,
            Page::Containers,
            Page::Logs,
            Page::RealtimeTest,
            Page::Login,
            Page::Setup,
        ];
        let settings = Section::ALL.map(Page::Settings);
        let others = others.into_iter().chain(settings);
        for shown in tabs.into_iter().chain(elsewhere).chain(others) {
            assert_eq!(page(&shown.href()), Some(shown.clone()));
            assert_eq!(page(&shown.href_with("q=x")), Some(shown));
        }
        assert_eq!(
            Page::tab(nas, Tab::Logs).href(),
            format!("/containers/{id}?host=nas&tab=logs")
        );
        assert_eq!(Page::Logs.href_with("c=1"), "/logs?c=1");
        assert_eq!(Page::Logs.href_with(""), "/logs");
    }

    #[test]
    fn slashes_at_the_end_make_no_difference_and_unknown_tabs_are_the_first() {
        assert_eq!(page("/containers/"), Some(Page::Containers));
        assert_eq!(page(""), Some(Page::Overview));
        assert_eq!(page("/settings/"), Some(Page::Settings(Section::Profile)));
        let container = page("/containers/0123456789ab/?tab=nonsense");
        let named = WorkloadRef {
            host: None,
            id: "0123456789ab".parse().unwrap(),
        };
        let expected = Page::Container(named, Tab::Overview);
        assert_eq!(container, Some(expected));
    }

    #[test]
    fn what_is_no_page_is_none() {
        for address in [
            "/nowhere",
            "/containers/nonsense",
            "/containers/0123456789ab/x",
            "/containersx",
            "/logs/x",
            "/login/x",
            "/settings/nowhere",
            "/settings/users/ana",
            "/containers/../../etc",
        ] {
            assert_eq!(page(address), None, "{address}");
        }
    }
}
