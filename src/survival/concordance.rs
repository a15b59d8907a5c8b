//! Concordance between a risk score and who ends first: Harrell's and Uno's, in O(n log n).

use super::km::KaplanMeier;
use super::logrank::{by_stratum, check_cause, numbered};
use super::table::{check_weights, order, ordered};
use super::{FitError, Outcome};

/// How pairs are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PairWeight {
    /// Every comparable pair counts the same (Harrell 1982).
    #[default]
    Harrell,
    /// By 1/G(t−)², G the censoring's Kaplan–Meier curve (Uno 2011): free of the censoring.
    Uno,
}

/// Pairs of rows in which one is seen to end first, and how often its risk score was the higher.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Concordance {
    /// Weight of pairs in which the higher score ends first.
    pub concordant: f64,
    /// Weight of pairs in which the lower score ends first.
    pub discordant: f64,
    /// Weight of pairs with equal scores.
    pub tied_score: f64,
    /// (concordant + tied/2) / all three.
    pub c: f64,
    /// Its standard error, by the infinitesimal jackknife.
    pub se: f64,
}

/// What to compare; [`ConcordanceOptions::default`] is Harrell's C of any event.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConcordanceOptions<'a> {
    /// The cause that counts as the end; others censor. `None`: any.
    pub cause: Option<u32>,
    /// How pairs are weighted.
    pub pairs: PairWeight,
    /// Pairs are made within strata only.
    pub strata: Option<&'a [u32]>,
    /// Case weights.
    pub weights: Option<&'a [f64]>,
    /// Only ends at or before this time count.
    pub upto: Option<f64>,
}

/// The concordance of `score` (higher = expected to end sooner) with an outcome; `None` where no
/// two rows can be compared.
///
/// # Errors
/// Columns of another length, a score that is not finite, an unknown cause.
pub fn concordance(
    outcome: &Outcome,
    score: &[f64],
    options: &ConcordanceOptions,
) -> Result<Option<Concordance>, crate::Error> {
    let n = outcome.len();
    check_cause(outcome, options.cause)?;
    check_weights(options.weights, n)?;
    if score.len() != n {
        let what = "the score";
        return Err(FitError::Shape { what, found: score.len(), expected: n }.into());
    }
    if let Some(item) = score.iter().position(|s| !s.is_finite()) {
        return Err(FitError::Times { what: "the score", item }.into());
    }
    let strata = match options.strata {
        Some(s) => numbered(s, n, "the strata")?.1,
        None => vec![0; n],
    };
    let mut pairs =
        Pairs { outcome, options, score, parts: vec![Part::default(); n], total: Part::default() };
    for rows in by_stratum(&order(outcome.exit()), &strata) {
        pairs.stratum(&rows);
    }
    Ok(pairs.result())
}

/// Weights of pairs, all and by row.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    concordant: f64,
    discordant: f64,
    tied: f64,
}

impl Part {
    fn add(&mut self, weight: f64, counts: (f64, f64, f64), end: bool) {
        // Seen from the row that ends, lower scores are concordant; from the other, higher ones.
        let (below, equal, above) = counts;
        let (c, d) = if end { (below, above) } else { (above, below) };
        self.concordant += weight * c;
        self.discordant += weight * d;
        self.tied += weight * equal;
    }
}

struct Pairs<'a> {
    outcome: &'a Outcome,
    options: &'a ConcordanceOptions<'a>,
    score: &'a [f64],
    /// By row: Σ over its pairs of the other's weight and the pair's.
    parts: Vec<Part>,
    total: Part,
}

