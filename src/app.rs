//! The application: document, context and routes.

use crate::{
    client::{Live, driver, provide_live},
    model::Preferences,
    pages::{ContainerPage, ContainersPage, NotFoundPage, OverviewPage},
};
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    ParamSegment, StaticSegment,
    components::{Route, Router, Routes},
};

/// The document around the application; rendered on the server only.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <link rel="stylesheet" href="/pkg/deckwatch.css" />
                <HydrationScripts options />
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
    provide_context(preferences(live));
    Effect::new(move || driver::start(live));
    view! {
        <Title text="Deckwatch" />
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=StaticSegment("") view=OverviewPage />
                <Route path=StaticSegment("containers") view=ContainersPage />
                <Route path=(StaticSegment("containers"), ParamSegment("id")) view=ContainerPage />
            </Routes>
        </Router>
    }
}

fn preferences(live: Live) -> RwSignal<Preferences> {
    RwSignal::new(
        live.initial()
            .with_value(|initial| initial.preferences.clone()),
    )
}
