//! The faults of a run: which one is next, and how each is caused.

use crate::{
    Failure,
    accounts::Accounts,
    client::{Socket, connect},
    process::{pause, resume},
    relay::Relay,
    shared::{Harm, Order, Shared},
    user::User,
};
use deckwatch::protocol::{ClientMessage, Ping};
use fastrand::Rng;
use futures::{SinkExt, StreamExt};
use rusqlite::Connection;
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// Time from the beginning of one fault to that of the next.
const INTERVAL: Duration = Duration::from_secs(30);
/// How long a fault lasts, if it lasts.
const LASTS: Duration = Duration::from_secs(10);
/// How long the server is stopped.
const STOPPED: Duration = Duration::from_secs(2);
/// How long sockets are kept without reading from them: longer than the server waits for a sign of life.
const SILENCE: Duration = Duration::from_secs(60);
/// Sockets of the user who is silent, and of the one who floods: below the limit per user.
const SOCKETS: usize = 15;
/// Messages that each socket sends in a flood: far above the limit of the server.
const FLOOD: usize = 2_000;
/// Requests without a credential in a flood.
const STRANGERS: usize = 200;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    RelayRestarted,
    EnginePaused,
    SlowReaders,
    SocketsCut,
    SilentSockets,
    ServerStopped,
    StorageLocked,
    Flood,
    UserDisabled,
    SessionEnded,
}

impl Fault {
    const ALL: [Self; 10] = [
        Self::RelayRestarted,
        Self::EnginePaused,
        Self::SlowReaders,
        Self::SocketsCut,
        Self::SilentSockets,
        Self::ServerStopped,
        Self::StorageLocked,
        Self::Flood,
        Self::UserDisabled,
        Self::SessionEnded,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::RelayRestarted => "relay to the engine restarted",
            Self::EnginePaused => "engine paused",
            Self::SlowReaders => "clients that do not read",
            Self::SocketsCut => "sockets cut",
            Self::SilentSockets => "sockets half open",
            Self::ServerStopped => "server stopped for two seconds",
            Self::StorageLocked => "storage not writable",
            Self::Flood => "flood of clients",
            Self::UserDisabled => "user disabled and enabled",
            Self::SessionEnded => "session ended",
        }
    }

    /// Whether it concerns the engine.
    fn is_of_engine(self) -> bool {
        matches!(self, Self::RelayRestarted | Self::EnginePaused)
    }
}

/// The engine, as far as faults concern it.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) relay: Relay,
    /// The id of its process.
    pub(crate) process: u32,
}

/// Causes faults.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) shared: Arc<Shared>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) engine: Option<Engine>,
    /// The id of the server's process.
    pub(crate) server: u32,
    pub(crate) database: PathBuf,
    pub(crate) rng: Rng,
    /// How often each fault was caused.
    pub(crate) caused: BTreeMap<&'static str, u64>,
}

impl Faults {
    /// Causes a fault every [`INTERVAL`] until `end`. Their order is random, but each comes before any comes
    /// again.
    pub(crate) async fn cause(&mut self, end: Instant) -> Result<(), Failure> {
        let mut next = Instant::now() + INTERVAL / 2;
        let mut left = Vec::new();
        while next + LASTS < end {
            tokio::time::sleep_until(next).await;
            if left.is_empty() {
                left = Fault::ALL.to_vec();
                left.retain(|fault| self.engine.is_some() || !fault.is_of_engine());
                self.rng.shuffle(&mut left);
            }
            if let Some(fault) = left.pop() {
                println!("{}", fault.name());
                *self.caused.entry(fault.name()).or_default() += 1;
                self.cause_one(fault)
                    .await
                    .map_err(|error| format!("{}: {error}", fault.name()))?;
            }
            next += INTERVAL;
        }
        Ok(())
    }

    async fn cause_one(&mut self, fault: Fault) -> Result<(), Failure> {
        match fault {
            Fault::RelayRestarted => self.restart_relay().await?,
            Fault::EnginePaused => self.pause_engine().await?,
            Fault::SlowReaders => self.order(Harm::Stall(LASTS * 2), 10),
            Fault::SocketsCut => self.order(Harm::Cut, 3),
            Fault::SilentSockets => {
                let sockets = self.sockets_of(&self.accounts.silent).await;
                tokio::spawn(async move {
                    sleep(SILENCE).await;
                    drop(sockets);
                });
            }
            Fault::ServerStopped => {
                pause(self.server)?;
                sleep(STOPPED).await;
                resume(self.server)?;
            }
            Fault::StorageLocked => {
                let database = self.database.clone();
                tokio::task::spawn_blocking(move || lock(&database)).await??;
            }
            Fault::Flood => self.flood().await,
            Fault::UserDisabled => self.disable().await?,
            Fault::SessionEnded => {
                if let Some(user) = self.accounts.any(&mut self.rng) {
                    user.end_session().await?;
                }
            }
        }
        Ok(())
    }

    fn order(&mut self, harm: Harm, one_of: usize) {
        // Without receivers there are no clients.
        let _ = self.shared.orders.send(Order {
            harm,
            salt: self.rng.usize(..one_of),
            one_of,
        });
    }

    async fn restart_relay(&mut self) -> Result<(), Failure> {
        let Some(engine) = &mut self.engine else {
            return Ok(());
        };
        engine.relay.kill();
        sleep(Duration::from_millis(self.rng.u64(..5_000))).await;
        engine.relay.restart()
    }

    async fn pause_engine(&self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else {
            return Ok(());
        };
        pause(engine.process)?;
        sleep(LASTS).await;
        resume(engine.process)
    }

    async fn disable(&mut self) -> Result<(), Failure> {
        let Some(user) = self.accounts.any(&mut self.rng).cloned() else {
            return Ok(());
        };
        let change = |is_disabled: bool| json!({"disabled": is_disabled});
        self.accounts.change(&user, change(true)).await?;
        user.has_ended();
        sleep(LASTS).await;
        self.accounts.change(&user, change(false)).await?;
        user.sign_in().await
    }

    async fn sockets_of(&self, user: &User) -> Vec<Socket> {
        let session = user.session().await;
        let mut sockets = Vec::new();
        for _ in 0..SOCKETS {
            sockets.extend(connect(self.shared.server, user, &session).await);
        }
        sockets
    }

    /// Sends far more messages than are allowed, and requests without a credential.
    async fn flood(&self) {
        let sockets = self.sockets_of(&self.accounts.flood).await;
        let floods = sockets.into_iter().map(flood_one);
        let api = &self.accounts.flood.api;
        let strangers = (0..STRANGERS).map(|_| api.get("/api/containers", ""));
        let all = futures::future::join(
            futures::future::join_all(floods),
            futures::future::join_all(strangers),
        );
        // The server refuses what is too much, in whichever way; other clients show whether it suffers.
        let _ = timeout(LASTS, all).await;
    }
}

async fn flood_one(mut socket: Socket) {
    let Ok(text) = serde_json::to_string(&ClientMessage::Ping(Ping {})) else {
        return;
    };
    for _ in 0..FLOOD {
        if socket.feed(Message::text(text.clone())).await.is_err() {
            return;
        }
    }
    let _ = socket.flush().await;
    while let Some(Ok(_)) = socket.next().await {}
}

/// Holds the lock for writing. The kernel does not let a folder become read-only while a file in it is open for
/// writing; with this lock, too, whatever the server writes is refused, and what it reads is not.
fn lock(database: &std::path::Path) -> Result<(), Failure> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(LASTS)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    std::thread::sleep(LASTS);
    Ok(connection.execute_batch("ROLLBACK")?)
}
