//! One virtual cluster of the list. Made once; after that only its cells change.

use dormer_api::ago::{span, until};
use dormer_api::state::{self, State, sleep_reason};
use leptos::prelude::*;

use super::actions::Actions;
use super::model::{Vcluster, client_name, icon};
use super::panel_url;
use crate::clock;
use crate::live::LiveRow;
use crate::pages::list::UrlState;
use crate::ui::{Act, Badge, Icon, IconKind};

/// What two lines of a cell say.
#[derive(Clone, PartialEq, Default)]
struct Lines {
    main: String,
    sub: String,
}

/// A row: what it is, what it does, and what can be done to it.
#[component]
pub fn VclusterRow(row: LiveRow<Vcluster>, url: UrlState, actions: Actions) -> impl IntoView {
    let clock = clock::current();
    let it = Memo::new(move |_| row.value.get());
    let state = Memo::new(move |_| it.with(|it| it.state(clock.now())));
    let words = Memo::new(move |_| state.get().word().to_owned());
    let why = Memo::new(move |_| it.with(|it| why(it, state.get(), clock.now())));
    let activity = Memo::new(move |_| it.with(|it| activity(it, clock.now())));
    let sleep = Memo::new(move |_| it.with(|it| sleep(it, state.get(), clock.now())));

    view! {
        <tr>
            <th scope="row">
                <span class="cell-lines">
                    <span class="cell-main">{move || it.with(|it| it.title.clone())}</span>
                    <span class="cell-sub">
                        {move || it.with(|it| format!("{} / {}", it.project, it.name))}
                    </span>
                </span>
            </th>
            <td class="cell-state">
                <span class="cell-lines">
                    <Badge
                        word=words
                        tone=Signal::derive(move || state.get().tone())
                        icon=Signal::derive(move || icon(state.get()))
                    />
                    <span class="cell-sub" title=why>{why}</span>
                </span>
            </td>
            <td class="cell-activity">
                <TwoLines
                    lines=activity
                    title=Signal::derive(move || it.with(activity_in_full))
                />
            </td>
            <td class="cell-sleep cell-middle">
                <TwoLines lines=sleep title=""/>
            </td>
            <td class="cell-wide">
                <span class="cell-lines">
                    <span class="cell-line">{move || it.with(|it| it.host.clone())}</span>
                    <span class="cell-sub">{move || it.with(|it| it.template.clone())}</span>
                </span>
            </td>
            <td class="cell-wide">{move || it.with(|it| it.owner.clone())}</td>
            <td>
                <RowActions it state url actions/>
            </td>
        </tr>
    }
}

/// Two lines, and more under the pointer.
#[component]
fn TwoLines(
    #[prop(into)] lines: Signal<Lines>,
    #[prop(into)] title: Signal<String>,
) -> impl IntoView {
    view! {
        <span class="cell-lines" title=move || title.get()>
            <span class="cell-line">{move || lines.with(|it| it.main.clone())}</span>
            <span class="cell-sub">{move || lines.with(|it| it.sub.clone())}</span>
        </span>
    }
}

/// Connect, sleep or wake, and delete: always there, never only under the pointer.
#[component]
fn RowActions(
    it: Memo<Vcluster>,
    state: Memo<State>,
    url: UrlState,
    actions: Actions,
) -> impl IntoView {
    let title = move || it.with(|it| it.title.clone());
    let busy = Signal::derive(move || it.with(|it| actions.is_busy(it)));
    let locked = Signal::derive(move || it.with(Vcluster::locked_because));
    let kept = Signal::derive(move || it.with(Vcluster::kept_because));
    let asleep = Memo::new(move |_| state.get().asleep());
    let connect = move || it.with(|it| url.with(&panel_url(&it.project, &it.name)));

    view! {
        <div class="cell-actions">
            <a
                class="button"
                data-kind="named"
                href=connect
                aria-label=move || format!("Connect to {}", title())
            >
                <Icon kind=IconKind::Connect/>
                <span class="button-words">"Connect"</span>
            </a>
            {move || {
                if asleep.get() {
                    view! {
                        <Act
                            icon=IconKind::Wake
                            words="Wake"
                            label=Signal::derive(move || format!("Wake {}", title()))
                            because=locked
                            busy
                            on_press=move |()| it.with_untracked(|it| actions.wake(it))
                        />
                    }
                } else {
                    view! {
                        <Act
                            icon=IconKind::Moon
                            words="Sleep"
                            label=Signal::derive(move || format!("Sleep {}", title()))
                            because=Signal::derive(move || {
                                locked.get().or_else(|| not_yet(state.get()))
                            })
                            busy
                            on_press=move |()| it.with_untracked(|it| actions.sleep(it))
                        />
                    }
                }
            }}
            <Act
                icon=IconKind::Trash
                words=""
                label=Signal::derive(move || format!("Delete {}", title()))
                because=kept
                on_press=move |()| actions.doomed.set(Some(it.get_untracked()))
            />
        </div>
    }
}

