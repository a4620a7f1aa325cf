//! Watches.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dormer::auth::Caller;
use dormer::kube::resource::{Attributes, Authorizer, Decision, Verb};
use dormer::store::Snapshot;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::{Value, json};

use super::{Cluster, create, refusal, x_of};

/// How long a test waits for an event.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a watcher knows once `done` is satisfied with it.
async fn known(
    cluster: &Cluster,
    config: watcher::Config,
    mut done: impl FnMut(&BTreeMap<String, String>) -> bool,
) -> BTreeMap<String, String> {
    let mut events = pin!(watcher(cluster.config_maps(), config));
    let mut known = BTreeMap::new();
    let following = async {
        loop {
            match events.try_next().await.unwrap().unwrap() {
                Event::Init => known.clear(),
                Event::InitApply(map) | Event::Apply(map) => {
                    known.insert(map.name_any(), x_of(&map).to_owned());
                }
                Event::Delete(map) => {
                    known.remove(&map.name_any());
                }
                Event::InitDone => {}
            }
            if done(&known) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, following).await.unwrap();
    known
}

#[tokio::test]
async fn a_watcher_knows_what_is_there_and_what_becomes_of_it() {
    for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let cluster = Cluster::start().await;
        let maps = cluster.config_maps();
        create(&maps, "a", "1").await;
        create(&maps, "b", "1").await;
        let changes = async {
            create(&maps, "c", "1").await;
            let patch = Patch::Merge(json!({"data": {"x": "2"}}));
            maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
            maps.delete("b", &DeleteParams::default()).await.unwrap();
        };
        let last = [("a", "2"), ("c", "1")].map(|(name, x)| (name.to_owned(), x.to_owned()));
        let last = BTreeMap::from(last);
        let (known, ()) = tokio::join!(known(&cluster, config, |it| *it == last), changes);
        assert_eq!(known, last);
    }
}

#[tokio::test]
async fn an_object_that_a_selector_gains_or_loses_is_added_or_deleted() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let from = create(&maps, "a", "1").await.resource_version().unwrap();
    for tier in ["front", "back", "front"] {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"tier": tier}}}));
        maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    }
    let params = WatchParams::default().labels("tier=front");
    let events = maps.watch(&params, &from).await.unwrap().take(3).try_collect::<Vec<_>>();
    let events = tokio::time::timeout(PATIENCE, events).await.unwrap().unwrap();
    assert!(matches!(
        events.as_slice(),
        [WatchEvent::Added(_), WatchEvent::Deleted(_), WatchEvent::Added(_)]
    ));
}

#[tokio::test]
async fn a_watch_from_a_version_that_is_forgotten_says_so_and_a_watcher_lists_again() {
    let cluster = Cluster::start().await;
    let maps = cluster.config_maps();
    let old = create(&maps, "a", "1").await.resource_version().unwrap();
    create(&maps, "b", "1").await;
    cluster.store.compact(Duration::ZERO, 0).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    cluster.store.compact(Duration::ZERO, 0).await.unwrap();
    let mut events = pin!(maps.watch(&WatchParams::default(), &old).await.unwrap());
    match events.try_next().await.unwrap() {
        Some(WatchEvent::Error(status)) => {
            assert_eq!((status.code, status.reason.as_str()), (410, "Expired"))
        }
        other => panic!("{other:?}"),
    }
    let both = known(&cluster, watcher::Config::default(), |it| it.len() == 2).await;
    assert_eq!(both.len(), 2);
}

#[tokio::test]
async fn a_version_that_has_not_been_yet_is_refused() {
    let cluster = Cluster::start().await;
    let early = cluster.config_maps().watch(&WatchParams::default(), "99999999").await;
    assert_eq!(refusal(early.map(|_| ())), (504, "Timeout".into()));
    let list = ListParams::default().at("99999999");
    assert_eq!(refusal(cluster.config_maps().list(&list).await).0, 504);
}

#[tokio::test]
async fn a_watch_ends_after_the_time_that_was_asked_for_and_with_the_server() {
    let cluster = Cluster::start().await;
    let params = WatchParams::default().timeout(1);
    let short = cluster.config_maps().watch(&params, "0").await.unwrap().collect::<Vec<_>>();
    tokio::time::timeout(PATIENCE, short).await.unwrap();
    let long = cluster.config_maps().watch(&WatchParams::default(), "0").await.unwrap();
    cluster.server.close();
    tokio::time::timeout(PATIENCE, long.collect::<Vec<_>>()).await.unwrap();
    let late = cluster.config_maps().watch(&WatchParams::default(), "0").await;
    assert_eq!(refusal(late.map(|_| ())).0, 503);
}

/// Lets nobody see what is labelled `secret`, if it is switched on.
struct Discreet {
    on: AtomicBool,
}

impl Authorizer for Discreet {
    fn may(
        &self,
        _: &Snapshot<'_>,
        _: &Caller,
        attributes: &Attributes,
        object: Option<&Value>,
    ) -> dormer::kube::Result<Decision> {
        let secret = object.is_some_and(|it| it["metadata"]["labels"]["secret"].is_string());
        let reads = attributes.verb != Verb::Create && self.on.load(Ordering::SeqCst);
        Ok(if secret && reads { Decision::Hide } else { Decision::Allow })
    }

    fn by_object(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn what_is_hidden_is_in_no_list_or_watch_and_answers_as_if_it_were_not_there() {
    let guard = Arc::new(Discreet { on: AtomicBool::new(false) });
    let cluster = Cluster::guarded_by(guard.clone()).await;
    let maps = cluster.config_maps();
    let from = create(&maps, "open", "1").await.resource_version().unwrap();
    create(&maps, "hidden", "1").await;
    let hide = Patch::Merge(json!({"metadata": {"labels": {"secret": "yes"}}}));
    maps.patch("hidden", &PatchParams::default(), &hide).await.unwrap();
    guard.on.store(true, Ordering::SeqCst);
    create(&maps, "late", "1").await;

    let listed = maps.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(listed.iter().map(|it| it.name_any()).collect::<Vec<_>>(), ["late", "open"]);

    let events =
        maps.watch(&WatchParams::default(), &from).await.unwrap().take(3).try_collect::<Vec<_>>();
    let events: Vec<WatchEvent<ConfigMap>> =
        tokio::time::timeout(PATIENCE, events).await.unwrap().unwrap();
    let [WatchEvent::Added(before), WatchEvent::Deleted(gone), WatchEvent::Added(late)] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (before.name_any(), gone.name_any(), late.name_any()),
        ("hidden".into(), "hidden".into(), "late".into())
    );
    assert!(gone.data.is_none() && gone.labels().is_empty());

    let path = "/api/v1/namespaces/default/configmaps/";
    let json = "application/json";
    for (method, body) in [
        (axum::http::Method::GET, ""),
        (axum::http::Method::DELETE, ""),
        (axum::http::Method::PUT, r#"{"metadata":{"name":"NAME"}}"#),
    ] {
        let hidden = cluster
            .call(method.clone(), &format!("{path}hidden"), json, &body.replace("NAME", "hidden"))
            .await;
        let absent = cluster
            .call(method.clone(), &format!("{path}absent"), json, &body.replace("NAME", "absent"))
            .await;
        let renamed = hidden.1.to_string().replace("hidden", "absent");
        assert_eq!((hidden.0, renamed), (absent.0, absent.1.to_string()), "{method}");
    }
}
