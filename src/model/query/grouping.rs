//! What stands together in a list.

use super::Row;
use crate::model::HostId;

/// What stands together in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// Nothing: the list has one order.
    #[default]
    None,
    /// The containers of a Compose project, whatever their host.
    Project,
    /// The containers of a host.
    Host,
}

/// What a group has in common. Groups are in this order: named projects come before what has none.
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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Project, Self::Host];

    /// Its name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Project => "project",
            Self::Host => "host",
        }
    }

    /// The group a row stands in; none when there are no groups.
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
