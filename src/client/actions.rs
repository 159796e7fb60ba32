//! The queue of actions: which may be sent, which wait for a response, and which have timed out.
//!
//! Pure: the clock is an argument (milliseconds), and the driver sends what is returned.

use super::pace::Pace;
use crate::protocol::{ApiError, ContainerAck, ContainerAction, ErrorCode};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// Time allowed for network and server in addition to the action itself.
const WAY: Duration = Duration::from_secs(5);

/// The transport of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the open socket.
    Socket,
    /// By HTTP, while no socket is open.
    Http,
}

/// Actions that wait to be sent, and actions that wait for a response.
#[derive(Debug, Default)]
pub struct Actions {
    queue: VecDeque<ContainerAction>,
    pace: Pace,
    waiting: BTreeMap<String, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    action: ContainerAction,
    deadline: f64,
    way: Way,
}

impl Actions {
    /// Adds an action to the queue.
    pub fn push(&mut self, action: ContainerAction) {
        self.queue.push_back(action);
    }

    /// The actions to send at `now`, in the order in which they were added. From now on they wait for a
    /// response.
    pub fn due(&mut self, now: f64, way: Way) -> Vec<ContainerAction> {
        let mut due = Vec::new();
        while !self.queue.is_empty() && self.pace.allows(now, self.waiting.len()) {
            let Some(action) = self.queue.pop_front() else {
                break;
            };
            let allowed = action.action.deadline(&action.options) + WAY;
            let waiting = Waiting {
                action: action.clone(),
                deadline: now + allowed.as_secs_f64() * 1e3,
                way,
            };
            self.waiting.insert(action.request_id.clone(), waiting);
            due.push(action);
        }
        due
    }

    /// Handles the response to `request_id`.
    pub fn acknowledge(&mut self, request_id: &str) {
        self.waiting.remove(request_id);
    }

    /// Handles the server's rejection of `request_id`. Returns the response for the page, unless the request
    /// no longer waits for one.
    pub fn refuse(&mut self, request_id: &str, error: ApiError) -> Option<ContainerAck> {
        let waiting = self.waiting.remove(request_id)?;
        Some(answer(&waiting.action, Some(error)))
    }

    /// Handles the loss of the socket. Returns the actions whose response was lost, to be sent again by HTTP,
    /// once; the server recognizes them by their request id.
    pub fn on_disconnect(&mut self) -> Vec<ContainerAction> {
        let over_socket = self
            .waiting
            .values_mut()
            .filter(|waiting| waiting.way == Way::Socket);
        let lost = over_socket.map(|waiting| {
            waiting.way = Way::Http;
            waiting.action.clone()
        });
        lost.collect()
    }

    /// Removes actions whose deadline is before `now`. Returns their responses for the page.
    pub fn expire(&mut self, now: f64) -> Vec<ContainerAck> {
        let late = self
            .waiting
            .extract_if(.., |_, waiting| now > waiting.deadline);
        let error = || ApiError::new(ErrorCode::Timeout, "the server did not answer in time");
        let answers = late.map(|(_, waiting)| answer(&waiting.action, Some(error())));
        answers.collect()
    }
}

/// The response to `action`: a success if there is no `error`.
pub fn answer(action: &ContainerAction, error: Option<ApiError>) -> ContainerAck {
    ContainerAck {
        request_id: action.request_id.clone(),
        container_id: action.container_id.clone(),
        action: action.action,
        success: error.is_none(),
        error,
    }
}

#[cfg(test)]
mod tests;
