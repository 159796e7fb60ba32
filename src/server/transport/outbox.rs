//! The outgoing messages of one client.

use super::{Session, forms::Form};
use crate::{
    protocol::{Channel, Resume, ServerMessage},
    server::{
        hub::{Frame, Viewer},
        websocket::{Message, Writer},
    },
};
use std::{
    future::poll_fn,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Instant,
};
use tokio::net::tcp::OwnedWriteHalf;

/// The subscriptions of one client and its outgoing messages.
///
/// Two tasks use it: the client's own task, which answers the client, and [`Delivery`](super::Delivery),
/// which sends frames of the hub. As long as the connection accepts all bytes at once, the client's task
/// sleeps. It sends what the connection did not accept; new frames wait until that is done.
#[derive(Debug)]
pub(super) struct Outbox {
    form: Form,
    /// `None` once nothing more is sent.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    writer: Writer<OwnedWriteHalf>,
    session: Session,
    /// The waker of the client's own task while it waits for bytes that were not accepted.
    waiting: Option<Waker>,
    /// When the first of the frames was published that wait for earlier bytes; `None` if none wait.
    behind_since: Option<Instant>,
}

impl Outbox {
    /// An empty outbox without subscriptions.
    pub(super) fn new(writer: Writer<OwnedWriteHalf>, form: Form, session: Session) -> Self {
        Self {
            form,
            open: Mutex::new(Some(Open {
                writer,
                session,
                waiting: None,
                behind_since: None,
            })),
        }
    }

    /// The form of the client's frames.
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Queues a message.
    pub(super) fn queue(&self, message: Message) {
        if let Some(open) = &mut *self.open() {
            open.writer.queue(message);
        }
    }

    /// Queues frames that are shared by all clients.
    pub(super) fn queue_all(&self, frames: &[Arc<Frame>]) {
        if let Some(open) = &mut *self.open() {
            open.queue_all(frames, self.form);
        }
    }

    /// Queues a message for this client only, if its form has such a message.
    pub(super) fn send(&self, message: &ServerMessage) {
        if let Some(message) = self.form.of_one(message) {
            self.queue(message);
        }
    }

    /// Subscribes to `channel` and queues the frames that the client needs now.
    pub(super) fn subscribe(&self, channel: Channel, delta: bool, resume: Option<&Resume>) {
        if let Some(open) = &mut *self.open() {
            let frames = open.session.subscribe(channel, delta, resume);
            open.queue_all(&frames, self.form);
        }
    }

    /// Queues `messages`, subscribes to all channels again, with what `viewer` sees, and queues the snapshots.
    /// No frame of the old viewer comes after the first of them.
    pub(super) fn begin_again(&self, messages: &[ServerMessage], viewer: Viewer) {
        if let Some(open) = &mut *self.open() {
            let messages = messages
                .iter()
                .filter_map(|message| self.form.of_one(message));
            messages.for_each(|message| open.writer.queue(message));
            let frames = open.session.begin_again(viewer);
            open.queue_all(&frames, self.form);
        }
    }

    /// Unsubscribes from `channel`.
    pub(super) fn unsubscribe(&self, channel: Channel) {
        if let Some(open) = &mut *self.open() {
            open.session.unsubscribe(channel);
        }
    }

    /// Sends new frames. If earlier bytes are still unsent, only marks the client as behind; its own task
    /// sends the frames later.
    pub(super) fn deliver(&self) {
        let mut open = self.open();
        let Some(open) = &mut *open else { return };
        if !open.writer.is_empty() {
            open.behind_since.get_or_insert_with(Instant::now);
            return;
        }
        open.queue_changes(self.form);
        // The client's own task notices a failure when it writes again.
        if !open.writer.try_flush().unwrap_or(false)
            && let Some(waiting) = open.waiting.take()
        {
            waiting.wake();
        }
    }

    /// Waits until bytes are left for the client's own task.
    pub(super) async fn left_over(&self) {
        poll_fn(|cx| match &mut *self.open() {
            Some(open) if open.writer.is_empty() && open.behind_since.is_none() => {
                open.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
        .await;
    }

    /// Sends the queued messages. Cancel safe: the next call sends the rest.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| match &mut *self.open() {
            Some(open) => open.writer.poll_flush(cx),
            None => Poll::Ready(Ok(())),
        })
        .await
    }

    /// Queues the frames that were published while bytes were unsent, once those have been sent.
    pub(super) fn catch_up(&self) {
        if let Some(open) = &mut *self.open()
            && open.writer.is_empty()
            && let Some(since) = open.behind_since.take()
        {
            open.session.instruments().lagged(since.elapsed());
            open.queue_changes(self.form);
        }
    }

    /// Ends all subscriptions; returns the writer for the close frame.
    pub(super) fn close(&self) -> Option<Writer<OwnedWriteHalf>> {
        self.open().take().map(|open| open.writer)
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn queue_changes(&mut self, form: Form) {
        let frames = self.session.catch_up();
        self.queue_all(&frames, form);
    }

    fn queue_all(&mut self, frames: &[Arc<Frame>], form: Form) {
        let messages = frames.iter().flat_map(|frame| form.of(frame));
        messages.for_each(|message| self.writer.queue(message));
    }
}
