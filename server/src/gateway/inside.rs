//! What a caller counts as on the other side of the gateway.

use dormer_api::vcluster::VirtualClusterInstance;

use crate::auth::{Caller, GROUP_MASTERS};
use crate::authz;
use crate::kube::Result;
use crate::management;
use crate::store::Store;

/// In a host cluster: administrators may everything, others what the cluster itself gives to their
/// groups.
pub(super) fn groups_in_host(caller: &Caller) -> Vec<String> {
    if caller.admin { with_masters(caller) } else { caller.groups.clone() }
}

/// Inside a virtual cluster: owners, administrators, and those it was shared with as admin may
/// everything; others have the roles that they were given, by their groups.
pub(super) async fn groups_in_virtual_cluster(
    store: &Store,
    caller: &Caller,
    instance: &VirtualClusterInstance,
) -> Result<Vec<String>> {
    let shared = || authz::shared_roles(caller, instance);
    let owner = authz::is_owner(caller, instance.spec.owner.as_ref());
    // The project is read only for those whom nothing else lets in as that: most calls are of owners.
    let all = caller.admin
        || owner
        || shared().any(is_admin_role)
        || project_role(store, caller, &instance.metadata.namespace).await?
            == Some(authz::Role::Admin);
    if all {
        return Ok(with_masters(caller));
    }
    let mut groups = caller.groups.clone();
    groups.extend(shared().map(|it| format!("loft:cluster-role:{it}")));
    Ok(groups)
}

/// What the caller is in the project.
async fn project_role(
    store: &Store,
    caller: &Caller,
    namespace: &str,
) -> Result<Option<authz::Role>> {
    let (caller, namespace) = (caller.clone(), namespace.to_owned());
    let role = store.read(move |snapshot| {
        let project = management::projects::of_namespace(snapshot, &namespace)?;
        Ok(project.and_then(|it| authz::role_in(&caller, &it)))
    });
    role.await
}

/// The roles that Loft gives where none is named, and Kubernetes' own.
fn is_admin_role(role: &str) -> bool {
    matches!(role, "" | "cluster-admin" | "loft-cluster-admin" | "loft-cluster-space-admin")
}

fn with_masters(caller: &Caller) -> Vec<String> {
    let mut groups = caller.groups.clone();
    groups.push(GROUP_MASTERS.into());
    groups
}
