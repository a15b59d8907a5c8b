//! The simplex method on the program and its basis.

use super::lu::Lu;
use super::sparse::{Lists, Sparse};
use super::{End, Kind, Lp, Stalled, Var, slack_var};

/// A reduced cost above this is worth entering; a value below minus this is infeasible.
const TOLERANCE: f64 = 1e-9;
/// A pivot must be at least this large.
const PIVOT: f64 = 1e-7;
/// Pivots between two factorings at most: so many, and one more for so many rows.
const REFACTOR: usize = 100;
const ROWS_PER_PIVOT: usize = 50;
/// After so few pivots factors are as good as fresh.
const FEW: usize = 60;

impl Lp {
    /// Factors the basis anew and computes values and reduced costs from it.
    pub fn refactor(&mut self) -> Result<(), Stalled> {
        let m = self.rhs.len();
        let factored = Lu::factor(m, |p| {
            let (list, one) = self.entries(self.basis[p]);
            list.chain(one)
        });
        self.lu = factored.ok_or(Stalled)?;
        self.etas = Lists::default();
        self.eta_pivot.clear();
        self.compute();
        Ok(())
    }

    /// Computes values and reduced costs from the factors and the pivots since.
    pub fn compute(&mut self) {
        let m = self.rhs.len();
        self.stale = false;
        let mut x = std::mem::take(&mut self.column);
        x.reset(m);
        for r in 0..m {
            x.set(r, self.rhs[r] + self.shift[r]);
        }
        self.solve(&mut x);
        self.objective = 0.0;
        let mut y = std::mem::take(&mut self.inverse);
        y.reset(m);
        for p in 0..m {
            self.x[p] = x.get(p);
            let var = self.basis[p];
            if var & 1 == 0 {
                let cost = self.cost[(var >> 1) as usize];
                self.objective += cost * self.x[p];
                y.set(p, cost);
            }
        }
        self.solve_transposed(&mut y);
        (self.column, self.inverse) = (x, y);
        for j in 0..self.len() {
            let range = self.start[j] as usize..self.start[j + 1] as usize;
            let dot: f64 =
                range.map(|k| self.value[k] * self.inverse.get(self.row[k] as usize)).sum();
            self.columns.d[j] = if self.columns.at[j] >= 0 { 0.0 } else { self.cost[j] - dot };
        }
        for r in 0..m {
            self.slacks.d[r] = if self.slacks.at[r] >= 0 { 0.0 } else { -self.inverse.get(r) };
        }
        self.list_all();
    }

    /// Lists anew what may be worth entering and what may be infeasible.
    fn list_all(&mut self) {
        self.attractive.clear();
        for (kind, tag) in [(&mut self.columns, 0), (&mut self.slacks, 1)] {
            for k in 0..kind.d.len() {
                kind.listed[k] = kind.d[k] > TOLERANCE;
                if kind.listed[k] {
                    self.attractive.push((k as u32) << 1 | tag);
                }
            }
        }
        self.bad.clear();
        for p in 0..self.x.len() {
            self.is_bad[p] = self.x[p] != 0.0;
            if self.is_bad[p] && self.infeasibility(p) > 0.0 {
                self.bad.push(p as u32);
            } else {
                self.is_bad[p] = false;
            }
        }
    }

    /// A variable's entries: those of a column, or the one of a slack.
    fn entries(&self, var: Var) -> (impl Iterator<Item = (usize, f64)> + '_, Option<(usize, f64)>) {
        let k = (var >> 1) as usize;
        let range =
            if var & 1 == 0 { self.start[k] as usize..self.start[k + 1] as usize } else { 0..0 };
        let list = range.map(|e| (self.row[e] as usize, self.value[e]));
        (list, (var & 1 == 1).then_some((k, 1.0)))
    }

    pub(super) fn kind(&self, var: Var) -> &Kind {
        if var & 1 == 0 { &self.columns } else { &self.slacks }
    }

    pub(super) fn kind_mut(&mut self, var: Var) -> &mut Kind {
        if var & 1 == 0 { &mut self.columns } else { &mut self.slacks }
    }

    /// The entering column in terms of the basis, into `column`.
    fn tableau_column(&mut self, var: Var) {
        let mut a = std::mem::take(&mut self.column);
        a.reset(self.rhs.len());
        {
            let (list, one) = self.entries(var);
            for (i, v) in list.chain(one) {
                a.set(i, v);
            }
        }
        self.solve(&mut a);
        self.column = a;
    }

