//! Reading and checking a history folder: every fault at once.

pub(super) mod bsn;
mod cells;
mod chunk;
mod ids;
mod load;
mod reader;
mod record;
mod row;
mod rows;
mod rows_other;
mod rows_stays;
mod rules;
mod shape;
mod split;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use super::columns::{self, FILES, FileSpec};
use super::error::{FileProblem, HistoryError};
use super::findings::{Code, Finding, Findings, KEPT_PER_CODE, Severity};
use super::reading::Reading;
use super::records::{Child, Family, History, Labels, Request, Stay, Window};
use super::registry;
use super::settings::{Format, Settings, nearest, no_window};
use crate::ErrorKind;
use crate::progress::{Progress, Silent};
use ids::{Ids, distinct};
use reader::Reader;
use rows_other::Known;
use table::{Relabel, Table};

/// Whether a text holds nine digits in a row that pass the test for a BSN.
pub(crate) fn has_bsn(text: &str) -> bool {
    bsn::in_text(text.as_bytes())
}

/// What a caller knows better than the folder's own `study.toml`.
#[derive(Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    window: Option<Window>,
    format: Option<&'a Format>,
    waive: Option<&'a BTreeMap<Code, String>>,
    progress: Option<&'a dyn Progress>,
}

impl<'a> ReadOptions<'a> {
    /// Everything as the folder itself says.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this window; the folder then needs no `study.toml`.
    #[must_use]
    pub fn window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// With these answers to questions of format, instead of the folder's own.
    #[must_use]
    pub fn format(mut self, format: &'a Format) -> Self {
        self.format = Some(format);
        self
    }

    /// With these codes waived, beside those of the folder's own `study.toml`.
    #[must_use]
    pub fn waive(mut self, waive: &'a BTreeMap<Code, String>) -> Self {
        self.waive = Some(waive);
        self
    }

    /// With this receiver of progress.
    #[must_use]
    pub fn progress(mut self, progress: &'a dyn Progress) -> Self {
        self.progress = Some(progress);
        self
    }
}

/// Reads and checks the history folder `dir`.
///
/// The separator, the decimal mark and the date style are learnt per file from the whole file.
/// Rows with faults are left out of the history; [`Reading::faults`] says whether any blocks work
/// beyond `check`.
///
/// # Errors
/// Where nothing can be read: the folder or a required file is missing, a file cannot be opened,
/// a required file is no text, `study.toml` has no usable `[window]`, or a column holds what look
/// like BSNs (refused).
///
/// ```no_run
/// use pleegzorg::{history, progress::Silent};
/// let reading = history::read("datasets/example".as_ref(), &Silent)?;
/// println!("{}", reading.summary());
/// let history = reading.into_history()?;
/// # Ok::<(), pleegzorg::Error>(())
/// ```
pub fn read(dir: &Path, progress: &dyn Progress) -> Result<Reading, HistoryError> {
    read_with(dir, ReadOptions::new().progress(progress))
}

/// Reads and checks a history folder, with what the caller knows better than its `study.toml`.
///
/// # Errors
/// As [`read`].
pub fn read_with(dir: &Path, options: ReadOptions) -> Result<Reading, HistoryError> {
    let folder = |reason: String| HistoryError::Folder { path: dir.to_owned(), reason };
    let entries = std::fs::read_dir(dir).map_err(|e| match dir.is_file() {
        true => folder("it is a file".into()),
        false => folder(e.to_string()),
    })?;
    let names: Vec<String> =
        entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();

    let mut problems = problems(dir, &names);
    let settings = match settings(dir, &options) {
        Err(HistoryError::Files(more)) => {
            problems.extend(more);
            Err(HistoryError::Files(std::mem::take(&mut problems)))
        }
        other => other,
    };
    if !problems.is_empty() {
        return Err(HistoryError::Files(problems));
    }
    let settings = settings?;
    let window = settings.window.ok_or_else(|| no_window(&dir.join("study.toml")))?;
    let reader = Reader {
        window,
        format: &settings.format,
        progress: options.progress.unwrap_or(&Silent),
        labels: Labels::default(),
        findings: Findings::default(),
        bsn: Vec::new(),
    };
    let mut folder = Folder {
        dir,
        names,
        problems: Vec::new(),
        rows: BTreeMap::new(),
        reader,
        ahead: None,
        buffer: Vec::new(),
    };
    folder.names_nearly_right();
    let history = folder.history();
    let Folder { problems, rows, reader, .. } = folder;
    if !problems.is_empty() {
        return Err(HistoryError::Files(problems));
    }
    if !reader.bsn.is_empty() {
        return Err(HistoryError::Bsn(reader.bsn));
    }
    Ok(conclude(history, rows, reader.findings, &settings.waive))
}

