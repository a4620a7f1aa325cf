//! `teams`: groups of people.

use super::{TEAMS, stored};
use crate::kube::resource::{Cell, Column, Resource, Verb};

/// The resource. Read only: the one team there is comes with the installation.
#[must_use]
pub fn resource() -> Resource {
    Resource {
        verbs: vec![Verb::Get, Verb::List, Verb::Watch],
        columns: vec![
            Column::new("Name", "string", Cell::Name),
            Column::new(
                "Display Name",
                "string",
                Cell::Of(|it, _| it["spec"]["displayName"].clone()),
            ),
            Column::new(
                "Members",
                "integer",
                Cell::Of(|it, _| it["spec"]["users"].as_array().map_or(0, Vec::len).into()),
            ),
            Column::new("Age", "string", Cell::Age),
        ],
        ..stored(TEAMS, "Team", false)
    }
}
