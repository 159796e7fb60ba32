//! The pages, which combine components and request the data that is not part of the live state.

mod container;
mod containers;
#[cfg(feature = "ssr")]
pub mod door;
mod logs;
mod not_found;
mod overview;
mod parts;
mod realtime_test;
mod settings;

pub use not_found::NotFoundPage;
pub use overview::OverviewPage;
pub use parts::{Part, PartRoute, load_ahead, view_of};
