//! What stands behind the question mark.

use axum::extract::Query as Pairs;
use axum::http::Uri;

use super::{Error, Result};
use crate::store::Revision;

/// The query of a request. What is said twice counts as it was said first.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

/// How much is checked about fields that the schema does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValidation {
    /// They go through.
    Ignore,
    /// They go through, and the answer has a `Warning` header for each.
    Warn,
    /// They are refused.
    Strict,
}

impl Query {
    /// # Errors
    /// The query is not made of pairs.
    pub(super) fn parse(uri: &Uri) -> Result<Self> {
        let Pairs(pairs) = Pairs::try_from_uri(uri)
            .map_err(|error| Error::BadRequest(format!("the query cannot be read: {error}")))?;
        Ok(Self { pairs })
    }

    /// The value of `name`; nothing where it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str()).filter(|it| !it.is_empty())
    }

    /// Whether `name` is said and true.
    ///
    /// # Errors
    /// The value is not a boolean.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.text(name) {
            Some("true" | "1" | "True" | "TRUE" | "t" | "T") => Ok(true),
            None | Some("false" | "0" | "False" | "FALSE" | "f" | "F") => Ok(false),
            Some(other) => Err(bad(name, other)),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// The value is not one.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        self.text(name).map(|text| text.parse().map_err(|_| bad(name, text))).transpose()
    }

    /// `resourceVersion`; `0` is [`Revision`] 0: whatever is at hand.
    ///
    /// # Errors
    /// It is not a revision of ours.
    pub(super) fn revision(&self) -> Result<Option<Revision>> {
        Ok(self.number("resourceVersion")?.map(Revision))
    }

    /// Whether nothing is to be kept.
    ///
    /// # Errors
    /// `dryRun` says something other than `All`.
    pub(super) fn dry_run(&self) -> Result<bool> {
        match self.text("dryRun") {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(bad("dryRun", other)),
        }
    }

    /// How strict to be about unknown fields; Kubernetes warns unless told otherwise.
    ///
    /// # Errors
    /// There is no such way.
    pub(super) fn field_validation(&self) -> Result<FieldValidation> {
        match self.text("fieldValidation") {
            None | Some("Warn") => Ok(FieldValidation::Warn),
            Some("Ignore") => Ok(FieldValidation::Ignore),
            Some("Strict") => Ok(FieldValidation::Strict),
            Some(other) => Err(bad("fieldValidation", other)),
        }
    }
}

fn bad(name: &str, value: &str) -> Error {
    Error::BadRequest(format!("invalid value {value:?} for the query parameter {name}"))
}
