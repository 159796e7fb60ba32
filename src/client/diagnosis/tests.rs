use super::*;
use crate::protocol::Channel;

fn socket() -> SocketTrial {
    SocketTrial {
        ended: true,
        opened: true,
        complete: true,
        closed: None,
        messages: 9,
        bytes: 4_000,
        first_ms: Some(12),
        round_trip_ms: Some(3),
        channels: vec![Channel::METRICS, Channel::CONTAINERS],
    }
}

/// A socket that never opened, as the browser reports it.
fn refused() -> SocketTrial {
    SocketTrial {
        ended: true,
        closed: Some(1006),
        ..SocketTrial::default()
    }
}

fn all_working() -> Observations {
    Observations {
        finished: true,
        reach: Some(ReachTrial {
            ended: true,
            status: Some(200),
            version: Some("0.1.0".into()),
            wants_sign_in: false,
            is_ours: true,
            origin_status: None,
            ms: 4,
        }),
        binary: Some(socket()),
        json: Some(socket()),
        docker_stats: Some(socket()),
        stream: Some(StreamTrial {
            ended: true,
            status: Some(200),
            is_stream: true,
            events: 4,
            bytes: 9_000,
            first_ms: Some(9),
            longest_gap_ms: 2_100,
            most_late_ms: Some(40),
        }),
        polling: Some(PollTrial {
            ended: true,
            status: Some(304),
            answers: 3,
            bytes: 9_000,
            slowest_ms: 7,
        }),
        quiet: Some(QuietTrial {
            ended: true,
            opened: true,
            quiet_ms: 15_000,
            heartbeat: true,
            closed: None,
        }),
        clock_skew_ms: Some(-120),
        silent_engines: Vec::new(),
    }
}

fn found(change: impl FnOnce(&mut Observations)) -> Vec<Finding> {
    let mut observed = all_working();
    change(&mut observed);
    observed.findings()
}

fn change<T: Default>(trial: &mut Option<T>, change: impl FnOnce(&mut T)) {
    change(trial.get_or_insert_default());
}

#[test]
fn nothing_is_found_when_everything_works() {
    let observed = all_working();
    assert_eq!(observed.findings(), []);
    assert_eq!(observed.severity(), None);
    assert_eq!(observed.ended(), Probe::ALL.len());
    for probe in Probe::ALL {
        assert_eq!(observed.outcome(probe), Outcome::Works, "{probe:?}");
    }
}

#[test]
fn nothing_is_concluded_without_observations() {
    let observed = Observations::default();
    assert_eq!(observed.findings(), []);
    assert_eq!(observed.ended(), 0);
    let running = Observations {
        binary: Some(SocketTrial::default()),
        quiet: Some(QuietTrial::default()),
        ..Observations::default()
    };
    assert_eq!(running.outcome(Probe::Binary), Outcome::Running);
    assert_eq!(running.outcome(Probe::Quiet), Outcome::Running);
    assert_eq!(running.outcome(Probe::Json), Outcome::Waiting);
    assert_eq!(running.findings(), []);
}

#[test]
fn sockets_that_do_not_open_are_diagnosed_by_what_else_is_refused() {
    let none_opens = |observed: &mut Observations| {
        observed.binary = Some(refused());
        observed.json = Some(refused());
        observed.docker_stats = Some(refused());
        observed.quiet = Some(QuietTrial {
            ended: true,
            ..QuietTrial::default()
        });
    };
    assert_eq!(found(none_opens), [Finding::UpgradeRefused]);
    let origin = found(|observed| {
        none_opens(observed);
        change(&mut observed.reach, |reach| reach.origin_status = Some(403));
    });
    assert_eq!(origin, [Finding::OriginRefused]);
    let other = found(|observed| {
        none_opens(observed);
        change(&mut observed.reach, |reach| reach.origin_status = Some(405));
    });
    assert_eq!(other, [Finding::UpgradeRefused]);
    let full = found(|observed| {
        none_opens(observed);
        observed.stream = Some(StreamTrial {
            ended: true,
            status: Some(503),
            ..StreamTrial::default()
        });
    });
    assert_eq!(full, [Finding::AtCapacity]);
    let mut observed = all_working();
    none_opens(&mut observed);
    assert_eq!(observed.outcome(Probe::Quiet), Outcome::Skipped);
    assert_eq!(observed.severity(), Some(Severity::Warning));
}

#[test]
fn the_close_code_of_a_socket_determines_the_finding() {
    for (code, finding) in [
        (close_code::SIGNED_OUT, Finding::SignedOut),
        (close_code::FORBIDDEN, Finding::SignedOut),
        (close_code::VERSION, Finding::OtherVersion),
        (close_code::AT_CAPACITY, Finding::AtCapacity),
        (1006, Finding::SocketCut(1006)),
        (
            close_code::INTERNAL,
            Finding::SocketCut(close_code::INTERNAL),
        ),
    ] {
        let found = found(|observed| {
            change(&mut observed.binary, |trial| {
                trial.complete = false;
                trial.closed = Some(code);
            });
        });
        assert_eq!(found, [finding], "{code}");
    }
    let silent = found(|observed| change(&mut observed.binary, |trial| trial.complete = false));
    assert_eq!(silent, [Finding::SocketSilent]);
    assert_eq!(
        found(|observed| observed.binary = Some(refused())),
        [Finding::SubprotocolRefused]
    );
    assert_eq!(
        found(|observed| observed.docker_stats = Some(refused())),
        [Finding::OtherPathRefused]
    );
}

