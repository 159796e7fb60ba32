//! Many WebSocket clients that check every message and record when it arrived.

use crate::{
    Failure,
    accounts::User,
    client::{BINARY, Client, Opening},
    results::percentile,
};
use deckwatch::protocol::{
    Channel, ClientMessage, Subscribe,
    codec::{self, Ticks},
};
use flate2::read::DeflateDecoder;
use futures::{StreamExt, TryStreamExt, stream};
use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::Read,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::task::{JoinSet, LocalSet};

/// Connections that are opened at the same time: fewer than the backlog of a listener.
const OPENING: usize = 64;

/// The server that sends the messages, which determines where their sequence number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// Deckwatch, in the binary encoding: the sequence number of the stats channel.
    Deckwatch,
    /// The `send` loop or npm's `ws`: the first eight bytes.
    Plain,
}

/// Messages that all clients received, taken together.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Number of messages.
    pub(crate) frames: u64,
    /// Bytes received, including frame headers.
    pub(crate) bytes: u64,
    /// Messages that were out of sequence or could not be decoded.
    pub(crate) wrong: u64,
    /// When the first and when the last client received a message, by sequence number.
    arrivals: HashMap<u64, (Instant, Instant)>,
    /// Delay of each delivery after the first client received the same message, in microseconds.
    delays: Vec<f64>,
    ticks: Ticks,
    /// Sequence numbers by the hash of the message: one that thousands of clients receive is decoded once.
    known: HashMap<u64, Option<u64>>,
}

impl Tally {
    fn count(&mut self, sender: Sender, payload: &[u8], last: &mut Option<u64>) {
        let now = Instant::now();
        self.frames += 1;
        let Some(seq) = self.seq(sender, payload) else {
            return;
        };
        if last.is_some_and(|last| last + 1 != seq) {
            self.wrong += 1;
        }
        *last = Some(seq);
        let (first, latest) = self.arrivals.entry(seq).or_insert((now, now));
        *latest = now;
        self.delays
            .push(now.duration_since(*first).as_secs_f64() * 1e6);
    }

    /// The sequence number of a message; with Deckwatch, `None` if it is not on the stats channel.
    fn seq(&mut self, sender: Sender, payload: &[u8]) -> Option<u64> {
        if sender == Sender::Plain {
            let first = payload.first_chunk()?;
            return Some(u64::from_be_bytes(*first));
        }
        let mut hasher = DefaultHasher::new();
        payload.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(known) = self.known.get(&hash) {
            return *known;
        }
        let decoded = inflated(payload).map(|frame| self.ticks.decode(&frame));
        let seq = match decoded {
            Ok(Ok(message)) => message
                .position()
                .and_then(|(channel, seq)| (channel == Channel::STATS).then_some(seq)),
            _ => {
                self.wrong += 1;
                None
            }
        };
        self.known.insert(hash, seq);
        seq
    }

    /// Time from the first to the last client that received a message, in microseconds: the 99th
    /// percentile of all messages.
    pub(crate) fn last_client(&self) -> f64 {
        let spread = |(first, last): &(Instant, Instant)| last.duration_since(*first);
        let mut spreads: Vec<f64> = self
            .arrivals
            .values()
            .map(|arrival| spread(arrival).as_secs_f64() * 1e6)
            .collect();
        percentile(&mut spreads, 99.0).unwrap_or_default()
    }

    /// Delay after the first client, in microseconds: a percentile of all deliveries.
    pub(crate) fn delay(&mut self, percent: f64) -> f64 {
        percentile(&mut self.delays, percent).unwrap_or_default()
    }
}

/// The frame with its message decompressed; a frame that is not compressed is returned as it is.
pub(crate) fn inflated(frame: &[u8]) -> Result<Vec<u8>, Failure> {
    let Some(message) = codec::as_deflated(frame) else {
        return Ok(frame.to_vec());
    };
    let mut plain = Vec::new();
    DeflateDecoder::new(message).read_to_end(&mut plain)?;
    Ok(codec::inflated(&plain))
}

/// Clients that read continuously. They run on one thread, which leaves the other core of a machine
/// with two cores to the server.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    tally: Rc<RefCell<Tally>>,
    readers: JoinSet<Result<(), Failure>>,
}

