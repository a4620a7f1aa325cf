//! Host clusters: `Cluster` of `management.loft.sh/v1`.

use serde::{Deserialize, Serialize};

use crate::meta::{Access, Condition, ObjectMeta, UserOrTeam};

mod checklist;
pub mod command;
mod health;

pub use checklist::{Line, Progress, Step, checklist};
pub use health::{FRESH, Health, health};

/// The name of the cluster that every installation begins with.
pub const LOCAL: &str = "loft-cluster";

/// A Kubernetes cluster that holds virtual clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Name, and the annotations of the direct endpoint.
    pub metadata: ObjectMeta,
    /// How it is reached.
    pub spec: ClusterSpec,
    /// How it is.
    pub status: ClusterStatus,
}

impl Cluster {
    /// It deploys charts, with rights that reach over the whole of it: what is deployed there is for
    /// administrators to say.
    #[must_use]
    pub fn runs_charts(&self) -> bool {
        !self.spec.local && !self.status.agent.as_ref().is_some_and(|it| it.embedded)
    }
}

/// How a host cluster is reached. Exactly one of `local`, `network_peer` and a kubeconfig.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterSpec {
    /// Free text; empty means the object's name is shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who connected it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserOrTeam>,
    /// It lives inside the central instance.
    pub local: bool,
    /// Its agent dials out to the central instance.
    pub network_peer: bool,
    /// Where the credential of a kubeconfig is kept. It never comes back out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<SecretRef>,
    /// No new virtual cluster is placed here; those that are here go on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unusable: bool,
    /// Rights on the object itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
}

/// Where a secret is kept: a name only, for the secret itself is in no object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretRef {
    /// The name of the secret.
    pub secret_name: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub secret_namespace: String,
    /// The key in it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
}

/// How a host cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterStatus {
    /// Empty while it is being set up, then `Initialized` or `Failed`.
    pub phase: String,
    /// One word, for programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// It answered a moment ago.
    pub online: bool,
    /// What its `/version` tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes_version: String,
    /// When it last answered: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_contact: Option<String>,
    /// Its virtual clusters, all of them.
    pub virtual_clusters: u32,
    /// Those of them that do not sleep.
    pub awake: u32,
    /// Since when it is online, or not: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How long its API took to answer the last time, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
    /// The uid of its namespace `kube-system`, by which a cluster is known again. Recorded when it is
    /// connected; another one later means that it was swapped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster_uid: String,
    /// Until when the join code that was made last can be used: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_code_expires: Option<String>,
    /// Its agent; nothing before it joined, and nothing where the connection is a kubeconfig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentInfo>,
    /// The last check of a direct endpoint, whether it is preferred or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointCheck>,
    /// In the order of [`condition`]'s names: which steps of connecting it came how far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// An agent that joined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentInfo {
    /// Its version, such as `0.1.0`.
    pub version: String,
    /// It serves an embedded host cluster of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub embedded: bool,
    /// Base64 of its public key (Ed25519, 32 bytes), made by the agent itself when it joined.
    pub public_key: String,
    /// Host and port where it says that its direct endpoint is reached; empty where it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint_host: String,
    /// Base64 of the PEM of the authority of its own certificate; empty where it was given one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint_ca_data: String,
}

/// What a check of a direct endpoint found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointCheck {
    /// Host and port that were checked.
    pub host: String,
    /// Without a look at the certificate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// Base64 of the PEM of the authority that the certificate was checked against; empty for those
    /// that every machine trusts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ca_data: String,
    /// When: RFC 3339.
    pub at: String,
    /// Every step went well.
    pub ok: bool,
    /// In their order; after one that failed there are no more.
    pub steps: Vec<CheckStep>,
    /// When the certificate ends: RFC 3339. Nothing where none was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_expires: Option<String>,
    /// How long `/healthz` took on a connection that was open already, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
}

/// One step of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CheckStep {
    /// `Name`, `Connection`, `Certificate`, `Health` or `Agent`.
    pub name: String,
    /// It went well.
    pub ok: bool,
    /// What was found, or what went wrong, for people.
    pub message: String,
    /// How long it took, in milliseconds.
    pub millis: u32,
}

