//! A kubeconfig, pasted or dropped, and the context of it that is chosen.

use dormer_api::cluster::{ClusterConnect, ClusterConnectSpec, ClusterSpec, ClusterTemplate};
use dormer_api::kubeconfig::{Context, Found, LENGTH_MAX, Problem, read};
use dormer_api::meta::ObjectMeta;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use stylers::style;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DragEvent, File};

use crate::client::{CallError, Client};
use crate::paths;
use crate::ui::{Icon, IconKind, TextArea};

/// Why a cluster was not connected.
pub enum Refusal {
    /// The server refused, or was not reached.
    Call(CallError),
    /// The server tried, and the cluster did not answer as it should: in its words.
    NotConnected(String),
}

/// The file and the context. Both are in memory only, and go with the page.
#[derive(Clone, Copy)]
pub struct Chosen {
    text: RwSignal<String>,
    /// Empty for the current one.
    context: RwSignal<String>,
    found: Memo<Found>,
}

impl Chosen {
    /// Nothing yet.
    pub fn new() -> Self {
        let text = RwSignal::new(String::new());
        let found = Memo::new(move |_| {
            text.with(|text| if text.trim().is_empty() { Found::default() } else { read(text) })
        });
        Self { text, context: RwSignal::new(String::new()), found }
    }

    /// The context that is chosen: by the person, or else by the file.
    fn context(self) -> Option<Context> {
        let own = self.context.get();
        self.found.with(|found| {
            let by_name = |name: &str| found.contexts.iter().find(|it| it.name == name).cloned();
            by_name(&own)
                .or_else(|| by_name(found.current.as_deref()?))
                .or_else(|| found.contexts.first().filter(|_| found.contexts.len() == 1).cloned())
        })
    }

    /// Why it cannot be sent, in a sentence.
    pub fn problem(self) -> Option<String> {
        if self.text.with(|text| text.trim().is_empty()) {
            return Some("Paste a kubeconfig, or drop a file.".to_owned());
        }
        let chosen = self.context();
        // Which context is meant has been said by then.
        let counts =
            |it: &&Problem| !it.warning && (chosen.is_none() || it.field != "current-context");
        let of_file =
            self.found.with(|it| it.problems.iter().find(counts).map(|it| it.message.clone()));
        let of_context = || {
            let chosen = chosen.as_ref()?;
            chosen.problems.iter().find(|it| !it.warning).map(|it| it.message.clone())
        };
        of_file.or_else(of_context)
    }

    /// Connects the cluster.
    pub async fn connect(
        self,
        client: Client,
        metadata: ObjectMeta,
        spec: ClusterSpec,
    ) -> Result<(), Refusal> {
        let context = untrack(|| self.context()).map(|it| it.name).unwrap_or_default();
        let spec = ClusterConnectSpec {
            config: self.text.get_untracked(),
            context,
            cluster_template: ClusterTemplate { spec, ..ClusterTemplate::default() },
            ..ClusterConnectSpec::default()
        };
        let body = ClusterConnect { metadata, spec, ..ClusterConnect::default() };
        let path = paths::api::resource("clusterconnect");
        let answer: ClusterConnect = client.post(&path, &body).await.map_err(Refusal::Call)?;
        match answer.status {
            status if !status.failed => Ok(()),
            status if status.message.is_empty() => Err(Refusal::NotConnected(
                "The cluster did not answer. Check that this instance can reach it.".to_owned(),
            )),
            status => Err(Refusal::NotConnected(status.message)),
        }
    }
}