/// Why it cannot be put to sleep right now.
fn not_yet(state: State) -> Option<String> {
    match state {
        State::Creating | State::Waking => Some("It is not running yet.".to_owned()),
        State::FallingAsleep => Some("It is falling asleep already.".to_owned()),
        State::Deleting => Some("It is being deleted.".to_owned()),
        State::Running | State::Failed | State::Unknown | State::Sleeping | State::Held => None,
    }
}

/// Since when, and why.
fn why(it: &Vcluster, state: State, now: i64) -> String {
    match state {
        State::Sleeping | State::Held => {
            let since = it.facts.sleeping_since.map(|since| span(now - since));
            let reason = sleep_reason(&it.facts, &it.slept_by);
            match since {
                Some(since) if reason.is_empty() => format!("for {since}"),
                Some(since) => format!("for {since}, {reason}"),
                None => reason,
            }
        }
        State::Running if it.message.is_empty() => String::new(),
        State::Creating if it.message.is_empty() => match it.created {
            Some(created) => format!("for {}", span(now - created)),
            None => String::new(),
        },
        State::Creating
        | State::Running
        | State::Failed
        | State::Unknown
        | State::Waking
        | State::FallingAsleep
        | State::Deleting => it.message.clone(),
    }
}

/// When it was used last, and by whom with what.
fn activity(it: &Vcluster, now: i64) -> Lines {
    let Some(last) = it.facts.last_activity else { return Lines::default() };
    let main = match it.is_active(now) {
        true => "active now".to_owned(),
        false => format!("idle {}", span(now - last)),
    };
    let (who, client) = (&it.activity.subject, client_name(&it.activity.client));
    let sub = match (client.is_empty(), who.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("by {who}"),
        (false, true) => client.to_owned(),
        (false, false) => format!("{client} by {who}"),
    };
    Lines { main, sub }
}

/// The last use in full, for under the pointer.
fn activity_in_full(it: &Vcluster) -> String {
    let Some(last) = it.facts.last_activity else { return String::new() };
    let info = &it.activity;
    let what = [info.verb.as_str(), info.resource.as_str()].join(" ");
    let words = [clock::absolute(last), info.client.clone(), what.trim().to_owned()];
    words.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ")
}

/// When it sleeps next, or what ends its sleep.
fn sleep(it: &Vcluster, state: State, now: i64) -> Lines {
    let main = match state {
        State::Held => match it.facts.held_until(now) {
            Some(Some(until)) => format!("for {}", span(until - now)),
            Some(None) | None => "until woken".to_owned(),
        },
        State::Sleeping => "until used".to_owned(),
        State::Creating
        | State::Running
        | State::Failed
        | State::Unknown
        | State::Waking
        | State::FallingAsleep
        | State::Deleting => match (state::sleeps_at(&it.facts), it.facts.sleep_after) {
            (Some(at), _) => until(at, now),
            (None, Some(after)) => format!("after {}", span(after)),
            (None, None) => "off".to_owned(),
        },
    };
    let sub = state::deleted_at(&it.facts).map(|at| format!("deleted {}", until(at, now)));
    Lines { main, sub: sub.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use dormer_api::vcluster::{ActivityInfo, Phase, SleepFacts, SleepType};

    use super::super::model::tests::vcluster;
    use super::*;

    fn asleep() -> Vcluster {
        let facts = SleepFacts {
            sleep_after: Some(3600),
            last_activity: Some(0),
            sleeping_since: Some(3600),
            sleep_type: Some(SleepType::InactivitySleep),
            ..SleepFacts::default()
        };
        Vcluster { facts, ..vcluster("a", Phase::Sleeping) }
    }

    #[test]
    fn a_sleeping_row_says_since_when_and_why_and_what_wakes_it() {
        let it = asleep();
        assert_eq!(why(&it, State::Sleeping, 7200), "for 1 h, unused for 1 h");
        assert_eq!(sleep(&it, State::Sleeping, 7200).main, "until used");
    }

    #[test]
    fn a_running_row_says_when_it_will_sleep() {
        let mut it = asleep();
        it.facts.sleeping_since = None;
        assert_eq!(sleep(&it, State::Running, 1140).main, "in 41 min");
        it.facts.sleep_after = None;
        assert_eq!(sleep(&it, State::Running, 1140).main, "off");
    }

    #[test]
    fn the_last_use_names_who_and_with_what() {
        let mut it = asleep();
        it.activity = ActivityInfo {
            subject: "ben".into(),
            client: "kubectl/v1.32.0".into(),
            ..ActivityInfo::default()
        };
        let lines = activity(&it, 7200);
        assert_eq!((lines.main.as_str(), lines.sub.as_str()), ("idle 2 h", "kubectl by ben"));
        it.facts.sleeping_since = None;
        assert_eq!(activity(&it, 60).main, "active now");
    }
}
