//! Tables: what `kubectl get` prints.

use serde_json::{Value, json};

use super::asked::Asked;
use super::resource::{Cell, Column};
use super::{Error, Result, age, answer, object};

/// What stands beside the cells of a row.
enum Beside {
    Nothing,
    Metadata,
    Whole,
}

/// A table without rows.
///
/// # Errors
/// [`Error::BadRequest`] if the query asks for rows of an unknown kind.
pub(super) fn head(asked: &Asked, version: &str) -> Result<Value> {
    beside(asked)?;
    let columns: Vec<Value> =
        asked.resource.columns.iter().enumerate().map(|(i, it)| column(it, i == 0)).collect();
    Ok(json!({
        "kind": "Table",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": {},
        "columnDefinitions": columns,
        "rows": [],
    }))
}

/// The row of one object.
///
/// # Errors
/// As [`head`].
pub(super) fn row(asked: &Asked, version: &str, object: &Value) -> Result<Value> {
    let cells: Vec<Value> =
        asked.resource.columns.iter().map(|it| cell(it, object, asked.now())).collect();
    let mut row = json!({"cells": cells});
    match beside(asked)? {
        Beside::Nothing => {}
        Beside::Metadata => row["object"] = answer::metadata(object, version),
        Beside::Whole => row["object"] = object.clone(),
    }
    Ok(row)
}

fn beside(asked: &Asked) -> Result<Beside> {
    match asked.query.text("includeObject") {
        None | Some("Metadata") => Ok(Beside::Metadata),
        Some("None") => Ok(Beside::Nothing),
        Some("Object") => Ok(Beside::Whole),
        Some(other) => {
            Err(Error::BadRequest(format!("unrecognized includeObject value: {other:?}")))
        }
    }
}

fn column(column: &Column, first: bool) -> Value {
    // kubectl's `-o name` and its sorting look for the column whose format is `name`.
    json!({
        "name": column.name,
        "type": column.kind,
        "format": if first && matches!(column.cell, Cell::Name) { "name" } else { "" },
        "description": column.description,
        "priority": column.priority,
    })
}

fn cell(column: &Column, object: &Value, now: i64) -> Value {
    match &column.cell {
        Cell::Name => json!(object::name(object)),
        Cell::Age => json!(age::since(object::meta(object, "creationTimestamp"), now)),
        Cell::Of(find) => find(object, now),
        Cell::Path(path) => shown(at(object, path), &column.kind, now),
    }
}

/// A value as a cell of a column of `kind`.
fn shown(value: Option<&Value>, kind: &str, now: i64) -> Value {
    match (value, kind) {
        (None | Some(Value::Null), _) => Value::Null,
        (Some(Value::String(time)), "date") => json!(age::since(time, now)),
        (Some(value @ Value::Number(_)), "integer" | "number") => value.clone(),
        (Some(value @ Value::Bool(_)), "boolean") => value.clone(),
        (Some(Value::String(text)), _) => json!(text),
        (Some(value), "string") => json!(value.to_string()),
        (Some(_), _) => Value::Null,
    }
}

/// What a path such as `.spec.items[0].name` or `.metadata.annotations.a\.b` leads to. A filter
/// `[?(@.type=="Ready")]` takes the first that has it.
pub(super) fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut place = object;
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        (place, rest) = if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']')?;
            (step_inside(place, inside)?, after)
        } else {
            let (name, after) = field(rest.strip_prefix('.').unwrap_or(rest));
            (if name.is_empty() { place } else { place.get(name.as_str())? }, after)
        };
    }
    Some(place)
}

/// The name up to the next dot or bracket, and what follows. A backslash takes a dot into the name.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((i, letter)) = letters.next() {
        match letter {
            '.' | '[' => return (name, &text[i..]),
            '\\' => name.extend(letters.next().map(|(_, it)| it)),
            _ => name.push(letter),
        }
    }
    (name, "")
}

fn step_inside<'a>(place: &'a Value, inside: &str) -> Option<&'a Value> {
    if let Some(filter) = inside.strip_prefix("?(@.").and_then(|it| it.strip_suffix(')')) {
        let (path, wanted) = filter.split_once("==")?;
        let wanted = wanted.trim().trim_matches(['"', '\'']);
        return place
            .as_array()?
            .iter()
            .find(|it| at(it, path.trim()).and_then(Value::as_str) == Some(wanted));
    }
    if let Ok(index) = inside.parse::<usize>() {
        return place.get(index);
    }
    if inside == "*" {
        return place.as_array()?.first();
    }
    place.get(inside.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<Value>) {
        let object = json!({
            "spec": {"replicas": 3, "items": [{"name": "a"}, {"name": "b"}]},
            "metadata": {"annotations": {"x.io/y": "z"}},
            "status": {"conditions": [{"type": "Other", "status": "No"}, {"type": "Ready", "status": "True"}]},
        });
        assert_eq!(at(&object, path), expected.as_ref(), "{path}");
    }

    #[test]
    fn a_path_leads_to_a_value() {
        check(".spec.replicas", Some(json!(3)));
        check("$.spec.replicas", Some(json!(3)));
        check(".spec.items[1].name", Some(json!("b")));
        check(".spec.items[*].name", Some(json!("a")));
        check(r".metadata.annotations.x\.io/y", Some(json!("z")));
        check(".metadata.annotations['x.io/y']", Some(json!("z")));
        check(r#".status.conditions[?(@.type=="Ready")].status"#, Some(json!("True")));
        check(".spec.missing.more", None);
        check(".spec.items[9]", None);
        check(".spec.items[", None);
    }

    #[test]
    fn cells_are_as_their_column_says() {
        let time = json!("2026-01-01T00:00:00Z");
        let now = crate::clock::parse_rfc3339("2026-01-01T00:05:00Z").unwrap();
        assert_eq!(shown(Some(&time), "date", now), json!("5m"));
        assert_eq!(shown(Some(&json!(3)), "integer", now), json!(3));
        assert_eq!(shown(Some(&json!(3)), "string", now), json!("3"));
        assert_eq!(shown(Some(&json!(true)), "boolean", now), json!(true));
        assert_eq!(shown(Some(&json!({"a": 1})), "integer", now), Value::Null);
        assert_eq!(shown(None, "string", now), Value::Null);
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in r#"[a-c.\[\]\\'"?@=()*0-9é]{0,20}"#) {
            _ = at(&json!({"a": [{"b": 1}], "c": "x"}), &path);
        }
    }
}
