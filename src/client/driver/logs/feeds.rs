//! Executes the decisions of [`Feeds`](logs::Feeds): sends its messages over the socket.

use super::super::{browser, socket::Socket};
use crate::{
    client::logs::{self, LogOrder, LogRequest},
    model::{LogLine, WorkloadId},
    protocol::{ClientMessage, ServerMessage},
};
use std::{cell::RefCell, rc::Rc};

/// The logs that are followed. A handle: clones share them.
#[derive(Clone, Default)]
pub(in crate::client::driver) struct Feeds {
    inner: Rc<RefCell<logs::Feeds>>,
}

impl Feeds {
    /// Handles a viewer's order, over the socket if it is open.
    pub(in crate::client::driver) fn order(&self, order: LogOrder, socket: Option<&Socket>) {
        let messages = self.inner.borrow_mut().order(order, socket.is_some());
        send(socket, messages);
    }

    /// Subscribes to every log again, on a new connection to a server with this `epoch`.
    pub(in crate::client::driver) fn on_connect(&self, epoch: &str, socket: &Socket) {
        let messages = self.inner.borrow_mut().on_connect(epoch);
        send(Some(socket), messages);
    }

    /// Retries subscriptions that were refused.
    pub(in crate::client::driver) fn retry(&self, socket: Option<&Socket>) {
        if socket.is_some() {
            let messages = self.inner.borrow_mut().retry(browser::now_ms());
            send(socket, messages);
        }
    }

    /// Handles a message about a log; returns any other message.
    pub(in crate::client::driver) fn hear(&self, message: ServerMessage) -> Option<ServerMessage> {
        self.inner.borrow_mut().receive(message, browser::now_ms())
    }

    /// The requests for polling.
    pub(super) fn requests(&self) -> Vec<LogRequest> {
        self.inner.borrow_mut().requests()
    }

    /// Handles lines that were polled.
    pub(super) fn take_polled(&self, id: WorkloadId, lines: Vec<LogLine>) {
        self.inner.borrow_mut().take_polled(id, lines);
    }
}

fn send(socket: Option<&Socket>, messages: Vec<ClientMessage>) {
    if let Some(socket) = socket {
        messages.iter().for_each(|message| socket.say(message));
    }
}
