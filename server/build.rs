//! Puts the dashboard into the binary, compressed once and for all.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What is worth compressing, by its ending. Pictures and fonts are compressed already.
const TEXT: [&str; 8] = ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let dist = here.join("../dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut table =
        String::from("/// The files of the dashboard.\npub static FILES: &[File] = &[\n");
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
    }
    files.sort();
    for (i, path) in files.iter().enumerate() {
        println!("cargo:rerun-if-changed={}", path.display());
        let name = path.strip_prefix(&dist).unwrap_or(path).display().to_string();
        let raw = fs::read(path)?;
        let text = path.extension().and_then(|it| it.to_str()).is_some_and(|it| TEXT.contains(&it));
        let place = |kind: &str| out.join(format!("{i}.{kind}"));
        fs::write(place("raw"), &raw)?;
        fs::write(place("br"), if text { brotli(&raw)? } else { Vec::new() })?;
        let quoted =
            |kind: &str| format!("include_bytes!({:?})", place(kind).display().to_string());
        let (raw, br) = (quoted("raw"), quoted("br"));
        writeln!(table, "    File {{ path: {name:?}, raw: {raw}, brotli: {br} }},")
            .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("dashboard.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// As small as can be for a release; for a test, soon done.
fn brotli(raw: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let quality = if env::var("PROFILE").as_deref() == Ok("release") { 11 } else { 4 };
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &raw[..], &mut compressed, &params)?;
    Ok(compressed)
}
