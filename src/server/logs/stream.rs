//! One log that is being followed, and its readers.

use super::{
    ring::{Cursor, MAX_LINES, Ring},
    trouble::Trouble,
};
use crate::{
    model::{LogEndReason, LogPosition, Timestamp, WorkloadId},
    protocol::{Channel, ServerMessage},
    server::{hub::Frame, source::SourceLine},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// How long the engine's stream waits for the fastest reader before lines are dropped. A reader that reads
/// at all takes far less.
const STALLED: Duration = Duration::from_secs(1);

/// One log that is being followed.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: WorkloadId,
    channel: Channel,
    state: Mutex<State>,
    /// Notified when readers are added or removed, or want older lines.
    pub(super) readers: watch::Sender<()>,
    /// Notified when a reader has read.
    progress: Notify,
    pub(super) trouble: Trouble,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    /// The number of last lines that were requested from the engine.
    depth: usize,
    readers: BTreeMap<u64, Reader>,
    next_reader: u64,
    /// The position of the fastest reader when the stream stopped waiting for it.
    given_up_at: Option<u64>,
    /// Why the log cannot be read at present, for readers that wait for their first lines.
    trouble: Option<Arc<Frame>>,
    is_over: bool,
}

#[derive(Debug)]
struct Reader {
    waker: Arc<Notify>,
    /// The number of last lines that it wants.
    wants: usize,
    /// Its next entry; `None` before it has begun.
    at: Option<u64>,
}

/// Where a reader begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The most last lines it wants.
    pub tail: usize,
    /// The oldest time it wants. When it resumes, the time of its last line.
    pub since: Option<Timestamp>,
    /// `Some` if it resumes: the number of its last line, if that is from this run of the server.
    pub resume: Option<Option<u64>>,
    /// It resumes after the line at this position, unless `resume` has a number.
    pub after: Option<LogPosition>,
}

impl Start {
    /// The number of last lines that must be there before it can begin.
    const fn needs(&self) -> usize {
        let tail = if self.tail < MAX_LINES {
            self.tail
        } else {
            MAX_LINES
        };
        // The position may be older than all lines that the server knows.
        if self.resume.is_some() || self.after.is_some() {
            MAX_LINES
        } else {
            tail
        }
    }
}

/// A reader of a log, until dropped.
#[derive(Debug)]
pub struct Watch {
    stream: Arc<Stream>,
    id: u64,
    place: Place,
    /// Whether it was sent the reason why it waits.
    knows_trouble: bool,
}

#[derive(Debug)]
enum Place {
    /// Waiting until the lines that it wants have been read.
    Waiting(Start),
    At(Cursor),
}

impl Stream {
    pub(super) fn new(id: WorkloadId, first_seq: u64) -> Self {
        let channel = Channel::logs(id.key);
        Self {
            id,
            channel,
            state: Mutex::new(State {
                ring: Ring::new(channel, first_seq),
                depth: 0,
                readers: BTreeMap::new(),
                next_reader: 0,
                given_up_at: None,
                trouble: None,
                is_over: false,
            }),
            readers: watch::Sender::new(()),
            progress: Notify::new(),
            trouble: Trouble::default(),
        }
    }

    /// Adds a reader, which is woken by `waker`.
    pub(super) fn join(self: &Arc<Self>, start: Start, waker: Arc<Notify>) -> Watch {
        let mut state = self.state();
        let id = state.next_reader;
        state.next_reader += 1;
        let place = state.place(start);
        let (wants, at) = match &place {
            Place::At(cursor) => (0, Some(cursor.entry)),
            Place::Waiting(start) => (start.needs(), None),
        };
        // There may already be lines to read.
        waker.notify_one();
        state.readers.insert(id, Reader { waker, wants, at });
        drop(state);
        self.readers.send_replace(());
        Watch {
            stream: Arc::clone(self),
            id,
            place,
            knows_trouble: false,
        }
    }

