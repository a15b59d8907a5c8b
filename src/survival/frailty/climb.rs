//! Coefficients and log frailties for one variance: the maximum of the penalised likelihood.
//!
//! Steps are those of the diagonal curvature, mended by what the last steps taught (L-BFGS, Nocedal
//! 1980): the curvature that is left out costs a few steps and nothing else.

use std::collections::VecDeque;

use ndarray::Array1;

use super::curvature::{Errors, Factored, Parts};
use super::distribution::FrailtyDistribution;
use super::exact;
use super::rows::Groups;
use crate::survival::cox::{Layout, Pass};
use crate::survival::{CoxFit, FitError, Ties};

/// Predicted gains in log likelihood below this end the search.
const SMALL_GAIN: f64 = 1e-20;
/// A search that can rise no more although it expects a gain of less than this has arrived.
const NO_GAIN: f64 = 1e-12;
const STEPS: usize = 500;
const HALVINGS: usize = 40;
/// Steps that are remembered; with as many, the curvature is taken anew.
const MEMORY: usize = 10;

/// The rows of a fit with their groups.
pub(super) struct Climb<'a> {
    layout: Layout<'a>,
    /// By position.
    offset: Option<Vec<f64>>,
    group: Vec<u32>,
    /// By group: the weight of its events.
    pub(super) events: Vec<f64>,
    pub(super) distribution: FrailtyDistribution,
    efron: bool,
    pub(super) active: Vec<bool>,
}

/// A point of the search.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub(super) w: Vec<f64>,
    /// In scaled columns.
    pub(super) beta: Array1<f64>,
    /// The partial likelihood, and less the penalty.
    pub(super) partial: f64,
    value: f64,
    /// Of the penalised likelihood: by group, then by coefficient.
    pub(super) slope: Vec<f64>,
}

/// Where a search ended.
pub(super) struct Top {
    pub(super) at: At,
    pub(super) curvature: Factored,
    pub(super) steps: usize,
    pub(super) converged: bool,
}

impl<'a> Climb<'a> {
    pub(super) fn new(
        layout: Layout<'a>,
        groups: &Groups,
        plain: &CoxFit,
        distribution: FrailtyDistribution,
        ties: Ties,
    ) -> Self {
        let group: Vec<u32> = layout.row.iter().map(|&r| groups.of[r as usize]).collect();
        let mut events = vec![0.0; groups.numbers.len()];
        for j in 0..layout.time.len() {
            for k in layout.dying(j) {
                events[group[k] as usize] += layout.weight(k);
            }
        }
        let (efron, active) = (ties == Ties::Efron, plain.estimated.clone());
        Self { offset: layout.offset.clone(), layout, group, events, distribution, efron, active }
    }

    /// What columns were divided by.
    pub(super) fn scale(&self) -> &[f64] {
        &self.layout.columns.scale
    }

    fn groups(&self) -> usize {
        self.events.len()
    }

    /// Gives the rows their frailties, and evaluates; `None` where they are too far apart.
    fn pass(&mut self, w: &[f64], beta: &Array1<f64>) -> Option<(Pass<'_, 'a>, f64)> {
        let offset = self.layout.offset.get_or_insert_with(|| vec![0.0; self.group.len()]);
        match &self.offset {
            Some(own) => offset.copy_from_slice(own),
            None => offset.fill(0.0),
        }
        for (o, &g) in offset.iter_mut().zip(&self.group) {
            *o += w[g as usize];
        }
        let mut pass = Pass::new(&self.layout, self.efron);
        let partial = pass.evaluate(beta)?;
        Some((pass, partial))
    }

    /// The point at these frailties and coefficients. A variance of 0 has no penalty.
    pub(super) fn at(&mut self, theta: f64, w: Vec<f64>, beta: Array1<f64>) -> Option<At> {
        let q = self.groups();
        let active = self.active.clone();
        let mut slope = vec![0.0; q];
        let (pass, partial) = self.pass(&w, &beta)?;
        let score = pass.score();
        let mut residual = Vec::new();
        let mut by_group = vec![0.0; pass.layout.row.len()];
        for chunk in &pass.layout.chunks {
            pass.residuals(chunk, &mut residual);
            by_group[chunk.rows.clone()].copy_from_slice(&residual);
        }
        drop(pass);
        for (m, &g) in by_group.iter().zip(&self.group) {
            slope[g as usize] += m;
        }
        let mut value = partial;
        if theta > 0.0 {
            for (s, w) in slope.iter_mut().zip(&w) {
                *s -= self.distribution.derivatives(theta, *w).0;
            }
            value -= self.distribution.penalty(theta, &w);
        }
        slope.extend(score.iter().zip(&active).map(|(s, a)| if *a { *s } else { 0.0 }));
        let finite = value.is_finite() && slope.iter().all(|s| s.is_finite());
        finite.then_some(At { w, beta, partial, value, slope })
    }

