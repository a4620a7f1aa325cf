//! Bodies in protobuf: `kubectl create` sends them, since 1.31 whatever discovery says.
//!
//! Only what comes in is read so; every client takes JSON for an answer. The tables of fields are in
//! `proto/types.txt`, which is written from the Go types of Kubernetes.

mod table;
mod wire;

use serde_json::{Map, Value, json};

use super::{Error, Result};
use crate::clock::rfc3339;
use table::{Field, Kind, Message, Shape, Tables};
use wire::{Given, Reader};

/// What every body begins with. Source: apimachinery, `runtime/serializer/protobuf`.
const MAGIC: &[u8] = b"k8s\0";
/// How deep messages may be nested.
const DEPTH_MAX: usize = 64;

/// The object that a body is.
///
/// # Errors
/// [`Error::BadRequest`] if it cannot be read, [`Error::UnsupportedMediaType`] if its kind is not
/// one of Kubernetes' own.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    let envelope = bytes.strip_prefix(MAGIC).ok_or_else(unreadable)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut fields = Reader::new(envelope);
    while let Some((number, given)) = fields.next().ok_or_else(unreadable)? {
        match (number, given) {
            (1, Given::Bytes(of)) => (api_version, kind) = type_of(of).ok_or_else(unreadable)?,
            (2, Given::Bytes(of)) => raw = of,
            _ => {}
        }
    }
    let tables = Tables::get();
    let message = tables
        .root(&api_version, &kind)
        .ok_or(Error::UnsupportedMediaType("application/json, application/yaml"))?;
    let mut object = message_of(tables, message, raw, 0).ok_or_else(unreadable)?;
    object.insert("apiVersion".into(), json!(api_version));
    object.insert("kind".into(), json!(kind));
    Ok(Value::Object(object))
}

fn unreadable() -> Error {
    Error::BadRequest("the body cannot be read as protobuf".into())
}

fn type_of(bytes: &[u8]) -> Option<(String, String)> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    let mut fields = Reader::new(bytes);
    while let Some((number, given)) = fields.next()? {
        match (number, given) {
            (1, Given::Bytes(text)) => api_version = text_of(text)?,
            (2, Given::Bytes(text)) => kind = text_of(text)?,
            _ => {}
        }
    }
    Some((api_version, kind))
}

