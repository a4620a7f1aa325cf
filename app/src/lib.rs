//! The dashboard: a page in WebAssembly that shows what the management API tells and asks of it
//! what a person wants. It has no privilege that `curl` with the same cookie lacks.

#![recursion_limit = "256"]

mod app;
mod client;
mod clock;
mod crash;
mod live;
mod names;
mod pages;
mod paths;
mod probe;
mod session;
mod theme;
mod ui;

pub use app::start;
