//! How an agent joins: a code that works once, and what is said of it when it does not.

use axum::http::StatusCode;
use dormer::auth::signed::Signer;
use dormer::clock::Clock;
use dormer_api::cluster::condition::{
    CODE_ACCEPTED, CONTACTED, EXPIRED_CODE, OLD_AGENT, SAME_CLUSTER, USED_CODE, WRONG_CODE,
};
use serde_json::{Value, json};

use crate::harness::{Answer, M, Person, TestServer};

/// A code that was never given out, in the form of one.
const INVENTED: &str = "vck_0000000000000000000000000000000000000000000";

/// The path of a cluster.
pub fn cluster(name: &str) -> String {
    format!("{M}/clusters/{name}")
}

/// A cluster that waits for its agent.
pub async fn waiting(admin: &Person, name: &str) -> Value {
    let body = json!({ "metadata": { "name": name }, "spec": { "networkPeer": true } });
    admin.post(&format!("{M}/clusters"), &body).await.expect(StatusCode::CREATED)
}

/// A fresh join code.
pub async fn code(admin: &Person, name: &str) -> String {
    let answer = admin.get(&format!("{}/accesskey", cluster(name))).await.expect(StatusCode::OK);
    answer["accessKey"].as_str().unwrap().to_owned()
}

/// What an agent of the cluster says, with a key of its own.
pub fn asking(name: &str, code: &str) -> Value {
    let signer = Signer::new(Signer::generate().unwrap()).unwrap();
    json!({
        "cluster": name, "code": code, "publicKey": signer.public().text(), "version": "0.1.0",
        "clusterUid": format!("uid of {name}"), "embedded": true,
    })
}

/// One try of an agent.
pub async fn join(server: &TestServer, asking: &Value) -> Answer {
    server.anonymous().post("/agent/join", asking).await
}

/// Status and reason of a condition.
#[track_caller]
fn condition<'a>(cluster: &'a Value, kind: &str) -> (&'a str, &'a str) {
    let all = cluster["status"]["conditions"].as_array().unwrap();
    let found = all.iter().find(|it| it["type"] == kind);
    let found = found.unwrap_or_else(|| panic!("there is no {kind}: {all:#?}"));
    (found["status"].as_str().unwrap(), found["reason"].as_str().unwrap_or_default())
}

/// A server whose clock is in the test's hand, its administrator, and a cluster that waits.
async fn begun() -> (TestServer, Clock, Person) {
    let clock = Clock::standing_at(1_800_000_000);
    let server = TestServer::at(clock.clone()).await;
    let admin = server.admin().await;
    waiting(&admin, "eu").await;
    (server, clock, admin)
}

