//! Who may do what in the management API: the only place that says yes.
//!
//! * An administrator may everything.
//! * A member sees and changes what is theirs, what belongs to one of their teams, and what was
//!   shared with them; in projects where they are project admin, everything.
//! * An access key may what its user may, less what its scope leaves out.
//! * What the caller may not see is answered as if it were not there ([`Decision::Hide`]).

use dormer_api::access_key::Scope;
use dormer_api::cluster::Cluster;
use dormer_api::meta::{Access, UserOrTeam};
use dormer_api::name::project_of_namespace;
use dormer_api::project::{self, Project};
use dormer_api::vcluster::VirtualClusterInstance;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::auth::Caller;
use crate::kube::resource::{Attributes, Authorizer, Decision, Verb};
use crate::kube::{Error, Result};
use crate::management;
use crate::store::Snapshot;

/// What the name of every controller of ours begins with.
const CONTROLLERS: &str = "system:dormer:";

/// The authorizer of the management API.
pub struct Management;

impl Authorizer for Management {
    fn may(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> Result<Decision> {
        may(snapshot, caller, attributes, object)
    }

    fn by_object(&self) -> bool {
        true
    }
}

/// Whether `caller` may do this to that.
///
/// # Errors
/// The store cannot be read.
pub fn may(
    snapshot: &Snapshot<'_>,
    caller: &Caller,
    attributes: &Attributes,
    object: Option<&Value>,
) -> Result<Decision> {
    if let Some(scope) = caller.key.as_ref().and_then(|it| it.scope.as_ref())
        && !scope_allows(scope, &caller.name, attributes, object)
    {
        return Ok(if attributes.name.is_empty() { Decision::Deny } else { Decision::Hide });
    }
    // What is, only our own controllers say; no user's name has a colon in it.
    let ours = caller.name.starts_with(CONTROLLERS);
    if attributes.subresource == "status" && !attributes.verb.is_read() && !ours {
        return Ok(Decision::Deny);
    }
    if caller.admin {
        return Ok(Decision::Allow);
    }
    let verb = attributes.verb;
    match attributes.resource.as_str() {
        // What a token for a direct endpoint opens is asked again, there.
        management::SELVES | management::SELF_REVIEWS | management::DIRECT_TOKENS => {
            Ok(Decision::Allow)
        }
        management::USERS => Ok(user(caller, attributes)),
        management::TEAMS => {
            Ok(by_name(verb, caller.teams.contains(&attributes_name(attributes, object))))
        }
        management::ACCESS_KEYS => access_key(caller, verb, object),
        management::PROJECTS => project(caller, attributes, object),
        management::CLUSTERS => cluster(snapshot, caller, attributes, object),
        management::TEMPLATES => visible_in_a_project(snapshot, caller, verb, |project| {
            let name = attributes_name(attributes, object);
            project.spec.allows_template(&name)
        }),
        management::VCLUSTERS => vcluster(snapshot, caller, attributes, object),
        // Whatever is added later is closed until a line here opens it.
        _ => Ok(Decision::Deny),
    }
}

/// The name that is asked about: of the path, or in a list of the object.
fn attributes_name(attributes: &Attributes, object: Option<&Value>) -> String {
    let of_object = object.map(crate::kube::object::name).filter(|it| !it.is_empty());
    of_object.unwrap_or(&attributes.name).to_owned()
}

/// Whole collections may be asked for, and are filtered; of single objects only the visible ones;
/// nothing may be changed.
fn by_name(verb: Verb, visible: bool) -> Decision {
    match verb {
        Verb::List | Verb::Watch => Decision::Allow,
        Verb::Get if visible => Decision::Allow,
        Verb::Get => Decision::Hide,
        _ if visible => Decision::Deny,
        Verb::Create | Verb::DeleteCollection => Decision::Deny,
        Verb::Update | Verb::Patch | Verb::Delete | Verb::Use => Decision::Hide,
    }
}

fn user(caller: &Caller, attributes: &Attributes) -> Decision {
    by_name(attributes.verb, attributes.name == caller.name)
}

fn access_key(caller: &Caller, verb: Verb, object: Option<&Value>) -> Result<Decision> {
    let own = object.is_some_and(|it| it["spec"]["user"].as_str() == Some(caller.name.as_str()));
    Ok(match verb {
        Verb::Create | Verb::Get | Verb::Update | Verb::Patch | Verb::Delete
            if own || object.is_none() =>
        {
            Decision::Allow
        }
        Verb::Create => Decision::Deny,
        _ => Decision::Hide,
    })
}

fn project(caller: &Caller, attributes: &Attributes, object: Option<&Value>) -> Result<Decision> {
    let member = match object {
        Some(object) => role_in(caller, &parse::<Project>(object)?).is_some(),
        None => false,
    };
    Ok(by_name(attributes.verb, member))
}

fn visible_in_a_project(
    snapshot: &Snapshot<'_>,
    caller: &Caller,
    verb: Verb,
    allows: impl Fn(&Project) -> bool,
) -> Result<Decision> {
    if matches!(verb, Verb::List | Verb::Watch) {
        return Ok(Decision::Allow);
    }
    for project in management::all::<Project>(snapshot, management::PROJECTS)? {
        if role_in(caller, &project).is_some() && allows(&project) {
            return Ok(by_name(verb, true));
        }
    }
    Ok(by_name(verb, false))
}

/// Members of a project see its clusters; who may use one as a cluster, its own rules say.
fn cluster(
    snapshot: &Snapshot<'_>,
    caller: &Caller,
    attributes: &Attributes,
    object: Option<&Value>,
) -> Result<Decision> {
    let access = match object {
        Some(object) => parse::<Cluster>(object)?.spec.access,
        None => Vec::new(),
    };
    let verb = attributes.verb;
    let plain = attributes.subresource.is_empty();
    if plain && matches!(verb, Verb::Get | Verb::Use) && has_access(caller, &access, verb) {
        return Ok(Decision::Allow);
    }
    let seen = visible_in_a_project(snapshot, caller, verb, |project| {
        project.spec.allows_cluster(&attributes_name(attributes, object))
    })?;
    // A subresource is a secret or a deed, and not to be seen.
    Ok(if seen == Decision::Allow && !plain { Decision::Deny } else { seen })
}

/// What a caller is in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees what is shared with them.
    Viewer,
    /// Makes virtual clusters of their own too.
    User,
    /// Sees and changes everything.
    Admin,
}

