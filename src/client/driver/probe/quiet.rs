//! A socket on which nothing is said: it lives until the server's heartbeat, unless somebody in
//! between cuts what is idle.

use super::{
    super::browser,
    Notes, PATIENCE_MS,
    line::{Incoming, Line, field},
    since, within,
};
use crate::{client::diagnosis::QuietTrial, model::Probe, protocol::SUBPROTOCOL_JSON};

/// How often the time is shown.
const TICK_MS: u32 = 1_000;

/// Waits on a socket for the server's heartbeat.
pub(super) async fn quiet(notes: Notes) {
    let mut trial = QuietTrial::default();
    let note = |trial: &QuietTrial| notes.note(|observed| observed.quiet = Some(trial.clone()));
    note(&trial);
    if let Some(mut line) = Line::open(Probe::Quiet.path(), Some(SUBPROTOCOL_JSON)) {
        let mut heard_at = browser::now_ms();
        let mut patience_ms = PATIENCE_MS;
        while !trial.heartbeat && trial.closed.is_none() && since(heard_at) < patience_ms {
            match within(TICK_MS, line.next()).await {
                None => {}
                Some(Incoming::Opened) => {
                    trial.opened = true;
                    heard_at = browser::now_ms();
                }
                Some(Incoming::Closed(code)) => trial.closed = Some(code),
                Some(Incoming::Bytes(_)) => {}
                Some(Incoming::Text(text)) => {
                    let message = js_sys::JSON::parse(&text).unwrap_or_default();
                    if let Some(interval) = field(&message, "heartbeatIntervalMs") {
                        // One may be late, and the machine busy.
                        let interval: u32 = interval.parse().unwrap_or(PATIENCE_MS);
                        patience_ms = interval.saturating_mul(2).saturating_add(PATIENCE_MS);
                    }
                    trial.heartbeat = field(&message, "type").as_deref() == Some("heartbeat");
                    if !trial.heartbeat {
                        heard_at = browser::now_ms();
                    }
                }
            }
            trial.quiet_ms = since(heard_at);
            note(&trial);
        }
    }
    trial.ended = true;
    note(&trial);
}
