//! Reads the counters of containers from the kernel's cgroup files, without the engine.
//!
//! The engine's stats call costs about a hundred times more: it asks containerd, which asks a shim, which
//! reads the same files. Files stay open between samples and are read from the beginning each time; they
//! are closed when the container has ended.

mod parse;
mod paths;

use super::counters::{Counters, Target};
pub(super) use parse::interfaces;
use paths::{Controller, Hierarchy};
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// `memory.stat` has about sixty lines; `io.stat` one per device, `net/dev` one per interface.
const BUFFER_BYTES: usize = 16 * 1024;
/// The kernel returns these files in chunks of about a page: a read of less than half a page was the end of
/// the file, so no further read is needed.
const SHORT_READ: usize = 2048;
/// Samples for which one read of `memory.stat` is used: reading it costs as much as everything else, for
/// file pages that change slowly …
const REUSED_FOR: u32 = 5;
/// … unless the memory in use has changed by more than the shown memory divided by this.
const MAX_CHANGE_DIVISOR: u64 = 128;

/// Opens the cgroup files of containers.
#[derive(Debug)]
pub(super) struct Cgroups {
    hierarchy: Hierarchy,
    proc: PathBuf,
    host_memory: Option<u64>,
}

/// The open files of one container.
#[derive(Debug)]
pub(super) struct Files {
    cpu: Option<File>,
    memory: Option<File>,
    memory_stat: Option<File>,
    io: Option<File>,
    pids: Option<File>,
    net: Option<File>,
    memory_limit: Option<u64>,
    host_memory: Option<u64>,
    is_v2: bool,
    inactive: Option<Inactive>,
}

/// Inactive file pages, as last read from `memory.stat`.
#[derive(Clone, Copy, Debug)]
struct Inactive {
    bytes: Option<u64>,
    /// Memory in use at that time, in bytes.
    used: Option<u64>,
    /// Samples for which it may still be used.
    left: u32,
}

impl Inactive {
    /// The value for one more sample, if it is still accurate enough while `used` is in use.
    fn reused(self, used: Option<u64>) -> Option<Self> {
        let left = self.left.checked_sub(1)?;
        let (before, now) = self.used.zip(used)?;
        let shown = without_inactive(before, self.bytes);
        let is_less = self.bytes.is_none_or(|bytes| bytes < now);
        (is_less && before.abs_diff(now) <= shown / MAX_CHANGE_DIVISOR)
            .then_some(Self { left, ..self })
    }
}

impl Cgroups {
    /// Finds the cgroup mounts of this machine in `/proc`; `None` where there are none.
    pub(super) fn find() -> Option<Self> {
        let proc = PathBuf::from("/proc");
        let mountinfo = std::fs::read_to_string(proc.join("self/mountinfo")).ok()?;
        let meminfo = std::fs::read(proc.join("meminfo")).unwrap_or_default();
        let total = parse::keyed(&meminfo, b"MemTotal:");
        Some(Self {
            hierarchy: Hierarchy::from_mountinfo(&mountinfo)?,
            proc,
            host_memory: total.map(|kibibytes| kibibytes.saturating_mul(1024)),
        })
    }

    /// Opens the files of the container whose first process is `target.pid`.
    ///
    /// # Errors
    /// When the process is gone, or its cgroup is not visible to this process.
    pub(super) fn open(&self, target: &Target) -> io::Result<Files> {
        let pid = target.pid.ok_or(io::ErrorKind::NotFound)?.to_string();
        let cgroup = std::fs::read_to_string(self.proc.join(&pid).join("cgroup"))?;
        let open = |controller: Controller, names: &[&str]| {
            let dir = self.hierarchy.dir(&cgroup, controller, target.id)?;
            names
                .iter()
                .find_map(|name| File::open(dir.join(name)).ok())
        };
        let is_v2 = self.hierarchy.is_v2();
        let files = if is_v2 {
            Files {
                cpu: open(Controller::Cpu, &["cpu.stat"]),
                memory: open(Controller::Memory, &["memory.current"]),
                memory_stat: open(Controller::Memory, &["memory.stat"]),
                io: open(Controller::Io, &["io.stat"]),
                pids: open(Controller::Pids, &["pids.current"]),
                net: None,
                memory_limit: limit(open(Controller::Memory, &["memory.max"])),
                host_memory: None,
                is_v2,
                inactive: None,
            }
        } else {
            Files {
                cpu: open(Controller::Cpu, &["cpuacct.usage"]),
                memory: open(Controller::Memory, &["memory.usage_in_bytes"]),
                memory_stat: open(Controller::Memory, &["memory.stat"]),
                io: open(
                    Controller::Io,
                    &[
                        "blkio.throttle.io_service_bytes_recursive",
                        "blkio.throttle.io_service_bytes",
                    ],
                ),
                pids: open(Controller::Pids, &["pids.current"]),
                net: None,
                memory_limit: limit(open(Controller::Memory, &["memory.limit_in_bytes"])),
                host_memory: None,
                is_v2,
                inactive: None,
            }
        };
        if files.cpu.is_none() || files.memory.is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let has_own_network = !target.host_network && !self.shares_host_network(&pid);
        let net = || File::open(self.proc.join(&pid).join("net/dev")).ok();
        Ok(Files {
            net: has_own_network.then(net).flatten(),
            // The kernel's word for no limit is not a number.
            memory_limit: files.memory_limit.into_iter().chain(self.host_memory).min(),
            host_memory: self.host_memory,
            ..files
        })
    }

