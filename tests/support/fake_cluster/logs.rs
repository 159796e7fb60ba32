//! Logs of containers, by run.

use super::{
    answers::{bad_request, not_found, streamed, text},
    target::{Asked, Target},
    time,
    world::{Shared, World},
};
use axum::{body::Bytes, response::Response};
use futures::stream;
use serde_json::Value;
use std::{collections::HashMap, io, sync::Arc};

/// The status of a container of which there is none yet.
static UNKNOWN: Value = Value::Null;

/// The logs of all containers, by the uid of the pod and the name of the container.
#[derive(Debug, Default)]
pub(super) struct Logs {
    runs: HashMap<(String, String), Vec<Run>>,
    /// How many times the open logs were cut.
    pub(super) n_cuts: usize,
}

/// One run of a container.
#[derive(Debug, Default)]
struct Run {
    /// The times in nanoseconds since 1970, and the texts.
    lines: Vec<(i64, String)>,
    is_over: bool,
    /// Whether the node has removed its log.
    is_lost: bool,
}

impl Logs {
    /// Writes a line in the current run. No two lines have the same time.
    pub(super) fn write(&mut self, uid: &str, container: &str, text: &str) {
        let runs = self.of_mut(uid, container);
        let lines = runs.iter().flat_map(|run| &run.lines);
        let last = lines.last().map_or(0, |(at, _)| *at);
        let line = (time::nanos().max(last + 1), text.to_owned());
        runs.last_mut().unwrap().lines.push(line);
    }

    /// Ends the current run.
    pub(super) fn end(&mut self, uid: &str, container: &str) {
        let runs = self.of_mut(uid, container);
        runs.last_mut().unwrap().is_over = true;
    }

    /// Begins another run.
    pub(super) fn begin(&mut self, uid: &str, container: &str) {
        self.of_mut(uid, container).push(Run::default());
    }

    /// Removes the logs of all runs that are over from the node.
    pub(super) fn lose(&mut self) {
        let runs = self.runs.values_mut().flatten();
        runs.filter(|run| run.is_over)
            .for_each(|run| run.is_lost = true);
    }

    /// Forgets a pod.
    pub(super) fn forget(&mut self, uid: &str) {
        self.runs.retain(|(other, _), _| other != uid);
    }

    /// The runs of a container, at least one.
    fn of_mut(&mut self, uid: &str, container: &str) -> &mut Vec<Run> {
        let runs = self.runs.entry((uid.to_owned(), container.to_owned()));
        runs.or_insert_with(|| vec![Run::default()])
    }

    fn of(&self, id: &(String, String)) -> &[Run] {
        self.runs.get(id).map_or(&[], Vec::as_slice)
    }
}

/// A log that is being sent.
struct LogSender {
    shared: Arc<Shared>,
    id: (String, String),
    run: usize,
    /// The number of the next line of the run.
    next: usize,
    since: i64,
    has_times: bool,
    follows: bool,
    n_cuts: usize,
}

enum Next {
    Line(String),
    Wait,
    End,
    Cut,
}

pub(super) fn logs(shared: &Arc<Shared>, target: &Target, asked: &Asked) -> Response {
    let world = shared.world();
    let Some(pod) = world.get(&target.key()) else {
        return not_found(target.kind, &target.name);
    };
    let container = match container(pod, asked.query.get("container").map(String::as_str)) {
        Ok(container) => container,
        Err(message) => return bad_request(&message),
    };
    let previous = asked.is("previous");
    if let Some(message) = refusal(pod, &container, previous) {
        return bad_request(&message);
    }
    let id = (
        pod["metadata"]["uid"].as_str().unwrap().to_owned(),
        container,
    );
    let runs = world.logs.of(&id);
    // While the container runs, the run before the last one is the previous one.
    let is_running = runs.last().is_none_or(|run| !run.is_over);
    let back = if previous && is_running { 2 } else { 1 };
    let run = runs.len().saturating_sub(back);
    if runs.get(run).is_some_and(|run| run.is_lost) {
        let id = &status_of(pod, &id.1)["lastState"]["terminated"]["containerID"];
        let id = id.as_str().unwrap_or_default();
        return text(200, &format!("unable to retrieve container logs for {id}"));
    }
    let lines = runs.get(run).map_or(&[][..], |run| &run.lines);
    let number = |key: &str| {
        asked
            .query
            .get(key)
            .and_then(|value| value.parse::<i64>().ok())
    };
    let since = asked
        .query
        .get("sinceTime")
        .and_then(|time| time::whole_second(time));
    let since = since
        .or_else(|| number("sinceSeconds").map(time::ago))
        .unwrap_or(0);
    let tail = number("tailLines").map_or(usize::MAX, |tail| usize::try_from(tail).unwrap());
    let sender = LogSender {
        shared: Arc::clone(shared),
        run,
        next: lines.len().saturating_sub(tail),
        since,
        has_times: asked.is("timestamps"),
        follows: asked.is("follow"),
        n_cuts: world.logs.n_cuts,
        id,
    };
    let lines = stream::unfold(sender, |mut sender| async move {
        let line = sender.next().await?;
        Some((line.map(Bytes::from), sender))
    });
    streamed("text/plain", world.chunk, lines)
}