impl Crowd {
    /// Opens `n` connections, each of which subscribes to the channels in `follow`. Must run in a
    /// [`LocalSet`].
    pub(crate) async fn gather(
        address: SocketAddr,
        n: usize,
        sender: Sender,
        follow: &[Channel],
    ) -> Result<Self, Failure> {
        let mut crowd = Self::default();
        crowd.grow(address, n, sender, follow).await?;
        Ok(crowd)
    }

    /// Opens `n` more connections.
    pub(crate) async fn grow(
        &mut self,
        address: SocketAddr,
        n: usize,
        sender: Sender,
        follow: &[Channel],
    ) -> Result<(), Failure> {
        let opening = match sender {
            Sender::Deckwatch => BINARY,
            Sender::Plain => Opening {
                path: "/",
                protocol: None,
                user: None,
            },
        };
        let openings = std::iter::repeat_n(opening, n);
        self.open(address, openings, sender, follow).await
    }

    /// Opens `each` more connections of each of these users.
    pub(crate) async fn admit(
        &mut self,
        address: SocketAddr,
        users: &[User],
        each: usize,
        follow: &[Channel],
    ) -> Result<(), Failure> {
        let opening = |user| Opening {
            user: Some(user),
            ..BINARY
        };
        let openings = users
            .iter()
            .flat_map(|user| std::iter::repeat_n(opening(user), each));
        self.open(address, openings, Sender::Deckwatch, follow)
            .await
    }

    async fn open<'a>(
        &mut self,
        address: SocketAddr,
        openings: impl Iterator<Item = Opening<'a>>,
        sender: Sender,
        follow: &[Channel],
    ) -> Result<(), Failure> {
        let open = async |opening| {
            let mut client = Client::connect(address, opening).await?;
            for channel in follow {
                client.say(&subscribe(*channel)).await?;
            }
            Ok::<_, Failure>(client)
        };
        let opened = stream::iter(openings).map(open).buffer_unordered(OPENING);
        let tally = Rc::clone(&self.tally);
        let readers = &mut self.readers;
        opened
            .try_for_each(|client| {
                readers.spawn_local(read(client, sender, Rc::clone(&tally)));
                std::future::ready(Ok(()))
            })
            .await
    }

    /// Discards what was counted so far. The state of the decoder is kept.
    pub(crate) fn reset(&self) {
        let mut tally = self.tally.borrow_mut();
        let (ticks, known) = (
            std::mem::take(&mut tally.ticks),
            std::mem::take(&mut tally.known),
        );
        *tally = Tally {
            ticks,
            known,
            ..Tally::default()
        };
    }

    /// Returns what was counted since the last call or reset, and starts again at zero.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.tally.borrow_mut();
        let (ticks, known) = (tally.ticks.clone(), tally.known.clone());
        let fresh = Tally {
            ticks,
            known,
            ..Tally::default()
        };
        std::mem::replace(&mut *tally, fresh)
    }

    /// Fails if a connection has ended.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        match self.readers.try_join_next() {
            Some(ended) => Err(format!("a client ended: {ended:?}").into()),
            None => Ok(()),
        }
    }

    /// Waits until no message has arrived for 150 ms: every client has received its snapshot.
    pub(crate) async fn settle(&self) {
        let mut before = u64::MAX;
        loop {
            let now = self.tally.borrow().frames;
            if now == before {
                return;
            }
            before = now;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
}

async fn read(
    mut client: Client,
    sender: Sender,
    tally: Rc<RefCell<Tally>>,
) -> Result<(), Failure> {
    let (mut last, mut received) = (None, client.received);
    loop {
        let payload = client.next().await?;
        let mut tally = tally.borrow_mut();
        tally.count(sender, &payload, &mut last);
        tally.bytes += client.received - received;
        received = client.received;
    }
}

/// The message with which the pages of Deckwatch subscribe to a channel.
pub(crate) fn subscribe(channel: Channel) -> ClientMessage {
    ClientMessage::Subscribe(Subscribe {
        delta: channel == Channel::CONTAINERS,
        ..Subscribe::to(channel)
    })
}

/// Runs `work` in a [`LocalSet`], which a [`Crowd`] needs.
pub(crate) async fn with_crowds<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    LocalSet::new().run_until(work).await
}