impl Pairs<'_> {
    fn weight(&self, row: u32) -> f64 {
        self.options.weights.map_or(1.0, |w| w[row as usize])
    }

    fn ends(&self, row: u32) -> bool {
        let c = self.outcome.cause()[row as usize];
        c > 0
            && self.options.cause.is_none_or(|cause| cause == c)
            && self.options.upto.is_none_or(|t| self.outcome.exit()[row as usize] <= t)
    }

    /// By sorted row: what a pair is worth whose earlier end is that row's.
    fn time_weights(&self, rows: &[u32]) -> Vec<f64> {
        match self.options.pairs {
            PairWeight::Harrell => vec![1.0; rows.len()],
            PairWeight::Uno => self.uno_weights(rows),
        }
    }

    fn uno_weights(&self, rows: &[u32]) -> Vec<f64> {
        let at: Vec<usize> = rows.iter().map(|&r| r as usize).collect();
        let part = self.outcome.select(&at);
        let weights: Option<Vec<f64>> =
            self.options.weights.map(|w| at.iter().map(|&r| w[r]).collect());
        // The weights were checked with the whole.
        let Ok(g) = KaplanMeier::of_censoring(&part, weights.as_deref()) else {
            return vec![1.0; rows.len()];
        };
        let inverse = |&r: &u32| {
            let g = g.survival_before(self.outcome.exit()[r as usize]);
            if g > 0.0 { 1.0 / (g * g) } else { 0.0 }
        };
        rows.iter().map(inverse).collect()
    }

    fn stratum(&mut self, rows: &[u32]) {
        let exit = self.outcome.exit();
        let places = places(self.score, rows);
        let time_weight = self.time_weights(rows);
        let groups = groups(rows, exit);
        let late: Vec<u32> = match self.outcome.entry() {
            None => Vec::new(),
            Some(entry) => {
                let mut late: Vec<u32> = (0..rows.len() as u32).collect();
                late.sort_unstable_by_key(|&k| (ordered(entry[rows[k as usize] as usize]), k));
                late
            }
        };
        self.as_ends(rows, &places, &time_weight, &groups, &late);
        self.as_others(rows, &places, &time_weight, &groups, &late);
    }

    /// Backwards in time: each end against those still at risk after it.
    fn as_ends(
        &mut self,
        rows: &[u32],
        places: &[u32],
        time_weight: &[f64],
        groups: &[std::ops::Range<usize>],
        late: &[u32],
    ) {
        let mut tree = Tree::new(rows.len());
        let mut late = late.iter().rev().peekable();
        let entry_of = |k: u32| {
            self.outcome.entry().map_or(f64::NEG_INFINITY, |e| e[rows[k as usize] as usize])
        };
        for group in groups.iter().rev() {
            let time = self.outcome.exit()[rows[group.start] as usize];
            // Censored at this time: after the ends at it.
            for k in group.clone() {
                if self.ends(rows[k]) {
                    continue;
                }
                tree.add(places[k], self.weight(rows[k]));
            }
            while let Some(&k) = late.next_if(|&&k| entry_of(k) >= time) {
                tree.add(places[k as usize], -self.weight(rows[k as usize]));
            }
            for k in group.clone() {
                if !self.ends(rows[k]) {
                    continue;
                }
                let row = rows[k];
                let counts = tree.around(places[k]);
                self.parts[row as usize].add(time_weight[k], counts, true);
                self.total.add(
                    self.options.weights.map_or(1.0, |w| w[row as usize]) * time_weight[k],
                    counts,
                    true,
                );
            }
            for k in group.clone() {
                if !self.ends(rows[k]) {
                    continue;
                }
                tree.add(places[k], self.weight(rows[k]));
            }
        }
    }

    /// Forwards in time: each row against the ends that it outlived while at risk.
    fn as_others(
        &mut self,
        rows: &[u32],
        places: &[u32],
        time_weight: &[f64],
        groups: &[std::ops::Range<usize>],
        late: &[u32],
    ) {
        let mut tree = Tree::new(rows.len());
        let mut late = late.iter().peekable();
        for group in groups {
            let time = self.outcome.exit()[rows[group.start] as usize];
            // Ends up to and at its entry are not its own.
            while let Some(&k) = late.next_if(|&&k| {
                self.outcome.entry().is_some_and(|e| e[rows[k as usize] as usize] < time)
            }) {
                let counts = tree.around(places[k as usize]);
                self.parts[rows[k as usize] as usize].add(-1.0, counts, false);
            }
            for k in group.clone() {
                if !self.ends(rows[k]) {
                    continue;
                }
                self.parts[rows[k] as usize].add(1.0, tree.around(places[k]), false);
            }
            for k in group.clone() {
                if !self.ends(rows[k]) {
                    continue;
                }
                tree.add(places[k], self.weight(rows[k]) * time_weight[k]);
            }
            for k in group.clone() {
                if self.ends(rows[k]) {
                    continue;
                }
                self.parts[rows[k] as usize].add(1.0, tree.around(places[k]), false);
            }
        }
    }

    fn result(&self) -> Option<Concordance> {
        let t = self.total;
        let all = t.concordant + t.discordant + t.tied;
        if !(all > 0.0 && all.is_finite()) {
            return None;
        }
        let c = (t.concordant + 0.5 * t.tied) / all;
        let mut variance = 0.0;
        for (row, p) in self.parts.iter().enumerate() {
            let sum = p.concordant + p.discordant + p.tied;
            let u = self.weight(row as u32) * (p.concordant + 0.5 * p.tied - c * sum) / all;
            variance += u * u;
        }
        Some(Concordance {
            concordant: t.concordant,
            discordant: t.discordant,
            tied_score: t.tied,
            c,
            se: variance.sqrt(),
        })
    }
}

