//! `docs/BENCHMARKS.md`, made of what the parts wrote. Goals and explanations stand here; figures
//! never do.

use crate::{Failure, growth, results::Figures};
use std::{fmt::Write, fs, path::Path};

/// What a figure should be.
#[derive(Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is there to compare with.
    None,
}

/// A line of a table.
struct Row {
    key: &'static str,
    what: &'static str,
    unit: &'static str,
    goal: Goal,
    /// What bounds it, said when the goal is missed.
    bound: &'static str,
}

/// A part of the page.
struct Section {
    part: &'static str,
    title: &'static str,
    method: &'static str,
    rows: &'static [Row],
}

const fn row(key: &'static str, what: &'static str, unit: &'static str) -> Row {
    Row {
        key,
        what,
        unit,
        goal: Goal::None,
        bound: "",
    }
}

impl Row {
    const fn at_most(mut self, most: f64, bound: &'static str) -> Self {
        self.goal = Goal::AtMost(most);
        self.bound = bound;
        self
    }

    const fn at_least(mut self, least: f64, bound: &'static str) -> Self {
        self.goal = Goal::AtLeast(least);
        self.bound = bound;
        self
    }
}

const NOISE: &str = "the machine is shared by server, load and engine; repeat it on an idle one";

const SECTIONS: &[Section] = &[
    Section {
        part: "collection",
        title: "Collection",
        method: "A real engine with idle containers, sampled every second; windows of the engine alone, \
            with Deckwatch and one viewer, and with `docker stats` follow each other. A sample's cost is \
            the CPU time of the reading process and what dockerd, containerd and the shims take more than \
            alone. The engine's processes do something of their own now and then, so that of five windows \
            of each kind the one in which they took least counts. The bare loop `pread`s the very files that the server has open.",
        rows: &[
            row("containers", "containers", ""),
            row("docker_stats_us", "`docker stats`, a container and sample", "µs"),
            row("ours_us", "Deckwatch, a container and sample, with all it does beside", "µs"),
            row("docker_stats/ours", "`docker stats` ÷ Deckwatch", "×").at_least(
                50.0,
                "reading the host, listing containers every ten seconds and telling the viewer are \
                 counted here, and spread over few containers",
            ),
            row("marginal_us", "each further sample of a container, read, computed and told", "µs"),
            row("read_loop_us", "bare loop over the same files", "µs"),
            row("marginal/read_loop", "further sample ÷ bare loop", "×").at_most(
                2.0,
                "waking a thread, computing rates, encoding and sending come on top of the reading",
            ),
            row("engine_alone_percent", "the engine's daemons without us, of a core, all windows", "%"),
            row("engine_with_us_percent", "the same with us", "%"),
            row("engine_with_us", "the engine's daemons with us ÷ without us, least of each", "×").at_most(1.05, NOISE),
            row("stats_calls", "requests to the engine for figures", "").at_most(0.0, "the files could not be read"),
            row("resident_mib", "memory of the server", "MiB"),
        ],
    },
    Section {
        part: "fan_out",
        title: "Fan-out",
        method: "100 invented containers, a tick every 500 ms, told to WebSocket clients on the same machine. \
            Every client checks the number of every message, every distinct message is decoded. A loop of \
            `send` and npm's `ws` tell messages of the same length to the same clients by turns. CPU time \
            of the server ÷ messages delivered; with the kernel's part, which on loopback includes the \
            receiver's.",
        rows: &[
            row("frame_bytes", "a tick of 100 containers", "B"),
            row("anyway_ms", "the server with one client, CPU time a second", "ms"),
            row("ours:1000", "Deckwatch, a message, 1,000 clients", "µs"),
            row("send:1000", "loop of `send`, 1,000 clients", "µs"),
            row("ws:1000", "npm `ws`, 1,000 clients", "µs"),
            row("ours/send:1000", "Deckwatch ÷ `send`, 1,000 clients", "×").at_most(1.25, WAKE),
            row("each/send:1000", "the same without what the server with one client takes, 1,000 clients", "×"),
            row("ours/ws:1000", "Deckwatch ÷ `ws`, 1,000 clients", "×").at_most(0.65, WAKE),
            row("last_client/send:1000", "first to last client (p99) ÷ the same of `send`, 1,000 clients", "×")
                .at_most(1.5, SPREAD),
            row("delay_p50:1000", "after the first client, 1,000 clients: p50", "µs"),
            row("delay_p99:1000", "p99", "µs"),
            row("wrong:1000", "messages lost, doubled or not decoded", "").at_most(0.0, LOST),
            row("ours:5000", "Deckwatch, a message, 5,000 clients", "µs"),
            row("send:5000", "loop of `send`, 5,000 clients", "µs"),
            row("ws:5000", "npm `ws`, 5,000 clients", "µs"),
            row("ours/send:5000", "Deckwatch ÷ `send`, 5,000 clients", "×").at_most(1.25, WAKE),
            row("each/send:5000", "the same without what the server with one client takes, 5,000 clients", "×"),
            row("ours/ws:5000", "Deckwatch ÷ `ws`, 5,000 clients", "×").at_most(0.65, WAKE),
            row("last_client/send:5000", "first to last client (p99) ÷ the same of `send`, 5,000 clients", "×")
                .at_most(1.5, SPREAD),
            row("delay_p50:5000", "after the first client, 5,000 clients: p50", "µs"),
            row("delay_p99:5000", "p99", "µs"),
            row("wrong:5000", "messages lost, doubled or not decoded", "").at_most(0.0, LOST),
        ],
    },
    Section {
        part: "memory",
        title: "Memory",
        method: "Resident memory as the kernel counts it, without the kernel's own some 4 KiB a socket. \
            2,000 clients beside 250 others: idle after their greeting; busy after a snapshot of 100 containers and 100 \
            ticks. Churn: what is left after 6,000 connections, 500 at a time, each with a snapshot.",
        rows: &[
            row("idle_kib", "an idle client", "KiB").at_most(4.0, "the task of a session"),
            row("busy_kib", "a client after a snapshot and 100 ticks", "KiB").at_most(6.0, "the task of a session, and what the allocator keeps of the rings"),
            row("busy_wrong", "messages lost, doubled or not decoded", "").at_most(0.0, LOST),
            row("server_mib", "the server with 100 containers, no client", "MiB").at_most(20.0, "the pages' code and data in the binary, of which the kernel counts what was touched"),
            row("churn_mib", "left after 6,000 connections", "MiB").at_most(4.0, "pages the allocator keeps for the next ones"),
            row("start_ms", "start of the process to the first page loaded", "ms").at_most(150.0, NOISE),
        ],
    },
    Section {
        part: "attack",
        title: "Under attack",
        method: "A healthy client asks for the list of containers again and again, each time over a new connection: \
            for some seconds before an attack, during it and after it. The attackers come from another address of the \
            same machine; what the server closes they open again, a thousand a second. An engine that answers \
            without an end, and one that never describes a container, are a small program's.",
        rows: &[
            row("bodies:before_p50_ms", "4,200 unfinished bodies: p50 before", "ms"),
            row("bodies:before_p99_ms", "p99 before", "ms"),
            row("bodies:during_p50_ms", "p50 during", "ms"),
            row("bodies:during_p99_ms", "p99 during", "ms"),
            row("bodies:p99", "p99 during ÷ before", "×").at_most(10.0, CORES),
            row("bodies:p99_after", "p99 after ÷ before", "×").at_most(3.0, CORES),
            row("bodies:not_served", "requests not served", "").at_most(0.0, "a fault"),
            row("bodies:grown_mib", "memory meanwhile, more", "MiB").at_most(128.0, MEMORY),
            row("heads:before_p50_ms", "1,500 heads of 390 KB: p50 before", "ms"),
            row("heads:before_p99_ms", "p99 before", "ms"),
            row("heads:during_p50_ms", "p50 during", "ms"),
            row("heads:during_p99_ms", "p99 during", "ms"),
            row("heads:p99", "p99 during ÷ before", "×").at_most(10.0, CORES),
            row("heads:p99_after", "p99 after ÷ before", "×").at_most(3.0, CORES),
            row("heads:not_served", "requests not served", "").at_most(0.0, "a fault"),
            row("heads:grown_mib", "memory meanwhile, more", "MiB").at_most(64.0, MEMORY),
            row("idle:before_p50_ms", "10,000 idle connections: p50 before", "ms"),
            row("idle:before_p99_ms", "p99 before", "ms"),
            row("idle:during_p50_ms", "p50 during", "ms"),
            row("idle:during_p99_ms", "p99 during", "ms"),
            row("idle:p99", "p99 during ÷ before", "×").at_most(10.0, CORES),
            row("idle:p99_after", "p99 after ÷ before", "×").at_most(3.0, CORES),
            row("idle:not_served", "requests not served", "").at_most(0.0, "a fault"),
            row("idle:grown_mib", "memory meanwhile, more", "MiB").at_most(64.0, MEMORY),
            row("actions:before_p50_ms", "actions on containers that do not exist: p50 before", "ms"),
            row("actions:before_p99_ms", "p99 before", "ms"),
            row("actions:during_p50_ms", "p50 during", "ms"),
            row("actions:during_p99_ms", "p99 during", "ms"),
            row("actions:p99", "p99 during ÷ before", "×").at_most(10.0, CORES),
            row("actions:p99_after", "p99 after ÷ before", "×").at_most(3.0, CORES),
            row("actions:not_served", "requests not served", "").at_most(0.0, "a fault"),
            row("actions:grown_mib", "memory meanwhile, more", "MiB").at_most(64.0, MEMORY),
            row("actions:refused", "actions of another client refused", "").at_most(0.0, "a fault"),
            row("endless:before_p50_ms", "an engine whose answers do not end: p50 before", "ms"),
            row("endless:before_p99_ms", "p99 before", "ms"),
            row("endless:during_p50_ms", "p50 during", "ms"),
            row("endless:during_p99_ms", "p99 during", "ms"),
            row("endless:p99", "p99 during ÷ before", "×").at_most(10.0, CORES),
            row("endless:p99_after", "p99 after ÷ before", "×").at_most(3.0, CORES),
            row("endless:not_served", "requests not served", "").at_most(0.0, "a fault"),
            row("endless:grown_mib", "memory meanwhile, more", "MiB").at_most(64.0, MEMORY),
            row("hung:start_well_ms", "start until all containers are listed", "ms"),
            row("hung:start_ms", "the same when no description is answered", "ms"),
            row("hung:start", "÷ the other", "×").at_most(3.0, "the list waits for descriptions"),
            row("hung:change_well_ms", "a container dies until a client can see it", "ms"),
            row("hung:change_ms", "the same when no description is answered", "ms"),
            row("hung:change", "÷ the other", "×").at_most(3.0, "the change waits for a description"),
        ],
    },
    Section {
        part: "latency",
        title: "Change to client, change to glass",
        method: "A container of a real engine is paused and unpaused 100 times. One process reads the \
            engine's own event stream and is a client of Deckwatch; both times are of the same clock. Then \
            Chromium: from the moment a raw reader has the event until the row's text has changed.",
        rows: &[
            row("raw_p50", "request to the event at a raw reader: p50", "ms"),
            row("raw_p99", "p99", "ms"),
            row("client_p50", "request to the change at a client: p50", "ms"),
            row("client_p99", "p99", "ms"),
            row("added_p50", "event at a raw reader to the change at a client: p50", "ms"),
            row("added_p99", "p99", "ms").at_most(3.0, "the change is told when the engine has been asked for what the event does not say"),
            row("glass_p50", "event at a raw reader to the changed page: p50", "ms").at_most(50.0, FRAME),
            row("glass_p99", "p99", "ms").at_most(150.0, FRAME),
        ],
    },
    Section {
        part: "logs",
        title: "Logs",
        method: "A container writes 400,000 numbered lines of some hundred bytes as fast as it can, while a raw \
            reader follows the engine's API, then while a client follows the log through the server. The client \
            checks the number of every line. Stalled: ten more clients who stop reading. In Chromium the log's \
            page is open while a container writes.",
        rows: &[
            row("raw_lines", "raw reader, lines a second", ""),
            row("ours_lines", "through the server, lines a second", ""),
            row("ours_mb", "the same", "MB/s"),
            row("ours/raw", "through the server ÷ raw", "×").at_least(0.9, "engine, server and reader share the cores"),
            row("engine_us", "the engine's CPU time a line", "µs"),
            row("own_us", "our CPU time a line", "µs"),
            row("own/engine", "ours ÷ the engine's", "×").at_most(0.25, "every line is looked through for secrets and control characters, and encoded"),
            row("missing", "lines missing, as gaps say", ""),
            row("wrong", "lines doubled, out of order or not whole", "").at_most(0.0, LOST),
            row("stalled_mib", "a client that stops reading", "MiB").at_most(1.0, "the kernel's buffers do not count, what is queued does"),
            row("burst_task_ms", "longest task of the page in a burst of 40,000 lines; 0 when none took 50", "ms").at_most(50.0, "a message is decoded in one piece"),
            row("few_heap_mib", "memory of the page after 10,000 lines", "MiB"),
            row("many_heap_mib", "after 1,000,000", "MiB"),
            row("heap_growth_mib", "its growth, from 10,000 to 1,000,000", "MiB").at_most(10.0, "after a million lines 100,000 are kept, ten times as many"),
            row("many_task_ms", "longest task meanwhile", "ms"),
        ],
    },
    Section {
        part: "table",
        title: "Table",
        method: "1,000 rows; at each tick 100 of them change in four cells, all in view. The same document \
            with the same styles in the same browser is changed by hand-written JavaScript that gets the \
            texts and the small lines ready-made, while Deckwatch decodes the protocol, keeps the state and formats. Main \
            thread's time a tick: script, style, layout and paint. First HTML and hydration are of a server \
            with 1,000 containers.",
        rows: &[
            row("ours_all_ms", "Deckwatch, a tick", "ms"),
            row("ours_script_ms", "of it script", "ms"),
            row("ours_layout_ms", "of it style and layout", "ms"),
            row("vanilla_all_ms", "by hand, a tick", "ms"),
            row("vanilla_script_ms", "of it script", "ms"),
            row("vanilla_layout_ms", "of it style and layout", "ms"),
            row("ours/vanilla", "Deckwatch ÷ by hand", "×").at_most(1.15, "every cell is an effect of the reactive graph that is woken, run and compared, in WebAssembly that is \
                 made small rather than fast; and the tick is decoded, 400 texts are formatted and 100 lines worked \
                 out, none of which the other side does"),
            row("text_writes", "texts written a tick; 400 cells change", "").at_most(400.0, "cells are written that do not change"),
            row("attribute_writes", "bars and lines drawn anew a tick", ""),
            row("html_ms", "first HTML of 1,000 containers, CPU time of the server", "ms").at_most(50.0, "rows are rendered that fill a large screen"),
            row("html_kib", "its length", "KiB"),
            row("hydrate_ms", "WebAssembly loaded to hydrated", "ms").at_most(300.0, "compiling the WebAssembly"),
            row("interactive_ms", "navigation to hydrated", "ms"),
        ],
    },
    Section {
        part: "first",
        title: "First visit",
        method: "From the last byte of the HTML until the page reacts, with an empty cache, over a link of \
            10 Mbit/s with 40 ms more of latency and with a processor that is slowed down four times (both by \
            Chromium). Beside it the smallest page that Leptos hydrates, built and compressed alike.",
        rows: &[
            row("empty_ms", "an empty page", "ms"),
            row("empty_kib", "its code", "KiB"),
            row("overview_ms", "overview", "ms").at_most(1_500.0, SLOW),
            row("overview_kib", "its code", "KiB").at_most(420.0, SIZE),
            row("containers_ms", "list of containers", "ms").at_most(1_500.0, SLOW),
            row("container_ms", "a container", "ms").at_most(1_500.0, SLOW),
            row("container_kib", "its code", "KiB").at_most(420.0, SIZE),
            row("logs_ms", "logs", "ms").at_most(1_500.0, SLOW),
            row("logs_kib", "its code", "KiB").at_most(420.0, SIZE),
            row("stats_ms", "a container's charts", "ms"),
            row("realtime_ms", "realtime test", "ms"),
        ],
    },
    Section {
        part: "size",
        title: "Size",
        method: "What the browser loads, compressed with Brotli at its highest level as it is served.",
        rows: &[
            row("code_kib", "WebAssembly and JavaScript, for all pages", "KiB"),
            row("first_kib", "of it before the overview or the list is hydrated", "KiB").at_most(420.0, SIZE),
            row("css_kib", "styles", "KiB").at_most(15.0, "see `docs/adr`"),
            row("section:code", "WebAssembly of all pages: code", "B"),
            row("section:data", "WebAssembly of all pages: data", "B"),
            row("binary_mib", "the server, everything in it", "MiB"),
        ],
    },
];

