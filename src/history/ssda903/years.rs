//! Collection years: which return a file belongs to.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Source, Table};
use crate::history::{Day, Findings, HistoryError};
use crate::progress::Progress;

/// The return year (named by the year in which it ends) that a day belongs to: 1 April 2023 to
/// 31 March 2024 is 2024.
pub fn year_of(day: Day) -> i32 {
    let (year, month, _) = day.ymd();
    if month >= 4 { year + 1 } else { year }
}

/// The last day of a return year.
pub fn last_day(year: i32) -> Option<Day> {
    Day::from_ymd(year, 3, 31)
}

/// The collection year of a file, from its dates: the latest return year that at least two dates
/// (one, in a file of fewer than 20 dates) and at least one in 50 of them reach, so that a
/// mistyped year does not move a whole return. An end counts as the day before, its last day.
pub fn collection_year(starts_and_ends: &BTreeMap<i32, usize>) -> Option<i32> {
    let all: usize = starts_and_ends.values().sum();
    let enough = if all < 20 { 1 } else { (all / 50).max(2) };
    let mut seen = 0;
    for (&year, &n) in starts_and_ends.iter().rev() {
        seen += n;
        if seen >= enough {
            return Some(year);
        }
    }
    None
}

/// The return year of each source. Episodes tell it by their dates; another table belongs to the
/// return whose episodes lie in the same folder, where there are several to the one with the same
/// numbers in its name; with one return in all, to that one.
pub fn years_of(
    sources: &[Source],
    progress: &dyn Progress,
) -> Result<Vec<Option<i32>>, HistoryError> {
    let mut years = vec![None; sources.len()];
    for (s, source) in sources.iter().enumerate().filter(|(_, s)| s.table == Table::Episodes) {
        let mut seen: BTreeMap<i32, usize> = BTreeMap::new();
        source.each(&mut Findings::default(), progress, |line, _| {
            let decom = line.day("DECOM").ok().flatten();
            let dec = line.day("DEC").ok().flatten().map(|dec| dec.plus_days(-1));
            for day in [decom, dec].into_iter().flatten() {
                *seen.entry(year_of(day)).or_default() += 1;
            }
        })?;
        years[s] = collection_year(&seen);
    }
    let one = |of: &dyn Fn(&Source) -> bool| {
        let found: BTreeSet<i32> = sources
            .iter()
            .zip(&years)
            .filter(|(s, _)| of(s))
            .filter_map(|(_, &year)| year)
            .collect();
        found.first().copied().filter(|_| found.len() == 1)
    };
    let told: Vec<Option<i32>> = sources
        .iter()
        .map(|source| {
            let (folder, numbers) = place_and_numbers(&source.name);
            one(&|s| place_and_numbers(&s.name).0 == folder)
                .or_else(|| one(&|s| place_and_numbers(&s.name) == (folder, numbers.clone())))
                .or_else(|| one(&|_| true))
        })
        .collect();
    Ok(years.iter().zip(told).map(|(&own, told)| own.or(told)).collect())
}

/// The folder of a file, and the numbers of two digits and more in its name.
fn place_and_numbers(name: &str) -> (&str, Vec<&str>) {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let numbers = file.split(|c: char| !c.is_ascii_digit()).filter(|n| n.len() >= 2).collect();
    (folder, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_year_ends_on_31_march() {
        let day = |y, m, d| Day::from_ymd(y, m, d).unwrap();
        assert_eq!(year_of(day(2024, 3, 31)), 2024);
        assert_eq!(year_of(day(2024, 4, 1)), 2025);
        assert_eq!(last_day(2025), Day::from_ymd(2025, 3, 31));
    }

    #[test]
    fn one_mistyped_year_does_not_move_a_return() {
        assert_eq!(collection_year(&BTreeMap::from([(2018, 900), (2028, 1)])), Some(2018));
        assert_eq!(collection_year(&BTreeMap::from([(2017, 3), (2018, 1)])), Some(2018));
        assert_eq!(collection_year(&BTreeMap::new()), None);
    }

    #[test]
    fn numbers_in_names_tell_returns_apart() {
        assert_eq!(place_and_numbers("a/OC2_2017-18.csv"), ("a", vec!["2017", "18"]));
        assert_eq!(place_and_numbers("header.csv"), ("", vec![]));
    }
}
