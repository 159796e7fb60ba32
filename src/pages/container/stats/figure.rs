//! A chart, with its figures as text.

use super::view::StatsView;
use crate::{
    client::{Zone, driver, use_live, use_zone},
    i18n::{StatsText, use_text},
    model::{Figure, StatsPoint, Timestamp, format},
    plot::{Chart, Frame, Ink, Summary, Unit},
};
use leptos::{ev, html::Canvas, prelude::*};

/// A chart on the page.
pub(super) struct FigureKind {
    /// The element id.
    pub(super) name: &'static str,
    title: fn(&StatsText) -> &'static str,
    /// The names of its lines, if there are several.
    names: &'static [fn(&StatsText) -> &'static str],
    pub(super) chart: Chart,
}

/// Every chart, in order.
#[rustfmt::skip]
pub(super) static FIGURES: [FigureKind; 5] = [
    FigureKind { name: "cpu", title: |text| text.cpu, names: &[], chart: Chart {
        lines: &[(Figure::Cpu, Ink::Cpu)], limit: None, unit: Unit::Percent,
    } },
    FigureKind { name: "memory", title: |text| text.memory, names: &[], chart: Chart {
        lines: &[(Figure::Memory, Ink::Memory)], limit: Some(Figure::MemoryLimit), unit: Unit::Bytes,
    } },
    FigureKind { name: "network", title: |text| text.network, names: &[|text| text.received, |text| text.sent], chart: Chart {
        lines: &[(Figure::NetworkRx, Ink::Rx), (Figure::NetworkTx, Ink::Tx)], limit: None, unit: Unit::Rate,
    } },
    FigureKind { name: "block", title: |text| text.block, names: &[|text| text.read, |text| text.written], chart: Chart {
        lines: &[(Figure::BlockRead, Ink::Rx), (Figure::BlockWrite, Ink::Tx)], limit: None, unit: Unit::Rate,
    } },
    FigureKind { name: "pids", title: |text| text.pids, names: &[], chart: Chart {
        lines: &[(Figure::Pids, Ink::Cpu)], limit: None, unit: Unit::Count,
    } },
];

impl FigureKind {
    /// The figures of `point` as text, one per line of the chart.
    fn values(&self, point: Option<&StatsPoint>) -> Vec<String> {
        let value = |(figure, _): &(Figure, Ink)| {
            let value = point.and_then(|point| point.value(*figure));
            value.map_or_else(
                || format::UNKNOWN.to_owned(),
                |value| self.chart.unit.text(value),
            )
        };
        self.chart.lines.iter().map(value).collect()
    }

    /// The name of a line, if there are several.
    fn line_name(&self, text: &StatsText, n: usize) -> &'static str {
        self.names.get(n).map_or("", |name| name(text))
    }

    /// The figures of `point` in one sentence.
    fn sentence(&self, text: &StatsText, zone: Zone, point: Option<&StatsPoint>) -> String {
        let values = self.values(point).into_iter().enumerate();
        let named = values.map(|(n, value)| format!("{} {value}", self.line_name(text, n)));
        let figures: Vec<_> = named.map(|text| text.trim_start().to_owned()).collect();
        match point {
            Some(point) => format!("{}: {}", zone.clock(point.at), figures.join(", ")),
            None => figures.join(", "),
        }
    }

    /// The minimum, mean and maximum of every line.
    fn summary(&self, text: &StatsText, points: &[StatsPoint]) -> String {
        let lines = self.chart.lines.iter().enumerate();
        let each = lines.filter_map(|(n, (figure, _))| {
            let Summary { least, mean, most } = Summary::of(points, *figure)?;
            let [least, mean, most] = [least, mean, most].map(|value| self.chart.unit.text(value));
            let summary = (text.summary)(&least, &mean, &most);
            Some(
                format!("{} {summary}", self.line_name(text, n))
                    .trim_start()
                    .to_owned(),
            )
        });
        let each: Vec<_> = each.collect();
        if each.is_empty() {
            text.no_figures.to_owned()
        } else {
            each.join(" · ")
        }
    }
}

