//! `Status`: the one shape of a refusal.

use serde::{Deserialize, Serialize};

/// What the API answers instead of an object, above all when it refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Always `Status`.
    #[serde(default = "kind")]
    pub kind: String,
    /// Always `v1`.
    #[serde(default = "api_version")]
    pub api_version: String,
    /// `Success` or `Failure`.
    #[serde(default)]
    pub status: String,
    /// One sentence for people.
    #[serde(default)]
    pub message: String,
    /// One word for programs: `NotFound`, `AlreadyExists`, `Invalid` …
    #[serde(default)]
    pub reason: String,
    /// The HTTP status.
    #[serde(default)]
    pub code: u16,
    /// Which object, and which of its fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<StatusDetails>,
}

/// Which object a [`Status`] is about, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusDetails {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The API group of its resource.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its resource, such as `users`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The object's uid, where it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// One entry a fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<StatusCause>,
    /// When it is worth trying again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// One fault of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusCause {
    /// `FieldValueInvalid`, `FieldValueRequired` …
    pub reason: String,
    /// The words that stand under the field.
    pub message: String,
    /// The path of the field, such as `spec.username`; empty where the object as a whole is meant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

impl Status {
    /// A refusal.
    #[must_use]
    pub fn failure(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind(),
            api_version: api_version(),
            status: "Failure".into(),
            message: message.into(),
            reason: reason.into(),
            code,
            details: None,
        }
    }

    /// What the server says of `field`, or nothing where it does not name it.
    #[must_use]
    pub fn cause_of(&self, field: &str) -> Option<&str> {
        let causes = &self.details.as_ref()?.causes;
        causes.iter().find(|cause| cause.field == field).map(|cause| cause.message.as_str())
    }
}

fn kind() -> String {
    "Status".into()
}

fn api_version() -> String {
    "v1".into()
}
