//! Description of the machine and of the versions that the figures were measured with.

use crate::{Failure, Setting, results::Results};
use std::{fs, process::Command};

pub(crate) async fn describe(setting: &Setting) -> Result<(), Failure> {
    let mut results = Results::begin(&setting.results, "machine")?;
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let meminfo = fs::read_to_string("/proc/meminfo")?;
    let kibibytes = meminfo
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse::<f64>().ok());
    let gib = kibibytes.unwrap_or_default() / f64::from(1 << 20);
    let model = model.map_or("unknown processor", |(_, model)| model);
    results.text("Machine", &format!("{cores} × {model}, {gib:.0} GiB"))?;
    results.text(
        "Linux",
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
    )?;
    let cgroups = if fs::exists("/sys/fs/cgroup/cgroup.controllers")? {
        "v2"
    } else {
        "v1"
    };
    results.text("cgroups", cgroups)?;
    for (name, command) in [
        ("rustc", "rustc --version"),
        ("Docker", "dockerd --version"),
        ("Node", "node --version"),
        ("Chromium", "${DECKWATCH_CHROMIUM:-chromium} --version"),
    ] {
        results.text(name, &first_line(setting, command)?)?;
    }
    results.finish()
}

/// The commit that is measured, the day, and the load average of the machine.
pub(crate) fn moment(setting: &Setting) -> Result<String, Failure> {
    let commit = first_line(setting, "git describe --always --dirty")?;
    let day = first_line(setting, "date -u +%Y-%m-%d")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "{commit} on {day}; load average of the machine at the start: {load}"
    ))
}

fn first_line(setting: &Setting, command: &str) -> Result<String, Failure> {
    let output = Command::new("sh")
        .current_dir(&setting.end2end)
        .args(["-c", command])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .next()
        .unwrap_or("not available")
        .trim()
        .to_owned())
}
