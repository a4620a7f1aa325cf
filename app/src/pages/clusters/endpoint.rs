//! The direct endpoint of a host cluster: where it is, whether it answers, and whether it is preferred.

use dormer_api::cluster::{Cluster, command};
use dormer_api::endpoint;
use dormer_api::state::Tone;
use leptos::ev;
use leptos::prelude::*;
use stylers::style;

use super::model::title;
use crate::client::Client;
use crate::ui::{Check, CopyButton, Field, Fold, Icon, IconKind, Notice, Panel, Radios, TextArea};

mod form;
mod found;
mod model;

use form::Form;
use found::Found;
use model::{PUBLIC, THIS_CA, UNCHECKED, prefer, prefer_none};

/// The port of the agent's service that the chart makes.
const SERVICE_PORT: u16 = 443;

/// The panel over the list.
#[component]
pub fn EndpointPanel(it: Signal<Cluster>, on_close: Callback<()>) -> impl IntoView {
    let heading = it.with_untracked(|it| format!("Direct endpoint of {}", title(it)));

    view! {
        <Panel title=heading on_close>
            <EndpointForm it/>
        </Panel>
    }
}

/// The form: host, trust, test, prefer. The wizard shows the same.
#[component]
pub fn EndpointForm(
    /// The cluster.
    it: Signal<Cluster>,
) -> impl IntoView {
    let form = Form::of(expect_context::<Client>(), it);
    let testing = form.test.pending();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(spec) = form.ready().filter(|_| !testing.get_untracked()) {
            form.test.dispatch(spec);
        }
    };
    let failure = Signal::derive(move || form.complaints.with(|it| it.form.clone()));
    let found = Memo::new(move |_| form.found());
    let icon = move || if testing.get() { IconKind::Busy } else { IconKind::Again };
    let host = Memo::new(move |_| endpoint::host(&form.host.get()).map(|it| it.text).ok());
    let from_here = Signal::derive(move || form.probes.of(&host.get()?));
    let central = Signal::derive(move || form.probes.central());

    view! {
        <form class="stack" on:submit=submit>
            <p class="muted">
                "With a direct endpoint, kubectl goes straight to this cluster instead of through the central instance. "
                "Its agent applies the same access rules there."
            </p>
            <Notice tone=Tone::Failed text=failure/>
            <EndpointFields form/>
            <div class="row">
                <button
                    type="submit"
                    class="button"
                    aria-busy=move || testing.get().then_some("true")
                >
                    <Icon kind=Signal::derive(icon)/>
                    "Test"
                </button>
            </div>
            <Show when=move || found.with(Option::is_some)>
                <Found
                    check=Signal::derive(move || found.get().unwrap_or_default())
                    from_here
                    central
                />
            </Show>
        </form>
        <Preference form/>
        <Ingress host/>
    }
}

#[component]
fn EndpointFields(form: Form) -> impl IntoView {
    let note = Signal::derive(move || {
        match endpoint::host(&form.host.get()) {
            Ok(host) => {
                host.note.unwrap_or("Where people reach it, with its port if that is not 443.")
            }
            Err(_) => "Where people reach it, with its port if that is not 443.",
        }
        .to_owned()
    });
    let trust = Memo::new(move |_| form.trust.get());

    view! {
        <Field label="Host" value=form.host error=form.complaint(|it| it.host.clone()) hint=note/>
        <Radios
            label="Trust"
            value=form.trust
            options=vec![
                (PUBLIC, "Publicly trusted", "Its certificate is one that every machine trusts."),
                (THIS_CA, "This authority", "Its certificate comes from an authority of your own."),
                (UNCHECKED, "Do not check", "Whoever is in between can read and change everything."),
            ]
        />
        {move || match trust.get().as_str() {
            THIS_CA => view! {
                <TextArea
                    label="Certificate authority"
                    value=form.ca
                    error=form.complaint(|it| it.ca.clone())
                    hint="As PEM, or as base64 of it."
                />
            }
            .into_any(),
            UNCHECKED => view! {
                <Notice
                    tone=Tone::Attention
                    text="The certificate is not checked. Everybody who connects is told so, and why."
                />
                <Field
                    label="Reason"
                    value=form.reason
                    error=form.complaint(|it| it.reason.clone())
                    hint="Such as: lab network, certificate follows in May."
                />
            }
            .into_any(),
            _ => ().into_any(),
        }}
    }
}

