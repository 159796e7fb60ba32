//! What is wrong with the server itself, in sentences for the person who runs it: what is so, and what to do. The
//! dashboard works meanwhile, so an alarm changes no status code.

use super::{
    AppState, clock,
    gate::Reconnecting,
    health::{Report, Verdict},
    instruments::RecentSends,
};
use crate::{
    model::{Dashboard, Freshness, Host, HostId, SourceKind, SourceState, SourceStatus, Timestamp},
    protocol::Alarm,
    server::config::Config,
};
use std::time::Duration;

/// Share of the client permits above which an alarm is raised, in percent: then a restart of a page of many
/// users may already find none.
const MANY_CLIENTS: u64 = 80;
/// Share of the messages of the last minutes that may fail, in percent: a page that was closed without a goodbye
/// costs one or two.
const MANY_FAILED: u64 = 1;
/// Failed messages below which their share says nothing: two or three connections that broke.
const FEW_FAILED: u64 = 10;
/// Shortest interval by which figures are judged: on a busy machine a sample may take seconds.
const LEAST_INTERVAL: Duration = Duration::from_secs(5);

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Many clients are connected.
    Clients,
    /// Many messages could not be sent.
    Sends,
    /// A client reconnects again and again.
    Reconnects,
    /// A source stands still.
    Sources,
    /// A core task stands still.
    Tasks,
    /// The storage does not work.
    Storage,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 6] = [
        Self::Clients,
        Self::Sends,
        Self::Reconnects,
        Self::Sources,
        Self::Tasks,
        Self::Storage,
    ];

    /// The name in responses and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Sends => "sends",
            Self::Reconnects => "reconnects",
            Self::Sources => "sources",
            Self::Tasks => "tasks",
            Self::Storage => "storage",
        }
    }
}

/// The present alarms, at most one per rule, and one per source that stands still.
pub fn present(state: &AppState) -> Vec<Alarm> {
    let viewer = state.directory.viewer();
    let sends = viewer.instruments().recent_sends();
    let storage = state
        .storage
        .as_ref()
        .map(|storage| storage.state().borrow().clone());
    let storage = storage.and_then(|state| state.alarm().map(str::to_owned));
    let single = [
        (
            Rule::Clients,
            too_many_clients(state.gate.connections(), state.config.max_clients),
        ),
        (Rule::Sends, too_many_failed(sends)),
        (
            Rule::Reconnects,
            state.gate.reconnecting().as_ref().map(reconnecting),
        ),
        (Rule::Tasks, stalled(&state.health.report())),
        (Rule::Storage, storage),
    ];
    let single = single.into_iter();
    let mut alarms: Vec<_> = single
        .filter_map(|(rule, text)| Some(alarm(rule, &text?)))
        .collect();
    let now = clock::now();
    let still = viewer.read(|dashboard| still_sources(dashboard, now, &state.config));
    alarms.extend(still.iter().map(|text| alarm(Rule::Sources, text)));
    alarms
}

/// The alarm of `rule`. Its text is one line, whatever an engine has written into it.
fn alarm(rule: Rule, text: &str) -> Alarm {
    Alarm {
        name: rule.as_str().to_owned(),
        text: text.replace(char::is_control, " "),
    }
}

fn too_many_clients(clients: u32, most: u32) -> Option<String> {
    let is_much = u64::from(clients) * 100 > u64::from(most) * MANY_CLIENTS;
    is_much.then(|| format!("{clients} of {most} connections are taken; raise max-clients."))
}

fn too_many_failed(RecentSends { sent, failed }: RecentSends) -> Option<String> {
    let all = sent.saturating_add(failed);
    let is_much = failed >= FEW_FAILED
        && u128::from(failed) * 100 > u128::from(all) * u128::from(MANY_FAILED);
    is_much.then(|| {
        format!(
            "{failed} of {all} messages of the last minutes could not be sent. Check the network and the proxies \
             between Deckwatch and its clients."
        )
    })
}

