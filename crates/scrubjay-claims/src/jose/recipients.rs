//! The recipients of each audience, read from key files and read again when those change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::key::PublicKey;
use super::keyfile::{KeyFileError, KeyFileFault, read_public};
use super::record::RECIPIENTS_MAX;

/// Who can open what: for each audience the public keys of its files.
#[derive(Clone, Debug, Default)]
pub struct Recipients {
    files: BTreeMap<String, Vec<PathBuf>>,
    keys: BTreeMap<String, Vec<PublicKey>>,
}

impl Recipients {
    /// Reads the key files of each audience: JWK, JWK Set or PEM, each with one key or several.
    ///
    /// # Errors
    /// Every file that cannot be used.
    pub fn read(files: BTreeMap<String, Vec<PathBuf>>) -> Result<Self, Vec<KeyFileError>> {
        let mut keys = BTreeMap::new();
        let mut errors = Vec::new();
        for (audience, paths) in &files {
            let mut all: Vec<PublicKey> = Vec::new();
            for path in paths {
                match keys_of(path) {
                    Ok(found) => {
                        for key in found {
                            // The same key twice would be wrapped for twice.
                            if !all.iter().any(|known| known.thumbprint() == key.thumbprint()) {
                                all.push(key);
                            }
                        }
                    }
                    Err(error) => errors.push(error),
                }
            }
            if all.len() > RECIPIENTS_MAX {
                errors.push(KeyFileError { path: PathBuf::from(audience), fault: KeyFileFault::Large });
            }
            keys.insert(audience.clone(), all);
        }
        if errors.is_empty() { Ok(Self { files, keys }) } else { Err(errors) }
    }

    /// Reads the files again. The audiences whose recipients are others now; their epochs have to be closed
    /// ([`crate::Sealer::close`]). When any file cannot be used all stays as it was.
    ///
    /// # Errors
    /// Every file that cannot be used.
    pub fn reload(&mut self) -> Result<Vec<String>, Vec<KeyFileError>> {
        let new = Self::read(self.files.clone())?;
        let changed = new.keys.iter().filter(|(audience, keys)| self.keys.get(*audience) != Some(*keys));
        let changed = changed.map(|(audience, _)| audience.clone()).collect();
        *self = new;
        Ok(changed)
    }

    /// The names of the audiences.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The keys of an audience, valid or not.
    #[must_use]
    pub fn of(&self, audience: &str) -> &[PublicKey] {
        self.keys.get(audience).map(Vec::as_slice).unwrap_or_default()
    }

    /// The keys that are valid at `now`, and the ids of the others.
    pub(crate) fn valid(&self, audience: &str, now: u64) -> (Vec<&PublicKey>, Vec<String>) {
        let (valid, others): (Vec<_>, Vec<_>) = self.of(audience).iter().partition(|key| key.is_valid(now));
        (valid, others.iter().map(|key| key.kid().to_owned()).collect())
    }
}

fn keys_of(path: &Path) -> Result<Vec<PublicKey>, KeyFileError> {
    PublicKey::read_all(&read_public(path)?).map_err(|fault| KeyFileError { path: path.to_owned(), fault })
}