/// The switch that prefers the endpoint, and what it takes where no check found it well.
#[component]
fn Preference(form: Form) -> impl IntoView {
    let class = style! {
        .preference {
            display: flex;
            flex-direction: column;
            gap: var(--space-2);
            padding-block-start: var(--space-4);
            border-top: 1px solid var(--line);
        }
    };
    let well = Memo::new(move |_| form.found().is_some_and(|check| check.ok));
    let failed = Memo::new(move |_| form.found().is_some_and(|check| !check.ok));
    let is_preferred = Memo::new(move |_| form.is_preferred());
    let differs = Memo::new(move |_| form.differs());
    let save = move || {
        let Some(spec) = form.ready() else { return };
        let forced = form.forced.get_untracked();
        if !well.get_untracked() && !forced {
            form.objection.set(untested_words(failed.get_untracked()).to_owned());
        } else if !form.save.pending().get_untracked() {
            let unchecked = forced && !well.get_untracked();
            form.save.dispatch(prefer(&spec, &form.reason.get_untracked(), unchecked));
        }
    };
    let switch = move |on: bool| {
        if on {
            save();
        } else if !form.save.pending().get_untracked() {
            form.save.dispatch(prefer_none());
        }
    };
    let needs_force = move || failed.get() && (!is_preferred.get() || differs.get());

    view! { class = class,
        <div class="preference">
            <Notice tone=Tone::Failed text=form.objection/>
            <Check words="Prefer direct" role="switch" checked=is_preferred on_change=switch/>
            <p class="caption">
                {move || match is_preferred.get() {
                    true => "Commands lead to the direct endpoint. Each person can still choose Central.",
                    false => "Commands lead through the central instance.",
                }}
            </p>
            <Show when=needs_force>
                <Check
                    words="Prefer it although the check failed"
                    checked=form.forced
                    on_change=move |on| form.forced.set(on)
                />
            </Show>
            <Show when=move || is_preferred.get() && differs.get()>
                <div class="row">
                    <button type="button" class="button" on:click=move |_| save()>
                        "Prefer what is typed above"
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// Why an endpoint that was not found well is not preferred just so.
fn untested_words(failed: bool) -> &'static str {
    match failed {
        true => "The check failed. If you want it all the same, say so below.",
        false => "Test it first.",
    }
}

/// The manifest that exposes the agent under this host, ready to copy.
#[component]
fn Ingress(host: Memo<Option<String>>) -> impl IntoView {
    let class = style! {
        .ingress-text {
            max-height: 20rem;
            overflow: auto;
            padding: var(--space-3);
            border-radius: var(--radius);
            background: var(--sunken);
        }
    };
    let manifest = Memo::new(move |_| {
        let host = host.get()?;
        endpoint::ingress(&host, command::HELM_NAMESPACE, command::HELM_RELEASE, SERVICE_PORT)
    });
    let text = Signal::derive(move || manifest.get().unwrap_or_default());

    view! {
        <Show when=move || manifest.with(Option::is_some)>
            <Fold words="Ingress for this host">
                <p class="caption">
                    "For an agent that Helm installed, behind the ingress controller of nginx. The time-outs are long because watches, logs and exec stay open."
                </p>
                <div class="row">
                    <CopyButton text label="Copy the Ingress" kind="primary"/>
                </div>
                <pre class=format!("ingress-text {class}") tabindex="0" role="region" aria-label="Ingress">
                    {move || text.get()}
                </pre>
            </Fold>
        </Show>
    }
}
