//! Copies text to the clipboard.

use super::browser;
use crate::{client::Observations, model::Timestamp};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlElement, HtmlTextAreaElement};

/// Copies `text`; returns whether the browser allowed it. Must be called while a click is handled.
///
/// The clipboard API is available only over HTTPS or on this machine, and a dashboard in a home network is
/// often served over plain HTTP.
/// how a dashboard on a network at home is reached.
pub fn copy(text: &str) -> bool {
    let document = document();
    let focused = document.active_element();
    let Some(body) = document.body() else {
        return false;
    };
    let Some(area) = document
        .create_element("textarea")
        .ok()
        .and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok())
    else {
        return false;
    };
    area.set_value(text);
    area.set_class_name("hidden");
    let _ = body.append_child(&area);
    area.select();
    let copied = document
        .dyn_into::<HtmlDocument>()
        .is_ok_and(|document| document.exec_command("copy") == Ok(true));
    area.remove();
    if let Some(element) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
    copied
}

/// Copies the observations for a bug report; returns whether the browser allowed it.
pub fn copy_report(observed: &Observations) -> bool {
    let now = Timestamp::from_millis(browser::now_ms() as i64);
    let agent = window().navigator().user_agent().unwrap_or_default();
    let scheme = window().location().protocol().unwrap_or_default();
    let base = browser::on_server("/");
    let version = env!("CARGO_PKG_VERSION");
    copy(&format!(
        "Deckwatch {version}, realtime test, {now}\npage by {scheme} below {base}\n{agent}\n\n{}",
        observed.report()
    ))
}
