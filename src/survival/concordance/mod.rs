//! Concordance between a risk score and who ends first: Harrell's and Uno's, in O(n log n).

mod sums;

use std::ops::Range;

use rayon::prelude::*;

use super::km::KaplanMeier;
use super::logrank::{by_stratum, check_cause, numbered};
use super::table::{Key, check_weights, key, order_and_room, sort};
use super::{FitError, Outcome};
use sums::{Amount, Counter, Sums, Tree, begins};

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
    // Room to sort in is made once: it is most of what is needed.
    let (all, mut room) = order_and_room(outcome.exit());
    let strata = match options.strata {
        None => vec![all],
        Some(s) => by_stratum(&all, &numbered(s, n, "the strata")?.1),
    };
    let mut total = Part::default();
    let mut counted = Vec::with_capacity(strata.len());
    for rows in strata {
        let stratum = Stratum::new(outcome, score, options, &rows, std::mem::take(&mut room));
        drop(rows);
        counted.push(stratum.count(&mut total));
    }
    Ok(result(total, &counted))
}

/// Weights of pairs.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    concordant: f64,
    discordant: f64,
    tied: f64,
}

impl Part {
    /// Adds what a row that ends finds: lower scores are concordant.
    fn add(&mut self, weight: f64, (below, equal, above): (f64, f64, f64)) {
        self.concordant += weight * below;
        self.discordant += weight * above;
        self.tied += weight * equal;
    }

    fn all(self) -> f64 {
        self.concordant + self.discordant + self.tied
    }
}

/// By row: twice the weight of its pairs that are concordant (ties half), and that of all its pairs.
type Found<T> = Vec<[T; 2]>;

/// What the rows of a stratum find: as those that end first (one item for each end, in order), and
/// as those that outlive others (one item for each row).
enum Counts {
    Whole(Found<i32>, Found<i32>),
    Weights(Found<f64>, Found<f64>),
}

/// The concordance from the weights of all pairs, and what each stratum's rows found.
fn result(total: Part, strata: &[Counted]) -> Option<Concordance> {
    let all = total.all();
    if !(all > 0.0 && all.is_finite()) {
        return None;
    }
    let c = (total.concordant + 0.5 * total.tied) / all;
    let variance: f64 = strata.iter().map(|s| s.squares(c, all)).sum();
    Some(Concordance {
        concordant: total.concordant,
        discordant: total.discordant,
        tied_score: total.tied,
        c,
        se: variance.sqrt(),
    })
}

/// A stratum whose pairs are counted.
struct Counted {
    flags: Vec<u8>,
    weight: Option<Vec<f64>>,
    time_weight: Option<Vec<f64>>,
    counts: Counts,
}

impl Counted {
    /// Σ of squared influences, given C and the weight of all pairs.
    fn squares(&self, c: f64, all: f64) -> f64 {
        match &self.counts {
            Counts::Whole(ends, others) => self.squares_of(ends, others, c, all),
            Counts::Weights(ends, others) => self.squares_of(ends, others, c, all),
        }
    }

    fn squares_of<T: Amount>(&self, ends: &[[T; 2]], others: &[[T; 2]], c: f64, all: f64) -> f64 {
        let mut ends = ends.iter();
        let mut squares = 0.0;
        for (k, (flags, other)) in self.flags.iter().zip(others).enumerate() {
            let [mut twice, mut sum] = other.map(T::to_f64);
            if flags & ENDS > 0
                && let Some(end) = ends.next()
            {
                let worth = self.time_weight.as_ref().map_or(1.0, |w| w[k]);
                twice += worth * end[0].to_f64();
                sum += worth * end[1].to_f64();
            }
            let w = self.weight.as_ref().map_or(1.0, |w| w[k]);
            squares += (w * (0.5 * twice - c * sum) / all).powi(2);
        }
        squares
    }
}

/// Of a row: it ends by what counts; it is the first with its exit.
const ENDS: u8 = 1;
const BEGINS: u8 = 2;

/// The rows of one stratum by exit; all columns are in this order.
struct Stratum {
    /// [`ENDS`] and [`BEGINS`].
    flags: Vec<u8>,
    /// The place of the score among the distinct scores, from 0.
    place: Vec<u32>,
    weight: Option<Vec<f64>>,
    /// What a pair is worth whose earlier end is this row's.
    time_weight: Option<Vec<f64>>,
    /// Rows by entry, and by row the first group whose time comes after its entry.
    late: Vec<u32>,
    entry: Vec<u32>,
}

