//! Gray's test (1988): do groups have the same cumulative incidence of one cause?

use ndarray::Array2;

use super::logrank::{by_stratum, check_cause, numbered, quadratic_test};
use super::table::order;
use super::{ChiSquare, FitError, Outcome};

/// Tests whether `groups` (a number per row) have the same cumulative incidence of `cause`, within
/// `strata` where given. Differences are weighted by (1 − F(t−))^rho.
///
/// # Errors
/// Columns of another length, an unknown cause, `rho` not finite, or late entry, for which the test
/// is not defined (take the Fine–Gray model).
pub fn gray(
    outcome: &Outcome,
    cause: u32,
    groups: &[u32],
    strata: Option<&[u32]>,
    rho: f64,
) -> Result<ChiSquare, FitError> {
    check_cause(outcome, Some(cause))?;
    if !rho.is_finite() {
        return Err(FitError::Setting { setting: "rho", why: "it is not finite".into() });
    }
    if outcome.entry().is_some() {
        let why = "rows enter late".into();
        return Err(FitError::NotApplicable { method: "Gray's test", why });
    }
    let (ids, group) = numbered(groups, outcome.len(), "the groups")?;
    let strata = match strata {
        Some(s) => numbered(s, outcome.len(), "the strata")?.1,
        None => vec![0; outcome.len()],
    };
    let g = ids.len();
    let mut score = vec![0.0; g];
    let mut variance = Array2::zeros((g, g));
    for rows in by_stratum(&order(outcome.exit()), &strata) {
        let mut s = Stratum::new(g, rho);
        s.run(outcome, cause, &group, &rows);
        for i in 0..g {
            score[i] += s.score[i];
            for j in 0..g {
                variance[[i, j]] += s.total(i, j);
            }
        }
    }
    Ok(quadratic_test(&score, &variance))
}

/// The running state of one stratum. With Y the number at risk, S the event-free curve and F the
/// incidence in a group, R = Y (1 − F(t−))/S(t−) is the group's risk set on the scale of the
/// subdistribution; the score is Σ (1 − F₀)^rho (dN − dN₀ R/ΣR). Its variance is that of a
/// stochastic integral over the martingales of both kinds of ends in every group: at an end in
/// group k, score i moves by a_ik − t·c_ik now and by t·c_ik(∞) in all, with c the integral of a
/// over the pooled subdistribution hazard.
struct Stratum {
    rho: f64,
    at_risk: Vec<f64>,
    /// Event-free curve and incidence by group, just before the time at hand.
    free: Vec<f64>,
    incidence: Vec<f64>,
    pooled: f64,
    score: Vec<f64>,
    c: Array2<f64>,
    /// Σ of squares, of cross products with c(∞), and what multiplies c(∞)c(∞)′.
    square: Array2<f64>,
    cross: Array2<f64>,
    late: Vec<f64>,
}

/// Ends at one time, by group.
struct Ends {
    cause: Vec<f64>,
    other: Vec<f64>,
}

impl Stratum {
    fn new(g: usize, rho: f64) -> Self {
        Self {
            rho,
            at_risk: vec![0.0; g],
            free: vec![1.0; g],
            incidence: vec![0.0; g],
            pooled: 0.0,
            score: vec![0.0; g],
            c: Array2::zeros((g, g)),
            square: Array2::zeros((g, g)),
            cross: Array2::zeros((g, g)),
            late: vec![0.0; g],
        }
    }

    fn run(&mut self, outcome: &Outcome, cause: u32, group: &[u32], rows: &[u32]) {
        let exit = |r: u32| outcome.exit()[r as usize];
        let g = self.at_risk.len();
        rows.iter().for_each(|&r| self.at_risk[group[r as usize] as usize] += 1.0);
        let mut ends = Ends { cause: vec![0.0; g], other: vec![0.0; g] };
        let mut k = 0;
        while k < rows.len() {
            let (time, first) = (exit(rows[k]), k);
            ends.cause.fill(0.0);
            ends.other.fill(0.0);
            let mut any = false;
            while k < rows.len() && exit(rows[k]) == time {
                let row = rows[k] as usize;
                match outcome.cause()[row] {
                    0 => {}
                    c if c == cause => ends.cause[group[row] as usize] += 1.0,
                    _ => ends.other[group[row] as usize] += 1.0,
                }
                any |= outcome.cause()[row] > 0;
                k += 1;
            }
            if any {
                self.step(&ends);
            }
            for &r in &rows[first..k] {
                self.at_risk[group[r as usize] as usize] -= 1.0;
            }
        }
    }

