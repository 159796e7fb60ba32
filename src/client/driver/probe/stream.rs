//! Server-sent events, read as they arrive: when each piece came tells whether somebody in between
//! holds them back.

use super::{
    super::{browser, http},
    Notes, PATIENCE_MS, since, within,
};
use crate::{
    client::diagnosis::StreamTrial,
    model::{Probe, Timestamp},
};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

/// Pieces that must come one by one; the first comes at once, the others every two or three seconds.
const PIECES: u32 = 3;
/// Where figures say when they were read.
const TIMESTAMP: &str = "\"timestamp\":\"";
/// Length of a point in time.
const TIMESTAMP_LENGTH: usize = 24;

/// Reads events for as long as it takes to see that they come one by one.
pub(super) async fn stream(notes: Notes) {
    let mut trial = StreamTrial::default();
    notes.note(|observed| observed.stream = Some(trial.clone()));
    let began = browser::now_ms();
    let canceller = http::Canceller::new();
    let answer = within(
        PATIENCE_MS,
        http::open_stream(Probe::Stream.path(), canceller.as_ref()),
    )
    .await;
    match answer {
        Some(Ok(answer)) => {
            trial.status = Some(answer.status());
            let kind = answer.headers().get("content-type").ok().flatten();
            trial.is_stream =
                answer.ok() && kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
            let reader = answer.body().map(|body| body.get_reader());
            let reader = reader.and_then(|reader| reader.dyn_into().ok());
            if let Some(reader) = reader.filter(|_| trial.is_stream) {
                let mut reading = Reading {
                    notes,
                    began,
                    piece_at: began,
                    pieces: 0,
                    text: String::new(),
                };
                within(PATIENCE_MS, reading.read(&reader, &mut trial)).await;
                trial.longest_gap_ms = trial.longest_gap_ms.max(since(reading.piece_at));
            }
        }
        // A proxy that collects answers sends not even the head of one that does not end.
        None => {
            trial.is_stream = true;
            trial.longest_gap_ms = since(began);
        }
        Some(Err(_)) => {}
    }
    trial.ended = true;
    notes.note(|observed| observed.stream = Some(trial));
}

struct Reading {
    notes: Notes,
    began: f64,
    piece_at: f64,
    pieces: u32,
    /// What came of the event that is not yet complete.
    text: String,
}

impl Reading {
    async fn read(&mut self, reader: &ReadableStreamDefaultReader, trial: &mut StreamTrial) {
        while self.pieces < PIECES {
            let Some(piece) = next(reader).await else {
                return;
            };
            trial.bytes += piece.len() as u64;
            self.text.push_str(&String::from_utf8_lossy(&piece));
            self.take(trial);
            let shown = trial.clone();
            self.notes.note(|observed| observed.stream = Some(shown));
        }
    }

    /// Takes complete events off the text.
    fn take(&mut self, trial: &mut StreamTrial) {
        let mut is_whole = false;
        while let Some((event, rest)) = self.text.split_once("\n\n") {
            if event.starts_with("event:") || event.contains("\nevent:") {
                trial.events += 1;
                // The first figures may have waited for somebody to look at them.
                if event.contains("event: stats") && trial.events > 2 {
                    let late = lateness(event, self.notes);
                    trial.most_late_ms = trial.most_late_ms.max(late);
                }
            }
            // A comment too shows that nobody holds anything back.
            is_whole = true;
            self.text = rest.to_owned();
        }
        if is_whole {
            trial.first_ms.get_or_insert(since(self.began));
            trial.longest_gap_ms = trial.longest_gap_ms.max(since(self.piece_at));
            self.piece_at = browser::now_ms();
            self.pieces += 1;
        }
    }
}

/// How old figures were when they came, by the server's clock.
fn lateness(event: &str, notes: Notes) -> Option<u32> {
    let (_, rest) = event.split_once(TIMESTAMP)?;
    let at: Timestamp = rest.get(..TIMESTAMP_LENGTH)?.parse().ok()?;
    let skew = notes.reads(|observed| observed.clock_skew_ms)??;
    let now = browser::now_ms() as i64 - skew;
    u32::try_from(now - at.as_millis()).ok()
}

async fn next(reader: &ReadableStreamDefaultReader) -> Option<Vec<u8>> {
    let piece = JsFuture::from(reader.read()).await.ok()?;
    let value: JsValue = Reflect::get(&piece, &"value".into()).ok()?;
    Some(value.dyn_into::<Uint8Array>().ok()?.to_vec())
}
