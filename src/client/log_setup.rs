//! The inputs of the log viewer, which draws outside of the reactive tree.

use super::logs::{LogStatus, LogView};
use crate::model::{Event, LogTimes, WorkloadId};
use leptos::{html::Div, prelude::*};
use std::sync::Arc;

/// A container whose log is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// The id.
    pub id: WorkloadId,
    /// The name.
    pub name: String,
}

/// The appearance of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLooks {
    /// The times shown before lines.
    pub times: LogTimes,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// The texts between lines.
    pub words: &'static LogWords,
}

/// The texts between lines.
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

/// The inputs of the log viewer.
#[derive(Clone, Copy, Debug)]
pub struct LogSetup {
    /// The scrolling element in which lines are drawn.
    pub node: NodeRef<Div>,
    /// The containers whose logs are shown.
    pub sources: Memo<Vec<LogSource>>,
    /// The filters and the search.
    pub view: Memo<LogView>,
    /// The appearance of lines.
    pub looks: Memo<LogLooks>,
    /// Recent events of the engines.
    pub events: Signal<Vec<Arc<Event>>>,
    /// The viewer's state, which the viewer sets.
    pub status: RwSignal<LogStatus>,
}
