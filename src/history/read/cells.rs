//! Cells become dates and numbers; how a file writes them is learnt from the whole file.

use crate::history::day::Day;
use crate::history::settings::{DateStyle, Decimal, Format};

/// A cell without the blanks around it.
pub(super) fn trim(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    // A blank of another alphabet, such as the no-break space of a spreadsheet; or a vertical tab.
    let other = |b: Option<&u8>| b.is_some_and(|&b| b >= 0x80 || b == 0x0b);
    if !other(cell.first()) && !other(cell.last()) {
        return cell;
    }
    std::str::from_utf8(cell).map_or(cell, |text| text.trim().as_bytes())
}

/// Where something was seen first: the line, and the position of the column in the file.
pub(super) type Place = (u64, usize);

/// How the dates and numbers of a file are written, as far as it is settled; `None` is an open
/// question: such cells are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub date: Option<DateStyle>,
    pub decimal: Option<Decimal>,
}

/// What a file shows about its own style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    iso: u64,
    dashes: u64,
    slashes: u64,
    /// Dates with slashes whose first part can only be a day.
    day_first: u64,
    /// Dates with slashes whose second part can only be a day.
    month_first: u64,
    /// The first date with slashes.
    pub first_slashes: Option<Place>,
    clear_point: u64,
    clear_comma: u64,
    /// The first number that can be read with and without decimals, and its mark.
    pub first_ambiguous: Option<(Place, Decimal)>,
}

impl Evidence {
    /// Adds what a later part of the file shows.
    pub(super) fn add(&mut self, later: &Self) {
        self.iso += later.iso;
        self.dashes += later.dashes;
        self.slashes += later.slashes;
        self.day_first += later.day_first;
        self.month_first += later.month_first;
        self.first_slashes = self.first_slashes.or(later.first_slashes);
        self.clear_point += later.clear_point;
        self.clear_comma += later.clear_comma;
        self.first_ambiguous = self.first_ambiguous.or(later.first_ambiguous);
    }

    /// The style that holds for the whole file, with the study's answers where two readings
    /// remain.
    pub(super) fn settle(&self, format: &Format) -> Style {
        let date = if self.iso >= self.dashes.max(self.slashes) {
            Some(DateStyle::Iso)
        } else if self.dashes >= self.slashes {
            Some(DateStyle::Dashes)
        } else {
            match format.date {
                answer @ Some(DateStyle::Slashes | DateStyle::MonthFirst) => answer,
                _ if self.day_first > 0 => Some(DateStyle::Slashes),
                _ => None,
            }
        };
        let decimal = match (self.clear_point, self.clear_comma) {
            (0, 0) if self.first_ambiguous.is_some() => format.decimal,
            (point, comma) if comma > point => Some(Decimal::Comma),
            (point, comma) if point > comma => Some(Decimal::Point),
            _ => Some(format.decimal.unwrap_or(Decimal::Point)),
        };
        Style { date, decimal }
    }

    /// Whether the file's dates, left unread, look like mm/dd/yyyy.
    pub(super) fn looks_month_first(&self) -> bool {
        self.month_first > 0 && self.day_first == 0
    }
}

/// Why a date or number is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// No date or number at all.
    Bad,
    /// Written in another way than the rest of the file.
    OtherStyle,
    /// Open until the study answers the question.
    Asked,
}

/// The value of one to four ASCII digits.
fn digits(b: &[u8]) -> Option<u32> {
    if b.is_empty() || b.len() > 4 {
        return None;
    }
    b.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')))
}

/// A date as three numbers: how it is written, first, second, year.
fn parts(cell: &[u8]) -> Option<(DateStyle, u32, u32, u32)> {
    if cell.len() == 10 && cell[4] == b'-' && cell[7] == b'-' {
        let (y, m, d) = (digits(&cell[..4])?, digits(&cell[5..7])?, digits(&cell[8..])?);
        return Some((DateStyle::Iso, d, m, y));
    }
    let mark = if cell.contains(&b'/') { b'/' } else { b'-' };
    let mut pieces = cell.split(|&b| b == mark);
    let (first, second, year) = (pieces.next()?, pieces.next()?, pieces.next()?);
    if pieces.next().is_some() || first.len() > 2 || second.len() > 2 || year.len() != 4 {
        return None;
    }
    let style = if mark == b'/' { DateStyle::Slashes } else { DateStyle::Dashes };
    Some((style, digits(first)?, digits(second)?, digits(year)?))
}

