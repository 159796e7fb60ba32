//! Grants, shown and edited.

use crate::{
    client::{Live, use_live},
    components::{Glyph, Icon},
    i18n::{say, use_settings_text},
    model::{Grant, MAX_GRANTS, MAX_PATTERN_LEN, Role, ScopePattern},
};
use leptos::prelude::*;
use std::collections::BTreeSet;

/// Grants as tags: role and scope.
#[component]
pub(super) fn Tags(
    /// The grants.
    grants: Vec<Grant>,
) -> impl IntoView {
    let tag = |grant: Grant| {
        let (role, scope) = (grant.role.as_str(), grant.scope.to_string());
        let title = format!("{role} {scope}");
        view! { <span class="tag" title=title><b>{role}</b>{scope}</span> }
    };
    view! { <div class="grants">{grants.into_iter().map(tag).collect_view()}</div> }
}

/// Grants that are being edited. A handle.
#[derive(Clone, Copy)]
pub(super) struct Drafts {
    all: RwSignal<Vec<Draft>>,
    /// The number of the next draft.
    next: StoredValue<u32>,
}

/// One grant that is being edited. Its scope may be invalid.
#[derive(Clone)]
struct Draft {
    id: u32,
    role: ArcRwSignal<Role>,
    scope: ArcRwSignal<String>,
}

impl Drafts {
    /// Begins with `grants`.
    pub(super) fn of(grants: &[Grant]) -> Self {
        let drafts = Self {
            all: RwSignal::default(),
            next: StoredValue::new(0),
        };
        for grant in grants {
            drafts.add(grant.role, grant.scope.to_string());
        }
        drafts
    }

    /// The grants.
    ///
    /// # Errors
    /// The first scope that is not valid.
    pub(super) fn grants(self) -> Result<Vec<Grant>, String> {
        let all = self.all.read_untracked();
        let grants = all.iter().map(|draft| {
            let scope = draft.scope.get_untracked();
            let pattern = scope.trim().parse::<ScopePattern>().map_err(|_| scope)?;
            Ok(Grant::new(draft.role.get_untracked(), pattern))
        });
        grants.collect()
    }

    fn add(self, role: Role, scope: String) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        let draft = Draft {
            id,
            role: ArcRwSignal::new(role),
            scope: ArcRwSignal::new(scope),
        };
        self.all.update(|all| all.push(draft));
    }

    fn remove(self, id: u32) {
        self.all.update(|all| all.retain(|draft| draft.id != id));
    }
}

/// Fields for grants.
#[component]
pub(super) fn Editor(
    /// The grants.
    drafts: Drafts,
    /// Whether only viewers are possible.
    #[prop(optional)]
    only_viewers: bool,
) -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let known = known_scopes(live);
    let options = known
        .into_iter()
        .map(|scope| view! { <option value=scope></option> })
        .collect_view();
    let is_full = move || drafts.all.read().len() >= MAX_GRANTS;
    let add = move |_| drafts.add(Role::Viewer, String::new());
    view! {
        <fieldset class="drafts">
            <legend>{say(text, |text| text.grants)}</legend>
            <For each=move || drafts.all.get() key=|draft| draft.id let(draft)>
                <Fields draft drafts only_viewers />
            </For>
            <datalist id="known-scopes">{options}</datalist>
            <button type="button" class="button small" disabled=is_full on:click=add data-testid="add-grant">
                {say(text, |text| text.add_grant)}
            </button>
            <p class="hint mono">{say(text, |text| text.scope_hint)}</p>
        </fieldset>
    }
}

/// The fields of one grant.
#[component]
fn Fields(
    /// The grant.
    draft: Draft,
    /// All grants.
    drafts: Drafts,
    /// Whether only viewers are possible.
    only_viewers: bool,
) -> impl IntoView {
    let text = use_settings_text();
    let Draft { id, role, scope } = draft;
    let first = role.get_untracked();
    let options = Role::ALL.map(|role| {
        view! { <option value=role.as_str() selected=role == first title=move || text.get().role(role)>{role.as_str()}</option> }
    });
    let choose = move |event| {
        if let Ok(chosen) = event_target_value(&event).parse() {
            role.set(chosen);
        }
    };
    let role = (!only_viewers).then(|| {
        view! {
            <select aria-label=say(text, |text| text.role) on:change=choose>{options.collect_view()}</select>
        }
    });
    let shown = scope.clone();
    view! {
        <div class="draft">
            {role}
            <input type="text" class="mono" aria-label=say(text, |text| text.scope_label) list="known-scopes" placeholder="*"
                required=true maxlength=MAX_PATTERN_LEN.to_string() autocomplete="off" autocapitalize="none" spellcheck="false"
                prop:value=move || shown.get() on:input=move |event| scope.set(event_target_value(&event)) data-testid="scope" />
            <button type="button" class="button icon" aria-label=say(text, |text| text.remove_grant)
                title=say(text, |text| text.remove_grant) on:click=move |_| drafts.remove(id)>
                <Icon glyph=Glyph::Close />
            </button>
        </div>
    }
}

/// Scopes of the present hosts and projects, as suggestions.
fn known_scopes(live: Live) -> BTreeSet<String> {
    live.with_dashboard(|dashboard| {
        let hosts = dashboard.hosts.keys();
        let hosts = hosts.map(|host| ScopePattern::Host(*host).to_string());
        let containers = dashboard.containers();
        let projects = containers.filter_map(|(_, container)| container.project.clone());
        let projects = projects.map(|project| ScopePattern::Project(project).to_string());
        hosts
            .chain(projects)
            .chain([ScopePattern::Everything.to_string()])
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edited_grants_are_read_back_and_the_first_bad_scope_is_named() {
        let owner = Owner::new();
        owner.with(|| {
            let grants = vec![
                Grant::new(Role::Admin, ScopePattern::Everything),
                Grant::new(Role::Viewer, ScopePattern::Project("shop".into())),
            ];
            let drafts = Drafts::of(&grants);
            assert_eq!(drafts.grants(), Ok(grants.clone()));
            drafts.remove(0);
            assert_eq!(drafts.grants().as_deref(), Ok(&grants[1..]));
            drafts.add(Role::Operator, " host:nas ".into());
            assert_eq!(drafts.grants().unwrap().len(), 2);
            drafts.add(Role::Viewer, "nonsense".into());
            drafts.add(Role::Viewer, String::new());
            assert_eq!(drafts.grants(), Err("nonsense".to_owned()));
        });
    }
}
