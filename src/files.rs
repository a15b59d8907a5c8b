//! Writing files whole or not at all.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

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
    write_set(&[(path.to_path_buf(), bytes)], force)
}

/// Writes several files of one result: all are written aside and synced before the first takes
/// its place, so that a run that is killed while writing leaves every old file as it was. Only
/// the renames at the very end come one by one.
///
/// # Errors
/// As [`write_whole`], before anything is changed; [`ErrorKind::Io`] where a file cannot take its
/// place.
pub fn write_set(files: &[(PathBuf, &[u8])], force: bool) -> Result<(), Error> {
    for (path, _) in files {
        may_write(path, force)?;
    }
    let mut aside = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        aside.push(write().map_err(|e: std::io::Error| cannot(path, &e))?);
    }
    for (file, (path, _)) in aside.into_iter().zip(files) {
        if force {
            file.persist(path).map_err(|e| cannot(path, &e.error))?;
        } else {
            file.persist_noclobber(path).map_err(|e| match e.error.kind() {
                std::io::ErrorKind::AlreadyExists => exists(path),
                _ => cannot(path, &e.error),
            })?;
        }
    }
    // The renames are only durable once the folder is; not every platform lets one be synced.
    if let Some((path, _)) = files.first()
        && let Ok(folder) = std::fs::File::open(folder_of(path))
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Makes a folder, and those above it, where it is missing.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be made, or a file is in the way.
pub fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|e| {
        let why = if path.is_file() { "a file has that name".to_owned() } else { e.to_string() };
        Error::new(ErrorKind::Io, format!("cannot make the folder {}: {why}", path.display()))
            .with_hint("check that the folder above it exists and may be written to")
    })
}

/// The longest settings file that is read, in bytes.
const LONGEST_TEXT: u64 = 64 << 20;

/// Reads a small text, such as a study or rules, without its byte-order mark and in bounded
/// memory.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be read; [`ErrorKind::Usage`] where it is no UTF-8, or longer
/// than any such file.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let io = |what: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Io, format!("cannot read {}: {what}", path.display()))
            .with_hint("check the path, and that the file may be read")
    };
    if path.is_dir() {
        return Err(io(&"it is a folder, not a file"));
    }
    let file = std::fs::File::open(path).map_err(|e| io(&e))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_TEXT + 1).read_to_end(&mut bytes).map_err(|e| io(&e))?;
    let usage = |what: &str, hint: &str| {
        Error::new(ErrorKind::Usage, format!("{}: {what}", path.display())).with_hint(hint)
    };
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(usage("the file is too long for what it should be", "is it the right file?"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| usage("the file is not UTF-8", "save it as UTF-8; is it the right file?"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Says whether [`write_whole`] would refuse `path`, so that long work need not be done first.
///
/// # Errors
/// [`ErrorKind::Usage`] where the file exists and `force` is false; [`ErrorKind::Io`] where it is
/// a folder, or its folder is missing.
pub fn may_write(path: &Path, force: bool) -> Result<(), Error> {
    if path.is_dir() {
        return Err(cannot(path, &"it is a folder, not a file"));
    }
    if !folder_of(path).is_dir() {
        return Err(cannot(path, &"its folder does not exist"));
    }
    // A link that leads nowhere is in the way as well.
    if !force && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    Ok(())
}

fn cannot(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Io, format!("cannot write {}: {why}", path.display()))
        .with_hint("check that the folder exists and may be written to")
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
    fn a_set_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        std::fs::write(&old, "old").unwrap();
        let set = [(new.clone(), &b"1"[..]), (old.clone(), &b"2"[..])];
        assert_eq!(write_set(&set, false).unwrap_err().kind(), ErrorKind::Usage);
        assert!(!new.exists());
        assert_eq!(std::fs::read(&old).unwrap(), b"old");
        write_set(&set, true).unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"2");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_small_text_is_read_without_its_mark_and_not_when_it_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("study.toml");
        std::fs::write(&path, "\u{feff}a = 1").unwrap();
        assert_eq!(read_text(&path).unwrap(), "a = 1");
        std::fs::write(&path, b"\xe9").unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), ErrorKind::Usage);
        std::fs::File::create(&path).unwrap().set_len(LONGEST_TEXT + 1).unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(read_text(dir.path()).unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(read_text(&path.join("x")).unwrap_err().kind(), ErrorKind::Io);
    }

    #[test]
    fn a_missing_folder_is_an_io_error() {
        let dir = tempfile::tempdir().unwrap();
        let err = write_whole(&dir.path().join("no/such/file"), b"", false).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Io);
    }
}
