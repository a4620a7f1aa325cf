//! What a resource is.

use std::sync::Arc;

use serde_json::Value;

pub use super::asking::{Attributes, Authorizer, Decision, Verb};
pub use super::strategy::{Call, Plain, Reading, Reveal, Strategy, Writing};

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
