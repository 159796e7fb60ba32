//! Tries every way of receiving from the server and records the observations; the diagnosis interprets
//! them.

mod line;
mod quiet;
mod reach;
mod sockets;
mod stream;

use super::browser;
use crate::client::diagnosis::{Observations, SocketTrial};
use futures::{
    FutureExt,
    future::{join, join5},
};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

/// Timeout of each way, long enough for a bad network and a busy machine.
const TIMEOUT_MS: u32 = 15_000;

/// Where observations are recorded.
#[derive(Clone, Copy)]
struct Recorder(RwSignal<Observations>);

impl Recorder {
    /// Records an observation, unless the page was left.
    fn record(self, record: impl FnOnce(&mut Observations)) {
        let _ = self.0.try_update(record);
    }

    fn reads<T>(self, read: impl FnOnce(&Observations) -> T) -> Option<T> {
        self.0.try_with_untracked(read)
    }
}

/// Runs all probes concurrently, recording in `observed`; ends with the owner that called.
pub fn run_probes(observed: RwSignal<Observations>) {
    let recorder = Recorder(observed);
    let silent_engines = observed.with_untracked(|observed| observed.silent_engines.clone());
    observed.set(Observations {
        silent_engines,
        ..Observations::default()
    });
    leptos::task::spawn_local_scoped_with_cancellation(async move {
        let sockets = async move {
            let sockets = join(sockets::binary(recorder), sockets::json(recorder));
            join(sockets, sockets::docker_stats(recorder)).await;
            reach::origin(recorder).await;
        };
        join5(
            reach::reach(recorder),
            sockets,
            stream::stream(recorder),
            reach::polling(recorder),
            quiet::quiet(recorder),
        )
        .await;
        recorder.record(|observed| observed.finished = true);
    });
}

/// Milliseconds since `began`.
fn since(began: f64) -> u32 {
    (browser::now_ms() - began).max(0.0) as u32
}

/// The result of `future`, or `None` after `ms`.
async fn within<T>(ms: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut late = TimeoutFuture::new(ms).fuse();
    let mut future = std::pin::pin!(future.fuse());
    futures::select_biased! {
        answer = future => Some(answer),
        () = late => None,
    }
}

/// Whether no socket has opened after all were tried.
fn none_opened(observed: &Observations) -> bool {
    let opened = |trial: &Option<SocketTrial>| trial.as_ref().is_some_and(|trial| trial.opened);
    !opened(&observed.binary) && !opened(&observed.json)
}
