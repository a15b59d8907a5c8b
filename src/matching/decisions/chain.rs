//! The log as a chain of hashes: appending to it, and finding what was done to it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::record::{Decision, Recorded};
use crate::score::Note;
use crate::{Error, ErrorKind};

/// What stands for the record before the first.
const NONE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const HEAD: &str = "{\"sha256\":\"";
const BODY: &str = "\",\"entry\":";
/// No log is larger.
const LARGEST: u64 = 4 << 30;

/// A record in its place in the chain.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// From 1.
    number: u64,
    /// The hash of the record before it.
    previous: String,
    decision: Decision,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFaultKind {
    /// It is no record of a log, or not as this program writes one.
    Damaged,
    /// Its contents are not those of its hash.
    Edited,
    /// Records before it are missing.
    Missing,
    /// It stands in another place than where it was written.
    Moved,
    /// The number fits and the record before it is another.
    BrokenChain,
    /// The last line was not written to its end.
    Unfinished,
    /// The head that was noted is not in the log: its end was cut off, or all was written anew.
    HeadMissing,
}

impl LogFaultKind {
    fn note(self) -> Note {
        let (code, nl, en) = match self {
            Self::Damaged => (
                "damaged",
                "Deze regel is geen beslissing zoals dit programma die schrijft.",
                "This line is no decision as this program writes one.",
            ),
            Self::Edited => (
                "edited",
                "De inhoud van deze regel is veranderd.",
                "The contents of this line were changed.",
            ),
            Self::Missing => (
                "missing",
                "Voor deze regel ontbreken beslissingen.",
                "Decisions before this line are missing.",
            ),
            Self::Moved => (
                "moved",
                "Deze regel staat op een andere plek dan waar hij is geschreven.",
                "This line stands in another place than where it was written.",
            ),
            Self::BrokenChain => (
                "broken_chain",
                "De regel hiervoor is een andere dan toen deze werd geschreven.",
                "The line before this one is another than when this one was written.",
            ),
            Self::Unfinished => (
                "unfinished",
                "De laatste regel is niet afgemaakt.",
                "The last line was not finished.",
            ),
            Self::HeadMissing => (
                "head_missing",
                "Het genoteerde kenmerk komt niet voor: het einde is weggehaald, of het hele \
                 logboek is opnieuw geschreven.",
                "The head that was noted is not there: the end was cut off, or the whole log was \
                 written anew.",
            ),
        };
        Note::new(code, nl, en)
    }
}

/// A fault in a log.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LogFault {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub kind: LogFaultKind,
    /// In words.
    pub what: Note,
}

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verified {
    /// The version of this contract.
    pub schema: u32,
    /// Lines.
    pub records: u64,
    /// The hash of the last line: note it elsewhere, and a later cut shows.
    pub head: String,
    /// Whether nothing was found.
    pub intact: bool,
    /// What was found, by line.
    pub faults: Vec<LogFault>,
    /// What no look at the log alone can find.
    pub cannot_see: Note,
    /// The decisions of lines that are whole.
    #[serde(skip)]
    pub decisions: Vec<Decision>,
}

fn cannot_see(head: bool) -> Note {
    if head {
        return Note::new(
            "after_the_head",
            "Wat na het genoteerde kenmerk is bijgeschreven en weer weggehaald, is hier niet te zien.",
            "What was added after the noted head and taken away again cannot be seen here.",
        );
    }
    Note::new(
        "end_and_whole",
        "Of de laatste beslissingen zijn weggehaald, of het hele logboek opnieuw is geschreven, is \
         aan het logboek zelf niet te zien. Noteer het kenmerk (head) elders en geef het met --head.",
        "Whether the last decisions were cut off, or the whole log was written anew, cannot be seen \
         from the log itself. Note the head elsewhere, and give it with --head.",
    )
}

