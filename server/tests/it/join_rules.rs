//! What may be said of a cluster, and by whom.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dormer::hosts::kubeconfig::intake;
use dormer::management::{self, CLUSTERS};
use dormer_api::annotation::{
    DIRECT_ENDPOINT, DIRECT_ENDPOINT_CA_DATA, DIRECT_ENDPOINT_INSECURE,
    DIRECT_ENDPOINT_INSECURE_REASON, DIRECT_ENDPOINT_UNCHECKED,
};
use dormer_api::project::{ROLE_ADMIN, ROLE_USER, ROLE_VIEWER};
use serde_json::{Value, json};

use crate::harness::{Answer, M, Person, TestServer, vcluster, vclusters};
use crate::join::{asking, cluster, code, join, waiting};
use crate::region::until;

#[track_caller]
fn field_of(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{:#}", answer.body);
    answer.body["details"]["causes"][0]["field"].as_str().unwrap()
}

#[tokio::test]
async fn a_cluster_is_made_for_an_agent_and_in_no_other_way() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for (spec, field) in [
        (json!({}), "spec.networkPeer"),
        (json!({ "networkPeer": false }), "spec.networkPeer"),
        (json!({ "networkPeer": "true" }), "spec.networkPeer"),
        (json!({ "networkPeer": true, "local": true }), "spec.local"),
        (json!({ "networkPeer": true, "config": { "secretName": "x" } }), "spec.config"),
        (json!({ "networkPeer": true, "displayName": "x".repeat(64) }), "spec.displayName"),
    ] {
        let body = json!({ "metadata": { "name": "eu" }, "spec": spec });
        let answer = admin.post(&format!("{M}/clusters"), &body).await;
        assert_eq!(field_of(&answer), field, "{spec}");
    }
    for name in ["Eu", "e_u", "-eu", &"e".repeat(64)] {
        let body = json!({ "metadata": { "name": name }, "spec": { "networkPeer": true } });
        let answer = admin.post(&format!("{M}/clusters"), &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
    waiting(&admin, "eu").await;
    let taken = json!({ "metadata": { "name": "eu" }, "spec": { "networkPeer": true } });
    assert_eq!(admin.post(&format!("{M}/clusters"), &taken).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn t50_what_a_cluster_is_found_to_be_nobody_writes() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let found = json!({ "host": "evil.example", "ok": true });
    let status = json!({ "online": true, "endpoint": found, "agent": { "publicKey": "x" } });
    let body =
        json!({ "metadata": { "name": "eu" }, "spec": { "networkPeer": true }, "status": status });
    let made = admin.post(&format!("{M}/clusters"), &body).await.expect(StatusCode::CREATED);
    assert_eq!(made["status"]["endpoint"], Value::Null);
    let change = json!({ "status": status, "spec": { "networkPeer": false, "local": true } });
    let changed = admin.patch(&cluster("eu"), &change).await.expect(StatusCode::OK);
    assert_eq!(changed["status"]["endpoint"], Value::Null);
    assert_eq!(changed["status"]["agent"], Value::Null);
    assert_eq!(changed["spec"]["networkPeer"], true, "the way is said once");
    assert_ne!(changed["spec"]["local"], true);
    let mut whole = changed.clone();
    whole["status"] = status.clone();
    let put = admin.put(&cluster("eu"), &whole).await.expect(StatusCode::OK);
    assert_eq!(put["status"]["endpoint"], Value::Null);
    for method in [Method::PUT, Method::PATCH] {
        let path = format!("{}/status", cluster("eu"));
        let answer = admin.call(method, &path, Some(&whole), "application/merge-patch+json").await;
        assert!(answer.status.is_client_error(), "{:#}", answer.body);
    }
}

#[tokio::test]
async fn the_cluster_inside_this_instance_stays_and_has_no_join_code() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let local = cluster("loft-cluster");
    assert_eq!(field_of(&admin.delete(&local).await), "spec.local");
    assert_eq!(field_of(&admin.get(&format!("{local}/accesskey")).await), "spec.networkPeer");
    admin.get(&local).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn t37_disconnecting_forgets_codes_and_credentials() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    waiting(&admin, "eu").await;
    let unused = code(&admin, "eu").await;
    let app = server.running.as_ref().unwrap().app.clone();
    let (vault, sanitized) = (app.vault.clone(), intake(&kubeconfig(), "").unwrap());
    app.store.write(move |tx| vault.put(tx, "eu", "1", &sanitized)).await.unwrap();
    for file in std::fs::read_dir(server.folder.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let found = bytes.windows(CANARY.len()).any(|it| it == CANARY.as_bytes());
        assert!(!found, "the credential is in {}", path.display());
    }
    admin.delete(&cluster("eu")).await.expect(StatusCode::OK);
    admin.until_gone(&cluster("eu")).await;
    let kept = app.store.read(|it| Ok::<_, dormer::kube::Error>(it.sealed("eu")?.is_some())).await;
    assert!(!kept.unwrap());
    let range = management::range(management::ACCESS_KEYS);
    let keys = app.store.write(move |tx| Ok::<_, dormer::kube::Error>(tx.list(&range)?)).await;
    let text: Vec<String> = keys
        .unwrap()
        .iter()
        .map(|it| String::from_utf8_lossy(&it.body).into_owned())
        .filter(|it| it.contains("NetworkPeer"))
        .collect();
    assert_eq!(text, [""; 0]);
    // The next one of that name is another cluster, for which the old code is none.
    waiting(&admin, "eu").await;
    assert_eq!(join(&server, &asking("eu", &unused)).await.status, StatusCode::UNAUTHORIZED);
}

const CANARY: &str = "a-canary-of-a-token";

fn kubeconfig() -> String {
    let names = ["k.example.com".to_owned()];
    let authority = rcgen::generate_simple_self_signed(names).unwrap().cert.pem();
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": {
            "server": "https://k.example.com", "certificate-authority-data": STANDARD.encode(authority),
        } }],
        "users": [{ "name": "c", "user": { "token": CANARY } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "c" } }],
    })
    .to_string()
}

