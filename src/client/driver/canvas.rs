//! Paints shapes on a canvas, outside of the document, so that new figures cause no layout.

use crate::{
    model::Preferences,
    plot::{Align, Ink, Point, Scene, Shape},
};
use js_sys::Array;
use leptos::{ev, html, prelude::*};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{CanvasRenderingContext2d, MediaQueryList, ResizeObserver};

/// Width of lines, in CSS pixels.
const LINE: f64 = 1.5;
/// Opacity of areas.
const THIN: f64 = 0.13;
/// Dash and gap, in CSS pixels.
const DASHES: [f64; 2] = [4.0, 3.0];
/// Size of the small texts at axes.
const FONT_SIZE: &str = "11px ";

/// The current theme's colours and font.
struct Palette {
    inks: [String; Ink::ALL.len()],
    font: String,
}

thread_local! {
    /// Kept until the theme changes: reading the styles forces the browser to compute them at once, in the
    /// middle of its changes.
    static PALETTE: RefCell<Option<Rc<Palette>>> = const { RefCell::new(None) };
}

impl Palette {
    /// The current palette.
    fn current() -> Option<Rc<Self>> {
        PALETTE.with_borrow_mut(|known| {
            if known.is_none() {
                *known = Self::read().map(Rc::new);
            }
            known.clone()
        })
    }

    fn read() -> Option<Self> {
        let root = document().document_element()?;
        let style = window().get_computed_style(&root).ok()??;
        let value = |name| style.get_property_value(name).unwrap_or_default();
        Some(Self {
            inks: Ink::ALL.map(|ink| value(ink.variable())),
            font: [FONT_SIZE, &value("--font")].concat(),
        })
    }

    fn ink(&self, ink: Ink) -> &str {
        self.inks.get(ink as usize).map_or("", String::as_str)
    }
}

/// Paints `scene` on the canvas of `node`, which has this size in CSS pixels.
pub fn paint(node: NodeRef<html::Canvas>, (width, height): (f32, f32), scene: &Scene) {
    let (Some(canvas), Some(palette)) = (node.get_untracked(), Palette::current()) else {
        return;
    };
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into().ok()) else {
        return;
    };
    let ratio = window().device_pixel_ratio();
    let pixels = |length: f32| (f64::from(length) * ratio).round() as u32;
    // Setting the size of a canvas clears and reallocates it, even if the size is the same.
    if (canvas.width(), canvas.height()) != (pixels(width), pixels(height)) {
        canvas.set_width(pixels(width));
        canvas.set_height(pixels(height));
    }
    let context: CanvasRenderingContext2d = context;
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width.into(), height.into());
    context.set_line_join("round");
    context.set_font(&palette.font);
    context.set_text_baseline("middle");
    for shape in scene {
        draw(&context, shape, &palette, ratio);
    }
}

fn draw(context: &CanvasRenderingContext2d, shape: &Shape, palette: &Palette, ratio: f64) {
    match shape {
        Shape::Line {
            points,
            ink,
            dashed,
        } => {
            context.set_line_width(LINE);
            stroke(context, points, palette.ink(*ink), *dashed);
        }
        Shape::Area { points, base, ink } => {
            let (Some(first), Some(last)) = (points.first(), points.last()) else {
                return;
            };
            context.set_fill_style_str(palette.ink(*ink));
            context.set_global_alpha(THIN);
            trace(context, points);
            context.line_to(last.0.into(), (*base).into());
            context.line_to(first.0.into(), (*base).into());
            context.fill();
            context.set_global_alpha(1.0);
        }
        Shape::Rule {
            from,
            to,
            ink,
            dashed,
        } => {
            // A hairline is sharp in the middle of a device pixel.
            let snap = |at: f32| (((f64::from(at) * ratio).floor() + 0.5) / ratio) as f32;
            let ends = [(snap(from.0), snap(from.1)), (snap(to.0), snap(to.1))];
            context.set_line_width(1.0 / ratio.max(1.0));
            stroke(context, &ends, palette.ink(*ink), *dashed);
        }
        Shape::Text {
            at,
            text,
            ink,
            align,
        } => {
            context.set_fill_style_str(palette.ink(*ink));
            context.set_text_align(match align {
                Align::Start => "left",
                Align::Middle => "center",
                Align::End => "right",
            });
            let _ = context.fill_text(text, at.0.into(), at.1.into());
        }
    }
}

fn stroke(context: &CanvasRenderingContext2d, points: &[Point], color: &str, dashed: bool) {
    let dashes: Array = match dashed {
        true => DASHES.iter().copied().map(JsValue::from).collect(),
        false => Array::new(),
    };
    let _ = context.set_line_dash(&dashes);
    context.set_stroke_style_str(color);
    context.set_fill_style_str(color);
    if let [(x, y)] = *points {
        // A line of one point would be invisible.
        context.fill_rect(f64::from(x) - 1.0, f64::from(y) - 1.0, 2.0, 2.0);
        return;
    }
    trace(context, points);
    context.stroke();
}

fn trace(context: &CanvasRenderingContext2d, points: &[Point]) {
    context.begin_path();
    for (x, y) in points {
        context.line_to((*x).into(), (*y).into());
    }
}

/// Sets `size` to that of the canvas, in CSS pixels, whenever it changes.
pub fn watch_size(node: NodeRef<html::Canvas>, size: RwSignal<(f32, f32)>) {
    Effect::new(move || {
        let Some(canvas) = node.get() else { return };
        let measured = canvas.clone();
        // Called after layout, when measuring costs nothing.
        let callback = Closure::<dyn FnMut()>::new(move || {
            let now = (
                measured.client_width() as f32,
                measured.client_height() as f32,
            );
            if size.try_get_untracked().is_some_and(|known| known != now) {
                size.set(now);
            }
        });
        if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            observer.observe(&canvas);
            StoredValue::new_local(SizeWatch {
                observer,
                _callback: callback,
            });
        }
    });
}

/// Observes the size until dropped.
struct SizeWatch {
    observer: ResizeObserver,
    _callback: Closure<dyn FnMut()>,
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// A signal that changes when canvases must be painted again: with the theme, and with the pixel ratio.
pub fn use_looks() -> Signal<u32> {
    let looks = RwSignal::new(0);
    let preferences = expect_context::<RwSignal<Preferences>>();
    let theme = Memo::new(move |_| preferences.read().theme);
    let change = move || {
        PALETTE.take();
        let _ = looks.try_update(|version| *version += 1);
    };
    Effect::new(move |before: Option<()>| {
        theme.track();
        if before.is_some() {
            // By then the theme has been applied to the document.
            request_animation_frame(change);
        }
    });
    Effect::new(move || {
        let resize = window_event_listener(ev::resize, move |_| change());
        on_cleanup(move || resize.remove());
        let query = window().match_media("(prefers-color-scheme: light)");
        if let Ok(Some(query)) = query {
            let callback = Closure::<dyn FnMut()>::new(change);
            let listener = callback.as_ref().unchecked_ref();
            let _ = query.add_event_listener_with_callback("change", listener);
            StoredValue::new_local(ThemeWatch { query, callback });
        }
    });
    looks.into()
}

/// Observes the system's theme until dropped.
struct ThemeWatch {
    query: MediaQueryList,
    callback: Closure<dyn FnMut()>,
}

impl Drop for ThemeWatch {
    fn drop(&mut self) {
        let listener = self.callback.as_ref().unchecked_ref();
        let _ = self
            .query
            .remove_event_listener_with_callback("change", listener);
    }
}
