//! What goes through the gateway to a cluster that is not ours, and what does not: from the central
//! instance over an agent's tunnel, and at the agent itself.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::region::{Central, Region, Web};
use crate::upgrades_cluster::Cluster;

/// A "real" cluster whose agent joined, and both ways to it, each with what stands before a path.
struct Ways {
    cluster: Cluster,
    all: [(Web, &'static str); 2],
    _processes: (Central, Region),
}

impl Ways {
    async fn begin() -> Self {
        let (central, cluster) = (Central::start().await, Cluster::start().await);
        let folder = tempfile::TempDir::new().unwrap();
        let kubeconfig = cluster.kubeconfig(folder.path());
        let host = ["--kubeconfig", kubeconfig.to_str().unwrap()];
        let region = central.region_beside("real", &host).await;
        let direct = region.token(&central.admin).await;
        let far = (central.admin.clone(), "/kubernetes/cluster/real");
        let near = (direct, "/kubernetes/cluster");
        Self { cluster, all: [far, near], _processes: (central, region) }
    }
}

/// A request for an upgrade.
fn upgrade(web: &Web, path: &str, protocol: &str) -> axum::http::Request<Body> {
    let mut request = web.request(Method::GET, path, None);
    let headers = request.headers_mut();
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", protocol),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "v5.channel.k8s.io"),
        ("x-stream-protocol-version", "v4.channel.k8s.io"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    request
}

#[tokio::test]
async fn bytes_pass_both_ways_over_websocket_and_spdy() {
    let ways = Ways::begin().await;
    for (web, prefix) in &ways.all {
        for (protocol, last) in [("websocket", "websocket"), ("SPDY/3.1", "spdy")] {
            let path = format!("{prefix}/answer/101/{last}?command=sh&command=-c");
            let answer = web.send(upgrade(web, &path, protocol)).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
            assert_eq!(answer.headers()[header::UPGRADE], protocol);
            assert_eq!(answer.headers()["sec-websocket-protocol"], "v5.channel.k8s.io");
            let seen = ways.cluster.last("/answer/101");
            assert_eq!(seen.path, format!("/answer/101/{last}?command=sh&command=-c"));
            assert_eq!(seen.headers[header::UPGRADE], protocol);
            assert_eq!(seen.headers["x-stream-protocol-version"], "v4.channel.k8s.io");
            let mut stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
            let sent: Vec<u8> = (0..300_000_u32).map(|it| (it % 251) as u8).collect();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            assert_eq!(&hello, b"hello");
            let (mut out, mut into) = tokio::io::split(stream);
            let mut back = vec![0; sent.len()];
            let (wrote, read) = tokio::join!(into.write_all(&sent), out.read_exact(&mut back));
            wrote.unwrap();
            read.unwrap();
            assert!(back == sent, "{protocol}");
        }
    }
}

/// What a client sees that writes its whole stream without waiting for an answer.
async fn rush(web: &Web, path: &str) -> String {
    let mut stream = web.connect().await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: Bearer {}\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nGET /echo?smuggled HTTP/1.1\r\n\
         host: localhost\r\nimpersonate-user: system:admin\r\n\r\n",
        web.port,
        web.token(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    // Until it is closed, or says no more. The first word may take its time on a busy machine.
    let mut patience = Duration::from_secs(10);
    while let Ok(Ok(read @ 1..)) = timeout(patience, stream.read(&mut buffer)).await {
        text.extend_from_slice(&buffer[..read]);
        patience = Duration::from_millis(150);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn t31_a_cluster_that_does_not_agree_to_an_upgrade_gets_no_byte_of_the_client() {
    let ways = Ways::begin().await;
    for (web, prefix) in &ways.all {
        for (told, expected) in [
            ("200/x", "200"),
            ("400/x", "400"),
            ("403/x", "403"),
            ("500/x", "500"),
            ("302/location", "502"),
            ("101/spdy", "502"),
            ("101/h2c", "502"),
        ] {
            let seen = rush(web, &format!("{prefix}/answer/{told}")).await;
            let status = seen.split(' ').nth(1).unwrap_or_default();
            assert_eq!(status, expected, "{prefix} {told}: {seen}");
            assert!(!seen.contains("hello"), "{prefix} {told}: {seen}");
        }
    }
    assert_eq!(ways.cluster.bytes(), b"", "nothing of what was not agreed to");
    assert_eq!(ways.cluster.count("smuggled"), 0);
    // What was agreed to does arrive: it was looked at in the right place.
    let (web, prefix) = &ways.all[0];
    rush(web, &format!("{prefix}/answer/101/websocket")).await;
    assert!(ways.cluster.bytes().starts_with(b"GET /echo?smuggled"));
    assert_eq!(ways.cluster.count("smuggled"), 0);
}

#[tokio::test]
async fn t32_a_cluster_sends_nobody_elsewhere() {
    let ways = Ways::begin().await;
    for (web, prefix) in &ways.all {
        for code in [301, 302, 303, 307, 308] {
            for query in ["", "?watch=true"] {
                let answer = web.get(&format!("{prefix}/answer/{code}/location{query}")).await;
                let status = answer.status;
                assert!(!answer.headers.contains_key(header::LOCATION), "{prefix} {code}");
                assert!(!answer.body.to_string().contains("evil"), "{prefix} {code}");
                assert_eq!(answer.expect(StatusCode::BAD_GATEWAY)["kind"], "Status", "{status}");
            }
        }
        let answer = web.get(&format!("{prefix}/answer/304/x")).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn what_the_cluster_says_of_its_own_connection_stays_with_it() {
    let ways = Ways::begin().await;
    for (web, prefix) in &ways.all {
        let mut sender = web.open().await.unwrap();
        for _ in 0..5 {
            sender.ready().await.expect("the client's own connection goes on");
            let request = web.request(Method::GET, &format!("{prefix}/hops"), None);
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.headers()["x-passes"], "1");
            for name in ["connection", "keep-alive", "x-own"] {
                assert!(!answer.headers().contains_key(name), "{prefix} {name}");
            }
            to_bytes(Body::new(answer.into_body()), 1 << 20).await.unwrap();
        }
    }
}

/// Headers that try to be somebody, and some that are nobody's business.
fn hostile() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        Just("x-remote-user".to_owned()),
        Just("x-remote-group".to_owned()),
        Just("x-remote-extra-scopes".to_owned()),
        Just("x-forwarded-for".to_owned()),
        Just("x-forwarded-user".to_owned()),
        Just("forwarded".to_owned()),
        Just("via".to_owned()),
        Just("cookie".to_owned()),
        Just("impersonate_user".to_owned()),
        Just("impersonateuser".to_owned()),
        Just("x-impersonate-user".to_owned()),
        Just("proxy-authorization".to_owned()),
        Just("te".to_owned()),
        Just("keep-alive".to_owned()),
        Just("connection".to_owned()),
        "x-[a-z]{1,12}",
    ];
    let value = prop_oneof![
        Just("system:admin".to_owned()),
        Just("close, impersonate-user, authorization".to_owned()),
        Just("Impersonate-Group".to_owned()),
        "[ -~]{0,40}",
    ];
    proptest::collection::vec((name, value), 1..12)
}

fn identity(headers: &HeaderMap) -> Vec<(String, String)> {
    let named = headers.iter().filter(|(name, _)| {
        let name = name.as_str().replace('_', "-");
        name.contains("impersonate") || name.contains("remote") || name.contains("forwarded")
    });
    let text = |it: &HeaderValue| it.to_str().unwrap().to_owned();
    let mut all: Vec<_> = named.map(|(name, value)| (name.to_string(), text(value))).collect();
    all.sort();
    all
}

#[tokio::test]
async fn t30_identity_arrives_once_and_is_ours_whatever_the_client_sends() {
    let ways = Ways::begin().await;
    let mut runner = TestRunner::deterministic();
    for (web, prefix) in &ways.all {
        let mut sender = web.open().await.unwrap();
        let path = format!("{prefix}/echo");
        web.get(&path).await.expect(StatusCode::OK);
        let expected = identity(&ways.cluster.last("/echo").headers);
        let users: Vec<_> = expected.iter().filter(|it| it.0 == "impersonate-user").collect();
        assert_eq!(users.len(), 1);
        assert_eq!(users[0].1, "loft:user:admin");
        assert!(expected.contains(&("impersonate-group".into(), "system:masters".into())));
        for _ in 0..200 {
            let set = hostile().new_tree(&mut runner).unwrap().current();
            let mut request = web.request(Method::GET, &path, None);
            for (name, value) in &set {
                let name = HeaderName::try_from(name.as_str()).unwrap();
                request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
            }
            if sender.is_closed() || sender.ready().await.is_err() {
                sender = web.open().await.unwrap();
            }
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{set:?}");
            to_bytes(Body::new(answer.into_body()), 1 << 20).await.unwrap();
            let seen = ways.cluster.last("/echo");
            assert_eq!(identity(&seen.headers), expected, "{set:?}");
            assert_eq!(seen.method, "GET");
            for name in ["cookie", "via", "te", "proxy-authorization"] {
                assert!(!seen.headers.contains_key(name), "{name}: {set:?}");
            }
            assert_eq!(seen.headers.get_all(header::AUTHORIZATION).iter().count(), 1);
        }
    }
}

#[tokio::test]
async fn t30_who_asks_to_be_somebody_else_is_refused_before_the_cluster_hears_of_it() {
    let ways = Ways::begin().await;
    for (web, prefix) in &ways.all {
        let before = ways.cluster.count("/echo");
        for name in [
            "impersonate-user",
            "impersonate-group",
            "impersonate-uid",
            "impersonate-extra-scopes",
            "Impersonate-Anything",
        ] {
            for value in ["system:admin", ""] {
                let mut request = web.request(Method::GET, &format!("{prefix}/echo"), None);
                let header = HeaderName::try_from(name).unwrap();
                request.headers_mut().insert(header, HeaderValue::from_static(value));
                let answer = web.send(request).await.unwrap();
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{prefix} {name}");
            }
        }
        assert_eq!(ways.cluster.count("/echo"), before);
    }
}
