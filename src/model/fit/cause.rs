//! The model of one cause, of either of two kinds: what the grid needs of it.

use ndarray::{Array1, Array2, ArrayView1};

use crate::model::Kind;
use crate::model::study::{Convention, ModelSpec, Ties};
use crate::survival::{
    self, Cox, CoxFit, FineGray, FineGrayFit, FitError, FitWarning, Sample, StratumCells,
};

/// Settings.
pub(super) enum CauseModel {
    Cox(Cox),
    FineGray(FineGray),
}

/// A fit.
#[derive(Clone)]
pub(crate) enum CauseFit {
    Cox(Box<CoxFit>),
    FineGray(Box<FineGrayFit>),
}

impl CauseModel {
    /// The settings of every cause's model.
    pub(super) fn new(spec: &ModelSpec) -> Self {
        if spec.kind == Kind::FineGray {
            return Self::FineGray(FineGray::new().convention(match spec.convention {
                Convention::Crr => survival::Convention::Crr,
                Convention::Finegray => survival::Convention::Finegray,
            }));
        }
        Self::Cox(Cox::new().ties(match spec.ties {
            Ties::Efron => survival::Ties::Efron,
            Ties::Breslow => survival::Ties::Breslow,
            Ties::Exact => survival::Ties::Exact,
        }))
    }

    /// The same with Breslow's ties, as an elastic net counts them.
    pub(super) fn breslow(&self) -> Self {
        match self {
            Self::Cox(m) => Self::Cox(m.clone().ties(survival::Ties::Breslow)),
            Self::FineGray(m) => Self::FineGray(m.clone().ties(survival::Ties::Breslow)),
        }
    }

    /// The fit at given coefficients: see [`Cox::at`].
    pub(super) fn at(
        &self,
        sample: &Sample,
        cause: u32,
        coef: &[f64],
        kept: &[bool],
        precision: &[f64],
    ) -> Result<CauseFit, FitError> {
        Ok(match self {
            Self::Cox(m) => CauseFit::Cox(Box::new(m.at(sample, cause, coef, kept, precision)?)),
            Self::FineGray(m) => {
                CauseFit::FineGray(Box::new(m.at(sample, cause, coef, kept, precision)?))
            }
        })
    }

    pub(super) fn fit(&self, sample: &Sample, cause: u32) -> Result<CauseFit, FitError> {
        Ok(match self {
            Self::Cox(m) => CauseFit::Cox(Box::new(m.fit(sample, cause)?)),
            Self::FineGray(m) => CauseFit::FineGray(Box::new(m.fit(sample, cause)?)),
        })
    }
}

impl CauseFit {
    pub(super) fn coef(&self) -> &Array1<f64> {
        match self {
            Self::Cox(f) => &f.coef,
            Self::FineGray(f) => &f.coef,
        }
    }

    pub(super) fn converged(&self) -> bool {
        match self {
            Self::Cox(f) => f.converged,
            Self::FineGray(f) => f.converged,
        }
    }

    pub(super) fn warnings(&self) -> &[FitWarning] {
        match self {
            Self::Cox(f) => &f.warnings,
            Self::FineGray(f) => &f.warnings,
        }
    }

    /// The covariance for predictions.
    pub(super) fn covariance(&self) -> &Array2<f64> {
        // A sandwich says nothing of a coefficient that runs to infinity: its scores are all but
        // zero. The model's own variance says that anything is possible.
        let of = |w: &FitWarning| matches!(w, FitWarning::Separation { .. });
        match (self, self.warnings().iter().any(of)) {
            (Self::Cox(f), true) => &f.covariance,
            (Self::Cox(f), false) => f.best_covariance(),
            (Self::FineGray(f), true) => &f.model_covariance,
            (Self::FineGray(f), false) => f.best_covariance(),
        }
    }

    pub(super) fn baseline_cells_at(
        &self,
        sample: &Sample,
        edges: &[f64],
        reference: ArrayView1<'_, f64>,
    ) -> Result<Vec<StratumCells>, FitError> {
        match self {
            Self::Cox(f) => f.baseline_cells_at(sample, edges, reference),
            Self::FineGray(f) => f.baseline_cells_at(sample, edges, reference),
        }
    }

    pub(super) fn linear_predictors(&self, sample: &Sample) -> Result<Array1<f64>, FitError> {
        match self {
            Self::Cox(f) => f.linear_predictors(sample),
            Self::FineGray(f) => f.linear_predictors(sample),
        }
    }
}
