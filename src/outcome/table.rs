//! The codebook's table: for each reason, what each pair of flags makes of it.

use crate::history::EndReason;

use super::{Cause, Definition};

/// One row of the table reason × flags → cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct TableRow {
    /// The reason; `None` is a blank cell.
    pub reason: Option<EndReason>,
    /// Both flags blank. `None`: joined with the stay that follows in the same family.
    pub flags_blank: Option<Cause>,
    /// Planned no, wanted no.
    pub unplanned_unwanted: Cause,
    /// Planned yes, wanted blank.
    pub planned: Cause,
    /// Planned no, wanted yes.
    pub unplanned_wanted: Cause,
    /// Planned yes, wanted no.
    pub planned_unwanted: Cause,
}

impl Definition {
    /// The table that the codebook prints for this definition, as data: a row per reason in the
    /// order of the code list, then the blank reason.
    #[must_use]
    pub fn table(&self) -> Vec<TableRow> {
        let reasons = EndReason::ALL.iter().copied().map(Some).chain([None]);
        reasons
            .map(|reason| TableRow {
                reason,
                flags_blank: (reason != Some(EndReason::Administrative))
                    .then(|| self.cause(reason, None, None)),
                unplanned_unwanted: self.cause(reason, Some(false), Some(false)),
                planned: self.cause(reason, Some(true), None),
                unplanned_wanted: self.cause(reason, Some(false), Some(true)),
                planned_unwanted: self.cause(reason, Some(true), Some(false)),
            })
            .collect()
    }

    /// The same table as Markdown, for the codebook and the docs.
    #[must_use]
    pub fn table_markdown(&self) -> String {
        let mut out = String::from(
            "| end_reason | flags blank | planned no, wanted no | planned yes | planned no, \
             wanted yes | planned yes, wanted no |\n|---|---|---|---|---|---|\n",
        );
        for row in self.table() {
            let reason = row.reason.map_or("(blank)", EndReason::code);
            let blank = row.flags_blank.map_or("joined with the next stay", Cause::name);
            out += &format!(
                "| {reason} | {blank} | {} | {} | {} | {} |\n",
                row.unplanned_unwanted, row.planned, row.unplanned_wanted, row.planned_unwanted
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::DefinitionName;

    fn row(definition: &Definition, reason: EndReason) -> TableRow {
        definition.table().into_iter().find(|r| r.reason == Some(reason)).unwrap()
    }

    #[test]
    fn the_flags_decide_and_blank_ones_leave_it_to_the_reason() {
        let d = Definition::default();
        for reason in [
            "carer_behaviour",
            "carer_other",
            "carer_stopped",
            "child_request",
            "safety",
            "authority",
        ] {
            let r = row(&d, EndReason::parse(reason).unwrap());
            assert_eq!(r.flags_blank, Some(Cause::Breakdown), "{reason}");
            assert_eq!(r.planned, Cause::PlannedMove, "{reason}");
            assert_eq!(r.unplanned_wanted, Cause::Other, "{reason}");
        }
        for (reason, cause) in [
            (EndReason::ReturnedHome, Cause::ReturnedHome),
            (EndReason::PlannedMove, Cause::PlannedMove),
            (EndReason::CameOfAge, Cause::CameOfAge),
            (EndReason::Permanence, Cause::CameOfAge),
            (EndReason::External, Cause::Other),
            (EndReason::Unknown, Cause::Unknown),
        ] {
            let r = row(&d, reason);
            assert_eq!(r.flags_blank, Some(cause), "{reason}");
            assert_eq!(r.unplanned_unwanted, Cause::Breakdown, "{reason}");
        }
        assert_eq!(row(&d, EndReason::Administrative).flags_blank, None);
        assert_eq!(d.table().len(), 14);
        assert_eq!(d.table()[13].flags_blank, Some(Cause::Unknown));
    }

    #[test]
    fn planning_a_premature_end_acquits_only_under_the_formal_definition() {
        let formal = Definition::default();
        let unfavourable = Definition::new(DefinitionName::UnfavourablePremature);
        let asked = |d: &Definition| row(d, EndReason::CarerBehaviour);
        assert_eq!(asked(&formal).planned, Cause::PlannedMove);
        assert_eq!(asked(&unfavourable).planned, Cause::Breakdown);
        assert_eq!(asked(&unfavourable).planned_unwanted, Cause::Breakdown);
        assert_eq!(asked(&unfavourable).unplanned_wanted, Cause::Other);
        assert_eq!(row(&unfavourable, EndReason::PlannedMove).planned, Cause::PlannedMove);
    }

    #[test]
    fn the_markdown_has_a_line_per_reason() {
        let text = Definition::default().table_markdown();
        assert_eq!(text.lines().count(), 2 + 14);
        assert!(text.contains("| carer_stopped | breakdown | breakdown | planned_move |"));
    }
}
