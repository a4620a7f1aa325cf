//! Puts the dashboard into the binary, compressed once and for all, and the chart that installs an
//! agent beside it.

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
    let chart = here.join("../deploy/chart");
    println!("cargo:rerun-if-changed={}", chart.display());
    fs::write(out.join("chart.tgz"), gzip(&archive(&chart)?))?;
    let raw = format!("include_bytes!({:?})", out.join("chart.tgz").display().to_string());
    writeln!(table, "    File {{ path: \"charts/dormer.tgz\", raw: {raw}, brotli: &[] }},")
        .map_err(io::Error::other)?;
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

/// A chart as an archive: the same for the same files, whoever made them and when.
fn archive(chart: &Path) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    collect(chart, &mut files)?;
    files.sort();
    let mut archive = Vec::new();
    for path in &files {
        println!("cargo:rerun-if-changed={}", path.display());
        let name = Path::new("dormer").join(path.strip_prefix(chart).map_err(io::Error::other)?);
        let content = fs::read(path)?;
        archive.extend(header(&name.display().to_string(), content.len()));
        archive.extend(&content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    // Two empty blocks are the end.
    archive.resize(archive.len() + 1024, 0);
    Ok(archive)
}

/// What stands before a file in a tar archive. Source: POSIX.1-1988, "ustar".
fn header(name: &str, length: usize) -> [u8; 512] {
    let mut header = [0; 512];
    let length = format!("{length:011o}");
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    assert!(name.len() < 100, "too long a name for a chart: {name}");
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &length);
    put(136, "00000000000");
    // The checksum is taken with spaces in its own place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|it| u32::from(*it)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// In the form of gzip, without compression: the chart is small. Sources: RFC 1951, RFC 1952.
fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks: Vec<&[u8]> = raw.chunks(0xffff).collect();
    for (i, block) in blocks.iter().enumerate() {
        out.push(u8::from(i + 1 == blocks.len()));
        let length = (block.len() & 0xffff) as u16;
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(*block);
    }
    out.extend(crc32fast::hash(raw).to_le_bytes());
    out.extend((raw.len() as u32).to_le_bytes());
    out
}
