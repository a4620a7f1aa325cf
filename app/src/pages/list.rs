//! What the lists share: how true they are, and what stands in their place.

use std::time::Duration;

use dormer_api::ago::ago;
use dormer_api::state::Tone;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use leptos_router::params::ParamsMap;

use crate::client::CallError;
use crate::clock;
use crate::live::{Freshness, FromRow, Live, LiveRow};
use crate::ui::{Empty, FreshnessChip, Icon, IconKind};

/// How long after the last key the URL follows what is typed.
const TYPED_AFTER: Duration = Duration::from_millis(250);

/// What stands under a list's toolbar. One value, so that no two of these can be drawn at once.
#[derive(Clone, PartialEq)]
pub enum Shown {
    /// The table, or its skeleton.
    Table,
    /// The list did not come.
    NotLoaded(CallError),
    /// There is nothing that one may see.
    NoneYet,
    /// There is something, but the filter lets nothing pass.
    NothingMatches,
}

/// What to show of a list of which `visible` passes the filter.
pub fn shown<T: FromRow>(live: Live<T>, visible: Memo<Vec<LiveRow<T>>>) -> Memo<Shown> {
    Memo::new(move |_| match live.freshness.get() {
        Freshness::Loading => Shown::Table,
        Freshness::Failed(error) => Shown::NotLoaded(error),
        Freshness::Current | Freshness::Stale(_) if live.rows.with(Vec::is_empty) => Shown::NoneYet,
        Freshness::Current | Freshness::Stale(_) if visible.with(Vec::is_empty) => {
            Shown::NothingMatches
        }
        Freshness::Current | Freshness::Stale(_) => Shown::Table,
    })
}

/// How many there are, and how true that is.
#[component]
pub fn CountOf<T: FromRow>(live: Live<T>) -> impl IntoView {
    let words = move || match live.rows.with(Vec::len) {
        0 => String::new(),
        count => count.to_string(),
    };

    view! {
        <span class="muted">{words}</span>
        <FreshnessOf freshness=live.freshness/>
    }
}

/// The chip beside a list's heading.
#[component]
pub fn FreshnessOf(freshness: RwSignal<Freshness>) -> impl IntoView {
    let clock = clock::current();
    let words = move || match freshness.get() {
        Freshness::Loading => "Loading…".to_owned(),
        Freshness::Current => "Live".to_owned(),
        Freshness::Stale(since) => format!("Reconnecting, as of {}", ago(since, clock.now())),
        Freshness::Failed(_) => "Not loaded".to_owned(),
    };
    let tone = move || match freshness.get() {
        Freshness::Loading => Tone::Pending,
        Freshness::Current => Tone::Running,
        Freshness::Stale(_) => Tone::Attention,
        Freshness::Failed(_) => Tone::Failed,
    };

    view! { <FreshnessChip words=Signal::derive(words) tone=Signal::derive(tone)/> }
}

/// A list that did not come: because one may not, or because it could not.
#[component]
pub fn NotLoaded(
    /// What the list would show, such as "the users".
    what: &'static str,
    /// Why it did not come.
    error: CallError,
) -> impl IntoView {
    let (icon, words) = match error.code() {
        Some(403 | 404) => {
            (IconKind::Locked, format!("You may not see {what}. An administrator can change that."))
        }
        Some(_) | None => {
            (IconKind::Attention, format!("Could not load {what}. {error} Retrying…"))
        }
    };

    view! { <Empty icon title=words/> }
}

/// A filter that nothing passes.
#[component]
pub fn NothingMatches(
    /// The filter.
    #[prop(into)]
    filter: Signal<String>,
    /// Clears it.
    #[prop(into)]
    on_clear: Callback<()>,
) -> impl IntoView {
    view! {
        <Empty
            icon=IconKind::Search
            title=Signal::derive(move || format!("Nothing matches “{}”.", filter.get()))
        >
            <button type="button" class="button" on:click=move |_| on_clear.run(())>
                "Clear filter"
            </button>
        </Empty>
    }
}

/// The box that a list is filtered by. What is typed is in the URL a moment later.
#[component]
pub fn FilterBox(
    /// What it filters.
    label: &'static str,
    /// What can be typed.
    placeholder: &'static str,
    /// What is typed.
    text: RwSignal<String>,
) -> impl IntoView {
    view! {
        <div class="filter">
            <Icon kind=IconKind::Search/>
            <input
                type="search"
                class="input"
                aria-label=label
                placeholder=placeholder
                spellcheck="false"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
        </div>
    }
}

/// The part of the URL behind the `?`: where a list keeps what a person would send to a colleague.
#[derive(Clone, Copy)]
pub struct UrlState {
    query: Memo<ParamsMap>,
    go: StoredValue<Callback<(String, NavigateOptions)>>,
}

impl UrlState {
    /// The state in the URL of this page.
    pub fn here() -> Self {
        let navigate = use_navigate();
        let navigate = StoredValue::new_local(navigate);
        let go = Callback::new(move |(url, options): (String, NavigateOptions)| {
            navigate.with_value(|navigate| navigate(&url, options));
        });
        Self { query: use_query_map(), go: StoredValue::new(go) }
    }

    /// One value of it.
    pub fn get(self, key: &str) -> Option<String> {
        self.query.with(|query| query.get(key))
    }

    /// Sets and takes away values. `replace` keeps the way back as it was: for what is typed.
    pub fn set(self, changes: &[(&'static str, Option<String>)], replace: bool) {
        // The page may be gone: then its state is nobody's.
        if self.query.try_get_untracked().is_none() {
            return;
        }
        let url = self.with(changes);
        let options = NavigateOptions { replace, scroll: false, ..NavigateOptions::default() };
        self.go.with_value(|go| go.run((url, options)));
    }

    /// The URL with values set and taken away.
    pub fn with(self, changes: &[(&'static str, Option<String>)]) -> String {
        let mut query = self.query.get_untracked();
        for (key, value) in changes {
            match value {
                Some(value) if !value.is_empty() => query.replace(*key, value.clone()),
                Some(_) | None => _ = query.remove(key),
            }
        }
        let path = window().location().pathname().unwrap_or_default();
        format!("{path}{}", query.to_query_string())
    }

    /// A text that is typed, kept under `key`. It is the person's while they type; the URL follows
    /// when they pause, and leads only when it changes by itself, as by the browser's way back.
    pub fn typed(self, key: &'static str) -> RwSignal<String> {
        let text = RwSignal::new(self.query.with_untracked(|it| it.get(key)).unwrap_or_default());
        let sent = StoredValue::new(text.get_untracked());
        let mut send = debounce(TYPED_AFTER, move |text: String| {
            if sent.try_get_value().is_some_and(|sent| sent != text) {
                sent.set_value(text.clone());
                self.set(&[(key, Some(text))], true);
            }
        });
        Effect::new(move |_| send(text.get()));
        Effect::new(move |_| {
            let url = self.get(key).unwrap_or_default();
            // The one place where an effect sets a signal: the URL is the world outside.
            if url != sent.get_value() {
                sent.set_value(url.clone());
                text.set(url);
            }
        });
        text
    }
}
