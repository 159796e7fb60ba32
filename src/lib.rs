//! Deckwatch: a real-time dashboard for Docker containers and the hosts under them.
//!
//! Data flows one way:
//!
//! ```text
//! source ──observe──▶ collector ──publish──▶ hub ──frame──▶ transport
//!                                                              │ message
//!                        pages ◀── components ◀──signal── client ◀┘
//! ```
//!
//! A module uses only the modules below it; [`model`] and [`protocol`] are shared by both sides.
#![recursion_limit = "256"]

pub mod app;
pub mod client;
pub mod components;
#[cfg(test)]
#[cfg(feature = "ssr")]
mod fuzz;
pub mod i18n;
pub mod model;
pub mod pages;
mod part;
pub mod plot;
pub mod protocol;
#[cfg(feature = "ssr")]
pub mod server;

/// Hydrates the server's HTML in the browser, once the part of the code that the page needs is loaded. If
/// loading fails, the page stays as it is without scripts.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let page = client::driver::open_page();
    for part in page.iter().flat_map(pages::Part::of) {
        if part.load().await.is_err() {
            return;
        }
    }
    leptos::mount::hydrate_body(app::App);
    client::driver::quiet().await;
    for part in pages::Part::ALL {
        let _ = part.load().await;
    }
}
