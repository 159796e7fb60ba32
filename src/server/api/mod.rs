//! The HTTP interface beside the live transports.

pub mod container;
pub mod health;
pub mod logs;
pub mod openapi;
pub mod prometheus;
pub(super) mod schema;
pub mod state;
pub mod stats;

use super::{AppState, actions::Found, problem::Refusal};
use crate::model::{ContainerPrefix, HostId};
use serde::Deserialize;

/// On which host; any when absent.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HostQuery {
    /// The host; any when absent.
    #[param(value_type = Option<String>)]
    host: Option<HostId>,
}

/// The container called `id` in a path. Nothing that is not an id gets any further.
pub(super) fn find(state: &AppState, host: Option<&HostId>, id: &str) -> Result<Found, Refusal> {
    Ok(state.actions.find(host, &prefix(id)?)?)
}

fn prefix(id: &str) -> Result<ContainerPrefix, Refusal> {
    id.parse()
        .map_err(|error: crate::model::NotAContainerId| Refusal::invalid(error.to_string()))
}
