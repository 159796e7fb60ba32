//! The audit: filtered by the URL, the newest entry first.

use super::data::{Failure, ask, asked};
use crate::{
    client::{Asked, SettingsData, use_live, use_zone},
    components::A,
    i18n::{SettingsText, say, use_settings_text},
    model::{AuditOutcome, AuditPeriod, AuditQuery, Page, Section},
    protocol::{Audit as Entries, AuditEntry},
};
use leptos::{ev, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

/// The audit.
#[component]
pub(super) fn Audit() -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let map = use_query_map();
    let query = Memo::new(move |_| AuditQuery::from_url(|name| map.read().get(name)));
    let asked: Asked<Entries> = asked(live, |data| match data {
        SettingsData::Audit(entries) => Some(entries),
        _ => None,
    });
    Effect::new(move |before: Option<AuditQuery>| {
        let query = query.get();
        if before.is_some_and(|before| before != query) || asked.is_missing() {
            ask(asked, query.request(live.now().get_untracked()));
        }
        query
    });
    let csv = move || {
        let query = AuditQuery {
            before: None,
            ..query.get()
        };
        live.href(&query.csv(live.now().get_untracked()))
    };
    let zone = use_zone();
    let today = Memo::new(move |_| zone.local(live.now().get()).date());
    let rows = move || {
        let entries = asked.value.get()?.entries;
        let row = |entry| view! { <Row entry today /> };
        Some(entries.into_iter().map(row).collect_view())
    };
    let is_empty = move || matches!(&*asked.value.read(), Some(known) if known.entries.is_empty());
    let is_waiting = move || asked.value.read().is_none() && asked.error.read().is_none();
    view! {
        <section class="card" aria-labelledby="audit-title" data-testid="audit">
            <div class="card-head">
                <h2 id="audit-title">{say(text, |text| text.sections[3])}</h2>
                <span class="faint optional">{say(text, |text| text.audit_hint)}</span>
                <span class="space"></span>
                <a class="button small" href=csv rel="external" download="audit.csv" data-testid="csv">"CSV"</a>
            </div>
            <Filters query />
            <Failure error=asked.error />
            <table class="plain audit">
                <colgroup><col class="col-when" /><col class="col-who" /><col class="col-from" /><col class="col-did" /><col /><col class="col-outcome" /></colgroup>
                <thead>
                    <tr>
                        <th scope="col">{say(text, |text| text.when)}</th>
                        <th scope="col">{say(text, |text| text.who)}</th>
                        <th scope="col">{say(text, |text| text.from)}</th>
                        <th scope="col">{say(text, |text| text.did)}</th>
                        <th scope="col">{say(text, |text| text.on)}</th>
                        <th scope="col">{say(text, |text| text.outcome)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <Show when=is_empty><p class="none" role="status">{say(text, |text| text.no_entries)}</p></Show>
            <Show when=is_waiting><p class="none">{say(text, |text| text.loading)}</p></Show>
            <Pages query asked />
        </section>
    }
}

/// The fields and links that change the filters. Without scripts they are a form.
#[component]
fn Filters(
    /// The filters, from the URL.
    query: Memo<AuditQuery>,
) -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let navigate = use_navigate();
    // What is typed; the URL has it once it is applied.
    let typed = RwSignal::new(query.get_untracked());
    Effect::new(move || typed.set(query.get()));
    let apply = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let query = AuditQuery {
            before: None,
            ..typed.get_untracked()
        };
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&query.href(), options);
    };
    let outcome = move || {
        let outcome = query.read().outcome?;
        Some(view! { <input type="hidden" name="outcome" value=outcome.as_str() /> })
    };
    view! {
        <form class="filters" method="get" action=live.href(&Page::Settings(Section::Audit).href()) role="search" on:submit=apply>
            <Since typed />
            <Word typed name="who" label=|text| text.who get=|typed| &mut typed.who />
            <Word typed name="did" label=|text| text.did get=|typed| &mut typed.did />
            <Word typed name="on" label=|text| text.on get=|typed| &mut typed.on />
            {outcome}
            <button type="submit" class="button" data-testid="apply">{say(text, |text| text.apply)}</button>
            <Outcomes query />
        </form>
    }
}

