//! Actions on their way to the server and back: which may leave, which wait for their answer, and
//! which have waited too long.
//!
//! Pure: the clock is an argument (milliseconds), and the driver sends what is returned.

use super::pace::Pace;
use crate::protocol::{ApiError, ContainerAck, ContainerAction, ErrorCode};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// What the way there and back may take beside the action itself.
const WAY: Duration = Duration::from_secs(5);

/// How an action is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the open socket.
    Socket,
    /// By HTTP, while no socket is open.
    Http,
}

/// Actions that wait to be sent, and those that wait for their answer.
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
    /// Takes on an action, to be sent when it is its turn.
    pub fn push(&mut self, action: ContainerAction) {
        self.queue.push_back(action);
    }

    /// The actions that may leave at `now`, in the order in which they were taken on. They wait for
    /// their answer from now on.
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

    /// The answer to `request_id` has come.
    pub fn acknowledge(&mut self, request_id: &str) {
        self.waiting.remove(request_id);
    }

    /// The server refused to take on `request_id`. Returns the answer for the page, unless the
    /// request is no longer waited for.
    pub fn refuse(&mut self, request_id: &str, error: ApiError) -> Option<ContainerAck> {
        let waiting = self.waiting.remove(request_id)?;
        Some(answer(&waiting.action, Some(error)))
    }

    /// The socket is gone. Returns what it took with it: to be sent again by HTTP, once; the same
    /// request id makes it the same action.
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

    /// Gives up what should have been answered before `now`. Returns the answers for the page.
    pub fn expire(&mut self, now: f64) -> Vec<ContainerAck> {
        let late = self
            .waiting
            .extract_if(.., |_, waiting| now > waiting.deadline);
        let error = || ApiError::new(ErrorCode::Timeout, "the server did not answer in time");
        let answers = late.map(|(_, waiting)| answer(&waiting.action, Some(error())));
        answers.collect()
    }
}

/// The answer to `action`: a success without `error`.
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