/// The folder's own settings, with what the caller knows better.
fn settings(dir: &Path, options: &ReadOptions) -> Result<Settings, HistoryError> {
    let path = dir.join("study.toml");
    let mut settings = if options.window.is_some() && !path.exists() {
        Settings::default()
    } else {
        Settings::read(&path)?
    };
    settings.window = options.window.or(settings.window);
    if let Some(format) = options.format {
        settings.format = format.clone();
    }
    if let Some(waive) = options.waive {
        settings.waive.extend(waive.iter().map(|(&code, reason)| (code, reason.clone())));
    }
    Ok(settings)
}

/// Required files that are missing, and files that are no files.
fn problems(dir: &Path, names: &[String]) -> Vec<FileProblem> {
    let mut problems = Vec::new();
    for file in FILES {
        let path = dir.join(file.name);
        let (what, repair) = match std::fs::metadata(&path) {
            Ok(m) if m.is_dir() => ("is a folder, not a file", "put the file in its place".into()),
            Ok(m) if !m.is_file() => ("is not a regular file", "put the file in its place".into()),
            Ok(_) => continue,
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                ("cannot be opened", "check its permissions".into())
            }
            Err(_) if !file.required => continue,
            Err(_) => {
                let others = names.iter().filter(|n| !FILES.iter().any(|f| f.name == **n));
                let near = nearest(file.name, others.map(String::as_str));
                let repair = near.map_or_else(
                    || format!("add {} to the folder", file.name),
                    |near| format!("rename {} to {}", shape::shown(near), file.name),
                );
                ("is missing", repair)
            }
        };
        let (file, kind) = (file.name.into(), ErrorKind::Io);
        problems.push(FileProblem { file, kind, what: what.into(), repair });
    }
    problems
}

/// A folder being read.
struct Folder<'a> {
    dir: &'a Path,
    names: Vec<String>,
    problems: Vec<FileProblem>,
    rows: BTreeMap<String, usize>,
    reader: Reader<'a>,
    /// The next file, loaded ahead.
    ahead: Option<(&'static str, Result<load::Text, FileProblem>)>,
    /// The memory of the file before, for the next but one.
    buffer: Vec<u8>,
}

