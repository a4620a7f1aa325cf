//! What a CustomResourceDefinition has to say, and what the server says of it.

use dormer_api::name;
use dormer_api::status::StatusCause;
use serde_json::{Value, json};

use super::super::incoming::refused;
use super::super::resource::{Call, Reveal, Strategy};
use super::super::{Result, object};
use crate::clock::rfc3339;
use crate::store::Tx;

/// The strategy of the definitions.
pub(super) struct Definitions {
    /// Groups and plurals that are served already.
    pub taken: Vec<(String, String)>,
}

impl Strategy for Definitions {
    fn prepare_create(
        &self,
        call: &Call<'_>,
        _tx: &mut Tx<'_>,
        object: &mut Value,
    ) -> Result<Option<Reveal>> {
        complete(object);
        refuse(object, self.faults(object))?;
        describe(object, None, call.now);
        Ok(None)
    }

    fn prepare_update(
        &self,
        call: &Call<'_>,
        _tx: &mut Tx<'_>,
        old: &Value,
        new: &mut Value,
    ) -> Result<()> {
        complete(new);
        let mut faults = self.faults(new);
        for field in ["group", "scope", "names.plural", "names.kind"] {
            let of = |object: &Value| {
                field.split('.').fold(object["spec"].clone(), |at, step| at[step].clone())
            };
            if of(old) != of(new) {
                faults.push(fault(
                    &format!("spec.{field}"),
                    "FieldValueInvalid",
                    "Invalid value: field is immutable",
                ));
            }
        }
        refuse(new, faults)?;
        if call.attributes.subresource.is_empty() {
            describe(new, Some(old), call.now);
        }
        Ok(())
    }
}

impl Definitions {
    fn faults(&self, object: &Value) -> Vec<StatusCause> {
        let spec = &object["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
        let mut faults = Vec::new();
        let mut require = |fits: bool, field: &str, message: String| {
            if !fits {
                faults.push(fault(field, "FieldValueInvalid", &message));
            }
        };
        let dotted = group.contains('.') && name::dns_subdomain(&group).is_ok();
        require(
            dotted,
            "spec.group",
            format!("Invalid value: {group:?}: should be a domain with at least one dot"),
        );
        let plain = name::dns_label(&plural).is_ok();
        require(
            plain,
            "spec.names.plural",
            format!("Invalid value: {plural:?}: must be a DNS label"),
        );
        let is_named = object::name(object) == format!("{plural}.{group}");
        require(
            is_named,
            "metadata.name",
            format!(
                "Invalid value: {:?}: must be spec.names.plural+\".\"+spec.group",
                object::name(object)
            ),
        );
        let kind = text(&spec["names"]["kind"]);
        let plain = name::dns_label(&kind.to_lowercase()).is_ok();
        require(
            plain,
            "spec.names.kind",
            format!("Invalid value: {kind:?}: must be a DNS label apart from its case"),
        );
        let scope = text(&spec["scope"]);
        let known = matches!(scope.as_str(), "Namespaced" | "Cluster");
        require(
            known,
            "spec.scope",
            format!("Unsupported value: {scope:?}: supported values: \"Cluster\", \"Namespaced\""),
        );
        let free = !self.taken.iter().any(|(g, p)| *g == group && *p == plural);
        require(
            free,
            "spec.names.plural",
            format!("Invalid value: {plural:?}: is already served in group {group}"),
        );
        faults.extend(version_faults(&spec["versions"]));
        faults
    }
}

fn version_faults(versions: &Value) -> Vec<StatusCause> {
    let versions = versions.as_array().cloned().unwrap_or_default();
    let mut faults = Vec::new();
    let stored = versions.iter().filter(|it| it["storage"] == json!(true)).count();
    if stored != 1 {
        let message = "Invalid value: must have exactly one version marked as storage version";
        faults.push(fault("spec.versions", "FieldValueInvalid", message));
    }
    for (i, version) in versions.iter().enumerate() {
        let given = version["name"].as_str().unwrap_or_default();
        if name::dns_label(given).is_err() {
            let field = format!("spec.versions[{i}].name");
            faults.push(fault(
                &field,
                "FieldValueInvalid",
                &format!("Invalid value: {given:?}: must be a DNS label"),
            ));
        }
        if versions[..i].iter().any(|it| it["name"] == version["name"]) {
            let field = format!("spec.versions[{i}].name");
            faults.push(fault(
                &field,
                "FieldValueDuplicate",
                &format!("Duplicate value: {given:?}"),
            ));
        }
        let schema = &version["schema"]["openAPIV3Schema"];
        if !schema.is_object() {
            let field = format!("spec.versions[{i}].schema.openAPIV3Schema");
            faults.push(fault(
                &field,
                "FieldValueRequired",
                "Required value: schemas are required",
            ));
        } else if schema["type"].as_str() != Some("object") {
            let field = format!("spec.versions[{i}].schema.openAPIV3Schema.type");
            faults.push(fault(
                &field,
                "FieldValueInvalid",
                "Invalid value: must be object at the root",
            ));
        }
    }
    faults
}

fn fault(field: &str, reason: &str, message: &str) -> StatusCause {
    StatusCause { reason: reason.into(), message: message.into(), field: field.into() }
}

fn refuse(object: &Value, causes: Vec<StatusCause>) -> Result<()> {
    refused("CustomResourceDefinition", super::GROUP, object, causes)
}

/// Fills in what may be left out.
fn complete(object: &mut Value) {
    let kind = object["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
    let names = object::map_at(object, &["spec", "names"]);
    names.entry("singular").or_insert_with(|| json!(kind.to_lowercase()));
    names.entry("listKind").or_insert_with(|| json!(format!("{kind}List")));
    object::map_at(object, &["spec"])
        .entry("conversion")
        .or_insert_with(|| json!({"strategy": "None"}));
}

/// Says in the status that the definition is in force. It is from the moment it is written.
fn describe(object: &mut Value, old: Option<&Value>, now: i64) {
    let since = |kind: &str| {
        let conditions = old.and_then(|it| it["status"]["conditions"].as_array());
        let before = conditions
            .into_iter()
            .flatten()
            .find(|it| it["type"] == kind && it["status"] == "True");
        before
            .and_then(|it| it["lastTransitionTime"].as_str())
            .map_or_else(|| rfc3339(now), str::to_owned)
    };
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": "True",
            "lastTransitionTime": since(kind),
            "reason": reason,
            "message": message,
        })
    };
    let conditions = json!([
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]);
    let mut stored: Vec<Value> =
        old.and_then(|it| it["status"]["storedVersions"].as_array()).cloned().unwrap_or_default();
    for version in object["spec"]["versions"].as_array().into_iter().flatten() {
        if version["storage"] == json!(true) && !stored.contains(&version["name"]) {
            stored.push(version["name"].clone());
        }
    }
    let names = object["spec"]["names"].clone();
    let status = object::map_at(object, &["status"]);
    status.insert("conditions".into(), conditions);
    status.insert("acceptedNames".into(), names);
    status.insert("storedVersions".into(), json!(stored));
}
