//! CPU time, memory and bytes sent for each combination of a number of containers and a number of
//! clients.

use crate::{
    Failure, Setting,
    crowd::{Crowd, Sender, with_crowds},
    process::{Process, cpu_during},
    results::Results,
};
use deckwatch::protocol::Channel;
use std::time::Duration;

pub(crate) const CONTAINERS: [usize; 3] = [10, 100, 1_000];
pub(crate) const CLIENTS: [usize; 4] = [10, 100, 1_000, 5_000];
/// A multiple of the time between two ticks, which is 2 s.
const WINDOW: Duration = Duration::from_secs(8);

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    for containers in CONTAINERS {
        let server = Process::demo(&setting.binary, containers, &[])?;
        with_crowds(async {
            let follow = [Channel::CONTAINERS, Channel::STATS];
            let mut crowd = Crowd::gather(server.address, 0, Sender::Deckwatch, &follow).await?;
            let mut there = 0;
            for clients in CLIENTS {
                let more = clients - there;
                crowd
                    .grow(server.address, more, Sender::Deckwatch, &follow)
                    .await?;
                there = clients;
                crowd.settle().await;
                crowd.reset();
                let window = setting.window(WINDOW);
                let cpu = cpu_during(&[server.id()], window).await;
                let tally = crowd.tally();
                let key = format!("{containers}x{clients}");
                let seconds = window.as_secs_f64();
                results.figure(&format!("cpu:{key}"), cpu / seconds * 100.0)?;
                let bytes = tally.bytes as f64 / seconds / clients as f64;
                results.figure(&format!("bytes:{key}"), bytes)?;
                let mib = server.resident()? / f64::from(1 << 20);
                results.figure(&format!("rss:{key}"), mib)?;
                results.figure(&format!("wrong:{key}"), tally.wrong as f64)?;
                crowd.check()?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}
