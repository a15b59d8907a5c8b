//! The curvature over frailties and coefficients, with the block of the frailties taken as diagonal.
//!
//! The block's other entries are −Σ d p_g p_h, with p_g a group's share of the risk set: small with
//! many groups. Leaving them out makes one step of time linear in rows and groups (Therneau,
//! Grambsch & Pankratz 2003). The likelihood's maximum does not depend on it; standard errors
//! do a little, and R leaves them out too.
//!
//! A group's share of the risk set changes only where one of its rows comes or goes, so that
//! Σ d p_g² and Σ d p_g S1/S0 are gathered there, from sums over all event times that run along.

use ndarray::{Array1, Array2};

use crate::survival::cox::{Layout, Pass};
use crate::survival::linalg::{Cholesky, symmetrise};

/// The curvature of the log partial likelihood at some point.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// By group: its diagonal.
    pub(super) own: Vec<f64>,
    /// By group and coefficient.
    pub(super) cross: Array2<f64>,
    /// Of the coefficients.
    pub(super) coef: Array2<f64>,
}

/// The penalised curvature, factored.
#[derive(Debug, Clone)]
pub(super) struct Factored {
    /// By group, penalty included.
    pub(super) own: Vec<f64>,
    cross: Array2<f64>,
    /// The inverse's block of the coefficients.
    pub(super) inverse: Array2<f64>,
    /// ln |B − C′A⁻¹C|.
    pub(super) ln_det: f64,
    /// Whether B − C′A⁻¹C is a curvature at all.
    holds: bool,
}

/// What follows for the errors of estimates.
#[derive(Debug, Clone)]
pub(super) struct Errors {
    /// The coefficients' block of the inverse, in scaled columns.
    pub(super) inverse: Array2<f64>,
    /// H⁻¹ I H⁻¹ there.
    pub(super) sampling: Array2<f64>,
    /// By group: the variance of its log frailty.
    pub(super) groups: Vec<f64>,
    pub(super) frailty_df: f64,
    pub(super) coef_df: f64,
    /// Whether they can be used.
    pub(super) hold: bool,
}

impl Parts {
    /// At the point of a pass that was evaluated; `group` gives the group at each position.
    pub(super) fn new(pass: &Pass, group: &[u32], groups: usize, active: &[bool]) -> Self {
        let layout = pass.layout;
        let p = layout.p();
        let mut own = vec![0.0; groups];
        let mut cross = Array2::zeros((groups, p));
        let mut expected = Vec::new();
        for chunk in &layout.chunks {
            pass.expected(chunk, &mut expected);
            for (k, d) in chunk.rows.clone().zip(&expected) {
                let g = group[k] as usize;
                own[g] += d;
                for (c, x) in cross.row_mut(g).iter_mut().zip(layout.x(k)) {
                    *c += d * x;
                }
            }
        }
        Shares::new(pass, group, groups).subtract(&mut own, &mut cross);
        let mut coef = pass.information();
        for j in (0..p).filter(|&j| !active[j]) {
            cross.column_mut(j).fill(0.0);
            coef.row_mut(j).fill(0.0);
            coef.column_mut(j).fill(0.0);
        }
        Self { own, cross, coef }
    }

    /// With the penalty's curvature by group.
    pub(super) fn factor(self, penalty: impl Fn(usize) -> f64) -> Factored {
        let own: Vec<f64> =
            self.own.iter().enumerate().map(|(g, h)| h.max(0.0) + penalty(g)).collect();
        let mut scaled = self.cross.clone();
        for (mut row, a) in scaled.rows_mut().into_iter().zip(&own) {
            row /= *a;
        }
        let mut left = &self.coef - &self.cross.t().dot(&scaled);
        symmetrise(&mut left);
        let wanted = self.coef.diag().iter().filter(|v| **v > 0.0).count();
        let mut factor = Cholesky::new(&left, 1e-14);
        let holds = factor.rank() == wanted;
        // What was left out can take more than there is. For a step any curvature does.
        let mut more = 0.05;
        while factor.rank() < wanted && more < 1e6 {
            let raised = &left + &(&Array2::from_diag(&self.coef.diag()) * more);
            factor = Cholesky::new(&raised, 1e-14);
            more *= 4.0;
        }
        let (inverse, ln_det) = (factor.inverse(), factor.ln_det());
        Factored { own, cross: self.cross, inverse, ln_det, holds }
    }
}

