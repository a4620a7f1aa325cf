//! `Table`: a list as rows of cells, as `kubectl get` and the page ask for it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meta::{ListMeta, ObjectMeta};

/// What to send as `Accept` to get a [`Table`], or a watch whose events hold one.
pub const ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io, application/json";

/// Rows of cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Where a watch goes on from.
    #[serde(default)]
    pub metadata: ListMeta,
    /// What the cells mean. Empty in a watch after the first event.
    #[serde(default)]
    pub column_definitions: Vec<Column>,
    /// One an object.
    #[serde(default)]
    pub rows: Vec<Row>,
}

/// What the cells of one column mean.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Column {
    /// The heading, such as `Name`.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `name` for the column that names the object.
    pub format: String,
    /// What the column says, in a sentence.
    pub description: String,
    /// 0 is always shown; more only with `-o wide`.
    pub priority: i32,
}

/// One object as cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// In the order of the columns.
    pub cells: Vec<Value>,
    /// The object that the row is about.
    pub object: RowObject,
}

/// The part of the object that comes with its row: its metadata, unless more was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowObject {
    /// The object's metadata.
    pub metadata: ObjectMeta,
    /// What is wanted of it. Here only with `includeObject=Object`.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub spec: Value,
    /// How it is. Here only with `includeObject=Object`.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub status: Value,
}
