//! Columns that no model sees: read from a file of one's own, joined by an identifier.

use std::collections::{HashMap, HashSet};

use crate::features::{Frame, Values, read_table};
use crate::history::History;
use crate::model::{Prepared, Source, Study};
use crate::{Error, ErrorKind};

use super::attributes::{Attribute, attribute};

/// The columns by which rows of an audit file find placements, first found first.
const KEYS: [&str; 3] = ["stay_id", "child_id", "family_id"];
/// Rows that a message names.
const SHOWN: usize = 3;

/// The columns of the audit file, one value per row of the study; empty where the study names
/// none. What could not be joined is said in `warnings`, by row and never by identifier.
///
/// # Errors
/// A file that cannot be read, has no column of identifiers or names one twice, or of which no row
/// belongs to the study.
pub(super) fn read(
    study: &Study,
    source: &Source,
    prepared: &Prepared,
    warnings: &mut Vec<String>,
) -> Result<Vec<Attribute>, Error> {
    let Some(path) = &study.evaluate.audit else { return Ok(Vec::new()) };
    let frame = read_table(path, &study.settings.format).map_err(Error::from)?;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let key = match source.history() {
        Some((history, _)) => of_history(&frame, &file, history, prepared)?,
        None => of_table(&frame, &file, study, prepared)?,
    };
    let joined = join(&frame, &file, &key, warnings)?;
    let is_key = |name: &str| name == key.column || KEYS.contains(&name);
    let columns = frame.columns().iter().filter(|c| !is_key(&c.name));
    let mut found = Vec::new();
    for column in columns {
        let values = pick(&column.values, &joined);
        found.extend(attribute(&column.name, &values, true, warnings));
    }
    if found.is_empty() {
        let what = format!("{file} has no column to audit beside {}", key.column);
        return Err(Error::new(ErrorKind::Data, what)
            .with_hint("add a column per attribute, with a few levels or a number"));
    }
    Ok(found)
}

/// What joins the audit file to a study.
struct Key {
    column: String,
    /// The identifier of each row of the study.
    ids: Vec<Option<String>>,
    /// All identifiers that are known, also of what has no row in the study.
    known: HashSet<String>,
}

/// The identifiers of a history.
fn of_history(
    frame: &Frame,
    file: &str,
    history: &History,
    prepared: &Prepared,
) -> Result<Key, Error> {
    let Some(key) = KEYS.into_iter().find(|key| frame.get(key).is_some()) else {
        return Err(no_key(file, &KEYS.join(", ")));
    };
    let stays = prepared.stays.as_deref().unwrap_or_default();
    let id = |&stay: &_| {
        let row = history.stay(stay);
        let id: Option<&str> = match key {
            "stay_id" => Some(&row.id),
            "child_id" => Some(&history.child(row.child).id),
            _ => row.family.map(|family| &*history.family(family).id),
        };
        id.map(plain_number)
    };
    let all: Vec<&str> = match key {
        "stay_id" => history.stays.iter().map(|s| &*s.id).collect(),
        "child_id" => history.children.iter().map(|c| &*c.id).collect(),
        _ => history.families.iter().map(|f| &*f.id).collect(),
    };
    Ok(Key {
        column: key.to_owned(),
        ids: stays.iter().map(id).collect(),
        known: all.into_iter().map(plain_number).collect(),
    })
}

/// The same for a flat table: the column of `data.id`.
fn of_table(frame: &Frame, file: &str, study: &Study, prepared: &Prepared) -> Result<Key, Error> {
    let crate::model::DataSpec::Table(spec) = &study.data else {
        return Err(no_key(file, &KEYS.join(", ")));
    };
    let Some(id) = &spec.id else {
        let what = "evaluate.audit needs to know which rows of the table are whose";
        return Err(Error::new(ErrorKind::Usage, what)
            .with_hint("set data.id to the column that the audit file has as well"));
    };
    if frame.get(id).is_none() {
        return Err(no_key(file, id));
    }
    let values = prepared.frame.get(id);
    let ids: Vec<Option<String>> =
        (0..prepared.len()).map(|row| values.and_then(|v| text(v, row))).collect();
    let known = ids.iter().flatten().cloned().collect();
    Ok(Key { column: id.clone(), ids, known })
}

