//! A host cluster, as the list and its panels see it.

use dormer_api::annotation;
use dormer_api::cluster::{Cluster, Health, health};
use dormer_api::session::UserInfo;
use dormer_api::state::Tone;
use dormer_api::table::Row;

use crate::live::{Columns, FromRow};
use crate::probe::{Probes, Reading};
use crate::ui::{IconKind, Sort};

/// What the list can be sorted by, as the URL names it. The first is the usual one.
pub const SORT_KEYS: [&str; 4] = ["name", "state", "vclusters", "contact"];

impl FromRow for Cluster {
    fn from_row(_: &Columns, row: &Row) -> Self {
        let object = &row.object;
        Self {
            metadata: object.metadata.clone(),
            spec: serde_json::from_value(object.spec.clone()).unwrap_or_default(),
            status: serde_json::from_value(object.status.clone()).unwrap_or_default(),
        }
    }
}

/// What it is called: its display name, or else its name.
pub fn title(it: &Cluster) -> String {
    match it.spec.display_name.as_str() {
        "" => it.metadata.name.clone(),
        title => title.to_owned(),
    }
}

/// Its agent has never been there: the wizard is where it goes on.
pub fn is_waiting(it: &Cluster) -> bool {
    it.spec.network_peer && it.status.agent.is_none()
}

/// The host of its direct endpoint, where that is preferred.
pub fn direct_host(it: &Cluster) -> Option<&str> {
    let host = it.metadata.annotation(annotation::DIRECT_ENDPOINT)?;
    Some(host.trim_start_matches("https://").trim_end_matches('/'))
}

/// The shape that stands for how it is.
pub fn icon(health: &Health) -> IconKind {
    match health.tone {
        Tone::Running => IconKind::Running,
        Tone::Failed => IconKind::Failed,
        Tone::Attention => IconKind::Attention,
        Tone::Pending => IconKind::Busy,
        Tone::Offline | Tone::Sleeping => IconKind::Unknown,
    }
}

/// Which version of the agent it has, or why it has none.
pub fn agent_words(it: &Cluster) -> (String, &'static str) {
    match &it.status.agent {
        Some(agent) if agent.embedded => (agent.version.clone(), "embedded"),
        Some(agent) => (agent.version.clone(), ""),
        None if it.spec.local => ("built in".to_owned(), ""),
        None if it.spec.network_peer => ("not yet".to_owned(), ""),
        None => ("none".to_owned(), "by kubeconfig"),
    }
}

/// Which way requests to it go, and how far it is on that way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// `Direct` or `Central`, with what was measured.
    pub main: String,
    /// Where that goes, or what it is made of.
    pub sub: String,
    /// How well it was found.
    pub tone: Option<Tone>,
}

/// The way to `it` from this browser.
pub fn way(it: &Cluster, probes: Probes) -> Way {
    let host = direct_host(it);
    if !it.status.online {
        // What was measured before says nothing now.
        let main = if host.is_some() { "Direct" } else { "Central" };
        return Way { main: main.into(), sub: "not connected".into(), tone: None };
    }
    match host {
        Some(host) => direct_way(it, host, probes.of(host)),
        None => central_way(it, probes.central()),
    }
}

fn direct_way(it: &Cluster, host: &str, reading: Option<Reading>) -> Way {
    let checked = it.status.endpoint.as_ref().filter(|check| check.host == host);
    let well = checked.is_some_and(|check| check.ok);
    let (mark, tone) = match checked {
        Some(_) if well => (" ✓", Some(Tone::Running)),
        Some(_) => (", check failed", Some(Tone::Attention)),
        None => (", not checked", Some(Tone::Attention)),
    };
    let ms = reading.and_then(Reading::ms).map(|ms| format!(" {ms} ms")).unwrap_or_default();
    let sub = match reading {
        Some(reading) if reading.failed() => format!("{} from here", reading.words()),
        Some(_) | None => host.to_owned(),
    };
    Way { main: format!("Direct{mark}{ms}"), sub, tone }
}

/// Through the central instance it is as far as to there, and on from there.
fn central_way(it: &Cluster, reading: Option<Reading>) -> Way {
    let here = reading.and_then(Reading::ms);
    let on = it.status.latency_ms;
    let (main, sub) = match (here, on) {
        (Some(here), Some(on)) if !it.spec.local => {
            (format!("Central {} ms", here + on), format!("{here} ms, then {on} ms"))
        }
        (Some(here), _) if it.spec.local => (format!("Central {here} ms"), String::new()),
        (Some(here), _) => ("Central".to_owned(), format!("{here} ms to this instance")),
        (None, _) => ("Central".to_owned(), String::new()),
    };
    let sub = if it.spec.local { "inside this instance".to_owned() } else { sub };
    Way { main, sub, tone: None }
}

