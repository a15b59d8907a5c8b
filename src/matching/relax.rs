//! Concessions: which small change brings families back, and the cheapest ones that reach enough.

use super::choice::ChoiceSet;
use super::fact::{Fact, one_decimal};
use super::rules::{Relax, RuleName, Rules};
use crate::history::FamilyIx;
use crate::score::Note;

/// The rules that can give way, in the order of their amounts in [`Amounts`].
const MEASURED: [RuleName; 7] = [
    RuleName::DistanceHome,
    RuleName::DistanceSchool,
    RuleName::ContactAreas,
    RuleName::Age,
    RuleName::NeedsAccepted,
    RuleName::OwnChildren,
    RuleName::RestPeriod,
];

/// How far each rule of [`MEASURED`] gives way, in its own unit.
type Amounts = [f64; MEASURED.len()];

/// Steps of the search for the cheapest set; beyond it the answer carries a bound.
const STEPS: u64 = 200_000;

/// A concession on one or more rules and the families that it adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Concession {
    /// What it costs.
    pub price: f64,
    /// The rules that give way, and by how much.
    pub changes: Vec<(RuleName, f64)>,
    /// The families that become candidates.
    pub adds: Vec<FamilyIx>,
    /// No concession that adds as many costs less than this; equal to `price` where proven.
    pub least: f64,
}

/// A family that concessions can bring back.
#[derive(Debug, Clone, PartialEq)]
struct Reachable {
    family: FamilyIx,
    needs: Amounts,
    price: f64,
}

/// The concessions for one group: for each rule alone the first step that adds a family and the
/// step that reaches the wanted number, and the cheapest concession on any rules that reaches it
/// (or as many as can be reached). Cheapest first.
#[must_use]
pub fn concessions(set: &ChoiceSet, rules: &Rules) -> Vec<Concession> {
    let have = set.families().filter(|f| f.passes()).count();
    let prices = prices(rules);
    let reachable = reachable(set, rules, &prices);
    let lacking = rules.choice.wanted.saturating_sub(have);
    let mut out: Vec<Concession> = Vec::new();
    for k in 0..MEASURED.len() {
        let mut alone: Vec<(f64, FamilyIx)> = reachable
            .iter()
            .filter(|r| r.needs.iter().enumerate().all(|(j, n)| j == k || *n == 0.0))
            .map(|r| (r.needs[k], r.family))
            .collect();
        alone.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for count in [1, lacking.clamp(1, alone.len().max(1))] {
            if let Some(&(amount, _)) = alone.get(count - 1) {
                let mut amounts = [0.0; MEASURED.len()];
                amounts[k] = amount;
                push(&mut out, concession(&reachable, &amounts, &prices, None));
            }
        }
    }
    if lacking > 0 && !reachable.is_empty() {
        let wanted = lacking.min(reachable.len());
        let (amounts, least) = cheapest(&reachable, &prices, wanted, STEPS);
        push(&mut out, concession(&reachable, &amounts, &prices, Some(least)));
    }
    out.sort_by(|a, b| {
        a.price.total_cmp(&b.price).then(b.adds.len().cmp(&a.adds.len())).then_with(|| {
            let rules = |c: &Concession| c.changes.iter().map(|(r, _)| *r).collect::<Vec<_>>();
            rules(a).cmp(&rules(b))
        })
    });
    out
}

fn push(out: &mut Vec<Concession>, new: Concession) {
    match out.iter_mut().find(|c| c.changes == new.changes) {
        // The same concession, perhaps now with a proof that nothing cheaper adds as many.
        Some(old) => old.least = old.least.max(new.least),
        None => out.push(new),
    }
}

fn prices(rules: &Rules) -> Amounts {
    MEASURED.map(|name| match rules.rules.get(&name).map(|r| r.relax) {
        Some(Relax::Price { price, .. }) => price,
        _ => 0.0,
    })
}

fn total(amounts: &Amounts, prices: &Amounts) -> f64 {
    amounts.iter().zip(prices).map(|(a, p)| a * p).sum()
}

fn covers(amounts: &Amounts, needs: &Amounts) -> bool {
    needs.iter().zip(amounts).all(|(n, a)| n <= a)
}

fn joined(a: &Amounts, b: &Amounts) -> Amounts {
    std::array::from_fn(|k| a[k].max(b[k]))
}

