//! What the API says of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::accept::{self, Shape};
use super::path::Target;
use super::resource::{Resource, Verb};
use super::server::Inner;
use super::{Error, Result, answer, openapi, rows, scale};

/// Answers what is not about objects.
///
/// # Errors
/// [`Error::NoResource`], [`Error::NotAcceptable`].
pub(super) async fn answer(
    server: &Arc<Inner>,
    target: Target,
    headers: &HeaderMap,
) -> Result<Response> {
    if target == Target::Version {
        return answer::value(StatusCode::OK, false, &server.version);
    }
    let resources = all(server).await?;
    match target {
        Target::OpenApiV2 | Target::OpenApiIndex | Target::OpenApi(_) => {
            described(target, &resources)
        }
        Target::CoreVersions | Target::Groups => {
            let form = accept::negotiate(headers)?;
            match form.shape {
                Shape::Discovery(version) => {
                    aggregated(&resources, target == Target::CoreVersions, version)
                }
                Shape::Whole | Shape::Table(_) | Shape::Metadata(_) => {
                    let body =
                        if target == Target::CoreVersions { core() } else { groups(&resources) };
                    answer::value(StatusCode::OK, form.yaml, &body)
                }
            }
        }
        Target::Group(name) => {
            let form = accept::negotiate(headers)?;
            let found = by_group(&resources).into_iter().find(|(it, _)| *it == name);
            let (name, versions) =
                found.filter(|(it, _)| !it.is_empty()).ok_or(Error::NoResource)?;
            let mut body = group(&name, &versions);
            body["kind"] = json!("APIGroup");
            body["apiVersion"] = json!("v1");
            answer::value(StatusCode::OK, form.yaml, &body)
        }
        Target::Resources { group, version } => {
            let form = accept::negotiate(headers)?;
            let is_it = |it: &&Arc<Resource>| it.group == group && it.version == version;
            let mut of_version = resources.iter().filter(is_it).peekable();
            let first = of_version.peek().ok_or(Error::NoResource)?;
            let api_version = first.api_version();
            let listed: Vec<Value> = of_version.flat_map(in_list).collect();
            let body = json!({
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": api_version,
                "resources": listed,
            });
            answer::value(StatusCode::OK, form.yaml, &body)
        }
        Target::Health | Target::Version | Target::Objects(_) => Err(Error::NoResource),
    }
}

async fn all(server: &Arc<Inner>) -> Result<Vec<Arc<Resource>>> {
    let mut all = server.resources.clone();
    all.extend(server.custom_resources().await?.iter().cloned());
    Ok(all)
}

fn described(target: Target, resources: &[Arc<Resource>]) -> Result<Response> {
    let resources: Vec<Resource> = resources.iter().map(|it| (**it).clone()).collect();
    let body = match target {
        Target::OpenApiV2 => openapi::v2(&resources),
        Target::OpenApi(of) => openapi::document(&resources, &of).ok_or(Error::NoResource)?,
        _ => openapi::index(&resources),
    };
    answer::value(StatusCode::OK, false, &body)
}

/// Groups with their versions, the preferred first. The core group is the empty one.
type ByGroup = BTreeMap<String, Vec<String>>;

fn by_group(resources: &[Arc<Resource>]) -> ByGroup {
    let mut groups = ByGroup::new();
    for resource in resources {
        let versions = groups.entry(resource.group.clone()).or_default();
        if !versions.contains(&resource.version) {
            versions.push(resource.version.clone());
        }
    }
    for versions in groups.values_mut() {
        versions.sort_by_key(|it| std::cmp::Reverse(priority(it)));
    }
    groups
}

/// Stable before beta before alpha, and higher numbers first. Source: Kubernetes, "Version priority".
fn priority(version: &str) -> (u8, u32, u32) {
    let read = |text: &str| {
        let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        Some((text[..digits].parse::<u32>().ok()?, text[digits..].to_owned()))
    };
    let Some((major, rest)) = version.strip_prefix('v').and_then(read) else { return (0, 0, 0) };
    if rest.is_empty() {
        return (3, major, 0);
    }
    let stage = |name: &str, rank| {
        let minor = rest.strip_prefix(name)?.parse().ok()?;
        Some((rank, major, minor))
    };
    stage("beta", 2).or_else(|| stage("alpha", 1)).unwrap_or((0, 0, 0))
}

fn core() -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
    })
}

fn groups(resources: &[Arc<Resource>]) -> Value {
    let groups = by_group(resources);
    let listed: Vec<Value> = groups
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, versions)| group(name, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})
}

