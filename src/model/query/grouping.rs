//! The grouping of a list.

use super::Row;
use crate::model::HostId;

/// The grouping of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// No groups.
    #[default]
    None,
    /// By Compose project, across hosts.
    Project,
    /// By host.
    Host,
}

/// The common property of a group. Groups are in this order: named projects come before containers without
/// one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// A Compose project.
    Project(String),
    /// No Compose project.
    NoProject,
    /// A host.
    Host(HostId),
}

impl Grouping {
    /// Every grouping.
    pub const ALL: [Self; 3] = [Self::None, Self::Project, Self::Host];

    /// The name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Project => "project",
            Self::Host => "host",
        }
    }

    /// The group of a row; `None` when there are no groups.
    pub fn of(self, row: &Row) -> Option<Group> {
        match self {
            Self::None => None,
            Self::Project => {
                let project = row.workload.group().map(str::to_owned);
                Some(project.map_or(Group::NoProject, Group::Project))
            }
            Self::Host => Some(Group::Host(row.host())),
        }
    }
}
