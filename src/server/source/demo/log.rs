//! Logs of simulated containers: the same lines at the same times, however often they are read.

use super::super::{NANOS_PER_MS, SourceLine};
use crate::model::{Container, LogStream, Timestamp};
use fastrand::Rng;

/// Length of a slot in milliseconds; a container writes at most one line per slot.
pub(super) const SLOT: i64 = 200;
/// Age of the oldest lines, in milliseconds.
const KEPT: i64 = 30 * 60 * 1_000;

/// The log of one simulated container.
#[derive(Clone, Debug)]
pub(super) struct DemoLog {
    seed: u64,
    service: Service,
    /// Percentage of slots that have a line.
    chattiness: u8,
    from: i64,
    /// Time spans without lines, in milliseconds: the last one before the container started, and the one
    /// since it ended.
    downtimes: [(i64, i64); 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Proxy,
    Database,
    Cache,
    /// Writes JSON lines.
    Api,
    /// Writes coloured lines.
    Worker,
}

impl DemoLog {
    /// The log of `container` in its current state, which last did not run during `downtime`.
    pub(super) fn of(container: &Container, downtime: Option<(Timestamp, Timestamp)>) -> Self {
        // FNV-1a.
        let bytes = container.id.as_bytes().iter();
        let seed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| {
            (seed ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        let image = container.image.as_str();
        let begins = |name: &str| image.starts_with(name);
        let service = if begins("nginx") {
            Service::Proxy
        } else if begins("postgres") {
            Service::Database
        } else if begins("redis") {
            Service::Cache
        } else if image.contains("api") || begins("opensearch") {
            Service::Api
        } else {
            Service::Worker
        };
        const NEVER: (i64, i64) = (i64::MAX, i64::MAX);
        let downtime = downtime.map_or(NEVER, |(ended, started)| {
            (ended.as_millis(), started.as_millis())
        });
        let ended = container.finished_at.filter(|_| !container.state.is_up());
        let ongoing = ended.map_or(NEVER, |ended| (ended.as_millis(), i64::MAX));
        Self {
            seed,
            service,
            chattiness: 4 + (seed % 40) as u8,
            from: container.created.as_millis(),
            downtimes: [downtime, ongoing],
        }
    }

    /// The slot of a time.
    pub(super) fn slot(at: Timestamp) -> i64 {
        at.as_millis().div_euclid(SLOT)
    }

    /// The oldest slot that is kept at `now`.
    pub(super) fn first_slot(now: Timestamp) -> i64 {
        Self::slot(Timestamp::from_millis(now.as_millis() - KEPT))
    }

    /// The line of `slot`, if it has one.
    pub(super) fn line(&self, slot: i64) -> Option<SourceLine> {
        // The first numbers of similar seeds are similar.
        let mut rng = Rng::with_seed(self.seed ^ Rng::with_seed(slot.unsigned_abs()).u64(..));
        rng.u64(..);
        let ms = slot * SLOT + rng.i64(0..SLOT);
        let is_down = self
            .downtimes
            .iter()
            .any(|(ended, started)| ms >= *ended && ms < *started);
        if is_down || ms < self.from || rng.u8(..100) >= self.chattiness {
            return None;
        }
        let nanos = ms * NANOS_PER_MS + rng.i64(0..NANOS_PER_MS);
        let at = Timestamp::from_millis(ms);
        let (stream, line) = match self.service {
            Service::Proxy => proxy(at, &mut rng),
            Service::Database => database(at, &mut rng),
            Service::Cache => cache(at, &mut rng),
            Service::Api => api(at, &mut rng),
            Service::Worker => worker(&mut rng),
        };
        Some(SourceLine {
            nanos: Some(nanos),
            stream,
            line,
            ..SourceLine::default()
        })
    }
}

fn pick<'a>(rng: &mut Rng, among: &[&'a str]) -> &'a str {
    rng.choice(among).copied().unwrap_or_default()
}

fn path(rng: &mut Rng) -> &'static str {
    const PATHS: [&str; 6] = [
        "/",
        "/cart",
        "/items?page=2",
        "/checkout",
        "/api/orders",
        "/assets/app.css",
    ];
    pick(rng, &PATHS)
}

fn proxy(at: Timestamp, rng: &mut Rng) -> (LogStream, String) {
    let (client, path) = (rng.u8(2..250), path(rng));
    if rng.u8(..40) == 0 {
        let line = format!(
            "{at} [error] 31#31: *{} upstream timed out (110: Connection timed out) while reading \
             response header from upstream, client: 10.0.3.{client}, request: \"GET {path} HTTP/1.1\"",
            rng.u32(1_000..90_000)
        );
        return (LogStream::Stderr, line);
    }
    let (status, bytes) = (
        pick(rng, &["200", "200", "200", "200", "304", "404", "502"]),
        rng.u32(120..48_000),
    );
    let agent = pick(rng, &["Mozilla/5.0", "curl/8.9.1", "kube-probe/1.31"]);
    let line = format!(
        "10.0.3.{client} - - [{at}] \"GET {path} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\""
    );
    (LogStream::Stdout, line)
}

