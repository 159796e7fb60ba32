//! A first visit with a slow link and a slow processor, compared with the smallest page that Leptos
//! hydrates.

use crate::{Failure, Setting, latency::browser, process::Process, results::Results};

const CONTAINERS: usize = 100;
const ROUNDS: u32 = 5;

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let server = Process::demo(&setting.binary, CONTAINERS, &[])?;
    let url = format!("http://{}", server.address);
    let empty = setting
        .empty_page
        .as_ref()
        .ok_or("this part needs --empty-page")?;
    let empty = empty.display().to_string();
    let rounds = setting.rounds(ROUNDS).to_string();
    browser(setting, &["first", &url, &empty, &rounds], results).await?;
    Ok(())
}
