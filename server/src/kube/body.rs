//! Bodies that come in: JSON, YAML and protobuf, with limits on all that grows.

use std::fmt;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, header};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Error, Result, protobuf};

/// The longest body. Source: kube-apiserver, `MaxRequestBodyBytes`.
pub(super) const BODY_LENGTH_MAX: usize = 3 << 20;
/// How deep values may be nested: Kubernetes' deepest real objects are schemas of about 40 levels.
pub(super) const DEPTH_MAX: usize = 64;
/// How many values one body may have.
const VALUES_MAX: usize = 100_000;
/// What is spoken here.
const SPOKEN: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// All of a body.
///
/// # Errors
/// [`Error::TooLarge`].
pub(super) async fn read(body: Body) -> Result<Bytes> {
    to_bytes(body, BODY_LENGTH_MAX).await.map_err(|error| {
        let text = error.to_string();
        if text.contains("length limit") { Error::TooLarge } else { Error::BadRequest(text) }
    })
}

/// The media type of a body, without its parameters and in lower case; JSON where none is said.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let said =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let plain = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if plain.is_empty() { "application/json".into() } else { plain }
}

/// The value that a body is the text of.
///
/// # Errors
/// [`Error::UnsupportedMediaType`], or [`Error::BadRequest`] with the line and column.
pub(super) fn parse(media_type: &str, bytes: &[u8]) -> Result<Value> {
    match media_type {
        "application/json" => json(bytes),
        "application/yaml" | "application/x-yaml" | "text/yaml" => yaml(bytes),
        "application/vnd.kubernetes.protobuf" => protobuf::parse(bytes),
        _ => Err(Error::UnsupportedMediaType(SPOKEN)),
    }
}

/// A value from JSON.
///
/// # Errors
/// [`Error::BadRequest`].
pub(super) fn json(bytes: &[u8]) -> Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut left = VALUES_MAX;
    let value = Tree { depth: 0, left: &mut left }.deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| Error::BadRequest(format!("the body cannot be read as JSON: {error}")))
}

/// A value from YAML.
///
/// # Errors
/// [`Error::BadRequest`].
pub(super) fn yaml(bytes: &[u8]) -> Result<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: VALUES_MAX,
            max_documents: 1,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_total_scalar_bytes: BODY_LENGTH_MAX,
        },
    };
    serde_saphyr::from_slice_with_options(bytes, options).map_err(|error| {
        Error::BadRequest(format!("the body cannot be read as YAML: {}", error.without_snippet()))
    })
}

/// Reads one value. A key that is there twice is refused: two readers would take two values.
struct Tree<'a> {
    depth: usize,
    left: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(de::Error::custom(format_args!("nested deeper than {DEPTH_MAX}")));
        }
        *self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| de::Error::custom(format_args!("more than {VALUES_MAX} values")))?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) =
            seq.next_element_seed(Tree { depth: self.depth + 1, left: self.left })?
        {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Tree { depth: self.depth + 1, left: self.left })?;
            if fields.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format_args!("the key {key:?} is there twice")));
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json as value;

    use super::*;

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        assert!(json(br#"{"a":{"b":1,"b":2}}"#).is_err());
        assert!(yaml(b"a: 1\na: 2\n").is_err());
    }

    #[test]
    fn what_is_nested_too_deep_is_refused() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(json(deep(60).as_bytes()).is_ok());
        assert!(json(deep(70).as_bytes()).is_err());
        assert!(json(deep(1_000_000).as_bytes()).is_err());
        assert!(yaml(deep(1_000).as_bytes()).is_err());
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..9 {
            let before = i - 1;
            text += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{before}"); 10].join(", "));
        }
        assert!(yaml(text.as_bytes()).is_err());
    }

    /// Kubernetes reads YAML as version 1.1 has it: `no` is false.
    #[test]
    fn yaml_and_json_say_the_same() {
        let text = "a: 1\nb: [true, null, \"x\"]\nc: {d: 1.5, e: \"007\"}\nf: no\n";
        let said =
            value!({"a": 1, "b": [true, null, "x"], "c": {"d": 1.5, "e": "007"}, "f": false});
        assert_eq!(yaml(text.as_bytes()).unwrap(), said);
    }

    proptest! {
        #[test]
        fn json_reads_what_serde_json_reads(text in r#"[\[\]{}:,"a0-9 ]{0,30}"#) {
            let ours = json(text.as_bytes()).ok();
            if let Some(ours) = ours {
                prop_assert_eq!(Some(ours), serde_json::from_str::<Value>(&text).ok());
            }
        }
    }
}
