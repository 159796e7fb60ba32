use super::*;
use futures::FutureExt;
use std::net::IpAddr;

fn peer(last: u8) -> Peer {
    IpAddr::from([10, 0, 0, last]).into()
}

fn is_closing(connection: &Connection) -> bool {
    connection.closing().now_or_never().is_some()
}

async fn a_while() {
    tokio::time::advance(Duration::from_millis(10)).await;
}

#[tokio::test(start_paused = true)]
async fn the_connection_that_waited_longest_makes_room() {
    let connections = Connections::new(3);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connections.enter(peer(1)).unwrap());
        a_while().await;
    }
    // Its request has just been answered: it waits from now on.
    open[0].head_is_there();
    open[0].request_is_there();
    open[0].answered();
    open.push(connections.enter(peer(1)).unwrap());
    let closing: Vec<_> = open.iter().map(is_closing).collect();
    assert_eq!(closing, [false, true, false, false]);
    assert_eq!(connections.taken(), 3);
    open.remove(1);
    assert_eq!(connections.taken(), 3, "it had given up its place before");
    open.clear();
    assert_eq!(connections.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_peer_with_more_than_a_fair_share_makes_room_first() {
    let connections = Connections::new(10);
    let first = connections.enter(peer(2)).unwrap();
    a_while().await;
    let many: Vec<_> = (0..9)
        .map(|_| connections.enter(peer(1)).unwrap())
        .collect();
    // Even when it keeps the server busy.
    for connection in &many {
        connection.head_is_there();
        connection.request_is_there();
    }
    tokio::time::advance(ANSWERING).await;
    let newcomer = connections.enter(peer(3)).unwrap();
    assert!(!is_closing(&first) && !is_closing(&newcomer));
    assert_eq!(many.iter().filter(|one| is_closing(one)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_being_answered_is_left_alone_for_a_while() {
    let connections = Connections::new(2);
    let open = [1, 2].map(|n| connections.enter(peer(n)).unwrap());
    for connection in &open {
        connection.head_is_there();
        connection.request_is_there();
    }
    assert!(connections.enter(peer(3)).is_none());
    tokio::time::advance(ANSWERING).await;
    assert!(connections.enter(peer(3)).is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_request_counts_as_waiting() {
    let connections = Connections::new(1);
    let slow = connections.enter(peer(1)).unwrap();
    slow.received();
    slow.head_is_there();
    assert!(connections.enter(peer(1)).is_some());
    assert!(is_closing(&slow));
}

#[tokio::test(start_paused = true)]
async fn a_stream_takes_no_place_until_it_ends() {
    let connections = Connections::new(1);
    let stream = connections.enter(peer(1)).unwrap();
    stream.streams();
    assert_eq!(connections.taken(), 0);
    let other = connections.enter(peer(1)).unwrap();
    drop(other);
    stream.answered();
    assert_eq!(connections.taken(), 1);
    let _next = connections.enter(peer(1)).unwrap();
    assert!(is_closing(&stream));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_request_runs_from_its_first_byte() {
    let connections = Connections::new(1);
    let connection = connections.enter(peer(1)).unwrap();
    let began = Instant::now();
    connection.received();
    a_while().await;
    connection.received();
    assert_eq!(connection.head_is_there(), began);
    // Bytes of the body are not those of the next request.
    connection.received();
    connection.request_is_there();
    connection.answered();
    a_while().await;
    let next = Instant::now();
    connection.received();
    assert_eq!(connection.head_is_there(), next);
}
