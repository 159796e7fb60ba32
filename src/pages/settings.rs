//! The settings: the principal itself, users, tokens, the audit and the state of the server.
//!
//! Everything can be read without scripts; of the changes, only signing out works without them.

mod audit;
mod data;
mod forms;
mod grants;
mod profile;
mod system;
mod times;
mod tokens;
mod users;

use super::NotFoundPage;
use crate::{
    client::{driver, use_live},
    components::{A, PageTitle},
    i18n::{use_settings_text, use_text},
    model::{Me, Page, PrincipalKind, Right, Section},
    part::in_part,
};
use audit::Audit;
use leptos::{html::Nav, prelude::*, wasm_split::SplitLoaderError};
use leptos_router::hooks::use_params_map;
use profile::Profile;
use system::System;
use tokens::Tokens;
use users::Users;

in_part! {
    settings, load_page;
    /// The page, from the part [`Part::Settings`](super::Part::Settings).
    pub(super) fn page() -> Result<AnyView, SplitLoaderError> {
        Ok(view! { <SettingsPage /> }.into_any())
    }
}

/// The settings, with the section in the URL.
#[component]
fn SettingsPage() -> impl IntoView {
    let params = use_params_map();
    let section =
        Memo::new(move |_| Section::named(&params.read().get("section").unwrap_or_default()));
    move || match section.get() {
        Some(section) => view! { <Shown section /> }.into_any(),
        None => view! { <NotFoundPage /> }.into_any(),
    }
}

/// One section, beside the links to all.
#[component]
fn Shown(
    /// The section.
    section: Section,
) -> impl IntoView {
    let frame = use_text();
    let text = use_settings_text();
    let title = move || {
        let name = text.get().section(section);
        format!("{name} · {}", frame.get().frame.settings)
    };
    let content = match section {
        Section::Profile => view! { <Profile /> }.into_any(),
        Section::Users => view! { <Users /> }.into_any(),
        Section::Tokens => view! { <Tokens /> }.into_any(),
        Section::Audit => view! { <Audit /> }.into_any(),
        Section::System => view! { <System /> }.into_any(),
    };
    view! {
        <PageTitle text=title />
        <div class="settings-page">
            <Sections />
            <div class="stack">{content}</div>
        </div>
    }
}

/// The links to the sections that the principal may open.
#[component]
fn Sections() -> impl IntoView {
    let live = use_live();
    let frame = use_text();
    let text = use_settings_text();
    let me = live.me();
    let offered = Section::ALL.into_iter();
    let offered = offered.filter(move |section| is_offered(*section, me.as_ref()));
    let link = move |section: Section| {
        let href = Page::Settings(section).href();
        view! { <A href exact=true>{move || text.get().section(section)}</A> }
    };
    let bar = NodeRef::<Nav>::new();
    Effect::new(move || {
        if let Some(bar) = bar.get() {
            driver::show_current(&bar);
        }
    });
    view! {
        <nav class="side" node_ref=bar aria-label=move || frame.get().frame.settings>
            {offered.map(link).collect_view()}
        </nav>
    }
}

/// Whether a section is of any use for a principal; the server decides for itself.
fn is_offered(section: Section, me: Option<&Me>) -> bool {
    let is_admin = || me.is_none_or(|me| me.has(Right::Admin) || me.kind == PrincipalKind::Anyone);
    match section {
        Section::Profile => true,
        Section::Tokens => {
            me.is_none_or(|me| matches!(me.kind, PrincipalKind::User | PrincipalKind::Anyone))
        }
        Section::Users | Section::Audit | Section::System => is_admin(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Grants, Role};

    #[test]
    fn a_principal_is_offered_only_the_sections_that_the_server_would_open() {
        let me = |kind, role| {
            let grants = Grants::everything(role);
            Me {
                username: "ana".into(),
                kind,
                rights: grants.rights().into_iter().collect(),
                grants: grants.iter().cloned().collect(),
                expires_at: None,
                modes: Vec::new(),
            }
        };
        let offered = |me: &Me| {
            let all = Section::ALL.into_iter();
            all.filter(|section| is_offered(*section, Some(me)))
                .collect::<Vec<_>>()
        };
        let admin = me(PrincipalKind::User, Role::Admin);
        assert_eq!(offered(&admin), Section::ALL);
        let viewer = me(PrincipalKind::User, Role::Viewer);
        assert_eq!(offered(&viewer), [Section::Profile, Section::Tokens]);
        let kiosk = me(PrincipalKind::Kiosk, Role::Viewer);
        assert_eq!(offered(&kiosk), [Section::Profile]);
    }
}
