//! The floor: TLS in, TLS out, and between them a hyper that copies requests and answers. It knows
//! nobody and decides nothing, in a process of its own.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Result;
use crate::http::{Door, Protocol};
use crate::nginx::certificate;
use crate::processes::{Processes, free_port};

/// What this program is started with to be the proxy.
pub const ARGUMENT: &str = "pass-through";

/// Starts it in front of `upstream`.
pub fn start(processes: &mut Processes, upstream: &Door) -> Result<(Door, u32)> {
    let folder = processes.folder().join("proxy");
    let door = Door { port: free_port()?, authority: certificate(&folder)? };
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ARGUMENT).arg(door.port.to_string()).arg(folder);
    command.arg(upstream.port.to_string()).arg(&upstream.authority);
    Ok((door, processes.run("proxy", &mut command)?))
}

/// Is the proxy: its own port and folder, the other's port and authority.
pub async fn run(arguments: &[String]) -> Result<()> {
    let [port, folder, upstream, authority] = arguments else {
        return Err("pass-through needs four words".into());
    };
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?;
    let acceptor = TlsAcceptor::from(Arc::new(server_config(Path::new(folder))?));
    let door = Door { port: upstream.parse()?, authority: authority.into() };
    let pool = Arc::new(Pool { door, idle: Mutex::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, pool) = (acceptor.clone(), pool.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| {
                let pool = pool.clone();
                // The library asks for an error whose type it knows.
                async move { pool.pass(request).await.map_err(std::io::Error::other) }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn server_config(folder: &Path) -> Result<ServerConfig> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(folder.join("cert.pem"))?.collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config?.with_no_client_auth().with_single_cert(chain?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Connections to the other side that wait for work.
struct Pool {
    door: Door,
    idle: Mutex<Vec<SendRequest<Incoming>>>,
}

impl Pool {
    async fn pass(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Incoming>> {
        let mut sender = self.sender().await?;
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        let mut onward = Request::builder().method(parts.method).uri(path).body(body)?;
        *onward.headers_mut() = parts.headers;
        let host = HeaderValue::from_str(&format!("localhost:{}", self.door.port))?;
        onward.headers_mut().insert(HOST, host);
        let answer = sender.send_request(onward).await?;
        tokio::spawn(async move {
            // Once the body is through.
            if sender.ready().await.is_ok() {
                self.idle().push(sender);
            }
        });
        let (mut parts, body) = answer.into_parts();
        parts.version = hyper::Version::default();
        Ok(Response::from_parts(parts, body))
    }

    async fn sender(&self) -> Result<SendRequest<Incoming>> {
        loop {
            let waiting = self.idle().pop();
            match waiting {
                Some(sender) if sender.is_ready() => return Ok(sender),
                // The other side hung up meanwhile.
                Some(_) => {}
                None => break,
            }
        }
        let io = TokioIo::new(self.door.connect(Protocol::Http1).await?);
        let (sender, connection) = handshake(io).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Incoming>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
