//! `metadata.managedFields`: who owns which fields.

use serde_json::{Value, json};

use super::fields::Fields;
use crate::clock::rfc3339;
use crate::kube::object::map_at;
use crate::kube::schema::Node;

/// How many managers that only update are told apart. The oldest are put together above that.
/// Source: `k8s.io/apimachinery`, `DefaultMaxUpdateManagers`.
const UPDATERS_MAX: usize = 10;

/// Whom the fields of the oldest belong to.
const ANCIENT: &str = "ancient-changes";

/// How a manager came by its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply: what it no longer applies goes.
    Apply,
    /// By any other write.
    Update,
}

/// One manager and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// The field manager.
    pub name: String,
    /// How it came by them.
    pub operation: Operation,
    /// The version of the API that it wrote.
    pub api_version: String,
    /// RFC 3339; empty for not known.
    pub time: String,
    /// Such as `status`; empty for the object itself.
    pub subresource: String,
    /// Its fields.
    pub fields: Fields,
}

impl Manager {
    /// Whether it is this one.
    pub fn is(&self, name: &str, operation: Operation) -> bool {
        self.name == name && self.operation == operation
    }

    /// Its name as it stands in a refusal.
    pub fn described(&self) -> String {
        let name = json!(self.name);
        let part = if self.subresource.is_empty() {
            String::new()
        } else {
            format!(" with subresource {}", json!(self.subresource))
        };
        match self.operation {
            Operation::Apply => format!("{name}{part}"),
            Operation::Update => format!("{name}{part} using {}", self.api_version),
        }
    }

    fn read(entry: &Value) -> Option<Self> {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        let operation = match entry["operation"].as_str()? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        Some(Self {
            name: text("manager"),
            operation,
            api_version: text("apiVersion"),
            time: text("time"),
            subresource: text("subresource"),
            fields: Fields::from_json(&entry["fieldsV1"])?,
        })
    }

    fn to_json(&self) -> Value {
        let mut entry = json!({
            "manager": self.name,
            "operation": if self.operation == Operation::Apply { "Apply" } else { "Update" },
            "apiVersion": self.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_json(),
        });
        for (field, value) in [("time", &self.time), ("subresource", &self.subresource)] {
            if !value.is_empty() {
                entry[field] = json!(value);
            }
        }
        entry
    }
}

/// The managers that an object names; nothing where it names none, or nonsense.
pub fn read(object: &Value) -> Option<Vec<Manager>> {
    let entries = object["metadata"]["managedFields"].as_array()?;
    if entries.as_slice() == [json!({})] {
        // This is how a client has them forgotten.
        return Some(Vec::new());
    }
    let managers: Option<Vec<Manager>> = entries.iter().map(Manager::read).collect();
    managers.filter(|it| !it.is_empty())
}

/// Writes the managers into an object, without fields that it does not have.
pub fn write(node: Node<'_>, object: &mut Value, mut managers: Vec<Manager>) {
    for manager in &mut managers {
        manager.fields.keep_existing(node, object);
    }
    managers.retain(|it| !it.fields.is_empty());
    managers.sort_by(|a, b| (a.operation, &a.time, &a.name).cmp(&(b.operation, &b.time, &b.name)));
    merge_oldest(&mut managers);
    let entries: Vec<Value> = managers.iter().map(Manager::to_json).collect();
    let metadata = map_at(object, &["metadata"]);
    if entries.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".into(), json!(entries));
    }
}

/// Expects the managers in order: those that update last, the oldest of them first.
fn merge_oldest(managers: &mut Vec<Manager>) {
    let first =
        managers.iter().position(|it| it.operation == Operation::Update).unwrap_or(managers.len());
    let many = (managers.len() - first).saturating_sub(UPDATERS_MAX);
    if many == 0 {
        return;
    }
    let oldest: Vec<Manager> = managers.drain(first..=first + many).collect();
    let mut merged = Manager { name: ANCIENT.into(), ..oldest[oldest.len() - 1].clone() };
    for manager in &oldest {
        merged.fields.add(&manager.fields);
    }
    managers.insert(first, merged);
}

/// The manager of that name, made where there is none.
pub fn entry<'a>(
    managers: &'a mut Vec<Manager>,
    name: &str,
    operation: Operation,
    api_version: &str,
) -> &'a mut Manager {
    let place = managers.iter().position(|it| it.is(name, operation)).unwrap_or_else(|| {
        managers.push(Manager {
            name: name.into(),
            operation,
            api_version: api_version.into(),
            time: String::new(),
            subresource: String::new(),
            fields: Fields::default(),
        });
        managers.len() - 1
    });
    &mut managers[place]
}

/// All that anybody owns.
pub fn everything<'a>(managers: impl IntoIterator<Item = &'a Manager>) -> Fields {
    let mut all = Fields::default();
    for manager in managers {
        all.add(&manager.fields);
    }
    all
}

/// The time as it stands in an entry.
pub fn time(now: i64) -> String {
    rfc3339(now)
}
