//! The list of host clusters.

use dormer_api::ago::{span, unix};
use dormer_api::cluster::{Cluster, Health, health};
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use super::Part;
use super::actions::RowMenu;
use super::model::{agent_words, icon, is_waiting, title, way};
use crate::live::LiveRow;
use crate::pages::list::UrlState;
use crate::ui::{Badge, Moment, SkeletonRows, Sort, SortHeader};
use crate::{clock, paths, session};

/// The table.
#[component]
pub fn ClusterTable(
    rows: Memo<Vec<LiveRow<Cluster>>>,
    loaded: Memo<bool>,
    sort: Memo<Sort>,
    url: UrlState,
    part: Part,
) -> impl IntoView {
    let class = style! {
        .clusters-table .clusters-name {
            width: 14%;
        }
        .clusters-table .clusters-state {
            width: 19%;
        }
        .clusters-table .clusters-count {
            width: 14.5%;
        }
        .clusters-table .clusters-path {
            width: 15%;
        }
        .clusters-table .clusters-contact {
            width: 12.5%;
        }
        .clusters-table .clusters-more {
            width: 3.5rem;
        }
        @media (max-width: 63.99rem) {
            .clusters-table .clusters-name {
                width: 24%;
            }
            .clusters-table .clusters-state {
                width: 28%;
            }
            .clusters-table .clusters-count {
                width: 19%;
            }
            .clusters-table .clusters-path {
                width: auto;
            }
        }
    };
    let on_sort = move |by: String| url.set(&[("sort", Some(by))], true);

    view! { class = class,
        <div class="table-frame">
            <table class="table clusters-table">
                <caption class="visually-hidden">"Clusters"</caption>
                <colgroup>
                    <col class="clusters-name"/>
                    <col class="clusters-state"/>
                    <col class="clusters-count"/>
                    <col class="clusters-path cell-middle"/>
                    <col class="cell-wide"/>
                    <col class="cell-wide"/>
                    <col class="clusters-contact cell-wide"/>
                    <col class="clusters-more"/>
                </colgroup>
                <thead>
                    <tr>
                        <SortHeader words="Name" key="name" sort on_sort/>
                        <SortHeader words="State" key="state" sort on_sort/>
                        <SortHeader words="Virtual clusters" key="vclusters" sort on_sort/>
                        <th scope="col" class="cell-middle">"Path"</th>
                        <th scope="col" class="cell-wide">"Version"</th>
                        <th scope="col" class="cell-wide">"Agent"</th>
                        <SortHeader words="Last contact" key="contact" width="cell-wide" sort on_sort/>
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody aria-busy=move || (!loaded.get()).then_some("true")>
                    <Show when=move || loaded.get() fallback=|| view! { <SkeletonRows columns=8/> }>
                        <For each=move || rows.get() key=|row| row.uid.clone() let:row>
                            <ClusterRow row url part/>
                        </For>
                    </Show>
                </tbody>
            </table>
        </div>
    }
}

