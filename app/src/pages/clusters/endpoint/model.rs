//! A direct endpoint as it is typed, as it is checked, and as it is preferred.

use dormer_api::annotation::{
    DIRECT_ENDPOINT, DIRECT_ENDPOINT_CA_DATA, DIRECT_ENDPOINT_INSECURE,
    DIRECT_ENDPOINT_INSECURE_REASON, DIRECT_ENDPOINT_UNCHECKED,
};
use dormer_api::cluster::{Cluster, EndpointCheck, EndpointCheckSpec};
use dormer_api::endpoint;
use serde_json::{Value, json};

/// Certificates that every machine trusts.
pub const PUBLIC: &str = "public";
/// Certificates of an authority that is given.
pub const THIS_CA: &str = "ca";
/// Any certificate.
pub const UNCHECKED: &str = "unchecked";

/// What is typed and chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// The host, as it was typed or pasted.
    pub host: String,
    /// [`PUBLIC`], [`THIS_CA`] or [`UNCHECKED`].
    pub trust: String,
    /// The authority, as PEM or base64 of it.
    pub ca: String,
    /// Why nothing is checked.
    pub reason: String,
}

/// What is wrong, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Complaints {
    /// Of the host.
    pub host: Option<String>,
    /// Of the authority.
    pub ca: Option<String>,
    /// Of the reason.
    pub reason: Option<String>,
    /// Of no field, or of one that the form does not have.
    pub form: String,
}

impl Typed {
    /// What the form begins with: what is preferred, or was checked last, or what the agent says of
    /// itself.
    pub fn of(it: &Cluster) -> Self {
        let preferred = preferred(it);
        let checked = it.status.endpoint.as_ref().map(spec_of);
        let told = it.status.agent.as_ref().map(|agent| EndpointCheckSpec {
            host: agent.endpoint_host.clone(),
            insecure: false,
            ca_data: agent.endpoint_ca_data.clone(),
        });
        let spec = preferred.or(checked).or(told).unwrap_or_default();
        let trust = match (spec.insecure, spec.ca_data.is_empty()) {
            (true, _) => UNCHECKED,
            (false, false) => THIS_CA,
            (false, true) => PUBLIC,
        };
        let reason = it.metadata.annotation(DIRECT_ENDPOINT_INSECURE_REASON).unwrap_or_default();
        Self {
            host: spec.host,
            trust: trust.to_owned(),
            ca: spec.ca_data,
            reason: reason.to_owned(),
        }
    }

    /// What is to be checked.
    ///
    /// # Errors
    /// What can be seen to be wrong before the server is asked.
    pub fn spec(&self) -> Result<EndpointCheckSpec, Complaints> {
        let mut complaints = Complaints::default();
        let host = endpoint::host(&self.host)
            .map_err(|error| complaints.host = Some(error.to_string()))
            .map(|host| host.text);
        let ca_data = match self.trust.as_str() {
            THIS_CA => endpoint::authority(&self.ca)
                .map_err(|error| complaints.ca = Some(error.to_string())),
            _ => Ok(String::new()),
        };
        let insecure = self.trust == UNCHECKED;
        if insecure && self.reason.trim().is_empty() {
            complaints.reason = Some("Say why, for whoever finds this setting later.".to_owned());
        }
        match (host, ca_data) {
            (Ok(host), Ok(ca_data)) if complaints == Complaints::default() => {
                Ok(EndpointCheckSpec { host, insecure, ca_data })
            }
            _ => Err(complaints),
        }
    }
}

/// The endpoint that is preferred, as its annotations say it.
pub fn preferred(it: &Cluster) -> Option<EndpointCheckSpec> {
    let host = endpoint::host(it.metadata.annotation(DIRECT_ENDPOINT)?).ok()?.text;
    let insecure = it.metadata.annotation(DIRECT_ENDPOINT_INSECURE) == Some("true");
    let ca_data = it.metadata.annotation(DIRECT_ENDPOINT_CA_DATA).unwrap_or_default().to_owned();
    Some(EndpointCheckSpec { host, insecure, ca_data })
}

