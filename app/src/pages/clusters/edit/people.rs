//! Who may use a host cluster, besides administrators.

use dormer_api::meta::List;
use dormer_api::user::{Team, User};
use leptos::prelude::*;
use stylers::style;

use super::model::Sharing;
use crate::client::{CallError, Client};
use crate::paths;
use crate::ui::{Check, Radios};

/// Somebody who can be chosen: the name of the object, and what they are called.
type Candidate = (String, String);

/// Everybody who can be chosen.
#[derive(Debug, Clone, Default, PartialEq)]
struct Candidates {
    users: Vec<Candidate>,
    teams: Vec<Candidate>,
}

/// Nobody, everybody, or these.
#[component]
pub fn SharingFields(
    /// What is chosen.
    sharing: RwSignal<Sharing>,
    /// What the server says is wrong with it.
    error: Signal<Option<String>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let with = RwSignal::new(sharing.with_untracked(|it| it.with.clone()));
    // The parts of a form each have a signal; this one is a part of a whole.
    Effect::new(move |_| sharing.update(|it| it.with = with.get()));
    let candidates = LocalResource::new(move || candidates(client));
    let these = Memo::new(move |_| with.with(|with| with == "these"));

    view! {
        <div class="stack-tight">
            <Radios
                label="Who may use it"
                value=with
                options=vec![
                    ("nobody", "Administrators only", ""),
                    ("everybody", "Everybody", ""),
                    ("these", "Administrators and these", "They may send requests to the cluster itself."),
                ]
            />
            <Show when=move || these.get()>
                {move || match candidates.get() {
                    None => view! { <p class="caption">"Loading…"</p> }.into_any(),
                    Some(Err(error)) => {
                        let words = format!("Could not load users and teams. {error}");
                        view! { <p class="caption-failed" role="alert">{words}</p> }.into_any()
                    }
                    Some(Ok(all)) => view! { <People all sharing/> }.into_any(),
                }}
            </Show>
            <p class="caption-failed" role="alert">{move || error.get()}</p>
        </div>
    }
}

async fn candidates(client: Client) -> Result<Candidates, CallError> {
    let users: List<User> = client.get_patiently(&paths::api::resource("users")).await?;
    let teams: List<Team> = client.get_patiently(&paths::api::resource("teams")).await?;
    let titled = |name: String, title: String| {
        let words = if title.is_empty() { name.clone() } else { title };
        (name, words)
    };
    Ok(Candidates {
        users: users
            .items
            .into_iter()
            .map(|it| titled(it.metadata.name, it.spec.display_name))
            .collect(),
        teams: teams
            .items
            .into_iter()
            .map(|it| titled(it.metadata.name, it.spec.display_name))
            .collect(),
    })
}

/// The people and teams to choose from. Those who are chosen stay in sight whatever is filtered.
#[component]
fn People(all: Candidates, sharing: RwSignal<Sharing>) -> impl IntoView {
    let class = style! {
        .people-list {
            display: flex;
            flex-direction: column;
            max-height: 14rem;
            overflow-y: auto;
            padding-block: var(--space-1);
            padding-inline: var(--space-2);
            border: 1px solid var(--line);
            border-radius: var(--radius);
        }
    };
    let words = RwSignal::new(String::new());
    let all = StoredValue::new(all);
    let list = move |of: fn(&Candidates) -> &Vec<Candidate>,
                     chosen: fn(&Sharing) -> &Vec<String>| {
        let words = words.get().to_lowercase();
        let is_chosen = |name: &String| sharing.with_untracked(|it| chosen(it).contains(name));
        let mut shown = all.with_value(|all| of(all).clone());
        shown.retain(|(name, title)| {
            is_chosen(name) || name.contains(&words) || title.to_lowercase().contains(&words)
        });
        shown
    };
    let users = move || {
        let line = |(name, title)| {
            view! { <Person name title sharing of=|it| &mut it.users suffix=""/> }
        };
        list(|all| &all.users, |it| &it.users).into_iter().map(line).collect_view()
    };
    let teams = move || {
        let line = |(name, title)| {
            view! { <Person name title sharing of=|it| &mut it.teams suffix=" (team)"/> }
        };
        list(|all| &all.teams, |it| &it.teams).into_iter().map(line).collect_view()
    };

    view! { class = class,
        <input
            type="search"
            class="input"
            aria-label="Filter people and teams"
            placeholder="Filter people and teams"
            prop:value=move || words.get()
            on:input=move |event| words.set(event_target_value(&event))
        />
        <div class="people-list" role="group" aria-label="People and teams">
            {teams}
            {users}
        </div>
    }
}

/// One of them.
#[component]
fn Person(
    name: String,
    title: String,
    sharing: RwSignal<Sharing>,
    /// The list that they are in where they are chosen.
    of: fn(&mut Sharing) -> &mut Vec<String>,
    suffix: &'static str,
) -> impl IntoView {
    let words = match title == name {
        true => format!("{title}{suffix}"),
        false => format!("{title}, {name}{suffix}"),
    };
    let name = StoredValue::new(name);
    let checked = Memo::new(move |_| {
        let mut sharing = sharing.get();
        name.with_value(|name| of(&mut sharing).contains(name))
    });
    let change = move |chosen: bool| {
        sharing.update(|sharing| {
            let list = of(sharing);
            list.retain(|it| name.with_value(|name| it != name));
            if chosen {
                list.push(name.get_value());
            }
        });
    };

    view! { <Check words checked on_change=change/> }
}
