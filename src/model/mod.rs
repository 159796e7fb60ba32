//! Plain data and pure functions, shared by server and browser: no framework, no I/O, no clock.

mod access;
mod action;
mod attention;
mod audit;
mod change;
mod connection;
mod container;
mod dashboard;
mod details;
mod event;
mod exit;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod format;
mod freshness;
mod history;
mod host;
mod id;
mod log;
mod me;
pub mod millis;
mod page;
mod preferences;
mod query;
mod source;
mod sparkline;
mod stats;
mod time;
mod update;
mod workload;

pub use access::{
    Grant, Grants, MAX_GRANTS, MAX_PATTERN_LEN, NotAScopePattern, Right, Role, ScopePattern,
    Subject, TooManyGrants, UnknownRight, UnknownRole,
};
pub use action::{Action, ActionOptions, UnknownAction, is_container_name};
pub use attention::Attention;
pub use audit::{AuditOutcome, AuditPeriod, AuditQuery};
pub use change::Change;
pub use connection::{Finding, Outcome, Probe, Proxy, Remedy, Severity};
pub use container::{
    COMPOSE_PROJECT_LABEL, Container, ContainerState, HIDE_LABEL, Health, PROTECT_LABEL, Port,
};
pub use dashboard::{
    Containers, ContainersDelta, Dashboard, Host, RECENT_EVENTS, Touched, Used, apply, diff,
};
pub use details::{
    Attachment, CheckResult, ContainerDetails, ContainerEvents, HealthCheck, Limits, Mount,
    Processes, Variable,
};
pub use event::{Event, EventSubject};
pub use exit::{ExitMeaning, signal};
pub use freshness::{AsOf, Freshness, Intervals, Origin};
pub use history::{Figure, HISTORY, MAX_POINTS, StatsHistory, StatsPoint, is_gap_between};
pub use host::{Cpu, DashboardCost, Disk, HostMetrics, Memory, Network, Temperature};
pub use id::{ContainerId, ContainerPrefix, HostId, NotAContainerId};
pub use log::{LogEndReason, LogLine, LogPosition, LogStream, NotALogPosition};
pub use me::{
    AuthMode, MAX_RETURN_PATH, MAX_USER_NAME, Me, PASSWORD_LENGTHS, PrincipalKind, is_password,
    is_user_name, return_path,
};
pub use page::{Page, Section, Tab};
pub use preferences::{
    Density, Language, Layout, LogTimes, PREFERENCES_COOKIE, Preferences, Theme,
};
pub use query::{
    ContainerQuery, Group, Grouping, Row, SortKey, StateFilter, Totals, percent_encoded,
};
pub use source::{Machine, SourceKind, SourceState, SourceStatus};
pub use sparkline::{SLOT_MS, SLOTS, Sparkline, Sparklines};
pub use stats::{ContainerStats, percent_of, round_percent};
pub use time::{LocalTime, NotATimestamp, Timestamp};
pub use update::Update;
pub use workload::{
    Figures, Scope, Status, StatusWord, Tone, Workload, WorkloadId, WorkloadKey, WorkloadRef,
};
