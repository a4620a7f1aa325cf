//! A URL that leads nowhere.

use leptos::prelude::*;

use crate::paths;
use crate::ui::{Empty, IconKind, Page};

/// Says that there is nothing here, and leads home.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Page title="Page not found">
            <Empty icon=IconKind::Unknown title="There is nothing at this address.">
                <a class="button" data-kind="primary" href=paths::VCLUSTERS>"Go to virtual clusters"</a>
            </Empty>
        </Page>
    }
}
