//! Who belongs to whom: `metadata.ownerReferences`, by the owner's uid.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::snapshot::Snapshot;
use super::{Body, Key, Result};

/// Keeps the table as the objects say. Almost none have owners, and those cost no statement.
pub(super) fn note(
    sql: &Connection,
    key: &Key,
    before: Option<&Body>,
    after: Option<&Value>,
) -> Result<()> {
    let before = before.map(|body| owners_in(body)).transpose()?.unwrap_or_default();
    let after = after.map(owners).unwrap_or_default();
    for gone in before.iter().filter(|it| !after.contains(it)) {
        let statement = "delete from owners where cluster = ? and owner = ? and resource = ? \
             and namespace = ? and name = ?";
        sql.prepare_cached(statement)?.execute(params![
            key.cluster,
            gone,
            key.resource,
            key.namespace,
            key.name
        ])?;
    }
    for added in after.iter().filter(|it| !before.contains(it)) {
        let statement = "insert into owners (cluster, owner, resource, namespace, name) \
             values (?, ?, ?, ?, ?) on conflict do nothing";
        sql.prepare_cached(statement)?.execute(params![
            key.cluster,
            added,
            key.resource,
            key.namespace,
            key.name
        ])?;
    }
    Ok(())
}

fn owners_in(body: &[u8]) -> Result<Vec<String>> {
    const WORD: &[u8] = b"\"ownerReferences\"";
    if !body.windows(WORD.len()).any(|it| it == WORD) {
        return Ok(Vec::new());
    }
    Ok(owners(&serde_json::from_slice(body)?))
}

fn owners(object: &Value) -> Vec<String> {
    let references = object["metadata"]["ownerReferences"].as_array();
    let uids = references.into_iter().flatten().filter_map(|it| it["uid"].as_str());
    uids.map(str::to_owned).collect()
}

impl Snapshot<'_> {
    /// The objects of a logical cluster that name `uid` as an owner.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dependents(&self, cluster: &str, uid: &str) -> Result<Vec<Key>> {
        let sql = "select resource, namespace, name from owners where cluster = ? and owner = ?";
        let mut statement = self.sql().prepare_cached(sql)?;
        let rows = statement.query_map((cluster, uid), |row| {
            Ok(Key {
                cluster: cluster.to_owned(),
                resource: row.get(0)?,
                namespace: row.get(1)?,
                name: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
