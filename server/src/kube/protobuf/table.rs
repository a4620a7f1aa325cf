//! The tables of fields, from `proto/types.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// All messages.
#[derive(Default)]
pub(super) struct Tables {
    roots: HashMap<(&'static str, &'static str), &'static str>,
    messages: HashMap<&'static str, Message>,
}

/// The fields of a message, by their numbers.
#[derive(Default)]
pub(super) struct Message {
    fields: HashMap<u32, Field>,
}

/// A field as it stands in JSON.
pub(super) struct Field {
    /// `-` for one whose own fields stand in its place.
    pub name: String,
    pub shape: Shape,
    pub kind: Kind,
    /// It is said even if it is empty.
    pub keeps_empty: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Shape {
    One,
    Many,
    Map,
}

pub(super) enum Kind {
    Text,
    Bool,
    Int,
    Bytes,
    Time {
        micro: bool,
    },
    Quantity,
    IntOrString,
    /// JSON in bytes.
    Raw,
    /// Strings in a message of their own.
    Items,
    Message(&'static str),
}

impl Tables {
    pub(super) fn get() -> &'static Self {
        static TABLES: LazyLock<Tables> =
            LazyLock::new(|| read(include_str!("../../../proto/types.txt")));
        &TABLES
    }

    /// The message of a kind that can be a body.
    pub(super) fn root(&self, api_version: &str, kind: &str) -> Option<&Message> {
        let named = self
            .roots
            .iter()
            .find(|((of, name), _)| (*of == api_version || *of == "*") && *name == kind);
        named.and_then(|(_, message)| self.message(message))
    }

    pub(super) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }
}

impl Message {
    pub(super) fn field(&self, number: u32) -> Option<&Field> {
        self.fields.get(&number)
    }
}

fn read(text: &'static str) -> Tables {
    let mut tables = Tables::default();
    let mut current = "";
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["root", api_version, kind, message] => {
                tables.roots.insert((api_version, kind), message);
            }
            ["message", name] => {
                current = name;
                tables.messages.entry(name).or_default();
            }
            [number, name, kind] => {
                if let (Ok(number), Some(message)) =
                    (number.parse(), tables.messages.get_mut(current))
                {
                    message.fields.insert(number, field(name, kind));
                }
            }
            _ => {}
        }
    }
    tables
}

fn field(name: &str, kind: &'static str) -> Field {
    let (keeps_empty, kind) = kind.strip_prefix('*').map_or((false, kind), |kind| (true, kind));
    let (shape, kind) = if let Some(kind) = kind.strip_prefix("[]") {
        (Shape::Many, kind)
    } else if let Some(kind) = kind.strip_prefix("{}") {
        (Shape::Map, kind)
    } else {
        (Shape::One, kind)
    };
    let kind = match kind {
        "string" => Kind::Text,
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "bytes" => Kind::Bytes,
        "time" => Kind::Time { micro: false },
        "microtime" => Kind::Time { micro: true },
        "quantity" => Kind::Quantity,
        "intorstring" => Kind::IntOrString,
        "raw" => Kind::Raw,
        "items" => Kind::Items,
        message => Kind::Message(message),
    };
    Field { name: name.to_owned(), shape, kind, keeps_empty }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_a_field_names_is_there() {
        let tables = Tables::get();
        assert!(tables.roots.len() > 30);
        for message in tables.messages.values() {
            for field in message.fields.values() {
                if let Kind::Message(name) = field.kind {
                    assert!(tables.message(name).is_some(), "{name}");
                }
            }
        }
    }
}