fn database(at: Timestamp, rng: &mut Rng) -> (LogStream, String) {
    let (process, ms) = (rng.u16(30..900), rng.u32(1..900));
    let text = match rng.u8(..12) {
        0 => "ERROR:  duplicate key value violates unique constraint \"orders_pkey\"".to_owned(),
        1 => "FATAL:  sorry, too many clients already".to_owned(),
        2 => format!(
            "LOG:  checkpoint complete: wrote {ms} buffers ({}%)",
            ms % 9
        ),
        3 => "WARNING:  there is no transaction in progress".to_owned(),
        _ => format!(
            "LOG:  duration: {ms}.{:03} ms  statement: SELECT * FROM orders WHERE id = $1",
            rng.u16(..1_000)
        ),
    };
    (LogStream::Stderr, format!("{at} [{process}] {text}"))
}

fn cache(at: Timestamp, rng: &mut Rng) -> (LogStream, String) {
    let changes = rng.u16(10..9_000);
    let text = match rng.u8(..8) {
        0 => "# WARNING: memory overcommit must be enabled".to_owned(),
        1 => "* Background saving terminated with success".to_owned(),
        2 => format!("* Background saving started by pid {}", rng.u16(20..400)),
        _ => format!("* {changes} changes in 60 seconds. Saving..."),
    };
    (LogStream::Stdout, format!("1:M {at} {text}"))
}

fn api(at: Timestamp, rng: &mut Rng) -> (LogStream, String) {
    let (level, text) = match rng.u8(..20) {
        0 => ("error", "payment provider refused the connection"),
        1 | 2 => ("warn", "pool exhausted, waiting"),
        3..=5 => ("debug", "cache hit"),
        _ => ("info", "request"),
    };
    let (path, ms, user) = (path(rng), rng.u16(1..900), rng.u16(..));
    let line = format!(
        r#"{{"time":"{at}","level":"{level}","msg":"{text}","path":"{path}","ms":{ms},"user":"{user:04x}"}}"#
    );
    let stream = if level == "error" {
        LogStream::Stderr
    } else {
        LogStream::Stdout
    };
    (stream, line)
}

fn worker(rng: &mut Rng) -> (LogStream, String) {
    let job = rng.u32(1_000..99_999);
    match rng.u8(..16) {
        0 => {
            let line = format!(
                "\u{1b}[31mERROR\u{1b}[0m job {job} failed after 3 tries: connection reset by peer"
            );
            (LogStream::Stderr, line)
        }
        1 | 2 => {
            let line = format!(
                "\u{1b}[33mWARN\u{1b}[0m  job {job} is tried again in {} s",
                rng.u8(1..30)
            );
            (LogStream::Stderr, line)
        }
        _ => {
            let line = format!(
                "\u{1b}[32mINFO\u{1b}[0m  job \u{1b}[1m{job}\u{1b}[0m done in {} ms",
                rng.u16(2..4_000)
            );
            (LogStream::Stdout, line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerState, fixtures::container};

    const NOW: Timestamp = Timestamp::from_millis(1_763_687_885_000);

    fn lines(container: &Container, downtime: Option<(Timestamp, Timestamp)>) -> Vec<SourceLine> {
        let slots = DemoLog::first_slot(NOW)..=DemoLog::slot(NOW);
        let log = DemoLog::of(container, downtime);
        slots.filter_map(|slot| log.line(slot)).collect()
    }

    #[test]
    fn a_log_is_ordered_and_the_same_at_every_read() {
        for n in 0..12 {
            let mut container = container(n);
            container.created = Timestamp::default();
            for image in ["nginx:1.27", "postgres:17", "redis:8", "api:2"] {
                container.image = image.to_owned();
                let log = lines(&container, None);
                assert!(log.len() > 100, "{image} says {}", log.len());
                assert_eq!(log, lines(&container, None));
                assert!(log.is_sorted_by_key(|line| line.nanos));
            }
        }
    }

    #[test]
    fn nothing_is_written_while_the_container_is_not_running() {
        let mut container = container(1);
        container.created = Timestamp::default();
        let minutes_ago = |n: i64| Timestamp::from_millis(NOW.as_millis() - n * 60_000);
        let downtime = Some((minutes_ago(10), minutes_ago(5)));
        let ran = |at: Timestamp| at < minutes_ago(10) || at >= minutes_ago(5);
        let log = lines(&container, downtime);
        assert!(!log.is_empty());
        assert!(log.iter().all(|line| line.timestamp().is_some_and(ran)));
        container.finished_at = Some(minutes_ago(10));
        container.state = ContainerState::Exited;
        let ran = |at: Timestamp| at < minutes_ago(10);
        assert!(
            lines(&container, None)
                .iter()
                .all(|line| line.timestamp().is_some_and(ran))
        );
    }
}
