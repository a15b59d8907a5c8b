//! Reading the rows of a return into typed ones; what cannot be used is dropped and said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cells::{Drop, code, day, odd, optional, outward, required, squeeze};
use super::codes;
use super::lists::{self, Ending, LegalStatus, Place, Rne};
use super::tables::{Line, Source, Table};
use super::years::{last_day, years_of};
use crate::history::read::bsn;
use crate::history::{Day, Finding, Findings, HistoryError, Sex};
use crate::progress::Progress;

/// A child of the Header.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: Box<str>,
    pub birth: Day,
    pub sex: Option<Sex>,
    /// The return that told the birth.
    year: i32,
    /// The file that told it, to know a second row of one file.
    source: usize,
}

/// All children, in the order in which they were first seen.
#[derive(Debug, Default)]
pub struct People {
    pub list: Vec<Person>,
    index: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
}

/// An episode, after its cells were understood.
#[derive(Debug, Clone)]
pub struct Episode {
    /// Position in [`People::list`].
    pub child: u32,
    /// The return that it was read from.
    pub year: i32,
    /// Position in the list of sources, and the line there.
    pub source: usize,
    pub line: u64,
    pub decom: Day,
    pub dec: Option<Day>,
    pub rne: Rne,
    pub status: Option<&'static LegalStatus>,
    pub place: &'static Place,
    pub provider: Option<&'static str>,
    /// `Some(None)` is X1: care goes on.
    pub rec: Option<Option<Ending>>,
    /// E8, "any other reason": may be the 18th birthday.
    pub rec_other: bool,
    /// E5, E6, E7: the end of care of somebody who is nearly of age.
    pub rec_leaving: bool,
    pub reason: Option<Ending>,
    pub home_area: Option<Box<str>>,
    /// Evidence that two times in one kind of place were with one carer; empty where not given.
    pub postcode: Box<str>,
    pub urn: Box<str>,
}

/// An SDQ score of a return.
#[derive(Debug, Clone, Copy)]
pub struct Sdq {
    pub child: u32,
    pub year: i32,
    pub score: f64,
}

/// A time with one social worker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worker {
    pub child: u32,
    pub decom: Day,
    pub id: Box<str>,
}

/// What is read, and the account of it.
#[derive(Debug)]
pub struct Rows<'a> {
    pub sources: &'a [Source],
    /// The return year of each source, where it can be told.
    pub years: Vec<Option<i32>>,
    pub people: People,
    pub episodes: Vec<Episode>,
    pub scores: Vec<Sdq>,
    scored: BTreeSet<(u32, i32)>,
    pub workers: BTreeSet<Worker>,
    pub findings: Findings,
    /// Rows per file.
    pub rows: BTreeMap<String, usize>,
    /// Rows that were dropped, per file.
    pub dropped: BTreeMap<String, usize>,
    /// Rows of tables that are not imported, per file.
    pub unused: BTreeMap<String, usize>,
}

impl<'a> Rows<'a> {
    /// Reads all sources: first the years of the episodes, then Headers, then the rest.
    pub fn read(
        sources: &'a [Source],
        findings: Findings,
        progress: &dyn Progress,
    ) -> Result<Self, HistoryError> {
        let mut rows = Self {
            sources,
            years: Vec::new(),
            people: People::default(),
            episodes: Vec::new(),
            scores: Vec::new(),
            scored: BTreeSet::new(),
            workers: BTreeSet::new(),
            findings,
            rows: BTreeMap::new(),
            dropped: BTreeMap::new(),
            unused: BTreeMap::new(),
        };
        rows.years = years_of(sources, progress)?;
        let mut order: Vec<usize> = (0..sources.len()).collect();
        // Headers first, and the latest return last, so that it wins.
        order.sort_by_key(|&s| (sources[s].table != Table::Header, rows.years[s], s));
        for s in order {
            if sources[s].is_complete(&mut rows.findings) {
                rows.read_source(s, progress)?;
            }
        }
        rows.refuse_bsns()?;
        Ok(rows)
    }

    /// Refuses a return whose CHILD holds what look like BSNs.
    fn refuse_bsns(&self) -> Result<(), HistoryError> {
        let mut seen = bsn::Seen::default();
        self.people.list.iter().for_each(|p| seen.see(p.id.as_bytes()));
        if seen.is_bsn(false) {
            let header = self.sources.iter().find(|s| s.table == Table::Header);
            let file = header.map_or("Header", |s| s.name.as_str());
            return Err(HistoryError::Bsn(vec![(file.into(), "CHILD".into())]));
        }
        Ok(())
    }