async fn is_refused(server: &TestServer, admin: &Person, code: &str, why: &str) {
    let answer = join(server, &asking("eu", code)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{why}: {:#}", answer.body);
    let eu = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    assert_eq!(condition(&eu, CONTACTED), ("True", ""), "{why}");
    assert_eq!(condition(&eu, CODE_ACCEPTED), ("False", why));
}

#[tokio::test]
async fn t52_a_join_code_works_once_and_the_second_agent_is_told_that_it_was_used() {
    let (server, _, admin) = begun().await;
    let code = code(&admin, "eu").await;
    let asked = asking("eu", &code);
    let joined = join(&server, &asked).await.expect(StatusCode::OK);
    let eu = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    assert_eq!(joined["uid"], eu["metadata"]["uid"]);
    assert_eq!(eu["status"]["agent"]["publicKey"], asked["publicKey"]);
    assert_eq!(eu["status"]["clusterUid"], asked["clusterUid"]);
    assert_eq!(condition(&eu, CODE_ACCEPTED), ("True", ""));
    is_refused(&server, &admin, &code, USED_CODE).await;
    let eu = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    assert_eq!(eu["status"]["agent"]["publicKey"], asked["publicKey"], "the first one stays");
}

#[tokio::test]
async fn t52_a_wrong_a_late_and_an_older_code_are_each_refused_with_their_own_reason() {
    let (server, clock, admin) = begun().await;
    is_refused(&server, &admin, INVENTED, WRONG_CODE).await;
    let late = code(&admin, "eu").await;
    clock.advance(10 * 60);
    is_refused(&server, &admin, &late, EXPIRED_CODE).await;
    let older = code(&admin, "eu").await;
    let newer = code(&admin, "eu").await;
    is_refused(&server, &admin, &older, WRONG_CODE).await;
    clock.advance(10 * 60 - 1);
    join(&server, &asking("eu", &newer)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn t52_the_code_of_another_cluster_and_the_key_of_an_administrator_are_no_codes() {
    let (server, _, admin) = begun().await;
    waiting(&admin, "us").await;
    let other = code(&admin, "us").await;
    is_refused(&server, &admin, &other, WRONG_CODE).await;
    let key = json!({ "metadata": { "name": "mine" }, "spec": {} });
    let key = admin.post(&format!("{M}/ownedaccesskeys"), &key).await.expect(StatusCode::CREATED);
    is_refused(&server, &admin, key["spec"]["key"].as_str().unwrap(), WRONG_CODE).await;
    // A code is no access key either.
    let by_code = server.anonymous().with("authorization", &format!("Bearer {other}"));
    for path in [cluster("us"), format!("{M}/selves"), "/kubernetes/cluster/us/api".to_owned()] {
        assert_eq!(by_code.get(&path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn the_same_cluster_under_another_name_and_an_old_agent_keep_their_code() {
    let (server, _, admin) = begun().await;
    let first = code(&admin, "eu").await;
    join(&server, &asking("eu", &first)).await.expect(StatusCode::OK);
    waiting(&admin, "again").await;
    let code = code(&admin, "again").await;
    let mut twin = asking("again", &code);
    twin["clusterUid"] = json!("uid of eu");
    assert_eq!(join(&server, &twin).await.status, StatusCode::CONFLICT);
    let again = admin.get(&cluster("again")).await.expect(StatusCode::OK);
    assert_eq!(condition(&again, CODE_ACCEPTED), ("False", SAME_CLUSTER));
    let mut old = asking("again", &code);
    old["version"] = json!("0.0.9");
    assert_eq!(join(&server, &old).await.status, StatusCode::CONFLICT);
    let again = admin.get(&cluster("again")).await.expect(StatusCode::OK);
    assert_eq!(condition(&again, "AgentVersionSupported"), ("False", OLD_AGENT));
    join(&server, &asking("again", &code)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn t52_who_has_no_code_is_not_told_which_clusters_there_are() {
    let (server, clock, admin) = begun().await;
    let code = code(&admin, "eu").await;
    join(&server, &asking("eu", &code)).await.expect(StatusCode::OK);
    waiting(&admin, "us").await;
    let tries: [(&str, Value); 4] = [
        ("code", json!(INVENTED)),
        ("version", json!("0.0.1")),
        ("clusterUid", json!("")),
        ("clusterUid", json!("uid of eu")),
    ];
    for (field, value) in tries {
        let mut answers = Vec::new();
        for name in ["us", "no-such"] {
            let mut asked = asking(name, INVENTED);
            asked[field] = value.clone();
            let answer = join(&server, &asked).await;
            answers.push((answer.status, answer.body.to_string()));
            // Nobody has to wait in this test: that is another one's.
            clock.advance(3600);
        }
        assert_eq!(answers[0], answers[1], "{field}: {value}");
        assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED, "{field}: {value}");
    }
}

#[tokio::test]
async fn t52_whoever_asks_again_with_code_and_key_is_answered_and_changes_nothing() {
    let (server, _, admin) = begun().await;
    let asked = asking("eu", &code(&admin, "eu").await);
    let told = join(&server, &asked).await.expect(StatusCode::OK);
    let before = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    let mut again = asked.clone();
    again["clusterUid"] = json!("uid of another");
    again["version"] = json!("9.9.9");
    assert_eq!(join(&server, &again).await.expect(StatusCode::OK), told);
    assert_eq!(admin.get(&cluster("eu")).await.expect(StatusCode::OK), before);
}

#[tokio::test]
async fn t52_who_has_no_code_leaves_no_mark_on_a_cluster_that_is_connected() {
    let (server, _, admin) = begun().await;
    let code = code(&admin, "eu").await;
    join(&server, &asking("eu", &code)).await.expect(StatusCode::OK);
    let before = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    join(&server, &asking("eu", INVENTED)).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(admin.get(&cluster("eu")).await.expect(StatusCode::OK), before);
}

#[tokio::test]
async fn t52_who_guesses_codes_has_to_wait() {
    let (server, clock, admin) = begun().await;
    let mut tried = 0;
    while join(&server, &asking("eu", INVENTED)).await.status == StatusCode::UNAUTHORIZED {
        tried += 1;
        assert!(tried < 20, "nobody stopped it");
    }
    let right = code(&admin, "eu").await;
    let early = join(&server, &asking("eu", &right)).await;
    assert_eq!(early.status, StatusCode::TOO_MANY_REQUESTS);
    clock.advance(60);
    join(&server, &asking("eu", &right)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn t52_of_a_hundred_agents_with_one_code_exactly_one_joins() {
    let (server, _, admin) = begun().await;
    let code = code(&admin, "eu").await;
    let all: Vec<Value> = (0..100).map(|_| asking("eu", &code)).collect();
    let answers = futures::future::join_all(all.iter().map(|it| join(&server, it))).await;
    let joined: Vec<usize> =
        (0..all.len()).filter(|&at| answers[at].status == StatusCode::OK).collect();
    assert_eq!(joined.len(), 1);
    let eu = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    assert_eq!(eu["status"]["agent"]["publicKey"], all[joined[0]]["publicKey"]);
}

#[tokio::test]
async fn join_codes_are_for_administrators() {
    let (server, _, admin) = begun().await;
    let anna = server.member("anna").await;
    anna.make("demo").await;
    let scoped = json!({ "metadata": { "name": "scoped" }, "spec": { "scope": {
        "virtualClusters": [{ "project": "default", "virtualCluster": "*" }],
    } } });
    let scoped = admin.post(&format!("{M}/ownedaccesskeys"), &scoped).await;
    let scoped = scoped.expect(StatusCode::CREATED)["spec"]["key"].as_str().unwrap().to_owned();
    let scoped = server.anonymous().with("authorization", &format!("Bearer {scoped}"));
    for person in [&anna, &scoped, &server.anonymous()] {
        let answer = person.get(&format!("{}/accesskey", cluster("eu"))).await;
        assert!(answer.status.is_client_error(), "{:#}", answer.body);
        assert!(!answer.body.to_string().contains("vck_"));
    }
    let eu = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    assert_eq!(eu["status"]["joinCodeExpires"], Value::Null, "nothing was made");
}

#[tokio::test]
async fn t37_a_join_code_is_in_the_one_answer_and_nowhere_else() {
    let (server, _, admin) = begun().await;
    let anna = server.member("anna").await;
    let code = code(&admin, "eu").await;
    let wrong = join(&server, &asking("us", &code)).await;
    let mut seen = vec![wrong.body];
    for path in [
        "clusters",
        "clusters?watch=true&resourceVersion=0&timeoutSeconds=1",
        "clusters/eu",
        "ownedaccesskeys",
        "ownedaccesskeys?watch=true&resourceVersion=0&timeoutSeconds=1",
        "users/admin/accesskeys",
        "users/anna/accesskeys",
        "projects/default/clusters",
        "clusters/loft-cluster/accesskey",
    ] {
        for person in [&admin, &anna] {
            seen.push(person.get(&format!("{M}/{path}")).await.body);
        }
    }
    seen.push(join(&server, &asking("eu", &code)).await.expect(StatusCode::OK));
    seen.push(join(&server, &asking("eu", &code)).await.body);
    let all = seen.iter().map(Value::to_string).collect::<String>();
    assert!(all.contains("\"eu\""), "the lists were asked");
    assert!(!all.contains(&code));
    for file in std::fs::read_dir(server.folder.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let found = bytes.windows(code.len()).any(|it| it == code.as_bytes());
        assert!(!found, "the code is in {}", path.display());
    }
}
