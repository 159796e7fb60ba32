//! The loop that updates [`Live`] in the browser: the only code that uses sockets and timers.

mod actions;
mod apply;
mod ask;
mod browser;
mod canvas;
mod change;
mod clipboard;
mod http;
mod json_tree;
mod logs;
mod menu;
mod page;
mod poll;
mod probe;
mod socket;
mod sparklines;

pub use ask::{ask, ask_text, keep_asking};
pub use browser::{is_typing, later, local, open_page, quiet, set_cookie, zone_name};
pub use canvas::{paint, use_looks, watch_size};
pub use change::{change, change_for, change_for_text};
pub use clipboard::{copy, copy_report};
pub use json_tree::{open_json, show_json};
pub use logs::{on_page_key, show_logs};
pub use menu::{close_menu, is_menu_open, leave_menu, return_focus, step_in_menu};
pub use page::{
    RowKey, drop_server_rows, fetch_history, fetch_stats, first_bottom, keep_focus, page_host,
    press, show_current, watch_press, watch_rows,
};
pub use probe::run_probes;
pub use sparklines::show_sparkline;

use super::{
    Live, Outbox, Traffic,
    inbox::Inbox,
    link::{Link, LinkCommand, LinkEvent, Stopwatch},
    logs::LogOrder,
};
use crate::{
    model::Timestamp,
    protocol::{
        ApiError, Channel, ClientMessage, ContainerAction, PROTOCOL_VERSION, Ping, ServerMessage,
        close_code, codec::DecodeError,
    },
};
use actions::ActionSender;
use apply::apply_soon;
use futures::{FutureExt, StreamExt, channel::mpsc, select_biased};
use gloo_timers::future::IntervalStream;
use leptos::prelude::*;
use logs::{Feeds, LogPoll};
use poll::{Answer, Poll};
use socket::{Incoming, Socket};
use std::sync::Arc;

/// Interval of clock updates: short enough for a reconnect to seem immediate.
const TICK_MS: u32 = 250;
/// Interval of pings while the connection's statistics are shown, in seconds.
const ASK_SECONDS: i64 = 3;

/// Begins to update `live`; call once, in the browser.
pub fn start(live: Live) {
    let (sender, orders) = mpsc::unbounded();
    let log_orders = sender.clone();
    live.set_outbox(Outbox {
        new_request_id: browser::new_request_id,
        send: Arc::new(move |action| drop(sender.unbounded_send(Order::Act(action)))),
        order_log: Arc::new(move |order| drop(log_orders.unbounded_send(Order::Log(order)))),
    });
    sparklines::feed(live);
    browser::mark_hydrated();
    leptos::task::spawn_local_scoped_with_cancellation(Driver::new(live).run(orders));
}

/// The orders of pages.
enum Order {
    Act(ContainerAction),
    Log(LogOrder),
}

struct Driver {
    live: Live,
    link: Link,
    inbox: Inbox,
    socket: Option<Socket>,
    poll: Poll,
    actions: ActionSender,
    stopwatch: Stopwatch,
    feeds: Feeds,
    log_poll: LogPoll,
    traffic: Traffic,
    /// Difference between the server's clock and this browser's, in milliseconds.
    clock_offset: i64,
}

/// The events that the loop waits for.
enum Happening {
    Link(LinkEvent),
    Frame(Vec<u8>),
    Polled(Answer),
    Ordered(Order),
}

impl Driver {
    fn new(live: Live) -> Self {
        let now = live.now().get_untracked();
        Self {
            live,
            link: Link::default(),
            inbox: live
                .initial()
                .with_value(|initial| Inbox::after(&initial.snapshot, initial.partial)),
            socket: None,
            poll: Poll::default(),
            actions: ActionSender::new(live),
            stopwatch: Stopwatch::default(),
            feeds: Feeds::default(),
            log_poll: LogPoll::default(),
            traffic: Traffic::default(),
            clock_offset: now.as_millis() - browser::now_ms() as i64,
        }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut signs = browser::signs();
        let mut ticks = IntervalStream::new(TICK_MS).fuse();
        self.step(LinkEvent::Start);
        loop {
            let happening = select_biased! {
                event = signs.next() => Happening::Link(event.unwrap_or(LinkEvent::Tick)),
                heard = Socket::next(&mut self.socket).fuse() => match heard {
                    Incoming::Frame(frame) => Happening::Frame(frame),
                    Incoming::Closed(code) => Happening::Link(LinkEvent::Closed(code)),
                },
                answer = self.poll.next().fuse() => Happening::Polled(answer),
                order = orders.next() => match order {
                    Some(order) => Happening::Ordered(order),
                    None => return,
                },
                _ = ticks.next() => Happening::Link(LinkEvent::Tick),
            };
            self.on(happening);
        }
    }

