//! The list of access keys.

use dormer_api::access_key::OwnedAccessKey;
use dormer_api::ago::{DAY, unix, until};
use dormer_api::state::Tone;
use leptos::prelude::*;
use stylers::style;

use crate::clock;
use crate::ui::{Act, IconKind, Moment, SkeletonRows};

/// From so many seconds before its end a key is marked.
const EXPIRES_SOON_S: i64 = 7 * DAY;

/// The table; without keys, its skeleton.
#[component]
pub fn KeyTable(
    keys: Option<Vec<OwnedAccessKey>>,
    doomed: RwSignal<Option<OwnedAccessKey>>,
) -> impl IntoView {
    let class = style! {
        .keys-table .keys-name {
            width: 34%;
        }
        .keys-table .keys-actions {
            width: 8rem;
        }
    };

    let busy = keys.is_none().then_some("true");

    view! { class = class,
        <div class="table-frame">
            <table class="table keys-table" aria-busy=busy>
                <caption class="visually-hidden">"Access keys"</caption>
                <colgroup class="keys-columns">
                    <col class="keys-name"/>
                    <col class="keys-hint"/>
                    <col class="keys-when cell-wide"/>
                    <col class="keys-when"/>
                    <col class="keys-when cell-middle"/>
                    <col class="keys-actions"/>
                </colgroup>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Key"</th>
                        <th scope="col" class="cell-wide">"Created"</th>
                        <th scope="col">"Expires"</th>
                        <th scope="col" class="cell-middle">"Last used"</th>
                        <th scope="col" class="cell-end">"Actions"</th>
                    </tr>
                </thead>
                <tbody>
                    {match keys {
                        None => view! { <SkeletonRows columns=6/> }.into_any(),
                        Some(keys) => keys
                            .into_iter()
                            .map(|key| view! { <KeyRow key doomed/> })
                            .collect_view()
                            .into_any(),
                    }}
                </tbody>
            </table>
        </div>
    }
}

/// One key.
#[component]
fn KeyRow(key: OwnedAccessKey, doomed: RwSignal<Option<OwnedAccessKey>>) -> impl IntoView {
    let class = style! {
        .key-expiry[data-tone] {
            color: var(--tone-fg);
        }
    };
    let clock = clock::current();
    let title = title(&key);
    let expires = key.status.expires.as_deref().and_then(unix);
    let last_used = key.status.last_activity.as_deref().and_then(unix);
    let created = key.metadata.creation_timestamp.as_deref().and_then(unix);
    let look = move || expiry(expires, clock.now());
    let kept = StoredValue::new(key.clone());

    view! { class = class,
        <tr>
            <th scope="row">
                <span class="cell-lines">
                    <span class="cell-main">{title.clone()}</span>
                    <span class="cell-sub">{scope(&key)}</span>
                </span>
            </th>
            <td>
                <code>{format!("…{}", key.status.hint)}</code>
            </td>
            <td class="cell-wide">
                <Moment at=created/>
            </td>
            <td>
                <span
                    class="key-expiry"
                    data-tone=move || look().1
                    title=expires.map(clock::absolute)
                >
                    {move || look().0}
                </span>
            </td>
            <td class="cell-middle">
                <Moment at=last_used otherwise="never"/>
            </td>
            <td>
                <div class="cell-actions">
                    <Act
                        icon=IconKind::Trash
                        words="Revoke"
                        label=format!("Revoke {title}")
                        kind="named"
                        on_press=move |()| doomed.set(Some(kept.get_value()))
                    />
                </div>
            </td>
        </tr>
    }
}

/// What a key is called.
pub fn title(key: &OwnedAccessKey) -> String {
    let name = &key.spec.display_name;
    if name.is_empty() { key.metadata.name.clone() } else { name.clone() }
}

/// What a key can do, in a sentence.
fn scope(key: &OwnedAccessKey) -> String {
    let made_by_cli = key.spec.kind == "Login";
    match &key.spec.scope {
        None if made_by_cli => "Everything you can do; made by a CLI".to_owned(),
        None => "Everything you can do".to_owned(),
        Some(scope) => match scope.virtual_clusters.as_slice() {
            [] => "Nothing".to_owned(),
            [one] if one.virtual_cluster == "*" => {
                format!("Virtual clusters of {} only", one.project)
            }
            [one] => format!("{} in {} only", one.virtual_cluster, one.project),
            many => format!("{} virtual clusters only", many.len()),
        },
    }
}

/// When a key ends, in words, and how much that matters.
fn expiry(expires: Option<i64>, now: i64) -> (String, Option<&'static str>) {
    match expires {
        None => ("never".to_owned(), None),
        Some(at) if at <= now => ("expired".to_owned(), Some(Tone::Failed.as_str())),
        Some(at) if at - now < EXPIRES_SOON_S => (until(at, now), Some(Tone::Attention.as_str())),
        Some(at) => (until(at, now), None),
    }
}

#[cfg(test)]
mod tests {
    use dormer_api::access_key::{Scope, ScopeVirtualCluster};

    use super::*;

    #[test]
    fn a_key_near_its_end_is_marked() {
        assert_eq!(expiry(None, 0), ("never".to_owned(), None));
        assert_eq!(expiry(Some(10), 10).0, "expired");
        assert_eq!(expiry(Some(6 * DAY), 0), ("in 6 d".to_owned(), Some("attention")));
        assert_eq!(expiry(Some(10 * DAY), 0), ("in 10 d".to_owned(), None));
    }

    #[test]
    fn a_scope_is_told_as_what_it_leaves() {
        let mut key = OwnedAccessKey::default();
        assert_eq!(scope(&key), "Everything you can do");
        key.spec.scope = Some(Scope {
            virtual_clusters: vec![ScopeVirtualCluster {
                project: "web".into(),
                virtual_cluster: "calm-otter".into(),
                ..ScopeVirtualCluster::default()
            }],
        });
        assert_eq!(scope(&key), "calm-otter in web only");
    }
}
