//! What happened: typed records, reading and checking a history folder, importers.
//!
//! A [`History`] holds the records of one folder as plain vectors; rows refer to one another
//! by index ([`ChildIx`], [`FamilyIx`], [`StayIx`]), and repeated words (providers, areas,
//! roles, scales) by [`Label`]. An [`Index`] groups the rows by child, family and stay.

mod codes;
mod columns;
mod day;
mod error;
mod findings;
mod index;
mod read;
mod reading;
mod records;
pub(crate) mod registry;
mod settings;
pub mod ssda903;
mod write;

pub use codes::{
    Answer, AssessedKind, CareForm, EndReason, EventKind, FamilyKind, FamilyStatus, KeepSiblings,
    Legal, PairKind, PairLane, Perspective, Setting, Sex,
};
pub use columns::{Column, FileSpec, Kind as ColumnKind, Scale, codebook, scales};
pub use day::{Birth, Day};
pub use error::{FileProblem, HistoryError};
pub use findings::{Code, Finding, Findings, KEPT_PER_CODE, Severity};
pub(crate) use index::StaySpan;
pub use index::{Groups, Index};
pub(crate) use read::has_bsn;
pub use read::{ReadOptions, read, read_with};
pub use reading::{CheckReport, CodeCount, Reading, Summary};
pub use records::{
    Area, Assessment, Child, ChildIx, Event, Family, FamilyIx, FamilyPeriod, FamilyState, History,
    Label, Labels, Offer, PairRule, Party, Request, RequestIx, Stay, StayIx, Subject, Window,
};
pub use registry::{Bilingual, Explanation, explain, explanations};
pub(crate) use settings::nearest;
pub use settings::{DateStyle, Decimal, Format, Separator, Settings, window};
pub(crate) use write::{may_write, write_with};
pub use write::{study_tables, write, write_with_progress};
