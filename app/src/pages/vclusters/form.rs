//! What a person chooses of a new virtual cluster, and the object that it comes to.

use std::collections::BTreeMap;

use dormer_api::ago::{DAY, HOUR, MINUTE, exact};
use dormer_api::annotation;
use dormer_api::meta::ObjectMeta;
use dormer_api::name::{display_name, slug, vcluster_id};
use dormer_api::template::VirtualClusterTemplate;
use dormer_api::vcluster::{
    ClusterRef, TemplateRef, VirtualClusterInstance, VirtualClusterInstanceSpec,
};

use crate::client::CallError;

/// The spans offered for "sleep after", in seconds.
const SLEEP_AFTER: [i64; 6] = [15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR, DAY];
/// The spans offered for "delete after", in seconds.
const DELETE_AFTER: [i64; 5] = [DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];

/// What a person chose. Empty means "as the template or the server has it".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// What it is called.
    pub title: String,
    /// Its id.
    pub id: String,
    /// The name of the template.
    pub template: String,
    /// The name of the host cluster.
    pub host: String,
    /// Seconds without use until it sleeps; `0` for never.
    pub sleep_after: String,
    /// Seconds without use until it is deleted; `0` for never.
    pub delete_after: String,
    /// Helm values, as YAML.
    pub values: String,
}

/// What is wrong with a choice, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Complaints {
    /// Of the name.
    pub title: Option<String>,
    /// Of the id.
    pub id: Option<String>,
    /// Of the YAML.
    pub values: Option<String>,
    /// Of no field, or of one that the form does not have.
    pub form: String,
}

impl Choice {
    /// What can be seen to be wrong before the server is asked.
    pub fn complaints(&self) -> Complaints {
        let words = |error: dormer_api::name::NameError| error.to_string();
        let title = display_name(&self.title).err().map(words);
        // An empty name is one fault, though the id that follows it is empty too.
        let follows = title.is_some() && self.id.is_empty();
        Complaints {
            id: vcluster_id(&self.id).err().filter(|_| !follows).map(words),
            title,
            ..Complaints::default()
        }
    }

    /// The object to make. Values that differ from the template's own turn its definition into one
    /// of this virtual cluster alone.
    pub fn object(&self, template: Option<&VirtualClusterTemplate>) -> VirtualClusterInstance {
        let own = template.filter(|it| it.spec.template.helm_release.values != self.values);
        let definition = own.map(|it| {
            let mut definition = it.spec.template.clone();
            definition.helm_release.values.clone_from(&self.values);
            definition
        });
        let template_ref = match &definition {
            None if !self.template.is_empty() => {
                Some(TemplateRef { name: self.template.clone(), ..TemplateRef::default() })
            }
            Some(_) | None => None,
        };
        let annotations: BTreeMap<String, String> = [
            (annotation::SLEEP_AFTER, &self.sleep_after),
            (annotation::DELETE_AFTER, &self.delete_after),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
        let title = self.title.trim();
        VirtualClusterInstance {
            metadata: ObjectMeta { name: self.id.clone(), annotations, ..ObjectMeta::default() },
            spec: VirtualClusterInstanceSpec {
                display_name: if title == self.id { String::new() } else { title.to_owned() },
                template_ref,
                template: definition,
                cluster_ref: ClusterRef { cluster: self.host.clone(), ..ClusterRef::default() },
                ..VirtualClusterInstanceSpec::default()
            },
            ..VirtualClusterInstance::default()
        }
    }
}

/// The field paths by which the server names what is wrong with the YAML.
const VALUES_FIELDS: [&str; 2] = ["spec.template.helmRelease.values", "spec.parameters"];

/// What the server says is wrong, by field.
pub fn refused(error: &CallError, project: &str, id: &str) -> Complaints {
    if error.code() == Some(409) {
        let words = format!("“{id}” is already used in project {project}.");
        return Complaints { id: Some(words), ..Complaints::default() };
    }
    let values = VALUES_FIELDS.iter().find_map(|field| error.cause_of(field));
    let id = error.cause_of("metadata.name");
    let title = error.cause_of("spec.displayName");
    let in_field = values.is_some() || id.is_some() || title.is_some();
    let form = if in_field { String::new() } else { error.to_string() };
    Complaints { title, id, values, form }
}

/// The id that a name suggests.
pub fn id_of(title: &str) -> String {
    slug(title)
}

/// The choices for "sleep after", the template's own first.
pub fn sleep_choices(template: Option<&VirtualClusterTemplate>) -> Vec<(String, String)> {
    choices(template, annotation::SLEEP_AFTER, &SLEEP_AFTER)
}

/// The choices for "delete after", the template's own first.
pub fn delete_choices(template: Option<&VirtualClusterTemplate>) -> Vec<(String, String)> {
    choices(template, annotation::DELETE_AFTER, &DELETE_AFTER)
}

fn choices(
    template: Option<&VirtualClusterTemplate>,
    key: &str,
    spans: &[i64],
) -> Vec<(String, String)> {
    let metadata = template.map(|it| &it.spec.template.instance_template.metadata);
    let own = metadata.and_then(|it| it.annotation(key)).and_then(|it| it.parse::<i64>().ok());
    let own = match own {
        Some(seconds) if seconds > 0 => format!("{} (template)", exact(seconds)),
        Some(_) | None => "Never (template)".to_owned(),
    };
    let spans = spans.iter().map(|&seconds| (seconds.to_string(), exact(seconds)));
    let never = ("0".to_owned(), "Never".to_owned());
    std::iter::once((String::new(), own)).chain(spans).chain([never]).collect()
}

#[cfg(test)]
mod tests {
    use dormer_api::status::{Status, StatusCause, StatusDetails};

