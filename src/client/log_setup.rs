//! What a page hands to the viewer of logs, which draws outside of the reactive tree.

use super::logs::{LogStatus, LogView};
use crate::model::{Event, LogTimes, WorkloadId};
use leptos::{html::Div, prelude::*};
use std::sync::Arc;

/// One of the containers whose logs are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// Its identity.
    pub id: WorkloadId,
    /// What people call it.
    pub name: String,
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLooks {
    /// When they were written.
    pub times: LogTimes,
    /// Whether long ones are broken.
    pub wrap: bool,
    /// The words between them.
    pub words: &'static LogWords,
}

/// The words between lines.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct LogWords {
    pub started: &'static str,
    pub ended: &'static str,
    pub exit_code: &'static str,
    pub out_of_memory: &'static str,
    pub paused: &'static str,
    pub unpaused: &'static str,
    pub missing: &'static str,
    pub missing_some: &'static str,
    pub show_all: &'static str,
    pub show_less: &'static str,
}

/// What a page hands to the viewer of logs.
#[derive(Clone, Copy, Debug)]
pub struct LogSetup {
    /// Where lines are drawn: an element that scrolls.
    pub node: NodeRef<Div>,
    /// The logs that are shown.
    pub sources: Memo<Vec<LogSource>>,
    /// What of them.
    pub view: Memo<LogView>,
    /// How they are shown.
    pub looks: Memo<LogLooks>,
    /// What happened lately in the engines.
    pub events: Signal<Vec<Arc<Event>>>,
    /// Set to what the viewer says of itself.
    pub status: RwSignal<LogStatus>,
}
