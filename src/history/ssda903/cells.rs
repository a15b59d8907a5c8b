//! Single cells: what they hold, and what is said where they hold something else.

use super::codes;
use super::tables::{Line, Source};
use crate::history::{Code, Day, Finding, Findings};

/// Why a row is dropped: the code, the column, and what is wrong.
pub struct Drop(pub Code, pub &'static str, pub &'static str);

/// A cell that must not be blank.
pub fn required<'l>(line: Line<'l>, column: &'static str) -> Result<&'l str, Drop> {
    match line.cell(column) {
        "" => Err(Drop(codes::BLANK, column, "the cell is blank")),
        text => Ok(text),
    }
}

/// A day, or blank.
pub fn day(line: Line<'_>, column: &'static str) -> Result<Option<Day>, Drop> {
    line.day(column).map_err(|()| Drop(codes::DATE, column, "the date cannot be read"))
}

/// A code that must not be blank, in capitals.
pub fn code(line: Line<'_>, column: &'static str) -> Result<String, Drop> {
    required(line, column).map(str::to_ascii_uppercase)
}

/// A code that may be blank; one that is on no list is reported and read as unknown.
pub fn optional<T>(
    source: &Source,
    line: Line<'_>,
    column: &'static str,
    findings: &mut Findings,
    find: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let text = line.cell(column).to_ascii_uppercase();
    if text.is_empty() {
        return None;
    }
    let found = find(&text);
    if found.is_none() {
        odd(findings, source, line, codes::OTHER_CODE, column, "no code of its list");
    }
    found
}

/// Reports what is odd in a row that is used.
pub fn odd(
    findings: &mut Findings,
    source: &Source,
    line: Line<'_>,
    code: Code,
    column: &'static str,
    what: &'static str,
) {
    findings.add_with(code, || {
        Finding::new(code, source.name.clone(), what).row(line.number).column(column)
    });
}

/// The outward half of a postcode, which names a district; never the whole.
pub fn outward(postcode: &str) -> Option<Box<str>> {
    let text = postcode.to_ascii_uppercase();
    let outward = match text.split_once(char::is_whitespace) {
        Some((first, _)) => first,
        // Without a blank, the last three characters are the inward half.
        None if (5..=7).contains(&text.len()) && text.is_ascii() => &text[..text.len() - 3],
        None => return None,
    };
    let looks_right = (2..=4).contains(&outward.len())
        && outward.starts_with(|c: char| c.is_ascii_alphabetic())
        && outward.bytes().all(|b| b.is_ascii_alphanumeric());
    looks_right.then(|| outward.into())
}

/// Capitals and digits only, so that two spellings of one thing compare equal.
pub fn squeeze(text: &str) -> Box<str> {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_uppercase()).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outward_half_of_a_postcode_is_kept() {
        assert_eq!(outward("ZZ19 7TT").as_deref(), Some("ZZ19"));
        assert_eq!(outward("zz197tt").as_deref(), Some("ZZ19"));
        for text in ["", "ZZ19", "1234 AB", "somewhere else", "Z Z"] {
            assert_eq!(outward(text), None, "{text}");
        }
    }
}
