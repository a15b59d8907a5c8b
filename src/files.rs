//! Writing files whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::{Error, ErrorKind};

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part.
///
/// The bytes go to a temporary file in the same folder, are synced, and are then renamed over
/// the target; a run that is killed leaves the old file whole.
///
/// # Errors
/// [`ErrorKind::Usage`] where the file exists and `force` is false; [`ErrorKind::Io`] where the
/// folder cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8], force: bool) -> Result<(), Error> {
    let io = |e: std::io::Error| {
        Error::new(ErrorKind::Io, format!("cannot write {}: {e}", path.display()))
            .with_hint("check that the folder exists and may be written to")
    };
    may_write(path, force)?;
    let folder = folder_of(path);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    if force {
        file.persist(path).map_err(|e| io(e.error))?;
    } else {
        file.persist_noclobber(path).map_err(|e| {
            if e.error.kind() == std::io::ErrorKind::AlreadyExists {
                exists(path)
            } else {
                io(e.error)
            }
        })?;
    }
    // The rename is only durable once the folder is; not every platform lets a folder be synced.
    if let Ok(dir) = std::fs::File::open(folder) {
        let _ = dir.sync_all();
    }
    Ok(())
}

/// Says whether [`write_whole`] would refuse `path`, so that long work need not be done first.
///
/// # Errors
/// [`ErrorKind::Usage`] where the file exists and `force` is false; [`ErrorKind::Io`] where it is
/// a folder, or its folder is missing.
pub fn may_write(path: &Path, force: bool) -> Result<(), Error> {
    let io = |what: &str| {
        Error::new(ErrorKind::Io, format!("cannot write {}: {what}", path.display()))
            .with_hint("check that the folder exists and may be written to")
    };
    if path.is_dir() {
        return Err(io("it is a folder, not a file"));
    }
    if !folder_of(path).is_dir() {
        return Err(io("its folder does not exist"));
    }
    // A link that leads nowhere is in the way as well.
    if !force && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    Ok(())
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// The refusal to overwrite.
fn exists(path: &Path) -> Error {
    Error::new(ErrorKind::Usage, format!("{} exists already and is left as it is", path.display()))
        .with_hint("choose another name, or add --force to replace it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_to_overwrite_and_replaces_with_force() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.json");
        write_whole(&path, b"one", false).unwrap();
        let refused = write_whole(&path, b"two", false).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Usage);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_whole(&path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        // No temporary file stays behind.
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_io_error() {
        let dir = tempfile::tempdir().unwrap();
        let err = write_whole(&dir.path().join("no/such/file"), b"", false).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Io);
    }
}
