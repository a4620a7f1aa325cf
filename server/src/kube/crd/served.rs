//! The resources that a definition serves, one a version.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Result;
use super::super::incoming::refused;
use super::super::resource::{Call, Cell, Column, Resource, Reveal, Scale, Schema, Strategy};
use super::schema;
use crate::store::{Snapshot, Tx};

/// The resources of one definition.
pub(super) fn by(definition: &Value) -> Vec<Resource> {
    let spec = &definition["spec"];
    let versions = spec["versions"].as_array().cloned().unwrap_or_default();
    let stored = definition["status"]["storedVersions"].as_array().map_or(0, Vec::len);
    let several = versions.len() > 1 || stored > 1;
    let served = versions.iter().filter(|it| it["served"] == json!(true));
    served.map(|version| one(spec, version, several)).collect()
}

fn one(spec: &Value, version: &Value, several: bool) -> Resource {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
    let names = &spec["names"];
    let (group, version_name) = (text(&spec["group"]), text(&version["name"]));
    let schema = Arc::new(version["schema"]["openAPIV3Schema"].clone());
    let scale = &version["subresources"]["scale"];
    let namespaced = spec["scope"] == "Namespaced";
    let kind = text(&names["kind"]);
    let strategy =
        Custom { schema: schema.clone(), api_version: format!("{group}/{version_name}"), several };
    Resource {
        singular: text(&names["singular"]),
        short_names: texts(&names["shortNames"]),
        categories: texts(&names["categories"]),
        status: version["subresources"]["status"].is_object(),
        scale: scale.is_object().then(|| Scale {
            wanted: text(&scale["specReplicasPath"]),
            running: text(&scale["statusReplicasPath"]),
            selector: scale["labelSelectorPath"].as_str().map(str::to_owned),
        }),
        columns: columns(&version["additionalPrinterColumns"]),
        schema: Schema::Of(schema),
        strategy: Arc::new(strategy),
        ..Resource::stored(&group, &version_name, &text(&names["plural"]), &kind, namespaced)
    }
}

fn columns(said: &Value) -> Vec<Column> {
    let mut columns = vec![Column::new("Name", "string", Cell::Name)];
    let Some(said) = said.as_array().filter(|it| !it.is_empty()) else {
        columns.push(Column::new("Age", "date", Cell::Age));
        return columns;
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    columns.extend(said.iter().map(|it| Column {
        name: text(&it["name"]),
        kind: text(&it["type"]),
        description: text(&it["description"]),
        priority: it["priority"].as_i64().and_then(|it| i32::try_from(it).ok()).unwrap_or(0),
        cell: Cell::Path(text(&it["jsonPath"])),
    }));
    columns
}

/// The strategy of the objects of one version.
struct Custom {
    schema: Arc<Value>,
    api_version: String,
    /// Objects may have been written as of another version.
    several: bool,
}

impl Custom {
    fn fit(&self, call: &Call<'_>, object: &mut Value) -> Result<()> {
        let causes = schema::fit(&self.schema, object);
        let kind = object["kind"].as_str().unwrap_or_default();
        refused(kind, &call.attributes.group, object, causes)
    }
}

impl Strategy for Custom {
    fn prepare_create(
        &self,
        call: &Call<'_>,
        _tx: &mut Tx<'_>,
        object: &mut Value,
    ) -> Result<Option<Reveal>> {
        self.fit(call, object).map(|()| None)
    }

    fn prepare_update(
        &self,
        call: &Call<'_>,
        _tx: &mut Tx<'_>,
        _old: &Value,
        new: &mut Value,
    ) -> Result<()> {
        self.fit(call, new)
    }

    fn show(&self, _call: &Call<'_>, _snapshot: &Snapshot<'_>, object: &mut Value) -> Result<()> {
        object["apiVersion"] = json!(self.api_version);
        Ok(())
    }

    fn shows(&self) -> bool {
        self.several
    }
}
