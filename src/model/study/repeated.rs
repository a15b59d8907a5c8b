//! `repeated`: several events of one child (or of one `id`), and how they are laid side by side.

use serde::{Deserialize, Serialize};

use super::keys::Keys;
use super::{At, DataSpec, ModelSpec, Study};
use crate::model::TimeUnit;

/// How several events of one subject are analysed. All are Cox models with errors by subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeated {
    /// Andersen & Gill 1982: one baseline for every event, on the clock since the beginning.
    AndersenGill,
    /// Prentice, Williams & Peterson 1981, total time: as Andersen–Gill, with a baseline per
    /// number of the event.
    PwpTotal,
    /// Prentice, Williams & Peterson 1981, gap time: a baseline per number of the event, on a clock
    /// that starts anew after each.
    PwpGap,
    /// Wei, Lin & Weissfeld 1989: everybody is at risk of the first, the second, … event from the
    /// beginning on; a baseline for each.
    Wlw,
}

const NAMES: [(&str, Repeated); 4] = [
    ("andersen-gill", Repeated::AndersenGill),
    ("pwp-total", Repeated::PwpTotal),
    ("pwp-gap", Repeated::PwpGap),
    ("wlw", Repeated::Wlw),
];

impl Repeated {
    /// Whether a model of it only describes: its clock is not that of a row that is to be
    /// predicted, or its baselines are those of the first, the second, … event.
    #[must_use]
    pub fn describes(self, unit: TimeUnit) -> bool {
        self != Self::AndersenGill || unit == TimeUnit::Days
    }

    /// Its name in a study file.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, r)| *r == self).map_or("", |(name, _)| name)
    }
}

impl std::fmt::Display for Repeated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// `repeated = "pwp-gap"`, or `repeated = { method = "pwp-gap", upto = 3 }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatedSpec {
    /// The method.
    pub method: Repeated,
    /// Later events than this are left out; by default none.
    pub upto: Option<u32>,
}

/// Reads `repeated`.
pub(super) fn repeated(keys: &mut Keys<'_>) -> Option<RepeatedSpec> {
    let (name, upto) = match keys.word_or_table("repeated")? {
        Ok(name) => (name, None),
        Err(mut table) => {
            let name = table.text("method");
            if name.is_none() {
                table.problem("method", "is missing: which way of laying events side by side?");
            }
            let upto = table.count("upto", 1, 1000).map(|n| n as u32);
            table.finish();
            (name?, upto)
        }
    };
    let Some((_, method)) = NAMES.iter().find(|(n, _)| *n == name) else {
        let near = crate::history::nearest(&name, NAMES.map(|(n, _)| n));
        let hint = near.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
        let names = NAMES.map(|(n, _)| format!("\"{n}\"")).join(", ");
        keys.problem("repeated", &format!("must be one of {names}{hint}"));
        return None;
    };
    if *method == Repeated::AndersenGill && upto.is_some() {
        keys.problem("repeated", "andersen-gill does not number the events: upto does not apply");
    }
    Some(RepeatedSpec { method: *method, upto })
}

/// What only the whole study can say: who the subject is. Its errors are by subject unless the
/// study names clusters.
pub(super) fn settle(study: &mut Study, mut problem: impl FnMut(&str)) {
    let subject = match &study.data {
        DataSpec::Table(table) => table.id.clone(),
        DataSpec::History(_) => Some("child".to_owned()),
    };
    let marks = matches!(study.features.at, At::Landmarks(_));
    let models = study.compare.iter_mut().map(|c| &mut c.spec);
    let mut said = false;
    for spec in std::iter::once(&mut study.model).chain(models) {
        if spec.repeated.is_none() {
            continue;
        }
        let wlw = spec.repeated.is_some_and(|r| r.method == Repeated::Wlw);
        if wlw && spec.cox.frailty.is_some() {
            problem(
                "model.repeated: wlw counts a subject once for every event and needs errors by \
                 subject, which a frailty does not have",
            );
        }
        if marks && !said {
            problem("model.repeated: rows at landmarks repeat the placements, not the events");
            said = true;
        }
        match &subject {
            Some(subject) => by_subject(spec, subject),
            None if said => {}
            None => {
                problem(
                    "model.repeated: name the column of the subject: id = \"COLUMN\" in [data]",
                );
                said = true;
            }
        }
    }
}

fn by_subject(spec: &mut ModelSpec, subject: &str) {
    if spec.cluster.is_empty() {
        spec.cluster.push(subject.to_owned());
    }
}
