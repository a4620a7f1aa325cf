use proptest::prelude::*;
use serde_json::json;

use super::*;

const CONFIG_MAP: &str = "io.k8s.api.core.v1.ConfigMap";
const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

fn by(manager: &str) -> ApplyOptions {
    ApplyOptions { manager: manager.into(), force: false, now: 0 }
}

fn forced(manager: &str) -> ApplyOptions {
    ApplyOptions { force: true, ..by(manager) }
}

fn config(data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "one" }, "data": data })
}

#[track_caller]
fn applied(live: Option<&Value>, data: Value, options: &ApplyOptions) -> Value {
    apply(Some(CONFIG_MAP), live, &config(data), "v1", options).unwrap()
}

/// Who owns what, in one line a manager.
fn owners(object: &Value) -> Vec<String> {
    let managers = managers::read(object).unwrap_or_default();
    managers.iter().map(|it| format!("{}: {}", it.name, it.fields.paths().join(" "))).collect()
}

#[test]
fn what_is_no_longer_applied_goes() {
    let first = applied(None, json!({ "a": "1", "b": "2" }), &by("me"));
    let second = applied(Some(&first), json!({ "a": "1" }), &by("me"));
    assert_eq!(second["data"], json!({ "a": "1" }));
    assert_eq!(owners(&second), ["me: .data.a"]);
    let third = apply(
        Some(CONFIG_MAP),
        Some(&second),
        &json!({ "metadata": { "name": "one" } }),
        "v1",
        &by("me"),
    );
    assert_eq!(third.unwrap().get("data"), None);
}

#[test]
fn what_another_applies_too_stays() {
    let first = applied(None, json!({ "a": "1", "b": "2" }), &by("me"));
    let second = applied(Some(&first), json!({ "b": "2", "c": "3" }), &by("you"));
    let third = applied(Some(&second), json!({ "a": "1" }), &by("me"));
    assert_eq!(third["data"], json!({ "a": "1", "b": "2", "c": "3" }));
    assert_eq!(owners(&third), ["me: .data.a", "you: .data.b .data.c"]);
}

#[test]
fn another_managers_value_is_a_conflict_unless_it_is_taken_by_force() {
    let first = applied(None, json!({ "a": "1" }), &by("me"));
    let error =
        apply(Some(CONFIG_MAP), Some(&first), &config(json!({ "a": "2" })), "v1", &by("you"))
            .unwrap_err();
    assert_eq!(error.to_string(), "Apply failed with 1 conflict: conflict with \"me\": .data.a");
    let Error::Conflict { causes, .. } = error else { panic!("another refusal") };
    assert_eq!(
        (causes[0].reason.as_str(), causes[0].field.as_str()),
        ("FieldManagerConflict", ".data.a")
    );
    let taken = applied(Some(&first), json!({ "a": "2" }), &forced("you"));
    assert_eq!(owners(&taken), ["you: .data.a"]);
}

#[test]
fn several_conflicts_are_listed_by_manager() {
    let mut object = config(json!({ "a": "1", "b": "1" }));
    track_update(None, &mut object, "kubectl-client-side-apply", "v1", 0);
    let change = config(json!({ "a": "2", "b": "2" }));
    let error = apply(Some(CONFIG_MAP), Some(&object), &change, "v1", &by("kubectl")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using v1:\n- .data.a\n- .data.b"
    );
}

#[test]
fn an_ordinary_write_takes_what_it_changes() {
    let first = applied(None, json!({ "a": "1", "b": "2" }), &by("me"));
    let mut second = first.clone();
    second["data"]["a"] = json!("9");
    track_update(Some(&first), &mut second, "kubectl-edit", "v1", 60);
    assert_eq!(owners(&second), ["me: .data.b", "kubectl-edit: .data.a"]);
    let mut third = second.clone();
    third["data"].as_object_mut().unwrap().remove("a");
    track_update(Some(&second), &mut third, "kubectl-edit", "v1", 60);
    assert_eq!(owners(&third), ["me: .data.b"]);
}

#[test]
fn managers_that_a_client_sends_along_are_taken_as_they_are() {
    let first = applied(None, json!({ "a": "1" }), &by("me"));
    let mut second = first.clone();
    second["metadata"]["managedFields"][0]["manager"] = json!("you");
    track_update(Some(&first), &mut second, "kubectl", "v1", 0);
    assert_eq!(owners(&second), ["you: .data.a"]);
    second["metadata"]["managedFields"] = json!([{}]);
    track_update(Some(&first), &mut second, "kubectl", "v1", 0);
    assert_eq!(owners(&second), Vec::<String>::new());
}

