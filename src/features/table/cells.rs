//! What the cells of a column are: numbers or words, with which decimal mark.

use crate::history::{Decimal, Format};

use super::TableError;
use super::shape::Shape;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Numbers,
    Words,
}

/// Counts of what the cells of a column look like.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub cells: u64,
    missing: u64,
    /// Numbers without a decimal mark.
    plain: u64,
    /// Numbers with a decimal point, or comma; and of these, those that could as well have a mark
    /// between thousands.
    point: u64,
    comma: u64,
    point_thousands: u64,
    comma_thousands: u64,
    /// Whole numbers of more than 15 digits.
    long: u64,
    /// Words.
    words: u64,
    /// Numbers that are none: NaN, infinity, or too large; and the first few rows of them.
    not_finite: u64,
    not_finite_rows: Vec<u64>,
    /// The first row with a comma among points, or the reverse.
    first_point: Option<u64>,
    first_comma: Option<u64>,
    /// Numbers of 8 or 9 digits, and those of them that pass the BSN check.
    nine_digits: u64,
    bsn: u64,
}

/// Whether a trimmed cell is missing.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty() || cell == b"NA"
}

/// How a cell reads as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Point,
    Comma,
}

/// The form of a number: digits with at most one mark, a sign, and an exponent; `None` for a word.
fn form(cell: &[u8]) -> Option<Form> {
    let unsigned = cell.strip_prefix(b"-").or_else(|| cell.strip_prefix(b"+")).unwrap_or(cell);
    let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    if let Some(e) = exponent {
        let digits = e.strip_prefix(b"-").or_else(|| e.strip_prefix(b"+")).unwrap_or(e);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
    }
    let (mut digits, mut form) = (0, Form::Plain);
    for b in mantissa {
        form = match b {
            b'0'..=b'9' => {
                digits += 1;
                form
            }
            b'.' if form == Form::Plain => Form::Point,
            b',' if form == Form::Plain => Form::Comma,
            _ => return None,
        };
    }
    (digits > 0).then_some(form)
}

/// Whether a number with one mark could have it between thousands: 1 to 3 digits, then 3.
fn thousands(cell: &[u8]) -> bool {
    let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
    let mark = unsigned.iter().position(|b| matches!(b, b'.' | b','));
    mark.is_some_and(|at| (1..=3).contains(&at) && unsigned.len() == at + 4 && unsigned[0] != b'0')
}

/// The number of a trimmed cell; `None` where it is missing.
pub(super) fn number(cell: &[u8], decimal: Decimal) -> Option<f64> {
    form(cell)?;
    let text = std::str::from_utf8(cell).ok()?;
    match decimal {
        Decimal::Point => text.parse().ok(),
        Decimal::Comma => text.replace(',', ".").parse().ok(),
    }
}

/// Whether a cell is how programs write what is no finite number.
fn is_not_finite(cell: &[u8]) -> bool {
    let unsigned = cell.strip_prefix(b"-").or_else(|| cell.strip_prefix(b"+")).unwrap_or(cell);
    ["nan", "inf", "infinity"].iter().any(|w| unsigned.eq_ignore_ascii_case(w.as_bytes()))
}

impl Census {
    /// Looks at one trimmed cell.
    pub(super) fn count(&mut self, cell: &[u8], row: u64) {
        self.cells += 1;
        if is_missing(cell) {
            self.missing += 1;
            return;
        }
        let Some(form) = form(cell) else {
            if is_not_finite(cell) {
                self.no_number(row);
            } else {
                self.words += 1;
            }
            return;
        };
        let value = number(cell, if form == Form::Comma { Decimal::Comma } else { Decimal::Point });
        if value.is_none_or(f64::is_infinite) {
            self.no_number(row);
            return;
        }
        match form {
            Form::Plain => {
                self.plain += 1;
                self.long += u64::from(cell.iter().filter(|b| b.is_ascii_digit()).count() > 15);
                if let Some(passes) = bsn_check(cell) {
                    self.nine_digits += 1;
                    self.bsn += u64::from(passes);
                }
            }
            Form::Point => {
                self.point += 1;
                self.point_thousands += u64::from(thousands(cell));
                self.first_point.get_or_insert(row);
            }
            Form::Comma => {
                self.comma += 1;
                self.comma_thousands += u64::from(thousands(cell));
                self.first_comma.get_or_insert(row);
            }
        }
    }

    fn no_number(&mut self, row: u64) {
        self.not_finite += 1;
        if self.not_finite_rows.len() < 3 {
            self.not_finite_rows.push(row);
        }
    }

    /// Whether every cell that is not missing reads as a number under some mark.
    fn is_numeric(&self) -> bool {
        let numbers = self.plain + self.point + self.comma;
        self.words == 0 && self.long == 0 && (numbers > 0 || self.not_finite == 0)
    }

