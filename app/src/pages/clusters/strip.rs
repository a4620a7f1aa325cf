//! The regions side by side: each cluster, how far it is from here, and how much of it is awake.

use dormer_api::cluster::{Cluster, health};
use leptos::prelude::*;
use stylers::style;

use super::model::{direct_host, icon, title, way};
use crate::clock;
use crate::live::LiveRow;
use crate::probe::Probes;
use crate::ui::{Badge, Icon, IconKind};

/// How wide the bar of a card is, in units of its own.
const BAR: u32 = 100;

/// More cards than these are no longer seen at a glance: then the table alone says it better.
const CARDS_MAX: usize = 12;

/// One card a cluster, while they are few.
#[component]
pub fn Regions(
    /// The clusters.
    rows: Memo<Vec<LiveRow<Cluster>>>,
    /// How far they are.
    probes: Probes,
) -> impl IntoView {
    let class = style! {
        .regions {
            display: grid;
            grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
            gap: var(--space-3);
            padding: 0;
            list-style: none;
        }
    };

    view! { class = class,
        <Show when=move || rows.with(|it| it.len() <= CARDS_MAX)>
            <ul class="regions" aria-label="Regions">
                <For each=move || rows.get() key=|row| row.uid.clone() let:row>
                    <Region row probes/>
                </For>
            </ul>
        </Show>
    }
}

/// One card.
#[component]
fn Region(row: LiveRow<Cluster>, probes: Probes) -> impl IntoView {
    let class = style! {
        .region {
            display: flex;
            flex-direction: column;
            gap: var(--space-2);
            min-width: 0;
            padding: var(--space-3);
            border: 1px solid var(--line);
            border-radius: var(--radius-card);
            background: var(--surface);
            font-size: var(--font-table);
        }
        .region-head {
            display: flex;
            align-items: center;
            justify-content: space-between;
            gap: var(--space-2);
        }
        .region-name {
            overflow: hidden;
            font-weight: var(--weight-strong);
            text-overflow: ellipsis;
            white-space: nowrap;
        }
        .region-way {
            display: flex;
            align-items: center;
            gap: var(--space-1);
            color: var(--fg-muted);
            font-variant-numeric: tabular-nums;
        }
    };
    let clock = clock::current();
    let it = Memo::new(move |_| row.value.get());
    let name = Memo::new(move |_| it.with(title));
    let health = Memo::new(move |_| it.with(|it| health(it, clock.now())));
    let way = Memo::new(move |_| it.with(|it| way(it, probes)));
    let is_direct = move || it.with(|it| direct_host(it).is_some());
    let way_icon = move || if is_direct() { IconKind::Direct } else { IconKind::Clusters };

    view! { class = class,
        <li class="region">
            <div class="region-head">
                <span class="region-name" title=name>{name}</span>
                <Badge
                    word=Signal::derive(move || health.with(|it| it.word.to_owned()))
                    tone=Signal::derive(move || health.with(|it| it.tone))
                    icon=Signal::derive(move || health.with(icon))
                />
            </div>
            <span class="region-way" title=move || way.with(|it| it.sub.clone())>
                <Icon kind=Signal::derive(way_icon)/>
                {move || way.with(|it| it.main.clone())}
            </span>
            <AwakeBar
                all=Signal::derive(move || it.with(|it| it.status.virtual_clusters))
                awake=Signal::derive(move || it.with(|it| it.status.awake))
            />
        </li>
    }
}

/// How many of the virtual clusters are awake, as a bar and in words.
#[component]
fn AwakeBar(all: Signal<u32>, awake: Signal<u32>) -> impl IntoView {
    let class = style! {
        .awake-bar {
            display: block;
            width: 100%;
            height: var(--space-2);
            border-radius: var(--radius-pill);
            background: var(--sunken);
        }
        .awake-bar-on {
            fill: var(--running-fg);
        }
        .awake-bar-off {
            fill: var(--sleeping-fg);
        }
        .awake-bar-words {
            font-size: var(--font-caption);
            line-height: var(--line-caption);
            color: var(--fg-muted);
        }
    };
    let on = move || share(awake.get(), all.get());
    let off = move || if all.get() == 0 { 0 } else { BAR - on() };

    view! { class = class,
        <div>
            <svg
                class="awake-bar"
                viewBox=format!("0 0 {BAR} 8")
                preserveAspectRatio="none"
                aria-hidden="true"
            >
                <rect class="awake-bar-on" x="0" y="0" height="8" width=move || on().to_string()></rect>
                <rect
                    class="awake-bar-off"
                    x=move || on().to_string()
                    y="0"
                    height="8"
                    width=move || off().to_string()
                ></rect>
            </svg>
            <span class="awake-bar-words">{move || awake_words(all.get(), awake.get())}</span>
        </div>
    }
}

/// The part of the bar that stands for those that are awake.
fn share(awake: u32, all: u32) -> u32 {
    (awake.min(all) * BAR).checked_div(all).unwrap_or_default()
}

fn awake_words(all: u32, awake: u32) -> String {
    match (all, awake) {
        (0, _) => "No virtual clusters".to_owned(),
        (all, awake) if awake >= all => format!("{all} awake"),
        (all, 0) => format!("{all} asleep"),
        (all, awake) => format!("{awake} awake, {} asleep", all - awake),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_full_as_the_cluster_is_awake() {
        assert_eq!([share(0, 0), share(4, 12), share(3, 3)], [0, 33, 100]);
        assert_eq!(awake_words(12, 4), "4 awake, 8 asleep");
        assert_eq!(awake_words(0, 0), "No virtual clusters");
        assert_eq!(awake_words(2, 2), "2 awake");
    }
}