    fn on(&mut self, happening: Happening) {
        match happening {
            Happening::Link(event) => self.on_link(event),
            Happening::Frame(frame) => match self.inbox.decode(&frame) {
                Ok(message) => {
                    let bytes = self.socket.as_mut().map_or(0, Socket::take_bytes);
                    self.traffic.heard(bytes, self.moment());
                    self.step(LinkEvent::Incoming);
                    self.on_message(message);
                }
                Err(DecodeError::Version) => self.on_link(LinkEvent::Closed(close_code::VERSION)),
                Err(error) => self.on_nonsense(error),
            },
            Happening::Polled(answer) => {
                let outcome = answer.outcome();
                self.step(LinkEvent::Polled(outcome));
                let mut etag = None;
                if let Answer::News(bundle, tag) = answer {
                    let bytes = bundle.frames.iter().map(Vec::len).sum();
                    self.traffic.heard(bytes, self.moment());
                    let messages = self.inbox.decode_all(&bundle);
                    self.receive(messages);
                    etag = tag;
                }
                self.poll.again(&self.inbox.position(), etag, outcome);
            }
            Happening::Ordered(Order::Act(action)) => {
                self.actions.push(action);
                self.send_actions();
            }
            Happening::Ordered(Order::Log(order)) => {
                let socket = self.socket.as_ref().filter(|_| self.link.is_open());
                self.feeds.order(order, socket);
            }
        }
    }

    fn on_link(&mut self, event: LinkEvent) {
        if matches!(event, LinkEvent::Closed(_)) {
            self.socket = None;
            self.actions.on_disconnect();
        }
        self.step(event);
        self.actions.expire();
        self.send_actions();
        self.feeds
            .retry(self.socket.as_ref().filter(|_| self.link.is_open()));
        self.show_time();
    }

    fn send_actions(&mut self) {
        let socket = self.socket.as_ref().filter(|_| self.link.is_open());
        self.actions.send(socket);
    }

    /// Applies `messages` with the next animation frame.
    fn receive(&mut self, messages: Vec<ServerMessage>) {
        if let Some(batch) = self.inbox.receive(messages) {
            apply_soon(self.live, batch);
        }
    }

    fn on_nonsense(&self, error: DecodeError) {
        leptos::logging::debug_warn!("{error}");
        if let (DecodeError::Base, Some(socket)) = (error, &self.socket) {
            socket.follow(Channel::STATS, None);
        }
    }

    fn on_message(&mut self, message: ServerMessage) {
        let Some(message) = self.feeds.hear(message) else {
            return;
        };
        match message {
            ServerMessage::Connected { protocol, .. } if protocol != PROTOCOL_VERSION => {
                self.on_link(LinkEvent::Closed(close_code::VERSION));
            }
            // Everything on the page belongs to another principal, or to the rights before.
            ServerMessage::Connected { ref principal, .. }
                if !self.live.is_for(principal) && browser::reload_once(principal) => {}
            ServerMessage::Connected { ref epoch, .. } => {
                browser::forget_reload();
                self.traffic.opened();
                let resume = self.inbox.resume(epoch);
                if let Some(socket) = &self.socket {
                    socket.subscribe(resume);
                    self.feeds.on_connect(epoch, socket);
                }
                self.ask();
                self.receive(vec![message]);
            }
            ServerMessage::Heartbeat { timestamp } => {
                self.traffic.answered(self.moment());
                self.clock_offset = timestamp.as_millis() - browser::now_ms() as i64;
            }
            ServerMessage::ContainerAck(ack) => {
                self.actions.acknowledge(&ack.request_id);
                self.send_actions();
                self.receive(vec![ServerMessage::ContainerAck(ack)]);
            }
            ServerMessage::Error {
                request_id: Some(request_id),
                code,
                message,
                ..
            } => self
                .actions
                .refuse(&request_id, ApiError::new(code, message)),
            message => self.receive(vec![message]),
        }
    }

    fn step(&mut self, event: LinkEvent) {
        let now = self.stopwatch.look(browser::now_ms());
        for command in self.link.step(event, now, browser::random()) {
            match command {
                LinkCommand::Connect => self.socket = Socket::open(),
                LinkCommand::Disconnect => {
                    self.socket = None;
                    self.actions.on_disconnect();
                }
                LinkCommand::StartPolling => {
                    self.poll.start(&self.inbox.position());
                    self.log_poll.start(self.feeds.clone());
                }
                LinkCommand::StopPolling => {
                    self.poll.stop();
                    self.log_poll.stop();
                }
                LinkCommand::Reload if browser::reload_once("version") => {}
                LinkCommand::Reload => return self.step(LinkEvent::ReloadedInVain),
                LinkCommand::Ask => self.ask(),
            }
        }
        let origin = Timestamp::from_millis(self.now().as_millis() - now as i64);
        self.live.set_connection(self.link.connection(origin));
    }

    /// Sends a ping, whose response contains the server's time and yields the round trip time.
    fn ask(&mut self) {
        if let Some(socket) = &self.socket {
            self.traffic.asked(self.moment());
            socket.say(&ClientMessage::Ping(Ping {}));
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(browser::now_ms() as i64 + self.clock_offset)
    }

    /// The server's time in milliseconds.
    fn moment(&self) -> f64 {
        self.now().as_millis() as f64
    }

    /// Updates the shown time once a second, which is enough for ages and uptimes.
    fn show_time(&mut self) {
        let now = self.now();
        let shown = self.live.now().get_untracked();
        let second = now.as_millis() / 1_000;
        if second != shown.as_millis() / 1_000 {
            self.live.set_now(now);
            if self.live.is_connection_watched() {
                self.show_connection(second);
            }
        }
    }

    fn show_connection(&mut self, second: i64) {
        if second % ASK_SECONDS == 0 && self.link.is_open() {
            self.ask();
        }
        let now = self.moment();
        let (epoch, positions) = self.inbox.progress();
        let summary = self.traffic.summary(now, epoch, positions);
        self.live.set_connection_summary(summary);
    }
}
