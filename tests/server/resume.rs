//! Subscribing, resuming and polling yield the same messages, without gaps or overlaps.

use crate::support::{
    app::TestApp,
    fake_engine::FakeEngine,
    mirror::{Mirror, states},
    socket::Socket,
};
use deckwatch::{
    model::{Dashboard, Update},
    protocol::{Channel, ClientMessage, Resume, ServerMessage, Subscribe, Unsubscribe},
};

async fn resume(socket: &mut Socket, channel: Channel, epoch: &str, seq: u64) {
    let epoch = epoch.to_owned();
    let resume = Some(Resume { epoch, seq });
    let delta = true;
    socket
        .send(ClientMessage::Subscribe(Subscribe {
            delta,
            resume,
            ..Subscribe::to(channel)
        }))
        .await;
    socket
        .until(|message| *message == ServerMessage::Subscribed { channel })
        .await;
}

async fn next_of(socket: &mut Socket, channel: Channel) -> (ServerMessage, u64) {
    socket
        .find(|message| match message.position() {
            Some((of, seq)) if of == channel => Some((message, seq)),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_subscription_begins_with_a_snapshot() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let mut socket = app.socket().await;
    for (channel, kind) in [
        (Channel::CONTAINERS, "containers"),
        (Channel::METRICS, "metrics"),
    ] {
        socket.subscribe(channel).await;
        let (first, _) = next_of(&mut socket, channel).await;
        assert_eq!(serde_json::to_value(&first).unwrap()["type"], kind);
    }
    app.end().await;
}

#[tokio::test]
async fn snapshot_and_stream_have_neither_gap_nor_overlap() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    for n in 0..20 {
        // Changes happen while the subscription is made.
        app.engine.create_container(&format!("new-{n}"));
        app.engine.stop_container("web-1");
        app.engine.start_container("web-1");
        let mut socket = app.socket().await;
        socket.subscribe_delta(Channel::CONTAINERS).await;
        app.engine.remove_container(&format!("new-{n}"));
        let truth = app.engine.truth();
        let (first, mut seq) = next_of(&mut socket, Channel::CONTAINERS).await;
        assert!(
            matches!(first.update(), Some(Update::Containers { .. })),
            "{first:?}"
        );
        let mut dashboard = Dashboard::default();
        dashboard.apply(first.update().unwrap().clone());
        let shown = |dashboard: &Dashboard| {
            dashboard
                .hosts
                .values()
                .flat_map(|host| states(host.containers.values()))
                .collect::<Vec<_>>()
        };
        while shown(&dashboard) != truth {
            let (message, next) = next_of(&mut socket, Channel::CONTAINERS).await;
            assert!(
                matches!(message.update(), Some(Update::ContainersDelta { .. })),
                "{message:?}"
            );
            assert_eq!(next, seq + 1);
            seq = next;
            dashboard.apply(message.update().unwrap().clone());
        }
    }
    app.end().await;
}

#[tokio::test]
async fn a_resumed_subscription_receives_only_what_was_missed() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let epoch = app.snapshot("containers").await.epoch;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_it_shows(&app.engine).await;
    let mut witness = app.socket().await;
    witness.subscribe_delta(Channel::CONTAINERS).await;
    let (_, seen) = next_of(&mut witness, Channel::CONTAINERS).await;
    app.engine.stop_container("web-1");
    page.until_it_shows(&app.engine).await;
    app.engine.stop_container("web-2");
    page.until_it_shows(&app.engine).await;
    let mut back = app.socket().await;
    resume(&mut back, Channel::CONTAINERS, &epoch, seen).await;
    let mut reported = Vec::new();
    let is_last = |message: &ServerMessage| match message.update() {
        Some(Update::ContainersDelta { delta, .. }) => {
            states(&delta.upserts).contains(&("web-2".into(), "exited".into()))
        }
        _ => false,
    };
    while !reported.last().is_some_and(is_last) {
        let (missed, seq) = next_of(&mut back, Channel::CONTAINERS).await;
        assert_eq!(seq, seen + 1 + reported.len() as u64);
        let (same, _) = next_of(&mut witness, Channel::CONTAINERS).await;
        assert_eq!(missed, same, "the same as without an interruption");
        reported.push(missed);
    }
    app.end().await;
}

