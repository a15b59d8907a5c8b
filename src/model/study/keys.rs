//! Walking a TOML table strictly: every key is taken by name, and what is left over is unknown.

use std::cell::RefCell;
use std::path::Path;

use toml::{Table, Value};

use super::time::Span;
use crate::history::{Day, nearest};

/// All that is wrong with a study file: a person wants to repair it in one go.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<String>>);

impl Problems {
    pub(super) fn add(&self, problem: impl Into<String>) {
        self.0.borrow_mut().push(problem.into());
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.0.into_inner()
    }
}

/// A table of the file whose keys are taken one by one.
pub(super) struct Keys<'a> {
    table: Table,
    path: String,
    known: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> Keys<'a> {
    pub(super) fn new(table: Table, path: &str, problems: &'a Problems) -> Self {
        Self { table, path: path.into(), known: Vec::new(), problems }
    }

    /// The full path of a key, as `--set` spells it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn problem(&self, key: &str, what: &str) {
        self.problems.add(format!("{}: {what}", self.path_of(key)));
    }

    /// A problem whose text names the key itself.
    pub(super) fn problem_at_all(&self, what: &str) {
        self.problems.add(what);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// Takes a key whose value `read` understands; where it does not, that is a problem.
    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let typed = read(&value);
        if typed.is_none() {
            self.problem(key, &format!("must be {wanted}, and is {}", value.type_str()));
        }
        typed
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.typed(key, "text in quotes", |v| v.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", Value::as_bool)
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<f64> {
        self.typed(key, "a number", number)
    }

    /// A whole number within bounds.
    pub(super) fn count(&mut self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        let n = self.typed(key, "a whole number", Value::as_integer)?;
        let found = u64::try_from(n).ok().filter(|n| (least..=most).contains(n));
        if found.is_none() {
            self.problem(key, &format!("must be from {least} to {most}"));
        }
        found
    }

    /// A list of texts; one text stands for a list of one.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.typed(key, "a list of texts", |v| match v {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(many) => many.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => None,
        })
    }

    /// Two numbers, the lower first.
    pub(super) fn range(&mut self, key: &'static str) -> Option<[f64; 2]> {
        self.typed(key, "a list of two numbers, the lower first", |v| match v.as_array()?[..] {
            [ref a, ref b] => {
                let (a, b) = (number(a)?, number(b)?);
                (a <= b).then_some([a, b])
            }
            _ => None,
        })
    }

    /// A list of numbers.
    pub(super) fn numbers(&mut self, key: &'static str) -> Option<Vec<f64>> {
        self.typed(key, "a list of numbers", |v| v.as_array()?.iter().map(number).collect())
    }

    pub(super) fn day(&mut self, key: &'static str) -> Option<Day> {
        self.typed(key, "a date like 2024-12-31", day)
    }

    /// A span of time, or a bare number.
    pub(super) fn span(&mut self, key: &'static str) -> Option<Span> {
        let value = self.take(key)?;
        self.read_span(key, &value)
    }

    /// A list of spans of time.
    pub(super) fn spans(&mut self, key: &'static str) -> Option<Vec<Span>> {
        match self.take(key)? {
            Value::Array(many) => many.iter().map(|v| self.read_span(key, v)).collect(),
            one => Some(vec![self.read_span(key, &one)?]),
        }
    }

    fn read_span(&self, key: &str, value: &Value) -> Option<Span> {
        let span = match value {
            Value::String(text) => Span::parse(text),
            other => match number(other) {
                Some(n) => Span::number(n),
                None => Err("must be a span of time like \"6 months\", or a number".into()),
            },
        };
        span.map_err(|what| self.problem(key, &what)).ok()
    }

    /// A file or folder, relative to the study's folder.
    pub(super) fn file(&mut self, key: &'static str, folder: &Path) -> Option<std::path::PathBuf> {
        self.text(key).map(|p| folder.join(p))
    }

    /// A word, or a table of its own.
    pub(super) fn word_or_table(&mut self, key: &'static str) -> Option<Result<String, Keys<'a>>> {
        match self.table.get(key) {
            Some(Value::Table(_)) => self.table(key).map(Err),
            _ => self.text(key).map(Ok),
        }
    }

    /// A table of its own.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Keys<'a>> {
        let table = self.typed(key, "a table", |v| v.as_table().cloned())?;
        Some(Keys::new(table, &self.path_of(key), self.problems))
    }

    /// Tables of one kind, `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Keys<'a>> {
        let found = self.typed(key, "a list of tables", |v| {
            v.as_array()?.iter().map(|v| v.as_table().cloned()).collect::<Option<Vec<_>>>()
        });
        let path = self.path_of(key);
        let numbered = found.unwrap_or_default().into_iter().enumerate();
        numbered.map(|(k, t)| Keys::new(t, &format!("{path}.{k}"), self.problems)).collect()
    }

    /// What is left over is unknown: says so, with the nearest known key.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean {}?", self.path_of(near)),
                None => format!("known here: {}", self.known.join(", ")),
            };
            self.problem(key, &format!("unknown key; {hint}"));
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(x) if x.is_finite() => Some(*x),
        _ => None,
    }
}

/// A date, as TOML's own or as text.
fn day(value: &Value) -> Option<Day> {
    match value {
        Value::String(text) => Day::parse_iso(text),
        Value::Datetime(date) => Day::parse_iso(&date.to_string()),
        _ => None,
    }
}
