//! Links to pages.

use crate::client::use_live;
use leptos::prelude::*;

/// A link to a page, which marks the current one. The router's own component does not add the base path.
#[component]
#[expect(
    clippy::disallowed_methods,
    reason = "this is what is to be taken instead"
)]
pub fn A(
    /// The page's path as in the routes.
    #[prop(into)]
    href: Signal<String>,
    /// Whether only this page itself counts as current, not pages below it.
    #[prop(optional)]
    exact: bool,
    /// The link's content.
    children: Children,
) -> impl IntoView {
    use leptos_router::components::A as RouterLink;
    let live = use_live();
    let href = move || live.href(&href.read());
    view! { <RouterLink href exact>{children()}</RouterLink> }
}

/// A link to another view of the same page, e.g. another order of a list: it replaces the history entry, and
/// works without scripts, too.
#[component]
pub fn ViewLink(
    /// The page's path with its query, as in the routes.
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
