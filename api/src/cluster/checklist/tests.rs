use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::cluster::tests::{NOW, at, cluster, refused, set, well};
use crate::cluster::{CheckStep, EndpointCheck};

const URL: &str = "https://hub.example.com:9898";

fn shown(cluster: &Cluster, now: i64) -> String {
    checklist(cluster, URL, now).iter().fold(String::new(), |mut text, line| {
        _ = writeln!(text, "{:?} {} - {}", line.state, line.title, line.message);
        text
    })
}

fn line(cluster: &Cluster, step: Step) -> Line {
    checklist(cluster, URL, NOW).into_iter().find(|it| it.step == step).unwrap()
}

#[test]
fn a_cluster_that_was_just_made_waits_for_its_agent() {
    insta::assert_snapshot!(shown(&cluster(), NOW), @r"
    Running First contact - Nothing has arrived yet.
    Waiting Join code accepted - 
    Waiting Agent version - 
    Waiting API answers - 
    Waiting Direct endpoint checked - 
    Waiting Connected - 
    ");
}

#[test]
fn a_cluster_that_is_well_went_through_all_of_it() {
    insta::assert_snapshot!(shown(&well(), NOW), @r"
    Done First contact - The agent reached this instance.
    Done Join code accepted - The join code was right.
    Done Agent version - 0.1.0 works with this instance.
    Done API answers - In 18 ms.
    Skipped Direct endpoint checked - There is none. Requests go through the central instance.
    Done Connected - It can hold virtual clusters.
    ");
}

#[test]
fn a_kubeconfig_has_no_lines_of_an_agent() {
    let mut it = well();
    it.spec.network_peer = false;
    let steps: Vec<Step> = checklist(&it, URL, NOW).iter().map(|line| line.step).collect();
    assert_eq!(steps, [Step::ApiAnswers, Step::EndpointChecked, Step::Done]);
}

#[test]
fn blocked_egress_is_told_after_a_minute_with_the_address_that_has_to_be_reached() {
    let lines = checklist(&cluster(), URL, NOW + 60);
    assert_eq!(lines[0].state, Progress::Failed);
    assert_eq!(lines[0].message, "Nothing arrived for 1 min.");
    assert!(lines[0].next.contains("curl -k https://hub.example.com:9898/healthz"));
}

#[test]
fn a_new_code_begins_the_wait_anew() {
    let mut it = cluster();
    it.status.join_code_expires = Some(at(NOW + 3600 + 600));
    assert_eq!(checklist(&it, URL, NOW + 3600)[0].state, Progress::Running);
}

#[test]
fn a_code_that_nobody_used_expires_in_sight() {
    let lines = checklist(&cluster(), URL, NOW + 600);
    assert_eq!((lines[1].step, lines[1].state), (Step::CodeAccepted, Progress::Failed));
    assert_eq!(lines[1].message, "The join code expired before an agent used it.");
}

#[test]
fn every_refusal_has_a_cause_and_a_next_step_of_its_own() {
    let refusals = [
        (condition::CODE_ACCEPTED, condition::WRONG_CODE),
        (condition::CODE_ACCEPTED, condition::EXPIRED_CODE),
        (condition::CODE_ACCEPTED, condition::USED_CODE),
        (condition::CODE_ACCEPTED, condition::SAME_CLUSTER),
        (condition::AGENT_VERSION, condition::OLD_AGENT),
        (condition::API_ANSWERS, condition::NO_ANSWER),
        (condition::API_ANSWERS, condition::SWAPPED),
        (condition::API_ANSWERS, condition::TWO_AGENTS),
    ];
    let mut causes = Vec::new();
    for (kind, reason) in refusals {
        let mut it = well();
        refused(&mut it, kind, reason);
        let lines = checklist(&it, URL, NOW);
        let failed: Vec<&Line> = lines.iter().filter(|it| it.state == Progress::Failed).collect();
        assert_eq!(failed.len(), 1, "{reason}");
        assert!(!failed[0].next.is_empty() && failed[0].at == Some(NOW - 5), "{reason}");
        assert_eq!(lines.last().unwrap().state, Progress::Waiting, "{reason}");
        causes.push(failed[0].message.clone());
    }
    causes.sort();
    causes.dedup();
    assert_eq!(causes.len(), refusals.len());
}

#[test]
fn what_the_server_found_is_told_in_its_words() {
    let mut it = well();
    refused(&mut it, condition::CODE_ACCEPTED, condition::SAME_CLUSTER);
    it.status.conditions.last_mut().unwrap().message = "It is connected as eu-0.".into();
    assert_eq!(line(&it, Step::CodeAccepted).message, "It is connected as eu-0.");
}

#[test]
fn a_bad_endpoint_is_told_by_its_step_and_does_not_keep_the_cluster_from_being_used() {
    let mut it = well();
    it.status.endpoint = Some(EndpointCheck {
        at: at(NOW - 30),
        steps: vec![
            CheckStep { name: "Name".into(), ok: true, ..CheckStep::default() },
            CheckStep {
                name: "Certificate".into(),
                message: "It expired.".into(),
                ..CheckStep::default()
            },
        ],
        ..EndpointCheck::default()
    });
    set(&mut it, condition::ENDPOINT_CHECKED, "False", "Certificate");
    let endpoint = line(&it, Step::EndpointChecked);
    assert_eq!(
        (endpoint.state, endpoint.message.as_str()),
        (Progress::Failed, "Certificate: It expired.")
    );
    assert_eq!(line(&it, Step::Done).state, Progress::Done);
}

#[test]
fn a_cluster_that_fell_silent_is_not_done_any_more() {
    let lines = checklist(&well(), URL, NOW + 120);
    assert_eq!(lines[3].message, "It answered, but not for 2 min.");
    assert_eq!(lines[5].state, Progress::Waiting);
}

proptest! {
    /// Whatever the conditions say together, the list reads from the top: nothing is done after
    /// something that is not, but a bad endpoint, and what is red says what to do.
    #[test]
    fn the_list_reads_from_the_top(
        conditions in proptest::collection::vec(("AgentContacted|JoinCodeAccepted|AgentVersionSupported|ApiAnswers|EndpointChecked|Other", "True|False|Unknown|", "[A-Z][a-z]{0,6}"), 0..8),
        network_peer: bool,
        online: bool,
        later in -100i64..10_000,
    ) {
        let mut it = well();
        it.status.conditions.clear();
        it.spec.network_peer = network_peer;
        it.status.online = online;
        for (kind, status, reason) in &conditions {
            set(&mut it, kind, status, reason);
        }
        let lines = checklist(&it, URL, NOW + later);
        prop_assert!(lines.is_sorted_by(|a, b| a.step < b.step));
        prop_assert_eq!(lines.last().unwrap().step, Step::Done);
        let mut stopped = false;
        for line in &lines {
            prop_assert!(!stopped || !line.passed(), "{lines:?}");
            stopped |= !line.passed() && line.step != Step::EndpointChecked;
            prop_assert_eq!(line.state == Progress::Failed && line.next.is_empty(), false);
        }
        if lines.last().unwrap().state == Progress::Done {
            prop_assert!(online && later <= FRESH);
        }
    }
}
