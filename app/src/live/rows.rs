//! The rows of a live list, each with a signal of its own.

use std::collections::HashMap;

use dormer_api::table::{Row, Table};
use leptos::prelude::*;
use serde_json::Value;

/// Where each column stands: cells are found by the name of their column, never by position.
#[derive(Debug, Clone, Default)]
pub struct Columns(HashMap<String, usize>);

impl Columns {
    /// The columns of a table.
    pub fn of(table: &Table) -> Self {
        let names = table.column_definitions.iter().map(|column| column.name.clone());
        Self(names.enumerate().map(|(index, name)| (name, index)).collect())
    }

    /// A cell as text; empty where there is none.
    pub fn text(&self, row: &Row, column: &str) -> String {
        match self.cell(row, column) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
        }
    }

    /// A cell as yes or no; no where there is none.
    pub fn flag(&self, row: &Row, column: &str) -> bool {
        self.text(row, column) == "true"
    }

    fn cell<'a>(&self, row: &'a Row, column: &str) -> Option<&'a Value> {
        row.cells.get(*self.0.get(column)?)
    }
}

/// What a row of a list is to the page.
pub trait FromRow: Clone + PartialEq + Send + Sync + 'static {
    /// Reads the row of one object.
    fn from_row(columns: &Columns, row: &Row) -> Self;
}

/// One object on the screen. Made once; after that only its value changes.
pub struct LiveRow<T: 'static> {
    /// Tells it from all others, over all time.
    pub uid: String,
    /// The object.
    pub value: ArcRwSignal<T>,
}

impl<T> Clone for LiveRow<T> {
    fn clone(&self) -> Self {
        Self { uid: self.uid.clone(), value: self.value.clone() }
    }
}

impl<T> PartialEq for LiveRow<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uid == other.uid
    }
}

/// All rows, found by their uid.
pub struct Rows<T: 'static> {
    by_uid: HashMap<String, ArcRwSignal<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { by_uid: HashMap::new() }
    }
}

impl<T: FromRow> Rows<T> {
    /// Puts in what a list says, whole: what it does not name is gone. A row that stays keeps its
    /// signal, and so its place, its focus and its open menus.
    pub fn replace(&mut self, items: Vec<(String, T)>) {
        let mut before = std::mem::take(&mut self.by_uid);
        for (uid, item) in items {
            let signal = match before.remove(&uid) {
                Some(signal) => {
                    set(&signal, item);
                    signal
                }
                None => ArcRwSignal::new(item),
            };
            self.by_uid.insert(uid, signal);
        }
    }

    /// Puts in one object. Says whether it is new.
    pub fn upsert(&mut self, uid: &str, item: T) -> bool {
        if let Some(signal) = self.by_uid.get(uid) {
            set(signal, item);
            return false;
        }
        self.by_uid.insert(uid.to_owned(), ArcRwSignal::new(item));
        true
    }

    /// Takes out one object. Says whether it was there.
    pub fn remove(&mut self, uid: &str) -> bool {
        self.by_uid.remove(uid).is_some()
    }

    /// The rows, in no order.
    pub fn all(&self) -> Vec<LiveRow<T>> {
        let rows = self.by_uid.iter();
        rows.map(|(uid, value)| LiveRow { uid: uid.clone(), value: value.clone() }).collect()
    }
}

/// Sets a signal only if that changes something, so that an event about what the page does not
/// show paints nothing.
fn set<T: FromRow>(signal: &ArcRwSignal<T>, item: T) {
    if signal.with_untracked(|before| *before != item) {
        signal.set(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl FromRow for u8 {
        fn from_row(columns: &Columns, row: &Row) -> Self {
            columns.text(row, "N").parse().unwrap_or_default()
        }
    }

    fn state(rows: &Rows<u8>) -> Vec<(String, u8)> {
        let mut all: Vec<_> =
            rows.all().into_iter().map(|row| (row.uid, row.value.get_untracked())).collect();
        all.sort();
        all
    }

    #[test]
    fn a_cell_is_found_by_the_name_of_its_column() {
        let table: Table = serde_json::from_str(
            r#"{"columnDefinitions":[{"name":"Name"},{"name":"N"},{"name":"On"}],
                "rows":[{"cells":["a",7,true],"object":{}}]}"#,
        )
        .unwrap();
        let (columns, row) = (Columns::of(&table), &table.rows[0]);
        assert_eq!(columns.text(row, "Name"), "a");
        assert_eq!(columns.text(row, "N"), "7");
        assert!(columns.flag(row, "On"));
        assert_eq!(columns.text(row, "Absent"), "");
    }

    #[test]
    fn a_row_that_stays_keeps_its_signal() {
        let owner = Owner::new();
        owner.set();
        let mut rows = Rows::default();
        assert!(rows.upsert("a", 1));
        let before = rows.all()[0].value.clone();
        assert!(!rows.upsert("a", 2));
        rows.replace(vec![("a".into(), 3), ("b".into(), 9)]);
        assert_eq!(before.get_untracked(), 3);
    }

    #[test]
    fn a_new_list_drops_what_it_does_not_name() {
        let owner = Owner::new();
        owner.set();
        let mut rows = Rows::default();
        rows.replace(vec![("a".into(), 1), ("b".into(), 2)]);
        rows.replace(vec![("b".into(), 3)]);
        assert_eq!(state(&rows), [("b".to_owned(), 3)]);
        assert!(rows.remove("b") && !rows.remove("b"));
    }
}
