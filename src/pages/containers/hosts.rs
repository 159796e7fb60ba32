//! The choice of the host.

use crate::{
    client::{driver, use_live},
    components::{Glyph, Icon, Menu, ViewLink},
    i18n::{say, use_text},
    model::{ContainerQuery, HostId},
};
use leptos::{ev, prelude::*};

/// The menu of hosts; absent when there is only one host.
#[component]
pub(super) fn HostMenu(
    /// The filters and the order, from the URL.
    query: Memo<ContainerQuery>,
) -> impl IntoView {
    let live = use_live();
    view! {
        <Show when=move || live.has_several_hosts()>
            <Choice query />
        </Show>
    }
}

#[component]
fn Choice(
    /// The filters and the order, from the URL.
    query: Memo<ContainerQuery>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let face = move || match &query.read().host {
        Some(host) => live.host(host).name(host),
        None => text.get().containers().all_hosts.to_owned(),
    };
    let hosts = move || {
        let all = std::iter::once(None);
        let each = live.hosts().get().into_iter().map(Some);
        all.chain(each).collect::<Vec<_>>()
    };
    let choice = move |host: Option<HostId>| view! { <li><HostChoice query host /></li> };
    view! {
        <Menu id="hosts" class="menu picker" face=move || view! { {face} " ▾" }>
            <ul data-testid="hosts"><For each=hosts key=Option::clone children=choice /></ul>
        </Menu>
    }
}

/// One host, with the state of its engine and the number of its containers; or all hosts.
#[component]
fn HostChoice(
    /// The filters and the order, from the URL.
    query: Memo<ContainerQuery>,
    /// The host; `None` for all hosts.
    host: Option<HostId>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let wanted = host;
    let is_chosen = Memo::new(move |_| query.read().host == wanted);
    let target = host;
    let href = move || {
        let host = target;
        ContainerQuery {
            host,
            ..query.get()
        }
        .href()
    };
    let counted = host;
    let count = move || {
        live.track_list();
        live.with_dashboard(|dashboard| match &counted {
            Some(host) => dashboard
                .hosts
                .get(host)
                .map_or(0, |host| host.containers.len()),
            None => dashboard.containers().count(),
        })
    };
    let named = host;
    let name = move || match &named {
        Some(host) => live.host(host).name(host),
        None => text.get().containers().all_hosts.to_owned(),
    };
    let mark = host.map(|host| {
        let as_of = live.host(&host).as_of;
        move || as_of.get().freshness.mark()
    });
    let away = mark.clone().map(|mark| {
        move || mark().map(|_| view! { <span class="faint">{say(text, |text| text.frame.engine_down_word)}</span> })
    });
    view! {
        <ViewLink href=Signal::derive(href) attr:class="choice" on:click=move |event: ev::MouseEvent| driver::close_menu(&event)>
            <span class="tick" aria-hidden="true">{move || is_chosen.get().then(|| view! { <Icon glyph=Glyph::Check /> })}</span>
            <span class="name">{name}</span>
            {away}
            <span class="num faint">{count}</span>
        </ViewLink>
    }
}
