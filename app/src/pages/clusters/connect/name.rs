//! The first step: what the cluster is called, and how it is connected.

use std::collections::BTreeSet;

use dormer_api::cluster::{Cluster, ClusterSpec};
use dormer_api::meta::ObjectMeta;
use dormer_api::name::{display_name, dns_label, slug};
use dormer_api::state::Tone;
use leptos::ev;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::kubeconfig::{Chosen, KubeconfigFields, Refusal};
use super::{JoinCode, Stage, code};
use crate::client::{CallError, Client};
use crate::live;
use crate::paths;
use crate::ui::{Field, Notice, Radios, Submit, focus_first_error};

/// By an agent that dials in.
const AGENT: &str = "agent";
/// By a kubeconfig that this instance keeps.
const KUBECONFIG: &str = "kubeconfig";

/// What is wrong, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Complaints {
    title: Option<String>,
    id: Option<String>,
    config: Option<String>,
    form: String,
}

/// What is typed and chosen.
#[derive(Clone, Copy)]
struct Form {
    title: RwSignal<String>,
    /// The id as it is shown; it follows the title until it is typed.
    id: RwSignal<String>,
    own_id: RwSignal<bool>,
    how: RwSignal<String>,
    config: Chosen,
    /// The names that are taken.
    taken: Memo<BTreeSet<String>>,
    refused: RwSignal<Complaints>,
    tried: RwSignal<bool>,
}

impl Form {
    fn new(taken: Memo<BTreeSet<String>>) -> Self {
        Self {
            title: RwSignal::new(String::new()),
            id: RwSignal::new(String::new()),
            own_id: RwSignal::new(false),
            how: RwSignal::new(AGENT.to_owned()),
            config: Chosen::new(),
            taken,
            refused: RwSignal::new(Complaints::default()),
            tried: RwSignal::new(false),
        }
    }

    /// What can be seen to be wrong now. A name that is taken is told at once, the rest when it is
    /// tried.
    fn complaints(self) -> Complaints {
        let tried = self.tried.get();
        let (title, id) = (self.title.get(), self.id.get());
        let title_error = display_name(&title).err().filter(|_| tried).map(|it| it.to_string());
        let follows = !self.own_id.get() && title_error.is_some();
        let id_error = dns_label(&id)
            .err()
            .filter(|_| !follows && (tried || !id.is_empty()))
            .map(|it| it.to_string());
        let taken = self.taken.with(|taken| taken.contains(&id)).then(|| taken_words(&id));
        let by_file = self.how.with(|how| how == KUBECONFIG);
        Complaints {
            title: title_error,
            id: taken.or(id_error),
            config: self.config.problem().filter(|_| by_file && tried),
            form: String::new(),
        }
    }
}

fn taken_words(id: &str) -> String {
    format!("A cluster “{id}” is connected already. Choose another ID.")
}

/// What the server says is wrong, by field.
fn refused(error: &CallError, id: &str) -> Complaints {
    if error.code() == Some(409) {
        return Complaints { id: Some(taken_words(id)), ..Complaints::default() };
    }
    let title = error.cause_of("spec.clusterTemplate.spec.displayName");
    let title = title.or_else(|| error.cause_of("spec.displayName"));
    let id = error.cause_of("metadata.name");
    let config = error.cause_of("spec.config").or_else(|| error.cause_of("spec.context"));
    let in_field = title.is_some() || id.is_some() || config.is_some();
    let form = if in_field { String::new() } else { format!("Could not connect it. {error}") };
    Complaints { title, id, config, form }
}

