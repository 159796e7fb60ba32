//! A reader of server-sent events.

use super::{PATIENCE, app::TestApp};
use futures::{StreamExt, stream::BoxStream};
use tokio::time::timeout;

/// An open event stream.
pub(crate) struct Sse {
    body: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    unread: String,
}

/// What was received: an event, or a comment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sent {
    pub(crate) comment: Option<String>,
    pub(crate) event: String,
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Sse {
    /// Opens the stream; returns the headers of the response, too.
    pub(crate) async fn open(
        app: &TestApp,
        last_event_id: Option<&str>,
    ) -> (Self, reqwest::header::HeaderMap) {
        let request =
            reqwest::Client::new().get(app.url(&format!("{}/api/containers/stream", app.base)));
        let request = match last_event_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let headers = answer.headers().clone();
        let body = answer.bytes_stream().boxed();
        let unread = String::new();
        (Self { body, unread }, headers)
    }

    async fn next(&mut self) -> Sent {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let sent = parse(block);
                self.unread = rest.to_owned();
                return sent;
            }
            let more = timeout(PATIENCE, self.body.next())
                .await
                .expect("nothing came");
            let more = more.expect("the stream ended").unwrap();
            self.unread += std::str::from_utf8(&more).unwrap();
        }
    }

    /// The first one that satisfies `wanted`; others are skipped.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Sent) -> bool) -> Sent {
        let find = async {
            loop {
                let sent = self.next().await;
                if wanted(&sent) {
                    return sent;
                }
            }
        };
        timeout(PATIENCE, find).await.expect("the event never came")
    }
}

fn parse(block: &str) -> Sent {
    let mut sent = Sent::default();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => sent.comment = Some(value.to_owned()),
            "event" => value.clone_into(&mut sent.event),
            "id" => value.clone_into(&mut sent.id),
            "data" => sent.data.push_str(value),
            "retry" => {}
            _ => panic!("{line}"),
        }
    }
    sent
}
