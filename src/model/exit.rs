//! The meaning of a container's exit code.

/// The meaning of a container's exit code.
///
/// Source: <https://docs.docker.com/engine/containers/run/#exit-status> for 125 to 127, and the convention of
/// POSIX shells to add 128 to the signal that ended a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitMeaning {
    /// 0: it ended without an error.
    Success,
    /// 125: the engine itself failed.
    EngineFailed,
    /// 126: the command cannot be executed.
    NotExecutable,
    /// 127: the command does not exist.
    NotFound,
    /// 137: SIGKILL, which a process cannot ignore.
    Killed,
    /// 143: SIGTERM, as `docker stop` sends it.
    Terminated,
    /// Another signal ended it.
    Signal(&'static str),
    /// The application's own code.
    Failure,
}

/// Signals by number, for Linux on x86 and ARM.
const SIGNALS: [(i32, &str); 14] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (10, "SIGUSR1"),
    (11, "SIGSEGV"),
    (12, "SIGUSR2"),
    (13, "SIGPIPE"),
    (15, "SIGTERM"),
];

impl ExitMeaning {
    /// The meaning of `code`.
    pub fn of(code: i32) -> Self {
        match code {
            0 => Self::Success,
            125 => Self::EngineFailed,
            126 => Self::NotExecutable,
            127 => Self::NotFound,
            137 => Self::Killed,
            143 => Self::Terminated,
            code => signal(code.saturating_sub(128)).map_or(Self::Failure, Self::Signal),
        }
    }
}

/// The name of signal `number`.
pub fn signal(number: i32) -> Option<&'static str> {
    let mut known = SIGNALS.iter();
    known.find(|(n, _)| *n == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_shells_and_docker_write_them() {
        for (code, meaning) in [
            (0, ExitMeaning::Success),
            (1, ExitMeaning::Failure),
            (125, ExitMeaning::EngineFailed),
            (126, ExitMeaning::NotExecutable),
            (127, ExitMeaning::NotFound),
            (137, ExitMeaning::Killed),
            (139, ExitMeaning::Signal("SIGSEGV")),
            (143, ExitMeaning::Terminated),
            (200, ExitMeaning::Failure),
            (-1, ExitMeaning::Failure),
            (i32::MIN, ExitMeaning::Failure),
        ] {
            assert_eq!(ExitMeaning::of(code), meaning, "{code}");
        }
    }
}
