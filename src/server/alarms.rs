//! What is wrong with the server itself, in sentences for the person who runs it. The dashboard works
//! meanwhile, so an alarm changes no status code.

use super::{AppState, health::Verdict};
use crate::protocol::Alarm;

/// Share of the client permits above which an alarm is raised, in percent: then a restart of a page of many
/// users may already find none.
const MANY_CLIENTS: u64 = 80;

/// The present alarms.
pub fn present(state: &AppState) -> Vec<Alarm> {
    let (clients, most) = (state.gate.connections(), state.config.max_clients);
    let report = state.health.report();
    let storage = state
        .storage
        .as_ref()
        .map(|storage| storage.state().borrow().clone());
    let alarms = [
        ("clients", too_many_clients(clients, most)),
        (
            "tasks",
            (report.status != Verdict::Ok).then(|| stalled(&report.stalled)),
        ),
        (
            "storage",
            storage.and_then(|state| state.alarm().map(str::to_owned)),
        ),
    ];
    let alarms = alarms.into_iter();
    alarms
        .filter_map(|(name, text)| {
            Some(Alarm {
                name: name.to_owned(),
                text: text?,
            })
        })
        .collect()
}

fn too_many_clients(clients: u32, most: u32) -> Option<String> {
    let is_much = u64::from(clients) * 100 > u64::from(most) * MANY_CLIENTS;
    is_much.then(|| format!("{clients} of {most} connections are taken; raise max-clients."))
}

fn stalled(tasks: &[String]) -> String {
    format!(
        "No progress for a minute: {}. Restart Deckwatch if it stays like this.",
        tasks.join(", ")
    )
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
}
