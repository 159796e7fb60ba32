//! Shows JSON as a tree whose branches can be opened.
//!
//! The document contains only open branches, so that a description of a megabyte opens at once. Text is
//! inserted as text nodes, never as markup.

use js_sys::{Array, JSON, JsString, Object, Reflect};
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, MouseEvent};

/// Most children shown per branch; a longer list ends with the number of the others.
const MAX_CHILDREN: u32 = 1_000;
/// Most matches shown, which are more than a user reads.
const MAX_MATCHES: u32 = 500;
/// The property in which a branch stores its value until it is opened.
const UNOPENED: &str = "deckwatchJson";

/// Shows the JSON `text` in `node`: only the first level is open, or with a `query` only the branches that
/// contain it are shown, open. Returns the number of matches; `None` if `text` is not JSON.
pub fn show_json(node: &HtmlElement, text: &str, query: &str) -> Option<u32> {
    let value = JSON::parse(text).ok()?;
    node.set_text_content(None);
    let mut matches = 0;
    if query.is_empty() {
        fill(node, &value);
    } else {
        let query = query.to_lowercase();
        find(node, &value, &query, &mut matches);
    }
    Some(matches)
}

/// Fills the clicked branch, unless it was opened before.
pub fn open_json(event: &MouseEvent) {
    let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    let summary = target.and_then(|it| it.closest("summary").ok().flatten());
    let Some(branch) = summary.and_then(|summary| summary.parent_element()) else {
        return;
    };
    let value = Reflect::get(&branch, &UNOPENED.into()).unwrap_or_default();
    if value.is_object() {
        let _ = Reflect::set(&branch, &UNOPENED.into(), &JsValue::UNDEFINED);
        fill(&branch, &value);
    }
}

/// Appends the children of `value`, closed.
fn fill(parent: &Element, value: &JsValue) {
    let entries = entries(value);
    for entry in entries.slice(0, MAX_CHILDREN).iter() {
        let (key, value) = pair(&entry);
        if value.is_object() {
            if let Some(branch) = branch(parent, &key, &value) {
                let _ = Reflect::set(&branch, &UNOPENED.into(), &value);
            }
        } else {
            leaf(parent, &key, &value, false);
        }
    }
    if entries.length() > MAX_CHILDREN {
        let rest = entries.length() - MAX_CHILDREN;
        append(parent, "div", "faint", &format!("… +{rest}"));
    }
}

/// Appends the children of `value` that contain `query`, open; returns whether there are any.
fn find(parent: &Element, value: &JsValue, query: &str, matches: &mut u32) -> bool {
    let before = *matches;
    for entry in entries(value).iter() {
        if *matches >= MAX_MATCHES {
            break;
        }
        let (key, value) = pair(&entry);
        let is_named = key.to_lowercase().contains(query);
        if !value.is_object() {
            if is_named || word(&value).to_lowercase().contains(query) {
                *matches += 1;
                leaf(parent, &key, &value, true);
            }
            continue;
        }
        let Some(branch) = branch(parent, &key, &value) else {
            continue;
        };
        if find(&branch, &value, query, matches) {
            let _ = branch.set_attribute("open", "");
        } else if is_named {
            *matches += 1;
            let _ = branch.set_attribute("class", "match");
            let _ = Reflect::set(&branch, &UNOPENED.into(), &value);
        } else {
            branch.remove();
        }
    }
    *matches > before
}

/// The keys and values of an object or a list.
fn entries(value: &JsValue) -> Array {
    value
        .dyn_ref::<Object>()
        .map_or_else(Array::new, Object::entries)
}

fn pair(entry: &JsValue) -> (String, JsValue) {
    let entry: &Array = entry.unchecked_ref();
    (entry.get(0).as_string().unwrap_or_default(), entry.get(1))
}

fn branch(parent: &Element, key: &str, value: &JsValue) -> Option<Element> {
    let branch = append(parent, "details", "", "")?;
    let summary = append(&branch, "summary", "", "")?;
    append(&summary, "span", "key", key);
    let count = entries(value).length();
    let brackets = if Array::is_array(value) {
        format!("[{count}]")
    } else {
        format!("{{{count}}}")
    };
    append(&summary, "span", "faint", &brackets);
    Some(branch)
}

fn leaf(parent: &Element, key: &str, value: &JsValue, is_match: bool) {
    let class = if is_match { "leaf match" } else { "leaf" };
    if let Some(line) = append(parent, "div", class, "") {
        append(&line, "span", "key", key);
        let class = if value.is_string() { "text" } else { "value" };
        append(&line, "span", class, &word(value));
    }
}

/// A scalar in JSON notation.
fn word(value: &JsValue) -> String {
    JSON::stringify(value)
        .ok()
        .and_then(|text: JsString| text.as_string())
        .map(|text| crate::model::format::visible(&text).into_owned())
        .unwrap_or_default()
}

fn append(parent: &Element, tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    if !class.is_empty() {
        let _ = element.set_attribute("class", class);
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    parent.append_child(&element).ok()?;
    Some(element)
}