const CORES: &str = "attackers, server and client share the cores";
const MEMORY: &str = "what each of 4,096 connections takes";
const WAKE: &str = "beside the writing: to invent 100 containers, and to see for each client what it has not got; of \
     the peer's time a bare `send` is more than half, so that little is left to be better by";
const SPREAD: &str = "as above; server and clients share the cores";
const LOST: &str = "a fault";
const SIZE: &str = "what the framework generates for each view and each closure; \
     `docs/adr/0007-size-of-the-page.md` says what weighs what, and what was tried";
const SLOW: &str =
    "compiling and running the WebAssembly on a slow processor, and waiting for it on a slow link";
const FRAME: &str = "changes are drawn with the next animation frame";

/// Writes the page.
pub(crate) fn write(results: &Path, page: &Path) -> Result<(), Failure> {
    let mut text = String::from(
        "# Benchmarks\n\nMade by `scripts/bench`; nothing here is written by hand. A figure is the median of \
         its rounds, with the least and the most in brackets. Ratios are of two things measured in the same \
         run, by turns; CPU time is the kernel's account of it, not wall time.\n\n",
    );
    machine(results, &mut text)?;
    text.push_str(
        "To repeat all of it: `scripts/bench`. One part: `scripts/bench fan_out`; the other parts' figures \
         stay. It needs root for an engine of its own, and some fifteen minutes of an otherwise idle \
         machine.\n",
    );
    for section in SECTIONS {
        let Some(figures) = Figures::read(results, section.part)? else {
            continue;
        };
        write!(text, "\n## {}\n\n{}\n\n", section.title, section.method)?;
        table(section, &figures, &mut text)?;
    }
    if let Some(figures) = Figures::read(results, "growth")? {
        growth(&figures, &mut text)?;
    }
    Ok(fs::write(page, text)?)
}

