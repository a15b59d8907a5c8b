//! Findings as a person reads them: a block each.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::history::{Code, Finding, Severity};

/// The first `most` findings, a block each, and how many more there are.
pub(crate) fn blocks(findings: &[Finding], counts: &BTreeMap<Code, u64>, most: usize) -> String {
    let mut text = String::new();
    for finding in findings.iter().take(most) {
        block(&mut text, finding);
    }
    let total: u64 = counts.values().sum();
    let shown = findings.len().min(most) as u64;
    if shown < total {
        let more = total - shown;
        let kept = findings.len();
        let _ = if most < kept {
            writeln!(text, "… and {more} more; --most {kept} lists {kept} of them\n")
        } else {
            writeln!(text, "… and {more} more of the same codes\n")
        };
    }
    text
}

/// One finding: where, what, why, how to repair.
fn block(text: &mut String, f: &Finding) {
    let severity = match (f.waived, f.severity) {
        (true, _) => "waived",
        (false, Severity::Fault) => "fault",
        (false, Severity::Finding) => "finding",
    };
    let _ = write!(text, "{} {severity}: {}", f.code, f.file);
    if let Some(row) = f.row {
        let _ = write!(text, ", line {row}");
    }
    if let Some(column) = &f.column {
        let _ = write!(text, ", {column}");
    }
    let _ = writeln!(text, "\n  {}\n  why: {}\n  repair: {}\n", f.what, f.why, f.repair);
}
