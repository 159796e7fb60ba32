//! The pages: the only code that looks at the live state and lays components out.

mod container;
mod containers;
mod logs;
mod not_found;
mod overview;
mod realtime_test;

pub use container::ContainerPage;
pub use containers::ContainersPage;
pub use logs::LogsPage;
pub use not_found::NotFoundPage;
pub use overview::OverviewPage;
pub use realtime_test::RealtimeTestPage;
