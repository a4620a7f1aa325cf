//! Virtual clusters: made, seen, used, put to sleep, woken, deleted.

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::{M, Person, TestServer, inside, vcluster, vclusters};

async fn namespaces(person: &Person, name: &str) -> Vec<String> {
    let list = person.get(&inside(name, "/api/v1/namespaces")).await.expect(StatusCode::OK);
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn one_call_with_a_name_makes_one_that_answers() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let made = anna.make("calm-otter").await;
    assert_eq!(made["spec"]["owner"]["user"], "anna");
    assert_eq!(made["spec"]["templateRef"]["name"], "dev");
    assert_eq!(made["spec"]["clusterRef"]["cluster"], "loft-cluster");
    let place = made["spec"]["clusterRef"]["namespace"].as_str().unwrap();
    assert!(place.starts_with("loft-default-v-calm-otter-"), "{place}");
    assert_eq!(made["spec"]["clusterRef"]["virtualCluster"], "calm-otter");
    assert_eq!(made["metadata"]["annotations"]["sleepmode.loft.sh/sleep-after"], "3600");
    assert_eq!(made["status"]["canUse"], true);
    let kinds: Vec<&str> = made["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "Scheduled",
            "TemplateResolved",
            "SpaceSynced",
            "SpaceReady",
            "VirtualClusterSynced",
            "VirtualClusterReady"
        ]
    );
    assert_eq!(
        namespaces(&anna, "calm-otter").await,
        ["default", "kube-node-lease", "kube-public", "kube-system"]
    );
}

