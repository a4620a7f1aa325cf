//! Passwords, sessions of the page, invites, and the brake on guessing.

use axum::http::StatusCode;
use dormer::clock::Clock;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{ADMIN_PASSWORD, M, Person, TestServer};

fn credentials(username: &str, password: &str) -> Value {
    json!({ "username": username, "password": password })
}

/// Our own page in a browser.
fn page(server: &TestServer) -> Person {
    server.anonymous().with("x-dormer", "1").with("sec-fetch-site", "same-origin")
}

/// Our own page after signing in.
async fn signed_in_page(server: &TestServer) -> Person {
    let answer = page(server).post("/auth/session", &credentials("admin", ADMIN_PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::OK, "{:#}", answer.body);
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    page(server).with("cookie", cookie.split(';').next().unwrap())
}

#[tokio::test]
async fn a_command_line_signs_in_with_a_password_and_gets_a_key_that_works() {
    let server = TestServer::start().await;
    let oneself = server
        .admin()
        .await
        .post(&format!("{M}/selves"), &json!({}))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(oneself["status"]["user"]["name"], "admin");
    assert_eq!(oneself["status"]["accessKeyType"], "Login");
    assert_eq!(oneself["status"]["projectNamespacePrefix"], "loft-p-");
    assert_eq!(oneself["kind"], "Self");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_in_the_same_words() {
    let server = TestServer::start().await;
    let wrong =
        page(&server).post("/auth/session", &credentials("admin", "not the password")).await;
    let unknown =
        page(&server).post("/auth/session", &credentials("nobody", "not the password")).await;
    assert_snapshot!(wrong.line(), @"401 Unauthorized: Username or password is not right.");
    assert_eq!(wrong.body, unknown.body);
}

#[tokio::test]
async fn somebody_may_sign_in_with_their_email_address_in_any_case() {
    let server = TestServer::start().await;
    server.member("anna").await;
    server.signed_in("ANNA@Example.com", "the password of anna").await;
}

#[tokio::test]
async fn the_session_of_the_page_works_for_the_page_only() {
    let server = TestServer::start().await;
    let page = signed_in_page(&server).await;
    page.get(&format!("{M}/users")).await.expect(StatusCode::OK);
    let foreign = page.clone().with("sec-fetch-site", "cross-site");
    assert_eq!(foreign.get(&format!("{M}/users")).await.status, StatusCode::FORBIDDEN);
    let through = page.get("/kubernetes/cluster/loft-cluster/api").await;
    assert_snapshot!(through.line(), @"401 Unauthorized: Unauthorized");
}

#[tokio::test]
async fn a_session_that_was_ended_is_nobody() {
    let server = TestServer::start().await;
    let page = signed_in_page(&server).await;
    assert_eq!(page.delete("/auth/session").await.status, StatusCode::NO_CONTENT);
    assert_eq!(page.get(&format!("{M}/users")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
    let clock = Clock::standing_at(1_800_000_000);
    let server = TestServer::at(clock.clone()).await;
    let page = signed_in_page(&server).await;
    clock.advance(1799);
    page.get(&format!("{M}/users")).await.expect(StatusCode::OK);
    clock.advance(1800);
    assert_eq!(page.get(&format!("{M}/users")).await.status, StatusCode::UNAUTHORIZED);
    let page = signed_in_page(&server).await;
    for _ in 0..24 {
        clock.advance(1795);
        page.get(&format!("{M}/users")).await.expect(StatusCode::OK);
    }
    clock.advance(200);
    assert_eq!(page.get(&format!("{M}/users")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_user_says_when_they_were_last_here_after_their_session_is_over() {
    let clock = Clock::standing_at(1_800_000_000);
    let server = TestServer::at(clock.clone()).await;
    let page = signed_in_page(&server).await;
    page.delete("/auth/session").await;
    clock.advance(3600);
    let page = signed_in_page(&server).await;
    clock.advance(600);
    let admin = page.get(&format!("{M}/users/admin")).await.expect(StatusCode::OK);
    assert_eq!(admin["status"]["lastActivity"], dormer::clock::rfc3339(1_800_003_600 + 600));
}

#[tokio::test]
async fn the_fifth_wrong_password_in_a_row_makes_the_next_one_wait() {
    let clock = Clock::standing_at(1_800_000_000);
    let server = TestServer::at(clock.clone()).await;
    let page = page(&server);
    for _ in 0..6 {
        page.post("/auth/session", &credentials("admin", "not the password")).await;
        clock.advance(1);
    }
    let answer = page.post("/auth/session", &credentials("admin", ADMIN_PASSWORD)).await;
    assert_snapshot!(answer.line(), @"429 TooManyRequests: Too many tries. Try again in 1 seconds.");
    assert_eq!(answer.headers["retry-after"], "1");
    clock.advance(1);
    page.post("/auth/session", &credentials("admin", ADMIN_PASSWORD)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_locked_user_can_neither_sign_in_nor_use_a_key_they_had() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let lock = json!({ "spec": { "disabled": true } });
    server.admin().await.patch(&format!("{M}/users/anna"), &lock).await.expect(StatusCode::OK);
    assert_eq!(anna.get(&format!("{M}/projects")).await.status, StatusCode::UNAUTHORIZED);
    let answer =
        page(&server).post("/auth/session", &credentials("anna", "the password of anna")).await;
    assert_snapshot!(answer.line(), @"403 Forbidden: This account is locked. Ask an administrator.");
}

#[tokio::test]
async fn an_invite_sets_a_first_password_signs_in_and_works_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let user = json!({ "spec": { "username": "ben", "email": "ben@example.com" } });
    let user = admin.post(&format!("{M}/users"), &user).await.expect(StatusCode::CREATED);
    assert_eq!(user["metadata"]["name"], "ben");
    assert_eq!(user["status"]["hasPassword"], false);
    let invite = json!({ "spec": { "user": "ben" } });
    let invite =
        admin.post(&format!("{M}/resetaccesskeys"), &invite).await.expect(StatusCode::CREATED);
    let token = invite["spec"]["key"].as_str().unwrap();

    let page = page(&server);
    let whom =
        page.post("/auth/invite/inspect", &json!({ "token": token })).await.expect(StatusCode::OK);
    assert_eq!(whom["username"], "ben");
    let short = page.post("/auth/invite", &json!({ "token": token, "password": "short" })).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(short.body["details"]["causes"][0]["field"], "password");
    let answer = json!({ "token": token, "password": "a first password" });
    let oneself = page.post("/auth/invite", &answer).await.expect(StatusCode::OK);
    assert_eq!(oneself["status"]["user"]["name"], "ben");
    assert_eq!(page.post("/auth/invite", &answer).await.status, StatusCode::NOT_FOUND);
    server.signed_in("ben", "a first password").await;
    let user = admin.get(&format!("{M}/users/ben")).await.expect(StatusCode::OK);
    assert_eq!(user["status"]["hasPassword"], true);
}

#[tokio::test]
async fn an_invite_is_no_access_key_and_ends_after_a_week() {
    let clock = Clock::standing_at(1_800_000_000);
    let server = TestServer::at(clock.clone()).await;
    let admin = server.admin().await;
    admin
        .post(&format!("{M}/users"), &json!({ "spec": { "username": "ben" } }))
        .await
        .expect(StatusCode::CREATED);
    let invite = json!({ "spec": { "user": "ben" } });
    let invite =
        admin.post(&format!("{M}/resetaccesskeys"), &invite).await.expect(StatusCode::CREATED);
    let token = invite["spec"]["key"].as_str().unwrap();
    let bearer = server.anonymous().with("authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.get(&format!("{M}/projects")).await.status, StatusCode::UNAUTHORIZED);
    clock.advance(7 * 24 * 60 * 60);
    let late = page(&server).post("/auth/invite/inspect", &json!({ "token": token })).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let server = TestServer::start().await;
    let rebound = server.anonymous().with("host", "evil.example");
    assert_eq!(rebound.get("/healthz").await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn the_last_administrator_is_not_seeded_again() {
    let mut server = TestServer::start().await;
    let admin = server.admin().await;
    let other = json!({ "spec": {
        "username": "eve", "password": "the password of eve",
        "clusterRoles": [{ "name": "loft-management-admin" }],
    } });
    admin.post(&format!("{M}/users"), &other).await.expect(StatusCode::CREATED);
    let eve = server.signed_in("eve", "the password of eve").await;
    eve.delete(&format!("{M}/users/admin")).await.expect(StatusCode::OK);
    server.restart().await;
    let eve = server.signed_in("eve", "the password of eve").await;
    assert_eq!(eve.get(&format!("{M}/users/admin")).await.status, StatusCode::NOT_FOUND);
    let refused = eve.delete(&format!("{M}/users/eve")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
