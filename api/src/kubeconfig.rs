//! What is in a kubeconfig, and what of it can be used: the same rules in the page, before anything
//! is sent, and in the server, which believes nobody.
//!
//! A kubeconfig can name programs to run and files to read. Here it is text: what is understood is
//! taken out field by field, and all else is refused by its name.

mod check;
mod refuse;
mod tree;

pub use tree::LENGTH_MAX;

use check::Entry;
use tree::{Fault, Node};

/// What is wrong with a file or one of its contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path of the field, such as `users[0].user.exec`; empty where the file as a whole is meant.
    pub field: String,
    /// One sentence or two, for people.
    pub message: String,
    /// It may work all the same: said in the page, and no reason to refuse.
    pub warning: bool,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of the file.
    pub contexts: Vec<Context>,
    /// The name of the current one, where the file has one and it is among them.
    pub current: Option<String>,
    /// What is wrong with the file as a whole. What is wrong with a context stands there.
    pub problems: Vec<Problem>,
}

/// A way to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Its name in the file.
    pub name: String,
    /// The URL of the cluster's API; empty where there is none.
    pub server: String,
    /// How one says who one is.
    pub auth: Auth,
    /// Why it cannot be used; warnings besides.
    pub problems: Vec<Problem>,
}

/// How one says who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// A bearer token.
    Token,
    /// A client certificate with its key.
    Certificate,
    /// A program of this name is run.
    Exec(String),
    /// A plugin of this name that was built into old clients.
    AuthProvider(String),
    /// A username and a password.
    Password,
    /// Files on the machine that the file comes from.
    Files,
    /// Not at all.
    Missing,
}

impl Auth {
    /// In words, for the list of contexts.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Token => "Token".into(),
            Self::Certificate => "Client certificate".into(),
            Self::Exec(program) => format!("Exec plugin {program}"),
            Self::AuthProvider(name) => format!("Auth provider {name}"),
            Self::Password => "Password".into(),
            Self::Files => "Files on another machine".into(),
            Self::Missing => "None".into(),
        }
    }
}

/// What is taken out of a file: nothing else of it is ever used. Has no `Debug`, because most of it is
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// The `https://` URL of the cluster's API.
    pub server: String,
    /// The name that its certificate has to have, where that is not the host's.
    pub tls_server_name: Option<String>,
    /// The PEM of the authority of its certificate.
    pub ca: String,
    /// Who we are there.
    pub credential: Credential,
}

/// Who we are at a cluster. Has no `Debug`, because it is secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A bearer token.
    Token(String),
    /// A client certificate.
    Certificate {
        /// Its PEM.
        certificate: String,
        /// The PEM of its key.
        key: String,
    },
}

impl Context {
    /// It can be connected.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.problems.iter().all(|it| it.warning)
    }
}

/// Looks at a file, for a person to choose from.
#[must_use]
pub fn read(text: &str) -> Found {
    let file = match parse(text) {
        Ok(file) => file,
        Err(problem) => return Found { problems: vec![problem], ..Found::default() },
    };
    let mut problems = check::file(&file);
    let entries = check::entries(&file);
    let named = file.text("current-context");
    let current = entries.iter().map(|it| &it.name).find(|it| *it == named).cloned();
    if current.is_none() && entries.len() > 1 {
        problems.push(refuse::no_current(named));
    }
    let contexts = entries.iter().map(Entry::context).collect();
    Found { contexts, current, problems }
}

/// Takes what is needed of one context out of a file: `context`, or else the current one, or else the
/// only one.
///
/// # Errors
/// Everything that is in the way, warnings apart. A problem with the choice of the context has the
/// field `current-context`.
pub fn take(text: &str, context: &str) -> Result<Taken, Vec<Problem>> {
    let file = parse(text).map_err(|problem| vec![problem])?;
    let mut problems = check::file(&file);
    let entries = check::entries(&file);
    let wanted = if context.is_empty() { file.text("current-context") } else { context };
    let chosen = match (wanted, entries.as_slice()) {
        ("", [only]) => Some(only),
        _ => entries.iter().find(|it| it.name == wanted && !wanted.is_empty()),
    };
    let Some(entry) = chosen else {
        if problems.is_empty() {
            problems.push(refuse::no_current(wanted));
        }
        return Err(problems);
    };
    match entry.take() {
        Ok(taken) if problems.is_empty() => Ok(taken),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

fn parse(text: &str) -> Result<Node, Problem> {
    let problem = |message| Problem { field: String::new(), message, warning: false };
    match tree::parse(text) {
        Ok(map @ Node::Map(_)) => Ok(map),
        Ok(Node::Null) => Err(problem("There is nothing in it.".into())),
        Ok(Node::Scalar(_) | Node::List(_)) => {
            Err(problem("This is not a kubeconfig: a file of clusters, users and contexts.".into()))
        }
        Err(Fault { place: Some((line, column)), words }) => {
            Err(problem(format!("This is not YAML. Line {line}, column {column}: {words}.")))
        }
        Err(Fault { place: None, words }) => Err(problem(format!("It cannot be read: {words}."))),
    }
}

#[cfg(test)]
mod tests;
