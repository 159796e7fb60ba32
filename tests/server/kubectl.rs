//! A real `kubectl` gets along with the fake cluster.

use crate::{
    fake_cluster::recorded,
    support::{PATIENCE, eventually, fake_cluster::FakeCluster},
};
use serde_json::json;
use std::{process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

/// The pause of the controller between two steps.
const PAUSE: Duration = Duration::from_millis(20);

/// `kubectl` with a kubeconfig of its own.
struct Kubectl {
    folder: TempDir,
}

impl Kubectl {
    fn of(cluster: &FakeCluster) -> Self {
        let kubectl = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        cluster.kubeconfig(&kubectl.config());
        kubectl
    }

    fn config(&self) -> std::path::PathBuf {
        self.folder.path().join("config")
    }

    /// The command with these arguments, separated by spaces.
    fn command(&self, arguments: &str) -> Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "what the test runs with is no configuration"
        )]
        let program = std::env::var("DECKWATCH_TEST_KUBECTL").unwrap();
        let mut command = Command::new(program);
        command
            .args(arguments.split(' '))
            .env("KUBECONFIG", self.config())
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Whether it succeeds, and everything that it prints.
    async fn run(&self, arguments: &str) -> (bool, String) {
        let output = timeout(PATIENCE, self.command(arguments).output()).await;
        let output = output.expect("it ends").unwrap();
        let all = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(all).unwrap())
    }

    /// What it prints; it must succeed, and print all these words.
    async fn prints(&self, arguments: &str, words: &[&str]) {
        let (succeeds, printed) = self.run(arguments).await;
        assert!(succeeds, "{arguments}: {printed}");
        for words in words {
            assert!(printed.contains(words), "{words} in {arguments}: {printed}");
        }
    }

    /// The same of a command that must fail.
    async fn fails(&self, arguments: &str, words: &str) {
        let (succeeds, printed) = self.run(arguments).await;
        assert!(
            !succeeds && printed.contains(words),
            "{arguments}: {printed}"
        );
    }
}

