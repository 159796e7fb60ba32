//! A small line of the last minutes.

use leptos::prelude::*;

const WIDTH: f32 = 240.0;
const HEIGHT: f32 = 44.0;

/// A line through `values`, oldest first, with a gap where a value is missing.
#[component]
pub fn Sparkline(
    /// The values; what is missing is a gap.
    #[prop(into)]
    values: Signal<Vec<Option<f32>>>,
    /// The value at the top; the largest value when absent.
    #[prop(optional)]
    top: Option<f32>,
    /// Which colour: `cpu`, `memory`, `rx` or `tx`.
    color: &'static str,
    /// What it shows, for screen readers.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let path = Memo::new(move |_| values.with(|values| path(values, top)));
    view! {
        <svg class=format!("sparkline {color}") viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
            <path d=path />
        </svg>
    }
}

fn path(values: &[Option<f32>], top: Option<f32>) -> String {
    let largest = values.iter().flatten().copied().fold(0.0_f32, f32::max);
    let top = top.unwrap_or(largest).max(f32::EPSILON);
    let step = WIDTH / (values.len().saturating_sub(1).max(1)) as f32;
    let mut path = String::new();
    let mut in_gap = true;
    for (i, value) in values.iter().enumerate() {
        let Some(value) = value else {
            in_gap = true;
            continue;
        };
        let (x, y) = (
            i as f32 * step,
            HEIGHT - 2.0 - (value / top).clamp(0.0, 1.0) * (HEIGHT - 4.0),
        );
        let command = if in_gap { 'M' } else { 'L' };
        path.push_str(&format!("{command}{x:.1} {y:.1}"));
        in_gap = false;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_a_gap() {
        assert_eq!(
            path(&[Some(0.0), None, Some(100.0)], Some(100.0)),
            "M0.0 42.0M240.0 2.0"
        );
        assert_eq!(path(&[], None), "");
        assert_eq!(path(&[Some(1.0), Some(1.0)], None), "M0.0 2.0L240.0 2.0");
    }
}
