//! Field by field: what is taken, and why the rest is not.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::refuse::{problem, program, server_url, shown, unknown, unreachable};
use super::tree::Node;
use super::{Auth, Context, Credential, Problem, Taken};

/// What a kubeconfig may hold at its top.
const FILE: [&str; 6] = ["apiVersion", "kind", "clusters", "contexts", "users", "current-context"];
/// What a cluster may hold.
const CLUSTER: [&str; 4] =
    ["server", "certificate-authority-data", "tls-server-name", "disable-compression"];
/// What a user may hold.
const USER: [&str; 3] = ["token", "client-certificate-data", "client-key-data"];
/// What a context may hold.
const CONTEXT: [&str; 3] = ["cluster", "user", "namespace"];

/// What is wrong with a file as a whole.
pub(super) fn file(file: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let kind = file.text("kind");
    if !matches!(kind, "" | "Config") {
        problems.push(problem(
            "kind",
            format!("This is a {}, not a kubeconfig, whose kind is Config.", shown(kind)),
        ));
        return problems;
    }
    unknown(file, "", &FILE, &mut problems);
    for (list, what) in [("clusters", "cluster"), ("contexts", "context"), ("users", "user")] {
        let mut names = BTreeSet::new();
        for (i, entry) in file.list(list).iter().enumerate() {
            if !names.insert(entry.text("name")) {
                let name = shown(entry.text("name"));
                problems.push(problem(
                    format!("{list}[{i}].name"),
                    format!(
                        "Two {list} have the name {name}, so it is unclear which one is meant."
                    ),
                ));
            }
        }
        if names.is_empty() {
            let message = match what {
                "cluster" => "There are no clusters in this file.".to_owned(),
                what => format!("There is no {what} in this file."),
            };
            problems.push(problem(list, message));
        }
    }
    problems
}

/// A context with what it names.
pub(super) struct Entry<'a> {
    pub(super) name: String,
    /// Where it is in the list.
    index: usize,
    /// The whole entry.
    entry: &'a Node,
    cluster: Option<(usize, &'a Node)>,
    user: Option<(usize, &'a Node)>,
}

/// Every context of a file that has a name.
pub(super) fn entries(file: &Node) -> Vec<Entry<'_>> {
    let find = |list: &'static str, name: &str| {
        let mut entries = file.list(list).iter().enumerate();
        entries.find(|(_, it)| it.text("name") == name && !name.is_empty())
    };
    let contexts = file.list("contexts").iter().enumerate();
    let named = contexts.filter(|(_, it)| !it.text("name").is_empty());
    named
        .map(|(index, entry)| {
            let context = entry.get("context").unwrap_or(&Node::Null);
            Entry {
                name: entry.text("name").to_owned(),
                index,
                entry,
                cluster: find("clusters", context.text("cluster")),
                user: find("users", context.text("user")),
            }
        })
        .collect()
}

impl Entry<'_> {
    /// What a person sees of it.
    pub(super) fn context(&self) -> Context {
        let (taken, mut problems) = self.looked_at();
        let server = self.part(self.cluster, "cluster").text("server").to_owned();
        // A fault has said so already.
        if taken.is_some() {
            problems.extend(unreachable(&server, &self.server_field()));
        }
        Context { name: self.name.clone(), server, auth: self.auth(), problems }
    }

    /// What is needed of it.
    pub(super) fn take(&self) -> Result<Taken, Vec<Problem>> {
        match self.looked_at() {
            (Some(taken), problems) if problems.is_empty() => Ok(taken),
            (_, problems) => Err(problems),
        }
    }

    fn part<'b>(&self, entry: Option<(usize, &'b Node)>, name: &str) -> &'b Node {
        entry.and_then(|(_, it)| it.get(name)).unwrap_or(&Node::Null)
    }

    fn server_field(&self) -> String {
        format!("clusters[{}].cluster.server", self.cluster.map_or(0, |it| it.0))
    }

    fn auth(&self) -> Auth {
        let user = self.part(self.user, "user");
        let has = |name| user.get(name).is_some();
        if let Some(exec) = user.get("exec") {
            return Auth::Exec(program(exec.text("command")));
        }
        if let Some(provider) = user.get("auth-provider") {
            return Auth::AuthProvider(shown(provider.text("name")));
        }
        match () {
            () if has("token") => Auth::Token,
            () if has("client-certificate-data") => Auth::Certificate,
            () if has("tokenFile") || has("client-certificate") || has("client-key") => Auth::Files,
            () if has("username") || has("password") => Auth::Password,
            () => Auth::Missing,
        }
    }

    fn looked_at(&self) -> (Option<Taken>, Vec<Problem>) {
        let mut problems = Vec::new();
        let path = format!("contexts[{}]", self.index);
        unknown(self.entry, &path, &["name", "context"], &mut problems);
        let context = self.entry.get("context").unwrap_or(&Node::Null);
        unknown(context, &format!("{path}.context"), &CONTEXT, &mut problems);
        for (what, found) in [("cluster", self.cluster), ("user", self.user)] {
            let Some((index, entry)) = found else {
                problems.push(problem(
                    format!("{path}.context.{what}"),
                    format!("The context names a {what} that is not in the file."),
                ));
                continue;
            };
            unknown(entry, &format!("{what}s[{index}]"), &["name", what], &mut problems);
        }
        let (Some((cluster, _)), Some((user, _))) = (self.cluster, self.user) else {
            return (None, problems);
        };
        let cluster_path = format!("clusters[{cluster}].cluster");
        let place = take_cluster(self.part(self.cluster, "cluster"), &cluster_path, &mut problems);
        let user_path = format!("users[{user}].user");
        let credential = take_user(self.part(self.user, "user"), &user_path, &mut problems);
        let taken = place.zip(credential).map(|((server, tls_server_name, ca), credential)| {
            Taken { server, tls_server_name, ca, credential }
        });
        (taken, problems)
    }
}

