//! The program itself, as processes: a central instance, agents, and the people who call them.

use std::path::{Path, PathBuf};

use axum::http::{Method, Request, header};
use kube::core::Status;
use kube::{Client, Error};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::cluster::{client, free_ports, kubeconfig, own_address, until};
use crate::kubectl::Kubectl;
use crate::programs::Programs;

/// The management API's own part of a path.
pub const M: &str = "/kubernetes/management/apis/management.loft.sh/v1";
/// The virtual clusters of the project that every installation begins with.
pub const VCLUSTERS: &str = "/kubernetes/management/apis/management.loft.sh/v1/namespaces/loft-p-default/virtualclusterinstances";
const ADMIN_PASSWORD: &str = "open sesame, please";

/// A running `dormer serve`, with its agents.
pub struct Central {
    pub url: String,
    authority: String,
    programs: Programs,
    /// Two of them would both care for what is in the one cluster of all tests.
    _alone: MutexGuard<'static, ()>,
}

impl Central {
    /// A fresh one, when no other test has one.
    pub async fn start() -> Self {
        static ALONE: Mutex<()> = Mutex::const_new(());
        let alone = ALONE.lock().await;
        let mut programs = Programs::in_folder(TempDir::with_prefix("dormer-").unwrap().keep());
        let folder = programs.folder().to_owned();
        let password = folder.join("password");
        std::fs::write(&password, ADMIN_PASSWORD).unwrap();
        let [port] = free_ports();
        let arguments = [
            "serve".to_owned(),
            format!("--listen=127.0.0.1:{port}"),
            format!("--data={}", folder.join("data").display()),
            format!("--admin-password-file={}", password.display()),
            format!("--allow-cluster-address={}", own_address()),
        ];
        programs.start("serve", Path::new(env!("CARGO_BIN_EXE_dormer")), &arguments);
        let authority = folder.join("data/ca.pem");
        until(async || authority.exists()).await;
        let authority = std::fs::read_to_string(authority).unwrap();
        let central =
            Self { url: format!("https://127.0.0.1:{port}"), authority, programs, _alone: alone };
        let nobody = central.person("");
        until(async || nobody.call(Method::GET, "/version", None).await.is_ok()).await;
        central
    }

    /// The first administrator, with an access key.
    pub async fn admin(&self) -> Person {
        self.signed_in("admin", ADMIN_PASSWORD).await
    }

    /// A new member of the default project, with an access key.
    pub async fn member(&self, name: &str) -> Person {
        let password = format!("the password of {name}");
        let email = format!("{name}@example.com");
        let spec = json!({ "username": name, "email": email, "password": password });
        let user = json!({ "metadata": { "name": name }, "spec": spec });
        self.admin().await.post(&format!("{M}/users"), &user).await;
        self.signed_in(name, &password).await
    }

    async fn signed_in(&self, name: &str, password: &str) -> Person {
        let body = json!({ "username": name, "password": password });
        let answer = self.person("").post("/auth/password/login", &body).await;
        self.person(answer["accessKey"].as_str().unwrap())
    }

    fn person(&self, key: &str) -> Person {
        Person { client: client(&self.url, &self.authority, key), key: key.to_owned() }
    }

    /// Where the PEM of its authority is.
    pub fn authority_file(&self) -> PathBuf {
        self.programs.folder().join("data/ca.pem")
    }

    /// Starts an agent that dials in for `cluster`, beside the Kubernetes of `kubeconfig`. Says where
    /// its own endpoint is.
    pub async fn agent(&mut self, cluster: &str, kubeconfig: &str) -> String {
        let answer =
            self.admin().await.get(&format!("{M}/clusters/{cluster}/accesskey")).await.unwrap();
        let folder = self.programs.folder().join(format!("agent-{cluster}"));
        let file = self.programs.folder().join(format!("agent-{cluster}.kubeconfig"));
        std::fs::write(&file, kubeconfig).unwrap();
        let [port] = free_ports();
        let arguments = [
            "agent".to_owned(),
            format!("--url={}", self.url),
            format!("--cluster={cluster}"),
            format!("--code={}", answer["accessKey"].as_str().unwrap()),
            format!("--ca-data={}", answer["caCert"].as_str().unwrap()),
            format!("--data={}", folder.display()),
            format!("--kubeconfig={}", file.display()),
            format!("--listen=127.0.0.1:{port}"),
        ];
        self.programs.start(cluster, Path::new(env!("CARGO_BIN_EXE_dormer")), &arguments);
        format!("https://127.0.0.1:{port}")
    }

    /// `kubectl` as somebody, with this path of the gateway for its server.
    pub fn kubectl(&self, person: &Person, path: &str) -> Kubectl {
        let server = format!("{}{path}", self.url);
        Kubectl::with(&kubeconfig(&server, &self.authority, &person.key))
    }

    /// `kubectl` as somebody, at the endpoint of the agent of `cluster` and with a token for it alone.
    pub async fn direct(&self, person: &Person, cluster: &str, endpoint: &str) -> Kubectl {
        let ask = json!({ "spec": { "cluster": cluster } });
        let answer = person.post(&format!("{M}/directclusterendpointtokens"), &ask).await;
        let authority = self.programs.folder().join(format!("agent-{cluster}/ca.pem"));
        let authority = std::fs::read_to_string(authority).unwrap();
        let server = format!("{endpoint}/kubernetes/cluster");
        let token = answer["status"]["token"].as_str().unwrap();
        Kubectl::with(&kubeconfig(&server, &authority, token))
    }

    /// Waits until a host cluster answers, and gives what is known of it.
    pub async fn until_online(&self, admin: &Person, cluster: &str) -> Value {
        let path = format!("{M}/clusters/{cluster}");
        until(async || admin.get(&path).await.is_ok_and(|it| it["status"]["online"] == true)).await;
        admin.get(&path).await.unwrap()
    }
}

/// Somebody who calls the central instance.
pub struct Person {
    client: Client,
    key: String,
}

impl Person {
    /// One call.
    ///
    /// # Errors
    /// What the instance says instead of an answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Box<Status>> {
        let kind = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = body.map(|it| it.to_string().into_bytes()).unwrap_or_default();
        let request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        match self.client.request(request.body(body).unwrap()).await {
            Ok(answer) => Ok(answer),
            Err(Error::Api(status)) => Err(status),
            Err(error) => Err(Box::new(Status::failure(&error.to_string(), "NoAnswer"))),
        }
    }

    async fn must(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let answer = self.call(method.clone(), path, body).await;
        answer.unwrap_or_else(|status| panic!("{method} {path}: {status:?}"))
    }

    pub async fn get(&self, path: &str) -> Result<Value, Box<Status>> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.must(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.must(Method::DELETE, path, None).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Value {
        self.must(Method::PATCH, path, Some(body)).await
    }
}
