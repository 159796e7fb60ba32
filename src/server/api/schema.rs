//! Schemas of the OpenAPI document that cannot be derived: types with their own JSON form, responses in
//! the binary form, path parameters, and the errors of each route.
//!
//! This module only describes; no response is built from it. Tests compare it with real responses.

use crate::{
    model::{
        ContainerId, ContainerPrefix, HostId, LogPosition, MAX_PATTERN_LEN, ScopePattern, Timestamp,
    },
    protocol::{ApiError, Channel, ErrorCode, MetricsHistory, Problem, Snapshot},
    server::problem::Refusal,
};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Content, KnownFormat, Object, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        SchemaFormat, schema::Type,
    },
};

/// The media type of errors (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// Documents a type whose JSON is a string, with further keywords of its schema.
macro_rules! text {
    ($type:ty, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let text: ObjectBuilder = ObjectBuilder::new().schema_type(Type::String);
                let describe: fn(ObjectBuilder) -> ObjectBuilder = $schema;
                describe(text).into()
            }
        }

        impl ToSchema for $type {}
    };
}

text!(ContainerId, |text| {
    let text = text.description(Some("A container's id, as the engine gives it."));
    text.pattern(Some("^[0-9a-f]{64}$"))
});
text!(ContainerPrefix, |text| {
    let text = text.description(Some("A container's id, or an unambiguous beginning of it."));
    text.pattern(Some("^[0-9a-f]{12,64}$"))
});
text!(HostId, |text| {
    let text = text.description(Some(
        "A host: `local` is the machine the server runs on, `demo` the synthetic one, every other \
         name a configured host.",
    ));
    text.pattern(Some("^[A-Za-z0-9_-]{1,64}$"))
});
text!(ScopePattern, |text| {
    let text = text.description(Some(
        "Where a role applies: `*`, `host:NAME`, `cluster:NAME`, `cluster:NAME/NAMESPACE`, \
         `project:NAME`, `label:NAME=VALUE` or `name:PATTERN`, in which `*` stands for any characters.",
    ));
    let text = text.pattern(Some(
        r"^(\*|host:[A-Za-z0-9_-]{1,64}|cluster:[A-Za-z0-9_.-]{1,64}(/[a-z0-9-]{1,63})?|project:[^*]+|label:[^=*]+=[^*]*|name:.+)$",
    ));
    text.max_length(Some(MAX_PATTERN_LEN))
});
text!(Timestamp, |text| {
    let text = text.description(Some("RFC 3339, in UTC, with milliseconds."));
    text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
});
text!(Channel, |text| {
    let text = text.description(Some(
        "The name of a channel; a log's is `logs:` and the id.",
    ));
    text.pattern(Some(
        "^(metrics|containers|stats|events|logs:[0-9a-f]{64})$",
    ))
});
text!(LogPosition, |text| {
    text.description(Some("A place in a container's log, as an opaque text."))
});

/// A response in the binary form that `docs/PROTOCOL.md` describes.
pub(crate) enum BinaryForm {}

text!(BinaryForm, |text| {
    let text = text.description(Some("The binary form of the same answer."));
    text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
});

/// The engine's report about a container; its fields are the engine's.
pub(crate) enum Inspection {}

impl PartialSchema for Inspection {
    fn schema() -> RefOr<Schema> {
        let object = Object::builder().schema_type(Type::Object);
        object
            .description(Some("The engine's own description of the container."))
            .into()
    }
}

impl ToSchema for Inspection {}

/// The answer of `GET /api/metrics`.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum MetricsAnswer {
    /// The newest metrics of all hosts.
    Newest(Snapshot),
    /// With `range`, the metrics of one host over that time.
    History(MetricsHistory),
}

