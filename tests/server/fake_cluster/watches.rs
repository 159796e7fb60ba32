//! Watches.

use super::{Lines, get, json, parsed, recorded};
use crate::support::{
    eventually,
    fake_cluster::{Expiry, FakeCluster},
};
use serde_json::json;

/// A watch of pods from now on, with these further parameters.
async fn watch(cluster: &FakeCluster, more: &str) -> Lines {
    let (_, list) = json(cluster, "/api/v1/pods").await;
    let version = list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/pods?watch=true&resourceVersion={version}{more}");
    Lines::open(cluster, &path).await
}

#[tokio::test]
async fn a_watch_sends_the_changes_after_its_version_in_chunks_of_any_size() {
    for chunk in [1, 1_000_000] {
        let cluster = FakeCluster::start().with_pods(2);
        cluster.set_chunk(chunk);
        let mut watch = watch(&cluster, "").await;
        let pod = cluster.pod("shop", "web-1");
        let (first, version) = (
            pod.uid(),
            pod.object()["metadata"]["resourceVersion"].clone(),
        );
        pod.set_image("shop/web:2");
        pod.recreate();
        let (kind, changed) = watch.event().await;
        assert_eq!(kind, "MODIFIED");
        assert_eq!(changed["spec"]["containers"][0]["image"], "shop/web:2");
        assert_ne!(changed["metadata"]["resourceVersion"], version);
        let (kind, removed) = watch.event().await;
        assert_eq!(
            (kind.as_str(), &removed["metadata"]["uid"]),
            ("DELETED", &json!(first))
        );
        let (kind, added) = watch.event().await;
        assert_eq!(
            (kind.as_str(), &added["metadata"]["name"]),
            ("ADDED", &json!("web-1"))
        );
        assert_eq!(added["metadata"]["uid"], json!(pod.uid()));
        assert!(watch.largest <= chunk);
    }
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_exists() {
    let cluster = FakeCluster::start().with_pods(2);
    let path = "/api/v1/namespaces/shop/pods?watch=1&fieldSelector=metadata.name%3Dweb-2";
    let mut watch = Lines::open(&cluster, path).await;
    let (kind, pod) = watch.event().await;
    assert_eq!(
        (kind.as_str(), &pod["metadata"]["name"]),
        ("ADDED", &json!("web-2"))
    );
    cluster.pod("shop", "web-1").delete();
    cluster.pod("shop", "web-2").delete();
    let (kind, pod) = watch.event().await;
    assert_eq!(
        (kind.as_str(), &pod["metadata"]["name"]),
        ("DELETED", &json!("web-2"))
    );
}

#[tokio::test]
async fn an_object_that_no_longer_matches_is_deleted_for_the_watch() {
    let cluster = FakeCluster::start().with_pods(1);
    let relabel = |tier: &str| {
        cluster.change("Pod", "shop", "web-1", |pod| {
            pod["metadata"]["labels"]["tier"] = json!(tier)
        });
    };
    let mut watch = watch(&cluster, "&labelSelector=tier%3Dfront").await;
    relabel("front");
    relabel("back");
    assert_eq!(watch.event().await.0, "ADDED");
    assert_eq!(watch.event().await.0, "DELETED");
}

#[tokio::test]
async fn bookmarks_are_sent_on_demand_and_at_the_timeout() {
    let cluster = FakeCluster::start().with_pods(1);
    let mut with = watch(&cluster, "&allowWatchBookmarks=true").await;
    let mut without = watch(&cluster, "").await;
    cluster.change("Node", "", "node-1", |node| {
        node["spec"]["unschedulable"] = json!(true);
    });
    let node = cluster.object("Node", "", "node-1").unwrap();
    cluster.send_bookmarks();
    let (kind, bookmark) = with.event().await;
    assert_eq!(
        (kind.as_str(), &bookmark["kind"]),
        ("BOOKMARK", &json!("Pod"))
    );
    let version = &node["metadata"]["resourceVersion"];
    assert_eq!(bookmark["metadata"]["resourceVersion"], *version);
    cluster.pod("shop", "web-1").delete();
    assert_eq!(without.event().await.0, "DELETED");

    let ended = watch(&cluster, "&allowWatchBookmarks=true&timeoutSeconds=1").await;
    let lines = ended.all().await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(parsed(&lines[0])["type"], "BOOKMARK");
    let ended = watch(&cluster, "&timeoutSeconds=1").await;
    assert_eq!(ended.all().await.len(), 0);
}

#[tokio::test]
async fn a_version_without_history_is_refused_by_an_event_or_a_status() {
    let cluster = FakeCluster::start().with_pods(1);
    let mut open = watch(&cluster, "").await;
    cluster.forget_history(Expiry::Event);
    let old = "/api/v1/pods?watch=true&resourceVersion=1";
    let mut later = Lines::open(&cluster, old).await;
    let mut expected = parsed(&recorded("watch-410.jsonl"))["object"].take();
    for watch in [&mut open, &mut later] {
        let (kind, status) = watch.event().await;
        assert_eq!(kind, "ERROR");
        let message = status["message"].as_str().unwrap();
        assert!(
            message.starts_with("too old resource version: "),
            "{message}"
        );
        expected["message"] = status["message"].clone();
        assert_eq!(status, expected);
        assert_eq!(watch.next().await.unwrap(), None);
    }
    let mut open = watch(&cluster, "").await;
    cluster.forget_history(Expiry::Status);
    assert_eq!(open.next().await.unwrap(), None);
    let (status, refusal) = json(&cluster, old).await;
    assert_eq!((status, &refusal["reason"]), (410, &json!("Expired")));
}

#[tokio::test]
async fn watches_are_cut_or_end_after_some_events() {
    let cluster = FakeCluster::start().with_pods(3);
    let mut cut = watch(&cluster, "").await;
    cluster.cut_watches();
    assert!(cut.next().await.is_err());

    cluster.end_watches_after(2);
    let all = Lines::open(&cluster, "/api/v1/pods?watch=true").await;
    assert_eq!(all.all().await.len(), 2);
    cluster.recover();
    let mut all = Lines::open(&cluster, "/api/v1/pods?watch=true").await;
    for _ in 0..3 {
        all.event().await;
    }
}

#[tokio::test]
async fn initial_events_are_refused_as_by_an_old_server() {
    let cluster = FakeCluster::start();
    let path = "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let (status, refusal) = json(&cluster, path).await;
    assert_eq!((status, &refusal["reason"]), (422, &json!("Invalid")));
}

#[tokio::test]
async fn a_watch_of_a_hanging_server_continues_when_it_recovers() {
    let cluster = FakeCluster::start().with_pods(1);
    let mut open = watch(&cluster, "").await;
    cluster.hang();
    cluster.pod("shop", "web-1").delete();
    let hanging = async { get(&cluster, "/version").await.status() };
    let recovering = async {
        eventually("it was asked", async || cluster.count("GET /version") == 1).await;
        cluster.recover();
    };
    assert_eq!(tokio::join!(hanging, recovering).0, 200);
    assert_eq!(open.event().await.0, "DELETED");
}
