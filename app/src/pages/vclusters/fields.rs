//! The fields of the panel that makes a virtual cluster.

use dormer_api::cluster::Cluster;
use dormer_api::project::{Project, ProjectTemplates};
use dormer_api::template::VirtualClusterTemplate;
use leptos::prelude::*;

use super::form::{Choice, Complaints, delete_choices, id_of, sleep_choices};
use crate::client::CallError;
use crate::names;
use crate::ui::{Field, Icon, IconKind, Select, TextArea};

/// What there is to choose from in a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offer {
    /// The templates, and which of them is the usual one.
    pub templates: ProjectTemplates,
    /// The host clusters.
    pub clusters: Vec<Cluster>,
}

impl Offer {
    /// The template of this name.
    pub fn template(&self, name: &str) -> Option<&VirtualClusterTemplate> {
        self.templates.virtual_cluster_templates.iter().find(|it| it.metadata.name == name)
    }
}

/// What is typed and chosen, each with its signal.
#[derive(Clone, Copy)]
pub struct Form {
    /// What it is called.
    pub title: RwSignal<String>,
    /// What was typed as the id; nothing while it follows the name.
    pub own_id: RwSignal<Option<String>>,
    /// The project.
    pub project: RwSignal<String>,
    /// The template.
    pub template: RwSignal<String>,
    /// The host cluster; empty for any.
    pub host: RwSignal<String>,
    /// Seconds, or empty.
    pub sleep_after: RwSignal<String>,
    /// Seconds, or empty.
    pub delete_after: RwSignal<String>,
    /// YAML.
    pub values: RwSignal<String>,
    /// What is wrong.
    pub complaints: RwSignal<Complaints>,
    /// Something was typed.
    pub touched: RwSignal<bool>,
}

impl Form {
    /// A generated name, and nothing chosen.
    pub fn new() -> Self {
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

    /// The id: the person's own, or what the name suggests.
    pub fn id(self) -> String {
        self.own_id.get().unwrap_or_else(|| id_of(&self.title.get()))
    }

    /// What is chosen at this moment.
    pub fn choice(self) -> Choice {
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

    /// Something was typed: takes back the complaints about what is right by now.
    pub fn typed(self) {
        self.touched.set(true);
        let choice = self.choice();
        let found = choice.complaints();
        // What the server said of this very id is still so.
        let same_id = format!("“{}”", choice.id);
        self.complaints.update(|complaints| {
            complaints.title = complaints.title.take().filter(|_| found.title.is_some());
            complaints.id =
                complaints.id.take().filter(|it| found.id.is_some() || it.contains(&same_id));
        });
    }

    /// One field's complaint.
    fn complaint(self, of: fn(&Complaints) -> Option<String>) -> Signal<Option<String>> {
        Signal::derive(move || self.complaints.with(of))
    }
}

/// The name, and the id that follows it until the person takes it in hand.
#[component]
pub fn NameFields(form: Form) -> impl IntoView {
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
    let edit = move |()| {
        let id = untrack(|| form.id());
        typed_id.set(id.clone());
        form.own_id.set(Some(id));
    };
    let taken = move || {
        form.complaints.with(|it| it.id.as_ref().is_some_and(|it| it.contains("already used")))
    };
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
                    <IdLine form on_edit=edit/>
                }
            }
        >
            <Field
                label="Id"
                value=typed_id
                error=form.complaint(|it| it.id.clone())
                hint="a-z, 0-9 and -. It cannot be changed later."
                autofocus=true
                on_blur=check
            />
        </Show>
        <Show when=taken>
            <div class="row">
                <button type="button" class="button" on:click=use_next>
                    {move || format!("Use {}", names::after(&form.id()))}
                </button>
            </div>
        </Show>
    }
}

/// The id as it follows the name, and the pencil that takes it in hand.
#[component]
fn IdLine(form: Form, #[prop(into)] on_edit: Callback<()>) -> impl IntoView {
    view! {
        <p class="row caption">
            "id: "
            <code>{move || form.id()}</code>
            <button
                type="button"
                class="button"
                data-kind="icon"
                aria-label="Edit id"
                on:click=move |_| on_edit.run(())
            >
                <Icon kind=IconKind::Edit/>
            </button>
        </p>
        <p class="caption-failed" role="alert">
            {move || form.complaints.with(|it| it.id.clone())}
        </p>
    }
}

/// Everything that has a default.
#[component]
pub fn ChoiceFields(
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
        <div class="field-pair">
            <Select label="Project" value=form.project options=project_choices/>
            <Select label="Template" value=form.template options=template_choices/>
        </div>
        <Select label="Host" value=form.host options=host_choices/>
        <div class="field-pair">
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
        </div>
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
