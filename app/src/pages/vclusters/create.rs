//! The panel that makes a virtual cluster from choices.

use dormer_api::cluster::Cluster;
use dormer_api::meta::List;
use dormer_api::project::{Project, ProjectClusters, ProjectTemplates};
use dormer_api::state::Tone;
use dormer_api::template::VirtualClusterTemplate;
use dormer_api::vcluster::VirtualClusterInstance;
use leptos::ev;
use leptos::prelude::*;

use super::form::{Choice, Complaints, delete_choices, id_of, refused, sleep_choices};
use super::new::{usual_project, usual_template};
use super::{NO_PANEL, panel_url};
use crate::client::{CallError, Client};
use crate::pages::list::UrlState;
use crate::ui::{Field, Icon, IconKind, Notice, Panel, Select, TextArea, focus_first_error};
use crate::{names, paths};

/// What there is to choose from in a project.
#[derive(Debug, Clone, Default, PartialEq)]
struct Offer {
    templates: ProjectTemplates,
    clusters: Vec<Cluster>,
}

impl Offer {
    fn template(&self, name: &str) -> Option<&VirtualClusterTemplate> {
        self.templates.virtual_cluster_templates.iter().find(|it| it.metadata.name == name)
    }
}

/// What is typed and chosen, each with its signal.
#[derive(Clone, Copy)]
struct Form {
    title: RwSignal<String>,
    /// What was typed as the id; nothing while it follows the name.
    own_id: RwSignal<Option<String>>,
    project: RwSignal<String>,
    template: RwSignal<String>,
    host: RwSignal<String>,
    sleep_after: RwSignal<String>,
    delete_after: RwSignal<String>,
    values: RwSignal<String>,
    complaints: RwSignal<Complaints>,
    touched: RwSignal<bool>,
}

impl Form {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            title: RwSignal::new(names::random()),
            own_id: RwSignal::new(None),
            project: empty(),
            template: empty(),
            host: empty(),
            sleep_after: empty(),
            delete_after: empty(),
            values: empty(),
            complaints: RwSignal::new(Complaints::default()),
            touched: RwSignal::new(false),
        }
    }

    fn id(self) -> String {
        self.own_id.get().unwrap_or_else(|| id_of(&self.title.get()))
    }

    fn choice(self) -> Choice {
        Choice {
            title: self.title.get_untracked(),
            id: untrack(|| self.id()),
            template: self.template.get_untracked(),
            host: self.host.get_untracked(),
            sleep_after: self.sleep_after.get_untracked(),
            delete_after: self.delete_after.get_untracked(),
            values: self.values.get_untracked(),
        }
    }

    /// One field's complaint.
    fn complaint(self, of: fn(&Complaints) -> Option<String>) -> Signal<Option<String>> {
        Signal::derive(move || self.complaints.with(of))
    }
}

