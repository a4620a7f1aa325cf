//! The third step: how far the agent is, line by line.

use dormer_api::cluster::{Cluster, Line, Progress, Step};
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use crate::ui::{Icon, IconKind, Moment};

/// The lines, each with when it came to that, what was found, and what to do.
#[component]
pub fn Checklist(
    /// The lines, as they stand.
    lines: Memo<Vec<Line>>,
    /// The cluster, for what is said of its way.
    it: Signal<Cluster>,
) -> impl IntoView {
    let class = style! {
        .checklist {
            display: flex;
            flex-direction: column;
            padding: 0;
            list-style: none;
        }
    };
    let count = Memo::new(move |_| lines.with(Vec::len));
    let line = move |at: usize| {
        let line = Memo::new(move |_| lines.with(|lines| lines.get(at).cloned()));
        move || line.get().map(|line| view! { <OneLine line/> })
    };
    let by_agent = move || it.with(|it| it.spec.network_peer);

    view! { class = class,
        <section class="stack" aria-labelledby="handshake-step">
            <h2 id="handshake-step">
                {move || if by_agent() { "Handshake" } else { "Check" }}
            </h2>
            <ol class="checklist">
                {move || (0..count.get()).map(line).collect_view()}
            </ol>
            <p class="visually-hidden" role="status">{move || lines.with(|it| news(it))}</p>
        </section>
    }
}

/// One line.
#[component]
fn OneLine(line: Line) -> impl IntoView {
    let class = style! {
        .checkline {
            display: grid;
            grid-template-columns: auto minmax(0, 1fr) auto;
            gap: 0 var(--space-3);
            padding-block: var(--space-2);
            border-top: 1px solid var(--line);
            overflow-wrap: anywhere;
        }
        .checkline-icon {
            display: flex;
            padding-block-start: var(--space-half);
            color: var(--tone-fg);
        }
        .checkline-title {
            font-weight: var(--weight-medium);
        }
        .checkline[data-state="waiting"] .checkline-title {
            color: var(--fg-muted);
            font-weight: inherit;
        }
        .checkline-at {
            font-size: var(--font-caption);
            color: var(--fg-muted);
            white-space: nowrap;
        }
        .checkline-message {
            grid-column: 2;
            color: var(--fg-muted);
        }
        .checkline[data-state="failed"] .checkline-message {
            color: var(--failed-fg);
        }
        .checkline-next {
            grid-column: 2;
        }
    };
    let (word, state, tone, icon) = look(line.state);
    let at = Signal::stored(line.at);

    view! { class = class,
        <li class="checkline" data-state=state>
            <span class="checkline-icon" data-tone=tone.as_str()>
                <Icon kind=icon/>
            </span>
            <span class="checkline-title">
                {line.title}
                <span class="visually-hidden">{format!(": {word}.")}</span>
            </span>
            <span class="checkline-at">
                <Moment at/>
            </span>
            {(!line.message.is_empty())
                .then(|| view! { class = class, <span class="checkline-message">{line.message}</span> })}
            {(!line.next.is_empty())
                .then(|| view! { class = class, <span class="checkline-next">{line.next}</span> })}
        </li>
    }
}

/// How far a line is: in a word, for the style, as a colour and as a shape.
fn look(state: Progress) -> (&'static str, &'static str, Tone, IconKind) {
    match state {
        Progress::Waiting => ("waiting", "waiting", Tone::Offline, IconKind::Pending),
        Progress::Running => ("under way", "running", Tone::Pending, IconKind::Busy),
        Progress::Done => ("done", "done", Tone::Running, IconKind::Running),
        Progress::Failed => ("failed", "failed", Tone::Failed, IconKind::Failed),
        Progress::Skipped => ("not needed", "skipped", Tone::Offline, IconKind::NoEntry),
    }
}

/// What a screen reader says when something changes; the same for as long as nothing does.
fn news(lines: &[Line]) -> String {
    if let Some(failed) = lines.iter().find(|it| it.state == Progress::Failed) {
        return format!("{}: failed. {}", failed.title, failed.next);
    }
    let done = lines.iter().rev().find(|it| it.state == Progress::Done);
    match done {
        Some(line) if line.step == Step::Done => "The cluster is connected.".to_owned(),
        Some(line) => format!("{}: done.", line.title),
        None => "Waiting for the agent.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use dormer_api::cluster::checklist;

    use super::*;

    #[test]
    fn the_news_change_only_when_a_line_does() {
        let mut it = Cluster::default();
        it.spec.network_peer = true;
        it.metadata.creation_timestamp = Some("1970-01-01T00:00:00Z".into());
        let news = |now| news(&checklist(&it, "https://hub", now));
        assert_eq!(news(1), "Waiting for the agent.");
        assert_eq!(news(1), news(30));
        assert!(news(100).starts_with("First contact: failed. If the command runs"));
        assert_eq!(news(100), news(200));
    }
}