    /// Whether the process `pid` is in the network namespace of the host's first process. The engine does
    /// not report this for a container in the network of another one or of a pod.
    fn shares_host_network(&self, pid: &str) -> bool {
        let namespace = |pid: &str| std::fs::read_link(self.proc.join(pid).join("ns/net")).ok();
        let host = namespace("1").or_else(|| namespace("self"));
        host.is_some() && namespace(pid) == host
    }
}

fn limit(file: Option<File>) -> Option<u64> {
    let mut buffer = [0; 32];
    parse::number(read(&file?, &mut buffer).ok()?)
}

impl Files {
    /// Reads all counters; `buffer` is passed in only to be reused.
    ///
    /// # Errors
    /// When the container is gone.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Counters> {
        buffer.resize(BUFFER_BYTES, 0);
        let mut read_value = |file: &Option<File>, parse: &dyn Fn(&[u8]) -> Option<u64>| {
            let Some(file) = file else { return Ok(None) };
            read(file, buffer).map(parse)
        };
        let cpu = read_value(&self.cpu, &|text| {
            if self.is_v2 {
                parse::cpu_stat(text)
            } else {
                parse::number(text)
            }
        })?;
        let used = read_value(&self.memory, &parse::number)?;
        let inactive = match self.inactive.and_then(|known| known.reused(used)) {
            Some(known) => known,
            None => {
                let key: &[u8] = if self.is_v2 {
                    b"inactive_file"
                } else {
                    b"total_inactive_file"
                };
                Inactive {
                    bytes: read_value(&self.memory_stat, &|text| parse::keyed(text, key))?,
                    used,
                    left: REUSED_FOR - 1,
                }
            }
        };
        self.inactive = Some(inactive);
        let pids = read_value(&self.pids, &parse::number)?;
        let mut read_pair = |file: &Option<File>, parse: fn(&[u8]) -> (u64, u64)| {
            let Some(file) = file else {
                return Ok::<_, io::Error>(None);
            };
            read(file, buffer).map(|text| Some(parse(text)))
        };
        let (read, written) = read_pair(
            &self.io,
            if self.is_v2 {
                parse::io_stat
            } else {
                parse::blkio
            },
        )?
        .unzip();
        let (rx, tx) = read_pair(&self.net, parse::net_dev)?.unzip();
        Ok(Counters {
            cpu,
            memory: used.map(|used| without_inactive(used, inactive.bytes)),
            memory_limit: self.memory_limit,
            host_memory: self.host_memory,
            rx,
            tx,
            read,
            written,
            pids,
        })
    }
}

/// As in the Docker CLI (`calculateMemUsageUnixNoCache`, in the same file as CPU): page cache that can be
/// dropped does not count as used, unless it is all of it.
pub(super) fn without_inactive(used: u64, inactive: Option<u64>) -> u64 {
    inactive
        .filter(|inactive| *inactive < used)
        .map_or(used, |inactive| used - inactive)
}

/// Reads the file from its beginning into `buffer`, up to its length.
fn read<'a>(file: &File, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        let n = file.read_at(rest, length as u64)?;
        length += n;
        if n < SHORT_READ {
            break;
        }
    }
    Ok(buffer.get(..length).unwrap_or_default())
}

/// Whether `path` has no `..` element.
fn is_within(path: &Path) -> bool {
    !path
        .components()
        .any(|part| matches!(part, std::path::Component::ParentDir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_file_of_any_length_is_read_completely() {
        for length in [0, 1, SHORT_READ - 1, SHORT_READ, 4_096, 9_999] {
            let text = "x".repeat(length);
            let mut buffer = vec![0; BUFFER_BYTES];
            let read = read(&file(&text), &mut buffer).unwrap();
            assert!(read == text.as_bytes(), "{length}");
        }
    }

    #[test]
    fn memory_stat_is_read_every_few_samples_and_when_memory_changes() {
        let mut memory_stat = file("inactive_file 1000\n");
        let mut files = files(file("100000\n"), memory_stat.try_clone().unwrap());
        let mut memory = || files.read(&mut Vec::new()).unwrap().memory.unwrap();
        assert_eq!(memory(), 99_000);
        rewrite(&mut memory_stat, "inactive_file 3000\n");
        let until_seen = (1..).find(|_| memory() == 97_000);
        assert_eq!(until_seen, Some(REUSED_FOR));

        rewrite(&mut memory_stat, "inactive_file 2000\n");
        rewrite(files.memory.as_mut().unwrap(), "200000\n");
        assert_eq!(
            files.read(&mut Vec::new()).unwrap().memory,
            Some(198_000),
            "without delay"
        );
    }

    #[test]
    fn a_reused_inactive_value_never_exceeds_the_memory_in_use() {
        let mut memory_stat = file("inactive_file 99900\n");
        let mut files = files(file("100000\n"), memory_stat.try_clone().unwrap());
        let memory = |files: &mut Files| files.read(&mut Vec::new()).unwrap().memory;
        assert_eq!(memory(&mut files), Some(100));
        rewrite(&mut memory_stat, "inactive_file 99700\n");
        rewrite(files.memory.as_mut().unwrap(), "099800\n");
        assert_eq!(memory(&mut files), Some(100));
    }

    fn files(memory: File, memory_stat: File) -> Files {
        Files {
            cpu: None,
            memory: Some(memory),
            memory_stat: Some(memory_stat),
            io: None,
            pids: None,
            net: None,
            memory_limit: None,
            host_memory: None,
            is_v2: true,
            inactive: None,
        }
    }

    fn rewrite(file: &mut File, text: &str) {
        use std::io::Seek;
        file.rewind().unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}
