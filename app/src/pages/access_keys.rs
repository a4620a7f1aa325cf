//! One's own access keys.

use dormer_api::access_key::{OwnedAccessKey, UserAccessKeys};
use dormer_api::ago::unix;
use dormer_api::state::Tone;
use leptos::prelude::*;

use super::list::{NotLoaded, UrlState};
use crate::client::{CallError, Client};
use crate::ui::{ConfirmDialog, Empty, Icon, IconKind, Moment, Notice, Page};
use crate::{paths, session};

mod create;
mod table;

use create::CreateKeyPanel;
use table::{KeyTable, title};

/// The list of one's own access keys. It cannot be watched, so it is read again after each change.
#[component]
pub fn AccessKeysPage() -> impl IntoView {
    let client = expect_context::<Client>();
    let session = session::current();
    let url = UrlState::here();
    let version = RwSignal::new(0_u32);
    let keys = LocalResource::new(move || {
        version.track();
        let path = paths::api::part("users", &session.user_name(), "accesskeys");
        async move { read_keys(client, &path).await }
    });
    // The page may be gone when an answer comes.
    let read_again = move || version.update(|version| *version = version.wrapping_add(1));
    let doomed = RwSignal::new(None::<OwnedAccessKey>);
    let revoke = Action::new_local(move |name: &String| {
        let path = paths::api::object("ownedaccesskeys", name);
        async move {
            client.delete(&path).await?;
            read_again();
            Ok::<_, CallError>(())
        }
    });
    let problem = move || match revoke.value().get() {
        Some(Err(error)) => format!("Could not revoke the key. {error}"),
        Some(Ok(())) | None => String::new(),
    };
    let creating = Memo::new(move |_| url.get("panel").as_deref() == Some("new"));

    view! {
        <Page title="Access keys" actions=move || view! { <CreateLink url/> }>
            <p class="muted">"Keys let scripts and the CLI act as you."</p>
            <Notice tone=Tone::Failed text=Signal::derive(problem)/>
            {move || match keys.get() {
                None => view! { <KeyTable keys=None doomed/> }.into_any(),
                Some(Err(error)) => view! { <NotLoaded what="your access keys" error/> }.into_any(),
                Some(Ok(keys)) if keys.is_empty() => view! {
                    <Empty icon=IconKind::Key title="None yet."><CreateLink url/></Empty>
                }
                .into_any(),
                Some(Ok(keys)) => view! { <KeyTable keys=Some(keys) doomed/> }.into_any(),
            }}
        </Page>
        <Show when=move || creating.get()>
            <CreateKeyPanel
                on_made=move |()| read_again()
                on_close=move |()| url.set(&[("panel", None)], false)
            />
        </Show>
        {move || doomed.get().map(|key| {
            let name = key.metadata.name.clone();
            let go = move |()| {
                revoke.dispatch(name.clone());
            };
            view! { <RevokeDialog key on_revoke=go on_close=move |()| doomed.set(None)/> }
        })}
    }
}

/// The keys of a person, the newest first.
async fn read_keys(client: Client, path: &str) -> Result<Vec<OwnedAccessKey>, CallError> {
    let answer: UserAccessKeys = client.get_patiently(path).await?;
    let mut keys = answer.access_keys;
    keys.sort_by(|a, b| {
        let created = |it: &OwnedAccessKey| it.metadata.creation_timestamp.clone();
        created(b).cmp(&created(a)).then_with(|| a.metadata.name.cmp(&b.metadata.name))
    });
    Ok(keys)
}

/// Opens the panel that makes a key.
#[component]
fn CreateLink(url: UrlState) -> impl IntoView {
    view! {
        <a
            class="button"
            data-kind="primary"
            href=move || url.with(&[("panel", Some("new".into()))])
        >
            <Icon kind=IconKind::Plus/>
            "Create key"
        </a>
    }
}

/// Asks before a key stops working.
#[component]
fn RevokeDialog(
    key: OwnedAccessKey,
    #[prop(into)] on_revoke: Callback<()>,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let last_used = key.status.last_activity.as_deref().and_then(unix);
    let heading = format!("Revoke {}?", title(&key));

    view! {
        <ConfirmDialog title=heading verb="Revoke key" on_confirm=on_revoke on_close>
            "It stops working at once. Last used: " <Moment at=last_used otherwise="never"/> "."
        </ConfirmDialog>
    }
}
