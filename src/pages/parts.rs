//! The parts of the code that are not in the first view: each is a WebAssembly file of its own, which is
//! loaded with the page that needs it. The server names the files in the HTML of that page, and renders every
//! page itself; so only a browser loads parts.
//!
//! A page is hydrated after its part is loaded ([`Part::load`]), so that hydration itself waits for nothing.
//! The realtime test is loaded ahead as soon as the page is interactive, the other parts when it is idle. If a
//! part cannot be loaded, for instance because the server has been updated, the browser opens the URL instead,
//! as it does without scripts.

use super::{container, containers, logs, realtime_test, settings};
use crate::model::{Page, Tab};
use futures::FutureExt;
use leptos::{
    prelude::*, task::spawn_local_scoped_with_cancellation, wasm_split::SplitLoaderError,
};
use leptos_router::{ChooseView, location::Url};
use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
};

/// A part of the code that is loaded with the page that needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The list of containers.
    Containers,
    /// A container's page with its overview.
    Container,
    /// The log viewer, on its page and on a tab of a container's page.
    Logs,
    /// The tabs of a container except its overview and its log.
    ContainerTabs,
    /// The realtime test.
    RealtimeTest,
    /// The settings.
    Settings,
}

/// Whether each part is loaded, in the order of [`Part::ALL`].
static LOADED: [AtomicBool; Part::ALL.len()] = [const { AtomicBool::new(false) }; Part::ALL.len()];

impl Part {
    /// Every part, the one that is needed most often first.
    pub const ALL: [Self; 6] = [
        Self::Containers,
        Self::Container,
        Self::Logs,
        Self::ContainerTabs,
        Self::RealtimeTest,
        Self::Settings,
    ];

    /// The parts that `page` needs in addition to the first view.
    pub fn of(page: &Page) -> impl Iterator<Item = Self> + use<> {
        let (part, tab) = match page {
            Page::Overview => (None, None),
            Page::Containers => (Some(Self::Containers), None),
            Page::Container(_, tab) => (Some(Self::Container), Self::of_tab(*tab)),
            Page::Logs => (Some(Self::Logs), None),
            Page::RealtimeTest => (Some(Self::RealtimeTest), None),
            Page::Settings(_) => (Some(Self::Settings), None),
            // They load no code at all.
            Page::Login | Page::Setup => (None, None),
        };
        part.into_iter().chain(tab)
    }

    /// The part that a tab of a container's page needs in addition to [`Self::Container`].
    pub const fn of_tab(tab: Tab) -> Option<Self> {
        match tab {
            Tab::Overview => None,
            Tab::Logs => Some(Self::Logs),
            Tab::Stats | Tab::Processes | Tab::Events | Tab::Inspect => Some(Self::ContainerTabs),
        }
    }

    /// The name in the list of files that the build writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Container => "container",
            Self::Logs => "logs",
            Self::ContainerTabs => "container_tabs",
            Self::RealtimeTest => "realtime_test",
            Self::Settings => "settings",
        }
    }

    /// Loads the part, once; a failed attempt can be repeated.
    pub async fn load(self) -> Result<(), SplitLoaderError> {
        match self {
            Self::Containers => containers::load_page().await?,
            Self::Container => container::load_page().await?,
            Self::Logs => {
                logs::load_page().await?;
                container::load_logs().await?;
            }
            Self::ContainerTabs => container::load_more().await?,
            Self::RealtimeTest => realtime_test::load_page().await?,
            Self::Settings => settings::load_page().await?,
        }
        self.loaded().store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a view of the part can be created now. Always true on the server.
    pub fn is_loaded(self) -> bool {
        cfg!(not(target_family = "wasm")) || self.loaded().load(Ordering::Relaxed)
    }

    fn loaded(self) -> &'static AtomicBool {
        match self {
            Self::Containers => &LOADED[0],
            Self::Container => &LOADED[1],
            Self::Logs => &LOADED[2],
            Self::ContainerTabs => &LOADED[3],
            Self::RealtimeTest => &LOADED[4],
            Self::Settings => &LOADED[5],
        }
    }

    /// Loads the part, or makes the browser open `address` instead.
    pub async fn load_or_open(self, address: &str) {
        if self.load().await.is_err() {
            let _ = window().location().assign(address);
            // The document is about to be replaced.
            std::future::pending().await
        }
    }
}

/// The view created by a function of a part; `None` until the part is loaded.
pub fn view_of<E>(made: impl Future<Output = Result<AnyView, E>>) -> Option<AnyView> {
    made.now_or_never()?.ok()
}

/// The route of a page that is a separate part. The router keeps showing the previous page until the part is
/// loaded.
#[derive(Clone, Copy, Debug)]
pub enum PartRoute {
    /// [`Page::Containers`].
    Containers,
    /// [`Page::Container`], for any tab.
    Container,
    /// [`Page::Logs`].
    Logs,
    /// [`Page::RealtimeTest`].
    RealtimeTest,
    /// [`Page::Settings`], for any section.
    Settings,
}

impl ChooseView for PartRoute {
    async fn choose(self) -> AnyView {
        let view = match self {
            Self::Containers => view_of(containers::page()),
            Self::Container => view_of(container::page()),
            Self::Logs => view_of(logs::page()),
            Self::RealtimeTest => view_of(realtime_test::page()),
            Self::Settings => view_of(settings::page()),
        };
        view.unwrap_or_else(|| ().into_any())
    }

    async fn preload(&self) {
        let part = match self {
            Self::Containers => Part::Containers,
            Self::Container => Part::Container,
            Self::Logs => Part::Logs,
            Self::RealtimeTest => Part::RealtimeTest,
            Self::Settings => Part::Settings,
        };
        if part.is_loaded() {
            return;
        }
        let url = use_context::<ArcRwSignal<Url>>().map(|url| url.get_untracked());
        part.load_or_open(&url.as_ref().map(address).unwrap_or_default())
            .await;
    }
}

fn address(url: &Url) -> String {
    match url.search() {
        "" => url.path().to_owned(),
        search => format!("{}?{search}", url.path()),
    }
}

/// Loads the realtime test ahead: it is needed when the server can no longer be reached.
pub fn load_ahead() {
    Effect::new(|| {
        spawn_local_scoped_with_cancellation(async {
            let _ = Part::RealtimeTest.load().await;
        });
    });
}