#[tokio::test]
async fn a_second_member_can_neither_see_it_nor_reach_it() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    anna.make("mine").await;
    let list = ben.get(&format!("{M}/virtualclusterinstances")).await.expect(StatusCode::OK);
    assert_eq!(list["items"], json!([]));
    let (hidden, missing) = (ben.get(&vcluster("mine")).await, ben.get(&vcluster("none")).await);
    assert_eq!(hidden.body.to_string().replace("mine", "none"), missing.body.to_string());
    let through = ben.get(&inside("mine", "/api/v1/namespaces")).await;
    assert_snapshot!(through.line(), @r#"404 NotFound: virtual cluster "mine" in project "default" not found: it was deleted, never was, or is not yours to use"#);
    assert_eq!(ben.delete(&vcluster("mine")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_that_is_shared_can_be_used_and_not_deleted() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    anna.make("ours").await;
    let share = json!({ "spec": { "extraAccessRules": [{ "users": ["ben"], "clusterRole": "loft-cluster-space-admin" }] } });
    anna.patch(&vcluster("ours"), &share).await.expect(StatusCode::OK);
    assert_eq!(namespaces(&ben, "ours").await.len(), 4);
    assert_eq!(
        ben.get(&vcluster("ours")).await.expect(StatusCode::OK)["status"]["canUpdate"],
        false
    );
    assert_eq!(ben.delete(&vcluster("ours")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_bad_id_a_taken_one_and_a_strange_template_are_told_apart() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let make = |body: Value| anna.clone().post_owned(vclusters(), body);
    let bad = make(json!({ "metadata": { "name": "Not_A_Name" } })).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bad.body["details"]["causes"][0]["field"], "metadata.name");
    make(json!({ "metadata": { "name": "one" } })).await.expect(StatusCode::CREATED);
    let taken = make(json!({ "metadata": { "name": "one" } })).await;
    assert_snapshot!(taken.line(), @r#"409 AlreadyExists: virtualclusterinstances.management.loft.sh "one" already exists"#);
    let strange = make(
        json!({ "metadata": { "name": "two" }, "spec": { "templateRef": { "name": "none" } } }),
    )
    .await;
    assert_eq!(
        strange.body["details"]["causes"][0]["message"],
        "There is no template `none` in this project."
    );
}

#[tokio::test]
async fn bad_yaml_is_told_with_its_line_and_column() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let template = json!({ "helmRelease": { "values": "a: 1\nb: [1, 2\nc: 3\n" } });
    let answer = anna
        .post(
            &vclusters(),
            &json!({ "metadata": { "name": "one" }, "spec": { "template": template } }),
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let cause = &answer.body["details"]["causes"][0];
    assert_eq!(cause["field"], "spec.template.helmRelease.values");
    assert!(cause["message"].as_str().unwrap().starts_with("line "), "{cause}");
}

#[tokio::test]
async fn nobody_makes_one_for_somebody_else() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let body = json!({ "metadata": { "name": "one" }, "spec": { "owner": { "user": "admin" } } });
    assert_eq!(anna.post(&vclusters(), &body).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_only_the_server_writes_stays_as_it_is_whatever_is_sent() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let made = anna.make("one").await;
    let change = json!({
        "metadata": { "annotations": { "sleepmode.loft.sh/sleeping-since": "5", "sleepmode.loft.sh/sleep-type": "forcedSleep" }, "finalizers": null },
        "status": { "phase": "Failed" },
    });
    let changed = anna.patch(&vcluster("one"), &change).await.expect(StatusCode::OK);
    assert_eq!(changed["status"]["phase"], "Ready");
    assert_eq!(changed["metadata"]["finalizers"], made["metadata"]["finalizers"]);
    assert!(
        changed["metadata"]["annotations"].get("sleepmode.loft.sh/sleeping-since").is_none(),
        "{changed:#}"
    );
}

async fn put_to_sleep(person: &Person, name: &str) -> Value {
    let sleep = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/force": "true" } } });
    person.patch(&vcluster(name), &sleep).await.expect(StatusCode::OK);
    person.until(name, "Sleeping").await
}

#[tokio::test]
async fn a_sleeper_says_since_when_and_by_whom_and_wakes_when_it_is_used() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    let map = json!({ "metadata": { "name": "kept" }, "data": { "a": "1" } });
    anna.post(&inside("one", "/api/v1/namespaces/default/configmaps"), &map)
        .await
        .expect(StatusCode::CREATED);
    let asleep = put_to_sleep(&anna, "one").await;
    let annotations = &asleep["metadata"]["annotations"];
    assert_eq!(annotations["sleepmode.loft.sh/sleep-type"], "forcedSleep");
    assert_eq!(annotations["sleepmode.dormer.dev/forced-by"], "anna");
    assert!(annotations["sleepmode.loft.sh/sleeping-since"].is_string());
    let kept = anna
        .get(&inside("one", "/api/v1/namespaces/default/configmaps/kept"))
        .await
        .expect(StatusCode::OK);
    assert_eq!(kept["data"]["a"], "1");
    let awake = anna.until("one", "Ready").await;
    assert!(
        awake["metadata"]["annotations"].get("sleepmode.loft.sh/sleeping-since").is_none(),
        "{awake:#}"
    );
}

#[tokio::test]
async fn a_thousand_requests_at_once_wake_it_once() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    let before = put_to_sleep(&anna, "one").await;
    let from = before["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    let calls = (0..1000).map(|_| {
        let anna = anna.clone();
        tokio::spawn(async move { anna.get(&inside("one", "/api/v1/namespaces")).await.status })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
    let store = &server.running.as_ref().unwrap().app.store;
    let range = dormer::management::range(dormer::management::VCLUSTERS);
    let changes =
        store.read(move |it| it.changes(&range, dormer::store::Revision(from))).await.unwrap();
    let wakes = changes.iter().filter(|change| {
        let phase = |body: Option<&dormer::store::Body>| {
            let object: Value = serde_json::from_slice(body.unwrap()).unwrap();
            object["status"]["phase"].clone()
        };
        phase(change.before.as_ref()) == "Sleeping" && phase(change.after.as_ref()) == "Pending"
    });
    assert_eq!(wakes.count(), 1);
}

#[tokio::test]
async fn one_that_is_held_asleep_says_so_instead_of_waking() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    let hold = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/force": "true", "sleepmode.loft.sh/force-duration": "0" } } });
    anna.patch(&vcluster("one"), &hold).await.expect(StatusCode::OK);
    anna.until("one", "Sleeping").await;
    let answer = anna.get(&inside("one", "/api/v1/namespaces")).await;
    assert_snapshot!(answer.line(), @"503 ServiceUnavailable: one is held asleep until somebody wakes it: access does not wake it");
    anna.until("one", "Sleeping").await;
}

#[tokio::test]
async fn the_command_line_wakes_it_by_annotations_and_sees_it_on_its_way_at_once() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    put_to_sleep(&anna, "one").await;
    let wake = json!({ "metadata": { "annotations": {
        "sleepmode.loft.sh/force": null, "sleepmode.loft.sh/last-activity": "1800000000",
    } } });
    let waking = anna.patch(&vcluster("one"), &wake).await.expect(StatusCode::OK);
    assert_eq!(waking["status"]["phase"], "Pending");
    anna.until("one", "Ready").await;
}

#[tokio::test]
async fn it_sleeps_by_itself_when_nobody_uses_it() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    let body = json!({ "metadata": { "name": "one", "annotations": { "sleepmode.loft.sh/sleep-after": "2" } } });
    anna.post(&vclusters(), &body).await.expect(StatusCode::CREATED);
    let asleep = anna.until("one", "Sleeping").await;
    assert_eq!(
        asleep["metadata"]["annotations"]["sleepmode.loft.sh/sleep-type"],
        "inactivitySleep"
    );
}

