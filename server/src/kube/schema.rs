//! Walking an object and its schema together.

use serde_json::Value;

use super::openapi::definition;
use super::openapi::definitions::{OBJECT_META, PREFIX};
use super::resource::Schema;

/// A place in a schema. Without a schema anything goes.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// As the field says it: marks that stand here count before those of the type.
    field: Option<&'a Value>,
    /// As the type says it.
    of: Option<&'a Value>,
    /// An object with `apiVersion`, `kind` and `metadata`, said or not.
    object: bool,
}

/// What a schema says of a field.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// Named by the schema.
    Named(Node<'a>),
    /// An entry of a map.
    Entry(Node<'a>),
    /// Not named, and not allowed.
    Unknown,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListType<'a> {
    /// Not at all: it is replaced as a whole.
    Atomic,
    /// By their value.
    Set,
    /// By the fields named here.
    Map(Vec<&'a str>),
}

const TEXT: Node<'static> = Node { field: None, of: None, object: false };

impl<'a> Node<'a> {
    /// The schema of a whole object.
    #[must_use]
    pub fn of(schema: &'a Schema) -> Self {
        let of = match schema {
            Schema::BuiltIn(name) => definition(name),
            Schema::Of(schema) => Some(schema.as_ref()),
            Schema::Open => None,
        };
        Self { field: None, of, object: true }
    }

    /// The schema of a whole object by the name of its definition.
    #[must_use]
    pub fn named(definition_name: Option<&str>) -> Node<'static> {
        Node { field: None, of: definition_name.and_then(definition), object: true }
    }

    /// The schema `value`, with its reference followed.
    fn at(value: &'a Value) -> Self {
        let reference = value["$ref"].as_str().or_else(|| value["allOf"][0]["$ref"].as_str());
        let of = reference.and_then(|it| it.strip_prefix(PREFIX)).and_then(definition);
        let object = value["x-kubernetes-embedded-resource"] == true;
        Self { field: Some(value), of: of.or(Some(value)), object }
    }

    /// What is said of the field or entry `name`.
    #[must_use]
    pub fn get(self, name: &str) -> Field<'a> {
        if self.object {
            match name {
                "metadata" => {
                    return Field::Named(Node { of: definition(OBJECT_META), ..TEXT });
                }
                "apiVersion" | "kind" => return Field::Named(TEXT),
                _ => {}
            }
        }
        let Some(of) = self.of else { return Field::Entry(TEXT) };
        if let Some(property) = of["properties"].get(name) {
            return Field::Named(Self::at(property));
        }
        match &of["additionalProperties"] {
            Value::Object(entry) if !entry.is_empty() => {
                Field::Entry(Self::at(&of["additionalProperties"]))
            }
            Value::Object(_) | Value::Bool(true) => Field::Entry(TEXT),
            _ if self.is_open() => Field::Entry(TEXT),
            _ => Field::Unknown,
        }
    }

    /// As [`Node::get`], for what need not know whether it is allowed.
    #[must_use]
    pub fn inside(self, name: &str) -> Self {
        match self.get(name) {
            Field::Named(node) | Field::Entry(node) => node,
            Field::Unknown => TEXT,
        }
    }

    /// The schema of the items of a list.
    #[must_use]
    pub fn items(self) -> Self {
        self.of.and_then(|it| it.get("items")).map_or(TEXT, Self::at)
    }

    /// Fields that are not named are allowed.
    fn is_open(self) -> bool {
        let Some(of) = self.of else { return true };
        let untyped = of.get("type").is_none() && of.get("properties").is_none();
        untyped || self.mark("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true))
    }

    /// A mark such as `x-kubernetes-list-type`, of the field or else of its type.
    fn mark(self, name: &str) -> Option<&'a Value> {
        [self.field, self.of].into_iter().flatten().find_map(|it| it.get(name))
    }

    fn text(self, name: &str) -> &'a str {
        self.mark(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// How the items of the list are told apart by server-side apply.
    #[must_use]
    pub fn list_type(self) -> ListType<'a> {
        match self.text("x-kubernetes-list-type") {
            "set" => ListType::Set,
            "map" => {
                let keys = self.mark("x-kubernetes-list-map-keys").and_then(Value::as_array);
                ListType::Map(keys.into_iter().flatten().filter_map(Value::as_str).collect())
            }
            _ => ListType::Atomic,
        }
    }

    /// Whether server-side apply replaces the map as a whole.
    #[must_use]
    pub fn is_atomic_map(self) -> bool {
        self.text("x-kubernetes-map-type") == "atomic"
    }

    /// Whether a strategic merge patch has `strategy` here: `merge`, `replace` or `retainKeys`.
    #[must_use]
    pub fn patches_by(self, strategy: &str) -> bool {
        self.text("x-kubernetes-patch-strategy").split(',').any(|it| it == strategy)
    }

    /// The field by which a strategic merge patch finds an item of the list; empty where the items
    /// are not objects.
    #[must_use]
    pub fn patch_key(self) -> &'a str {
        self.text("x-kubernetes-patch-merge-key")
    }

    /// The value that a key field of a list has where an item leaves it out.
    #[must_use]
    pub fn default_of(self, field: &str) -> Option<Value> {
        let said = self.of.and_then(|it| it["properties"][field].get("default")).cloned();
        // The one default among the built-in keys: ports of containers and services.
        said.or_else(|| (field == "protocol").then(|| "TCP".into()))
    }

    /// The types that a value may have; empty for any.
    #[must_use]
    pub fn types(self) -> Vec<&'a str> {
        let Some(of) = self.of else { return Vec::new() };
        if of["x-kubernetes-int-or-string"] == true {
            return vec!["integer", "string"];
        }
        if let Some(one) = of["type"].as_str() {
            return vec![one];
        }
        let several = of["oneOf"].as_array().or_else(|| of["anyOf"].as_array());
        several.into_iter().flatten().filter_map(|it| it["type"].as_str()).collect()
    }

    /// The format of text or of a number, such as `int32`; empty for none.
    #[must_use]
    pub fn format(self) -> &'a str {
        self.of.and_then(|it| it["format"].as_str()).unwrap_or_default()
    }
}
