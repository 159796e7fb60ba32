//! The user's display preferences, stored in a cookie, so that the first HTML already applies them.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Name of the cookie that holds [`Preferences`].
pub const PREFERENCES_COOKIE: &str = "deckwatch_preferences";

/// The user's display preferences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Dark, light, or the system's theme.
    pub theme: Theme,
    /// Language of the interface.
    pub language: Language,
    /// How containers are laid out.
    pub layout: Layout,
    /// The height of rows.
    pub density: Density,
    /// Names of the table's columns that are not shown.
    pub hidden_columns: Vec<String>,
    /// The times shown before lines of logs.
    pub log_times: LogTimes,
    /// Whether long lines of logs are wrapped.
    pub log_wrap: bool,
}

/// Declares an enum whose variants have names; the first is the default.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every choice; the first is the default.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in stored preferences.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl Default for $name {
            fn default() -> Self { Self::ALL.first().copied().unwrap_or(choice!(@first $($variant)+)) }
        }

        impl FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|choice| choice.as_str() == text).ok_or(())
            }
        }
    };
    (@first $first:ident $($rest:ident)*) => { Self::$first };
}

choice! {
    /// Dark, light, or the system's theme.
    Theme {
        /// The system's theme.
        Auto = "auto",
        /// Light.
        Light = "light",
        /// Dark.
        Dark = "dark",
    }
}

choice! {
    /// A language of the interface, by its BCP 47 tag.
    Language {
        /// English.
        English = "en",
        /// Korean.
        Korean = "ko",
    }
}

choice! {
    /// How containers are laid out.
    Layout {
        /// One row per container.
        Table = "table",
        /// One card per container.
        Cards = "cards",
    }
}

choice! {
    /// The height of rows.
    Density {
        /// Normal height.
        Normal = "normal",
        /// Reduced height, for as many rows as possible.
        Compact = "compact",
    }
}

choice! {
    /// The times shown before lines of logs.
    LogTimes {
        /// The time in the user's time zone.
        Absolute = "absolute",
        /// The age.
        Relative = "relative",
        /// No time.
        Off = "off",
    }
}

impl Preferences {
    /// Parses the `Cookie` header, and `Accept-Language` if the cookie has no language. Invalid values are
    /// replaced by defaults.
    pub fn from_headers(cookie: &str, accept_language: &str) -> Self {
        let mut preferences = Self {
            language: accepted_language(accept_language),
            ..Self::default()
        };
        let value = cookie.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == PREFERENCES_COOKIE).then_some(value)
        });
        for field in value.unwrap_or_default().split('&') {
            let (name, value) = field.split_once(':').unwrap_or_default();
            match name {
                "theme" => preferences.theme = value.parse().unwrap_or_default(),
                "language" => preferences.language = value.parse().unwrap_or(preferences.language),
                "layout" => preferences.layout = value.parse().unwrap_or_default(),
                "density" => preferences.density = value.parse().unwrap_or_default(),
                "times" => preferences.log_times = value.parse().unwrap_or_default(),
                "wrap" => preferences.log_wrap = value == "on",
                "hidden" => {
                    let names = value.split('.').filter(|name| !name.is_empty());
                    preferences.hidden_columns = names.map(str::to_owned).collect();
                }
                _ => {}
            }
        }
        preferences
    }

    /// The cookie that stores them for pages below `base`, in the format of a `Set-Cookie` header.
    pub fn cookie(&self, base: &str) -> String {
        /// One year.
        const MAX_AGE_SECONDS: u32 = 31_536_000;
        let path = if base.is_empty() { "/" } else { base };
        format!(
            "{PREFERENCES_COOKIE}={self}; Path={path}; Max-Age={MAX_AGE_SECONDS}; SameSite=Strict"
        )
    }
}

impl fmt::Display for Preferences {
    /// The cookie's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "theme:{}&language:{}&layout:{}&density:{}&hidden:{}&times:{}&wrap:{}",
            self.theme.as_str(),
            self.language.as_str(),
            self.layout.as_str(),
            self.density.as_str(),
            self.hidden_columns.join("."),
            self.log_times.as_str(),
            if self.log_wrap { "on" } else { "off" },
        )
    }
}

/// The first supported language in the header; browsers list the preferred one first.
fn accepted_language(header: &str) -> Language {
    let tags = header.split(',').filter_map(|range| range.trim().get(..2));
    tags.filter_map(|tag| tag.to_ascii_lowercase().parse().ok())
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_survive_the_cookie() {
        let preferences = Preferences {
            theme: Theme::Dark,
            language: Language::Korean,
            layout: Layout::Cards,
            density: Density::Compact,
            hidden_columns: vec!["pids".into(), "image".into()],
            log_times: LogTimes::Relative,
            log_wrap: true,
        };
        let cookie = format!("other=1; {PREFERENCES_COOKIE}={preferences}");
        assert_eq!(Preferences::from_headers(&cookie, "en"), preferences);
    }

    #[test]
    fn nonsense_leaves_the_defaults() {
        for cookie in [
            "",
            "x",
            "deckwatch_preferences",
            "deckwatch_preferences=theme:blue&&::&layout",
        ] {
            assert_eq!(
                Preferences::from_headers(cookie, ""),
                Preferences::default(),
                "{cookie}"
            );
        }
    }

    #[test]
    fn the_browser_s_language_is_spoken_unless_another_was_chosen() {
        assert_eq!(
            Preferences::from_headers("", "fr, ko-KR;q=0.9, en;q=0.8").language,
            Language::Korean
        );
        let chosen = format!("{PREFERENCES_COOKIE}=language:en");
        assert_eq!(
            Preferences::from_headers(&chosen, "ko").language,
            Language::English
        );
    }
}
