//! Sets of fields: which manager owns what.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::kube::schema::{ListType, Node};

/// A set of fields as a tree. Its steps are those of `fieldsV1`: `f:<field>`, `k:<keys of an item>`,
/// `v:<item>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// The place itself belongs to the set.
    pub owned: bool,
    /// What belongs to it below.
    pub inside: BTreeMap<String, Fields>,
}

/// A part of a value that can be owned apart: its step, its schema and itself.
pub type Part<'s, 'v> = (String, Node<'s>, &'v Value);

/// The parts of a value, or nothing for one that is owned as a whole: a plain value, an atomic or
/// empty list or map, a list whose items cannot be told apart.
pub fn parts<'s, 'v>(node: Node<'s>, value: &'v Value) -> Option<Vec<Part<'s, 'v>>> {
    match value {
        Value::Object(map) if !map.is_empty() && !node.is_atomic_map() => Some(
            map.iter()
                .map(|(name, value)| (format!("f:{name}"), node.inside(name), value))
                .collect(),
        ),
        Value::Array(list) if !list.is_empty() => {
            let mut parts = Vec::with_capacity(list.len());
            for item in list {
                parts.push((step(node, item)?, node.items(), item));
            }
            let mut steps: Vec<&str> = parts.iter().map(|it| it.0.as_str()).collect();
            steps.sort_unstable();
            let all_differ = steps.windows(2).all(|it| it[0] != it[1]);
            all_differ.then_some(parts)
        }
        _ => None,
    }
}

/// The step to an item of the list at `node`; nothing where its items cannot be told apart.
pub fn step(node: Node<'_>, item: &Value) -> Option<String> {
    match node.list_type() {
        ListType::Atomic => None,
        ListType::Set => (!item.is_object() && !item.is_array()).then(|| format!("v:{item}")),
        ListType::Map(keys) => {
            let mut found = Map::new();
            for key in keys {
                let value = item.get(key).cloned().or_else(|| node.items().default_of(key))?;
                found.insert(key.to_owned(), value);
            }
            Some(format!("k:{}", Value::Object(found)))
        }
    }
}

/// Items of a list are owned themselves, so that they stay when all else of them is gone.
fn is_item(step: &str) -> bool {
    !step.starts_with("f:")
}

impl Fields {
    fn leaf() -> Self {
        Self { owned: true, inside: BTreeMap::new() }
    }

    /// All fields of a value.
    pub fn of(node: Node<'_>, value: &Value) -> Self {
        let Some(parts) = parts(node, value) else { return Self::leaf() };
        let mut fields = Self::default();
        for (step, node, value) in parts {
            let mut child = Self::of(node, value);
            child.owned |= is_item(&step);
            fields.inside.insert(step, child);
        }
        fields
    }

    /// The fields of `new` that are not in `old`, or not the same.
    pub fn changed(node: Node<'_>, old: &Value, new: &Value) -> Self {
        let Some(after) = parts(node, new) else {
            return if old == new { Self::default() } else { Self::leaf() };
        };
        let before: BTreeMap<String, &Value> =
            parts(node, old).into_iter().flatten().map(|(step, _, value)| (step, value)).collect();
        let mut fields = Self::default();
        for (step, node, value) in after {
            let mut child = match before.get(&step) {
                Some(old) => Self::changed(node, old, value),
                None => Self::of(node, value),
            };
            if before.contains_key(&step) {
                // An item that was there is still there, whatever changed inside.
                child.owned &= !is_item(&step);
            } else {
                child.owned |= is_item(&step);
            }
            fields.inside.insert(step, child);
        }
        fields.tidy();
        fields
    }

    /// Whether nothing belongs to it.
    pub fn is_empty(&self) -> bool {
        !self.owned && self.inside.is_empty()
    }

    fn tidy(&mut self) {
        self.inside.retain(|_, it| !it.is_empty());
    }

    /// Adds all that is in `other`.
    pub fn add(&mut self, other: &Self) {
        self.owned |= other.owned;
        for (step, child) in &other.inside {
            self.inside.entry(step.clone()).or_default().add(child);
        }
    }

    /// Takes out what is in `other`.
    pub fn remove(&mut self, other: &Self) {
        self.owned &= !other.owned;
        for (step, child) in &other.inside {
            if let Some(mine) = self.inside.get_mut(step) {
                mine.remove(child);
            }
        }
        self.tidy();
    }

    /// What is in both.
    pub fn both(&self, other: &Self) -> Self {
        let mut fields = Self { owned: self.owned && other.owned, inside: BTreeMap::new() };
        for (step, child) in &self.inside {
            if let Some(other) = other.inside.get(step) {
                fields.inside.insert(step.clone(), child.both(other));
            }
        }
        fields.tidy();
        fields
    }

    /// Takes out what `value` does not have.
    pub fn keep_existing(&mut self, node: Node<'_>, value: &Value) {
        let mut there: BTreeMap<String, (Node<'_>, &Value)> = parts(node, value)
            .into_iter()
            .flatten()
            .map(|(step, node, value)| (step, (node, value)))
            .collect();
        self.inside.retain(|step, child| match there.remove(step) {
            Some((node, value)) => {
                child.keep_existing(node, value);
                !child.is_empty()
            }
            None => false,
        });
    }

    /// Every field as a path for people: `.spec.containers[name="a"].image`.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk(&mut String::new(), &mut paths);
        paths
    }

    fn walk(&self, path: &mut String, paths: &mut Vec<String>) {
        if self.owned {
            paths.push(path.clone());
        }
        for (step, child) in &self.inside {
            let length = path.len();
            path.push_str(&readable(step));
            child.walk(path, paths);
            path.truncate(length);
        }
    }

    /// As `fieldsV1`.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        if self.owned && !self.inside.is_empty() {
            map.insert(".".to_owned(), json!({}));
        }
        for (step, child) in &self.inside {
            map.insert(step.clone(), child.to_json());
        }
        Value::Object(map)
    }

    /// From `fieldsV1`; nothing where it is not of that form.
    pub fn from_json(value: &Value) -> Option<Self> {
        let map = value.as_object()?;
        let mut fields = Self { owned: map.is_empty() || map.contains_key("."), ..Self::default() };
        for (step, child) in map.iter().filter(|it| it.0 != ".") {
            fields.inside.insert(canonical(step)?, Self::from_json(child)?);
        }
        Some(fields)
    }
}

/// The step as it is written here: keys in order, no spaces.
fn canonical(step: &str) -> Option<String> {
    let (kind, rest) = step.split_once(':')?;
    match kind {
        "f" => Some(step.to_owned()),
        "k" | "v" => Some(format!("{kind}:{}", serde_json::from_str::<Value>(rest).ok()?)),
        _ => None,
    }
}

fn readable(step: &str) -> String {
    let (kind, rest) = step.split_once(':').unwrap_or_default();
    match (kind, serde_json::from_str::<Value>(rest)) {
        ("k", Ok(Value::Object(keys))) => {
            let keys: Vec<String> =
                keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", keys.join(","))
        }
        ("v", Ok(value)) => format!("[={value}]"),
        _ => format!(".{rest}"),
    }
}
