//! Our certificate: the one that was given, or one of an authority of our own.

use std::io::{self, BufReader};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, ServerConfig, SignatureScheme};

use crate::files;

/// What TLS needs, and what clients need to trust it.
pub struct Tls {
    /// For the listener.
    pub config: Arc<ServerConfig>,
    /// The PEM of our own authority; nothing where the certificate was given.
    pub authority: Option<String>,
}

impl Tls {
    /// Base64 of the PEM of our own authority; empty where the certificate was given.
    #[must_use]
    pub fn authority_data(&self) -> String {
        self.authority.as_ref().map(|it| STANDARD.encode(it)).unwrap_or_default()
    }
}

/// With the certificate and key in these files, both PEM.
///
/// # Errors
/// They cannot be read, or do not belong together.
pub fn given(certificate: &Path, key: &Path) -> io::Result<Tls> {
    let config = config(&std::fs::read(certificate)?, &std::fs::read(key)?)?;
    Ok(Tls { config, authority: None })
}

/// With a certificate of an authority of our own, which is made at the first start and kept in
/// `folder`. The certificate itself is made anew where it does not name all of `names`.
///
/// # Errors
/// The folder cannot be read or written.
pub fn own(folder: &Path, names: &[String]) -> io::Result<Tls> {
    let (ca_file, ca_key_file) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
    if !ca_file.exists() || !ca_key_file.exists() {
        let (pem, key) = authority().map_err(io::Error::other)?;
        files::write_private(&ca_key_file, key.as_bytes())?;
        files::write_private(&ca_file, pem.as_bytes())?;
    }
    let ca = std::fs::read_to_string(&ca_file)?;
    let ca_key = std::fs::read_to_string(&ca_key_file)?;
    // Short work, and so every start has a fresh certificate with today's names.
    let (pem, key) = leaf(&ca, &ca_key, names).map_err(io::Error::other)?;
    Ok(Tls { config: config(pem.as_bytes(), key.as_bytes())?, authority: Some(ca) })
}

/// Takes every certificate: for a check that an administrator asked to be made without looking. The
/// other side still has to own the key of the certificate that it shows.
#[derive(Debug)]
pub struct Unchecked(pub Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn authority() -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = authority_params().self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// The authority but for its key: the same at every start, so that what it signs names it rightly.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Dormer local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// How long a certificate of our own is good: the longest that Apple's systems take of a private
/// authority. Each start makes a new one.
const LEAF_DAYS: i64 = 825;

fn leaf(ca: &str, ca_key: &str, names: &[String]) -> Result<(String, String), rcgen::Error> {
    let issuer = Issuer::new(authority_params(), KeyPair::from_pem(ca_key)?);
    let mut params = CertificateParams::new(names.to_vec())?;
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    let day = |it: jiff::civil::Date| {
        let (month, day) = (it.month().unsigned_abs(), it.day().unsigned_abs());
        rcgen::date_time_ymd(it.year().into(), month, day)
    };
    params.not_before = day(today.saturating_sub(jiff::Span::new().days(1)));
    params.not_after = day(today.saturating_add(jiff::Span::new().days(LEAF_DAYS)));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Dormer");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;
    Ok((certificate.pem() + ca, key.serialize_pem()))
}

fn config(chain: &[u8], key: &[u8]) -> io::Result<Arc<ServerConfig>> {
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_reader_iter(BufReader::new(chain)).collect();
    let key = PrivateKeyDer::from_pem_reader(BufReader::new(key)).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(io::Error::other)?, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The names that a certificate of our own has, and that requests may ask for: loopback, the
/// machine's own name, where it listens, and what the settings add. In lower case.
#[must_use]
pub fn names(listen: IpAddr, url: Option<&str>, more: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    names.extend(std::fs::read_to_string("/etc/hostname").ok().map(|it| it.trim().to_lowercase()));
    names.extend(url.and_then(host_of_url));
    names.extend(more.iter().map(|it| it.to_lowercase()));
    names.retain(|it| !it.is_empty());
    names.sort();
    names.dedup();
    names
}

fn host_of_url(url: &str) -> Option<String> {
    let uri: axum::http::Uri = url.parse().ok()?;
    Some(uri.host()?.trim_matches(['[', ']']).to_lowercase())
}
