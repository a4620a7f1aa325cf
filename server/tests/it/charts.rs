//! Who says what is deployed in a real host: its agent may do everything there.

use axum::http::StatusCode;
use dormer_api::annotation::OWN_TEMPLATE;
use serde_json::{Value, json};

use crate::harness::{M, NAMESPACE, TestServer};

fn instance(name: &str, cluster: &str) -> Value {
    let chart = json!({ "name": "any", "repo": "https://charts.example.com" });
    json!({
        "metadata": { "name": name, "annotations": { OWN_TEMPLATE: "false" } },
        "spec": {
            "clusterRef": { "cluster": cluster },
            "template": { "helmRelease": { "chart": chart, "values": "a: 1" } },
        },
    })
}

#[tokio::test]
async fn t38_only_an_administrator_says_which_chart_is_deployed_in_a_real_cluster() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    let real = json!({ "metadata": { "name": "real" }, "spec": { "networkPeer": true } });
    admin.post(&format!("{M}/clusters"), &real).await.expect(StatusCode::CREATED);
    let path = format!("{M}/namespaces/{NAMESPACE}/virtualclusterinstances");

    let refused = anna.post(&path, &instance("one", "real")).await;
    let refused = refused.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused["details"]["causes"][0]["field"], "spec.template");

    // Where no charts run it harms nobody; but it is remembered, whatever the request says of it.
    let made = anna.post(&path, &instance("two", "")).await.expect(StatusCode::CREATED);
    assert_eq!(made["metadata"]["annotations"][OWN_TEMPLATE], "true");
    let two = format!("{path}/two");
    let forged = json!({ "metadata": { "annotations": { OWN_TEMPLATE: null } } });
    let kind = "application/merge-patch+json";
    let patched = anna.call(axum::http::Method::PATCH, &two, Some(&forged), kind).await;
    let patched = patched.expect(StatusCode::OK);
    assert_eq!(patched["metadata"]["annotations"][OWN_TEMPLATE], "true");

    let made = admin.post(&path, &instance("three", "real")).await.expect(StatusCode::CREATED);
    assert!(made["metadata"]["annotations"].get(OWN_TEMPLATE).is_none(), "{made:#}");
    // And what an administrator chose, a member does not change.
    let values = json!({ "spec": { "template": { "helmRelease": { "values": "b: 2" } } } });
    let three = format!("{path}/three");
    admin
        .call(
            axum::http::Method::PATCH,
            &three,
            Some(&json!({ "spec": { "owner": { "user": "anna" } } })),
            kind,
        )
        .await
        .expect(StatusCode::OK);
    let changed = anna.call(axum::http::Method::PATCH, &three, Some(&values), kind).await;
    changed.expect(StatusCode::UNPROCESSABLE_ENTITY);
}
