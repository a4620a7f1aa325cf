//! An invite: a link that sets a first password, shown once.

use dormer_api::access_key::OwnedAccessKey;
use dormer_api::ago::{DAY, unix};
use leptos::prelude::*;
use serde_json::json;

use crate::client::{CallError, Client};
use crate::pages::key_once::ShownOnce;
use crate::{clock, paths};

/// How long an invite works where the server does not say, in seconds.
const INVITE_S: i64 = 7 * DAY;

/// A link that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteLink {
    /// Whom it is for.
    pub title: String,
    /// The link, with its secret.
    pub url: String,
    /// Until when it works: Unix seconds.
    pub expires: i64,
}

/// Makes a link for the person whose object has this name. Links made before stop working.
pub async fn make_invite(client: Client, name: &str, title: &str) -> Result<InviteLink, CallError> {
    let body = json!({ "spec": { "user": name } });
    let path = paths::api::resource("resetaccesskeys");
    let made: OwnedAccessKey = client.post(&path, &body).await?;
    let origin = window().location().origin().unwrap_or_default();
    let expires = made.status.expires.as_deref().and_then(unix);
    Ok(InviteLink {
        title: title.to_owned(),
        url: paths::invite(&origin, &made.spec.key),
        expires: expires.unwrap_or_else(|| clock::read() + INVITE_S),
    })
}

/// The link, once.
#[component]
pub fn InviteOnce(
    /// The link.
    link: InviteLink,
    /// Called when the person has it.
    #[prop(into)]
    on_saved: Callback<()>,
) -> impl IntoView {
    view! {
        <ShownOnce
            title=format!("Invite link for {}", link.title)
            what="invite link"
            secret=link.url
            on_saved
        >
            <p class="muted">
                "Send it to them. They set their own password with it. It works once, until "
                {clock::day(link.expires)} "."
            </p>
        </ShownOnce>
    }
}