/// The highest role of `caller` in `project`; nothing for a stranger.
#[must_use]
pub fn role_in(caller: &Caller, project: &Project) -> Option<Role> {
    if caller.admin {
        return Some(Role::Admin);
    }
    let members = project.spec.members.iter().filter(|member| match member.kind.as_str() {
        "User" => member.name == "*" || member.name == caller.name,
        "Team" => caller.teams.contains(&member.name),
        _ => false,
    });
    members
        .filter_map(|member| match member.cluster_role.as_str() {
            project::ROLE_ADMIN => Some(Role::Admin),
            project::ROLE_USER => Some(Role::User),
            project::ROLE_VIEWER => Some(Role::Viewer),
            _ => None,
        })
        .max()
}

fn vcluster(
    snapshot: &Snapshot<'_>,
    caller: &Caller,
    attributes: &Attributes,
    object: Option<&Value>,
) -> Result<Decision> {
    let verb = attributes.verb;
    if matches!(verb, Verb::List | Verb::Watch) {
        return Ok(Decision::Allow);
    }
    let role = || -> Result<Option<Role>> {
        let Some(project) = project_of_namespace(&attributes.namespace) else { return Ok(None) };
        let place = management::key(management::PROJECTS, "", project);
        let Some(entry) = snapshot.get(&place)? else { return Ok(None) };
        let project: Project = serde_json::from_slice(&entry.body).map_err(Error::internal)?;
        Ok(role_in(caller, &project))
    };
    let Some(object) = object else {
        return Ok(match verb {
            Verb::DeleteCollection => Decision::Deny,
            Verb::Create if role()? < Some(Role::User) => Decision::Deny,
            _ => Decision::Allow,
        });
    };
    let instance: VirtualClusterInstance = parse(object)?;
    if verb == Verb::Create {
        let allowed = match role()? {
            Some(Role::Admin) => true,
            Some(Role::User) => is_owner(caller, instance.spec.owner.as_ref()),
            Some(Role::Viewer) | None => false,
        };
        return Ok(if allowed { Decision::Allow } else { Decision::Deny });
    }
    if is_owner(caller, instance.spec.owner.as_ref()) || role()? == Some(Role::Admin) {
        return Ok(Decision::Allow);
    }
    let seen = is_shared(caller, &instance) || has_access(caller, &instance.spec.access, Verb::Get);
    let allowed = match verb {
        Verb::Get => seen,
        Verb::Use => {
            is_shared(caller, &instance) || has_access(caller, &instance.spec.access, Verb::Use)
        }
        _ => has_access(caller, &instance.spec.access, verb),
    };
    Ok(match (allowed, seen) {
        (true, _) => Decision::Allow,
        (false, true) => Decision::Deny,
        (false, false) => Decision::Hide,
    })
}