#[test]
fn an_unreachable_server_is_the_only_finding() {
    let with_status = |status: Option<u16>, is_ours: bool| {
        found(|observed| {
            observed.reach = Some(ReachTrial {
                ended: true,
                status,
                is_ours,
                wants_sign_in: matches!(status, Some(0 | 401)),
                ..ReachTrial::default()
            });
            observed.binary = Some(refused());
            observed.json = Some(refused());
            observed.polling = Some(PollTrial {
                ended: true,
                ..PollTrial::default()
            });
        })
    };
    assert_eq!(with_status(None, false), [Finding::Unreachable]);
    assert_eq!(with_status(Some(421), true), [Finding::HostRefused]);
    assert_eq!(with_status(Some(401), true), [Finding::SignedOut]);
    assert_eq!(
        with_status(Some(0), false),
        [Finding::SignedOut],
        "a redirect to a sign-in"
    );
    assert_eq!(with_status(Some(502), false), [Finding::ProxyFailed(502)]);
    assert_eq!(with_status(Some(404), false), [Finding::Stranger(404)]);
    assert_eq!(
        with_status(Some(200), false),
        [Finding::Stranger(200)],
        "not an answer of Deckwatch"
    );
    assert_eq!(with_status(Some(500), true), [Finding::Stranger(500)]);
    let one_lost = found(|observed| {
        observed.reach = Some(ReachTrial {
            ended: true,
            ..ReachTrial::default()
        });
    });
    assert_eq!(
        one_lost,
        [],
        "polls are answered, so the server is reachable"
    );
}

#[test]
fn events_that_are_delayed_more_than_everything_else_are_buffered() {
    let with = |gap: u32, late: Option<u32>, poll: u32| {
        found(|observed| {
            change(&mut observed.stream, |trial| {
                trial.longest_gap_ms = gap;
                trial.most_late_ms = late;
            });
            change(&mut observed.polling, |trial| trial.slowest_ms = poll);
        })
    };
    assert_eq!(with(8_000, None, 10), []);
    assert_eq!(with(12_400, None, 10), [Finding::StreamBuffered(12)]);
    assert_eq!(with(2_000, Some(9_000), 10), [Finding::StreamBuffered(9)]);
    assert_eq!(with(12_000, None, 4_000), [], "everything is slow");
    let never = found(|observed| {
        observed.stream = Some(StreamTrial {
            ended: true,
            status: Some(200),
            is_stream: true,
            longest_gap_ms: 15_000,
            ..StreamTrial::default()
        });
    });
    assert_eq!(never, [Finding::StreamBuffered(15)]);
    for status in [None, Some(404), Some(200)] {
        let refused = found(|observed| {
            observed.stream = Some(StreamTrial {
                ended: true,
                status,
                ..StreamTrial::default()
            });
        });
        assert_eq!(refused, [Finding::StreamRefused(status)]);
    }
}

#[test]
fn an_idle_connection_that_was_cut_is_reported_with_its_age() {
    let with = |quiet_ms, heartbeat, closed| {
        found(|observed| {
            observed.quiet = Some(QuietTrial {
                ended: true,
                opened: true,
                quiet_ms,
                heartbeat,
                closed,
            });
        })
    };
    assert_eq!(with(10_040, false, Some(1006)), [Finding::IdleCut(10)]);
    assert_eq!(with(9_960, false, Some(1001)), [Finding::IdleCut(10)]);
    assert_eq!(with(35_000, false, None), [Finding::HeartbeatLost(35)]);
    assert_eq!(
        with(3_000, false, Some(close_code::RESTART)),
        [],
        "the server restarts"
    );
}

#[test]
fn minor_findings_come_last() {
    let found = found(|observed| {
        observed.clock_skew_ms = Some(-90_500);
        change(&mut observed.binary, |trial| {
            trial.round_trip_ms = Some(1_400)
        });
        observed.polling = Some(PollTrial {
            ended: true,
            ..PollTrial::default()
        });
        observed.silent_engines = vec![HostId::default()];
    });
    assert_eq!(
        found,
        [
            Finding::PollingFailed(None),
            Finding::Engine(HostId::default()),
            Finding::Slow(1_400),
            Finding::ClockSkew(-90),
        ]
    );
}

#[test]
fn the_report_contains_everything_but_names() {
    let mut observed = all_working();
    observed.silent_engines = vec!["secret-host".parse().unwrap()];
    let report = observed.report();
    for words in [
        "Binary: Works, opened true, closed none, 9 messages, 4000 bytes, first after 12 ms, round trip 3 ms, channels [metrics containers]",
        "Reach: Works, status 200, server 0.1.0",
        "Stream: Works",
        "Quiet: Works, quiet for 15000 ms",
        "finding: an engine does not answer",
        "clock ahead of the server's: -120 ms",
    ] {
        assert!(report.contains(words), "{words} in:\n{report}");
    }
    assert!(!report.contains("secret-host"), "{report}");
    assert!(Observations::default().report().contains("no findings"));
}
