//! The pages in front of the dashboard: sign-in and first setup.
//!
//! Only the server renders them: they need no WebAssembly and have no live connection, and their forms work
//! without scripts. `public/door.js` adds what
//! needs a script.
//!
//! They are made from a [`Door`] alone, so that nothing of the dashboard can be in them.

mod login;
mod setup;

use crate::{
    app::{SiteFiles, theme_attribute},
    components::{Glyph, Icon},
    i18n::{DoorText, door_text, text},
    model::{AuthMode, Language, Page, Preferences, Theme, return_path},
};
use leptos::{prelude::*, tachys::view::RenderHtml};
use login::Login;
use setup::Setup;

/// The facts that a page in front of the dashboard is made from.
#[derive(Clone, Debug, Default)]
pub struct Door {
    /// The base path: empty, or segments that each begin with a slash.
    pub base: String,
    /// The URLs of the built site's files.
    pub files: SiteFiles,
    /// The visitor's preferences.
    pub preferences: Preferences,
    /// The name by which the visitor has reached the server.
    pub host: String,
    /// The ways of signing in that the server offers.
    pub modes: Vec<AuthMode>,
    /// The host of the `OpenID` Connect provider, which its button shows; `None` if that is no way to sign in.
    pub provider: Option<String>,
    /// The path to return to after signing in, below the base path.
    pub next: Option<String>,
    /// Why the page is shown, if not because the visitor opened it.
    pub reason: Option<Reason>,
    /// Whether the first user exists, so that there is nothing to set up.
    pub is_set_up: bool,
}

/// Why a page in front of the dashboard is shown; in its query as `error=…`, an ended session as `ended=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The session of the visitor has ended.
    Ended,
    /// User name or password are wrong; at the setup, the token.
    Wrong,
    /// There were too many attempts.
    Later,
    /// There is nothing to set up, or the setup link has expired.
    Gone,
    /// Another setup is in progress.
    Busy,
    /// The new password has no allowed length.
    Password,
    /// The new name is not allowed.
    Name,
    /// The server or the provider has failed.
    Failed,
}

impl Reason {
    /// Every reason that is named by `error`.
    pub const ERRORS: [Self; 7] = [
        Self::Wrong,
        Self::Later,
        Self::Gone,
        Self::Busy,
        Self::Password,
        Self::Name,
        Self::Failed,
    ];

    /// The name in the query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Wrong => "wrong",
            Self::Later => "later",
            Self::Gone => "gone",
            Self::Busy => "busy",
            Self::Password => "password",
            Self::Name => "name",
            Self::Failed => "failed",
        }
    }

    /// The reason in a query, whose values `get` returns.
    pub fn from_url(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        if let Some(error) = get("error") {
            let mut all = Self::ERRORS.into_iter();
            let known = all.find(|reason| reason.as_str() == error);
            return Some(known.unwrap_or(Self::Failed));
        }
        get("ended").map(|_| Self::Ended)
    }
}

impl Door {
    /// Sets what the query of the page says, whose values `get` returns.
    #[must_use]
    pub fn with_query(self, get: impl Fn(&str) -> Option<String>) -> Self {
        let next = get(Page::NEXT);
        Self {
            next: next.as_deref().and_then(return_path).map(str::to_owned),
            reason: Reason::from_url(get),
            ..self
        }
    }

    /// The document of the page [`Page::Login`].
    pub fn login(&self) -> String {
        self.document(self.text().sign_in, view! { <Login door=self.clone() /> })
    }

    /// The document of the page [`Page::Setup`].
    pub fn setup(&self) -> String {
        self.document(self.text().set_up, view! { <Setup door=self.clone() /> })
    }

    fn text(&self) -> &'static DoorText {
        door_text(self.preferences.language)
    }

    fn offers(&self, mode: AuthMode) -> bool {
        self.modes.contains(&mode)
    }

    fn document(&self, title: &str, content: impl IntoView) -> String {
        let SiteFiles { public, style, .. } = self.files.clone();
        let base = self.base.clone();
        let icon = format!("{base}/favicon.svg");
        let language = self.preferences.language.as_str();
        let theme = theme_attribute(self.preferences.theme);
        let text = self.text();
        let view = view! {
            <!DOCTYPE html>
            <html lang=language data-theme=theme data-base=base>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="dark light" />
                    <title>{format!("{title} · Deckwatch")}</title>
                    <link rel="icon" href=icon type="image/svg+xml" />
                    <link rel="stylesheet" href=style />
                    <script type="module" src=format!("{public}/door.js")></script>
                </head>
                <body class="door">
                    <main class="sign">
                        <h1 class="brand"><Icon glyph=Glyph::Pulse />"Deckwatch"</h1>
                        <p class="where">{self.host.clone()}</p>
                        <p class="told" role="status" hidden=true data-said="" data-opening=text.opening data-silent=text.silent></p>
                        {content}
                    </main>
                    <Foot preferences=self.preferences.clone() base=self.base.clone() />
                </body>
            </html>
        };
        view.to_html()
    }
}

/// The version, and buttons that change language and theme. Each button has the cookie that stores its choice.
#[component]
fn Foot(
    /// The present preferences.
    preferences: Preferences,
    /// The base path.
    base: String,
) -> impl IntoView {
    let text = text(preferences.language).frame;
    let language = match preferences.language {
        Language::English => Language::Korean,
        Language::Korean => Language::English,
    };
    let (theme, name) = match preferences.theme {
        Theme::Auto => (Theme::Light, text.theme_auto),
        Theme::Light => (Theme::Dark, text.theme_light),
        Theme::Dark => (Theme::Auto, text.theme_dark),
    };
    let other = Preferences {
        language,
        ..preferences.clone()
    };
    let turned = Preferences {
        theme,
        ..preferences
    };
    view! {
        <footer class="door-foot">
            <span>"Deckwatch " {env!("CARGO_PKG_VERSION")}</span>
            <button type="button" class="button quiet" lang=language.as_str() hidden=true data-cookie=other.cookie(&base) data-testid="language">
                {text.language}
            </button>
            <button type="button" class="button quiet" hidden=true data-cookie=turned.cookie(&base) data-testid="theme">
                {format!("{}: {name}", text.theme)}
            </button>
        </footer>
    }
}

/// The reason for which a page is shown, above its form.
#[component]
fn Told(
    /// The text.
    text: &'static str,
    /// Whether something went wrong.
    is_bad: bool,
    /// More, in a lower voice.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (class, role) = if is_bad {
        ("told bad", "alert")
    } else {
        ("told", "status")
    };
    view! {
        <div class=class role=role data-testid="told">
            <Icon glyph=Glyph::Lock />
            <p>{text} " " {children.map(|children| children())}</p>
        </div>
    }
}

#[cfg(test)]
mod tests;
