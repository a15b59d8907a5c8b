//! A good choice to begin with, so that there is always an honest answer.

use super::bundle::Packer;
use super::part::Part;

/// A choice: for each group of a part the item (pair) that places it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub item: Vec<Option<u32>>,
    pub value: f64,
}

impl Choice {
    /// Nobody placed.
    pub fn empty(part: &Part) -> Self {
        Self { item: vec![None; part.groups.len()], value: 0.0 }
    }

    /// Adds up the value anew, in the order of the groups.
    pub fn total(&mut self, part: &Part) {
        self.value = self.item.iter().flatten().map(|&k| part.items[k as usize].score).sum();
    }
}

/// Improves a choice family by family: each takes the bundle that is best when a group placed
/// elsewhere costs what it is worth there. Stops when a whole round changes nothing.
pub(super) fn improve(part: &Part, packer: &mut Packer, choice: &mut Choice) {
    let mut worth: Vec<f64> =
        choice.item.iter().map(|k| k.map_or(0.0, |k| part.items[k as usize].score)).collect();
    let mut prices = worth.clone();
    // Each change gains; the rounds end. The limit only guards against gains lost to rounding.
    for _ in 0..50 {
        let mut changed = false;
        for f in 0..part.families.len() {
            let mut now = 0.0;
            for k in part.of_family(f) {
                let g = part.items[k].group as usize;
                if choice.item[g] == Some(k as u32) {
                    now += worth[g];
                    prices[g] = 0.0;
                }
            }
            let best = packer.best(part, f, &prices);
            let better = best > now + 1e-9 * now.abs().max(1.0) && !packer.chosen.is_empty();
            for k in part.of_family(f) {
                let g = part.items[k].group as usize;
                if better && choice.item[g] == Some(k as u32) {
                    (choice.item[g], worth[g]) = (None, 0.0);
                }
                prices[g] = worth[g];
            }
            if better {
                for &k in &packer.chosen {
                    let item = &part.items[k as usize];
                    let g = item.group as usize;
                    (choice.item[g], worth[g], prices[g]) = (Some(k), item.score, item.score);
                }
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    choice.total(part);
}

/// A choice read off prices: families take their best bundle in turn, those first whose bundle is
/// worth most above its prices, then all is improved.
pub(super) fn from_prices(part: &Part, packer: &mut Packer, prices: &[f64]) -> Choice {
    let mut order: Vec<(f64, u32)> =
        (0..part.families.len()).map(|f| (packer.best(part, f, prices), f as u32)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut choice = Choice::empty(part);
    let mut asked = prices.to_vec();
    for (_, f) in order {
        packer.best(part, f as usize, &asked);
        for &k in &packer.chosen {
            let g = part.items[k as usize].group as usize;
            choice.item[g] = Some(k);
            asked[g] = f64::INFINITY;
        }
    }
    improve(part, packer, &mut choice);
    choice
}
