//! What is on its way to one client.

use super::{Session, forms::Form};
use crate::{
    protocol::{Channel, Resume, ServerMessage},
    server::{
        hub::Frame,
        websocket::{Message, Writer},
    },
};
use std::{
    future::poll_fn,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};
use tokio::net::tcp::OwnedWriteHalf;

/// What one client follows, and what is on its way to it.
///
/// Two tasks use it: the client's own, which answers it, and [`Delivery`](super::Delivery), which
/// brings it news. As long as the connection takes what it is given, the first of them sleeps; what
/// does not leave at once is left to it, and news waits for as long.
#[derive(Debug)]
pub(super) struct Outbox {
    form: Form,
    /// Absent once nothing is to be sent any more.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    writer: Writer<OwnedWriteHalf>,
    session: Session,
    /// The client's own task, while it waits for something to be left to it.
    waiting: Option<Waker>,
    /// There was news while something was still on its way.
    is_behind: bool,
}

impl Outbox {
    /// Empty; the client follows nothing yet.
    pub(super) fn new(writer: Writer<OwnedWriteHalf>, form: Form, session: Session) -> Self {
        Self {
            form,
            open: Mutex::new(Some(Open {
                writer,
                session,
                waiting: None,
                is_behind: false,
            })),
        }
    }

    /// The form it is sent in.
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Adds a message to what is to be sent.
    pub(super) fn queue(&self, message: Message) {
        if let Some(open) = &mut *self.open() {
            open.writer.queue(message);
        }
    }

    /// Adds what everybody gets to what is to be sent.
    pub(super) fn queue_all(&self, frames: &[Arc<Frame>]) {
        if let Some(open) = &mut *self.open() {
            open.queue_all(frames, self.form);
        }
    }

    /// Adds a message for this client alone, if its form has it.
    pub(super) fn send(&self, message: &ServerMessage) {
        if let Some(message) = self.form.of_one(message) {
            self.queue(message);
        }
    }

    /// Follows `channel` from now on; what is to be known at once is added to what is to be sent.
    pub(super) fn subscribe(&self, channel: Channel, delta: bool, resume: Option<&Resume>) {
        if let Some(open) = &mut *self.open() {
            let frames = open.session.subscribe(channel, delta, resume);
            open.queue_all(&frames, self.form);
        }
    }

    /// Follows `channel` no more.
    pub(super) fn unsubscribe(&self, channel: Channel) {
        if let Some(open) = &mut *self.open() {
            open.session.unsubscribe(channel);
        }
    }

    /// Sends news, unless something is still on its way: then it is behind, and its own task sees
    /// to the rest.
    pub(super) fn deliver(&self) {
        let mut open = self.open();
        let Some(open) = &mut *open else { return };
        if !open.writer.is_empty() {
            open.is_behind = true;
            return;
        }
        open.queue_changes(self.form);
        // Of a failure the client's own task learns by trying again.
        if !open.writer.try_flush().unwrap_or(false)
            && let Some(waiting) = open.waiting.take()
        {
            waiting.wake();
        }
    }

    /// Waits until something is left to the client's own task.
    pub(super) async fn left_over(&self) {
        poll_fn(|cx| match &mut *self.open() {
            Some(open) if open.writer.is_empty() && !open.is_behind => {
                open.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
        .await;
    }

    /// Sends what is to be sent. When cancelled, the rest goes out with the next call.
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

    /// Adds the news there was while something was on its way, once that has left.
    pub(super) fn catch_up(&self) {
        if let Some(open) = &mut *self.open()
            && open.writer.is_empty()
            && std::mem::take(&mut open.is_behind)
        {
            open.queue_changes(self.form);
        }
    }

    /// Follows nothing any more; what is left to say goodbye with.
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
