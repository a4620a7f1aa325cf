//! Many clusters at one central instance, some of which have fallen silent.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use dormer::auth::signed::{Claims, Signer};
use dormer::clock::Clock;
use dormer::hosts::tunnel::{Hello, PURPOSE, WHO};
use dormer::tunnel::{Link, PROTOCOL, Side};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use crate::harness::M;
use crate::join::cluster;
use crate::region::{Central, Web, until};
use crate::region_line::Line;

/// How many clusters there are, and how many of them fall silent.
const ALL: usize = 20;
const SILENT: usize = 5;

/// An agent in this process, as far as the central instance can tell.
struct Fake {
    line: Line,
    link: Link,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.link.close();
    }
}

/// The cluster behind it.
fn api(name: &str) -> Router {
    let (process, uid) = (name.to_owned(), format!("uid of {name}"));
    Router::new()
        .route(WHO, get(async move || process))
        .route("/host/api", get(|| async { axum::Json(json!({ "kind": "APIVersions" })) }))
        .route(
            "/host/version",
            get(|| async {
                axum::Json(json!({
                    "major": "1", "minor": "33", "gitVersion": "v1.33.0", "gitCommit": "",
                    "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "",
                    "platform": "",
                }))
            }),
        )
        .route(
            "/host/api/v1/namespaces/kube-system",
            get(async move || {
                axum::Json(json!({
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": { "name": "kube-system", "uid": uid },
                }))
            }),
        )
}

async fn connect(central: &Central, name: &str) -> Fake {
    let body = json!({ "metadata": { "name": name }, "spec": { "networkPeer": true } });
    central.admin.post(&format!("{M}/clusters"), &body).await.expect(StatusCode::CREATED);
    let code = central.admin.get(&format!("{}/accesskey", cluster(name))).await.body;
    let signer = Signer::new(Signer::generate().unwrap()).unwrap();
    let line = Line::to(central.admin.port).await;
    let web = Web::new(line.port, &central.admin.authority);
    let join = json!({
        "cluster": name, "code": code["accessKey"], "publicKey": signer.public().text(),
        "version": "0.1.0", "clusterUid": format!("uid of {name}"), "embedded": true,
    });
    let joined: Value = web.post("/agent/join", &join).await.expect(StatusCode::OK);
    let text = |field: &str| joined[field].as_str().unwrap().to_owned();
    let now = Clock::system().now_seconds();
    let says = Hello {
        cluster: name.into(),
        process: name.into(),
        version: "0.1.0".into(),
        embedded: true,
        cluster_uid: format!("uid of {name}"),
        endpoint_host: String::new(),
        endpoint_ca_data: String::new(),
    };
    let claims = Claims {
        iss: text("uid"),
        aud: text("instance"),
        iat: now,
        exp: now + 60,
        purpose: PURPOSE.into(),
        says,
    };
    let word = signer.sign(&claims).unwrap();
    let request = Request::get(format!("/agent/tunnel?cluster={name}"))
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {word}"))
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, PROTOCOL)
        .body(Body::empty())
        .unwrap();
    let answer = web.send(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    let stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    Fake { line, link: Link::start(stream.compat(), Side::Dialled, api(name)) }
}

/// How long the median request to these takes, each asked several times, one after another.
async fn median(admin: &Web, names: &[String]) -> Duration {
    let mut sender = admin.open().await.unwrap();
    let mut took = Vec::new();
    for name in names.iter().cycle().take(names.len() * 5) {
        let request = admin.request(
            axum::http::Method::GET,
            &format!("/kubernetes/cluster/{name}/api"),
            None,
        );
        let begun = Instant::now();
        sender.ready().await.unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        axum::body::to_bytes(Body::new(answer.into_body()), 1 << 20).await.unwrap();
        took.push(begun.elapsed());
    }
    took.sort();
    took[took.len() / 2]
}

#[tokio::test]
async fn r13_five_of_twenty_clusters_that_fall_silent_hurt_only_themselves() {
    let central = Central::start().await;
    let names: Vec<String> = (0..ALL).map(|at| format!("c{at}")).collect();
    let mut fleet = Vec::new();
    for name in &names {
        fleet.push(connect(&central, name).await);
    }
    for name in &names {
        central.until_well(name).await;
    }
    let (silent, well) = names.split_at(SILENT);
    let admin = &central.admin;
    let before = median(admin, well).await;
    fleet[..SILENT].iter().for_each(|it| it.line.silence(true));
    // As many ask the silent ones as a stuck dashboard and a few scripts would.
    let asked: Vec<_> = (0..100)
        .map(|at| {
            let (admin, name) = (admin.clone(), silent[at % SILENT].clone());
            tokio::spawn(async move { admin.get(&format!("/kubernetes/cluster/{name}/api")).await })
        })
        .collect();
    let during = median(admin, well).await;
    let list = Instant::now();
    admin.get(&format!("{M}/clusters")).await.expect(StatusCode::OK);
    assert!(list.elapsed() < Duration::from_secs(2), "the list of clusters waits for nobody");
    assert!(during < before * 10 + Duration::from_millis(20), "{before:?}, then {during:?}");
    for answer in asked {
        let status = answer.await.unwrap().expect(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status["kind"], "Status");
    }
    for name in silent {
        until("away", async || {
            let found = admin.get(&cluster(name)).await.body;
            (found["status"]["online"] == json!(false)).then_some(())
        })
        .await;
        let begun = Instant::now();
        let path = format!("/kubernetes/cluster/{name}/api");
        admin.get(&path).await.expect(StatusCode::SERVICE_UNAVAILABLE);
        assert!(begun.elapsed() < Duration::from_secs(1), "it is known by now");
    }
    let after = median(admin, well).await;
    assert!(after < before * 10 + Duration::from_millis(20), "{before:?}, then {after:?}");
}
