//! Fuzzing of answers: an engine, or another server in its place, can answer anything.

use super::{
    super::{details::read as shown_details, inspect::mask_inspect, redactor::Redactor},
    api::{Line, Lines},
    convert, event,
    json::Json,
};
use crate::{
    fuzz::{cut, fuzz},
    model::{HostId, Timestamp},
};
use bytes::Bytes;
use std::collections::VecDeque;

/// Longest line of the test of lines.
const LONGEST_LINE: usize = 12;

const LIST: &str = r#"[{"Id":"4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778","Names":["/web-1","/link/web-1"],
    "Image":"nginx:1.27","Created":1763687000,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],
    "Labels":{"com.docker.compose.project":"shop","deckwatch.protect":"true"},"State":"running","Status":"Up 3 minutes (healthy)"}]"#;
const INSPECTION: &str = r#"{"Name":"/web-1","RestartCount":2,"State":{"Status":"running","Running":true,"Pid":77,"ExitCode":0,
    "StartedAt":"2026-01-02T03:04:05.678901234Z","FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"healthy","Log":[
    {"Start":"2026-01-02T03:04:05Z","ExitCode":0,"Output":"ok Xq7-hunter2-Q8k"}]}},"Config":{"Image":"nginx:1.27","User":"app",
    "Env":["APP_TOKEN=Xq7-hunter2-Q8k","PATH=/bin"],"Cmd":["sh","-c","serve --token Xq7-hunter2-Q8k"],"Healthcheck":{"Test":["CMD","true"]},
    "Labels":{"a":"Xq7-hunter2-Q8k"}},"HostConfig":{"NanoCpus":1500000000,"CpuQuota":50000,"CpuPeriod":100000,"Memory":1e9,
    "NetworkMode":"host","RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}},"Mounts":[{"Type":"bind","Source":"/a","Destination":"/b","RW":true}],
    "NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}}"#;
const EVENT: &str = r#"{"Type":"container","Action":"health_status: healthy","Actor":{"ID":"4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778",
    "Attributes":{"name":"web-1","exitCode":"137","image":"nginx","deckwatch.hide":"true"}},"time":1763687885,"timeNano":1763687885042678901}"#;
/// The value of the variable in [`INSPECTION`].
const SECRET: &str = "Xq7-hunter2-Q8k";
/// The variable itself.
const VARIABLE: &str = "APP_TOKEN=Xq7-hunter2-Q8k";

#[test]
fn engine_answers() {
    let seeds = [LIST, INSPECTION, EVENT].map(str::as_bytes);
    let host = HostId::local();
    let now = Timestamp::from_millis(1_763_687_885_000);
    let redactor = Redactor::default();
    fuzz("engine_answers", &seeds, |choices| {
        let body = choices.rest_as_text();
        let details = convert::details(&body).unwrap_or_default();
        let list = convert::list(&body, None, &redactor).unwrap_or_default();
        for listed in list.listed {
            let container = convert::container(&listed, &details);
            assert_eq!(container.id, listed.id);
            let _ = convert::shown_name(&listed, &details);
        }
        if let Some(message) = event::read(&body, now) {
            let _ = (message.container(), message.hides());
            let _ = message.meaning(&host, None, &redactor);
        }
        let Some(json) = Json::parse(&body) else {
            return;
        };
        let mut inspected = json.value();
        let _ = shown_details(&inspected);
        let is_known = inspected
            .pointer("/Config/Env")
            .and_then(|variables| variables.as_array())
            .is_some_and(|variables| variables.iter().any(|variable| *variable == VARIABLE));
        mask_inspect(&mut inspected, &redactor);
        let masked = inspected.to_string();
        assert!(!is_known || !masked.contains(SECRET), "{masked}");
    });
}

#[test]
fn lines_of_events() {
    let seeds: [&[u8]; 2] = [
        b"\x02\x01\x03one\ntwo\n\nthree\nfo",
        b"\0far too long a line\nx\n",
    ];
    fuzz("lines_of_events", &seeds, |choices| {
        let lengths = choices.lengths();
        let stream = choices.rest();
        let (mut lines, mut ready) = (Lines::new(LONGEST_LINE), VecDeque::new());
        for piece in cut(stream, &lengths) {
            lines.push(&Bytes::copy_from_slice(piece), &mut ready);
        }
        let mut expected: Vec<_> = stream.split(|byte| *byte == b'\n').collect();
        let rest = expected.pop().unwrap();
        let expected = expected.into_iter().filter(|line| !line.is_empty());
        let expected = expected.map(|line| match line.len() {
            ..=LONGEST_LINE => Line::Text(line.to_vec()),
            _ => Line::TooLong,
        });
        assert_eq!(Vec::from(ready), expected.collect::<Vec<_>>());
        assert_eq!(lines.unfinished(), rest.len());
    });
}
