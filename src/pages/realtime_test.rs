//! The realtime test: tests every channel and transport from this browser, and reports what blocks them.

mod copy;
mod findings;
mod samples;
mod summary;
mod verdict;
mod ways;

use crate::{
    client::{Observations, driver, use_live},
    components::PageTitle,
    i18n::use_text,
    model::{HostId, Proxy, SourceKind, SourceState, SourceStatus},
    part::in_part,
};
use findings::Findings;
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use samples::{Samples, Sources};
use std::collections::BTreeMap;
use summary::Summary;
use verdict::Verdict;
use ways::Ways;

in_part! {
    realtime_test, load_page;
    /// The page, from the part [`Part::RealtimeTest`](super::Part::RealtimeTest).
    pub(super) fn page() -> Result<AnyView, SplitLoaderError> {
        Ok(view! { <RealtimeTestPage /> }.into_any())
    }
}

/// The realtime test.
#[component]
fn RealtimeTestPage() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let observed = RwSignal::new(Observations::default());
    let proxy = RwSignal::new(Proxy::Nginx);
    let silent = Memo::new(move |_| {
        silent_engines(live.hosts().get(), |host| {
            live.host(host).sources.read().clone()
        })
    });
    Effect::new(move || {
        let silent = silent.get();
        observed.update(|observed| observed.silent_engines = silent);
    });
    // All runs have the same owner, so that leaving the page ends them.
    let runs = RwSignal::new(0_u32);
    Effect::new(move || {
        runs.track();
        driver::run_probes(observed);
    });
    live.watch_connection(true);
    on_cleanup(move || live.watch_connection(false));
    let no_script = format!(
        "<p class=\"banner\">{}</p>",
        text.get_untracked().realtime().no_script
    );
    view! {
        <PageTitle text=move || text.get().frame.realtime_test.to_owned() />
        <div class="stack realtime">
            // As raw HTML, for the same reason as the banner of every page.
            <noscript inner_html=no_script></noscript>
            <Verdict observed proxy on_again=Callback::new(move |()| runs.update(|n| *n += 1)) />
            <Findings observed proxy />
            <Ways observed />
            <div class="columns">
                <Summary />
                <Samples />
            </div>
            <Sources />
        </div>
    }
}

/// Hosts whose engine does not answer.
fn silent_engines(
    hosts: Vec<HostId>,
    sources: impl Fn(&HostId) -> BTreeMap<SourceKind, SourceStatus>,
) -> Vec<HostId> {
    let is_silent = |host: &HostId| {
        sources(host)
            .get(&SourceKind::Docker)
            .is_some_and(|status| status.state != SourceState::Live)
    };
    hosts.into_iter().filter(is_silent).collect()
}