/// A day of the calendar.
fn day(year: u32, month: u32, day: u32) -> Result<Day, Unread> {
    Day::from_ymd(year as i32, month, day).ok_or(Unread::Bad)
}

/// Reads a date in the style of the file, and notes what it shows about that style; says also
/// whether it is on 1 January.
pub(super) fn date(
    cell: &[u8],
    style: Style,
    seen: &mut Evidence,
    place: Place,
) -> Result<(Day, bool), Unread> {
    let (written, first, second, year) = parts(cell).ok_or(Unread::Bad)?;
    match written {
        DateStyle::Iso => seen.iso += 1,
        DateStyle::Dashes => seen.dashes += 1,
        _ => {
            seen.slashes += 1;
            seen.day_first += u64::from(first > 12 && (1..=12).contains(&second));
            seen.month_first += u64::from(second > 12 && (1..=12).contains(&first));
            seen.first_slashes.get_or_insert(place);
        }
    }
    let slashes = written == DateStyle::Slashes;
    let read = match style.date {
        None if slashes => Err(Unread::Asked),
        Some(DateStyle::MonthFirst) if slashes => day(year, first, second),
        Some(style) if style == written => day(year, second, first),
        // What is no date in any style is not a question of style.
        _ => day(year, second, first).and(Err(Unread::OtherStyle)),
    };
    read.map(|day| (day, first == 1 && second == 1))
}

/// Reads a month of birth: `yyyy-mm`, `mm-yyyy` or `mm/yyyy`; its 15th.
pub(super) fn month(cell: &[u8]) -> Option<Day> {
    let (year, month) = match cell.len() {
        7 if cell[4] == b'-' => (&cell[..4], &cell[5..]),
        6 | 7 => {
            let mark = cell.iter().position(|&b| b == b'-' || b == b'/')?;
            (&cell[mark + 1..], &cell[..mark])
        }
        _ => return None,
    };
    if year.len() != 4 || month.len() > 2 {
        return None;
    }
    Day::from_ymd(digits(year)? as i32, digits(month)?, 15)
}

/// Reads a number in the style of the file, and notes what it shows about that style. `least`
/// and `most` bound what the column can hold: a reading outside them does not count as one.
pub(super) fn number(
    cell: &[u8],
    style: Style,
    (least, most): (f64, f64),
    seen: &mut Evidence,
    place: Place,
) -> Result<f64, Unread> {
    let mark = cell.iter().position(|&b| b == b'.' || b == b',');
    let Some(at) = mark else { return plain(cell).ok_or(Unread::Bad) };
    let decimal = if cell[at] == b'.' { Decimal::Point } else { Decimal::Comma };
    let (before, after) = (&cell[..at], &cell[at + 1..]);
    if let Some(last) = after.iter().position(|&b| b == b'.' || b == b',') {
        // Thousands separators are not read, but 1.234,5 shows what the decimal mark is.
        match after[last] {
            b'.' if decimal == Decimal::Comma => seen.clear_point += 1,
            b',' if decimal == Decimal::Point => seen.clear_comma += 1,
            _ => {}
        }
        return Err(Unread::Bad);
    }
    let mut text = [0u8; 48];
    let text = text.get_mut(..cell.len()).ok_or(Unread::Bad)?;
    text.copy_from_slice(cell);
    text[at] = b'.';
    let value = plain(text).ok_or(Unread::Bad)?;
    let whole = before.strip_prefix(b"-").or(before.strip_prefix(b"+")).unwrap_or(before);
    let grouped = after.len() == 3
        && after.iter().all(u8::is_ascii_digit)
        && (1..=3).contains(&whole.len())
        && whole[0] != b'0'
        && (least..=most).contains(&(value * 1000.0));
    match (grouped, decimal) {
        (true, _) => _ = seen.first_ambiguous.get_or_insert((place, decimal)),
        (false, Decimal::Point) => seen.clear_point += 1,
        (false, Decimal::Comma) => seen.clear_comma += 1,
    }
    match style.decimal {
        Some(style) if style == decimal => Ok(value),
        Some(_) => Err(Unread::OtherStyle),
        None => Err(Unread::Asked),
    }
}

