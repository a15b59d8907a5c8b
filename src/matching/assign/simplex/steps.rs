//! The steps of the method: pivots, the primal and the dual walk.

use super::{End, Eta, Kind, Lp, PIVOT, REFACTOR, Stalled, TOLERANCE, Var};

impl Lp {
    /// Exchanges the variable at `position` for `enter`, whose tableau column is `a`. The pivot
    /// row must be in `alpha`.
    fn pivot(&mut self, position: usize, enter: Var, a: &[f64]) -> Result<(), Stalled> {
        let k = (enter >> 1) as usize;
        let pivot = a[position];
        let theta = self.kind(enter).d[k] / pivot;
        let step = self.x[position] / pivot;
        for var in std::mem::take(&mut self.touched) {
            let kind = self.kind_mut(var);
            let i = (var >> 1) as usize;
            kind.d[i] -= theta * kind.alpha[i];
            kind.alpha[i] = 0.0;
        }
        let leave = self.basis[position];
        let entries: Vec<(u32, f64)> = a
            .iter()
            .enumerate()
            .filter(|&(i, v)| i != position && v.abs() > 1e-13)
            .map(|(i, &v)| (i as u32, v))
            .collect();
        for &(i, v) in &entries {
            self.x[i as usize] -= v * step;
        }
        self.x[position] = step;
        self.etas.push(Eta { position: position as u32, pivot, entries });
        let out = self.kind_mut(leave);
        out.at[(leave >> 1) as usize] = -1;
        out.d[(leave >> 1) as usize] = -theta;
        let inn = self.kind_mut(enter);
        inn.at[k] = position as i32;
        inn.d[k] = 0.0;
        self.basis[position] = enter;
        self.pivots += 1;
        if self.etas.len() >= REFACTOR { self.refactor() } else { Ok(()) }
    }

    /// The primal method from a feasible basis, with devex pricing (Harris 1973). `limit` bounds
    /// the pivots of this run.
    pub fn primal(&mut self, limit: u64) -> Result<(), Stalled> {
        self.refactor()?;
        self.columns.weight.fill(1.0);
        self.slacks.weight.fill(1.0);
        for _ in 0..limit {
            let Some(enter) = self.price_primal() else {
                if self.etas.is_empty() {
                    return Ok(());
                }
                // Confirm on fresh factors.
                self.refactor()?;
                if self.price_primal().is_none() {
                    return Ok(());
                }
                continue;
            };
            let a = self.tableau_column(enter);
            let Some(position) = self.leaving(&a) else { return Err(Stalled) };
            self.tableau_row(position);
            self.devex(enter, position, a[position]);
            self.pivot(position, enter, &a)?;
        }
        Err(Stalled)
    }

    fn price_primal(&self) -> Option<Var> {
        let mut best: Option<(f64, Var)> = None;
        let mut look = |kind: &Kind, tag: u32| {
            for (k, &d) in kind.d.iter().enumerate() {
                if d > TOLERANCE && kind.at[k] < 0 && !kind.fixed[k] {
                    let gain = d * d / kind.weight[k];
                    if best.is_none_or(|(g, _)| gain > g) {
                        best = Some((gain, (k as u32) << 1 | tag));
                    }
                }
            }
        };
        look(&self.columns, 0);
        look(&self.slacks, 1);
        best.map(|(_, var)| var)
    }

    /// The position that reaches 0 first; among near ties the one with the largest pivot.
    fn leaving(&self, a: &[f64]) -> Option<usize> {
        let mut longest = f64::INFINITY;
        for (p, &v) in a.iter().enumerate() {
            if v > PIVOT {
                longest = longest.min((self.x[p] + TOLERANCE) / v);
            }
        }
        let mut best: Option<(f64, usize)> = None;
        for (p, &v) in a.iter().enumerate() {
            if v > PIVOT && self.x[p] / v <= longest && best.is_none_or(|(b, _)| v > b) {
                best = Some((v, p));
            }
        }
        best.map(|(_, p)| p)
    }

    fn devex(&mut self, enter: Var, position: usize, pivot: f64) {
        let reference = self.kind(enter).weight[(enter >> 1) as usize];
        for t in 0..self.touched.len() {
            let var = self.touched[t];
            let kind = self.kind_mut(var);
            let k = (var >> 1) as usize;
            let ratio = kind.alpha[k] / pivot;
            kind.weight[k] = kind.weight[k].max(ratio * ratio * reference);
        }
        let leave = self.basis[position];
        self.kind_mut(leave).weight[(leave >> 1) as usize] = (reference / (pivot * pivot)).max(1.0);
    }

    /// The objective at the current point.
    pub fn objective(&self) -> f64 {
        self.basis
            .iter()
            .zip(&self.x)
            .filter(|(v, _)| *v & 1 == 0)
            .map(|(v, x)| self.cost[(v >> 1) as usize] * x)
            .sum()
    }

    /// The dual method from a basis whose reduced costs are right (at most 0 where not fixed).
    /// Stops as soon as the objective is known not to exceed `cutoff`.
    pub fn dual(&mut self, cutoff: f64, limit: u64) -> Result<End, Stalled> {
        if self.stale {
            self.refactor()?;
        }
        for _ in 0..limit {
            if self.objective() <= cutoff {
                return Ok(End::Cutoff);
            }
            let Some(position) = self.most_infeasible() else { return Ok(End::Optimal) };
            self.tableau_row(position);
            let Some(enter) = self.entering(self.x[position] < 0.0) else {
                if self.etas.is_empty() {
                    return Ok(End::Infeasible);
                }
                self.refactor()?;
                continue;
            };
            let a = self.tableau_column(enter);
            let wanted = self.kind(enter).alpha[(enter >> 1) as usize];
            let off = (a[position] - wanted).abs() > 1e-6 * (1.0 + wanted.abs());
            if (off || a[position].abs() < PIVOT) && !self.etas.is_empty() {
                self.refactor()?;
                continue;
            }
            if a[position].abs() < PIVOT {
                return Err(Stalled);
            }
            self.pivot(position, enter, &a)?;
        }
        Err(Stalled)
    }

    /// The position farthest from its bounds: below 0, or above 0 where fixed.
    fn most_infeasible(&self) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (p, &x) in self.x.iter().enumerate() {
            let off = if x < 0.0 {
                -x
            } else {
                let var = self.basis[p];
                if self.kind(var).fixed[(var >> 1) as usize] { x } else { 0.0 }
            };
            if off > 1e-7 && best.is_none_or(|(b, _)| off > b) {
                best = Some((off, p));
            }
        }
        best.map(|(_, p)| p)
    }

    /// The variable that keeps all reduced costs right when it enters; among near ties the one
    /// with the largest pivot.
    fn entering(&self, below: bool) -> Option<Var> {
        let sign = if below { -1.0 } else { 1.0 };
        let candidates = || {
            self.touched.iter().filter_map(move |&var| {
                let (kind, k) = (self.kind(var), (var >> 1) as usize);
                let alpha = sign * kind.alpha[k];
                (alpha > 1e-9 && !kind.fixed[k]).then(|| (var, alpha, (-kind.d[k]).max(0.0)))
            })
        };
        let longest =
            candidates().map(|(_, alpha, d)| (d + TOLERANCE) / alpha).fold(f64::INFINITY, f64::min);
        candidates()
            .filter(|&(_, alpha, d)| d / alpha <= longest)
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map(|(var, _, _)| var)
    }
}
