//! Probes sockets: whether they open, and whether the requested data arrives.

use super::{
    super::{browser, http::inflated},
    Recorder, TIMEOUT_MS,
    line::{Incoming, ProbeSocket, field},
    since, within,
};
use crate::{
    client::diagnosis::{Observations, SocketTrial},
    model::{Probe, Timestamp},
    protocol::{
        Channel, ClientMessage, Ping, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, ServerMessage,
        Subscribe,
        codec::{self, Ticks},
    },
};

/// Stats arrive every two seconds; without containers there are none.
const STATS_TIMEOUT_MS: u32 = 5_000;

/// A socket that is being probed.
struct SocketProbe {
    recorder: Recorder,
    field: fn(&mut Observations) -> &mut Option<SocketTrial>,
    trial: SocketTrial,
    began: f64,
    requested_at: Option<f64>,
}

impl SocketProbe {
    fn new(recorder: Recorder, field: fn(&mut Observations) -> &mut Option<SocketTrial>) -> Self {
        let new = Self {
            recorder,
            field,
            trial: SocketTrial::default(),
            began: browser::now_ms(),
            requested_at: None,
        };
        new.record();
        new
    }

    fn record(&self) {
        let (field, trial) = (self.field, self.trial.clone());
        self.recorder
            .record(|observed| *field(observed) = Some(trial));
    }

    fn on_frame(&mut self, bytes: usize) {
        self.trial.messages += 1;
        self.trial.bytes += bytes as u64;
        self.trial.first_ms.get_or_insert(since(self.began));
    }

    fn on_channel(&mut self, channel: Channel) {
        if !self.trial.channels.contains(&channel) {
            self.trial.channels.push(channel);
            self.trial.channels.sort_unstable();
        }
    }

    /// Records the time at which everything was requested; the answer to the last request arrives last.
    fn mark_requested(&mut self) {
        self.requested_at = Some(browser::now_ms());
    }

    fn on_pong(&mut self, timestamp: Timestamp) {
        if let Some(requested_at) = self.requested_at {
            let now = browser::now_ms();
            self.trial.round_trip_ms = Some(since(requested_at));
            self.trial.complete = true;
            let skew = (requested_at + now) as i64 / 2 - timestamp.as_millis();
            self.recorder
                .record(|observed| observed.clock_skew_ms = Some(skew));
        }
    }

    /// Whether nothing more is expected.
    fn is_done(&self) -> bool {
        self.trial.complete || self.trial.closed.is_some()
    }

    fn end(mut self) {
        self.trial.ended = true;
        self.record();
    }
}

/// Probes the multiplexed socket with the binary subprotocol.
pub(super) async fn binary(recorder: Recorder) {
    let mut probe = SocketProbe::new(recorder, |observed| &mut observed.binary);
    if let Some(mut socket) = ProbeSocket::open(Probe::Binary.path(), Some(SUBPROTOCOL_BINARY)) {
        within(TIMEOUT_MS, receive_binary(&mut socket, &mut probe)).await;
    }
    probe.end();
}

async fn receive_binary(socket: &mut ProbeSocket, probe: &mut SocketProbe) {
    let mut ticks = Ticks::default();
    while !probe.is_done() {
        match socket.next().await {
            Incoming::Opened => probe.trial.opened = true,
            Incoming::Closed(code) => probe.trial.closed = Some(code),
            // Not of the requested subprotocol: sent by something in between.
            Incoming::Text(_) => {}
            Incoming::Bytes(frame) => {
                probe.on_frame(frame.len());
                let Some(frame) = inflated(frame).await else {
                    continue;
                };
                let Ok(message) = ticks.decode(&frame) else {
                    continue;
                };
                match &message {
                    ServerMessage::Connected { .. } => {
                        for message in requests() {
                            socket.send_bytes(&codec::encode(&message));
                        }
                        probe.mark_requested();
                    }
                    ServerMessage::Heartbeat { timestamp } => probe.on_pong(*timestamp),
                    _ => {}
                }
                if let Some((channel, _)) = message.position() {
                    probe.on_channel(channel);
                }
            }
        }
        probe.record();
    }
}

