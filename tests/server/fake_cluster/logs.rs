//! Logs of pods.

use super::{Lines, get, json, parsed, recorded};
use crate::support::fake_cluster::FakeCluster;

const LOG: &str = "/api/v1/namespaces/shop/pods/web-1/log?container=app";

fn with_lines(n: usize) -> FakeCluster {
    let cluster = FakeCluster::start().with_pods(1);
    for n in 1..=n {
        cluster
            .pod("shop", "web-1")
            .write_line("app", &format!("line {n}"));
    }
    cluster
}

#[tokio::test]
async fn the_last_lines_are_returned_with_their_times() {
    let cluster = with_lines(5);
    let lines = async |query: &str| {
        Lines::open(&cluster, &format!("{LOG}{query}"))
            .await
            .all()
            .await
    };
    assert_eq!(lines("&tailLines=2").await, ["line 4", "line 5"]);
    assert_eq!(lines("&sinceSeconds=3600").await.len(), 5);
    let timed = lines("&timestamps=true").await;
    let (first, text) = timed[0].split_once(' ').unwrap();
    assert_eq!(
        (first.len(), text),
        ("2026-11-21T01:13:42.501616268Z".len(), "line 1")
    );
    // The API server passes whole seconds to the kubelet.
    assert_eq!(lines(&format!("&sinceTime={first}")).await.len(), 5);
    assert_eq!(lines("&sinceTime=2999-01-01T00:00:00Z").await.len(), 0);
}

#[tokio::test]
async fn a_followed_log_ends_with_the_run_of_the_container() {
    let cluster = with_lines(1);
    let pod = cluster.pod("shop", "web-1");
    let mut log = Lines::open(&cluster, &format!("{LOG}&follow=true")).await;
    assert_eq!(log.line().await, "line 1");
    pod.write_line("app", "fatal");
    assert_eq!(log.line().await, "fatal");
    pod.crash(1);
    assert_eq!(log.next().await.unwrap(), None);

    // The log of a container that waits to be restarted is the one of its last run.
    let crashed = Lines::open(&cluster, LOG).await.all().await;
    assert_eq!(crashed, ["line 1", "fatal"]);
    pod.recover();
    pod.write_line("app", "again");
    assert_eq!(Lines::open(&cluster, LOG).await.all().await, ["again"]);
    let previous = format!("{LOG}&previous=true");
    assert_eq!(Lines::open(&cluster, &previous).await.all().await, crashed);
    assert_eq!(
        pod.object()["status"]["containerStatuses"][0]["restartCount"],
        1
    );

    cluster.lose_old_logs();
    let lost = get(&cluster, &previous).await.text().await.unwrap();
    let real = recorded("log-crash-previous.txt");
    let words = real.split_once("containerd://").unwrap().0;
    assert!(lost.starts_with(words), "{lost}");
}

#[tokio::test]
async fn an_open_log_is_cut_and_ends_when_the_pod_is_deleted() {
    let cluster = with_lines(1);
    let mut log = Lines::open(&cluster, &format!("{LOG}&follow=true")).await;
    log.line().await;
    cluster.cut_logs();
    assert!(log.next().await.is_err());
    let mut log = Lines::open(&cluster, &format!("{LOG}&follow=true")).await;
    log.line().await;
    cluster.pod("shop", "web-1").delete();
    assert_eq!(log.next().await.unwrap(), None);
}

#[tokio::test]
async fn refusals_have_the_recorded_words() {
    let cluster = FakeCluster::start().with_list(&recorded("pods.json"));
    let refusal =
        async |pod: &str| json(&cluster, &format!("/api/v1/namespaces/shop/pods/{pod}")).await;
    let waiting = refusal("noimage-6597c898c4-4mnhh/log").await;
    assert_eq!(waiting, (400, parsed(&recorded("log-waiting.json"))));
    let several = refusal("multi/log").await;
    assert_eq!(
        several,
        (400, parsed(&recorded("log-multi-no-container.json")))
    );
    for (query, words) in [
        ("container=x", "container x is not valid for pod multi"),
        (
            "container=app&previous=true",
            "previous terminated container \"app\" in pod \"multi\" not found",
        ),
    ] {
        let (status, refusal) = refusal(&format!("multi/log?{query}")).await;
        assert_eq!((status, refusal["message"].as_str().unwrap()), (400, words));
    }
    assert_eq!(refusal("nope/log").await.0, 404);
}
