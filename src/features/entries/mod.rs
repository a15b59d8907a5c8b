//! The rows of the catalogue, by subject.

mod child;
mod family;
mod pair;
mod placement;

use super::catalogue::Feature;
use super::facts::Facts;

/// A feature whose values are the codes of a closed list.
macro_rules! code {
    ($list:ident, |$f:ident| $read:expr) => {
        $crate::features::catalogue::Value::Code(
            |$f| $read.and_then(|found: $list| $list::ALL.iter().position(|c| *c == found)),
            |place| $list::ALL.get(place).map_or("", |c| c.code()),
        )
    };
}

use code;

/// All rows in one list.
static ALL: [Feature;
    child::ROWS.len() + family::ROWS.len() + placement::ROWS.len() + pair::ROWS.len()] =
    join(&[child::ROWS, family::ROWS, placement::ROWS, pair::ROWS]);

/// Every feature: of the child, of the family, of the placement, and of child and family together.
pub static CATALOGUE: &[Feature] = &ALL;

/// Puts lists behind one another.
const fn join<const N: usize>(lists: &[&[Feature]]) -> [Feature; N] {
    let mut all = [child::ROWS[0]; N];
    let (mut at, mut list) = (0, 0);
    while list < lists.len() {
        let mut k = 0;
        while k < lists[list].len() {
            all[at] = lists[list][k];
            at += 1;
            k += 1;
        }
        list += 1;
    }
    all
}

/// A source of several rows.
const MUNICIPAL: &str = "Transformatieplan Jeugd Achterhoek 2018-2022";
/// A source of several rows.
const HAN: &str = "Geerlings & Van de Ven 2018 (HAN/Lindenhout)";
/// A source of several rows.
const OOSTERMAN: &str = "Oosterman et al. 2007";
/// A source of several rows.
const ROCK: &str = "Rock et al. 2015";
/// A source of several rows.
const DESCRIPTIVE: &str = "descriptive: no published effect";
/// A source of several rows.
const MATCHING: &str = "Methodisch Matchen (NJi 2020)";

/// 1 for yes, 0 for no, NaN for not known.
fn yes(known: Option<bool>) -> f64 {
    known.map_or(f64::NAN, |b| f64::from(u8::from(b)))
}

/// Whether two known things are equal, as yes or no.
fn is<T: PartialEq>(found: Option<T>, wanted: &[T]) -> f64 {
    yes(found.map(|f| wanted.contains(&f)))
}

/// Days as months.
fn months(days: i32) -> f64 {
    f64::from(days) / crate::DAYS_PER_MONTH
}

fn demand(f: &Facts<'_>) -> f64 {
    f.child_score(f.cx.behaviour_demand)
}

/// Whether something happened before: a recorded one is certain, none recorded is certain only
/// where nothing came before the records.
fn ever(f: &Facts<'_>, recorded: u32) -> f64 {
    if recorded > 0 { 1.0 } else { f.if_complete(0) }
}

fn capacity(f: &Facts<'_>) -> f64 {
    f.family_score(f.cx.parenting_capacity)
}
