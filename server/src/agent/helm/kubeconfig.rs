//! The kubeconfig that the chart leaves in the Secret `vc-<name>`, read field by field.
//!
//! Nothing in it can make us run a program, read a file or go through a proxy.

use axum::http::Uri;
use kube::Config;
use kube::config::AuthInfo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;

/// Its longest text, in bytes.
const LENGTH_MAX: usize = 64 * 1024;

/// Where a control plane is and how to speak to it.
#[derive(Debug)]
pub(super) struct Kubeconfig {
    /// As it stands there.
    pub server: Uri,
    /// Whom the certificate names.
    pub server_name: String,
    /// The server is the pod itself, as seen from inside of it.
    pub loopback: bool,
    authority: Option<Vec<Vec<u8>>>,
    credentials: AuthInfo,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    current_context: String,
    contexts: Vec<Named<Context>>,
    clusters: Vec<Named<Cluster>>,
    users: Vec<Named<User>>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(alias = "context", alias = "cluster", alias = "user")]
    it: T,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority_data: Option<k8s_openapi::ByteString>,
    tls_server_name: String,
    insecure_skip_tls_verify: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    token: Option<String>,
}

impl Kubeconfig {
    /// # Errors
    /// What is wrong with it, in words for people and without anything that stands in it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text")?;
        if text.len() > LENGTH_MAX {
            return Err("it is too long");
        }
        let file: File = serde_saphyr::from_str(text).map_err(|_| "it is not a kubeconfig")?;
        let context = current(&file).ok_or("it has no current context")?;
        let cluster = named(&file.clusters, &context.cluster).ok_or("it names no cluster")?;
        let user = named(&file.users, &context.user).ok_or("it names no user")?;
        if cluster.insecure_skip_tls_verify {
            return Err("it asks not to check the certificate");
        }
        let server: Uri = cluster.server.parse().map_err(|_| "its server is not a URL")?;
        if server.scheme_str() != Some("https") || cluster.server.contains('@') {
            return Err("its server is not an https URL");
        }
        let host = server.host().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
        if host.is_empty() {
            return Err("its server is not a URL");
        }
        let server_name =
            Some(&cluster.tls_server_name).filter(|it| !it.is_empty()).unwrap_or(&host).clone();
        let authority =
            cluster.certificate_authority_data.as_ref().map(|it| authority(&it.0)).transpose()?;
        let loopback = is_loopback(&host);
        Ok(Self { server, server_name, loopback, authority, credentials: credentials(user)? })
    }

    /// For a client that goes to `server`.
    pub(super) fn config(&self, server: Uri) -> Config {
        let mut config = Config::new(server);
        config.root_cert = self.authority.clone();
        config.tls_server_name = Some(self.server_name.clone());
        config.auth_info = self.credentials.clone();
        // A request that was sent is not sent again: it may have been understood.
        config.default_retry = false;
        config
    }
}

fn current(file: &File) -> Option<&Context> {
    named(&file.contexts, &file.current_context)
}

fn named<'a, T>(all: &'a [Named<T>], name: &str) -> Option<&'a T> {
    all.iter().find(|it| it.name == name).map(|it| &it.it)
}

fn is_loopback(host: &str) -> bool {
    let of_address = |it: std::net::IpAddr| it.is_loopback() || it.is_unspecified();
    host == "localhost" || host.ends_with(".localhost") || host.parse().is_ok_and(of_address)
}

fn authority(pem: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let all: Result<Vec<Vec<u8>>, _> =
        CertificateDer::pem_slice_iter(pem).map(|it| it.map(|it| it.to_vec())).collect();
    let all = all.map_err(|_| "its certificate authority is not PEM")?;
    if all.is_empty() { Err("its certificate authority is not PEM") } else { Ok(all) }
}

fn credentials(user: &User) -> Result<AuthInfo, &'static str> {
    let mut credentials = AuthInfo::default();
    match (&user.client_certificate_data, &user.client_key_data, &user.token) {
        (Some(certificate), Some(key), _) => {
            credentials.client_certificate_data = Some(certificate.clone());
            credentials.client_key_data = Some(key.clone().into());
        }
        (None, None, Some(token)) => credentials.token = Some(token.clone().into()),
        _ => return Err("it has neither a token nor a certificate with its key"),
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeconfig(cluster: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
             contexts: [{{name: a, context: {{cluster: b, user: c}}}}]\n\
             clusters: [{{name: b, cluster: {{{cluster}}}}}]\n\
             users: [{{name: c, user: {{{user}}}}}]\n"
        )
    }

    fn read(cluster: &str, user: &str) -> Result<Kubeconfig, &'static str> {
        Kubeconfig::read(kubeconfig(cluster, user).as_bytes())
    }

    #[test]
    fn what_the_chart_writes_is_read() {
        let it = read("server: 'https://localhost:8443'", "token: t").unwrap();
        assert_eq!(it.server.port_u16(), Some(8443));
        assert_eq!((it.server_name.as_str(), it.loopback), ("localhost", true));
        let config = it.config("https://dev.ns.svc".parse().unwrap());
        assert_eq!(config.tls_server_name.as_deref(), Some("localhost"));
        assert!(config.auth_info.token.is_some());
    }

    #[test]
    fn loopback_has_many_names() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "LOCALHOST"] {
            let it = read(&format!("server: 'https://{host}:8443'"), "token: t").unwrap();
            assert!(it.loopback, "{host}");
        }
        for host in ["dev.ns", "10.0.0.1", "localhost.example"] {
            let it = read(&format!("server: 'https://{host}:8443'"), "token: t").unwrap();
            assert!(!it.loopback, "{host}");
        }
    }

    #[test]
    fn it_cannot_run_programs_or_read_files() {
        let exec = "exec: {command: sh, apiVersion: client.authentication.k8s.io/v1}";
        let server = "server: 'https://a'";
        for (cluster, user) in [
            (server, exec),
            (server, "tokenFile: /etc/passwd"),
            (server, "client-certificate: /a, client-key: /b"),
            (server, "client-certificate-data: YQ=="),
            ("server: 'http://a'", "token: t"),
            ("server: 'https://u:p@a'", "token: t"),
            ("server: ''", "token: t"),
            ("server: 'https://a', insecure-skip-tls-verify: true", "token: t"),
            ("server: 'https://a', certificate-authority-data: YQ==", "token: t"),
        ] {
            assert!(read(cluster, user).is_err(), "{cluster} {user}");
        }
        let it = read("server: 'https://a', proxy-url: 'http://b'", "token: t").unwrap();
        assert!(it.config(it.server.clone()).proxy_url.is_none());
    }

    #[test]
    fn what_is_no_kubeconfig_is_refused() {
        for text in ["", "[]", "a: 1", "current-context: x", "\u{0}", "a: &a [*a]"] {
            assert!(Kubeconfig::read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Kubeconfig::read(&[0xff]).is_err());
        assert!(Kubeconfig::read("a".repeat(LENGTH_MAX + 1).as_bytes()).is_err());
    }
}