/// The name, the way, and for a kubeconfig the file.
#[component]
pub fn NameStep(code: RwSignal<Option<JoinCode>>, stage: RwSignal<Stage>) -> impl IntoView {
    let client = expect_context::<Client>();
    stage.set(Stage::Name);
    let live = live::follow::<Cluster>(client, paths::api::whole_clusters());
    let taken = Memo::new(move |_| {
        let name =
            |row: &live::LiveRow<Cluster>| row.value.with_untracked(|it| it.metadata.name.clone());
        live.rows.with(|rows| rows.iter().map(name).collect())
    });
    let form = Form::new(taken);
    let navigate = use_navigate();
    let connect = Action::new_local(move |(): &()| {
        let navigate = navigate.clone();
        async move {
            let id = form.id.get_untracked();
            match begin(client, form, code).await {
                // Whoever left meanwhile wants to be where they are.
                Ok(()) if form.title.is_disposed() => {}
                Ok(()) => navigate(&paths::connect_cluster(&id), Default::default()),
                Err(complaints) => {
                    _ = form.refused.try_set(complaints);
                    focus_first_error();
                }
            }
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        form.tried.set(true);
        form.refused.set(Complaints::default());
        if untrack(|| form.complaints()) != Complaints::default() {
            focus_first_error();
        } else if !connect.pending().get_untracked() {
            connect.dispatch(());
        }
    };
    let words = move || match form.how.with(|how| how == KUBECONFIG) {
        true => "Connect cluster",
        false => "Go on",
    };

    view! {
        <form
            class="wizard stack"
            on:submit=submit
            on:input=move |_| form.refused.set(Complaints::default())
        >
            <NameFields form/>
            <div class="row row-end">
                <a class="button" href=paths::CLUSTERS>"Cancel"</a>
                <Submit words busy=connect.pending()/>
            </div>
        </form>
    }
}

#[component]
fn NameFields(form: Form) -> impl IntoView {
    let found = Memo::new(move |_| form.complaints());
    let complaint = move |of: fn(&Complaints) -> Option<String>| {
        Signal::derive(move || form.refused.with(of).or_else(|| found.with(of)))
    };
    let failure = Signal::derive(move || form.refused.with(|it| it.form.clone()));
    let follow = move |_| {
        if !form.own_id.get_untracked() {
            form.id.set(form.title.with_untracked(|title| slug(title)));
        }
    };
    let take_in_hand = move |_| form.own_id.set(form.id.with_untracked(|id| !id.is_empty()));
    let by_file = Memo::new(move |_| form.how.with(|how| how == KUBECONFIG));

    view! {
        <Notice tone=Tone::Failed text=failure/>
        <div on:input=follow>
            <Field
                label="Display name"
                value=form.title
                error=complaint(|it| it.title.clone())
                hint="What people see, such as Europe 1."
                autofocus=true
            />
        </div>
        <div on:input=take_in_hand>
            <Field
                label="ID"
                value=form.id
                error=complaint(|it| it.id.clone())
                hint="a-z, 0-9 and -. In addresses and commands; it cannot be changed later."
            />
        </div>
        <Radios
            label="How"
            value=form.how
            options=vec![
                (AGENT, "Agent command", "You run one command at the cluster. Nothing has to reach it from outside."),
                (KUBECONFIG, "Kubeconfig", "This instance keeps the file's credential, encrypted, and dials the cluster itself."),
            ]
        />
        <Show when=move || by_file.get()>
            <KubeconfigFields chosen=form.config error=complaint(|it| it.config.clone())/>
        </Show>
    }
}

/// Makes the cluster. For an agent it makes the first join code too: without it the wizard goes on
/// all the same, and offers to make one.
async fn begin(
    client: Client,
    form: Form,
    join: RwSignal<Option<JoinCode>>,
) -> Result<(), Complaints> {
    let id = form.id.get_untracked();
    let metadata = ObjectMeta { name: id.clone(), ..ObjectMeta::default() };
    let title = form.title.get_untracked().trim().to_owned();
    let display_name = if title == id { String::new() } else { title };
    let spec = ClusterSpec { display_name, ..ClusterSpec::default() };
    if form.how.with_untracked(|how| how == KUBECONFIG) {
        let connected = form.config.connect(client, metadata, spec).await;
        return connected.map_err(|refusal| match refusal {
            Refusal::Call(error) => refused(&error, &id),
            Refusal::NotConnected(words) => {
                Complaints { config: Some(words), ..Complaints::default() }
            }
        });
    }
    let spec = ClusterSpec { network_peer: true, ..spec };
    let body = Cluster { metadata, spec, ..Cluster::default() };
    client
        .post::<Cluster>(&paths::api::resource("clusters"), &body)
        .await
        .map_err(|error| refused(&error, &id))?;
    if let Ok(made) = code::make(client, &id).await {
        _ = join.try_set(Some(made));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use dormer_api::status::Status;

    use super::*;

    #[test]
    fn a_name_that_is_taken_stands_under_the_id() {
        let taken = CallError::Refused(Box::new(Status::failure(409, "AlreadyExists", "taken")));
        let complaints = refused(&taken, "eu-1");
        assert_eq!(
            complaints.id.as_deref(),
            Some("A cluster “eu-1” is connected already. Choose another ID.")
        );
        assert_eq!(complaints.form, "");
        assert_eq!(
            refused(&CallError::Unreachable, "eu-1").form,
            "Could not connect it. Cannot reach the server."
        );
    }

    #[test]
    fn the_id_follows_the_name_and_is_checked_at_once() {
        let owner = Owner::new();
        owner.set();
        let form = Form::new(Memo::new(|_| ["eu-1".to_owned()].into_iter().collect()));
        assert_eq!(form.complaints(), Complaints::default(), "nothing was tried yet");
        form.id.set("eu-1".into());
        assert!(form.complaints().id.is_some());
        form.id.set("EU".into());
        assert!(form.complaints().id.is_some_and(|it| it.starts_with("Only a-z")));
        form.tried.set(true);
        assert!(form.complaints().title.is_some());
    }
}
