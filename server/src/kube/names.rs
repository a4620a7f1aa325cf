//! What names, labels and keys may look like, in Kubernetes' words.

use dormer_api::name;

use super::resource::Resource;

/// Of the value of a label.
pub(super) const LABEL_RULE: &str = "a valid label must be an empty string or consist of at most 63 alphanumeric characters, \
     '-', '_' or '.', and must start and end with an alphanumeric character";
/// Of the key of a label or annotation.
pub(super) const QUALIFIED_RULE: &str = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must \
     start and end with an alphanumeric character, with an optional DNS subdomain prefix and '/'";
const LABEL_NAME_RULE: &str = "a lowercase RFC 1123 label must consist of at most 63 lower case alphanumeric \
     characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of at most 253 lower case alphanumeric \
     characters, '-' or '.', and must start and end with an alphanumeric character";
const SERVICE_RULE: &str = "a DNS-1035 label must consist of at most 63 lower case alphanumeric characters or '-', \
     start with an alphabetic character, and end with an alphanumeric character";
const SEGMENT_RULE: &str = "may not be '.' or '..' and may not contain '/' or '%'";

/// The rule that a name breaks, if any.
pub(super) fn broken_name_rule(resource: &Resource, given: &str) -> Option<&'static str> {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => name::dns_label(given).err().map(|_| LABEL_NAME_RULE),
        ("", "services") => {
            let letter = given.starts_with(|it: char| it.is_ascii_lowercase());
            (!letter || name::dns_label(given).is_err()).then_some(SERVICE_RULE)
        }
        ("rbac.authorization.k8s.io", _) => {
            let plain = given != "."
                && given != ".."
                && !given.contains(['/', '%', '\\', ';', '#', '?'])
                && !given.contains(char::is_control);
            (!plain).then_some(SEGMENT_RULE)
        }
        _ => name::dns_subdomain(given).err().map(|_| SUBDOMAIN_RULE),
    }
}

/// Whether a text may be the value of a label.
pub(super) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_qualified_part(text)
}

/// Whether a text may be the key of a label, or of an annotation apart from its case.
pub(super) fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, part)) => name::dns_subdomain(prefix).is_ok() && is_qualified_part(part),
        None => is_qualified_part(text),
    }
}

fn is_qualified_part(text: &str) -> bool {
    let inner = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let edge = |it: char| it.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && text.starts_with(edge)
        && text.ends_with(edge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(resource: &Resource, given: &str, fits: bool) {
        assert_eq!(broken_name_rule(resource, given).is_none(), fits, "{given}");
    }

    #[test]
    fn names_keep_the_rules_of_their_resource() {
        let configmaps = Resource::stored("", "v1", "configmaps", "ConfigMap", true);
        check_name(&configmaps, "kube-root-ca.crt", true);
        check_name(&configmaps, "Upper", false);
        check_name(&configmaps, "a/b", false);
        check_name(&configmaps, "a_b", false);
        let namespaces = Resource::stored("", "v1", "namespaces", "Namespace", false);
        check_name(&namespaces, "team-a", true);
        check_name(&namespaces, "team.a", false);
        check_name(&namespaces, &"a".repeat(64), false);
        let services = Resource::stored("", "v1", "services", "Service", true);
        check_name(&services, "a1", true);
        check_name(&services, "1a", false);
        let roles = Resource::stored("rbac.authorization.k8s.io", "v1", "roles", "Role", true);
        check_name(&roles, "system:controller:x", true);
        check_name(&roles, "a%b", false);
        check_name(&roles, "..", false);
    }

    #[test]
    fn labels_are_what_kubernetes_takes_for_labels() {
        assert!(
            is_label_value("")
                && is_label_value("a_B.1")
                && !is_label_value("-a")
                && !is_label_value("a b")
        );
        assert!(
            is_qualified_name("app") && is_qualified_name("x.io/App") && !is_qualified_name("/a")
        );
        assert!(!is_qualified_name("x.io/") && !is_qualified_name(&"a".repeat(64)));
    }
}
