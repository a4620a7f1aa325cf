//! Which direct endpoint may be preferred: one that a check found well, or that an administrator
//! insists on.

use dormer_api::annotation::{
    DIRECT_ENDPOINT, DIRECT_ENDPOINT_CA_DATA, DIRECT_ENDPOINT_INSECURE,
    DIRECT_ENDPOINT_INSECURE_REASON, DIRECT_ENDPOINT_UNCHECKED,
};
use dormer_api::cluster::Cluster;
use serde_json::Value;

use super::super::selves::typed;
use super::invalid;
use crate::kube::Result;

/// The annotations that decide where clients go and what they trust there.
const DECIDES: [&str; 3] = [DIRECT_ENDPOINT, DIRECT_ENDPOINT_INSECURE, DIRECT_ENDPOINT_CA_DATA];

/// What the object says of its endpoint.
pub(super) fn of(cluster: &Value) -> [Option<&str>; 3] {
    DECIDES.map(|key| cluster["metadata"]["annotations"].get(key).and_then(Value::as_str))
}

/// Whether the endpoint that `cluster` names may be preferred.
pub(super) fn check(cluster: &Value) -> Result<()> {
    let cluster: Cluster = typed(cluster)?;
    let metadata = &cluster.metadata;
    let said = |key: &str| metadata.annotation(key).unwrap_or_default();
    let refuse = |words: &str| Err(invalid(&metadata.name, "metadata.annotations", words));
    let (host, ca_data) = (said(DIRECT_ENDPOINT), said(DIRECT_ENDPOINT_CA_DATA));
    let insecure = said(DIRECT_ENDPOINT_INSECURE) == "true";
    if host.is_empty() {
        return match insecure || !ca_data.is_empty() {
            true => refuse("There is no direct endpoint to trust: name its host too."),
            false => Ok(()),
        };
    }
    if let Err(error) = dormer_api::endpoint::host(host) {
        return refuse(&error.to_string());
    }
    if insecure && !ca_data.is_empty() {
        return refuse(
            "Either the certificate is not checked, or it is checked against this authority: not both.",
        );
    }
    if insecure && said(DIRECT_ENDPOINT_INSECURE_REASON).trim().is_empty() {
        return refuse("Say why the certificate is not checked.");
    }
    let found = cluster.status.endpoint.as_ref().is_some_and(|it| {
        it.ok && it.host == host && it.insecure == insecure && it.ca_data == ca_data
    });
    match found || said(DIRECT_ENDPOINT_UNCHECKED) == "true" {
        true => Ok(()),
        false => refuse(
            "No check found this endpoint well. Test it first, or say that it is to be preferred all the same.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cluster(annotations: Value, checked: Option<(&str, bool)>) -> Value {
        let endpoint = checked.map(|(host, ok)| json!({ "host": host, "ok": ok }));
        json!({
            "metadata": { "name": "eu", "annotations": annotations },
            "status": { "endpoint": endpoint },
        })
    }

    #[test]
    fn t50_only_an_endpoint_that_was_found_well_or_insisted_on_is_preferred() {
        let at = |host: &str| json!({ DIRECT_ENDPOINT: host });
        assert!(check(&cluster(at("eu.example.com"), None)).is_err());
        assert!(check(&cluster(at("eu.example.com"), Some(("eu.example.com", false)))).is_err());
        assert!(check(&cluster(at("evil.example"), Some(("eu.example.com", true)))).is_err());
        assert!(check(&cluster(at("eu.example.com"), Some(("eu.example.com", true)))).is_ok());
        let insisted =
            json!({ DIRECT_ENDPOINT: "eu.example.com", DIRECT_ENDPOINT_UNCHECKED: "true" });
        assert!(check(&cluster(insisted, None)).is_ok());
        assert!(check(&cluster(json!({}), None)).is_ok());
    }

    #[test]
    fn t50_a_certificate_goes_unchecked_only_with_a_reason_and_as_it_was_tested() {
        let mut said = json!({ DIRECT_ENDPOINT: "eu.example.com", DIRECT_ENDPOINT_INSECURE: "true",
            DIRECT_ENDPOINT_UNCHECKED: "true" });
        assert!(check(&cluster(said.clone(), None)).is_err());
        said[DIRECT_ENDPOINT_INSECURE_REASON] = json!("a lab");
        assert!(check(&cluster(said.clone(), None)).is_ok());
        said[DIRECT_ENDPOINT_UNCHECKED] = json!("false");
        // The check that went well looked at the certificate.
        assert!(check(&cluster(said, Some(("eu.example.com", true)))).is_err());
    }
}
