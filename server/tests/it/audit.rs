//! Who did what through the gateway: there, complete, without a secret, and only for administrators.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, TestServer, inside};

/// A text that must be in no event.
const CANARY: &str = "cAnArY-7f3d";

async fn events(admin: &Person, query: &str) -> Vec<Value> {
    let list = admin.get(&format!("/audit/events?{query}")).await.expect(StatusCode::OK);
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&"EventList".into(), &"audit.k8s.io/v1".into())
    );
    list["items"].as_array().unwrap().clone()
}

/// `anna create configmaps 201`, the oldest first.
fn lines(events: &[Value]) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let line = |it: &Value| {
        let words = [
            text(&it["user"]["username"]),
            text(&it["verb"]),
            text(&it["objectRef"]["resource"]),
            it["responseStatus"]["code"].to_string(),
        ];
        words.join(" ")
    };
    events.iter().rev().map(line).collect()
}

fn configmap(name: &str, value: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "key": value } })
}

/// Sets what becomes of rows that are added to a table, behind the server's back.
fn sql(server: &TestServer, statement: &str) {
    let file = server.folder.path().join("data").join(dormer::store::FILE);
    rusqlite::Connection::open(file).unwrap().execute_batch(statement).unwrap();
}

#[tokio::test]
async fn who_did_what_is_there_with_its_place_and_its_outcome() {
    let server = TestServer::start().await;
    let (admin, anna, ben) =
        (server.admin().await, server.member("anna").await, server.member("ben").await);
    anna.make("one").await;
    let maps = inside("one", "/api/v1/namespaces/default/configmaps");
    anna.post(&maps, &configmap("a", "1")).await.expect(StatusCode::CREATED);
    anna.post(&maps, &configmap("a", "1")).await.expect(StatusCode::CONFLICT);
    anna.get(&format!("{maps}/a")).await.expect(StatusCode::OK);
    anna.get(&format!("{maps}?watch=1&timeoutSeconds=1")).await.expect(StatusCode::OK);
    anna.delete(&format!("{maps}/a")).await.expect(StatusCode::OK);
    assert_eq!(ben.get(&maps).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ben.get("/kubernetes/cluster/loft-cluster/api").await.status, StatusCode::FORBIDDEN);
    let all = events(&admin, "").await;
    assert_eq!(
        lines(&all),
        [
            "anna create configmaps 201",
            "anna create configmaps 409",
            "anna get configmaps 200",
            "anna watch configmaps 200",
            "anna delete configmaps 200",
            "ben list configmaps 404",
            "ben get  403",
        ]
    );
    let made = all.last().unwrap();
    assert_eq!(made["stage"], "ResponseComplete");
    assert_eq!(made["requestURI"], maps.as_str());
    assert_eq!(made["sourceIPs"], json!(["127.0.0.1"]));
    assert_eq!(made["objectRef"]["namespace"], "default");
    let annotations = &made["annotations"];
    assert_eq!(annotations["dormer.dev/cluster"], "loft-cluster");
    assert_eq!(annotations["dormer.dev/project"], "default");
    assert_eq!(annotations["dormer.dev/virtual-cluster"], "one");
    assert_eq!(annotations["dormer.dev/way"], "central");
}

#[tokio::test]
async fn the_list_is_asked_for_by_user_and_place_and_comes_in_pages() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    for name in ["a", "b", "c", "d", "e"] {
        anna.get(&inside("one", &format!("/api/v1/namespaces/{name}"))).await;
    }
    admin.get("/kubernetes/cluster/loft-cluster/version").await.expect(StatusCode::OK);
    for (query, expected) in [
        ("user=anna", 5),
        ("user=admin", 1),
        ("user=nobody", 0),
        ("cluster=loft-cluster", 6),
        ("project=default&virtualCluster=one", 5),
        ("project=other", 0),
        ("before=2020-01-01T00:00:00Z", 0),
        ("limit=2", 2),
    ] {
        assert_eq!(events(&admin, query).await.len(), expected, "{query}");
    }
    let mut names = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/audit/events?user=anna&limit=2{before}");
        let page = admin.get(&path).await.expect(StatusCode::OK);
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|it| it["objectRef"]["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["metadata"]["continue"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(names, ["e", "d", "c", "b", "a"]);
    for bad in ["before=yesterday", "limit=many", "users=anna"] {
        let answer = admin.get(&format!("/audit/events?{bad}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(answer.body["kind"], "Status", "{bad}");
    }
}

#[tokio::test]
async fn t79_nothing_secret_is_in_it() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    let anna = anna
        .with("x-canary", CANARY)
        .with("cookie", &format!("session={CANARY}"))
        .with("user-agent", &format!("kubectl/v1.33 {CANARY}"));
    let maps = inside("one", "/api/v1/namespaces/default/configmaps");
    anna.post(&format!("{maps}?fieldManager={CANARY}"), &configmap("a", CANARY))
        .await
        .expect(StatusCode::CREATED);
    anna.get(&inside("one", &format!("/api?token={CANARY}"))).await;
    let proxied = inside("one", &format!("/api/v1/namespaces/default/services/web/proxy/{CANARY}"));
    anna.get(&proxied).await;
    anna.get(&inside("one", &format!("/vck_{CANARY}"))).await;
    anna.get(&format!("/kubernetes/vck_{CANARY}/x")).await;
    let nobody = server.anonymous().with("authorization", &format!("Bearer vck_{CANARY}"));
    assert_eq!(nobody.get(&maps).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(events(&admin, "").await.len(), 5);
    let app = &server.running.as_ref().unwrap().app;
    let rows = app.store.read(|it| it.audit_rows()).await.unwrap();
    assert_eq!(rows.len(), 6, "one more for the change, before it was made");
    for row in rows {
        assert!(!row.contains(CANARY), "{row}");
        assert!(!row.contains("Bearer"), "{row}");
    }
}

#[tokio::test]
async fn only_administrators_read_it_and_no_key_with_a_scope() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let answer = anna.get("/audit/events").await;
    assert_eq!(answer.line(), "403 Forbidden: only administrators read the audit trail");
    assert_eq!(server.anonymous().get("/audit/events").await.status, StatusCode::UNAUTHORIZED);
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = server.admin().await.call(method, "/audit/events", None, "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done_and_reading_goes_on() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    let maps = inside("one", "/api/v1/namespaces/default/configmaps");
    sql(
        &server,
        "create trigger broken before insert on audit_events \
         begin select raise(abort, 'broken on purpose'); end",
    );
    let refused = anna.post(&maps, &configmap("a", "1")).await;
    assert_eq!(
        refused.line(),
        "503 ServiceUnavailable: the audit trail cannot be written, so nothing is changed"
    );
    anna.get(&format!("{maps}/a")).await.expect(StatusCode::NOT_FOUND);
    anna.get(&maps).await.expect(StatusCode::OK);
    assert_eq!(events(&admin, "").await.len(), 0);
    sql(&server, "drop trigger broken");
    anna.post(&maps, &configmap("a", "1")).await.expect(StatusCode::CREATED);
    // What waited is there, and so is the refusal.
    assert_eq!(
        lines(&events(&admin, "").await),
        [
            "anna create configmaps 503",
            "anna get configmaps 404",
            "anna list configmaps 200",
            "anna create configmaps 201",
        ]
    );
}

#[tokio::test]
async fn it_outlives_a_restart_whole() {
    let mut server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    anna.get(&inside("one", "/api/v1/namespaces")).await.expect(StatusCode::OK);
    server.restart().await;
    let all = events(&server.admin().await, "").await;
    assert_eq!(lines(&all), ["anna list namespaces 200"]);
}
