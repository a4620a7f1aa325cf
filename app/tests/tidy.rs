//! What the compiler does not check of the page.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;

/// The most lines that a file may have.
const FILE_LINES_MAX: usize = 300;
/// The most lines that a function may have. A component is one function, so most of them are views.
const FUNCTION_LINES_MAX: usize = 70;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The body of every `style!` block, with where it stands.
fn style_blocks() -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        for item in syn::parse_file(&text).unwrap().items {
            let syn::Item::Fn(function) = item else { continue };
            for css in function.block.stmts.into_iter().filter_map(style_block) {
                blocks.push((format!("{} in {}", function.sig.ident, path.display()), css));
            }
        }
    }
    blocks
}

/// The tokens of `let … = style! { … };` as CSS text, for that statement and no other.
fn style_block(statement: syn::Stmt) -> Option<String> {
    let syn::Stmt::Local(local) = statement else { return None };
    let syn::Expr::Macro(call) = *local.init?.expr else { return None };
    let is_style = call.mac.path.segments.last()?.ident == "style";
    is_style.then(|| call.mac.tokens.to_string().replace(" - ", "-").replace(". ", "."))
}

/// Every class that a block's selectors begin with.
fn root_classes(css: &str) -> Vec<String> {
    let mut classes = Vec::new();
    for selector in css.split(['{', '}', ';', ',']) {
        let Some(name) = selector.trim().strip_prefix('.') else { continue };
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
        classes.push(name[..end.unwrap_or(name.len())].to_owned());
    }
    classes
}

/// `stylers` names a block's class after how many characters the block has, so two blocks of one
/// length share a class. That is harmless while no class of one stands in another. It also passes
/// over, without a word, any block that is not `let class = style! { … };` straight in the body of
/// a top-level function.
#[test]
fn every_style_block_is_seen_and_has_classes_of_its_own() {
    let written: usize = rust_files(&source())
        .iter()
        .map(|path| fs::read_to_string(path).unwrap().matches("style! {").count())
        .sum();
    let blocks = style_blocks();
    assert_eq!(blocks.len(), written, "a style! block stands where stylers does not look");
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (place, css) in blocks {
        let mut classes = root_classes(&css);
        assert!(!classes.is_empty(), "{place}: no root class");
        classes.sort();
        classes.dedup();
        for class in classes {
            if let Some(other) = owners.insert(class.clone(), place.clone()) {
                panic!("{place} and {other} both own .{class}");
            }
        }
    }
}

/// A second declaration of a class in `style/` would be in force beside the component's.
#[test]
fn no_class_of_a_component_is_in_the_global_sheets() {
    let style = Path::new(env!("CARGO_MANIFEST_DIR")).join("../style");
    let sheets: String = fs::read_dir(style)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let global = |class: &str| {
        sheets.match_indices(&format!(".{class}")).any(|(at, found)| {
            !sheets[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '-')
        })
    };
    for (place, css) in style_blocks() {
        for class in root_classes(&css) {
            assert!(!global(&class), "{place}: .{class} is in style/ too");
        }
    }
}

/// Colours, sizes and times live in `style/tokens.css`.
#[test]
fn style_blocks_name_tokens_and_no_values_of_their_own() {
    for (place, css) in style_blocks() {
        for bad in ["#", "rgb", "hsl", "oklch", "ms;", "z-index : 1", "z-index : 2"] {
            assert!(!css.contains(bad), "{place}: {bad:?} belongs into style/tokens.css");
        }
        let pixels = css.match_indices("px").filter(|(at, _)| {
            let before = css[..*at].trim_end();
            !before.ends_with(" 1") && !before.ends_with(":1")
        });
        assert_eq!(pixels.count(), 0, "{place}: no px but 1px");
    }
}

#[test]
fn parts_know_no_page_no_call_and_no_url() {
    for path in rust_files(&source().join("ui")) {
        let text = fs::read_to_string(&path).unwrap();
        for bad in ["crate::pages", "crate::client", "crate::live", "crate::paths", "leptos_router"]
        {
            assert!(!text.contains(bad), "{} uses {bad}", path.display());
        }
    }
}

/// The page's policy lets no `style` attribute in; what is set through the DOM's own properties is
/// another thing, and is what `style:height` does.
#[test]
fn no_markup_has_a_style_attribute_or_takes_html_from_outside() {
    let allowed = ["ui/icon.rs", "crash.rs"];
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(" style=\""), "{} has a style attribute", path.display());
        let is_allowed = allowed.iter().any(|it| path.ends_with(it));
        let html = text.contains("inner_html");
        assert!(is_allowed || !html, "{} sets inner HTML", path.display());
    }
}

#[test]
fn files_and_functions_stay_readable() {
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
        for item in syn::parse_file(&text).unwrap().items {
            let syn::Item::Fn(function) = item else { continue };
            let (name, span) = (function.sig.ident.to_string(), function.block.span());
            let styles = function.block.stmts.iter().filter(|it| is_style(it));
            let style_lines: usize = styles.map(lines_of).sum();
            let lines = span.end().line - span.start().line - style_lines;
            let place = path.display();
            assert!(lines <= FUNCTION_LINES_MAX, "{name} in {place} has {lines} lines");
        }
    }
}

fn is_style(statement: &syn::Stmt) -> bool {
    style_block(statement.clone()).is_some()
}

fn lines_of(statement: &syn::Stmt) -> usize {
    let span = statement.span();
    span.end().line - span.start().line
}