impl Folder<'_> {
    /// Files whose names are close to one that is read.
    fn names_nearly_right(&mut self) {
        let mut names: Vec<&String> = self.names.iter().collect();
        names.sort();
        let known = || FILES.iter().map(|f| f.name);
        for name in names {
            if known().any(|k| k == name) || !name.to_lowercase().ends_with(".csv") {
                continue;
            }
            // Only the stem counts: every name ends in .csv.
            let stem = name.to_lowercase().trim_end_matches(".csv").to_owned();
            let near = nearest(&stem, known().map(|k| k.trim_end_matches(".csv")));
            if let Some(near) = near.filter(|near| !self.names.contains(&format!("{near}.csv"))) {
                let finding = Finding::new(
                    registry::OTHER_FILE,
                    shape::shown(name),
                    format!("the file is not read; the name is close to {near}.csv"),
                );
                self.reader.findings.add(finding.repair(format!("rename it to {near}.csv")));
            }
        }
    }

    /// Reads one file into a table.
    fn table<T: Relabel + Send>(
        &mut self,
        file: &'static FileSpec,
        parse: impl Fn(&mut row::Row) -> Option<T> + Sync,
    ) -> Table<T> {
        if !self.dir.join(file.name).exists() {
            return Table::absent(file);
        }
        let text = match self.ahead.take() {
            Some((name, text)) if name == file.name => text,
            _ => load::load(&self.dir.join(file.name), file.name, Vec::new()),
        };
        let text = match text {
            Ok(text) => text,
            Err(problem) => {
                self.problems.push(problem);
                return Table::absent(file);
            }
        };
        if let Some(what) = load::foreign(&text.bytes) {
            let finding = Finding::new(registry::NOT_CSV, file.name, format!("the file {what}"));
            if file.required {
                self.problems.push(FileProblem {
                    file: file.name.into(),
                    kind: ErrorKind::Foreign,
                    what: what.into(),
                    repair: finding.repair.into_owned(),
                });
            } else {
                self.reader.findings.add(finding);
            }
            self.rows.insert(file.name.into(), 0);
            return Table::unreadable(file);
        }
        // The next file is loaded while this one is read.
        let mut later = FILES.iter().map(|f| f.name).skip_while(|&f| f != file.name).skip(1);
        let next = later.find(|&f| self.dir.join(f).exists());
        let (dir, reader) = (self.dir, &mut self.reader);
        let buffer = std::mem::take(&mut self.buffer);
        let (table, ahead) = rayon::join(
            || reader.table(file, &text, &parse),
            || next.map(|f| (f, load::load(&dir.join(f), f, buffer))),
        );
        self.ahead = ahead;
        self.buffer = text.bytes;
        self.rows.insert(file.name.into(), table.count);
        table
    }

    /// Reads all files, in the order of the codebook: those first that others refer to.
    fn history(&mut self) -> History {
        let mut children = self.table(&columns::children::FILE, rows::child);
        distinct(&mut children, child_id, columns::children::CHILD_ID, self.findings());
        let child_ids = Ids::new(&children, child_id);

        let mut families = self.table(&columns::families::FILE, rows::family);
        distinct(&mut families, family_id, columns::families::FAMILY_ID, self.findings());
        let family_ids = Ids::new(&families, family_id);
        let mut periods =
            self.table(&columns::family_periods::FILE, |row| rows::family_period(row, &family_ids));
        periods.without_doubles(self.findings());

        let mut stays = self.table(&columns::stays::FILE, |row| {
            rows_stays::stay(row, &children.rows, &child_ids, &family_ids)
        });
        let unusable =
            rules::course(&children, &families, &periods, &stays, &mut self.reader.findings);
        stays.remove(&unusable, stay_id);
        distinct(&mut stays, stay_id, columns::stays::STAY_ID, self.findings());
        let window = self.reader.window;
        rules::piled_up_ends(&stays, &window, self.findings());
        let stay_ids = Ids::new(&stays, stay_id);

        let known = Known {
            children: &children.rows,
            stays: &stays.rows,
            child_ids: &child_ids,
            family_ids: &family_ids,
            stay_ids: &stay_ids,
        };
        let mut events = self.table(&columns::events::FILE, |row| rows_other::event(row, &known));
        events.without_doubles(self.findings());
        let mut assessments =
            self.table(&columns::assessments::FILE, |row| rows_other::assessment(row, &known));
        assessments.without_doubles(self.findings());
        let mut areas = self.table(&columns::areas::FILE, rows::area);
        distinct(&mut areas, |a| &a.id, columns::areas::AREA, self.findings());
        let mut requests =
            self.table(&columns::requests::FILE, |row| rows_other::request(row, &known));
        distinct(&mut requests, request_id, columns::requests::REQUEST_ID, self.findings());
        let mut pairs = self.table(&columns::pairs::FILE, |row| rows_other::pair(row, &known));
        pairs.without_doubles(self.findings());
        rules::wishes(&pairs, self.findings());
        let request_ids = Ids::new(&requests, request_id);
        let mut offers = self
            .table(&columns::offers::FILE, |row| rows_other::offer(row, &request_ids, &family_ids));
        offers.without_doubles(self.findings());
        drop((child_ids, family_ids, stay_ids, request_ids));
        rules::idle_children(&children, &stays, &requests, self.findings());

        History {
            window,
            children: children.rows,
            families: families.rows,
            family_periods: periods.rows,
            stays: stays.rows,
            events: events.rows,
            assessments: assessments.rows,
            areas: areas.rows.into_iter().map(|a| a.area).collect(),
            requests: requests.rows,
            pairs: pairs.rows,
            offers: offers.rows,
            labels: std::mem::take(&mut self.reader.labels),
        }
    }

    fn findings(&mut self) -> &mut Findings {
        &mut self.reader.findings
    }
}

fn child_id(child: &Child) -> &str {
    &child.id
}

fn family_id(family: &Family) -> &str {
    &family.id
}

fn stay_id(stay: &Stay) -> &str {
    &stay.id
}

fn request_id(request: &Request) -> &str {
    &request.id
}

/// Orders the findings, applies the waivers, and says where the list is cut.
fn conclude(
    history: History,
    rows: BTreeMap<String, usize>,
    findings: Findings,
    waive: &BTreeMap<Code, String>,
) -> Reading {
    let (mut findings, mut counts) = findings.into_parts();
    let place = |f: &Finding| FILES.iter().position(|s| s.name == f.file).unwrap_or(FILES.len());
    findings.sort_by(|a, b| {
        (place(a), a.row, a.code, &a.column).cmp(&(place(b), b.row, b.code, &b.column))
    });
    for finding in &mut findings {
        if let Some(reason) = waive.get(&finding.code) {
            finding.waived = true;
            finding.severity = Severity::Finding;
            finding.why = format!("{} (waived: {reason})", finding.why).into();
        }
    }
    let fault = |code: Code| {
        registry::entry(code).is_none_or(|e| e.severity == Severity::Fault)
            && !waive.contains_key(&code)
    };
    let blocking = counts.iter().filter(|(code, _)| fault(**code)).map(|(_, n)| n).sum();
    let cut: Vec<(Code, u64)> = counts
        .iter()
        .filter(|&(_, &n)| n > KEPT_PER_CODE)
        .map(|(&code, &n)| (code, n - KEPT_PER_CODE))
        .collect();
    for (code, more) in cut {
        let file = findings.iter().rfind(|f| f.code == code).map_or("".into(), |f| f.file.clone());
        let what = format!("{more} more findings of {code} are counted but not listed");
        findings.push(Finding::new(registry::LIST_CUT, file, what));
        *counts.entry(registry::LIST_CUT).or_default() += 1;
    }
    Reading { history, rows, findings, counts, blocking }
}
