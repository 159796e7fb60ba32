//! The message that there are no containers to show.

use crate::{
    client::use_live,
    i18n::{say, use_text},
};
use leptos::prelude::*;

/// The reason why there are no containers, and what to do.
#[component]
pub fn NoContainers() -> impl IntoView {
    let text = use_text();
    // An unreachable engine may have containers; the reason says what to do.
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
