//! Calls to the server: one shape for every answer and every failure.

use std::time::Duration;

use dormer_api::status::Status;
use gloo_net::http::{Method, RequestBuilder, Response};
use gloo_timers::future::sleep;
use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::AbortSignal;

use crate::session::Session;

/// How long an answer may take, in milliseconds. Longer than a virtual cluster takes to wake.
const ANSWER_MS_MAX: u32 = 60_000;

/// How long to wait before a server that is not there is asked again.
pub const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum CallError {
    /// The server said no, and why.
    Refused(Box<Status>),
    /// No answer came.
    Unreachable,
    /// An answer came that makes no sense.
    Unreadable,
}

impl CallError {
    /// What the server says of `field`.
    pub fn cause_of(&self, field: &str) -> Option<String> {
        match self {
            Self::Refused(status) => status.cause_of(field).map(str::to_owned),
            Self::Unreachable | Self::Unreadable => None,
        }
    }

    /// The HTTP status of a refusal.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(status) => Some(status.code),
            Self::Unreachable | Self::Unreadable => None,
        }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(status) if status.message.is_empty() => {
                write!(f, "The server refused ({}).", status.code)
            }
            Self::Refused(status) => f.write_str(&status.message),
            Self::Unreachable => f.write_str("Cannot reach the server."),
            Self::Unreadable => f.write_str("The server's answer could not be read."),
        }
    }
}

/// Makes calls on behalf of whoever is signed in. A call that finds the session over waits for a
/// new sign-in and is made again, so nothing that was typed is lost.
#[derive(Clone, Copy)]
pub struct Client {
    session: Session,
}

impl Client {
    /// A client for the person of `session`.
    pub fn of(session: Session) -> Self {
        Self { session }
    }

    /// Reads an object.
    pub async fn get<T: DeserializeOwned>(self, path: &str) -> Result<T, CallError> {
        read(self.answer(&Method::GET, path, "").await?).await
    }

    /// Reads an object, and waits for a server that is not there.
    pub async fn get_patiently<T: DeserializeOwned>(self, path: &str) -> Result<T, CallError> {
        loop {
            match self.get(path).await {
                Err(CallError::Unreachable) => sleep(ASK_AGAIN).await,
                answer => return answer,
            }
        }
    }

    /// Makes an object.
    pub async fn post<T: DeserializeOwned>(
        self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        read(self.answer(&Method::POST, path, &json(body)?).await?).await
    }

    /// Changes the named fields of an object, and no others.
    pub async fn merge(self, path: &str, body: &impl Serialize) -> Result<(), CallError> {
        self.answer(&Method::PATCH, path, &json(body)?).await.map(drop)
    }

    /// Deletes an object.
    pub async fn delete(self, path: &str) -> Result<(), CallError> {
        self.answer(&Method::DELETE, path, "").await.map(drop)
    }

    /// Opens `path` for reading piece by piece; `signal` ends it.
    pub async fn open(
        self,
        path: &str,
        accept: &str,
        signal: &AbortSignal,
    ) -> Result<Response, CallError> {
        loop {
            let request = marked(RequestBuilder::new(path)).header("accept", accept);
            let request = request.abort_signal(Some(signal)).build();
            let response = request.map_err(|_| CallError::Unreadable)?.send().await;
            match accepted(response.map_err(|_| CallError::Unreachable)?).await {
                Err(error) if error.code() == Some(401) => self.session.renewed().await,
                answer => return answer,
            }
        }
    }

    async fn answer(self, method: &Method, path: &str, body: &str) -> Result<Response, CallError> {
        loop {
            match call(method, path, body).await {
                Err(error) if error.code() == Some(401) => self.session.renewed().await,
                answer => return answer,
            }
        }
    }
}

/// Posts without waiting for a sign-in where there is none: for the calls that make one.
pub async fn post_once<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, CallError> {
    read(call(&Method::POST, path, &json(body)?).await?).await
}

/// Deletes without waiting for a sign-in where there is none: for the call that ends one.
pub async fn delete_once(path: &str) -> Result<(), CallError> {
    call(&Method::DELETE, path, "").await.map(drop)
}

async fn call(method: &Method, path: &str, body: &str) -> Result<Response, CallError> {
    let signal = AbortSignal::timeout_with_u32(ANSWER_MS_MAX);
    let builder = marked(RequestBuilder::new(path))
        .method(method.clone())
        .header("accept", "application/json")
        .abort_signal(Some(&signal));
    let request = match *method {
        Method::POST => builder.header("content-type", "application/json").body(body.to_owned()),
        Method::PATCH => {
            builder.header("content-type", "application/merge-patch+json").body(body.to_owned())
        }
        _ => builder.build(),
    };
    let response = request.map_err(|_| CallError::Unreadable)?.send().await;
    accepted(response.map_err(|_| CallError::Unreachable)?).await
}

/// The mark that no other site can put on a request: what keeps a forged one from counting.
fn marked(builder: RequestBuilder) -> RequestBuilder {
    builder.header("x-dormer", "1")
}

/// The response if it is no refusal.
async fn accepted(response: Response) -> Result<Response, CallError> {
    if response.ok() {
        return Ok(response);
    }
    let code = response.status();
    let text = response.text().await.unwrap_or_default();
    Err(refusal(code, &text))
}

/// What a refusal with this body means. A gateway in front of the server answers in its own words,
/// and what they mean is that the server is not there.
fn refusal(code: u16, body: &str) -> CallError {
    match serde_json::from_str::<Status>(body) {
        Ok(status) => CallError::Refused(Box::new(Status { code, ..status })),
        Err(_) if matches!(code, 502..=504) => CallError::Unreachable,
        Err(_) => CallError::Refused(Box::new(Status::failure(code, "", ""))),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let text = response.text().await.map_err(|_| CallError::Unreachable)?;
    serde_json::from_str(&text).map_err(|_| CallError::Unreadable)
}

fn json(body: &impl Serialize) -> Result<String, CallError> {
    serde_json::to_string(body).map_err(|_| CallError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_the_servers_words_and_fields() {
        let body = r#"{"kind":"Status","message":"no","reason":"Invalid","details":{"causes":
            [{"field":"spec.username","message":"Taken."}]}}"#;
        let error = refusal(422, body);
        assert_eq!(error.to_string(), "no");
        assert_eq!(error.code(), Some(422));
        assert_eq!(error.cause_of("spec.username").as_deref(), Some("Taken."));
        assert_eq!(error.cause_of("spec.email"), None);
    }

    #[test]
    fn a_gateway_that_finds_no_server_means_that_there_is_none() {
        assert_eq!(refusal(502, "<html>Bad Gateway</html>"), CallError::Unreachable);
        assert_eq!(refusal(500, "oops").to_string(), "The server refused (500).");
    }
}