type Place = (String, Option<String>, String);

fn take_cluster(cluster: &Node, path: &str, problems: &mut Vec<Problem>) -> Option<Place> {
    let before = problems.len();
    unknown(cluster, path, &CLUSTER, problems);
    let server = cluster.text("server");
    if let Err(message) = server_url(server) {
        problems.push(problem(format!("{path}.server"), message));
    }
    let name = cluster.text("tls-server-name");
    if !name.is_empty() && crate::name::dns_subdomain(name).is_err() {
        problems.push(problem(format!("{path}.tls-server-name"), "This is not a host name."));
    }
    let ca = data(cluster, path, "certificate-authority-data", "CERTIFICATE", problems);
    if ca.is_none() && problems.len() == before {
        problems.push(problem(
            format!("{path}.certificate-authority-data"),
            "The certificate authority is missing, so nobody could tell this cluster from another. \
             Put it into the file: kubectl config view --minify --flatten --raw",
        ));
    }
    let name = (!name.is_empty()).then(|| name.to_owned());
    ca.filter(|_| problems.len() == before).map(|ca| (server.to_owned(), name, ca))
}

fn take_user(user: &Node, path: &str, problems: &mut Vec<Problem>) -> Option<Credential> {
    let before = problems.len();
    unknown(user, path, &USER, problems);
    let token = user.text("token");
    if !token.bytes().all(|it| it.is_ascii_graphic()) {
        let message = "A token has no spaces, line breaks or letters beyond ASCII.";
        problems.push(problem(format!("{path}.token"), message));
    }
    let certificate = data(user, path, "client-certificate-data", "CERTIFICATE", problems);
    let key = data(user, path, "client-key-data", "PRIVATE KEY", problems);
    if problems.len() > before {
        return None;
    }
    match (token, certificate, key) {
        ("", Some(certificate), Some(key)) => Some(Credential::Certificate { certificate, key }),
        ("", Some(_), None) => {
            let message = "The key of the client certificate is missing.";
            problems.push(problem(format!("{path}.client-key-data"), message));
            None
        }
        ("", None, Some(_)) => {
            let message = "The certificate that belongs to the client key is missing.";
            problems.push(problem(format!("{path}.client-certificate-data"), message));
            None
        }
        ("", None, None) => {
            let message = "The token is missing: this user has neither a token nor a client \
                           certificate.";
            problems.push(problem(format!("{path}.token"), message));
            None
        }
        (token, ..) => Some(Credential::Token(token.to_owned())),
    }
}

/// The text of a field that holds base64 of PEM with a block that ends in `label`.
fn data(
    node: &Node,
    path: &str,
    name: &str,
    label: &str,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let text = node.text(name);
    if text.is_empty() {
        return None;
    }
    let what = if label == "CERTIFICATE" { "Certificate" } else { "Key" };
    let compact: String = text.chars().filter(|it| !it.is_ascii_whitespace()).collect();
    let Ok(bytes) = STANDARD.decode(compact) else {
        problems.push(problem(format!("{path}.{name}"), format!("{what} data is not base64.")));
        return None;
    };
    let pem = String::from_utf8(bytes).ok();
    let pem = pem.filter(|it| it.contains("-----BEGIN ") && it.contains(&format!("{label}-----")));
    if pem.is_none() {
        let message =
            format!("{what} data is base64, but not of PEM with a {}.", label.to_lowercase());
        problems.push(problem(format!("{path}.{name}"), message));
    }
    pem
}
