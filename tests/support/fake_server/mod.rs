//! What the fake servers share: their listener, and the faults that tests script.

mod faults;
mod listener;

pub(crate) use faults::{Faults, Mood, Raw};
pub(crate) use listener::{Listener, WithCertificate};

use axum::response::Response;
use hyper::{Request, body::Incoming};
use std::sync::Arc;

/// A server whose answers tests control.
pub(crate) trait FakeServer: Send + Sync + 'static {
    /// The faults that tests script.
    fn faults(&self) -> &Faults;

    /// The response to `request`.
    fn answer(self: Arc<Self>, request: Request<Incoming>)
    -> impl Future<Output = Response> + Send;
}
