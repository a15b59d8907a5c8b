//! From the findings of a trial to an evaluation: gates, verdict, and the places of horizons about
//! which nothing can be said.

use crate::model::{Prepared, Stamp, Study, TimeUnit};

use super::gates::{Facts, judge};
use super::rows::StudyRows;
use super::run::NO_MODEL;
use super::trial::{ArmFindings, Findings};
use super::{
    AtTime, Compared, Evaluation, GroupResult, HorizonResult, Interval, SampleSize, Settings,
    Summary,
};

pub(super) fn assemble(
    study: &Study,
    prepared: &Prepared,
    rows: &StudyRows,
    mut findings: Findings,
    mut groups: Vec<GroupResult>,
    sample_size: Option<SampleSize>,
    mut warnings: Vec<String>,
) -> Evaluation {
    let blank = |time: &f64| AtTime { time: *time, value: Interval::default() };
    for split in &mut findings.splits {
        let missing = rows.horizons.iter().skip(split.horizons.len());
        split.horizons.extend(missing.map(|&time| HorizonResult { time, ..Default::default() }));
    }
    let missing = rows.horizons.iter().skip(findings.observed.len());
    findings.observed.extend(missing.map(blank));
    let mut arms = findings.arms.into_iter();
    let mut main = arms.next().unwrap_or_default();
    complete(&mut main.summary, &rows.horizons);
    groups.iter_mut().for_each(|group| complete(&mut group.summary, &rows.horizons));
    let compared = arms.map(|arm| compare(arm, &rows.horizons)).collect();
    warnings.append(&mut findings.warnings);
    let folds = |failed: bool| {
        findings
            .splits
            .iter()
            .filter(|s| s.repeat.is_some() && s.failed.is_some() == failed)
            .count()
    };
    let facts = Facts {
        n: rows.spells,
        events: rows.events,
        failed: findings.splits.iter().filter(|s| s.failed.is_some()).count(),
        sample_size: sample_size.as_ref(),
        summary: &main.summary,
    };
    let (gates, verdict) = judge(&study.gates, &facts);
    if folds(false) == 0 {
        warnings.push("no fold could be judged".into());
    }
    warnings.dedup();
    let clusters: std::collections::BTreeSet<u32> = rows.clusters.iter().copied().collect();
    Evaluation {
        schema: 1,
        title: study.title.clone().unwrap_or_else(|| "Evaluation".into()),
        model: study.model.kind.name().to_owned(),
        cause: rows.outcome.causes()[rows.cause as usize - 1].clone(),
        definition: prepared.definition.as_ref().map(|d| d.name.name().to_owned()),
        unit: if prepared.unit == TimeUnit::Days { "days" } else { "time" }.into(),
        n: rows.spells,
        clusters: clusters.len(),
        events: rows.events,
        horizons: rows.horizons.clone(),
        horizon_labels: prepared.horizons.iter().map(|h| h.label.clone()).collect(),
        observed: findings.observed,
        splits: findings.splits,
        summary: main.summary,
        compared,
        gates,
        verdict,
        sample_size,
        calibration: findings.calibration,
        risks: findings.risks,
        decision: findings.decision,
        d_calibration: None,
        groups,
        proxies: Vec::new(),
        unknown_ends: None,
        definitions: Vec::new(),
        refits: None,
        settings: Settings {
            folds: study.evaluate.folds,
            repeats: study.evaluate.repeats,
            bootstrap: study.evaluate.bootstrap,
            refits: study.evaluate.refits,
            seed: study.seed,
        },
        findings: prepared.findings.clone(),
        warnings,
    }
}

/// Adds the horizons about which nothing can be said; the headline is that of the last one.
fn complete(summary: &mut Summary, horizons: &[f64]) {
    for metric in summary.values_mut().filter(|m| !m.at.is_empty()) {
        let missing = horizons.iter().skip(metric.at.len());
        metric.at.extend(missing.map(|&time| AtTime { time, value: Interval::default() }));
        metric.value = metric.at.last().map(|at| at.value).unwrap_or_default();
    }
}

fn compare(mut arm: ArmFindings, horizons: &[f64]) -> Compared {
    complete(&mut arm.summary, horizons);
    complete(&mut arm.difference, horizons);
    let ArmFindings { name, summary, difference, calibration, risks, decision, failed } = arm;
    let d_calibration = None;
    Compared { name, summary, difference, calibration, risks, decision, d_calibration, failed }
}

impl Evaluation {
    /// What is written into a model file: the verdict with the gates behind it.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp { verdict: self.verdict, gates: self.gates.clone() }
    }

    /// The comparison with no model.
    #[must_use]
    pub fn against_no_model(&self) -> Option<&Compared> {
        self.compared.iter().find(|c| c.name == NO_MODEL)
    }
}