/// By sorted row: the place of its score among the distinct scores, from 1.
fn places(score: &[f64], rows: &[u32]) -> Vec<u32> {
    let mut keys: Vec<(u64, u32)> =
        rows.iter().enumerate().map(|(k, &r)| (ordered(score[r as usize]), k as u32)).collect();
    keys.sort_unstable();
    let mut places = vec![0; rows.len()];
    let (mut place, mut last) = (0, None);
    for (value, k) in keys {
        if last != Some(value) {
            place += 1;
            last = Some(value);
        }
        places[k as usize] = place;
    }
    places
}

/// Runs of sorted rows with the same exit.
fn groups(rows: &[u32], exit: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut begin = 0;
    for k in 1..=rows.len() {
        if k == rows.len() || exit[rows[k] as usize] != exit[rows[begin] as usize] {
            out.push(begin..k);
            begin = k;
        }
    }
    out
}

/// Sums of weights by place, under updates (Fenwick 1994).
struct Tree {
    sums: Vec<f64>,
    own: Vec<f64>,
    total: f64,
}

impl Tree {
    fn new(places: usize) -> Self {
        Self { sums: vec![0.0; places + 1], own: vec![0.0; places + 1], total: 0.0 }
    }

    fn add(&mut self, place: u32, weight: f64) {
        self.total += weight;
        self.own[place as usize] += weight;
        let mut k = place as usize;
        while k < self.sums.len() {
            self.sums[k] += weight;
            k += k & k.wrapping_neg();
        }
    }

    /// Weight below, at, and above a place.
    fn around(&self, place: u32) -> (f64, f64, f64) {
        let mut below = 0.0;
        let mut k = place as usize - 1;
        while k > 0 {
            below += self.sums[k];
            k &= k - 1;
        }
        let own = self.own[place as usize];
        (below, own, self.total - below - own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pairs, one by one.
    fn brute(y: &Outcome, score: &[f64]) -> (f64, f64, f64) {
        let mut sums = (0.0, 0.0, 0.0);
        for i in (0..y.len()).filter(|&i| y.cause()[i] > 0) {
            for j in 0..y.len() {
                let (ti, tj) = (y.exit()[i], y.exit()[j]);
                let after = tj > ti || (tj == ti && y.cause()[j] == 0);
                if j == i || !after || y.entry().is_some_and(|e| e[j] >= ti) {
                    continue;
                }
                match score[i].total_cmp(&score[j]) {
                    std::cmp::Ordering::Greater => sums.0 += 1.0,
                    std::cmp::Ordering::Less => sums.1 += 1.0,
                    std::cmp::Ordering::Equal => sums.2 += 1.0,
                }
            }
        }
        sums
    }

    fn sample(late: bool) -> (Outcome, Vec<f64>) {
        let exit: Vec<f64> = (0..80).map(|i| f64::from((i * 37) % 31 + 6)).collect();
        let cause = (0..80).map(|i| u32::from(i % 3 != 0)).collect();
        let entry = late.then(|| (0..80).map(|i| f64::from((i * 5) % 6)).collect());
        let score = (0..80).map(|i| f64::from((i * 13) % 17)).collect();
        (Outcome::new(entry, exit, cause, vec!["a".into()]).unwrap(), score)
    }

    #[test]
    fn counts_every_pair_once() {
        for late in [false, true] {
            let (y, score) = sample(late);
            let c = concordance(&y, &score, &ConcordanceOptions::default()).unwrap().unwrap();
            assert_eq!((c.concordant, c.discordant, c.tied_score), brute(&y, &score), "{late}");
        }
    }

    /// The influence of a row is the derivative with respect to its weight.
    #[test]
    fn the_error_is_the_root_of_summed_squared_influences() {
        for late in [false, true] {
            let (y, score) = sample(late);
            let c = concordance(&y, &score, &ConcordanceOptions::default()).unwrap().unwrap();
            let with = |row: usize, by: f64| {
                let mut w = vec![1.0; y.len()];
                w[row] += by;
                let options = ConcordanceOptions { weights: Some(&w), ..Default::default() };
                concordance(&y, &score, &options).unwrap().unwrap().c
            };
            let h = 1e-5;
            let sum: f64 =
                (0..y.len()).map(|row| ((with(row, h) - with(row, -h)) / (2.0 * h)).powi(2)).sum();
            assert!((sum.sqrt() - c.se).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_to_compare_is_no_answer() {
        let y = Outcome::new(None, vec![1.0, 2.0], vec![0, 0], vec!["a".into()]).unwrap();
        assert_eq!(concordance(&y, &[1.0, 2.0], &ConcordanceOptions::default()).unwrap(), None);
        assert!(concordance(&y, &[1.0, f64::NAN], &ConcordanceOptions::default()).is_err());
        assert!(concordance(&y, &[1.0], &ConcordanceOptions::default()).is_err());
    }
}
