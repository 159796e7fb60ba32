//! A small line of the last minutes.

use leptos::prelude::*;
use std::fmt::Write as _;

const WIDTH: f32 = 240.0;
const HEIGHT: f32 = 44.0;
/// Room for half of the line's own width at top and bottom.
const MARGIN: f32 = 2.0;

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
    /// Which colour: `cpu`, `memory`, `rx` or `tx`.
    color: &'static str,
    /// What it shows, for screen readers.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let paths = Memo::new(move |_| points.with(|points| paths(points, top)));
    view! {
        <svg class=format!("sparkline {color}") viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
            <path class="area" d=move || paths.read().area.clone() />
            <path class="line" d=move || paths.read().line.clone() />
        </svg>
    }
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Paths {
    line: String,
    area: String,
}

fn paths(points: &[Option<SparkPoint>], top: Option<f32>) -> Paths {
    let values = points.iter().flatten().map(|(_, value)| *value);
    let top = top
        .unwrap_or_else(|| values.fold(0.0, f32::max))
        .max(f32::EPSILON);
    let mut paths = Paths::default();
    for run in points.split(Option::is_none) {
        let run = run.iter().flatten().map(|(at, value)| {
            let share = (value / top).clamp(0.0, 1.0);
            let y = HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN);
            (at.clamp(0.0, 1.0) * WIDTH, y)
        });
        draw(&run.collect::<Vec<_>>(), &mut paths);
    }
    paths
}

/// Adds a line without gaps, and the area between it and the bottom.
fn draw(run: &[(f32, f32)], paths: &mut Paths) {
    let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) else {
        return;
    };
    let mut line = String::new();
    for (x, y) in run {
        let command = if line.is_empty() { 'M' } else { 'L' };
        // Writing to a string does not fail.
        let _ = write!(line, "{command}{x:.1} {y:.1}");
    }
    let _ = write!(paths.area, "{line}L{last:.1} {HEIGHT}L{first:.1} {HEIGHT}Z");
    paths.line.push_str(&line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[Option<SparkPoint>], top: Option<f32>) -> String {
        paths(points, top).line
    }

    #[test]
    fn what_is_missing_is_a_gap() {
        assert_eq!(
            line(&[Some((0.0, 0.0)), None, Some((1.0, 100.0))], Some(100.0)),
            "M0.0 42.0M240.0 2.0"
        );
        assert_eq!(line(&[], None), "");
        assert_eq!(line(&[None, None], None), "");
    }

    #[test]
    fn points_lie_where_their_time_is() {
        assert_eq!(
            line(&[Some((0.5, 1.0)), Some((0.75, 1.0))], None),
            "M120.0 2.0L180.0 2.0"
        );
    }

    #[test]
    fn the_area_ends_where_the_line_does() {
        let points = [Some((0.5, 1.0)), Some((0.75, 1.0)), None];
        assert_eq!(
            paths(&points, None).area,
            "M120.0 2.0L180.0 2.0L180.0 44L120.0 44Z"
        );
    }

    #[test]
    fn nonsense_values_stay_inside() {
        assert_eq!(
            line(&[Some((-1.0, -5.0)), Some((2.0, 500.0))], Some(100.0)),
            "M0.0 42.0L240.0 2.0"
        );
    }
}
