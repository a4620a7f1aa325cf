//! Structural schemas: what is filled in, and what is refused.

use dormer_api::status::StatusCause;
use serde_json::{Map, Value};

/// How many faults one answer lists.
const FAULTS_MAX: usize = 50;
/// How large a compiled pattern may be, in bytes.
const PATTERN_LENGTH_MAX: usize = 32 << 10;
/// How much one object may be to check, in about a tenth of a microsecond: it holds up all other writes.
const STEPS_MAX: usize = 2_000_000;
/// How much text defaults may add to one object, in bytes.
const DEFAULTS_LENGTH_MAX: usize = 3 << 20;

/// Fills in the defaults of an object, and gives back what it breaks of its schema.
pub(super) fn fit(schema: &Value, object: &mut Value) -> Vec<StatusCause> {
    let mut budget = Budget { steps: STEPS_MAX, defaults_length: DEFAULTS_LENGTH_MAX };
    let mut faults = Vec::new();
    if fill_in(schema, object, &mut budget).is_some() {
        let mut check = Check { faults, budget };
        check.value(schema, object, "");
        Check { faults, budget } = check;
    }
    faults.truncate(FAULTS_MAX);
    if budget.steps == 0 || budget.defaults_length == 0 {
        let message = "Too long: too much to be checked against its schema".to_owned();
        let reason = "FieldValueTooLong".to_owned();
        return vec![StatusCause { reason, message, field: String::new() }];
    }
    faults
}

/// What is left of the work that one object may be.
struct Budget {
    steps: usize,
    defaults_length: usize,
}

impl Budget {
    /// Nothing once it is used up.
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.steps = self.steps.saturating_sub(steps);
        (self.steps > 0).then_some(())
    }

    fn spend_default(&mut self, default: &Value) -> Option<()> {
        let length = default.as_str().map_or_else(|| default.to_string().len(), str::len) + 1;
        self.spend(length / 16)?;
        self.defaults_length = self.defaults_length.saturating_sub(length);
        (self.defaults_length > 0).then_some(())
    }
}

