//! Sign-in, and the consent that a CLI's sign-in asks for.

use dormer_api::access_key::{AccessKeySpec, OwnedAccessKey};
use dormer_api::ago::DAY;
use dormer_api::state::Tone;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

use super::frame::Mark;
use super::sign_in::SignInForm;
use crate::client::Client;
use crate::ui::Notice;
use crate::{paths, session};

/// How long the key of a CLI lives, in seconds: the default of every key.
const CLI_KEY_TTL_S: i64 = 30 * DAY;

/// Signs a person in, then goes on to where they wanted to be.
#[component]
pub fn LoginPage() -> impl IntoView {
    let session = session::current();
    let query = use_query_map();
    let signed_in = Memo::new(move |_| session.is_somebody());
    let for_cli = move || query.with(|query| query.get("cli").as_deref() == Some("true"));
    let next = move || query.with(|query| paths::next_or_home(query.get("next").as_deref()));
    Effect::new(move |_| document().set_title("Sign in - Dormer"));

    move || match (signed_in.get(), for_cli()) {
        (false, _) => view! {
            <Card>
                <h1 class="card-title">"Sign in to Dormer"</h1>
                <SignInForm/>
            </Card>
        }
        .into_any(),
        (true, true) => view! { <CliConsent/> }.into_any(),
        (true, false) => {
            let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
            view! { <Redirect path=next() options=options/> }.into_any()
        }
    }
}

/// A card in the middle of an otherwise empty page.
#[component]
pub fn Card(children: Children) -> impl IntoView {
    view! {
        <main class="card-page">
            <div class="card">
                <Mark/>
                {children()}
            </div>
        </main>
    }
}

/// Asks before a key goes to a CLI: a link alone must not hand one out.
#[component]
fn CliConsent() -> impl IntoView {
    let (session, client) = (session::current(), expect_context::<Client>());
    let make = Action::new_local(move |_: &()| async move {
        let spec = AccessKeySpec {
            display_name: "CLI sign-in".into(),
            kind: "Login".into(),
            ttl: Some(CLI_KEY_TTL_S),
            ..AccessKeySpec::default()
        };
        let body = OwnedAccessKey { spec, ..OwnedAccessKey::default() };
        let path = paths::api::resource("ownedaccesskeys");
        let made = client.post::<OwnedAccessKey>(&path, &body).await?;
        // The CLI reads the key from a navigation, and from nothing else.
        _ = window().location().set_href(&paths::cli_callback(&made.spec.key));
        Ok::<_, crate::client::CallError>(())
    });
    let failure = move || match make.value().get() {
        Some(Err(error)) => error.to_string(),
        Some(Ok(())) | None => String::new(),
    };
    let who = move || session.person().user.map(|user| user.username).unwrap_or_default();

    view! {
        <Card>
            <h1 class="card-title">"Sign in a command line"</h1>
            <p>
                "A program on this computer asks to act as " <strong>{who}</strong>
                ". It gets an access key that can do everything you can, for 30 days. "
                "You can revoke it under Access keys."
            </p>
            <p class="muted">"Go on only if you just started a sign-in in a terminal."</p>
            <Notice tone=Tone::Failed text=Signal::derive(failure)/>
            <button
                type="button"
                class="button"
                data-kind="primary"
                on:click=move |_| _ = make.dispatch(())
            >
                "Make a key and send it"
            </button>
            <a class="button" href=paths::VCLUSTERS>"Cancel"</a>
        </Card>
    }
}
