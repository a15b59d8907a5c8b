//! Residuals of a Cox fit, by row of the sample.

use ndarray::{Array1, Array2};

use super::layout::Layout;
use super::robust::{EventMeans, score_residuals};
use super::{CoxFit, FitError};
use crate::survival::Sample;

/// Schoenfeld's residuals: one row per death, by stratum and time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Schoenfeld {
    /// The row of the sample.
    pub row: Vec<usize>,
    /// The time of the death.
    pub time: Vec<f64>,
    /// Covariates less their weighted mean over the risk set.
    pub residual: Array2<f64>,
    /// β + d·V·residual: its mean over time is β, its trend the drift of β (Grambsch & Therneau 1994).
    pub scaled: Array2<f64>,
}

impl CoxFit {
    /// Observed less expected events of each row; 0 for rows that were never at risk.
    ///
    /// # Errors
    /// Another sample than the fitted one.
    pub fn martingale_residuals(&self, sample: &Sample) -> Result<Array1<f64>, FitError> {
        self.check_same(sample)?;
        let layout = Layout::new(sample, self.cause);
        let pass = self.pass(&layout)?;
        let mut out = Array1::zeros(sample.len());
        let mut m = Vec::new();
        for chunk in &layout.chunks {
            pass.residuals(chunk, &mut m);
            for (m, k) in m.iter().zip(chunk.rows.clone()) {
                out[layout.row[k] as usize] = m / layout.weight(k);
            }
        }
        Ok(out)
    }

    /// Martingale residuals made symmetric: sign(m)·√(−2(m + δ ln(δ − m))).
    ///
    /// # Errors
    /// Another sample than the fitted one.
    pub fn deviance_residuals(&self, sample: &Sample) -> Result<Array1<f64>, FitError> {
        let mut out = self.martingale_residuals(sample)?;
        for (m, &c) in out.iter_mut().zip(sample.outcome().cause()) {
            let ended = c == self.cause;
            let ln = if ended { (1.0 - *m).max(f64::MIN_POSITIVE).ln() } else { 0.0 };
            *m = m.signum() * (-2.0 * (*m + ln)).max(0.0).sqrt();
        }
        Ok(out)
    }

    /// What each row adds to the slope of the log likelihood, unweighted.
    ///
    /// # Errors
    /// Another sample than the fitted one, or exact ties.
    pub fn score_residuals(&self, sample: &Sample) -> Result<Array2<f64>, FitError> {
        self.check_not_exact(sample)?;
        let layout = Layout::new(sample, self.cause);
        let mut out = score_residuals(&self.pass(&layout)?);
        for (i, mut row) in out.rows_mut().into_iter().enumerate() {
            let w = sample.weights().map_or(1.0, |w| w[i]);
            for (v, s) in row.iter_mut().zip(&layout.columns.scale) {
                *v *= s / w;
            }
        }
        Ok(out)
    }

    /// How far each row moves each coefficient, to first order: score residuals × V.
    ///
    /// # Errors
    /// Another sample than the fitted one, or exact ties.
    pub fn dfbeta(&self, sample: &Sample) -> Result<Array2<f64>, FitError> {
        let mut out = self.standard_dfbeta(sample)?;
        for (mut column, s) in out.columns_mut().into_iter().zip(&self.scale) {
            column.mapv_inplace(|v| v / s);
        }
        Ok(out)
    }

    /// [`CoxFit::dfbeta`] in standard errors; 0 where a coefficient has none.
    ///
    /// # Errors
    /// Another sample than the fitted one, or exact ties.
    pub fn dfbetas(&self, sample: &Sample) -> Result<Array2<f64>, FitError> {
        let mut out = self.standard_dfbeta(sample)?;
        for (mut column, v) in out.columns_mut().into_iter().zip(self.inverse.diag()) {
            let se = v.sqrt();
            column.mapv_inplace(|v| if se > 0.0 { v / se } else { 0.0 });
        }
        Ok(out)
    }

    /// dfbeta in scaled columns.
    fn standard_dfbeta(&self, sample: &Sample) -> Result<Array2<f64>, FitError> {
        self.check_not_exact(sample)?;
        let layout = Layout::new(sample, self.cause);
        let mut out = score_residuals(&self.pass(&layout)?);
        if let Some(weights) = sample.weights() {
            for (mut row, w) in out.rows_mut().into_iter().zip(weights) {
                row.mapv_inplace(|v| v / w);
            }
        }
        Ok(out.dot(&self.inverse))
    }

    /// Schoenfeld residuals and their scaled form.
    ///
    /// # Errors
    /// Another sample than the fitted one, or exact ties.
    pub fn schoenfeld_residuals(&self, sample: &Sample) -> Result<Schoenfeld, FitError> {
        self.check_not_exact(sample)?;
        let layout = Layout::new(sample, self.cause);
        let means = EventMeans::new(&self.pass(&layout)?);
        let p = layout.p();
        let (mut row, mut time, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for slot in 0..layout.time.len() {
            for k in layout.dying(slot) {
                row.push(layout.row[k] as usize);
                time.push(layout.time[slot]);
                values.extend((0..p).map(|j| layout.x(k)[j] - means.mean[[slot, j]]));
            }
        }
        let deaths = row.len();
        let shape = |_| FitError::Shape { what: "residuals", found: 0, expected: deaths };
        let mut residual = Array2::from_shape_vec((deaths, p), values).map_err(shape)?;
        let mut scaled = residual.dot(&self.inverse) * deaths as f64;
        residual *= &self.scale;
        scaled /= &self.scale;
        scaled += &self.coef;
        Ok(Schoenfeld { row, time, residual, scaled })
    }
}
