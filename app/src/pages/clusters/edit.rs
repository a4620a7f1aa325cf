//! The panel that changes what a host cluster is called, and who may use it.

use dormer_api::cluster::Cluster;
use dormer_api::state::Tone;
use leptos::ev;
use leptos::prelude::*;

use super::model::title;
use crate::client::{CallError, Client};
use crate::paths;
use crate::ui::{Field, Notice, Panel, Submit, TextArea, focus_first_error};

mod model;
mod people;

use model::{Sharing, label_lines, labels, patch};
use people::SharingFields;

/// The fields of the object that a refusal can name.
const FIELDS: [&str; 4] =
    ["spec.displayName", "spec.description", "metadata.labels", "spec.access"];

/// What is typed and chosen.
#[derive(Clone, Copy)]
struct Form {
    title: RwSignal<String>,
    description: RwSignal<String>,
    labels: RwSignal<String>,
    sharing: RwSignal<Sharing>,
}

impl Form {
    fn of(it: &Cluster) -> Self {
        Self {
            title: RwSignal::new(it.spec.display_name.clone()),
            description: RwSignal::new(it.spec.description.clone()),
            labels: RwSignal::new(label_lines(&it.metadata.labels)),
            sharing: RwSignal::new(Sharing::of(&it.spec.access)),
        }
    }

    /// What would be sent; the complaint about the labels where they cannot be read.
    fn patch(self, before: &Cluster) -> Result<serde_json::Value, String> {
        let labels = labels(&self.labels.get())?;
        let (title, description) = (self.title.get(), self.description.get());
        let sharing = self.sharing.get();
        Ok(patch(before, title.trim(), description.trim(), &labels, &sharing))
    }
}

/// Display name, description, labels, and who may use it. The form keeps what it began with: what
/// others change meanwhile is left as they have it.
#[component]
pub fn EditPanel(it: Cluster, on_close: Callback<()>) -> impl IntoView {
    let client = expect_context::<Client>();
    let form = Form::of(&it);
    let heading = format!("Edit {}", title(&it));
    let before = StoredValue::new(it);
    let bad_labels = RwSignal::new(None::<String>);
    let save = Action::new_local(move |patch: &serde_json::Value| {
        let patch = patch.clone();
        async move {
            let name = before.with_value(|it| it.metadata.name.clone());
            client.merge(&paths::api::object("clusters", &name), &patch).await?;
            _ = on_close.try_run(());
            Ok::<_, CallError>(())
        }
    });
    let refused = move || save.value().get().and_then(Result::err);
    let cause = move |field| Signal::derive(move || refused()?.cause_of(field));
    let failure = Signal::derive(move || match refused() {
        Some(error) if FIELDS.iter().all(|field| error.cause_of(field).is_none()) => {
            format!("Could not save. {error}")
        }
        Some(_) | None => String::new(),
    });
    let unsaved = Signal::derive(move || {
        before.with_value(|it| form.patch(it)).map_or(true, |patch| patch != serde_json::json!({}))
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let patch = untrack(|| before.with_value(|it| form.patch(it)));
        bad_labels.set(patch.as_ref().err().cloned());
        match patch {
            Err(_) => focus_first_error(),
            Ok(patch) if !save.pending().get_untracked() => _ = save.dispatch(patch),
            Ok(_) => {}
        }
    };
    let of_labels = cause("metadata.labels");
    let label_error = Signal::derive(move || bad_labels.get().or_else(|| of_labels.get()));

    view! {
        <Panel title=heading unsaved on_close>
            <form class="stack" on:submit=submit>
                <Notice tone=Tone::Failed text=failure/>
                <Field
                    label="Display name"
                    value=form.title
                    error=cause("spec.displayName")
                    hint="What people see. Its name stays as it is."
                />
                <Field
                    label="Description"
                    value=form.description
                    error=cause("spec.description")
                    hint="Optional."
                />
                <SharingFields sharing=form.sharing error=cause("spec.access")/>
                <TextArea
                    label="Labels"
                    value=form.labels
                    error=label_error
                    hint="One a line, as key=value, such as region=eu."
                />
                <div class="row row-end panel-foot">
                    <Submit words="Save" busy=save.pending()/>
                </div>
            </form>
        </Panel>
    }
}
