//! Tries every way of hearing from the server and notes what happens; what it means is judged
//! elsewhere.

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

/// What a way that works takes at most, even over a bad network on a busy machine.
const PATIENCE_MS: u32 = 15_000;

/// Where observations are noted while they are made.
#[derive(Clone, Copy)]
struct Notes(RwSignal<Observations>);

impl Notes {
    /// Notes something, unless the page is gone.
    fn note(self, note: impl FnOnce(&mut Observations)) {
        let _ = self.0.try_update(note);
    }

    fn reads<T>(self, read: impl FnOnce(&Observations) -> T) -> Option<T> {
        self.0.try_with_untracked(read)
    }
}

/// Tries everything at once, noting in `observed` what happens; ends with the owner that called.
pub fn run_probes(observed: RwSignal<Observations>) {
    let notes = Notes(observed);
    let silent_engines = observed.with_untracked(|observed| observed.silent_engines.clone());
    observed.set(Observations {
        silent_engines,
        ..Observations::default()
    });
    leptos::task::spawn_local_scoped_with_cancellation(async move {
        let sockets = async move {
            let sockets = join(sockets::binary(notes), sockets::json(notes));
            join(sockets, sockets::docker_stats(notes)).await;
            reach::origin(notes).await;
        };
        join5(
            reach::reach(notes),
            sockets,
            stream::stream(notes),
            reach::polling(notes),
            quiet::quiet(notes),
        )
        .await;
        notes.note(|observed| observed.finished = true);
    });
}

/// Milliseconds since `began`.
fn since(began: f64) -> u32 {
    (browser::now_ms() - began).max(0.0) as u32
}

/// What `asked` brings, unless that takes longer than `ms`.
async fn within<T>(ms: u32, asked: impl Future<Output = T>) -> Option<T> {
    let mut late = TimeoutFuture::new(ms).fuse();
    let mut asked = std::pin::pin!(asked.fuse());
    futures::select_biased! {
        answer = asked => Some(answer),
        () = late => None,
    }
}

/// Whether no socket has opened, when all have been tried.
fn none_opened(observed: &Observations) -> bool {
    let opened = |trial: &Option<SocketTrial>| trial.as_ref().is_some_and(|trial| trial.opened);
    !opened(&observed.binary) && !opened(&observed.json)
}
