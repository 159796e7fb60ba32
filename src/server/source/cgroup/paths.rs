//! Where a container's cgroup files are.

use std::path::{Path, PathBuf};

/// A part of the kernel that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Controller {
    /// CPU time.
    Cpu,
    /// Memory.
    Memory,
    /// Block devices.
    Io,
    /// Processes.
    Pids,
}

impl Controller {
    /// Its name in cgroup v1.
    const fn v1_name(self) -> &'static str {
        match self {
            Self::Cpu => "cpuacct",
            Self::Memory => "memory",
            Self::Io => "blkio",
            Self::Pids => "pids",
        }
    }
}

/// How cgroups are mounted on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hierarchy {
    /// One mount a controller.
    V1(Vec<Mount>),
    /// One for all.
    V2(Mount),
}

/// A mount of a cgroup file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// The controllers of a v1 mount.
    controllers: Vec<String>,
    /// Which cgroup is seen at the mount point.
    root: PathBuf,
    /// Where.
    point: PathBuf,
}

impl Hierarchy {
    /// Reads `/proc/self/mountinfo`. In hybrid mode, where both are mounted, v1 has the
    /// controllers.
    pub(super) fn from_mountinfo(mountinfo: &str) -> Option<Self> {
        let mounts = |kind| mountinfo.lines().filter_map(move |line| mount(line, kind));
        let v1: Vec<Mount> = mounts("cgroup").collect();
        if v1
            .iter()
            .any(|mount| mount.controllers.iter().any(|name| name == "memory"))
        {
            return Some(Self::V1(v1));
        }
        mounts("cgroup2").next().map(Self::V2)
    }

    /// Whether files have their cgroup v2 names.
    pub(super) const fn is_v2(&self) -> bool {
        matches!(self, Self::V2(_))
    }

    /// The folder of `controller` for a process whose `/proc/<pid>/cgroup` is `cgroup`; absent for
    /// the root cgroup, which is not one container's, and for what lies outside of the mount.
    pub(super) fn dir(&self, cgroup: &str, controller: Controller) -> Option<PathBuf> {
        let mut lines = cgroup.lines().filter_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            Some((fields.next()?, fields.next()?))
        });
        let (mount, path) = match self {
            Self::V2(mount) => (mount, lines.find(|(names, _)| names.is_empty())?.1),
            Self::V1(mounts) => {
                let name = controller.v1_name();
                let (_, path) = lines.find(|(names, _)| names.split(',').any(|n| n == name))?;
                let has = |mount: &&Mount| mount.controllers.iter().any(|n| n == name);
                (mounts.iter().find(has)?, path)
            }
        };
        let path = Path::new(path);
        let inside = path.strip_prefix(&mount.root).ok()?;
        let is_own = super::is_within(path) && inside.components().next().is_some();
        is_own.then(|| mount.point.join(inside))
    }
}

/// One line: `36 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`.
fn mount(line: &str, kind: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, point) = (before.next()?, before.next()?);
    let mut after = after.split(' ');
    if after.next()? != kind {
        return None;
    }
    let options = after.nth(1).unwrap_or_default();
    Some(Mount {
        controllers: options.split(',').map(str::to_owned).collect(),
        root: PathBuf::from(root),
        point: PathBuf::from(point),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
        33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    const V2: &str = "25 30 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn version_1_has_a_folder_a_controller() {
        let hierarchy = Hierarchy::from_mountinfo(HYBRID).unwrap();
        let cgroup = "8:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n";
        let dir = |controller| hierarchy.dir(cgroup, controller);
        assert!(!hierarchy.is_v2());
        assert_eq!(
            dir(Controller::Memory),
            Some("/sys/fs/cgroup/memory/docker/abc".into())
        );
        assert_eq!(
            dir(Controller::Cpu),
            Some("/sys/fs/cgroup/cpuacct/docker/abc".into())
        );
        assert_eq!(dir(Controller::Pids), None, "not mounted");
    }

    #[test]
    fn version_2_has_one_folder_with_either_driver() {
        let hierarchy = Hierarchy::from_mountinfo(V2).unwrap();
        let dir = |cgroup| hierarchy.dir(cgroup, Controller::Io);
        assert!(hierarchy.is_v2());
        assert_eq!(
            dir("0::/docker/abc\n"),
            Some("/sys/fs/cgroup/docker/abc".into())
        );
        let systemd = "0::/system.slice/docker-abc.scope\n";
        assert_eq!(
            dir(systemd),
            Some("/sys/fs/cgroup/system.slice/docker-abc.scope".into())
        );
    }

    #[test]
    fn what_is_no_container_s_own_is_left_to_the_engine() {
        let hierarchy = Hierarchy::from_mountinfo(V2).unwrap();
        for cgroup in ["0::/\n", "0::/../../docker/abc\n", "", "garbage", "::::"] {
            assert_eq!(hierarchy.dir(cgroup, Controller::Memory), None, "{cgroup}");
        }
        assert_eq!(Hierarchy::from_mountinfo(""), None);
    }
}
