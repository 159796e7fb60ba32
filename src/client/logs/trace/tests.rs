use super::*;
use crate::model::{LogLine, LogStream, Timestamp};

/// The levels of lines that are written at the same time.
fn levels(text: &str) -> Vec<Option<Level>> {
    timed(text.lines().map(|line| (0, line)))
}

fn timed<'a>(lines: impl Iterator<Item = (i64, &'a str)>) -> Vec<Option<Level>> {
    let mut levels = Levels::default();
    let level = |(at, text): (i64, &str)| {
        let line = LogLine {
            timestamp: Some(Timestamp::from_millis(at)),
            stream: LogStream::Stderr,
            line: text.into(),
            ..LogLine::default()
        };
        let mut entry = Entry::line(0, line);
        levels.follow(&mut entry);
        entry.head.level
    };
    lines.map(level).collect()
}

/// Checks that every line of `text` has `level`, and that a line before and after it has none.
#[track_caller]
fn assert_all(text: &str, level: Level) {
    let found = levels(&format!("before it\n{text}\nafter it"));
    let (first, rest) = found.split_first().unwrap();
    let (last, inner) = rest.split_last().unwrap();
    for (line, found) in text.lines().zip(inner) {
        assert_eq!(*found, Some(level), "{line:?}");
    }
    assert_eq!((*first, *last), (None, None), "{text}");
}

const JAVA: &str = "\
java.lang.IllegalStateException: cannot open the queue
\tat com.example.orders.Queue.open(Queue.java:42)
\tat com.example.orders.Main.main(Main.java:11)
\tSuppressed: java.io.IOException: close
\t\tat com.example.orders.Queue.close(Queue.java:51)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\t... 2 common frames omitted";

#[test]
fn a_java_trace_has_the_level_of_its_entry() {
    let entry = "2026-01-02 03:04:05.678 ERROR 1 --- [main] c.e.o.Main : cannot start";
    assert_all(&format!("{entry}\n{JAVA}"), Level::Error);
    let entry = "2026-01-02 03:04:05.678  WARN 1 --- [main] c.e.o.Main : tries again";
    assert_all(&format!("{entry}\n{JAVA}"), Level::Warn);
}

#[test]
fn a_java_trace_without_an_entry_is_an_error() {
    assert_all(JAVA, Level::Error);
    assert_all(
        "Exception in thread \"main\" java.lang.NullPointerException\n\tat Main.main(Main.java:3)",
        Level::Error,
    );
    // The entry before it must not hide the error.
    let found = levels(&format!("2026-01-02 INFO started\n{JAVA}"));
    assert_eq!(found.first(), Some(&Some(Level::Info)));
    assert!(
        found
            .iter()
            .skip(1)
            .all(|level| *level == Some(Level::Error))
    );
}

#[test]
fn a_python_trace_is_one_entry_up_to_its_last_exception() {
    let trace = "\
Traceback (most recent call last):
  File \"/app/worker.py\", line 12, in <module>
    log.info(\"[INFO] never reached\")
  File \"/app/worker.py\", line 8, in run
    return int(value)
           ^^^^^^^^^^
ValueError: invalid literal for int() with base 10: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/app/worker.py\", line 14, in <module>
    raise WorkFailed(job) from None
app.errors.WorkFailed: job 7";
    assert_all(trace, Level::Error);
    assert_all(&format!("ERROR:root:job failed\n{trace}"), Level::Error);
    assert_all(&format!("WARNING:root:job failed\n{trace}"), Level::Warn);
    assert_all(
        "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nKeyboardInterrupt",
        Level::Error,
    );
}

#[test]
fn a_go_panic_is_one_entry_with_its_goroutines() {
    assert_all(
        "\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f1a3]

goroutine 1 [running]:
main.(*Server).handle(0x0, {0xc00001c0a8, 0x5})
\t/app/server.go:31 +0x1d
main.main()
\t/app/main.go:9 +0x4e
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3285 +0x4b4

goroutine 18 [chan receive, 2 minutes]:
runtime.gopark(0x0?, 0x0?)
\t/usr/local/go/src/runtime/proc.go:424 +0xce
exit status 2",
        Level::Error,
    );
}

#[test]
fn a_node_error_is_one_entry() {
    assert_all(
        "\
TypeError: Cannot read properties of undefined (reading 'id')
    at Object.<anonymous> (/app/index.js:3:9)
    at Module._compile (node:internal/modules/cjs/loader:1554:14) {
  code: 'ERR_X',
  [cause]: Error: connect ECONNREFUSED 127.0.0.1:5432
      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)
}

Node.js v22.14.0",
        Level::Error,
    );
    assert_all("Error: boom\n    at run (/app/a.js:1:1)", Level::Error);
}

