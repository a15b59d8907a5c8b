//! The registry of codes: what each means, why it matters and how to repair it, in Dutch and
//! English. A room that finds faults of its own adds a table here.

mod cells;
mod course;
mod features;
mod tables;

pub(crate) use cells::*;
pub(crate) use course::*;
pub(crate) use features::*;
pub(crate) use tables::*;

use super::findings::{Code, Severity};

/// A text in both languages of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Bilingual {
    /// Dutch.
    pub nl: &'static str,
    /// English.
    pub en: &'static str,
}

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// Whether it blocks work beyond `check`.
    pub severity: Severity,
    /// What it is.
    pub title: Bilingual,
    /// Why it matters.
    pub why: Bilingual,
    /// How to repair it.
    pub repair: Bilingual,
}

/// Declares a table of codes: a constant per code, and the slice of their explanations.
macro_rules! code_table {
    ($(#[$doc:meta])* $table:ident: $(
        $name:ident = $number:literal $severity:ident
        { $title:literal, $why:literal, $repair:literal }
        { $titel:literal, $waarom:literal, $herstel:literal }
    )+) => {
        $(#[doc = $title] pub(crate) const $name: $crate::history::Code = $crate::history::Code($number);)+
        $(#[$doc])*
        pub(crate) static $table: &[$crate::history::Explanation] = &[$(
            $crate::history::Explanation {
                code: $name,
                severity: $crate::history::Severity::$severity,
                title: $crate::history::Bilingual { nl: $titel, en: $title },
                why: $crate::history::Bilingual { nl: $waarom, en: $why },
                repair: $crate::history::Bilingual { nl: $herstel, en: $repair },
            }
        ),+];
    };
}
pub(crate) use code_table;

/// Every table of codes.
static ALL: &[&[Explanation]] = &[TABLES, CELLS, COURSE, super::ssda903::codes::IMPORT, FEATURES];

/// Every code with its explanation, in the order of the codes.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    ALL.iter().flat_map(|table| table.iter())
}

/// The explanation of a code, written `PZ0123` in either case; `None` where there is no such
/// code.
///
/// ```
/// let overlap = pleegzorg::history::explain("PZ0401").ok_or("unknown code")?;
/// assert_eq!(overlap.title.en, "Stays overlap");
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn explain(code: &str) -> Option<&'static Explanation> {
    entry(Code::parse(code)?)
}

/// The explanation of a code.
pub(crate) fn entry(code: Code) -> Option<&'static Explanation> {
    explanations().find(|e| e.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_text_is_there_in_both_languages() {
        let all: Vec<_> = explanations().collect();
        for pair in all.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} before {}", pair[0].code, pair[1].code);
        }
        for e in all {
            for text in [e.title, e.why, e.repair] {
                assert!(!text.nl.is_empty() && !text.en.is_empty(), "{}", e.code);
                assert_ne!(text.nl, text.en, "{}", e.code);
            }
        }
        assert!(explain("PZ9999").is_none());
    }
}
