//! All ways to place sets of siblings in one problem of assignment, solved with its proof.
//!
//! A set of siblings has ways: lists of pieces (groups of the problem), of which exactly one list
//! is to be looked at. Families that do not exist see to that. Each way has a token; a family E of
//! its own that holds *either* the token *or* all of the way's pieces; and the set has a family D
//! with room for all tokens but one. A token is worth so much in D that one of them being anywhere
//! else is worth the best that its pieces could be worth in real families; a piece in E is worth
//! its best real pair, and a token in E as much as all its pieces.
//!
//! Then some best choice holds all tokens but one in D, that one in its E, and the pieces of the
//! other ways in theirs, so that only the pieces of one way are free to be placed or not:
//! * a piece of a way whose token is in D loses nothing by going back into its E;
//! * of two tokens outside D one goes to D with all its pieces going back, which gains at least
//!   the value of a token in D, less what its pieces were worth;
//! * the token that remains outside D takes the room of its pieces in E, which are worth no more.
//!
//! Pieces that may not share a family may not share E either: there a link stands for the piece,
//! worth as much, which is in E or in a family Q that holds either the link or the piece. With
//! the token in E the link is in Q, and the piece is free.
//!
//! All such choices differ from what they place by one constant, so that the bound of this
//! problem, less the constant, is a bound over all ways and all assignments.

use crate::matching::assign::{Effort, Pair, Problem, Solution, solve_with_progress};
use crate::progress::Progress;

/// A way to place a set of siblings.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::matching) struct Way {
    /// Its pieces, as groups of the problem. Ways of one set may share pieces, sets may not.
    pub pieces: Vec<usize>,
    /// What it costs to place the siblings in this way, from 0.
    pub cost: f64,
}

impl Way {
    /// The same way at no cost.
    pub fn for_nothing(&self) -> Self {
        Self { cost: 0.0, ..self.clone() }
    }
}

/// The cheapest way that allows what a choice places: the position among the ways. A way costs the
/// same whether or not all its pieces find a place.
pub(in crate::matching) fn cheapest<T>(ways: &[Way], chosen: &[Option<T>]) -> Option<usize> {
    let of_set = ways.iter().flat_map(|w| &w.pieces).copied();
    let placed: Vec<usize> = of_set.filter(|&p| chosen[p].is_some()).collect();
    let could = (0..ways.len()).filter(|&w| placed.iter().all(|p| ways[w].pieces.contains(p)));
    could.min_by(|&a, &b| ways[a].cost.total_cmp(&ways[b].cost))
}

/// Solves a problem some of whose groups are pieces of ways: the sum of the scores less what the
/// ways cost is as large as can be, and of each set the placed pieces are all of one way. The
/// solution counts real pairs and costs only; its prices are those of the groups' first ways.
pub(in crate::matching) fn solve_ways(
    problem: &Problem,
    sets: &[Vec<Way>],
    effort: Effort,
    progress: &dyn Progress,
) -> Solution {
    let Some(one) = OneProblem::new(problem, sets) else {
        return solve_with_progress(problem, effort, progress);
    };
    let mut solution = solve_with_progress(&one.problem, effort, progress);
    let proven = solution.is_optimal();
    let bound = solution.bound - one.constant;
    let cost = one.keep_one_way(problem, sets, &mut solution);
    let scores = solution.chosen.iter().flatten().map(|&k| problem.pairs()[k].score);
    solution.objective = scores.sum::<f64>() - cost;
    solution.bound = if proven { solution.objective } else { bound.max(solution.objective) };
    solution.group_prices.truncate(problem.groups());
    solution
}

/// The problem with the families, tokens and links that do not exist.
struct OneProblem {
    problem: Problem,
    /// What they add to the value of a choice.
    constant: f64,
    /// Per pair the real pair that it stands for.
    stands_for: Vec<Option<usize>>,
    /// Per set and way.
    ways: Vec<Vec<Made>>,
    /// Per set, the family that holds all tokens but one.
    rest: Vec<u32>,
}

/// A way in the problem.
struct Made {
    token: u32,
    /// Its pieces: groups of the problem, or copies of those that another way has.
    pieces: Vec<u32>,
}

impl OneProblem {
    /// `None` where a problem cannot be made, which no valid problem gives.
    fn new(problem: &Problem, sets: &[Vec<Way>]) -> Option<Self> {
        let mut new = Enlarged::of(problem);
        let (mut constant, mut made, mut rest) = (0.0, Vec::new(), Vec::new());
        for ways in sets {
            let worth = |way: &Way| way.pieces.iter().map(|&p| new.most[p]).sum::<f64>();
            let top = ways.iter().map(worth).fold(0.0, f64::max);
            let d = new.family(ways.len().saturating_sub(1));
            constant -= top;
            let mut of_set = Vec::with_capacity(ways.len());
            for way in ways {
                let (token, pieces) = (new.group(), way.pieces.iter().map(|&p| new.copy(p)));
                let way_made = Made { token, pieces: pieces.collect() };
                new.pair(token, d, 1, top + way.cost);
                constant += top + way.cost + new.hold(way, &way_made);
                of_set.push(way_made);
            }
            made.push(of_set);
            rest.push(d);
        }
        let stands_for = new.stands_for.clone();
        Some(Self { problem: new.problem()?, constant, stands_for, ways: made, rest })
    }

