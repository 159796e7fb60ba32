//! The audit log: who did what, when, from where, and with which outcome.
//!
//! An entry is written before the act, with the outcome `begun`, and completed after it; so an act is never
//! missing, even if the process ends in the middle of it.

use super::{
    lock,
    quota::{PER_HOUR, Quota},
};
use crate::{
    model::{AuditOutcome, Timestamp},
    protocol::{Audit as Entries, AuditEntry},
    server::{
        clock,
        storage::{Storage, StorageError},
    },
};
use rusqlite::{Connection, params};
use std::sync::{Arc, Mutex};

/// The longest text of a field in characters; a client chooses some of them.
const MAX_TEXT: usize = 512;
/// Days for which entries are kept.
pub const RETENTION_DAYS: i64 = 400;

/// The audit log. A handle: clones write to the same log.
#[derive(Clone, Debug)]
pub struct Audit {
    storage: Option<Storage>,
    /// Whether an act is refused when its entry cannot be written.
    is_required: bool,
    /// The entries that clients cause without being signed in.
    quota: Arc<Mutex<Quota>>,
}

/// Who does something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name of the principal.
    pub who: String,
    /// The address of the client.
    pub from: Option<String>,
}

/// An entry whose act has begun.
#[must_use = "the entry says that the act is still going on"]
#[derive(Debug)]
pub struct Begun {
    audit: Audit,
    id: Option<i64>,
}

impl Audit {
    /// An audit log in `storage`. If it `is_required`, an act whose entry cannot be written is refused.
    pub fn new(storage: Option<Storage>, is_required: bool) -> Self {
        Self {
            storage,
            is_required,
            quota: Arc::default(),
        }
    }

    /// Writes that `actor` begins to do `did` to `target`.
    ///
    /// # Errors
    /// When it cannot be written, but must be.
    pub async fn begin(
        &self,
        actor: &Actor,
        did: &str,
        target: &str,
    ) -> Result<Begun, StorageError> {
        let id = self
            .write(actor, did, target, AuditOutcome::Begun, "")
            .await?;
        Ok(Begun {
            audit: self.clone(),
            id,
        })
    }

    /// Writes that `actor` did, or tried to do, `did` to `target`.
    ///
    /// # Errors
    /// When it cannot be written, but must be.
    pub async fn record(
        &self,
        actor: &Actor,
        did: &str,
        target: &str,
        (outcome, detail): (AuditOutcome, &str),
    ) -> Result<(), StorageError> {
        self.write(actor, did, target, outcome, detail)
            .await
            .map(drop)
    }

    /// Writes that a client which is not signed in tried to do `did`. Beyond the limit per hour the entry is
    /// left out and counted. Returns whether it was within the limit.
    ///
    /// # Errors
    /// When it cannot be written, but must be.
    pub(super) async fn record_unauthenticated(
        &self,
        actor: &Actor,
        did: &str,
        outcome: (AuditOutcome, &str),
    ) -> Result<bool, StorageError> {
        if !lock(&self.quota).admit() {
            return Ok(false);
        }
        self.record(actor, did, "", outcome).await.map(|()| true)
    }

    /// Writes how many entries of clients that are not signed in were left out: in the hours that have ended,
    /// or until now if the server `is_ending`.
    pub(super) async fn report_left_out(&self, is_ending: bool) {
        let count = lock(&self.quota).unreported(is_ending);
        if count == 0 {
            return;
        }
        let actor = Actor {
            who: "nobody".to_owned(),
            from: None,
        };
        let detail = format!(
            "{count} more failed sign-ins are not listed: at most {PER_HOUR} are listed per hour"
        );
        let outcome = (AuditOutcome::Refused, detail.as_str());
        match self.record(&actor, "sign in", "", outcome).await {
            Ok(()) => lock(&self.quota).reported(count),
            Err(error) => tracing::debug!(%error, count, "left out entries are reported later"),
        }
    }

    async fn write(
        &self,
        actor: &Actor,
        did: &str,
        target: &str,
        outcome: AuditOutcome,
        detail: &str,
    ) -> Result<Option<i64>, StorageError> {
        let Some(storage) = &self.storage else {
            return Ok(None);
        };
        let (actor, did, target) = (actor.clone(), did.to_owned(), target.to_owned());
        let detail = detail.to_owned();
        let written =
            storage.write(move |to| insert(to, &actor, &did, &target, (outcome, &detail)));
        match written.await {
            Ok(id) => Ok(Some(id)),
            Err(error) if self.is_required => Err(error),
            Err(error) => {
                tracing::warn!(%error, "an entry of the audit log was not written");
                Ok(None)
            }
        }
    }
}

