//! Starts the page.

fn main() {
    dormer_app::start();
}
