//! The last five minutes of a host's figures.

use crate::{
    client::{HostSignals, driver},
    components::SparkPoint,
    model::{HostId, HostMetrics, Timestamp},
    protocol::MetricsSample,
};
use leptos::prelude::*;
use std::{collections::VecDeque, time::Duration};

/// The time range of the lines.
const RANGE: Duration = Duration::from_secs(5 * 60);
/// Age difference from which on there is a gap between two samples, in milliseconds: two and a half times the
/// longest interval that can be configured for hosts (5 s).
const GAP_MS: i64 = 12_500;
/// Most samples kept: one per second, which is more often than hosts are read.
const MAX_SAMPLES: usize = 300;

/// The last five minutes: from one request, continued with new samples. Empty at first.
pub(super) fn follow_history(
    host: &HostId,
    signals: &HostSignals,
) -> RwSignal<VecDeque<MetricsSample>> {
    let samples = RwSignal::new(VecDeque::new());
    let signals = signals.clone();
    Effect::new(move || {
        let (Some(at), Some(metrics)) = (signals.metrics_at.get(), signals.metrics.get_untracked())
        else {
            return;
        };
        samples.update(|samples| push(samples, sample(at, &metrics)));
    });
    let host = *host;
    Effect::new(move || {
        driver::fetch_history(&host, move |history| {
            samples.update(|samples| {
                let newer: Vec<_> = samples.drain(..).collect();
                history
                    .samples
                    .into_iter()
                    .chain(newer)
                    .for_each(|sample| push(samples, sample));
            });
        });
    });
    samples
}

/// The line through `value` of each sample, as of `now`. Without new samples the line still moves to the
/// left, so that an old figure is not drawn as the current one.
pub(super) fn points(
    samples: &VecDeque<MetricsSample>,
    now: Timestamp,
    value: impl Fn(&MetricsSample) -> Option<f32>,
) -> Vec<Option<SparkPoint>> {
    let mut points = Vec::with_capacity(samples.len());
    let mut before: Option<Timestamp> = None;
    for sample in samples {
        let at = sample.timestamp;
        let age = at.age(now);
        if age > RANGE {
            continue;
        }
        if before.is_some_and(|before| at.as_millis() - before.as_millis() > GAP_MS) {
            points.push(None);
        }
        before = Some(at);
        let x = 1.0 - age.as_secs_f32() / RANGE.as_secs_f32();
        points.push(value(sample).map(|value| (x, value)));
    }
    points
}

/// Bytes received and sent per second over all interfaces; `None` when unknown.
pub(super) fn traffic(metrics: &HostMetrics) -> Option<(u64, u64)> {
    let rates = metrics
        .networks
        .iter()
        .filter_map(|network| network.rx_rate.zip(network.tx_rate));
    rates.reduce(|(rx, tx), (more_rx, more_tx)| {
        (rx.saturating_add(more_rx), tx.saturating_add(more_tx))
    })
}

fn push(samples: &mut VecDeque<MetricsSample>, sample: MetricsSample) {
    if samples
        .back()
        .is_some_and(|last| last.timestamp >= sample.timestamp)
    {
        return;
    }
    samples.push_back(sample);
    while samples.len() > MAX_SAMPLES {
        samples.pop_front();
    }
}

fn sample(timestamp: Timestamp, metrics: &HostMetrics) -> MetricsSample {
    let traffic = traffic(metrics);
    MetricsSample {
        timestamp,
        cpu: metrics.cpu.usage,
        memory: metrics.memory.usage,
        disk: metrics.disk.as_ref().map(|disk| disk.usage),
        rx_rate: traffic.map(|(rx, _)| rx),
        tx_rate: traffic.map(|(_, tx)| tx),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> MetricsSample {
        MetricsSample {
            timestamp: Timestamp::from_millis(seconds * 1_000),
            cpu: seconds as f32,
            memory: 0.0,
            disk: None,
            rx_rate: None,
            tx_rate: None,
        }
    }

    fn cpu(samples: &[i64], now: i64) -> Vec<Option<SparkPoint>> {
        let samples = samples.iter().map(|seconds| at(*seconds)).collect();
        let now = Timestamp::from_millis(now * 1_000);
        points(&samples, now, |sample| Some(sample.cpu))
    }

    #[test]
    fn silence_is_a_gap() {
        assert_eq!(
            cpu(&[150, 300], 300),
            [Some((0.5, 150.0)), None, Some((1.0, 300.0))]
        );
        assert!(cpu(&[290, 295, 300], 300).iter().all(Option::is_some));
    }

    #[test]
    fn an_old_line_moves_to_the_left_and_out() {
        assert_eq!(cpu(&[300], 450), [Some((0.5, 300.0))]);
        assert_eq!(cpu(&[300], 601), []);
    }

    #[test]
    fn a_figure_that_is_not_known_is_a_gap() {
        let samples = VecDeque::from([at(1)]);
        let now = Timestamp::from_millis(1_000);
        assert_eq!(points(&samples, now, |sample| sample.disk), [None]);
    }

    #[test]
    fn samples_are_kept_once_and_in_order() {
        let mut samples = VecDeque::new();
        for seconds in [1, 3, 2, 3, 4] {
            push(&mut samples, at(seconds));
        }
        let kept: Vec<_> = samples.iter().map(|sample| sample.cpu).collect();
        assert_eq!(kept, [1.0, 3.0, 4.0]);
        (5..1_000).for_each(|seconds| push(&mut samples, at(seconds)));
        assert_eq!(samples.len(), MAX_SAMPLES);
    }
}
