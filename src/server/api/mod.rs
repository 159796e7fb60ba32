//! The HTTP interface besides the live transports.

pub mod container;
pub mod health;
pub mod logs;
pub mod openapi;
pub mod prometheus;
pub(super) mod schema;
pub mod state;
pub mod stats;

use super::{AppState, find::Found, problem::Refusal};
use crate::model::{HostId, NotAContainerId, WorkloadRef};
use serde::Deserialize;

/// The host of a container.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HostQuery {
    /// The host; any when absent.
    #[param(value_type = Option<String>)]
    host: Option<HostId>,
}

/// The workload that `id` in a path and `host` in a query name; refuses text that is not an id.
pub(super) fn named(host: Option<HostId>, id: &str) -> Result<WorkloadRef, Refusal> {
    let id = id.parse();
    let id = id.map_err(|error: NotAContainerId| Refusal::invalid(error.to_string()))?;
    Ok(WorkloadRef { host, id })
}

fn find(state: &AppState, host: Option<HostId>, id: &str) -> Result<Found, Refusal> {
    Ok(state.directory().find(&named(host, id)?)?)
}