impl Factored {
    /// The step that this curvature makes of a slope: groups first, then coefficients.
    pub(super) fn solve(&self, slope: &[f64]) -> Vec<f64> {
        let q = self.own.len();
        let p = self.inverse.nrows();
        let mut right = Array1::from_iter(slope[q..].iter().copied());
        for g in 0..q {
            let by = slope[g] / self.own[g];
            for (r, c) in right.iter_mut().zip(self.cross.row(g)) {
                *r -= by * c;
            }
        }
        let coef = self.inverse.dot(&right);
        let mut step = Vec::with_capacity(q + p);
        for g in 0..q {
            step.push((slope[g] - self.cross.row(g).dot(&coef)) / self.own[g]);
        }
        step.extend(coef.iter());
        step
    }

    /// Errors and degrees of freedom, with the penalty's curvature by group.
    pub(super) fn errors(&self, penalty: impl Fn(usize) -> f64) -> Errors {
        let (q, p) = (self.own.len(), self.inverse.nrows());
        let mut groups = Vec::with_capacity(q);
        // −(H⁻¹)_βw is u = V C′A⁻¹; what the penalty takes is u P u′.
        let mut lost = Array2::<f64>::zeros((p, p));
        let mut frailty_df = q as f64;
        for g in 0..q {
            let row = self.cross.row(g).mapv(|c| c / self.own[g]);
            let u = self.inverse.dot(&row);
            let variance = 1.0 / self.own[g] + row.dot(&u);
            let pen = penalty(g);
            frailty_df -= variance * pen;
            groups.push(variance);
            for i in 0..p {
                for j in 0..p {
                    lost[[i, j]] += pen * u[i] * u[j];
                }
            }
        }
        let mut sampling = &self.inverse - &lost;
        symmetrise(&mut sampling);
        // Column by column, as R counts them.
        let kept = (0..p).filter(|&j| self.inverse[[j, j]] > 0.0);
        let coef_df = kept.map(|j| sampling[[j, j]] / self.inverse[[j, j]]).sum();
        Errors {
            inverse: self.inverse.clone(),
            sampling,
            groups,
            frailty_df,
            coef_df,
            hold: self.holds,
        }
    }
}

/// Gathers Σ d p_g² and Σ d p_g S1/S0 while it walks each stratum from its last event to its first.
struct Shares<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    layout: &'w Layout<'a>,
    group: &'w [u32],
    /// By group: Σ r of its rows at risk, and the running sums when that last changed.
    at_risk: Vec<f64>,
    mark: Vec<f64>,
    marks: Array2<f64>,
    /// Σ c/S0² and Σ c S1/S0² so far.
    square: f64,
    mean: Vec<f64>,
    s1: Vec<f64>,
    /// By group, the two sums.
    squares: Vec<f64>,
    means: Array2<f64>,
    /// The groups seen in this stratum.
    seen: Vec<u32>,
    is_seen: Vec<bool>,
}

impl<'w, 'l, 'a> Shares<'w, 'l, 'a> {
    fn new(pass: &'w Pass<'l, 'a>, group: &'w [u32], groups: usize) -> Self {
        let p = pass.layout.p();
        Self {
            pass,
            layout: pass.layout,
            group,
            at_risk: vec![0.0; groups],
            mark: vec![0.0; groups],
            marks: Array2::zeros((groups, p)),
            square: 0.0,
            mean: vec![0.0; p],
            s1: vec![0.0; p],
            squares: vec![0.0; groups],
            means: Array2::zeros((groups, p)),
            seen: Vec::new(),
            is_seen: vec![false; groups],
        }
    }

