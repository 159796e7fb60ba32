//! Small lines of the last minutes, painted beside the document.

use crate::{
    client::{driver, use_live},
    model::ContainerId,
    plot::{self, Ink},
};
use leptos::{html::Canvas, prelude::*};

/// A point of a line: where in time, from 0 at the left to 1 at the right, and its value.
pub type SparkPoint = (f32, f32);

/// A line through `points` with the area beneath it, broken where a point is missing.
#[component]
pub fn Sparkline(
    /// The points, in order of time; what is missing is a gap.
    #[prop(into)]
    points: Signal<Vec<Option<SparkPoint>>>,
    /// The value at the top; the largest value when absent.
    #[prop(optional)]
    top: Option<f32>,
    /// Which colour.
    ink: Ink,
    /// Changes with the theme.
    looks: Signal<u32>,
    /// What it shows, for screen readers.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let node = NodeRef::<Canvas>::new();
    let size = RwSignal::new((0.0, 0.0));
    driver::watch_size(node, size);
    Effect::new(move || {
        looks.track();
        let points = points.read();
        let highest = || {
            points
                .iter()
                .flatten()
                .map(|(_, value)| *value)
                .fold(0.0, f32::max)
        };
        let top = top.unwrap_or_else(highest);
        let each = points.iter().map(|point| match point {
            Some((at, value)) => (*at, Some(*value)),
            None => (0.0, None),
        });
        driver::paint(
            node,
            size.get(),
            &plot::sparkline(each, top, size.get(), ink),
        );
    });
    view! { <canvas class="sparkline" role="img" aria-label=label node_ref=node></canvas> }
}

/// A container's CPU over the last five minutes, as small as a word. What it shows stands beside it
/// as a figure: to screen readers it says nothing.
#[component]
pub fn CpuLine(
    /// Which container.
    id: ContainerId,
) -> impl IntoView {
    let node = NodeRef::<Canvas>::new();
    driver::show_sparkline(use_live(), id, node);
    view! { <canvas class="cpu-line" aria-hidden="true" node_ref=node></canvas> }
}