#[test]
fn containers_are_merged_by_name_and_their_ports_by_number_and_protocol() {
    let of = |containers: Value| {
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
            "spec": { "template": { "spec": { "containers": containers } } } })
    };
    let mine = of(json!([{ "name": "a", "image": "1", "ports": [{ "containerPort": 80 }] }]));
    let yours = of(json!([{ "name": "b", "image": "2" }]));
    let first = apply(Some(DEPLOYMENT), None, &mine, "apps/v1", &by("me")).unwrap();
    let second = apply(Some(DEPLOYMENT), Some(&first), &yours, "apps/v1", &by("you")).unwrap();
    let names: Vec<&Value> = second["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["b", "a"]);
    let port = r#"k:{"containerPort":80,"protocol":"TCP"}"#;
    let fields = &second["metadata"]["managedFields"][0]["fieldsV1"];
    let containers = &fields["f:spec"]["f:template"]["f:spec"]["f:containers"];
    assert_eq!(containers[r#"k:{"name":"a"}"#]["f:ports"][port]["."], json!({}));
    let third =
        apply(Some(DEPLOYMENT), Some(&second), &of(json!([])), "apps/v1", &by("me")).unwrap();
    assert_eq!(
        third["spec"]["template"]["spec"]["containers"],
        json!([{ "name": "b", "image": "2" }])
    );
}

#[test]
fn finalizers_are_owned_one_by_one() {
    let of = |finalizers: Value| json!({ "metadata": { "name": "x", "finalizers": finalizers } });
    let first = apply(None, None, &of(json!(["a"])), "v1", &by("me")).unwrap();
    let second = apply(None, Some(&first), &of(json!(["b"])), "v1", &by("you")).unwrap();
    let third = apply(None, Some(&second), &of(json!([])), "v1", &by("me")).unwrap();
    assert_eq!(third["metadata"]["finalizers"], json!(["b"]));
    assert_eq!(
        owners(&second),
        ["me: .metadata.finalizers[=\"a\"]", "you: .metadata.finalizers[=\"b\"]"]
    );
}

#[test]
fn applying_the_same_again_changes_nothing_not_even_the_time() {
    let first = applied(None, json!({ "a": "1" }), &by("me"));
    let later = ApplyOptions { now: 3_600, ..by("me") };
    assert_eq!(applied(Some(&first), json!({ "a": "1" }), &later), first);
}

#[test]
fn what_was_there_before_anybody_was_noted_has_an_owner() {
    let live = config(json!({ "a": "1" }));
    let error = apply(Some(CONFIG_MAP), Some(&live), &config(json!({ "a": "2" })), "v1", &by("me"))
        .unwrap_err();
    assert!(error.to_string().contains("\"before-first-apply\" using v1"), "{error}");
}

#[test]
fn many_that_update_become_one() {
    let mut object = config(json!({}));
    for i in 0..30 {
        let old = object.clone();
        object["data"][format!("k{i}")] = json!("x");
        track_update(Some(&old), &mut object, &format!("m{i}"), "v1", i);
    }
    let owners = owners(&object);
    assert_eq!(owners.len(), 10);
    assert!(owners[0].starts_with("ancient-changes: .data.k0 "), "{}", owners[0]);
}

prop_compose! {
    fn data()(data in prop::collection::btree_map("[a-e]", "[x-z]", 0..5)) -> Value { json!(data) }
}

proptest! {
    /// However two managers take turns, each value that one applies by force is there, and nothing
    /// is left that neither applies.
    #[test]
    fn what_is_there_is_what_is_applied(turns in prop::collection::vec((any::<bool>(), data()), 1..8)) {
        let mut live: Option<Value> = None;
        let mut last = [json!({}), json!({})];
        for (me, data) in turns {
            let options = forced(if me { "me" } else { "you" });
            live = Some(applied(live.as_ref(), data.clone(), &options));
            last[usize::from(me)] = data.clone();
            let now = live.as_ref().map(|it| it["data"].clone()).unwrap_or_default();
            for (key, value) in data.as_object().unwrap() {
                prop_assert_eq!(&now[key], value);
            }
            for key in now.as_object().into_iter().flatten().map(|it| it.0) {
                prop_assert!(last.iter().any(|it| it.get(key).is_some()), "{} is nobody's", key);
            }
        }
    }

    #[test]
    fn a_set_of_fields_survives_its_json(data in data(), names in prop::collection::btree_set("[a-z]{1,3}", 0..4)) {
        let containers: Vec<Value> = names.iter().map(|it| json!({ "name": it, "image": "x" })).collect();
        let object = json!({ "metadata": { "labels": data }, "spec": { "template": { "spec": { "containers": containers } } } });
        let fields = Fields::of(Node::named(Some(DEPLOYMENT)), &object);
        prop_assert_eq!(Fields::from_json(&fields.to_json()), Some(fields));
    }

    #[test]
    fn no_managed_fields_however_odd_break_an_update(step in "[fkv.]?:?.{0,8}", operation in "(Apply|Update|x)") {
        let mut object = config(json!({ "a": "1" }));
        object["metadata"]["managedFields"] = json!([{ "manager": "m", "operation": operation, "fieldsV1": { step: {} } }]);
        track_update(None, &mut object, "me", "v1", 0);
    }
}
