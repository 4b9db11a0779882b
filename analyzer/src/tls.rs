//! TLS of the listener: the files of the configuration become what a handshake goes by, again whenever they are renewed.
//!
//! Knows certificates and how they are shown; does not know what is served. Files that do not fit together, as while they
//! are being renewed, change nothing: what was read last and was good stays.

mod handshake;
mod materials;

pub(crate) use handshake::Handshake;
pub(crate) use materials::Materials;
pub use materials::TlsError;

use crate::config;
use crate::metrics::{Metrics, Reload, Reloaded};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// The request came over a connection whose client has shown a certificate that we believed then.
#[derive(Clone, Debug)]
pub(crate) struct Certified {
    /// Whom we believed, and whom we believe.
    then: u64,
    issuers: Arc<AtomicU64>,
}

impl Certified {
    /// Whether we still believe those whom we believed at the handshake.
    pub(crate) fn holds(&self) -> bool {
        self.issuers.load(Ordering::Acquire) == self.then
    }
}

/// What handshakes go by.
#[derive(Debug)]
pub(crate) struct Tls {
    current: RwLock<Current>,
    /// Another number for each change of the issuers of edges' certificates.
    issuers: Arc<AtomicU64>,
    /// Held by whoever reads the files.
    reading: Mutex<()>,
    turns: Semaphore,
    /// Rings when there are other settings.
    adopted: Notify,
    metrics: Arc<Metrics>,
}

/// What was read last and was good.
#[derive(Clone, Debug)]
struct Current {
    settings: config::Tls,
    materials: Materials,
    accept: Arc<ServerConfig>,
}

/// Makes the one implementation of cryptography that there is here the one of this process; whoever speaks TLS needs one.
pub fn begin() {
    // Another start in this process may have come first.
    drop(crypto::ring::default_provider().install_default());
}

impl Tls {
    /// Reads the files.
    pub(crate) fn new(settings: config::Tls, metrics: Arc<Metrics>) -> Result<Self, TlsError> {
        let turns = Semaphore::new(settings.handshakes);
        let current = Current::read(settings)?;
        Ok(Self {
            current: RwLock::new(current),
            issuers: Arc::default(),
            reading: Mutex::default(),
            turns,
            adopted: Notify::new(),
            metrics,
        })
    }

    /// Reads the files again after every interval; ends when it is aborted.
    pub(crate) async fn renew(self: Arc<Self>) {
        let mut failure = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.settings().renewal) => {}
                // From here on by the new interval; what the files hold was just taken.
                () = self.adopted.notified() => continue,
            }
            let tls = Arc::clone(&self);
            let read = tokio::task::spawn_blocking(move || tls.again()).await;
            let said =
                read.map_or_else(|error| Err(error.to_string()), |read| read.map_err(|it| it.to_string()));
            match said {
                Ok(Renewal::None) => failure = None,
                Ok(Renewal::Done) => {
                    failure = None;
                    self.metrics.reloaded(Reload::Certificates, Reloaded::Done);
                    tracing::info!("the certificates were renewed");
                }
                // Once for each thing that is wrong, however often it is looked at.
                Err(error) if failure.as_ref() != Some(&error) => {
                    self.metrics.reloaded(Reload::Certificates, Reloaded::Refused);
                    tracing::warn!(error, "the certificates stay as they were");
                    failure = Some(error);
                }
                Err(_) => {}
            }
        }
    }

    /// Takes what the files of other settings hold; what is wrong changes nothing.
    pub(crate) fn adopt(&self, settings: config::Tls) -> Result<Renewal, TlsError> {
        let _turn = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let renewal = self.take(settings)?;
        self.adopted.notify_one();
        Ok(renewal)
    }

    fn again(&self) -> Result<Renewal, TlsError> {
        // Whoever brings other settings in between would find them gone again.
        let _turn = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        self.take(self.settings())
    }

    fn take(&self, settings: config::Tls) -> Result<Renewal, TlsError> {
        let materials = Materials::read(&settings)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.materials == materials {
            current.settings = settings;
            return Ok(Renewal::None);
        }
        let accept = materials.accept()?;
        if !materials.believes_as(&current.materials) {
            self.issuers.fetch_add(1, Ordering::AcqRel);
        }
        *current = Current { settings, materials, accept };
        Ok(Renewal::Done)
    }

    fn settings(&self) -> config::Tls {
        self.current.read().unwrap_or_else(PoisonError::into_inner).settings.clone()
    }

    /// What a handshake goes by, how long it may take, and what a certificate shown in it is worth.
    fn accepts(&self) -> (Arc<ServerConfig>, Duration, Certified) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        // Changed under the same lock.
        let then = self.issuers.load(Ordering::Acquire);
        let certified = Certified { then, issuers: Arc::clone(&self.issuers) };
        (Arc::clone(&current.accept), current.settings.handshake_timeout, certified)
    }
}

impl Current {
    fn read(settings: config::Tls) -> Result<Self, TlsError> {
        let materials = Materials::read(&settings)?;
        let accept = materials.accept()?;
        Ok(Self { settings, materials, accept })
    }
}

/// What reading the files again came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// They are what they were.
    None,
    /// Handshakes go by other ones from here on.
    Done,
}
