//! CustomResourceDefinitions and their objects.

use kube::Api;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use super::{Cluster, refusal};

fn widgets(cluster: &Cluster, version: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("example.com", version, "Widget");
    Api::default_namespaced_with(cluster.client.clone(), &ApiResource::from_gvk(&kind))
}

fn definitions(cluster: &Cluster) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    Api::all_with(cluster.client.clone(), &ApiResource::from_gvk(&kind))
}

fn definition() -> Value {
    let version = |name: &str, storage: bool| {
        json!({
            "name": name,
            "served": true,
            "storage": storage,
            "subresources": {"status": {}, "scale": {
                "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size",
            }},
            "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "required": ["size"], "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "mode": {"type": "string", "default": "quiet"},
                }},
                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}},
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [version("v1", true), version("v1beta1", false)],
        },
    })
}

async fn define(cluster: &Cluster) {
    let definition = serde_json::from_value(definition()).unwrap();
    definitions(cluster).create(&PostParams::default(), &definition).await.unwrap();
}

fn widget(name: &str, spec: Value) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": spec,
    }))
    .unwrap()
}

#[tokio::test]
async fn a_definition_is_in_force_at_once_and_its_objects_go_with_it() {
    let cluster = Cluster::start().await;
    let widgets = widgets(&cluster, "v1");
    assert_eq!(refusal(widgets.list(&ListParams::default()).await).0, 404);
    define(&cluster).await;
    let made = definitions(&cluster).get("widgets.example.com").await.unwrap();
    let conditions = made.data["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().all(|it| it["status"] == "True") && conditions.len() == 2);
    let object =
        widgets.create(&PostParams::default(), &widget("a", json!({"size": 3}))).await.unwrap();
    assert_eq!(object.data["spec"]["mode"], "quiet");
    definitions(&cluster).delete("widgets.example.com", &DeleteParams::default()).await.unwrap();
    assert_eq!(refusal(widgets.get("a").await).0, 404);
    define(&cluster).await;
    assert!(widgets.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn an_object_is_held_to_the_schema_of_its_definition() {
    let cluster = Cluster::start().await;
    define(&cluster).await;
    let widgets = widgets(&cluster, "v1");
    let bad = widgets.create(&PostParams::default(), &widget("a", json!({"size": "three"}))).await;
    assert_eq!(refusal(bad), (422, "Invalid".into()));
    let bad = widgets.create(&PostParams::default(), &widget("a", json!({}))).await;
    assert_eq!(refusal(bad), (422, "Invalid".into()));
    let fits = widgets
        .create(&PostParams::default(), &widget("a", json!({"size": 1, "what": true})))
        .await
        .unwrap();
    assert_eq!(fits.data["spec"], json!({"size": 1, "mode": "quiet"}));
    let patch = Patch::Merge(json!({"spec": {"size": 0}}));
    assert_eq!(refusal(widgets.patch("a", &PatchParams::default(), &patch).await).0, 422);
}

#[tokio::test]
async fn each_version_shows_the_same_objects_as_its_own() {
    let cluster = Cluster::start().await;
    define(&cluster).await;
    let (new, old) = (widgets(&cluster, "v1"), widgets(&cluster, "v1beta1"));
    new.create(&PostParams::default(), &widget("a", json!({"size": 1}))).await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"size": 2}}));
    old.patch("a", &PatchParams::default(), &patch).await.unwrap();
    for (api, version) in [(&new, "example.com/v1"), (&old, "example.com/v1beta1")] {
        let got = api.get("a").await.unwrap();
        assert_eq!(
            (got.types.unwrap().api_version.as_str(), &got.data["spec"]["size"]),
            (version, &json!(2))
        );
        let listed = api.list(&ListParams::default()).await.unwrap().items;
        assert_eq!(listed[0].types.as_ref().map(|it| it.api_version.as_str()), Some(version));
    }
    assert_eq!(new.get("a").await.unwrap().metadata.generation, Some(2));
}

#[tokio::test]
async fn status_and_scale_are_written_apart() {
    let cluster = Cluster::start().await;
    define(&cluster).await;
    let widgets = widgets(&cluster, "v1");
    let mut with_status = widget("a", json!({"size": 1}));
    with_status.data["status"] = json!({"size": 9});
    let made = widgets.create(&PostParams::default(), &with_status).await.unwrap();
    assert_eq!(made.data["status"], Value::Null);
    let patch = Patch::Merge(json!({"spec": {"size": 5}, "status": {"size": 1}}));
    let patched = widgets.patch_status("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(
        (&patched.data["spec"]["size"], &patched.data["status"]["size"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(patched.metadata.generation, Some(1));
    let scale = widgets.get_scale("a").await.unwrap();
    assert_eq!((scale.spec.unwrap().replicas, scale.status.unwrap().replicas), (Some(1), 1));
    let patch = Patch::Merge(json!({"spec": {"replicas": 7}}));
    widgets.patch_scale("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(widgets.get("a").await.unwrap().data["spec"]["size"], 7);
}

#[tokio::test]
async fn a_definition_that_contradicts_itself_is_refused() {
    let cluster = Cluster::start().await;
    let refused = async |change: fn(&mut Value)| {
        let mut definition = definition();
        change(&mut definition);
        let definition = serde_json::from_value(definition).unwrap();
        refusal(definitions(&cluster).create(&PostParams::default(), &definition).await).0
    };
    assert_eq!(refused(|it| it["metadata"]["name"] = json!("other.example.com")).await, 422);
    assert_eq!(refused(|it| it["spec"]["scope"] = json!("Galaxy")).await, 422);
    assert_eq!(refused(|it| it["spec"]["versions"][1]["storage"] = json!(true)).await, 422);
    assert_eq!(refused(|it| it["spec"]["versions"][0]["schema"] = json!(null)).await, 422);
    assert_eq!(
        refused(|it| {
            it["metadata"]["name"] = json!("roles.rbac.authorization.k8s.io");
            it["spec"]["group"] = json!("rbac.authorization.k8s.io");
            it["spec"]["names"]["plural"] = json!("roles");
        })
        .await,
        422
    );
}

#[tokio::test]
async fn a_definition_waits_for_an_object_that_a_finalizer_holds() {
    let cluster = Cluster::start().await;
    define(&cluster).await;
    let widgets = widgets(&cluster, "v1");
    let mut held = widget("a", json!({"size": 1}));
    held.metadata.finalizers = Some(vec!["example.com/hold".into()]);
    widgets.create(&PostParams::default(), &held).await.unwrap();
    let waiting = definitions(&cluster)
        .delete("widgets.example.com", &DeleteParams::default())
        .await
        .unwrap();
    assert!(waiting.left().unwrap().metadata.deletion_timestamp.is_some());
    assert!(widgets.get("a").await.unwrap().metadata.deletion_timestamp.is_some());
    let release = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    widgets.patch("a", &PatchParams::default(), &release).await.unwrap();
    assert!(definitions(&cluster).get_opt("widgets.example.com").await.unwrap().is_none());
}
