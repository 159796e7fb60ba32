//! What a container is doing, by colour, shape and word.

use crate::{
    i18n::use_text,
    model::{Container, ContainerState, Health},
};
use leptos::prelude::*;
use std::sync::Arc;

/// What a container is doing.
#[component]
pub fn StatusPill(
    /// The container.
    #[prop(into)]
    container: Signal<Arc<Container>>,
) -> impl IntoView {
    let text = use_text();
    let status = Memo::new(move |_| {
        container.with(|container| (container.state, container.health, container.exit_code))
    });
    let class = move || {
        let tone = match status.get() {
            (ContainerState::Running, Some(Health::Unhealthy), _) | (ContainerState::Dead, ..) => {
                "bad"
            }
            (ContainerState::Running, Some(Health::Starting), _) => "warn",
            (ContainerState::Running, ..) => "ok",
            (ContainerState::Exited, _, Some(code)) if code != 0 && code != 143 => "bad",
            (
                ContainerState::Restarting | ContainerState::Paused | ContainerState::Removing,
                ..,
            ) => "warn",
            _ => "idle",
        };
        format!("pill {tone}")
    };
    let word = move || {
        let text = text.get().containers;
        match status.get() {
            (ContainerState::Running, Some(health @ (Health::Unhealthy | Health::Starting)), _) => {
                text.health(health).to_owned()
            }
            (state @ ContainerState::Exited, _, Some(code)) => {
                format!("{} ({code})", text.state(state))
            }
            (state, ..) => text.state(state).to_owned(),
        }
    };
    view! {
        <span class=class>
            <span class="dot" aria-hidden="true"></span>
            {word}
        </span>
    }
}