/// A chart with its figures as text: at the selected time, and over its range.
#[component]
pub(super) fn StatsFigure(
    /// The chart.
    figure: &'static FigureKind,
    /// The data of all charts.
    view: StatsView,
) -> impl IntoView {
    let text = use_text();
    let summary = move || {
        view.points
            .with(|points| figure.summary(text.get().stats(), points))
    };
    let limit = move || {
        let limit = view.shown()?.1.value(figure.chart.limit?);
        Some(limit.map_or_else(
            || text.get().container().no_limit.to_owned(),
            |limit| format!("/ {}", figure.chart.unit.text(limit)),
        ))
    };
    let readout = move |n: usize| {
        let value = move || {
            let shown = view.shown();
            figure
                .values(shown.as_ref().map(|(_, point)| point))
                .get(n)
                .cloned()
        };
        let swatch = (!figure.names.is_empty())
            .then(|| view! { <i class=if n == 0 { "swatch rx" } else { "swatch tx" }></i> });
        view! {
            <span class="readout">
                {swatch}
                <span class="muted">{move || figure.line_name(text.get().stats(), n)}</span>
                <b class="num">{value}</b>
            </span>
        }
    };
    let readouts = (0..figure.chart.lines.len()).map(readout).collect_view();
    view! {
        <section class="card chart" data-chart=figure.name>
            <div class="chart-head">
                <h2>{move || (figure.title)(text.get().stats())}</h2>
                {readouts}
                <span class="muted num">{limit}</span>
            </div>
            <Plot figure view />
            <p class="summary num" id=format!("summary-{}", figure.name)>{summary}</p>
        </section>
    }
}

/// The canvas. For the keyboard and screen readers it is a slider over time.
#[component]
fn Plot(
    /// The chart.
    figure: &'static FigureKind,
    /// The data of all charts.
    view: StatsView,
) -> impl IntoView {
    let text = use_text();
    let live = use_live();
    let zone = use_zone();
    let node = NodeRef::<Canvas>::new();
    let size = RwSignal::new((0.0, 0.0));
    driver::watch_size(node, size);
    let frame = move || Frame {
        size: size.get(),
        now: live.now().get(),
        range: view.range.get(),
        now_word: text.get().stats().now,
    };
    Effect::new(move || {
        view.looks.track();
        let frame = frame();
        if frame.size.0 > 0.0 {
            let points = view.points.read();
            let scene = figure.chart.scene(&points, &frame, view.cross.get());
            driver::paint(node, frame.size, &scene);
        }
    });
    let point = move |event: ev::PointerEvent| {
        let at = untrack(frame).times().value(event.offset_x() as f32);
        view.point_at(Timestamp::from_millis(at as i64));
    };
    let press = move |event: ev::KeyboardEvent| {
        let with_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
        if !with_modifier && view.press(&event.key()) {
            event.prevent_default();
        }
    };
    let place = move || view.shown().map_or(0, |(n, _)| n).to_string();
    let last = move || view.points.read().len().saturating_sub(1).to_string();
    let sentence = move || {
        let shown = view.shown();
        figure.sentence(
            text.get().stats(),
            zone,
            shown.as_ref().map(|(_, point)| point),
        )
    };
    view! {
        <div class="plot" tabindex="0" role="slider" aria-label=move || (figure.title)(text.get().stats())
            aria-valuemin="0" aria-valuemax=last aria-valuenow=place aria-valuetext=sentence
            aria-describedby=format!("summary-{}", figure.name)
            on:keydown=press on:blur=move |_| view.cross.set(None)
            on:pointermove=point on:pointerdown=point on:pointerleave=move |_| view.cross.set(None)>
            <canvas node_ref=node aria-hidden="true"></canvas>
        </div>
    }
}