/// Families that are excluded only by rules that can give way far enough, cheapest first.
fn reachable(set: &ChoiceSet, rules: &Rules, prices: &Amounts) -> Vec<Reachable> {
    let mut out = Vec::new();
    'families: for choice in set.families().filter(|f| !f.passes()) {
        let mut needs = [0.0_f64; MEASURED.len()];
        for refusal in choice.refusals() {
            // A sibling's own veto is counted where it stands.
            if matches!(refusal.fact, Fact::SiblingExcluded { .. }) {
                continue;
            }
            let at = MEASURED.iter().position(|r| *r == refusal.rule);
            let relax = rules.rules.get(&refusal.rule).map(|r| r.relax);
            match (at, refusal.short_by, relax) {
                (Some(k), Some(by), Some(Relax::Price { max, .. })) if by <= max => {
                    needs[k] = needs[k].max(by);
                }
                _ => continue 'families,
            }
        }
        let price = total(&needs, prices);
        out.push(Reachable { family: choice.family, needs, price });
    }
    out.sort_by(|a, b| a.price.total_cmp(&b.price).then(a.family.cmp(&b.family)));
    out
}

fn concession(
    reachable: &[Reachable],
    amounts: &Amounts,
    prices: &Amounts,
    least: Option<f64>,
) -> Concession {
    let mut adds: Vec<FamilyIx> =
        reachable.iter().filter(|r| covers(amounts, &r.needs)).map(|r| r.family).collect();
    adds.sort_unstable();
    let changes =
        MEASURED.iter().zip(amounts).filter(|(_, a)| **a > 0.0).map(|(r, a)| (*r, *a)).collect();
    let price = total(amounts, prices);
    Concession { price, changes, adds, least: least.unwrap_or(0.0) }
}

/// The cheapest amounts that cover `wanted` families, and a bound below which none can be.
///
/// Depth first over families in order of their own price: a set costs at least what each of its
/// families costs alone, so that the search ends where families alone cost more than the best.
fn cheapest(
    reachable: &[Reachable],
    prices: &Amounts,
    wanted: usize,
    steps: u64,
) -> (Amounts, f64) {
    // Together the cheapest families are enough; a start for the search.
    let start = reachable[..wanted]
        .iter()
        .fold([0.0; MEASURED.len()], |amounts, r| joined(&amounts, &r.needs));
    let mut search =
        Cheapest { reachable, prices, wanted, best: start, price: total(&start, prices), steps };
    search.go(0, &[0.0; MEASURED.len()]);
    // Whatever covers so many families costs at least what the last of the cheapest costs alone.
    let least = if search.steps == 0 {
        reachable[wanted - 1].price.min(search.price)
    } else {
        search.price
    };
    (search.best, least)
}

struct Cheapest<'a> {
    reachable: &'a [Reachable],
    prices: &'a Amounts,
    wanted: usize,
    best: Amounts,
    price: f64,
    steps: u64,
}

impl Cheapest<'_> {
    fn go(&mut self, from: usize, amounts: &Amounts) {
        let covered = self.reachable.iter().filter(|r| covers(amounts, &r.needs)).count();
        if covered >= self.wanted {
            let price = total(amounts, self.prices);
            if price < self.price {
                (self.best, self.price) = (*amounts, price);
            }
            return;
        }
        for k in from..self.reachable.len() {
            let next = &self.reachable[k];
            if next.price >= self.price || self.steps == 0 {
                return;
            }
            if covers(amounts, &next.needs) {
                continue;
            }
            let with = joined(amounts, &next.needs);
            if total(&with, self.prices) >= self.price {
                continue;
            }
            self.steps -= 1;
            self.go(k + 1, &with);
        }
    }
}

impl Concession {
    /// The concession in words.
    #[must_use]
    pub fn note(&self) -> Note {
        let words: Vec<(String, String)> =
            self.changes.iter().map(|&(rule, amount)| words(rule, amount)).collect();
        let join = |pick: fn(&(String, String)) -> &str| {
            let text = words.iter().map(pick).collect::<Vec<_>>().join("; ");
            let mut letters = text.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().collect::<String>() + letters.as_str() + "."
            })
        };
        let code = match self.changes[..] {
            [(rule, _)] => format!("relax_{}", rule.name()),
            _ => "relax_several".into(),
        };
        Note::new(code, join(|w| &w.0), join(|w| &w.1))
    }
}

