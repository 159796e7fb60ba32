//! The application: document, context and routes.

use crate::{
    client::{InitialState, Live, driver, provide_live, provide_zone},
    components::{
        ActionDialog, Banners, Header, HelpDialog, Navigation, PageKeys, Palette,
        provide_action_requests, provide_menus,
    },
    i18n::text,
    model::{PREFERENCES_COOKIE, Page, Preferences, Theme, format},
    pages::{
        ContainerPage, ContainersPage, LogsPage, NotFoundPage, OverviewPage, RealtimeTestPage,
    },
};
use leptos::{html::Dialog, prelude::*};
use leptos_meta::{Formatter, MetaTags, ServerMetaContext, Title, provide_meta_context};
use leptos_router::{
    ParamSegment, StaticSegment,
    components::{Route, Router, Routes},
};

/// The document around the application; rendered on the server only.
pub fn shell(
    options: LeptosOptions,
    // Where the scripts are; changes with every build, so that they can be kept for ever.
    assets_root: String,
) -> impl IntoView {
    let (preferences, base) = use_context::<InitialState>()
        .map(|state| (state.0.preferences.clone(), state.0.base.clone()))
        .unwrap_or_default();
    let assets_root = format!("{base}{assets_root}");
    let icon = format!("{base}/favicon.svg");
    view! {
        <!DOCTYPE html>
        <html lang=preferences.language.as_str() data-theme=theme_attribute(preferences.theme) data-base=base>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="dark light" />
                <link rel="icon" href=icon type="image/svg+xml" />
                <link rel="stylesheet" href=format!("{assets_root}/pkg/deckwatch.css") />
                <HydrationScripts options root=assets_root />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let live = provide_live();
    let preferences = provide_preferences(live);
    provide_action_requests(live);
    provide_menus();
    provide_zone();
    Effect::new(move || driver::start(live));
    let is_palette_open = RwSignal::new(false);
    let help = NodeRef::<Dialog>::new();
    let open_palette = Callback::new(move |()| is_palette_open.set(true));
    let open_help = Callback::new(move |()| open(help));
    let skip = move || text(preferences.read().language).frame.skip_to_content;
    view! {
        <Title text="Deckwatch" formatter=title_formatter() />
        <Router base=live.base()>
            <a class="skip" href="#content">{skip}</a>
            <Navigation />
            <div class="page">
                <Header on_search=open_palette on_help=open_help />
                <main id="content" tabindex="-1">
                    <Banners />
                    <Routes fallback=NotFoundPage>
                        <Route path=StaticSegment("") view=OverviewPage />
                        <Route path=StaticSegment(Page::CONTAINERS) view=ContainersPage />
                        <Route path=(StaticSegment(Page::CONTAINERS), ParamSegment("id")) view=ContainerPage />
                        <Route path=StaticSegment(Page::LOGS) view=LogsPage />
                        <Route path=StaticSegment(Page::REALTIME_TEST) view=RealtimeTestPage />
                    </Routes>
                </main>
            </div>
            <PageKeys on_search=open_palette on_help=open_help />
            <Palette is_open=is_palette_open />
            <ActionDialog />
        </Router>
        <HelpDialog node=help />
    }
}

/// What every title goes through. The server writes it into the HTML as it is given, so that there its
/// markup is escaped; the browser sets it as text.
fn title_formatter() -> Formatter {
    let is_html = use_context::<ServerMetaContext>().is_some();
    let format = move |text: String| {
        if is_html { format::html(&text) } else { text }
    };
    format.into()
}

/// The person's preferences: every change is kept in the cookie and shown at once.
fn provide_preferences(live: Live) -> RwSignal<Preferences> {
    /// A year.
    const MAX_AGE_SECONDS: u32 = 31_536_000;
    let preferences = RwSignal::new(
        live.initial()
            .with_value(|initial| initial.preferences.clone()),
    );
    provide_context(preferences);
    let path = Some(live.base()).filter(|base| !base.is_empty());
    let path = path.unwrap_or_else(|| "/".into());
    Effect::new(move |before: Option<Preferences>| {
        let now = preferences.get();
        if before.is_some_and(|before| before != now) {
            let cookie = format!(
                "{PREFERENCES_COOKIE}={now}; Path={path}; Max-Age={MAX_AGE_SECONDS}; SameSite=Strict"
            );
            driver::set_cookie(&cookie);
        }
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", now.language.as_str());
            let _ = match theme_attribute(now.theme) {
                Some(theme) => root.set_attribute("data-theme", theme),
                None => root.remove_attribute("data-theme"),
            };
        }
        now
    });
    preferences
}

/// What the document says of the theme; nothing leaves it to the system.
fn theme_attribute(theme: Theme) -> Option<&'static str> {
    (theme != Theme::Auto).then(|| theme.as_str())
}

fn open(node: NodeRef<Dialog>) {
    if let Some(dialog) = node.get_untracked().filter(|dialog| !dialog.open()) {
        let _ = dialog.show_modal();
    }
}
