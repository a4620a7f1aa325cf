//! What every Connect panel is made of: the way that requests go, a key, commands, and a file.

mod command;
mod key;
mod kubeconfig;
mod path;
mod ways;

pub use command::Commands;
use key::{KeyBox, KeyFor, MadeKey};
use kubeconfig::KubeconfigTab;
pub use path::long_span;
pub use ways::{Facts, WaysIn};
