use super::*;
use futures::FutureExt;
use std::net::IpAddr;

fn peer(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

fn is_closing(connection: &Connection) -> bool {
    connection.closing().now_or_never().is_some()
}

async fn a_while() {
    tokio::time::advance(Duration::from_millis(10)).await;
}

#[tokio::test(start_paused = true)]
async fn the_connection_that_waited_longest_is_closed_for_a_new_one() {
    let connections = Connections::new(3);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connections.register(peer(1)).unwrap());
        a_while().await;
    }
    // Its request has just been answered, so its waiting time starts again.
    open[0].head_received();
    open[0].request_received();
    open[0].response_done();
    open.push(connections.register(peer(1)).unwrap());
    let closing: Vec<_> = open.iter().map(is_closing).collect();
    assert_eq!(closing, [false, true, false, false]);
    assert_eq!(connections.in_use(), 3);
    open.remove(1);
    assert_eq!(
        connections.in_use(),
        3,
        "the slot was free before the connection closed"
    );
    open.clear();
    assert_eq!(connections.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn connections_of_a_peer_above_its_fair_share_are_closed_first() {
    let connections = Connections::new(10);
    let first = connections.register(peer(2)).unwrap();
    a_while().await;
    let many: Vec<_> = (0..9)
        .map(|_| connections.register(peer(1)).unwrap())
        .collect();
    // Even when its requests are being answered.
    for connection in &many {
        connection.head_received();
        connection.request_received();
    }
    tokio::time::advance(ANSWER_GRACE).await;
    let newcomer = connections.register(peer(3)).unwrap();
    assert!(!is_closing(&first) && !is_closing(&newcomer));
    assert_eq!(many.iter().filter(|one| is_closing(one)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_being_answered_is_protected_for_a_second() {
    let connections = Connections::new(2);
    let open = [1, 2].map(|n| connections.register(peer(n)).unwrap());
    for connection in &open {
        connection.head_received();
        connection.request_received();
    }
    assert!(connections.register(peer(3)).is_none());
    tokio::time::advance(ANSWER_GRACE).await;
    assert!(connections.register(peer(3)).is_some());
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_request_counts_as_waiting() {
    let connections = Connections::new(1);
    let slow = connections.register(peer(1)).unwrap();
    slow.bytes_received();
    slow.head_received();
    assert!(connections.register(peer(1)).is_some());
    assert!(is_closing(&slow));
}

#[tokio::test(start_paused = true)]
async fn a_stream_uses_no_slot_until_it_ends() {
    let connections = Connections::new(1);
    let stream = connections.register(peer(1)).unwrap();
    stream.streams();
    assert_eq!(connections.in_use(), 0);
    let other = connections.register(peer(1)).unwrap();
    drop(other);
    stream.response_done();
    assert_eq!(connections.in_use(), 1);
    let _next = connections.register(peer(1)).unwrap();
    assert!(is_closing(&stream));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_request_starts_at_its_first_byte() {
    let connections = Connections::new(1);
    let connection = connections.register(peer(1)).unwrap();
    let began = Instant::now();
    connection.bytes_received();
    a_while().await;
    connection.bytes_received();
    assert_eq!(connection.head_received(), began);
    // Bytes of the body do not start the next request.
    connection.bytes_received();
    connection.request_received();
    connection.response_done();
    a_while().await;
    let next = Instant::now();
    connection.bytes_received();
    assert_eq!(connection.head_received(), next);
}
