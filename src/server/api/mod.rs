//! The HTTP interface besides the live transports.

pub mod audit;
pub mod container;
pub mod health;
pub mod logs;
pub mod me;
pub mod oidc;
pub mod openapi;
pub mod prometheus;
pub mod reveal;
pub(super) mod schema;
pub mod sign_in;
pub mod state;
pub mod stats;
mod submitted;
pub mod system;
pub mod tokens;
pub mod users;

pub(super) use audit::LIMIT as AUDIT_LIMIT;

use super::{access::Visitor, find::Found, problem::Refusal};
use crate::model::{HostId, NotAContainerId, Right, WorkloadRef};
use serde::Deserialize;

/// The host of a container.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HostQuery {
    /// The host; any when absent.
    #[param(value_type = Option<HostId>)]
    host: Option<HostId>,
}

/// The workload that `id` in a path and `host` in a query name; refuses text that is not an id.
pub(super) fn named(host: Option<HostId>, id: &str) -> Result<WorkloadRef, Refusal> {
    let id = id.parse();
    let id = id.map_err(|error: NotAContainerId| Refusal::invalid(error.to_string()))?;
    Ok(WorkloadRef { host, id })
}

fn find(visitor: &Visitor, host: Option<HostId>, id: &str, right: Right) -> Result<Found, Refusal> {
    Ok(visitor.directory().find(&named(host, id)?, right)?)
}