    fn read_source(&mut self, s: usize, progress: &dyn Progress) -> Result<(), HistoryError> {
        let source = &self.sources[s];
        let name = source.name.clone();
        if source.table == Table::Oc2 && self.years[s].is_none() {
            let what = "the year of this table cannot be told from its place or name";
            self.findings.add(Finding::new(codes::NO_RETURN, name.clone(), what));
        }
        let mut findings = std::mem::take(&mut self.findings);
        let mut dropped = 0;
        let read = source.each(&mut findings, progress, |line, findings| {
            let taken = match source.table {
                Table::Header => self.take_person(s, line, findings),
                Table::Episodes => self.take_episode(s, line, findings),
                Table::Oc2 => self.take_score(s, line, findings),
                Table::SwEpisodes => self.take_worker(s, line, findings),
                Table::Other(_) => Ok(()),
            };
            if let Err(Drop(code, column, what)) = taken {
                dropped += 1;
                // A file whose year is unknown was reported once, as a whole.
                if code != codes::NO_RETURN {
                    let finding = Finding::new(code, name.clone(), what);
                    findings.add(finding.row(line.number).column(column));
                }
            }
        });
        self.findings = findings;
        let (rows, unread) = read?;
        self.rows.insert(name.clone(), rows);
        if matches!(source.table, Table::Other(_)) {
            self.unused.insert(name, rows);
        } else if dropped + unread > 0 {
            self.dropped.insert(name, dropped + unread);
        }
        Ok(())
    }

    fn take_person(
        &mut self,
        s: usize,
        line: Line<'_>,
        findings: &mut Findings,
    ) -> Result<(), Drop> {
        let id = required(line, "CHILD")?;
        let birth = day(line, "DOB")?.ok_or(Drop(codes::BLANK, "DOB", "the birth is blank"))?;
        let sex = match line.cell("SEX").to_ascii_uppercase().as_str() {
            "1" | "M" => Some(Sex::Male),
            "2" | "F" => Some(Sex::Female),
            "" => None,
            _ => {
                odd(
                    findings,
                    &self.sources[s],
                    line,
                    codes::OTHER_CODE,
                    "SEX",
                    "no code of its list",
                );
                None
            }
        };
        let year = self.years[s].unwrap_or(i32::MIN);
        let Some(&known) = self.people.index.get(id) else {
            self.people.index.insert(id.into(), self.people.list.len() as u32);
            self.people.list.push(Person { id: id.into(), birth, sex, year, source: s });
            return Ok(());
        };
        let person = &mut self.people.list[known as usize];
        if person.source == s {
            return Err(Drop(codes::DUPLICATE, "CHILD", "a second row for this child"));
        }
        if person.birth != birth {
            let what = "another birth than in an earlier return";
            odd(findings, &self.sources[s], line, codes::BIRTH_CHANGED, "DOB", what);
        }
        // Sources come in order of their years, so this one is at least as late.
        debug_assert!(person.year <= year, "headers are read in order of year");
        *person = Person { id: person.id.clone(), birth, sex: sex.or(person.sex), year, source: s };
        Ok(())
    }

    /// The child of a row, born on or before `on` and at most 23 then.
    fn child(&self, line: Line<'_>, on: Day, column: &'static str) -> Result<u32, Drop> {
        let id = required(line, "CHILD")?;
        let no_child = Drop(codes::NO_CHILD, "CHILD", "the child is in no Header that can be used");
        let &child = self.people.index.get(id).ok_or(no_child)?;
        let birth = self.people.list[child as usize].birth;
        if on < birth {
            return Err(Drop(codes::AGE, column, "the date lies before the birth"));
        }
        if on >= birth.plus_years(23) {
            return Err(Drop(codes::AGE, column, "the child would be 23 or older"));
        }
        Ok(child)
    }