/// A finite number with a decimal point or without.
fn plain(text: &[u8]) -> Option<f64> {
    // The standard parser also takes "inf" and "nan".
    let digits = text.iter().any(u8::is_ascii_digit);
    let clean = text.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b));
    if !digits || !clean {
        return None;
    }
    if text.len() <= 4 && text.iter().all(u8::is_ascii_digit) {
        return self::digits(text).map(f64::from);
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|v: &f64| v.is_finite())
}

/// Reads a whole number; a fraction of zeros (as 3.0) is none. `Err` says whether it is a number
/// at all.
pub(super) fn count(cell: &[u8]) -> Result<u32, Unread> {
    if let Some(short) = digits(cell) {
        return Ok(short);
    }
    let mut text = [0u8; 48];
    let text = text.get_mut(..cell.len()).ok_or(Unread::Bad)?;
    text.copy_from_slice(cell);
    if let Some(at) = text.iter().position(|&b| b == b',') {
        text[at] = b'.';
    }
    let value = plain(text).ok_or(Unread::Bad)?;
    // Three digits after a mark may be thousands: 1.000 is not read as 1.
    let decimals = text.iter().position(|&b| b == b'.').map_or(0, |at| text.len() - at - 1);
    if value.fract() != 0.0 || value < 0.0 || value > f64::from(u32::MAX) || decimals > 2 {
        return Err(Unread::OtherStyle);
    }
    Ok(value as u32)
}