#[test]
fn a_rust_panic_is_one_entry_with_its_message() {
    assert_all(
        "\
thread 'main' panicked at src/main.rs:4:23:
index out of bounds: the len is 3 but the index is 99
stack backtrace:
   0: rust_begin_unwind
             at /rustc/4d91de4e48/library/std/src/panicking.rs:692:5
   1: core::panicking::panic_fmt
   2: app::main
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
        Level::Error,
    );
    assert_all(
        "thread 'tokio-runtime-worker' panicked at 'no', src/a.rs:1:1\nnote: run with `RUST_BACKTRACE=1`",
        Level::Error,
    );
}

#[test]
fn a_dotnet_exception_is_one_entry() {
    assert_all(
        "\
Unhandled exception. System.InvalidOperationException: cannot start
 ---> System.IO.FileNotFoundException: Could not find file '/app/x.json'.
   at System.IO.File.Open(String path) in /src/File.cs:line 12
   --- End of inner exception stack trace ---
   at Program.<Main>$(String[] args) in /src/Program.cs:line 5",
        Level::Error,
    );
    assert_all(
        "\
fail: Microsoft.AspNetCore.Server.Kestrel[13]
      Connection id \"0HM\", Request id \"0HM:1\": An unhandled exception was thrown.
      System.DivideByZeroException: Attempted to divide by zero.
         at Program.<>c.<Main>b__0() in /src/Program.cs:line 9",
        Level::Error,
    );
}

#[test]
fn indented_lines_have_the_level_of_what_they_continue() {
    assert_all("INFO config:\n  port: 80\n  host: a", Level::Info);
    assert_eq!(levels("  indented\nplain"), [None, None]);
    assert_eq!(levels("ERROR x\n\nplain"), [Some(Level::Error), None, None]);
}

#[test]
fn colours_do_not_hide_a_trace() {
    let found = levels(
        "\u{1b}[31mERROR\u{1b}[0m x\n\u{1b}[2mjava.io.IOException: y\u{1b}[0m\n\u{1b}[2m\tat z\u{1b}[0m",
    );
    assert_eq!(found, [Some(Level::Error); 3]);
}

#[test]
fn a_line_after_a_long_pause_is_no_part_of_the_entry() {
    let lines = [
        (0, "ERROR x"),
        (900, "  at a"),
        (1_800, "  at b"),
        (2_801, "  at c"),
    ];
    let error = Some(Level::Error);
    assert_eq!(timed(lines.into_iter()), [error, error, error, None]);
}

#[test]
fn an_entry_has_a_limited_number_of_lines() {
    let lines = std::iter::once("ERROR x").chain(std::iter::repeat_n("  at a", 20_000));
    let found = timed(lines.map(|line| (0, line)));
    let errors = found.iter().filter(|level| level.is_some()).count();
    assert_eq!(errors, usize::from(MAX_LINES));
}

#[test]
fn prose_about_errors_begins_no_trace() {
    for line in [
        "onError: called",
        "RuntimeError happened somewhere",
        "the Exception: none",
        "thread 'a' is done",
        "goroutine pool ready",
        "http://a/Error: no",
    ] {
        assert_eq!(levels(line), [None], "{line}");
    }
}
