//! Numbers that look like a burgerservicenummer: such a column is refused.

use std::collections::HashSet;

use super::cells::trim;

/// How many different numbers of a column a chunk remembers; enough to judge it.
const REMEMBERED: usize = 10_000;

/// A column in which chance alone would give so many BSN-like values less often than this is
/// refused.
const CHANCE: f64 = 1e-3;

/// Whether a number of nine digits (shorter ones with zeros before them) passes the elfproef:
/// the weighted sum of its digits, weights 9 to 2 and −1, is a multiple of 11. All zeros pass
/// too, but are no number of anybody.
fn passes(number: u32) -> bool {
    if number == 0 || number > 999_999_999 {
        return false;
    }
    let mut rest = number / 10;
    let mut sum = -i64::from(number % 10);
    for weight in 2..=9 {
        sum += weight * i64::from(rest % 10);
        rest /= 10;
    }
    sum % 11 == 0
}

/// A cell that is one number of eight or nine digits, perhaps with dots or spaces.
fn whole_number(cell: &[u8]) -> Option<u32> {
    if !(8..=13).contains(&cell.len()) || !cell[0].is_ascii_digit() {
        return None;
    }
    let mut number = 0u32;
    let mut digits = 0;
    for &b in cell {
        match b {
            b'0'..=b'9' if digits < 9 => {
                number = number * 10 + u32::from(b - b'0');
                digits += 1;
            }
            b'.' | b' ' => {}
            _ => return None,
        }
    }
    (digits >= 8 && number > 0).then_some(number)
}

/// Whether a text holds nine digits in a row that pass the elfproef.
pub(super) fn in_text(text: &[u8]) -> bool {
    if text.len() < 9 {
        return false;
    }
    text.split(|b| !b.is_ascii_digit())
        .filter(|run| run.len() == 9)
        .any(|run| passes(run.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'))))
}

/// Whether a column's name says that it holds BSNs.
pub(super) fn is_name(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    ["bsn", "burgerservicenummer", "sofinummer", "sofi_nummer", "sofi"].contains(&name.as_str())
}

/// The different numbers of eight or nine digits in a column.
#[derive(Debug, Default, Clone)]
pub(in crate::history) struct Seen(HashSet<u32, foldhash::fast::RandomState>);

impl Seen {
    /// Looks at a cell.
    pub(in crate::history) fn see(&mut self, cell: &[u8]) {
        // Nearly every cell is too short, or is a word.
        if cell.len() >= 8
            && !cell[0].is_ascii_alphabetic()
            && let Some(number) = whole_number(trim(cell))
            && self.0.len() < REMEMBERED
        {
            self.0.insert(number);
        }
    }

    /// Adds what another part of the file has.
    pub(super) fn add(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
        } else {
            self.0.extend(other.0);
        }
    }

    /// Whether half or more of the different numbers pass, and that would hardly happen by
    /// chance: one number in eleven passes. A column that is named so needs only one.
    pub(in crate::history) fn is_bsn(&self, named_so: bool) -> bool {
        let n = self.0.len();
        let passing = self.0.iter().filter(|&&v| passes(v)).count();
        if named_so && passing > 0 {
            return true;
        }
        2 * passing >= n && tail(n, passing) < CHANCE
    }
}

/// The chance that `k` or more of `n` numbers pass, each with chance 1/11.
fn tail(n: usize, k: usize) -> f64 {
    // Half of twenty is 3e-6 already; beyond a hundred the sum is zero for every purpose here.
    if n > 100 {
        return 0.0;
    }
    let p: f64 = 1.0 / 11.0;
    let mut term = (1.0 - p).powi(n as i32);
    let mut sum = 0.0;
    for i in 0..=n {
        if i >= k {
            sum += term;
        }
        term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the official range for tests that pass the elfproef.
    fn test_numbers() -> impl Iterator<Item = u32> {
        (999_900_006..=999_999_990).filter(|&n| passes(n))
    }

    fn judge(values: impl IntoIterator<Item = u32>) -> bool {
        let mut seen = Seen::default();
        for v in values {
            seen.see(format!("{v:09}").as_bytes());
        }
        seen.is_bsn(false)
    }

    #[test]
    fn the_elfproef() {
        for valid in [249_566_758, 111_222_333, 123_456_782, 999_900_006, 999_999_990, 10_000_008] {
            assert!(passes(valid), "{valid}");
        }
        for invalid in [123_456_789, 0, 999_999_999, 1_249_566_758] {
            assert!(!passes(invalid), "{invalid}");
        }
        // One number in eleven passes.
        let share = (100_000_000..100_110_000).filter(|&n| passes(n)).count();
        assert!((9_900..=10_100).contains(&share), "{share}");
    }

    #[test]
    fn a_column_of_bsns_is_known_and_one_of_other_numbers_is_not() {
        assert!(judge(test_numbers().take(20)));
        assert!(judge(test_numbers().take(3)));
        // Half of twenty.
        assert!(judge(test_numbers().take(10).chain((0..10).map(|i| 123_456_789 + 11 * i))));
        assert!(!judge(test_numbers().take(2)));
        assert!(!judge(100_000_000..100_020_000));
        assert!(!judge([]));
        let mut dotted = Seen::default();
        for text in ["249.566.758", "111 222 333", "123456782", "10000008"] {
            dotted.see(text.as_bytes());
        }
        assert!(dotted.is_bsn(false));
        let mut one = Seen::default();
        one.see(b"111222333");
        assert!(one.is_bsn(true) && !one.is_bsn(false) && is_name(" BSN "));
    }

    #[test]
    fn the_chance_of_ten_of_twenty_is_as_published() {
        assert!((tail(20, 10) - 3.0e-6).abs() < 1e-7, "{}", tail(20, 10));
        assert!((tail(3, 0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn numbers_in_text() {
        assert!(in_text(b"see file 111222333, please"));
        assert!(!in_text(b"phone 0111222333"));
        assert!(!in_text(b"123456789"));
    }
}
