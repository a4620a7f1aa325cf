//! Extracts the CSS of every `style!` block into one file, which `Trunk.toml` copies into the page.

fn main() {
    println!("cargo:rerun-if-changed=src");
    stylers::build(Some("../target/stylers.css".to_string()));
}