    /// The likelihood's curvature at a point.
    pub(super) fn parts(&mut self, at: &At) -> Option<Parts> {
        let (q, active) = (self.groups(), self.active.clone());
        let group = self.group.clone();
        let (pass, _) = self.pass(&at.w, &at.beta)?;
        Some(Parts::new(&pass, &group, q, &active))
    }

    /// Errors from the whole curvature at a point; `None` where there are none, or too many groups.
    pub(super) fn exact_errors(&mut self, theta: f64, at: &At) -> Option<Errors> {
        let (q, distribution) = (self.groups(), self.distribution);
        if q > exact::MOST_GROUPS {
            return None;
        }
        let group = self.group.clone();
        let parts = self.parts(at)?;
        let (pass, _) = self.pass(&at.w, &at.beta)?;
        let shares = exact::shares(&pass, &group, q);
        exact::errors(&parts, &shares, |g| distribution.derivatives(theta, at.w[g]).1)
    }

    fn curvature(&mut self, theta: f64, at: &At) -> Option<Factored> {
        let distribution = self.distribution;
        Some(self.parts(at)?.factor(|g| distribution.derivatives(theta, at.w[g]).1))
    }

    /// Climbs from `w` and `beta`.
    pub(super) fn top(
        &mut self,
        theta: f64,
        mut w: Vec<f64>,
        beta: Array1<f64>,
    ) -> Result<Top, FitError> {
        let lost = || FitError::Start {
            why: format!("with frailties of variance {theta} the hazards are too far apart"),
        };
        self.distribution.recentre(&mut w);
        let mut at = self.at(theta, w, beta).ok_or_else(lost)?;
        let mut curvature = self.curvature(theta, &at).ok_or_else(lost)?;
        let mut past = Past::default();
        let (mut steps, mut converged) = (0, false);
        while steps < STEPS {
            let direction = past.direction(&at.slope, &curvature);
            let gain: f64 = direction.iter().zip(&at.slope).map(|(d, s)| d * s).sum();
            if gain.abs() <= SMALL_GAIN {
                converged = true;
                break;
            }
            steps += 1;
            match self.step(theta, &at, &direction) {
                Some(next) if gain > 0.0 => {
                    past.learn(&at, &next);
                    at = next;
                    if past.pairs.len() == MEMORY {
                        curvature = self.curvature(theta, &at).ok_or_else(lost)?;
                        past.pairs.clear();
                    }
                }
                _ if !past.pairs.is_empty() => {
                    curvature = self.curvature(theta, &at).ok_or_else(lost)?;
                    past.pairs.clear();
                }
                _ => {
                    converged = gain.abs() < NO_GAIN;
                    break;
                }
            }
        }
        let curvature = self.curvature(theta, &at).ok_or_else(lost)?;
        Ok(Top { at, curvature, steps, converged })
    }

    /// A step that does not lose, halved until it does not.
    fn step(&mut self, theta: f64, at: &At, direction: &[f64]) -> Option<At> {
        let q = self.groups();
        let mut size = 1.0;
        for _ in 0..HALVINGS {
            let mut w: Vec<f64> = at.w.iter().zip(direction).map(|(w, d)| w + size * d).collect();
            self.distribution.recentre(&mut w);
            let by = Array1::from_iter(direction[q..].iter().map(|d| size * d));
            let beta = &at.beta + &by;
            if let Some(next) = self.at(theta, w, beta) {
                let noise = 1e-13 * at.value.abs().max(1.0);
                if next.value >= at.value - noise {
                    return Some(next);
                }
            }
            size *= 0.5;
        }
        None
    }
}

/// What the last steps taught of the curvature: pairs of a step and what it took from the slope.
#[derive(Default)]
struct Past {
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Past {
    fn learn(&mut self, from: &At, to: &At) {
        let moved = to.w.iter().zip(&from.w).chain(to.beta.iter().zip(&from.beta));
        let moved: Vec<f64> = moved.map(|(t, f)| t - f).collect();
        let lost: Vec<f64> = from.slope.iter().zip(&to.slope).map(|(f, t)| f - t).collect();
        let product = dot(&moved, &lost);
        if product > 1e-12 * (dot(&moved, &moved) * dot(&lost, &lost)).sqrt() {
            self.pairs.push_back((moved, lost, product));
        }
    }

    /// The two loops of Nocedal (1980) around the diagonal curvature.
    fn direction(&self, slope: &[f64], curvature: &Factored) -> Vec<f64> {
        let mut left = slope.to_vec();
        let mut taken = Vec::with_capacity(self.pairs.len());
        for (moved, lost, product) in self.pairs.iter().rev() {
            let by = dot(moved, &left) / product;
            for (v, l) in left.iter_mut().zip(lost) {
                *v -= by * l;
            }
            taken.push(by);
        }
        let mut step = curvature.solve(&left);
        for ((moved, lost, product), by) in self.pairs.iter().zip(taken.iter().rev()) {
            let back = dot(lost, &step) / product;
            for (s, m) in step.iter_mut().zip(moved) {
                *s += m * (by - back);
            }
        }
        step
    }
}