fn group(name: &str, versions: &[String]) -> Value {
    let version = |it: &String| json!({"groupVersion": format!("{name}/{it}"), "version": it});
    let listed: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "versions": listed, "preferredVersion": listed.first()})
}

/// A resource and its parts, for an `APIResourceList`.
fn in_list(resource: &Arc<Resource>) -> Vec<Value> {
    let mut object = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": words(&resource.verbs),
    });
    if !resource.short_names.is_empty() {
        object["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        object["categories"] = json!(resource.categories);
    }
    let part = |it: &Part| {
        let mut part = json!({
            "name": format!("{}/{}", resource.plural, it.name),
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": it.kind,
            "verbs": it.verbs,
        });
        if let Some((group, version)) = it.of {
            part["group"] = json!(group);
            part["version"] = json!(version);
        }
        part
    };
    std::iter::once(object).chain(parts(resource).iter().map(part)).collect()
}

/// A subresource as discovery tells of it.
struct Part {
    name: String,
    kind: String,
    verbs: Vec<&'static str>,
    /// Its group and version, where they are not the resource's.
    of: Option<(&'static str, &'static str)>,
}

fn parts(resource: &Resource) -> Vec<Part> {
    let stored = rows::of_stored_part(resource);
    let mut parts = Vec::new();
    if resource.status {
        let (name, kind) = ("status".to_owned(), resource.kind.clone());
        parts.push(Part { name, kind, verbs: words(&stored), of: None });
    }
    if scale::paths(resource).is_some() {
        let (name, kind) = ("scale".to_owned(), "Scale".to_owned());
        parts.push(Part { name, kind, verbs: words(&stored), of: Some(("autoscaling", "v1")) });
    }
    parts.extend(resource.subresources.iter().map(|it| Part {
        name: it.name.to_owned(),
        kind: it.kind.to_owned(),
        verbs: words(it.verbs),
        of: None,
    }));
    parts
}

fn words(verbs: &[Verb]) -> Vec<&'static str> {
    let mut words: Vec<&str> = verbs.iter().map(|it| it.as_str()).collect();
    words.sort_unstable();
    words
}

/// All groups, versions and resources in one answer. The core group comes from `/api`, the rest
/// from `/apis`.
fn aggregated(resources: &[Arc<Resource>], core: bool, version: &str) -> Result<Response> {
    let groups = by_group(resources);
    let items: Vec<Value> = groups
        .iter()
        .filter(|(name, _)| name.is_empty() == core)
        .map(|(name, versions)| aggregated_group(resources, name, versions))
        .collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    });
    let mut response = answer::value(StatusCode::OK, false, &list)?;
    let form =
        format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    if let Ok(form) = HeaderValue::from_str(&form) {
        response.headers_mut().insert(header::CONTENT_TYPE, form);
    }
    Ok(response)
}

fn aggregated_group(resources: &[Arc<Resource>], name: &str, versions: &[String]) -> Value {
    let version = |version: &String| {
        let is_it = |it: &&Arc<Resource>| it.group == name && it.version == *version;
        let listed: Vec<Value> =
            resources.iter().filter(is_it).map(|it| aggregated_resource(it)).collect();
        json!({"version": version, "freshness": "Current", "resources": listed})
    };
    let metadata = if name.is_empty() {
        json!({"creationTimestamp": null})
    } else {
        json!({"name": name, "creationTimestamp": null})
    };
    json!({"metadata": metadata, "versions": versions.iter().map(version).collect::<Vec<_>>()})
}

fn aggregated_resource(resource: &Resource) -> Value {
    let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
    let mut object = json!({
        "resource": resource.plural,
        "responseKind": kind,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": words(&resource.verbs),
    });
    if !resource.short_names.is_empty() {
        object["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        object["categories"] = json!(resource.categories);
    }
    let part = |it: Part| {
        let (group, version) = it.of.unwrap_or((&resource.group, &resource.version));
        let kind = json!({"group": group, "version": version, "kind": it.kind});
        json!({"subresource": it.name, "responseKind": kind, "verbs": it.verbs})
    };
    let parts: Vec<Value> = parts(resource).into_iter().map(part).collect();
    if !parts.is_empty() {
        object["subresources"] = json!(parts);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: Kubernetes, "Version priority".
    #[test]
    fn versions_are_in_kubernetes_order() {
        let mut versions = vec![
            "foo10",
            "v1",
            "v11alpha2",
            "v10",
            "v3beta1",
            "v11beta2",
            "v2",
            "v10beta3",
            "v12alpha1",
            "foo1",
        ];
        versions.sort_by_key(|it| std::cmp::Reverse(priority(it)));
        let expected =
            ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2"];
        assert_eq!(versions[..8], expected);
    }
}
