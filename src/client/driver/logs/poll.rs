//! Polls logs by HTTP while no socket is open.

use super::{super::http, Feeds};
use crate::{
    client::logs::LogRequest,
    model::{LogLine, LogStream},
    protocol::workload_path,
};
use gloo_timers::future::TimeoutFuture;
use js_sys::{JSON, Reflect};
use std::{cell::Cell, rc::Rc};

/// Interval of polls.
const INTERVAL_MS: u32 = 2_000;

/// A running or stopped poll loop; dropping it stops the loop.
#[derive(Default)]
pub(in crate::client::driver) struct LogPoll {
    running: Option<Rc<Cell<bool>>>,
}

impl LogPoll {
    /// Polls every followed log from now on.
    pub(in crate::client::driver) fn start(&mut self, feeds: Feeds) {
        self.stop();
        let is_running = Rc::new(Cell::new(true));
        self.running = Some(Rc::clone(&is_running));
        leptos::task::spawn_local_scoped_with_cancellation(async move {
            while is_running.get() {
                for request in feeds.requests() {
                    let lines = fetch(&request).await;
                    if is_running.get() {
                        feeds.take_polled(request.id, lines.unwrap_or_default());
                    }
                }
                TimeoutFuture::new(INTERVAL_MS).await;
            }
        });
    }

    /// Stops polling.
    pub(in crate::client::driver) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.set(false);
        }
    }
}

impl Drop for LogPoll {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn fetch(request: &LogRequest) -> Option<Vec<LogLine>> {
    let path = workload_path(request.id, "logs");
    let mut url = format!("{path}&format=ndjson&tail={}", request.tail);
    if let Some(since) = request.since {
        url.push_str(&format!("&since={since}"));
    }
    let response = http::get(&url, None).await.ok()?;
    let text = http::text(http::is_done(&response).then_some(&response)?).await?;
    Some(text.lines().filter_map(read).collect())
}

fn read(line: &str) -> Option<LogLine> {
    let object = JSON::parse(line).ok()?;
    let text = |name: &str| Reflect::get(&object, &name.into()).ok()?.as_string();
    Some(LogLine {
        seq: 0,
        timestamp: text("timestamp").and_then(|at| at.parse().ok()),
        stream: if text("stream")? == "stderr" {
            LogStream::Stderr
        } else {
            LogStream::Stdout
        },
        line: text("line")?,
        position: None,
    })
}
