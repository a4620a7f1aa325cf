//! Creation, update and patches.

use axum::http::Method;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::{Cluster, config_map, create, refusal, x_of};

#[tokio::test]
async fn an_object_is_made_read_changed_and_deleted() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let made = create(&maps, "a", "1").await;
    assert!(made.uid().is_some() && made.creation_timestamp().is_some());
    assert_eq!(maps.get("a").await.unwrap(), made);
    let patch = Patch::Merge(json!({"data": {"x": "2"}}));
    let patched = maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(x_of(&patched), "2");
    assert_ne!(patched.resource_version(), made.resource_version());
    let gone = maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(gone.is_right());
    assert_eq!(refusal(maps.get("a").await), (404, "NotFound".into()));
}

#[tokio::test]
async fn a_taken_name_is_refused() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    create(&maps, "a", "1").await;
    let again = maps.create(&PostParams::default(), &config_map("a", "2")).await;
    assert_eq!(refusal(again), (409, "AlreadyExists".into()));
}

#[tokio::test]
async fn a_name_is_made_up_from_its_beginning() {
    let cluster = Cluster::start().await;
    let map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"generateName": "a-"}})).unwrap();
    let maps = cluster.config_maps();
    let first = maps.create(&PostParams::default(), &map).await.unwrap();
    let second = maps.create(&PostParams::default(), &map).await.unwrap();
    assert!(first.name_any().starts_with("a-") && first.name_any() != second.name_any());
}

#[tokio::test]
async fn an_update_from_an_old_version_is_a_conflict() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let old = create(&maps, "a", "1").await;
    let mut new = old.clone();
    new.data = config_map("a", "2").data;
    let written = maps.replace("a", &PostParams::default(), &new).await.unwrap();
    assert_eq!(x_of(&written), "2");
    let late = maps.replace("a", &PostParams::default(), &new).await;
    assert_eq!(refusal(late), (409, "Conflict".into()));
    let unconditional =
        maps.replace("a", &PostParams::default(), &config_map("a", "3")).await.unwrap();
    assert_eq!((x_of(&unconditional), unconditional.uid()), ("3", old.uid()));
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_not_written() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let made = create(&maps, "a", "1").await;
    let same = maps.replace("a", &PostParams::default(), &made).await.unwrap();
    assert_eq!(same.resource_version(), made.resource_version());
    let patch = Patch::Merge(json!({"data": {"x": "1"}}));
    let same = maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(same.resource_version(), made.resource_version());
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_keeps_nothing() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let said = maps.create(&dry, &config_map("a", "1")).await.unwrap();
    assert!(said.uid().is_some());
    assert!(maps.get_opt("a").await.unwrap().is_none());
    create(&maps, "a", "1").await;
    let taken = maps.create(&dry, &config_map("a", "1")).await;
    assert_eq!(refusal(taken), (409, "AlreadyExists".into()));
    maps.delete("a", &DeleteParams { dry_run: true, ..DeleteParams::default() }).await.unwrap();
    assert!(maps.get_opt("a").await.unwrap().is_some());
}

#[tokio::test]
async fn every_kind_of_patch_is_understood() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    create(&maps, "a", "1").await;
    let params = PatchParams::default();
    let patch =
        serde_json::from_value(json!([{"op": "add", "path": "/data/y", "value": "2"}])).unwrap();
    let patched = maps.patch("a", &params, &Patch::Json::<()>(patch)).await.unwrap();
    assert_eq!(patched.data.unwrap()["y"], "2");
    let strategic = Patch::Strategic(json!({"metadata": {"labels": {"app": "web"}}}));
    assert_eq!(maps.patch("a", &params, &strategic).await.unwrap().labels()["app"], "web");
    let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"z": "3"}});
    let params = PatchParams::apply("test");
    assert_eq!(
        maps.patch("a", &params, &Patch::Apply(&applied)).await.unwrap().data.unwrap()["z"],
        "3"
    );
    let made = maps.patch("b", &params, &Patch::Apply(&applied)).await.unwrap();
    assert_eq!(made.name_any(), "b");
}

