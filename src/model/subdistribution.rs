//! Risks from the hazards of subdistributions (Fine & Gray 1999): each gives the cumulative
//! incidence of its own cause, F(t) = 1 − exp(−Λ(t)·e^η), from the start of its grid on.
//!
//! The risk ahead of a row that has lasted until s is (F(t) − F(s))/(1 − Σ F(s)), the sum over all
//! causes. Models of several causes need not agree: where they say that everybody has ended by s,
//! there is no number.

use super::grid::{self, Ends};
use super::hazards::{Baseline, Proportional, Slopes};

/// Cumulative hazards of one cause up to two times, and how much of each cell they hold.
struct Upto {
    from: f64,
    to: f64,
}

impl Proportional {
    /// Shares of cells up to `from` and up to `to`; `None` beyond the grid.
    fn shares(base: &Baseline, from: f64, to: f64) -> Option<Vec<(f64, f64)>> {
        let start = *base.edges.first()?;
        // That `from` lies on the grid, and before `to`.
        grid::parts(&base.edges, from, to)?;
        let mut shares = vec![(0.0, 0.0); base.edges.len() - 1];
        if from > start {
            for p in grid::parts(&base.edges, start, from)? {
                shares[p.cell].0 = p.share;
            }
        }
        for p in grid::parts(&base.edges, start, to)? {
            shares[p.cell].1 = p.share;
        }
        Some(shares)
    }

    fn upto(base: &Baseline, eta: &[f64], shares: &[(f64, f64)]) -> Option<Vec<Upto>> {
        let of = |(k, eta): (usize, &f64)| {
            let dh = &base.causes[k].dh;
            let sum = |pick: fn(&(f64, f64)) -> f64| -> f64 {
                dh.iter().zip(shares).map(|(h, s)| h * pick(s)).sum::<f64>() * eta.exp()
            };
            let upto = Upto { from: sum(|s| s.0), to: sum(|s| s.1) };
            (upto.from.is_finite() && upto.to.is_finite()).then_some(upto)
        };
        eta.iter().enumerate().map(of).collect()
    }

    /// The probability of every end between `from` and `to`, given that nothing has happened by
    /// `from`.
    pub(super) fn ends_of_subdistributions(
        &self,
        base: &Baseline,
        eta: &[f64],
        from: f64,
        to: f64,
    ) -> Option<Ends> {
        let shares = Self::shares(base, from, to)?;
        let upto = Self::upto(base, eta, &shares)?;
        let left = left(&upto)?;
        let incidence: Vec<f64> =
            upto.iter().map(|u| ((-u.from).exp() - (-u.to).exp()) / left).collect();
        let survival = 1.0 - incidence.iter().sum::<f64>();
        // Each is a probability; together they may say a little more than all.
        let sound = incidence.iter().all(|f| (0.0..=1.0).contains(f));
        sound.then_some(Ends { incidence, survival: survival.max(0.0) })
    }

    /// The probability of cause `b`, and how it moves with the baseline of each cell.
    pub(super) fn slopes_of_subdistributions(
        &self,
        base: &Baseline,
        eta: &[f64],
        from: f64,
        to: f64,
        b: usize,
    ) -> Option<Slopes> {
        let shares = Self::shares(base, from, to)?;
        let upto = Self::upto(base, eta, &shares)?;
        let left = left(&upto)?;
        let value = ((-upto[b].from).exp() - (-upto[b].to).exp()) / left;
        if !(0.0..=1.0).contains(&value) {
            return None;
        }
        let of = |(k, u): (usize, &Upto)| {
            let (early, late) = ((-u.from).exp(), (-u.to).exp());
            let ratio = eta[k].exp();
            let cells = shares.iter().enumerate().filter(|(_, s)| s.1 > 0.0);
            let slope = |(cell, s): (usize, &(f64, f64))| {
                // Who has ended before is not there to end later.
                let mut g = value * early * s.0;
                if k == b {
                    g += late * s.1 - early * s.0;
                }
                (cell, g * ratio / left)
            };
            cells.map(slope).collect()
        };
        Some(Slopes { value, by_cell: upto.iter().enumerate().map(of).collect() })
    }
}

