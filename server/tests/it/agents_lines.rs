//! What becomes of a region when its line to the central instance breaks, in every way that lines do.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use dormer_api::annotation::LAST_ACTIVITY;
use serde_json::json;
use tokio::time::timeout;

use crate::agents::{until_over, watch};
use crate::harness::{inside, vcluster};
use crate::region::{Central, Region, Web, until};

/// How long a tunnel may take to be back once the line is.
const BACK_MAX: Duration = Duration::from_secs(3);
/// How long anything that was open may hang.
const HANG_MAX: Duration = Duration::from_secs(30);

/// A region with a virtual cluster, and a path in it.
async fn begun() -> (Central, Region, String) {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    eu.make(&central.admin, "demo").await;
    (central, eu, inside("demo", "/api/v1/namespaces/default/configmaps"))
}

/// Waits until the path answers through the centre, and says how long that took.
async fn until_back(web: &Web, path: &str) -> Duration {
    let begun = Instant::now();
    until("the tunnel is back", async || {
        let asked = timeout(Duration::from_secs(1), web.status(path)).await;
        matches!(asked, Ok(Some(StatusCode::OK))).then_some(())
    })
    .await;
    begun.elapsed()
}

#[tokio::test]
async fn r14_a_line_that_is_reset_is_back_in_three_seconds_and_open_watches_end() {
    let (central, eu, path) = begun().await;
    for cut in [crate::region_line::Line::cut, crate::region_line::Line::half_close] {
        let mut open = watch(&central.admin, &path).await;
        cut(&eu.line);
        timeout(BACK_MAX, until_over(&mut open)).await.expect("the watch hangs");
        let took = until_back(&central.admin, &path).await;
        assert!(took <= BACK_MAX, "{took:?}");
    }
}

#[tokio::test]
async fn r14_a_line_that_only_the_agent_sees_break_is_taken_up_anew_in_three_seconds() {
    let (central, eu, path) = begun().await;
    let mut open = watch(&central.admin, &path).await;
    eu.line.lose();
    let took = until_back(&central.admin, &path).await;
    assert!(took <= BACK_MAX, "{took:?}");
    timeout(BACK_MAX, until_over(&mut open)).await.expect("the watch hangs");
}

#[tokio::test]
async fn r14_after_three_seconds_and_after_nine_of_silence_it_goes_on_in_three() {
    let central = Central::start().await;
    let (eu, us) = (central.region("eu").await, central.region("us").await);
    let silent_for = async |region: &Region, seconds: u64| {
        region.line.silence(true);
        // A line is silent for as long as it is: there is nothing to wait for.
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        region.line.silence(false);
        let path = format!("/kubernetes/cluster/{}/api", region.name);
        let took = until_back(&central.admin, &path).await;
        assert!(took <= BACK_MAX, "after {seconds} s: {took:?}");
    };
    tokio::join!(silent_for(&eu, 3), silent_for(&us, 9));
}

#[tokio::test]
async fn r14_r13_on_a_line_that_stays_silent_nothing_hangs_and_the_cluster_is_said_to_be_away() {
    let (central, eu, path) = begun().await;
    let mut open = watch(&central.admin, &path).await;
    eu.line.silence(true);
    let asked = central.admin.get(&path);
    let (answer, ()) = timeout(HANG_MAX, async { tokio::join!(asked, until_over(&mut open)) })
        .await
        .expect("it hangs");
    let status = answer.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status["kind"], "Status");
    until("offline", async || {
        let eu = central.admin.get(&crate::join::cluster("eu")).await.body;
        (eu["status"]["online"] == json!(false)).then_some(())
    })
    .await;
    let begun = Instant::now();
    central.admin.get(&path).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(1), "it is known by now");
    assert!(eu.web.get("/healthz").await.status.is_success());
}

#[tokio::test]
async fn t53_r25_while_the_centre_is_away_a_token_goes_on_and_its_use_is_told_afterwards() {
    let (mut central, eu, path) = begun().await;
    let direct = eu.token(&central.admin).await;
    let key = eu.web.with(central.admin.token());
    key.get(&path).await.expect(StatusCode::OK);
    direct.get(&path).await.expect(StatusCode::OK);
    let at = |object: &serde_json::Value| {
        let text = object["metadata"]["annotations"][LAST_ACTIVITY].as_str().map(str::to_owned);
        text.and_then(|it| it.parse::<i64>().ok()).unwrap_or(0)
    };
    central.process.kill();
    let killed = dormer::clock::Clock::system().now_seconds();
    let mut open = watch(&direct, &path).await;
    for round in 0..20 {
        let name = format!("written-{round}");
        let body = json!({ "metadata": { "name": name } });
        direct.post(&path, &body).await.expect(StatusCode::CREATED);
        direct.get(&format!("{path}/{name}")).await.expect(StatusCode::OK);
        assert!(open().await.is_some(), "the watch goes on");
    }
    // A person's key that was asked for just now is still believed; an unknown one is nobody's to say.
    key.get(&path).await.expect(StatusCode::OK);
    let unknown = eu.web.with("vck_0000000000000000000000000000000000000000000");
    assert!(
        unknown.get(&path).await.status.is_client_error() || {
            unknown.get(&path).await.status == StatusCode::SERVICE_UNAVAILABLE
        }
    );
    until("the next second", async || {
        direct.get(&path).await.expect(StatusCode::OK);
        (dormer::clock::Clock::system().now_seconds() > killed + 1).then_some(())
    })
    .await;
    central.start_again().await;
    // By a way that is no use of the virtual cluster.
    let back = until_back(&central.admin, "/kubernetes/cluster/eu/api");
    assert!(back.await <= BACK_MAX + Duration::from_secs(1));
    drop(open);
    until("its use is told", async || {
        let object = central.admin.get(&vcluster("demo")).await.body;
        (at(&object) > killed).then_some(())
    })
    .await;
    let written = central.admin.get(&path).await.expect(StatusCode::OK);
    let names = written["items"].as_array().unwrap().iter();
    let names = names.filter(|it| it["metadata"]["name"].as_str().unwrap().starts_with("written-"));
    assert_eq!(names.count(), 20);
    // What was written down beside the cluster meanwhile is told too, each of it once.
    let told = until("the audit trail is told", async || {
        let query = "cluster=eu&virtualCluster=demo&user=admin&limit=500";
        let list = central.admin.get(&format!("/audit/events?{query}")).await.body;
        let items = list["items"].as_array()?.iter();
        let direct = items
            .filter(|it| it["verb"] == "create" && it["annotations"]["dormer.dev/way"] == "direct");
        let ids: Vec<String> = direct.map(|it| it["auditID"].to_string()).collect();
        (ids.len() >= 20).then_some(ids)
    })
    .await;
    let once: std::collections::HashSet<&String> = told.iter().collect();
    assert_eq!((told.len(), once.len()), (20, 20));
}
