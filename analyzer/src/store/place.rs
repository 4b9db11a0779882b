//! Where the store is: a file in the data folder, or a PostgreSQL server that several analyzers share.

use super::{Access, Folder, FolderError};
use crate::config::{self, Config, StoreUrl};
use std::fmt;
use std::time::Duration;

/// A place that is ready for the store to be opened.
#[derive(Debug)]
pub struct Place(pub(super) Where);

#[derive(Debug)]
pub(super) enum Where {
    /// Nobody waits longer than the patience for what a person asked.
    Folder {
        folder: Folder,
        settings: config::Store,
        patience: Duration,
    },
    Server {
        settings: config::Store,
        patience: Duration,
    },
}

impl Place {
    /// Enters the place that the configuration names; for a service of the folder it is held as long as the store lives.
    ///
    /// # Errors
    /// The data folder is unusable, empty or taken.
    pub fn enter(config: &Config, access: Access) -> Result<Self, FolderError> {
        let (settings, patience) = (config.store.clone(), config.http.request_timeout);
        Ok(Self(match settings.url {
            StoreUrl::Embedded => {
                Where::Folder { folder: Folder::enter(&config.data_dir, access)?, settings, patience }
            }
            StoreUrl::Postgres(_) => Where::Server { settings, patience },
        }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Where::Folder { folder, .. } => {
                let path = folder.path();
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                write!(formatter, "in {}", whole.display())
            }
            Where::Server { .. } => formatter.write_str("on the PostgreSQL server of store.url"),
        }
    }
}