    /// What the column holds. A column of which every cell is missing holds numbers.
    pub(super) fn kind(&self, decimal: Decimal) -> Kind {
        let other_mark = match decimal {
            Decimal::Point => self.comma,
            Decimal::Comma => self.point,
        };
        if self.is_numeric() && other_mark == 0 { Kind::Numbers } else { Kind::Words }
    }

    /// What is wrong with a column of numbers: NaN and infinity, and two decimal marks.
    pub(super) fn faults(&self, decimal: Decimal) -> Vec<(Option<u64>, String)> {
        let mut faults = Vec::new();
        if self.words > 0 || self.long > 0 {
            return faults;
        }
        for &row in &self.not_finite_rows {
            let what = "the cell is NaN, infinite or too large; leave it blank if it is unknown";
            faults.push((Some(row), what.to_owned()));
        }
        let more = self.not_finite - self.not_finite_rows.len() as u64;
        if more > 0 {
            faults.push((None, format!("and {more} more such cells")));
        }
        let (odd, mark) = match decimal {
            Decimal::Point => (self.first_comma, "comma in a table with decimal points"),
            Decimal::Comma => (self.first_point, "point in a table with decimal commas"),
        };
        if let Some(row) = odd {
            faults.push((Some(row), format!("a number with a {mark}")));
        }
        faults
    }

    /// Whether most of at least 20 numbers of 8 or 9 digits pass the BSN check: one in eleven
    /// would by chance.
    pub(super) fn looks_like_bsn(&self) -> bool {
        self.nine_digits >= 20
            && self.nine_digits * 2 >= self.cells - self.missing
            && self.bsn * 2 >= self.nine_digits
    }
}

/// Whether a number of 8 or 9 digits passes the elfproef; `None` for any other cell.
fn bsn_check(cell: &[u8]) -> Option<bool> {
    if !(8..=9).contains(&cell.len()) || !cell.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = cell.iter().rev().map(|b| i64::from(b - b'0')).zip(1i64..);
    let sum: i64 = digits.map(|(d, place)| if place == 1 { -d } else { d * place }).sum();
    Some(sum % 11 == 0 && cell.iter().any(|&b| b != b'0'))
}

/// The decimal mark of the file: the one that its numbers have. Where every number with a mark
/// could be one of thousands, the file does not say.
pub(super) fn decimal(
    census: &[Census],
    shape: &Shape,
    format: &Format,
    file: &str,
) -> Result<Decimal, TableError> {
    if let Some(decimal) = format.decimal {
        return Ok(decimal);
    }
    let numeric = || census.iter().filter(|c| c.is_numeric());
    let sum = |f: fn(&Census) -> u64| numeric().map(f).sum::<u64>();
    let (point, comma) = (sum(|c| c.point), sum(|c| c.comma));
    let sure_point = point > sum(|c| c.point_thousands);
    let sure_comma = comma > sum(|c| c.comma_thousands);
    let ask = |what: &str| {
        Err(TableError::Question { file: file.to_owned(), what: what.to_owned(), key: "decimal" })
    };
    match (point > 0, comma > 0) {
        (false, false) => Ok(Decimal::Point),
        (true, true) => ask("it has numbers with a point and numbers with a comma"),
        (true, false) if sure_point || shape.separator == b',' => Ok(Decimal::Point),
        (false, true) if sure_comma => Ok(Decimal::Comma),
        (true, false) => ask("a number like 1.234 may be below two, or above a thousand"),
        (false, true) => ask("a number like 1,234 may be below two, or above a thousand"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_number() {
        for (cell, expected) in [
            ("12", Some(Form::Plain)),
            ("-1e-3", Some(Form::Plain)),
            ("+.5", Some(Form::Point)),
            ("5.", Some(Form::Point)),
            ("1,25E+2", Some(Form::Comma)),
            ("1.234,5", None),
            ("e5", None),
            ("1e", None),
            ("0x10", None),
            ("1_000", None),
            ("12 %", None),
            (".", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(form(cell.as_bytes()), expected, "{cell}");
        }
        assert_eq!(number(b"1,5", Decimal::Comma), Some(1.5));
        assert_eq!(number(b"-2.5e1", Decimal::Point), Some(-25.0));
    }

    #[test]
    fn thousands_and_the_bsn_check() {
        assert!(thousands(b"1.234") && thousands(b"-999,000"));
        assert!(!thousands(b"0.123") && !thousands(b"1.23") && !thousands(b"1234.567"));
        assert_eq!(bsn_check(b"999900006"), Some(true));
        assert_eq!(bsn_check(b"999900007"), Some(false));
        assert_eq!(bsn_check(b"000000000"), Some(false));
        assert_eq!(bsn_check(b"1234567"), None);
    }
}
