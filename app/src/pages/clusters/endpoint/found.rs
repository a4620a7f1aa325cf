//! What a check of a direct endpoint found, from the server and from this browser.

use dormer_api::ago::unix;
use dormer_api::cluster::{CheckStep, EndpointCheck};
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use crate::clock;
use crate::pages::reach::long_span;
use crate::probe::Reading;
use crate::ui::{Icon, IconKind, Moment};

/// The steps of the check, then what this browser found.
#[component]
pub fn Found(
    /// The server's check.
    check: Signal<EndpointCheck>,
    /// The browser's, and the way it is compared with.
    from_here: Signal<Option<Reading>>,
    central: Signal<Option<Reading>>,
) -> impl IntoView {
    let class = style! {
        .found {
            display: flex;
            flex-direction: column;
            gap: var(--space-2);
            padding: var(--space-3);
            border: 1px solid var(--line);
            border-radius: var(--radius-card);
        }
        .found-head {
            font-weight: var(--weight-medium);
        }
        .found-steps {
            display: flex;
            flex-direction: column;
            gap: var(--space-1);
            padding: 0;
            list-style: none;
        }
    };
    let at = Signal::derive(move || check.with(|it| unix(&it.at)));
    let clock = clock::current();
    let ends = move || check.with(|it| certificate_words(it, clock.now()));
    let steps = move || check.with(|it| it.steps.clone());

    view! { class = class,
        <div class="found" role="group" aria-label="Result of the test">
            <span class="found-head">
                "From the central instance, " <Moment at/>
            </span>
            <ul class="found-steps">
                {move || steps().into_iter().map(|step| view! { <StepLine step/> }).collect_view()}
            </ul>
            <span class="caption">{ends}</span>
            <span class="found-head">"From this browser"</span>
            <BrowserLine from_here central/>
        </div>
    }
}

/// One step: what it was, how it went, how long it took.
#[component]
fn StepLine(step: CheckStep) -> impl IntoView {
    let class = style! {
        .check-step {
            display: grid;
            grid-template-columns: auto 6rem minmax(0, 1fr) auto;
            gap: var(--space-2);
            align-items: baseline;
            overflow-wrap: anywhere;
        }
        .check-step-icon {
            display: flex;
            align-self: center;
            color: var(--tone-fg);
        }
        .check-step-ms {
            color: var(--fg-muted);
            font-variant-numeric: tabular-nums;
            white-space: nowrap;
        }
    };
    let (tone, icon, said) = match step.ok {
        true => (Tone::Running, IconKind::Check, "well"),
        false => (Tone::Failed, IconKind::Failed, "failed"),
    };

    view! { class = class,
        <li class="check-step">
            <span class="check-step-icon" data-tone=tone.as_str()>
                <Icon kind=icon/>
            </span>
            <span>
                {step.name}
                <span class="visually-hidden">{format!(": {said}.")}</span>
            </span>
            <span>{step.message}</span>
            <span class="check-step-ms">{format!("{} ms", step.millis)}</span>
        </li>
    }
}

/// What this browser found. Only a hint: a browser trusts other authorities than `kubectl` does.
#[component]
fn BrowserLine(
    from_here: Signal<Option<Reading>>,
    central: Signal<Option<Reading>>,
) -> impl IntoView {
    let words = move || {
        match (from_here.get(), central.get()) {
        (None, _) => "Not measured.".to_owned(),
        (Some(Reading::Measuring), _) => "Measuring…".to_owned(),
        (Some(Reading::Ms(ms)), Some(Reading::Ms(central))) => {
            format!("Reached in {ms} ms. The central instance is {central} ms away.")
        }
        (Some(Reading::Ms(ms)), _) => format!("Reached in {ms} ms."),
        (Some(Reading::TooSlow), _) => {
            "No answer in 5 s. A firewall may be in the way from where you are.".to_owned()
        }
        (Some(Reading::NotReached), _) => {
            "Not reached. This browser may not trust its certificate, or the network is in the way. \
             kubectl may reach it all the same."
                .to_owned()
        }
    }
    };

    view! { <p role="status">{words}</p> }
}

/// When the certificate ends.
fn certificate_words(check: &EndpointCheck, now: i64) -> String {
    match check.certificate_expires.as_deref().and_then(unix) {
        Some(ends) if ends <= now => "Its certificate has expired.".to_owned(),
        Some(ends) => format!("Its certificate is valid for {} more.", long_span(ends - now)),
        None => String::new(),
    }
}
