//! Refusals, as what happened. One place turns them into a `Status`.

use axum::response::{IntoResponse, Response};
use dormer_api::status::{Status, StatusCause, StatusDetails};

use crate::store;

/// What the API answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal. All but [`Error::Internal`] is the caller's to see.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body or the query cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// Nobody known calls.
    #[error("{0}")]
    Unauthorized(String),
    /// Known, but not allowed. Only where the caller may know that the object is there.
    #[error("{0}")]
    Forbidden(String),
    /// Nothing by that name, or nothing that the caller may know of.
    #[error("{} \"{name}\" not found", qualified(.resource, .group))]
    NotFound {
        /// Such as `users`.
        resource: String,
        /// Empty for the core group.
        group: String,
        /// The object's name.
        name: String,
    },
    /// No virtual cluster by that name, or none that the caller may know of. In words for somebody who
    /// reads them in a terminal, out of context.
    #[error(
        "virtual cluster \"{name}\" in project \"{project}\" not found: it was deleted, never was, or is not yours to use"
    )]
    NoVirtualCluster {
        /// The project in the path.
        project: String,
        /// The virtual cluster's name.
        name: String,
    },
    /// No such path.
    #[error("the server could not find the requested resource")]
    NoResource,
    /// The path is there, for other methods.
    #[error("the server does not allow this method on the requested resource")]
    MethodNotAllowed,
    /// None of the forms that the client accepts can be made.
    #[error("only the following media types are accepted: application/json")]
    NotAcceptable,
    /// The name is taken.
    #[error("{} \"{name}\" already exists", qualified(.resource, .group))]
    AlreadyExists {
        /// Such as `users`.
        resource: String,
        /// Empty for the core group.
        group: String,
        /// The object's name.
        name: String,
    },
    /// The object has changed since the caller read it, or another manager owns a field.
    #[error("{message}")]
    Conflict {
        /// What collides.
        message: String,
        /// One a field, for server-side apply.
        causes: Vec<StatusCause>,
    },
    /// The object breaks rules.
    #[error("{}", invalid(.kind, .name, .causes))]
    Invalid {
        /// Such as `User`.
        kind: String,
        /// Empty for the core group.
        group: String,
        /// The object's name.
        name: String,
        /// One a fault. `message` is what stands under the field in the page.
        causes: Vec<StatusCause>,
    },
    /// The revision is older than the log reaches.
    #[error("{0}")]
    Expired(String),
    /// The body is too long.
    #[error("the request is too large")]
    TooLarge,
    /// The body has a form that is not spoken here.
    #[error("the body of the request was in an unknown format - accepted media types include: {0}")]
    UnsupportedMediaType(&'static str),
    /// Too many tries.
    #[error("{message}")]
    TooManyRequests {
        /// What the page shows.
        message: String,
        /// When it is worth trying again, in seconds.
        retry_after_seconds: u32,
    },
    /// Not now.
    #[error("{message}")]
    Unavailable {
        /// What is missing.
        message: String,
        /// When it is worth trying again, in seconds; 0 where waiting does not help.
        retry_after_seconds: u32,
    },
    /// What a cluster behind us answered is not to be passed on.
    #[error("{0}")]
    BadGateway(String),
    /// A revision that has not been yet.
    #[error("{0}")]
    Future(String),
    /// It took too long.
    #[error("{0}")]
    Timeout(String),
    /// The disk is full.
    #[error("the server's disk is full: nothing can be written, reading goes on")]
    InsufficientStorage,
    /// Broken on our side. The caller learns that and no more.
    #[error("Internal error occurred")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

fn invalid(kind: &str, name: &str, causes: &[StatusCause]) -> String {
    let faults: Vec<String> = causes
        .iter()
        .map(|it| {
            if it.field.is_empty() {
                it.message.clone()
            } else {
                format!("{}: {}", it.field, it.message)
            }
        })
        .collect();
    let faults =
        if faults.len() == 1 { faults.concat() } else { format!("[{}]", faults.join(", ")) };
    format!("{kind} \"{name}\" is invalid: {faults}")
}

impl Error {
    /// A refusal because of one field.
    pub fn invalid_field(
        kind: &str,
        group: &str,
        name: &str,
        field: &str,
        message: impl Into<String>,
    ) -> Self {
        let cause = StatusCause {
            reason: "FieldValueInvalid".into(),
            message: message.into(),
            field: field.into(),
        };
        Self::Invalid {
            kind: kind.into(),
            group: group.into(),
            name: name.into(),
            causes: vec![cause],
        }
    }

    /// Broken on our side, for a reason of our own words.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// What goes over the wire.
    #[must_use]
    pub fn status(&self) -> Status {
        let (code, reason) = self.code_and_reason();
        Status { details: self.details(), ..Status::failure(code, reason, self.to_string()) }
    }

    fn code_and_reason(&self) -> (u16, &'static str) {
        match self {
            Self::BadRequest(_) => (400, "BadRequest"),
            Self::Unauthorized(_) => (401, "Unauthorized"),
            Self::Forbidden(_) => (403, "Forbidden"),
            Self::NotFound { .. } | Self::NoVirtualCluster { .. } | Self::NoResource => {
                (404, "NotFound")
            }
            Self::MethodNotAllowed => (405, "MethodNotAllowed"),
            Self::NotAcceptable => (406, "NotAcceptable"),
            Self::AlreadyExists { .. } => (409, "AlreadyExists"),
            Self::Conflict { .. } => (409, "Conflict"),
            Self::Expired(_) => (410, "Expired"),
            Self::TooLarge => (413, "RequestEntityTooLarge"),
            Self::UnsupportedMediaType(_) => (415, "UnsupportedMediaType"),
            Self::Invalid { .. } => (422, "Invalid"),
            Self::TooManyRequests { .. } => (429, "TooManyRequests"),
            Self::Internal(_) => (500, "InternalError"),
            Self::BadGateway(_) => (502, "BadGateway"),
            Self::Unavailable { .. } => (503, "ServiceUnavailable"),
            Self::Future(_) | Self::Timeout(_) => (504, "Timeout"),
            Self::InsufficientStorage => (507, "InsufficientStorage"),
        }
    }

    fn details(&self) -> Option<StatusDetails> {
        let details = StatusDetails::default();
        match self {
            Self::NotFound { resource, group, name }
            | Self::AlreadyExists { resource, group, name } => Some(StatusDetails {
                name: name.clone(),
                group: group.clone(),
                kind: resource.clone(),
                ..details
            }),
            Self::Future(_) => Some(StatusDetails {
                // Clients look for these very words.
                causes: vec![StatusCause {
                    reason: "ResourceVersionTooLarge".into(),
                    message: "Too large resource version".into(),
                    field: String::new(),
                }],
                retry_after_seconds: Some(1),
                ..details
            }),
            Self::Conflict { causes, .. } => {
                Some(StatusDetails { causes: causes.clone(), ..details })
            }
            Self::Invalid { kind, group, name, causes } => Some(StatusDetails {
                name: name.clone(),
                group: group.clone(),
                kind: kind.clone(),
                causes: causes.clone(),
                ..details
            }),
            Self::TooManyRequests { retry_after_seconds, .. }
            | Self::Unavailable { retry_after_seconds, .. } => {
                // Clients wait for as long as it says, ten times, without a word: 0 says nothing.
                let retry_after_seconds = Some(*retry_after_seconds).filter(|it| *it > 0);
                Some(StatusDetails { retry_after_seconds, ..details })
            }
            _ => None,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Expired(_) => Self::Expired(error.to_string()),
            store::Error::Future(_) => Self::Future(error.to_string()),
            store::Error::Full => Self::InsufficientStorage,
            store::Error::Closed => {
                Self::Unavailable { message: "the server is stopping".into(), retry_after_seconds: 1 }
            }
            store::Error::Conflict => Self::Conflict {
                message: "the object has been modified; please apply your changes to the latest version and try again".into(),
                causes: Vec::new(),
            },
            store::Error::NotFound | store::Error::AlreadyExists => {
                Self::Internal(format!("a store answer that was not mapped: {error}").into())
            }
            store::Error::Internal(source) => Self::Internal(source),
        }
    }
}

/// The message and cause of a fault on our side, for the one place that logs it.
#[derive(Clone)]
pub struct Fault(pub std::sync::Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let code = axum::http::StatusCode::from_u16(status.code)
            .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (code, axum::Json(&status)).into_response();
        let retry = status.details.and_then(|it| it.retry_after_seconds);
        if let Some(seconds) = retry {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        if matches!(self, Self::Internal(_)) {
            response.extensions_mut().insert(Fault(std::sync::Arc::new(self)));
        }
        response
    }
}
