//! Taking a kubeconfig in: hostile text, until the little that is needed has been copied out of it.
//!
//! `kube` runs the programs and reads the files that a kubeconfig names, so none ever sees one: what
//! [`Sanitized::config`] makes is built field by field, and has no room for either.

use std::error::Error;

use axum::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dormer_api::kubeconfig::{self as rules, Credential, Problem, Taken};
use dormer_api::status::StatusCause;
use kube::Config;
use kube::client::ConfigExt;
use kube::config::AuthInfo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;

/// What is kept of a kubeconfig. Has no `Debug` and cannot be serialized, because it is secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Sanitized(Taken);

/// Takes one context of a kubeconfig in; an empty `context` is the current one.
///
/// Nothing is run, opened or dialled.
///
/// # Errors
/// A cause for everything that is in the way: `spec.context` for the choice of the context, else the
/// field of the file behind `spec.config`.
pub fn intake(text: &str, context: &str) -> Result<Sanitized, Vec<StatusCause>> {
    let taken = rules::take(text, context)
        .map_err(|problems| problems.into_iter().map(cause).collect::<Vec<_>>())?;
    let sanitized = Sanitized(taken);
    // Whether certificates and keys can be used is for TLS to say.
    match sanitized.config().map(|config| config.rustls_client_config()) {
        Ok(Ok(_)) => Ok(sanitized),
        Ok(Err(_)) | Err(_) => Err(vec![cause(Problem {
            field: String::new(),
            message: "A certificate or a key in it cannot be used for TLS.".into(),
            warning: false,
        })]),
    }
}

/// Where the field of a file is in a `ClusterConnect`.
fn cause(problem: Problem) -> StatusCause {
    let field = match problem.field.as_str() {
        "" => "spec.config".to_owned(),
        "current-context" => "spec.context".to_owned(),
        field => format!("spec.config.{field}"),
    };
    StatusCause { reason: "FieldValueInvalid".into(), message: problem.message, field }
}

impl Sanitized {
    /// What was taken, once the vault gives it back.
    pub(super) fn from_taken(taken: Taken) -> Self {
        Self(taken)
    }

    /// What was taken, for the vault.
    pub(super) fn taken(&self) -> &Taken {
        &self.0
    }

    /// The URL of the cluster's API. No secret.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// What `kube` needs to speak to the cluster, but for the way there.
    ///
    /// # Errors
    /// The URL or a certificate cannot be read.
    pub(super) fn config(&self) -> Result<Config, Box<dyn Error + Send + Sync>> {
        let mut config = Config::new(self.0.server.parse::<Uri>()?);
        let roots = CertificateDer::pem_slice_iter(self.0.ca.as_bytes());
        let roots: Vec<Vec<u8>> =
            roots.map(|it| it.map(|der| der.to_vec())).collect::<Result<_, _>>()?;
        if roots.is_empty() {
            // Without one, `kube` would believe every authority that this machine does.
            return Err("the authority has no certificate".into());
        }
        config.root_cert = Some(roots);
        config.tls_server_name.clone_from(&self.0.tls_server_name);
        config.auth_info = match &self.0.credential {
            Credential::Token(token) => {
                AuthInfo { token: Some(SecretString::from(token.clone())), ..AuthInfo::default() }
            }
            Credential::Certificate { certificate, key } => AuthInfo {
                client_certificate_data: Some(STANDARD.encode(certificate)),
                client_key_data: Some(SecretString::from(STANDARD.encode(key))),
                ..AuthInfo::default()
            },
        };
        Ok(config)
    }
}

#[cfg(test)]
mod tests;