/// `POST clusters/<c>/endpointcheck`: asks the central instance to check a direct endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterEndpointCheck {
    /// What to check.
    pub spec: EndpointCheckSpec,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<EndpointCheck>,
}

/// What to check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointCheckSpec {
    /// Host and, where it is not 443, port.
    pub host: String,
    /// Do not look at the certificate.
    pub insecure: bool,
    /// Base64 of the PEM of the authority; empty for those that every machine trusts.
    pub ca_data: String,
}

/// `GET clusters/<c>/accesskey`: a fresh join code for the agent. The one before stops working.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterAccessKey {
    /// The join code. Works once, for ten minutes.
    pub access_key: String,
    /// Where the agent dials: `https://…`.
    pub loft_host: String,
    /// The agent cannot check the certificate.
    pub insecure: bool,
    /// Base64 of the PEM of the authority of the central instance's certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ca_cert: String,
    /// Until when the code can be used: RFC 3339.
    pub expires: String,
    /// The container image of the agent, for a Helm command.
    pub image: String,
}

/// `POST clusterconnect`: connects a cluster by a kubeconfig.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterConnect {
    /// Its name becomes the cluster's.
    pub metadata: ObjectMeta,
    /// What to connect.
    pub spec: ClusterConnectSpec,
    /// How it went.
    pub status: ClusterConnectStatus,
}

/// What to connect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterConnectSpec {
    /// The kubeconfig, as YAML.
    pub config: String,
    /// Dormer's own: which of its contexts; empty for the current one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// Who owns the cluster; empty for the caller.
    pub admin_user: String,
    /// Display name, description and access of the cluster to be.
    pub cluster_template: ClusterTemplate,
}

/// What a cluster to be looks like, but for its connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterTemplate {
    /// Labels and annotations.
    pub metadata: ObjectMeta,
    /// Display name, description, owner and access.
    pub spec: ClusterSpec,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterConnectStatus {
    /// It was not connected.
    pub failed: bool,
    /// One word, for programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// The types of a cluster's conditions, in the order in which they come true, and the reasons why
/// one is false.
pub mod condition {
    /// An agent that names this cluster reached the central instance.
    pub const CONTACTED: &str = "AgentContacted";
    /// Its join code was right. False: [`WRONG_CODE`], [`EXPIRED_CODE`], [`USED_CODE`],
    /// [`SAME_CLUSTER`].
    pub const CODE_ACCEPTED: &str = "JoinCodeAccepted";
    /// Its version works with this instance. False: [`OLD_AGENT`].
    pub const AGENT_VERSION: &str = "AgentVersionSupported";
    /// The cluster's API answers. False: [`NO_ANSWER`], [`SWAPPED`], [`TWO_AGENTS`].
    pub const API_ANSWERS: &str = "ApiAnswers";
    /// Its direct endpoint was checked and is well. Absent where none was set.
    pub const ENDPOINT_CHECKED: &str = "EndpointChecked";

    /// No code of this cluster reads like that.
    pub const WRONG_CODE: &str = "WrongCode";
    /// The code was good for ten minutes, and they are over.
    pub const EXPIRED_CODE: &str = "ExpiredCode";
    /// An agent has joined with this code already.
    pub const USED_CODE: &str = "UsedCode";
    /// The very same Kubernetes cluster is connected under another name.
    pub const SAME_CLUSTER: &str = "SameCluster";
    /// The agent is older than this instance can work with.
    pub const OLD_AGENT: &str = "OldAgent";
    /// The connection is there, or was, but the API behind it does not answer.
    pub const NO_ANSWER: &str = "NoAnswer";
    /// Another cluster answers than the one that was connected.
    pub const SWAPPED: &str = "Swapped";
    /// Two agents dial in with the same key.
    pub const TWO_AGENTS: &str = "TwoAgents";
}

impl Cluster {
    /// The condition of this type, one of [`condition`]'s.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|it| it.kind == kind)
    }
}

fn is_true(condition: &Condition) -> bool {
    condition.status == "True"
}

fn is_false(condition: &Condition) -> bool {
    condition.status == "False"
}

#[cfg(test)]
mod tests;
