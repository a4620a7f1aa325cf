use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{Request, Response};
use dormer_api::kubeconfig::{Credential, Taken};
use http_body_util::BodyExt;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A cluster's API in a few strokes: it tells what it was asked, and answers by path.
struct Cluster {
    address: SocketAddr,
    ca: String,
    requests: mpsc::UnboundedReceiver<Vec<String>>,
    /// Lets the next part of a stream go.
    go: mpsc::UnboundedSender<()>,
}

impl Cluster {
    async fn start() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["cluster.test".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, requests) = mpsc::unbounded_channel();
        let (go, mut gone) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(stream) = acceptor.accept(stream).await else { continue };
                _ = answer(BufReader::new(stream), &tell, &mut gone).await;
            }
        });
        Self { address, ca: cert.pem(), requests, go }
    }

    fn sanitized(&self) -> Sanitized {
        sanitized(&format!("https://cluster.test:{}", self.address.port()), &self.ca)
    }

    async fn request(&mut self) -> Vec<String> {
        self.requests.recv().await.unwrap()
    }
}

fn sanitized(server: &str, ca: &str) -> Sanitized {
    Sanitized::from_taken(Taken {
        server: server.into(),
        tls_server_name: None,
        ca: ca.into(),
        credential: Credential::Token("abc".into()),
    })
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    tell: &mpsc::UnboundedSender<Vec<String>>,
    go: &mut mpsc::UnboundedReceiver<()>,
) -> io::Result<()> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_ascii_lowercase()),
        }
    }
    let asked = head.first().cloned().unwrap_or_default();
    _ = tell.send(head);
    if asked.contains("/stream") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
        for part in ["one", "two"] {
            go.recv().await;
            stream.write_all(format!("3\r\n{part}\r\n").as_bytes()).await?;
            stream.flush().await?;
        }
        stream.write_all(b"0\r\n\r\n").await?;
    } else if asked.contains("/upgrade") {
        stream
            .write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
            )
            .await?;
        let mut word = [0; 5];
        stream.read_exact(&mut word).await?;
        word.reverse();
        stream.write_all(&word).await?;
    } else if asked.contains("/redirect") {
        let head = "HTTP/1.1 302 Found\r\nLocation: https://cluster.test:1/secret\r\n";
        stream
            .write_all(format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())
            .await?;
    } else {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        stream.write_all(head.as_bytes()).await?;
    }
    stream.flush().await
}

/// A resolver that gives these answers, one a question, and then nothing.
fn scripted(answers: impl IntoIterator<Item = SocketAddr>) -> (Resolve, Arc<AtomicUsize>) {
    let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let resolve: Resolve = Arc::new(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        let next = answers.lock().unwrap().pop_front();
        Box::pin(async move { Ok(next.into_iter().collect()) })
    });
    (resolve, asked)
}