/// The person may send requests to the cluster itself. Administrators may in any case.
pub fn may_use(it: &Cluster, person: &UserInfo) -> bool {
    let named = |names: &[String], name: &str| names.iter().any(|it| it == "*" || it == name);
    it.spec.access.iter().any(|access| {
        let verb = named(&access.verbs, "use");
        let in_team = person.teams.iter().any(|team| named(&access.teams, &team.name));
        verb && (named(&access.users, &person.name) || in_team)
    })
}

/// Every word of `words` is in its names or its state.
pub fn passes(it: &Cluster, words: &str, now: i64) -> bool {
    let state = health(it, now).word;
    let has = |text: &str, word: &str| text.to_lowercase().contains(word);
    words.split_whitespace().all(|word| {
        has(&it.spec.display_name, word) || has(&it.metadata.name, word) || has(state, word)
    })
}

/// The order of the list. By state, what needs attention is first.
pub fn compare(a: &Cluster, b: &Cluster, sort: &Sort, now: i64) -> std::cmp::Ordering {
    let ordering = match sort.key.as_str() {
        "state" => need(a, now).cmp(&need(b, now)),
        "vclusters" => a.status.virtual_clusters.cmp(&b.status.virtual_clusters),
        "contact" => a.status.last_contact.cmp(&b.status.last_contact),
        _ => title(a).to_lowercase().cmp(&title(b).to_lowercase()),
    };
    let ordering = if sort.descending { ordering.reverse() } else { ordering };
    ordering.then_with(|| a.metadata.name.cmp(&b.metadata.name))
}

fn need(it: &Cluster, now: i64) -> u8 {
    match health(it, now).tone {
        Tone::Failed => 0,
        Tone::Attention => 1,
        Tone::Offline | Tone::Sleeping => 2,
        Tone::Pending => 3,
        Tone::Running => 4,
    }
}

#[cfg(test)]
mod tests {
    use dormer_api::cluster::EndpointCheck;
    use dormer_api::meta::Access;
    use dormer_api::session::EntityInfo;

    use super::*;

    fn direct(ok: bool) -> Cluster {
        let mut it = Cluster::default();
        let host = "https://eu-1.example.com/".to_owned();
        it.metadata.annotations.insert(annotation::DIRECT_ENDPOINT.into(), host);
        let host = "eu-1.example.com".to_owned();
        it.status.endpoint = Some(EndpointCheck { host, ok, ..EndpointCheck::default() });
        it
    }

    #[test]
    fn the_direct_way_says_how_far_it_is_and_whether_it_was_found_well() {
        let way = |ok, reading| direct_way(&direct(ok), "eu-1.example.com", reading);
        assert_eq!(way(true, Some(Reading::Ms(18))).main, "Direct ✓ 18 ms");
        assert_eq!(way(false, None).main, "Direct, check failed");
        assert_eq!(way(true, Some(Reading::NotReached)).sub, "not reached from here");
        assert_eq!(direct_host(&direct(true)), Some("eu-1.example.com"));
    }

    #[test]
    fn the_central_way_is_the_sum_of_its_two_parts() {
        let mut it = Cluster::default();
        it.status.latency_ms = Some(83);
        let way = central_way(&it, Some(Reading::Ms(12)));
        assert_eq!((way.main.as_str(), way.sub.as_str()), ("Central 95 ms", "12 ms, then 83 ms"));
        assert_eq!(central_way(&it, None).main, "Central");
    }

    #[test]
    fn whoever_it_was_shared_with_may_use_it() {
        let mut it = Cluster::default();
        let person = UserInfo {
            name: "dana".into(),
            teams: vec![EntityInfo { name: "web".into(), ..EntityInfo::default() }],
            ..UserInfo::default()
        };
        assert!(!may_use(&it, &person));
        let verbs = vec!["get".to_owned(), "use".to_owned()];
        it.spec.access = vec![Access { verbs, teams: vec!["web".into()], ..Access::default() }];
        assert!(may_use(&it, &person));
        it.spec.access[0].verbs.pop();
        assert!(!may_use(&it, &person), "seeing is not using");
    }
}