/// Whether the caller, or one of their teams, owns it.
#[must_use]
pub fn is_owner(caller: &Caller, owner: Option<&UserOrTeam>) -> bool {
    owner.is_some_and(|owner| {
        (!owner.user.is_empty() && owner.user == caller.name)
            || (!owner.team.is_empty() && caller.teams.contains(&owner.team))
    })
}

/// The roles inside the virtual cluster that were shared with the caller.
pub fn shared_roles<'a>(
    caller: &'a Caller,
    instance: &'a VirtualClusterInstance,
) -> impl Iterator<Item = &'a str> {
    let rules = instance.spec.extra_access_rules.iter();
    rules.filter(|rule| names(caller, &rule.users, &rule.teams)).map(|it| it.cluster_role.as_str())
}

fn is_shared(caller: &Caller, instance: &VirtualClusterInstance) -> bool {
    shared_roles(caller, instance).next().is_some()
}

fn has_access(caller: &Caller, rules: &[Access], verb: Verb) -> bool {
    rules.iter().any(|rule| {
        let verbs = rule.verbs.iter().any(|it| it == "*" || it == verb.as_str());
        verbs && names(caller, &rule.users, &rule.teams)
    })
}

fn names(caller: &Caller, users: &[String], teams: &[String]) -> bool {
    users.iter().any(|it| it == "*" || *it == caller.name)
        || teams.iter().any(|it| it == "*" || caller.teams.contains(it))
}

/// What a key with a scope may reach at all. A scope names virtual clusters: such a key uses and
/// reads them, says who it is, and reads what a CLI has to read on its way there.
fn scope_allows(
    scope: &Scope,
    caller: &str,
    attributes: &Attributes,
    object: Option<&Value>,
) -> bool {
    let reads = attributes.verb.is_read();
    let whole = attributes.verb != Verb::Get;
    match attributes.resource.as_str() {
        management::SELVES | management::SELF_REVIEWS | management::DIRECT_TOKENS => true,
        management::PROJECTS => {
            let name = attributes_name(attributes, object);
            let part = matches!(attributes.subresource.as_str(), "" | "clusters");
            reads && part && (whole || scope.virtual_clusters.iter().any(|it| it.project == name))
        }
        management::USERS => {
            attributes.verb == Verb::Get
                && attributes.name == caller
                && attributes.subresource.is_empty()
        }
        management::VCLUSTERS => {
            let project = project_of_namespace(&attributes.namespace).unwrap_or_default();
            let name = attributes_name(attributes, object);
            let uid = object.map(|it| crate::kube::object::meta(it, "uid"));
            let named =
                scope.virtual_clusters.iter().filter(|it| it.project == project).any(|it| {
                    let this = it.virtual_cluster == name && uid.is_none_or(|uid| uid == it.uid);
                    it.virtual_cluster == "*" || this
                });
            match attributes.verb {
                Verb::Get | Verb::Use => named && attributes.subresource.is_empty(),
                Verb::List | Verb::Watch => true,
                _ => false,
            }
        }
        _ => false,
    }
}

fn parse<T: DeserializeOwned>(object: &Value) -> Result<T> {
    T::deserialize(object).map_err(Error::internal)
}
