//! Who is calling.

mod caller;

pub use caller::{Caller, KeyInUse};
