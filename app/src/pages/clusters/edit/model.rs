//! What can be changed about a host cluster, and the patch that it comes to.

use std::collections::BTreeMap;

use dormer_api::cluster::Cluster;
use dormer_api::meta::Access;
use serde_json::{Map, Value, json};

/// Stands for everybody, as the API has it.
const EVERYBODY: &str = "*";
/// What somebody needs who may use a cluster.
const USE: [&str; 2] = ["use", "get"];

/// Who may use a cluster besides administrators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sharing {
    /// `nobody`, `everybody` or `these`.
    pub with: String,
    /// The names of users; of account only for `these`.
    pub users: Vec<String>,
    /// The names of teams; of account only for `these`.
    pub teams: Vec<String>,
}

impl Sharing {
    /// Reads the part of the rights that the panel writes.
    pub fn of(access: &[Access]) -> Self {
        let ours = || access.iter().filter(|it| is_ours(it));
        let mut users: Vec<String> = ours().flat_map(|it| it.users.clone()).collect();
        let mut teams: Vec<String> = ours().flat_map(|it| it.teams.clone()).collect();
        let everybody = users.iter().chain(&teams).any(|it| it == EVERYBODY);
        users.retain(|it| it != EVERYBODY);
        teams.retain(|it| it != EVERYBODY);
        let with = match (everybody, users.is_empty() && teams.is_empty()) {
            (true, _) => "everybody",
            (false, true) => "nobody",
            (false, false) => "these",
        };
        Self { with: with.to_owned(), users, teams }
    }

    /// The rights as they are to be: what others wrote stays.
    fn written(&self, before: &[Access]) -> Vec<Access> {
        let verbs = USE.map(str::to_owned).to_vec();
        let ours = match self.with.as_str() {
            "everybody" => {
                Some(Access { verbs, users: vec![EVERYBODY.into()], ..Access::default() })
            }
            "these" if !self.users.is_empty() || !self.teams.is_empty() => Some(Access {
                verbs,
                users: self.users.clone(),
                teams: self.teams.clone(),
                ..Access::default()
            }),
            _ => None,
        };
        before.iter().filter(|it| !is_ours(it)).cloned().chain(ours).collect()
    }
}

/// It gives the right to use the cluster, and no other.
fn is_ours(access: &Access) -> bool {
    let mut verbs: Vec<&str> = access.verbs.iter().map(String::as_str).collect();
    verbs.sort_unstable();
    verbs == ["get", "use"] && access.subresources.is_empty()
}

/// Labels as lines of `key=value`.
pub fn label_lines(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// Reads lines of `key=value`.
///
/// # Errors
/// Says which line is not one.
pub fn labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((key, value)) = line.split_once('=') else {
            return Err(format!("Line {} has no =. Write key=value.", at + 1));
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() {
            return Err(format!("Line {} has nothing before its =.", at + 1));
        }
        if labels.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("Line {} gives {key} a second time.", at + 1));
        }
    }
    Ok(labels)
}

/// What is sent: only what differs.
pub fn patch(
    before: &Cluster,
    title: &str,
    description: &str,
    labels: &BTreeMap<String, String>,
    sharing: &Sharing,
) -> Value {
    let mut spec = Map::new();
    if before.spec.display_name != title {
        spec.insert("displayName".into(), json!(title));
    }
    if before.spec.description != description {
        spec.insert("description".into(), json!(description));
    }
    if Sharing::of(&before.spec.access) != *sharing {
        spec.insert("access".into(), json!(sharing.written(&before.spec.access)));
    }
    let old = &before.metadata.labels;
    let gone = old.keys().filter(|key| !labels.contains_key(*key));
    let mut changed: Map<String, Value> = gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, value) in labels.iter().filter(|(key, value)| old.get(*key) != Some(value)) {
        changed.insert(key.clone(), json!(value));
    }
    let mut patch = Map::new();
    if !spec.is_empty() {
        patch.insert("spec".into(), Value::Object(spec));
    }
    if !changed.is_empty() {
        patch.insert("metadata".into(), json!({ "labels": changed }));
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(verbs: &[&str], users: &[&str]) -> Access {
        let owned = |them: &[&str]| them.iter().map(|it| (*it).to_owned()).collect();
        Access { verbs: owned(verbs), users: owned(users), ..Access::default() }
    }

    #[test]
    fn sharing_is_read_as_it_is_written() {
        for (with, users) in [("nobody", vec![]), ("everybody", vec![]), ("these", vec!["dana"])] {
            let users = users.into_iter().map(str::to_owned).collect();
            let sharing = Sharing { with: with.into(), users, teams: Vec::new() };
            assert_eq!(Sharing::of(&sharing.written(&[])), sharing);
        }
    }

    #[test]
    fn the_rights_that_others_wrote_stay() {
        let theirs = access(&["*"], &["ben"]);
        let before = [access(&["get", "use"], &["dana"]), theirs.clone()];
        let nobody = Sharing { with: "nobody".into(), ..Sharing::default() };
        assert_eq!(nobody.written(&before), [theirs]);
    }

    #[test]
    fn only_what_differs_is_sent_and_a_label_that_is_gone_is_taken_away() {
        let mut before = Cluster::default();
        before.spec.display_name = "EU 1".into();
        before.metadata.labels =
            [("a".into(), "1".into()), ("b".into(), "2".into())].into_iter().collect();
        let nobody = Sharing { with: "nobody".into(), ..Sharing::default() };
        let same = before.metadata.labels.clone();
        assert_eq!(patch(&before, "EU 1", "", &same, &nobody), json!({}));
        let now = labels("a = 3\n\nc=\n").unwrap();
        assert_eq!(
            patch(&before, "EU", "", &now, &nobody),
            json!({ "spec": { "displayName": "EU" },
                "metadata": { "labels": { "a": "3", "b": null, "c": "" } } })
        );
    }

    #[test]
    fn a_line_that_is_no_label_is_named() {
        assert_eq!(labels("a=1\nb").unwrap_err(), "Line 2 has no =. Write key=value.");
        assert_eq!(labels("a=1\na=2").unwrap_err(), "Line 2 gives a a second time.");
        assert_eq!(label_lines(&labels("b=2\na=1").unwrap()), "a=1\nb=2\n");
    }
}
