//! Agents in processes of their own: how they join and come back, and what is reached through them
//! and at them.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use axum::http::{Method, StatusCode, header};
use dormer_api::cluster::condition::{SWAPPED, TWO_AGENTS, USED_CODE};
use futures::{AsyncBufReadExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{PostParams, WatchParams};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{M, inside, vcluster};
use crate::join::cluster;
use crate::region::{Central, Web, agent, until, until_phase};

fn config_map(name: &str, text: &str) -> ConfigMap {
    let body = json!({ "metadata": { "name": name }, "data": { "x": text } });
    serde_json::from_value(body).unwrap()
}

#[tokio::test]
async fn a_virtual_cluster_in_a_region_is_one_through_the_centre_and_directly() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    eu.make(&central.admin, "demo").await;
    let direct = eu.token(&central.admin).await;
    // The authority that clients are told of is the agent's own.
    let told = central.admin.get(&cluster("eu")).await.body["status"]["agent"].clone();
    assert_eq!(told["endpointHost"], format!("localhost:{}", eu.web.port));
    let place = central.admin.get(&vcluster("demo")).await.body["spec"]["clusterRef"].clone();
    assert_eq!(place["cluster"], "eu");
    let namespace = place["namespace"].as_str().unwrap();
    for (web, other, legacy) in [
        (&central.admin, &direct, format!("/kubernetes/virtualcluster/eu/{namespace}/demo")),
        (&direct, &central.admin, format!("/kubernetes/virtualcluster/{namespace}/demo")),
    ] {
        let maps: Api<ConfigMap> = Api::default_namespaced(web.kube(&inside("demo", "")));
        let there: Api<ConfigMap> = Api::default_namespaced(other.kube(&inside("demo", "")));
        let changes = maps.watch(&WatchParams::default(), "0").await.unwrap();
        let mut changes = std::pin::pin!(changes);
        let name = format!("made-at-{}", web.port);
        let text = "x".repeat(1_000_000);
        maps.create(&PostParams::default(), &config_map(&name, &text)).await.unwrap();
        let read = there.get(&name).await.unwrap();
        assert!(read.data.unwrap()["x"] == text, "it is the same one");
        there.create(&PostParams::default(), &config_map(&format!("{name}-2"), "")).await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let event = changes.try_next().await.unwrap().unwrap();
            if let kube::api::WatchEvent::Added(it) = event
                && it.metadata.name.as_ref().is_some_and(|it| it.starts_with(&name))
            {
                seen.push(it.metadata.name.unwrap());
            }
        }
        assert_eq!(seen, [name.clone(), format!("{name}-2")]);
        let by_place = format!("{legacy}/api/v1/namespaces/default/configmaps/{name}-2");
        web.get(&by_place).await.expect(StatusCode::OK);
    }
    for (web, path) in [
        (&central.admin, "/kubernetes/cluster/eu/api/v1/namespaces"),
        (&direct, "/kubernetes/cluster/api/v1/namespaces"),
    ] {
        let namespaces = web.get(path).await.expect(StatusCode::OK).to_string();
        assert!(namespaces.contains(namespace), "{path}");
    }
}

#[tokio::test]
async fn an_agent_comes_back_without_a_code_and_a_second_one_needs_its_own() {
    let central = Central::start().await;
    let mut eu = central.region("eu").await;
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("data");
    let more = ["--embedded", "--code", &eu.code];
    let mut second = agent(&central, "eu", &eu.line, &other, &more);
    assert_eq!(second.ended().await, Some(1), "{}", second.said());
    assert!(second.said().contains("was used already"), "{}", second.said());
    central.until_reason("eu", USED_CODE).await;
    eu.agent.kill();
    until("offline", async || {
        let eu = central.admin.get(&cluster("eu")).await.body;
        (eu["status"]["online"] == json!(false)).then_some(())
    })
    .await;
    eu.agent = agent(&central, "eu", &eu.line, &eu.folder.path().join("data"), &["--embedded"]);
    // And what the second one brought about is no longer said.
    central.until_well("eu").await;
}

/// What an agent is known by, without what it has.
fn copy_identity(from: &Path, to: &Path) {
    private_folder(to);
    for file in ["agent-key", "agent.json"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

fn private_folder(path: &Path) {
    std::fs::DirBuilder::new().mode(0o700).create(path).unwrap();
}

#[tokio::test]
async fn t52_of_two_agents_with_one_key_the_second_is_refused_and_the_cluster_says_so() {
    let central = Central::start().await;
    let mut eu = central.region("eu").await;
    let folder = TempDir::new().unwrap();
    let stolen = folder.path().join("data");
    copy_identity(&eu.folder.path().join("data"), &stolen);
    // The file of agent.json names the URL that was joined at.
    let thief = agent(&central, "eu", &eu.line, &stolen, &["--embedded"]);
    central.until_reason("eu", SWAPPED).await;
    drop(thief);
    // A whole copy stands beside the same cluster, as far as anybody can see.
    eu.agent.kill();
    let twin = TempDir::new().unwrap();
    let data = eu.folder.path().join("data");
    let copied = twin.path().join("data");
    private_folder(&copied);
    for file in std::fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), copied.join(file.file_name())).unwrap();
        }
    }
    eu.agent = agent(&central, "eu", &eu.line, &data, &["--embedded"]);
    central.until_well("eu").await;
    let _second = agent(&central, "eu", &eu.line, &copied, &["--embedded"]);
    central.until_reason("eu", TWO_AGENTS).await;
    central.admin.get("/kubernetes/cluster/eu/api").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_sleeping_virtual_cluster_is_woken_by_a_direct_request() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    eu.make(&central.admin, "demo").await;
    let direct = eu.token(&central.admin).await;
    let sleep = json!({ "metadata": { "annotations": { "sleepmode.loft.sh/force": "true" } } });
    central.admin.patch(&vcluster("demo"), &sleep).await.expect(StatusCode::OK);
    until_phase(&central.admin, "demo", "Sleeping").await;
    let answers = (0..5).map(|_| direct.get("/kubernetes/project/default/virtualcluster/demo/api"));
    for answer in futures::future::join_all(answers).await {
        answer.expect(StatusCode::OK);
    }
    until_phase(&central.admin, "demo", "Ready").await;
}

