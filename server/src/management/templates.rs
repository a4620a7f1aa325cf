//! `virtualclustertemplates`: what virtual clusters are made from.

use std::sync::Arc;

use dormer_api::template::VirtualClusterTemplate;
use serde_json::Value;

use super::selves::typed;
use super::{TEMPLATES, stored, yaml};
use crate::kube::Result;
use crate::kube::resource::{Call, Cell, Column, Resource, Reveal, Strategy};
use crate::store::Tx;

/// The resource.
#[must_use]
pub fn resource() -> Resource {
    Resource {
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new(
                "Display Name",
                "string",
                Cell::Of(|it, _| it["spec"]["displayName"].clone()),
            ),
            Column::new(
                "Chart Version",
                "string",
                Cell::Of(|it, _| it["spec"]["template"]["helmRelease"]["chart"]["version"].clone()),
            ),
            Column::new("Age", "string", Cell::Age),
        ],
        strategy: Arc::new(Templates),
        ..stored(TEMPLATES, "VirtualClusterTemplate", false)
    }
}

struct Templates;

impl Strategy for Templates {
    fn prepare_create(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        template: &mut Value,
    ) -> Result<Option<Reveal>> {
        check(template)?;
        Ok(None)
    }

    fn prepare_update(
        &self,
        _: &Call<'_>,
        _: &mut Tx<'_>,
        _: &Value,
        template: &mut Value,
    ) -> Result<()> {
        check(template)
    }
}

fn check(object: &Value) -> Result<()> {
    let template: VirtualClusterTemplate = typed(object)?;
    let values = &template.spec.template.helm_release.values;
    yaml::check(
        "VirtualClusterTemplate",
        &template.metadata.name,
        "spec.template.helmRelease.values",
        values,
    )
}