fn machine(results: &Path, text: &mut String) -> Result<(), Failure> {
    let Some(machine) = Figures::read(results, "machine")? else {
        return Ok(());
    };
    text.push_str("| | |\n|---|---|\n");
    for name in [
        "Machine",
        "Linux",
        "cgroups",
        "Docker",
        "Chromium",
        "Node",
        "rustc",
        "Deckwatch",
        "When",
    ] {
        if let Some(value) = machine.text(name) {
            writeln!(text, "| {name} | {value} |")?;
        }
    }
    text.push('\n');
    Ok(())
}

fn table(section: &Section, figures: &Figures, text: &mut String) -> Result<(), Failure> {
    text.push_str("| | measured | goal | |\n|---|---:|---:|---|\n");
    let mut missed = Vec::new();
    for row in section.rows {
        let Some([median, least, most]) = figures.spread(row.key) else {
            continue;
        };
        let (goal, met) = match row.goal {
            Goal::AtMost(goal) => (format!("≤ {}", number(goal)), Some(median <= goal)),
            Goal::AtLeast(goal) => (format!("≥ {}", number(goal)), Some(median >= goal)),
            Goal::None => (String::new(), None),
        };
        let verdict = met.map_or("", |met| if met { "met" } else { "**missed**" });
        let around = if least < most {
            format!(" ({}–{})", number(least), number(most))
        } else {
            String::new()
        };
        let unit = row.unit;
        writeln!(
            text,
            "| {} | {} {unit}{around} | {goal} | {verdict} |",
            row.what,
            number(median)
        )?;
        if met == Some(false) {
            missed.push(row);
        }
    }
    for row in missed {
        writeln!(
            text,
            "\nMissed: {}. What bounds it: {}.",
            row.what, row.bound
        )?;
    }
    if let Some(load) = figures.text("load") {
        writeln!(text, "\nLoad of the machine at the beginning: {load}.")?;
    }
    Ok(())
}

