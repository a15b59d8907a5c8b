//! Calendar days.

use std::fmt;

use jiff::civil::Date;

/// A calendar day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a year (1–9999), month (1–12) and day of the month; `None` where the calendar
    /// has no such day.
    ///
    /// ```
    /// use pleegzorg::history::Day;
    /// assert_eq!(Day::from_ymd(1970, 1, 2), Some(Day(1)));
    /// assert_eq!(Day::from_ymd(2023, 2, 29), None);
    /// ```
    #[must_use]
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        if day > days_in_month(year, month) {
            return None;
        }
        Some(Self(days_from_civil(year, month, day)))
    }

    /// Year, month and day of the month.
    #[must_use]
    pub fn ymd(self) -> (i32, u32, u32) {
        civil_from_days(self.0)
    }

    /// Reads an ISO date, `yyyy-mm-dd`.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return None;
        }
        Self::from_ymd(number(&b[..4])? as i32, number(&b[5..7])?, number(&b[8..])?)
    }

    /// The same day `years` later; 29 February becomes 1 March where the year has none.
    #[must_use]
    pub fn plus_years(self, years: i32) -> Self {
        let (y, m, d) = self.ymd();
        match Self::from_ymd(y + years, m, d) {
            Some(day) => day,
            None => Self(days_from_civil(y + years, 3, 1)),
        }
    }

    /// The day `days` later.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `earlier` to this day.
    #[must_use]
    pub fn since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// This day in the calendar crate's own type.
    #[must_use]
    pub fn to_date(self) -> Date {
        let (y, m, d) = self.ymd();
        Date::constant(y as i16, m as i8, d as i8)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse_iso(&text)
            .ok_or_else(|| serde::de::Error::custom("not a date of the form yyyy-mm-dd"))
    }
}

/// A birth: a day, or only a month (then held as its 15th, so that an age is at most half a
/// month off).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// The day, or the 15th where only the month is known.
    pub day: Day,
    /// Whether only the month is known.
    pub month_only: bool,
}

impl Birth {
    /// The earliest day that this birth can have been.
    #[must_use]
    pub fn earliest(self) -> Day {
        if self.month_only { self.day.plus_days(-14) } else { self.day }
    }

    /// Age in years (of 365.25 days) on a day; negative before birth.
    #[must_use]
    pub fn age_on(self, day: Day) -> f64 {
        f64::from(day.since(self.day)) / 365.25
    }
}

/// The value of ASCII digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// Days in a month of the proleptic Gregorian calendar.
fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01, counted in eras of 400 years that start on 1 March. The calendar
/// crate gives the same (a test compares them over all days); this is the hot loop of reading.
fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = (month as i32 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_calendar_crate_on_every_day_of_four_centuries() {
        let mut date = Date::constant(1700, 1, 1);
        let mut day = Day::from_ymd(1700, 1, 1).unwrap();
        while date.year() < 2110 {
            assert_eq!(day.to_date(), date);
            assert_eq!(day.to_string(), date.to_string());
            assert_eq!(Day::parse_iso(&date.to_string()), Some(day));
            date = date.tomorrow().unwrap();
            day = day.plus_days(1);
        }
    }

    #[test]
    fn the_tenth_birthday_of_a_leap_child_is_the_first_of_march() {
        let born = Day::from_ymd(2012, 2, 29).unwrap();
        assert_eq!(born.plus_years(10), Day::from_ymd(2022, 3, 1).unwrap());
        assert_eq!(born.plus_years(8), Day::from_ymd(2020, 2, 29).unwrap());
    }

    #[test]
    fn refuses_what_is_no_day() {
        for text in
            ["2023-02-29", "2023-13-01", "2023-00-10", "20230101", "2023-1-01", "abcd-ef-gh", ""]
        {
            assert_eq!(Day::parse_iso(text), None, "{text}");
        }
    }
}
