//! Pages under load.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeEngine, id_of},
};
use futures::{StreamExt, stream};

/// Number of requests, and of those that run concurrently.
const PAGES: usize = 400;
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_page_fails_under_many_concurrent_requests() {
    let app = TestApp::start(FakeEngine::start().with_containers(5)).await;
    let of_container = format!("/containers/{}", id_of("web-1"));
    let paths = ["/", "/containers", &of_container, "/containers?q=web"];
    let ask = |n: usize| {
        let path = paths[n % paths.len()];
        let app = &app;
        async move { (path, app.get(path).await.status().as_u16()) }
    };
    let answers: Vec<_> = stream::iter((0..PAGES).map(ask))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed: Vec<_> = answers
        .iter()
        .filter(|(_, status)| *status != 200)
        .collect();
    assert_eq!((answers.len(), failed), (PAGES, Vec::new()));
    app.end().await;
}
