//! Actions on containers.

use super::{ContainerState, Workload};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// An action on a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Starts the container.
    Start,
    /// Asks the process to end, and kills it when it does not within the grace period.
    Stop,
    /// Stops the container, then starts it.
    Restart,
    /// Freezes its processes.
    Pause,
    /// Resumes its frozen processes.
    Unpause,
    /// Sends it a signal, `SIGKILL` by default.
    Kill,
    /// Deletes the container.
    Remove,
    /// Changes its name.
    Rename,
}

impl Action {
    /// Every action, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Pause,
        Self::Unpause,
        Self::Kill,
        Self::Remove,
        Self::Rename,
    ];

    /// The name on the wire and in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Kill => "kill",
            Self::Remove => "remove",
            Self::Rename => "rename",
        }
    }

    /// Whether the action makes sense for a container in `state`.
    pub const fn allowed(self, state: ContainerState) -> bool {
        use ContainerState::{
            Created, Dead, Exited, Paused, Removing, Restarting, Running, Unknown,
        };
        match self {
            Self::Start => matches!(state, Created | Exited),
            Self::Stop | Self::Restart => matches!(state, Running | Restarting | Paused),
            Self::Pause => matches!(state, Running),
            Self::Unpause => matches!(state, Paused),
            Self::Kill => matches!(state, Running | Restarting),
            Self::Remove => !matches!(state, Removing),
            Self::Rename => !matches!(state, Removing | Dead | Unknown),
        }
    }

    /// Whether to ask for confirmation, because work or data can be lost.
    pub const fn is_destructive(self) -> bool {
        matches!(self, Self::Stop | Self::Restart | Self::Kill | Self::Remove)
    }

    /// Whether the effect is visible in `now`, compared with `before`. A signal need not change anything, so
    /// it always counts as visible.
    pub fn is_shown(self, before: &Workload, now: &Workload) -> bool {
        let runs_anew = now.state().is_up() && now.started_at() != before.started_at();
        match self {
            Self::Start | Self::Restart => runs_anew,
            Self::Stop => !now.state().is_up(),
            Self::Pause => now.state() == ContainerState::Paused,
            Self::Unpause => now.state() != ContainerState::Paused,
            Self::Rename => now.name() != before.name(),
            Self::Remove => now.state() == ContainerState::Removing,
            Self::Kill => true,
        }
    }

    /// How long the engine may take before the action counts as timed out.
    pub fn deadline(self, options: &ActionOptions) -> Duration {
        /// Time that any engine call may take in addition to what it waits for.
        const ENGINE: Duration = Duration::from_secs(10);
        match self {
            Self::Stop | Self::Restart => ENGINE + options.grace(),
            Self::Remove => ENGINE * 3,
            _ => ENGINE,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or(UnknownAction)
    }
}

/// The error for an unknown name of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAction;

impl fmt::Display for UnknownAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the actions are start, stop, restart, pause, unpause, kill, remove and rename")
    }
}

impl std::error::Error for UnknownAction {}

/// The options of an action. All are optional, and each applies only to some actions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ActionOptions {
    /// `stop`, `restart`: seconds before the container is killed, 0–3600. The engine's default of
    /// ten seconds when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_seconds: Option<u32>,
    /// `kill`: the signal, by name (`SIGHUP`) or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// `remove`: whether to remove the container even while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
    /// `remove`: whether to remove its anonymous volumes, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<bool>,
    /// `rename`: the new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ActionOptions {
    /// Longest accepted grace period, in seconds.
    pub const MAX_GRACE_SECONDS: u32 = 3_600;

    /// Whether all options have the engine's defaults.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The grace period of `stop` and `restart`.
    pub fn grace(&self) -> Duration {
        /// The engine's default.
        const DEFAULT_SECONDS: u32 = 10;
        Duration::from_secs(self.grace_seconds.unwrap_or(DEFAULT_SECONDS).into())
    }

    /// Whether the options make sense for `action`.
    ///
    /// # Errors
    /// A sentence that describes the problem.
    pub fn validate(&self, action: Action) -> Result<(), &'static str> {
        if self
            .grace_seconds
            .is_some_and(|seconds| seconds > Self::MAX_GRACE_SECONDS)
        {
            return Err("graceSeconds must be at most 3600");
        }
        if self
            .signal
            .as_deref()
            .is_some_and(|signal| !is_signal(signal))
        {
            return Err("signal must be a name such as SIGTERM or a number from 1 to 64");
        }
        match (action, self.name.as_deref()) {
            (Action::Rename, None) => Err("rename needs options.name"),
            (Action::Rename, Some(name)) if !is_container_name(name) => Err(
                "a name is 2 to 255 letters, digits, '_', '.' or '-', and begins with a letter or digit",
            ),
            _ => Ok(()),
        }
    }
}

/// Whether engines accept `text` as a signal: `SIGTERM`, `TERM`, `RTMIN+3` or `15`.
fn is_signal(text: &str) -> bool {
    let number = text
        .parse::<u8>()
        .is_ok_and(|number| (1..=64).contains(&number));
    let name = (2..=12).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'));
    number || name
}

/// Whether `text` follows Docker's rule for container names: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
pub fn is_container_name(text: &str) -> bool {
    (2..=255).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_known_by_its_name() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
            assert_eq!(
                serde_json::to_string(&action).unwrap(),
                format!("\"{action}\"")
            );
        }
        for text in ["", "exec", "Start", "start;rm"] {
            assert!(text.parse::<Action>().is_err(), "{text}");
        }
    }

    #[test]
    fn buttons_follow_the_state() {
        let allowed = |state| {
            Action::ALL
                .into_iter()
                .filter(move |action| action.allowed(state))
                .collect::<Vec<_>>()
        };
        use Action::*;
        assert_eq!(
            allowed(ContainerState::Running),
            [Stop, Restart, Pause, Kill, Remove, Rename]
        );
        assert_eq!(allowed(ContainerState::Exited), [Start, Remove, Rename]);
        assert_eq!(
            allowed(ContainerState::Paused),
            [Stop, Restart, Unpause, Remove, Rename]
        );
        assert_eq!(allowed(ContainerState::Removing), []);
    }

    #[test]
    fn options_are_checked_before_an_engine_sees_them() {
        let rename = |name: &str| {
            ActionOptions {
                name: Some(name.into()),
                ..Default::default()
            }
            .validate(Action::Rename)
        };
        assert!(rename("web-2").is_ok());
        for name in ["", "a", "-web", "web/../x", "wéb", &"a".repeat(256)] {
            assert!(rename(name).is_err(), "{name}");
        }
        let kill = |signal: &str| {
            ActionOptions {
                signal: Some(signal.into()),
                ..Default::default()
            }
            .validate(Action::Kill)
        };
        for signal in ["SIGTERM", "HUP", "9", "RTMIN+3"] {
            assert!(kill(signal).is_ok(), "{signal}");
        }
        for signal in ["", "0", "65", "TERM;rm", "../x"] {
            assert!(kill(signal).is_err(), "{signal}");
        }
        let stop = ActionOptions {
            grace_seconds: Some(3_601),
            ..Default::default()
        };
        assert!(stop.validate(Action::Stop).is_err());
        assert!(ActionOptions::default().validate(Action::Rename).is_err());
    }
}