/// The field of a filter that is a text.
#[component]
fn Word(
    /// What is typed.
    typed: RwSignal<AuditQuery>,
    /// The parameter in the URL.
    name: &'static str,
    /// The label.
    label: fn(&'static SettingsText) -> &'static str,
    /// The filter.
    get: fn(&mut AuditQuery) -> &mut String,
) -> impl IntoView {
    let text = use_settings_text();
    let value = move || get(&mut typed.get()).clone();
    let set = move |event| typed.update(|typed| *get(typed) = event_target_value(&event));
    view! {
        <label class="field">
            {say(text, label)}
            <input type="text" name=name autocomplete="off" autocapitalize="none" spellcheck="false"
                value=untrack(value) prop:value=value on:input=set data-testid=name />
        </label>
    }
}

/// How far back the audit goes.
#[component]
fn Since(
    /// What is typed.
    typed: RwSignal<AuditQuery>,
) -> impl IntoView {
    let text = use_settings_text();
    let first = typed.get_untracked().since;
    let option = move |period: AuditPeriod| {
        view! { <option value=period.as_str() selected=Some(period) == first>{move || text.get().period(period)}</option> }
    };
    let choose = move |event| {
        let chosen = event_target_value(&event);
        let mut all = AuditPeriod::ALL.into_iter();
        let since = all.find(|period| period.as_str() == chosen);
        typed.update(|typed| typed.since = since);
    };
    view! {
        <label class="field">
            {say(text, |text| text.since)}
            <select name="since" prop:value=move || typed.read().since.map_or("", AuditPeriod::as_str) on:change=choose data-testid="since">
                <option value="" selected=first.is_none()>{say(text, |text| text.any_time)}</option>
                {AuditPeriod::ALL.map(option).collect_view()}
            </select>
        </label>
    }
}

/// The links that select an outcome.
#[component]
fn Outcomes(
    /// The filters, from the URL.
    query: Memo<AuditQuery>,
) -> impl IntoView {
    let text = use_settings_text();
    let chip = move |outcome: Option<AuditOutcome>| {
        let href = move || {
            AuditQuery {
                outcome,
                before: None,
                ..query.get()
            }
            .href()
        };
        let class = move || {
            if query.read().outcome == outcome {
                "chip on"
            } else {
                "chip"
            }
        };
        let name = move || {
            let text = text.get();
            outcome.map_or(text.any_outcome, |outcome| text.outcome(outcome))
        };
        view! { <A href=Signal::derive(href) attr:class=class>{name}</A> }
    };
    let all = [None].into_iter().chain(AuditOutcome::ALL.map(Some));
    view! { <span class="chips">{all.map(chip).collect_view()}</span> }
}

/// One entry.
#[component]
fn Row(
    /// The entry.
    entry: AuditEntry,
    /// The date of now, which is left out.
    today: Memo<String>,
) -> impl IntoView {
    let zone = use_zone();
    let text = use_settings_text();
    let AuditEntry {
        id,
        at,
        who,
        from,
        did,
        on,
        outcome,
        detail,
    } = entry;
    let tone = match outcome {
        AuditOutcome::Begun => "pill idle",
        AuditOutcome::Done => "pill ok",
        AuditOutcome::Refused => "pill warn",
        AuditOutcome::Failed => "pill bad",
    };
    let detail = (!detail.is_empty()).then(|| view! { " " <span class="faint">{detail}</span> });
    let when = move || {
        let local = zone.local(at);
        match local.date() {
            date if date == *today.read() => local.clock(),
            date => format!("{date} {}", local.clock()),
        }
    };
    view! {
        <tr data-entry=id.to_string()>
            <td class="when" title=move || zone.moment(at)>{when}</td>
            <td class="who"><b>{who}</b></td>
            <td class="from mono">{from}</td>
            <td class="did">{did}</td>
            <td class="on"><bdi>{on}</bdi> {detail}</td>
            <td class="outcome">
                <span class=tone><span class="dot" aria-hidden="true"></span>{move || text.get().outcome(outcome)}</span>
            </td>
        </tr>
    }
}

/// The links to older entries, and back.
#[component]
fn Pages(
    /// The filters, from the URL.
    query: Memo<AuditQuery>,
    /// The shown entries.
    asked: Asked<Entries>,
) -> impl IntoView {
    let text = use_settings_text();
    let at = move |before: Option<u64>| {
        AuditQuery {
            before,
            ..query.get()
        }
        .href()
    };
    let newest = move || {
        query.read().before?;
        Some(
            view! { <A href=at(None) attr:class="button" attr:data-testid="newest">{say(text, |text| text.newest)}</A> },
        )
    };
    let older = move || {
        let next = asked.value.read().as_ref()?.next?;
        Some(
            view! { <A href=at(Some(next)) attr:class="button" attr:data-testid="older">{say(text, |text| text.older)}</A> },
        )
    };
    view! { <nav class="row pages" aria-label=say(text, |text| text.sections[3])>{newest} {older}</nav> }
}