#[tokio::test]
async fn what_is_deleted_leaves_nothing_behind_and_its_name_is_free() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    let made = anna.make("one").await;
    let place = made["spec"]["clusterRef"]["namespace"].as_str().unwrap();
    let map = json!({ "metadata": { "name": "old" } });
    anna.post(&inside("one", "/api/v1/namespaces/default/configmaps"), &map)
        .await
        .expect(StatusCode::CREATED);
    anna.delete(&vcluster("one")).await.expect(StatusCode::OK);
    anna.until_gone(&vcluster("one")).await;
    let answer = anna.get(&inside("one", "/api/v1/namespaces")).await;
    assert_snapshot!(answer.line(), @r#"404 NotFound: virtual cluster "one" in project "default" not found: it was deleted, never was, or is not yours to use"#);
    let host = format!("/kubernetes/cluster/loft-cluster/api/v1/namespaces/{place}");
    assert_eq!(admin.get(&host).await.status, StatusCode::NOT_FOUND);
    anna.make("one").await;
    let old = anna.get(&inside("one", "/api/v1/namespaces/default/configmaps/old")).await;
    assert_eq!(old.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_for_one_virtual_cluster_reaches_that_one_and_nothing_else() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    anna.make("two").await;
    let scope = json!({ "virtualClusters": [{ "project": "default", "virtualCluster": "one" }] });
    let made = anna
        .post(&format!("{M}/ownedaccesskeys"), &json!({ "spec": { "scope": scope } }))
        .await
        .expect(StatusCode::CREATED);
    let key = server
        .anonymous()
        .with("authorization", &format!("Bearer {}", made["spec"]["key"].as_str().unwrap()));
    assert_eq!(namespaces(&key, "one").await.len(), 4);
    assert_eq!(key.get(&inside("two", "/api/v1/namespaces")).await.status, StatusCode::NOT_FOUND);
    let projects = key.get(&format!("{M}/projects/default/clusters")).await;
    assert_eq!(projects.status, StatusCode::OK, "what a CLI reads on its way");
    for path in ["users", "users/anna/accesskeys", "clusters", "projects/default/members"] {
        let path = format!("{M}/{path}");
        let status = key.get(&path).await.status;
        assert!(
            matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND),
            "{path}: {status}"
        );
    }
    assert_eq!(
        key.post(&format!("{M}/ownedaccesskeys"), &json!({ "spec": {} })).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(key.delete(&vcluster("one")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn after_a_restart_everything_is_as_it_was() {
    let mut server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("awake").await;
    anna.make("asleep").await;
    let map = json!({ "metadata": { "name": "kept" }, "data": { "a": "1" } });
    anna.post(&inside("awake", "/api/v1/namespaces/default/configmaps"), &map)
        .await
        .expect(StatusCode::CREATED);
    put_to_sleep(&anna, "asleep").await;
    server.restart().await;
    let anna = server.signed_in("anna", "the password of anna").await;
    let kept = anna
        .get(&inside("awake", "/api/v1/namespaces/default/configmaps/kept"))
        .await
        .expect(StatusCode::OK);
    assert_eq!(kept["data"]["a"], "1");
    assert_eq!(
        anna.get(&vcluster("asleep")).await.expect(StatusCode::OK)["status"]["phase"],
        "Sleeping"
    );
    assert_eq!(namespaces(&anna, "asleep").await.len(), 4);
}

impl Person {
    async fn get_owned(self, path: String) -> crate::harness::Answer {
        self.get(&path).await
    }

    async fn post_owned(self, path: String, body: Value) -> crate::harness::Answer {
        self.post(&path, &body).await
    }
}

#[tokio::test]
async fn naming_the_place_of_anothers_in_the_host_does_not_lead_there() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    let made = anna.make("hers").await;
    let secret = json!({ "metadata": { "name": "hers" }, "data": { "a": "1" } });
    let path = inside("hers", "/api/v1/namespaces/default/configmaps");
    anna.post(&path, &secret).await.expect(StatusCode::CREATED);
    let body = json!({ "metadata": { "name": "his" }, "spec": { "clusterRef": made["spec"]["clusterRef"] } });
    ben.post(&vclusters(), &body).await.expect(StatusCode::CREATED);
    let his = ben.until("his", "Ready").await;
    assert_ne!(his["spec"]["clusterRef"]["namespace"], made["spec"]["clusterRef"]["namespace"]);
    let answer = ben.get(&inside("his", "/api/v1/namespaces/default/configmaps/hers")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let moved = json!({ "spec": { "clusterRef": made["spec"]["clusterRef"] } });
    ben.patch(&vcluster("his"), &moved).await;
    let after = ben.get(&vcluster("his")).await.expect(StatusCode::OK);
    assert_eq!(after["spec"]["clusterRef"], his["spec"]["clusterRef"]);
}

#[tokio::test]
async fn a_wake_right_after_a_sleep_is_not_lost() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    let sleep = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/force": "true" } } });
    let wake = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/force": null } } });
    for _ in 0..10 {
        anna.patch(&vcluster("one"), &sleep).await.expect(StatusCode::OK);
        tokio::task::yield_now().await;
        anna.patch(&vcluster("one"), &wake).await.expect(StatusCode::OK);
        let awake = anna.until("one", "Ready").await;
        let since = awake["metadata"]["annotations"].get("sleepmode.loft.sh/sleeping-since");
        // Where the wake came before the controller saw the sleep, it never slept.
        assert_eq!(since, None, "{awake:#}");
    }
}

#[tokio::test]
async fn it_can_be_put_to_sleep_when_its_template_is_gone() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    admin.delete(&format!("{M}/virtualclustertemplates/dev")).await.expect(StatusCode::OK);
    put_to_sleep(&anna, "one").await;
    assert_eq!(namespaces(&anna, "one").await.len(), 4);
}

#[tokio::test]
async fn what_is_is_for_the_controllers_to_say() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    let lie = json!({ "status": { "phase": "Failed" } });
    for person in [admin, anna] {
        let answer = person.patch(&format!("{}/status", vcluster("one")), &lie).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", person.name);
    }
}

#[tokio::test]
async fn the_right_to_change_it_is_no_right_to_take_it() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    anna.make("one").await;
    let access = json!({ "spec": { "access": [{ "verbs": ["get", "update", "patch"], "users": ["ben"] }] } });
    anna.patch(&vcluster("one"), &access).await.expect(StatusCode::OK);
    let take = json!({ "spec": { "owner": { "user": "ben" } } });
    assert_eq!(ben.patch(&vcluster("one"), &take).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let share = json!({ "spec": { "extraAccessRules": [{ "users": ["ben"] }] } });
    assert_eq!(ben.patch(&vcluster("one"), &share).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ben.get(&inside("one", "/api")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn one_shared_for_looking_at_can_be_looked_at_only() {
    let server = TestServer::start().await;
    let (anna, ben) = (server.member("anna").await, server.member("ben").await);
    anna.make("one").await;
    let share =
        json!({ "spec": { "extraAccessRules": [{ "users": ["ben"], "clusterRole": "view" }] } });
    anna.patch(&vcluster("one"), &share).await.expect(StatusCode::OK);
    let maps = inside("one", "/api/v1/namespaces/default/configmaps");
    ben.get(&maps).await.expect(StatusCode::OK);
    let map = json!({ "metadata": { "name": "his" } });
    assert_eq!(ben.post(&maps, &map).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ben.get(&inside("one", "/api/v1/secrets")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn impersonation_does_not_pass_the_gateway() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    let as_ben = anna.clone().with("impersonate-user", "ben");
    assert_eq!(as_ben.get(&inside("one", "/api")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_open_watch_ends_when_its_reader_is_locked() {
    let server = TestServer::start().await;
    let (admin, anna) = (server.admin().await, server.member("anna").await);
    anna.make("one").await;
    let watch = anna.get_owned(inside("one", "/api/v1/configmaps?watch=1&timeoutSeconds=60"));
    let watch = tokio::spawn(watch);
    tokio::task::yield_now().await;
    let lock = json!({ "spec": { "disabled": true } });
    admin.patch(&format!("{M}/users/anna"), &lock).await.expect(StatusCode::OK);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), watch).await;
    ended.expect("the watch went on").unwrap();
}

#[tokio::test]
async fn a_key_for_one_virtual_cluster_is_not_for_the_next_of_its_name() {
    let server = TestServer::start().await;
    let anna = server.member("anna").await;
    anna.make("one").await;
    let scope = json!({ "virtualClusters": [{ "project": "default", "virtualCluster": "one" }] });
    let made = anna
        .post(&format!("{M}/ownedaccesskeys"), &json!({ "spec": { "scope": scope } }))
        .await
        .expect(StatusCode::CREATED);
    let key = server
        .anonymous()
        .with("authorization", &format!("Bearer {}", made["spec"]["key"].as_str().unwrap()));
    anna.delete(&vcluster("one")).await.expect(StatusCode::OK);
    anna.until_gone(&vcluster("one")).await;
    let gone = key.get(&inside("one", "/api")).await;
    anna.make("one").await;
    let next = key.get(&inside("one", "/api")).await;
    assert_eq!(gone.line(), next.line());
    assert_snapshot!(next.line(), @r#"404 NotFound: virtual cluster "one" in project "default" not found: it was deleted, never was, or is not yours to use"#);
}
