//! The live client: a mirror of the server's state, which the driver keeps up to date.
//!
//! [`Live`] is the interface for pages. It is created from the snapshot in the first HTML, the same on both
//! sides; in the browser, the driver then updates it over the socket, or by polling.

pub mod actions;
mod asked;
mod change;
mod connection;
mod diagnosis;
#[cfg_attr(not(feature = "hydrate"), path = "driver_inert.rs")]
pub mod driver;
pub mod inbox;
mod initial;
pub mod link;
mod live;
mod log_setup;
pub mod logs;
pub mod pace;
mod page_data;
mod rows_view;
mod settings_data;
pub mod sign_in;
mod signals;
mod traffic;
mod zone;

pub use asked::Asked;
pub use change::Change;
pub use connection::Connection;
pub use diagnosis::{Observations, PollTrial, QuietTrial, ReachTrial, SocketTrial, StreamTrial};
pub use initial::{FirstLines, Initial, InitialState};
pub use live::{Live, Outbox, provide_live, use_live};
pub use log_setup::{LogLooks, LogSetup, LogSource, LogWords};
pub use page_data::ContainerPageData;
pub use rows_view::RowsView;
pub use settings_data::{SettingsData, SettingsFrame};
pub use signals::{ActionState, HostSignals, RowSignals};
pub use traffic::{ConnectionSummary, Traffic};
pub use zone::{Zone, provide_zone, use_zone};
