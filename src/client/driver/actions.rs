//! Actions on their way to the server and back.

use super::{browser, socket::Socket};
use crate::{
    client::Live,
    protocol::{ApiError, ClientMessage, ContainerAck, ContainerAction, ErrorCode, Problem},
};
use gloo_net::http::Request;
use std::{collections::BTreeMap, time::Duration};

/// What the way there and back may take beside the action itself.
const WAY: Duration = Duration::from_secs(5);

/// Actions that wait for their answer.
pub(super) struct Actions {
    live: Live,
    waiting: BTreeMap<String, Waiting>,
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
            waiting: BTreeMap::new(),
        }
    }

    /// Sends `action` over the socket, or by HTTP without one.
    pub(super) async fn send(&mut self, action: ContainerAction, socket: Option<&mut Socket>) {
        let allowed = action.action.deadline(&action.options) + WAY;
        let deadline_ms = browser::now_ms() + allowed.as_secs_f64() * 1e3;
        let over_socket = socket.is_some();
        match socket {
            Some(socket) => {
                socket
                    .say(&ClientMessage::ContainerAction(action.clone()))
                    .await
            }
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
        let now = browser::now_ms();
        let live = self.live;
        self.waiting.retain(|_, waiting| {
            let is_late = now > waiting.deadline_ms;
            if is_late {
                let error = ApiError::new(ErrorCode::Timeout, "the server did not answer in time");
                live.acknowledge(failure(&waiting.action, error));
            }
            !is_late
        });
    }

    fn post(&self, action: ContainerAction) {
        let live = self.live;
        leptos::task::spawn_local_scoped_with_cancellation(async move {
            let ack = post(&action)
                .await
                .unwrap_or_else(|error| failure(&action, error));
            live.acknowledge(ack);
        });
    }
}

fn failure(action: &ContainerAction, error: ApiError) -> ContainerAck {
    ContainerAck {
        request_id: action.request_id.clone(),
        container_id: action.container_id.clone(),
        action: action.action,
        success: false,
        error: Some(error),
    }
}

async fn post(action: &ContainerAction) -> Result<ContainerAck, ApiError> {
    let unreachable =
        |error: gloo_net::Error| ApiError::new(ErrorCode::EngineUnavailable, error.to_string());
    let url = format!(
        "/api/containers/{}/{}",
        action.container_id.as_str(),
        action.action
    );
    let request = Request::post(&url)
        .header("Idempotency-Key", &action.request_id)
        .json(&action.options)
        .map_err(unreachable)?;
    let response = request.send().await.map_err(unreachable)?;
    if response.ok() {
        return response.json().await.map_err(unreachable);
    }
    let problem: Problem = response.json().await.map_err(unreachable)?;
    Err(ApiError::new(problem.code, problem.detail))
}
