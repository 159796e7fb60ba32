//! A button and the menu that it opens. The browser shows the menu in its top layer, where it is not clipped
//! by a card, and closes it on Esc, on a click outside and when a dialog opens; it works without scripts,
//! too. Its position is defined in the style sheet.

use crate::client::driver;
use leptos::prelude::*;

/// Whether any menu of the page is open; lists then keep their order.
#[derive(Clone, Copy, Debug)]
struct AnyMenuOpen(RwSignal<bool>);

/// Provides the state for [`Menu`] and [`use_any_menu_open`] below the calling component.
pub fn provide_menus() {
    provide_context(AnyMenuOpen(RwSignal::new(false)));
}

/// Whether any menu of the page is open; the browser allows one at a time.
pub fn use_any_menu_open() -> RwSignal<bool> {
    expect_context::<AnyMenuOpen>().0
}

/// A button and the menu that it opens.
#[component]
pub fn Menu(
    /// The element id, unique among menus.
    #[prop(into)]
    id: String,
    /// The content of the button.
    #[prop(into)]
    face: ViewFn,
    /// The label of the button, if its content is an icon.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// CSS classes of the button.
    #[prop(default = "button")]
    button: &'static str,
    /// CSS classes of the whole element.
    #[prop(default = "menu")]
    class: &'static str,
    /// Becomes true while the menu is open.
    #[prop(optional)]
    is_open: RwSignal<bool>,
    /// The content of the menu.
    children: Children,
) -> impl IntoView {
    let any = use_any_menu_open();
    let set = move |now: bool| {
        if is_open.get_untracked() != now {
            is_open.set(now);
            any.set(now);
        }
    };
    let toggles = move |event| {
        let closes = driver::is_menu_open(&event);
        set(!closes);
        if closes {
            driver::return_focus(&event);
        }
    };
    // A menu that is removed from the document while open sends no event.
    on_cleanup(move || set(false));
    view! {
        <span class=class on:keydown=move |event| driver::step_in_menu(&event) on:focusout=move |event| driver::leave_menu(&event)>
            <button type="button" class=button popovertarget=id.clone() aria-label=move || label.get() title=move || label.get()>
                {face.run()}
            </button>
            <div class="popover" id=id popover="auto" on:beforetoggle=toggles>
                {children()}
            </div>
        </span>
    }
}