#[tokio::test]
async fn a_subscription_that_cannot_resume_begins_with_a_snapshot() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let epoch = app.snapshot("containers").await.epoch;
    let unknown = [("another-run", 1), (epoch.as_str(), u64::MAX), ("", 0)];
    for (epoch, seq) in unknown {
        let mut back = app.socket().await;
        resume(&mut back, Channel::CONTAINERS, epoch, seq).await;
        let (first, _) = next_of(&mut back, Channel::CONTAINERS).await;
        let is_whole =
            matches!(first.update(), Some(Update::Containers { data, .. }) if data.len() == 3);
        assert!(is_whole, "{epoch} {seq}: {first:?}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_client_that_was_away_too_long_receives_a_snapshot() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let epoch = app.snapshot("containers").await.epoch;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_it_shows(&app.engine).await;
    let mut early = app.socket().await;
    early.subscribe_delta(Channel::CONTAINERS).await;
    let (_, seen) = next_of(&mut early, Channel::CONTAINERS).await;
    // More changes than a channel keeps, each awaited, because simultaneous changes are merged.
    for n in 0..260 {
        if n % 2 == 0 {
            app.engine.stop_container("web-1")
        } else {
            app.engine.start_container("web-1")
        }
        page.until_it_shows(&app.engine).await;
    }
    let mut back = app.socket().await;
    resume(&mut back, Channel::CONTAINERS, &epoch, seen).await;
    let (first, _) = next_of(&mut back, Channel::CONTAINERS).await;
    assert!(
        matches!(first.update(), Some(Update::Containers { .. })),
        "{first:?}"
    );
    app.end().await;
}

#[tokio::test]
async fn an_unsubscribed_client_receives_nothing_more() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let mut socket = app.socket().await;
    socket.subscribe(Channel::CONTAINERS).await;
    socket.subscribe(Channel::METRICS).await;
    let channel = Channel::CONTAINERS;
    socket
        .send(ClientMessage::Unsubscribe(Unsubscribe { channel }))
        .await;
    socket
        .until(|m| {
            matches!(
                m,
                ServerMessage::Unsubscribed {
                    channel: Channel::CONTAINERS,
                    ..
                }
            )
        })
        .await;
    app.engine.stop_container("web-1");
    for _ in 0..2 {
        let message = socket.until(|m| m.position().is_some()).await;
        assert!(
            matches!(message.update(), Some(Update::Metrics { .. })),
            "{message:?}"
        );
    }
    app.end().await;
}

#[tokio::test]
async fn polling_returns_the_same_messages() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    crate::support::eventually("socket and poll tell the same", async || {
        let mut socket = app.socket().await;
        socket.subscribe(Channel::CONTAINERS).await;
        let (reported, _) = next_of(&mut socket, Channel::CONTAINERS).await;
        app.snapshot("containers")
            .await
            .messages
            .contains(&reported)
    })
    .await;
    let all = app.snapshot("metrics,containers,stats").await.messages;
    for kind in ["metrics", "containers"] {
        let is = |m: &ServerMessage| serde_json::to_value(m).unwrap()["type"] == kind;
        assert_eq!(all.iter().filter(|m| is(m)).count(), 1, "{kind}: {all:?}");
    }
    app.end().await;
}

#[tokio::test]
async fn an_unchanged_snapshot_is_not_sent_again() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let path = "/api/snapshot?channels=containers";
    let tag = async || {
        let answer = app.get(path).await;
        answer.headers()["etag"].to_str().unwrap().to_owned()
    };
    crate::support::eventually("nothing has changed", async || {
        let again = app.get_with(path, ("if-none-match", &tag().await)).await;
        let unchanged = again.status() == 304;
        assert!(!unchanged || again.text().await.unwrap().is_empty());
        unchanged
    })
    .await;
    let before = tag().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    app.engine.stop_container("web-1");
    page.until_it_shows(&app.engine).await;
    let changed = app.get_with(path, ("if-none-match", &before)).await;
    assert_eq!(changed.status(), 200);
    app.end().await;
}
