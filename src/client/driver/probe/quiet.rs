//! Probes an idle socket: it must stay open until the server's heartbeat, which it does not if something in
//! between closes idle connections.

use super::{
    super::browser,
    Recorder, TIMEOUT_MS,
    line::{Incoming, ProbeSocket, field},
    since, within,
};
use crate::{client::diagnosis::QuietTrial, model::Probe, protocol::SUBPROTOCOL_JSON};

/// Interval at which the elapsed time is updated.
const TICK_MS: u32 = 1_000;

/// Waits for the server's heartbeat on an idle socket.
pub(super) async fn quiet(recorder: Recorder) {
    let mut trial = QuietTrial::default();
    let record =
        |trial: &QuietTrial| recorder.record(|observed| observed.quiet = Some(trial.clone()));
    record(&trial);
    if let Some(mut socket) = ProbeSocket::open(Probe::Quiet.path(), Some(SUBPROTOCOL_JSON)) {
        let mut last_received = browser::now_ms();
        let mut timeout_ms = TIMEOUT_MS;
        while !trial.heartbeat && trial.closed.is_none() && since(last_received) < timeout_ms {
            match within(TICK_MS, socket.next()).await {
                None => {}
                Some(Incoming::Opened) => {
                    trial.opened = true;
                    last_received = browser::now_ms();
                }
                Some(Incoming::Closed(code)) => trial.closed = Some(code),
                Some(Incoming::Bytes(_)) => {}
                Some(Incoming::Text(text)) => {
                    let message = js_sys::JSON::parse(&text).unwrap_or_default();
                    if let Some(interval) = field(&message, "heartbeatIntervalMs") {
                        // Allows for one late heartbeat and a busy machine.
                        let interval: u32 = interval.parse().unwrap_or(TIMEOUT_MS);
                        timeout_ms = interval.saturating_mul(2).saturating_add(TIMEOUT_MS);
                    }
                    trial.heartbeat = field(&message, "type").as_deref() == Some("heartbeat");
                    if !trial.heartbeat {
                        last_received = browser::now_ms();
                    }
                }
            }
            trial.quiet_ms = since(last_received);
            record(&trial);
        }
    }
    trial.ended = true;
    record(&trial);
}