fn reconnecting(found: &Reconnecting) -> String {
    let Reconnecting {
        client,
        times,
        others,
    } = found;
    let others = match others {
        0 => String::new(),
        1 => " One other client does so too.".to_owned(),
        n => format!(" {n} other clients do so too."),
    };
    format!(
        "{client} has reconnected {times} times in the last minutes.{others} Check its network, and that the \
         proxies in between forward WebSockets and keep them open."
    )
}

fn stalled(report: &Report) -> Option<String> {
    (report.status != Verdict::Ok).then(|| {
        format!(
            "No progress for a minute: {}. Restart Deckwatch if it stays like this.",
            report.stalled.join(", ")
        )
    })
}

/// A sentence about each source that stands still.
fn still_sources(dashboard: &Dashboard, now: Timestamp, config: &Config) -> Vec<String> {
    let sources = dashboard
        .hosts
        .iter()
        .flat_map(|(id, host)| host.sources.values().map(move |source| (id, host, source)));
    sources
        .filter_map(|(id, host, source)| still(*id, host, source, now, config))
        .collect()
}

fn still(
    id: HostId,
    host: &Host,
    source: &SourceStatus,
    now: Timestamp,
    config: &Config,
) -> Option<String> {
    let subject = match source.source {
        SourceKind::System => format!("The machine of {id}"),
        SourceKind::Docker | SourceKind::Demo => format!("The engine of {id}"),
    };
    let reason = source.message.as_deref();
    match source.state {
        SourceState::Down => {
            let advice = "Check that it runs, and that Deckwatch may connect to it.";
            Some(format!(
                "{subject} does not answer. {}",
                reason.unwrap_or(advice)
            ))
        }
        SourceState::Stale => {
            let reason = reason.map(|reason| format!(" {reason}"));
            Some(format!(
                "{subject} stands still.{} Restart it if it stays like this.",
                reason.unwrap_or_default()
            ))
        }
        SourceState::Live | SourceState::Late => {
            has_old_figures(host, source, now, config).then(|| {
                format!(
                    "{subject} has sent no figures for a while. Restart Deckwatch if it stays like this; a network \
                     drive that hangs delays it, too."
                )
            })
        }
    }
}

