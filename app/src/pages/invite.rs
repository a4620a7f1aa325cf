//! An invited person sets their first password.

use dormer_api::session::{Invite, InviteAnswer, SelfObject};
use dormer_api::state::Tone;
use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use serde_json::json;

use super::login::Card;
use super::sign_in::PasswordField;
use crate::client::{self, CallError};
use crate::ui::{Field, Notice, Submit};
use crate::{paths, session};

/// Shows whom the invite is for, and takes their password; then they are signed in.
#[component]
pub fn InvitePage() -> impl IntoView {
    let token = use_query_map().with_untracked(|query| query.get("token").unwrap_or_default());
    let token = StoredValue::new(token);
    let invite = LocalResource::new(move || async move {
        let body = json!({ "token": token.get_value() });
        client::post_once::<Invite>(paths::api::INVITE_INSPECT, &body).await
    });
    Effect::new(move |_| document().set_title("Set your password - Dormer"));

    view! {
        <Card>
            {move || match invite.get() {
                None => view! { <p class="muted" role="status">"Checking your invite…"</p> }.into_any(),
                Some(Err(CallError::Refused(_))) => view! { <Spent/> }.into_any(),
                Some(Err(error)) => view! {
                    <h1 class="card-title">"Cannot check your invite"</h1>
                    <Notice tone=Tone::Failed text=error.to_string()/>
                    <button type="button" class="button" on:click=move |_| invite.refetch()>
                        "Try again"
                    </button>
                }
                .into_any(),
                Some(Ok(invite)) => {
                    view! { <PasswordForm username=invite.username token/> }.into_any()
                }
            }}
        </Card>
    }
}

/// The link was used, or is too old.
#[component]
fn Spent() -> impl IntoView {
    view! {
        <h1 class="card-title">"This invite does not work"</h1>
        <p>"It was used already, or it is too old. Ask your administrator for a new one."</p>
        <a class="button" href=paths::LOGIN>"Go to sign-in"</a>
    }
}

#[component]
fn PasswordForm(username: String, token: StoredValue<String>) -> impl IntoView {
    let session = session::current();
    let navigate = use_navigate();
    let password = RwSignal::new(String::new());
    let shown_name = RwSignal::new(username.clone());
    let navigate = StoredValue::new_local(navigate);
    let set = Action::new_local(move |password: &String| {
        let body = InviteAnswer { token: token.get_value(), password: password.clone() };
        async move {
            let answer = client::post_once::<SelfObject>(paths::api::INVITE, &body).await?;
            session.became(answer);
            let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
            _ = navigate.try_with_value(|navigate| navigate(paths::VCLUSTERS, options));
            Ok::<_, CallError>(())
        }
    });
    let refusal = move || set.value().get().and_then(Result::err);
    let complaint = Signal::derive(move || refusal()?.cause_of("password"));
    let failure = Signal::derive(move || match refusal() {
        Some(error) if complaint.get().is_none() => error.to_string(),
        Some(_) | None => String::new(),
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if !set.pending().get_untracked() {
            set.dispatch(password.get_untracked());
        }
    };

    view! {
        <h1 class="card-title">"Welcome, " {username}</h1>
        <p class="muted">"Set a password to finish."</p>
        <form class="stack" on:submit=submit>
            <Notice tone=Tone::Failed text=failure/>
            <div class="visually-hidden" aria-hidden="true" inert>
                <Field label="Username" value=shown_name autocomplete="username"/>
            </div>
            <PasswordField
                label="New password"
                value=password
                autocomplete="new-password"
                autofocus=true
                error=complaint
            />
            <Submit words="Set password and sign in" busy=set.pending()/>
        </form>
    }
}
