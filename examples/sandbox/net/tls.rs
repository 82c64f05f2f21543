//! Throw-away certificates for the mail server: one that is right, and four that are not.
//!
//! Out: [`Certificates`], and the authority's certificate as a PEM file for `ca_file`.
//! Standards: RFC 5280 (certificates), RFC 6125 (names in them).

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Names under which the mail server is right.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Which certificate the mail server shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Signed by the authority that the program was told of.
    #[default]
    Good,
    /// Signed by itself.
    SelfSigned,
    /// Valid until 2001.
    Expired,
    /// For another host.
    OtherHost,
    /// Signed by an authority that nobody knows.
    UnknownAuthority,
}

/// The authority's keys, for as long as the servers run.
pub(crate) struct Certificates {
    known: Issuer<'static, KeyPair>,
    unknown: Issuer<'static, KeyPair>,
    pem: String,
}

impl Certificates {
    /// Makes two authorities.
    ///
    /// # Errors
    ///
    /// The library cannot make a key.
    pub(crate) fn make() -> io::Result<Self> {
        let (known, pem) = authority("Loopback authority")?;
        let (unknown, _) = authority("Another authority")?;
        Ok(Self {
            known,
            unknown,
            pem,
        })
    }

    /// Writes the known authority's certificate, for `ca_file`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, &self.pem)
    }

    /// Returns what the server needs to show a certificate.
    ///
    /// # Errors
    ///
    /// The library cannot make a key or take it.
    pub(crate) fn server(&self, shown: Shown) -> io::Result<Arc<ServerConfig>> {
        let names = match shown {
            Shown::OtherHost => vec!["elsewhere.example".to_owned()],
            _ => NAMES.map(str::to_owned).to_vec(),
        };
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "loopback mail server");
        if shown == Shown::Expired {
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = match shown {
            Shown::SelfSigned => params.self_signed(&key),
            Shown::UnknownAuthority => params.signed_by(&key, &self.unknown),
            _ => params.signed_by(&key, &self.known),
        }
        .map_err(io::Error::other)?;
        server_config(certificate.der().clone(), &key)
    }
}

fn authority(name: &str) -> io::Result<(Issuer<'static, KeyPair>, String)> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
) -> io::Result<Arc<ServerConfig>> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(io::Error::other)?;
    Ok(Arc::new(config))
}
