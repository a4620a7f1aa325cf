//! Every route against nobody, a stranger and a member: the table and the server agree.

use axum::http::{Method, StatusCode};
use dormer::kube::resource::Verb;
use dormer::routes::{self, Who};

use crate::harness::{M, Person, TestServer};

/// A request that a row of the table answers.
fn request(path: &str, method: &str) -> (Method, String) {
    let method = if method == "*" { Method::GET } else { method.parse().unwrap() };
    (method, path.replace("{*path}", "cluster/loft-cluster/api"))
}

#[tokio::test]
async fn nobody_gets_past_a_route_that_is_not_for_anyone() {
    let server = TestServer::start().await;
    for row in routes::table() {
        let (method, path) = request(row.path, row.method);
        let bad =
            ["", "Bearer", "Bearer nothing", "Bearer vck_0", "Basic YWRtaW46YWRtaW4=", "bearer x"];
        for credential in bad {
            let who = server.anonymous();
            let who =
                if credential.is_empty() { who } else { who.with("authorization", credential) };
            let status = who.call(method.clone(), &path, None, "").await.status;
            let refused = status == StatusCode::UNAUTHORIZED;
            assert_eq!(
                refused,
                row.who != Who::Anyone,
                "{method} {path} with {credential:?}: {status}"
            );
        }
    }
}

/// A path and method for each resource and verb of the management API.
fn call(resource: &str, namespaced: bool, verb: Verb, subresource: &str) -> (Method, String) {
    let namespace = if namespaced { "/namespaces/loft-p-default" } else { "" };
    let collection = format!("{M}{namespace}/{resource}");
    let one = format!("{collection}/nothing");
    let part = if subresource.is_empty() { one.clone() } else { format!("{one}/{subresource}") };
    match verb {
        Verb::Get => (Method::GET, part),
        Verb::List => (Method::GET, collection),
        Verb::Watch => (Method::GET, format!("{collection}?watch=1&timeoutSeconds=1")),
        Verb::Create if subresource.is_empty() => (Method::POST, collection),
        Verb::Create => (Method::POST, part),
        Verb::Update => (Method::PUT, part),
        Verb::Patch => (Method::PATCH, part),
        Verb::Delete => (Method::DELETE, part),
        Verb::DeleteCollection => (Method::DELETE, collection),
        Verb::Use => unreachable!("only the gateway asks it"),
    }
}

async fn status(who: &Person, method: Method, path: &str) -> StatusCode {
    let body = serde_json::json!({ "metadata": { "name": "nothing" } });
    let kind =
        if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let body = matches!(method, Method::POST | Method::PUT | Method::PATCH).then_some(&body);
    who.call(method.clone(), path, body, kind).await.status
}

#[tokio::test]
async fn every_verb_of_every_management_resource_knows_its_caller() {
    let server = TestServer::start().await;
    let nobody = server.anonymous();
    let rows = server.running.as_ref().unwrap().app.management.rows();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let (method, path) = call(&row.resource, row.namespaced, row.verb, &row.subresource);
        assert_eq!(
            status(&nobody, method.clone(), &path).await,
            StatusCode::UNAUTHORIZED,
            "{method} {path}"
        );
    }
}

/// What a member may ask for at all; everything else is 403 or hidden behind 404.
fn open_to_members(resource: &str, verb: Verb) -> bool {
    match resource {
        "selves"
        | "selfsubjectaccessreviews"
        | "ownedaccesskeys"
        | "directclusterendpointtokens" => true,
        "virtualclusterinstances" => verb != Verb::DeleteCollection,
        _ => matches!(verb, Verb::List | Verb::Watch),
    }
}

#[tokio::test]
async fn a_member_gets_no_further_than_the_list_of_what_members_may() {
    let server = TestServer::start().await;
    let member = server.member("anna").await;
    for row in server.running.as_ref().unwrap().app.management.rows() {
        let (method, path) = call(&row.resource, row.namespaced, row.verb, &row.subresource);
        let status = status(&member, method.clone(), &path).await;
        let refused = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        if !open_to_members(&row.resource, row.verb) {
            assert!(refused, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_below_the_api_is_a_status_and_not_the_page() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for path in
        ["/kubernetes/nothing", "/auth/nothing", "/kubernetes/management/apis/none/v1/things"]
    {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.body["kind"], "Status", "{path}");
    }
}
