//! Sockets: whether they open, and whether what was asked for comes.

use super::{
    super::{browser, http::inflated},
    Notes, PATIENCE_MS,
    line::{Incoming, Line, field},
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

/// Figures come every two seconds; a machine without containers may have none.
const FIGURES_MS: u32 = 5_000;

/// A socket on trial.
struct OnTrial {
    notes: Notes,
    field: fn(&mut Observations) -> &mut Option<SocketTrial>,
    trial: SocketTrial,
    began: f64,
    asked: Option<f64>,
}

impl OnTrial {
    fn new(notes: Notes, field: fn(&mut Observations) -> &mut Option<SocketTrial>) -> Self {
        let new = Self {
            notes,
            field,
            trial: SocketTrial::default(),
            began: browser::now_ms(),
            asked: None,
        };
        new.note();
        new
    }

    fn note(&self) {
        let (field, trial) = (self.field, self.trial.clone());
        self.notes.note(|observed| *field(observed) = Some(trial));
    }

    fn heard(&mut self, bytes: usize) {
        self.trial.messages += 1;
        self.trial.bytes += bytes as u64;
        self.trial.first_ms.get_or_insert(since(self.began));
    }

    fn saw(&mut self, channel: Channel) {
        if !self.trial.channels.contains(&channel) {
            self.trial.channels.push(channel);
            self.trial.channels.sort_unstable();
        }
    }

    /// Everything has been asked for, and the answer to the last question comes last.
    fn ask(&mut self) {
        self.asked = Some(browser::now_ms());
    }

    fn answered(&mut self, timestamp: Timestamp) {
        if let Some(asked) = self.asked {
            let now = browser::now_ms();
            self.trial.round_trip_ms = Some(since(asked));
            self.trial.complete = true;
            let skew = (asked + now) as i64 / 2 - timestamp.as_millis();
            self.notes
                .note(|observed| observed.clock_skew_ms = Some(skew));
        }
    }

    /// Whether there is nothing more to wait for.
    fn is_over(&self) -> bool {
        self.trial.complete || self.trial.closed.is_some()
    }

    fn end(mut self) {
        self.trial.ended = true;
        self.note();
    }
}

/// The multiplexed socket in the binary form.
pub(super) async fn binary(notes: Notes) {
    let mut on_trial = OnTrial::new(notes, |observed| &mut observed.binary);
    if let Some(mut line) = Line::open(Probe::Binary.path(), Some(SUBPROTOCOL_BINARY)) {
        within(PATIENCE_MS, hear_binary(&mut line, &mut on_trial)).await;
    }
    on_trial.end();
}

async fn hear_binary(line: &mut Line, on_trial: &mut OnTrial) {
    let mut ticks = Ticks::default();
    while !on_trial.is_over() {
        match line.next().await {
            Incoming::Opened => on_trial.trial.opened = true,
            Incoming::Closed(code) => on_trial.trial.closed = Some(code),
            // Of another form than was asked for: somebody in between.
            Incoming::Text(_) => {}
            Incoming::Bytes(frame) => {
                on_trial.heard(frame.len());
                let Some(frame) = inflated(frame).await else {
                    continue;
                };
                let Ok(message) = ticks.decode(&frame) else {
                    continue;
                };
                match &message {
                    ServerMessage::Connected { .. } => {
                        for message in questions() {
                            line.say_bytes(&codec::encode(&message));
                        }
                        on_trial.ask();
                    }
                    ServerMessage::Heartbeat { timestamp } => on_trial.answered(*timestamp),
                    _ => {}
                }
                if let Some((channel, _)) = message.position() {
                    on_trial.saw(channel);
                }
            }
        }
        on_trial.note();
    }
}

/// Every channel, and then a sign of life.
fn questions() -> impl Iterator<Item = ClientMessage> {
    let subscribe = Channel::SUBSCRIBABLE.into_iter().map(Subscribe::to);
    let subscribe = subscribe.map(ClientMessage::Subscribe);
    subscribe.chain([ClientMessage::Ping(Ping {})])
}

/// The multiplexed socket in JSON.
pub(super) async fn json(notes: Notes) {
    let mut on_trial = OnTrial::new(notes, |observed| &mut observed.json);
    if let Some(mut line) = Line::open(Probe::Json.path(), Some(SUBPROTOCOL_JSON)) {
        within(PATIENCE_MS, hear_json(&mut line, &mut on_trial)).await;
    }
    on_trial.end();
}

async fn hear_json(line: &mut Line, on_trial: &mut OnTrial) {
    while !on_trial.is_over() {
        match line.next().await {
            Incoming::Opened => on_trial.trial.opened = true,
            Incoming::Closed(code) => on_trial.trial.closed = Some(code),
            Incoming::Bytes(_) => {}
            Incoming::Text(text) => {
                on_trial.heard(text.len());
                let Ok(message) = js_sys::JSON::parse(&text) else {
                    continue;
                };
                match field(&message, "type").unwrap_or_default().as_str() {
                    "connected" => {
                        for channel in Channel::SUBSCRIBABLE {
                            line.say(
                                &[
                                    "{\"type\":\"subscribe\",\"channel\":\"",
                                    channel.policy().name,
                                    "\"}",
                                ]
                                .concat(),
                            );
                        }
                        line.say("{\"type\":\"ping\"}");
                        on_trial.ask();
                    }
                    "heartbeat" => {
                        let at = field(&message, "timestamp").and_then(|at| at.parse().ok());
                        on_trial.answered(at.unwrap_or_default());
                    }
                    "metrics" => on_trial.saw(Channel::METRICS),
                    "containers" => on_trial.saw(Channel::CONTAINERS),
                    "stats" => on_trial.saw(Channel::STATS),
                    "event" => on_trial.saw(Channel::EVENTS),
                    _ => {}
                }
            }
        }
        on_trial.note();
    }
}

/// The socket with nothing but figures of containers.
pub(super) async fn docker_stats(notes: Notes) {
    let mut on_trial = OnTrial::new(notes, |observed| &mut observed.docker_stats);
    if let Some(mut line) = Line::open(Probe::DockerStats.path(), None) {
        let opening = async {
            while !on_trial.trial.opened && !on_trial.is_over() {
                match line.next().await {
                    Incoming::Opened => on_trial.trial.opened = true,
                    Incoming::Closed(code) => on_trial.trial.closed = Some(code),
                    Incoming::Text(_) | Incoming::Bytes(_) => {}
                }
            }
        };
        within(PATIENCE_MS, opening).await;
        within(FIGURES_MS, hear_figures(&mut line, &mut on_trial)).await;
        // Without a running container there is nothing to say.
        on_trial.trial.complete = on_trial.trial.opened && on_trial.trial.closed.is_none();
    }
    on_trial.end();
}

async fn hear_figures(line: &mut Line, on_trial: &mut OnTrial) {
    while on_trial.trial.messages == 0 && !on_trial.is_over() {
        match line.next().await {
            Incoming::Text(text) => {
                on_trial.heard(text.len());
                on_trial.saw(Channel::STATS);
            }
            Incoming::Closed(code) => on_trial.trial.closed = Some(code),
            Incoming::Opened | Incoming::Bytes(_) => {}
        }
        on_trial.note();
    }
}
