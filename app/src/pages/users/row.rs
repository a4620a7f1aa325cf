//! The list of people: headings, and one row a person.

use leptos::prelude::*;
use leptos::task::spawn_local;
use stylers::style;

use super::change::Changes;
use super::invite::{InviteLink, make_invite};
use super::model::{Person, Standing, role};
use crate::client::Client;
use crate::live::LiveRow;
use crate::pages::list::UrlState;
use crate::ui::{Act, Badge, IconKind, Moment, SkeletonRows, Sort, SortHeader};

/// The table.
#[component]
pub fn PeopleTable(
    /// The rows to show.
    rows: Memo<Vec<LiveRow<Person>>>,
    /// The first answer has come.
    loaded: Memo<bool>,
    /// How they are sorted.
    sort: Memo<Sort>,
    /// Where the sort is kept.
    url: UrlState,
    /// What can be done to them.
    changes: Changes,
    /// The name of the only administrator, if there is just one.
    last_admin: Memo<Option<String>>,
    /// Where a new invite is shown.
    invite: RwSignal<Option<InviteLink>>,
) -> impl IntoView {
    let class = style! {
        .people-table .people-name {
            width: 20%;
        }
        .people-table .people-email {
            width: 22%;
        }
        .people-table .people-actions {
            width: 15rem;
        }
        @media (max-width: 79.99rem) {
            .people-table .people-actions {
                width: 9rem;
            }
        }
    };
    let on_sort = move |by: String| url.set(&[("sort", Some(by))], true);

    view! { class = class,
        <div class="table-frame">
            <table class="table people-table">
                <caption class="visually-hidden">"Users"</caption>
                <colgroup class="people-columns">
                    <col class="people-name"/>
                    <col class="people-email cell-wide"/>
                    <col class="people-state"/>
                    <col class="people-role cell-middle"/>
                    <col class="people-activity cell-middle"/>
                    <col class="people-actions"/>
                </colgroup>
                <thead>
                    <tr>
                        <SortHeader words="Name" key="name" sort on_sort/>
                        <th scope="col" class="cell-wide">"Email"</th>
                        <SortHeader words="State" key="state" sort on_sort/>
                        <SortHeader words="Role" key="role" width="cell-middle" sort on_sort/>
                        <SortHeader
                            words="Last active"
                            key="activity"
                            width="cell-middle"
                            sort
                            on_sort
                        />
                        <th scope="col" class="cell-end">"Actions"</th>
                    </tr>
                </thead>
                <tbody aria-busy=move || (!loaded.get()).then_some("true")>
                    <Show when=move || loaded.get() fallback=|| view! { <SkeletonRows columns=6/> }>
                        <For each=move || rows.get() key=|row| row.uid.clone() let:row>
                            <PersonRow row changes last_admin invite/>
                        </For>
                    </Show>
                </tbody>
            </table>
        </div>
    }
}

/// One person.
#[component]
fn PersonRow(
    row: LiveRow<Person>,
    changes: Changes,
    last_admin: Memo<Option<String>>,
    invite: RwSignal<Option<InviteLink>>,
) -> impl IntoView {
    let it = Memo::new(move |_| row.value.get());
    let standing = Memo::new(move |_| it.with(|it| it.standing));

    view! {
        <tr>
            <th scope="row">
                <span class="cell-lines">
                    <span class="cell-main">{move || it.with(|it| it.title.clone())}</span>
                    <span class="cell-sub">{move || it.with(|it| it.username.clone())}</span>
                </span>
            </th>
            <td class="cell-wide">{move || it.with(|it| it.email.clone())}</td>
            <td>
                <Badge
                    word=Signal::derive(move || standing.get().look().0.to_owned())
                    tone=Signal::derive(move || standing.get().look().1)
                    icon=Signal::derive(move || standing.get().look().2)
                />
            </td>
            <td class="cell-middle">{move || it.with(role)}</td>
            <td class="cell-middle">
                <Moment at=Signal::derive(move || it.with(|it| it.last_activity)) otherwise="never"/>
            </td>
            <td>
                <PersonActions it changes last_admin invite/>
            </td>
        </tr>
    }
}

/// A new invite link, lock or unlock, and delete.
#[component]
fn PersonActions(
    it: Memo<Person>,
    changes: Changes,
    last_admin: Memo<Option<String>>,
    invite: RwSignal<Option<InviteLink>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let title = move || it.with(|it| it.title.clone());
    let is_last = move || it.with(|it| last_admin.with(|last| last.as_ref() == Some(&it.name)));
    let because =
        move |words: &'static str| Signal::derive(move || is_last().then(|| words.to_owned()));
    let standing = Memo::new(move |_| it.with(|it| it.standing));
    let busy = Signal::derive(move || it.with(|it| changes.is_busy(&it.name)));
    let new_invite = move |()| {
        let (name, title) = it.with_untracked(|it| (it.name.clone(), it.title.clone()));
        spawn_local(async move {
            match make_invite(client, &name, &title).await {
                Ok(link) => _ = invite.try_set(Some(link)),
                Err(error) => {
                    _ = changes.problem.try_set(format!("Could not invite {title}. {error}"));
                }
            }
        });
    };

    view! {
        <div class="cell-actions">
            <Show when=move || standing.get() == Standing::Invited>
                <Act
                    icon=IconKind::Invited
                    words="New invite link"
                    label=Signal::derive(move || format!("New invite link for {}", title()))
                    on_press=new_invite
                />
            </Show>
            {move || {
                if standing.get() == Standing::Locked {
                    view! {
                        <Act
                            icon=IconKind::Key
                            words="Unlock"
                            label=Signal::derive(move || format!("Unlock {}", title()))
                            busy
                            on_press=move |()| it.with_untracked(|it| changes.lock(it, false))
                        />
                    }
                } else {
                    view! {
                        <Act
                            icon=IconKind::Locked
                            words="Lock"
                            label=Signal::derive(move || format!("Lock {}", title()))
                            because=because("The last administrator cannot be locked.")
                            busy
                            on_press=move |()| it.with_untracked(|it| changes.lock(it, true))
                        />
                    }
                }
            }}
            <Act
                icon=IconKind::Trash
                words=""
                label=Signal::derive(move || format!("Delete {}", title()))
                because=because("The last administrator cannot be deleted.")
                on_press=move |()| changes.doomed.set(Some(it.get_untracked()))
            />
        </div>
    }
}
