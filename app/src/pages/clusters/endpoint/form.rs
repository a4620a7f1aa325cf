//! The form of a direct endpoint: what is typed, tested, and then preferred.

use dormer_api::cluster::{Cluster, ClusterEndpointCheck, EndpointCheck, EndpointCheckSpec};
use leptos::prelude::*;
use serde_json::Value;

use super::model::{Complaints, Typed, check_of, preferred, spec_of};
use crate::client::{CallError, Client};
use crate::paths;
use crate::probe::Probes;
use crate::ui::focus_first_error;

/// The form, and what it asks of the server.
#[derive(Clone, Copy)]
pub struct Form {
    /// The host.
    pub host: RwSignal<String>,
    /// Which certificates are trusted.
    pub trust: RwSignal<String>,
    /// The authority.
    pub ca: RwSignal<String>,
    /// Why nothing is checked.
    pub reason: RwSignal<String>,
    /// The person wants it although no check found it well.
    pub forced: RwSignal<bool>,
    /// What is wrong with what is typed, or why it could not be tested.
    pub complaints: RwSignal<Complaints>,
    /// Why it is not preferred, in a sentence; empty while nothing speaks against it.
    pub objection: RwSignal<String>,
    /// How far it is from this browser.
    pub probes: Probes,
    /// Tests what is typed.
    pub test: Action<EndpointCheckSpec, ()>,
    /// Patches the cluster.
    pub save: Action<Value, bool>,
    checked: RwSignal<Option<EndpointCheck>>,
    it: Signal<Cluster>,
}

impl Form {
    /// A form that begins with what the cluster has.
    pub fn of(client: Client, it: Signal<Cluster>) -> Self {
        let typed = it.with_untracked(Typed::of);
        let complaints = RwSignal::new(Complaints::default());
        let objection = RwSignal::new(String::new());
        let checked = RwSignal::new(None);
        let name = StoredValue::new(it.with_untracked(|it| it.metadata.name.clone()));
        let probes = Probes::new();
        probes.ask_central();
        if let Ok(spec) = typed.spec() {
            probes.ask(&spec.host);
        }
        let test = Action::new_local(move |spec: &EndpointCheckSpec| {
            let spec = spec.clone();
            objection.set(String::new());
            async move {
                probes.ask_anew(&spec.host);
                let path = paths::api::part("clusters", &name.get_value(), "endpointcheck");
                let body = ClusterEndpointCheck { spec, status: None };
                match client.post::<ClusterEndpointCheck>(&path, &body).await {
                    Ok(answer) => _ = checked.try_set(answer.status),
                    Err(error) => {
                        _ = complaints.try_set(not_tested(&error));
                        focus_first_error();
                    }
                }
            }
        });
        let save = Action::new_local(move |patch: &Value| {
            let patch = patch.clone();
            async move {
                let path = paths::api::object("clusters", &name.get_value());
                let saved = client.merge(&path, &patch).await;
                let words = saved.as_ref().err().map(not_saved).unwrap_or_default();
                _ = objection.try_set(words);
                saved.is_ok()
            }
        });
        Self {
            host: RwSignal::new(typed.host),
            trust: RwSignal::new(typed.trust),
            ca: RwSignal::new(pem(typed.ca)),
            reason: RwSignal::new(typed.reason),
            forced: RwSignal::new(false),
            complaints,
            objection,
            probes,
            test,
            save,
            checked,
            it,
        }
    }

    /// What is typed at this moment.
    pub fn typed(self) -> Typed {
        Typed {
            host: self.host.get(),
            trust: self.trust.get(),
            ca: self.ca.get(),
            reason: self.reason.get(),
        }
    }

    /// What is typed, if it can be checked. Otherwise the fields say why not.
    pub fn ready(self) -> Option<EndpointCheckSpec> {
        match untrack(|| self.typed().spec()) {
            Ok(spec) => {
                self.complaints.set(Complaints::default());
                Some(spec)
            }
            Err(complaints) => {
                self.complaints.set(complaints);
                focus_first_error();
                None
            }
        }
    }

    /// The last check of what is typed.
    pub fn found(self) -> Option<EndpointCheck> {
        let spec = self.typed().spec().ok()?;
        let own = self.checked.get().filter(|check| spec_of(check) == spec);
        own.or_else(|| self.it.with(|it| check_of(it, &spec).cloned()))
    }

    /// An endpoint is preferred.
    pub fn is_preferred(self) -> bool {
        self.it.with(|it| preferred(it).is_some())
    }

    /// What is typed is not what is preferred.
    pub fn differs(self) -> bool {
        let spec = self.typed().spec().ok();
        self.it.with(|it| preferred(it).is_some_and(|it| Some(it) != spec))
    }

    /// One field's complaint.
    pub fn complaint(self, of: fn(&Complaints) -> Option<String>) -> Signal<Option<String>> {
        Signal::derive(move || self.complaints.with(of))
    }
}

/// Base64 of PEM as the PEM itself, which people know; anything else as it is.
fn pem(ca_data: String) -> String {
    match window().atob(&ca_data) {
        Ok(text) if text.starts_with("-----BEGIN") => text,
        Ok(_) | Err(_) => ca_data,
    }
}

/// Why an endpoint was not tested, by field.
fn not_tested(error: &CallError) -> Complaints {
    let (host, ca) = (error.cause_of("spec.host"), error.cause_of("spec.caData"));
    let form = match (&host, &ca) {
        (None, None) => format!("Could not test it. {error}"),
        (_, _) => String::new(),
    };
    Complaints { host, ca, reason: None, form }
}

/// Why it was not saved.
fn not_saved(error: &CallError) -> String {
    let cause = error.cause_of("metadata.annotations");
    cause.unwrap_or_else(|| format!("Could not save. {error}"))
}
