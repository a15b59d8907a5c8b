//! What reading needs of a study file: `[window]`, `[format]` and `[waive]`. The rest of the
//! file is the `model` room's.

use std::collections::BTreeMap;
use std::path::Path;

use super::day::Day;
use super::error::{FileProblem, HistoryError};
use super::findings::Code;
use super::records::Window;
use crate::ErrorKind;

/// What separates the columns of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A comma.
    Comma,
    /// A semicolon.
    Semicolon,
}

/// The decimal mark of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// A point: 1.5.
    Point,
    /// A comma: 1,5.
    Comma,
}

/// How the dates of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateStyle {
    /// `yyyy-mm-dd`.
    Iso,
    /// `dd-mm-yyyy`.
    Dashes,
    /// `dd/mm/yyyy`.
    Slashes,
    /// `mm/dd/yyyy`: only read where the study says so.
    MonthFirst,
}

/// `[format]`: the answers to questions that a file leaves open. Where a file itself is clear,
/// the file decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// `separator = "comma"` or `"semicolon"`.
    pub separator: Option<Separator>,
    /// `decimal = "point"` or `"comma"`.
    pub decimal: Option<Decimal>,
    /// `date = "yyyy-mm-dd"`, `"dd-mm-yyyy"`, `"dd/mm/yyyy"` or `"mm/dd/yyyy"`.
    pub date: Option<DateStyle>,
    /// The same keys for one file, from `[format.stays]` and its like; the key is the file's name
    /// (`stays.csv`).
    pub files: BTreeMap<String, Format>,
}

impl Format {
    /// The answers for one file: its own where it has any, else the general ones.
    #[must_use]
    pub fn of_file(&self, file: &str) -> Self {
        let own = self.files.get(file);
        Self {
            separator: own.and_then(|f| f.separator).or(self.separator),
            decimal: own.and_then(|f| f.decimal).or(self.decimal),
            date: own.and_then(|f| f.date).or(self.date),
            files: BTreeMap::new(),
        }
    }
}

/// The tables of a study file that reading needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `[window]`, where the file has it.
    pub window: Option<Window>,
    /// `[format]`.
    pub format: Format,
    /// `[waive]`: codes that are accepted, each with its reason.
    pub waive: BTreeMap<Code, String>,
}

impl Settings {
    /// Reads them from a study file.
    ///
    /// # Errors
    /// [`HistoryError::Files`] where the file cannot be read; [`HistoryError::Study`] where it is
    /// no TOML, or where one of the three tables has an unknown key or an unusable value.
    pub fn read(path: &Path) -> Result<Self, HistoryError> {
        let problem = |what: String, repair: &str| {
            let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let problem = FileProblem { file, kind: ErrorKind::Io, what, repair: repair.into() };
            HistoryError::Files(vec![problem])
        };
        if path.is_dir() {
            return Err(problem("is a folder, not a file".into(), "put the file in its place"));
        }
        if !path.exists() {
            return Err(problem(
                "is missing".into(),
                "a history folder needs a study.toml with [window] start, end and extraction",
            ));
        }
        let text = crate::files::read_text(path).map_err(|e| match e.kind() {
            ErrorKind::Usage => {
                study(path, "the file is not UTF-8".into(), "save it as UTF-8".into())
            }
            _ => problem(e.to_string(), "check its permissions"),
        })?;
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            study(path, format!("not valid TOML: {}", e.message()), toml_hint(&text, &e))
        })?;
        Self::from_toml(&table, path)
    }

    /// Takes them from a study file that is parsed already; `path` is only named in messages.
    ///
    /// # Errors
    /// [`HistoryError::Study`] where one of the three tables has an unknown key or an unusable
    /// value.
    pub fn from_toml(table: &toml::Table, path: &Path) -> Result<Self, HistoryError> {
        let at = At { path };
        let window = at.table(table, "window")?.map(|t| at.window(t)).transpose()?;
        let format = at.table(table, "format")?.map(|t| at.format(t)).transpose()?;
        let waive = at.table(table, "waive")?.map(|t| at.waive(t)).transpose()?;
        Ok(Self { window, format: format.unwrap_or_default(), waive: waive.unwrap_or_default() })
    }
}

/// The window of a study file.
///
/// # Errors
/// As [`Settings::read`]; and [`HistoryError::Study`] where there is no `[window]`.
pub fn window(path: &Path) -> Result<Window, HistoryError> {
    Settings::read(path)?.window.ok_or_else(|| no_window(path))
}

/// The error of a study file without a window.
pub(super) fn no_window(path: &Path) -> HistoryError {
    study(
        path,
        "[window] is missing".into(),
        "add [window] with start, end and extraction as dates (yyyy-mm-dd)".into(),
    )
}

