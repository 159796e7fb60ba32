//! Icons, as paths on a 24 × 24 grid.

use crate::model::Action;
use leptos::prelude::*;

/// The symbol of an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "every variant is the picture it names")]
pub enum Glyph {
    Home,
    Box,
    Log,
    Play,
    Stop,
    Restart,
    More,
    Search,
    Sun,
    Moon,
    HalfMoon,
    Trash,
    Pause,
    Warning,
    Close,
    Pulse,
    Help,
    Pencil,
    Check,
    Copy,
    Download,
    Down,
    Up,
    Funnel,
    Sliders,
    Signal,
    Lock,
}

impl Glyph {
    /// The symbol of an action.
    pub const fn of(action: Action) -> Self {
        match action {
            Action::Start | Action::Unpause => Self::Play,
            Action::Stop | Action::Kill => Self::Stop,
            Action::Restart => Self::Restart,
            Action::Pause => Self::Pause,
            Action::Remove => Self::Trash,
            Action::Rename => Self::Pencil,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Home => "M3 10.5 12 3l9 7.5V20a1 1 0 0 1-1 1h-5v-6H9v6H4a1 1 0 0 1-1-1z",
            Self::Box => "M21 8 12 3 3 8v8l9 5 9-5zM3 8l9 5 9-5M12 13v8",
            Self::Log => "M5 5h14M5 10h14M5 15h9M5 20h6",
            Self::Play => "M7 4l13 8-13 8z",
            Self::Stop => "M6 6h12v12H6z",
            Self::Restart => "M4 12a8 8 0 1 0 2.5-5.8M4 4v5h5",
            Self::More => {
                "M4 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0"
            }
            Self::Search => "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM21 21l-5-5",
            Self::Sun => "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2",
            Self::Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
            Self::HalfMoon => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 7h6M12 12h9M12 17h6",
            Self::Trash => "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14",
            Self::Pause => "M8 5v14M16 5v14",
            Self::Warning => "M12 4 2.5 20h19zM12 10v4M12 17h.01",
            Self::Signal => {
                "M5 19a10 10 0 0 1 0-14M8 16a6 6 0 0 1 0-8M16 8a6 6 0 0 1 0 8M19 5a10 10 0 0 1 0 14M12 12h.01"
            }
            Self::Lock => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
            Self::Check => "M5 12.5l4.5 4.5L19 7",
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Pulse => "M3 12h4l3-8 4 16 3-8h4",
            Self::Pencil => "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
            Self::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Self::Download => "M12 4v11M7 11l5 5 5-5M5 20h14",
            Self::Down => "M6 9l6 6 6-6",
            Self::Up => "M6 15l6-6 6 6",
            Self::Funnel => "M4 5h16l-6 8v5l-4 2v-7z",
            Self::Sliders => "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4",
            Self::Help => "M9 9a3 3 0 1 1 4 2.8c-.7.4-1 .9-1 2.2M12 18h.01",
        }
    }
}

/// An icon. It is hidden from screen readers: its surrounding element has a label.
#[component]
pub fn Icon(
    /// The symbol.
    glyph: Glyph,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=glyph.path() />
        </svg>
    }
}
