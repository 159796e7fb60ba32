//! Finds the cgroup folders of a container.

use crate::model::ContainerId;
use std::path::{Path, PathBuf};

/// A cgroup controller.
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
    /// cgroup v1: one mount per controller.
    V1(Vec<Mount>),
    /// cgroup v2: one mount for all controllers.
    V2(Mount),
}

/// A mount of a cgroup file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// The controllers of a v1 mount.
    controllers: Vec<String>,
    /// The cgroup that is visible at the mount point.
    root: PathBuf,
    /// The mount point.
    point: PathBuf,
}

impl Hierarchy {
    /// Parses `/proc/self/mountinfo`. In hybrid mode, where both versions are mounted, v1 has the
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

    /// Whether the files have their cgroup v2 names.
    pub(super) const fn is_v2(&self) -> bool {
        matches!(self, Self::V2(_))
    }

    /// The folder of `controller` for a process whose `/proc/<pid>/cgroup` is `cgroup`. `None` if it is
    /// outside of the mount, or not the cgroup of `id`: the engine behind a socket may number its processes
    /// differently (in a virtual machine, through a tunnel, in another namespace), and the same number may
    /// be another process here.
    pub(super) fn dir(
        &self,
        cgroup: &str,
        controller: Controller,
        id: ContainerId,
    ) -> Option<PathBuf> {
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
        // Both drivers, Docker's and Podman's, include the complete id in the name of the cgroup.
        let is_its_own = path.contains(&id.to_string());
        let path = Path::new(path);
        let inside = path.strip_prefix(&mount.root).ok()?;
        let is_within = super::is_within(path) && inside.components().next().is_some();
        (is_its_own && is_within).then(|| mount.point.join(inside))
    }
}

/// Parses a line such as `36 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory`.
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

    const ID: &str = "4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778";
    const HYBRID: &str = "\
        33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    const V2: &str = "25 30 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn version_1_has_one_folder_per_controller() {
        let hierarchy = Hierarchy::from_mountinfo(HYBRID).unwrap();
        let cgroup =
            format!("8:memory:/docker/{ID}\n4:cpu,cpuacct:/docker/{ID}\n0::/docker/{ID}\n");
        let dir = |controller| hierarchy.dir(&cgroup, controller, id());
        assert!(!hierarchy.is_v2());
        assert_eq!(
            dir(Controller::Memory),
            Some(format!("/sys/fs/cgroup/memory/docker/{ID}").into())
        );
        assert_eq!(
            dir(Controller::Cpu),
            Some(format!("/sys/fs/cgroup/cpuacct/docker/{ID}").into())
        );
        assert_eq!(dir(Controller::Pids), None, "not mounted");
    }

    #[test]
    fn version_2_has_one_folder_with_either_driver() {
        let hierarchy = Hierarchy::from_mountinfo(V2).unwrap();
        assert!(hierarchy.is_v2());
        for path in [
            format!("/docker/{ID}"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/machine.slice/libpod-{ID}.scope/container"),
        ] {
            let dir = hierarchy.dir(&format!("0::{path}\n"), Controller::Io, id());
            assert_eq!(dir, Some(format!("/sys/fs/cgroup{path}").into()));
        }
    }

    fn id() -> ContainerId {
        ID.parse().unwrap()
    }

    #[test]
    fn a_cgroup_that_is_not_the_container_s_own_is_not_read() {
        let hierarchy = Hierarchy::from_mountinfo(V2).unwrap();
        let outside = format!("0::/../../docker/{ID}\n");
        let other = "0::/user.slice/user-1000.slice\n";
        for cgroup in ["0::/\n", other, &outside, "", "garbage", "::::"] {
            let dir = hierarchy.dir(cgroup, Controller::Memory, id());
            assert_eq!(dir, None, "{cgroup}");
        }
        assert_eq!(Hierarchy::from_mountinfo(""), None);
    }
}