#[tokio::test]
async fn no_new_virtual_cluster_is_placed_on_a_cordoned_cluster_and_the_old_ones_go_on() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    admin.make("before").await;
    let cordon = |unusable: bool| json!({ "spec": { "unusable": unusable } });
    admin.patch(&cluster("loft-cluster"), &cordon(true)).await.expect(StatusCode::OK);
    let new = json!({ "metadata": { "name": "after" } });
    admin.post(&vclusters(), &new).await.expect(StatusCode::CREATED);
    until("NoCluster", async || {
        let waits = admin.get(&vcluster("after")).await.body;
        (waits["status"]["reason"] == "NoCluster").then_some(())
    })
    .await;
    let path = "/kubernetes/project/default/virtualcluster/before/api/v1/namespaces";
    admin.get(path).await.expect(StatusCode::OK);
    admin.patch(&cluster("loft-cluster"), &cordon(false)).await.expect(StatusCode::OK);
    let after = admin.until("after", "Ready").await;
    assert_eq!(after["spec"]["clusterRef"]["cluster"], "loft-cluster");
}

/// The five roles, in a project of their own making.
async fn roles(server: &TestServer, admin: &Person) -> Vec<Person> {
    let mut people = Vec::new();
    for name in ["paula", "mia", "vic", "sam"] {
        people.push(server.member(name).await);
    }
    let member = |name: &str, role: &str| json!({ "kind": "User", "group": "storage.loft.sh", "name": name, "clusterRole": role });
    let members = json!({ "spec": { "members": [
        member("paula", ROLE_ADMIN), member("mia", ROLE_USER), member("vic", ROLE_VIEWER),
    ] } });
    admin.patch(&format!("{M}/projects/default"), &members).await.expect(StatusCode::OK);
    people
}