    use super::*;

    fn template(values: &str) -> VirtualClusterTemplate {
        let mut template = VirtualClusterTemplate::default();
        template.metadata.name = "dev".into();
        template.spec.template.helm_release.values = values.into();
        template.spec.template.helm_release.chart.name = "vcluster".into();
        let annotations = &mut template.spec.template.instance_template.metadata.annotations;
        annotations.insert(annotation::SLEEP_AFTER.into(), "3600".into());
        template
    }

    fn choice(values: &str) -> Choice {
        Choice {
            title: "Calm otter".into(),
            id: "calm-otter".into(),
            template: "dev".into(),
            values: values.into(),
            ..Choice::default()
        }
    }

    #[test]
    fn a_template_that_is_left_alone_is_named() {
        let spec = choice("a: 1\n").object(Some(&template("a: 1\n"))).spec;
        assert_eq!(spec.template_ref.map(|it| it.name).as_deref(), Some("dev"));
        assert_eq!((spec.template, spec.display_name.as_str()), (None, "Calm otter"));
    }

    #[test]
    fn values_of_ones_own_come_with_the_rest_of_the_template() {
        let spec = choice("a: 2\n").object(Some(&template("a: 1\n"))).spec;
        assert_eq!(spec.template_ref, None);
        let release = spec.template.unwrap().helm_release;
        assert_eq!((release.values.as_str(), release.chart.name.as_str()), ("a: 2\n", "vcluster"));
    }

    #[test]
    fn what_is_not_chosen_is_not_sent() {
        let made = Choice { title: "calm-otter".into(), ..choice("") }.object(None);
        assert!(made.metadata.annotations.is_empty());
        assert_eq!(made.spec.display_name, "", "the id says it already");
        let asked = Choice { sleep_after: "0".into(), ..choice("") }.object(None);
        assert_eq!(asked.metadata.annotation(annotation::SLEEP_AFTER), Some("0"));
    }

    #[test]
    fn a_choice_is_checked_before_the_server_is_asked() {
        let bad = Choice { title: " ".into(), id: "-a".into(), ..Choice::default() }.complaints();
        assert_eq!(bad.title.as_deref(), Some("Give it a name."));
        assert!(bad.id.is_some());
    }

    #[test]
    fn a_refusal_stands_under_its_field() {
        let taken = CallError::Refused(Box::new(Status::failure(409, "AlreadyExists", "taken")));
        let complaint = refused(&taken, "web", "calm-otter").id;
        assert_eq!(complaint.as_deref(), Some("“calm-otter” is already used in project web."));
        let mut status = Status::failure(422, "Invalid", "bad");
        status.details = Some(StatusDetails {
            causes: vec![StatusCause {
                field: VALUES_FIELDS[0].into(),
                message: "line 2, column 5: did not find expected key".into(),
                ..StatusCause::default()
            }],
            ..StatusDetails::default()
        });
        let complaints = refused(&CallError::Refused(Box::new(status)), "web", "a");
        assert!(complaints.values.is_some() && complaints.form.is_empty());
        assert_eq!(refused(&CallError::Unreachable, "web", "a").form, "Cannot reach the server.");
    }

    #[test]
    fn the_templates_own_span_is_offered_first() {
        let choices = sleep_choices(Some(&template("")));
        assert_eq!(choices[0], (String::new(), "1 h (template)".to_owned()));
        assert_eq!(choices.last().unwrap().1, "Never");
        assert_eq!(delete_choices(None)[0].1, "Never (template)");
    }
}