/// Whether figures of `source` are overdue for so long that it stands still, although it seems to answer.
fn has_old_figures(host: &Host, source: &SourceStatus, now: Timestamp, config: &Config) -> bool {
    let (read_at, interval) = match source.source {
        SourceKind::System => (host.metrics_at, config.metrics_interval),
        SourceKind::Docker | SourceKind::Demo => (host.stats_at, config.stats_idle_interval),
    };
    // After a pause the old figures are still there until the first new ones arrive.
    let due_from = read_at.map(|at| at.max(source.since));
    Freshness::judge(due_from, now, interval.max(LEAST_INTERVAL)) == Freshness::Stale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_four_fifths_of_the_connections_are_an_alarm() {
        assert_eq!(too_many_clients(800, 1_000), None);
        let text = too_many_clients(801, 1_000).unwrap();
        assert!(text.contains("801 of 1000"), "{text}");
        assert_eq!(too_many_clients(0, 1), None);
    }

    #[test]
    fn more_than_one_percent_of_failed_messages_are_an_alarm_unless_they_are_few() {
        let alarm = |sent, failed| too_many_failed(RecentSends { sent, failed });
        assert_eq!(alarm(0, 0), None);
        assert_eq!(alarm(1, 9), None, "nine of ten, but only nine");
        let text = alarm(90, 10).unwrap();
        assert!(text.contains("10 of 100 messages"), "{text}");
        assert_eq!(alarm(990, 10), None, "one percent");
        assert!(alarm(989, 10).is_some());
        assert!(alarm(u64::MAX, u64::MAX).is_some(), "nothing overflows");
    }

    #[test]
    fn the_alarm_of_reconnects_names_the_client_and_counts_the_others() {
        let text = |others| {
            reconnecting(&Reconnecting {
                client: "ana".into(),
                times: 17,
                others,
            })
        };
        assert!(text(0).starts_with("ana has reconnected 17 times in the last minutes. Check"));
        assert!(text(2).contains("2 other clients do so too."));
    }

    #[test]
    fn a_text_with_line_breaks_becomes_one_line() {
        let alarm = alarm(Rule::Sources, "no\r\nready\u{1b}[2J");
        assert_eq!(alarm.text, "no  ready [2J");
        assert_eq!(alarm.name, "sources");
    }

    /// The sentence about a source that is in `state` since 1,000 s, with figures read at `read_at`, at `now`.
    fn sentence(
        source: SourceKind,
        state: SourceState,
        message: Option<&str>,
        (read_at, now): (i64, i64),
    ) -> Option<String> {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let status = SourceStatus {
            host: "nas".parse().unwrap(),
            source,
            state,
            since: at(1_000),
            last_seen: None,
            message: message.map(str::to_owned),
            endpoint: None,
            version: None,
            machine: None,
        };
        let mut dashboard = Dashboard::default();
        let host = dashboard.hosts.entry(status.host).or_default();
        (host.stats_at, host.metrics_at) = (Some(at(read_at)), Some(at(read_at)));
        host.sources.insert(source, status);
        let mut texts = still_sources(&dashboard, at(now), &Config::default());
        assert!(texts.len() <= 1, "{texts:?}");
        texts.pop()
    }

    #[test]
    fn a_source_that_does_not_answer_is_named_with_its_reason() {
        let (docker, now) = (SourceKind::Docker, (1_000, 1_001));
        let reason = Some("Docker is not reachable. Start it.");
        let text = sentence(docker, SourceState::Down, reason, now).unwrap();
        assert_eq!(
            text,
            "The engine of nas does not answer. Docker is not reachable. Start it."
        );
        let text = sentence(docker, SourceState::Down, None, now).unwrap();
        assert!(text.contains("Check that it runs"), "{text}");
        let text = sentence(SourceKind::System, SourceState::Stale, None, now).unwrap();
        assert!(
            text.starts_with("The machine of nas stands still. Restart"),
            "{text}"
        );
        for state in [SourceState::Live, SourceState::Late] {
            assert_eq!(sentence(docker, state, reason, now), None, "{state:?}");
        }
    }

    #[test]
    fn a_source_whose_figures_are_overdue_five_times_stands_still() {
        let live = |source, read_at, now| sentence(source, SourceState::Live, None, (read_at, now));
        // Every 2 s by default, but judged as if it were every 5 s.
        assert_eq!(live(SourceKind::System, 2_000, 2_025), None);
        let text = live(SourceKind::System, 2_000, 2_026).unwrap();
        assert!(
            text.starts_with("The machine of nas has sent no figures"),
            "{text}"
        );
        // Every 10 s while they are not watched.
        assert_eq!(live(SourceKind::Docker, 2_000, 2_050), None);
        assert!(live(SourceKind::Docker, 2_000, 2_051).is_some());
        // It came back at 1,000 s; the old figures do not count.
        assert_eq!(live(SourceKind::Docker, 0, 1_050), None);
        assert!(live(SourceKind::Docker, 0, 1_051).is_some());
    }

    #[test]
    fn stalled_tasks_are_named() {
        let report = |status, stalled: &[&str]| Report {
            status,
            stalled: stalled.iter().map(|&name| name.to_owned()).collect(),
            idle_ms: Default::default(),
        };
        assert_eq!(stalled(&report(Verdict::Ok, &[])), None);
        let text = stalled(&report(Verdict::Degraded, &["collector", "docker:nas"]));
        assert!(text.unwrap().contains("collector, docker:nas"));
    }
}
