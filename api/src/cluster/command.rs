//! The commands that start an agent, which then connects its cluster.

use super::ClusterAccessKey;
use crate::connect::{Line, quote};

/// Where the commands for Helm keep the certificate authority of the central instance.
const CA_FILE: &str = "dormer-ca.pem";
/// What the release of the agent is called.
pub const HELM_RELEASE: &str = "dormer-agent";
/// The namespace of the agent in its cluster.
pub const HELM_NAMESPACE: &str = "dormer";

/// The command that runs the agent on a machine that has the `dormer` program.
#[must_use]
pub fn agent(cluster: &str, key: &ClusterAccessKey) -> Vec<Line> {
    let mut line = Line::new("Run the agent where the cluster can be reached")
        .plain(format!(
            "dormer agent --url {} --cluster {} --code ",
            quote(&key.loft_host),
            quote(cluster)
        ))
        .secret(quote(&key.access_key));
    if !key.ca_cert.is_empty() {
        line = line.plain(" --ca-data ".to_owned()).long(quote(&key.ca_cert));
    }
    vec![line]
}

/// The commands that install the agent into the cluster that `kubectl` points at.
///
/// Every value is set as a string, because Helm would read a cluster with the name `1e3` as a number.
#[must_use]
pub fn helm(cluster: &str, key: &ClusterAccessKey) -> Vec<Line> {
    let own_ca = !key.ca_cert.is_empty();
    let mut lines = Vec::new();
    if own_ca {
        lines.push(
            Line::new("Keep the certificate of this instance in a file, for Helm")
                .plain("printf %s ".to_owned())
                .long(quote(&key.ca_cert))
                .plain(format!(" | base64 -d > {CA_FILE}")),
        );
    }
    let chart = format!("{}/charts/dormer.tgz", key.loft_host);
    let mut line = Line::new("Install the agent into the cluster that kubectl points at")
        .plain(format!(
            "helm upgrade --install {HELM_RELEASE} {} --namespace {HELM_NAMESPACE} --create-namespace",
            quote(&chart)
        ))
        .plain(if own_ca { format!(" --ca-file {CA_FILE}") } else { String::new() })
        .plain(set("mode", "agent"))
        .plain(set("agent.url", &key.loft_host))
        .plain(set("agent.cluster", cluster))
        .plain(" --set-string agent.code=".to_owned())
        .secret(quote(&escaped(&key.access_key)));
    if own_ca {
        line = line
            .plain(" --set-string agent.caData=".to_owned())
            .long(quote(&escaped(&key.ca_cert)));
    }
    if !key.image.is_empty() {
        line = line.plain(set("image", &key.image));
    }
    lines.push(line);
    lines
}

/// The command that takes the agent out of its cluster again.
#[must_use]
pub fn uninstall() -> Line {
    Line::new("Uninstall the agent from the cluster")
        .plain(format!("helm uninstall {HELM_RELEASE} --namespace {HELM_NAMESPACE}"))
}

/// One value of the chart.
fn set(name: &str, value: &str) -> String {
    format!(" --set-string {name}={}", quote(&escaped(value)))
}

/// A value as Helm's own little language has it, where these characters mean something.
///
/// Source: Helm, `pkg/strvals/parser.go`.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '{' | '}') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connect::block;

    fn key() -> ClusterAccessKey {
        ClusterAccessKey {
            access_key: "djc_0123456789".into(),
            loft_host: "https://hub.example.com:9898".into(),
            image: "registry.example.com/dormer:0.1.0".into(),
            ..ClusterAccessKey::default()
        }
    }

    /// What a shell makes of the line: one item a word.
    fn words(line: &Line) -> Vec<String> {
        shlex::split(&line.text()).unwrap()
    }

    #[test]
    fn the_agent_is_told_where_it_joins_as_what_and_by_which_code() {
        let lines = agent("eu-1", &key());
        assert_eq!(
            block(&lines),
            "dormer agent --url https://hub.example.com:9898 --cluster eu-1 --code djc_0123456789\n"
        );
    }

    #[test]
    fn a_private_authority_comes_along_and_no_other_does() {
        let key = ClusterAccessKey { ca_cert: "TUlJ".repeat(20), ..key() };
        let line = &agent("eu-1", &key)[0];
        assert_eq!(words(line)[8..], ["--ca-data".to_owned(), key.ca_cert.clone()]);
        assert!(!line.shown(false).contains(&key.ca_cert), "too long to be read anyhow");
        let lines = helm("eu-1", &key);
        assert_eq!(words(&lines[0])[..3], ["printf", "%s", key.ca_cert.as_str()]);
        assert!(lines[1].text().contains(" --ca-file dormer-ca.pem "));
        assert!(lines[1].text().contains(&format!(" --set-string agent.caData={}", key.ca_cert)));
    }

    #[test]
    fn helm_installs_the_chart_of_this_instance() {
        let lines = helm("eu-1", &key());
        assert_eq!(
            block(&lines),
            "helm upgrade --install dormer-agent https://hub.example.com:9898/charts/dormer.tgz \
             --namespace dormer --create-namespace --set-string mode=agent \
             --set-string agent.url=https://hub.example.com:9898 --set-string agent.cluster=eu-1 \
             --set-string agent.code=djc_0123456789 \
             --set-string image=registry.example.com/dormer:0.1.0\n"
        );
    }

    #[test]
    fn the_code_is_hidden_until_it_is_asked_for() {
        for line in agent("eu-1", &key()).iter().chain(&helm("eu-1", &key())) {
            assert!(line.has_secret());
            assert!(!line.shown(false).contains("0123456789"), "{}", line.shown(false));
            assert!(line.shown(false).contains("djc_••••"));
            assert_eq!(line.shown(true), line.text());
        }
    }

    proptest! {
        #[test]
        fn whatever_the_names_are_a_shell_reads_them_as_one_word(
            cluster in "[^\0]{1,20}", code in "[^\0]{1,20}",
        ) {
            let key = ClusterAccessKey { access_key: code.clone(), ..key() };
            let agent = words(&agent(&cluster, &key)[0]);
            prop_assert_eq!(&agent[4..], ["--cluster".to_owned(), cluster.clone(), "--code".to_owned(), code]);
            let helm = words(&helm(&cluster, &key)[0]);
            let name = format!("agent.cluster={}", escaped(&cluster));
            prop_assert!(helm.contains(&name), "{:?}", helm);
        }

        #[test]
        fn what_helm_reads_back_is_what_was_meant(value in "[a-z,{}\\\\=.]{0,12}") {
            prop_assert_eq!(unescaped(&escaped(&value)), Some(value));
        }
    }

    /// Helm's reading of one value; nothing where it would end early or begin a list.
    fn unescaped(text: &str) -> Option<String> {
        let mut value = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => value.push(chars.next()?),
                ',' | '{' | '}' => return None,
                c => value.push(c),
            }
        }
        Some(value)
    }
}
