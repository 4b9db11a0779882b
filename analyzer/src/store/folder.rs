//! The data folder: who may enter, and that only one service at a time lives in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What is to be done in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Be the one service of the folder; it is created where it is missing.
    Serve,
    /// Add to the store beside a service; it is created where it is missing.
    Add,
    /// Work with what is there.
    Existing,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be created or written.
    #[error("cannot use the data folder {}: {source}; choose a writable one with --data-dir", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no store in it.
    #[error(
        "there is no store in the data folder {}; name the right one with --data-dir, or run `portcullis serve`",
        path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Another service lives in it.
    #[error(
        "another `portcullis serve` uses the data folder {}; stop it, or choose another with --data-dir",
        path.display()
    )]
    Taken {
        /// The folder.
        path: PathBuf,
    },
}

/// A data folder that is ready for the store; a service holds it for as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: Option<File>,
}

impl Folder {
    /// Enters the folder.
    ///
    /// # Errors
    /// It is unusable, empty or taken.
    pub fn enter(path: &Path, access: Access) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { path: path.to_owned(), source };
        let folder = |lock| Self { path: path.to_owned(), _lock: lock };
        match access {
            Access::Existing => {
                let folder = folder(None);
                if !folder.store().is_file() {
                    return Err(FolderError::Empty { path: folder.path });
                }
                Ok(folder)
            }
            Access::Add => {
                create(path).map_err(unusable)?;
                Ok(folder(None))
            }
            Access::Serve => {
                create(path).map_err(unusable)?;
                let lock = private(&path.join("serve.lock")).map_err(unusable)?;
                match lock.try_lock() {
                    Ok(()) => Ok(folder(Some(lock))),
                    Err(TryLockError::WouldBlock) => Err(FolderError::Taken { path: path.to_owned() }),
                    Err(TryLockError::Error(source)) => Err(unusable(source)),
                }
            }
        }
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the store.
    pub fn store(&self) -> PathBuf {
        self.path.join("portcullis.db")
    }

    /// Waits until no other process is opening the store.
    pub(super) fn alone(&self) -> io::Result<File> {
        let lock = private(&self.path.join("open.lock"))?;
        lock.lock()?;
        Ok(lock)
    }
}

/// The folder and an empty store file, for the owner alone; SQLite gives its side files the same permissions.
fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    private(&path.join("portcullis.db")).map(drop)
}

fn private(file: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_folder_and_the_store_are_for_the_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let folder = Folder::enter(&path, Access::Serve).unwrap();
        assert_eq!((mode(&path), mode(&folder.store())), (0o700, 0o600));
    }

    #[test]
    fn one_service_lives_in_a_folder_and_keys_may_be_added_beside_it() {
        let parent = tempfile::tempdir().unwrap();
        let first = Folder::enter(parent.path(), Access::Serve).unwrap();
        assert!(matches!(Folder::enter(parent.path(), Access::Serve), Err(FolderError::Taken { .. })));
        assert!(Folder::enter(parent.path(), Access::Add).is_ok());
        drop(first);
        assert!(Folder::enter(parent.path(), Access::Serve).is_ok());
    }

    #[test]
    fn work_with_what_is_there_creates_nothing() {
        let parent = tempfile::tempdir().unwrap();
        assert!(matches!(Folder::enter(parent.path(), Access::Existing), Err(FolderError::Empty { .. })));
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