fn text_of(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn message_of(
    tables: &Tables,
    message: &Message,
    bytes: &[u8],
    depth: usize,
) -> Option<Map<String, Value>> {
    if depth > DEPTH_MAX {
        return None;
    }
    let mut object = Map::new();
    let mut fields = Reader::new(bytes);
    while let Some((number, given)) = fields.next()? {
        let Some(field) = message.field(number) else { continue };
        take(tables, field, given, depth, &mut object)?;
    }
    Some(object)
}

fn take(
    tables: &Tables,
    field: &Field,
    given: Given<'_>,
    depth: usize,
    object: &mut Map<String, Value>,
) -> Option<()> {
    match field.shape {
        Shape::One => {
            let value = value_of(tables, &field.kind, given, depth)?;
            // What Go calls inline is a message of its own here.
            if field.name == "-" {
                object.extend(value.as_object()?.clone());
            } else if field.keeps_empty && !value.is_null() || !is_empty(&value) {
                object.insert(field.name.clone(), value);
            }
        }
        Shape::Many => {
            let items =
                object.entry(field.name.clone()).or_insert_with(|| json!([])).as_array_mut()?;
            match (&field.kind, given) {
                (Kind::Int, Given::Bytes(packed)) => {
                    items.extend(Reader::new(packed).varints()?.into_iter().map(|it| json!(it)))
                }
                (kind, given) => items.push(value_of(tables, kind, given, depth)?),
            }
        }
        Shape::Map => {
            let Given::Bytes(entry) = given else { return None };
            let (key, value) = entry_of(tables, &field.kind, entry, depth)?;
            let entries = object.entry(field.name.clone()).or_insert_with(|| json!({}));
            entries.as_object_mut()?.insert(key, value);
        }
    }
    Some(())
}

fn entry_of(tables: &Tables, kind: &Kind, bytes: &[u8], depth: usize) -> Option<(String, Value)> {
    let (mut key, mut value) = (String::new(), None);
    let mut fields = Reader::new(bytes);
    while let Some((number, given)) = fields.next()? {
        match (number, given) {
            (1, Given::Bytes(text)) => key = text_of(text)?,
            (2, given) => value = Some(value_of(tables, kind, given, depth)?),
            _ => {}
        }
    }
    Some((key, value.unwrap_or_else(|| json!(""))))
}

fn value_of(tables: &Tables, kind: &Kind, given: Given<'_>, depth: usize) -> Option<Value> {
    match (kind, given) {
        (Kind::Bool, Given::Number(number)) => Some(json!(number != 0)),
        (Kind::Int, Given::Number(number)) => Some(json!(number)),
        (Kind::Text, Given::Bytes(bytes)) => text_of(bytes).map(Value::String),
        (Kind::Bytes, Given::Bytes(bytes)) => Some(json!(base64(bytes))),
        (Kind::Time { micro }, Given::Bytes(bytes)) => time_of(bytes, *micro),
        (Kind::Quantity, Given::Bytes(bytes)) => {
            Some(first_of(bytes)?.map_or(json!("0"), |it| json!(it)))
        }
        (Kind::IntOrString, Given::Bytes(bytes)) => int_or_string(bytes),
        (Kind::Raw, Given::Bytes(bytes)) => match first_of(bytes)? {
            Some(text) => super::body::json(text.as_bytes()).ok(),
            None => Some(Value::Null),
        },
        (Kind::Items, Given::Bytes(bytes)) => {
            let (mut items, mut fields) = (Vec::new(), Reader::new(bytes));
            while let Some((_, given)) = fields.next()? {
                let Given::Bytes(text) = given else { return None };
                items.push(json!(text_of(text)?));
            }
            Some(Value::Array(items))
        }
        (Kind::Message(name), Given::Bytes(bytes)) => {
            message_of(tables, tables.message(name)?, bytes, depth + 1).map(Value::Object)
        }
        _ => None,
    }
}

/// The text of field 1, if it is there.
fn first_of(bytes: &[u8]) -> Option<Option<String>> {
    let mut fields = Reader::new(bytes);
    while let Some((number, given)) = fields.next()? {
        if let (1, Given::Bytes(text)) = (number, given) {
            return text_of(text).map(Some);
        }
    }
    Some(None)
}

fn time_of(bytes: &[u8], micro: bool) -> Option<Value> {
    let (mut seconds, mut nanos) = (None, 0);
    let mut fields = Reader::new(bytes);
    while let Some((number, given)) = fields.next()? {
        match (number, given) {
            (1, Given::Number(number)) => seconds = Some(number),
            (2, Given::Number(number)) => nanos = number,
            _ => {}
        }
    }
    // A Go time that was never set has no fields.
    let Some(seconds) = seconds else { return Some(Value::Null) };
    let text = rfc3339(seconds);
    Some(json!(if micro {
        format!("{}.{:06}Z", text.trim_end_matches('Z'), nanos / 1000)
    } else {
        text
    }))
}

fn int_or_string(bytes: &[u8]) -> Option<Value> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    let mut fields = Reader::new(bytes);
    while let Some((field, given)) = fields.next()? {
        match (field, given) {
            (1, Given::Number(kind)) => is_text = kind == 1,
            (2, Given::Number(given)) => number = given,
            (3, Given::Bytes(given)) => text = text_of(given)?,
            _ => {}
        }
    }
    Some(if is_text { json!(text) } else { json!(number) })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_i64() == Some(0),
        Value::String(it) => it.is_empty(),
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
    }
}

/// Source: RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let index = (group >> (18 - 6 * i) & 63) as usize;
            text.push(if i <= chunk.len() { char::from(LETTERS[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A field that holds bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut text = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        text.extend_from_slice(bytes);
        text
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let named = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &named), field(2, raw)].concat()
    }

    #[test]
    fn a_config_map_is_read_as_kubectl_sends_it() {
        let entry = [field(1, b"x"), field(2, b"1")].concat();
        let binary = [field(1, b"b"), field(2, b"\x00\xff")].concat();
        // Go writes the fields that are empty as well.
        let metadata = [field(1, b"a"), field(2, b""), field(8, b"")].concat();
        let raw = [field(1, &metadata), field(2, &entry), field(3, &binary)].concat();
        let object = parse(&body("v1", "ConfigMap", &raw)).unwrap();
        let said = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "a"},
            "data": {"x": "1"},
            "binaryData": {"b": "AP8="},
        });
        assert_eq!(object, said);
    }

    #[test]
    fn a_number_that_is_zero_is_kept_where_it_says_something() {
        // spec: replicas (a pointer in Go) 0, minReadySeconds 0.
        let raw = [field(1, &field(1, b"a")), field(2, &[1 << 3, 0, 5 << 3, 0])].concat();
        let object = parse(&body("apps/v1", "Deployment", &raw)).unwrap();
        assert_eq!(object["spec"], json!({"replicas": 0}));
    }

    #[test]
    fn kinds_that_are_not_kubernetes_own_are_refused() {
        let refused = parse(&body("example.com/v1", "Thing", b""));
        assert!(matches!(refused, Err(Error::UnsupportedMediaType(_))));
        assert!(matches!(parse(b"k8s"), Err(Error::BadRequest(_))));
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(plain.as_bytes()), text);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..100)) {
            _ = parse(&body("v1", "Pod", &raw));
            _ = parse(&[MAGIC, &raw[..]].concat());
        }
    }
}
