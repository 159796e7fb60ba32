//! Text of engines is always text on a page, never markup.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine, id_of},
};

/// Would break out of an element, an attribute, a script and the title if it were not escaped.
const HOSTILE: &str = "</title></script><meta http-equiv=refresh content=0>\"'><img src=x onerror=alert(1)>&amp;\u{2028}";

fn hostile() -> FakeContainer {
    let mut container = FakeContainer::running(HOSTILE)
        .label("com.docker.compose.project", HOSTILE)
        .label(HOSTILE, HOSTILE)
        .env(&format!("{HOSTILE}={HOSTILE}"))
        .command(&["serve", HOSTILE])
        .health_output(HOSTILE);
    container.image = HOSTILE.to_owned();
    container
}

fn pages() -> Vec<String> {
    let id = id_of(HOSTILE);
    let tabs = [
        "",
        "?tab=stats",
        "?tab=logs",
        "?tab=processes",
        "?tab=events",
        "?tab=inspect",
    ];
    let of_container = tabs.iter().map(|tab| format!("/containers/{id}{tab}"));
    let query = "%3C/title%3E%3Cimg%20src=x%3E";
    let fixed = [
        "/".to_owned(),
        "/containers".to_owned(),
        format!("/containers?q={query}"),
        "/logs".to_owned(),
        format!("/logs?c={id}&c={}&q={query}", id_of("web")),
        "/realtime-test".to_owned(),
        format!("/nowhere/{query}"),
    ];
    of_container.chain(fixed).collect()
}

fn assert_only_text(page: &str, html: &str) {
    for markup in [
        "<img",
        "http-equiv=refresh content=0>\"'>",
        "onerror=alert(1)>",
    ] {
        let near = html.find(markup).map(|at| {
            let from = html.floor_char_boundary(at.saturating_sub(100));
            html[from..].chars().take(300).collect::<String>()
        });
        assert_eq!(near, None, "{page} has markup of the engine");
    }
    assert_eq!(html.matches("<title>").count(), 1, "{page}");
    assert_eq!(html.matches("</title>").count(), 1, "{page}");
}

#[tokio::test]
async fn no_page_contains_markup_of_an_engine() {
    let engine = FakeEngine::start()
        .with(hostile())
        .with(FakeContainer::running("web"));
    engine.write_line(HOSTILE, HOSTILE);
    let app = TestApp::start(engine).await;
    app.engine.stop_container(HOSTILE);
    app.engine.start_container(HOSTILE);
    app.engine.fail_with_words(500, HOSTILE);
    crate::support::eventually("the failure is told", async || {
        let reported = app.get("/api/snapshot").await.text().await.unwrap();
        reported.contains("onerror") && reported.contains("\"down\"")
    })
    .await;
    for page in pages() {
        let html = app.get(&page).await.text().await.unwrap();
        assert_only_text(&page, &html);
    }
    app.engine.recover();
    crate::support::eventually("the engine is back", async || {
        let reported = app.get("/api/snapshot").await.text().await.unwrap();
        !reported.contains("\"down\"")
    })
    .await;
    for page in pages() {
        let html = app.get(&page).await.text().await.unwrap();
        assert_only_text(&page, &html);
    }
    app.end().await;
}

#[tokio::test]
async fn a_title_is_the_name_whatever_characters_it_has() {
    let app = TestApp::start(FakeEngine::start().with(hostile())).await;
    let page = format!("/containers/{}", id_of(HOSTILE));
    let html = app.get(&page).await.text().await.unwrap();
    let (_, title) = html.split_once("<title>").unwrap();
    let (title, _) = title.split_once("</title>").unwrap();
    let read = title
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    assert_eq!(read, format!("{HOSTILE} · Deckwatch"));
    app.end().await;
}
