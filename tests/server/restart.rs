//! A restart of the server while clients are connected.

use crate::support::{
    PATIENCE, attackers::allow_many_files, fake_engine::FakeEngine, mirror::states,
    process::Process, socket::Socket,
};
use deckwatch::{
    model::Dashboard,
    protocol::{Channel, ClientMessage, Subscribe, close_code},
};
use futures::future::join_all;
use tokio::time::timeout;

/// As many as a server admits by default.
const CLIENTS: usize = 1_000;

/// Connects a client and waits until it sees these containers.
async fn connected(process: &Process, containers: &[(String, String)]) -> Socket {
    let url = format!("ws://{}/api/ws", process.address);
    let mut socket = Socket::connect(&url, &[]).await.unwrap();
    let subscribe = Subscribe::to(Channel::CONTAINERS);
    socket.send(ClientMessage::Subscribe(subscribe)).await;
    let mut dashboard = Dashboard::default();
    let sees = async {
        let is_seen = |dashboard: &Dashboard| {
            let mut hosts = dashboard.hosts.values();
            hosts.any(|host| states(host.containers.values()) == containers)
        };
        while !is_seen(&dashboard) {
            if let Some(update) = socket.next().await.update() {
                dashboard.apply(update.clone());
            }
        }
    };
    timeout(PATIENCE, sees).await.expect("it never sees them");
    socket
}

#[tokio::test]
async fn a_thousand_clients_return_at_once_and_see_what_changed_meanwhile() {
    allow_many_files();
    let engine = FakeEngine::start().with_containers(20);
    let mut process = Process::start(&engine).await;
    let truth = engine.truth();
    let clients = (0..CLIENTS).map(|_| connected(&process, &truth));
    let mut clients = join_all(clients).await;

    process.terminate().await;
    let codes = join_all(clients.iter_mut().map(Socket::closed)).await;
    assert_eq!(codes, [close_code::RESTART; CLIENTS]);
    assert!(process.ended().await.success());
    engine.stop_container("web-1");
    engine.create_container("new-1");

    let process = process
        .start_again(&[("DOCKER_HOST", &engine.address())])
        .await;
    let truth = engine.truth();
    let again = (0..CLIENTS).map(|_| connected(&process, &truth));
    assert_eq!(join_all(again).await.len(), CLIENTS);
}
