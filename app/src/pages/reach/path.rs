//! The way that requests go: straight to the cluster, or through the central instance.

use dormer_api::ago::{DAY, ago, span, unix};
use dormer_api::annotation::DIRECT_ENDPOINT_INSECURE_REASON;
use dormer_api::cluster::{Cluster, EndpointCheck};
use dormer_api::connect::{Endpoint, Route};
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use crate::clock;
use crate::probe::{Probes, Reading};
use crate::ui::{Icon, IconKind, Notice};

/// From here on, in seconds, a certificate is valid for years, and months would say little.
const YEARS_FROM: i64 = 730 * DAY;

/// The host of an endpoint, as a check names it.
pub fn host_of(endpoint: &Endpoint) -> &str {
    endpoint.url.trim_start_matches("https://")
}

/// The last check of the endpoint that is preferred.
fn last_check<'a>(host: &'a Cluster, endpoint: &Endpoint) -> Option<&'a EndpointCheck> {
    host.status.endpoint.as_ref().filter(|check| check.host == host_of(endpoint))
}

/// The way that is chosen until the person chooses: none that was found broken.
pub fn usual_route(host: &Cluster, endpoint: Option<&Endpoint>) -> Route {
    match endpoint {
        Some(endpoint) if last_check(host, endpoint).is_none_or(|check| check.ok) => Route::Direct,
        Some(_) | None => Route::Central,
    }
}

/// Which way requests go. There only where there is a choice.
#[component]
pub fn PathChoice(
    /// The host cluster.
    host: StoredValue<Cluster>,
    /// Its direct endpoint.
    endpoint: StoredValue<Endpoint>,
    /// What is chosen.
    route: RwSignal<Route>,
    /// How far the two ways are.
    probes: Probes,
) -> impl IntoView {
    let class = style! {
        .path-choice {
            display: flex;
            flex-direction: column;
            gap: var(--space-1);
            min-width: 0;
            padding: 0;
            border: 0;
        }
        .path-head {
            display: flex;
            align-items: center;
            justify-content: space-between;
            gap: var(--space-2);
        }
    };
    let clock = clock::current();
    let to_host = endpoint.with_value(|it| host_of(it).to_owned());
    let asked = to_host.clone();
    let direct = Signal::derive(move || probes.of(&asked));
    let central = Signal::derive(move || probes.central());
    let on = host.with_value(|it| if it.spec.local { Some(0) } else { it.status.latency_ms });
    let central_far = Signal::derive(move || central.get().map(|it| whole_way(it, on)));
    let checked = Signal::derive(move || {
        host.with_value(|host| {
            endpoint.with_value(|it| check_words(last_check(host, it), clock.now()))
        })
    });
    let icon = move || if probes.busy() { IconKind::Busy } else { IconKind::Again };

    view! { class = class,
        <fieldset class="path-choice">
            <legend class="field-label">"Path"</legend>
            <Way this=Route::Direct route words="Direct" place=to_host far=direct note=checked/>
            <Way
                this=Route::Central
                route
                words="Central gateway"
                place=""
                far=central_far
                note=Signal::derive(|| (String::new(), true))
            />
            <div class="path-head">
                <span class="caption">{move || consequence(route.get())}</span>
                <button
                    type="button"
                    class="button"
                    data-kind="quiet"
                    title="How far both are from this browser"
                    on:click=move |_| probes.again()
                >
                    <Icon kind=Signal::derive(icon)/>
                    "Measure again"
                </button>
            </div>
        </fieldset>
        <Warning host endpoint route/>
    }
}

/// One way: where it goes, how far that is from here, and how it was found.
#[component]
fn Way(
    this: Route,
    route: RwSignal<Route>,
    words: &'static str,
    #[prop(into)] place: String,
    far: Signal<Option<Reading>>,
    /// How it was found, and whether that is well.
    note: Signal<(String, bool)>,
) -> impl IntoView {
    let class = style! {
        .path-option {
            display: grid;
            grid-template-columns: auto minmax(0, 1fr) auto;
            column-gap: var(--space-2);
            align-items: center;
            min-height: var(--target);
        }
        .path-radio {
            accent-color: var(--accent);
        }
        .path-far {
            color: var(--fg-muted);
            font-variant-numeric: tabular-nums;
            white-space: nowrap;
        }
        .path-note {
            grid-column: 2;
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--tone-fg, var(--fg-muted));
            overflow-wrap: anywhere;
        }
        .path-note:empty {
            display: none;
        }
        .path-words {
            overflow-wrap: anywhere;
        }
    };
    let words = if place.is_empty() { words.to_owned() } else { format!("{words}, {place}") };
    let far = move || {
        far.get().map(|far| match far {
            Reading::Ms(_) | Reading::Measuring => far.words(),
            Reading::TooSlow | Reading::NotReached => format!("{} from this browser", far.words()),
        })
    };
    let tone = move || if note.get().1 { Tone::Running } else { Tone::Attention };

    view! { class = class,
        <label class="path-option">
            <input
                type="radio"
                class="path-radio"
                name="path"
                prop:checked=move || route.get() == this
                on:change=move |_| route.set(this)
            />
            <span class="path-words">{words}</span>
            <span class="path-far">{far}</span>
            <span class="path-note" data-tone=move || tone().as_str()>{move || note.get().0}</span>
        </label>
    }
}

