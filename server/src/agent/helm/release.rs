//! A release as people asked for it, checked: nothing of it can become a flag of `helm`.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::Path;

use axum::http::Uri;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::virtual_cluster::VirtualCluster;

/// Where the chart comes from unless the object says so.
const DEFAULT_REPO: &str = "https://charts.loft.sh";
/// The chart unless the object says so.
const DEFAULT_CHART: &str = "vcluster";
/// Helm's own limit of a release's name.
const NAME_LENGTH_MAX: usize = 53;
/// The longest values, in bytes. A release is kept in a Secret, which has a limit of 1 MiB.
const VALUES_LENGTH_MAX: usize = 256 * 1024;
/// How long helm itself waits for hooks. Shorter than the time after which we end it.
const TIMEOUT: &str = "--timeout=1m40s";

/// A release that may be given to `helm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    /// The virtual cluster's name.
    pub name: String,
    /// Its namespace in the host.
    pub namespace: String,
    chart: String,
    repo: String,
    version: String,
    /// YAML, as it was written.
    pub values: String,
    /// What in the values must not be told to anybody.
    pub secrets: Vec<String>,
}

impl Release {
    /// # Errors
    /// What is wrong with it, in words for people.
    pub(super) fn of(cluster: &VirtualCluster) -> Result<Self, String> {
        let asked = &cluster.spec.helm_release;
        let (name, namespace) = (&cluster.metadata.name, &cluster.metadata.namespace);
        if !is_word(name, NAME_LENGTH_MAX, "-") || !is_word(namespace, 63, "-") {
            return Err(format!(
                "helm cannot name a release {name:?}: at most {NAME_LENGTH_MAX} of a-z, 0-9 and -"
            ));
        }
        let chart = or(&asked.chart.name, DEFAULT_CHART);
        if !is_word(chart, 253, "-._") {
            return Err(format!("{chart:?} is not the name of a chart, such as vcluster"));
        }
        let repo = or(&asked.chart.repo, DEFAULT_REPO);
        check_repo(repo)?;
        // Loft writes versions without the `v`, and helm takes them either way.
        let version = asked.chart.version.trim();
        if !version.is_empty() && !is_version(version) {
            return Err(format!("{version:?} is not the version of a chart, such as 0.20.0"));
        }
        Ok(Self {
            name: name.clone(),
            namespace: namespace.clone(),
            chart: chart.to_owned(),
            repo: repo.trim_end_matches('/').to_owned(),
            version: version.to_owned(),
            values: asked.values.clone(),
            secrets: secrets(&check_values(&asked.values)?),
        })
    }

    /// Says which release this is: the same for the same chart and values, and for no other.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.chart, &self.repo, &self.version, &self.values] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|it| format!("{it:02x}")).collect()
    }

    /// In words, such as `chart vcluster 0.20.0`.
    pub(super) fn words(&self) -> String {
        let version = if self.version.is_empty() { "of the newest version" } else { &self.version };
        format!("chart {} {version} from {}", self.chart, self.repo)
    }

    /// The arguments that bring it about.
    pub(super) fn upgrade(&self, values: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> =
            ["upgrade", "--install", "--history-max=5", TIMEOUT].map(OsString::from).to_vec();
        arguments.push(format!("--namespace={}", self.namespace).into());
        let mut file = OsString::from("--values=");
        file.push(values);
        arguments.push(file);
        if !self.version.is_empty() {
            arguments.push(format!("--version={}", self.version).into());
        }
        let chart = if self.repo.starts_with("oci://") {
            format!("{}/{}", self.repo, self.chart)
        } else {
            arguments.push(format!("--repo={}", self.repo).into());
            self.chart.clone()
        };
        arguments.extend(["--", &self.name, &chart].map(OsString::from));
        arguments
    }
}

/// The arguments that take a release away.
pub(super) fn uninstall(namespace: &str, name: &str) -> Vec<OsString> {
    ["uninstall", "--wait", TIMEOUT, &format!("--namespace={namespace}"), "--", name]
        .map(OsString::from)
        .to_vec()
}

/// Whether `name` can name a release at all: if not, there is none.
pub(super) fn can_be_named(name: &str) -> bool {
    is_word(name, NAME_LENGTH_MAX, "-")
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.trim().is_empty() { default } else { text.trim() }
}

/// Letters and digits, and between them `also`.
fn is_word(text: &str, length_max: usize, also: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    text.len() <= length_max
        && text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|it| plain(it) || also.contains(it))
}

fn is_version(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|it: char| it.is_ascii_digit() || it == 'v')
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it))
}

fn check_repo(repo: &str) -> Result<(), String> {
    let wrong = || format!("{repo:?} is not the address of a chart repository");
    let uri: Uri = repo.parse().map_err(|_| wrong())?;
    let known = matches!(uri.scheme_str(), Some("http" | "https" | "oci"));
    let plain = repo.chars().all(|it| it.is_ascii_graphic()) && !repo.contains(['?', '#', '\\']);
    if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
        return Err("The address of a chart repository must not hold a password".into());
    }
    if known && plain && repo.len() <= 2048 && uri.host().is_some_and(|it| !it.is_empty()) {
        Ok(())
    } else {
        Err(wrong())
    }
}

fn check_values(text: &str) -> Result<Value, String> {
    if text.len() > VALUES_LENGTH_MAX {
        return Err("The values are longer than 256 KiB".into());
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Value::Null);
    }
    match serde_saphyr::from_str::<Value>(text) {
        Ok(it @ (Value::Object(_) | Value::Null)) => Ok(it),
        Ok(_) => Err("The values are not a map, such as `key: value`".into()),
        // The library's words quote the text, and what is in it may be secret.
        Err(error) => Err(match error.location() {
            Some(place) => format!("The values are not YAML: see line {}", place.line()),
            None => "The values are not YAML".into(),
        }),
    }
}

/// Texts under keys that sound like secrets, wherever they stand.
fn secrets(values: &Value) -> Vec<String> {
    let mut found = Vec::new();
    gather(values, false, &mut found);
    // The longest first, so that none is left over of which another is a part.
    found.sort_by_key(|it: &String| std::cmp::Reverse(it.len()));
    found
}

fn gather(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                gather(value, secret || sounds_secret(key), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|it| gather(it, secret, found)),
        // Shorter ones would blacken harmless words.
        Value::String(text) if secret && text.len() >= 4 => found.push(text.clone()),
        _ => {}
    }
}

fn sounds_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["pass", "token", "secret", "key", "credential", "auth", "datasource"]
        .iter()
        .any(|it| key.contains(it))
}