/// One host cluster.
#[component]
fn ClusterRow(row: LiveRow<Cluster>, url: UrlState, part: Part) -> impl IntoView {
    let class = style! {
        .clusters-whole {
            text-align: start;
        }
        @media (max-width: 47.99rem) {
            .clusters-whole {
                grid-column: 1 / -1;
            }
        }
    };
    let clock = clock::current();
    let it = Memo::new(move |_| row.value.get());
    let health = Memo::new(move |_| it.with(|it| health(it, clock.now())));
    let way = Memo::new(move |_| it.with(|it| way(it, part.probes)));
    let agent = Memo::new(move |_| it.with(agent_words));
    let version = move || it.with(|it| it.status.kubernetes_version.clone());
    let last_contact =
        Signal::derive(move || it.with(|it| it.status.last_contact.as_deref().and_then(unix)));

    view! { class = class,
        <tr>
            <th scope="row" class="clusters-whole">
                <span class="cell-lines">
                    <span class="cell-main" title=move || it.with(title)>{move || it.with(title)}</span>
                    <span class="cell-sub">{move || it.with(|it| it.metadata.name.clone())}</span>
                </span>
            </th>
            <td class="clusters-whole">
                <StateCell it health/>
            </td>
            <td>
                <span class="cell-lines">
                    <span class="cell-line">{move || it.with(count)}</span>
                    <span class="cell-sub">
                        {move || it.with(|it| if it.spec.unusable { "no new ones" } else { "" })}
                    </span>
                </span>
            </td>
            <td class="cell-middle">
                <span class="cell-lines" title=move || way.with(|it| it.sub.clone())>
                    <span
                        class="cell-line cell-toned"
                        data-tone=move || way.with(|it| it.tone.map(|it| it.as_str()))
                    >
                        {move || way.with(|it| it.main.clone())}
                    </span>
                    <span class="cell-sub">{move || way.with(|it| it.sub.clone())}</span>
                </span>
            </td>
            <td class="cell-wide">
                <span class="cell-lines">
                    <span class="cell-line" title=version>{move || it.with(release)}</span>
                </span>
            </td>
            <td class="cell-wide">
                <span class="cell-lines">
                    <span class="cell-line">{move || agent.with(|it| it.0.clone())}</span>
                    <span class="cell-sub">{move || agent.with(|it| it.1)}</span>
                </span>
            </td>
            <td class="cell-wide">
                <Moment at=last_contact otherwise="never"/>
            </td>
            <td>
                <RowMenu it url part/>
            </td>
        </tr>
    }
}

/// The word, what it is concluded from, and for one that waits the way back to the wizard.
#[component]
fn StateCell(it: Memo<Cluster>, health: Memo<Health>) -> impl IntoView {
    let (clock, session) = (clock::current(), session::current());
    let evidence = move || health.with(|it| evidence(it, clock.now()));
    let brief = move || health.with(|health| it.with(|it| brief(it, health, clock.now())));
    let waits = Memo::new(move |_| session.is_admin() && it.with(is_waiting));
    let wizard = move || it.with(|it| paths::connect_cluster(&it.metadata.name));

    view! {
        <span class="cell-lines">
            <Badge
                word=Signal::derive(move || health.with(|it| it.word.to_owned()))
                tone=Signal::derive(move || health.with(|it| it.tone))
                icon=Signal::derive(move || health.with(icon))
            />
            {move || if waits.get() {
                view! { <a class="cell-sub" href=wizard>"Go on connecting it"</a> }.into_any()
            } else {
                view! { <span class="cell-sub" title=evidence>{brief}</span> }.into_any()
            }}
        </span>
    }
}

/// What the state is concluded from, and since when it is so.
fn evidence(health: &Health, now: i64) -> String {
    match health.since {
        Some(since) => format!("For {}. {}", span(now - since), health.evidence),
        None => health.evidence.clone(),
    }
}

/// The same in what a column has room for: of a cluster that is well, the numbers are enough.
fn brief(it: &Cluster, health: &Health, now: i64) -> String {
    match (health.tone, health.since, it.status.latency_ms) {
        (Tone::Running, Some(since), Some(ms)) => {
            format!("for {}, answers in {ms} ms", span(now - since))
        }
        _ => evidence(health, now),
    }
}

/// The version of Kubernetes without what it was built from.
fn release(it: &Cluster) -> String {
    let version = &it.status.kubernetes_version;
    version.split('+').next().unwrap_or(version).to_owned()
}

/// How many virtual clusters there are, and how many of them are awake.
fn count(it: &Cluster) -> String {
    match it.status.virtual_clusters {
        0 => "none".into(),
        all => format!("{all} / {} awake", it.status.awake),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_say_which_is_which() {
        let mut it = Cluster::default();
        (it.status.virtual_clusters, it.status.awake) = (12, 4);
        assert_eq!(count(&it), "12 / 4 awake");
        assert_eq!(count(&Cluster::default()), "none");
        it.status.kubernetes_version = "v1.33.1+k3s1".into();
        assert_eq!(release(&it), "v1.33.1");
    }
}