    /// Solves B x = b for the basis B: b by row becomes x by position.
    fn solve(&mut self, x: &mut Sparse) {
        self.lu.solve(x);
        for (k, &(position, pivot)) in self.eta_pivot.iter().enumerate() {
            let t = x.get(position as usize);
            if t != 0.0 {
                let t = t / pivot;
                x.set(position as usize, t);
                for (i, v) in self.etas.get(k) {
                    x.add(i, -v * t);
                }
            }
        }
    }

    /// Solves Bᵀ y = c for the basis B: c by position becomes y by row.
    fn solve_transposed(&mut self, y: &mut Sparse) {
        for (k, &(p, pivot)) in self.eta_pivot.iter().enumerate().rev() {
            let p = p as usize;
            let t = y.get(p) - self.etas.get(k).map(|(i, v)| v * y.get(i)).sum::<f64>();
            if t != 0.0 {
                y.set(p, t / pivot);
            } else if y.get(p) != 0.0 {
                y.set(p, 0.0);
            }
        }
        self.lu.solve_transposed(y);
    }

    /// The pivot row, over all slacks and the columns that are not fixed outside the basis,
    /// into `alpha`; lists them in `touched`. (The reduced costs of fixed columns go out of date;
    /// whoever frees one also sets a basis, and everything is computed anew.)
    fn tableau_row(&mut self, position: usize) {
        let mut rho = std::mem::take(&mut self.inverse);
        rho.reset(self.rhs.len());
        rho.set(position, 1.0);
        self.solve_transposed(&mut rho);
        for var in std::mem::take(&mut self.touched) {
            self.kind_mut(var).alpha[(var >> 1) as usize] = 0.0;
        }
        for (r, t) in rho.iter() {
            if t.abs() < 1e-14 {
                continue;
            }
            // Prices of equations are part of the bound: those of fixed slacks are kept up to date.
            if self.slacks.at[r] < 0 {
                self.slacks.alpha[r] = t;
                self.touched.push(slack_var(r));
            }
            for &(j, v) in &self.by_row[r] {
                let k = j as usize;
                if self.columns.at[k] < 0 && !self.columns.fixed[k] {
                    // A sum that comes back to 0 lists its column twice, which does no harm.
                    if self.columns.alpha[k] == 0.0 {
                        self.touched.push(j << 1);
                    }
                    self.columns.alpha[k] += t * v;
                }
            }
        }
        self.inverse = rho;
    }

    /// Exchanges the variable at `position` for `enter`, whose tableau column is in `column`. The
    /// pivot row must be in `alpha`.
    fn pivot(&mut self, position: usize, enter: Var) -> Result<(), Stalled> {
        let k = (enter >> 1) as usize;
        let a = std::mem::take(&mut self.column);
        let pivot = a.get(position);
        let reduced = self.kind(enter).d[k];
        let (theta, step) = (reduced / pivot, self.x[position] / pivot);
        self.objective += reduced * step;
        for var in std::mem::take(&mut self.touched) {
            let kind = self.kind_mut(var);
            let i = (var >> 1) as usize;
            kind.d[i] -= theta * kind.alpha[i];
            kind.alpha[i] = 0.0;
            if kind.d[i] > TOLERANCE && !std::mem::replace(&mut kind.listed[i], true) {
                self.attractive.push(var);
            }
        }
        let weight = self.row_weight[position];
        for (i, v) in a.iter() {
            if i == position || v.abs() < 1e-13 {
                continue;
            }
            self.etas.push(i as u32, v);
            self.x[i] -= v * step;
            let ratio = v / pivot;
            self.row_weight[i] = self.row_weight[i].max(ratio * ratio * weight);
            self.suspect(i as i32);
        }
        self.etas.close();
        self.eta_pivot.push((position as u32, pivot));
        self.column = a;
        self.row_weight[position] = (weight / (pivot * pivot)).max(1.0);
        self.x[position] = step;
        self.suspect(position as i32);
        let leave = self.basis[position];
        let out = self.kind_mut(leave);
        let i = (leave >> 1) as usize;
        out.at[i] = -1;
        out.d[i] = -theta;
        if -theta > TOLERANCE && !std::mem::replace(&mut out.listed[i], true) {
            self.attractive.push(leave);
        }
        let inn = self.kind_mut(enter);
        inn.at[k] = position as i32;
        inn.d[k] = 0.0;
        self.basis[position] = enter;
        self.pivots += 1;
        let full = self.eta_pivot.len() >= REFACTOR + self.rhs.len() / ROWS_PER_PIVOT
            || self.etas.entries() > 2 * self.lu.entries() + 4 * self.rhs.len();
        if full { self.refactor() } else { Ok(()) }
    }

