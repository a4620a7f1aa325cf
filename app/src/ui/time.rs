//! An instant: relative on the screen, absolute under the pointer, exact for machines.

use dormer_api::ago::ago;
use leptos::prelude::*;

use crate::clock;

/// An instant in the past, such as "3 min ago".
#[component]
pub fn Moment(
    /// Unix seconds; where there is none, `otherwise` is shown.
    #[prop(into)]
    at: Signal<Option<i64>>,
    /// What is shown where there is no instant.
    #[prop(default = "")]
    otherwise: &'static str,
) -> impl IntoView {
    let clock = clock::current();

    move || match at.get() {
        Some(at) => view! {
            <time datetime=clock::machine(at) title=clock::absolute(at)>
                {move || ago(at, clock.now())}
            </time>
        }
        .into_any(),
        None => otherwise.into_any(),
    }
}
