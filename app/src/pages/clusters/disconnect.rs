//! Asks before a host cluster is disconnected.

use dormer_api::cluster::{Cluster, command};
use dormer_api::meta::List;
use dormer_api::name::project_of_namespace;
use dormer_api::state::Tone;
use dormer_api::vcluster::VirtualClusterInstance;
use leptos::ev;
use leptos::prelude::*;
use stylers::style;

use super::change::Changes;
use super::model::title;
use crate::client::{CallError, Client};
use crate::paths;
use crate::ui::{CopyButton, Dialog, Field, Icon, IconKind, Notice, focus_heading_after_dialog};

/// How many virtual clusters are named; of the rest there is a number.
const NAMED_MAX: usize = 8;

/// The question, for the cluster that is to go.
#[component]
pub fn DisconnectDialog(changes: Changes) -> impl IntoView {
    move || changes.doomed.get().map(|it| view! { <Question it changes/> })
}

/// Names what becomes unmanaged and what stays, and wants the name typed.
#[component]
fn Question(it: Cluster, changes: Changes) -> impl IntoView {
    let client = expect_context::<Client>();
    let name = StoredValue::new(it.metadata.name.clone());
    let typed = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let left_behind = LocalResource::new(move || instances_on(client, name.get_value()));
    let go = Action::new_local(move |(): &()| async move {
        client.delete(&paths::api::object("clusters", &name.get_value())).await?;
        changes.doomed.set(None);
        focus_heading_after_dialog();
        Ok::<_, CallError>(())
    });
    let failure = move || match go.value().get() {
        Some(Err(error)) => format!("Could not disconnect it. {error}"),
        Some(Ok(())) | None => String::new(),
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if typed.with_untracked(|typed| name.with_value(|name| typed.trim() != name)) {
            wrong.set(Some(format!("Type {} to say that you mean it.", name.get_value())));
        } else if !go.pending().get_untracked() {
            wrong.set(None);
            go.dispatch(());
        }
    };
    let by_agent = it.spec.network_peer;

    view! {
        <Dialog
            title=format!("Disconnect {}?", title(&it))
            on_close=move |()| changes.doomed.set(None)
        >
            <form class="stack" on:submit=submit>
                <Notice tone=Tone::Failed text=Signal::derive(failure)/>
                {move || left_behind.get().map(|found| view! { <LeftBehind found/> })}
                <p>
                    "On the cluster itself nothing is deleted: namespaces, data and virtual clusters stay there and go on running. "
                    "From here nobody reaches them any more, and none is put to sleep or woken."
                </p>
                {by_agent.then(|| view! { <AgentStays/> })}
                <Field
                    label="Name of the cluster"
                    value=typed
                    error=wrong
                    hint=format!("Type {} to go on.", name.get_value())
                />
                <div class="row row-end">
                    <button
                        type="button"
                        class="button"
                        autofocus
                        on:click=move |_| changes.doomed.set(None)
                    >
                        "Cancel"
                    </button>
                    <button
                        type="submit"
                        class="button"
                        data-kind="danger"
                        aria-busy=move || go.pending().get().then_some("true")
                    >
                        <Show when=move || go.pending().get()>
                            <Icon kind=IconKind::Busy/>
                        </Show>
                        "Disconnect cluster"
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// The virtual clusters that live on a cluster, as `project / name`.
async fn instances_on(client: Client, cluster: String) -> Result<Vec<String>, CallError> {
    let path = paths::api::resource("virtualclusterinstances");
    let all: List<VirtualClusterInstance> = client.get_patiently(&path).await?;
    let here = all.items.into_iter().filter(|it| it.spec.cluster_ref.cluster == cluster);
    let words = |it: VirtualClusterInstance| {
        let project = project_of_namespace(&it.metadata.namespace).unwrap_or_default();
        format!("{project} / {}", it.metadata.name)
    };
    Ok(here.map(words).collect())
}

/// What becomes unmanaged.
#[component]
fn LeftBehind(found: Result<Vec<String>, CallError>) -> impl IntoView {
    let class = style! {
        .left-behind {
            padding-inline-start: var(--space-4);
            list-style: disc;
            overflow-wrap: anywhere;
        }
    };

    match found {
        Err(error) => {
            let words = format!("Could not look which virtual clusters live on it. {error}");
            view! { <Notice tone=Tone::Attention text=words/> }.into_any()
        }
        Ok(names) if names.is_empty() => {
            view! { <p>"No virtual cluster lives on it."</p> }.into_any()
        }
        Ok(names) => {
            let more = names.len().saturating_sub(NAMED_MAX);
            let named = names.iter().take(NAMED_MAX).cloned();
            view! { class = class,
                <div>
                    <p>{unmanaged_words(names.len())}</p>
                    <ul class="left-behind">
                        {named.map(|name| view! { <li>{name}</li> }).collect_view()}
                        {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}
                    </ul>
                </div>
            }
            .into_any()
        }
    }
}

fn unmanaged_words(count: usize) -> String {
    match count {
        1 => "This virtual cluster becomes unmanaged:".to_owned(),
        count => format!("These {count} virtual clusters become unmanaged:"),
    }
}

/// The agent goes on asking until it is uninstalled.
#[component]
fn AgentStays() -> impl IntoView {
    let line = command::uninstall().text();

    view! {
        <div class="stack-tight">
            <p>"Its agent stays too, and is refused from then on. Stop it, or uninstall it:"</p>
            <div class="row">
                <code class="code-line">{line.clone()}</code>
                <CopyButton text=line label="Copy the command that uninstalls the agent"/>
            </div>
        </div>
    }
}
