//! The dialog over a page whose session ended.

use leptos::prelude::*;

use super::sign_in::SignInForm;
use crate::session;
use crate::ui::Dialog;

/// Asks for a new sign-in. Nothing behind it is lost, and what was asked for is asked again.
#[component]
pub fn RenewDialog() -> impl IntoView {
    // Untracked: the dialog is about the person whose session ended, and goes away with it.
    let username = untrack(|| session::current().person().user.map(|user| user.username));

    view! {
        <Dialog title="Sign in again">
            <p>"Your session ended. Sign in to continue - nothing is lost."</p>
            <SignInForm username=username.unwrap_or_default()/>
        </Dialog>
    }
}
