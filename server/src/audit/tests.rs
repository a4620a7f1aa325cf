use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::post;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::*;
use crate::hosts::service::AUDIT;
use crate::store::AuditQuery;
use crate::tunnel::{Link, Side};

const NOW: i64 = 1_763_655_000;

/// A store of its own, and the time.
struct Here {
    store: Store,
    clock: Clock,
    _folder: TempDir,
}

impl Here {
    fn new() -> Self {
        let (folder, clock) = (TempDir::new().unwrap(), Clock::standing_at(NOW));
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        Self { store, clock, _folder: folder }
    }

    fn trail(&self) -> Audit {
        Audit::trail(self.store.clone(), self.clock.clone())
    }

    async fn queue(&self, max: usize) -> Audit {
        Audit::queue(self.store.clone(), self.clock.clone(), "eu", max).await.unwrap()
    }

    /// What the trail says, the newest first.
    async fn kept(&self) -> Vec<Event> {
        let query = AuditQuery { limit: usize::MAX >> 1, ..AuditQuery::default() };
        let kept = self.store.read(move |it| it.audit_events(&query)).await.unwrap();
        kept.iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect()
    }

    async fn queued(&self) -> Vec<Event> {
        let queued = self.store.read(|it| it.audit_queue(usize::MAX >> 1)).await.unwrap();
        queued.iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect()
    }
}

/// A request that has just come.
fn asks(audit: &Audit, method: Method) -> Entry {
    let path = "/kubernetes/cluster/api/v1/namespaces/a";
    let request = Request::builder().method(method.clone()).uri(path).body(Body::empty()).unwrap();
    let entry = audit.begin(&Caller::controller("test"), &request);
    entry.about(&method, "/api/v1/namespaces/a", false);
    entry
}

fn answers(entry: Entry) {
    entry.answered(&Ok(StatusCode::OK.into_response()));
}

fn counts(events: &[Event], what: &str) -> Vec<String> {
    events.iter().filter_map(|it| it.annotations.get(what).cloned()).collect()
}

#[tokio::test]
async fn what_changes_is_on_disk_before_it_is_forwarded_and_has_its_code_after() {
    let here = Here::new();
    let audit = here.trail();
    let entry = asks(&audit, Method::DELETE);
    entry.before().await.unwrap();
    let before = here.kept().await;
    assert_eq!((before.len(), before[0].stage), (1, Stage::RequestReceived));
    answers(entry);
    audit.flush().await.unwrap();
    let after = here.kept().await;
    assert_eq!((after.len(), after[0].stage), (1, Stage::ResponseComplete));
    assert_eq!(after[0].audit_id, before[0].audit_id);
    assert_eq!(after[0].response_status.as_ref().unwrap().code, 200);
}

#[tokio::test]
async fn one_who_leaves_before_the_answer_is_written_down_too() {
    let here = Here::new();
    let audit = here.trail();
    drop(asks(&audit, Method::GET));
    audit.flush().await.unwrap();
    let kept = here.kept().await;
    assert_eq!((kept.len(), kept[0].stage), (1, Stage::ResponseComplete));
    assert_eq!(kept[0].response_status, None);
}

#[tokio::test]
async fn of_too_many_that_wait_the_oldest_reads_are_counted_and_no_change_is() {
    let here = Here::new();
    let audit = here.trail();
    let change = asks(&audit, Method::DELETE);
    answers(change);
    for _ in 0..WAITING_MAX + 7 {
        answers(asks(&audit, Method::GET));
    }
    here.clock.advance(60);
    audit.flush().await.unwrap();
    let kept = here.kept().await;
    assert_eq!(kept.iter().filter(|it| it.verb == "get").count(), WAITING_MAX);
    assert_eq!(kept.iter().filter(|it| it.verb == "delete").count(), 1);
    assert_eq!(counts(&kept, annotation::LOST), ["7"]);
}

#[tokio::test]
async fn of_nobody_there_is_one_event_a_minute() {
    let here = Here::new();
    let audit = here.trail();
    for _ in 0..3 {
        for _ in 0..50 {
            audit.refused(&Error::Unauthorized("Unauthorized".into()));
            audit.refused(&Error::NoResource);
        }
        audit.flush().await.unwrap();
        here.clock.advance(30);
    }
    assert_eq!(counts(&here.kept().await, annotation::REFUSED), ["150"]);
}

#[tokio::test]
async fn what_is_too_old_is_forgotten() {
    let here = Here::new();
    let audit = here.trail();
    for _ in 0..3 {
        answers(asks(&audit, Method::GET));
        here.clock.advance(24 * 60 * 60);
    }
    audit.flush().await.unwrap();
    audit.tidy(2).await.unwrap();
    assert_eq!(here.kept().await.len(), 2);
}