/// Fills in the defaults of fields that are absent.
fn fill_in(schema: &Value, value: &mut Value, budget: &mut Budget) -> Option<()> {
    budget.spend(1)?;
    match value {
        Value::Object(fields) => {
            for (name, known) in schema["properties"].as_object().into_iter().flatten() {
                budget.spend(1)?;
                let default = known.get("default");
                let nulled =
                    fields.get(name).is_some_and(Value::is_null) && !is_true(known, "nullable");
                if let Some(default) = default.filter(|_| nulled || !fields.contains_key(name)) {
                    budget.spend_default(default)?;
                    fields.insert(name.clone(), default.clone());
                }
                if let Some(field) = fields.get_mut(name) {
                    fill_in(known, field, budget)?;
                }
            }
            let rest = &schema["additionalProperties"];
            if rest.is_object() {
                fields.values_mut().try_for_each(|field| fill_in(rest, field, budget))?;
            }
        }
        Value::Array(items) => {
            items.iter_mut().try_for_each(|it| fill_in(&schema["items"], it, budget))?;
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Some(())
}

fn is_true(schema: &Value, word: &str) -> bool {
    schema[word] == Value::Bool(true)
}

struct Check {
    faults: Vec<StatusCause>,
    budget: Budget,
}

impl Check {
    fn fault(&mut self, path: &str, reason: &str, message: String) {
        self.faults.push(StatusCause { reason: reason.into(), message, field: path.into() });
    }

    fn invalid(&mut self, path: &str, value: &Value, rule: &str) {
        let place = if path.is_empty() { String::new() } else { format!("{path} in body ") };
        self.fault(
            path,
            "FieldValueInvalid",
            format!("Invalid value: {}: {place}{rule}", brief(value)),
        );
    }

    fn value(&mut self, schema: &Value, value: &Value, path: &str) {
        if self.budget.spend(1).is_none() || self.faults.len() > FAULTS_MAX {
            return;
        }
        if value.is_null() && is_true(schema, "nullable") {
            return;
        }
        if !self.kind(schema, value, path) {
            return;
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            let message = format!(
                "Unsupported value: {}: supported values: {}",
                brief(value),
                allowed.join(", ")
            );
            self.fault(path, "FieldValueNotSupported", message);
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, value, path),
            Value::Array(items) => self.array(schema, items, value, path),
            Value::String(text) => self.text(schema, text, value, path),
            Value::Number(_) => self.number(schema, value, path),
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, value, path);
    }

    /// Whether the value has the type; nothing else is worth checking if not.
    fn kind(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        if is_true(schema, "x-kubernetes-int-or-string") {
            let fits = value.is_i64() || value.is_u64() || value.is_string();
            if !fits {
                self.invalid(path, value, "must be of type integer or string");
            }
            return fits;
        }
        let Some(wanted) = schema["type"].as_str() else { return true };
        let fits = match wanted {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => {
                value.is_i64()
                    || value.is_u64()
                    || value.as_f64().is_some_and(|it| it.fract() == 0.0)
            }
            _ => true,
        };
        if !fits {
            let rule = format!("must be of type {wanted}: {:?}", kind_of(value));
            self.invalid(path, &Value::String(kind_of(value).into()), &rule);
        }
        fits
    }

    fn object(&mut self, schema: &Value, fields: &Map<String, Value>, value: &Value, path: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.fault(&join(path, name), "FieldValueRequired", "Required value".into());
            }
        }
        self.at_least(schema, "minProperties", fields.len(), value, path, "properties");
        self.at_most(schema, "maxProperties", fields.len(), value, path, "properties");
        for (name, field) in fields {
            // The server itself checks those of the whole object.
            if path.is_empty() && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                continue;
            }
            if let Some(known) = schema["properties"].get(name) {
                self.value(known, field, &join(path, name));
            } else if schema["additionalProperties"].is_object() {
                self.value(&schema["additionalProperties"], field, &join(path, name));
            }
        }
    }

    fn array(&mut self, schema: &Value, items: &[Value], value: &Value, path: &str) {
        self.at_least(schema, "minItems", items.len(), value, path, "items");
        self.at_most(schema, "maxItems", items.len(), value, path, "items");
        let sets = is_true(schema, "uniqueItems") || schema["x-kubernetes-list-type"] == "set";
        for (i, item) in items.iter().enumerate() {
            let place = format!("{path}[{i}]");
            if sets && self.budget.spend(i).is_some() && items[..i].contains(item) {
                self.fault(
                    &place,
                    "FieldValueDuplicate",
                    format!("Duplicate value: {}", brief(item)),
                );
            }
            self.value(&schema["items"], item, &place);
        }
    }

    fn text(&mut self, schema: &Value, text: &str, value: &Value, path: &str) {
        let length = text.chars().count();
        self.at_least(schema, "minLength", length, value, path, "chars long");
        self.at_most(schema, "maxLength", length, value, path, "chars long");
        let Some(pattern) = schema["pattern"].as_str() else { return };
        // Compiling and matching both grow with the pattern, matching with the text as well.
        if self.budget.spend((pattern.len() + 64).saturating_mul(text.len() + 16) / 16).is_none() {
            return;
        }
        let compiled =
            regex_lite::RegexBuilder::new(pattern).size_limit(PATTERN_LENGTH_MAX).build();
        if compiled.is_ok_and(|it| !it.is_match(text)) {
            self.invalid(path, value, &format!("should match '{pattern}'"));
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &str) {
        let given = value.as_f64().unwrap_or_default();
        if let Some(least) = schema["minimum"].as_f64() {
            let open = is_true(schema, "exclusiveMinimum");
            if given < least || open && given <= least {
                let rule = if open { "greater than" } else { "greater than or equal to" };
                self.invalid(path, value, &format!("should be {rule} {}", schema["minimum"]));
            }
        }
        if let Some(most) = schema["maximum"].as_f64() {
            let open = is_true(schema, "exclusiveMaximum");
            if given > most || open && given >= most {
                let rule = if open { "less than" } else { "less than or equal to" };
                self.invalid(path, value, &format!("should be {rule} {}", schema["maximum"]));
            }
        }
        if let Some(step) = schema["multipleOf"].as_f64().filter(|&it| it > 0.0)
            && (given / step).fract().abs() > f64::EPSILON
        {
            self.invalid(path, value, &format!("should be a multiple of {}", schema["multipleOf"]));
        }
    }

    fn at_least(
        &mut self,
        schema: &Value,
        word: &str,
        given: usize,
        value: &Value,
        path: &str,
        what: &str,
    ) {
        if let Some(least) = schema[word].as_u64().filter(|&it| (given as u64) < it) {
            self.invalid(path, value, &format!("should have at least {least} {what}"));
        }
    }

    fn at_most(
        &mut self,
        schema: &Value,
        word: &str,
        given: usize,
        value: &Value,
        path: &str,
        what: &str,
    ) {
        if let Some(most) = schema[word].as_u64().filter(|&it| (given as u64) > it) {
            self.fault(
                path,
                "FieldValueTooLong",
                format!("Too long: {} should have at most {most} {what}", brief(value)),
            );
        }
    }

    fn combined(&mut self, schema: &Value, value: &Value, path: &str) {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.value(part, value, path);
        }
        if let Some(parts) = schema["anyOf"].as_array()
            && !parts.iter().any(|it| self.fits(it, value, path))
        {
            self.invalid(path, value, "must validate at least one schema (anyOf)");
        }
        if let Some(parts) = schema["oneOf"].as_array()
            && parts.iter().filter(|it| self.fits(it, value, path)).count() != 1
        {
            self.invalid(path, value, "must validate one and only one schema (oneOf)");
        }
        if schema["not"].is_object() && self.fits(&schema["not"], value, path) {
            self.invalid(path, value, "must not validate the schema (not)");
        }
    }

    /// Whether a value breaks nothing of a schema. What it breaks is not noted.
    fn fits(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        let before = std::mem::take(&mut self.faults);
        self.value(schema, value, path);
        std::mem::replace(&mut self.faults, before).is_empty()
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(it) if it.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as it stands in a message: what is long is not repeated.
fn brief(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => kind_of(value).to_owned(),
        Value::String(text) if text.chars().count() > 100 => {
            format!("{:?}", text.chars().take(100).chain(['…']).collect::<String>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "required": ["size"],
                    "properties": {
                        "size": {"type": "integer", "minimum": 1, "maximum": 9},
                        "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
                        "name": {"type": "string", "minLength": 2, "pattern": "^[a-z]+$"},
                        "port": {"x-kubernetes-int-or-string": true},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                        "map": {"type": "object", "additionalProperties": {"type": "string"}},
                        "list": {"type": "array", "maxItems": 2, "items": {
                            "type": "object", "properties": {"on": {"type": "boolean", "default": true}},
                        }},
                        "none": {"type": "string", "nullable": true},
                    },
                },
            },
        })
    }

    #[track_caller]
    fn check(spec: Value, expected: &[&str]) {
        let mut object = json!({"apiVersion": "x", "metadata": {}, "spec": spec});
        let found = fit(&schema(), &mut object);
        let found: Vec<String> =
            found.iter().map(|it| format!("{}: {}", it.field, it.message)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_object_is_held_to_its_schema() {
        check(
            json!({"size": 3, "port": "http", "free": {"x": [1]}, "map": {"a": "b"}, "none": null}),
            &[],
        );
        check(json!({}), &["spec.size: Required value"]);
        check(
            json!({"size": "3"}),
            &[
                r#"spec.size: Invalid value: "string": spec.size in body must be of type integer: "string""#,
            ],
        );
        check(
            json!({"size": 0}),
            &[
                "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
            ],
        );
        check(
            json!({"size": 1, "mode": "c"}),
            &[r#"spec.mode: Unsupported value: "c": supported values: "a", "b""#],
        );
        check(
            json!({"size": 1, "name": "A1"}),
            &[r#"spec.name: Invalid value: "A1": spec.name in body should match '^[a-z]+$'"#],
        );
        check(
            json!({"size": 1, "port": 1.5}),
            &["spec.port: Invalid value: 1.5: spec.port in body must be of type integer or string"],
        );
        check(
            json!({"size": 1, "list": [{"on": 1}]}),
            &[
                r#"spec.list[0].on: Invalid value: "integer": spec.list[0].on in body must be of type boolean: "integer""#,
            ],
        );
    }

    #[test]
    fn defaults_are_filled_in_where_nothing_is_said() {
        let mut object = json!({"spec": {"mode": "b", "list": [{}, {"on": false}]}});
        fit(&schema(), &mut object);
        assert_eq!(object, json!({"spec": {"mode": "b", "list": [{"on": true}, {"on": false}]}}));
        let mut object = json!({"spec": {}});
        fit(&schema(), &mut object);
        assert_eq!(object["spec"]["mode"], "a");
    }

    #[test]
    fn what_would_hold_up_all_other_writes_is_refused_soon() {
        let begun = std::time::Instant::now();
        let many = json!({"list": vec![json!({}); 50_000]});
        let grows = json!({"properties": {"list": {"items": {
            "properties": {"on": {"default": "x".repeat(100_000)}},
        }}}});
        assert_eq!(fit(&grows, &mut many.clone()).len(), 1);
        let every = json!({"properties": {"list": {"items": {"anyOf": vec![json!({"type": "string"}); 10_000]}}}});
        assert!(!fit(&every, &mut many.clone()).is_empty());
        let unique = json!({"properties": {"list": {"uniqueItems": true}}});
        let numbers: Vec<u32> = (0..50_000).collect();
        assert_eq!(fit(&unique, &mut json!({"list": numbers})).len(), 1);
        let pattern = json!({"properties": {"text": {"pattern": "^((a{40}){40})*$"}}});
        _ = fit(&pattern, &mut json!({"text": "a".repeat(3_000_000)}));
        // Unoptimized, and beside other tests.
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
