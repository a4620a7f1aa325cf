//! The check of a direct endpoint, and that only what it found may be preferred.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dormer_api::annotation::{DIRECT_ENDPOINT, DIRECT_ENDPOINT_CA_DATA};
use dormer_api::cluster::condition::ENDPOINT_CHECKED;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::join::cluster;
use crate::region::{Central, Web};

/// Somebody with a good certificate who answers everything with `200 ok`, and is not the agent.
struct Impostor {
    port: u16,
    ca_data: String,
    accepting: JoinHandle<()>,
}

impl Impostor {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut buffer = [0; 4096];
                    while let Ok(1..) = stream.read(&mut buffer).await {
                        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        if stream.write_all(ok).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, ca_data: STANDARD.encode(made.cert.pem()), accepting }
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn check(admin: &Web, spec: &Value) -> Value {
    let path = format!("{}/endpointcheck", cluster("eu"));
    let answer = admin.post(&path, &json!({ "spec": spec })).await.expect(StatusCode::OK);
    let kept = admin.get(&cluster("eu")).await.expect(StatusCode::OK);
    assert_eq!(kept["status"]["endpoint"], answer["status"], "what was found is kept");
    answer["status"].clone()
}

/// The steps that were done; only the last may have failed.
#[track_caller]
fn steps(found: &Value) -> Vec<&str> {
    let all = found["steps"].as_array().unwrap();
    let (last, before) = all.split_last().unwrap();
    assert!(before.iter().all(|it| it["ok"] == true), "{found:#}");
    assert_eq!(last["ok"], found["ok"], "{found:#}");
    all.iter().map(|it| it["name"].as_str().unwrap()).collect()
}

async fn prefer(admin: &Web, host: &str, ca_data: &str) -> StatusCode {
    let annotations = json!({ DIRECT_ENDPOINT: host, DIRECT_ENDPOINT_CA_DATA: ca_data });
    let body = json!({ "metadata": { "annotations": annotations } });
    admin.patch(&cluster("eu"), &body).await.status
}

#[tokio::test]
async fn t50_a_check_says_which_step_failed_and_only_the_agent_itself_may_be_preferred() {
    let central = Central::start().await;
    let (eu, us) = (central.region("eu").await, central.region("us").await);
    let admin = &central.admin;
    let impostor = Impostor::start().await;
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let ca = STANDARD.encode(&eu.web.authority);
    let other = STANDARD.encode(&us.web.authority);
    let at = |port: u16| format!("localhost:{port}");
    let own = at(eu.web.port);
    let all = ["Name", "Connection", "Certificate", "Health", "Agent"];
    let cases = [
        (json!({ "host": "no-such-name.invalid", "caData": ca }), 1),
        (json!({ "host": at(closed), "caData": ca }), 2),
        (json!({ "host": own, "caData": other }), 3),
        (json!({ "host": own }), 3),
        (json!({ "host": format!("127.0.0.2:{}", eu.web.port), "caData": ca }), 2),
        (json!({ "host": at(impostor.port), "caData": impostor.ca_data }), 5),
        (json!({ "host": at(impostor.port), "insecure": true }), 5),
        // The agent of another cluster is as much somebody else.
        (json!({ "host": at(us.web.port), "caData": other }), 5),
        (json!({ "host": own, "insecure": true }), 5),
        (json!({ "host": own, "caData": ca }), 5),
    ];
    assert_eq!(prefer(admin, &own, &ca).await, StatusCode::UNPROCESSABLE_ENTITY, "no check yet");
    for (spec, many) in cases {
        let found = check(admin, &spec).await;
        assert_eq!(steps(&found), all[..many], "{spec}: {found:#}");
        let is_own = spec["host"] == own && many == 5;
        assert_eq!(found["ok"], is_own, "{spec}: {found:#}");
        let eu = admin.get(&cluster("eu")).await.body;
        let conditions = eu["status"]["conditions"].as_array().unwrap();
        let checked = conditions.iter().find(|it| it["type"] == ENDPOINT_CHECKED).unwrap();
        assert_eq!(checked["status"] == "True", is_own, "{spec}");
        let (host, ca_data) = (spec["host"].as_str().unwrap(), spec["caData"].as_str());
        let preferred = prefer(admin, host, ca_data.unwrap_or_default()).await;
        let allowed = is_own && ca_data.is_some();
        assert_eq!(preferred == StatusCode::OK, allowed, "{spec}: {preferred}");
    }
    let found = check(admin, &json!({ "host": own, "caData": ca })).await;
    assert!(found["latencyMs"].is_u64() && found["certificateExpires"].is_string(), "{found:#}");
    // The path of the check is for administrators, and its fields are looked at.
    let path = format!("{}/endpointcheck", cluster("eu"));
    for spec in
        [json!({ "host": "" }), json!({ "host": "a b" }), json!({ "host": own, "caData": "x" })]
    {
        let answer = admin.post(&path, &json!({ "spec": spec })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{spec}");
    }
}
