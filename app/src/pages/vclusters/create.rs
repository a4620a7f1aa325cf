//! The panel that makes a virtual cluster from choices.

use dormer_api::meta::List;
use dormer_api::project::{Project, ProjectClusters};
use dormer_api::state::Tone;
use dormer_api::vcluster::VirtualClusterInstance;
use leptos::ev;
use leptos::prelude::*;

use super::fields::{ChoiceFields, Form, NameFields, Offer};
use super::form::{Choice, Complaints, refused};
use super::new::{usual_project, usual_template};
use super::{NO_PANEL, panel_url};
use crate::client::{CallError, Client};
use crate::pages::list::UrlState;
use crate::paths;
use crate::ui::{Notice, Panel, Submit, focus_first_error};

/// The panel with everything that can be chosen. Every field has a default.
#[component]
pub fn CreatePanel(url: UrlState) -> impl IntoView {
    let client = expect_context::<Client>();
    let form = Form::new();
    let projects = LocalResource::new(move || async move {
        let projects: List<Project> =
            client.get_patiently(&paths::api::resource("projects")).await?;
        Ok::<_, CallError>(projects.items)
    });
    let offer = LocalResource::new(move || offer(client, form.project.get()));
    let wanted = untrack(|| url.get("host")).unwrap_or_default();
    choose_defaults(form, projects, offer, wanted);
    let make = Action::new_local(move |choice: &Choice| {
        let project = form.project.get_untracked();
        let offered = offer.get_untracked().and_then(Result::ok).unwrap_or_default();
        let object = choice.object(offered.template(&choice.template));
        let id = choice.id.clone();
        async move {
            let path = paths::api::vclusters(&project);
            match client.post::<VirtualClusterInstance>(&path, &object).await {
                // Whoever closed the panel meanwhile wants no other.
                Ok(_) if form.title.is_disposed() => {}
                Ok(_) => url.set(&panel_url(&project, &id), true),
                Err(error) => {
                    form.complaints.set(refused(&error, &project, &id));
                    focus_first_error();
                }
            }
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let choice = form.choice();
        let mut complaints = choice.complaints();
        if form.project.with_untracked(String::is_empty) {
            // What there is to choose from is still being asked for.
            complaints.form = CallError::Unreachable.to_string();
        }
        let fine = complaints == Complaints::default();
        form.complaints.set(complaints);
        if !fine {
            focus_first_error();
        } else if !make.pending().get_untracked() {
            make.dispatch(choice);
        }
    };
    let failure = Signal::derive(move || {
        let of_offer = match (projects.get(), offer.get()) {
            (Some(Err(error)), _) | (_, Some(Err(error))) => error.to_string(),
            _ => String::new(),
        };
        form.complaints.with(|it| if it.form.is_empty() { of_offer } else { it.form.clone() })
    });

    view! {
        <Panel
            title="New virtual cluster"
            unsaved=form.touched
            on_close=move |()| url.set(&NO_PANEL, false)
        >
            <form class="stack" on:submit=submit on:input=move |_| form.typed()>
                <Notice tone=Tone::Failed text=failure/>
                <NameFields form/>
                <ChoiceFields form projects offer/>
                <div class="row row-end panel-foot">
                    <Submit words="Create virtual cluster" busy=make.pending()/>
                </div>
            </form>
        </Panel>
    }
}

/// What a project offers; nothing for no project.
async fn offer(client: Client, project: String) -> Result<Offer, CallError> {
    if project.is_empty() {
        return Ok(Offer::default());
    }
    let templates =
        client.get_patiently(&paths::api::part("projects", &project, "templates")).await?;
    let clusters: ProjectClusters =
        client.get_patiently(&paths::api::part("projects", &project, "clusters")).await?;
    Ok(Offer { templates, clusters: clusters.clusters })
}

/// Chooses what is usual as soon as it is known what there is. These effects set signals, because
/// what they set is the person's from then on. `wanted` is the host that a link asks for.
fn choose_defaults(
    form: Form,
    projects: LocalResource<Result<Vec<Project>, CallError>>,
    offer: LocalResource<Result<Offer, CallError>>,
    wanted: String,
) {
    Effect::new(move |_| {
        if let Some(Ok(projects)) = projects.get()
            && form.project.with_untracked(String::is_empty)
        {
            form.project.set(usual_project(&projects));
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(offer)) = offer.get() {
            // A link can ask for a host; it counts where the project may use that one.
            let host = offer.clusters.iter().find(|it| it.metadata.name == wanted);
            form.host.set(host.map(|it| it.metadata.name.clone()).unwrap_or_default());
            form.template.set(usual_template(&offer.templates).unwrap_or_default());
        }
    });
    let usual = StoredValue::new(String::new());
    Effect::new(move |_| {
        let template = form.template.get();
        if let Some(Ok(offer)) = offer.get_untracked() {
            let values = offer.template(&template).map(|it| &it.spec.template.helm_release.values);
            let values = values.cloned().unwrap_or_default();
            // What was typed before the templates were there is the person's.
            if form.values.with_untracked(|it| usual.with_value(|usual| it == usual)) {
                form.values.set(values.clone());
            }
            usual.set_value(values);
        }
    });
}
