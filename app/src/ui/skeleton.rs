//! Rows that stand in while the first answer is on its way.

use leptos::prelude::*;
use stylers::style;

/// How many rows stand in.
const ROWS: usize = 6;

/// Rows of the height of real ones, with nothing in them yet.
#[component]
pub fn SkeletonRows(
    /// How many columns the table has.
    columns: usize,
) -> impl IntoView {
    let class = style! {
        .skeleton-bar {
            display: block;
            width: 60%;
            height: var(--space-3);
            border-radius: var(--radius-pill);
            background: var(--line);
        }
    };
    let row = move || {
        let cells = (0..columns)
            .map(|_| view! { <td><span class=format!("skeleton-bar {class}")></span></td> });
        view! { <tr class="skeleton-row">{cells.collect_view()}</tr> }
    };

    (0..ROWS).map(|_| row()).collect_view()
}