/// R10: 8 clients count on one object, each with the version that it read.
#[tokio::test(flavor = "multi_thread")]
async fn no_increment_is_lost() {
    let cluster = Cluster::start().await;
    create(&cluster.config_maps(), "a", "0").await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let maps = cluster.config_maps();
        clients.spawn(async move {
            let mut done = 0;
            while done < 25 {
                let mut map = maps.get("a").await.unwrap();
                let count: u32 = x_of(&map).parse().unwrap();
                map.data = config_map("a", &(count + 1).to_string()).data;
                match maps.replace("a", &PostParams::default(), &map).await {
                    Ok(_) => done += 1,
                    refused => assert_eq!(refusal(refused), (409, "Conflict".into())),
                }
            }
        });
    }
    clients.join_all().await;
    assert_eq!(x_of(&cluster.config_maps().get("a").await.unwrap()), "200");
}

#[tokio::test]
async fn what_is_no_plain_path_or_body_is_refused_with_a_status() {
    let cluster = Cluster::start().await;
    let json = "application/json";
    for (method, path, media_type, body, code) in [
        (Method::GET, "/api/v1/namespaces/a%2fb/configmaps", json, "", 400),
        (Method::GET, "/api/v1/namespaces/default/../kube-system", json, "", 400),
        (Method::GET, "/apis/nobody.io/v1/things", json, "", 404),
        (Method::PATCH, "/api/v1/namespaces/default/configmaps", json, "{}", 405),
        (Method::POST, "/api/v1/configmaps", json, "{}", 405),
        (Method::POST, "/api/v1/namespaces/default/configmaps", "text/plain", "x", 415),
        (Method::POST, "/api/v1/namespaces/default/configmaps", json, "{", 400),
        (Method::POST, "/api/v1/namespaces/default/configmaps", json, r#"{"kind":"Secret"}"#, 400),
        (
            Method::POST,
            "/api/v1/namespaces/default/configmaps",
            json,
            r#"{"metadata":{"name":"A"}}"#,
            422,
        ),
        (
            Method::POST,
            "/api/v1/namespaces/default/configmaps",
            json,
            r#"{"metadata":{"name":"a"},"data":3}"#,
            422,
        ),
        (
            Method::POST,
            "/api/v1/namespaces/nowhere/configmaps",
            json,
            r#"{"metadata":{"name":"a"}}"#,
            404,
        ),
        (Method::DELETE, "/version", json, "", 405),
    ] {
        let (given, status) = cluster.call(method, path, media_type, body).await;
        assert_eq!(
            (given, status["kind"].as_str()),
            (code, Some("Status")),
            "{path} {body}: {status}"
        );
    }
}

#[tokio::test]
async fn a_body_of_more_than_three_mebibytes_is_refused() {
    let cluster = Cluster::start().await;
    let body = json!({"metadata": {"name": "a"}, "data": {"x": "y".repeat(4 << 20)}}).to_string();
    let path = "/api/v1/namespaces/default/configmaps";
    let (code, status) = cluster.call(Method::POST, path, "application/json", &body).await;
    assert_eq!((code, status["reason"].as_str()), (413, Some("RequestEntityTooLarge")));
}

#[tokio::test]
async fn an_unknown_field_is_refused_warned_of_or_let_go() {
    let cluster = Cluster::start().await;
    let body = json!({"metadata": {"name": "a"}, "datum": {"x": "1"}}).to_string();
    let path = "/api/v1/namespaces/default/configmaps?dryRun=All&fieldValidation=";
    let (code, status) =
        cluster.call(Method::POST, &format!("{path}Strict"), "application/json", &body).await;
    assert_eq!(code, 400);
    assert!(status["message"].as_str().unwrap().contains(r#"unknown field "datum""#), "{status}");
    let (code, made) =
        cluster.call(Method::POST, &format!("{path}Warn"), "application/json", &body).await;
    assert_eq!((code, &made["datum"]), (201, &json!(null)));
}

#[tokio::test]
async fn a_new_namespace_has_its_label_and_its_account() {
    let cluster = Cluster::start().await;
    let namespace = serde_json::from_value(json!({"metadata": {"name": "team"}})).unwrap();
    let made = cluster.namespaces().create(&PostParams::default(), &namespace).await.unwrap();
    assert_eq!(made.labels()["kubernetes.io/metadata.name"], "team");
    assert_eq!(made.status.unwrap().phase.as_deref(), Some("Active"));
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client.clone(), "team");
    accounts.get("default").await.unwrap();
}
