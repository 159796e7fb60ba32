//! The thread that writes. It opens the database, executes changes one after the other, looks once per second
//! whether another process has changed the database, and opens it again after a fault.

use super::{
    StorageError, aside,
    fault::Fault,
    job::Job,
    open::{self, Trust},
    opened::Opened,
    place::Place,
    shared::Shared,
};
use crate::server::backoff::Backoff;
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// Time between two looks at changes by other processes: an administrator who runs a command beside the
/// server sees its effect within a second. A look reads one page of the index of the log.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A message to the writer thread.
pub(super) enum Message {
    /// A change to execute.
    Change(Box<dyn Job>),
    /// Something other than the queue has changed.
    Wake,
}

/// The state of the writer thread.
pub(super) struct Writer {
    place: Place,
    queue: Receiver<Message>,
    shared: Arc<Shared>,
    /// The open database. It stays open during most faults, so that queries still work.
    opened: Option<Opened>,
    /// Why changes are refused; `None` only while a database is open.
    trouble: Option<Trouble>,
    backoff: Backoff,
    /// How the next [`Self::open`] treats the file.
    trust: Trust,
    was_open: bool,
    looked: Instant,
}

/// A fault that lasts. Changes are refused meanwhile.
struct Trouble {
    retry_at: Instant,
    was_full: bool,
}

impl Writer {
    pub(super) fn new(place: Place, queue: Receiver<Message>, shared: Arc<Shared>) -> Self {
        let now = Instant::now();
        Self {
            place,
            queue,
            shared,
            opened: None,
            trouble: None,
            backoff: Backoff::default(),
            trust: Trust::Unchecked,
            was_open: false,
            looked: now,
        }
    }

    /// Works until [`Shared::end`], or until the last handle is dropped. The queue is executed before the end.
    pub(super) fn run(mut self) {
        self.open();
        while self.serve() {
            self.maintain();
        }
        // The last connection that is closed moves the log into the database: ours.
        self.shared.readers.close();
    }

    /// Waits for one message and handles it; returns whether to continue.
    fn serve(&mut self) -> bool {
        match self.queue.recv_timeout(self.pause()) {
            Ok(message) => self.handle(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        if !self.shared.is_ending() {
            return true;
        }
        while let Ok(message) = self.queue.try_recv() {
            self.handle(message);
        }
        false
    }

    fn handle(&mut self, message: Message) {
        let Message::Change(job) = message else {
            return;
        };
        let Some(opened) = self.opened.as_mut().filter(|_| self.trouble.is_none()) else {
            let reason = self.shared.reason();
            return job.refuse(StorageError::Unavailable { reason });
        };
        match job.execute(opened.connection(), &self.place) {
            Ok(()) => self.backoff.reset(),
            Err(fault) => self.fail(fault),
        }
    }

    /// Time until there is something to do besides the queue.
    fn pause(&self) -> Duration {
        let due = match &self.trouble {
            Some(trouble) => trouble.retry_at,
            None => self.looked + LOOK_INTERVAL,
        };
        due.saturating_duration_since(Instant::now())
    }

    fn maintain(&mut self) {
        if self.shared.take_suspicion() {
            self.fail(Fault::Damaged {
                file: self.place.file().to_owned(),
                text: "a query found damage, and the file is now being checked".to_owned(),
            });
        }
        if !self.pause().is_zero() {
            return;
        }
        self.looked = Instant::now();
        let Some(opened) = &mut self.opened else {
            return self.open();
        };
        let has_changed = match &self.trouble {
            Some(trouble) => opened.probe(&self.place, trouble.was_full),
            None => opened.look(&self.place),
        };
        match has_changed {
            Ok(has_changed) => {
                if has_changed {
                    self.announce_outside_change();
                }
                if self.trouble.take().is_some() || self.shared.is_replaced() {
                    self.shared.work(aside::notice(self.place.folder()));
                }
            }
            Err(fault) => self.fail(fault),
        }
    }

    fn open(&mut self) {
        let database = open::open(&self.place, self.trust);
        match database.and_then(|database| Opened::new(database, &self.place)) {
            Ok(opened) => {
                self.shared.readers.allow(opened.id());
                self.opened = Some(opened);
                self.trouble = None;
                self.looked = Instant::now();
                self.trust = Trust::Checked;
                // Another process may have changed the file, or replaced it, while it was closed.
                if std::mem::replace(&mut self.was_open, true) {
                    self.announce_outside_change();
                }
                self.shared.work(aside::notice(self.place.folder()));
            }
            Err(fault) => self.fail(fault),
        }
    }

    fn fail(&mut self, fault: Fault) {
        if fault.is_about_the_file() {
            self.shared.readers.close();
            if let Some(opened) = self.opened.take() {
                opened.close(&fault);
            }
            if matches!(fault, Fault::Moved { .. }) {
                self.trust = Trust::Replaced;
            } else if self.trust == Trust::Checked {
                self.trust = Trust::Unchecked;
            }
        }
        self.trouble = Some(Trouble {
            retry_at: Instant::now() + self.backoff.next(fastrand::f64()),
            was_full: matches!(fault, Fault::Full { .. }),
        });
        self.shared.fail(fault.to_string());
    }

    fn announce_outside_change(&self) {
        self.shared.outside.send_modify(|n| *n = n.wrapping_add(1));
    }
}
