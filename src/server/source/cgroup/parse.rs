//! Parses the kernel's files. Unreadable values are `None` or zero; nothing panics.

/// A single number; `None` for `max`, which means no limit.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// The number after `key` at the beginning of a line.
pub(super) fn keyed(text: &[u8], key: &[u8]) -> Option<u64> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let rest = line.strip_prefix(key)?;
        let number = rest
            .split(u8::is_ascii_whitespace)
            .find(|word| !word.is_empty())?;
        rest.first()
            .is_some_and(u8::is_ascii_whitespace)
            .then(|| self::number(number))
            .flatten()
    })
}

/// CPU time in nanoseconds, from `cpu.stat` of cgroup v2.
pub(super) fn cpu_stat(text: &[u8]) -> Option<u64> {
    keyed(text, b"usage_usec").map(|microseconds| microseconds.saturating_mul(1_000))
}

/// Bytes read and written, over all devices, from `io.stat` of cgroup v2.
///
/// `8:0 rbytes=1024 wbytes=2048 rios=1 wios=2 dbytes=0 dios=0`
pub(super) fn io_stat(text: &[u8]) -> (u64, u64) {
    let (mut read, mut written) = (0_u64, 0_u64);
    for word in text.split(u8::is_ascii_whitespace) {
        if let Some(bytes) = word.strip_prefix(b"rbytes=").and_then(number) {
            read = read.saturating_add(bytes);
        } else if let Some(bytes) = word.strip_prefix(b"wbytes=").and_then(number) {
            written = written.saturating_add(bytes);
        }
    }
    (read, written)
}

/// Bytes read and written, from `blkio.throttle.io_service_bytes_recursive` of cgroup v1.
///
/// `8:0 Read 1024`, one line per device and operation.
pub(super) fn blkio(text: &[u8]) -> (u64, u64) {
    let (mut read, mut written) = (0_u64, 0_u64);
    for line in text.split(|byte| *byte == b'\n') {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .skip(1);
        let (operation, bytes) = (words.next(), words.next().and_then(number).unwrap_or(0));
        match operation {
            Some(b"Read") => read = read.saturating_add(bytes),
            Some(b"Write") => written = written.saturating_add(bytes),
            _ => {}
        }
    }
    (read, written)
}

/// Bytes received and sent, over all interfaces but loopback, from `/proc/<pid>/net/dev`.
pub(super) fn net_dev(text: &[u8]) -> (u64, u64) {
    interfaces(text)
        .filter(|(name, ..)| *name != b"lo")
        .fold((0, 0), |(received, sent), (_, rx, tx)| {
            (received.saturating_add(rx), sent.saturating_add(tx))
        })
}

/// The name of each interface, and the bytes it received and sent, from `net/dev`.
pub(in crate::server::source) fn interfaces(
    text: &[u8],
) -> impl Iterator<Item = (&[u8], u64, u64)> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, figures) = line.split_at(colon);
        let figures = figures.get(1..).unwrap_or_default();
        let mut figures = figures
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let rx = figures.next().and_then(number).unwrap_or(0);
        let tx = figures.nth(7).and_then(number).unwrap_or(0);
        Some((name.trim_ascii(), rx, tx))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CPU_STAT: &[u8] =
        b"usage_usec 48213377\nuser_usec 30001000\nsystem_usec 18212377\nnr_periods 0\n";
    const MEMORY_STAT_V1: &[u8] = b"cache 1351680\nrss 270336\ninactive_file 4096\nhierarchical_memory_limit 9223372036854771712\ntotal_cache 1351680\ntotal_inactive_file 811008\n";
    const IO_STAT: &[u8] = b"254:0 rbytes=1460224 wbytes=8192 rios=51 wios=2 dbytes=0 dios=0\n254:16 rbytes=1024 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n";
    const BLKIO: &[u8] = b"254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 12288\n254:0 Async 0\n254:0 Discard 0\n254:0 Total 12288\nTotal 12288\n";
    const NET_DEV: &[u8] = b"Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    lo:    5000      50    0    0    0     0          0         0     5000      50    0    0    0     0       0          0\n  eth0: 1024000     900    0    0    0     0          0         0   512000     800    0    0    0     0       0          0\n";

    #[test]
    fn recorded_files_are_read() {
        assert_eq!(cpu_stat(CPU_STAT), Some(48_213_377_000));
        assert_eq!(keyed(MEMORY_STAT_V1, b"total_inactive_file"), Some(811_008));
        assert_eq!(keyed(MEMORY_STAT_V1, b"inactive_file"), Some(4_096));
        assert_eq!(io_stat(IO_STAT), (1_461_248, 8_192));
        assert_eq!(blkio(BLKIO), (4_096, 8_192));
        assert_eq!(net_dev(NET_DEV), (1_024_000, 512_000));
        assert_eq!(number(b"max\n"), None);
        assert_eq!(number(b"12\n"), Some(12));
        assert_eq!(number(b"18446744073709551616"), None, "2^64 does not fit");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = (number(&text), keyed(&text, b"a"), cpu_stat(&text));
            let _ = (io_stat(&text), blkio(&text), net_dev(&text));
        }
    }
}