/// Subscriptions to every channel, and then a ping.
fn requests() -> impl Iterator<Item = ClientMessage> {
    let subscribe = Channel::SUBSCRIBABLE.into_iter().map(Subscribe::to);
    let subscribe = subscribe.map(ClientMessage::Subscribe);
    subscribe.chain([ClientMessage::Ping(Ping {})])
}

/// Probes the multiplexed socket with the JSON subprotocol.
pub(super) async fn json(recorder: Recorder) {
    let mut probe = SocketProbe::new(recorder, |observed| &mut observed.json);
    if let Some(mut socket) = ProbeSocket::open(Probe::Json.path(), Some(SUBPROTOCOL_JSON)) {
        within(TIMEOUT_MS, receive_json(&mut socket, &mut probe)).await;
    }
    probe.end();
}

async fn receive_json(socket: &mut ProbeSocket, probe: &mut SocketProbe) {
    while !probe.is_done() {
        match socket.next().await {
            Incoming::Opened => probe.trial.opened = true,
            Incoming::Closed(code) => probe.trial.closed = Some(code),
            Incoming::Bytes(_) => {}
            Incoming::Text(text) => {
                probe.on_frame(text.len());
                let Ok(message) = js_sys::JSON::parse(&text) else {
                    continue;
                };
                match field(&message, "type").unwrap_or_default().as_str() {
                    "connected" => {
                        for channel in Channel::SUBSCRIBABLE {
                            socket.send(
                                &[
                                    "{\"type\":\"subscribe\",\"channel\":\"",
                                    channel.policy().name,
                                    "\"}",
                                ]
                                .concat(),
                            );
                        }
                        socket.send("{\"type\":\"ping\"}");
                        probe.mark_requested();
                    }
                    "heartbeat" => {
                        let at = field(&message, "timestamp").and_then(|at| at.parse().ok());
                        probe.on_pong(at.unwrap_or_default());
                    }
                    "metrics" => probe.on_channel(Channel::METRICS),
                    "containers" => probe.on_channel(Channel::CONTAINERS),
                    "stats" => probe.on_channel(Channel::STATS),
                    "event" => probe.on_channel(Channel::EVENTS),
                    _ => {}
                }
            }
        }
        probe.record();
    }
}

/// Probes the socket that sends only container stats.
pub(super) async fn docker_stats(recorder: Recorder) {
    let mut probe = SocketProbe::new(recorder, |observed| &mut observed.docker_stats);
    if let Some(mut socket) = ProbeSocket::open(Probe::DockerStats.path(), None) {
        let opening = async {
            while !probe.trial.opened && !probe.is_done() {
                match socket.next().await {
                    Incoming::Opened => probe.trial.opened = true,
                    Incoming::Closed(code) => probe.trial.closed = Some(code),
                    Incoming::Text(_) | Incoming::Bytes(_) => {}
                }
            }
        };
        within(TIMEOUT_MS, opening).await;
        within(STATS_TIMEOUT_MS, receive_stats(&mut socket, &mut probe)).await;
        // Without a running container nothing is sent.
        probe.trial.complete = probe.trial.opened && probe.trial.closed.is_none();
    }
    probe.end();
}

async fn receive_stats(socket: &mut ProbeSocket, probe: &mut SocketProbe) {
    while probe.trial.messages == 0 && !probe.is_done() {
        match socket.next().await {
            Incoming::Text(text) => {
                probe.on_frame(text.len());
                probe.on_channel(Channel::STATS);
            }
            Incoming::Closed(code) => probe.trial.closed = Some(code),
            Incoming::Opened | Incoming::Bytes(_) => {}
        }
        probe.record();
    }
}