fn growth(figures: &Figures, text: &mut String) -> Result<(), Failure> {
    text.push_str(
        "\n## Growth\n\nInvented containers, a tick every 2 s. All clients get the same encoded bytes, so CPU \
         time grows with clients, by one write each a tick, and only a little with containers, whose figures \
         are read and encoded once however many watch; memory grows with clients by what a session takes, and \
         with containers by the frames that are kept; a client's bytes grow with containers, and not with \
         clients.\n",
    );
    for (key, title) in [
        ("cpu", "CPU of the server, % of a core"),
        ("rss", "Memory of the server, MiB"),
        ("bytes", "Bytes a second to each client"),
    ] {
        write!(text, "\n| {title} |")?;
        for clients in growth::CLIENTS {
            write!(text, " {clients} clients |")?;
        }
        text.push_str("\n|---|---:|---:|---:|---:|\n");
        for containers in growth::CONTAINERS {
            write!(text, "| {containers} containers |")?;
            for clients in growth::CLIENTS {
                let figure = figures.spread(&format!("{key}:{containers}x{clients}"));
                let shown = figure.map_or("–".to_owned(), |[median, ..]| number(median));
                write!(text, " {shown} |")?;
            }
            text.push('\n');
        }
    }
    let is_wrong = |key: &&str| key.starts_with("wrong:");
    let wrong = figures
        .keys()
        .filter(is_wrong)
        .filter_map(|key| figures.spread(key));
    let wrong: f64 = wrong.map(|[median, ..]| median).sum();
    writeln!(
        text,
        "\nMessages lost, doubled or not decoded: {}.",
        number(wrong)
    )?;
    Ok(())
}

/// Three significant digits, thousands apart.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.5 || v == v.round() => 0,
        v if v >= 9.95 => 1,
        v if v >= 0.995 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text
        .split_once('.')
        .map_or((&*text, String::new()), |(w, r)| (w, format!(".{r}")));
    let digits = whole.len();
    let mut spaced = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (digits - at) % 3 == 0 && !spaced.ends_with('-') {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    spaced + &rest
}
