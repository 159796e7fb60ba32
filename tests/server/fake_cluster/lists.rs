//! Lists, single objects and discovery.

use super::{get, json, names, parsed, recorded};
use crate::support::fake_cluster::{Expiry, FakeCluster, Metrics};

#[tokio::test]
async fn a_recorded_list_is_returned_as_it_was() {
    let cluster = FakeCluster::start().with_list(&recorded("pods.json"));
    let (_, mut list) = json(&cluster, "/api/v1/pods").await;
    let mut recorded = parsed(&recorded("pods.json"));
    for list in [&mut list, &mut recorded] {
        for pod in list["items"].as_array_mut().unwrap() {
            pod["metadata"]["resourceVersion"].take();
        }
        list["metadata"]["resourceVersion"].take();
    }
    assert_eq!(list, recorded);
    let (_, pod) = json(&cluster, "/api/v1/namespaces/shop/pods/multi").await;
    assert_eq!(
        (&pod["kind"], &pod["apiVersion"]),
        (&"Pod".into(), &"v1".into())
    );
    let (status, missing) = json(&cluster, "/api/v1/namespaces/shop/pods/nope").await;
    assert_eq!(
        (status, missing),
        (404, parsed(&super::recorded("status-404.json")))
    );
}

#[tokio::test]
async fn selectors_choose_by_namespace_labels_and_fields() {
    let cluster = FakeCluster::start()
        .with_list(&recorded("pods.json"))
        .with_list(&recorded("events.json"));
    for (query, count) in [
        ("", 7),
        ("?labelSelector=app%3Dweb", 3),
        ("?labelSelector=app%20in%20(web,multi),pod-template-hash", 3),
        ("?labelSelector=app%20notin%20(web),!job-name", 3),
        ("?labelSelector=app!%3Dweb,app", 3),
        ("?fieldSelector=metadata.name%3Dmulti", 1),
        (
            "?fieldSelector=spec.nodeName%3Dnode-1,status.phase!%3DRunning",
            2,
        ),
        ("?fieldSelector=spec.nodeName%3Dnode-2", 0),
    ] {
        let found = names(&cluster, &format!("/api/v1/namespaces/shop/pods{query}")).await;
        assert_eq!(found.len(), count, "{query}: {found:?}");
    }
    let of_pod = "/api/v1/events?fieldSelector=involvedObject.name%3Dmulti";
    let events = names(&cluster, of_pod).await;
    assert!(!events.is_empty() && events.iter().all(|name| name.starts_with("multi.")));
    assert_eq!(
        names(&cluster, "/api/v1/namespaces/other/pods").await.len(),
        0
    );
    assert_eq!(names(&cluster, "/api/v1/namespaces").await, ["shop"]);
}

#[tokio::test]
async fn pages_are_continued_until_the_history_is_forgotten() {
    let cluster = FakeCluster::start().with_pods(5);
    let mut path = "/api/v1/pods?limit=2".to_owned();
    let (_, first) = json(&cluster, &path).await;
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    let mut seen = Vec::new();
    let token = loop {
        let (_, page) = json(&cluster, &path).await;
        seen.extend(names(&cluster, &path).await);
        let version = &page["metadata"]["resourceVersion"];
        assert_eq!(*version, first["metadata"]["resourceVersion"]);
        match page["metadata"]["continue"].as_str() {
            Some(token) => path = format!("/api/v1/pods?limit=2&continue={token}"),
            None => break path,
        }
    };
    assert_eq!(seen, ["web-1", "web-2", "web-3", "web-4", "web-5"]);
    cluster.forget_history(Expiry::Event);
    let (status, refusal) = json(&cluster, &token).await;
    assert_eq!((status, &refusal["reason"]), (410, &"Expired".into()));
}

#[tokio::test]
async fn discovery_describes_the_kinds() {
    let cluster = FakeCluster::start();
    let (_, version) = json(&cluster, "/version").await;
    assert_eq!(version, parsed(&recorded("version.json")));
    assert_eq!(get(&cluster, "/healthz").await.text().await.unwrap(), "ok");
    assert_eq!(get(&cluster, "/openapi/v3").await.status(), 404);
    let (_, apps) = json(&cluster, "/apis/apps/v1").await;
    let resources = apps["resources"].as_array().unwrap();
    let scale = resources
        .iter()
        .find(|one| one["name"] == "deployments/scale");
    assert_eq!(scale.unwrap()["group"], "autoscaling");
    for (metrics, is_listed, status) in [
        (Metrics::Present, true, 200),
        (Metrics::Absent, false, 404),
        (Metrics::Unavailable, true, 503),
    ] {
        cluster.set_metrics(metrics);
        let (_, groups) = json(&cluster, "/apis").await;
        assert_eq!(groups.to_string().contains("metrics.k8s.io"), is_listed);
        let answer = get(&cluster, "/apis/metrics.k8s.io/v1beta1").await;
        assert_eq!(answer.status(), status, "{metrics:?}");
    }
}