    fn step(&mut self, ends: &Ends) {
        let g = self.at_risk.len();
        let present: Vec<usize> = (0..g).filter(|&k| self.at_risk[k] > 0.0).collect();
        let scaled: Vec<f64> = (0..g)
            .map(|k| if self.at_risk[k] > 0.0 { self.at_risk[k] / self.free[k] } else { 0.0 })
            .collect();
        let total: f64 = scaled.iter().sum();
        let d1: f64 = ends.cause.iter().sum();
        let weight = (1.0 - self.pooled).powf(self.rho);
        let pooled = self.pooled + d1 / total;
        let risk: Vec<f64> = (0..g).map(|k| scaled[k] * (1.0 - self.incidence[k])).collect();
        let total_risk: f64 = risk.iter().sum();
        let mut free = self.free.clone();
        let mut a = Array2::zeros((g, g));
        for &k in &present {
            let ended = ends.cause[k] + ends.other[k];
            free[k] *= (self.at_risk[k] - ended) / self.at_risk[k];
            self.score[k] += weight * (ends.cause[k] - d1 * risk[k] / total_risk);
            for &j in &present {
                let same = f64::from(u8::from(j == k));
                a[[k, j]] = weight * scaled[k] * (same - scaled[j] / total);
                self.c[[k, j]] += a[[k, j]] * d1 / (total * (1.0 - self.pooled));
            }
        }
        if d1 > 0.0 {
            for &k in &present {
                let t = if free[k] > 0.0 { 1.0 - (1.0 - pooled) / free[k] } else { 1.0 };
                let ties =
                    if d1 > 1.0 { 1.0 - (d1 - 1.0) / (total * self.free[k] - 1.0) } else { 1.0 };
                let spread = ties * self.free[k] * d1 / (total * self.at_risk[k]);
                let now: Vec<f64> = (0..g).map(|i| a[[i, k]] - t * self.c[[i, k]]).collect();
                self.add(k, &now, t, spread);
            }
        }
        for &k in &present {
            let d2 = ends.other[k];
            if d2 > 0.0 && free[k] > 0.0 {
                let t = (1.0 - pooled) / free[k];
                let ties = if d2 > 1.0 { 1.0 - (d2 - 1.0) / (self.at_risk[k] - 1.0) } else { 1.0 };
                let share = self.free[k] / self.at_risk[k];
                let now: Vec<f64> = (0..g).map(|i| -t * self.c[[i, k]]).collect();
                self.add(k, &now, t, ties * share * share * d2);
            }
        }
        for &k in &present {
            self.incidence[k] += self.free[k] * ends.cause[k] / self.at_risk[k];
        }
        self.free = free;
        self.pooled = pooled;
    }

    fn add(&mut self, k: usize, now: &[f64], t: f64, spread: f64) {
        self.late[k] += t * t * spread;
        for i in 0..now.len() {
            self.cross[[i, k]] += now[i] * t * spread;
            for j in 0..now.len() {
                self.square[[i, j]] += now[i] * now[j] * spread;
            }
        }
    }

    fn total(&self, i: usize, j: usize) -> f64 {
        let mut v = self.square[[i, j]];
        for k in 0..self.late.len() {
            let (ci, cj) = (self.c[[i, k]], self.c[[j, k]]);
            v += ci * cj * self.late[k] + ci * self.cross[[j, k]] + cj * self.cross[[i, k]];
        }
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_groups_do_not_differ() {
        let exit = vec![1., 2., 3., 4., 1., 2., 3., 4.];
        let cause = vec![1, 2, 1, 0, 1, 2, 1, 0];
        let y = Outcome::new(None, exit, cause, vec!["a".into(), "b".into()]).unwrap();
        let t = gray(&y, 1, &[0, 0, 0, 0, 1, 1, 1, 1], None, 0.0).unwrap();
        assert!(t.chi2 < 1e-20 && t.df == 1.0);
        assert!(gray(&y, 3, &[0; 8], None, 0.0).is_err());
    }
}
