//! Lists, tables and discovery.

use axum::http::{Method, Request, header};
use dormer::auth::Caller;
use http_body_util::BodyExt as _;
use kube::api::ListParams;
use kube::{ResourceExt as _, discovery::Discovery};
use serde_json::Value;

use super::{Cluster, create};

#[tokio::test]
async fn pages_of_a_list_show_one_moment() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    for name in ["a", "b", "c", "d", "e"] {
        create(&maps, name, "1").await;
    }
    let first = maps.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(3));
    // What happens between the pages is on none of them.
    create(&maps, "bb", "1").await;
    maps.delete("d", &kube::api::DeleteParams::default()).await.unwrap();
    let mut names: Vec<String> = first.items.iter().map(|it| it.name_any()).collect();
    let mut next = first.metadata.continue_;
    while let Some(token) = next {
        let page = maps.list(&ListParams::default().limit(2).continue_token(&token)).await.unwrap();
        assert_eq!(page.metadata.resource_version, first.metadata.resource_version);
        names.extend(page.items.iter().map(|it| it.name_any()));
        next = page.metadata.continue_;
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn a_page_with_a_selector_has_as_many_as_were_asked_for() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    for name in ["a", "b", "c", "d", "e"] {
        create(&maps, name, if name == "b" { "2" } else { "1" }).await;
    }
    let params = ListParams::default().fields("data.x=1").limit(2);
    let first = maps.list(&params).await.unwrap();
    let second =
        maps.list(&params.continue_token(&first.metadata.continue_.unwrap())).await.unwrap();
    let names: Vec<String> =
        first.items.iter().chain(&second.items).map(|it| it.name_any()).collect();
    assert_eq!(names, ["a", "c", "d", "e"]);
    assert_eq!(second.metadata.continue_, None);
}

#[tokio::test]
async fn discovery_tells_of_every_resource() {
    let cluster = Cluster::start().await;
    for discovery in [
        Discovery::new(cluster.client.clone()).run().await.unwrap(),
        Discovery::new(cluster.client.clone()).run_aggregated().await.unwrap(),
    ] {
        assert!(discovery.has_group("apps"));
        let kind = kube::core::GroupVersionKind::gvk("apps", "v1", "Deployment");
        let (resource, capabilities) = discovery.resolve_gvk(&kind).unwrap();
        assert_eq!(resource.plural, "deployments");
        let parts: Vec<&str> =
            capabilities.subresources.iter().map(|(it, _)| it.plural.as_str()).collect();
        assert!(parts.iter().any(|it| it.ends_with("scale")), "{parts:?}");
    }
}

/// The body of a GET with an `Accept` header.
async fn get(cluster: &Cluster, path: &str, accept: &str) -> (u16, String) {
    let request = Request::builder().method(Method::GET).uri(path).header(header::ACCEPT, accept);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let response = cluster.server.handle(Caller::controller("test"), request).await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_list_is_answered_as_a_table_metadata_or_yaml() {
    let cluster = Cluster::start().await;
    create(&cluster.config_maps(), "a", "1").await;
    let path = "/api/v1/namespaces/default/configmaps";
    let parse = |text: String| serde_json::from_str::<Value>(&text).unwrap();

    let (_, table) = get(&cluster, path, "application/json;as=Table;v=v1;g=meta.k8s.io").await;
    let table = parse(table);
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][0], "a");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let whole = format!("{path}?includeObject=Object");
    let (_, table) = get(&cluster, &whole, "application/json;as=Table;v=v1;g=meta.k8s.io").await;
    assert_eq!(parse(table)["rows"][0]["object"]["data"]["x"], "1");

    let accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let (_, metadata) = get(&cluster, path, accept).await;
    let metadata = parse(metadata);
    assert_eq!(metadata["kind"], "PartialObjectMetadataList");
    assert_eq!(metadata["items"][0]["metadata"]["name"], "a");
    assert_eq!(metadata["items"][0]["data"], Value::Null);

    let (_, yaml) = get(&cluster, path, "application/yaml").await;
    assert!(yaml.contains("kind: ConfigMapList"), "{yaml}");
    assert_eq!(get(&cluster, path, "image/png").await.0, 406);
}

#[tokio::test]
async fn the_rows_of_the_server_name_every_verb_and_part() {
    let cluster = Cluster::start().await;
    let rows = cluster.server.rows();
    let has = |resource: &str, verb: &str, part: &str| {
        rows.iter()
            .any(|it| it.resource == resource && it.verb.as_str() == verb && it.subresource == part)
    };
    assert!(has("configmaps", "watch", "") && has("deployments", "patch", "scale"));
    assert!(has("namespaces", "update", "status") && !has("configmaps", "update", "status"));
}
