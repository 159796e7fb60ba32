//! Links to pages.

use crate::client::use_live;
use leptos::prelude::*;

/// A link to a page, which says whether it is the current one. The router's own would not lead below
/// the base path.
#[component]
#[expect(
    clippy::disallowed_methods,
    reason = "this is what is to be taken instead"
)]
pub fn A(
    /// The page's path, as the routes name it.
    #[prop(into)]
    href: Signal<String>,
    /// Whether only this very page counts as current, and none below it.
    #[prop(optional)]
    exact: bool,
    /// What stands on it.
    children: Children,
) -> impl IntoView {
    use leptos_router::components::A as RouterLink;
    let live = use_live();
    let href = move || live.href(&href.read());
    view! { <RouterLink href exact>{children()}</RouterLink> }
}

/// A link to another view of the same page, e.g. another order of a list: it replaces the address,
/// and works without scripts too.
#[component]
pub fn ViewLink(
    /// The page's path with its query, as the routes name it.
    #[prop(into)]
    href: Signal<String>,
    /// The link's content.
    children: Children,
) -> impl IntoView {
    let live = use_live();
    let href = move || live.href(&href.read());
    // The router reads `replace` when it follows the link.
    view! { <a href=href prop:replace=true>{children()}</a> }
}
