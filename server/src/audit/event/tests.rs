use axum::body::Body;

use super::*;

/// The event of `GET path`.
fn event(path: &str) -> Event {
    let request = Request::get(path).body(Body::empty()).unwrap();
    Event::of(&Caller::controller("test"), &request, 1_763_655_000_000_001)
}

#[track_caller]
fn about(method: Method, rest: &str, upgrade: bool, expected: &str) {
    let request = Request::builder().method(method.clone()).body(Body::empty()).unwrap();
    let mut event = Event::of(&Caller::controller("test"), &request, 0);
    event.about(&method, rest, upgrade);
    let it = event.object_ref.unwrap_or_default();
    let said = [event.verb, it.api_group, it.resource, it.namespace, it.name, it.subresource];
    assert_eq!(said.join(" ").trim_end(), expected, "{method} {rest}");
}

#[test]
fn a_request_is_told_by_its_verb_and_its_object() {
    about(Method::GET, "/api/v1/namespaces/a/pods?limit=500", false, "list  pods a");
    about(Method::GET, "/api/v1/pods?watch=true", false, "watch  pods");
    about(Method::GET, "/api/v1/namespaces/a/pods/b/log?follow=true", false, "get  pods a b log");
    about(
        Method::GET,
        "/api/v1/namespaces/a/pods/b/exec?command=x",
        true,
        "connect  pods a b exec",
    );
    about(
        Method::DELETE,
        "/apis/apps/v1/namespaces/a/deployments/b",
        false,
        "delete apps deployments a b",
    );
    about(Method::GET, "/version", false, "get");
    about(Method::POST, "/what/ever", false, "post");
}

#[test]
fn of_a_path_only_what_kubernetes_reads_is_written_down() {
    for (path, expected) in [
        ("/kubernetes/cluster/eu/api/v1/pods?token=canary", "/kubernetes/cluster/eu/api/v1/pods"),
        ("/x/services/web/proxy/reset/canary", "/x/services/web/proxy"),
        ("/x/vck_canary/y", "/x/-hidden-/y"),
        ("/x/eyJcanary.eyJcanary.canary", "/x/-hidden-"),
        ("/x/namespaces/proxy/pods", "/x/namespaces/proxy/pods"),
    ] {
        assert_eq!(event(path).request_uri, expected);
    }
    let long = format!("/{}", "x".repeat(10_000));
    assert_eq!(event(&long).request_uri.len(), PATH_MAX);
}

#[test]
fn an_event_has_the_shape_of_kubernetes() {
    let mut event = event("/kubernetes/cluster/eu/api/v1/namespaces/a");
    event.about(&Method::GET, "/api/v1/namespaces/a", false);
    event.response_status = Some(ResponseStatus { code: 200 });
    event.stage = Stage::ResponseComplete;
    let expected = serde_json::json!({
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": event.audit_id,
        "stage": "ResponseComplete",
        "requestURI": "/kubernetes/cluster/eu/api/v1/namespaces/a",
        "verb": "get",
        "user": {
            "username": "system:dormer:test",
            "uid": "",
            "groups": ["system:masters", "system:authenticated"],
        },
        "sourceIPs": [],
        "userAgent": "",
        "objectRef": { "resource": "namespaces", "name": "a", "apiVersion": "v1" },
        "responseStatus": { "code": 200 },
        "requestReceivedTimestamp": "2025-11-20T16:10:00.000001Z",
        "stageTimestamp": "2025-11-20T16:10:00.000001Z",
        "annotations": {},
    });
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
    assert_eq!(serde_json::from_value::<Event>(expected).unwrap(), event);
    assert_eq!(event.came(), Some(1_763_655_000_000_001));
}