/// What a check was of.
pub fn spec_of(check: &EndpointCheck) -> EndpointCheckSpec {
    EndpointCheckSpec {
        host: check.host.clone(),
        insecure: check.insecure,
        ca_data: check.ca_data.clone(),
    }
}

/// The last check, where it was of this very endpoint.
pub fn check_of<'a>(it: &'a Cluster, spec: &EndpointCheckSpec) -> Option<&'a EndpointCheck> {
    it.status.endpoint.as_ref().filter(|check| spec_of(check) == *spec)
}

/// The patch that prefers an endpoint. `unchecked` says that the person wants it although no check
/// found it well.
pub fn prefer(spec: &EndpointCheckSpec, reason: &str, unchecked: bool) -> Value {
    let some = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let yes = |it: bool| if it { json!("true") } else { Value::Null };
    json!({ "metadata": { "annotations": {
        DIRECT_ENDPOINT: spec.host,
        DIRECT_ENDPOINT_INSECURE: yes(spec.insecure),
        DIRECT_ENDPOINT_CA_DATA: some(&spec.ca_data),
        DIRECT_ENDPOINT_INSECURE_REASON: some(if spec.insecure { reason.trim() } else { "" }),
        DIRECT_ENDPOINT_UNCHECKED: yes(unchecked),
    } } })
}

/// The patch after which requests go through the central instance.
pub fn prefer_none() -> Value {
    json!({ "metadata": { "annotations": {
        DIRECT_ENDPOINT: null,
        DIRECT_ENDPOINT_INSECURE: null,
        DIRECT_ENDPOINT_CA_DATA: null,
        DIRECT_ENDPOINT_INSECURE_REASON: null,
        DIRECT_ENDPOINT_UNCHECKED: null,
    } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(host: &str, trust: &str) -> Typed {
        Typed { host: host.into(), trust: trust.into(), ..Typed::default() }
    }

    #[test]
    fn what_is_wrong_stands_under_its_field() {
        assert!(typed("", PUBLIC).spec().unwrap_err().host.is_some());
        assert!(typed("eu-1.example.com", THIS_CA).spec().unwrap_err().ca.is_some());
        assert!(typed("eu-1.example.com", UNCHECKED).spec().unwrap_err().reason.is_some());
        let spec = typed("https://eu-1.example.com/", PUBLIC).spec().unwrap();
        assert_eq!(spec.host, "eu-1.example.com");
    }

    #[test]
    fn an_authority_that_is_not_chosen_is_not_sent() {
        let typed = Typed { ca: "nonsense".into(), ..typed("eu-1.example.com", PUBLIC) };
        assert_eq!(typed.spec().unwrap().ca_data, "");
    }

    #[test]
    fn what_is_preferred_is_read_as_it_was_written() {
        let spec = EndpointCheckSpec {
            host: "eu-1.example.com:8443".into(),
            insecure: true,
            ca_data: String::new(),
        };
        let mut it = Cluster::default();
        assert_eq!(preferred(&it), None);
        let patch = prefer(&spec, " a test ", false);
        let written = patch["metadata"]["annotations"].as_object().unwrap();
        for (key, value) in written {
            if let Some(value) = value.as_str() {
                it.metadata.annotations.insert(key.clone(), value.to_owned());
            }
        }
        assert_eq!(preferred(&it), Some(spec));
        assert_eq!(Typed::of(&it).reason, "a test");
        assert_eq!(Typed::of(&it).trust, UNCHECKED);
    }

    #[test]
    fn a_check_of_another_endpoint_says_nothing_of_this_one() {
        let mut it = Cluster::default();
        let host = "eu-1.example.com".to_owned();
        it.status.endpoint =
            Some(EndpointCheck { host: host.clone(), ok: true, ..EndpointCheck::default() });
        let spec = EndpointCheckSpec { host, ..EndpointCheckSpec::default() };
        assert!(check_of(&it, &spec).is_some());
        assert!(check_of(&it, &EndpointCheckSpec { insecure: true, ..spec }).is_none());
    }
}
