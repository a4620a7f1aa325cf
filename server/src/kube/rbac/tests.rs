use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::store::Store;

const CLUSTER: &str = "one";

fn caller(name: &str) -> Caller {
    Caller {
        groups: vec!["system:authenticated".into()],
        admin: false,
        name: name.into(),
        ..Caller::controller("x")
    }
}

/// `get pods/log in a`, `create deployments.apps`, `get namespaces a`.
fn attributes(verb: Verb, resource: &str, namespace: &str, name: &str) -> Attributes {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    Attributes {
        verb,
        group: group.into(),
        version: "v1".into(),
        resource: resource.into(),
        subresource: subresource.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn binding(namespace: &str, role: (&str, &str), subject: Value) -> Value {
    let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    json!({
        "kind": kind,
        "metadata": { "name": format!("{}-{}", role.1, subject["name"].as_str().unwrap()), "namespace": namespace },
        "roleRef": { "apiGroup": GROUP, "kind": role.0, "name": role.1 },
        "subjects": [subject],
    })
}

/// A cluster with the default roles and these objects.
async fn cluster(folder: &std::path::Path, more: Vec<Value>) -> Store {
    let store = Store::open(folder, Clock::standing_at(0)).unwrap();
    let filled = store.write(move |tx| {
        for object in default_objects().into_iter().chain(more) {
            let key = Key {
                cluster: CLUSTER.into(),
                resource: stored_as(&object),
                namespace: object::namespace(&object).into(),
                name: object::name(&object).into(),
            };
            tx.create(&key, object)?;
        }
        Ok::<_, crate::store::Error>(())
    });
    filled.await.unwrap();
    store
}

async fn may(store: &Store, who: &str, attributes: Attributes, object: Option<Value>) -> bool {
    let who = caller(who);
    let rbac = Rbac { cluster: CLUSTER.into() };
    let decided =
        store.read(move |snapshot| rbac.may(snapshot, &who, &attributes, object.as_ref()));
    decided.await.unwrap() == Decision::Allow
}

#[tokio::test]
async fn a_role_counts_where_it_is_bound_and_only_there() {
    let folder = tempfile::tempdir().unwrap();
    let role = json!({ "kind": "Role", "metadata": { "name": "reader", "namespace": "a" }, "rules": [
        { "apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"] },
        { "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"] },
    ] });
    let subject = json!({ "kind": "User", "name": "ann" });
    let store = cluster(folder.path(), vec![role, binding("a", ("Role", "reader"), subject)]).await;
    for (verb, resource, namespace, name, allowed) in [
        (Verb::Get, "pods", "a", "x", true),
        (Verb::Get, "pods/log", "a", "x", true),
        (Verb::Get, "pods/exec", "a", "x", false),
        (Verb::Get, "pods", "b", "x", false),
        (Verb::List, "pods", "", "", false),
        (Verb::Delete, "pods", "a", "x", false),
        (Verb::Get, "pods.metrics.k8s.io", "a", "x", false),
        (Verb::Get, "secrets", "a", "mine", true),
        (Verb::Get, "secrets", "a", "yours", false),
        (Verb::List, "secrets", "a", "", false),
        (Verb::Create, "selfsubjectaccessreviews.authorization.k8s.io", "", "", true),
    ] {
        let asked = attributes(verb, resource, namespace, name);
        assert_eq!(
            may(&store, "ann", asked.clone(), None).await,
            allowed,
            "{verb} {resource} {namespace}"
        );
        if !resource.starts_with("self") {
            assert!(!may(&store, "bob", asked, None).await, "bob: {verb} {resource} {namespace}");
        }
    }
}

#[tokio::test]
async fn groups_and_service_accounts_are_bound_too() {
    let folder = tempfile::tempdir().unwrap();
    let group = json!({ "kind": "Group", "name": "system:authenticated" });
    let account = json!({ "kind": "ServiceAccount", "name": "bot" });
    let bindings = vec![
        binding("", ("ClusterRole", "view"), group),
        binding("a", ("ClusterRole", "edit"), account),
    ];
    let store = cluster(folder.path(), bindings).await;
    assert!(may(&store, "anybody", attributes(Verb::List, "deployments.apps", "", ""), None).await);
    assert!(!may(&store, "anybody", attributes(Verb::List, "secrets", "a", ""), None).await);
    let bot = "system:serviceaccount:a:bot";
    assert!(may(&store, bot, attributes(Verb::Create, "secrets", "a", ""), None).await);
    assert!(!may(&store, bot, attributes(Verb::Create, "secrets", "b", ""), None).await);
    assert!(
        !may(
            &store,
            bot,
            attributes(Verb::Create, "rolebindings.rbac.authorization.k8s.io", "a", ""),
            None
        )
        .await
    );
}

#[tokio::test]
async fn nobody_makes_themselves_more_than_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let subject = json!({ "kind": "User", "name": "ann" });
    let store =
        cluster(folder.path(), vec![binding("a", ("ClusterRole", "admin"), subject.clone())]).await;
    let bindings = attributes(Verb::Create, "rolebindings.rbac.authorization.k8s.io", "a", "");
    let of = |role: &str| Some(binding("a", ("ClusterRole", role), subject.clone()));
    assert!(may(&store, "ann", bindings.clone(), of("view")).await);
    assert!(may(&store, "ann", bindings.clone(), of("admin")).await);
    assert!(!may(&store, "ann", bindings.clone(), of("cluster-admin")).await);
    assert!(!may(&store, "ann", bindings, of("made-later")).await);
    let roles = attributes(Verb::Create, "roles.rbac.authorization.k8s.io", "a", "");
    let role = |resource: &str| {
        Some(json!({ "rules": [{ "apiGroups": [""], "resources": [resource], "verbs": ["get"] }] }))
    };
    assert!(may(&store, "ann", roles.clone(), role("secrets")).await);
    assert!(!may(&store, "ann", roles.clone(), role("*")).await);
    let change = Attributes { verb: Verb::Patch, name: "x".into(), ..roles };
    assert!(!may(&store, "ann", change, role("secrets")).await);
}

#[tokio::test]
async fn a_labelled_role_joins_the_role_that_gathers_it() {
    let folder = tempfile::tempdir().unwrap();
    let shirts = json!({ "kind": "ClusterRole",
        "metadata": { "name": "shirts", "labels": { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
        "rules": [{ "apiGroups": ["stable.example.com"], "resources": ["shirts"], "verbs": ["get"] }] });
    let bound = binding("a", ("ClusterRole", "view"), json!({ "kind": "User", "name": "ann" }));
    let store = cluster(folder.path(), vec![shirts, bound]).await;
    assert!(
        may(&store, "ann", attributes(Verb::Get, "shirts.stable.example.com", "a", "x"), None)
            .await
    );
}

#[tokio::test]
async fn masters_may_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = cluster(folder.path(), Vec::new()).await;
    let rbac = Rbac { cluster: CLUSTER.into() };
    let asked = attributes(Verb::DeleteCollection, "secrets", "", "");
    let decided = store.read(move |it| rbac.may(it, &Caller::controller("x"), &asked, None)).await;
    assert_eq!(decided.unwrap(), Decision::Allow);
}
