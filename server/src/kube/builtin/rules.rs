//! The shape of the rules of a built-in kind, and the words of their refusals.

use dormer_api::status::StatusCause;
use serde_json::{Map, Value, json};

use crate::kube::object;
use crate::kube::resource::{Call, Reveal, Strategy};
use crate::kube::{Error, Result};
use crate::store::Tx;

/// The rules of one kind. What is not said changes and refuses nothing.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Such as `Deployment`.
    pub kind: &'static str,
    /// Empty for the core group.
    pub group: &'static str,
    /// Fills in what was left out.
    pub fill: fn(&mut Value),
    /// Fills in what only a new object gets, such as its first status.
    pub begin: fn(&mut Value),
    /// Finds what is wrong with an object.
    pub check: fn(&Value, &mut Faults),
    /// Finds what may not change from the first object to the second.
    pub compare: fn(&Value, &Value, &mut Faults),
}

impl Rules {
    /// Rules of a kind that has none yet.
    #[must_use]
    pub const fn of(group: &'static str, kind: &'static str) -> Self {
        Self { kind, group, fill: |_| (), begin: |_| (), check: |_, _| (), compare: |_, _, _| () }
    }

    fn judge(&self, object: &Value, old: Option<&Value>) -> Result<()> {
        let mut faults = Faults::default();
        (self.check)(object, &mut faults);
        if let Some(old) = old {
            (self.compare)(old, object, &mut faults);
        }
        if faults.causes.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid {
            kind: self.kind.into(),
            group: self.group.into(),
            name: object::name(object).into(),
            causes: faults.causes,
        })
    }
}

impl Strategy for Rules {
    fn prepare_create(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        object: &mut Value,
    ) -> Result<Option<Reveal>> {
        (self.fill)(object);
        (self.begin)(object);
        self.judge(object, None).map(|()| None)
    }

    fn prepare_update(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        old: &Value,
        new: &mut Value,
    ) -> Result<()> {
        (self.fill)(new);
        self.judge(new, Some(old))
    }
}

/// How many faults are told: more would only make the refusal long.
const FAULTS_MAX: usize = 100;

/// How much of a value is told, in characters.
const SHOWN_MAX: usize = 200;

/// What is wrong with an object, in the words of Kubernetes.
#[derive(Debug, Default)]
pub struct Faults {
    causes: Vec<StatusCause>,
}

impl Faults {
    /// The fields that are wrong.
    #[cfg(test)]
    pub fn fields(&self) -> Vec<String> {
        self.causes.iter().map(|it| it.field.clone()).collect()
    }

    fn add(&mut self, reason: &str, field: impl Into<String>, message: String) {
        if self.causes.len() >= FAULTS_MAX {
            return;
        }
        self.causes.push(StatusCause { reason: reason.into(), message, field: field.into() });
    }

    /// The field is missing.
    pub fn required(&mut self, field: impl Into<String>, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        self.add("FieldValueRequired", field, format!("Required value{colon}{why}"));
    }

    /// The field holds what it may not.
    pub fn invalid(&mut self, field: impl Into<String>, value: &Value, why: &str) {
        self.add("FieldValueInvalid", field, format!("Invalid value: {}: {why}", shown(value)));
    }

    /// The field may not be set, or not so.
    pub fn forbidden(&mut self, field: impl Into<String>, why: &str) {
        self.add("FieldValueForbidden", field, format!("Forbidden: {why}"));
    }

    /// The value is there twice.
    pub fn duplicate(&mut self, field: impl Into<String>, value: &Value) {
        self.add("FieldValueDuplicate", field, format!("Duplicate value: {}", shown(value)));
    }

    /// The value names nothing that there is.
    pub fn missing(&mut self, field: impl Into<String>, value: &Value) {
        self.add("FieldValueNotFound", field, format!("Not found: {}", shown(value)));
    }

    /// The value is too long, in bytes.
    pub fn too_long(&mut self, field: impl Into<String>, bytes_max: usize) {
        self.add(
            "FieldValueTooLong",
            field,
            format!("Too long: may not be more than {bytes_max} bytes"),
        );
    }

    /// The value, where there is one, has to be one of `allowed`.
    pub fn one_of(&mut self, field: impl Into<String>, value: &Value, allowed: &[&str]) {
        if value.is_null() || value.as_str().is_some_and(|it| allowed.contains(&it)) {
            return;
        }
        let quoted: Vec<String> = allowed.iter().map(|it| format!("\"{it}\"")).collect();
        let message =
            format!("Unsupported value: {}: supported values: {}", shown(value), quoted.join(", "));
        self.add("FieldValueNotSupported", field, message);
    }

    /// The number, where there is one, has to be within bounds.
    pub fn port(&mut self, field: impl Into<String>, value: &Value) {
        if value.as_i64().is_some_and(|it| !(1..=65_535).contains(&it)) {
            self.invalid(field, value, "must be between 1 and 65535, inclusive");
        }
    }

    /// The number, where there is one, may not be negative.
    pub fn not_negative(&mut self, field: impl Into<String>, value: &Value) {
        if value.as_i64().is_some_and(|it| it < 0) {
            self.invalid(field, value, "must be greater than or equal to 0");
        }
    }

    /// The field may not change.
    pub fn immutable(&mut self, field: &str, old: &Value, new: &Value) {
        if old != new {
            self.invalid(field, new, "field is immutable");
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Sets each field that is absent or null.
pub fn fill(place: &mut Value, fields: &[(&str, Value)]) {
    if place.is_null() {
        *place = json!({});
    }
    let Value::Object(map) = place else { return };
    for (name, value) in fields {
        if map.get(*name).is_none_or(Value::is_null) {
            map.insert((*name).to_owned(), value.clone());
        }
    }
}

/// Calls `each` with every item of the list, with its place.
pub fn each<'a>(list: &'a Value, path: &str, mut each: impl FnMut(&'a Value, String)) {
    for (i, item) in list.as_array().into_iter().flatten().enumerate() {
        each(item, format!("{path}[{i}]"));
    }
}

/// The items of a list, to change.
pub fn items_mut(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

/// A map's entries; none where it is absent.
pub fn entries(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flatten()
}

/// Whether a label selector picks these labels.
#[must_use]
pub fn selects(selector: &Value, labels: &Value) -> bool {
    let equal =
        entries(&selector["matchLabels"]).all(|(key, value)| labels.get(key) == Some(value));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    equal
        && expressions.into_iter().all(|it| {
            let label = it["key"].as_str().and_then(|key| labels.get(key));
            let among = || {
                it["values"]
                    .as_array()
                    .is_some_and(|all| label.is_some_and(|one| all.contains(one)))
            };
            match it["operator"].as_str().unwrap_or_default() {
                "In" => among(),
                "NotIn" => !among(),
                "Exists" => label.is_some(),
                "DoesNotExist" => label.is_none(),
                _ => false,
            }
        })
}

/// `object` without some fields, to compare what is left.
#[must_use]
pub fn without(object: &Value, fields: &[&str]) -> Map<String, Value> {
    let kept = entries(object).filter(|(name, _)| !fields.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