#[tokio::test]
async fn t50_only_an_administrator_says_where_the_direct_endpoint_is() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let local = cluster("loft-cluster");
    let before = admin.get(&local).await.expect(StatusCode::OK);
    let evil = json!({ "metadata": { "annotations": {
        DIRECT_ENDPOINT: "evil.example", DIRECT_ENDPOINT_UNCHECKED: "true",
    } } });
    let check = json!({ "spec": { "host": "evil.example" } });
    for person in roles(&server, &admin).await {
        let mut whole = before.clone();
        whole["metadata"]["annotations"] = evil["metadata"]["annotations"].clone();
        for answer in [
            person.patch(&local, &evil).await,
            person.put(&local, &whole).await,
            person.post(&format!("{local}/endpointcheck"), &check).await,
            person.post(&format!("{M}/clusters"), &whole).await,
        ] {
            let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            assert!(refused, "{}: {} {:#}", person.name, answer.status, answer.body);
        }
    }
    let after = admin.get(&local).await.expect(StatusCode::OK);
    assert_eq!(after["metadata"]["annotations"], before["metadata"]["annotations"]);
    admin.patch(&local, &evil).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn t50_an_administrator_too_needs_a_good_check_or_has_to_insist() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    waiting(&admin, "eu").await;
    let set = async |annotations: Value| {
        admin.patch(&cluster("eu"), &json!({ "metadata": { "annotations": annotations } })).await
    };
    for refused in [
        json!({ DIRECT_ENDPOINT: "eu.example.com" }),
        json!({ DIRECT_ENDPOINT: "eu.example.com", DIRECT_ENDPOINT_UNCHECKED: "yes" }),
        json!({ DIRECT_ENDPOINT: "eu.example.com/path", DIRECT_ENDPOINT_UNCHECKED: "true" }),
        json!({ DIRECT_ENDPOINT: "user@eu.example.com", DIRECT_ENDPOINT_UNCHECKED: "true" }),
        json!({ DIRECT_ENDPOINT_INSECURE: "true", DIRECT_ENDPOINT_UNCHECKED: "true" }),
        json!({ DIRECT_ENDPOINT: "eu.example.com", DIRECT_ENDPOINT_INSECURE: "true",
                DIRECT_ENDPOINT_UNCHECKED: "true" }),
        json!({ DIRECT_ENDPOINT: "eu.example.com", DIRECT_ENDPOINT_INSECURE: "true",
                DIRECT_ENDPOINT_CA_DATA: "QQ==", DIRECT_ENDPOINT_UNCHECKED: "true",
                DIRECT_ENDPOINT_INSECURE_REASON: "a lab" }),
    ] {
        assert_eq!(field_of(&set(refused.clone()).await), "metadata.annotations", "{refused}");
    }
    // A check that found something else, or nothing good, is no leave.
    for (found, host, allowed) in [
        (json!({ "host": "eu.example.com", "ok": false }), "eu.example.com", false),
        (json!({ "host": "eu.example.com", "ok": true }), "evil.example", false),
        (
            json!({ "host": "eu.example.com", "ok": true, "insecure": true }),
            "eu.example.com",
            false,
        ),
        (
            json!({ "host": "eu.example.com", "ok": true, "caData": "QQ==" }),
            "eu.example.com",
            false,
        ),
        (json!({ "host": "eu.example.com", "ok": true }), "eu.example.com", true),
    ] {
        was_checked(&server, found.clone()).await;
        let answer = set(json!({ DIRECT_ENDPOINT: host })).await;
        assert_eq!(answer.status == StatusCode::OK, allowed, "{found} {host}: {:#}", answer.body);
    }
    // What is set may stay when something else is changed, and goes away without a check.
    was_checked(&server, json!({ "host": "eu.example.com", "ok": false })).await;
    let label = json!({ "metadata": { "labels": { "a": "b" } } });
    admin.patch(&cluster("eu"), &label).await.expect(StatusCode::OK);
    set(json!({ DIRECT_ENDPOINT: null })).await.expect(StatusCode::OK);
}

/// Writes down what a check found, as the server does after one.
async fn was_checked(server: &TestServer, found: Value) {
    let app = server.running.as_ref().unwrap().app.clone();
    let place = management::key(CLUSTERS, "", "eu");
    app.store
        .write(move |tx| {
            let entry = tx.get(&place)?.unwrap();
            let mut eu: Value = serde_json::from_slice(&entry.body).unwrap();
            eu["status"]["endpoint"] = found;
            tx.update(&place, None, eu)?;
            Ok::<_, dormer::kube::Error>(())
        })
        .await
        .unwrap();
}
