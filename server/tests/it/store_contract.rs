//! What the store promises: see the contract in `store.rs`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use dormer::clock::Clock;
use dormer::store::{Change, Entry, Error, Key, Page, Range, Revision, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a test waits for a change.
const PATIENCE: Duration = Duration::from_secs(20);
/// Tells the test binary, run again as a child, to write into this folder until it is killed.
const WRITE_INTO: &str = "DORMER_TEST_WRITE_INTO";

struct Fresh {
    store: Store,
    clock: Clock,
    folder: TempDir,
}

fn fresh() -> Fresh {
    let folder = TempDir::new().unwrap();
    let clock = Clock::standing_at(1_000_000);
    Fresh { store: Store::open(folder.path(), clock.clone()).unwrap(), clock, folder }
}

fn key(namespace: &str, name: &str) -> Key {
    Key {
        cluster: "c".into(),
        resource: "things".into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn things() -> Range {
    Range::all("c", "things")
}

fn thing(x: u64) -> Value {
    json!({"metadata": {}, "x": x})
}

fn x_of(body: &[u8]) -> u64 {
    serde_json::from_slice::<Value>(body).unwrap()["x"].as_u64().unwrap()
}

async fn create(store: &Store, key: Key, x: u64) -> Result<Entry, Error> {
    store.write(move |tx| tx.create(&key, thing(x))).await
}

async fn update(
    store: &Store,
    key: Key,
    expected: Option<Revision>,
    x: u64,
) -> Result<Entry, Error> {
    store.write(move |tx| tx.update(&key, expected, thing(x))).await
}

async fn delete(store: &Store, key: Key, expected: Option<Revision>) -> Result<Entry, Error> {
    store.write(move |tx| tx.delete(&key, expected)).await
}

#[tokio::test]
async fn a_taken_name_is_refused_and_one_that_is_free_again_is_not() {
    let Fresh { store, .. } = &fresh();
    let first = create(store, key("n", "a"), 1).await.unwrap();
    assert!(matches!(create(store, key("n", "a"), 2).await, Err(Error::AlreadyExists)));
    create(store, key("m", "a"), 3).await.unwrap();
    delete(store, key("n", "a"), None).await.unwrap();
    let again = create(store, key("n", "a"), 4).await.unwrap();
    assert!(again.revision > first.revision);
}

#[tokio::test]
async fn a_write_from_an_old_revision_is_a_conflict() {
    let Fresh { store, .. } = &fresh();
    let first = create(store, key("n", "a"), 1).await.unwrap();
    let second = update(store, key("n", "a"), Some(first.revision), 2).await.unwrap();
    assert!(matches!(
        update(store, key("n", "a"), Some(first.revision), 3).await,
        Err(Error::Conflict)
    ));
    assert!(matches!(
        delete(store, key("n", "a"), Some(first.revision)).await,
        Err(Error::Conflict)
    ));
    assert!(matches!(update(store, key("n", "b"), None, 3).await, Err(Error::NotFound)));
    assert!(matches!(delete(store, key("n", "b"), None).await, Err(Error::NotFound)));
    let body: Value = serde_json::from_slice(&second.body).unwrap();
    assert_eq!(body["metadata"]["resourceVersion"], second.revision.0.to_string());
    delete(store, key("n", "a"), Some(second.revision)).await.unwrap();
}

#[tokio::test]
async fn an_error_undoes_all_that_was_written_with_it() {
    let Fresh { store, .. } = &fresh();
    let before = store.revision().await.unwrap();
    let refused: Result<(), Error> = store
        .write(|tx| {
            tx.create(&key("n", "a"), thing(1))?;
            tx.create(&key("n", "b"), thing(1))?;
            Err(Error::Conflict)
        })
        .await;
    assert!(matches!(refused, Err(Error::Conflict)));
    assert_eq!(store.revision().await.unwrap(), before);
    assert!(store.list(things(), Page::default()).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn a_panic_undoes_its_own_write_and_no_other() {
    let Fresh { store, .. } = &fresh();
    let broken: Result<(), Error> = store
        .write(|tx| {
            tx.create(&key("n", "a"), thing(1))?;
            panic!("on purpose")
        })
        .await;
    assert!(matches!(broken, Err(Error::Internal(_))));
    assert!(store.get(key("n", "a")).await.unwrap().is_none());
    create(store, key("n", "a"), 1).await.unwrap();
}

fn names(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|it| format!("{}/{}", it.namespace, it.name)).collect()
}

#[tokio::test]
async fn a_list_is_in_the_order_of_namespace_and_name() {
    let Fresh { store, .. } = &fresh();
    for (namespace, name) in [("n", "b"), ("m", "z"), ("n", "a"), ("n-1", "a"), ("", "q")] {
        create(store, key(namespace, name), 1).await.unwrap();
    }
    let all = store.list(things(), Page::default()).await.unwrap();
    assert_eq!(names(&all.entries), ["/q", "m/z", "n/a", "n/b", "n-1/a"]);
    let one = Range { namespace: Some("n".into()), ..things() };
    assert_eq!(names(&store.list(one, Page::default()).await.unwrap().entries), ["n/a", "n/b"]);
}

#[tokio::test]
async fn all_pages_show_the_revision_of_the_first() {
    let Fresh { store, .. } = &fresh();
    for name in ["a", "b", "c", "d"] {
        create(store, key("n", name), 1).await.unwrap();
    }
    let first = store.list(things(), Page { limit: Some(2), ..Page::default() }).await.unwrap();
    assert_eq!(first.remaining, Some(2));
    update(store, key("n", "c"), None, 2).await.unwrap();
    delete(store, key("n", "d"), None).await.unwrap();
    create(store, key("n", "e"), 1).await.unwrap();
    let after = first.entries.last().map(|it| (it.namespace.clone(), it.name.clone()));
    let page = Page { limit: Some(9), after, at: Some(first.revision) };
    let second = store.list(things(), page).await.unwrap();
    assert_eq!(
        (names(&second.entries), second.revision),
        (vec!["n/c".into(), "n/d".into()], first.revision)
    );
    assert_eq!(x_of(&second.entries[0].body), 1);
}

/// The next change, and nothing if none comes.
async fn next(watch: &mut dormer::store::Watch) -> std::sync::Arc<Change> {
    tokio::time::timeout(PATIENCE, watch.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_watch_gives_each_later_change_of_its_range_once_and_in_order() {
    let Fresh { store, .. } = &fresh();
    let from = create(store, key("n", "a"), 1).await.unwrap().revision;
    let missed = update(store, key("n", "a"), None, 2).await.unwrap().revision;
    let mut watch =
        store.watch(Range { namespace: Some("n".into()), ..things() }, from).await.unwrap();
    create(store, key("m", "other"), 1).await.unwrap();
    let gone = delete(store, key("n", "a"), None).await.unwrap().revision;
    let first = next(&mut watch).await;
    assert_eq!((first.revision, x_of(first.before.as_ref().unwrap())), (missed, 1));
    let second = next(&mut watch).await;
    assert_eq!((second.revision, second.after.is_none()), (gone, true));
    let last: Value = serde_json::from_slice(&second.shown().unwrap()).unwrap();
    assert_eq!(last["metadata"]["resourceVersion"], gone.0.to_string());
    assert!(tokio::time::timeout(Duration::from_millis(100), watch.next()).await.is_err());
}

#[tokio::test]
async fn a_watch_says_how_far_it_has_come_only_when_nothing_is_left_to_say() {
    let Fresh { store, .. } = &fresh();
    let from = store.revision().await.unwrap();
    let mut watch = store.watch(things(), from).await.unwrap();
    create(store, key("n", "a"), 1).await.unwrap();
    assert_eq!(watch.settle().await.unwrap(), None);
    next(&mut watch).await;
    let elsewhere = Key { resource: "others".into(), ..key("n", "a") };
    let newest = create(store, elsewhere, 1).await.unwrap().revision;
    assert_eq!(watch.settle().await.unwrap(), Some(newest));
}

#[tokio::test]
async fn what_is_older_than_the_log_is_expired_and_what_has_not_been_is_in_the_future() {
    let Fresh { store, clock, .. } = &fresh();
    let old = create(store, key("n", "a"), 1).await.unwrap().revision;
    update(store, key("n", "a"), None, 2).await.unwrap();
    clock.advance(3600);
    let kept = update(store, key("n", "a"), None, 3).await.unwrap().revision;
    store.compact(Duration::from_secs(600), 0).await.unwrap();
    assert!(matches!(store.watch(things(), old).await.map(drop), Err(Error::Expired(_))));
    let page = Page { at: Some(old), ..Page::default() };
    assert!(matches!(store.list(things(), page).await, Err(Error::Expired(_))));
    store.watch(things(), kept).await.unwrap();
    let future = Revision(kept.0 + 1);
    assert!(matches!(store.watch(things(), future).await.map(drop), Err(Error::Future(_))));
    assert_eq!(x_of(&store.get(key("n", "a")).await.unwrap().unwrap().body), 3);
}

#[tokio::test]
async fn no_revision_is_given_twice_not_even_after_compaction() {
    let Fresh { store, clock, .. } = &fresh();
    create(store, key("n", "a"), 1).await.unwrap();
    let last = delete(store, key("n", "a"), None).await.unwrap().revision;
    clock.advance(3600);
    store.compact(Duration::ZERO, 0).await.unwrap();
    let next = create(store, key("n", "a"), 1).await.unwrap().revision;
    assert!(next > last);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_lose_no_update() {
    let Fresh { store, .. } = &fresh();
    create(store, key("n", "a"), 0).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        writers.spawn(async move {
            for _ in 0..50 {
                let write = store.write(|tx| {
                    let now = tx.get(&key("n", "a"))?.ok_or(Error::NotFound)?;
                    tx.update(&key("n", "a"), Some(now.revision), thing(x_of(&now.body) + 1))
                });
                write.await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(x_of(&store.get(key("n", "a")).await.unwrap().unwrap().body), 800);
}

#[tokio::test]
async fn a_watcher_that_falls_behind_catches_up_from_the_log() {
    let Fresh { store, .. } = &fresh();
    let from = create(store, key("n", "a"), 0).await.unwrap().revision;
    let mut watch = store.watch(things(), from).await.unwrap();
    // More than the 256 that may wait.
    for x in 1..=600 {
        update(store, key("n", "a"), None, x).await.unwrap();
    }
    for x in 1..=600 {
        assert_eq!(x_of(next(&mut watch).await.after.as_ref().unwrap()), x);
    }
}

#[tokio::test]
async fn the_watches_of_a_cluster_end_with_it() {
    let Fresh { store, .. } = &fresh();
    create(store, key("n", "a"), 1).await.unwrap();
    let mut watch = store.watch(things(), store.revision().await.unwrap()).await.unwrap();
    store.write(|tx| tx.drop_cluster("c")).await.unwrap();
    let end = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
    assert!(matches!(end, Err(Error::Closed)));
    assert!(store.get(key("n", "a")).await.unwrap().is_none());
}

#[tokio::test]
async fn an_owner_knows_its_dependents_as_they_come_and_go() {
    let Fresh { store, .. } = &fresh();
    let owned = json!({"metadata": {"ownerReferences": [{"uid": "u1"}, {"uid": "u2"}]}});
    let less = json!({"metadata": {"ownerReferences": [{"uid": "u2"}]}});
    store.write(move |tx| tx.create(&key("n", "a"), owned)).await.unwrap();
    let dependents =
        async |uid: &'static str| store.read(move |it| it.dependents("c", uid)).await.unwrap();
    assert_eq!(dependents("u1").await, [key("n", "a")]);
    store.write(move |tx| tx.update(&key("n", "a"), None, less)).await.unwrap();
    assert_eq!((dependents("u1").await, dependents("u2").await), (vec![], vec![key("n", "a")]));
    delete(store, key("n", "a"), None).await.unwrap();
    assert!(dependents("u2").await.is_empty());
}

#[tokio::test]
async fn a_store_that_is_opened_again_holds_what_it_held() {
    let Fresh { store, clock, folder } = fresh();
    let made = create(&store, key("n", "a"), 7).await.unwrap();
    drop(store);
    let again = Store::open(folder.path(), clock).unwrap();
    assert_eq!(again.get(key("n", "a")).await.unwrap(), Some(made.clone()));
    assert_eq!(again.revision().await.unwrap(), made.revision);
}

/// The child: writes and says each revision once it is acknowledged. Does nothing in a test run.
#[tokio::test]
async fn the_child_that_is_killed_writes_until_then() {
    let Ok(folder) = std::env::var(WRITE_INTO) else { return };
    let store = Store::open(folder.as_ref(), Clock::system()).unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4_u64 {
        let store = store.clone();
        writers.spawn(async move {
            for i in 0.. {
                let name = format!("w{writer}-{i}");
                let made = create(&store, key("n", &name), i).await.unwrap();
                println!("acknowledged {name} {}", made.revision.0);
            }
        });
    }
    writers.join_all().await;
}

/// Acknowledged means on disk: what a process said it had written is there after `kill -9`.
#[tokio::test]
async fn after_kill_9_every_acknowledged_write_is_there() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store_contract::the_child_that_is_killed_writes_until_then",
            "--nocapture",
        ])
        .env(WRITE_INTO, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.by_ref().map_while(Result::ok) {
        if acknowledged.len() == 500 {
            // SIGKILL: nothing in the child runs after it.
            child.kill().unwrap();
        }
        // What was written before the kill is acknowledged, whenever it is read.
        if let Some((name, revision)) =
            line.strip_prefix("acknowledged ").and_then(|it| it.split_once(' '))
            && let Ok(revision) = revision.parse()
        {
            acknowledged.insert(name.to_owned(), Revision(revision));
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= 500, "{}", acknowledged.len());
    let store = Store::open(folder.path(), Clock::system()).unwrap();
    for (name, revision) in acknowledged {
        let found = store.get(key("n", &name)).await.unwrap();
        assert_eq!(found.map(|it| it.revision), Some(revision), "{name}");
    }
}
