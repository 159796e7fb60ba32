//! Actions on their way to the server and back.

use super::{browser, http, socket::Socket};
use crate::{
    client::{Live, pace::Pace},
    protocol::{ApiError, ClientMessage, ContainerAck, ContainerAction, ErrorCode},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::Duration,
};

/// What the way there and back may take beside the action itself.
const WAY: Duration = Duration::from_secs(5);

/// Actions that wait to be sent, and those that wait for their answer.
pub(super) struct Actions {
    live: Live,
    queue: VecDeque<ContainerAction>,
    pace: Pace,
    waiting: BTreeMap<String, Waiting>,
    /// Requests that HTTP has answered.
    answered: Rc<RefCell<Vec<String>>>,
}

struct Waiting {
    action: ContainerAction,
    deadline_ms: f64,
    over_socket: bool,
}

impl Actions {
    /// None yet.
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            queue: VecDeque::new(),
            pace: Pace::default(),
            waiting: BTreeMap::new(),
            answered: Rc::default(),
        }
    }

    /// Takes on an action, to be sent when it is its turn.
    pub(super) fn take(&mut self, action: ContainerAction) {
        self.queue.push_back(action);
    }

    /// Sends what may be sent now, over the socket or by HTTP without one.
    pub(super) fn send(&mut self, socket: Option<&Socket>) {
        while !self.queue.is_empty() && self.pace.allows(browser::now_ms(), self.waiting.len()) {
            if let Some(action) = self.queue.pop_front() {
                self.dispatch(action, socket);
            }
        }
    }

    fn dispatch(&mut self, action: ContainerAction, socket: Option<&Socket>) {
        let allowed = action.action.deadline(&action.options) + WAY;
        let deadline_ms = browser::now_ms() + allowed.as_secs_f64() * 1e3;
        let over_socket = socket.is_some();
        match socket {
            Some(socket) => socket.say(&ClientMessage::ContainerAction(action.clone())),
            None => self.post(action.clone()),
        }
        self.waiting.insert(
            action.request_id.clone(),
            Waiting {
                action,
                deadline_ms,
                over_socket,
            },
        );
    }

    /// The answer to `request_id` has come.
    pub(super) fn acknowledge(&mut self, request_id: &str) {
        self.waiting.remove(request_id);
    }

    /// The server did not take `request_id` on.
    pub(super) fn refuse(&mut self, request_id: &str, error: ApiError) {
        if let Some(waiting) = self.waiting.remove(request_id) {
            self.live.acknowledge(answer(&waiting.action, Some(error)));
        }
    }

    /// Asks again by HTTP for what the socket took with it: the same id is the same action.
    pub(super) fn on_disconnect(&mut self) {
        let lost = self
            .waiting
            .values_mut()
            .filter(|waiting| waiting.over_socket);
        let lost: Vec<_> = lost
            .map(|waiting| {
                waiting.over_socket = false;
                waiting.action.clone()
            })
            .collect();
        for action in lost {
            self.post(action);
        }
    }

    /// Gives up on what should have been answered by now.
    pub(super) fn expire(&mut self) {
        for request_id in self.answered.take() {
            self.waiting.remove(&request_id);
        }
        let now = browser::now_ms();
        let live = self.live;
        self.waiting.retain(|_, waiting| {
            let is_late = now > waiting.deadline_ms;
            if is_late {
                let error = ApiError::new(ErrorCode::Timeout, "the server did not answer in time");
                live.acknowledge(answer(&waiting.action, Some(error)));
            }
            !is_late
        });
    }

    fn post(&self, action: ContainerAction) {
        let (live, answered) = (self.live, Rc::clone(&self.answered));
        leptos::task::spawn_local_scoped_with_cancellation(async move {
            live.acknowledge(answer(&action, post(&action).await.err()));
            answered.borrow_mut().push(action.request_id);
        });
    }
}

fn answer(action: &ContainerAction, error: Option<ApiError>) -> ContainerAck {
    ContainerAck {
        request_id: action.request_id.clone(),
        container_id: action.container_id.clone(),
        action: action.action,
        success: error.is_none(),
        error,
    }
}

async fn post(action: &ContainerAction) -> Result<(), ApiError> {
    let (id, name) = (action.container_id.as_str(), action.action);
    let url = format!("/api/containers/{id}/{name}");
    let unreachable = |_| ApiError::new(ErrorCode::EngineUnavailable, "the server did not answer");
    let response = http::post(&url, &action.request_id, &action.options).await;
    let response = response.map_err(unreachable)?;
    if response.ok() {
        return Ok(());
    }
    Err(http::problem(&response).await)
}
