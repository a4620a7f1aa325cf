//! Deletion, and what goes with it.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{
    DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy,
};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::{Cluster, create, refusal};

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_lets_go() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    create(&maps, "a", "1").await;
    let hold = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/hold"]}}));
    maps.patch("a", &PatchParams::default(), &hold).await.unwrap();
    let held = maps.delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(held.metadata.deletion_timestamp.is_some());
    let more =
        Patch::Merge(json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}));
    assert_eq!(
        refusal(maps.patch("a", &PatchParams::default(), &more).await),
        (422, "Invalid".into())
    );
    let release = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("a", &PatchParams::default(), &release).await.unwrap();
    assert!(maps.get_opt("a").await.unwrap().is_none());
}

#[tokio::test]
async fn a_deletion_that_means_another_object_is_refused() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let made = create(&maps, "a", "1").await;
    let only = |preconditions| DeleteParams {
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    };
    let other = only(Preconditions { uid: Some("other".into()), resource_version: None });
    assert_eq!(refusal(maps.delete("a", &other).await), (409, "Conflict".into()));
    let old = only(Preconditions { uid: made.uid(), resource_version: Some("1".into()) });
    assert_eq!(refusal(maps.delete("a", &old).await), (409, "Conflict".into()));
    let right = only(Preconditions { uid: made.uid(), resource_version: made.resource_version() });
    maps.delete("a", &right).await.unwrap();
}

#[tokio::test]
async fn a_namespace_takes_all_that_is_in_it() {
    let cluster = Cluster::start().await;
    let namespace = serde_json::from_value(json!({"metadata": {"name": "team"}})).unwrap();
    cluster.namespaces().create(&PostParams::default(), &namespace).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), "team");
    create(&maps, "a", "1").await;
    create(&maps, "b", "1").await;
    cluster.namespaces().delete("team", &DeleteParams::default()).await.unwrap();
    assert!(cluster.namespaces().get_opt("team").await.unwrap().is_none());
    assert!(maps.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_namespace_waits_for_what_a_finalizer_holds() {
    let cluster = Cluster::start().await;
    let namespace = serde_json::from_value(json!({"metadata": {"name": "team"}})).unwrap();
    cluster.namespaces().create(&PostParams::default(), &namespace).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), "team");
    create(&maps, "a", "1").await;
    let hold = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/hold"]}}));
    maps.patch("a", &PatchParams::default(), &hold).await.unwrap();
    cluster.namespaces().delete("team", &DeleteParams::default()).await.unwrap();
    let waiting = cluster.namespaces().get("team").await.unwrap();
    assert_eq!(waiting.status.unwrap().phase.as_deref(), Some("Terminating"));
    let late = maps.create(&PostParams::default(), &super::config_map("b", "1")).await;
    assert_eq!(refusal(late), (403, "Forbidden".into()));
    let release = Patch::Merge(json!({"metadata": {"finalizers": []}}));
    maps.patch("a", &PatchParams::default(), &release).await.unwrap();
    assert!(cluster.namespaces().get_opt("team").await.unwrap().is_none());
}

/// `child` with `owners` in its `ownerReferences`.
async fn own(maps: &Api<ConfigMap>, child: &str, owners: &[&ConfigMap]) {
    create(maps, child, "1").await;
    let references: Vec<_> = owners
        .iter()
        .map(|it| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": it.name_any(), "uid": it.uid()}))
        .collect();
    let patch = Patch::Merge(json!({"metadata": {"ownerReferences": references}}));
    maps.patch(child, &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test]
async fn dependents_go_with_their_last_owner() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let (one, two) = (create(&maps, "one", "1").await, create(&maps, "two", "1").await);
    own(&maps, "both", &[&one, &two]).await;
    own(&maps, "only", &[&one]).await;
    let only = maps.get("only").await.unwrap();
    own(&maps, "grandchild", &[&only]).await;
    maps.delete("one", &DeleteParams::background()).await.unwrap();
    let names = |list: Vec<ConfigMap>| list.iter().map(|it| it.name_any()).collect::<Vec<_>>();
    let left = maps.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(names(left), ["both", "two"]);
    assert_eq!(maps.get("both").await.unwrap().owner_references().len(), 1);
    maps.delete("two", &DeleteParams::foreground()).await.unwrap();
    assert!(maps.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn orphans_stay_and_forget_their_owner() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let owner = create(&maps, "owner", "1").await;
    own(&maps, "child", &[&owner]).await;
    let orphan = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Orphan),
        ..DeleteParams::default()
    };
    maps.delete("owner", &orphan).await.unwrap();
    assert!(maps.get("child").await.unwrap().owner_references().is_empty());
}

/// A walk by recursion would overflow the stack of the one thread that writes.
#[tokio::test]
async fn a_long_chain_of_owners_goes_at_once() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let mut owner = create(&maps, "n0", "1").await;
    for i in 1..300 {
        let name = format!("n{i}");
        let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid()});
        let map = json!({"metadata": {"name": name, "ownerReferences": [reference]}});
        let map = serde_json::from_value(map).unwrap();
        owner = maps.create(&PostParams::default(), &map).await.unwrap();
    }
    maps.delete("n0", &DeleteParams::default()).await.unwrap();
    assert!(maps.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_collection_is_deleted_as_far_as_the_selector_goes() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    for (name, tier) in [("a", "front"), ("b", "back"), ("c", "front")] {
        let map =
            serde_json::from_value(json!({"metadata": {"name": name, "labels": {"tier": tier}}}))
                .unwrap();
        maps.create(&PostParams::default(), &map).await.unwrap();
    }
    let front = ListParams::default().labels("tier=front");
    maps.delete_collection(&DeleteParams::default(), &front).await.unwrap();
    let left = maps.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(left.iter().map(|it| it.name_any()).collect::<Vec<_>>(), ["b"]);
}