/// The text, the file, and the contexts in it.
#[component]
pub fn KubeconfigFields(
    chosen: Chosen,
    /// What is wrong with it, where it was tried.
    error: Signal<Option<String>>,
) -> impl IntoView {
    let class = style! {
        .kubeconfig-drop {
            display: flex;
            flex-direction: column;
            gap: var(--space-3);
            padding: var(--space-3);
            border: 1px dashed var(--line-control);
            border-radius: var(--radius-card);
        }
        .kubeconfig-drop[data-over="true"] {
            border-color: var(--accent);
            background: var(--sunken);
        }
    };
    let over = RwSignal::new(false);
    let unreadable = RwSignal::new(None::<String>);
    let take = move |file: Option<File>| {
        let Some(file) = file else { return };
        spawn_local(async move {
            let (text, problem) = match text_of(&file).await {
                Ok(text) => (text, None),
                Err(problem) => (String::new(), Some(problem)),
            };
            _ = chosen.text.try_set(text);
            _ = unreadable.try_set(problem);
        });
    };
    let drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        take(event.data_transfer().and_then(|it| it.files()).and_then(|it| it.get(0)));
    };
    let drag = move |event: DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    let shown = Signal::derive(move || {
        let typed = chosen.text.with(|text| !text.trim().is_empty());
        let own = unreadable.get().filter(|_| !typed);
        own.or_else(|| error.get()).or_else(|| chosen.problem().filter(|_| typed))
    });

    view! { class = class,
        <div
            class="kubeconfig-drop"
            data-over=move || over.get().then_some("true")
            on:dragover=drag
            on:dragleave=move |_| over.set(false)
            on:drop=drop
        >
            <FileButton on_file=take/>
            <TextArea
                label="Kubeconfig"
                value=chosen.text
                error=shown
                hint="Paste it, or drop the file here. It is sent to this instance only when you press Connect cluster."
            />
        </div>
        <Contexts chosen/>
    }
}

/// Reads a file of a size that a kubeconfig can have.
async fn text_of(file: &File) -> Result<String, String> {
    #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^53 bytes")]
    if file.size() > LENGTH_MAX as f64 {
        return Err(format!("{} is too large for a kubeconfig.", file.name()));
    }
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    text.ok_or_else(|| format!("{} could not be read.", file.name()))
}

/// The button that chooses a file, for whoever drags none.
#[component]
fn FileButton(#[prop(into)] on_file: Callback<Option<File>>) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let changed = move |_: ev::Event| {
        if let Some(input) = input.get_untracked() {
            on_file.run(input.files().and_then(|it| it.get(0)));
            // The same file can be chosen again after it was changed.
            input.set_value("");
        }
    };

    view! {
        <div class="row">
            <button type="button" class="button" on:click=open>
                <Icon kind=IconKind::Download/>
                "Choose a file"
            </button>
            <input
                type="file"
                hidden
                aria-label="Kubeconfig file"
                node_ref=input
                on:change=changed
            />
        </div>
    }
}

/// The contexts, of which one is chosen.
#[component]
fn Contexts(chosen: Chosen) -> impl IntoView {
    let class = style! {
        .contexts {
            display: flex;
            flex-direction: column;
            gap: var(--space-2);
            min-width: 0;
            padding: 0;
            border: 0;
        }
    };
    let found = Memo::new(move |_| chosen.found.with(|it| it.contexts.clone()));

    view! { class = class,
        <Show when=move || found.with(|it| !it.is_empty())>
            <fieldset class=format!("contexts {class}")>
                <legend class="field-label">"Context"</legend>
                {move || {
                    let line = |context| view! { <ContextLine chosen context/> };
                    found.get().into_iter().map(line).collect_view()
                }}
            </fieldset>
        </Show>
    }
}

/// One context: where it leads, how one says who one is, and what is wrong with it.
#[component]
fn ContextLine(chosen: Chosen, context: Context) -> impl IntoView {
    let class = style! {
        .context {
            display: grid;
            grid-template-columns: auto minmax(0, 1fr);
            column-gap: var(--space-2);
            align-items: center;
            min-height: var(--target);
            overflow-wrap: anywhere;
        }
        .context-radio {
            accent-color: var(--accent);
        }
        .context-about {
            grid-column: 2;
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
        }
        .context-problem {
            grid-column: 2;
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--tone-fg);
        }
    };
    let name = StoredValue::new(context.name.clone());
    let is_it = move || chosen.context().is_some_and(|it| name.with_value(|name| it.name == *name));
    let about = match context.server.as_str() {
        "" => context.auth.words(),
        server => format!("{server}, {}", context.auth.words()),
    };
    let problem = |it: Problem| {
        let tone = if it.warning { "attention" } else { "failed" };
        view! { class = class, <span class="context-problem" data-tone=tone>{it.message}</span> }
    };

    view! { class = class,
        <label class="context">
            <input
                type="radio"
                class="context-radio"
                name="context"
                prop:checked=is_it
                on:change=move |_| chosen.context.set(name.get_value())
            />
            <span>{context.name}</span>
            <span class="context-about">{about}</span>
            {context.problems.into_iter().map(problem).collect_view()}
        </label>
    }
}
