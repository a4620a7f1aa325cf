use proptest::prelude::*;

use super::*;

/// Base64 of a PEM in form only.
const CERTIFICATE: &str =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
const KEY: &str =
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1BQT0KLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo=";

/// A file with one context, its cluster and its user.
fn with(cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\npreferences: {{}}\ncurrent-context: dev\n\
         clusters:\n- name: eu\n  cluster: {{{cluster}}}\n\
         users:\n- name: ben\n  user: {{{user}}}\n\
         contexts:\n- name: dev\n  context: {{cluster: eu, user: ben}}\n"
    )
}

fn cluster() -> String {
    format!("server: \"https://eu-1.example.com:6443\", certificate-authority-data: {CERTIFICATE}")
}

fn refused(text: &str) -> Vec<(String, String)> {
    let problems = take(text, "").err().unwrap_or_default();
    problems.into_iter().map(|it| (it.field, it.message)).collect()
}

#[track_caller]
fn check(cluster: &str, user: &str, field: &str, words: &str) {
    let text = with(cluster, user);
    let problems = refused(&text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].0, field);
    assert!(problems[0].1.contains(words), "{problems:?}");
    assert!(!read(&text).contexts[0].usable(), "the page says the same");
}

#[test]
fn what_is_needed_is_taken_and_nothing_else() {
    let taken = take(&with(&cluster(), "token: abc"), "").ok().unwrap();
    assert_eq!(taken.server, "https://eu-1.example.com:6443");
    assert!(taken.ca.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(taken.credential == Credential::Token("abc".into()));

    let user = format!("client-certificate-data: {CERTIFICATE}, client-key-data: {KEY}");
    let taken = take(&with(&cluster(), &user), "dev").ok().unwrap();
    assert!(matches!(taken.credential, Credential::Certificate { key, .. } if key.contains("KEY")));
}

#[test]
fn comments_may_stand_anywhere() {
    let text = with(&cluster(), "token: abc").replace('\n', " # a comment\n");
    let text = format!("# one line\n# and another\n{text}# and the last\n");
    assert!(take(&text, "").is_ok());
}

#[test]
fn the_page_sees_every_context_with_its_way_of_signing_in() {
    let text = format!(
        "clusters:\n- name: eu\n  cluster: {{{}}}\n- name: here\n  cluster: {{server: 'https://127.0.0.1:6443', certificate-authority-data: {CERTIFICATE}}}\n\
         users:\n- name: ben\n  user: {{token: abc}}\n- name: cloud\n  user: {{exec: {{command: /opt/bin/gcloud}}}}\n\
         contexts:\n- name: a\n  context: {{cluster: eu, user: ben}}\n- name: b\n  context: {{cluster: eu, user: cloud}}\n- name: c\n  context: {{cluster: here, user: ben}}\n",
        cluster()
    );
    let found = read(&text);
    let shown: Vec<_> = found
        .contexts
        .iter()
        .map(|it| (it.name.as_str(), it.auth.words(), it.usable(), it.problems.len()))
        .collect();
    assert_eq!(
        shown,
        [
            ("a", "Token".into(), true, 0),
            ("b", "Exec plugin gcloud".into(), false, 1),
            ("c", "Token".into(), true, 1)
        ]
    );
    let local = &found.contexts[2].problems[0];
    assert_eq!(local.field, "clusters[1].cluster.server");
    assert!(
        local.message.starts_with("Server is 127.0.0.1; the central instance cannot reach that")
    );
    assert_eq!(found.problems[0].message, "No current-context; choose one.");
    assert!(take(&text, "a").is_ok());
    assert!(take(&text, "").is_err());
    assert!(take(&text, "d").is_err());
}

#[test]
fn what_would_run_or_read_something_is_refused_by_its_name() {
    let ok = cluster();
    let user = "users[0].user";
    check(
        &ok,
        "exec: {command: gcloud}",
        &format!("{user}.exec"),
        "exec plugin (gcloud); the server cannot run it",
    );
    check(
        &ok,
        "auth-provider: {name: gcp, config: {cmd-path: /bin/sh}}",
        &format!("{user}.auth-provider"),
        "auth provider (gcp)",
    );
    check(&ok, "tokenFile: /etc/passwd", &format!("{user}.tokenFile"), "path of a file");
    check(&ok, "token: a, client-key: /k", &format!("{user}.client-key"), "path of a file");
    check(&ok, "token: a, as: root", &format!("{user}.as"), "act as somebody else");
    check(&ok, "token: a, as-groups: [g]", &format!("{user}.as-groups"), "act as somebody else");
    check(&ok, "username: a", &format!("{user}.username"), "no passwords");
    check(&ok, "token: a, extensions: [{name: x}]", &format!("{user}.extensions"), "other tools");
    check(&ok, "token: a, '<<': {exec: {command: x}}", &format!("{user}.<<"), "no such field");
    let place = "clusters[0].cluster";
    for (more, field, words) in [
        ("proxy-url: 'http://10.0.0.1'", "proxy-url", "A proxy cannot be set here"),
        ("insecure-skip-tls-verify: true", "insecure-skip-tls-verify", "has to be checked"),
        ("certificate-authority: /path", "certificate-authority", "path of a file"),
    ] {
        check(&format!("{ok}, {more}"), "token: a", &format!("{place}.{field}"), words);
    }
}

#[test]
fn every_other_fault_has_its_words_too() {
    let ca = format!("certificate-authority-data: {CERTIFICATE}");
    let url = |url: &str| format!("server: '{url}', {ca}");
    let server = "clusters[0].cluster.server";
    check(&ca, "token: a", server, "is missing");
    check(&url("http://eu-1.example.com"), "token: a", server, "https://");
    check(&url("https://a@eu-1.example.com"), "token: a", server, "user name");
    check(&url("https://eu-1.example.com/?x=1"), "token: a", server, "query");
    check(&url("https://eu-1.example.com/a/../b"), "token: a", server, "path");
    check(&url("https://eu 1"), "token: a", server, "host");
    let data = "clusters[0].cluster.certificate-authority-data";
    let place = "server: 'https://eu-1.example.com'";
    check(place, "token: a", data, "authority is missing");
    check(
        &format!("{place}, certificate-authority-data: '%%'"),
        "token: a",
        data,
        "Certificate data is not base64",
    );
    check(&format!("{place}, certificate-authority-data: Q0E="), "token: a", data, "not of PEM");
    let ok = cluster();
    check(&ok, "", "users[0].user.token", "The token is missing");
    check(&ok, "token: 'a b'", "users[0].user.token", "no spaces");
    check(
        &ok,
        &format!("client-certificate-data: {CERTIFICATE}"),
        "users[0].user.client-key-data",
        "missing",
    );
    check(
        &ok,
        &format!("client-key-data: {KEY}"),
        "users[0].user.client-certificate-data",
        "missing",
    );
}

#[test]
fn a_file_that_is_none_says_what_it_is() {
    let first = |text: &str| read(text).problems[0].message.clone();
    assert!(first("a: b: c").starts_with("This is not YAML. Line 1, column "));
    assert_eq!(first(""), "There is nothing in it.");
    assert!(first("- a").starts_with("This is not a kubeconfig"));
    assert!(first("kind: Pod").starts_with("This is a Pod"));
    assert_eq!(first("kind: Config"), "There are no clusters in this file.");
    let twice = with(&cluster(), "token: a")
        .replace("users:\n", "users:\n- name: ben\n  user: {exec: {command: x}}\n");
    assert_eq!(refused(&twice)[0].0, "users[1].name");
    let preferences = with(&cluster(), "token: a").replace("{}", "{colors: true}");
    assert_eq!(refused(&preferences)[0].0, "preferences");
}

proptest! {
    /// The page and the server never disagree: what the page shows as usable is taken, and only that.
    #[test]
    fn page_and_server_agree(
        server in "https?://[a-z0-9.:@/?\\[\\]]{0,12}",
        extra in prop::sample::select(vec!["", ", proxy-url: x", ", insecure-skip-tls-verify: false", ", x: 1"]),
        user in prop::sample::select(vec!["", "token: a", "token: 'a b'", "exec: {}", "exec: {command: x}", "token: a, as: b"]),
    ) {
        let text = with(&format!("server: '{server}', certificate-authority-data: {CERTIFICATE}{extra}"), user);
        let found = read(&text);
        let usable = found.problems.is_empty() && found.contexts.iter().all(Context::usable);
        prop_assert_eq!(usable, take(&text, "dev").is_ok());
        for problem in take(&text, "dev").err().unwrap_or_default() {
            prop_assert!(!problem.field.is_empty() && problem.message.ends_with(['.', 'w']), "{problem:?}");
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "([a-z-]{0,9}: ?[\\[{\"'a-z0-9~&*!>|-]{0,5}\n? ?){0,20}") {
        _ = read(&text);
        _ = take(&text, "a");
    }
}
