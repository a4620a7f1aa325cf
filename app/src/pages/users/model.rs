//! A person, as their row tells it.

use std::cmp::{Ordering, Reverse};

use dormer_api::ago::unix;
use dormer_api::state::Tone;
use dormer_api::table::Row;

use crate::live::{Columns, FromRow};
use crate::ui::{IconKind, Sort};

/// Whether a person can sign in, in the order in which it needs attention.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Has yet to open their invite.
    Invited,
    /// Cannot sign in, and their keys do not work.
    Locked,
    /// Can sign in.
    #[default]
    Active,
}

impl Standing {
    /// The word, the colour and the shape.
    pub fn look(self) -> (&'static str, Tone, IconKind) {
        match self {
            Self::Active => ("Active", Tone::Running, IconKind::Running),
            Self::Invited => ("Invited", Tone::Pending, IconKind::Invited),
            Self::Locked => ("Locked", Tone::Offline, IconKind::Locked),
        }
    }
}

/// What the list knows of one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// The name of their object.
    pub name: String,
    /// What they are called: display name, or else username.
    pub title: String,
    /// What they sign in with.
    pub username: String,
    /// Their email address.
    pub email: String,
    /// They are an administrator.
    pub admin: bool,
    /// Whether they can sign in.
    pub standing: Standing,
    /// When they last signed in or used a key: Unix seconds.
    pub last_activity: Option<i64>,
}

impl FromRow for Person {
    fn from_row(columns: &Columns, row: &Row) -> Self {
        let username = columns.text(row, "Username");
        let display_name = columns.text(row, "Display Name");
        Self {
            name: row.object.metadata.name.clone(),
            title: if display_name.is_empty() { username.clone() } else { display_name },
            username,
            email: columns.text(row, "Email"),
            admin: columns.text(row, "Role") == "admin",
            standing: match columns.text(row, "State").as_str() {
                "Invited" => Standing::Invited,
                "Locked" => Standing::Locked,
                _ => Standing::Active,
            },
            last_activity: unix(&columns.text(row, "Last Activity")),
        }
    }
}

/// The name of the only administrator who can sign in, if there is just one.
pub fn only_admin(people: &[Person]) -> Option<String> {
    let mut admins = people.iter().filter(|it| it.admin && it.standing == Standing::Active);
    match (admins.next(), admins.next()) {
        (Some(only), None) => Some(only.name.clone()),
        (Some(_) | None, _) => None,
    }
}

/// The word for what a person may.
pub fn role(person: &Person) -> &'static str {
    if person.admin { "Administrator" } else { "Developer" }
}

/// Every word is found in them.
pub fn passes(it: &Person, words: &str) -> bool {
    let texts = [&it.title, &it.username, &it.email, role(it), it.standing.look().0];
    words.split_whitespace().all(|word| texts.iter().any(|it| it.to_lowercase().contains(word)))
}

/// How two people stand to each other under a sort.
pub fn compare(a: &Person, b: &Person, sort: &Sort) -> Ordering {
    let ordering = match sort.key.as_str() {
        "state" => a.standing.cmp(&b.standing),
        "role" => role(a).cmp(role(b)),
        "activity" => Reverse(a.last_activity).cmp(&Reverse(b.last_activity)),
        _ => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
    };
    let ordering = if sort.descending { ordering.reverse() } else { ordering };
    ordering.then_with(|| a.name.cmp(&b.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, admin: bool, standing: Standing) -> Person {
        let title = name.to_owned();
        Person { name: name.into(), title, admin, standing, ..Person::default() }
    }

    #[test]
    fn only_an_administrator_who_can_sign_in_counts() {
        let admin = person("a", true, Standing::Active);
        let locked = person("b", true, Standing::Locked);
        let invited = person("c", true, Standing::Invited);
        assert_eq!(only_admin(&[admin.clone(), locked, invited]).as_deref(), Some("a"));
        assert_eq!(only_admin(&[admin.clone(), person("d", true, Standing::Active)]), None);
        assert_eq!(only_admin(&[person("e", false, Standing::Active)]), None);
    }

    #[test]
    fn people_are_found_by_what_their_row_shows() {
        let it = person("Anna", false, Standing::Invited);
        assert!(passes(&it, "ann invited"));
        assert!(passes(&it, "developer"));
        assert!(!passes(&it, "locked"));
    }
}
