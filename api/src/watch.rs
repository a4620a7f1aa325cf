//! A watch on the wire: lines of JSON, each an event, folded into the rows of a list.

use serde::Deserialize;
use serde_json::Value;

use crate::status::Status;
use crate::table::{Row, Table};

/// The longest line that a watch may send, in bytes. One object is at most 1.5 MiB in etcd, and a
/// row is far smaller; more than this is not a Kubernetes API.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// Cuts a stream of bytes into lines. Chunks may end anywhere, also inside a character.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
}

/// A line that grew past [`LINE_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line of the watch is longer than {LINE_BYTES_MAX} bytes")]
pub struct LineTooLong;

impl Lines {
    /// Takes a chunk and gives back the lines that it completes, without their ends. Empty lines
    /// are left out.
    ///
    /// # Errors
    /// When the line that is being collected passes [`LINE_BYTES_MAX`].
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<Vec<u8>>, LineTooLong> {
        let mut lines = Vec::new();
        let mut pieces = chunk.split(|&byte| byte == b'\n');
        self.rest.extend_from_slice(pieces.next().unwrap_or_default());
        for piece in pieces {
            let line = std::mem::replace(&mut self.rest, piece.to_vec());
            if !line.is_empty() {
                lines.push(line);
            }
        }
        if self.rest.len() > LINE_BYTES_MAX { Err(LineTooLong) } else { Ok(lines) }
    }
}

/// One event of a watch that was asked for as a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// These rows are there, with these cells, whether they were there before or not.
    Upsert(Vec<Row>),
    /// These rows are gone.
    Deleted(Vec<Row>),
    /// Nothing changed up to this revision.
    Bookmark(String),
    /// The watch cannot go on: list again. A 410 is the usual cause.
    Error(Box<Status>),
}

/// Why a line is not an event.
#[derive(Debug, thiserror::Error)]
#[error("the server sent an event that cannot be read: {0}")]
pub struct BadEvent(String);

impl WatchEvent {
    /// Reads one line of a watch.
    ///
    /// # Errors
    /// When the line is not JSON, or not an event that holds a table or a status.
    pub fn parse(line: &[u8]) -> Result<Self, BadEvent> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(rename = "type")]
            kind: String,
            object: Value,
        }
        let bad = |error: serde_json::Error| BadEvent(error.to_string());
        let raw: Raw = serde_json::from_slice(line).map_err(bad)?;
        let rows = |object| serde_json::from_value::<Table>(object).map_err(bad);
        match raw.kind.as_str() {
            "ADDED" | "MODIFIED" => Ok(Self::Upsert(rows(raw.object)?.rows)),
            "DELETED" => Ok(Self::Deleted(rows(raw.object)?.rows)),
            "BOOKMARK" => Ok(Self::Bookmark(bookmark(&raw.object))),
            "ERROR" => Ok(Self::Error(serde_json::from_value(raw.object).map_err(bad)?)),
            other => Err(BadEvent(format!("unknown type {other:?}"))),
        }
    }

    /// The revision that a watch goes on from after this event; empty where it names none.
    #[must_use]
    pub fn revision(&self) -> &str {
        match self {
            Self::Upsert(rows) | Self::Deleted(rows) => {
                rows.last().map_or("", |row| row.object.metadata.resource_version.as_str())
            }
            Self::Bookmark(revision) => revision,
            Self::Error(_) => "",
        }
    }
}

/// The revision of a bookmark: on the table itself, or on the metadata of the one row it holds.
fn bookmark(object: &Value) -> String {
    let places = ["/metadata/resourceVersion", "/rows/0/object/metadata/resourceVersion"];
    let found = places.iter().filter_map(|place| object.pointer(place)?.as_str());
    found.filter(|it| !it.is_empty()).map(str::to_owned).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_added_and_a_modified_row_are_told_alike() {
        for kind in ["ADDED", "MODIFIED"] {
            let line = format!(
                r#"{{"type":"{kind}","object":{{"kind":"Table","rows":[{{"cells":["a"],
                "object":{{"metadata":{{"uid":"u1","resourceVersion":"7"}}}}}}]}}}}"#
            );
            let event = WatchEvent::parse(line.as_bytes()).unwrap();
            assert!(matches!(&event, WatchEvent::Upsert(rows) if rows.len() == 1));
            assert_eq!(event.revision(), "7");
        }
    }

    #[test]
    fn a_bookmark_names_its_revision_on_the_table_or_on_its_row() {
        let on_table = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"#;
        assert_eq!(WatchEvent::parse(on_table).unwrap().revision(), "9");
        let on_row = br#"{"type":"BOOKMARK","object":{"metadata":{},"rows":[{"cells":[],
            "object":{"metadata":{"resourceVersion":"10"}}}]}}"#;
        assert_eq!(WatchEvent::parse(on_row).unwrap().revision(), "10");
    }

    #[test]
    fn an_error_carries_its_status_and_moves_no_revision() {
        let line = br#"{"type":"ERROR","object":{"code":410,"reason":"Expired"}}"#;
        let event = WatchEvent::parse(line).unwrap();
        assert!(matches!(&event, WatchEvent::Error(status) if status.code == 410));
        assert_eq!(event.revision(), "");
    }

    #[test]
    fn what_is_not_an_event_is_refused() {
        assert!(WatchEvent::parse(b"hello").is_err());
        assert!(WatchEvent::parse(br#"{"type":"MOVED","object":{}}"#).is_err());
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; LINE_BYTES_MAX];
        assert_eq!(lines.push(&chunk), Ok(Vec::new()));
        assert_eq!(lines.push(b"x"), Err(LineTooLong));
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_where_the_chunks_fall(
            text in "[a-cé\n]{0,40}",
            cuts in prop::collection::vec(1usize..5, 0..40),
        ) {
            let whole: Vec<_> = text.rsplit_once('\n').map_or("", |it| it.0)
                .split('\n').filter(|it| !it.is_empty())
                .map(|it| it.as_bytes().to_vec()).collect();
            let (mut lines, mut got, mut rest) = (Lines::default(), Vec::new(), text.as_bytes());
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (chunk, later) = rest.split_at(cut.min(rest.len()));
                got.extend(lines.push(chunk).unwrap());
                rest = later;
            }
            prop_assert_eq!(got, whole);
        }
    }
}
