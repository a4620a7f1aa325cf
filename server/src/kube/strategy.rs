//! What may be plugged into a resource.

use serde_json::Value;

use super::Result;
use super::asking::Attributes;
use crate::auth::Caller;
use crate::store::{Snapshot, Tx};

/// One call, as strategies see it.
pub struct Call<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// The logical cluster.
    pub cluster: &'a str,
    /// What is asked.
    pub attributes: &'a Attributes,
    /// Unix seconds.
    pub now: i64,
}

/// What a strategy adds to the answer of a creation and nowhere else: merged in as a JSON merge
/// patch. This is how a secret is shown once.
pub type Reveal = Value;

/// What is particular to one resource. Every method has a default that changes nothing.
///
/// All but [`Strategy::arrange`] run inside the transaction: what they read still holds when the
/// object is written.
pub trait Strategy: Send + Sync {
    /// Slow work on a body that comes in, such as hashing a password. Runs on a thread for blocking
    /// work, before the transaction and before anything is checked.
    ///
    /// # Errors
    /// The body breaks a rule.
    fn arrange(&self, _object: &mut Value) -> Result<()> {
        Ok(())
    }

    /// Whether [`Strategy::arrange`] does anything.
    fn arranges(&self) -> bool {
        false
    }

    /// Names a new object that came with neither a name nor the beginning of one. Without this it is
    /// refused.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    fn default_name(&self, _object: &Value) -> Result<Option<String>> {
        Ok(None)
    }

    /// Fills in and checks a new object.
    ///
    /// # Errors
    /// The object breaks a rule.
    fn prepare_create(
        &self,
        _call: &Call<'_>,
        _tx: &mut Tx<'_>,
        _object: &mut Value,
    ) -> Result<Option<Reveal>> {
        Ok(None)
    }

    /// Fills in and checks a change. For an update of the object, `new` has the `status` of `old`
    /// unless the resource has no status subresource; for one of the status, the rest is as it was.
    ///
    /// # Errors
    /// The change breaks a rule.
    fn prepare_update(
        &self,
        _call: &Call<'_>,
        _tx: &mut Tx<'_>,
        _old: &Value,
        _new: &mut Value,
    ) -> Result<()> {
        Ok(())
    }

    /// May refuse a deletion. Called when it is asked for.
    ///
    /// # Errors
    /// The object may not go.
    fn prepare_delete(&self, _call: &Call<'_>, _tx: &mut Tx<'_>, _object: &Value) -> Result<()> {
        Ok(())
    }

    /// Cleans up in the transaction in which the object really goes (no finalizer holds it).
    ///
    /// # Errors
    /// The store cannot be written.
    fn after_delete(&self, _call: &Call<'_>, _tx: &mut Tx<'_>, _object: &Value) -> Result<()> {
        Ok(())
    }

    /// Fills in what is computed for each answer and never stored, and takes out what nobody may see.
    ///
    /// # Errors
    /// The store cannot be read.
    fn show(&self, _call: &Call<'_>, _snapshot: &Snapshot<'_>, _object: &mut Value) -> Result<()> {
        Ok(())
    }

    /// Whether [`Strategy::show`] does anything: lists that need not parse their objects are faster.
    fn shows(&self) -> bool {
        false
    }
}

/// A strategy that adds nothing.
pub struct Plain;

impl Strategy for Plain {}

/// Computes an answer from what is stored. The third argument is the object of a subresource, the
/// last the body that came in.
pub type Reading =
    dyn Fn(&Call<'_>, &Snapshot<'_>, Option<&Value>, Value) -> Result<Value> + Send + Sync;
/// The same, and writes.
pub type Writing =
    dyn Fn(&Call<'_>, &mut Tx<'_>, Option<&Value>, Value) -> Result<Value> + Send + Sync;
