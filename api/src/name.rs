//! Names: what Kubernetes lets an object be called, and the words for each fault.

/// The longest id of a virtual cluster, in characters: it is also a Helm release name, and Helm
/// takes 53 at most.
pub const VCLUSTER_ID_MAX: usize = 53;
/// The longest display name, in characters.
pub const DISPLAY_NAME_MAX: usize = 63;
/// The longest DNS label, in characters (RFC 1123).
const LABEL_MAX: usize = 63;
/// The longest DNS subdomain, in characters (RFC 1123).
const SUBDOMAIN_MAX: usize = 253;

/// Why a text is not a name. The words stand under the field in the page and in the `Status` alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("Give it a name.")]
    Empty,
    /// Longer than the limit, which is the number.
    #[error("At most {0} characters.")]
    TooLong(usize),
    /// A character, or a first or last character, that is not allowed.
    #[error("Only a-z, 0-9 and -, starting and ending with a letter or digit.")]
    Characters,
}

/// Checks the id of a virtual cluster: a DNS label of at most [`VCLUSTER_ID_MAX`] characters.
///
/// # Errors
/// The first rule that `text` breaks.
pub fn vcluster_id(text: &str) -> Result<(), NameError> {
    label_of(text, VCLUSTER_ID_MAX)
}

/// Checks a DNS label (RFC 1123): what most objects and every namespace are called.
///
/// # Errors
/// The first rule that `text` breaks.
pub fn dns_label(text: &str) -> Result<(), NameError> {
    label_of(text, LABEL_MAX)
}

/// Checks a DNS subdomain (RFC 1123): labels joined by dots.
///
/// # Errors
/// The first rule that `text` breaks.
pub fn dns_subdomain(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > SUBDOMAIN_MAX {
        return Err(NameError::TooLong(SUBDOMAIN_MAX));
    }
    text.split('.').try_for_each(|label| match label_of(label, SUBDOMAIN_MAX) {
        Err(NameError::Empty) => Err(NameError::Characters),
        checked => checked,
    })
}

/// Checks a display name: free text, not empty, at most [`DISPLAY_NAME_MAX`] characters.
///
/// # Errors
/// The first rule that `text` breaks.
pub fn display_name(text: &str) -> Result<(), NameError> {
    if text.trim().is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > DISPLAY_NAME_MAX {
        return Err(NameError::TooLong(DISPLAY_NAME_MAX));
    }
    Ok(())
}

/// The id that a display name suggests: lower case, runs of anything else become one `-`, cut to
/// [`VCLUSTER_ID_MAX`]. Empty when nothing of the text can be used.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(VCLUSTER_ID_MAX);
    slug.trim_end_matches('-').to_owned()
}

/// The namespace of a project's objects in the management API.
#[must_use]
pub fn project_namespace(project: &str) -> String {
    format!("{PROJECT_NAMESPACE_PREFIX}{project}")
}

/// The project whose objects live in `namespace`, or nothing for a namespace of another kind.
#[must_use]
pub fn project_of_namespace(namespace: &str) -> Option<&str> {
    namespace.strip_prefix(PROJECT_NAMESPACE_PREFIX)
}

/// What the namespace of every project begins with. Loft 3's own, which every CLI understands.
pub const PROJECT_NAMESPACE_PREFIX: &str = "loft-p-";

fn label_of(text: &str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > max {
        return Err(NameError::TooLong(max));
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edges = text.starts_with('-') || text.ends_with('-');
    if edges || !text.bytes().all(allowed) {
        return Err(NameError::Characters);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(), NameError>) {
        assert_eq!(vcluster_id(text), expected, "{text:?}");
    }

    #[test]
    fn an_id_is_a_dns_label_of_53_characters_at_most() {
        check("calm-otter", Ok(()));
        check("7", Ok(()));
        check("", Err(NameError::Empty));
        check("-a", Err(NameError::Characters));
        check("a-", Err(NameError::Characters));
        check("A", Err(NameError::Characters));
        check("ä", Err(NameError::Characters));
        check("a.b", Err(NameError::Characters));
        check(&"a".repeat(53), Ok(()));
        check(&"a".repeat(54), Err(NameError::TooLong(53)));
    }

    #[test]
    fn a_subdomain_is_labels_joined_by_dots() {
        assert_eq!(dns_subdomain("widgets.example.com"), Ok(()));
        assert_eq!(dns_subdomain("a..b"), Err(NameError::Characters));
        assert_eq!(dns_subdomain(".a"), Err(NameError::Characters));
    }

    proptest! {
        #[test]
        fn a_slug_is_empty_or_an_id(text in ".{0,80}") {
            let slug = slug(&text);
            prop_assert!(slug.is_empty() || vcluster_id(&slug).is_ok(), "{slug:?}");
        }

        #[test]
        fn an_id_is_its_own_slug(id in "[a-z0-9]([a-z0-9]|-[a-z0-9]){0,20}") {
            prop_assert_eq!(slug(&id), id);
        }
    }
}
