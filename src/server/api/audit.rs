//! The audit log, for administrators.

use super::{
    logs::time,
    schema::{AuditFailure, BinaryForm},
};
use crate::{
    model::AuditOutcome,
    protocol::{Audit, AuditEntry, codec::MEDIA_TYPE},
    server::{AppState, access::Selection, binary, problem::Refusal, query::Query},
};
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// Entries per answer by default.
pub const LIMIT: usize = 100;
/// Most entries per answer in JSON.
const MAX_LIMIT: usize = 1_000;
/// Most entries per answer in CSV: some 20 MB.
const MAX_CSV: usize = 100_000;

/// Which entries are sent, and in which format.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// From this time on: RFC 3339, or seconds since the Unix epoch.
    since: Option<String>,
    /// Before this time: RFC 3339, or seconds since the Unix epoch.
    until: Option<String>,
    /// Only of this principal.
    who: Option<String>,
    /// Only acts of this name.
    did: Option<String>,
    /// Only acts on something whose name contains this.
    on: Option<String>,
    /// Only with this outcome.
    outcome: Option<AuditOutcome>,
    /// Only entries before the one with this id: `next` of the previous answer.
    before: Option<u64>,
    /// Most entries, 1 to 1000 [default: 100].
    limit: Option<usize>,
    /// The format.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// The format of the audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// One JSON object.
    #[default]
    Json,
    /// A table for spreadsheets, with all selected entries up to 100,000.
    Csv,
}

impl AuditQuery {
    /// The entries that it selects.
    ///
    /// # Errors
    /// `invalid`.
    pub(in crate::server) fn selection(self) -> Result<Selection, Refusal> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Refusal::invalid(format!("limit must be 1 to {MAX_LIMIT}")));
        }
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Selection {
            since: time("since", text(self.since).as_deref())?,
            until: time("until", text(self.until).as_deref())?,
            who: text(self.who),
            did: text(self.did),
            on: text(self.on),
            outcome: self.outcome,
            before: self.before,
            limit: match self.format {
                Format::Json => limit,
                Format::Csv => MAX_CSV,
            },
        })
    }
}

/// `GET /api/audit`: entries of the audit log, the newest first.
///
/// # Errors
/// `invalid`, or when the storage does not work.
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "audit",
    summary = "Entries of the audit log, the newest first.",
    params(AuditQuery),
    responses((status = 200, description = "Entries.", content((Audit = "application/json"), (BinaryForm = MEDIA_TYPE), (String = "text/csv"))), AuditFailure)
)]
pub async fn entries(
    State(state): State<AppState>,
    headers: HeaderMap,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Refusal> {
    let format = query.format;
    let audit = state.access.audit().read(query.selection()?).await?;
    if format == Format::Json {
        return Ok(binary::either(&headers, &audit));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit.csv\"",
        ),
    ];
    Ok((headers, csv(&audit.entries)).into_response())
}

/// The entries as CSV (RFC 4180).
fn csv(entries: &[AuditEntry]) -> String {
    let mut text = String::from("id,at,who,from,did,on,outcome,detail\r\n");
    for entry in entries {
        let (id, at) = (entry.id.to_string(), entry.at.to_string());
        let from = entry.from.as_deref().unwrap_or_default();
        let (outcome, detail) = (entry.outcome.as_str(), &entry.detail);
        let cells = [
            &id, &at, &entry.who, from, &entry.did, &entry.on, outcome, detail,
        ];
        text.push_str(&cells.map(cell).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell. Spreadsheets execute text that begins with some characters as a formula; an apostrophe prevents
/// that.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_ends_early() {
        for (text, expected) in [
            ("ana", "\"ana\""),
            ("a,\"b\"\n", "\"a,\"\"b\"\"\n\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@sum", "\"'@sum\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
