//! Titles, labels, goals and explanations of `docs/BENCHMARKS.md`.
//!
//! Labels may be reworded at any time: figures are found by their keys, which the parts write.

/// The value that the median of a figure is compared with.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// No goal: the figure is shown for comparison.
    None,
}

/// One line of a table, for the figures that were stored under `key`.
pub(crate) struct Row {
    pub(crate) key: &'static str,
    /// The label.
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    /// The limiting factor, shown when the goal is missed.
    pub(crate) bound: &'static str,
}

/// One section of the page: the figures of one part.
pub(crate) struct Section {
    pub(crate) part: &'static str,
    pub(crate) title: &'static str,
    /// The introduction: what is measured, and how.
    pub(crate) method: &'static str,
    pub(crate) rows: &'static [Row],
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

const NOISE: &str = "server, load generator and engine share the machine; repeat it on an idle one";

/// All sections, in the order of the page.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        part: "collection",
        title: "Collection",
        method: "A real engine with idle containers, sampled every second. Measurement windows of the engine alone, \
            with Deckwatch and one WebSocket client, and with `docker stats` follow each other. The cost of a sample is \
            the CPU time of the reading process plus the CPU time that dockerd, containerd and the shims use in \
            addition to what they use alone. The engine's processes occasionally do background work, so of the five \
            windows of each kind the one with the lowest engine CPU time counts. The bare loop calls `pread` on \
            the same files that the server has open.",
        rows: &[
            row("containers", "containers", ""),
            row("docker_stats_us", "`docker stats`, per container and sample", "µs"),
            row("ours_us", "Deckwatch, per container and sample, including all its other work", "µs"),
            row("docker_stats/ours", "`docker stats` ÷ Deckwatch", "×").at_least(
                50.0,
                "the cost includes reading the host's figures, listing the containers every ten seconds and \
                 sending to the client, divided among only a few containers",
            ),
            row("marginal_us", "each additional sample, per container: read, computed and delivered", "µs"),
            row("read_loop_us", "bare loop over the same files, per container", "µs"),
            row("marginal/read_loop", "additional sample ÷ bare loop", "×").at_most(
                2.0,
                "waking a thread, computing rates, encoding and sending are added to the reading",
            ),
            row("engine_alone_percent", "engine daemons without Deckwatch, share of one core, all windows", "%"),
            row("engine_with_us_percent", "engine daemons with Deckwatch, share of one core, all windows", "%"),
            row("engine_with_us", "engine daemons with ÷ without Deckwatch, minimum of each", "×").at_most(1.05, NOISE),
            row("stats_calls", "stats requests to the engine", "").at_most(0.0, "the kernel's files could not be read"),
            row("resident_mib", "memory of the server", "MiB"),
        ],
    },
    Section {
        part: "fan_out",
        title: "Fan-out",
        method: "100 synthetic containers with one tick every 500 ms, delivered to WebSocket clients on the same \
            machine. Every client checks the sequence number of every message, and every distinct message is decoded. \
            For comparison, a loop of `send` and npm's `ws` deliver messages of the same length to the same number of \
            clients, alternately with Deckwatch. The cost per message is the CPU time of the server ÷ messages \
            delivered. It includes time in the kernel, which on loopback covers the receiver's part as well. The \
            baseline is the CPU time of the server with one client.",
        rows: &[
            row("frame_bytes", "message payload of a tick, 100 containers", "B"),
            row("anyway_ms", "baseline: server with one client, CPU time per second", "ms"),
            row("ours:1000", "Deckwatch, per message, 1,000 clients", "µs"),
            row("send:1000", "`send` loop, per message, 1,000 clients", "µs"),
            row("ws:1000", "npm `ws`, per message, 1,000 clients", "µs"),
            row("ours/send:1000", "Deckwatch ÷ `send` loop, 1,000 clients", "×").at_most(1.25, WAKE),
            row("each/send:1000", "(Deckwatch − baseline with one client) ÷ `send` loop, 1,000 clients", "×"),
            row("ours/ws:1000", "Deckwatch ÷ npm `ws`, 1,000 clients", "×").at_most(0.65, WAKE),
            row("last_client/send:1000", "first to last client (p99), Deckwatch ÷ `send` loop, 1,000 clients", "×")
                .at_most(1.5, SPREAD),
            row("delay_p50:1000", "delay after the first client, p50, 1,000 clients", "µs"),
            row("delay_p99:1000", "delay after the first client, p99, 1,000 clients", "µs"),
            row("wrong:1000", "messages lost, duplicated or not decoded, 1,000 clients", "").at_most(0.0, DEFECT),
            row("ours:5000", "Deckwatch, per message, 5,000 clients", "µs"),
            row("send:5000", "`send` loop, per message, 5,000 clients", "µs"),
            row("ws:5000", "npm `ws`, per message, 5,000 clients", "µs"),
            row("ours/send:5000", "Deckwatch ÷ `send` loop, 5,000 clients", "×").at_most(1.25, WAKE),
            row("each/send:5000", "(Deckwatch − baseline with one client) ÷ `send` loop, 5,000 clients", "×"),
            row("ours/ws:5000", "Deckwatch ÷ npm `ws`, 5,000 clients", "×").at_most(0.65, WAKE),
            row("last_client/send:5000", "first to last client (p99), Deckwatch ÷ `send` loop, 5,000 clients", "×")
                .at_most(1.5, SPREAD),
            row("delay_p50:5000", "delay after the first client, p50, 5,000 clients", "µs"),
            row("delay_p99:5000", "delay after the first client, p99, 5,000 clients", "µs"),
            row("wrong:5000", "messages lost, duplicated or not decoded, 5,000 clients", "").at_most(0.0, DEFECT),
        ],
    },
    Section {
        part: "memory",
        title: "Memory",
        method: "Resident memory as reported by the kernel; the kernel's own memory, about 4 KiB per socket, is not \
            included. 2,000 clients are added to 250 existing ones. Idle: after the greeting. Busy: after a snapshot \
            of 100 containers and 100 ticks. Churn: the memory that remains allocated after 6,000 connections, 500 at \
            a time, each of which received a snapshot.",
        rows: &[
            row("idle_kib", "memory per idle client", "KiB").at_most(4.0, "the task of a session"),
            row("busy_kib", "memory per busy client", "KiB").at_most(6.0, "the task of a session, and what the allocator retains for the rings"),
            row("busy_wrong", "busy clients: messages lost, duplicated or not decoded", "").at_most(0.0, DEFECT),
            row("server_mib", "server with 100 containers and no client", "MiB").at_most(20.0, "code and data of the web pages are part of the binary; the kernel counts what was accessed"),
            row("churn_mib", "memory remaining after 6,000 connections", "MiB").at_most(4.0, "memory that the allocator retains for later connections"),
            row("start_ms", "process start to first page loaded", "ms").at_most(150.0, NOISE),
        ],
    },
    Section {
        part: "attack",
        title: "Under attack",
        method: "A healthy client requests the list of containers repeatedly, each time over a new connection: \
            for a few seconds each before, during and after an attack. p50 and p99 are its response times. The \
            attackers connect from another address of the same machine and reopen connections that the server closes, \
            at a thousand per second. A small program plays the engine that sends endless responses and the engine \
            that never answers inspect requests.",
        rows: &[
            row("bodies:before_p50_ms", "4,200 unfinished request bodies: p50 before", "ms"),
            row("bodies:before_p99_ms", "4,200 unfinished request bodies: p99 before", "ms"),
            row("bodies:during_p50_ms", "4,200 unfinished request bodies: p50 during", "ms"),
            row("bodies:during_p99_ms", "4,200 unfinished request bodies: p99 during", "ms"),
            row("bodies:p99", "4,200 unfinished request bodies: p99 during ÷ before", "×").at_most(10.0, CORES),
            row("bodies:p99_after", "4,200 unfinished request bodies: p99 after ÷ before", "×").at_most(3.0, CORES),
            row("bodies:not_served", "4,200 unfinished request bodies: requests not served", "").at_most(0.0, DEFECT),
            row("bodies:grown_mib", "4,200 unfinished request bodies: memory increase", "MiB").at_most(128.0, MEMORY),
            row("heads:before_p50_ms", "1,500 request heads of 390 KB: p50 before", "ms"),
            row("heads:before_p99_ms", "1,500 request heads of 390 KB: p99 before", "ms"),
            row("heads:during_p50_ms", "1,500 request heads of 390 KB: p50 during", "ms"),
            row("heads:during_p99_ms", "1,500 request heads of 390 KB: p99 during", "ms"),
            row("heads:p99", "1,500 request heads of 390 KB: p99 during ÷ before", "×").at_most(10.0, CORES),
            row("heads:p99_after", "1,500 request heads of 390 KB: p99 after ÷ before", "×").at_most(3.0, CORES),
            row("heads:not_served", "1,500 request heads of 390 KB: requests not served", "").at_most(0.0, DEFECT),
            row("heads:grown_mib", "1,500 request heads of 390 KB: memory increase", "MiB").at_most(64.0, MEMORY),
            row("idle:before_p50_ms", "10,000 idle connections: p50 before", "ms"),
            row("idle:before_p99_ms", "10,000 idle connections: p99 before", "ms"),
            row("idle:during_p50_ms", "10,000 idle connections: p50 during", "ms"),
            row("idle:during_p99_ms", "10,000 idle connections: p99 during", "ms"),
            row("idle:p99", "10,000 idle connections: p99 during ÷ before", "×").at_most(10.0, CORES),
            row("idle:p99_after", "10,000 idle connections: p99 after ÷ before", "×").at_most(3.0, CORES),
            row("idle:not_served", "10,000 idle connections: requests not served", "").at_most(0.0, DEFECT),
            row("idle:grown_mib", "10,000 idle connections: memory increase", "MiB").at_most(64.0, MEMORY),
            row("actions:before_p50_ms", "actions on unknown containers: p50 before", "ms"),
            row("actions:before_p99_ms", "actions on unknown containers: p99 before", "ms"),
            row("actions:during_p50_ms", "actions on unknown containers: p50 during", "ms"),
            row("actions:during_p99_ms", "actions on unknown containers: p99 during", "ms"),
            row("actions:p99", "actions on unknown containers: p99 during ÷ before", "×").at_most(10.0, CORES),
            row("actions:p99_after", "actions on unknown containers: p99 after ÷ before", "×").at_most(3.0, CORES),
            row("actions:not_served", "actions on unknown containers: requests not served", "").at_most(0.0, DEFECT),
            row("actions:grown_mib", "actions on unknown containers: memory increase", "MiB").at_most(64.0, MEMORY),
            row("actions:refused", "actions on unknown containers: valid actions of another client refused", "").at_most(0.0, DEFECT),
            row("endless:before_p50_ms", "engine with endless responses: p50 before", "ms"),
            row("endless:before_p99_ms", "engine with endless responses: p99 before", "ms"),
            row("endless:during_p50_ms", "engine with endless responses: p50 during", "ms"),
            row("endless:during_p99_ms", "engine with endless responses: p99 during", "ms"),
            row("endless:p99", "engine with endless responses: p99 during ÷ before", "×").at_most(10.0, CORES),
            row("endless:p99_after", "engine with endless responses: p99 after ÷ before", "×").at_most(3.0, CORES),
            row("endless:not_served", "engine with endless responses: requests not served", "").at_most(0.0, DEFECT),
            row("endless:grown_mib", "engine with endless responses: memory increase", "MiB").at_most(64.0, MEMORY),
            row("hung:start_well_ms", "process start until all containers are listed, inspect requests answered", "ms"),
            row("hung:start_ms", "process start until all containers are listed, inspect requests not answered", "ms"),
            row("hung:start", "process start: inspect requests not answered ÷ answered", "×").at_most(3.0, "the list waits for the responses to inspect requests"),
            row("hung:change_well_ms", "container exit until visible to a client, inspect requests answered", "ms"),
            row("hung:change_ms", "container exit until visible to a client, inspect requests not answered", "ms"),
            row("hung:change", "container exit: inspect requests not answered ÷ answered", "×").at_most(3.0, "the change waits for the response to an inspect request"),
        ],
    },
    Section {
        part: "access",
        title: "Sign-in and rights",
        method: "Users who are signed in with a password, each at an address of their own, with 20 connections each; \
            100 synthetic containers. Audiences: 52 users with the same rights, and alternately 13 with each of four \
            rights that allow the same, so that the server keeps and encodes everything four times while messages have \
            the same length. Idle: 100 users are added to 13. Sign-ins: 50 at the same time, each followed by the next, while a client requests \
            the list of containers over new connections; alternately the same without sign-ins. Hidden: a user who may \
            see no container requests one that exists and, alternately, two that do not.",
        rows: &[
            row("one_us", "one audience, CPU time per message", "µs"),
            row("four_us", "four audiences, CPU time per message", "µs"),
            row("four/one", "four audiences ÷ one, CPU time per message", "×").at_most(1.1, "each message is computed and encoded once per audience"),
            row("four_bytes/one", "four audiences ÷ one, bytes per message", "×"),
            row("wrong", "messages lost, duplicated or not decoded", "").at_most(0.0, DEFECT),
            row("idle_kib", "memory per idle client that is signed in", "KiB").at_most(4.0, "its buffers"),
            row("sign_ins_a_second", "sign-ins per second, 50 at the same time", ""),
            row("quiet_p50_ms", "another client's response time without sign-ins, p50", "ms"),
            row("busy_p50_ms", "another client's response time during sign-ins, p50", "ms"),
            row("quiet_p99_ms", "another client's response time without sign-ins, p99", "ms"),
            row("busy_p99_ms", "another client's response time during sign-ins, p99", "ms"),
            row("busy/quiet_p50", "during sign-ins ÷ without, p50", "×"),
            row("busy/quiet_p99", "during sign-ins ÷ without, p99", "×").at_most(1.2, "server and clients share two cores, and one of them computes hashes"),
            row("hidden_p50_us", "response time for a hidden container, p50", "µs"),
            row("hidden/unknown_p50", "hidden ÷ unknown container, p50", "×").at_most(1.02, "hidden containers are handled differently"),
            row("unknown/unknown_p50", "unknown ÷ other unknown container, p50", "×"),
            row("hidden/unknown_p90", "hidden ÷ unknown container, p90", "×"),
            row("unknown/unknown_p90", "unknown ÷ other unknown container, p90", "×"),
        ],
    },
    Section {
        part: "latency",
        title: "Change to client and change to screen latency",
        method: "A container of a real engine is alternately paused and unpaused by 100 requests. One process is both a raw \
            reader of the engine's event stream and a client of Deckwatch, so both times are from the same clock. Then the same is \
            measured in Chromium: from the moment a raw reader receives the event until the text of the row has changed.",
        rows: &[
            row("raw_p50", "request to event at the raw reader, p50", "ms"),
            row("raw_p99", "request to event at the raw reader, p99", "ms"),
            row("client_p50", "request to change at the client, p50", "ms"),
            row("client_p99", "request to change at the client, p99", "ms"),
            row("added_p50", "event at the raw reader to change at the client, p50", "ms"),
            row("added_p99", "event at the raw reader to change at the client, p99", "ms").at_most(3.0, "the change is published after the engine has been asked for the details that the event does not contain"),
            row("glass_p50", "event at the raw reader to change on the page, p50", "ms").at_most(50.0, FRAME),
            row("glass_p99", "event at the raw reader to change on the page, p99", "ms").at_most(150.0, FRAME),
        ],
    },
    Section {
        part: "logs",
        title: "Logs",
        method: "A container writes 400,000 numbered lines of about a hundred bytes as fast as it can, first while a raw \
            reader follows the log through the engine's API, then while a client follows it through the server. The client \
            checks the number of every line. In another run every line contains a token, which is masked. \
            For the search alone, the bench process calls it with the \
            same lines. Stalled: ten additional clients stop reading. In Chromium, the log page is open while a container writes.",
        rows: &[
            row("raw_lines", "raw reader, lines per second", ""),
            row("ours_lines", "through the server, lines per second", ""),
            row("ours_mb", "through the server, throughput", "MB/s"),
            row("ours/raw", "through the server ÷ raw reader", "×").at_least(0.9, "engine, server and reader share the cores"),
            row("engine_us", "engine, CPU time per line", "µs"),
            row("own_us", "Deckwatch, CPU time per line", "µs"),
            row("own/engine", "Deckwatch ÷ engine, CPU time per line", "×").at_most(0.25, "every line is searched for secrets and control characters, and encoded"),
            row("redactor_us", "search for secrets alone, per line", "µs"),
            row("redactor/own", "search for secrets alone ÷ Deckwatch", "×").at_most(0.15, "every line is searched by all rules"),
            row("masked_us", "Deckwatch, CPU time per line with a secret", "µs"),
            row("masked/own", "line with a secret ÷ line without", "×").at_most(1.15, "a secret is found, checked and replaced"),
            row("missing", "lines missing (gaps in the line numbers)", ""),
            row("wrong", "lines duplicated, out of order or incomplete", "").at_most(0.0, DEFECT),
            row("stalled_mib", "memory per stalled client", "MiB").at_most(1.0, "data queued in the server counts, the kernel's buffers do not"),
            row("burst_task_ms", "longest page task in a burst of 40,000 lines; 0 if none took 50 ms", "ms").at_most(50.0, "a message is decoded in one piece"),
            row("few_heap_mib", "page memory after 10,000 lines", "MiB"),
            row("many_heap_mib", "page memory after 1,000,000 lines", "MiB"),
            row("heap_growth_mib", "page memory growth from 10,000 to 1,000,000 lines", "MiB").at_most(10.0, "of a million lines 100,000 are kept, ten times as many"),
            row("many_task_ms", "longest page task during 1,000,000 lines", "ms"),
        ],
    },
    Section {
        part: "table",
        title: "Table",
        method: "1,000 rows; at each tick, 100 of them change in four cells each, all in view. For comparison, hand-written \
            JavaScript changes the same document with the same styles in the same browser. It receives the texts and the \
            sparklines ready-made, while Deckwatch decodes the protocol, maintains the state and formats the texts. Costs \
            are main thread time per tick: script, style, layout and paint. First HTML and hydration are measured on a \
            server with 1,000 containers.",
        rows: &[
            row("ours_all_ms", "Deckwatch, per tick", "ms"),
            row("ours_script_ms", "Deckwatch, of which script", "ms"),
            row("ours_layout_ms", "Deckwatch, of which style and layout", "ms"),
            row("vanilla_all_ms", "hand-written JavaScript, per tick", "ms"),
            row("vanilla_script_ms", "hand-written JavaScript, of which script", "ms"),
            row("vanilla_layout_ms", "hand-written JavaScript, of which style and layout", "ms"),
            row("ours/vanilla", "Deckwatch ÷ hand-written JavaScript", "×").at_most(1.15, "every cell is an effect of the reactive graph that is woken, run and compared, in WebAssembly that is \
                 optimized for size rather than speed; in addition, the tick is decoded, 400 texts are formatted and \
                 100 sparklines are computed, none of which the hand-written JavaScript does"),
            row("text_writes", "texts written per tick; 400 cells change", "").at_most(400.0, "cells that do not change are written"),
            row("attribute_writes", "bars and sparklines redrawn per tick", ""),
            row("html_ms", "first HTML of 1,000 containers, CPU time of the server", "ms").at_most(50.0, "enough rows to fill a large screen are rendered"),
            row("html_kib", "first HTML of 1,000 containers, size", "KiB"),
            row("hydrate_ms", "WebAssembly loaded to hydrated", "ms").at_most(300.0, "compiling the WebAssembly"),
            row("interactive_ms", "navigation to hydrated", "ms"),
        ],
    },
    Section {
        part: "first",
        title: "First visit",
        method: "From the last byte of the HTML until the page is hydrated, with an empty cache, over a link of \
            10 Mbit/s with 40 ms of additional latency and with a processor slowed down by a factor of four (both \
            emulated by Chromium). For comparison, the smallest page that Leptos hydrates, built and compressed in the \
            same way.",
        rows: &[
            row("empty_ms", "empty page", "ms"),
            row("empty_kib", "empty page, code", "KiB"),
            row("overview_ms", "overview", "ms").at_most(1_500.0, SLOW),
            row("overview_kib", "overview, code", "KiB").at_most(420.0, SIZE),
            row("containers_ms", "list of containers", "ms").at_most(1_500.0, SLOW),
            row("container_ms", "container", "ms").at_most(1_500.0, SLOW),
            row("container_kib", "container, code", "KiB").at_most(420.0, SIZE),
            row("logs_ms", "logs", "ms").at_most(1_500.0, SLOW),
            row("logs_kib", "logs, code", "KiB").at_most(420.0, SIZE),
            row("stats_ms", "container charts", "ms"),
            row("realtime_ms", "realtime test", "ms"),
        ],
    },
    Section {
        part: "size",
        title: "Size",
        method: "What the browser loads, compressed with Brotli at its highest level, as it is served. The sections of \
            the main WebAssembly module, which all pages load, are given uncompressed.",
        rows: &[
            row("code_kib", "WebAssembly and JavaScript, for all pages", "KiB"),
            row("first_kib", "WebAssembly and JavaScript, before the overview or the list is hydrated", "KiB").at_most(420.0, SIZE),
            row("css_kib", "styles", "KiB").at_most(15.0, "see `docs/adr`"),
            row("section:code", "main WebAssembly module, code section", "B"),
            row("section:data", "main WebAssembly module, data section", "B"),
            row("binary_mib", "server binary, everything included", "MiB"),
        ],
    },
];

const CORES: &str = "attackers, server and client share the cores";
const MEMORY: &str = "the memory of each of 4,096 connections";
const WAKE: &str = "besides the writes, the server generates the figures of 100 containers and determines for each \
     client what it has not received yet; the `send` calls alone are a large part of the CPU time of npm's `ws`, so \
     that little can be saved";
const SPREAD: &str = "the work besides the writes, as for the CPU time per message; server and clients share the cores";
const DEFECT: &str = "a defect in the server";
const SIZE: &str = "the code that the framework generates for each view and each closure; \
     `docs/adr/0007-size-of-the-page.md` lists the size of each part and what was tried";
const SLOW: &str = "compiling and running the WebAssembly on a slow processor, and downloading it over a slow link";
const FRAME: &str = "changes are drawn in the next animation frame";
