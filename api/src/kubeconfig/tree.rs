//! YAML as a tree, within limits: what is refused here never gets as far as having a meaning.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// The longest text, in bytes.
pub const LENGTH_MAX: usize = 1024 * 1024;
/// The most events of the parser: a thousand contexts.
const EVENTS_MAX: usize = 20_000;
/// The deepest nesting; a kubeconfig needs six.
const DEPTH_MAX: usize = 32;

/// A value, as it is written.
pub(super) enum Node {
    /// Text, a number, `true` … Nothing is made of it here.
    Scalar(String),
    /// Nothing: empty, `~` or `null`.
    Null,
    /// Values in their order.
    List(Vec<Node>),
    /// Values by name, in their order. No name is there twice.
    Map(Vec<(String, Node)>),
}

/// Why a text is not read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Line and column, from 1; nothing where the text as a whole is meant.
    pub(super) place: Option<(usize, usize)>,
    /// What is wrong, without a full stop.
    pub(super) words: String,
}

impl Fault {
    fn at(span: &Span, words: impl Into<String>) -> Self {
        Self { place: Some((span.start.line(), span.start.col() + 1)), words: words.into() }
    }
}

impl From<ScanError> for Fault {
    fn from(error: ScanError) -> Self {
        let place = error.marker();
        Self { place: Some((place.line(), place.col() + 1)), words: error.info() }
    }
}

/// Reads one document. An alias is refused, and so is a name that stands twice: two readers could take
/// two values.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    if text.len() > LENGTH_MAX {
        return Err(Fault { place: None, words: "it is longer than 1 MiB".into() });
    }
    // YAML forbids it, and the parser lets it pass: such a line means another value than it shows.
    if let Some(i) = text.lines().position(|it| it.starts_with('\t') && !it.trim().is_empty()) {
        let words = "a tab cannot indent YAML".into();
        return Err(Fault { place: Some((i + 1, 1)), words });
    }
    let mut reader = Reader { events: Parser::new_from_str(text), left: EVENTS_MAX };
    let mut document = None;
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentEnd, _) => {}
            (Event::DocumentStart(..), span) if document.is_some() => {
                return Err(Fault::at(&span, "a second document begins"));
            }
            (Event::DocumentStart(..), _) => {
                let first = reader.next()?;
                document = Some(reader.node(first, 0)?);
            }
            (Event::StreamEnd, _) => return Ok(document.unwrap_or(Node::Null)),
            (_, span) => return Err(Fault::at(&span, "that is out of place")),
        }
    }
}

struct Reader<I> {
    events: I,
    left: usize,
}

impl<'a, I: Iterator<Item = Result<(Event<'a>, Span), ScanError>>> Reader<I> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        loop {
            let event = self.events.next();
            let (event, span) =
                event.ok_or_else(|| Fault { place: None, words: "it ends too early".into() })??;
            self.left = self.left.checked_sub(1).ok_or_else(|| {
                Fault::at(&span, format!("it holds more than {EVENTS_MAX} values"))
            })?;
            // The parser tells of comments too, wherever they stand.
            if !matches!(event, Event::Comment(..)) {
                return Ok((event, span));
            }
        }
    }

    fn node(&mut self, (event, span): (Event<'a>, Span), depth: usize) -> Result<Node, Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault::at(&span, format!("it is nested deeper than {DEPTH_MAX}")));
        }
        match event {
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(.., Some(_))
            | Event::MappingStart(.., Some(_)) => Err(Fault::at(&span, "tags are not read")),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                Err(Fault::at(&span, "aliases are not read: write the value out"))
            }
            Event::Scalar(text, ScalarStyle::Plain, ..)
                if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") =>
            {
                Ok(Node::Null)
            }
            Event::Scalar(text, ..) => Ok(Node::Scalar(text.into_owned())),
            Event::SequenceStart(..) => self.list(depth),
            Event::MappingStart(..) => self.map(depth),
            _ => Err(Fault::at(&span, "a value is expected")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node::List(list)),
                event => list.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut map: Vec<(String, Node)> = Vec::new();
        let mut names = std::collections::BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node::Map(map));
            }
            let Node::Scalar(name) = self.node((event, span), depth + 1)? else {
                return Err(Fault::at(&span, "a name is expected here"));
            };
            if !names.insert(name.clone()) {
                return Err(Fault::at(&span, "this name stands here twice"));
            }
            let value = self.next()?;
            map.push((name, self.node(value, depth + 1)?));
        }
    }
}

impl Node {
    /// The value of this name, if there is one that is not nothing.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(map) = self else { return None };
        map.iter().find(|it| it.0 == name).map(|it| &it.1).filter(|it| !it.is_nothing())
    }

    /// The text of this name; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Self::Scalar(text)) => text,
            Some(Self::Null | Self::List(_) | Self::Map(_)) | None => "",
        }
    }

    /// The values of a list of this name.
    pub(super) fn list(&self, name: &str) -> &[Self] {
        match self.get(name) {
            Some(Self::List(list)) => list,
            Some(Self::Null | Self::Scalar(_) | Self::Map(_)) | None => &[],
        }
    }

    /// The names that have a value.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let map = if let Self::Map(map) = self { map.as_slice() } else { &[] };
        map.iter().filter(|it| !it.1.is_nothing()).map(|it| it.0.as_str())
    }

    /// It says nothing: `null`, `""`, `{}` or `[]`.
    fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Scalar(text) => text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn refused(text: &str) -> String {
        let fault = parse(text).err().unwrap();
        let place =
            fault.place.map(|(line, column)| format!("{line}:{column} ")).unwrap_or_default();
        format!("{place}{}", fault.words)
    }

    #[test]
    fn a_fault_has_its_place() {
        assert_eq!(refused("a:\n\tb: 1\n"), "2:1 a tab cannot indent YAML");
        assert_eq!(refused("a: 1\na: 2\n"), "2:1 this name stands here twice");
        assert_eq!(refused("a: &x 1\nb: *x\n"), "2:4 aliases are not read: write the value out");
        assert_eq!(refused("a: 1\n---\nb: 2\n"), "2:1 a second document begins");
        assert_eq!(refused("a: !!binary eA==\n"), "1:13 tags are not read");
        assert!(refused("a: [1\nb: 2\n").starts_with("2:"));
    }

    #[test]
    fn what_costs_too_much_is_refused_before_it_does() {
        assert_eq!(refused(&"a".repeat(LENGTH_MAX + 1)), "it is longer than 1 MiB");
        // The parser's own limit comes first here: it looks ahead.
        assert!(!refused(&"[".repeat(200_000)).is_empty());
        assert!(refused(&("[".repeat(40) + &"]".repeat(40))).ends_with("nested deeper than 32"));
        assert!(refused(&"- a\n".repeat(EVENTS_MAX)).contains("more than 20000"));
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n";
        assert!(refused(bomb).contains("aliases are not read"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[\\[\\]{}:,&*!|>'\"#%@`\\-? \n\ta-c]{0,60}") {
            _ = parse(&text);
        }
    }
}
