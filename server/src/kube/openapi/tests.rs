use std::sync::Arc;

use super::*;

fn configmaps() -> Resource {
    let schema = Schema::BuiltIn("io.k8s.api.core.v1.ConfigMap");
    Resource { schema, ..Resource::stored("", "v1", "configmaps", "ConfigMap", true) }
}

fn shirts() -> Resource {
    let schema = json!({ "type": "object", "properties": { "spec": { "type": "object", "description": "How it looks." } } });
    Resource {
        schema: Schema::Of(Arc::new(schema)),
        ..Resource::stored("stable.example.com", "v1", "shirts", "Shirt", true)
    }
}

#[test]
fn the_index_has_one_address_a_group_and_version_and_it_changes_with_the_schema() {
    let before = index(&[configmaps(), shirts()]);
    let addresses: Vec<&String> = before["paths"].as_object().unwrap().keys().collect();
    assert_eq!(addresses, ["api/v1", "apis/stable.example.com/v1"]);
    let changed = Resource { schema: Schema::Open, ..shirts() };
    let after = index(&[configmaps(), changed]);
    assert_eq!(before["paths"]["api/v1"], after["paths"]["api/v1"]);
    let shirts = "apis/stable.example.com/v1";
    assert_ne!(before["paths"][shirts], after["paths"][shirts]);
}

#[test]
fn a_patch_says_that_it_takes_field_validation_and_dry_runs() {
    let document = document(&[configmaps()], "api/v1").unwrap();
    let patch = &document["paths"]["/api/v1/namespaces/{namespace}/configmaps/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "ConfigMap");
    let names: Vec<&str> = patch["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
}

#[test]
fn a_kind_of_the_users_own_has_its_schema_and_the_metadata_of_all() {
    let document = document(&[configmaps(), shirts()], "apis/stable.example.com/v1").unwrap();
    let schemas = &document["components"]["schemas"];
    let shirt = &schemas["com.example.stable.v1.Shirt"];
    assert_eq!(shirt["properties"]["spec"]["description"], "How it looks.");
    assert_eq!(shirt["x-kubernetes-group-version-kind"][0]["kind"], "Shirt");
    assert!(schemas[OBJECT_META]["properties"]["name"].is_object());
    assert!(schemas.get("io.k8s.api.core.v1.ConfigMap").is_none());
}

#[test]
fn only_built_in_kinds_take_a_strategic_merge_patch() {
    let takes = |resource: Resource, path: &str| {
        let group_version = group_version(&resource);
        let document = document(&[resource], &group_version).unwrap();
        let content = &document["paths"][path]["patch"]["requestBody"]["content"];
        assert!(content["application/merge-patch+json"].is_object());
        content.get("application/strategic-merge-patch+json").is_some()
    };
    assert!(takes(configmaps(), "/api/v1/namespaces/{namespace}/configmaps/{name}"));
    let path = "/apis/stable.example.com/v1/namespaces/{namespace}/shirts/{name}";
    assert!(!takes(shirts(), path));
}

#[test]
fn what_is_not_served_has_no_document() {
    assert_eq!(document(&[configmaps()], "apis/apps/v1"), None);
}
