//! The bytes of a table, in bounded memory, or why it is no text.

use std::io::Read;
use std::path::Path;

use super::TableError;
use super::error::TableFault;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Reads a file without its byte-order mark; stops at a line that is too long, so that a
/// gigabyte without a line end costs little memory.
pub(super) fn load(path: &Path, name: &str) -> Result<Vec<u8>, TableError> {
    let io = |what: String| TableError::Io { file: name.to_owned(), what };
    if path.is_dir() {
        return Err(io("is a folder, not a file".into()));
    }
    let mut file = std::fs::File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => io("is not there".into()),
        _ => io(format!("cannot be opened: {e}")),
    })?;
    let mut bytes = Vec::new();
    let mut in_line = 0;
    loop {
        let old = bytes.len();
        let read = (&mut file).take(MAX_LINE as u64).read_to_end(&mut bytes);
        if read.map_err(|e| io(format!("cannot be read: {e}")))? == 0 {
            break;
        }
        if old == 0
            && let Some(what) = foreign(&bytes)
        {
            return Err(TableError::Foreign { file: name.to_owned(), what });
        }
        for &b in &bytes[old..] {
            in_line = if b == b'\n' || b == b'\r' { 0 } else { in_line + 1 };
            if in_line > MAX_LINE {
                return Err(too_long(name, &bytes[..old]));
            }
        }
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

fn too_long(name: &str, before: &[u8]) -> TableError {
    let lines = before.iter().filter(|&&b| b == b'\n').count() as u64;
    let what = format!("the line is longer than {MAX_LINE} bytes: is this a table?");
    let fault = TableFault { row: Some(lines + 1), column: None, what };
    TableError::Faults { file: name.to_owned(), faults: vec![fault], more: 0 }
}

/// What a file is, where it is no text.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Some("is compressed with gzip");
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some("is a zip archive or a workbook");
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some("is UTF-16 text");
    }
    let head = &bytes[..bytes.len().min(4096)];
    head.contains(&0).then_some("is binary")
}