/// The share of whom nothing has happened by `from`.
fn left(upto: &[Upto]) -> Option<f64> {
    let left = 1.0 - upto.iter().map(|u| -(-u.from).exp_m1()).sum::<f64>();
    (left > 1e-9).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::super::hazards::{Baselines, CauseCells, Chosen, Effect};
    use super::*;

    fn model() -> Proportional {
        let cells = |h: [f64; 3]| CauseCells {
            dh: h.to_vec(),
            dv: h.map(|h| h * h / 40.0).to_vec(),
            dq: h.map(|h| vec![0.3 * h]).to_vec(),
        };
        let pooled = Baseline {
            edges: vec![0.0, 1.0, 2.0, 4.0],
            causes: vec![cells([0.1, 0.2, 0.15]), cells([0.05, 0.2, 0.3])],
        };
        let effect = |b: f64| Effect {
            coef: vec![b],
            covariance: vec![vec![0.04]],
            between_strata: 0.1,
            frailty: None,
        };
        Proportional {
            subdistribution: true,
            baselines: vec![Baselines { pooled, strata: Vec::new(), borrowed: false }],
            effects: vec![effect(0.5), effect(-0.4)],
        }
    }

    #[test]
    fn the_incidence_is_that_of_the_subdistribution_and_ahead_the_conditional_one() {
        let m = model();
        let base = &m.baselines[0].pooled;
        let at = |t: f64| m.ends(base, &[1.2], 0.0, 0.0, t).unwrap().incidence;
        let hazard = (0.1 + 0.2 + 0.075) * 0.6f64.exp();
        assert!((at(3.0)[0] - (1.0 - (-hazard).exp())).abs() < 1e-15);
        let (early, late) = (at(1.5), at(3.5));
        let left = 1.0 - early[0] - early[1];
        let ahead = m.ends(base, &[1.2], 0.0, 1.5, 3.5).unwrap();
        for k in 0..2 {
            assert!((ahead.incidence[k] - (late[k] - early[k]) / left).abs() < 1e-15);
        }
        let chosen = Chosen { baseline: base, in_place: false, elsewhere: false };
        let risk = m.risk(chosen, &[1.2], 0.0, 1.5, 3.5, 0).unwrap();
        assert!((risk.value - ahead.incidence[0]).abs() < 1e-15);
        assert!(m.ends(base, &[1.2], 0.0, 1.5, 4.5).is_none());
        // Both causes have taken everybody.
        assert!(m.ends(base, &[9.0], 5.0, 2.0, 3.0).is_none());
    }

    #[test]
    fn the_variance_is_that_of_small_changes() {
        let m = model();
        let risk = |m: &Proportional| {
            let chosen =
                Chosen { baseline: &m.baselines[0].pooled, in_place: false, elsewhere: false };
            m.risk(chosen, &[0.8], 0.0, 0.6, 3.1, 0).unwrap()
        };
        let slope = |change: &dyn Fn(&mut Proportional, f64)| {
            let at = |s: f64| {
                let mut n = m.clone();
                change(&mut n, s);
                risk(&n).value
            };
            (at(1e-6) - at(-1e-6)) / 2e-6
        };
        let mut by_hand = 0.0;
        for k in 0..2 {
            let by_effect = slope(&|n, s| {
                n.effects[k].coef[0] += s;
                let cells = &mut n.baselines[0].pooled.causes[k];
                for (h, q) in cells.dh.iter_mut().zip(&cells.dq) {
                    *h -= s * q[0];
                }
            });
            by_hand += by_effect * by_effect * 0.04;
            for j in 0..3 {
                let d = slope(&|n, s| n.baselines[0].pooled.causes[k].dh[j] += s);
                by_hand += d * d * m.baselines[0].pooled.causes[k].dv[j];
            }
        }
        let found = risk(&m).variance;
        assert!((found / by_hand - 1.0).abs() < 1e-7, "{found} {by_hand}");
    }
}