fn recorded_cluster() -> FakeCluster {
    let lists = [
        "deployments.json",
        "replicasets.json",
        "pods.json",
        "events.json",
    ];
    let cluster = FakeCluster::start();
    lists
        .iter()
        .fold(cluster, |cluster, list| cluster.with_list(&recorded(list)))
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn objects_are_listed_and_described() {
    let cluster = recorded_cluster();
    let kubectl = Kubectl::of(&cluster);
    kubectl
        .prints(
            "get pods -A",
            &["shop", "web-7cdf8b7f57-5vww8", "once-tcthz"],
        )
        .await;
    kubectl
        .prints("get deploy,nodes", &["deployment.apps/web", "node/node-1"])
        .await;
    kubectl
        .prints("get pods -l app=web -o name", &["pod/web-7cdf8b7f57-6p7mx"])
        .await;
    let described = [
        "Controlled By:  ReplicaSet/crash-86bd5d9846",
        "Exit Code:    3",
        "BackOff",
    ];
    kubectl
        .prints("describe pod crash-86bd5d9846-z72pt", &described)
        .await;
    kubectl
        .fails("get pod nope", "pods \"nope\" not found")
        .await;
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn a_rollout_is_restarted_paused_and_followed_to_its_end() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 3);
    let kubectl = Kubectl::of(&cluster);
    let before = cluster.pod_names();
    kubectl
        .prints("rollout restart deploy/web", &["web restarted"])
        .await;
    let _running = cluster.run_controller(PAUSE);
    kubectl
        .prints("rollout status deploy/web", &["successfully rolled out"])
        .await;
    eventually("the old pods are gone", async || {
        let after = cluster.pod_names();
        before.iter().all(|name| !after.contains(name))
    })
    .await;
    kubectl
        .prints("rollout pause deploy/web", &["web paused"])
        .await;
    kubectl
        .prints("set image deploy/web app=shop/web:2", &["image updated"])
        .await;
    kubectl
        .prints("rollout resume deploy/web", &["web resumed"])
        .await;
    kubectl
        .prints("rollout status deploy/web", &["successfully rolled out"])
        .await;
    eventually("the old pods are gone", async || {
        cluster.pod_names().len() == 3
    })
    .await;
    let pod = cluster.pod_names().pop().unwrap();
    let pod = cluster.pod("shop", &pod).object();
    assert_eq!(pod["spec"]["containers"][0]["image"], "shop/web:2");
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn a_rollout_that_exceeds_its_deadline_is_an_error() {
    let cluster = FakeCluster::start().with_deployment("shop", "web", 1);
    cluster.change("Deployment", "shop", "web", |deployment| {
        deployment["spec"]["progressDeadlineSeconds"] = json!(1);
    });
    cluster.break_image("shop/web:missing");
    let kubectl = Kubectl::of(&cluster);
    kubectl
        .prints("set image deploy/web app=shop/web:missing", &[])
        .await;
    let _running = cluster.run_controller(PAUSE);
    kubectl
        .fails(
            "rollout status deploy/web",
            "exceeded its progress deadline",
        )
        .await;
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn logs_are_read_and_followed() {
    let cluster = FakeCluster::start().with_pods(1);
    let kubectl = Kubectl::of(&cluster);
    let pod = cluster.pod("shop", "web-1");
    kubectl
        .fails("logs --previous web-1", "previous terminated container")
        .await;
    pod.write_line("app", "fatal: no database");
    pod.crash(1);
    pod.recover();
    pod.write_line("app", "ready");
    kubectl
        .prints("logs --previous web-1", &["fatal: no database"])
        .await;
    let mut following = kubectl
        .command("logs -f web-1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "ready");
    pod.write_line("app", "and on");
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "and on");
    pod.crash(0);
    assert_eq!(lines.next_line().await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn objects_are_scaled_cordoned_and_deleted() {
    let cluster = FakeCluster::start()
        .with_deployment("shop", "web", 1)
        .with_pods(1);
    let kubectl = Kubectl::of(&cluster);
    kubectl
        .prints("scale deploy/web --replicas=3", &["web scaled"])
        .await;
    kubectl.prints("cordon node-1", &["node-1 cordoned"]).await;
    let node = cluster.object("Node", "", "node-1").unwrap();
    assert_eq!(node["spec"]["unschedulable"], true);
    kubectl
        .prints("uncordon node-1", &["node-1 uncordoned"])
        .await;
    let _running = cluster.run_controller(PAUSE);
    kubectl
        .prints("rollout status deploy/web", &["successfully rolled out"])
        .await;
    kubectl
        .prints("delete pod web-1", &["\"web-1\" deleted"])
        .await;
    assert_eq!(cluster.pod_names().len(), 3);
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn what_is_permitted_can_be_asked() {
    let cluster = FakeCluster::start().with_pods(1);
    cluster.allow_nothing();
    cluster.allow(Some("shop"), &["get", "list"], &["pods", "pods/log"]);
    let kubectl = Kubectl::of(&cluster);
    kubectl.prints("auth can-i list pods", &["yes"]).await;
    kubectl
        .prints("auth can-i get pods --subresource=log", &["yes"])
        .await;
    kubectl.fails("auth can-i list pods -A", "no").await;
    kubectl.fails("auth can-i delete pods", "no").await;
    kubectl
        .prints("auth can-i --list", &["pods/log", "[get list]"])
        .await;
    kubectl.prints("get pods", &["web-1"]).await;
    let refusal =
        "User \"deckwatch\" cannot list resource \"pods\" in API group \"\" at the cluster scope";
    kubectl.fails("get pods -A", refusal).await;
}

#[tokio::test]
#[ignore = "needs kubectl"]
async fn a_token_or_a_certificate_identifies_the_client_behind_tls() {
    let cluster = FakeCluster::start_tls().with_pods(1);
    cluster.require_token("first");
    let kubectl = Kubectl::of(&cluster);
    kubectl.prints("get pods", &["web-1"]).await;
    cluster.require_token("second");
    kubectl.fails("get pods", "Unauthorized").await;
    cluster.kubeconfig(&kubectl.config());
    kubectl.prints("get pods", &["web-1"]).await;
    cluster.require_token("third");
    cluster.kubeconfig_with_certificate(&kubectl.config());
    kubectl.prints("get pods", &["web-1"]).await;
}
