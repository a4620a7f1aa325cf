//! Command lines to copy: one by one, or all at once.

use dormer_api::connect::{Line, block};
use leptos::prelude::*;
use stylers::style;

use crate::ui::CopyButton;

/// Command lines, each with what it is for and a button that copies it.
#[component]
pub fn Commands(
    /// The lines.
    #[prop(into)]
    lines: Signal<Vec<Line>>,
    /// Secrets are shown.
    #[prop(into)]
    reveal: Signal<bool>,
) -> impl IntoView {
    let class = style! {
        .commands {
            display: flex;
            flex-direction: column;
            gap: var(--space-3);
        }
        .commands-all {
            display: flex;
            flex-wrap: wrap;
            align-items: center;
            justify-content: space-between;
            gap: var(--space-2);
        }
        .command {
            display: flex;
            flex-direction: column;
            gap: var(--space-1);
        }
        .command-hint {
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
        }
        .command-line {
            display: flex;
            align-items: flex-start;
            gap: var(--space-2);
            padding-block: var(--space-1);
            padding-inline: var(--space-3) var(--space-1);
            border-radius: var(--radius);
            background: var(--sunken);
        }
        .command-text {
            flex: 1;
            min-width: 0;
            padding-block: var(--space-1);
            white-space: pre-wrap;
            word-break: break-all;
        }
    };
    let all = Signal::derive(move || lines.with(|lines| block(lines)));
    let number = move |index: usize| {
        lines.with(|lines| lines.iter().take(index + 1).filter(|it| !it.instead).count())
    };
    let line = move |(index, line): (usize, Line)| {
        let (shown, hint) = (line.clone(), line.hint);
        let numbered =
            if line.instead { hint.to_owned() } else { format!("{}. {hint}", number(index)) };
        view! { class = class,
            <li class="command">
                <span class="command-hint">{numbered}</span>
                <div class="command-line">
                    <code class="command-text">{move || shown.shown(reveal.get())}</code>
                    <CopyButton text=line.text() label=format!("Copy: {hint}")/>
                </div>
            </li>
        }
    };

    view! { class = class,
        <div class="commands">
            <div class="commands-all">
                <span class="command-hint">"Run these in a terminal."</span>
                <CopyButton text=all label="Copy all commands" words="Copy all" kind="primary"/>
            </div>
            <ol class="commands">
                {move || lines.get().into_iter().enumerate().map(line).collect_view()}
            </ol>
        </div>
    }
}
