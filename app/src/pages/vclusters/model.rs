//! A virtual cluster, as its row tells it.

use dormer_api::ago::unix;
use dormer_api::annotation;
use dormer_api::name::project_of_namespace;
use dormer_api::state::State;
use dormer_api::table::Row;
use dormer_api::vcluster::{ActivityInfo, Phase, SleepFacts};

use crate::live::{Columns, FromRow};
use crate::ui::IconKind;

/// How long after its last use a virtual cluster still counts as in use, in seconds.
const ACTIVE_S: i64 = 2 * 60;

/// What the list knows of one virtual cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vcluster {
    /// Its id in its project.
    pub name: String,
    /// The project it belongs to.
    pub project: String,
    /// What it is called: its display name, or else its id.
    pub title: String,
    /// Absent until the controller first saw it.
    pub phase: Option<Phase>,
    /// One word for programs.
    pub reason: String,
    /// One sentence for people.
    pub message: String,
    /// The host cluster; empty until one is chosen.
    pub host: String,
    /// Whose it is.
    pub owner: String,
    /// What it was made from.
    pub template: String,
    /// Unix seconds.
    pub created: Option<i64>,
    /// The caller may use it.
    pub can_use: bool,
    /// The caller may change it.
    pub can_update: bool,
    /// What its annotations say of its sleep.
    pub facts: SleepFacts,
    /// Who used it last, and how.
    pub activity: ActivityInfo,
    /// Who put it to sleep; empty where nobody did.
    pub slept_by: String,
    /// Its deletion was asked for.
    pub deleting: bool,
    /// It may not be deleted.
    pub protected: bool,
    /// Tells one state of the object from the next; compared for equality only.
    pub revision: String,
    /// What a filter looks through, in lower case, one line a column. The first line is the title,
    /// and what the list is sorted by. Made once, because ten thousand rows are filtered at each key.
    pub search: String,
}

impl FromRow for Vcluster {
    fn from_row(columns: &Columns, row: &Row) -> Self {
        let metadata = &row.object.metadata;
        let display_name = columns.text(row, "Display Name");
        let project = match columns.text(row, "Project") {
            project if project.is_empty() => {
                project_of_namespace(&metadata.namespace).unwrap_or_default().to_owned()
            }
            project => project,
        };
        let activity = metadata.annotation(annotation::LAST_ACTIVITY_INFO);
        let read = Self {
            title: if display_name.is_empty() { metadata.name.clone() } else { display_name },
            name: metadata.name.clone(),
            project,
            phase: phase(&columns.text(row, "Phase")),
            reason: columns.text(row, "Reason"),
            message: columns.text(row, "Message"),
            host: columns.text(row, "Cluster"),
            owner: columns.text(row, "Owner"),
            template: columns.text(row, "Template"),
            created: metadata.creation_timestamp.as_deref().and_then(unix),
            can_use: columns.flag(row, "Can Use"),
            can_update: columns.flag(row, "Can Update"),
            facts: SleepFacts::of(metadata),
            activity: activity.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default(),
            slept_by: metadata.annotation(annotation::SLEEP_BY).unwrap_or_default().to_owned(),
            deleting: metadata.deletion_timestamp.is_some(),
            protected: metadata.annotation(annotation::NON_DELETABLE) == Some("true"),
            revision: metadata.resource_version.clone(),
            search: String::new(),
        };
        read.searchable()
    }
}

impl Vcluster {
    /// The same, with what a filter looks through.
    fn searchable(mut self) -> Self {
        let columns = [&self.title, &self.name, &self.owner, &self.host, &self.project];
        self.search = columns.map(|it| it.to_lowercase()).join("\n");
        self
    }

    /// What it is sorted by: its title, in lower case.
    pub fn sort_key(&self) -> &str {
        self.search.split('\n').next().unwrap_or_default()
    }

    /// What it does.
    pub fn state(&self, now: i64) -> State {
        State::of(self.phase, &self.reason, self.deleting, &self.facts, now)
    }

