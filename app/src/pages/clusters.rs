//! The host clusters.

use dormer_api::ago::unix;
use dormer_api::annotation;
use dormer_api::state::Tone;
use dormer_api::table::Row;
use leptos::prelude::*;
use stylers::style;

use super::list::{CountOf, FilterBox, NotLoaded, NothingMatches, Shown, UrlState, shown};
use crate::client::Client;
use crate::live::{self, Columns, Freshness, FromRow, LiveRow};
use crate::paths;
use crate::ui::{Badge, Empty, IconKind, Moment, Page, SkeletonRows, Sort, SortHeader};

/// What the list can be sorted by, as the URL names it. The first is the usual one.
const SORT_KEYS: [&str; 3] = ["name", "state", "vclusters"];

/// What the list knows of one host cluster.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cluster {
    name: String,
    title: String,
    phase: String,
    message: String,
    online: bool,
    local: bool,
    vclusters: i64,
    awake: i64,
    version: String,
    last_contact: Option<i64>,
    endpoint: String,
}

impl FromRow for Cluster {
    fn from_row(columns: &Columns, row: &Row) -> Self {
        let metadata = &row.object.metadata;
        let display_name = columns.text(row, "Display Name");
        Self {
            name: metadata.name.clone(),
            title: if display_name.is_empty() { metadata.name.clone() } else { display_name },
            phase: columns.text(row, "Phase"),
            message: columns.text(row, "Message"),
            online: columns.flag(row, "Online"),
            local: columns.flag(row, "Local"),
            vclusters: columns.number(row, "Virtual Clusters"),
            awake: columns.number(row, "Awake"),
            version: columns.text(row, "Version"),
            last_contact: unix(&columns.text(row, "Last Contact")),
            endpoint: metadata.annotation(annotation::DIRECT_ENDPOINT).unwrap_or_default().into(),
        }
    }
}

/// How a host cluster is, in the order in which it needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Failed,
    Offline,
    Connecting,
    Online,
}

impl State {
    fn of(it: &Cluster) -> Self {
        match (it.phase.as_str(), it.online) {
            ("Failed", _) => Self::Failed,
            (_, true) => Self::Online,
            ("", false) => Self::Connecting,
            (_, false) => Self::Offline,
        }
    }

    fn look(self) -> (&'static str, Tone, IconKind) {
        match self {
            Self::Failed => ("Failed", Tone::Failed, IconKind::Failed),
            Self::Offline => ("Offline", Tone::Offline, IconKind::Unknown),
            Self::Connecting => ("Connecting…", Tone::Pending, IconKind::Busy),
            Self::Online => ("Online", Tone::Running, IconKind::Running),
        }
    }
}

/// The list of host clusters.
#[component]
pub fn ClustersPage() -> impl IntoView {
    let url = UrlState::here();
    let live =
        live::follow::<Cluster>(expect_context::<Client>(), paths::api::resource("clusters"));
    let filter = url.typed("q");
    let sort = Memo::new(move |_| Sort::parse(url.get("sort").as_deref(), &SORT_KEYS));
    let visible = Memo::new(move |_| {
        live.changes.track();
        let (sort, words) = (sort.get(), filter.get().to_lowercase());
        let mut rows = live.rows.get();
        rows.retain(|row| row.value.with_untracked(|it| passes(it, &words)));
        rows.sort_by(|a, b| {
            a.value.with_untracked(|a| b.value.with_untracked(|b| compare(a, b, &sort)))
        });
        rows
    });
    let shown = shown(live, visible);
    let loaded = Memo::new(move |_| live.freshness.with(|it| *it != Freshness::Loading));

    view! {
        <Page
            title="Clusters"
            aside=move || view! { <CountOf live/> }
        >
            <div class="toolbar">
                <FilterBox label="Filter clusters" placeholder="Filter" text=filter/>
            </div>
            {move || match shown.get() {
                Shown::Table => view! { <ClusterTable rows=visible loaded sort url/> }.into_any(),
                Shown::NotLoaded(error) => view! { <NotLoaded what="the clusters" error/> }.into_any(),
                Shown::NoneYet => view! {
                    <Empty
                        icon=IconKind::Clusters
                        title="No cluster that you may see. An administrator can give you one."
                    />
                }
                .into_any(),
                Shown::NothingMatches => {
                    let clear = move |()| filter.set(String::new());
                    view! { <NothingMatches filter on_clear=clear/> }.into_any()
                }
            }}
        </Page>
    }
}

