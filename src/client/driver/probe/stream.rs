//! Probes server-sent events: the arrival times show whether something in between buffers them.

use super::{
    super::{browser, http},
    Recorder, TIMEOUT_MS, since, within,
};
use crate::{
    client::diagnosis::StreamTrial,
    model::{Probe, Timestamp},
};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

/// Chunks that must arrive one by one; the first at once, the others every two or three seconds.
const CHUNKS: u32 = 3;
/// What precedes the time at which stats were read.
const TIMESTAMP: &str = "\"timestamp\":\"";
/// Length of a timestamp.
const TIMESTAMP_LENGTH: usize = 24;

/// Reads events until it is known whether they arrive one by one.
pub(super) async fn stream(recorder: Recorder) {
    let mut trial = StreamTrial::default();
    recorder.record(|observed| observed.stream = Some(trial.clone()));
    let began = browser::now_ms();
    let canceller = http::Canceller::new();
    let answer = within(
        TIMEOUT_MS,
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
                    recorder,
                    began,
                    piece_at: began,
                    pieces: 0,
                    text: String::new(),
                };
                within(TIMEOUT_MS, reading.read(&reader, &mut trial)).await;
                trial.longest_gap_ms = trial.longest_gap_ms.max(since(reading.piece_at));
            }
        }
        // A buffering proxy does not even send the head of a response without an end.
        None => {
            trial.is_stream = true;
            trial.longest_gap_ms = since(began);
        }
        Some(Err(_)) => {}
    }
    trial.ended = true;
    recorder.record(|observed| observed.stream = Some(trial));
}

struct Reading {
    recorder: Recorder,
    began: f64,
    piece_at: f64,
    pieces: u32,
    /// The beginning of the incomplete event.
    text: String,
}

impl Reading {
    async fn read(&mut self, reader: &ReadableStreamDefaultReader, trial: &mut StreamTrial) {
        while self.pieces < CHUNKS {
            let Some(piece) = next(reader).await else {
                return;
            };
            trial.bytes += piece.len() as u64;
            self.text.push_str(&String::from_utf8_lossy(&piece));
            self.take(trial);
            let shown = trial.clone();
            self.recorder
                .record(|observed| observed.stream = Some(shown));
        }
    }

    /// Removes complete events from the text.
    fn take(&mut self, trial: &mut StreamTrial) {
        let mut is_whole = false;
        while let Some((event, rest)) = self.text.split_once("\n\n") {
            if event.starts_with("event:") || event.contains("\nevent:") {
                trial.events += 1;
                // The first stats may have been read earlier, before a client watched them.
                if event.contains("event: stats") && trial.events > 2 {
                    let late = delay(event, self.recorder);
                    trial.most_late_ms = trial.most_late_ms.max(late);
                }
            }
            // A comment, too, shows that nothing is buffered.
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

/// The age of stats at their arrival, by the server's clock.
fn delay(event: &str, recorder: Recorder) -> Option<u32> {
    let (_, rest) = event.split_once(TIMESTAMP)?;
    let at: Timestamp = rest.get(..TIMESTAMP_LENGTH)?.parse().ok()?;
    let skew = recorder.reads(|observed| observed.clock_skew_ms)??;
    let now = browser::now_ms() as i64 - skew;
    u32::try_from(now - at.as_millis()).ok()
}

async fn next(reader: &ReadableStreamDefaultReader) -> Option<Vec<u8>> {
    let piece = JsFuture::from(reader.read()).await.ok()?;
    let value: JsValue = Reflect::get(&piece, &"value".into()).ok()?;
    Some(value.dyn_into::<Uint8Array>().ok()?.to_vec())
}
