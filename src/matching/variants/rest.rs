//! What is left of a caseload once some groups have their place.

use crate::matching::plan::Planner;

/// What is left of a caseload where some groups have their place for good.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    /// Per group the position of the family where it is for good.
    pub fixed: Vec<Option<usize>>,
    /// Places that are left, by family.
    pub places: Vec<u32>,
    /// Pairs that can no longer be.
    closed: Vec<Vec<bool>>,
    /// What those who have their place weigh.
    pub placed: f64,
}

impl Rest {
    /// What is left where each group that has a position in `fixed` has that place.
    pub fn new(planner: &Planner<'_>, fixed: Vec<Option<usize>>) -> Self {
        let mut rest = Self {
            fixed,
            places: planner.places.clone(),
            closed: planner.options.iter().map(|o| vec![false; o.len()]).collect(),
            placed: 0.0,
        };
        for (g, at) in rest.fixed.iter().enumerate() {
            let Some(k) = *at else { continue };
            let (family, takes) = planner.options[g][k];
            let left = &mut rest.places[family.at()];
            *left = left.saturating_sub(takes);
            rest.placed += planner.weights[g];
        }
        for (g, options) in planner.options.iter().enumerate() {
            for (k, &(family, takes)) in options.iter().enumerate() {
                rest.closed[g][k] = rest.fixed[g].is_some() || takes > rest.places[family.at()];
            }
        }
        for &(a, b) in &planner.conflicts {
            rest.keep_apart(planner, a as usize, b as usize);
            rest.keep_apart(planner, b as usize, a as usize);
        }
        rest
    }

    /// Whether a pair can still be.
    pub fn may(&self, g: usize, k: usize) -> bool {
        !self.closed[g][k]
    }

    /// A group may not go where another is that it may not share with.
    fn keep_apart(&mut self, planner: &Planner<'_>, there: usize, other: usize) {
        let Some(k) = self.fixed[there] else { return };
        let family = planner.options[there][k].0;
        if let Some(at) = planner.options[other].iter().position(|o| o.0 == family) {
            self.closed[other][at] = true;
        }
    }

    /// Adds those who have their place to a plan of the others.
    pub fn add(&self, mut plan: Vec<Option<usize>>) -> Vec<Option<usize>> {
        for (at, fixed) in plan.iter_mut().zip(&self.fixed) {
            *at = fixed.or(*at);
        }
        plan
    }
}
