//! Splits that hold something out: the time after a date, or one provider.

use std::collections::{BTreeMap, BTreeSet};

use super::{ResampleError, Split, same_length};

/// Trains on rows that began before a moment and tests on rows that began at or after it.
///
/// `starts` is the moment at which each row began, on any scale. The caller must give the
/// training rows as they were known at that moment (censored there, features as of then): a
/// row that began before it carries its later fate otherwise. A child may have an early row in
/// training and a later one in the test, as it would when the model is used from that date on.
///
/// # Errors
/// No row before, or none at or after the moment.
pub fn time_split(name: &str, starts: &[f64], moment: f64) -> Result<Split, ResampleError> {
    let (train, test): (Vec<usize>, Vec<usize>) =
        (0..starts.len()).partition(|&row| starts[row] < moment);
    filled(Split { name: name.to_owned(), repeat: None, train, test })
}

/// For each level of a column (say each provider) one split that tests on its rows and trains on
/// the others. Rows of a group that appears in the test are left out of the training, so
/// a child that moved between providers is never on both sides. Rows without a level are only
/// ever trained on. Splits come in sorted order of the levels and are named `column=level`.
///
/// # Errors
/// Unequal lengths, or a level whose removal leaves nothing to train on.
pub fn leave_one_out(
    column: &str,
    levels: &[Option<&str>],
    groups: &[u32],
) -> Result<Vec<Split>, ResampleError> {
    same_length("the column to leave out", levels.len(), groups.len())?;
    let mut rows_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, level) in levels.iter().enumerate() {
        if let Some(level) = level {
            rows_of.entry(level).or_default().push(row);
        }
    }
    rows_of
        .into_iter()
        .map(|(level, test)| {
            let held: BTreeSet<u32> = test.iter().map(|&row| groups[row]).collect();
            let train = (0..groups.len())
                .filter(|&row| levels[row] != Some(level) && !held.contains(&groups[row]))
                .collect();
            filled(Split { name: format!("{column}={level}"), repeat: None, train, test })
        })
        .collect()
}

/// A split with rows on both sides.
fn filled(split: Split) -> Result<Split, ResampleError> {
    if split.train.is_empty() {
        Err(ResampleError::Empty { name: split.name, what: "train on" })
    } else if split.test.is_empty() {
        Err(ResampleError::Empty { name: split.name, what: "test on" })
    } else {
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_split_divides_at_the_moment() {
        let split = time_split("from 5", &[1.0, 5.0, 4.9, 9.0], 5.0).unwrap();
        assert_eq!((split.train, split.test), (vec![0, 2], vec![1, 3]));
        assert!(time_split("from 0", &[1.0, 2.0], 0.0).is_err());
        assert!(time_split("from 9", &[1.0, 2.0], 9.0).is_err());
    }

    #[test]
    fn a_provider_is_left_out_with_its_children() {
        let provider = [Some("South"), Some("North"), Some("North"), None, Some("South")];
        let child = [1, 1, 2, 3, 4];
        let splits = leave_one_out("provider", &provider, &child).unwrap();
        let names: Vec<&str> = splits.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["provider=North", "provider=South"]);
        // Child 1 moved from South to North: its row in South is not trained on either.
        assert_eq!((&splits[0].train, &splits[0].test), (&vec![3, 4], &vec![1, 2]));
        assert_eq!((&splits[1].train, &splits[1].test), (&vec![2, 3], &vec![0, 4]));
    }

    #[test]
    fn one_provider_cannot_be_left_out() {
        let error = leave_one_out("provider", &[Some("A"); 3], &[1, 2, 3]).unwrap_err();
        assert_eq!(error, ResampleError::Empty { name: "provider=A".into(), what: "train on" });
    }
}
