//! Carries out what [`Feeds`](logs::Feeds) decides: sends its messages over the socket.

use super::super::{browser, socket::Socket};
use crate::{
    client::logs::{self, LogOrder, LogRequest},
    model::{LogLine, WorkloadId},
    protocol::{ClientMessage, ServerMessage},
};
use std::{cell::RefCell, rc::Rc};

/// The logs that are followed. A handle: copies share everything.
#[derive(Clone, Default)]
pub(in crate::client::driver) struct Feeds {
    inner: Rc<RefCell<logs::Feeds>>,
}

impl Feeds {
    /// Does what a viewer asks, over the socket when that is open.
    pub(in crate::client::driver) fn order(&self, order: LogOrder, socket: Option<&Socket>) {
        let messages = self.inner.borrow_mut().order(order, socket.is_some());
        send(socket, messages);
    }

    /// A connection to the server's run `epoch` is open: goes on with every log.
    pub(in crate::client::driver) fn on_connect(&self, epoch: &str, socket: &Socket) {
        let messages = self.inner.borrow_mut().on_connect(epoch);
        send(Some(socket), messages);
    }

    /// Asks again for what was refused a while ago.
    pub(in crate::client::driver) fn retry(&self, socket: Option<&Socket>) {
        if socket.is_some() {
            let messages = self.inner.borrow_mut().retry(browser::now_ms());
            send(socket, messages);
        }
    }

    /// Takes a message that is about a log; gives back any other.
    pub(in crate::client::driver) fn hear(&self, message: ServerMessage) -> Option<ServerMessage> {
        self.inner.borrow_mut().hear(message, browser::now_ms())
    }

    /// What to ask for by HTTP.
    pub(super) fn requests(&self) -> Vec<LogRequest> {
        self.inner.borrow_mut().requests()
    }

    /// Takes lines that came by HTTP.
    pub(super) fn take_polled(&self, id: WorkloadId, lines: Vec<LogLine>) {
        self.inner.borrow_mut().take_polled(id, lines);
    }
}

fn send(socket: Option<&Socket>, messages: Vec<ClientMessage>) {
    if let Some(socket) = socket {
        messages.iter().for_each(|message| socket.say(message));
    }
}
