//! The panel that makes an access key, and the dialog that shows it once.

use dormer_api::access_key::{AccessKeySpec, OwnedAccessKey};
use dormer_api::ago::DAY;
use dormer_api::connect::login_line;
use dormer_api::state::Tone;
use leptos::ev;
use leptos::prelude::*;
use stylers::style;

use crate::app::InstanceFacts;
use crate::client::{CallError, Client};
use crate::pages::key_once::ShownOnce;
use crate::paths;
use crate::ui::{CopyButton, Field, Notice, Panel, Select, Submit, focus_first_error};

/// How long a key can be made to live, in days.
const DAYS: [i64; 4] = [7, 30, 90, 365];
/// How long it lives where nothing is chosen, in days.
const DAYS_DEFAULT: i64 = 30;

/// Name, expiry, and then the key, once.
#[component]
pub fn CreateKeyPanel(
    /// Called when there is a new key.
    #[prop(into)]
    on_made: Callback<()>,
    /// Closes the panel.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let (name, days) = (RwSignal::new(String::new()), RwSignal::new(DAYS_DEFAULT.to_string()));
    let complaint = RwSignal::new(None::<String>);
    let secret = RwSignal::new(None::<String>);
    let make = Action::new_local(move |(name, days): &(String, i64)| {
        let (name, days) = (name.clone(), *days);
        async move {
            secret.set(Some(make_key(client, name, days).await?));
            _ = on_made.try_run(());
            Ok::<_, CallError>(())
        }
    });
    let refused = move || make.value().get().and_then(Result::err);
    let name_error =
        Signal::derive(move || complaint.get().or_else(|| refused()?.cause_of("spec.displayName")));
    let failure = Signal::derive(move || match refused() {
        Some(error) if error.cause_of("spec.displayName").is_none() => error.to_string(),
        Some(_) | None => String::new(),
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked().trim().to_owned();
        if typed.is_empty() {
            complaint.set(Some("Say what it is for, e.g. ci-web.".to_owned()));
            focus_first_error();
        } else if !make.pending().get_untracked() {
            complaint.set(None);
            make.dispatch((typed, days.get_untracked().parse().unwrap_or(DAYS_DEFAULT)));
        }
    };
    let choices = DAYS.map(|days| {
        let words = if days == 365 { "1 year".to_owned() } else { format!("{days} days") };
        (days.to_string(), words)
    });
    let unsaved =
        Signal::derive(move || name.with(|name| !name.is_empty()) && secret.with(Option::is_none));

    view! {
        <Panel title="Create access key" unsaved on_close>
            <form class="stack" on:submit=submit>
                <Notice tone=Tone::Failed text=failure/>
                <Field
                    label="Name"
                    value=name
                    error=name_error
                    hint="Say what it is for, e.g. ci-web."
                    autofocus=true
                />
                <Select label="Expires after" value=days options=choices.to_vec()/>
                <p class="caption">
                    "It can do everything you can. For one virtual cluster alone, make a key in its Connect panel."
                </p>
                <div class="row row-end panel-foot">
                    <Submit words="Create key" busy=make.pending()/>
                </div>
            </form>
            {move || secret.get().map(|secret| view! { <NewKey secret on_close/> })}
        </Panel>
    }
}

/// Makes a key that can do all that its owner can: its secret.
async fn make_key(client: Client, name: String, days: i64) -> Result<String, CallError> {
    let spec = AccessKeySpec {
        display_name: name,
        ttl: Some(days * DAY),
        kind: "User".into(),
        ..AccessKeySpec::default()
    };
    let body = OwnedAccessKey { spec, ..OwnedAccessKey::default() };
    let made: OwnedAccessKey = client.post(&paths::api::resource("ownedaccesskeys"), &body).await?;
    Ok(made.spec.key)
}

/// The key, and the lines that sign a CLI in with it.
#[component]
fn NewKey(secret: String, on_close: Callback<()>) -> impl IntoView {
    let class = style! {
        .login-line {
            display: flex;
            align-items: flex-start;
            gap: var(--space-2);
            padding: var(--space-2);
            border-radius: var(--radius);
            background: var(--sunken);
        }
        .login-text {
            flex: 1;
            min-width: 0;
            overflow-wrap: anywhere;
        }
    };
    let InstanceFacts(instance) = expect_context();
    let key = StoredValue::new(secret.clone());
    let line = move |words: &'static str, command: &'static str| {
        let instance = instance.get().and_then(Result::ok)?;
        let line = login_line(command, &instance, &key.get_value());
        Some(view! { class = class,
            <div class="field">
                <span class="field-label">{words}</span>
                <div class="login-line">
                    <code class="login-text">{line.shown(false)}</code>
                    <CopyButton text=line.text() label=format!("Copy: {words}")/>
                </div>
            </div>
        })
    };

    view! { class = class,
        <ShownOnce
            title="Your new access key"
            what="access key"
            secret
            on_saved=on_close
        >
            {move || line("Sign in the vcluster CLI", "vcluster platform login")}
            {move || line("Sign in the loft CLI", "loft login")}
        </ShownOnce>
    }
}
