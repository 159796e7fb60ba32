//! A model test: whatever happens in whatever order, no client receives anything that is outside its audience
//! at that moment, and every client ends up with exactly what is inside.
//!
//! All texts of a container, an event and a host contain a marker. Each frame is searched for markers, and the
//! test decides with its own rules which ones its receiver may see.

mod clients;
mod world;

use super::*;
use clients::Client;
use world::{Attributes, World};

const CLIENTS: usize = 4;
const HOSTS: [&str; 3] = ["local", "demo", "nas"];
/// The scopes of the audiences.
const AUDIENCES: [&[&str]; 8] = [
    &["*"],
    &[],
    &["cluster:prod"],
    &["host:nas"],
    &["project:shop"],
    &["name:web-*"],
    &["label:team=web", "name:db-*"],
    &["host:demo", "project:shop"],
];

/// The number of steps, from the environment. The default takes a few seconds.
#[expect(clippy::disallowed_methods, reason = "not a part of the configuration")]
fn steps() -> u32 {
    let steps = std::env::var("DECKWATCH_TEST_MODEL_STEPS").ok();
    steps.map_or(10_000, |steps| steps.parse().unwrap())
}

/// The average number of steps of one case.
const STEPS_PER_CASE: u32 = 50;

#[derive(Clone, Debug)]
enum Step {
    /// The client begins with nothing.
    Restart(usize),
    Disconnect(usize),
    /// The client resumes where it was, unless it comes back to another view.
    Reconnect(usize),
    /// The client's rights become those of another audience, maybe none.
    Grant(usize, usize),
    Deliver(usize),
    Poll(usize),
    /// Everything that can be read of a workload is read.
    Probe(usize, prop::sample::Index),
    /// A minute passes.
    Minute,
    /// A container changes, or is created.
    Change(HostId, u8, Attributes),
    /// A container is replaced by a new one.
    Recreate(HostId, u8, Attributes),
    Remove(HostId, u8),
    /// A complete list is published.
    List(HostId),
    /// All containers disappear, and the engine with them.
    HostGone(HostId),
    /// Figures are published, those of containers with their previous names if set.
    Stats(HostId, bool),
    Metrics(HostId),
    Source(HostId, SourceKind, SourceState),
    /// An event of a container that may be unknown, renamed from another name if there are two, or of an image.
    Event(HostId, u8, Attributes, Option<Attributes>),
    ImageEvent(HostId),
}

fn any_step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    let host = || prop::sample::select(HOSTS.map(|host| host.parse().unwrap()).to_vec());
    let slot = || 0..3_u8;
    let kinds = vec![SourceKind::Docker, SourceKind::System];
    let kind = prop::sample::select(kinds);
    let states = vec![SourceState::Live, SourceState::Late, SourceState::Down];
    let state = prop::sample::select(states);
    let attributes = world::any_attributes;
    prop_oneof![
        1 => client().prop_map(Step::Restart),
        1 => client().prop_map(Step::Disconnect),
        3 => client().prop_map(Step::Reconnect),
        3 => (client(), 0..AUDIENCES.len()).prop_map(|(client, to)| Step::Grant(client, to)),
        8 => client().prop_map(Step::Deliver),
        2 => client().prop_map(Step::Poll),
        2 => (client(), any::<prop::sample::Index>()).prop_map(|(client, of)| Step::Probe(client, of)),
        1 => Just(Step::Minute),
        6 => (host(), slot(), attributes()).prop_map(|(host, slot, to)| Step::Change(host, slot, to)),
        3 => (host(), slot(), attributes()).prop_map(|(host, slot, to)| Step::Recreate(host, slot, to)),
        2 => (host(), slot()).prop_map(|(host, slot)| Step::Remove(host, slot)),
        1 => host().prop_map(Step::List),
        1 => host().prop_map(Step::HostGone),
        4 => (host(), any::<bool>()).prop_map(|(host, old)| Step::Stats(host, old)),
        1 => host().prop_map(Step::Metrics),
        2 => (host(), kind, state).prop_map(|(host, kind, state)| Step::Source(host, kind, state)),
        4 => (host(), slot(), attributes(), prop::option::weighted(0.3, attributes()))
            .prop_map(|(host, slot, of, old)| Step::Event(host, slot, of, old)),
        1 => host().prop_map(Step::ImageEvent),
    ]
}

fn run(steps: Vec<Step>) {
    let hub = Hub::new(CAPACITY);
    let mut world = World::new(hub.clone());
    let mut clients: Vec<_> = (0..CLIENTS).map(|n| Client::new(n, n)).collect();
    for step in steps {
        match step {
            Step::Restart(n) => {
                clients[n].forget();
                clients[n].connect(&world);
            }
            Step::Disconnect(n) => clients[n].disconnect(),
            Step::Reconnect(n) => clients[n].connect(&world),
            Step::Grant(n, to) => clients[n].grant(to, &world),
            Step::Deliver(n) => clients[n].catch_up(&world),
            Step::Poll(n) => clients[n].poll(&world),
            Step::Probe(n, of) => clients[n].probe(&world, of),
            Step::Minute => hub.state(|state| {
                let now = tokio::time::Instant::now();
                state.others.drop_unused_at(now);
                state.others.drop_unused_at(now + views::KEPT);
            }),
            other => world.act(other),
        }
    }
    // The newest figures of hosts and containers that have become visible since their last reading.
    for host in HOSTS {
        world.act(Step::Stats(host.parse().unwrap(), false));
    }
    for client in &mut clients {
        client.connect(&world);
        client.catch_up(&world);
        client.is_complete(&world);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(steps() / STEPS_PER_CASE))]

    #[test]
    fn clients_receive_exactly_what_is_inside_their_audience(
        steps in prop::collection::vec(any_step(), 0..=2 * STEPS_PER_CASE as usize),
    ) {
        run(steps);
    }
}
