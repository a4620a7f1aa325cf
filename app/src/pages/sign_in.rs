//! The sign-in form, on its page and in the dialog over a page whose session ended.

use dormer_api::session::Credentials;
use dormer_api::state::Tone;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use stylers::style;

use crate::client::CallError;
use crate::ui::{Field, Icon, IconKind, Notice, Submit, focus_first_error};
use crate::{clock, session};

/// Why a sign-in did not work.
#[derive(Clone, PartialEq)]
enum Failure {
    /// The server's words, or that there is no server.
    Words(String),
    /// Not before this instant (Unix seconds).
    Later(i64),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Refused(status) => {
                match status.details.as_ref().and_then(|it| it.retry_after_seconds) {
                    Some(seconds) => Self::Later(clock::read() + i64::from(seconds)),
                    None => Self::Words(error.to_string()),
                }
            }
            CallError::Unreachable | CallError::Unreadable => Self::Words(error.to_string()),
        }
    }
}

/// Username, password, and a button. Succeeds by changing the session.
#[component]
pub fn SignInForm(
    /// What is in the first field.
    #[prop(optional, into)]
    username: String,
) -> impl IntoView {
    let (session, clock) = (session::current(), clock::current());
    let (password, username) = (RwSignal::new(String::new()), RwSignal::new(username));
    let tried = RwSignal::new(false);
    let known = !username.get_untracked().is_empty();
    let sign_in = Action::new_local(move |credentials: &Credentials| {
        let credentials = credentials.clone();
        async move { session.sign_in(&credentials).await.map_err(Failure::from) }
    });
    let failure = move || match sign_in.value().get() {
        Some(Err(Failure::Words(words))) => words,
        Some(Err(Failure::Later(at))) => match at - clock.now() {
            ..=0 => String::new(),
            1 => "Too many tries. Try again in 1 second.".to_owned(),
            seconds => format!("Too many tries. Try again in {seconds} seconds."),
        },
        Some(Ok(())) | None => String::new(),
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let credentials =
            Credentials { username: username.get_untracked(), password: password.get_untracked() };
        tried.set(true);
        if credentials.username.is_empty() || credentials.password.is_empty() {
            focus_first_error();
        } else if !sign_in.pending().get_untracked() {
            sign_in.dispatch(credentials);
        }
    };
    // Nothing typed is no wrong password: the server, which counts those, is not asked.
    let missing = move |value: RwSignal<String>, words: &'static str| {
        Signal::derive(move || {
            (tried.get() && value.with(String::is_empty)).then(|| words.to_owned())
        })
    };

    view! {
        <form class="stack" on:submit=submit>
            <Notice tone=Tone::Failed text=Signal::derive(failure)/>
            <Field
                label="Username or email"
                value=username
                error=missing(username, "Type your username or email.")
                autocomplete="username"
                autofocus=!known
            />
            <PasswordField
                label="Password"
                value=password
                error=missing(password, "Type your password.")
                autocomplete="current-password"
                autofocus=known
            />
            <Submit words="Sign in" busy=sign_in.pending()/>
        </form>
    }
}

/// A password, hidden until the person wants to see it.
#[component]
pub fn PasswordField(
    /// Its label.
    label: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// It has the focus when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// A sentence under it.
    #[prop(optional, into)]
    hint: Signal<String>,
) -> impl IntoView {
    let class = style! {
        .password {
            position: relative;
        }
        .password-input {
            width: 100%;
            padding-inline-end: var(--space-7);
        }
        .password-show {
            position: absolute;
            inset-block-start: 0;
            inset-inline-end: 0;
        }
        .password-help {
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
        }
        .password-help[data-error="true"] {
            color: var(--failed-fg);
        }
    };
    let shown = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get().filter(|_| autofocus) {
            request_animation_frame(move || _ = input.focus());
        }
    });
    let id = format!("field-{}", label.to_lowercase().replace(' ', "-"));
    let help = format!("{id}-help");

    view! { class = class,
        <div class="field">
            <label class="field-label" for=id.clone()>{label}</label>
            <div class="password">
                <input
                    class="password-input input"
                    id=id
                    node_ref=input
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    prop:value=move || value.get()
                    aria-invalid=move || error.get().is_some().then_some("true")
                    aria-describedby=help.clone()
                    on:input=move |event| value.set(event_target_value(&event))
                />
                <button
                    type="button"
                    class="password-show button"
                    data-kind="icon"
                    aria-label="Show password"
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <Icon kind=Signal::derive(move || {
                        if shown.get() { IconKind::Hide } else { IconKind::Show }
                    })/>
                </button>
            </div>
            <span
                class="password-help"
                id=help
                aria-live="polite"
                data-error=move || error.get().is_some().then_some("true")
            >
                {move || error.get().unwrap_or_else(|| hint.get())}
            </span>
        </div>
    }
}
