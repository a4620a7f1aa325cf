//! The panel that adds a person.

use dormer_api::meta::ObjectMeta;
use dormer_api::name::slug;
use dormer_api::state::Tone;
use dormer_api::user::{ClusterRoleRef, ROLE_ADMIN, User, UserSpec};
use leptos::ev;
use leptos::prelude::*;

use super::invite::{InviteLink, make_invite};
use crate::client::{CallError, Client};
use crate::pages::sign_in::PasswordField;
use crate::paths;
use crate::ui::{Field, Notice, Panel, Select, Submit, focus_first_error};

/// The value of the role field that makes an administrator.
const ADMIN: &str = "admin";

/// What is typed and chosen.
#[derive(Clone, Copy)]
struct Form {
    username: RwSignal<String>,
    email: RwSignal<String>,
    title: RwSignal<String>,
    role: RwSignal<String>,
    password: RwSignal<String>,
}

impl Form {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            username: empty(),
            email: empty(),
            title: empty(),
            role: RwSignal::new("member".to_owned()),
            password: empty(),
        }
    }

    fn is_touched(self) -> bool {
        [self.username, self.email, self.title, self.password]
            .iter()
            .any(|it| it.with(|it| !it.is_empty()))
    }

    fn user(self) -> User {
        let text = |signal: RwSignal<String>| signal.get_untracked().trim().to_owned();
        let password = self.password.get_untracked();
        user(&text(self.username), text(self.email), text(self.title), text(self.role), password)
    }
}

/// The object to make.
fn user(username: &str, email: String, title: String, role: String, password: String) -> User {
    let admin = ClusterRoleRef { name: ROLE_ADMIN.into() };
    User {
        metadata: ObjectMeta { name: slug(username), ..ObjectMeta::default() },
        spec: UserSpec {
            display_name: title,
            username: username.to_lowercase(),
            email,
            cluster_roles: if role == ADMIN { vec![admin] } else { Vec::new() },
            password: (!password.is_empty()).then_some(password),
            ..UserSpec::default()
        },
        ..User::default()
    }
}

/// Username, email, name, role, and a password or else an invite.
#[component]
pub fn AddUserPanel(
    /// Where the invite is shown.
    invite: RwSignal<Option<InviteLink>>,
    /// Closes the panel.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let form = Form::new();
    let missing = RwSignal::new(None::<String>);
    let add = Action::new_local(move |user: &User| {
        let user = user.clone();
        async move {
            if let Some(link) = add_user(client, &user).await? {
                invite.set(Some(link));
            }
            _ = on_close.try_run(());
            Ok::<_, CallError>(())
        }
    });
    let refused = move || add.value().get().and_then(Result::err);
    let complaint = move |field: &'static str| {
        Signal::derive(move || {
            let own = if field == "spec.username" { missing.get() } else { None };
            own.or_else(|| complaint_of(&refused()?, field))
        })
    };
    let fields = ["spec.username", "spec.email", "spec.password"];
    let failure = Signal::derive(move || match refused() {
        Some(error) if fields.iter().all(|it| complaint_of(&error, it).is_none()) => {
            error.to_string()
        }
        Some(_) | None => String::new(),
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let user = form.user();
        if user.metadata.name.is_empty() {
            missing.set(Some("Give them a username.".to_owned()));
            focus_first_error();
        } else if !add.pending().get_untracked() {
            missing.set(None);
            add.dispatch(user);
        }
    };
    let words = move || {
        let invites = form.password.with(String::is_empty);
        if invites { "Add and get an invite link" } else { "Add user" }
    };

    view! {
        <Panel title="Add user" unsaved=Signal::derive(move || form.is_touched()) on_close>
            <form class="stack" on:submit=submit>
                <Notice tone=Tone::Failed text=failure/>
                <PersonFields form complaint=Callback::new(complaint)/>
                <div class="row row-end panel-foot">
                    <Submit words=words busy=add.pending()/>
                </div>
            </form>
        </Panel>
    }
}

/// Makes the person, and an invite for them unless they have a password.
async fn add_user(client: Client, user: &User) -> Result<Option<InviteLink>, CallError> {
    let made = client.post::<User>(&paths::api::resource("users"), user).await;
    if made.is_err() {
        focus_first_error();
    }
    let made = made?;
    if user.spec.password.is_some() {
        return Ok(None);
    }
    let title = match made.spec.display_name.is_empty() {
        true => made.spec.username,
        false => made.spec.display_name,
    };
    // The person is there whether this works or not: their row can make another link.
    make_invite(client, &made.metadata.name, &title).await.map(Some)
}

#[component]
fn PersonFields(
    form: Form,
    /// What is wrong with a field of the object.
    complaint: Callback<&'static str, Signal<Option<String>>>,
) -> impl IntoView {
    let roles = vec![
        ("member".to_owned(), "Developer: makes and uses virtual clusters".to_owned()),
        (ADMIN.to_owned(), "Administrator: can do everything".to_owned()),
    ];

    view! {
        <Field
            label="Username"
            value=form.username
            error=complaint.run("spec.username")
            autofocus=true
        />
        <Field label="Email" value=form.email error=complaint.run("spec.email") hint="Optional."/>
        <Field label="Display name" value=form.title hint="Optional."/>
        <Select label="Role" value=form.role options=roles/>
        <PasswordField
            label="Password"
            value=form.password
            autocomplete="new-password"
            error=complaint.run("spec.password")
            hint="Leave it empty to get an invite link, with which they set their own."
        />
    }
}

/// What a refusal says of a field. A taken name is the username's, which it is made from.
fn complaint_of(error: &CallError, field: &str) -> Option<String> {
    let taken = error.code() == Some(409) && field == "spec.username";
    error.cause_of(field).or_else(|| taken.then(|| "A user of this name exists.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_makes_the_name_of_the_object() {
        let made = user("Anna.Lee", String::new(), String::new(), "member".into(), String::new());
        assert_eq!(
            (made.metadata.name.as_str(), made.spec.username.as_str()),
            ("anna-lee", "anna.lee")
        );
        assert_eq!((made.spec.password, made.spec.cluster_roles.len()), (None, 0));
    }

    #[test]
    fn an_administrator_has_the_role() {
        let made = user("a", String::new(), String::new(), ADMIN.into(), "secret".into());
        assert_eq!(made.spec.cluster_roles[0].name, ROLE_ADMIN);
        assert_eq!(made.spec.password.as_deref(), Some("secret"));
    }
}
