//! Copies text to the clipboard, also on pages served over plain HTTP.

use super::Input;
use futures::channel::mpsc::UnboundedSender;
use js_sys::Reflect;
use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlTextAreaElement};

/// Copies `text` of this many lines, and sends the result.
pub(super) fn copy(text: &str, lines: usize, sender: &UnboundedSender<Input>) {
    let navigator = window().navigator();
    // Only secure pages have the clipboard API.
    let clipboard = Reflect::get(&navigator, &"clipboard".into());
    if !clipboard.is_ok_and(|clipboard| clipboard.is_object()) {
        let done = copy_selection(text).then_some(lines);
        let _ = sender.unbounded_send(Input::Copied(done));
        return;
    }
    let writing = JsFuture::from(navigator.clipboard().write_text(text));
    let (text, sender) = (text.to_owned(), sender.clone());
    leptos::task::spawn_local_scoped_with_cancellation(async move {
        let done = writing.await.is_ok() || copy_selection(&text);
        let _ = sender.unbounded_send(Input::Copied(done.then_some(lines)));
    });
}

/// The old method: selects the text in an invisible field.
fn copy_selection(text: &str) -> bool {
    let document = document();
    let field = document.create_element("textarea").ok();
    let Some(field) = field.and_then(|field| field.dyn_into::<HtmlTextAreaElement>().ok()) else {
        return false;
    };
    let focused = document.active_element();
    field.set_class_name("hidden");
    field.set_read_only(true);
    field.set_value(text);
    let _ = document.body().map(|body| body.append_child(&field));
    field.select();
    let document = document.dyn_into::<HtmlDocument>().ok();
    let done = document.is_some_and(|document| document.exec_command("copy").unwrap_or(false));
    field.remove();
    if let Some(focused) =
        focused.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = focused.focus();
    }
    done
}
