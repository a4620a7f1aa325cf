//! YAML that people type: is it a map, and where does it go wrong?

use serde_json::Value;

use super::GROUP;
use crate::kube::{Error, Result};

/// The longest text, in bytes.
const LENGTH_MAX: usize = 256 * 1024;

/// Checks that `text` is empty or a YAML map.
///
/// # Errors
/// [`Error::Invalid`] at `field`, with the line and column of the fault.
pub(super) fn check(kind: &str, name: &str, field: &str, text: &str) -> Result<()> {
    fault(text).map_or(Ok(()), |words| Err(Error::invalid_field(kind, GROUP, name, field, words)))
}

/// What is wrong with `text`, or nothing.
fn fault(text: &str) -> Option<String> {
    if text.len() > LENGTH_MAX {
        return Some("At most 256 KiB.".into());
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return None;
    }
    // YAML forbids it, and the library lets it pass: such a line means another value than it shows.
    if let Some(i) = text.lines().position(|it| it.starts_with('\t') && !it.trim().is_empty()) {
        return Some(format!("line {}, column 1: a tab cannot indent YAML", i + 1));
    }
    match serde_saphyr::from_str::<Value>(text) {
        Ok(Value::Object(_) | Value::Null) => None,
        Ok(_) => Some("line 1, column 1: a map of values is expected, such as `key: value`".into()),
        Err(error) => Some(located(&error)),
    }
}

fn located(error: &serde_saphyr::Error) -> String {
    let whole = error.without_snippet().to_string();
    let first = whole.lines().next().unwrap_or("not valid YAML").trim();
    match error.location() {
        Some(place) => {
            let place = format!("line {}, column {}", place.line(), place.column());
            // The library says the place too, in its own words and at the end.
            let words = first.split(" at line ").next().unwrap_or(first);
            // And how its own caller could have set it, which is nothing to the person who typed this.
            let words = words.split(", set ").next().unwrap_or(words);
            format!("{place}: {words}")
        }
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_fine_and_so_is_nothing() {
        for text in ["", "  \n", "# only words\n", "a: 1\nb:\n  c: [1, 2]\n"] {
            assert_eq!(fault(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_fault_names_its_line_and_column() {
        let words = fault("a: 1\nb: [1, 2\nc: 3\n").unwrap();
        assert!(words.starts_with("line "), "{words}");
        assert!(words.contains("column "), "{words}");
        let words = fault("a: 1\nb: ]\n").unwrap();
        assert!(words.starts_with("line 2, column 4"), "{words}");
    }

    #[test]
    fn a_tab_does_not_indent_and_a_key_stands_once() {
        assert_eq!(fault("a:\n\tb: 1\n").unwrap(), "line 2, column 1: a tab cannot indent YAML");
        let words = fault("a: 1\na: 2\n").unwrap();
        assert!(words.ends_with("duplicate mapping key: a"), "{words}");
    }

    #[test]
    fn a_list_is_not_a_map_of_values() {
        assert!(fault("- a\n- b\n").is_some());
    }
}
