//! Users and access keys.

use axum::http::StatusCode;
use dormer::clock::Clock;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{M, TestServer};

#[tokio::test]
async fn a_taken_username_and_a_bad_email_are_told_at_their_fields() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let user = json!({ "metadata": { "name": "admin2" }, "spec": { "username": "Admin", "email": "nope" } });
    let answer = admin.post(&format!("{M}/users"), &user).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let causes = answer.body["details"]["causes"].as_array().unwrap().clone();
    let told: Vec<String> = causes
        .iter()
        .map(|it| format!("{}: {}", it["field"].as_str().unwrap(), it["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "spec.email: Not a valid email address.",
            "spec.username: A user with this username exists."
        ]
    );
}

#[tokio::test]
async fn a_password_is_in_no_answer_and_a_short_one_is_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let user = |password: &str| json!({ "metadata": { "name": "anna" }, "spec": { "username": "anna", "password": password } });
    let short = admin.post(&format!("{M}/users"), &user("short")).await;
    assert_eq!(short.body["details"]["causes"][0]["message"], "At least 12 characters.");
    let made = admin
        .post(&format!("{M}/users"), &user("a long password"))
        .await
        .expect(StatusCode::CREATED);
    let read = admin.get(&format!("{M}/users/anna")).await.expect(StatusCode::OK);
    for text in [made.to_string(), read.to_string()] {
        assert!(!text.contains("argon2") && !text.contains("a long password"), "{text}");
    }
}

#[tokio::test]
async fn a_member_sees_themselves_and_nobody_else() {
    let server = TestServer::start().await;
    let (anna, _) = (server.member("anna").await, server.member("ben").await);
    let list = anna.get(&format!("{M}/users")).await.expect(StatusCode::OK);
    let names: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|it| &it["metadata"]["name"]).collect();
    assert_eq!(names, ["anna"]);
    let (hidden, missing) =
        (anna.get(&format!("{M}/users/ben")).await, anna.get(&format!("{M}/users/zoe")).await);
    assert_snapshot!(hidden.line(), @r#"404 NotFound: users.management.loft.sh "ben" not found"#);
    assert_eq!(hidden.body.to_string().replace("ben", "zoe"), missing.body.to_string());
    let promoted = json!({ "spec": { "clusterRoles": [{ "name": "loft-management-admin" }] } });
    assert_eq!(
        anna.patch(&format!("{M}/users/anna"), &promoted).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_secret_of_a_key_is_in_the_answer_to_its_creation_and_nowhere_else() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let new = json!({ "metadata": { "name": "ci" }, "spec": { "displayName": "CI" } });
    let made = anna.post(&format!("{M}/ownedaccesskeys"), &new).await.expect(StatusCode::CREATED);
    let secret = made["spec"]["key"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("vck_"), "{secret}");
    assert_eq!(made["spec"]["ttl"], 2_592_000);
    let listed = anna.get(&format!("{M}/users/anna/accesskeys")).await.expect(StatusCode::OK);
    let read = anna.get(&format!("{M}/ownedaccesskeys/ci")).await.expect(StatusCode::OK);
    assert!(listed.to_string().contains("\"CI\""), "{listed:#}");
    for text in [listed.to_string(), read.to_string()] {
        assert!(!text.contains(&secret), "{text}");
    }
    for file in std::fs::read_dir(server.folder.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
        assert!(!found, "the secret is in {}", path.display());
    }
}

#[tokio::test]
async fn a_key_is_for_its_maker_whatever_they_say_and_gone_when_it_is_revoked() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let new = json!({ "spec": { "user": "admin", "displayName": "mine" } });
    let made = anna.post(&format!("{M}/ownedaccesskeys"), &new).await.expect(StatusCode::CREATED);
    assert_eq!(made["spec"]["user"], "anna");
    let bearer = format!("Bearer {}", made["spec"]["key"].as_str().unwrap());
    let by_key = server.anonymous().with("authorization", &bearer);
    by_key.get(&format!("{M}/projects")).await.expect(StatusCode::OK);
    let name = made["metadata"]["name"].as_str().unwrap();
    anna.delete(&format!("{M}/ownedaccesskeys/{name}")).await.expect(StatusCode::OK);
    assert_eq!(by_key.get(&format!("{M}/projects")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_sees_or_revokes_the_keys_of_another() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    let new = json!({ "metadata": { "name": "ci" }, "spec": {} });
    anna.post(&format!("{M}/ownedaccesskeys"), &new).await.expect(StatusCode::CREATED);
    assert_eq!(ben.get(&format!("{M}/ownedaccesskeys/ci")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ben.delete(&format!("{M}/ownedaccesskeys/ci")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ben.get(&format!("{M}/users/anna/accesskeys")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_expired_key_and_a_key_with_a_letter_changed_are_nobodys() {
    let clock = Clock::standing_at(1_800_000_000);
    let server = TestServer::at(clock.clone()).await;
    let anna = server.member("anna").await;
    let new = json!({ "spec": { "ttl": 60 } });
    let made = anna.post(&format!("{M}/ownedaccesskeys"), &new).await.expect(StatusCode::CREATED);
    let secret = made["spec"]["key"].as_str().unwrap();
    let by = |secret: &str| server.anonymous().with("authorization", &format!("Bearer {secret}"));
    by(secret).get(&format!("{M}/projects")).await.expect(StatusCode::OK);
    let last = if secret.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{last}", &secret[..secret.len() - 1]);
    assert_eq!(by(&changed).get(&format!("{M}/projects")).await.status, StatusCode::UNAUTHORIZED);
    clock.advance(60);
    assert_eq!(by(secret).get(&format!("{M}/projects")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_scope_that_is_not_understood_is_refused_rather_than_ignored() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let new = json!({ "spec": { "scope": { "projects": [{ "project": "default" }] } } });
    let answer = anna.post(&format!("{M}/ownedaccesskeys"), &new).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.body["details"]["causes"][0]["field"], "spec.scope");
}

#[tokio::test]
async fn a_demoted_administrator_is_one_no_more_and_nor_is_the_next_of_that_name() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let eve = json!({ "metadata": { "name": "eve" }, "spec": {
        "username": "eve", "password": "the password of eve",
        "clusterRoles": [{ "name": "loft-management-admin" }],
    } });
    admin.post(&format!("{M}/users"), &eve).await.expect(StatusCode::CREATED);
    let eve = server.signed_in("eve", "the password of eve").await;
    let demoted = json!({ "spec": { "clusterRoles": [] } });
    eve.patch(&format!("{M}/users/admin"), &demoted).await.expect(StatusCode::OK);
    assert_eq!(admin.get(&format!("{M}/users/eve")).await.status, StatusCode::NOT_FOUND);
    eve.delete(&format!("{M}/users/admin")).await.expect(StatusCode::OK);
    let plain = json!({ "metadata": { "name": "admin" }, "spec": { "username": "admin", "password": "a new password" } });
    eve.post(&format!("{M}/users"), &plain).await.expect(StatusCode::CREATED);
    let next = server.signed_in("admin", "a new password").await;
    let oneself = next.post(&format!("{M}/selves"), &json!({})).await.expect(StatusCode::CREATED);
    assert_eq!(oneself["status"]["admin"], false);
}

#[tokio::test]
async fn a_user_who_owns_virtual_clusters_is_not_deleted() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    let answer = admin.delete(&format!("{M}/users/anna")).await;
    let message = &answer.body["details"]["causes"][0]["message"];
    assert_eq!(
        message,
        "They own 1 virtual clusters. Delete those, or give them to somebody else, first."
    );
}