/// The stats of one container over the last minutes: columns of equal length, oldest first.
#[derive(ToSchema)]
#[schema(as = StatsHistory, rename_all = "camelCase")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) struct StatsColumns {
    container_id: ContainerId,
    host: HostId,
    /// Milliseconds between samples while at least one client watches; 0 until known.
    interval_ms: u32,
    /// The time of each row.
    timestamps: Vec<Timestamp>,
    /// Percent of one core. `null` where the value is unknown, in every column.
    cpu_percent: Vec<Option<f64>>,
    /// Bytes in use.
    memory_usage: Vec<Option<u64>>,
    /// The memory limit in bytes.
    memory_limit: Vec<Option<u64>>,
    /// Bytes received per second.
    network_rx_rate: Vec<Option<u64>>,
    /// Bytes sent per second.
    network_tx_rate: Vec<Option<u64>>,
    /// Bytes read per second.
    block_read_rate: Vec<Option<u64>>,
    /// Bytes written per second.
    block_write_rate: Vec<Option<u64>>,
    /// Processes and threads.
    pids: Vec<Option<u64>>,
}

/// The CPU of several containers over the last minutes.
#[derive(ToSchema)]
#[schema(as = Sparklines, rename_all = "camelCase")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) struct SparklinesAnswer {
    /// Milliseconds between samples while at least one client watches.
    interval_ms: u32,
    /// Milliseconds per value.
    step_ms: i64,
    /// One entry for each container that is known and has run.
    containers: Vec<SparklineAnswer>,
}

/// The CPU of one container over the last minutes.
#[derive(ToSchema)]
#[schema(as = Sparkline, rename_all = "camelCase")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) struct SparklineAnswer {
    container_id: ContainerId,
    host: HostId,
    /// The start time of the newest step.
    end: Timestamp,
    /// The highest percentage of one core in each step, oldest first; `null` where it is unknown.
    cpu_percent: Vec<Option<f32>>,
}

/// The parameter of every path with a container.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes")]
pub(crate) struct ContainerPath {
    /// The container's id, or an unambiguous beginning of it.
    #[param(pattern = "^[0-9a-f]{12,64}$")]
    id: String,
}

/// Declares the errors of a route: codes, each with its status if that is not the usual one.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $($code:ident $(($status:ident))?)*;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                documented([$((
                    [$(StatusCode::$status,)? status(ErrorCode::$code)][0],
                    ErrorCode::$code,
                )),*])
            }
        }
    )*};
}

refusals! {
    /// Errors of a request for something that always exists.
    InvalidRequest: Invalid;
    /// Errors of `GET /api/snapshot`.
    InvalidSnapshot: Invalid UnknownChannel;
    /// Errors of a request about a container that the server answers without the engine.
    UnknownContainer: Invalid NotFound EngineUnavailable;
    /// Errors of a request about a container that its engine answers.
    EngineFailure: Invalid NotFound Conflict Forbidden EngineUnavailable Timeout Internal;
    /// Errors of a log download, which takes a permit and reads from the engine.
    DownloadFailure: Invalid NotFound Conflict Forbidden RateLimited(SERVICE_UNAVAILABLE)
        EngineUnavailable Timeout Internal;
    /// Errors of an action.
    ActionFailure: Invalid NotFound Conflict Protected DuplicateId Forbidden RateLimited
        EngineUnavailable Timeout Internal;
    /// Errors of revealing the values of a description.
    RevealFailure: Invalid NotFound Conflict Forbidden EngineUnavailable StorageUnavailable Timeout Internal;
    /// Nothing was observed yet.
    NothingObserved: EngineUnavailable;
    /// Errors of the setup.
    SetupFailure: Invalid Forbidden Conflict NotFound(GONE) RateLimited StorageUnavailable;
    /// Errors of a sign-in.
    SignInFailure: Invalid Unauthorized Forbidden RateLimited StorageUnavailable;
    /// Errors of signing out.
    SignOutFailure: Invalid Forbidden StorageUnavailable;
    /// Errors of a request that needs a sign-in.
    NoPrincipal: Unauthorized;
    /// Errors of changing one's own password.
    PasswordFailure: Invalid Unauthorized Forbidden RateLimited StorageUnavailable;
    /// Errors of a request that only an administrator can make.
    NoAdmin: Unauthorized Forbidden;
    /// Errors of a change of accounts.
    AdminFailure: Invalid Unauthorized Forbidden NotFound Conflict RateLimited StorageUnavailable;
    /// Errors of a change of tokens.
    TokenFailure: Invalid Unauthorized Forbidden NotFound Conflict StorageUnavailable;
    /// Errors of reading the audit log.
    AuditFailure: Invalid Unauthorized Forbidden StorageUnavailable;
    /// Errors of a stream: a forbidden origin, or no permit left.
    NoStream: Forbidden RateLimited(SERVICE_UNAVAILABLE);
    /// Errors of a request that does not become a WebSocket.
    NoSocket: Invalid Invalid(UPGRADE_REQUIRED) Forbidden RateLimited(SERVICE_UNAVAILABLE);
    /// Errors of a request that does not become a WebSocket with a container's log.
    NoLogSocket: Invalid Invalid(UPGRADE_REQUIRED) NotFound Forbidden
        RateLimited(SERVICE_UNAVAILABLE) EngineUnavailable;
}