impl Begun {
    /// Completes the entry. If that fails, it stays `begun`: the act is recorded, its outcome is unknown.
    pub async fn finish(self, outcome: AuditOutcome, detail: &str) {
        let (Some(id), Some(storage)) = (self.id, &self.audit.storage) else {
            return;
        };
        let detail = shortened(detail);
        let written = storage.write(move |to| {
            to.execute(
                "UPDATE audit SET outcome = ?2, detail = ?3 WHERE id = ?1",
                params![id, outcome.as_str(), detail],
            )
        });
        if let Err(error) = written.await {
            tracing::warn!(%error, "the outcome of an act was not written to the audit log");
        }
    }
}

/// Removes entries that are older than the retention.
pub(super) fn tidy(to: &Connection) -> rusqlite::Result<usize> {
    let oldest = clock::now().as_millis() - RETENTION_DAYS * 86_400_000;
    to.execute("DELETE FROM audit WHERE at < ?1", [oldest])
}

/// Which entries of the audit log are read.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Only of this principal.
    pub who: Option<String>,
    /// Only acts of this name.
    pub did: Option<String>,
    /// Only acts on something whose name contains this.
    pub on: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Only entries before the one with this id.
    pub before: Option<u64>,
    /// Most entries.
    pub limit: usize,
}

impl Audit {
    /// Reads entries, the newest first.
    ///
    /// # Errors
    /// When the storage does not work.
    pub async fn read(&self, selection: Selection) -> Result<Entries, StorageError> {
        let Some(storage) = &self.storage else {
            return Ok(Entries::default());
        };
        storage.read(move |from| read(from, &selection)).await
    }
}

/// Inserts an entry and returns its id.
pub(super) fn insert(
    to: &Connection,
    actor: &Actor,
    did: &str,
    target: &str,
    (outcome, detail): (AuditOutcome, &str),
) -> rusqlite::Result<i64> {
    let at = clock::now().as_millis();
    let [who, did, target, detail] = [&actor.who, did, target, detail].map(shortened);
    let from = actor.from.as_deref().map(shortened);
    to.execute(
        "INSERT INTO audit (at, who, peer, did, target, outcome, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![at, who, from, did, target, outcome.as_str(), detail],
    )?;
    Ok(to.last_insert_rowid())
}

fn read(from: &Connection, selection: &Selection) -> rusqlite::Result<Entries> {
    let mut statement = from.prepare_cached(
        "SELECT id, at, who, peer, did, target, outcome, detail FROM audit
         WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR at < ?2) AND (?3 IS NULL OR who = ?3)
           AND (?4 IS NULL OR did = ?4) AND (?5 IS NULL OR instr(lower(target), lower(?5)) > 0)
           AND (?6 IS NULL OR outcome = ?6) AND (?7 IS NULL OR id < ?7)
         ORDER BY id DESC LIMIT ?8",
    )?;
    let most = i64::try_from(selection.limit).unwrap_or(i64::MAX);
    let parameters = params![
        selection.since.map(Timestamp::as_millis),
        selection.until.map(Timestamp::as_millis),
        selection.who,
        selection.did,
        selection.on,
        selection.outcome.map(AuditOutcome::as_str),
        selection.before.and_then(|id| i64::try_from(id).ok()),
        // One more, which tells whether there are older entries.
        most.saturating_add(1),
    ];
    let entries = statement.query_map(parameters, |row| {
        let outcome: String = row.get(6)?;
        let mut outcomes = AuditOutcome::ALL.into_iter();
        Ok(AuditEntry {
            id: row.get::<_, i64>(0)?.unsigned_abs(),
            at: Timestamp::from_millis(row.get(1)?),
            who: row.get(2)?,
            from: row.get(3)?,
            did: row.get(4)?,
            on: row.get(5)?,
            outcome: outcomes
                .find(|known| known.as_str() == outcome)
                .unwrap_or(AuditOutcome::Begun),
            detail: row.get(7)?,
        })
    })?;
    let mut entries: Vec<_> = entries.collect::<rusqlite::Result<_>>()?;
    let has_more = entries.len() > selection.limit;
    entries.truncate(selection.limit);
    let next = entries.last().map(|entry| entry.id).filter(|_| has_more);
    Ok(Entries { entries, next })
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
