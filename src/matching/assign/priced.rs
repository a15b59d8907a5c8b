//! Cuts over very many bundles: a program of the few whose reduced cost is near 0, and the prices
//! of all the others under its cuts. What would enter does; what loses more than a search allows
//! stays out.

use super::Budget;
use super::PIVOT_WORK;
use super::cuts::Cut;
use super::lp::{End, Stalled};
use super::search::dual;
use super::tree::{Node, new_cuts};

/// Bundles that lose no more than this share of the bound are in the program from the start.
const NEAR: f64 = 4e-5;
/// A reduced cost above this enters.
const PAYS: f64 = 1e-9;
/// Rounds of entering at most.
const ROUNDS: usize = 30;

/// A program over some of the bundles, and all that is known of the others.
pub(super) struct Priced {
    pub node: Node,
    /// Per bundle: itself, its cost, its rows with their coefficients.
    others: Vec<Other>,
}

struct Other {
    bundle: u32,
    cost: f64,
    rows: Vec<(u32, f64)>,
}

impl Priced {
    /// From a solved program over all bundles.
    pub fn new(all: Node) -> Result<Self, Stalled> {
        let least = -NEAR * all.lp.objective().abs();
        let near: Vec<bool> =
            (0..all.lp.len()).map(|j| all.lp.has_column(j) || all.lp.reduced(j) >= least).collect();
        let others = (0..all.lp.len())
            .filter(|&j| !near[j])
            .map(|j| Other {
                bundle: all.bundles[j],
                cost: all.lp.cost(j),
                rows: all.lp.column(j).collect(),
            })
            .collect();
        let node = all.only(&near, &vec![true; all.lp.rows()])?;
        Ok(Self { node, others })
    }

    /// Adds a round of cuts and lets in what pays under them; `false` where there are no cuts.
    pub fn cut(&mut self, budget: &mut Budget<'_>) -> Result<bool, Stalled> {
        let new = new_cuts(&self.node);
        if new.is_empty() {
            return Ok(false);
        }
        let first = self.node.lp.rows() as u32;
        let by_row = by_row(&new);
        let mut sum = vec![0.0; new.len()];
        for other in &mut self.others {
            extend(&mut other.rows, &by_row, &mut sum, first);
        }
        self.node.add_cuts(&new);
        if dual(&mut self.node, f64::NEG_INFINITY, budget)? != End::Optimal {
            return Err(Stalled);
        }
        for _ in 0..ROUNDS {
            if !self.let_in(-PAYS) {
                return Ok(true);
            }
            let lp = &mut self.node.lp;
            let (before, rows) = (lp.pivots, lp.rows() as u64);
            let price = PIVOT_WORK * (1 + rows / 500);
            let done = lp.primal((20 * rows + 2000).min(budget.left / price));
            budget.spend((lp.pivots - before + 5) * price);
            done?;
        }
        Err(Stalled)
    }

    /// Lets in what loses no more than `loss`. The basis stays as it is.
    pub fn widen(&mut self, loss: f64) {
        self.let_in(loss + 1e-9 * loss.abs().max(1.0));
    }

    /// Lets in the bundles whose reduced cost is at least −`loss`; says whether there are any.
    fn let_in(&mut self, loss: f64) -> bool {
        let prices: Vec<f64> = (0..self.node.lp.rows()).map(|r| self.node.lp.price(r)).collect();
        let node = &mut self.node;
        let before = node.lp.len();
        self.others.retain(|other| {
            let paid: f64 = other.rows.iter().map(|&(r, v)| v * prices[r as usize]).sum();
            let stays = other.cost - paid < -loss;
            if !stays {
                let rows = other.rows.iter().map(|&(r, v)| (r as usize, v));
                node.lp.add_column(other.cost, rows);
                node.bundles.push(other.bundle);
            }
            stays
        });
        node.lp.len() > before
    }
}

/// For each row the cuts that it is in.
fn by_row(cuts: &[Cut]) -> Vec<Vec<u32>> {
    let rows = cuts.iter().flatten().max().map_or(0, |&r| r as usize + 1);
    let mut out = vec![Vec::new(); rows];
    for (c, cut) in cuts.iter().enumerate() {
        for &r in cut {
            out[r as usize].push(c as u32);
        }
    }
    out
}

/// Adds to a column its coefficients in new cuts.
fn extend(rows: &mut Vec<(u32, f64)>, by_row: &[Vec<u32>], sum: &mut [f64], first: u32) {
    let mut touched: Vec<u32> = Vec::new();
    for &(r, v) in rows.iter() {
        for &c in by_row.get(r as usize).into_iter().flatten() {
            if sum[c as usize] == 0.0 {
                touched.push(c);
            }
            sum[c as usize] += v;
        }
    }
    touched.sort_unstable();
    for c in touched {
        let half = (std::mem::take(&mut sum[c as usize]) / 2.0).floor();
        if half > 0.0 {
            rows.push((first + c, half));
        }
    }
}
