//! The whole server, in this process, with an engine that the tests control.

#![expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "that is how a test fails"
)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod actions;
mod attack;
mod base;
mod binary;
mod changes;
mod endless;
mod fake;
mod fake_cluster;
mod fault_list;
mod faults;
mod figures;
mod forbidden;
mod gate;
mod hanging;
mod health;
mod hidden;
mod history;
mod hosts;
mod http;
mod ids;
mod kubectl;
mod log_run;
mod logs;
mod markup;
mod messages;
mod odd;
mod openapi;
mod pages;
mod process;
mod prometheus;
mod real_hosts;
mod restart;
mod resume;
mod secrets;
mod slow;
mod socket_proxy;
mod sse;
mod ssh;
mod storage;
mod tls;
