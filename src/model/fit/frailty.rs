//! A shared frailty on the cause that is asked.

use super::training::Training;
use crate::model::frail::Mixture;
use crate::model::result::Frailty;
use crate::model::study::{ModelSpec, Ties};
use crate::model::{Kind, ModelError};
use crate::survival::{self, FrailtyFit, Sample};

/// Fewer groups than this say little of how groups differ.
const FEW_GROUPS: usize = 20;

/// The fit, with its rows as the model of the fit knows them.
pub(super) struct Frail {
    pub(super) fit: FrailtyFit,
    /// The log frailties are part of the offset: the baseline is that of a group with frailty 1.
    pub(super) known: Sample,
    pub(super) said: Vec<String>,
    group: String,
}

/// The frailty model of the cause that is asked; `None` where the study asks for none.
pub(super) fn fit(
    training: &Training,
    sample: &Sample,
    spec: &ModelSpec,
) -> Result<Option<Frail>, ModelError> {
    let (Some(asked), Some(groups)) = (&spec.cox.frailty, &training.frailty) else {
        return Ok(None);
    };
    if spec.kind != Kind::Cox {
        return Ok(None);
    }
    let mut frailty = survival::Frailty::new(asked.distribution).ties(match spec.ties {
        Ties::Efron => survival::Ties::Efron,
        Ties::Breslow => survival::Ties::Breslow,
        Ties::Exact => survival::Ties::Exact,
    });
    if let Some(variance) = asked.variance {
        frailty = frailty.variance(variance);
    }
    let fit = frailty.fit(sample, training.cause, groups)?;
    let known = fit.known(sample, groups)?;
    let group = spec.frailty_group().unwrap_or_default().to_owned();
    let mut said = Vec::new();
    let count = fit.groups.len();
    if count < FEW_GROUPS {
        said.push(format!("{count} groups ({group}) say little of how groups differ"));
    }
    if fit.groups.iter().all(|g| g.rows == 1) {
        said.push(format!("every {group} has one row only: its frailty is a matter of form"));
    }
    if fit.variance == 0.0 && asked.variance.is_none() {
        said.push(format!("the frailty has no variance: {group} differ no more than by chance"));
    }
    if !spec.cluster.is_empty() {
        said.push("with a frailty there are no errors by cluster: it stands in for them".into());
    }
    if !fit.cox.converged {
        said.push("the search for coefficients and frailties did not converge".into());
    }
    Ok(Some(Frail { fit, known, said, group }))
}

impl Frail {
    /// How the model predicts for a group that it does not know.
    pub(super) fn mixture(&self) -> Option<Mixture> {
        let (distribution, variance) = (self.fit.distribution, self.fit.variance);
        (variance > 0.0).then_some(Mixture { distribution, variance })
    }

    /// What `train` says of it.
    pub(super) fn told(&self) -> Frailty {
        let fit = &self.fit;
        Frailty {
            variance: fit.variance,
            distribution: fit.distribution,
            group: self.group.clone(),
            groups: fit.groups.len(),
            df: fit.frailty_df,
            integrated_loglik: fit.integrated_loglik,
            test: fit.test.map(Into::into),
        }
    }
}
