//! The heading of a column that a list can be sorted by.

use leptos::prelude::*;
use stylers::style;

use super::{Icon, IconKind};

/// How a list is sorted: by which column, and which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The column, as the URL names it.
    pub key: String,
    /// From the end.
    pub descending: bool,
}

impl Sort {
    /// Reads `name` or `-name`; anything else than a key of `keys` is the first of them.
    pub fn parse(text: Option<&str>, keys: &[&str]) -> Self {
        let text = text.unwrap_or_default();
        let (key, descending) = match text.strip_prefix('-') {
            Some(key) => (key, true),
            None => (text, false),
        };
        match keys.iter().find(|it| **it == key) {
            Some(key) => Self { key: (*key).to_owned(), descending },
            None => {
                Self { key: keys.first().copied().unwrap_or_default().into(), descending: false }
            }
        }
    }

    /// What a click on the heading of `key` asks for, as the URL has it.
    pub fn after_click(&self, key: &str) -> String {
        if self.key == key && !self.descending { format!("-{key}") } else { key.to_owned() }
    }
}

/// A column's heading with a button that sorts by it.
#[component]
pub fn SortHeader(
    /// The heading.
    words: &'static str,
    /// The column, as the URL names it.
    key: &'static str,
    /// On which widths it is there: a class of `style/table.css`.
    #[prop(optional)]
    width: &'static str,
    /// How the list is sorted.
    #[prop(into)]
    sort: Signal<Sort>,
    /// Asks for another sort, as the URL has it.
    #[prop(into)]
    on_sort: Callback<String>,
) -> impl IntoView {
    let class = style! {
        .sort-button {
            display: inline-flex;
            align-items: center;
            gap: var(--space-1);
            min-height: var(--target);
            padding: 0;
            border: 0;
            background: none;
            color: inherit;
            font: inherit;
            cursor: pointer;
        }
        .sort-button:hover {
            color: var(--fg);
        }
    };
    let icon = move || match sort.get() {
        Sort { key: by, descending: false } if by == key => IconKind::Up,
        Sort { key: by, descending: true } if by == key => IconKind::Down,
        Sort { .. } => IconKind::UpDown,
    };
    let aria_sort = move || match icon() {
        IconKind::Up => "ascending",
        IconKind::Down => "descending",
        _ => "none",
    };

    view! { class = class,
        <th scope="col" class=width aria-sort=aria_sort>
            <button
                type="button"
                class="sort-button"
                on:click=move |_| on_sort.run(sort.get_untracked().after_click(key))
            >
                {words}
                <Icon kind=Signal::derive(icon)/>
            </button>
        </th>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_that_the_list_does_not_have_is_its_first() {
        let sort = Sort::parse(Some("-shoe-size"), &["name", "state"]);
        assert_eq!(sort, Sort { key: "name".into(), descending: false });
    }

    #[test]
    fn a_second_click_turns_it_round() {
        let keys = ["name", "state"];
        assert_eq!(Sort::parse(Some("state"), &keys).after_click("state"), "-state");
        assert_eq!(Sort::parse(Some("-state"), &keys).after_click("state"), "state");
        assert_eq!(Sort::parse(Some("-state"), &keys).after_click("name"), "name");
    }
}
