//! `GET /api/containers/stream`: lists and stats of containers as Server-Sent Events.

use super::Session;
use crate::{
    protocol::{Channel, Resume},
    server::{
        AppState,
        access::{Lease, Visitor},
        api::schema::NoStream,
        gate::Permit,
        hub::{Frame, Viewer},
        problem::Refusal,
        serve::Connection,
    },
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use futures::{Stream, future::OptionFuture, stream};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The longest time without a list, so that a script need not decide whether its list is current.
const REPEAT: Duration = Duration::from_secs(3);
/// Time between the comments that keep proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Sends the full list at once, on every change and at least every three seconds, and all stats.
///
/// # Errors
/// When no permit is left for another client.
#[utoipa::path(
    get,
    path = "/containers/stream",
    operation_id = "stream",
    summary = "Lists and figures of containers as Server-Sent Events.",
    params(("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event: what came after it follows.")),
    responses(
        (status = 200, description = "`event: containers` at once, on every change and at least every 3 s; `event: stats`.",
            body = String, content_type = "text/event-stream"),
        NoStream
    )
)]
pub async fn containers(
    State(state): State<AppState>,
    visitor: Visitor,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let permit = state.gate.admit(&visitor)?.of_live();
    connection.streams();
    let resume = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(resume);
    let feed = Feed::new(&state, &visitor, permit, resume.as_ref());
    let unbuffered = [
        (HeaderName::from_static("x-accel-buffering"), "no"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
    ];
    Ok((unbuffered, Sse::new(feed.events())).into_response())
}

/// The next output for a client.
enum Next {
    Frame(Arc<Frame>),
    Comment,
}

/// The events of one client.
struct Feed {
    viewer: Viewer,
    session: Session,
    changes: watch::Receiver<u64>,
    shutdown: CancellationToken,
    /// `None` on a server without sign-in, where access never changes.
    lease: Option<Lease>,
    /// Frames to send before the feed waits again. Filled only when empty, so it is bounded by the backlog
    /// of a session.
    queue: VecDeque<Arc<Frame>>,
    listed: Instant,
    commented: Instant,
    _permit: Permit,
}

impl Feed {
    fn new(state: &AppState, visitor: &Visitor, permit: Permit, resume: Option<&Resume>) -> Self {
        // Created before the subscriptions, so that later changes are noticed.
        let changes = visitor.viewer().changes();
        let mut session = Session::new(visitor.viewer().clone());
        let mut queue = VecDeque::from(session.subscribe(Channel::CONTAINERS, false, resume));
        queue.extend(session.subscribe(Channel::STATS, false, None));
        Self {
            viewer: visitor.viewer().clone(),
            session,
            changes,
            shutdown: state.shutdown.token(),
            lease: visitor.lease().filter(|_| !state.access.is_open()),
            queue,
            listed: Instant::now(),
            commented: Instant::now(),
            _permit: permit,
        }
    }

    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut feed| {
            let event = match feed.next().await? {
                Next::Frame(frame) => feed.event(&frame),
                Next::Comment => Event::default().comment(""),
            };
            Some((Ok(event), feed))
        })
    }

    async fn next(&mut self) -> Option<Next> {
        loop {
            if let Some(frame) = self.queue.pop_front() {
                return Some(Next::Frame(frame));
            }
            let rights: OptionFuture<_> = self.lease.as_mut().map(Lease::changed).into();
            tokio::select! {
                () = self.shutdown.cancelled() => return None,
                // A client that connects again gets what it may see then, or is refused.
                Some(_) = rights => return None,
                () = sleep_until(self.commented + KEEP_ALIVE) => {
                    self.commented = Instant::now();
                    return Some(Next::Comment);
                }
                // Fails only when the hub is dropped, at the end of the process.
                Ok(()) = self.changes.changed() => self.queue.extend(self.session.catch_up()),
                () = sleep_until(self.listed + REPEAT) => {
                    self.listed = Instant::now();
                    self.queue.extend(self.session.snapshot(Channel::CONTAINERS));
                    if self.queue.is_empty() {
                        // No list exists yet; a comment still lets clients and proxies see that the
                        // connection is alive.
                        self.commented = Instant::now();
                        return Some(Next::Comment);
                    }
                }
            }
        }
    }

    fn event(&mut self, frame: &Frame) -> Event {
        let event = Event::default().data(&frame.json()[..]);
        match frame.message().position() {
            Some((Channel::CONTAINERS, seq)) => {
                self.listed = Instant::now();
                event
                    .event("containers")
                    .id(format!("{}:{seq}", self.viewer.epoch()))
            }
            _ => event.event("stats"),
        }
    }
}

fn resume(id: &str) -> Option<Resume> {
    let (epoch, seq) = id.split_once(':')?;
    Some(Resume {
        epoch: epoch.to_owned(),
        seq: seq.parse().ok()?,
    })
}