#[tokio::test]
async fn what_a_stranger_may_not_use_is_directly_as_if_it_were_not_there() {
    let central = Central::start().await;
    let (eu, us) = (central.region("eu").await, central.region("us").await);
    let (mia, sam) = (central.member("mia").await, central.member("sam").await);
    eu.make(&mia, "demo").await;
    us.make(&sam, "there").await;
    let (own, strange) = (eu.token(&mia).await, eu.token(&sam).await);
    own.get(&inside("demo", "/api")).await.expect(StatusCode::OK);
    let place = central.admin.get(&vcluster("demo")).await.body["spec"]["clusterRef"].clone();
    let legacy = format!("/kubernetes/virtualcluster/{}", place["namespace"].as_str().unwrap());
    let look = async |path: &str, name: &str| {
        let answer = strange.get(path).await;
        let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        (answer.status, answer.body.to_string().replace(name, "it"), headers)
    };
    let nothing = look(&inside("none", "/api/v1/secrets"), "none").await;
    assert_eq!(nothing.0, StatusCode::NOT_FOUND);
    // Of another person, and their own in another region.
    for name in ["demo", "there"] {
        assert_eq!(look(&inside(name, "/api/v1/secrets"), name).await, nothing, "{name}");
    }
    let none = look(&format!("{legacy}/none/api"), "none").await;
    assert_eq!(none.0, StatusCode::NOT_FOUND);
    assert_eq!(look(&format!("{legacy}/demo/api"), "demo").await, none);
}

#[tokio::test]
async fn t26_no_page_but_the_dashboard_reads_anything_of_an_agent() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    eu.make(&central.admin, "demo").await;
    let direct = eu.token(&central.admin).await;
    let dashboard = format!("http://localhost:{}", central.admin.port);
    let look = async |method: Method, path: &str, origin: &str| {
        let mut request = direct.request(method, path, None);
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        let answer = direct.send(request).await.unwrap();
        let headers = answer.headers();
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{path}");
        let said = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        said.map(|it| it.to_str().unwrap().to_owned())
    };
    let paths = [
        "/",
        "/healthz",
        "/agent/identity?nonce=x",
        "/kubernetes/cluster/api",
        "/no-such",
        "/kubernetes/project/default/virtualcluster/demo/api",
    ];
    for method in [Method::GET, Method::OPTIONS, Method::POST] {
        for path in paths {
            for origin in [
                "https://evil.example".to_owned(),
                "null".to_owned(),
                format!("{dashboard}.evil"),
                format!("http://localhost:{}", eu.web.port),
                "http://LOCALHOST".to_owned(),
            ] {
                let said = look(method.clone(), path, &origin).await;
                assert_eq!(said, None, "{method} {path} {origin}");
            }
            let reads = path == "/healthz" && method != Method::POST;
            let said = look(method.clone(), path, &dashboard).await;
            assert_eq!(said, reads.then(|| dashboard.clone()), "{method} {path}");
        }
    }
}

/// The lines of a watch as they come: nothing once it ended or broke.
pub async fn watch(web: &Web, path: &str) -> impl AsyncFnMut() -> Option<Value> {
    let path = format!("{path}?watch=true&allowWatchBookmarks=true&resourceVersion=0");
    let answer = web.send(web.request(Method::GET, &path, None)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let data = answer.into_body().into_data_stream().map_err(std::io::Error::other);
    let mut lines = data.into_async_read().lines();
    async move || {
        let line = lines.try_next().await.ok()??;
        Some(serde_json::from_str(&line).unwrap())
    }
}

/// Waits until a watch ends, however that is.
pub async fn until_over(next: &mut impl AsyncFnMut() -> Option<Value>) {
    while next().await.is_some() {}
}

#[tokio::test]
async fn t06_an_open_watch_ends_after_its_person_was_locked_wherever_it_is() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    let mia = central.member("mia").await;
    eu.make(&mia, "demo").await;
    let direct = eu.token(&mia).await;
    let path = inside("demo", "/api/v1/namespaces");
    let (mut far, mut near) = (watch(&mia, &path).await, watch(&direct, &path).await);
    assert!(far().await.is_some() && near().await.is_some());
    let locked = json!({ "spec": { "disabled": true } });
    central.admin.patch(&format!("{M}/users/mia"), &locked).await.expect(StatusCode::OK);
    let ends = async { tokio::join!(until_over(&mut far), until_over(&mut near)) };
    tokio::time::timeout(std::time::Duration::from_secs(10), ends).await.expect("it goes on");
    assert_eq!(direct.get(&path).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(mia.get(&path).await.status, StatusCode::UNAUTHORIZED);
}