/// The container that a request means.
fn container(pod: &Value, named: Option<&str>) -> Result<String, String> {
    let all = ["initContainers", "containers"].map(|list| pod["spec"][list].as_array());
    let all = all.into_iter().flatten().flatten();
    let all: Vec<&str> = all
        .map(|container| container["name"].as_str().unwrap())
        .collect();
    let pod = pod["metadata"]["name"].as_str().unwrap();
    match named.filter(|named| !named.is_empty()) {
        Some(named) if all.contains(&named) => Ok(named.to_owned()),
        Some(named) => Err(format!("container {named} is not valid for pod {pod}")),
        None if all.len() == 1 => Ok(all[0].to_owned()),
        None => Err(format!(
            "a container name must be specified for pod {pod}, choose one of: [{}]",
            all.join(" ")
        )),
    }
}

fn status_of<'a>(pod: &'a Value, container: &str) -> &'a Value {
    let lists = ["initContainerStatuses", "containerStatuses"];
    let lists = lists.map(|list| pod["status"][list].as_array());
    let mut all = lists.into_iter().flatten().flatten();
    let found = all.find(|status| status["name"] == container);
    found.unwrap_or(&UNKNOWN)
}

/// Why a container has no log.
fn refusal(pod: &Value, container: &str, previous: bool) -> Option<String> {
    let name = pod["metadata"]["name"].as_str().unwrap();
    let status = status_of(pod, container);
    let has_run_before = status["lastState"]["terminated"].is_object();
    if previous {
        return (!has_run_before).then(|| {
            format!("previous terminated container \"{container}\" in pod \"{name}\" not found")
        });
    }
    let waiting = &status["state"]["waiting"];
    let reason = match waiting["reason"].as_str().unwrap_or("ContainerCreating") {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        reason => reason,
    };
    let is_waiting = waiting.is_object() || status.is_null();
    (is_waiting && !has_run_before).then(|| {
        format!("container \"{container}\" in pod \"{name}\" is waiting to start: {reason}")
    })
}

impl LogSender {
    async fn next(&mut self) -> Option<io::Result<String>> {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let shared = Arc::clone(&self.shared);
            let next = self.check(&shared.world());
            match next {
                Next::Line(line) => {
                    self.shared.faults.while_hanging().await;
                    return Some(Ok(line));
                }
                Next::End => return None,
                Next::Cut => return Some(Err(io::Error::other("cut"))),
                Next::Wait => changed.changed().await.ok()?,
            }
        }
    }

    fn check(&mut self, world: &World) -> Next {
        if world.logs.n_cuts != self.n_cuts {
            return Next::Cut;
        }
        let mut uids = world.list("pods").map(|(_, pod)| &pod["metadata"]["uid"]);
        let is_there = uids.any(|uid| uid == self.id.0.as_str());
        let run = world.logs.of(&self.id).get(self.run);
        while let Some((at, text)) = run.and_then(|run| run.lines.get(self.next)) {
            self.next += 1;
            if *at < self.since {
                continue;
            }
            return Next::Line(match self.has_times {
                true => format!("{} {text}\n", time::with_nanos(*at)),
                false => format!("{text}\n"),
            });
        }
        let is_open = is_there && run.is_none_or(|run| !run.is_over);
        if self.follows && is_open {
            Next::Wait
        } else {
            Next::End
        }
    }
}