fn words(rule: RuleName, amount: f64) -> (String, String) {
    // Rounded up, so that what is written down is enough.
    let tenth = (amount * 10.0 - 1e-9).ceil() / 10.0;
    let (nl, en) = (one_decimal(tenth, ','), one_decimal(tenth, '.'));
    let or = |one: &'static str, more: &'static str| if en == "1" { one } else { more };
    match rule {
        RuleName::DistanceHome => {
            (format!("{nl} km verder van huis zoeken"), format!("look {en} km further from home"))
        }
        RuleName::DistanceSchool => (
            format!("{nl} km verder van school zoeken"),
            format!("look {en} km further from school"),
        ),
        RuleName::ContactAreas => (
            format!("{nl} km verder zoeken van de mensen met wie het kind contact heeft"),
            format!("look {en} km further from the people the child keeps contact with"),
        ),
        RuleName::Age => (
            format!("aan gezinnen vragen of {nl} jaar buiten hun leeftijdsgrens kan"),
            format!(
                "ask families whether {en} {} outside their age range is possible",
                or("year", "years")
            ),
        ),
        RuleName::NeedsAccepted => (
            format!(
                "aan gezinnen vragen of zij {nl} {} meer aankunnen",
                or("behoefte", "behoeften")
            ),
            format!("ask families whether they can meet {en} more {}", or("need", "needs")),
        ),
        RuleName::OwnChildren => (
            format!(
                "aan gezinnen vragen of een {nl} jaar kleiner leeftijdsverschil met hun eigen kind kan"
            ),
            format!(
                "ask families whether an age gap to their own child smaller by {en} {} is possible",
                or("year", "years")
            ),
        ),
        _ => (
            format!("{nl} {} wachten tot het gezin rust heeft gehad", or("dag", "dagen")),
            format!("wait {en} {} until the family has rested", or("day", "days")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn one_and_more_are_worded_apart() {
        let (nl, en) = words(RuleName::NeedsAccepted, 1.0);
        assert_eq!(nl, "aan gezinnen vragen of zij 1 behoefte meer aankunnen");
        assert_eq!(en, "ask families whether they can meet 1 more need");
        assert!(words(RuleName::NeedsAccepted, 2.0).1.ends_with("2 more needs"));
        assert!(words(RuleName::Age, 1.0).1.contains(" 1 year outside"));
        assert!(words(RuleName::OwnChildren, 0.04).1.contains(" 0.1 years is"));
        assert_eq!(
            words(RuleName::RestPeriod, 1.0).0,
            "1 dag wachten tot het gezin rust heeft gehad"
        );
        assert!(words(RuleName::RestPeriod, 7.0).1.starts_with("wait 7 days"));
    }

    /// The cheapest price by trying every set of families.
    fn brute(reachable: &[Reachable], prices: &Amounts, wanted: usize) -> f64 {
        let mut best = f64::INFINITY;
        for set in 0u32..1 << reachable.len() {
            let mut amounts = [0.0; MEASURED.len()];
            for (k, r) in reachable.iter().enumerate() {
                if set >> k & 1 == 1 {
                    amounts = joined(&amounts, &r.needs);
                }
            }
            let covered = reachable.iter().filter(|r| covers(&amounts, &r.needs)).count();
            if covered >= wanted {
                best = best.min(total(&amounts, prices));
            }
        }
        best
    }

    fn random(rng: &mut rand_chacha::ChaCha12Rng, families: usize) -> (Vec<Reachable>, Amounts) {
        let prices: Amounts = std::array::from_fn(|_| f64::from(rng.random_range(0..4_u8)));
        let mut reachable: Vec<Reachable> = (0..families)
            .map(|f| {
                let mut needs = [0.0; MEASURED.len()];
                for _ in 0..rng.random_range(1..4) {
                    needs[rng.random_range(0..MEASURED.len())] = rng.random_range(0.1..9.0);
                }
                Reachable { family: FamilyIx(f as u32), needs, price: total(&needs, &prices) }
            })
            .collect();
        reachable.sort_by(|a, b| a.price.total_cmp(&b.price));
        (reachable, prices)
    }

    #[test]
    fn the_cheapest_concession_equals_brute_force_on_five_hundred_small_cases() {
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(500);
        for round in 0..500 {
            let families = rng.random_range(1..=9);
            let (reachable, prices) = random(&mut rng, families);
            let wanted = rng.random_range(1..=families.min(4));
            let best = brute(&reachable, &prices, wanted);
            let (amounts, least) = cheapest(&reachable, &prices, wanted, STEPS);
            let price = total(&amounts, &prices);
            assert!((price - best).abs() < 1e-9, "round {round}: {price} against {best}");
            assert_eq!(least, price, "proven");
            let covered = reachable.iter().filter(|r| covers(&amounts, &r.needs)).count();
            assert!(covered >= wanted);
            // With no effort the bound is still a bound.
            let (_, least) = cheapest(&reachable, &prices, wanted, 0);
            assert!(least <= best + 1e-9);
        }
    }

    #[test]
    fn five_thousand_families_are_searched_at_once() {
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(1);
        let (reachable, prices) = random(&mut rng, 5000);
        let (amounts, least) = cheapest(&reachable, &prices, 3, STEPS);
        assert!(least <= total(&amounts, &prices) && least > 0.0 || prices.contains(&0.0));
    }
}
