//! A button and the menu it opens. The browser shows the menu in its top layer, where no card cuts
//! it off, and closes it on Esc, on a click outside and when a dialog opens; it works without
//! scripts too. Where it stands is the style sheet's.

use crate::client::driver;
use leptos::prelude::*;

/// Whether any menu of the page is open: lists keep their order as long as one is.
#[derive(Clone, Copy, Debug)]
struct AnyMenuOpen(RwSignal<bool>);

/// Makes [`Menu`] and [`use_any_menu_open`] work below the calling component.
pub fn provide_menus() {
    provide_context(AnyMenuOpen(RwSignal::new(false)));
}

/// Whether any menu of the page is open; the browser allows one at a time.
pub fn use_any_menu_open() -> RwSignal<bool> {
    expect_context::<AnyMenuOpen>().0
}

/// A button and the menu it opens.
#[component]
pub fn Menu(
    /// Its name in the document, unlike that of any other menu.
    #[prop(into)]
    id: String,
    /// What stands on the button.
    #[prop(into)]
    face: ViewFn,
    /// What the button is called, where its face is a picture.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// Classes of the button.
    #[prop(default = "button")]
    button: &'static str,
    /// Classes of the whole.
    #[prop(default = "menu")]
    class: &'static str,
    /// Becomes true while the menu is open.
    #[prop(optional)]
    is_open: RwSignal<bool>,
    /// What is in the menu.
    children: Children,
) -> impl IntoView {
    let any = use_any_menu_open();
    let set = move |now: bool| {
        if is_open.get_untracked() != now {
            is_open.set(now);
            any.set(now);
        }
    };
    // What leaves the document while it is open does not say that it closes.
    on_cleanup(move || set(false));
    view! {
        <span class=class on:keydown=move |event| driver::step_in_menu(&event) on:focusout=move |event| driver::leave_menu(&event)>
            <button type="button" class=button popovertarget=id.clone() aria-label=move || label.get() title=move || label.get()>
                {face.run()}
            </button>
            <div class="popover" id=id popover="auto" on:beforetoggle=move |event| set(!driver::is_menu_open(&event))
                on:toggle=move |event| driver::after_menu(&event)>
                {children()}
            </div>
        </span>
    }
}
