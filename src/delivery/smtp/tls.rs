//! TLS, and why a certificate is refused.
//!
//! In: a connection and the server's name. Out: a protected connection.
//! Standards: RFC 8446, RFC 5246 (TLS 1.3 and 1.2), RFC 6125 (names), RFC 7817 (names of mail servers).
//! Trust: the system's roots, and the file that the user named; nothing switches the check off.
//! Failures: [`TlsError`], before a password or an address has left the machine.

use std::path::Path;
use std::sync::Arc;

use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_rustls::TlsConnector;

/// Why there is no protected connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TlsError {
    #[error("`{file}` could not be read as certificates: {why}")]
    CaFile { file: String, why: String },
    #[error("this system has no root certificates; name some with `ca_file`")]
    NoRoots,
    #[error("TLS could not be set up: {0}")]
    Setup(String),
    #[error("the server's certificate is not valid: {0}")]
    Certificate(String),
    #[error("the server does not speak TLS on this port")]
    NotTls,
    #[error("TLS failed: {0}")]
    Handshake(String),
    #[error("`{0}` is neither a host name nor an address")]
    Name(String),
    #[error("the TLS handshake took too long")]
    Slow,
}

impl TlsError {
    /// Returns whether trying again as it is would end the same way.
    pub(super) const fn is_lasting(&self) -> bool {
        !matches!(self, Self::Handshake(_) | Self::Slow)
    }
}

/// Returns what makes protected connections.
pub(super) fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, TlsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = ca_file {
        let refused = |why: String| TlsError::CaFile {
            file: file.display().to_string(),
            why,
        };
        let mut count = 0;
        let found = CertificateDer::pem_file_iter(file).map_err(|e| refused(e.to_string()))?;
        for certificate in found {
            let certificate = certificate.map_err(|e| refused(e.to_string()))?;
            roots.add(certificate).map_err(|e| refused(e.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(refused("it holds no certificate".to_owned()));
        }
    }
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Setup(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Names what mail-send says of a handshake.
pub(super) fn refused(error: mail_send::Error, host: &str) -> TlsError {
    match error {
        mail_send::Error::Tls(error) => match *error {
            rustls::Error::InvalidCertificate(reason) => {
                TlsError::Certificate(certificate_reason(&reason, host))
            }
            rustls::Error::InvalidMessage(_) => TlsError::NotTls,
            other => TlsError::Handshake(other.to_string()),
        },
        mail_send::Error::InvalidTLSName => TlsError::Name(host.to_owned()),
        mail_send::Error::Timeout => TlsError::Slow,
        other => TlsError::Handshake(other.to_string()),
    }
}

/// Says in words what is wrong with a certificate.
fn certificate_reason(reason: &CertificateError, host: &str) -> String {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock right?".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("it is not for `{host}`")
        }
        CertificateError::UnknownIssuer => "nobody that is trusted here signed it".to_owned(),
        CertificateError::Revoked => "it was revoked".to_owned(),
        other => other.to_string(),
    }
}
