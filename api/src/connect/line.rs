//! A command line as it is copied and as it is shown.

/// A part of a [`Line`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Shown as it is.
    Plain(String),
    /// Hidden until the person asks for it.
    Secret(String),
    /// Shown by its beginning and its end.
    Long(String),
}

/// One command line, with a sentence on what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub hint: &'static str,
    /// It can be run instead of the line before it, so it is no part of the [`block`].
    pub instead: bool,
    pieces: Vec<Piece>,
}

/// What stands for a hidden secret. As long for every secret, so that it tells nothing.
const MASK: &str = "••••••••••••";
/// How long the part of a secret before its `_` may be, in characters, to be a word for its kind,
/// such as the `vck` of an access key: that is shown.
const KIND_MAX: usize = 4;
/// From so many characters on a long piece is shortened on the screen.
const LONG_FROM: usize = 32;
/// How many characters of a shortened piece are shown at either end.
const LONG_ENDS: usize = 10;

impl Line {
    pub(crate) fn new(hint: &'static str) -> Self {
        Self { hint, instead: false, pieces: Vec::new() }
    }

    pub(crate) fn plain(self, text: String) -> Self {
        self.and(Piece::Plain(text))
    }

    pub(crate) fn secret(self, text: String) -> Self {
        self.and(Piece::Secret(text))
    }

    pub(crate) fn long(self, text: String) -> Self {
        self.and(Piece::Long(text))
    }

    pub(crate) fn instead(self) -> Self {
        Self { instead: true, ..self }
    }

    fn and(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }

    /// The line to copy: what a shell runs.
    #[must_use]
    pub fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Plain(text) | Piece::Secret(text) | Piece::Long(text) => text.as_str(),
            })
            .collect()
    }

    /// The line to show: secrets hidden unless `reveal`, long values shortened.
    #[must_use]
    pub fn shown(&self, reveal: bool) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Plain(text) => text.clone(),
                Piece::Secret(text) if reveal => text.clone(),
                Piece::Secret(text) => masked(text),
                Piece::Long(text) => shortened(text),
            })
            .collect()
    }

    /// It holds a secret.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Secret(_)))
    }
}

/// All lines as one text to paste. They are joined by `&&`: a shell reads the whole before it runs
/// the first, so that a `read` cannot swallow the next line, and stops at the first that fails.
#[must_use]
pub fn block(lines: &[Line]) -> String {
    let steps: Vec<String> = lines.iter().filter(|it| !it.instead).map(Line::text).collect();
    let mut block = steps.join(" &&\n");
    block.push('\n');
    block
}

/// One word for a POSIX shell that stands for exactly `text`. A NUL cannot be said in a shell, so
/// it is left out.
pub(crate) fn quote(text: &str) -> String {
    let text = text.replace('\0', "");
    shlex::try_quote(&text).map_or_else(|_| String::new(), std::borrow::Cow::into_owned)
}

/// [`quote`], in single quotes also where none are needed.
pub(super) fn single_quoted(text: &str) -> String {
    let quoted = quote(text);
    if quoted == text { format!("'{text}'") } else { quoted }
}

/// A word for the file `name` in `folder` of the home folder.
pub(super) fn home_path(folder: &str, name: &str) -> String {
    let quoted = quote(name);
    if quoted == name {
        format!("\"$HOME/{folder}/{name}\"")
    } else {
        format!("\"$HOME/{folder}/\"{quoted}")
    }
}

/// A secret with its kind, and its quotes, shown.
fn masked(secret: &str) -> String {
    let quote = if secret.starts_with('\'') { "'" } else { "" };
    let kind = secret.trim_matches('\'').split_once('_').map_or("", |(kind, _)| kind);
    match kind.len() {
        1..=KIND_MAX => format!("{quote}{kind}_{MASK}{quote}"),
        _ => format!("{quote}{MASK}{quote}"),
    }
}

/// The beginning and the end of a text that is too long to read anyhow.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count < LONG_FROM {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONG_ENDS).collect();
    let end: String = text.chars().skip(count - LONG_ENDS).collect();
    format!("{start}…{end}")
}
