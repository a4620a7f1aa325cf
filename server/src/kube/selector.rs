//! Label and field selectors.

use serde_json::Value;

use super::{Error, Result, object};

/// Which objects of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRequirement {
    path: String,
    equal: bool,
    value: String,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`.
    ///
    /// # Errors
    /// [`Error::BadRequest`].
    pub(super) fn parse(labels: Option<&str>, fields: Option<&str>) -> Result<Self> {
        let unreadable =
            |text: &str| Error::BadRequest(format!("unable to parse the selector {text:?}"));
        let labels = match labels {
            Some(text) => parse_labels(text).ok_or_else(|| unreadable(text))?,
            None => Vec::new(),
        };
        let fields = match fields {
            Some(text) => parse_fields(text).ok_or_else(|| unreadable(text))?,
            None => Vec::new(),
        };
        Ok(Self { labels, fields })
    }

    /// Whether it lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether `object` is one of those meant.
    pub(super) fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|it| it.matches(object))
            && self.fields.iter().all(|it| it.matches(object))
    }

    /// The one name that can match, where it is said outright.
    pub(super) fn only_name(&self) -> Option<&str> {
        let mut named = self.fields.iter().filter(|it| it.equal && it.path == "metadata.name");
        named.next().map(|it| it.value.as_str()).filter(|it| !it.is_empty())
    }
}

impl Requirement {
    fn matches(&self, object: &Value) -> bool {
        let (Self::In(key, _) | Self::NotIn(key, _) | Self::Exists(key) | Self::Absent(key)) = self;
        let label = object::label(object, key);
        match self {
            Self::In(_, values) => label.is_some_and(|it| values.iter().any(|value| value == it)),
            Self::NotIn(_, values) => label.is_none_or(|it| values.iter().all(|value| value != it)),
            Self::Exists(_) => label.is_some(),
            Self::Absent(_) => label.is_none(),
        }
    }
}

impl FieldRequirement {
    fn matches(&self, object: &Value) -> bool {
        let mut place = object;
        for step in self.path.split('.') {
            place = &place[step];
        }
        let same = match place {
            Value::String(text) => *text == self.value,
            Value::Null => self.value.is_empty(),
            Value::Bool(it) => it.to_string() == self.value,
            Value::Number(it) => it.to_string() == self.value,
            Value::Array(_) | Value::Object(_) => false,
        };
        same == self.equal
    }
}

fn parse_fields(text: &str) -> Option<Vec<FieldRequirement>> {
    text.split(',').filter(|it| !it.trim().is_empty()).map(parse_field).collect()
}

fn parse_field(text: &str) -> Option<FieldRequirement> {
    let (path, equal, value) = if let Some((path, value)) = text.split_once("!=") {
        (path, false, value)
    } else if let Some((path, value)) = text.split_once("==") {
        (path, true, value)
    } else {
        let (path, value) = text.split_once('=')?;
        (path, true, value)
    };
    let path = path.trim();
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
    let readable = !path.is_empty() && path.chars().all(plain);
    readable.then(|| FieldRequirement { path: path.into(), equal, value: value.trim().into() })
}

fn parse_labels(text: &str) -> Option<Vec<Requirement>> {
    parts(text)
        .into_iter()
        .filter(|it| !it.trim().is_empty())
        .map(|it| parse_label(it.trim()))
        .collect()
}

/// The parts between the commas that stand in no parentheses.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (i, it) in text.char_indices() {
        match it {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn parse_label(text: &str) -> Option<Requirement> {
    if let Some(key) = text.strip_prefix('!') {
        return Some(Requirement::Absent(label_key(key)?));
    }
    if let Some(list) = text.strip_suffix(')') {
        let (head, list) = list.split_once('(')?;
        let values = list.split(',').map(label_value).collect::<Option<Vec<_>>>()?;
        let (key, word) = head.trim().rsplit_once(char::is_whitespace)?;
        return match word {
            "in" => Some(Requirement::In(label_key(key)?, values)),
            "notin" => Some(Requirement::NotIn(label_key(key)?, values)),
            _ => None,
        };
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Requirement::NotIn(label_key(key)?, vec![label_value(value)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Requirement::In(label_key(key)?, vec![label_value(value)?]));
    }
    Some(Requirement::Exists(label_key(text)?))
}

fn label_key(text: &str) -> Option<String> {
    let key = text.trim();
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | '/');
    (!key.is_empty() && key.chars().all(plain)).then(|| key.to_owned())
}

fn label_value(text: &str) -> Option<String> {
    let value = text.trim();
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_');
    value.chars().all(plain).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(labels: &str, expected: bool) {
        let object = json!({"metadata": {"name": "a", "labels": {"app": "web", "x.io/tier": "front", "empty": ""}}});
        assert_eq!(
            Selector::parse(Some(labels), None).unwrap().matches(&object),
            expected,
            "{labels}"
        );
    }

    #[test]
    fn labels_are_selected_as_kubectl_writes_them() {
        check("app=web", true);
        check("app==web", true);
        check("app = web , x.io/tier=front", true);
        check("app=web,x.io/tier!=front", false);
        check("app!=db", true);
        check("missing!=db", true);
        check("app in (db, web)", true);
        check("app in (db),x.io/tier in (front)", false);
        check("app notin (db, web)", false);
        check("missing notin (db)", true);
        check("app", true);
        check("missing", false);
        check("!missing", true);
        check("! app", false);
        check("empty=", true);
        check("", true);
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["a b", "app in web", "app within (a)", "=a", "a=b=c d", "a in (b", "a=(b)"] {
            assert!(Selector::parse(Some(text), None).is_err(), "{text}");
        }
        assert!(Selector::parse(None, Some("metadata.name")).is_err());
    }

    #[test]
    fn fields_are_selected_by_their_path() {
        let object =
            json!({"metadata": {"name": "a"}, "status": {"phase": "Active"}, "spec": {"on": true}});
        let matches = |text| Selector::parse(None, Some(text)).unwrap().matches(&object);
        assert!(matches("metadata.name=a"));
        assert!(!matches("metadata.name!=a"));
        assert!(matches("metadata.name==a,status.phase=Active"));
        assert!(matches("spec.on=true"));
        assert!(matches("spec.node="));
        assert!(!matches("spec.node=x"));
        assert_eq!(Selector::parse(None, Some("metadata.name=a")).unwrap().only_name(), Some("a"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z=!,() é]{0,24}") {
            _ = Selector::parse(Some(&text), Some(&text));
        }
    }
}