    /// It is awake, and was used a moment ago.
    pub fn is_active(&self, now: i64) -> bool {
        let used = self.facts.last_activity.is_some_and(|last| now - last < ACTIVE_S);
        used && self.facts.sleeping_since.is_none()
    }

    /// Why the caller may not change it; nothing where they may.
    pub fn locked_because(&self) -> Option<String> {
        let owner = if self.owner.is_empty() { "Its owner" } else { &self.owner };
        (!self.can_update).then(|| format!("You may not change it. {owner} may."))
    }

    /// Why the caller may not delete it; nothing where they may.
    pub fn kept_because(&self) -> Option<String> {
        match self.locked_because() {
            None if self.protected => Some("It is protected from deletion.".to_owned()),
            because => because,
        }
    }
}

/// The first word of a `User-Agent` without its version: `kubectl/v1.32.0` is `kubectl`.
pub fn client_name(client: &str) -> &str {
    client.split('/').next().unwrap_or_default()
}

/// The shape that stands for a state.
pub fn icon(state: State) -> IconKind {
    match state {
        State::Failed => IconKind::Failed,
        State::Unknown => IconKind::Unknown,
        State::Creating | State::Waking | State::FallingAsleep => IconKind::Busy,
        State::Deleting => IconKind::Deleting,
        State::Running => IconKind::Running,
        State::Sleeping => IconKind::Moon,
        State::Held => IconKind::MoonLocked,
    }
}

fn phase(text: &str) -> Option<Phase> {
    match text {
        "Pending" => Some(Phase::Pending),
        "Ready" => Some(Phase::Ready),
        "Sleeping" => Some(Phase::Sleeping),
        "Failed" => Some(Phase::Failed),
        _ => None,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A virtual cluster to test with.
    pub fn vcluster(name: &str, phase: Phase) -> Vcluster {
        Vcluster {
            name: name.into(),
            title: name.into(),
            project: "default".into(),
            owner: "anna".into(),
            host: "loft-cluster".into(),
            phase: Some(phase),
            can_use: true,
            can_update: true,
            ..Vcluster::default()
        }
        .searchable()
    }

    #[test]
    fn a_row_is_read_with_its_annotations() {
        let table = serde_json::from_str(
            r#"{"columnDefinitions":[{"name":"Name"},{"name":"Phase"},{"name":"Can Use"}],
            "rows":[{"cells":["calm-otter","Sleeping",true],"object":{"metadata":{
              "name":"calm-otter","namespace":"loft-p-web","uid":"u","annotations":{
                "sleepmode.loft.sh/sleep-type":"forcedSleep",
                "sleepmode.dormer.dev/forced-by":"ben",
                "sleepmode.loft.sh/last-activity-info":"{\"subject\":\"anna\",\"client\":\"kubectl/v1.32.0\"}"
              }}}}]}"#,
        );
        let table: dormer_api::table::Table = table.unwrap();
        let read = Vcluster::from_row(&Columns::of(&table), &table.rows[0]);
        assert_eq!((read.title.as_str(), read.project.as_str()), ("calm-otter", "web"));
        assert_eq!(read.state(0), State::Sleeping);
        assert_eq!((read.slept_by.as_str(), read.activity.subject.as_str()), ("ben", "anna"));
        assert_eq!(client_name(&read.activity.client), "kubectl");
        assert!(read.can_use && !read.can_update);
    }

    #[test]
    fn what_may_not_be_done_says_why() {
        let mine = vcluster("a", Phase::Ready);
        assert_eq!(mine.kept_because(), None);
        let protected = Vcluster { protected: true, ..mine.clone() };
        assert_eq!(protected.kept_because().as_deref(), Some("It is protected from deletion."));
        let foreign = Vcluster { can_update: false, ..mine };
        assert_eq!(foreign.kept_because().as_deref(), Some("You may not change it. anna may."));
    }
}