fn no_key(file: &str, wanted: &str) -> Error {
    let what = format!("{file} has no column {wanted}: its rows cannot be joined");
    Error::new(ErrorKind::Usage, what).with_hint("name whose value it is, one row for each")
}

/// An identifier as a table reads it: `0012` among numbers is 12.
fn plain_number(id: &str) -> String {
    match id.parse::<f64>() {
        Ok(number) if number.is_finite() && id.bytes().all(|b| b.is_ascii_digit()) => {
            if id.len() <= 15 { format!("{number}") } else { id.to_owned() }
        }
        _ => id.to_owned(),
    }
}

/// A value as text; `None` where it is missing.
fn text(values: &Values, row: usize) -> Option<String> {
    match values {
        Values::Number(v) => Some(v[row]).filter(|v| !v.is_nan()).map(|v| format!("{}", v + 0.0)),
        Values::Level { codes, levels } => {
            levels.get(codes[row] as usize).map(|word| plain_number(word))
        }
    }
}

/// The row of the audit file for each row of the study.
fn join(
    frame: &Frame,
    file: &str,
    Key { column, ids, known }: &Key,
    warnings: &mut Vec<String>,
) -> Result<Vec<Option<usize>>, Error> {
    let values = frame.get(column).ok_or_else(|| no_key(file, column))?;
    let mut rows: HashMap<String, usize> = HashMap::new();
    let (mut twice, mut unknown) = (Vec::new(), Vec::new());
    for row in 0..frame.len() {
        let id = text(values, row);
        let Some(id) = id.filter(|id| known.contains(id)) else {
            unknown.push(row);
            continue;
        };
        if rows.insert(id, row).is_some() {
            twice.push(row);
        }
    }
    if !twice.is_empty() {
        let what = format!("{file}: {} have a {column} that stands above them", shown(&twice));
        return Err(Error::new(ErrorKind::Data, what).with_hint("give each its value once"));
    }
    let joined: Vec<Option<usize>> = ids.iter().map(|id| rows.get(id.as_ref()?).copied()).collect();
    if joined.iter().all(Option::is_none) {
        let what = format!("no row of {file} has a {column} of the study");
        return Err(Error::new(ErrorKind::Data, what)
            .with_hint("check that both files use the same pseudonyms"));
    }
    if !unknown.is_empty() {
        warnings.push(format!(
            "{file}: {} have a {column} that the data do not have; they were left out",
            shown(&unknown)
        ));
    }
    let without = joined.iter().filter(|row| row.is_none()).count();
    if without > 0 {
        let n = joined.len();
        warnings.push(format!("{without} of {n} rows of the study have no row in {file}"));
    }
    Ok(joined)
}

/// How many rows, and the first of them as an editor counts (the header is row 1).
fn shown(rows: &[usize]) -> String {
    let first: Vec<String> = rows.iter().take(SHOWN).map(|row| (row + 2).to_string()).collect();
    let more = if rows.len() > SHOWN { ", …" } else { "" };
    format!("{} rows (row {}{more})", rows.len(), first.join(", "))
}

/// The values of the joined rows; missing where there is none.
fn pick(values: &Values, joined: &[Option<usize>]) -> Values {
    match values {
        Values::Number(v) => {
            Values::Number(joined.iter().map(|row| row.map_or(f64::NAN, |r| v[r])).collect())
        }
        Values::Level { codes, levels } => Values::Level {
            codes: joined.iter().map(|row| row.map_or(Values::MISSING, |r| codes[r])).collect(),
            levels: levels.clone(),
        },
    }
}
