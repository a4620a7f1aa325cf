//! The image definition in `deploy/Containerfile`. Nothing here can build it; what it says is held
//! against the tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use dormer::config::Cli;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A `Containerfile`, instruction by instruction: the word in front, and the rest.
fn instructions() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("deploy/Containerfile")).unwrap();
    text.replace("\\\n", " ")
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
        .map(|it| it.split_once(' ').unwrap())
        .map(|(word, rest)| (word.to_owned(), rest.to_owned()))
        .collect()
}

#[test]
fn the_image_is_made_of_what_there_is() {
    let mut stages = BTreeSet::new();
    for (word, rest) in instructions() {
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (word.as_str(), &words[..]) {
            ("FROM", [_, "AS", stage]) => _ = stages.insert((*stage).to_owned()),
            ("COPY", [flag, ..]) if flag.starts_with("--from=") => {
                assert!(stages.contains(&flag["--from=".len()..]), "COPY {rest}");
            }
            ("COPY", [sources @ .., _]) => {
                for source in sources {
                    assert!(root().join(source).exists(), "COPY {rest}: no {source}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_image_is_built_by_the_compilers_that_the_tree_names() {
    let of = |image: &str| {
        let mut all = instructions().into_iter().filter(|(word, _)| word == "FROM");
        let tag = all.find_map(|(_, rest)| rest.strip_prefix(image).map(str::to_owned)).unwrap();
        tag.split('-').next().unwrap().to_owned()
    };
    let toolchain = std::fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    assert!(toolchain.contains(&format!("channel = \"{}\"", of("rust:"))));
    let module = root().join("server/tests/kubernetes/go/go.mod");
    let module = std::fs::read_to_string(module).unwrap();
    assert!(module.contains(&format!("\ngo {}.", of("golang:"))));
}

/// Everything that a build reads, so that the image cannot miss what the tree has.
#[test]
fn every_member_of_the_workspace_is_in_the_image() {
    let copied: BTreeSet<String> = instructions()
        .into_iter()
        .filter(|(word, rest)| word == "COPY" && !rest.starts_with("--from="))
        .flat_map(|(_, rest)| {
            let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
            words[..words.len() - 1].to_vec()
        })
        .collect();
    let not_needed = ["end2end", "target", "dist", ".git", ".ci"];
    for entry in std::fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() && !not_needed.contains(&name.as_str()) {
            let inside = format!("{name}/");
            let is_copied = copied.iter().any(|it| *it == name || it.starts_with(&inside));
            assert!(is_copied, "{name}/ is not copied");
        }
    }
}

#[test]
fn nobody_in_the_image_is_root_and_dormer_is_what_runs() {
    let instructions = instructions();
    let last_stage = instructions.iter().rposition(|(word, _)| word == "FROM").unwrap();
    let last = |word: &str| {
        let mut all = instructions[last_stage..].iter().filter(|it| it.0 == word);
        all.next_back().map(|it| it.1.as_str())
    };
    assert_eq!(last("USER"), Some("65532:65532"));
    assert_eq!(last("ENTRYPOINT"), Some(r#"["dormer"]"#));
    let command: Vec<String> = serde_json::from_str(last("CMD").unwrap()).unwrap();
    Cli::try_parse_from(std::iter::once("dormer".to_owned()).chain(command)).unwrap();
}
