use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;

/// Base64 of the PEM of a certificate and of its key.
fn pair() -> (String, String) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["eu-1.example.com".to_owned()]).unwrap();
    (STANDARD.encode(cert.pem()), STANDARD.encode(signing_key.serialize_pem()))
}

/// A file whose parts can be spoilt.
struct File {
    cluster: String,
    user: String,
    context: String,
    top: String,
}

impl File {
    fn good(ca: &str) -> Self {
        Self {
            cluster: format!(
                "server: 'https://eu-1.example.com:6443', certificate-authority-data: {ca}"
            ),
            user: "token: abc".into(),
            context: "cluster: eu, user: ben".into(),
            top: "preferences: {}\n".into(),
        }
    }

    fn text(&self) -> String {
        let Self { cluster, user, context, top } = self;
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: dev\n{top}\
             clusters:\n- name: eu\n  cluster: {{{cluster}}}\n\
             users:\n- name: ben\n  user: {{{user}}}\n\
             contexts:\n- name: dev\n  context: {{{context}}}\n"
        )
    }
}

/// What an attacker would put into a field: programs that leave a trace, and a file that blocks
/// whoever opens it.
fn payloads(folder: &Path) -> Vec<String> {
    let canary = folder.join("canary").display().to_string();
    let pipe = folder.join("pipe").display().to_string();
    vec![
        format!(
            "{{apiVersion: client.authentication.k8s.io/v1, command: touch, args: ['{canary}'], interactiveMode: Never}}"
        ),
        format!("{{command: /bin/sh, args: ['-c', 'touch {canary}']}}"),
        format!("{{command: sh, env: [{{name: PATH, value: '{canary}'}}]}}"),
        format!("{{name: gcp, config: {{cmd-path: /usr/bin/touch, cmd-args: '{canary}'}}}}"),
        format!("{{name: oidc, config: {{idp-certificate-authority: '{pipe}'}}}}"),
        format!("'{pipe}'"),
        format!("\"{pipe}\""),
        format!("'file://{pipe}'"),
        "'http://169.254.169.254/latest/meta-data'".into(),
        "/etc/shadow".into(),
        "true".into(),
        "[a, b]".into(),
        "{a: b}".into(),
        "[{name: x, extension: {last-update: y}}]".into(),
        "'`id`'".into(),
        "'$(id)'".into(),
    ]
}

/// 500 hostile files, each with the field that has to be named.
fn hostile(ca: &str, folder: &Path) -> Vec<(String, String)> {
    let user = [
        "exec",
        "auth-provider",
        "tokenFile",
        "client-certificate",
        "client-key",
        "as",
        "as-uid",
        "as-groups",
        "as-user-extra",
        "extensions",
        "username",
        "password",
        "Exec",
        "<<",
        "exec-plugin",
        "token-file",
    ];
    let cluster = [
        "certificate-authority",
        "proxy-url",
        "insecure-skip-tls-verify",
        "extensions",
        "LocationOfOrigin",
        "<<",
        "exec",
        "disableCompression",
    ];
    let context = ["extensions", "as", "exec", "impersonate"];
    let top = ["preferences", "extensions", "exec", "<<"];
    let mut files = Vec::new();
    for payload in payloads(folder) {
        for field in user {
            let file = File { user: format!("token: abc, {field}: {payload}"), ..File::good(ca) };
            files.push((file.text(), format!("spec.config.users[0].user.{field}")));
        }
        for field in cluster {
            let mut file = File::good(ca);
            _ = write!(file.cluster, ", {field}: {payload}");
            files.push((file.text(), format!("spec.config.clusters[0].cluster.{field}")));
        }
        for field in context {
            let mut file = File::good(ca);
            _ = write!(file.context, ", {field}: {payload}");
            files.push((file.text(), format!("spec.config.contexts[0].context.{field}")));
        }
        for field in top {
            let file = File { top: format!("{field}: {payload}\n"), ..File::good(ca) };
            files.push((file.text(), format!("spec.config.{field}")));
        }
    }
    files.truncate(500);
    files
}

