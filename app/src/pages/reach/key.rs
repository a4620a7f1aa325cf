//! A key that is made in a Connect panel, for the commands in it.

use dormer_api::access_key::{AccessKeySpec, OwnedAccessKey, Scope, ScopeVirtualCluster};
use dormer_api::ago::{DAY, HOUR, exact, unix};
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use crate::client::{CallError, Client};
use crate::ui::{Icon, IconKind, Notice};
use crate::{clock, paths};

/// How long a key can be made to live, in seconds. The first is the usual one.
const TTLS: [i64; 4] = [DAY, 8 * HOUR, 7 * DAY, 30 * DAY];

/// A key that was just made. It is in memory only, and goes with the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeKey {
    /// The secret.
    pub secret: String,
    /// Unix seconds.
    pub expires: i64,
}

impl MadeKey {
    /// When it stops working, in words.
    pub fn expires_words(&self) -> String {
        format!("on {}", clock::absolute(self.expires))
    }
}

/// What a key is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFor {
    /// One virtual cluster: the key can use that and nothing else.
    Vcluster {
        /// Its project.
        project: String,
        /// Its name.
        name: String,
    },
    /// A host cluster, by its name. There is no scope for one, so the key can do what the person can.
    Host(String),
}

impl KeyFor {
    fn name(&self) -> &str {
        match self {
            Self::Vcluster { name, .. } | Self::Host(name) => name,
        }
    }

    fn scope(&self) -> Option<Scope> {
        match self {
            Self::Host(_) => None,
            Self::Vcluster { project, name } => Some(Scope {
                virtual_clusters: vec![ScopeVirtualCluster {
                    project: project.clone(),
                    virtual_cluster: name.clone(),
                    ..ScopeVirtualCluster::default()
                }],
            }),
        }
    }

    /// The sentence beside the button that makes it.
    fn offer(&self) -> &'static str {
        match self {
            Self::Vcluster { .. } => {
                "Commands need an access key. Make one for this virtual cluster alone:"
            }
            Self::Host(_) => {
                "Commands need an access key. This one can do everything that you can:"
            }
        }
    }

    /// What it can do, once it is made.
    fn power(&self) -> &'static str {
        match self {
            Self::Vcluster { .. } => "It can use this virtual cluster and nothing else",
            Self::Host(_) => "It can do everything that you can",
        }
    }
}

/// Makes a key.
async fn make(client: Client, of: &KeyFor, ttl: i64) -> Result<MadeKey, CallError> {
    let spec = AccessKeySpec {
        display_name: format!("connect {}", of.name()),
        ttl: Some(ttl),
        kind: "User".into(),
        scope: of.scope(),
        ..AccessKeySpec::default()
    };
    let body = OwnedAccessKey { spec, ..OwnedAccessKey::default() };
    let made: OwnedAccessKey = client.post(&paths::api::resource("ownedaccesskeys"), &body).await?;
    let expires = made.status.expires.as_deref().and_then(unix);
    Ok(MadeKey { secret: made.spec.key, expires: expires.unwrap_or_else(|| clock::read() + ttl) })
}

/// Offers a key, then says that there is one.
#[component]
pub fn KeyBox(
    /// What it is for.
    of: KeyFor,
    /// The key, once it is made.
    key: RwSignal<Option<MadeKey>>,
    /// The secret is shown.
    reveal: RwSignal<bool>,
) -> impl IntoView {
    let class = style! {
        .key-box {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            gap: var(--space-2);
            padding: var(--space-3);
            border: 1px solid var(--line);
            border-radius: var(--radius-card);
            background: var(--sunken);
        }
    };
    let client = expect_context::<Client>();
    let (offer, power) = (of.offer(), of.power());
    let make_key = Action::new_local(move |ttl: &i64| {
        let (of, ttl) = (of.clone(), *ttl);
        async move {
            let made = make(client, &of, ttl).await?;
            _ = key.try_set(Some(made));
            Ok::<_, CallError>(())
        }
    });
    let failure = move || match make_key.value().get() {
        Some(Err(error)) => format!("Could not make a key. {error}"),
        Some(Ok(())) | None => String::new(),
    };
    let pending = make_key.pending();
    let ask = move |ttl| {
        if !pending.get_untracked() {
            make_key.dispatch(ttl);
        }
    };

    view! { class = class,
        <Notice tone=Tone::Failed text=Signal::derive(failure)/>
        <div class="key-box" role="group" aria-label="Access key">
            {move || match key.get() {
                None => view! { <Offer offer pending on_ask=ask/> }.into_any(),
                Some(made) => view! { <Made made power reveal/> }.into_any(),
            }}
        </div>
    }
}

/// How long a key should live, and the button that makes it.
#[component]
fn Offer(
    offer: &'static str,
    #[prop(into)] pending: Signal<bool>,
    /// Asks for a key that lives so many seconds.
    #[prop(into)]
    on_ask: Callback<i64>,
) -> impl IntoView {
    let class = style! {
        .key-offer {
            flex: 1;
            min-width: 14rem;
        }
    };
    let ttl = RwSignal::new(TTLS[0]);
    let choose = move |event| ttl.set(event_target_value(&event).parse().unwrap_or(TTLS[0]));
    let choices = TTLS.map(|ttl| view! { <option value=ttl.to_string()>{exact(ttl)}</option> });
    let icon = move || if pending.get() { IconKind::Busy } else { IconKind::Key };

    view! { class = class,
        <span class="key-offer">{offer}</span>
        <select class="input" aria-label="Key works for" on:change=choose>
            {choices.collect_view()}
        </select>
        <button
            type="button"
            class="button"
            data-kind="primary"
            aria-busy=move || pending.get().then_some("true")
            on:click=move |_| on_ask.run(ttl.get_untracked())
        >
            <Icon kind=Signal::derive(icon)/>
            "Make a key"
        </button>
    }
}

/// What the key can do and for how long, and the button that shows it.
#[component]
fn Made(made: MadeKey, power: &'static str, reveal: RwSignal<bool>) -> impl IntoView {
    let class = style! {
        .key-made {
            flex: 1;
            min-width: 14rem;
            overflow-wrap: anywhere;
        }
    };
    let icon = move || if reveal.get() { IconKind::Hide } else { IconKind::Show };

    view! { class = class,
        <Icon kind=IconKind::Key/>
        <span class="key-made" role="status">
            "A key is in the commands below. " {power} ", and stops working "
            {made.expires_words()} ". It is shown here only until you close this panel."
        </span>
        <button
            type="button"
            class="button"
            aria-pressed=move || if reveal.get() { "true" } else { "false" }
            on:click=move |_| reveal.update(|it| *it = !*it)
        >
            <Icon kind=Signal::derive(icon)/>
            "Show key"
        </button>
    }
}
