//! A bar with its figure.

use leptos::prelude::*;

/// What a meter measures, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterKind {
    /// Processor.
    Cpu,
    /// Memory.
    Memory,
}

/// From here on it is getting tight.
const HOT_PERCENT: f32 = 80.0;
/// From here on it is full.
const FULL_PERCENT: f32 = 92.0;

/// A bar with its figure. The text says it all; the bar is for the eye.
#[component]
pub fn Meter(
    /// What it measures.
    kind: MeterKind,
    /// How full it is, 0–100; nothing is drawn when unknown.
    #[prop(into)]
    percent: Signal<Option<f32>>,
    /// The figure.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let class = move || {
        let level = match percent.get() {
            Some(percent) if percent >= FULL_PERCENT => " full",
            Some(percent) if percent >= HOT_PERCENT => " hot",
            _ => "",
        };
        let kind = match kind {
            MeterKind::Cpu => "cpu",
            MeterKind::Memory => "memory",
        };
        format!("meter {kind}{level}")
    };
    // Whole steps: a bar a few dozen pixels wide shows no more, and fewer changes are drawn.
    let width = move || {
        let percent = percent.get().unwrap_or(0.0).clamp(0.0, 100.0);
        format!("{}%", percent.round() as u8)
    };
    view! {
        <div class=class>
            <svg class="track" aria-hidden="true">
                <rect class="fill" height="100%" width=width />
            </svg>
            <span class="num">{text}</span>
        </div>
    }
}
