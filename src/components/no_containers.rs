//! Why there is no container to show.

use crate::{
    client::use_live,
    i18n::{say, use_text},
};
use leptos::prelude::*;

/// Why there is no container, and what to do.
#[component]
pub fn NoContainers() -> impl IntoView {
    let text = use_text();
    // An engine that cannot be reached has the containers; why it cannot says what to do.
    let reason = use_live().engine_failure();
    move || match reason.get() {
        Some(reason) => view! {
            <b data-testid="no-engine">{say(text, |text| text.frame.no_engine)}</b>
            <p>{reason}</p>
        }
        .into_any(),
        None => view! {
            <b>{say(text, |text| text.frame.no_containers)}</b>
            <p>{say(text, |text| text.frame.no_containers_hint)}</p>
            <code>"docker run -d --name hello nginx"</code>
        }
        .into_any(),
    }
}