#[test]
fn five_hundred_hostile_files_are_refused_by_their_field_and_nothing_is_run_or_opened() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever opens it to read waits for somebody who writes, for ever.
    let pipe = Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(pipe.success());
    let files = hostile(&pair().0, folder.path());
    assert_eq!(files.len(), 500);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for (text, field) in files {
            let causes = intake(&text, "").err();
            _ = tell.send((text, field, causes));
        }
    });
    let mut refused = 0;
    while let Ok((text, field, causes)) = told.recv_timeout(Duration::from_secs(20)) {
        let causes = causes.unwrap_or_else(|| panic!("taken in:\n{text}"));
        let named: Vec<_> = causes.iter().map(|it| it.field.as_str()).collect();
        assert!(named.contains(&field.as_str()), "{named:?}\n{text}");
        refused += 1;
    }
    assert_eq!(refused, 500, "the intake waits for something");
    assert!(!folder.path().join("canary").exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_good_file_becomes_a_config_with_nothing_but_what_was_taken() {
    let (certificate, key) = pair();
    let sanitized = intake(&File::good(&certificate).text(), "").ok().unwrap();
    let config = sanitized.config().unwrap();
    assert_eq!(config.cluster_url, "https://eu-1.example.com:6443/");
    assert_eq!(config.root_cert.map(|it| it.len()), Some(1));
    assert!(config.auth_info.token.is_some());
    let user = format!("client-certificate-data: {certificate}, client-key-data: {key}");
    let file = File { user, ..File::good(&certificate) };
    let config = intake(&file.text(), "dev").ok().unwrap().config().unwrap();
    let info = config.auth_info;
    assert!(info.client_key_data.is_some() && info.token.is_none());
    assert!(info.exec.is_none() && info.auth_provider.is_none() && info.token_file.is_none());
    assert!(info.client_key.is_none() && info.client_certificate.is_none());
    assert!(config.proxy_url.is_none() && !config.accept_invalid_certs);
}

#[test]
fn a_certificate_that_tls_cannot_use_is_refused_at_once() {
    let no_der = STANDARD.encode("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    let causes = intake(&File::good(&no_der).text(), "").err().unwrap();
    assert_eq!(causes[0].field, "spec.config");
    let (certificate, _) = pair();
    let (_, other) = pair();
    let user = format!("client-certificate-data: {certificate}, client-key-data: {other}");
    assert!(intake(&File { user, ..File::good(&certificate) }.text(), "").is_err());
}

#[test]
fn a_context_that_is_not_there_is_told_at_its_own_field() {
    let text = File::good(&pair().0).text();
    let causes = intake(&text, "prod").err().unwrap();
    assert_eq!(causes[0].field, "spec.context");
    assert!(causes[0].message.contains("prod"));
}

#[test]
fn bombs_cost_next_to_nothing() {
    let mut aliases = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let below = format!("*a{},", level - 1).repeat(9);
        _ = writeln!(aliases, "a{level}: &a{level} [{below}]");
    }
    let bombs = [
        aliases,
        "[".repeat(200_000),
        "{a: ".repeat(100_000),
        "- ".repeat(300_000),
        "a: &a\n  <<: *a\n".to_owned(),
        format!("a: \"{}\"", "\\x41".repeat(200_000)),
        "? ".repeat(200_000),
        "a: 1\n".repeat(100_000),
        "!!str ".repeat(100_000),
        "%TAG ! tag:x,2000:\n".repeat(50_000),
        "#\n".repeat(400_000),
        "a: |\n".to_owned() + &"  x\n".repeat(200_000),
    ];
    for bomb in bombs {
        let begin = Instant::now();
        let causes = intake(&bomb, "").err().unwrap();
        let took = begin.elapsed();
        let start: String = bomb.chars().take(20).collect();
        assert!(!causes.is_empty());
        // Unoptimized; 20 ms is what a release build has to keep.
        assert!(took < Duration::from_secs(1), "{took:?} for {start:?}");
    }
}
