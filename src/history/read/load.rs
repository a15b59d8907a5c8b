//! The bytes of a file, in bounded memory, or why it is no text.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::ErrorKind;
use crate::history::error::FileProblem;

/// The longest row that is read, in bytes.
pub(super) const MAX_ROW: usize = 1 << 20;

/// How much is read at a time. Not above [`MAX_ROW`], so that a line within one block is never
/// too long.
const BLOCK: u64 = 1 << 20;

/// A file in memory.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub bytes: Vec<u8>,
    /// The first line that is longer than [`MAX_ROW`]; `bytes` ends before it.
    pub long_line: Option<u64>,
}

/// Reads a whole file into `buffer`, but stops at a line that is too long: a gigabyte without a
/// line end costs two blocks of memory.
pub(super) fn load(path: &Path, name: &str, buffer: Vec<u8>) -> Result<Text, FileProblem> {
    let io = |e: &std::io::Error| FileProblem {
        file: name.into(),
        kind: ErrorKind::Io,
        what: format!("cannot be read: {e}"),
        repair: "check the file and its permissions".into(),
    };
    let mut file = File::open(path).map_err(|e| io(&e))?;
    let size = file.metadata().map_err(|e| io(&e))?.len();
    let mut text = Text { bytes: buffer, long_line: None };
    text.bytes.clear();
    let mut in_line = 0;
    loop {
        let old = text.bytes.len();
        text.bytes.try_reserve(BLOCK as usize + 64).map_err(|_| FileProblem {
            file: name.into(),
            kind: ErrorKind::Io,
            what: format!("does not fit in memory ({size} bytes)"),
            repair: "split the history, or use a machine with more memory".into(),
        })?;
        let got = (&mut file).take(BLOCK).read_to_end(&mut text.bytes).map_err(|e| io(&e))?;
        if got == 0 {
            return Ok(text);
        }
        let block = &text.bytes[old..];
        let first = block.iter().position(|&b| is_line_end(b));
        if in_line + first.unwrap_or(got) > MAX_ROW {
            text.bytes.truncate(old - in_line);
            text.long_line = Some(1 + line_ends(&text.bytes, cr_only(&text.bytes)));
            return Ok(text);
        }
        in_line = match block.iter().rposition(|&b| is_line_end(b)) {
            Some(last) => got - last - 1,
            None => in_line + got,
        };
    }
}

fn is_line_end(b: u8) -> bool {
    b == b'\n' || b == b'\r'
}

/// Whether lines end in a carriage return alone, as on an old Macintosh.
pub(super) fn cr_only(bytes: &[u8]) -> bool {
    !bytes.contains(&b'\n') && bytes.contains(&b'\r')
}

/// How many lines end in `bytes`.
pub(super) fn line_ends(bytes: &[u8], cr_only: bool) -> u64 {
    let end = if cr_only { b'\r' } else { b'\n' };
    // So many that a count of one byte holds them: several bytes are then counted at a time.
    let few = |few: &[u8]| few.iter().fold(0u8, |n, &b| n.wrapping_add(u8::from(b == end)));
    bytes.chunks(255).map(|chunk| u64::from(few(chunk))).sum()
}

/// What a file is, where it is no text that can be read as CSV.
pub(super) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(&[0x1f, 0x8b]) {
        return Some("is compressed with gzip");
    }
    if starts(b"PK\x03\x04") {
        return Some("is a zip archive or a workbook (xlsx, ods)");
    }
    if starts(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Some("is an old workbook (xls)");
    }
    if starts(&[0xff, 0xfe]) || starts(&[0xfe, 0xff]) {
        return Some("is UTF-16 text");
    }
    // Nearly every other byte of UTF-16 text in our alphabet is zero; one stray zero is not.
    let head = &bytes[..bytes.len().min(4096)];
    let zeros = head.iter().filter(|&&b| b == 0).count();
    if zeros * 10 > head.len() * 3 {
        return Some("is UTF-16 text or binary");
    }
    if zeros * 50 > head.len() && zeros > 8 {
        return Some("is binary");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(bytes: &[u8]) -> Text {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        std::fs::write(&path, bytes).unwrap();
        load(&path, "x.csv", Vec::new()).unwrap()
    }

    #[test]
    fn a_long_line_stops_the_reading_and_says_which() {
        let mut bytes = b"a,b\n1,2\n".to_vec();
        bytes.resize(MAX_ROW * 16, b'x');
        let text = loaded(&bytes);
        assert_eq!(text.long_line, Some(3));
        assert_eq!(text.bytes, b"a,b\n1,2\n");
        assert!(text.bytes.capacity() < 4 * MAX_ROW);
    }

    #[test]
    fn the_longest_row_may_cross_blocks() {
        for shift in [0, 1, 7, MAX_ROW / 2] {
            let mut bytes = vec![b'y'; shift];
            bytes.push(b'\n');
            bytes.extend(vec![b'x'; MAX_ROW]);
            bytes.extend(b"\nend\n");
            let text = loaded(&bytes);
            assert_eq!((text.long_line, text.bytes.len()), (None, bytes.len()), "{shift}");
            bytes.insert(shift + 1, b'x');
            assert_eq!(loaded(&bytes).long_line, Some(2), "{shift}");
        }
    }

    #[test]
    fn foreign_files_are_known_by_their_first_bytes() {
        assert!(foreign(&[0x1f, 0x8b, 8, 0]).unwrap().contains("gzip"));
        assert!(foreign(b"PK\x03\x04rest").unwrap().contains("xlsx"));
        let utf16: Vec<u8> = "child_id,birth\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(foreign(&utf16).unwrap().contains("UTF-16"));
        assert!(foreign(&[&[0xff, 0xfe], &utf16[..]].concat()).unwrap().contains("UTF-16"));
        assert_eq!(foreign(b"child_id,birth\nc1,\x002010-01-01\n"), None);
        assert_eq!(foreign(b""), None);
    }
}
