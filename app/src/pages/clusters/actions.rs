//! What can be done to a host cluster, behind the three dots of its row.

use dormer_api::cluster::Cluster;
use leptos::prelude::*;

use super::model::{is_waiting, may_use, title};
use super::{Part, panel_url};
use crate::pages::list::UrlState;
use crate::ui::{Choice, IconKind, Menu, MenuItem};
use crate::{paths, session};

/// What the menu of a row depends on. Compared as a whole, so that a heartbeat of the cluster draws
/// nothing anew in a menu that is open.
#[derive(Clone, PartialEq, Eq)]
struct Can {
    name: String,
    admin: bool,
    connect: bool,
    waits: bool,
    local: bool,
    no_endpoint: Option<String>,
    away: bool,
}

/// The menu of one row. Not there for somebody who can do nothing.
#[component]
pub fn RowMenu(it: Memo<Cluster>, url: UrlState, part: Part) -> impl IntoView {
    let session = session::current();
    let can = Memo::new(move |_| {
        let person = session.person().user.unwrap_or_default();
        let admin = session.is_admin();
        it.with(|it| Can {
            name: it.metadata.name.clone(),
            admin,
            connect: admin || may_use(it, &person),
            waits: is_waiting(it),
            local: it.spec.local,
            no_endpoint: no_endpoint_because(it),
            away: it.spec.unusable,
        })
    });
    let items = Signal::derive(move || {
        let can = can.get();
        let mut items = Vec::new();
        if can.connect {
            items.push(connect_line(&can, url));
        }
        if can.admin {
            items.extend(admin_lines(&can, it, url, part));
        }
        items
    });
    let any = Memo::new(move |_| can.with(|can| can.connect || can.admin));

    view! {
        <div class="cell-actions">
            <Show when=move || any.get()>
                <Menu label=Signal::derive(move || format!("More for {}", it.with(title))) items/>
            </Show>
        </div>
    }
}

fn connect_line(can: &Can, url: UrlState) -> MenuItem {
    let panel = url.with(&panel_url("kubectl", &can.name));
    let waits = can.waits.then(|| "Its agent has not joined yet.".to_owned());
    MenuItem::new("Connect with kubectl", IconKind::Connect, Choice::Go(panel)).unless(waits)
}

fn admin_lines(can: &Can, it: Memo<Cluster>, url: UrlState, part: Part) -> Vec<MenuItem> {
    let panel = |panel| Choice::Go(url.with(&panel_url(panel, &can.name)));
    let away = can.away;
    let keep_away =
        Callback::new(move |()| it.with_untracked(|it| part.changes.keep_away(it, !away)));
    let (words, icon) = match away {
        true => ("Allow new virtual clusters again", IconKind::Check),
        false => ("No new virtual clusters here", IconKind::NoEntry),
    };
    let disconnect = Callback::new(move |()| part.changes.doomed.set(Some(it.get_untracked())));
    let built_in = can.local.then(|| "It is part of this instance.".to_owned());
    let mut lines = Vec::new();
    if can.waits {
        let wizard = Choice::Go(paths::connect_cluster(&can.name));
        lines.push(MenuItem::new("Go on connecting it", IconKind::Clusters, wizard));
    }
    lines.extend([
        MenuItem::new("Edit", IconKind::Edit, panel("edit")),
        MenuItem::new("Direct endpoint…", IconKind::Direct, panel("endpoint"))
            .unless(can.no_endpoint.clone()),
        MenuItem::new(words, icon, Choice::Do(keep_away)),
        MenuItem::new("Disconnect", IconKind::Trash, Choice::Do(disconnect)).unless(built_in),
    ]);
    lines
}

/// Why it cannot have a direct endpoint; nothing where it can.
pub fn no_endpoint_because(it: &Cluster) -> Option<String> {
    let words = if it.spec.local {
        "It is part of this instance, so no way to it is shorter."
    } else if !it.spec.network_peer {
        "An agent serves the direct endpoint. This cluster is connected by a kubeconfig."
    } else if is_waiting(it) {
        "Its agent has not joined yet."
    } else {
        return None;
    };
    Some(words.to_owned())
}
