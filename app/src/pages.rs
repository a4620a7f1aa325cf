//! The pages, and what only pages share.

mod access_keys;
mod clusters;
mod frame;
mod invite;
mod key_once;
mod list;
mod login;
mod not_found;
mod profile;
mod reach;
mod renew;
mod sign_in;
mod users;
mod vclusters;

pub use access_keys::AccessKeysPage;
pub use clusters::{ClustersPage, ConnectClusterPage};
pub use frame::Frame;
pub use invite::InvitePage;
pub use login::LoginPage;
pub use not_found::NotFoundPage;
pub use renew::RenewDialog;
pub use users::UsersPage;
pub use vclusters::VclustersPage;