impl Stratum {
    fn new(
        outcome: &Outcome,
        score: &[f64],
        options: &ConcordanceOptions,
        rows: &[u32],
        room: Vec<Key>,
    ) -> Self {
        let (exit, cause) = (outcome.exit(), outcome.cause());
        let ends = |&r: &u32| {
            let c = cause[r as usize];
            c > 0
                && options.cause.is_none_or(|cause| cause == c)
                && options.upto.is_none_or(|t| exit[r as usize] <= t)
        };
        let begins = |k: usize| k == 0 || exit[rows[k - 1] as usize] != exit[rows[k] as usize];
        let flag = |(k, r): (usize, &u32)| {
            (if ends(r) { ENDS } else { 0 }) | (if begins(k) { BEGINS } else { 0 })
        };
        let flags: Vec<u8> = rows.iter().enumerate().map(flag).collect();
        let (mut late, mut entered) = (Vec::new(), Vec::new());
        if let Some(entry) = outcome.entry() {
            let firsts = rows.iter().zip(&flags).filter(|(_, f)| **f & BEGINS > 0);
            let times: Vec<f64> = firsts.map(|(&r, _)| exit[r as usize]).collect();
            let first = |&r: &u32| times.partition_point(|&t| t <= entry[r as usize]) as u32;
            entered = rows.par_iter().map(first).collect();
            late = (0..rows.len() as u32).collect();
            late.sort_unstable_by_key(|&k| (entered[k as usize], k));
        }
        Self {
            flags,
            place: places(score, rows, room),
            weight: options.weights.map(|w| rows.iter().map(|&r| w[r as usize]).collect()),
            time_weight: match options.pairs {
                PairWeight::Harrell => None,
                PairWeight::Uno => uno_weights(outcome, options.weights, rows),
            },
            late,
            entry: entered,
        }
    }

