//! Small pictures. Each stands beside a word that says the same, so none of them is read out.

use leptos::prelude::*;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IconKind {
    /// A tick in a filled circle: it runs.
    Running,
    /// A crescent moon: it sleeps.
    Moon,
    /// A crescent moon and a lock: it is held asleep.
    MoonLocked,
    /// A ring with a gap, turning: it changes.
    Busy,
    /// An octagon with a mark: it failed.
    Failed,
    /// A triangle with a mark: look here.
    Attention,
    /// A dashed circle with a question mark: nobody knows.
    Unknown,
    /// A dashed bin: it is going away.
    Deleting,
    /// A padlock: locked.
    Locked,
    /// An envelope: invited.
    Invited,
    /// An empty circle: not yet.
    Pending,
    /// Boxes in a box: virtual clusters.
    Vclusters,
    /// Stacked servers: host clusters.
    Clusters,
    /// Two people.
    Users,
    /// A key.
    Key,
    /// Two sheets.
    Copy,
    /// A tick.
    Check,
    /// A cross.
    Close,
    /// A plus.
    Plus,
    /// A bin.
    Trash,
    /// A sun over the horizon: wake.
    Wake,
    /// A plug: connect.
    Connect,
    /// A magnifying glass.
    Search,
    /// A pencil.
    Edit,
    /// An arrow into a tray.
    Download,
    /// An eye.
    Show,
    /// An eye, crossed out.
    Hide,
    /// An arrow up.
    Up,
    /// An arrow down.
    Down,
    /// Two small arrows: can be sorted.
    UpDown,
    /// One person.
    Person,
    /// Three dots: more.
    More,
    /// An arrow that goes round: once more.
    Again,
    /// A circle with a bar: nothing new here.
    NoEntry,
    /// A line past a box: around the middle.
    Direct,
}

