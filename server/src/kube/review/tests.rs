use super::judge::attributes_of;
use super::*;
use crate::clock::Clock;
use crate::kube::resource::{Attributes, Decision};
use crate::store::Store;

/// Lets `ann` read pods in `a`, and `root` do everything.
struct Tiny;

impl Authorizer for Tiny {
    fn may(
        &self,
        _: &Snapshot<'_>,
        caller: &Caller,
        it: &Attributes,
        _: Option<&Value>,
    ) -> Result<Decision> {
        let reads = it.verb.is_read() && it.resource == "pods" && it.namespace == "a";
        let allowed = caller.name == "root" || (caller.name == "ann" && reads);
        Ok(if allowed { Decision::Allow } else { Decision::Deny })
    }

    fn by_object(&self) -> bool {
        false
    }
}

/// The answer of the review `plural` to `spec`, asked by `name`.
async fn ask(plural: &'static str, name: &str, spec: Value) -> Result<Value> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Clock::standing_at(0)).unwrap();
    let caller = Caller { name: name.into(), groups: vec!["g".into()], ..Caller::controller("x") };
    let resource = resources(Arc::new(Tiny)).into_iter().find(|it| it.plural == plural).unwrap();
    let Some(Answer::Read(answer)) = resource.virtually else { panic!("not computed") };
    let answered = store.read(move |snapshot| {
        let attributes = attributes_of(&resource.group, plural, "a");
        let call = Call { caller: &caller, cluster: "one", attributes: &attributes, now: 0 };
        answer(&call, snapshot, None, json!({ "spec": spec }))
    });
    answered.await
}

async fn may(name: &str, verb: &str, resource: &str) -> bool {
    let spec =
        json!({ "resourceAttributes": { "verb": verb, "resource": resource, "namespace": "a" } });
    ask("selfsubjectaccessreviews", name, spec).await.unwrap()["status"]["allowed"] == true
}

#[tokio::test]
async fn one_may_ask_what_one_may() {
    assert!(may("ann", "list", "pods").await);
    assert!(!may("ann", "delete", "pods").await);
    assert!(!may("ann", "*", "pods").await);
    assert!(!may("ann", "impersonate", "users").await);
    assert!(may("root", "*", "*").await);
    assert!(may("root", "impersonate", "users").await);
}

#[tokio::test]
async fn paths_are_asked_about_too() {
    for (name, path, allowed) in
        [("ann", "/apis/apps", true), ("ann", "/metrics", false), ("root", "/metrics", true)]
    {
        let spec = json!({ "nonResourceAttributes": { "verb": "get", "path": path } });
        let answer = ask("selfsubjectaccessreviews", name, spec).await.unwrap();
        assert_eq!(answer["status"]["allowed"], allowed, "{name} {path}");
    }
}

#[tokio::test]
async fn one_may_ask_about_another() {
    let asked = json!({ "verb": "get", "resource": "pods", "namespace": "a" });
    let spec = json!({ "user": "ann", "resourceAttributes": asked });
    assert_eq!(
        ask("subjectaccessreviews", "root", spec.clone()).await.unwrap()["status"]["allowed"],
        true
    );
    assert_eq!(
        ask("localsubjectaccessreviews", "root", spec).await.unwrap()["status"]["allowed"],
        true
    );
    let nobody = json!({ "resourceAttributes": asked });
    assert!(ask("subjectaccessreviews", "root", nobody).await.is_err());
}

#[tokio::test]
async fn the_list_of_rights_is_short_for_those_who_have_all() {
    let spec = json!({ "namespace": "a" });
    let root = ask("selfsubjectrulesreviews", "root", spec.clone()).await.unwrap();
    assert_eq!(
        root["status"]["resourceRules"],
        json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }])
    );
    let ann = ask("selfsubjectrulesreviews", "ann", spec).await.unwrap();
    let pods =
        json!({ "verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods"] });
    assert_eq!(ann["status"]["resourceRules"][2], pods);
    assert_eq!(ann["status"]["incomplete"], true);
}

#[tokio::test]
async fn one_is_told_who_one_is() {
    let answer = ask("selfsubjectreviews", "ann", Value::Null).await.unwrap();
    assert_eq!(answer["status"]["userInfo"], json!({ "username": "ann", "groups": ["g"] }));
}

#[tokio::test]
async fn a_question_about_nothing_is_refused() {
    assert!(ask("selfsubjectaccessreviews", "ann", json!({})).await.is_err());
    assert!(ask("selfsubjectrulesreviews", "ann", json!({})).await.is_err());
}