    fn weight(&self, k: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[k])
    }

    fn time_weight(&self, k: usize) -> f64 {
        self.time_weight.as_ref().map_or(1.0, |w| w[k])
    }

    fn ends(&self, k: usize) -> bool {
        self.flags[k] & ENDS > 0
    }

    /// The rows with the exit of the row before `end`.
    fn group_before(&self, end: usize) -> Range<usize> {
        let begins = self.flags[..end].iter().rposition(|f| f & BEGINS > 0);
        begins.unwrap_or_default()..end
    }

    /// The rows with the exit of row `begin`, which is the first of them.
    fn group_from(&self, begin: usize) -> Range<usize> {
        let more = self.flags[begin + 1..].iter().position(|f| f & BEGINS > 0);
        begin..more.map_or(self.flags.len(), |m| begin + 1 + m)
    }

    /// Counts pairs, and adds them to `total`.
    fn count(self, total: &mut Part) -> Counted {
        // Whole numbers take half the memory of the caches.
        let n = self.place.len();
        let few = n < (i32::MAX / 2) as usize;
        let counts = if few && self.weight.is_none() && self.time_weight.is_none() {
            let begin = begins(&self.place);
            let (ends, others) = self.both(total, || Counter::new(n, begin.as_deref()));
            Counts::Whole(ends, others)
        } else {
            let (ends, others) = self.both(total, || Tree::<f64>::new(n));
            Counts::Weights(ends, others)
        };
        let Self { flags, weight, time_weight, .. } = self;
        Counted { flags, weight, time_weight, counts }
    }

    fn both<T: Amount + Send, S: Sums + Send>(
        &self,
        total: &mut Part,
        sums: impl Fn() -> S,
    ) -> (Found<T>, Found<T>) {
        // The room is made here: memory of other threads' own would be kept by each for itself.
        let (n, ends) = (self.place.len(), self.flags.iter().filter(|&f| f & ENDS > 0).count());
        let mut found = (vec![[T::default(); 2]; ends], vec![[T::default(); 2]; n]);
        let (mut tree, mut other) = (sums(), sums());
        rayon::join(
            || self.as_ends(&mut tree, &mut found.0, total),
            || self.as_others(&mut other, &mut found.1),
        );
        found
    }

    /// Backwards in time: each end against those still at risk after it, by their scores.
    fn as_ends<T: Amount>(&self, tree: &mut impl Sums, found: &mut [[T; 2]], total: &mut Part) {
        let mut late = self.late.iter().rev().peekable();
        // Groups and ends to come.
        let mut group = self.flags.iter().filter(|&f| f & BEGINS > 0).count();
        let (mut end, mut next) = (self.flags.len(), found.len());
        while end > 0 {
            let rows = self.group_before(end);
            end = rows.start;
            group -= 1;
            // Censored at this time: after the ends at it.
            for k in rows.clone().filter(|&k| !self.ends(k)) {
                tree.add(self.place[k], self.weight(k));
            }
            while let Some(&k) = late.next_if(|&&k| self.entry[k as usize] as usize > group) {
                tree.add(self.place[k as usize], -self.weight(k as usize));
            }
            for k in rows.clone().rev().filter(|&k| self.ends(k)) {
                let (below, equal, above) = tree.around(self.place[k]);
                total.add(self.weight(k) * self.time_weight(k), (below, equal, above));
                next -= 1;
                found[next] = [T::of(2.0 * below + equal), T::of(below + equal + above)];
            }
            for k in rows.filter(|&k| self.ends(k)) {
                tree.add(self.place[k], self.weight(k));
            }
        }
    }

    /// Forwards in time: each row against the ends that it outlived while at risk.
    fn as_others<T: Amount, S: Sums>(&self, tree: &mut S, found: &mut [[T; 2]]) {
        let mut add = |tree: &S, k: usize, sign: f64| {
            let (below, equal, above) = tree.around(self.place[k]);
            found[k][0] += T::of(sign * (2.0 * above + equal));
            found[k][1] += T::of(sign * (below + equal + above));
        };
        let mut late = self.late.iter().peekable();
        let (mut begin, mut group) = (0, 0);
        while begin < self.flags.len() {
            let rows = self.group_from(begin);
            begin = rows.end;
            // Ends up to and at its entry are not its own.
            while let Some(&k) = late.next_if(|&&k| self.entry[k as usize] as usize <= group) {
                add(tree, k as usize, -1.0);
            }
            group += 1;
            for k in rows.clone().filter(|&k| self.ends(k)) {
                add(tree, k, 1.0);
            }
            for k in rows.clone().filter(|&k| self.ends(k)) {
                tree.add(self.place[k], self.weight(k) * self.time_weight(k));
            }
            for k in rows.filter(|&k| !self.ends(k)) {
                add(tree, k, 1.0);
            }
        }
    }
}

/// By sorted row: 1/G(t−)² at its exit, G the censoring's curve of the stratum.
fn uno_weights(outcome: &Outcome, weights: Option<&[f64]>, rows: &[u32]) -> Option<Vec<f64>> {
    let at: Vec<usize> = rows.iter().map(|&r| r as usize).collect();
    let part = outcome.of_rows(&at);
    let weights: Option<Vec<f64>> = weights.map(|w| at.iter().map(|&r| w[r]).collect());
    // The weights were checked with the whole.
    let g = KaplanMeier::of_censoring(&part, weights.as_deref()).ok()?;
    let (mut steps, mut before) = (g.steps().peekable(), 1.0);
    let inverse = |&t: &f64| {
        while let Some(step) = steps.next_if(|step| step.time < t) {
            before = step.value;
        }
        if before > 0.0 { 1.0 / (before * before) } else { 0.0 }
    };
    Some(part.exit().iter().map(inverse).collect())
}

/// By sorted row: the place of its score among the distinct scores, from 0.
fn places(score: &[f64], rows: &[u32], mut keys: Vec<Key>) -> Vec<u32> {
    keys.resize(rows.len(), Key::default());
    let fill = |(k, (to, &r)): (usize, (&mut Key, &u32))| *to = key(score[r as usize], k as u32);
    keys.par_iter_mut().zip(rows).enumerate().for_each(fill);
    sort(&mut keys);
    let mut places = vec![0; rows.len()];
    let mut place = 0;
    let mut last = keys.first().map_or([0; 2], |k| [k[0], k[1]]);
    for [high, low, k] in keys {
        place += u32::from([high, low] != last);
        last = [high, low];
        places[k as usize] = place;
    }
    places
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