    /// Leaves the pieces of one way of each set placed, and the other pieces out: the way whose
    /// pieces are worth most of those whose token is not among the rest, as the argument above
    /// says. Gives what these ways cost.
    fn keep_one_way(&self, real: &Problem, sets: &[Vec<Way>], solution: &mut Solution) -> f64 {
        let chosen = std::mem::take(&mut solution.chosen);
        let placed = |g: u32| chosen[g as usize].and_then(|k| self.stands_for[k]);
        let family = |g: u32| chosen[g as usize].map(|k| self.problem.pairs()[k].family);
        let mut kept: Vec<Option<usize>> = (0..real.groups() as u32).map(placed).collect();
        let mut cost = 0.0;
        for ((ways, made), d) in sets.iter().zip(&self.ways).zip(&self.rest) {
            let worth = |w: &usize| {
                let pairs = made[*w].pieces.iter().filter_map(|&p| placed(p));
                pairs.map(|k| real.pairs()[k].score).sum::<f64>() - ways[*w].cost
            };
            let open = (0..ways.len()).filter(|&w| family(made[w].token) != Some(*d));
            ways.iter().flat_map(|way| &way.pieces).for_each(|&p| kept[p] = None);
            let Some(best) = open.max_by(|a, b| worth(a).total_cmp(&worth(b))) else { continue };
            for (&p, &copy) in ways[best].pieces.iter().zip(&made[best].pieces) {
                kept[p] = placed(copy);
            }
            cost += ways[best].cost;
        }
        solution.chosen = kept;
        cost
    }
}

/// A problem that grows.
struct Enlarged<'a> {
    real: &'a Problem,
    groups: u32,
    places: Vec<u32>,
    pairs: Vec<Pair>,
    stands_for: Vec<Option<usize>>,
    /// Per real group its best score, at least 0.
    most: Vec<f64>,
    /// Per real group its pairs.
    of_group: Vec<Vec<usize>>,
    /// Per real group those that stand for it; empty where it is a piece of no way yet.
    copies: Vec<Vec<u32>>,
    /// Real groups that may not share a family, the smaller first, in order.
    conflicts: Vec<(usize, usize)>,
}

impl<'a> Enlarged<'a> {
    fn of(real: &'a Problem) -> Self {
        let mut most = vec![0.0_f64; real.groups()];
        let mut of_group = vec![Vec::new(); real.groups()];
        for (k, pair) in real.pairs().iter().enumerate() {
            let g = pair.group as usize;
            if pair.takes <= real.places()[pair.family as usize] {
                most[g] = most[g].max(pair.score);
            }
            of_group[g].push(k);
        }
        let order = |&(a, b): &(u32, u32)| (a.min(b) as usize, a.max(b) as usize);
        let mut conflicts: Vec<(usize, usize)> = real.conflicts().iter().map(order).collect();
        conflicts.sort_unstable();
        Self {
            real,
            groups: real.groups() as u32,
            places: real.places().to_vec(),
            pairs: real.pairs().to_vec(),
            stands_for: (0..real.pairs().len()).map(Some).collect(),
            most,
            of_group,
            copies: vec![Vec::new(); real.groups()],
            conflicts,
        }
    }

    fn problem(self) -> Option<Problem> {
        let mut conflicts = Vec::new();
        let all = |g: usize| match &self.copies[g][..] {
            [] => vec![g as u32],
            copies => copies.to_vec(),
        };
        for &(a, b) in &self.conflicts {
            let pairs = all(a).into_iter().flat_map(|a| all(b).into_iter().map(move |b| (a, b)));
            conflicts.extend(pairs);
        }
        Problem::new(self.groups as usize, self.places, self.pairs, conflicts).ok()
    }

    fn group(&mut self) -> u32 {
        self.groups += 1;
        self.groups - 1
    }

    fn family(&mut self, places: usize) -> u32 {
        self.places.push(places as u32);
        self.places.len() as u32 - 1
    }

    fn pair(&mut self, group: u32, family: u32, takes: u32, score: f64) {
        self.pairs.push(Pair { group, family, takes, score });
        self.stands_for.push(None);
    }

    /// A group that stands for a piece: the piece itself for the first way that has it.
    fn copy(&mut self, piece: usize) -> u32 {
        let copy = if self.copies[piece].is_empty() { piece as u32 } else { self.group() };
        self.copies[piece].push(copy);
        if copy as usize != piece {
            for &k in &self.of_group[piece] {
                self.pairs.push(Pair { group: copy, ..self.real.pairs()[k] });
                self.stands_for.push(Some(k));
            }
        }
        copy
    }

    /// The family that holds the token of a way or its pieces; gives what it is worth.
    fn hold(&mut self, way: &Way, made: &Made) -> f64 {
        let both = way.pieces.iter().copied().zip(made.pieces.iter().copied());
        let held: Vec<(usize, u32)> = both.filter(|&(p, _)| self.most[p] > 0.0).collect();
        if held.is_empty() {
            return 0.0;
        }
        let e = self.family(held.len());
        let mut worth: f64 = held.iter().map(|&(p, _)| self.most[p]).sum();
        self.pair(made.token, e, held.len() as u32, worth);
        for (k, &(p, copy)) in held.iter().enumerate() {
            let most = self.most[p];
            let clash = |&(q, _): &(usize, u32)| {
                self.conflicts.binary_search(&(p.min(q), p.max(q))).is_ok()
            };
            if held[..k].iter().any(clash) {
                let (link, q) = (self.group(), self.family(1));
                self.pair(link, e, 1, most);
                self.pair(link, q, 1, most);
                self.pair(copy, q, 1, most);
                worth += most;
            } else {
                self.pair(copy, e, 1, most);
            }
        }
        worth
    }
}

#[cfg(test)]
mod tests;
