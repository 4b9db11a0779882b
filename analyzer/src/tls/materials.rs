//! Certificates and keys out of PEM files, and what rustls makes of them.

use crate::config;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{Error, RootCertStore, ServerConfig, crypto};

/// Bytes of one file at most.
const FILE_BYTES: u64 = 1024 * 1024;

/// What is served here, the only protocol that a client may want.
const PROTOCOL: &[u8] = b"http/1.1";

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", file.path.display())]
    Unreadable {
        /// Which.
        file: File,
        /// Why.
        source: io::Error,
    },
    /// A file is no PEM.
    #[error("{} is no PEM, or was cut off", file.path.display())]
    NotPem {
        /// Which.
        file: File,
    },
    /// There is nothing in a file of what should be there.
    #[error("{} has no {} in PEM", file.path.display(), file.kind.inside())]
    Empty {
        /// Which.
        file: File,
    },
    /// What is in a file does not do, or not with that of another.
    #[error("{} does not do: {}", file.path.display(), told(source))]
    Unfit {
        /// Which.
        file: File,
        /// Why.
        source: Error,
    },
    /// The issuers of edges' certificates do not do.
    #[error("{} does not do: {source}", file.path.display())]
    Issuers {
        /// Which.
        file: File,
        /// Why.
        source: tokio_rustls::rustls::client::VerifierBuilderError,
    },
}

/// A file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    kind: Kind,
    path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate,
    Key,
    Issuers,
}

impl Kind {
    fn inside(self) -> &'static str {
        match self {
            Self::Certificate | Self::Issuers => "certificate",
            Self::Key => "private key without a password",
        }
    }
}

/// A mistake of operators in their words, any other in those of the library.
fn told(error: &Error) -> String {
    if matches!(error, Error::InconsistentKeys(_)) {
        return "the private key is that of another certificate".to_owned();
    }
    error.to_string()
}

impl TlsError {
    /// The setting that names the file.
    pub(crate) fn setting(&self) -> &'static str {
        let (Self::Unreadable { file, .. }
        | Self::NotPem { file, .. }
        | Self::Empty { file }
        | Self::Unfit { file, .. }
        | Self::Issuers { file, .. }) = self;
        match file.kind {
            Kind::Certificate => "tls.certificate",
            Kind::Key => "tls.key",
            Kind::Issuers => "tls.edge_ca",
        }
    }
}

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Materials {
    certificate: Content,
    key: Content,
    issuers: Option<Content>,
}

impl Materials {
    /// Whether both name the same issuers of edges' certificates.
    pub(super) fn believes_as(&self, other: &Self) -> bool {
        self.issuers == other.issuers
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Content {
    file: File,
    bytes: Vec<u8>,
}

/// There is a private key in it.
impl fmt::Debug for Materials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Materials")
    }
}

impl Materials {
    /// Reads the files.
    pub(crate) fn read(settings: &config::Tls) -> Result<Self, TlsError> {
        let read = |kind, path: &Path| Content::read(File { kind, path: path.to_owned() });
        Ok(Self {
            certificate: read(Kind::Certificate, &settings.certificate)?,
            key: read(Kind::Key, &settings.key)?,
            issuers: settings.edge_ca.as_deref().map(|path| read(Kind::Issuers, path)).transpose()?,
        })
    }

    /// What a handshake goes by: TLS 1.2 and 1.3.
    pub(crate) fn accept(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(crypto::ring::default_provider());
        let unfit = |file: &File| {
            let file = file.clone();
            move |source| TlsError::Unfit { file, source }
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unfit(&self.certificate.file))?;
        let builder = match &self.issuers {
            None => builder.with_no_client_auth(),
            Some(issuers) => {
                let mut roots = RootCertStore::empty();
                for certificate in issuers.certificates()? {
                    roots.add(certificate).map_err(unfit(&issuers.file))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                // People and their programs show none; edges without one are told so by the path that they ask for.
                let verifier = verifier.allow_unauthenticated().build();
                let file = issuers.file.clone();
                builder
                    .with_client_cert_verifier(verifier.map_err(|source| TlsError::Issuers { file, source })?)
            }
        };
        let key = self.key.private_key()?;
        // A key of another certificate is told here too.
        let mut config = builder
            .with_single_cert(self.certificate.certificates()?, key)
            .map_err(unfit(&self.certificate.file))?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        if self.issuers.is_some() {
            // A session that is taken up again would bring back a certificate that has run out since.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Arc::new(config))
    }
}

impl Content {
    fn read(file: File) -> Result<Self, TlsError> {
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(&file.path).and_then(|it| it.take(FILE_BYTES + 1).read_to_end(&mut bytes));
        let checked = read.and_then(|length| match u64::try_from(length) {
            Ok(length) if length <= FILE_BYTES => Ok(()),
            Ok(_) | Err(_) => Err(io::Error::other(format!("it has more than {FILE_BYTES} bytes"))),
        });
        match checked {
            Ok(()) => Ok(Self { file, bytes }),
            Err(source) => Err(TlsError::Unreadable { file, source }),
        }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes).collect();
        match found {
            Ok(certificates) if certificates.is_empty() => Err(TlsError::Empty { file: self.file.clone() }),
            Ok(certificates) => Ok(certificates),
            Err(_) => Err(TlsError::NotPem { file: self.file.clone() }),
        }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|error| {
            let file = self.file.clone();
            if matches!(error, pem::Error::NoItemsFound) {
                TlsError::Empty { file }
            } else {
                TlsError::NotPem { file }
            }
        })
    }
}