fn loopback() -> Allowed {
    Allowed::new(["127.0.0.0/8".parse().unwrap()])
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn client_of(cluster: &Cluster) -> Client {
    let (resolve, _) = scripted([cluster.address; 4]);
    client_with(&cluster.sanitized(), &loopback(), resolve, CONNECT_LIMIT).unwrap()
}

async fn part(response: &mut Response<Body>) -> Option<Vec<u8>> {
    let frame = response.body_mut().frame().await?.unwrap();
    Some(frame.into_data().unwrap().to_vec())
}

#[tokio::test]
async fn a_request_goes_out_with_the_credential_and_a_body_comes_in_as_it_is_sent() {
    let mut cluster = Cluster::start().await;
    let mut response = client_of(&cluster).send(get("/stream?watch=1")).await.unwrap();
    let request = cluster.request().await;
    assert_eq!(request[0], "get /stream?watch=1 http/1.1");
    assert!(request.contains(&"authorization: bearer abc".to_owned()), "{request:?}");
    cluster.go.send(()).unwrap();
    assert_eq!(part(&mut response).await.unwrap(), b"one");
    cluster.go.send(()).unwrap();
    assert_eq!(part(&mut response).await.unwrap(), b"two");
    assert!(part(&mut response).await.is_none());
}

#[tokio::test]
async fn a_request_can_be_upgraded() {
    let cluster = Cluster::start().await;
    let request = Request::get("/upgrade")
        .header("connection", "Upgrade")
        .header("upgrade", "echo")
        .body(Body::empty())
        .unwrap();
    let response = client_of(&cluster).send(request).await.unwrap();
    assert_eq!(response.status(), 101);
    let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"olleh");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let cluster = Cluster::start().await;
    let response = client_of(&cluster).send(get("/redirect")).await.unwrap();
    assert_eq!(response.status(), 302);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_looked_at_again_and_refused() {
    let cluster = Cluster::start().await;
    let inner = TcpListener::bind("127.0.0.9:0").await.unwrap();
    let (resolve, asked) = scripted([cluster.address, inner.local_addr().unwrap()]);
    let allowed = Allowed::new(["127.0.0.1".parse().unwrap()]);
    let client = client_with(&cluster.sanitized(), &allowed, resolve, CONNECT_LIMIT).unwrap();
    assert_eq!(client.send(get("/version")).await.unwrap().status(), 200);
    let refused = client.send(get("/version")).await.unwrap_err();
    assert_eq!(
        why(&refused),
        "127.0.0.9 is this machine itself, which is dialled only if --allow-cluster-address allows it."
    );
    assert_eq!(asked.load(Ordering::Relaxed), 2, "once a connection");
    nobody_came(inner);
}

/// Nothing waits in the queue of the listener: not one SYN was sent.
#[track_caller]
fn nobody_came(listener: TcpListener) {
    let listener = listener.into_std().unwrap();
    let waiting = listener.accept().unwrap_err();
    assert_eq!(waiting.kind(), io::ErrorKind::WouldBlock);
}

/// Ways to write this machine and the metadata service, through the system's own resolver: it reads
/// more of them than one would think.
#[tokio::test]
async fn no_way_of_writing_it_leads_to_this_machine_or_the_metadata_service() {
    let v4 = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = v4.local_addr().unwrap().port();
    let v6 = TcpListener::bind(("::1", port)).await.ok();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "0",
        "0.0.0.0",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0177.1",
        "127.0.0.01",
        "127.000.000.001",
        "00000000177.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::ffff:0:127.0.0.1]",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "0xa9.254.43518",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.100.100.200",
    ];
    assert!(hosts.len() >= 40);
    let ca = Cluster::start().await.ca;
    for host in hosts {
        let to = sanitized(&format!("https://{host}:{port}"), &ca);
        let client = client(&to, &Allowed::default()).unwrap();
        assert!(client.send(get("/version")).await.is_err(), "{host}");
    }
    nobody_came(v4);
    if let Some(v6) = v6 {
        nobody_came(v6);
    }
}

#[tokio::test]
async fn a_cluster_with_another_certificate_is_not_spoken_to() {
    let cluster = Cluster::start().await;
    let stranger = Cluster::start().await;
    let (resolve, _) = scripted([stranger.address]);
    let client = client_with(&cluster.sanitized(), &loopback(), resolve, CONNECT_LIMIT).unwrap();
    let error = client.send(get("/version")).await.unwrap_err();
    assert!(why(&error).starts_with("Its certificate was not accepted: "), "{}", why(&error));
}

#[tokio::test]
async fn a_port_where_nobody_is_and_a_name_that_is_none_have_words() {
    let cluster = Cluster::start().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (resolve, _) = scripted([free]);
    let client = client_with(&cluster.sanitized(), &loopback(), resolve, CONNECT_LIMIT).unwrap();
    let error = client.send(get("/version")).await.unwrap_err();
    assert!(why(&error).starts_with("The connection failed: "), "{}", why(&error));
    let error = client.send(get("/version")).await.unwrap_err();
    assert_eq!(why(&error), "The connection failed: the name leads to no address.");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_on() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let ca = Cluster::start().await.ca;
    let (resolve, _) = scripted([address]);
    let to = sanitized("https://cluster.test", &ca);
    let client = client_with(&to, &loopback(), resolve, Duration::from_millis(50)).unwrap();
    let error = client.send(get("/version")).await.unwrap_err();
    assert_eq!(why(&error), "It did not answer within 5 s.");
}