impl IconKind {
    /// The shapes, on a grid of 16 by 16.
    fn shapes(self) -> &'static str {
        match self {
            Self::Running => {
                r#"<circle cx="8" cy="8" r="7" fill="currentColor" stroke="none"/><path class="icon-cut" d="M5 8.2l2.1 2.1L11 6.2"/>"#
            }
            Self::Moon => r#"<path d="M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z"/>"#,
            Self::MoonLocked => {
                r#"<path d="M7 13.9A6 6 0 0 1 6.4 2.5a6 6 0 0 0 4 5.6"/><rect x="9" y="10.6" width="5.6" height="4"/><path d="M10.3 10.6V9.4a1.5 1.5 0 0 1 3 0v1.2"/>"#
            }
            Self::Busy => r#"<path class="icon-turn" d="M8 2a6 6 0 1 1-5.2 3"/>"#,
            Self::Failed => {
                r#"<path d="M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4z"/><path d="M8 4.8v3.8M8 11v.2"/>"#
            }
            Self::Attention => r#"<path d="M8 2l6.4 11.6H1.6z"/><path d="M8 6.4v3.4M8 11.6v.2"/>"#,
            Self::Unknown => {
                r#"<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.4 1.6"/><path d="M6.4 6.4a1.6 1.6 0 1 1 2.3 1.5c-.5.3-.7.6-.7 1.2M8 11.2v.2"/>"#
            }
            Self::Deleting => {
                r#"<path stroke-dasharray="2 1.4" d="M3 4.4h10M4 4.4l.7 9h6.6l.7-9M6 4.2V2.6h4v1.6"/>"#
            }
            Self::Locked => {
                r#"<rect x="3" y="7" width="10" height="7"/><path d="M5.2 7V5a2.8 2.8 0 0 1 5.6 0v2"/>"#
            }
            Self::Invited => {
                r#"<rect x="2" y="3.6" width="12" height="8.8"/><path d="M2.4 4.2L8 8.6l5.6-4.4"/>"#
            }
            Self::Pending => r#"<circle cx="8" cy="8" r="6"/>"#,
            Self::Vclusters => {
                r#"<rect x="1.8" y="1.8" width="12.4" height="12.4"/><path d="M4.6 4.6h2.6v2.6H4.6zM8.8 4.6h2.6v2.6H8.8zM4.6 8.8h2.6v2.6H4.6zM8.8 8.8h2.6v2.6H8.8z"/>"#
            }
            Self::Clusters => {
                r#"<rect x="2" y="2.4" width="12" height="4.6"/><rect x="2" y="9" width="12" height="4.6"/><path d="M4.6 4.7h.2M4.6 11.3h.2"/>"#
            }
            Self::Users => {
                r#"<circle cx="6" cy="5.2" r="2.6"/><path d="M1.4 13.6a4.6 4.6 0 0 1 9.2 0M10.6 2.9a2.6 2.6 0 0 1 0 4.6M12.2 9.6a4.6 4.6 0 0 1 2.4 4"/>"#
            }
            Self::Key => {
                r#"<circle cx="5" cy="11" r="3"/><path d="M7.2 8.8L13.4 2.6M10.8 5.2l2.2 2.2M12.4 3.6l1.4 1.4"/>"#
            }
            Self::Copy => {
                r#"<rect x="5.4" y="5.4" width="8.2" height="8.2"/><path d="M3.4 10.6h-1V2.4h8.2v1"/>"#
            }
            Self::Check => r#"<path d="M2.8 8.6l3.4 3.4 7-7.6"/>"#,
            Self::Close => r#"<path d="M3.4 3.4l9.2 9.2M12.6 3.4l-9.2 9.2"/>"#,
            Self::Plus => r#"<path d="M8 2.8v10.4M2.8 8h10.4"/>"#,
            Self::Trash => {
                r#"<path d="M2.6 4.4h10.8M4 4.4l.7 9h6.6l.7-9M6 4.2V2.4h4v1.8M6.6 7v4M9.4 7v4"/>"#
            }
            Self::Wake => {
                r#"<path d="M1.6 12.6h12.8M4.4 10.4a3.6 3.6 0 0 1 7.2 0M8 2.2v2.4M2.6 5.4l1.5 1.4M13.4 5.4l-1.5 1.4"/>"#
            }
            Self::Connect => {
                r#"<path d="M2 14l2.6-2.6M14 2l-2.6 2.6M6.4 4.6l5 5M5.4 5.8L3.6 7.6a2.6 2.6 0 0 0 0 3.6l1.2 1.2a2.6 2.6 0 0 0 3.6 0l1.8-1.8M7.6 3.6L8.4 2.8a2.6 2.6 0 0 1 3.6 0l1.2 1.2a2.6 2.6 0 0 1 0 3.6l-.8.8"/>"#
            }
            Self::Search => r#"<circle cx="7" cy="7" r="4.6"/><path d="M10.4 10.4L14 14"/>"#,
            Self::Edit => {
                r#"<path d="M2.6 13.4l.6-2.8 7.8-7.8 2.2 2.2-7.8 7.8zM9.4 4.4l2.2 2.2"/>"#
            }
            Self::Download => r#"<path d="M8 2v7.6M4.8 6.6L8 9.8l3.2-3.2M2.4 11v2.8h11.2V11"/>"#,
            Self::Show => {
                r#"<path d="M1.4 8S4 3.8 8 3.8 14.6 8 14.6 8 12 12.2 8 12.2 1.4 8 1.4 8z"/><circle cx="8" cy="8" r="2"/>"#
            }
            Self::Hide => {
                r#"<path d="M1.4 8S4 3.8 8 3.8 14.6 8 14.6 8 12 12.2 8 12.2 1.4 8 1.4 8zM2.6 13.4L13.4 2.6"/>"#
            }
            Self::Up => r#"<path d="M8 13V3M4 7l4-4 4 4"/>"#,
            Self::Down => r#"<path d="M8 3v10M4 9l4 4 4-4"/>"#,
            Self::UpDown => r#"<path d="M5 6l3-3 3 3M5 10l3 3 3-3"/>"#,
            Self::More => r#"<path class="icon-dots" d="M3.4 8h.1M8 8h.1M12.6 8h.1"/>"#,
            Self::Again => r#"<path d="M13 8a5 5 0 1 1-1.6-3.7M13.4 1.8v3h-3"/>"#,
            Self::NoEntry => r#"<circle cx="8" cy="8" r="6"/><path d="M5 8h6"/>"#,
            Self::Direct => {
                r#"<circle cx="3.4" cy="11.6" r="1.8"/><path d="M4.8 10.2L13 2M8.6 2H13v4.4"/>"#
            }
            Self::Person => {
                r#"<circle cx="8" cy="5.4" r="2.8"/><path d="M2.8 14a5.2 5.2 0 0 1 10.4 0"/>"#
            }
        }
    }
}

/// A small picture, hidden from screen readers.
#[component]
pub fn Icon(
    /// Which one.
    #[prop(into)]
    kind: Signal<IconKind>,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 16 16"
            aria-hidden="true"
            inner_html=move || kind.get().shapes()
        ></svg>
    }
}
