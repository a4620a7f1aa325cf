//! Which host cluster a new instance goes to.

use std::collections::HashMap;

use dormer_api::annotation;
use dormer_api::cluster::Cluster;
use dormer_api::vcluster::{Phase, VirtualClusterInstance};
use serde_json::{Value, json};

use super::conditions::{self, Fact};
use crate::kube::{Result, object};
use crate::management::{self, projects};
use crate::store::Tx;

/// The longest name of a namespace.
const NAMESPACE_MAX: usize = 63;

/// Fills in `spec.clusterRef`. Says whether the instance has a place now.
pub(super) fn place(tx: &Tx<'_>, object: &mut Value) -> Result<bool> {
    let reference = &object["spec"]["clusterRef"];
    let text = |field: &str| reference[field].as_str().unwrap_or_default().to_owned();
    let (asked, namespace) = (text("cluster"), text("namespace"));
    if !asked.is_empty() && !namespace.is_empty() {
        return Ok(true);
    }
    let Some(project) = super::advance::project_of(tx, object)? else { return Ok(false) };
    let cluster = if asked.is_empty() {
        let mut clusters = projects::allowed_clusters(&tx.snapshot()?, &project)?;
        let own = object::annotation(object, annotation::OWN_TEMPLATE) == Some("true");
        clusters.retain(|it| !(own && it.runs_charts()));
        least_loaded(&clusters, &load(tx)?).map(str::to_owned)
    } else {
        Some(asked)
    };
    let Some(cluster) = cluster else {
        let message = "no host cluster of the project is online";
        conditions::set(object, Fact::Scheduled, false, message, tx.now());
        conditions::phase(object, Phase::Pending, "NoCluster", message);
        return Ok(false);
    };
    let (name, uid) = (object::name(object).to_owned(), object::meta(object, "uid").to_owned());
    let reference = object::map_at(object, &["spec", "clusterRef"]);
    reference.insert("cluster".into(), json!(cluster));
    reference
        .insert("namespace".into(), json!(host_namespace(&project.metadata.name, &name, &uid)));
    reference.insert("virtualCluster".into(), json!(name));
    conditions::set(object, Fact::Scheduled, true, "", tx.now());
    Ok(true)
}

/// Loft's own pattern, and the beginning of the uid: of the pattern alone, project `a` with `b-v-c`
/// and project `a-v-b` with `c` would share one namespace, and go together.
fn host_namespace(project: &str, name: &str, uid: &str) -> String {
    let mut whole = format!("loft-{project}-v-{name}");
    whole.truncate(NAMESPACE_MAX - 9);
    let unique: String = uid.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{}-{unique}", whole.trim_end_matches('-'))
}

/// How many virtual clusters each cluster has.
fn load(tx: &Tx<'_>) -> Result<HashMap<String, usize>> {
    let mut load = HashMap::new();
    let snapshot = tx.snapshot()?;
    for instance in management::all::<VirtualClusterInstance>(&snapshot, management::VCLUSTERS)? {
        *load.entry(instance.spec.cluster_ref.cluster).or_default() += 1;
    }
    Ok(load)
}

/// The online cluster with the fewest virtual clusters; the first by name among equals.
fn least_loaded<'a>(clusters: &'a [Cluster], load: &HashMap<String, usize>) -> Option<&'a str> {
    clusters
        .iter()
        .filter(|it| (it.spec.local || it.status.online) && !it.spec.unusable)
        .map(|it| it.metadata.name.as_str())
        .min_by_key(|name| (load.get(*name).copied().unwrap_or(0), *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str, online: bool) -> Cluster {
        let mut cluster = Cluster::default();
        cluster.metadata.name = name.into();
        cluster.status.online = online;
        cluster
    }

    #[test]
    fn the_online_cluster_with_the_fewest_is_taken() {
        let clusters = [cluster("a", true), cluster("b", true), cluster("c", false)];
        let load = HashMap::from([("a".to_owned(), 3), ("b".to_owned(), 2)]);
        assert_eq!(least_loaded(&clusters, &load), Some("b"));
        assert_eq!(least_loaded(&clusters, &HashMap::new()), Some("a"));
        assert_eq!(least_loaded(&clusters[2..], &load), None);
    }

    #[test]
    fn a_host_namespace_is_never_too_long_and_never_shared() {
        let uid = ["0123abcd-1", "4567abcd-1"];
        assert_eq!(host_namespace("default", "demo", uid[0]), "loft-default-v-demo-0123abcd");
        assert_ne!(host_namespace("a", "b-v-c", uid[0]), host_namespace("a-v-b", "c", uid[1]));
        assert_eq!(host_namespace(&"p".repeat(60), "one", uid[0]).len(), 63);
    }
}
