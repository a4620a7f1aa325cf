//! Server-side apply.

use serde_json::Value;

use super::Result;

/// How an object is applied.
pub struct ApplyOptions {
    /// Who applies: `fieldManager`.
    pub manager: String,
    /// Takes fields from other managers rather than refuse.
    pub force: bool,
    /// Unix seconds.
    pub now: i64,
}

/// The object after `applied` is applied.
///
/// # Errors
/// [`super::Error::Conflict`] where another manager owns a field with another value.
pub fn apply(
    _definition: Option<&str>,
    _live: Option<&Value>,
    applied: &Value,
    _api_version: &str,
    _options: &ApplyOptions,
) -> Result<Value> {
    Ok(applied.clone())
}

/// Notes in `new` that `manager` owns what it changed by an ordinary write.
pub fn track_update(_old: Option<&Value>, _new: &mut Value, _manager: &str, _api_version: &str, _now: i64) {}
