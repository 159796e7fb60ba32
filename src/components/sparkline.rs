//! Small charts of recent figures.

use crate::{
    client::{driver, use_live},
    model::WorkloadId,
    plot::{SPARK_BOX, Spark},
};
use leptos::{prelude::*, svg::Svg};

/// A point of a line: the position in time, from 0 (left) to 1 (right), and the value.
pub type SparkPoint = (f32, f32);

/// A line through `points` with the area below it, interrupted where a point is missing.
#[component]
pub fn Sparkline(
    /// The points, in order of time; `None` is a gap.
    #[prop(into)]
    points: Signal<Vec<Option<SparkPoint>>>,
    /// The value at the top; by default the largest value.
    #[prop(optional)]
    top: Option<f32>,
    /// The figure: a CSS class, which defines its colour.
    of: &'static str,
    /// The description for screen readers.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let spark = Memo::new(move |_| {
        let points = points.read();
        let values = points.iter().flatten().map(|(_, value)| *value);
        let top = top.unwrap_or_else(|| values.fold(0.0, f32::max));
        let each = points.iter().map(|point| match point {
            Some((at, value)) => (*at, Some(*value)),
            None => (0.0, None),
        });
        Spark::through(each, top)
    });
    view! {
        <svg class=format!("spark sparkline {of}") role="img" aria-label=label viewBox=SPARK_BOX preserveAspectRatio="none">
            <path class="area" d=move || spark.read().area.clone() />
            <path class="line" d=move || spark.read().line.clone() />
        </svg>
    }
}

/// A container's CPU over the last five minutes, the size of a word. Hidden from screen readers, because the
/// current figure is next to it.
#[component]
pub fn CpuLine(
    /// The container.
    id: WorkloadId,
) -> impl IntoView {
    let node = NodeRef::<Svg>::new();
    driver::show_sparkline(use_live(), id, node);
    view! {
        <svg class="spark cpu-line cpu" aria-hidden="true" viewBox=SPARK_BOX preserveAspectRatio="none" node_ref=node>
            <path class="area" />
            <path class="line" />
        </svg>
    }
}