/// The panel with everything that can be chosen. Every field has a default.
#[component]
pub fn CreatePanel(url: UrlState) -> impl IntoView {
    let client = expect_context::<Client>();
    let form = Form::new();
    let projects = LocalResource::new(move || async move {
        let projects: List<Project> = client.get(&paths::api::resource("projects")).await?;
        Ok::<_, CallError>(projects.items)
    });
    let offer = LocalResource::new(move || offer(client, form.project.get()));
    choose_defaults(form, projects, offer);
    let make = Action::new_local(move |choice: &Choice| {
        let project = form.project.get_untracked();
        let offered = offer.get_untracked().and_then(Result::ok).unwrap_or_default();
        let object = choice.object(offered.template(&choice.template));
        let id = choice.id.clone();
        async move {
            let path = paths::api::vclusters(&project);
            match client.post::<VirtualClusterInstance>(&path, &object).await {
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
        let complaints = choice.complaints();
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
            <form class="stack" on:submit=submit on:input=move |_| form.touched.set(true)>
                <Notice tone=Tone::Failed text=failure/>
                <NameFields form/>
                <ChoiceFields form projects offer/>
                <div class="row row-end">
                    <button
                        type="submit"
                        class="button"
                        data-kind="primary"
                        aria-busy=move || make.pending().get().then_some("true")
                    >
                        <Show when=move || make.pending().get()>
                            <Icon kind=IconKind::Busy/>
                        </Show>
                        "Create virtual cluster"
                    </button>
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
    let templates = client.get(&paths::api::part("projects", &project, "templates")).await?;
    let clusters: ProjectClusters =
        client.get(&paths::api::part("projects", &project, "clusters")).await?;
    Ok(Offer { templates, clusters: clusters.clusters })
}

/// Chooses what is usual as soon as it is known what there is. These effects set signals, because
/// what they set is the person's from then on.
fn choose_defaults(
    form: Form,
    projects: LocalResource<Result<Vec<Project>, CallError>>,
    offer: LocalResource<Result<Offer, CallError>>,
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
            form.host.set(String::new());
            form.template.set(usual_template(&offer.templates).unwrap_or_default());
        }
    });
    Effect::new(move |_| {
        let template = form.template.get();
        if let Some(Ok(offer)) = offer.get_untracked() {
            let values = offer.template(&template).map(|it| &it.spec.template.helm_release.values);
            form.values.set(values.cloned().unwrap_or_default());
        }
    });
}

/// The name, and the id that follows it until the person takes it in hand.
#[component]
fn NameFields(form: Form) -> impl IntoView {
    let check = move |()| {
        let found = form.choice().complaints();
        form.complaints.update(|complaints| {
            complaints.title = found.title;
            complaints.id = found.id;
        });
    };
    let editing = Memo::new(move |_| form.own_id.get().is_some());
    let typed_id = RwSignal::new(String::new());
    Effect::new(move |_| {
        let id = typed_id.get();
        if editing.get_untracked() {
            form.own_id.set(Some(id));
        }
    });
    let edit = move |_| {
        let id = untrack(|| form.id());
        typed_id.set(id.clone());
        form.own_id.set(Some(id));
    };
    let taken = move || form.complaints.with(|it| it.id.as_ref().is_some_and(|it| it.contains("already used")));
    let use_next = move |_| {
        let next = names::after(&untrack(|| form.id()));
        typed_id.set(next.clone());
        form.own_id.set(Some(next));
        form.complaints.update(|it| it.id = None);
    };

    view! {
        <Field
            label="Name"
            value=form.title
            error=form.complaint(|it| it.title.clone())
            autofocus=true
            on_blur=check
        />
        <Show
            when=move || editing.get()
            fallback=move || {
                view! {
                    <p class="row caption">
                        "id: "
                        <code>{move || form.id()}</code>
                        <button
                            type="button"
                            class="button"
                            data-kind="icon"
                            aria-label="Edit id"
                            on:click=edit
                        >
                            <Icon kind=IconKind::Edit/>
                        </button>
                        <span class="form-error" role="alert">
                            {move || form.complaints.with(|it| it.id.clone())}
                        </span>
                    </p>
                }
            }
        >
            <Field
                label="Id"
                value=typed_id
                error=form.complaint(|it| it.id.clone())
                hint="a-z, 0-9 and -. It cannot be changed later."
                on_blur=check
            />
        </Show>
        <Show when=taken>
            <button type="button" class="button" on:click=use_next>
                {move || format!("Use {}", names::after(&form.id()))}
            </button>
        </Show>
    }
}

/// Everything that has a default.
#[component]
fn ChoiceFields(
    form: Form,
    projects: LocalResource<Result<Vec<Project>, CallError>>,
    offer: LocalResource<Result<Offer, CallError>>,
) -> impl IntoView {
    let offered = Memo::new(move |_| offer.get().and_then(Result::ok).unwrap_or_default());
    let project_choices = Signal::derive(move || {
        let projects = projects.get().and_then(Result::ok).unwrap_or_default();
        let words = |it: Project| titled(it.metadata.name, it.spec.display_name);
        projects.into_iter().map(words).collect()
    });
    let template_choices = Signal::derive(move || {
        let templates = offered.get().templates.virtual_cluster_templates;
        templates.into_iter().map(|it| titled(it.metadata.name, it.spec.display_name)).collect()
    });
    let host_choices = Signal::derive(move || {
        let automatic = (String::new(), "Automatic (least loaded)".to_owned());
        let clusters = offered.get().clusters.into_iter();
        let hosts = clusters.map(|it| {
            let (name, words) = titled(it.metadata.name, it.spec.display_name);
            (name, if it.status.online { words } else { format!("{words} (offline)") })
        });
        std::iter::once(automatic).chain(hosts).collect()
    });
    let spans = move |of: fn(Option<&VirtualClusterTemplate>) -> Vec<(String, String)>| {
        Signal::derive(move || offered.with(|it| of(it.template(&form.template.get()))))
    };

    view! {
        <Select label="Project" value=form.project options=project_choices/>
        <Select label="Template" value=form.template options=template_choices/>
        <Select label="Host" value=form.host options=host_choices/>
        <Select
            label="Sleep after"
            value=form.sleep_after
            options=spans(sleep_choices)
            hint="Without use. It wakes by itself when it is needed."
        />
        <Select
            label="Delete after"
            value=form.delete_after
            options=spans(delete_choices)
            hint="Without use."
        />
        <TextArea
            label="Values (YAML)"
            value=form.values
            error=form.complaint(|it| it.values.clone())
            hint="Helm values of the virtual cluster. What you leave as it is follows the template."
        />
    }
}

/// A value and its words: the display name, or else the name.
fn titled(name: String, display_name: String) -> (String, String) {
    let words = if display_name.is_empty() { name.clone() } else { display_name };
    (name, words)
}
