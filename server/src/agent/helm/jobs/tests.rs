use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::*;

fn place() -> Place {
    ("ns".into(), "dev".into())
}

fn install(fingerprint: &str) -> Ask {
    Ask { uid: "1".into(), what: What::Install(fingerprint.into()) }
}

fn uninstall() -> Ask {
    Ask { uid: "1".into(), what: What::Uninstall }
}

fn begun_at(jobs: &Jobs) -> Begun {
    lock(&jobs.all)[&place()].begun.clone()
}

/// Waits until nothing runs there any more.
async fn end(jobs: &Jobs) {
    while jobs.running(&place()) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_time_to_the_next_try_doubles_to_an_end() {
    let seconds: Vec<u64> = (0..8).map(|it| retry_after(it).as_secs()).collect();
    assert_eq!(seconds, [10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!(retry_after(u32::MAX), RETRY_MAX);
}

#[tokio::test]
async fn what_runs_is_not_begun_again_and_what_is_done_is_done() {
    let jobs = Jobs::new();
    let (go, gone) = oneshot::channel::<()>();
    let work = |begun: Begun| async move {
        assert!(!begun.swap(true, Ordering::SeqCst));
        _ = gone.await;
        Ok(())
    };
    assert_eq!(jobs.ask(&place(), install("a"), work), Answer::Running);
    // Another one waits for it.
    let never = |_| async { panic!("two at a time") };
    assert_eq!(jobs.ask(&place(), install("a"), never), Answer::Running);
    assert_eq!(jobs.ask(&place(), install("b"), never), Answer::Running);
    go.send(()).unwrap();
    end(&jobs).await;
    assert_eq!(jobs.ask(&place(), install("a"), never), Answer::Done);
    assert!(jobs.done(&place(), &install("a")));
}

#[tokio::test]
async fn a_failure_is_told_until_its_time_and_forgotten_for_another_ask() {
    let jobs = Jobs::new();
    let fails = |_| async { Err(Halt::Failed("no such chart".into())) };
    assert_eq!(jobs.ask(&place(), install("a"), fails), Answer::Running);
    end(&jobs).await;
    assert_eq!(jobs.ask(&place(), install("a"), fails), Answer::Failed("no such chart".into()));
    assert_eq!(jobs.ask(&place(), install("b"), |_| async { Ok(()) }), Answer::Running);
    end(&jobs).await;
    assert_eq!(jobs.ask(&place(), install("b"), fails), Answer::Done);
}

#[tokio::test]
async fn what_waits_is_no_failure_and_begins_when_its_time_has_come() {
    let jobs = Jobs::new();
    let waits = |time| move |_| async move { Err(Halt::Waiting("another".into(), time)) };
    assert_eq!(jobs.ask(&place(), install("a"), waits(Duration::ZERO)), Answer::Running);
    end(&jobs).await;
    assert_eq!(jobs.ask(&place(), install("a"), waits(Duration::MAX / 4)), Answer::Running);
    end(&jobs).await;
    let told = jobs.ask(&place(), install("a"), waits(Duration::ZERO));
    assert_eq!(told, Answer::Waiting("another".into()));
}

#[tokio::test]
async fn removal_ends_what_runs() {
    let jobs = Jobs::new();
    let forever = |begun: Begun| async move {
        begun.store(true, Ordering::SeqCst);
        std::future::pending().await
    };
    assert_eq!(jobs.ask(&place(), install("a"), forever), Answer::Running);
    while !begun_at(&jobs).load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let ends = |begun: Begun| async move {
        assert!(begun.load(Ordering::SeqCst), "it knows of the run before it");
        Ok(())
    };
    assert_eq!(jobs.ask(&place(), uninstall(), ends), Answer::Running);
    end(&jobs).await;
    assert!(jobs.done(&place(), &uninstall()));
}

#[tokio::test]
async fn no_more_than_a_few_run_at_once() {
    let jobs = Jobs::new();
    let (begun, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut ends = Vec::new();
    for number in 0..5 {
        let (end, ended) = oneshot::channel::<()>();
        let begun = begun.clone();
        ends.push(end);
        let place = ("ns".to_owned(), format!("dev-{number}"));
        _ = jobs.ask(&place, install("a"), |_| async move {
            _ = begun.send(());
            _ = ended.await;
            Ok(())
        });
    }
    for _ in 0..RUNS_MAX {
        heard.recv().await.unwrap();
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(heard.try_recv().is_err(), "more than {RUNS_MAX} run");
    drop(ends);
    for _ in RUNS_MAX..5 {
        heard.recv().await.unwrap();
    }
}
