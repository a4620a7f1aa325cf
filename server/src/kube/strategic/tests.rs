use proptest::prelude::*;
use serde_json::json;

use super::*;

const DEPLOYMENT: Option<&str> = Some("io.k8s.api.apps.v1.Deployment");
const POD: Option<&str> = Some("io.k8s.api.core.v1.Pod");

#[track_caller]
fn check(definition: Option<&str>, old: Value, patch: Value, new: Value) {
    assert_eq!(merge(definition, &old, &patch).unwrap(), new);
}

#[test]
fn a_container_is_found_by_its_name_and_only_what_is_said_changes() {
    check(
        POD,
        json!({ "spec": { "containers": [{ "name": "a", "image": "1", "tty": true }, { "name": "b" }] } }),
        json!({ "spec": { "containers": [{ "name": "a", "image": "2", "tty": null }] } }),
        json!({ "spec": { "containers": [{ "name": "a", "image": "2" }, { "name": "b" }] } }),
    );
}

#[test]
fn an_item_goes_by_its_key_and_a_list_by_replacement() {
    let old = json!({ "spec": { "containers": [{ "name": "a" }, { "name": "b", "image": "1" }] } });
    check(
        POD,
        old.clone(),
        json!({ "spec": { "containers": [{ "name": "a", "$patch": "delete" }] } }),
        json!({ "spec": { "containers": [{ "name": "b", "image": "1" }] } }),
    );
    check(
        POD,
        old,
        json!({ "spec": { "containers": [{ "$patch": "replace" }, { "name": "b" }] } }),
        json!({ "spec": { "containers": [{ "name": "b" }] } }),
    );
}

#[test]
fn the_order_that_the_patch_says_is_kept_and_strangers_stay_where_they_were() {
    check(
        POD,
        json!({ "spec": { "containers": [{ "name": "a" }, { "name": "x" }, { "name": "b" }] } }),
        json!({ "spec": {
            "$setElementOrder/containers": [{ "name": "c" }, { "name": "b" }],
            "containers": [{ "name": "c" }, { "name": "a", "$patch": "delete" }],
        } }),
        json!({ "spec": { "containers": [{ "name": "c" }, { "name": "x" }, { "name": "b" }] } }),
    );
}

#[test]
fn finalizers_are_added_and_taken_one_by_one() {
    check(
        None,
        json!({ "metadata": { "finalizers": ["a", "b"] } }),
        json!({ "metadata": { "finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"],
            "$setElementOrder/finalizers": ["b", "c"] } }),
        json!({ "metadata": { "finalizers": ["b", "c"] } }),
    );
}

#[test]
fn a_strategy_keeps_only_what_is_retained() {
    check(
        DEPLOYMENT,
        json!({ "spec": { "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1 } } } }),
        json!({ "spec": { "strategy": { "$retainKeys": ["type"], "type": "Recreate" } } }),
        json!({ "spec": { "strategy": { "type": "Recreate" } } }),
    );
}

#[test]
fn a_map_may_be_replaced_or_emptied() {
    let old = json!({ "data": { "a": "1" }, "metadata": { "labels": { "x": "y" } } });
    check(
        None,
        old,
        json!({ "data": { "$patch": "replace", "b": "2" }, "metadata": { "labels": { "$patch": "delete" } } }),
        json!({ "data": { "b": "2" }, "metadata": { "labels": {} } }),
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    let old = json!({ "spec": { "containers": [{ "name": "a" }] } });
    for patch in [
        json!([]),
        json!({ "$patch": "turn" }),
        json!({ "spec": { "containers": [{ "image": "x" }] } }),
        json!({ "spec": { "$retainKeys": "x" } }),
    ] {
        assert!(matches!(merge(POD, &old, &patch), Err(Error::BadRequest(_))), "{patch}");
    }
}

/// Every write waits for the one that runs.
#[test]
fn a_long_list_is_merged_in_time_that_grows_with_its_length() {
    let items = |patch: &str| -> Vec<Value> {
        (0..30_000).map(|i| json!({ "name": i.to_string(), "$patch": patch })).collect()
    };
    let begun = std::time::Instant::now();
    let old = json!({ "spec": { "containers": items("merge") } });
    for patch in ["merge", "delete"] {
        merge(POD, &old, &json!({ "spec": { "containers": items(patch) } })).unwrap();
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

/// The patch that makes `new` of `old`, as `kubectl apply` would make it.
fn diff(node: Node<'_>, old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let mut patch = Map::new();
    for name in old.keys().filter(|it| !new.contains_key(*it)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        let (node, before) = (node.inside(name), old.get(name));
        match (before, value) {
            (Some(before), value) if before == value => {}
            (Some(Value::Object(_)), Value::Object(_)) => {
                patch.insert(name.clone(), diff(node, &before.cloned().unwrap_or_default(), value));
            }
            (Some(Value::Array(before)), Value::Array(value)) if node.patches_by("merge") => {
                let key = node.patch_key();
                let mut items = Vec::new();
                for item in value {
                    let known = before.iter().find(|it| it[key] == item[key]);
                    let mut change = known.map_or(item.clone(), |it| diff(node.items(), it, item));
                    change[key] = item[key].clone();
                    items.push(change);
                }
                for item in before.iter().filter(|it| !value.iter().any(|new| new[key] == it[key]))
                {
                    items.push(json!({ key: item[key], "$patch": "delete" }));
                }
                let order: Vec<Value> = value.iter().map(|it| json!({ key: it[key] })).collect();
                patch.insert(format!("{ORDER}{name}"), json!(order));
                patch.insert(name.clone(), json!(items));
            }
            (_, value) => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

prop_compose! {
    fn container()(image in "[a-c]", tty in any::<bool>(), env in prop::collection::btree_map("[A-D]", "[x-z]", 0..4)) -> Value {
        let env: Vec<Value> = env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let mut container = json!({ "image": image, "args": [image], "env": env });
        if tty {
            container["tty"] = json!(true);
        }
        container
    }
}

prop_compose! {
    fn deployment()(
        containers in prop::collection::hash_map("[a-e]", container(), 0..4),
        labels in prop::collection::btree_map("[a-d]", "[x-z]", 0..4),
        replicas in prop::option::of(0..5),
    ) -> Value {
        let containers: Vec<Value> = containers.into_iter().map(|(name, mut it)| { it["name"] = json!(name); it }).collect();
        let mut spec = json!({ "template": { "spec": { "containers": containers } } });
        if let Some(replicas) = replicas {
            spec["replicas"] = json!(replicas);
        }
        json!({ "metadata": { "labels": labels }, "spec": spec })
    }
}

proptest! {
    #[test]
    fn the_difference_of_two_objects_merged_into_the_first_gives_the_second(old in deployment(), new in deployment()) {
        let patch = diff(Node::named(DEPLOYMENT), &old, &new);
        let merged = merge(DEPLOYMENT, &old, &patch).unwrap();
        prop_assert_eq!(&merged, &new);
        prop_assert_eq!(merge(DEPLOYMENT, &merged, &patch).unwrap(), new);
    }

    #[test]
    fn an_empty_patch_changes_nothing(old in deployment()) {
        prop_assert_eq!(merge(DEPLOYMENT, &old, &json!({})).unwrap(), old);
    }

    #[test]
    fn no_patch_however_odd_breaks_the_merge(old in deployment(), name in "\\$?[a-z/$]{0,20}", text in ".{0,10}") {
        for patch in [json!({ &name: &text }), json!({ "spec": { &name: [&text] } }), json!({ "metadata": { "labels": { &name: null } } })] {
            let _ = merge(DEPLOYMENT, &old, &patch);
        }
    }
}