    /// The number of last lines that readers wanted when they joined, waiting or not.
    pub(super) fn wanted_first(&self) -> usize {
        let state = self.state();
        state
            .readers
            .values()
            .map(|reader| reader.wants)
            .max()
            .unwrap_or(0)
    }

    /// The number of last lines that waiting readers want; `None` if no reader waits for more.
    pub(super) fn wanted(&self) -> Option<usize> {
        let state = self.state();
        let waiting = state.readers.values().filter(|reader| reader.at.is_none());
        let wanted = waiting.map(|reader| reader.wants).max()?;
        (state.depth == 0 || wanted > state.depth).then_some(wanted.max(1))
    }

    /// The number of lines in the ring.
    pub(super) fn lines(&self) -> usize {
        self.state().ring.lines()
    }

    /// The number of the next line.
    pub(super) fn next_seq(&self) -> u64 {
        self.state().ring.next_seq()
    }

    pub(super) fn is_deserted(&self) -> bool {
        self.state().readers.is_empty()
    }

    /// Whether `line` is the oldest in the ring.
    pub(super) fn begins_with(&self, line: &SourceLine) -> bool {
        self.state().ring.begins_with(line)
    }

    /// Records that the last `depth` lines have been read, and inserts the `older` ones before all others.
    pub(super) fn deepen(&self, depth: usize, older: Vec<Vec<SourceLine>>) {
        let mut state = self.state();
        state.ring.prepend(older);
        state.depth = state.depth.max(depth);
        state.wake();
    }

    /// Publishes lines. Waits a little for the fastest reader, so that a reader that reads at all misses
    /// no lines of a burst; never waits for the slower ones.
    pub(super) async fn publish(&self, lines: Vec<SourceLine>) {
        if lines.is_empty() {
            return;
        }
        while let Some(fastest) = self.fastest_that_lags(&lines) {
            let progress = self.progress.notified();
            if self.fastest_that_lags(&lines) == Some(fastest)
                && timeout(STALLED, progress).await.is_err()
                && self.fastest_that_lags(&lines) == Some(fastest)
            {
                self.state().given_up_at = Some(fastest);
            }
        }
        let mut state = self.state();
        state.ring.push_lines(lines);
        state.wake();
    }

    /// Publishes a gap of unknown length.
    pub(super) fn publish_gap(&self, from: Option<Timestamp>, to: Option<Timestamp>) {
        let mut state = self.state();
        state.ring.push_gap(from, to);
        state.wake();
    }

    /// Publishes that no more lines follow, for now or ever. Ends the waiting for older lines.
    pub(super) fn publish_end(&self, reason: LogEndReason, message: Option<String>) {
        let channel = self.channel;
        let end = ServerMessage::LogEnd {
            channel,
            reason,
            message,
        };
        let mut state = self.state();
        state.ring.push_message(end);
        state.depth = MAX_LINES;
        state.is_over |= reason == LogEndReason::ContainerRemoved;
        state.wake();
    }

    /// Publishes the reason why the log cannot be read at present. Readers that wait for their first lines
    /// receive it and continue to wait.
    pub(super) fn publish_trouble(&self, reason: Option<String>) {
        let end = ServerMessage::LogEnd {
            channel: self.channel,
            reason: LogEndReason::Unreadable,
            message: reason,
        };
        let mut state = self.state();
        if state.readers.values().any(|reader| reader.at.is_some()) {
            state.ring.push_message(end.clone());
        }
        state.trouble = Some(Arc::new(Frame::new(0, end)));
        state.wake();
    }

    /// Publishes that the log can be read again, if readers were notified that it could not.
    pub(super) fn end_trouble(&self) {
        if self.trouble.end() {
            let channel = self.channel;
            let mut state = self.state();
            state.trouble = None;
            if state.readers.values().any(|reader| reader.at.is_some()) {
                state
                    .ring
                    .push_message(ServerMessage::Subscribed { channel });
            }
            state.wake();
        }
    }

