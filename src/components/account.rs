//! The principal of the page, in the header: leads to the settings.

use super::{A, Glyph, Icon};
use crate::{
    client::use_live,
    i18n::use_text,
    model::{Page, PrincipalKind, Section},
};
use leptos::prelude::*;

/// The principal, as a link to the settings.
#[component]
pub(super) fn Account() -> impl IntoView {
    let text = use_text();
    let me = use_live().me();
    let name = me.filter(|me| me.kind != PrincipalKind::Anyone);
    let name = name.map(|me| me.username);
    let initials: Option<String> = name.as_ref().map(|name| name.chars().take(2).collect());
    let icon = initials
        .is_none()
        .then(|| view! { <Icon glyph=Glyph::Sliders /> });
    let class = if icon.is_none() {
        "avatar"
    } else {
        "button icon"
    };
    let label = Signal::derive(move || {
        let settings = text.get().frame.settings;
        match &name {
            Some(name) => format!("{name}: {settings}"),
            None => settings.to_owned(),
        }
    });
    let href = Page::Settings(Section::default()).href();
    view! {
        <A href attr:class=class attr:aria-label=label attr:title=label attr:data-testid="account">
            // The initials are no text: the accessible name would have to begin with them.
            <span aria-hidden="true" data-initials=initials>{icon}</span>
        </A>
    }
}