/// Errors that any request can get.
pub(super) fn of_every_request() -> BTreeMap<String, RefOr<Response>> {
    documented([
        (StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized),
        (StatusCode::FORBIDDEN, ErrorCode::Forbidden),
        (StatusCode::MISDIRECTED_REQUEST, ErrorCode::Forbidden),
        (StatusCode::REQUEST_TIMEOUT, ErrorCode::Timeout),
        (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal),
    ])
}

fn status(code: ErrorCode) -> StatusCode {
    Refusal::from(ApiError::new(code, "")).status()
}

/// One response for each status among `errors`, whose description names the codes.
fn documented(
    errors: impl IntoIterator<Item = (StatusCode, ErrorCode)>,
) -> BTreeMap<String, RefOr<Response>> {
    let mut descriptions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (status, code) in errors {
        let codes = descriptions.entry(status.as_u16().to_string()).or_default();
        codes.push(format!("`{}`: {}", code.as_str(), meaning(status, code)));
    }
    let problem = |lines: Vec<String>| {
        let schema = Ref::from_schema_name(Problem::name());
        ResponseBuilder::new()
            .description(lines.join("\n\n"))
            .content(PROBLEM, Content::new(Some(schema)))
            .build()
    };
    let responses = descriptions.into_iter();
    responses
        .map(|(status, lines)| (status, problem(lines).into()))
        .collect()
}

fn meaning(status: StatusCode, code: ErrorCode) -> &'static str {
    match (code, status) {
        (ErrorCode::Forbidden, StatusCode::MISDIRECTED_REQUEST) => "`Host` names no allowed host.",
        (ErrorCode::RateLimited, StatusCode::SERVICE_UNAVAILABLE) => {
            "As many clients are connected as may be; `Retry-After` says when to try again."
        }
        (ErrorCode::Timeout, StatusCode::REQUEST_TIMEOUT) => {
            "The request was not complete within ten seconds."
        }
        (ErrorCode::Invalid, StatusCode::UPGRADE_REQUIRED) => {
            "WebSockets of another version than 13."
        }
        (ErrorCode::Invalid, _) => "The request makes no sense.",
        (ErrorCode::UnknownType, _) => "No message has that type.",
        (ErrorCode::UnknownChannel, _) => "No channel has that name.",
        (ErrorCode::DuplicateId, _) => "The same `Idempotency-Key` names another action.",
        (ErrorCode::Unauthorized, _) => "Nobody is signed in.",
        (ErrorCode::Forbidden, _) => {
            "The request comes from another origin, the right is missing, or the engine does not allow the call."
        }
        (ErrorCode::NotFound, StatusCode::GONE) => "The setup is over.",
        (ErrorCode::NotFound, _) => "There is no such thing, or it is hidden.",
        (ErrorCode::Conflict, _) => "The present state, or another action, stands against it.",
        (ErrorCode::Protected, _) => "The container is protected from actions.",
        (ErrorCode::RateLimited, _) => "Too many requests; `Retry-After` says when to try again.",
        (ErrorCode::TooManySubscriptions, _) => "Too many subscriptions on one connection.",
        (ErrorCode::StorageUnavailable, _) => "The server cannot store what it must.",
        (ErrorCode::EngineUnavailable, _) => "The engine cannot be reached.",
        (ErrorCode::Timeout, _) => "The engine did not answer in time.",
        (ErrorCode::Internal, _) => "The server or the engine failed.",
    }
}
