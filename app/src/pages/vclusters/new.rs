//! One click makes a virtual cluster.

use dormer_api::meta::{List, ObjectMeta};
use dormer_api::project::{self, Project, ProjectTemplates};
use dormer_api::vcluster::{TemplateRef, VirtualClusterInstance, VirtualClusterInstanceSpec};
use leptos::prelude::*;

use super::actions::Actions;
use super::panel_url;
use crate::client::{CallError, Client};
use crate::pages::list::UrlState;
use crate::ui::{Icon, IconKind};
use crate::{names, paths};

/// How many names are tried before a taken one is the person's to solve.
const TRIES: usize = 3;

/// Makes virtual clusters of which nobody chose anything.
#[derive(Clone, Copy)]
pub struct Maker {
    make: Action<(), ()>,
}

impl Maker {
    /// Nothing made yet.
    pub fn new(client: Client, url: UrlState, actions: Actions) -> Self {
        let make = Action::new_local(move |(): &()| async move {
            _ = actions.problem.try_set(String::new());
            match make_one(client).await {
                Ok((project, name)) => url.set(&panel_url(&project, &name), false),
                Err(error) => {
                    _ = actions
                        .problem
                        .try_set(format!("Could not make a virtual cluster. {error}"));
                }
            }
        });
        Self { make }
    }

    /// Makes one, and opens its panel. Not two at once, however fast the clicks.
    pub fn make(self) {
        if !self.make.pending().get_untracked() {
            self.make.dispatch(());
        }
    }
}

/// Makes a virtual cluster from the default template of the person's project: its project and name.
async fn make_one(client: Client) -> Result<(String, String), CallError> {
    let projects: List<Project> = client.get(&paths::api::resource("projects")).await?;
    let project = usual_project(&projects.items);
    let templates: ProjectTemplates =
        client.get(&paths::api::part("projects", &project, "templates")).await?;
    let template = usual_template(&templates);
    let mut tries = 0;
    loop {
        tries += 1;
        let name = names::random();
        let spec = VirtualClusterInstanceSpec {
            template_ref: template.clone().map(|name| TemplateRef { name, ..Default::default() }),
            ..Default::default()
        };
        let metadata = ObjectMeta { name: name.clone(), ..ObjectMeta::default() };
        let body = VirtualClusterInstance { metadata, spec, ..Default::default() };
        let made = client.post(&paths::api::vclusters(&project), &body).await;
        match made.map(|_: VirtualClusterInstance| ()) {
            Ok(()) => return Ok((project, name)),
            Err(error) if error.code() == Some(409) && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// The project that is taken where none is chosen: the one of every installation, or the first.
pub fn usual_project(projects: &[Project]) -> String {
    let names = || projects.iter().map(|it| it.metadata.name.clone());
    let usual = names().find(|name| name == project::DEFAULT).or_else(|| names().next());
    usual.unwrap_or_else(|| project::DEFAULT.to_owned())
}

/// The template that is taken where none is chosen: the project's default, or the first.
pub fn usual_template(templates: &ProjectTemplates) -> Option<String> {
    let usual = &templates.default_virtual_cluster_template;
    if !usual.is_empty() {
        return Some(usual.clone());
    }
    templates.virtual_cluster_templates.first().map(|it| it.metadata.name.clone())
}

/// The one click, and the way to choose.
#[component]
pub fn NewButtons(maker: Maker, url: UrlState) -> impl IntoView {
    let pending = maker.make.pending();

    view! {
        <a class="button" href=move || url.with(&[("panel", Some("new".into()))])>"Choose…"</a>
        <button
            type="button"
            class="button"
            data-kind="primary"
            aria-busy=move || pending.get().then_some("true")
            on:click=move |_| maker.make()
        >
            <Icon kind=Signal::derive(move || {
                if pending.get() { IconKind::Busy } else { IconKind::Plus }
            })/>
            "New virtual cluster"
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str) -> Project {
        let metadata = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
        Project { metadata, ..Project::default() }
    }

    #[test]
    fn the_usual_project_is_the_default_one_or_the_first_that_one_may_see() {
        assert_eq!(usual_project(&[project("a"), project("default")]), "default");
        assert_eq!(usual_project(&[project("b"), project("c")]), "b");
        assert_eq!(usual_project(&[]), "default");
    }

    #[test]
    fn without_any_template_the_server_decides() {
        assert_eq!(usual_template(&ProjectTemplates::default()), None);
    }
}
