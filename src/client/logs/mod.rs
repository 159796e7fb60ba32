//! What a viewer of logs keeps and works out: plain data and pure functions, beside the browser.

pub mod ansi;
mod entry;
mod feeds;
mod filter;
pub mod json;
mod level;
mod news;
mod place;
mod queue;
mod room;
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
pub use news::{Following, LogNews, LogOrder, LogRequest, count_since};
pub use place::Place;
pub use queue::Queue;
pub use rows::Rows;
pub use status::{Findings, LogCommand, LogStatus, Problem};
pub use store::Store;
pub use trace::Levels;
pub use view::{LevelFilter, LogView, MAX_CONTAINERS, Since, StreamFilter, TAILS};