/// What the person has to know of the way that they chose.
#[component]
fn Warning(
    host: StoredValue<Cluster>,
    endpoint: StoredValue<Endpoint>,
    route: RwSignal<Route>,
) -> impl IntoView {
    let insecure = endpoint.with_value(|it| it.insecure);
    let reason = host.with_value(|it| {
        it.metadata.annotation(DIRECT_ENDPOINT_INSECURE_REASON).unwrap_or_default().to_owned()
    });
    let words = move || match (insecure, route.get()) {
        (true, Route::Direct) if reason.is_empty() => {
            "The certificate of the direct endpoint is not checked. An administrator set that."
                .to_owned()
        }
        (true, Route::Direct) => format!(
            "The certificate of the direct endpoint is not checked. An administrator set that: {reason}"
        ),
        (true | false, Route::Direct | Route::Central) => String::new(),
    };

    view! { <Notice tone=Tone::Failed text=Signal::derive(words)/> }
}

/// What choosing a way means, in plain words.
fn consequence(route: Route) -> &'static str {
    match route {
        Route::Direct => {
            "Direct keeps traffic in the region. Access rules, audit and sleep tracking are applied \
             by the host's agent."
        }
        Route::Central => {
            "Central takes every request through this instance, which applies access rules, audit \
             and sleep tracking."
        }
    }
}

/// Through the central instance it is as far as to there, and on from there.
fn whole_way(to_here: Reading, on: Option<u32>) -> Reading {
    match (to_here, on) {
        (Reading::Ms(ms), Some(on)) => Reading::Ms(ms + on),
        (reading, _) => reading,
    }
}

/// A span as [`span`] tells it; one that nobody will see the end of is just years.
pub fn long_span(seconds: i64) -> String {
    if seconds >= YEARS_FROM { "years".to_owned() } else { span(seconds) }
}

/// How the endpoint was found the last time, and whether that is well.
fn check_words(check: Option<&EndpointCheck>, now: i64) -> (String, bool) {
    let Some(check) = check else {
        return ("It was never checked.".to_owned(), false);
    };
    let at = unix(&check.at).map_or_else(|| "once".to_owned(), |at| ago(at, now));
    if !check.ok {
        let step = check.steps.iter().find(|step| !step.ok);
        let cause =
            step.map(|step| format!(" {}: {}", step.name, step.message)).unwrap_or_default();
        return (format!("Not well when it was checked {at}.{cause} You can force it."), false);
    }
    let left = check.certificate_expires.as_deref().and_then(unix).map(|ends| ends - now);
    match left {
        Some(left) if left <= 0 => ("Its certificate has expired.".to_owned(), false),
        Some(left) => (format!("✓ Checked {at}, certificate valid for {}.", long_span(left)), true),
        None => (format!("✓ Checked {at}."), true),
    }
}

#[cfg(test)]
mod tests {
    use dormer_api::cluster::CheckStep;

    use super::*;

    fn checked(ok: bool) -> (Cluster, Endpoint) {
        let mut host = Cluster::default();
        host.status.endpoint = Some(EndpointCheck {
            host: "eu-1.example.com".into(),
            at: "1970-01-01T00:00:00Z".into(),
            ok,
            steps: vec![CheckStep {
                name: "Connection".into(),
                ok,
                message: "refused.".into(),
                millis: 1,
            }],
            certificate_expires: Some("1970-03-03T00:00:00Z".into()),
            ..EndpointCheck::default()
        });
        (host, Endpoint { url: "https://eu-1.example.com".into(), ..Endpoint::default() })
    }

    #[test]
    fn a_way_that_was_found_broken_is_not_chosen_by_itself() {
        let (host, endpoint) = checked(true);
        assert_eq!(usual_route(&host, Some(&endpoint)), Route::Direct);
        let (host, endpoint) = checked(false);
        assert_eq!(usual_route(&host, Some(&endpoint)), Route::Central);
        assert_eq!(usual_route(&host, None), Route::Central);
    }

    #[test]
    fn a_check_says_when_it_was_and_what_it_found() {
        let words = |ok| check_words(checked(ok).0.status.endpoint.as_ref(), 120);
        assert_eq!(words(true).0, "✓ Checked 2 min ago, certificate valid for 2 months.");
        assert_eq!(
            words(false).0,
            "Not well when it was checked 2 min ago. Connection: refused. You can force it."
        );
        assert_eq!(check_words(None, 0), ("It was never checked.".to_owned(), false));
    }

    #[test]
    fn a_certificate_for_life_is_valid_for_years() {
        assert_eq!([long_span(90 * DAY), long_span(2000 * 365 * DAY)], ["3 months", "years"]);
    }

    #[test]
    fn the_central_way_goes_on_to_the_cluster() {
        assert_eq!(whole_way(Reading::Ms(12), Some(83)), Reading::Ms(95));
        assert_eq!(whole_way(Reading::NotReached, Some(83)), Reading::NotReached);
    }
}