#[component]
fn ClusterTable(
    rows: Memo<Vec<LiveRow<Cluster>>>,
    loaded: Memo<bool>,
    sort: Memo<Sort>,
    url: UrlState,
) -> impl IntoView {
    let on_sort = move |by: String| url.set(&[("sort", Some(by))], true);

    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="visually-hidden">"Clusters"</caption>
                <thead>
                    <tr>
                        <SortHeader words="Name" key="name" sort on_sort/>
                        <SortHeader words="State" key="state" sort on_sort/>
                        <SortHeader words="Virtual clusters" key="vclusters" sort on_sort/>
                        <th scope="col" class="cell-middle">"Path"</th>
                        <th scope="col" class="cell-wide">"Kubernetes"</th>
                        <th scope="col" class="cell-middle">"Last contact"</th>
                    </tr>
                </thead>
                <tbody aria-busy=move || (!loaded.get()).then_some("true")>
                    <Show when=move || loaded.get() fallback=|| view! { <SkeletonRows columns=6/> }>
                        <For each=move || rows.get() key=|row| row.uid.clone() let:row>
                            <ClusterRow row/>
                        </For>
                    </Show>
                </tbody>
            </table>
        </div>
    }
}

/// One host cluster.
#[component]
fn ClusterRow(row: LiveRow<Cluster>) -> impl IntoView {
    let class = style! {
        .cluster-awake {
            color: var(--fg-muted);
        }
    };
    let it = Memo::new(move |_| row.value.get());
    let look = Memo::new(move |_| it.with(State::of));
    let vclusters = move || it.with(|it| it.vclusters.to_string());
    let awake = move || it.with(|it| format!(", {} awake", it.awake));
    let place = move || it.with(|it| if it.local { "inside this instance" } else { "" });

    view! { class = class,
        <tr>
            <th scope="row">
                <span class="cell-lines">
                    <span class="cell-main">{move || it.with(|it| it.title.clone())}</span>
                    <span class="cell-sub">{move || it.with(|it| it.name.clone())}</span>
                </span>
            </th>
            <td>
                <span class="cell-lines">
                    <Badge
                        word=Signal::derive(move || look.get().look().0.to_owned())
                        tone=Signal::derive(move || look.get().look().1)
                        icon=Signal::derive(move || look.get().look().2)
                    />
                    <span class="cell-sub">{move || it.with(|it| it.message.clone())}</span>
                </span>
            </td>
            <td>
                {vclusters} <span class="cluster-awake">{awake}</span>
            </td>
            <td class="cell-middle">
                <span class="cell-lines">
                    <span class="cell-line">{move || it.with(path_of)}</span>
                    <span class="cell-sub">{place}</span>
                </span>
            </td>
            <td class="cell-wide">{move || it.with(|it| it.version.clone())}</td>
            <td class="cell-middle">
                <Moment at=Signal::derive(move || it.with(|it| it.last_contact)) otherwise="never"/>
            </td>
        </tr>
    }
}

/// Which way requests to it go.
fn path_of(it: &Cluster) -> String {
    if it.endpoint.is_empty() {
        "Central gateway".to_owned()
    } else {
        format!("Direct, {}", it.endpoint.trim_start_matches("https://"))
    }
}

fn passes(it: &Cluster, words: &str) -> bool {
    let state = State::of(it).look().0;
    let has = |text: &str, word: &str| text.to_lowercase().contains(word);
    words
        .split_whitespace()
        .all(|word| has(&it.title, word) || has(&it.name, word) || has(state, word))
}

fn compare(a: &Cluster, b: &Cluster, sort: &Sort) -> std::cmp::Ordering {
    let ordering = match sort.key.as_str() {
        "state" => State::of(a).cmp(&State::of(b)),
        "vclusters" => a.vclusters.cmp(&b.vclusters),
        _ => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
    };
    let ordering = if sort.descending { ordering.reverse() } else { ordering };
    ordering.then_with(|| a.name.cmp(&b.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(phase: &str, online: bool, expected: State) {
        let it = Cluster { phase: phase.into(), online, ..Cluster::default() };
        assert_eq!(State::of(&it), expected);
    }

    #[test]
    fn a_cluster_is_never_green_without_a_recent_answer() {
        check("Initialized", true, State::Online);
        check("Initialized", false, State::Offline);
        check("Failed", true, State::Failed);
        check("", false, State::Connecting);
    }

    #[test]
    fn the_path_is_direct_where_there_is_an_endpoint() {
        let endpoint = "https://eu-1.example.com".to_owned();
        assert_eq!(
            path_of(&Cluster { endpoint, ..Cluster::default() }),
            "Direct, eu-1.example.com"
        );
        assert_eq!(path_of(&Cluster::default()), "Central gateway");
    }
}