    /// The position of the fastest reader if adding `lines` would soon make it miss lines; `None` if the
    /// stream has already stopped waiting for it there.
    fn fastest_that_lags(&self, lines: &[SourceLine]) -> Option<u64> {
        let state = self.state();
        if state.ring.has_room_for(lines) {
            return None;
        }
        let fastest = state
            .readers
            .values()
            .filter_map(|reader| reader.at)
            .max()?;
        (fastest < state.ring.middle() && state.given_up_at != Some(fastest)).then_some(fastest)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&self) {
        for reader in self.readers.values() {
            reader.waker.notify_one();
        }
    }

    fn place(&self, start: Start) -> Place {
        let ring = &self.ring;
        let known = match (start.resume, start.after) {
            (None, None) => (self.depth > 0 && self.depth >= start.needs())
                .then(|| ring.begin(start.tail, start.since)),
            (resume, after) => resume
                .flatten()
                .and_then(|seq| ring.resume(seq))
                .or_else(|| ring.resume_after(after?)),
        };
        known.map_or(Place::Waiting(start), Place::At)
    }

    /// The position where a waiting reader begins, if enough lines are there, and the gap to send first.
    fn begin(&self, start: &Start, channel: Channel) -> Option<(Cursor, Option<Arc<Frame>>)> {
        if self.depth < start.needs().max(1) {
            return None;
        }
        let (ring, since) = (&self.ring, start.since);
        if let Some(after) = start.after {
            return Some(match ring.resume_after(after) {
                Some(cursor) => (cursor, None),
                None => {
                    let (cursor, to) = ring.begin_after(after);
                    (cursor, Some(gap(channel, Some(after.timestamp()), to)))
                }
            });
        }
        let Some(_) = start.resume else {
            return Some((ring.begin(start.tail, since), None));
        };
        let Some(known) = since else {
            let cursor = ring.begin(start.tail, None);
            return Some((cursor, Some(gap(channel, None, None))));
        };
        // If its last line is in the ring, all later lines are, too.
        let gap = (!ring.has(known)).then(|| gap(channel, since, None));
        Some((ring.begin(MAX_LINES, since), gap))
    }
}

fn gap(channel: Channel, from: Option<Timestamp>, to: Option<Timestamp>) -> Arc<Frame> {
    let gap = ServerMessage::LogGap {
        channel,
        missing: None,
        from,
        to,
    };
    Arc::new(Frame::new(0, gap))
}

impl Watch {
    /// The workload whose log it reads.
    pub fn workload(&self) -> WorkloadId {
        self.stream.id
    }

    /// The new lines, in total about `budget` bytes.
    pub fn news(&mut self, budget: &mut usize) -> Vec<Arc<Frame>> {
        let mut state = self.stream.state();
        let mut frames = Vec::new();
        if let Place::Waiting(start) = &self.place {
            let Some((cursor, gap)) = state.begin(start, self.stream.channel) else {
                if !self.knows_trouble {
                    frames.extend(state.trouble.clone());
                }
                self.knows_trouble = state.trouble.is_some();
                return frames;
            };
            frames.extend(gap);
            self.place = Place::At(cursor);
        }
        if let Place::At(cursor) = &mut self.place {
            frames.extend(state.ring.after(cursor, budget));
            if let Some(reader) = state.readers.get_mut(&self.id) {
                reader.at = Some(cursor.entry);
            }
        }
        drop(state);
        self.stream.progress.notify_waiters();
        frames
    }

    /// Whether the log has ended for good and everything was read.
    pub fn is_over(&self) -> bool {
        let state = self.stream.state();
        let has_read_all =
            matches!(&self.place, Place::At(cursor) if cursor.entry >= state.ring.head());
        state.is_over && has_read_all
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stream.state().readers.remove(&self.id);
        self.stream.readers.send_replace(());
        self.stream.progress.notify_waiters();
    }
}
