//! Data and logic of the log viewer, without the browser: entries, filters, search, levels and
//! subscriptions. Pure functions and plain data that run on the server, too.

pub mod ansi;
mod capacity;
mod entry;
mod feeds;
mod filter;
#[cfg(test)]
#[cfg(feature = "ssr")]
mod fuzz;
pub mod json;
mod level;
mod progress;
mod queue;
mod request;
mod rows;
mod status;
mod store;
mod style;
mod texts;
mod trace;
mod view;

pub use entry::{Entry, Head, Kind, MaybeTime};
pub use feeds::Feeds;
pub use filter::{Filter, Needle, Order, excerpt, searched};
pub use level::Level;
pub use progress::Progress;
pub use queue::Queue;
pub use request::{Follower, LogOrder, LogRequest, LogUpdate, count_since};
pub use rows::Rows;
pub use status::{Findings, LogCommand, LogStatus, Problem};
pub use store::Store;
pub use trace::Levels;
pub use view::{LevelFilter, LogView, MAX_CONTAINERS, Since, StreamFilter, TAILS};
