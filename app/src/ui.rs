//! Parts that know no page, no URL and no call.

mod act;
mod badge;
mod confirm;
mod copy_button;
mod dialog;
mod empty;
mod field;
mod freshness;
mod icon;
mod notice;
mod page;
mod panel;
mod skeleton;
mod sort_header;
mod submit;
mod tabs;
mod time;
mod window;

pub use act::Act;
pub use badge::Badge;
pub use confirm::ConfirmDialog;
pub use copy_button::CopyButton;
pub use dialog::{Dialog, DialogKind};
pub use empty::Empty;
pub use field::{Field, Select, TextArea, focus_first_error};
pub use freshness::FreshnessChip;
pub use icon::{Icon, IconKind};
pub use notice::Notice;
pub use page::{Page, focus_heading, focus_heading_after_dialog};
pub use panel::Panel;
pub use skeleton::SkeletonRows;
pub use sort_header::{Sort, SortHeader};
pub use submit::Submit;
pub use tabs::Tabs;
pub use time::Moment;
pub use window::in_sight;
