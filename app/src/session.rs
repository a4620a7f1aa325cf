//! Who is signed in. The session itself is a cookie that this page cannot read.

use dormer_api::session::{Credentials, SelfObject, SelfStatus};
use futures::channel::oneshot;
use leptos::prelude::*;
use serde_json::json;

use crate::client::{self, CallError};
use crate::paths;

/// Who is signed in, as far as the page knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Who {
    /// The question is on its way.
    Asking,
    /// The server cannot be asked; it is tried again.
    Unreachable,
    /// Nobody.
    Nobody,
    /// Somebody. Boxed, because the others are small.
    Somebody(Box<SelfStatus>),
}

/// The session of the page.
#[derive(Clone, Copy)]
pub struct Session {
    who: RwSignal<Who>,
    expired: RwSignal<bool>,
    waiting: StoredValue<Vec<oneshot::Sender<()>>>,
}

impl Session {
    /// A session that has yet to ask.
    pub fn new() -> Self {
        Self {
            who: RwSignal::new(Who::Asking),
            expired: RwSignal::new(false),
            waiting: StoredValue::new(Vec::new()),
        }
    }

    /// Who is signed in.
    pub fn who(self) -> Who {
        self.who.get()
    }

    /// Somebody is signed in, or was until their session ended under them.
    pub fn is_somebody(self) -> bool {
        self.who.with(|who| matches!(who, Who::Somebody(_)))
    }

    /// The person, or an empty object where there is none.
    pub fn person(self) -> SelfStatus {
        match self.who.get() {
            Who::Somebody(person) => *person,
            Who::Asking | Who::Unreachable | Who::Nobody => SelfStatus::default(),
        }
    }

    /// The name of the person's `User` object.
    pub fn user_name(self) -> String {
        self.person().user.map(|user| user.name).unwrap_or_default()
    }

    /// The person is an administrator.
    pub fn is_admin(self) -> bool {
        self.who.with(|who| matches!(who, Who::Somebody(person) if person.admin))
    }

    /// The server could not be asked who is signed in.
    pub fn is_unreachable(self) -> bool {
        self.who.with_untracked(|who| matches!(who, Who::Unreachable))
    }

    /// The session ended while the page was in use.
    pub fn has_expired(self) -> bool {
        self.expired.get()
    }

    /// Asks the server who is signed in.
    pub async fn ask(self) {
        let path = paths::api::resource("selves");
        match client::post_once::<SelfObject>(&path, &json!({})).await {
            Ok(answer) => self.who.set(Who::Somebody(Box::new(answer.status))),
            Err(CallError::Unreachable) => self.who.set(Who::Unreachable),
            Err(_) => self.who.set(Who::Nobody),
        }
    }

    /// Signs in.
    pub async fn sign_in(self, credentials: &Credentials) -> Result<(), CallError> {
        let answer = client::post_once::<SelfObject>(paths::api::SESSION, credentials).await?;
        self.became(answer);
        Ok(())
    }

    /// Takes over a sign-in that an answer tells of, and lets go on what waited for it.
    pub fn became(self, answer: SelfObject) {
        let before = self.who.get_untracked();
        let after = Who::Somebody(Box::new(answer.status));
        let another = self.expired.get_untracked() && user_of(&before) != user_of(&after);
        if another {
            // What is on the screen belongs to somebody else.
            _ = window().location().reload();
            return;
        }
        self.who.set(after);
        self.expired.set(false);
        for waiting in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
            _ = waiting.send(());
        }
    }

    /// Signs out. The cookie goes even if the server does not answer in time.
    pub async fn sign_out(self) {
        _ = client::delete_once(paths::api::SESSION).await;
        self.who.set(Who::Nobody);
    }

    /// Says that the session is over, and waits for the person to sign in again.
    pub async fn renewed(self) {
        let (ready, renewed) = oneshot::channel();
        self.waiting.update_value(|waiting| waiting.push(ready));
        self.expired.set(true);
        _ = renewed.await;
    }
}

/// The session of this page.
pub fn current() -> Session {
    expect_context()
}

fn user_of(who: &Who) -> Option<&str> {
    match who {
        Who::Somebody(person) => person.user.as_ref().map(|user| user.name.as_str()),
        Who::Asking | Who::Unreachable | Who::Nobody => None,
    }
}
