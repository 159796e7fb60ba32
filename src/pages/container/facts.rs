//! Lists of names and values.

use crate::{components::CopyButton, model::format};
use leptos::prelude::*;

/// Length in characters from which on a value is folded.
const FOLD: usize = 160;

/// A value, folded if it is long. Invisible characters are made visible.
#[component]
pub(super) fn Folded(
    /// The value.
    #[prop(into)]
    value: String,
) -> impl IntoView {
    let shown = format::visible(&value).into_owned();
    if shown.chars().count() <= FOLD {
        return view! { <bdi class="value">{shown}</bdi> }.into_any();
    }
    let beginning: String = shown.chars().take(FOLD).chain(['…']).collect();
    view! {
        <details class="folded">
            <summary><bdi class="value">{beginning}</bdi></summary>
            <bdi class="value">{shown}</bdi>
        </details>
    }
    .into_any()
}

/// A list of names and values that can be copied, e.g. labels.
#[component]
pub(super) fn Pairs(
    /// The names and values.
    #[prop(into)]
    pairs: Signal<Vec<(String, String)>>,
    /// The text shown when there are none.
    #[prop(into)]
    none: Signal<&'static str>,
    /// Whether values can be copied; useless if they are masked.
    #[prop(optional)]
    can_copy: bool,
) -> impl IntoView {
    let rows = move || {
        let pairs = pairs.get();
        if pairs.is_empty() {
            return view! { <p class="none">{none}</p> }.into_any();
        }
        let row = move |(name, value): (String, String)| {
            let shown = format::visible(&name).into_owned();
            let of = Signal::stored(shown.clone());
            let copied = Signal::stored(value.clone());
            view! {
                <dt class="mono"><bdi>{shown}</bdi></dt>
                <dd class="mono copied">
                    <Folded value />
                    {can_copy.then(|| view! { <CopyButton copied of /> })}
                </dd>
            }
        };
        view! { <dl class="facts">{pairs.into_iter().map(row).collect_view()}</dl> }.into_any()
    };
    view! { {rows} }
}
