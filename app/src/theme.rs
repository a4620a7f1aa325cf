//! Light, dark, or as the system has it. The one thing that the page keeps in the browser; it is
//! put in force before the first paint by `public/theme.js`.

use leptos::prelude::*;

/// Where the choice is kept. `public/theme.js` reads the same.
const KEY: &str = "theme";

/// A choice of theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// As the system has it.
    #[default]
    System,
}

impl Theme {
    /// In the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Dark => "Dark",
            Self::System => "System",
        }
    }

    /// The value of `data-theme`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// What was chosen before. Storage may be switched off; then it is the system's.
    pub fn stored() -> Self {
        let storage = window().local_storage().ok().flatten();
        let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten());
        match text.as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            Some(_) | None => Self::System,
        }
    }

    /// Puts the choice in force and keeps it.
    pub fn choose(self) {
        if let Some(root) = document().document_element() {
            _ = root.set_attribute("data-theme", self.as_str());
        }
        if let Ok(Some(storage)) = window().local_storage() {
            _ = storage.set_item(KEY, self.as_str());
        }
    }
}