    fn subtract(mut self, own: &mut [f64], cross: &mut Array2<f64>) {
        let strata = self.layout.strata.iter().map(|s| s.slots.clone());
        for slots in strata {
            let mut tied = self.layout.tied.partition_point(|&j| (j as usize) < slots.end);
            for j in slots.rev() {
                for k in self.layout.group(j) {
                    self.moves(k, self.pass.r[k]);
                }
                let averaged = tied > 0 && self.layout.tied[tied - 1] as usize == j;
                if averaged {
                    tied -= 1;
                }
                if averaged && !self.pass.tied.is_empty() {
                    self.tie(j, tied);
                } else {
                    let c = self.pass.squares(j);
                    self.square += c;
                    for (m, s) in self.mean.iter_mut().zip(&self.s1) {
                        *m += c * s;
                    }
                }
                if let Some(leaving) = &self.layout.leaving {
                    for &k in leaving.at(j) {
                        self.moves(k as usize, -self.pass.r[k as usize]);
                    }
                }
            }
            self.close();
        }
        for (h, s) in own.iter_mut().zip(&self.squares) {
            *h -= s;
        }
        *cross -= &self.means;
    }

    /// Books what a group's share has brought since it last changed.
    fn book(&mut self, g: usize) {
        let share = self.at_risk[g];
        self.squares[g] += share * share * (self.square - self.mark[g]);
        self.mark[g] = self.square;
        let rows = self.means.row_mut(g).into_iter().zip(self.marks.row_mut(g));
        for ((to, mark), m) in rows.zip(&self.mean) {
            *to += share * (m - *mark);
            *mark = *m;
        }
    }

    /// A row comes to (or leaves) the risk set.
    fn moves(&mut self, k: usize, r: f64) {
        let g = self.group[k] as usize;
        self.book(g);
        self.at_risk[g] += r;
        if !self.is_seen[g] {
            self.is_seen[g] = true;
            self.seen.push(g as u32);
        }
        for (s, x) in self.s1.iter_mut().zip(self.layout.x(k)) {
            *s += r * x;
        }
    }

    /// Efron's average at a slot: Σ c (S0g − f S0gd)(S − f Sd)/S0ₖ² for S = S0g and S = S1, with the
    /// sums of the deaths only (d) booked apart for the groups that have some.
    fn tie(&mut self, j: usize, tied: usize) {
        let t = self.pass.tied[tied];
        let p = self.s1.len();
        let mut dead: Vec<(u32, f64)> = Vec::new();
        let mut s1_dead = vec![0.0; p];
        for k in self.layout.dying(j) {
            let r = self.pass.r[k];
            match dead.iter_mut().find(|d| d.0 == self.group[k]) {
                Some(d) => d.1 += r,
                None => dead.push((self.group[k], r)),
            }
            for (s, x) in s1_dead.iter_mut().zip(self.layout.x(k)) {
                *s += r * x;
            }
        }
        for (g, s0_dead) in dead {
            let g = g as usize;
            self.squares[g] += s0_dead * (t.c * s0_dead - 2.0 * t.b * self.at_risk[g]);
            for i in 0..p {
                self.means[[g, i]] -= s0_dead * (t.b * self.s1[i] - t.c * s1_dead[i]);
            }
        }
        self.square += t.a;
        for i in 0..p {
            self.mean[i] += t.a * self.s1[i] - t.b * s1_dead[i];
        }
    }

    /// The stratum ends: nobody is at risk any more.
    fn close(&mut self) {
        for g in std::mem::take(&mut self.seen) {
            let g = g as usize;
            self.book(g);
            self.at_risk[g] = 0.0;
            self.is_seen[g] = false;
        }
        self.s1.fill(0.0);
    }
}