    /// The primal method from a feasible basis, with devex pricing (Harris 1973). `limit` bounds
    /// the pivots of this run. Where it ends well the values are as good as fresh ones.
    pub fn primal(&mut self, limit: u64) -> Result<(), Stalled> {
        if self.stale {
            self.refactor()?;
        }
        self.columns.weight.fill(1.0);
        self.slacks.weight.fill(1.0);
        for _ in 0..limit {
            let Some(enter) = self.price_primal() else {
                if self.eta_pivot.is_empty() {
                    return Ok(());
                }
                // Confirm: after a few pivots on values computed anew, after many on fresh factors.
                if self.eta_pivot.len() <= FEW {
                    self.compute();
                } else {
                    self.refactor()?;
                }
                if self.price_primal().is_none() {
                    return Ok(());
                }
                continue;
            };
            self.tableau_column(enter);
            let Some(position) = self.leaving() else { return Err(Stalled) };
            self.tableau_row(position);
            self.devex(enter, position, self.column.get(position));
            self.pivot(position, enter)?;
        }
        Err(Stalled)
    }

    /// The variable worth entering most.
    fn price_primal(&mut self) -> Option<Var> {
        let mut best: Option<(f64, Var)> = None;
        let mut list = std::mem::take(&mut self.attractive);
        list.retain(|&var| {
            let kind = self.kind_mut(var);
            let k = (var >> 1) as usize;
            let d = kind.d[k];
            kind.listed[k] = d > TOLERANCE && kind.at[k] < 0;
            if kind.listed[k] && !kind.fixed[k] {
                let gain = d * d / kind.weight[k];
                if best.is_none_or(|(g, v)| gain > g || (gain == g && var < v)) {
                    best = Some((gain, var));
                }
            }
            kind.listed[k]
        });
        self.attractive = list;
        best.map(|(_, var)| var)
    }

    /// The position that reaches 0 first; among near ties the one with the largest pivot.
    fn leaving(&self) -> Option<usize> {
        let a = || self.column.iter().filter(|&(_, v)| v > PIVOT);
        let longest = a().map(|(p, v)| (self.x[p] + TOLERANCE) / v).fold(f64::INFINITY, f64::min);
        let mut best: Option<(f64, usize)> = None;
        for (p, v) in a() {
            let better = |(b, at): (f64, usize)| v > b || (v == b && p < at);
            if self.x[p] / v <= longest && best.is_none_or(better) {
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

    /// The dual method from a basis whose reduced costs are right (at most 0 where not fixed).
    /// Stops as soon as the objective is known not to exceed `cutoff`.
    pub fn dual(&mut self, cutoff: f64, limit: u64) -> Result<End, Stalled> {
        if self.stale {
            self.refactor()?;
        }
        for _ in 0..limit {
            if self.objective <= cutoff {
                return Ok(End::Cutoff);
            }
            let Some(position) = self.most_infeasible() else { return Ok(End::Optimal) };
            self.tableau_row(position);
            let Some(enter) = self.entering(self.x[position] < 0.0) else {
                if self.eta_pivot.is_empty() {
                    return Ok(End::Infeasible);
                }
                self.refactor()?;
                continue;
            };
            self.tableau_column(enter);
            let pivot = self.column.get(position);
            let wanted = self.kind(enter).alpha[(enter >> 1) as usize];
            let off = (pivot - wanted).abs() > 1e-6 * (1.0 + wanted.abs());
            if (off || pivot.abs() < PIVOT) && !self.eta_pivot.is_empty() {
                self.refactor()?;
                continue;
            }
            if pivot.abs() < PIVOT {
                return Err(Stalled);
            }
            self.pivot(position, enter)?;
        }
        Err(Stalled)
    }

    /// How far a position is from its bounds: below 0, or above 0 where fixed.
    fn infeasibility(&self, p: usize) -> f64 {
        let x = self.x[p];
        let var = self.basis[p];
        let off = if x < 0.0 {
            -x
        } else if self.kind(var).fixed[(var >> 1) as usize] {
            x
        } else {
            0.0
        };
        if off > 1e-7 { off } else { 0.0 }
    }

    /// The position farthest from its bounds, by devex weights.
    fn most_infeasible(&mut self) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        let mut list = std::mem::take(&mut self.bad);
        list.retain(|&p| {
            let p = p as usize;
            let off = self.infeasibility(p);
            self.is_bad[p] = off > 0.0;
            let gain = off * off / self.row_weight[p];
            if off > 0.0 && best.is_none_or(|(b, at)| gain > b || (gain == b && p < at)) {
                best = Some((gain, p));
            }
            self.is_bad[p]
        });
        self.bad = list;
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
