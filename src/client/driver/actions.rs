//! Sends actions over the socket, or by HTTP without one, and passes responses to the page.

use super::{browser, http, socket::Socket};
use crate::{
    client::{
        Live,
        actions::{Actions, Way, answer},
    },
    protocol::{ApiError, ClientMessage, ContainerAction, ErrorCode, ServerMessage},
};
use std::{cell::RefCell, rc::Rc};

/// Executes the decisions of [`Actions`].
pub(super) struct ActionSender {
    live: Live,
    /// Shared with requests in progress.
    actions: Rc<RefCell<Actions>>,
}

impl ActionSender {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            actions: Rc::default(),
        }
    }

    /// Adds an action to the queue.
    pub(super) fn push(&self, action: ContainerAction) {
        self.actions.borrow_mut().push(action);
    }

    /// Sends the actions that may be sent now.
    pub(super) fn send(&self, socket: Option<&Socket>) {
        let way = socket.map_or(Way::Http, |_| Way::Socket);
        let due = self.actions.borrow_mut().due(browser::now_ms(), way);
        for action in due {
            match socket {
                Some(socket) => socket.say(&ClientMessage::ContainerAction(action)),
                None => self.post(action),
            }
        }
    }

    /// Handles the response to `request_id`.
    pub(super) fn acknowledge(&self, request_id: &str) {
        self.actions.borrow_mut().acknowledge(request_id);
    }

    /// Handles the server's rejection of `request_id`.
    pub(super) fn refuse(&self, request_id: &str, error: ApiError) {
        let refused = self.actions.borrow_mut().refuse(request_id, error);
        if let Some(ack) = refused {
            self.live.apply(vec![ServerMessage::ContainerAck(ack)]);
        }
    }

    /// Repeats the requests of the lost socket by HTTP.
    pub(super) fn on_disconnect(&self) {
        let lost = self.actions.borrow_mut().on_disconnect();
        for action in lost {
            self.post(action);
        }
    }

    /// Ends actions that have timed out.
    pub(super) fn expire(&self) {
        let late = self.actions.borrow_mut().expire(browser::now_ms());
        let acks = late.into_iter().map(ServerMessage::ContainerAck);
        self.live.apply(acks.collect());
    }

    fn post(&self, action: ContainerAction) {
        let (live, actions) = (self.live, Rc::clone(&self.actions));
        leptos::task::spawn_local_scoped_with_cancellation(async move {
            let error = post(&action).await.err();
            actions.borrow_mut().acknowledge(&action.request_id);
            let ack = ServerMessage::ContainerAck(answer(&action, error));
            live.apply(vec![ack]);
        });
    }
}

async fn post(action: &ContainerAction) -> Result<(), ApiError> {
    let (id, name) = (action.container_id.as_str(), action.action);
    let host = action.host.map(|host| format!("?host={host}"));
    let url = format!("/api/containers/{id}/{name}{}", host.unwrap_or_default());
    let unreachable = |_| ApiError::new(ErrorCode::EngineUnavailable, "the server did not answer");
    let response = http::post(&url, &action.request_id, &action.options).await;
    let response = response.map_err(unreachable)?;
    if http::is_done(&response) {
        return Ok(());
    }
    Err(http::problem(&response).await)
}