    fn take_episode(
        &mut self,
        s: usize,
        line: Line<'_>,
        findings: &mut Findings,
    ) -> Result<(), Drop> {
        let source = &self.sources[s];
        let year = self.years[s].unwrap_or(i32::MAX);
        required(line, "CHILD")?;
        let decom = day(line, "DECOM")?.ok_or(Drop(codes::BLANK, "DECOM", "the start is blank"))?;
        let mut dec = day(line, "DEC")?;
        let rne = Rne::find(&code(line, "RNE")?).ok_or(Drop(
            codes::CODE,
            "RNE",
            "no code of any year's list",
        ))?;
        let place = Place::find(&code(line, "PLACE")?).ok_or(Drop(
            codes::CODE,
            "PLACE",
            "no code of any year's list",
        ))?;
        if dec.is_some_and(|dec| dec <= decom) {
            return Err(Drop(codes::END_NOT_AFTER_START, "DEC", "DEC is on or before DECOM"));
        }
        let close = last_day(year).unwrap_or(Day(i32::MAX));
        if decom > close {
            return Err(Drop(
                codes::START_AFTER_RETURN,
                "DECOM",
                "the start lies after the return's 31 March",
            ));
        }
        let child = self.child(line, decom, "DECOM")?;
        // From here on the row is used.
        if !place.in_year(year) {
            odd(
                findings,
                source,
                line,
                codes::CODE_OF_OTHER_YEAR,
                "PLACE",
                "not on this year's list",
            );
        }
        let rec_cell = optional(source, line, "REC", findings, lists::end_reason);
        let reason = optional(source, line, "REASON_PLACE_CHANGE", findings, lists::change_reason);
        optional(source, line, "CIN", findings, |c| lists::NEEDS.iter().find(|n| **n == c));
        let mut rec = rec_cell.map(|(_, ending)| *ending);
        if dec.is_some() == line.cell("REC").is_empty() {
            let what = if dec.is_some() { "DEC without REC" } else { "REC without DEC" };
            odd(findings, source, line, codes::END_HALF_KNOWN, "REC", what);
        }
        if reason.is_some() && !matches!(rec, Some(None)) && !line.cell("REC").is_empty() {
            let what = "a reason of a change, and REC is not X1";
            odd(findings, source, line, codes::REASON_BESIDE_END, "REASON_PLACE_CHANGE", what);
        }
        if dec.is_some_and(|dec| dec > close) {
            odd(
                findings,
                source,
                line,
                codes::END_AFTER_RETURN,
                "DEC",
                "the end lies after the return's 31 March",
            );
            dec = None;
        }
        if dec.is_none() {
            rec = None;
        }
        self.episodes.push(Episode {
            child,
            year,
            source: s,
            line: line.number,
            decom,
            dec,
            rne,
            status: optional(source, line, "LS", findings, LegalStatus::find),
            place,
            provider: optional(source, line, "PLACE_PROVIDER", findings, lists::provider),
            rec,
            rec_other: rec_cell.is_some_and(|(c, _)| *c == "E8"),
            rec_leaving: rec_cell.is_some_and(|(c, _)| matches!(*c, "E5" | "E6" | "E7")),
            reason: reason.filter(|_| dec.is_some()).map(|(_, ending)| *ending),
            home_area: outward(line.cell("HOME_POST")),
            postcode: squeeze(line.cell("PL_POST")),
            urn: squeeze(line.cell("URN")),
        });
        Ok(())
    }

    fn take_score(
        &mut self,
        s: usize,
        line: Line<'_>,
        findings: &mut Findings,
    ) -> Result<(), Drop> {
        let year = self.years[s];
        let when = year.and_then(last_day);
        let (Some(year), Some(when)) = (year, when) else {
            return Err(Drop(codes::NO_RETURN, "SDQ_SCORE", "the return's year cannot be told"));
        };
        let child = self.child(line, when, "DOB")?;
        let reasons = ["SDQ1", "SDQ2", "SDQ3", "SDQ4", "SDQ5"];
        optional(&self.sources[s], line, "SDQ_REASON", findings, |c| {
            reasons.iter().find(|r| **r == c)
        });
        let text = line.cell("SDQ_SCORE");
        if text.is_empty() {
            return Ok(());
        }
        // Exports through a table calculator write 12 as 12.0.
        let whole = text.strip_suffix(".0").unwrap_or(text);
        let score = whole.parse::<u8>().ok().filter(|&n| n <= 40 && !whole.starts_with('+'));
        let score = score.ok_or(Drop(codes::SDQ, "SDQ_SCORE", "no whole number from 0 to 40"))?;
        if !self.scored.insert((child, year)) {
            return Err(Drop(
                codes::DUPLICATE,
                "CHILD",
                "a second score of this child in this return",
            ));
        }
        self.scores.push(Sdq { child, year, score: f64::from(score) });
        Ok(())
    }

    fn take_worker(
        &mut self,
        s: usize,
        line: Line<'_>,
        findings: &mut Findings,
    ) -> Result<(), Drop> {
        let id = required(line, "SW_ID")?;
        let decom =
            day(line, "SW_DECOM")?.ok_or(Drop(codes::BLANK, "SW_DECOM", "the start is blank"))?;
        let dec = day(line, "SW_DEC")?;
        if dec.is_some_and(|dec| dec < decom) {
            return Err(Drop(codes::END_NOT_AFTER_START, "SW_DEC", "SW_DEC is before SW_DECOM"));
        }
        let child = self.child(line, decom, "SW_DECOM")?;
        let close = self.years.iter().flatten().max().copied().and_then(last_day);
        if close.is_some_and(|close| decom > close) {
            let what = "the start lies after the last return's 31 March";
            return Err(Drop(codes::START_AFTER_RETURN, "SW_DECOM", what));
        }
        let reason = |c: &str| lists::WORKER_REASONS.iter().find(|r| **r == c);
        optional(&self.sources[s], line, "SW_REASON", findings, reason);
        // The same row comes back in each return while the worker stays.
        self.workers.insert(Worker { child, decom, id: id.into() });
        Ok(())
    }
}
