//! Issuers and what they issue, made anew for each test: none is kept in the repository, and none runs out.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::path::{Path, PathBuf};

pub(crate) type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key, both in PEM.
pub(crate) struct Leaf {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

pub(crate) fn issuer() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // All of one name: it is the signature that counts.
    params.distinguished_name.push(DnType::CommonName, "the shop");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl Leaf {
    /// For the loopback address.
    pub(crate) fn of(issuer: &Issuer) -> Self {
        Self::with(issuer, |_| ())
    }

    pub(crate) fn with(issuer: &Issuer, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "leaf");
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, issuer).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Puts both into the places of older ones, each whole.
    pub(crate) fn write(&self, folder: &Path) -> [PathBuf; 2] {
        [("tls.pem", &self.certificate), ("tls.key", &self.key)].map(|(name, text)| put(folder, name, text))
    }
}

/// Moves a file into the place of another, as whoever renews certificates does.
pub(crate) fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let (new, path) = (folder.join(format!("{name}.new")), folder.join(name));
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, &path).unwrap();
    path
}
