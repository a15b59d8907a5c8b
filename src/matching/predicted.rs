//! The predictions that a match is made of: every member of every group in every family that the
//! rules leave.

use super::ask::{Ask, Caseload};
use super::choice::ChoiceSet;
use super::plan::Gains;
use super::situation::Situation;
use crate::Error;
use crate::features::AsOf;
use crate::history::{CareForm, FamilyIx, FamilyKind, Setting};
use crate::model::{Contrasts, Model, Prediction};
use crate::progress::Progress;
use crate::score::definition;

/// The prediction of every member of every group in every family that the rules leave.
pub(super) struct Predicted {
    pub all: Vec<Prediction>,
    /// Per group, the row of its first member in its first passing family.
    first: Vec<usize>,
    /// Per request all its rows: every family that may take it, with every company of siblings
    /// that its exceptions leave open.
    of_ask: Vec<Vec<usize>>,
}

impl Predicted {
    /// With them what tells them apart.
    pub fn new<'m>(
        model: &'m Model,
        s: &Situation<'_>,
        load: &Caseload<'_>,
        sets: &[ChoiceSet],
        progress: &dyn Progress,
    ) -> Result<(Self, Contrasts<'m>), Error> {
        definition(model)?;
        let mut asked = Vec::new();
        let mut first = Vec::with_capacity(sets.len());
        let mut of_ask = vec![Vec::new(); load.asks.len()];
        for (members, set) in load.groups.iter().zip(sets) {
            first.push(asked.len());
            for choice in set.families().filter(|f| f.passes()) {
                for &m in members {
                    of_ask[m].push(asked.len());
                    asked.push(pair(s, &load.asks[m], choice.family, members.len() > 1));
                }
            }
        }
        let frame = model.frame(s.history, s.index, &asked)?;
        let (all, contrasts) = model.predict_with_contrasts(&frame, &model.horizons(), progress)?;
        Ok((Self { all, first, of_ask }, contrasts))
    }

    /// The predictions of some of the groups, in this order; gains stay measured against all.
    pub fn only(self, groups: &[usize]) -> Self {
        Self { first: groups.iter().map(|&g| self.first[g]).collect(), ..self }
    }

    /// The row of a member of a group in its `at`-th passing family.
    pub fn row(&self, group: usize, members: usize, at: usize, member: usize) -> usize {
        self.first[group] + at * members + member
    }

    /// The risk at the last horizon, where there is one.
    pub fn last(&self, row: usize) -> Option<f64> {
        self.all[row].risks.as_ref().ok().and_then(|r| r.last()).map(|r| r.estimate)
    }

    /// A member's mean risk over the families that the model can answer for, minus the risk here;
    /// zero where it cannot answer, so that a silent model moves nobody. The mean is over every
    /// company of siblings that is open as well, so that it is the same in each.
    pub fn gains(&self, load: &Caseload<'_>, sets: &[ChoiceSet]) -> Gains {
        self.gains_of(load, sets, &|row| self.last(row), &|row| self.last(row))
    }

    /// As [`Predicted::gains`], where the risk here is the upper end of its interval.
    pub fn cautious(&self, load: &Caseload<'_>, sets: &[ChoiceSet]) -> Gains {
        let upper = |row: usize| Some(self.all[row].risks.as_ref().ok()?.last()?.upper);
        self.gains_of(load, sets, &|row| self.last(row), &upper)
    }

    /// As [`Predicted::gains`], with other risks, row by row.
    pub fn gains_with(
        &self,
        load: &Caseload<'_>,
        sets: &[ChoiceSet],
        risks: &[Option<f64>],
    ) -> Gains {
        let of = |row: usize| risks.get(row).copied().flatten();
        self.gains_of(load, sets, &of, &of)
    }

    fn gains_of(
        &self,
        load: &Caseload<'_>,
        sets: &[ChoiceSet],
        risk: &dyn Fn(usize) -> Option<f64>,
        here: &dyn Fn(usize) -> Option<f64>,
    ) -> Gains {
        let mean = |rows: &Vec<usize>| {
            let known: Vec<f64> = rows.iter().filter_map(|&row| risk(row)).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        let mean: Vec<Option<f64>> = self.of_ask.iter().map(mean).collect();
        let of_group = load.groups.iter().zip(sets).enumerate().map(|(g, (members, set))| {
            let n = members.len();
            let families = set.families().filter(|f| f.passes()).count();
            (0..families)
                .map(|at| {
                    let gain = |m: usize| Some(mean[members[m]]? - here(self.row(g, n, at, m))?);
                    (0..n).map(|m| gain(m).unwrap_or(0.0)).collect()
                })
                .collect()
        });
        Gains { of_group: of_group.collect() }
    }
}

/// The question to the features room: this child with this family, as known today.
pub(super) fn pair(s: &Situation<'_>, ask: &Ask<'_>, family: FamilyIx, together: bool) -> AsOf {
    let state = &s.family(family).state;
    let setting = match state.kind() {
        Some(FamilyKind::FamilyHome) => Setting::FamilyHome,
        _ => Setting::Foster,
    };
    let group = s.history.child(ask.child).sibling_group;
    let sibling = |child| {
        child != ask.child && group.is_some() && s.history.child(child).sibling_group == group
    };
    let sibling_there = s.family(family).residents.iter().any(|r| sibling(r.child));
    // A child without a sibling group may have none, or nobody wrote it down: not known.
    let siblings_together = group.map(|_| together || sibling_there);
    // The legal ground is the one that holds now.
    let stays = s.index.stays_of_child(ask.child).iter().rev();
    let legal = stays
        .map(|&row| &s.history.stays[row as usize])
        .find(|stay| {
            stay.start <= s.as_of
                && stay.known_from() <= s.as_of
                && stay.care_form != Some(CareForm::PartTime)
        })
        .and_then(|stay| stay.legal);
    AsOf {
        legal,
        setting,
        perspective: ask.request.perspective,
        care_form: ask.request.care_form,
        siblings_together,
        ..AsOf::pair(ask.child, family, ask.request.needed_from.max(s.as_of), s.as_of)
    }
}
