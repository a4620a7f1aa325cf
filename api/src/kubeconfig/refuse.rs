//! What is not taken from a kubeconfig, and the words for why.

use std::net::IpAddr;

use super::Problem;
use super::tree::Node;

pub(super) fn problem(field: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem { field: field.into(), message: message.into(), warning: false }
}

/// Why no context is chosen.
pub(super) fn no_current(named: &str) -> Problem {
    let message = match named {
        "" => "No current-context; choose one.".to_owned(),
        named => format!("There is no context with the name {}; choose another.", shown(named)),
    };
    problem("current-context", message)
}

/// Refuses every field that is not in `known`, each in its own words.
pub(super) fn unknown(node: &Node, path: &str, known: &[&str], problems: &mut Vec<Problem>) {
    for name in node.names().filter(|it| !known.contains(it)) {
        // Kubernetes' own default, written out.
        if name == "insecure-skip-tls-verify" && node.text(name) == "false" {
            continue;
        }
        let dot = if path.is_empty() { "" } else { "." };
        problems.push(problem(format!("{path}{dot}{}", shown(name)), refusal(node, name)));
    }
}

fn refusal(node: &Node, name: &str) -> String {
    match name {
        "exec" => {
            let program = node.get(name).map_or("", |it| it.text("command"));
            format!(
                "This file uses an exec plugin ({}); the server cannot run it. Use a token or the agent \
                 command.",
                self::program(program)
            )
        }
        "auth-provider" => {
            let provider = node.get(name).map_or("", |it| it.text("name"));
            format!(
                "This file uses an auth provider ({}); the server cannot run it. Use a token or the \
                 agent command.",
                shown(provider)
            )
        }
        "certificate-authority" | "client-certificate" | "client-key" | "tokenFile" => {
            "This is the path of a file on the machine that this comes from. Put what is in it here: \
             kubectl config view --minify --flatten --raw"
                .into()
        }
        "proxy-url" => {
            "A proxy cannot be set here. Use the agent command where the cluster is not reached \
             directly."
                .into()
        }
        "insecure-skip-tls-verify" => {
            "The certificate has to be checked. Remove this and put the cluster's authority into \
             certificate-authority-data."
                .into()
        }
        "username" | "password" => {
            "Kubernetes takes no passwords any more. Use a token or a client certificate.".into()
        }
        "preferences" | "extensions" => "It is for other tools, and not taken in. Remove it.".into(),
        name if name == "as" || name.starts_with("as-") => {
            "To act as somebody else is not taken in. Use the credential of who is meant.".into()
        }
        _ => "A kubeconfig has no such field here. Remove it.".into(),
    }
}

/// Why the URL of a server cannot be used.
pub(super) fn server_url(url: &str) -> Result<(), String> {
    let refused = |words: &str| Err(words.to_owned());
    if url.is_empty() {
        return refused("The server is missing.");
    }
    let Some(rest) = url.strip_prefix("https://") else {
        return refused("The server has to be an https:// URL: the credential is sent to it.");
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return refused("The server's URL must not hold a user name.");
    }
    if rest.contains(['?', '#']) {
        return refused("The server's URL must not hold a query or a fragment.");
    }
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~/".contains(&it);
    let dots = path.split('/').any(|it| matches!(it, "." | ".."));
    if !path.bytes().all(plain) || path.contains("//") || dots {
        return refused("The path of the server's URL has characters that it must not have.");
    }
    crate::endpoint::host(authority)
        .map(|_| ())
        .map_err(|error| format!("The server's host is not right. {error}"))
}

/// The warning for a server that only its own machine reaches.
pub(super) fn unreachable(url: &str, field: &str) -> Option<Problem> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split('/').next()?;
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => authority.split(':').next()?,
    };
    let local = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(it)) => it.is_loopback() || it.is_unspecified(),
        Ok(IpAddr::V6(it)) => it.is_loopback() || it.is_unspecified(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.ends_with(".localhost"),
    };
    let message = format!(
        "Server is {host}; the central instance cannot reach that, unless it runs on the same machine \
         and is set to allow it."
    );
    local.then(|| Problem { warning: true, ..problem(field, message) })
}

/// The name of a program, without the folders that it is in.
pub(super) fn program(command: &str) -> String {
    shown(command.rsplit(['/', '\\']).next().unwrap_or(command))
}

/// A text of the file in a sentence of ours: short, and on one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text.chars().filter(|it| !it.is_control()).take(MOST).collect();
    if shown.is_empty() {
        shown.push_str("without a name");
    }
    shown
}
