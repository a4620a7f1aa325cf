//! The list itself: headings, and the rows that are in sight.

use leptos::html;
use leptos::prelude::*;
use stylers::style;

use super::actions::Actions;
use super::arrange::{Filter, SORT_KEYS, compare, settle};
use super::model::Vcluster;
use super::row::VclusterRow;
use crate::clock;
use crate::live::{Live, LiveRow};
use crate::pages::list::UrlState;
use crate::ui::{SkeletonRows, Sort, SortHeader, in_sight};

/// How many columns there are.
const COLUMNS: usize = 7;

/// The rows in their order, and those of them that pass the filter.
pub fn arranged(
    live: Live<Vcluster>,
    filter: RwSignal<String>,
    url: UrlState,
) -> (Memo<Vec<LiveRow<Vcluster>>>, Memo<Sort>) {
    let sort = Memo::new(move |_| Sort::parse(url.get("sort").as_deref(), &SORT_KEYS));
    // What the last order was made by: with another sort, all rows find their places anew.
    let order = Memo::new(move |before: Option<&(Sort, Vec<LiveRow<Vcluster>>)>| {
        let (sort, now) = (sort.get(), clock::read());
        let before = match before {
            Some((by, order)) if *by == sort => order.as_slice(),
            Some(_) | None => &[],
        };
        let compare = |a: &LiveRow<Vcluster>, b: &LiveRow<Vcluster>| {
            a.value.with_untracked(|a| b.value.with_untracked(|b| compare(a, b, &sort, now)))
        };
        let order = live.rows.with(|rows| settle(before, rows, |it| &it.uid, compare));
        (sort, order)
    });
    let shown = Memo::new(move |_| {
        live.changes.track();
        let (filter, now) = (Filter::parse(&filter.get()), clock::read());
        let passes = |row: &&LiveRow<Vcluster>| {
            row.value.with_untracked(|vcluster| filter.passes(vcluster, now))
        };
        order.with(|(_, order)| order.iter().filter(passes).cloned().collect())
    });
    (shown, sort)
}

/// The table.
#[component]
pub fn VclusterTable(
    /// The rows to show; nothing while the first answer is on its way.
    #[prop(into)]
    rows: Signal<Option<Vec<LiveRow<Vcluster>>>>,
    /// How they are sorted.
    sort: Memo<Sort>,
    /// Where the sort is kept.
    url: UrlState,
    /// What can be done to them.
    actions: Actions,
) -> impl IntoView {
    let class = style! {
        .vclusters-table .vclusters-name {
            width: 16%;
        }
        .vclusters-table .vclusters-state {
            width: 21%;
        }
        .vclusters-table .vclusters-activity {
            width: 12%;
        }
        .vclusters-table .vclusters-actions {
            width: 13.5rem;
        }
        @media (max-width: 79.99rem) {
            .vclusters-table .vclusters-actions {
                width: 11rem;
            }
        }
        @media (max-width: 63.99rem) {
            .vclusters-table .vclusters-name {
                width: 21%;
            }
            .vclusters-table .vclusters-state {
                width: 20%;
            }
            .vclusters-table .vclusters-activity {
                width: 18%;
            }
        }
    };
    let body = NodeRef::<html::Tbody>::new();
    let count = Signal::derive(move || rows.with(|rows| rows.as_ref().map_or(0, Vec::len)));
    let seen = in_sight(body, count);
    let in_view = move || {
        let range = seen.get().rows;
        rows.with(|rows| {
            rows.as_ref().and_then(|rows| rows.get(range)).unwrap_or_default().to_vec()
        })
    };
    let on_sort = move |by: String| url.set(&[("sort", Some(by))], true);
    let header = move |words: &'static str, key: &'static str, width: &'static str| {
        view! { <SortHeader words key width sort on_sort/> }
    };

    view! { class = class,
        <div class="table-frame">
            <table class="table vclusters-table" aria-rowcount=move || count.get() + 1>
                <caption class="visually-hidden">"Virtual clusters"</caption>
                <colgroup class="vclusters-columns">
                    <col class="vclusters-name"/>
                    <col class="vclusters-state"/>
                    <col class="vclusters-activity"/>
                    <col class="cell-middle"/>
                    <col class="cell-wide"/>
                    <col class="cell-wide"/>
                    <col class="vclusters-actions"/>
                </colgroup>
                <thead>
                    <tr>
                        {header("Name", "name", "")}
                        {header("State", "state", "")}
                        {header("Activity", "activity", "")}
                        {header("Sleep", "sleep", "cell-middle")}
                        {header("Host", "host", "cell-wide")}
                        {header("Owner", "owner", "cell-wide")}
                        <th scope="col" class="cell-end">"Actions"</th>
                    </tr>
                </thead>
                <tbody node_ref=body aria-busy=move || rows.with(Option::is_none).then_some("true")>
                    <Gap height=Signal::derive(move || seen.with(|seen| seen.above))/>
                    <Show
                        when=move || rows.with(Option::is_some)
                        fallback=|| view! { <SkeletonRows columns=COLUMNS/> }
                    >
                        <For each=in_view key=|row| row.uid.clone() let:row>
                            <VclusterRow row url actions/>
                        </For>
                    </Show>
                    <Gap height=Signal::derive(move || seen.with(|seen| seen.below))/>
                </tbody>
            </table>
        </div>
    }
}

/// The room of the rows that are out of sight.
#[component]
fn Gap(#[prop(into)] height: Signal<f64>) -> impl IntoView {
    let is_open = move || height.get() > 1.0;

    view! {
        <Show when=is_open>
            <tr class="table-gap" aria-hidden="true" style:height=move || format!("{}px", height.get())>
                <td colspan=COLUMNS></td>
            </tr>
        </Show>
    }
}
