//! What a resource is, what may be plugged into it, and who decides about its callers.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Result;
use crate::auth::Caller;
use crate::store::{Snapshot, Tx};

/// What is done to a resource, in Kubernetes' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads many.
    List,
    /// Follows many.
    Watch,
    /// Makes one.
    Create,
    /// Replaces one.
    Update,
    /// Changes a part of one.
    Patch,
    /// Removes one.
    Delete,
    /// Removes many.
    DeleteCollection,
    /// Goes through to a virtual cluster or host cluster. Only the gateway asks it.
    Use,
}

impl Verb {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Use => "use",
        }
    }

    /// Whether nothing changes by it.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a request asks to do to what. Parsed once from the path; authorized and done as this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// What is done.
    pub verb: Verb,
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Such as `configmaps`.
    pub resource: String,
    /// Such as `status`; empty for the object itself.
    pub subresource: String,
    /// Empty for all namespaces, or for what has none.
    pub namespace: String,
    /// Empty for a whole collection.
    pub name: String,
}

/// The answer of an [`Authorizer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No. The caller may know that there is such a thing: answered as 403.
    Deny,
    /// No, and the caller may not even know whether it is there: answered as if it were not.
    Hide,
}

/// Decides who may do what in one logical cluster.
pub trait Authorizer: Send + Sync {
    /// Whether `caller` may. `object` is the object as it is, where one is named and there; for a
    /// creation it is the object as it would be.
    ///
    /// # Errors
    /// The store cannot be read.
    fn may(
        &self,
        snapshot: &Snapshot<'_>,
        caller: &Caller,
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> Result<Decision>;

    /// Whether lists and watches have to ask `may` (with [`Verb::Get`]) about each object.
    fn by_object(&self) -> bool;
}

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

/// A resource or subresource that is computed and not stored.
#[derive(Clone)]
pub enum Answer {
    /// Only reads. `parent` is the object of a subresource, the last argument the body that came in
    /// (null for a GET).
    Read(Arc<Reading>),
    /// Writes, in one transaction.
    Write(Arc<Writing>),
}

/// A part of a resource with a path of its own.
#[derive(Clone)]
pub struct Subresource {
    /// Such as `clusters` in `projects/<p>/clusters`.
    pub name: &'static str,
    /// The kind of the answer.
    pub kind: &'static str,
    /// Which verbs it has: [`Verb::Get`] for GET, [`Verb::Create`] for POST.
    pub verbs: &'static [Verb],
    /// How it is answered.
    pub answer: Answer,
}

/// What the cells of a column hold.
#[derive(Clone)]
pub enum Cell {
    /// `metadata.name`.
    Name,
    /// How long ago it was made, in `kubectl`'s short form: `5m`, `3d4h`.
    Age,
    /// Whatever the function finds in the object; the last argument is now, in Unix seconds.
    Of(fn(&Value, i64) -> Value),
    /// What stands at a path of an object of a CustomResourceDefinition: `.spec.replicas`.
    Path(String),
}

/// A column of a `Table`.
#[derive(Clone)]
pub struct Column {
    /// The heading, such as `Name`.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// What the column says, in a sentence.
    pub description: String,
    /// 0 is always shown; more only with `-o wide`.
    pub priority: i32,
    /// Where its cells come from.
    pub cell: Cell,
}

impl Column {
    /// A column that is always shown.
    #[must_use]
    pub fn new(name: &str, kind: &str, cell: Cell) -> Self {
        Self { name: name.into(), kind: kind.into(), description: String::new(), priority: 0, cell }
    }

    /// A column that is shown with `-o wide` only.
    #[must_use]
    pub fn wide(name: &str, kind: &str, cell: Cell) -> Self {
        Self { priority: 1, ..Self::new(name, kind, cell) }
    }
}

/// Where the schema of a resource comes from.
#[derive(Clone)]
pub enum Schema {
    /// A type of `k8s-openapi`, by the name of its definition: `io.k8s.api.core.v1.ConfigMap`.
    BuiltIn(&'static str),
    /// An OpenAPI v3 schema, as in a CustomResourceDefinition.
    Of(Arc<Value>),
    /// Anything goes.
    Open,
}

/// Where the `scale` subresource finds its numbers, as paths such as `.spec.replicas`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// How many are wanted.
    pub wanted: String,
    /// How many there are.
    pub running: String,
    /// The label selector, as text; nothing where there is none.
    pub selector: Option<String>,
}

/// A resource of a logical cluster.
#[derive(Clone)]
pub struct Resource {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// In the path: `configmaps`.
    pub plural: String,
    /// In lower case: `configmap`.
    pub singular: String,
    /// `ConfigMap`.
    pub kind: String,
    /// What `kubectl` takes for it too: `cm`.
    pub short_names: Vec<String>,
    /// Such as `all`.
    pub categories: Vec<String>,
    /// Its objects live in namespaces.
    pub namespaced: bool,
    /// What may be done to it at all.
    pub verbs: Vec<Verb>,
    /// It has a `status` that is written apart.
    pub status: bool,
    /// It can be scaled.
    pub scale: Option<Scale>,
    /// Its other parts.
    pub subresources: Vec<Subresource>,
    /// Computed, not stored: answers `create`.
    pub virtually: Option<Answer>,
    /// What `kubectl get` shows.
    pub columns: Vec<Column>,
    /// What its objects have to look like.
    pub schema: Schema,
    /// What is particular to it.
    pub strategy: Arc<dyn Strategy>,
}

/// All verbs of an ordinary stored resource.
pub const STORED: [Verb; 8] = [
    Verb::Get,
    Verb::List,
    Verb::Watch,
    Verb::Create,
    Verb::Update,
    Verb::Patch,
    Verb::Delete,
    Verb::DeleteCollection,
];

impl Resource {
    /// An ordinary stored resource with the columns NAME and AGE. The singular is the kind in lower
    /// case.
    #[must_use]
    pub fn stored(group: &str, version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: group.into(),
            version: version.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            kind: kind.into(),
            short_names: Vec::new(),
            categories: Vec::new(),
            namespaced,
            verbs: STORED.to_vec(),
            status: false,
            scale: None,
            subresources: Vec::new(),
            virtually: None,
            columns: vec![
                Column::new("Name", "string", Cell::Name),
                Column::new("Age", "string", Cell::Age),
            ],
            schema: Schema::Open,
            strategy: Arc::new(Plain),
        }
    }

    /// A computed resource that only answers `create`.
    #[must_use]
    pub fn computed(
        group: &str,
        version: &str,
        plural: &str,
        kind: &str,
        namespaced: bool,
        answer: Answer,
    ) -> Self {
        Self {
            verbs: vec![Verb::Create],
            virtually: Some(answer),
            ..Self::stored(group, version, plural, kind, namespaced)
        }
    }

    /// What the store knows it by: `configmaps`, `apps/deployments`.
    #[must_use]
    pub fn stored_as(&self) -> String {
        stored_as(&self.group, &self.plural)
    }

    /// `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// What the store knows a resource by: `configmaps`, `apps/deployments`.
#[must_use]
pub fn stored_as(group: &str, plural: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{group}/{plural}") }
}
