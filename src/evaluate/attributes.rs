//! What rows are grouped by: age band, sex, kind of family, legal measure, provider, columns of
//! the study, and audited columns.

use crate::Error;
use crate::features::{AsOf, Values, compute};
use crate::model::{Prepared, Source, Study};

use super::rows::column;

/// Levels of a column of which only the largest are judged.
const LEVELS: usize = 100;
/// An audited column of words with more levels is no grouping.
const MOST_LEVELS: usize = 20;
/// A column of numbers with at most so many distinct values is taken value by value.
const VALUES: usize = 10;
/// The features of a history that make groups. Ages are cut into bands.
const OWN: [&str; 5] = ["age", "sex", "family_kind", "legal", "provider"];
/// The name of the column of age bands.
const AGE_BAND: &str = "age_band";

/// A column of groups: a level for each row of the study.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attribute {
    pub column: String,
    pub levels: Vec<Option<String>>,
    /// Whether it comes from the audit file.
    pub audited: bool,
}

/// The groups of a study: those that every history has, and the columns of `evaluate.by`.
pub(super) fn own(
    study: &Study,
    source: &Source,
    prepared: &Prepared,
    warnings: &mut Vec<String>,
) -> Result<Vec<Attribute>, Error> {
    let mut all = of_history(source, prepared)?;
    for name in &study.evaluate.by {
        let found = column(prepared, name)?;
        // The study's own grouping stands in for the usual one.
        all.retain(|a| a.column != *name);
        let levels = (0..prepared.len()).map(|row| word(found, row)).collect();
        let mut attribute = Attribute { column: name.clone(), levels, audited: false };
        warnings.extend(keep_largest(&mut attribute.levels, name));
        all.push(attribute);
    }
    Ok(all)
}

/// The groups that every history has; none for a table.
fn of_history(source: &Source, prepared: &Prepared) -> Result<Vec<Attribute>, Error> {
    let (Some((history, index)), Some(stays), Some(days)) =
        (source.history(), &prepared.stays, &prepared.days)
    else {
        return Ok(Vec::new());
    };
    let row = |(&stay, &date): (&_, &_)| AsOf { date, ..AsOf::start_of_stay(history, stay) };
    let asked: Vec<AsOf> = stays.iter().zip(days).map(row).collect();
    let definition = prepared.definition.clone().unwrap_or_default();
    let frame = compute(history, index, &definition, &asked, &OWN)?;
    let mut all = Vec::new();
    for column in frame.columns() {
        let (name, levels): (&str, Vec<Option<String>>) = match &column.values {
            Values::Number(ages) => (AGE_BAND, ages.iter().map(|&a| age_band(a)).collect()),
            words => (&column.name, (0..words.len()).map(|row| word(words, row)).collect()),
        };
        let mut attribute = Attribute { column: name.to_owned(), levels, audited: false };
        keep_largest(&mut attribute.levels, name);
        all.push(attribute);
    }
    Ok(all)
}

/// Before school, primary school, secondary school.
fn age_band(age: f64) -> Option<String> {
    let band = match age {
        a if a.is_nan() => return None,
        a if a < 4.0 => "0-3",
        a if a < 12.0 => "4-11",
        _ => "12-17",
    };
    Some(band.to_owned())
}

/// A column as groups: words as they are; numbers value by value where they are few, else in
/// thirds. `None`, with the reason said, for a column that makes no groups.
pub(super) fn attribute(
    name: &str,
    values: &Values,
    audited: bool,
    warnings: &mut Vec<String>,
) -> Option<Attribute> {
    let levels: Vec<Option<String>> = match values {
        Values::Number(numbers) => of_numbers(numbers),
        words => (0..words.len()).map(|row| word(words, row)).collect(),
    };
    let mut distinct: Vec<&String> = levels.iter().flatten().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let why = match distinct.len() {
        0 => "has no value for any row of the study".to_owned(),
        n if n > MOST_LEVELS => format!("has {n} levels, which make no groups: give broader ones"),
        _ => return Some(Attribute { column: name.to_owned(), levels, audited }),
    };
    warnings.push(format!("{name} {why}; it is left out"));
    None
}

fn of_numbers(numbers: &[f64]) -> Vec<Option<String>> {
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= VALUES {
        let word = |v: &f64| (!v.is_nan()).then(|| format!("{}", v + 0.0));
        return numbers.iter().map(word).collect();
    }
    let cut = |k: usize| rounded(sorted[k * sorted.len() / 3]);
    let (low, high) = (cut(1), cut(2));
    let level = |&v: &f64| match v {
        v if v.is_nan() => None,
        v if v <= low => Some(format!("up to {low}")),
        v if v <= high => Some(format!("{low} to {high}")),
        _ => Some(format!("above {high}")),
    };
    numbers.iter().map(level).collect()
}

/// Two significant digits, so that a bound is nobody's own value.
fn rounded(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// The level of a row; numbers are their own levels.
pub(super) fn word(values: &Values, row: usize) -> Option<String> {
    match values {
        Values::Number(v) => Some(v[row]).filter(|v| !v.is_nan()).map(|v| v.to_string()),
        Values::Level { codes, levels } => levels.get(codes[row] as usize).cloned(),
    }
}

/// Blanks all but the largest levels; says so.
pub(super) fn keep_largest(levels: &mut [Option<String>], column: &str) -> Option<String> {
    let mut size: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for level in levels.iter().flatten() {
        *size.entry(level).or_default() += 1;
    }
    if size.len() <= LEVELS {
        return None;
    }
    let mut order: Vec<(usize, String)> =
        size.iter().map(|(level, n)| (*n, (*level).to_owned())).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let said = format!("{column} has {} levels: only the {LEVELS} largest are judged", order.len());
    order.truncate(LEVELS);
    let kept: std::collections::BTreeSet<String> = order.into_iter().map(|o| o.1).collect();
    for level in levels {
        if level.as_ref().is_some_and(|l| !kept.contains(l)) {
            *level = None;
        }
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_values_or_thirds() {
        let few = of_numbers(&[1.0, 2.0, f64::NAN, 1.0]);
        assert_eq!(few, [Some("1".into()), Some("2".into()), None, Some("1".into())]);
        let many: Vec<f64> = (0..30).map(f64::from).collect();
        let thirds = of_numbers(&many);
        assert_eq!(thirds[0].as_deref(), Some("up to 10"));
        assert_eq!(thirds[15].as_deref(), Some("10 to 20"));
        assert_eq!(thirds[29].as_deref(), Some("above 20"));
    }

    #[test]
    fn what_makes_no_groups_is_left_out_with_the_reason() {
        let mut warnings = Vec::new();
        let words = Values::Level {
            codes: (0..30).collect(),
            levels: (0..30).map(|k| format!("level {k}")).collect(),
        };
        assert_eq!(attribute("diagnosis", &words, true, &mut warnings), None);
        let blank = Values::Number(vec![f64::NAN; 3]);
        assert_eq!(attribute("score", &blank, true, &mut warnings), None);
        assert!(warnings[0].contains("30 levels") && warnings[1].contains("no value"));
    }

    #[test]
    fn ages_are_in_bands() {
        let band = |a| age_band(a);
        assert_eq!(band(3.99).as_deref(), Some("0-3"));
        assert_eq!(band(4.0).as_deref(), Some("4-11"));
        assert_eq!(band(12.0).as_deref(), Some("12-17"));
        assert_eq!(band(f64::NAN), None);
    }
}