fn study(path: &Path, what: String, repair: String) -> HistoryError {
    HistoryError::Study { path: path.to_owned(), what, repair }
}

/// Where the TOML broke off.
fn toml_hint(text: &str, e: &toml::de::Error) -> String {
    e.span().map_or_else(
        || "correct the file".into(),
        |span| {
            let line = 1 + text.bytes().take(span.start).filter(|&b| b == b'\n').count();
            format!("correct line {line}")
        },
    )
}

/// The nearest of some names, where one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + name.chars().count() / 4;
    names
        .into_iter()
        .map(|n| (strsim::damerau_levenshtein(name, n), n))
        .filter(|&(d, _)| d <= limit)
        .min_by_key(|&(d, _)| d)
        .map(|(_, n)| n)
}

/// Reads values and says where they are wrong.
struct At<'a> {
    path: &'a Path,
}

impl At<'_> {
    fn wrong(&self, what: String, repair: impl Into<String>) -> HistoryError {
        study(self.path, what, repair.into())
    }

    fn table<'t>(
        &self,
        table: &'t toml::Table,
        key: &str,
    ) -> Result<Option<&'t toml::Table>, HistoryError> {
        match table.get(key) {
            None => Ok(None),
            Some(toml::Value::Table(t)) => Ok(Some(t)),
            Some(_) => {
                Err(self.wrong(format!("{key} is not a table"), format!("write it as [{key}]")))
            }
        }
    }

    fn unknown(&self, table: &str, key: &str, known: &[&str]) -> HistoryError {
        let repair = nearest(key, known.iter().copied()).map_or_else(
            || format!("[{table}] knows {}", known.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        self.wrong(format!("[{table}] has no key {key}"), repair)
    }

    fn day(&self, table: &toml::Table, key: &str) -> Result<Day, HistoryError> {
        let repair = "write it as yyyy-mm-dd";
        let text = match table.get(key) {
            None => return Err(self.wrong(format!("[window] {key} is missing"), repair)),
            Some(toml::Value::String(s)) => s.clone(),
            // TOML has dates of its own.
            Some(toml::Value::Datetime(d)) => d.to_string(),
            Some(_) => return Err(self.wrong(format!("[window] {key} is not a date"), repair)),
        };
        Day::parse_iso(&text)
            .ok_or_else(|| self.wrong(format!("[window] {key} is not a date"), repair))
    }

    fn window(&self, table: &toml::Table) -> Result<Window, HistoryError> {
        const KEYS: [&str; 3] = ["start", "end", "extraction"];
        if let Some(key) = table.keys().find(|k| !KEYS.contains(&k.as_str())) {
            return Err(self.unknown("window", key, &KEYS));
        }
        let window = Window {
            start: self.day(table, "start")?,
            end: self.day(table, "end")?,
            extraction: self.day(table, "extraction")?,
        };
        if window.start >= window.end {
            return Err(self.wrong(
                "[window] start is not before end".into(),
                "give the first and the last day on which ends were recorded",
            ));
        }
        if window.extraction < window.end {
            return Err(self.wrong(
                "[window] extraction is before end".into(),
                "ends cannot be known after the day on which the data were taken",
            ));
        }
        Ok(window)
    }

    fn format(&self, table: &toml::Table) -> Result<Format, HistoryError> {
        let mut format = Format::default();
        for (key, value) in table {
            if let toml::Value::Table(own) = value {
                let file = format!("{}.csv", key.trim_end_matches(".csv"));
                let known = super::columns::FILES.iter().map(|f| f.name);
                if !known.clone().any(|name| name == file) {
                    let near = nearest(&file, known)
                        .map_or("name a file of the history, such as [format.stays]".into(), |n| {
                            format!("did you mean [format.{}]?", n.trim_end_matches(".csv"))
                        });
                    return Err(self.wrong(format!("[format.{key}] names no file"), near));
                }
                let own = self.answers(own, &format!("format.{key}"))?;
                format.files.insert(file, own);
            }
        }
        let general: toml::Table = table
            .iter()
            .filter(|(_, v)| !v.is_table())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        Ok(Format { files: format.files, ..self.answers(&general, "format")? })
    }

    fn answers(&self, table: &toml::Table, name: &str) -> Result<Format, HistoryError> {
        const KEYS: [&str; 3] = ["separator", "decimal", "date"];
        let mut format = Format::default();
        for (key, value) in table {
            let text = value.as_str().unwrap_or_default();
            let known = match key.as_str() {
                "separator" => {
                    format.separator = match text {
                        "comma" | "," => Some(Separator::Comma),
                        "semicolon" | ";" => Some(Separator::Semicolon),
                        _ => None,
                    };
                    format.separator.map(drop).ok_or("\"comma\" or \"semicolon\"")
                }
                "decimal" => {
                    format.decimal = match text {
                        "point" | "." => Some(Decimal::Point),
                        "comma" | "," => Some(Decimal::Comma),
                        _ => None,
                    };
                    format.decimal.map(drop).ok_or("\"point\" or \"comma\"")
                }
                "date" => {
                    format.date = match text {
                        "yyyy-mm-dd" | "jjjj-mm-dd" | "iso" => Some(DateStyle::Iso),
                        "dd-mm-yyyy" | "dd-mm-jjjj" => Some(DateStyle::Dashes),
                        "dd/mm/yyyy" | "dd/mm/jjjj" => Some(DateStyle::Slashes),
                        "mm/dd/yyyy" | "mm/dd/jjjj" => Some(DateStyle::MonthFirst),
                        _ => None,
                    };
                    format
                        .date
                        .map(drop)
                        .ok_or("\"yyyy-mm-dd\", \"dd-mm-yyyy\", \"dd/mm/yyyy\" or \"mm/dd/yyyy\"")
                }
                _ => return Err(self.unknown(name, key, &KEYS)),
            };
            known.map_err(|values| {
                self.wrong(format!("[{name}] {key} has an unknown value"), format!("use {values}"))
            })?;
        }
        Ok(format)
    }

    fn waive(&self, table: &toml::Table) -> Result<BTreeMap<Code, String>, HistoryError> {
        let mut waive = BTreeMap::new();
        for (key, value) in table {
            let code = Code::parse(key).ok_or_else(|| {
                self.wrong(format!("[waive] {key} is no code"), "write codes as PZ0123")
            })?;
            let reason =
                value.as_str().map(str::trim).filter(|r| !r.is_empty()).ok_or_else(|| {
                    self.wrong(
                        format!("[waive] {key} has no reason"),
                        "a waiver needs its reason as text",
                    )
                })?;
            waive.insert(code, reason.to_owned());
        }
        Ok(waive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, HistoryError> {
        Settings::from_toml(&text.parse().unwrap(), Path::new("study.toml"))
    }

    #[test]
    fn reads_the_three_tables_and_leaves_the_rest() {
        let s = parse(
            "title = 'x'\n[window]\nstart = '2010-01-01'\nend = 2020-12-31\nextraction = '2021-02-01'\n\
             [format]\ndecimal = 'comma'\ndate = 'dd/mm/yyyy'\n[format.areas]\ndecimal = 'point'\n\
             [waive]\nPZ0403 = 'known'\n[model]\nkind = 'cox'",
        )
        .unwrap();
        assert_eq!(s.window.unwrap().end, Day::from_ymd(2020, 12, 31).unwrap());
        assert_eq!(s.format.of_file("stays.csv").decimal, Some(Decimal::Comma));
        let areas = s.format.of_file("areas.csv");
        assert_eq!((areas.decimal, areas.date), (Some(Decimal::Point), Some(DateStyle::Slashes)));
        assert_eq!(s.waive[&Code(403)], "known");
    }

    #[test]
    fn says_what_is_wrong_with_the_nearest_key() {
        for (text, what, repair) in [
            ("[window]\nstrat='2010-01-01'", "no key strat", "start"),
            ("[window]\nstart='2010-13-01'", "start is not a date", "yyyy-mm-dd"),
            ("[window]\nstart='2010-01-01'\nend='2011-01-01'", "extraction is missing", "yyyy"),
            (
                "[window]\nstart='2012-01-01'\nend='2011-01-01'\nextraction='2012-01-01'",
                "before end",
                "first",
            ),
            (
                "[window]\nstart='2010-01-01'\nend='2011-01-01'\nextraction='2010-06-01'",
                "extraction is before end",
                "known",
            ),
            ("window = 3", "not a table", "[window]"),
            ("[format]\ndecimals='comma'", "no key decimals", "decimal"),
            ("[format]\ndate='us'", "unknown value", "dd/mm/yyyy"),
            ("[format.stay]\ndate='iso'", "names no file", "[format.stays]"),
            ("[waive]\nPZ1='x'", "no code", "PZ0123"),
            ("[waive]\nPZ0403=''", "no reason", "reason"),
        ] {
            let e = parse(text).unwrap_err();
            assert!(e.to_string().contains(what), "{text}: {e}");
            assert!(e.hint().contains(repair), "{text}: {}", e.hint());
            assert_eq!(e.kind(), ErrorKind::Usage);
        }
    }
}
