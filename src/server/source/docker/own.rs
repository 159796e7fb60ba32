//! Finds the container in which Deckwatch itself runs.

use crate::model::ContainerId;

/// Finds the container in what the kernel reports about this process: `/proc/self/cgroup`,
/// `/proc/self/mountinfo` and the host name, which engines set to the first 12 digits of the id. `None`
/// when it runs in none.
///
/// With a private cgroup namespace (the default on cgroup v2) only the mounts of `/etc/hostname` and
/// similar files contain the id.
pub(super) fn own_container(cgroup: &str, mountinfo: &str, hostname: &str) -> Option<ContainerId> {
    let in_cgroup = cgroup.lines().find_map(id_in);
    let mut in_mounts = mountinfo
        .lines()
        .filter(|line| {
            let mount_point = line.split(' ').nth(4).unwrap_or_default();
            matches!(
                mount_point,
                "/etc/hostname" | "/etc/hosts" | "/etc/resolv.conf"
            )
        })
        .filter_map(id_in);
    in_cgroup.or_else(|| in_mounts.next()).or_else(|| {
        let named = |id: &ContainerId| hostname.len() == 12 && id.short() == hostname;
        mountinfo.lines().filter_map(id_in).find(named)
    })
}

/// The first run of exactly 64 hexadecimal digits.
fn id_in(text: &str) -> Option<ContainerId> {
    text.split(|c: char| !c.is_ascii_hexdigit())
        .find_map(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778";

    fn found(cgroup: &str, mountinfo: &str, hostname: &str) -> Option<String> {
        own_container(cgroup, mountinfo, hostname).map(|id| id.to_string())
    }

    #[test]
    fn the_cgroup_contains_the_id_with_either_driver() {
        for cgroup in [
            format!("12:memory:/docker/{ID}\n0::/\n"),
            format!("0::/system.slice/docker-{ID}.scope\n"),
            format!("0::/machine.slice/libpod-{ID}.scope/container\n"),
        ] {
            assert_eq!(found(&cgroup, "", "host").as_deref(), Some(ID), "{cgroup}");
        }
    }

    #[test]
    fn the_mounts_contain_the_id_where_the_cgroup_does_not() {
        let line = format!(
            "627 609 254:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/a rw"
        );
        assert_eq!(found("0::/\n", &line, "host").as_deref(), Some(ID));
    }

    #[test]
    fn a_process_on_the_host_has_no_container() {
        let overlay = format!("1 2 0:50 / /var/lib/docker/overlay2/{ID}/merged rw - overlay o rw");
        assert_eq!(found("0::/user.slice\n", &overlay, "laptop"), None);
        assert_eq!(found("", "", ""), None);
    }

    #[test]
    fn the_host_name_selects_among_other_mounts() {
        let line = format!("1 2 0:50 /x/{ID}/data /data rw - ext4 o rw");
        assert_eq!(found("0::/\n", &line, &ID[..12]).as_deref(), Some(ID));
    }
}
