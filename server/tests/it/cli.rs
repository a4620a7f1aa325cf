//! What each command of Loft's CLIs calls, in its order.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{M, Person, TestServer, vcluster, vclusters};

/// The first call of most commands.
async fn oneself(person: &Person) -> Value {
    let body = json!({
        "kind": "Self", "apiVersion": "management.loft.sh/v1", "metadata": { "creationTimestamp": null },
        "spec": {}, "status": { "chatAuthToken": "", "instanceID": "" },
    });
    person.post(&format!("{M}/selves"), &body).await.expect(StatusCode::CREATED)
}

#[tokio::test]
async fn loft_login_with_a_key_checks_the_version_and_itself() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let version = server.anonymous().get("/version").await.expect(StatusCode::OK);
    assert_eq!(version["version"], "v0.0.0");
    version["major"].as_str().unwrap().parse::<u32>().unwrap();
    let status = &oneself(&anna).await["status"];
    assert_eq!(status["user"]["name"], "anna");
    anna.get(&format!("{M}/users/anna")).await.expect(StatusCode::OK);
    let key = status["accessKey"].as_str().unwrap();
    anna.delete(&format!("{M}/ownedaccesskeys/{key}")).await.expect(StatusCode::OK);
    assert_eq!(anna.get(&format!("{M}/projects")).await.status, StatusCode::UNAUTHORIZED);
}

/// What `create` sends, as the CLI writes it.
fn new(name: &str) -> Value {
    json!({
        "kind": "VirtualClusterInstance", "apiVersion": "management.loft.sh/v1",
        "metadata": {
            "name": name, "namespace": "loft-p-default", "creationTimestamp": null,
            "annotations": { "sleepmode.loft.sh/timezone": "CEST#7200" },
        },
        "spec": {
            "displayName": "", "description": "", "owner": { "user": "anna" },
            "templateRef": { "name": "dev", "version": "" }, "clusterRef": { "cluster": "" },
        },
        "status": {},
    })
}

#[tokio::test]
async fn loft_create_list_and_use_find_what_they_need() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    assert_eq!(anna.get(&vcluster("demo")).await.status, StatusCode::NOT_FOUND);
    let templates =
        anna.get(&format!("{M}/projects/default/templates")).await.expect(StatusCode::OK);
    assert_eq!(templates["kind"], "ProjectTemplates");
    assert_eq!(templates["defaultVirtualClusterTemplate"], "dev");
    assert_eq!(templates["virtualClusterTemplates"][0]["metadata"]["name"], "dev");
    anna.post(&vclusters(), &new("demo")).await.expect(StatusCode::CREATED);
    anna.until("demo", "Ready").await;

    let projects = anna.get(&format!("{M}/projects")).await.expect(StatusCode::OK);
    assert_eq!(projects["kind"], "ProjectList");
    assert_eq!(projects["items"][0]["metadata"]["name"], "default");
    for path in [vclusters(), format!("{M}/virtualclusterinstances")] {
        let list = anna.get(&format!("{path}?extended=true")).await.expect(StatusCode::OK);
        assert_eq!(list["kind"], "VirtualClusterInstanceList");
        assert_eq!(list["items"][0]["status"]["canUse"], true);
        assert_eq!(list["items"][0]["spec"]["clusterRef"]["virtualCluster"], "demo");
    }
    let one = anna.get(&format!("{}?extended=true", vcluster("demo"))).await.expect(StatusCode::OK);
    assert_eq!(one["status"]["canUse"], true);
    let clusters = anna.get(&format!("{M}/projects/default/clusters")).await.expect(StatusCode::OK);
    assert_eq!(clusters["kind"], "ProjectClusters");
    assert_eq!(clusters["clusters"][0]["metadata"]["name"], one["spec"]["clusterRef"]["cluster"]);
}

#[tokio::test]
async fn older_clis_ask_for_each_whether_they_may_use_it() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    anna.make("demo").await;
    let review = json!({ "spec": { "resourceAttributes": {
        "verb": "use", "group": "management.loft.sh", "version": "v1", "resource": "virtualclusterinstances",
        "namespace": "loft-p-default", "name": "demo",
    } } });
    for (person, allowed) in [(anna, true), (ben, false)] {
        let answer = person.post(&format!("{M}/selfsubjectaccessreviews"), &review).await;
        assert_eq!(answer.expect(StatusCode::CREATED)["status"]["allowed"], allowed);
    }
}

#[tokio::test]
async fn loft_sleep_puts_the_whole_object_and_wakeup_patches_it() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let mut object = anna.make("demo").await;
    object["metadata"]["annotations"]["sleepmode.loft.sh/force"] = json!("true");
    anna.put(&vcluster("demo"), &object).await.expect(StatusCode::OK);
    anna.until("demo", "Sleeping").await;
    let wake = json!({ "metadata": { "annotations": {
        "sleepmode.loft.sh/force": null, "sleepmode.loft.sh/last-activity": "1714554000",
    } } });
    anna.patch(&vcluster("demo"), &wake).await.expect(StatusCode::OK);
    anna.until("demo", "Ready").await;
    anna.delete(&vcluster("demo")).await.expect(StatusCode::OK);
    anna.until_gone(&vcluster("demo")).await;
}
