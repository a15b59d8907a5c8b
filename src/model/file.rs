//! The model file: JSON in one fixed form, read strictly.
//!
//! `{"format":"pleegzorg-model","version":1,"sha256":"…","model":{…}}` and a newline. The SHA-256
//! is that of the bytes of the model, and the bytes are the only ones that this program writes
//! for that model: a file that says the same in other bytes was not written by it. The hash
//! tells damage, not forgery: whoever changes a file can compute it anew, and so all that is
//! read is checked as well.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Model, ModelError, Stamp};
use crate::files::write_whole;

/// The version of the format.
const VERSION: u64 = 1;
/// No model file is larger.
const LARGEST: u64 = 256 << 20;

const HEAD: &str = "{\"format\":\"pleegzorg-model\",\"version\":";
const HASH: &str = ",\"sha256\":\"";
const BODY: &str = "\",\"model\":";
const TAIL: &str = "}\n";

impl Model {
    /// The bytes of the model's file.
    ///
    /// # Errors
    /// [`ModelError::File`] where the model cannot be written down, [`ModelError::KeepsRows`] where
    /// it must not.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let kind = self.about.kind;
        if kind.keeps_rows() {
            return Err(ModelError::KeepsRows { kind });
        }
        let body = serde_json::to_string(self).map_err(|e| ModelError::File(e.to_string()))?;
        let hash = hash(body.as_bytes());
        Ok(format!("{HEAD}{VERSION}{HASH}{hash}{BODY}{body}{TAIL}").into_bytes())
    }

    /// Reads the bytes of a model file.
    ///
    /// # Errors
    /// [`ModelError::File`] where they are foreign, cut short or altered, or hold numbers that
    /// make no model; [`ModelError::Newer`]. Both mean exit 4.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (body, claimed) = open(bytes)?;
        let whole = |why: &dyn std::fmt::Display| ModelError::File(why.to_string());
        if hash(body.as_bytes()) != claimed {
            return Err(whole(
                &"its contents do not match its checksum: it was altered or damaged",
            ));
        }
        let model: Self = serde_json::from_str(body).map_err(|e| whole(&e))?;
        model.check().map_err(|what| whole(&what))?;
        let again = serde_json::to_string(&model).map_err(|e| whole(&e))?;
        if again != body {
            return Err(whole(&"it is not in the form in which this program writes models"));
        }
        Ok(model)
    }

    /// The SHA-256 of the model, in hexadecimal: its name wherever it is used.
    #[must_use]
    pub fn sha256(&self) -> String {
        serde_json::to_string(self).map_or_else(|_| String::new(), |body| hash(body.as_bytes()))
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], or the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let io = |e: &dyn std::fmt::Display| {
            let what = format!("cannot read {}: {e}", path.display());
            let error = crate::Error::new(crate::ErrorKind::Io, what);
            ModelError::Other(error.with_hint("give the path of a model file that train wrote"))
        };
        if path.is_dir() {
            return Err(io(&"it is a folder"));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|e| io(&e))?;
        // The size that a system tells of a pipe is nothing to go by.
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| io(&e))?;
        let named = |what: String| ModelError::File(format!("{} ({what})", path.display()));
        if bytes.len() as u64 > LARGEST {
            return Err(named(format!("it is larger than {LARGEST} bytes")));
        }
        Self::from_bytes(&bytes).map_err(|e| match e {
            ModelError::File(what) => named(what),
            other => other,
        })
    }

    /// Writes the model file, whole or not at all. An existing file stays unless `force`.
    ///
    /// # Errors
    /// The file exists, or cannot be written.
    pub fn write(&self, path: &Path, force: bool) -> Result<(), ModelError> {
        Ok(write_whole(path, &self.to_bytes()?, force)?)
    }

    /// Stamps what an evaluation concluded. The model's SHA-256 changes with it.
    pub fn set_stamp(&mut self, stamp: Stamp) {
        self.stamp = Some(stamp);
    }
}

/// The body and the hash that a file claims for it.
fn open(bytes: &[u8]) -> Result<(&str, &str), ModelError> {
    let foreign = |what: &str| ModelError::File(what.to_owned());
    let text = std::str::from_utf8(bytes).map_err(|_| foreign("it is no text"))?;
    let cut = || foreign("it is cut short or altered");
    let rest = text.strip_prefix(HEAD).ok_or_else(|| {
        if HEAD.starts_with(text) { cut() } else { foreign("it was not written by pleegzorg") }
    })?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (version, rest) = rest.split_at(digits);
    // A later version may be laid out in another way: it is told before anything else is read.
    match version.parse() {
        Ok(VERSION) if version.len() == 1 => {}
        Ok(found) if found > VERSION && !rest.is_empty() => {
            return Err(ModelError::Newer { found, known: VERSION });
        }
        _ => return Err(cut()),
    }
    let rest = rest.strip_prefix(HASH).ok_or_else(cut)?;
    if rest.len() < 64 || !rest.is_char_boundary(64) {
        return Err(cut());
    }
    let (hash, rest) = rest.split_at(64);
    let body = rest.strip_prefix(BODY).and_then(|b| b.strip_suffix(TAIL)).ok_or_else(cut)?;
    Ok((body, hash))
}

/// The SHA-256 in lower-case hexadecimal.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
