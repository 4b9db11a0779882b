//! Where inputs are kept: `fuzz/corpus` for what reaches new code, `fuzz/regressions` for what once broke something.

use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// The folders of this package.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

impl Default for Place {
    fn default() -> Self {
        Self(PathBuf::from(env!("CARGO_MANIFEST_DIR")))
    }
}

impl Place {
    /// What reaches code that nothing else reaches.
    pub fn corpus(&self, target: &str) -> PathBuf {
        self.0.join("corpus").join(target)
    }

    /// What once broke a property.
    pub fn regressions(&self, target: &str) -> PathBuf {
        self.0.join("regressions").join(target)
    }

    /// A file of the repository.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn repository(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.0.join("..").join(path);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The files of a folder of the repository.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn files(&self, path: &str) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
        inputs(&self.0.join("..").join(path))
    }
}

/// The files of a folder, by name; none when there is no such folder.
///
/// # Errors
/// The folder or a file of it cannot be read.
pub fn inputs(folder: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            found.push((path, bytes));
        }
    }
    found.sort();
    Ok(found)
}