#[tokio::test]
async fn r25_a_full_queue_refuses_changes_lets_reads_go_on_and_counts_them() {
    let here = Here::new();
    let audit = here.queue(64 << 10).await;
    let mut ended = 0;
    for _ in 0..200 {
        answers(asks(&audit, Method::GET));
    }
    audit.flush().await.unwrap();
    let reads = here.queued().await.len();
    assert!((40..200).contains(&reads), "{reads}");
    loop {
        let change = asks(&audit, Method::DELETE);
        if let Err(error) = change.before().await {
            assert_eq!(error.status().code, 503);
            assert!(error.to_string().contains("until then nothing is changed"), "{error}");
            break;
        }
        answers(change);
        audit.flush().await.unwrap();
        ended += 1;
    }
    assert!(ended > 2, "changes have room of their own: {ended}");
    let queued = here.queued().await;
    let complete = |it: &&Event| it.verb == "delete" && it.response_status.is_some();
    assert_eq!(queued.iter().filter(complete).count(), ended);
    let bytes = here.store.read(|it| it.audit_queue_bytes()).await.unwrap();
    assert!(bytes <= 64 << 10, "{bytes}");
    // Another process on the same store knows how full it is.
    let again = here.queue(64 << 10).await;
    assert!(asks(&again, Method::DELETE).before().await.is_err());
    assert!(asks(&again, Method::GET).before().await.is_ok());
}

/// The central instance, which fails in another way each time.
#[derive(Clone)]
struct Central {
    audit: Audit,
    asked: Arc<AtomicUsize>,
    /// Told when the line is to be cut.
    cut: Arc<Notify>,
}

async fn take(State(central): State<Central>, Json(told): Json<Vec<Value>>) -> StatusCode {
    assert!(told.len() <= BATCH_MAX);
    match central.asked.fetch_add(1, Ordering::SeqCst) % 4 {
        // It stops before it writes.
        0 => StatusCode::SERVICE_UNAVAILABLE,
        // It writes, and its answer says that it did not.
        1 => {
            central.audit.take("eu", told).await.unwrap();
            StatusCode::INTERNAL_SERVER_ERROR
        }
        // It writes, and never answers: the line is cut.
        2 => {
            central.audit.take("eu", told).await.unwrap();
            central.cut.notify_one();
            std::future::pending().await
        }
        _ => {
            central.audit.take("eu", told).await.unwrap();
            StatusCode::OK
        }
    }
}

/// A new line to the central instance.
fn line(central: &Central) -> (Link, Link) {
    let router = Router::new().route(AUDIT, post(take)).with_state(central.clone());
    let (one, other) = tokio::io::duplex(64 * 1024);
    (
        Link::start(one.compat(), Side::Dialled, Router::new()),
        Link::start(other.compat(), Side::Accepted, router),
    )
}

#[tokio::test]
async fn r25_whatever_fails_in_between_each_event_arrives_once() {
    let (agent, there) = (Here::new(), Here::new());
    let audit = agent.queue(QUEUE_MAX).await;
    let cut = Arc::new(Notify::new());
    let central = Central { audit: there.trail(), asked: Arc::default(), cut: cut.clone() };
    for at in 0..1700 {
        let entry = asks(&audit, if at % 50 == 0 { Method::DELETE } else { Method::GET });
        entry.before().await.unwrap();
        answers(entry);
    }
    audit.flush().await.unwrap();
    let sent = agent.queued().await;
    while !agent.queued().await.is_empty() {
        let (here, far) = line(&central);
        let cutting = async {
            cut.notified().await;
            far.close();
        };
        tokio::select! {
            _ = audit.deliver(&here) => {}
            _ = async { tokio::join!(cutting, std::future::pending::<()>()) } => {}
        }
    }
    let mut rows: Vec<_> = stages(&there).await;
    let mut expected: Vec<_> = sent.iter().map(|it| (it.audit_id.clone(), it.stage)).collect();
    rows.sort();
    expected.sort();
    assert_eq!(rows.len(), 1734);
    assert_eq!(rows, expected);
    assert!(agent.store.read(|it| it.audit_queue_bytes()).await.unwrap() == 0);
    let kept = there.kept().await;
    assert_eq!(kept.len(), 1700);
    assert!(kept.iter().all(|it| it.annotations[annotation::WAY] == "direct"));
}

/// Every row of the trail, by request and stage.
async fn stages(here: &Here) -> Vec<(String, Stage)> {
    let rows = here.store.read(|it| it.audit_rows()).await.unwrap();
    rows.iter()
        .map(|text| {
            let event: Event = serde_json::from_str(text).unwrap();
            (event.audit_id, event.stage)
        })
        .collect()
}

#[tokio::test]
async fn an_agent_tells_of_its_own_cluster_whatever_it_says_and_not_of_the_future() {
    let here = Here::new();
    let audit = here.trail();
    let told = serde_json::json!([
        { "auditID": uuid::Uuid::new_v4().to_string(), "verb": "get",
          "requestReceivedTimestamp": "2099-01-01T00:00:00.000000Z",
          "annotations": { annotation::CLUSTER: "other", annotation::WAY: "central" } },
        { "auditID": "1", "verb": "get", "requestReceivedTimestamp": "2025-01-01T00:00:00Z" },
        "nothing",
        { "auditID": uuid::Uuid::new_v4().to_string(), "verb": "x".repeat(20_000),
          "requestReceivedTimestamp": "2025-01-01T00:00:00.000000Z" },
    ]);
    audit.take("eu", serde_json::from_value(told).unwrap()).await.unwrap();
    let kept = here.kept().await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].annotations[annotation::CLUSTER], "eu");
    assert_eq!(kept[0].annotations[annotation::WAY], "direct");
    assert_eq!(kept[0].request_received_timestamp, event::time(NOW * 1_000_000));
}
