//! A whole kubeconfig file with the key in it.

use std::fmt::Write as _;

use super::plugin::{self, PROTOCOL, Secrets};
use super::{KEY_VARIABLE, Request};

/// A kubeconfig for what the request is about that needs no other file. `expires` is put in a comment, in
/// the words given.
///
/// On the central route `key` is its token. On the direct one it is for the plugin alone, which sends
/// it to the central instance: the cluster sees only tokens that are bound to it.
///
/// The values are written as JSON strings, which YAML reads as they are meant.
#[must_use]
pub fn kubeconfig(request: &Request, key: &str, expires: &str) -> String {
    let name = json(&request.context());
    let server = request.server();
    let mut file = String::new();
    // Writing to a `String` cannot fail.
    _ = match request.vcluster {
        "" => writeln!(file, "# The cluster {}", one_line(request.cluster)),
        name => writeln!(file, "# {} in project {}", one_line(name), one_line(request.project)),
    };
    _ = writeln!(file, "# Holds an access key. It stops working {}.", one_line(expires));
    _ = writeln!(file, "apiVersion: v1\nkind: Config\ncurrent-context: {name}");
    _ = writeln!(file, "clusters:\n  - name: {name}\n    cluster:");
    _ = writeln!(file, "      server: {}", json(&server.url));
    if server.insecure {
        _ = writeln!(file, "      insecure-skip-tls-verify: true");
    }
    if !server.ca_data.is_empty() {
        _ = writeln!(file, "      certificate-authority-data: {}", json(&server.ca_data));
    }
    _ = writeln!(file, "users:\n  - name: {name}\n    user:");
    match request.direct() {
        None => _ = writeln!(file, "      token: {}", json(key)),
        Some(_) => exec(&mut file, request, key),
    }
    _ = writeln!(file, "contexts:\n  - name: {name}\n    context:");
    _ = writeln!(file, "      cluster: {name}\n      user: {name}");
    file
}

/// The user as a plugin, with all that it needs in its environment.
fn exec(file: &mut String, request: &Request, key: &str) {
    let ca = plugin::authority(request);
    let script =
        plugin::script(request, &plugin::own_name(request, key), &Secrets::Environment { ca: &ca });
    _ = writeln!(file, "      exec:\n        apiVersion: {PROTOCOL}");
    _ = writeln!(file, "        command: sh\n        interactiveMode: Never");
    _ = writeln!(file, "        args:\n          - -c\n          - {}", json(&script));
    _ = writeln!(file, "        env:\n          - name: {KEY_VARIABLE}");
    _ = writeln!(file, "            value: {}", json(key));
    if !ca.is_empty() {
        _ = writeln!(file, "          - name: DORMER_CA\n            value: {}", json(&ca));
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A comment ends with its line, so what is put in one may not hold another.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