fn hash(entry: &str) -> String {
    Sha256::digest(entry.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// The hash that a line claims and the text of its entry.
fn open(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(HEAD)?;
    let (claimed, rest) = rest.split_at_checked(64)?;
    Some((claimed, rest.strip_prefix(BODY)?.strip_suffix('}')?))
}

/// Looks through a log; with `head`, a hash that must be in it.
#[must_use]
pub fn verify(text: &str, head: Option<&str>) -> Verified {
    let mut out = Verified {
        schema: 1,
        records: 0,
        head: NONE.into(),
        intact: true,
        faults: Vec::new(),
        cannot_see: cannot_see(head.is_some()),
        decisions: Vec::new(),
    };
    let mut found = head.is_none_or(|h| h.eq_ignore_ascii_case(NONE));
    // What the next line should say: its number, and the hash before it.
    let (mut number, mut previous) = (1, NONE.to_owned());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (at, line) in lines.iter().enumerate() {
        out.records += 1;
        let mut fault = |kind: LogFaultKind| {
            out.faults.push(LogFault { line: at as u64 + 1, kind, what: kind.note() });
        };
        let Some(line) = line.strip_suffix('\n') else {
            fault(LogFaultKind::Unfinished);
            break;
        };
        let entry = open(line).and_then(|(claimed, body)| {
            let entry: Entry = serde_json::from_str(body).ok()?;
            Some((claimed, body, entry))
        });
        let Some((claimed, body, entry)) = entry else {
            fault(LogFaultKind::Damaged);
            number += 1;
            continue;
        };
        let real = hash(body);
        let as_written = serde_json::to_string(&entry).is_ok_and(|again| again == body);
        if real != claimed || !as_written {
            fault(LogFaultKind::Edited);
        } else if entry.number > number {
            fault(LogFaultKind::Missing);
        } else if entry.number < number {
            fault(LogFaultKind::Moved);
        } else if entry.previous != previous {
            fault(LogFaultKind::BrokenChain);
        }
        found |= head.is_some_and(|h| h.eq_ignore_ascii_case(&real));
        (number, previous) = (entry.number.saturating_add(1), claimed.to_owned());
        out.head = claimed.to_owned();
        out.decisions.push(entry.decision);
    }
    if !found {
        let kind = LogFaultKind::HeadMissing;
        out.faults.push(LogFault { line: out.records, kind, what: kind.note() });
    }
    out.intact = out.faults.is_empty();
    out
}

/// Reads a log.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be read; [`ErrorKind::Foreign`] where it is no text.
pub fn read(path: &Path) -> Result<String, Error> {
    if path.is_dir() {
        return Err(cannot("read", path, &"it is a folder"));
    }
    let file = File::open(path).map_err(|e| cannot("read", path, &e))?;
    text(file, path)
}

fn text(file: File, path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| cannot("read", path, &e))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::new(ErrorKind::Foreign, format!("{} is too long", path.display())));
    }
    String::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorKind::Foreign, format!("{} is not a log of decisions", path.display()))
            .with_hint("it holds bytes that are no text; give the path of a log")
    })
}

fn cannot(verb: &str, path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Io, format!("cannot {verb} {}: {why}", path.display()))
        .with_hint("check the path, and that the file may be read and written")
}

/// Appends a decision to a log, which is made where it is missing. The log is locked meanwhile,
/// and one that is not whole is left as it is.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be written; [`ErrorKind::Foreign`] where it was changed.
pub fn append(path: &Path, decision: Decision) -> Result<Recorded, Error> {
    if path.is_dir() {
        return Err(cannot("write", path, &"it is a folder"));
    }
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(|e| cannot("write", path, &e))?;
    file.lock().map_err(|e| cannot("lock", path, &e))?;
    let before = text(file.try_clone().map_err(|e| cannot("read", path, &e))?, path)?;
    let known = verify(&before, None);
    if let Some(fault) = known.faults.first() {
        let what = format!("{}: line {}: {}", path.display(), fault.line, fault.what.en);
        return Err(Error::new(ErrorKind::Foreign, what).with_hint(
            "nothing was added; `pleegzorg audit verify` tells all; keep this log, find out what \
             happened to it, and begin a new one",
        ));
    }
    let over = decision.overrides.clone();
    let entry = Entry { number: known.records + 1, previous: known.head, decision };
    let body = serde_json::to_string(&entry)
        .map_err(|e| Error::new(ErrorKind::Io, format!("the decision cannot be written: {e}")))?;
    let sha256 = hash(&body);
    let line = format!("{HEAD}{sha256}{BODY}{body}}}\n");
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| cannot("write", path, &e))?;
    Ok(Recorded { number: entry.number, sha256, overrides: over })
}