/// Reads yes or no in either language.
pub(super) fn flag(cell: &[u8]) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|w| cell.eq_ignore_ascii_case(w.as_bytes()));
    if is(&["yes", "ja", "1", "true", "waar"]) {
        Some(true)
    } else if is(&["no", "nee", "0", "false", "onwaar"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISO: Style = Style { date: Some(DateStyle::Iso), decimal: Some(Decimal::Point) };
    const WIDE: (f64, f64) = (-1e9, 1e9);

    fn style_of(dates: &[&str], numbers: &[&str], format: &Format) -> Style {
        let mut seen = Evidence::default();
        for (i, cell) in dates.iter().enumerate() {
            let _ = date(cell.as_bytes(), ISO, &mut seen, (i as u64, 0));
        }
        for (i, cell) in numbers.iter().enumerate() {
            let _ = number(cell.as_bytes(), ISO, WIDE, &mut seen, (i as u64, 1));
        }
        seen.settle(format)
    }

    fn read_date(cell: &str, style: DateStyle) -> Result<Day, Unread> {
        let style = Style { date: Some(style), ..ISO };
        date(cell.as_bytes(), style, &mut Evidence::default(), (1, 0)).map(|(day, _)| day)
    }

    #[test]
    fn three_date_styles_are_read_and_settled_by_the_whole_file() {
        let day = Day::from_ymd(2020, 3, 1).unwrap();
        assert_eq!(read_date("2020-03-01", DateStyle::Iso), Ok(day));
        assert_eq!(read_date("01-03-2020", DateStyle::Dashes), Ok(day));
        assert_eq!(read_date("1-3-2020", DateStyle::Dashes), Ok(day));
        assert_eq!(read_date("01/03/2020", DateStyle::Slashes), Ok(day));
        assert_eq!(read_date("03/01/2020", DateStyle::MonthFirst), Ok(day));
        assert_eq!(read_date("01-03-2020", DateStyle::Iso), Err(Unread::OtherStyle));
        assert_eq!(read_date("31-02-2020", DateStyle::Iso), Err(Unread::Bad));
        for bad in
            ["29-02-2023", "1-3-20", "20200301", "2020/03/01", "2020-3-1", "1 mrt 2020", "0-0-2020"]
        {
            assert_eq!(read_date(bad, DateStyle::Dashes), Err(Unread::Bad), "{bad}");
        }
        let none = Format::default();
        let style = |dates: &[&str]| style_of(dates, &[], &none).date;
        assert_eq!(style(&[]), Some(DateStyle::Iso));
        assert_eq!(style(&["01-02-2020", "2020-01-02", "03-04-2020"]), Some(DateStyle::Dashes));
        assert_eq!(style(&["01/02/2020", "13/02/2020"]), Some(DateStyle::Slashes));
        assert_eq!(style(&["01/02/2020", "03/04/2020"]), None);
        assert_eq!(style(&["01/13/2020", "03/04/2020"]), None);
        let answer = Format { date: Some(DateStyle::MonthFirst), ..Format::default() };
        assert_eq!(style_of(&["01/02/2020"], &[], &answer).date, Some(DateStyle::MonthFirst));
        // An answer never overrules a file that is clear.
        assert_eq!(style_of(&["2020-01-02"], &[], &answer).date, Some(DateStyle::Iso));
    }

    #[test]
    fn months_of_birth() {
        let may = Day::from_ymd(2012, 5, 15);
        for text in ["2012-05", "05-2012", "5-2012", "05/2012"] {
            assert_eq!(month(text.as_bytes()), may, "{text}");
        }
        for text in ["2012-13", "2012", "05-12", "2012-5", "12/05/2012", "-", ""] {
            assert_eq!(month(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn decimal_marks_are_settled_by_the_whole_file_or_asked() {
        let style = |numbers: &[&str], format: &Format| style_of(&[], numbers, format).decimal;
        let none = Format::default();
        assert_eq!(style(&["1", "2"], &none), Some(Decimal::Point));
        assert_eq!(style(&["1,5", "1.234"], &none), Some(Decimal::Comma));
        assert_eq!(style(&["1.5", "1.234"], &none), Some(Decimal::Point));
        assert_eq!(style(&["0.234"], &none), Some(Decimal::Point));
        assert_eq!(style(&["1234.567"], &none), Some(Decimal::Point));
        assert_eq!(style(&["1.234,5", "1.234"], &none), Some(Decimal::Comma));
        assert_eq!(style(&["1.234", "2"], &none), None);
        assert_eq!(style(&["1,234"], &none), None);
        let answer = Format { decimal: Some(Decimal::Comma), ..Format::default() };
        assert_eq!(style(&["1,234"], &answer), Some(Decimal::Comma));
        assert_eq!(style(&["1.5", "2,234"], &answer), Some(Decimal::Point));
    }

    #[test]
    fn numbers() {
        let read =
            |cell: &str| number(cell.as_bytes(), ISO, WIDE, &mut Evidence::default(), (1, 0));
        for (cell, value) in [
            ("7", 7.0),
            ("-0.5", -0.5),
            ("+3", 3.0),
            (".5", 0.5),
            ("1e-3", 0.001),
            ("123456.75", 123_456.75),
        ] {
            assert_eq!(read(cell), Ok(value), "{cell}");
        }
        for bad in [
            "NaN", "inf", "1e309", "#N/B", "12 %", "€ 12", "1.2.3", "--1", "-", ".", "1,234.5",
            "0x10",
        ] {
            assert_eq!(read(bad), Err(Unread::Bad), "{bad}");
        }
        assert_eq!(read("1,5"), Err(Unread::OtherStyle));
        // As thousands this latitude would leave the globe, so one reading remains.
        let mut seen = Evidence::default();
        let lat = number(b"52.370", ISO, (-90.0, 90.0), &mut seen, (1, 0));
        assert_eq!((lat, seen.first_ambiguous), (Ok(52.37), None));
    }

    #[test]
    fn counts_and_flags() {
        assert_eq!(count(b"3"), Ok(3));
        assert_eq!(count(b"3.0"), Ok(3));
        assert_eq!(count(b"3,0"), Ok(3));
        for odd in ["1.5", "-1", "1.000", "5e9"] {
            assert_eq!(count(odd.as_bytes()), Err(Unread::OtherStyle), "{odd}");
        }
        assert_eq!(count(b"three"), Err(Unread::Bad));
        assert_eq!((flag(b"JA"), flag(b"0"), flag(b"maybe")), (Some(true), Some(false), None));
    }

    #[test]
    fn cells_are_trimmed_of_blanks_of_any_alphabet() {
        assert_eq!(trim(b" \ta b \r"), b"a b");
        assert_eq!(trim("\u{a0}x\u{a0}".as_bytes()), b"x");
        assert_eq!(trim("\u{b} x\u{b}".as_bytes()), b"x");
        assert_eq!(trim("é".as_bytes()), "é".as_bytes());
        assert_eq!(trim(&[0xff, b'a']), &[0xff, b'a']);
    }
}
