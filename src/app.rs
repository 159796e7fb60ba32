//! The application: document, context and routes.

mod dialogs;

use crate::{
    client::{InitialState, Live, driver, provide_live, provide_zone},
    components::{Banners, Header, Navigation, PageKeys, provide_action_requests, provide_menus},
    i18n::text,
    model::{Page, Preferences, Theme, format},
    pages::{NotFoundPage, OverviewPage, PartRoute, load_ahead},
};
use dialogs::Dialogs;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{Formatter, MetaTags, ServerMetaContext, Title, provide_meta_context};
use leptos_router::{
    ParamSegment, StaticSegment,
    components::{Route, Router, Routes},
};

/// URLs of the built site's files.
#[derive(Clone, Debug, Default)]
pub struct SiteFiles {
    /// The URL prefix of public files.
    pub public: String,
    /// The style sheet.
    pub style: String,
    /// The script that starts the module.
    pub script: String,
    /// The WebAssembly of the first view.
    pub module: String,
    /// The script that loads parts; `None` when the site was built in one piece.
    pub loader: Option<String>,
    /// The WebAssembly of the parts that the page needs in addition to the first view.
    pub parts: Vec<String>,
}

/// The document around the application; rendered on the server only. Its head requests everything that the
/// page needs at once.
pub fn shell(files: SiteFiles) -> impl IntoView {
    let (preferences, base) = use_context::<InitialState>()
        .map(|state| (state.0.preferences.clone(), state.0.base.clone()))
        .unwrap_or_default();
    let icon = format!("{base}/favicon.svg");
    let SiteFiles {
        public,
        style,
        script,
        module,
        loader,
        parts,
    } = files;
    let nonce = use_nonce();
    let start = format!(
        "import start,{{hydrate}} from {script:?};start({{module_or_path:{module:?}}}).then(hydrate)"
    );
    let scripts = [script].into_iter().chain(loader);
    let modules = [module].into_iter().chain(parts);
    view! {
        <!DOCTYPE html>
        <html lang=preferences.language.as_str() data-theme=theme_attribute(preferences.theme) data-base=base data-public=public>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="dark light" />
                <link rel="icon" href=icon type="image/svg+xml" />
                <link rel="stylesheet" href=style />
                {scripts.map(|href| view! { <link rel="modulepreload" href=href /> }).collect_view()}
                {modules.map(|href| view! { <link rel="preload" href=href r#as="fetch" r#type="application/wasm" crossorigin="" /> }).collect_view()}
                <script type="module" nonce=nonce>{start}</script>
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
    load_ahead();
    let is_palette_open = RwSignal::new(false);
    let is_help_open = RwSignal::new(false);
    let open_palette = Callback::new(move |()| is_palette_open.set(true));
    let open_help = Callback::new(move |()| is_help_open.set(true));
    let skip = move || text(preferences.read().language).frame.skip_to_content;
    view! {
        <Title text="Deckwatch" formatter=title_formatter() />
        <Router base=live.base()>
            <a class="skip" href="#content">{skip}</a>
            <Navigation />
            <div class="page" class:read-only=live.is_read_only()>
                <Header on_search=open_palette on_help=open_help />
                <main id="content" tabindex="-1">
                    <Banners />
                    <Routes fallback=NotFoundPage>
                        <Route path=StaticSegment("") view=OverviewPage />
                        <Route path=StaticSegment(Page::CONTAINERS) view=PartRoute::Containers />
                        <Route path=(StaticSegment(Page::CONTAINERS), ParamSegment("id")) view=PartRoute::Container />
                        <Route path=StaticSegment(Page::LOGS) view=PartRoute::Logs />
                        <Route path=StaticSegment(Page::REALTIME_TEST) view=PartRoute::RealtimeTest />
                        <Route path=(StaticSegment(Page::SETTINGS), ParamSegment("section")) view=PartRoute::Settings />
                    </Routes>
                </main>
            </div>
            <PageKeys on_search=open_palette on_help=open_help />
            <Dialogs is_palette_open is_help_open />
        </Router>
    }
}

/// Formats every title. The server writes the result into the HTML, so its markup must be escaped there; the
/// browser sets it as text.
fn title_formatter() -> Formatter {
    let is_html = use_context::<ServerMetaContext>().is_some();
    let format = move |text: String| {
        if is_html { format::html(&text) } else { text }
    };
    format.into()
}

/// The user's preferences: every change is applied at once and stored in the cookie.
fn provide_preferences(live: Live) -> RwSignal<Preferences> {
    let preferences = RwSignal::new(
        live.initial()
            .with_value(|initial| initial.preferences.clone()),
    );
    provide_context(preferences);
    let base = live.base();
    Effect::new(move |before: Option<Preferences>| {
        let now = preferences.get();
        if before.is_some_and(|before| before != now) {
            driver::set_cookie(&now.cookie(&base));
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

/// The value of the attribute `data-theme` of a document; `None` for the system's theme.
pub fn theme_attribute(theme: Theme) -> Option<&'static str> {
    (theme != Theme::Auto).then(|| theme.as_str())
}
