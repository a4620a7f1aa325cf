//! Which virtual clusters are shown, and in what order.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::model::Vcluster;
use crate::ui::Sort;

/// What the list can be sorted by, as the URL names it. The first is the usual one.
pub const SORT_KEYS: [&str; 6] = ["name", "state", "activity", "sleep", "host", "owner"];

/// A filter as it is typed: words that all have to be found, some of them in one column only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    column: Option<Column>,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    State,
    Owner,
    Host,
    Project,
    Template,
}

impl Filter {
    /// Reads `otter owner:anna state:sleeping`.
    pub fn parse(text: &str) -> Self {
        let terms = text.split_whitespace().map(|word| {
            let word = word.to_lowercase();
            let (column, text) = match word.split_once(':') {
                Some(("state", text)) => (Some(Column::State), text),
                Some(("owner", text)) => (Some(Column::Owner), text),
                Some(("host", text)) => (Some(Column::Host), text),
                Some(("project", text)) => (Some(Column::Project), text),
                Some(("template", text)) => (Some(Column::Template), text),
                Some(_) | None => (None, word.as_str()),
            };
            Term { column, text: text.to_owned() }
        });
        Self { terms: terms.collect() }
    }

    /// Everything that was asked for is found in it.
    pub fn passes(&self, vcluster: &Vcluster, now: i64) -> bool {
        self.terms.iter().all(|term| term.is_in(vcluster, now))
    }
}

impl Term {
    fn is_in(&self, vcluster: &Vcluster, now: i64) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        match self.column {
            Some(Column::State) => has(vcluster.state(now).word()),
            Some(Column::Owner) => has(&vcluster.owner),
            Some(Column::Host) => has(&vcluster.host),
            Some(Column::Project) => has(&vcluster.project),
            Some(Column::Template) => has(&vcluster.template),
            None => vcluster.search.contains(&self.text) || has(vcluster.state(now).word()),
        }
    }
}

/// How two virtual clusters stand to each other under a sort. Never equal for different ones.
pub fn compare(a: &Vcluster, b: &Vcluster, sort: &Sort, now: i64) -> Ordering {
    let last = |it: &Vcluster| std::cmp::Reverse(it.facts.last_activity);
    let asleep_at = |it: &Vcluster| {
        // What never sleeps comes last.
        dormer_api::state::sleeps_at(&it.facts).unwrap_or(i64::MAX)
    };
    let ordering = match sort.key.as_str() {
        "state" => a.state(now).cmp(&b.state(now)),
        "activity" => last(a).cmp(&last(b)),
        "sleep" => asleep_at(a).cmp(&asleep_at(b)),
        "host" => a.host.cmp(&b.host),
        "owner" => a.owner.cmp(&b.owner),
        _ => a.sort_key().cmp(b.sort_key()),
    };
    let ordering = if sort.descending { ordering.reverse() } else { ordering };
    ordering
        .then_with(|| a.sort_key().cmp(b.sort_key()))
        .then_with(|| (&a.project, &a.name).cmp(&(&b.project, &b.name)))
}

/// The order after rows came or went: those that stay keep their places among each other, and each
/// new one is put before the first that it sorts before. So nothing moves under the pointer.
pub fn settle<T: Clone>(
    before: &[T],
    rows: &[T],
    key: impl Fn(&T) -> &str,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let known: HashSet<&str> = before.iter().map(&key).collect();
    let present: HashSet<&str> = rows.iter().map(&key).collect();
    let mut order: Vec<T> = before.iter().filter(|it| present.contains(key(it))).cloned().collect();
    let mut new: Vec<T> = rows.iter().filter(|it| !known.contains(key(it))).cloned().collect();
    new.sort_by(&compare);
    if order.is_empty() {
        return new;
    }
    for row in new {
        let place = order.iter().position(|it| compare(&row, it) == Ordering::Less);
        order.insert(place.unwrap_or(order.len()), row);
    }
    order
}

#[cfg(test)]
mod tests {
    use dormer_api::vcluster::Phase;

    use super::super::model::tests::vcluster;
    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let it = vcluster("calm-otter", Phase::Sleeping);
        assert_eq!(Filter::parse(filter).passes(&it, 0), expected, "{filter:?}");
    }

    #[test]
    fn every_word_of_a_filter_has_to_be_found() {
        check("", true);
        check("otter", true);
        check("OTTER anna", true);
        check("otter ben", false);
        check("sleeping", true);
    }

    #[test]
    fn a_word_can_be_for_one_column() {
        check("state:sleeping", true);
        check("state:running", false);
        check("owner:anna host:loft", true);
        check("owner:otter", false);
        check("a:b", false);
    }

    fn names(order: &[Vcluster]) -> Vec<&str> {
        order.iter().map(|it| it.name.as_str()).collect()
    }

    fn sorted(by: &str) -> Vec<String> {
        let sort = Sort::parse(Some(by), &SORT_KEYS);
        let mut all = vec![
            vcluster("b", Phase::Ready),
            vcluster("c", Phase::Failed),
            vcluster("a", Phase::Sleeping),
        ];
        all.sort_by(|x, y| compare(x, y, &sort, 0));
        names(&all).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_needs_attention_sorts_first_by_state() {
        assert_eq!(sorted("name"), ["a", "b", "c"]);
        assert_eq!(sorted("-name"), ["c", "b", "a"]);
        assert_eq!(sorted("state"), ["c", "b", "a"]);
        assert_eq!(sorted("owner"), ["a", "b", "c"]);
    }

    #[test]
    fn rows_that_stay_do_not_move_and_a_new_one_finds_its_place() {
        let sort = Sort::parse(Some("state"), &SORT_KEYS);
        let (a, b) = (vcluster("a", Phase::Ready), vcluster("b", Phase::Ready));
        let failed = vcluster("b", Phase::Failed);
        let new = vcluster("c", Phase::Pending);
        let order = settle(
            &[a.clone(), b],
            &[a, failed, new],
            |it| &it.name,
            |x, y| compare(x, y, &sort, 0),
        );
        assert_eq!(names(&order), ["c", "a", "b"]);
    }

    #[test]
    fn rows_that_are_gone_leave_no_gap() {
        let (a, b) = (vcluster("a", Phase::Ready), vcluster("b", Phase::Ready));
        let order = settle(&[a, b.clone()], &[b], |it| &it.name, |_, _| Ordering::Equal);
        assert_eq!(names(&order), ["b"]);
    }
}
