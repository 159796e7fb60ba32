//! The views that pages share. They read the live state and request actions, but fetch nothing themselves.

mod account;
mod action_dialog;
mod action_menu;
mod as_of;
mod badge;
mod banners;
mod copy;
mod frame;
mod host_label;
mod icon;
mod keys;
mod link;
mod list;
mod menu;
mod meter;
mod no_containers;
mod page_title;
mod palette;
mod sparkline;
mod status;
mod zone_name;

pub use action_dialog::{
    ActionDialog, ActionRequest, provide_action_requests, use_action_requests,
};
pub use action_menu::{ActionButtons, ActionFailure};
pub use as_of::{AllLastSeen, LastSeen};
pub use badge::{ConnectionBadge, ConnectionState};
pub use banners::Banners;
pub use copy::CopyButton;
pub use frame::{Header, HelpDialog, Navigation};
pub use host_label::{HostLabel, HostName};
pub use icon::{Glyph, Icon};
pub use keys::PageKeys;
pub use link::{A, ViewLink};
pub use list::{
    BulkBar, Column, Columns, GroupHead, Item, Items, Listing, Part, Pointer, Selection, Table,
    cards, use_columns, use_items,
};
pub use menu::{Menu, provide_menus, use_any_menu_open};
pub use meter::{Meter, MeterKind};
pub use no_containers::NoContainers;
pub use page_title::PageTitle;
pub use palette::Palette;
pub use sparkline::{CpuLine, SparkPoint, Sparkline};
pub use status::StatusPill;
pub use zone_name::ZoneName;
