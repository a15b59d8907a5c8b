//! The whole way of `match`: choice sets, predictions, notes, the plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::ask::{Ask, Caseload};
use super::assign::Effort;
use super::calling::calling;
use super::choice::{ChoiceSet, FamilyChoice, choice_sets};
use super::equals::Equals;
use super::fact::Refusal;
use super::ledger::{Ledger, Veto, Wording};
use super::plan::Planner;
use super::predicted::Predicted;
use super::relax::concessions;
use super::result::{Assignment, Beside, Candidate, MatchResult, Relaxation, RequestMatch};
use super::rules::Rules;
use super::screen::Screen;
use super::situation::Situation;
use super::speaks::speaks;
use super::split::{Pieces, Split};
use super::stability::stability;
use super::variants::{Made, VariantOptions, variants};
use super::words::about;
use super::worth::{Worth, worth};
use crate::history::{Day, FamilyIx, History, Index};
use crate::model::{Contrasts, Contribution, Model};
use crate::progress::{Progress, Silent};
use crate::score::{Note, Reason, Risk, banner, guideline, imputed, reasons, words};
use crate::{Error, ErrorKind};

/// A term of the model speaks for or against a family where it moves the log hazard by more than
/// this against the mean of the candidates: 5 % in the hazard.
const SPEAKS: f64 = 0.05;

/// How a caseload is matched.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchOptions {
    /// The rules.
    pub rules: Rules,
    /// How much work the assignment may take.
    pub effort: Effort,
    /// Estimate from past choices what choosing by the model would have changed.
    pub worth: bool,
    /// Make the variants of the plan, and draw the risks anew.
    pub variants: Option<VariantOptions>,
    /// Allow a model that is not stamped usable or has expired; the answer then carries a banner.
    pub research: bool,
}

impl MatchOptions {
    /// The default rules and effort, for models that are stamped usable.
    ///
    /// # Errors
    /// None in practice: the default rules are valid, which a test shows.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            rules: Rules::parse("")?,
            effort: Effort::default(),
            worth: true,
            variants: None,
            research: false,
        })
    }
}

/// Candidate families for every open request of a day, what excluded the others, and a plan for
/// the caseload. Nothing that became known later is read. Risks are predictions for the pair as it
/// would start; they are no effect of the family.
///
/// # Errors
/// [`ErrorKind::Refused`] for a model that may not be used, or one with terms that have a value
/// only after the start of a placement; [`ErrorKind::Usage`] for a model that does not give the
/// risk of a placement.
pub fn match_requests(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
    options: &MatchOptions,
) -> Result<MatchResult, Error> {
    match_requests_with_progress(model, history, index, as_of, options, &Silent)
}

/// As [`match_requests`], telling `progress` of the pairs, the work and the requests that are
/// done.
///
/// # Errors
/// As [`match_requests`].
pub fn match_requests_with_progress(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
    options: &MatchOptions,
    progress: &dyn Progress,
) -> Result<MatchResult, Error> {
    let rules = &options.rules;
    with_case(model, history, index, as_of, options, progress, |case, screen| {
        let (load, sets, predicted) = (case.load, case.sets, case.predicted);
        let gains = predicted.gains(load, sets);
        let mut planner = Planner::new(case.s, screen, load, sets);
        let best = match case.split {
            None => planner.best(&gains, options.effort, progress),
            Some(split) => {
                planner.conflicts.extend(&split.not_shared);
                planner.best_of_way(&gains, split, options.effort, progress)
            }
        };
        let splits = case.split.map(|split| split.told(case.s, rules));
        let stable = stability(&planner, rules, &gains, &best.chosen);
        let variants = options.variants.map(|asked| {
            let cautious = predicted.cautious(load, sets);
            let blocking = |chosen: &[Option<usize>]| {
                stability(&planner, rules, &gains, chosen).blocking_pairs.len()
            };
            let made = Made {
                planner: &planner,
                screen,
                gains: &gains,
                cautious: &cautious,
                best: &best,
                blocking: &blocking,
                effort: options.effort,
            };
            let drawn = |k| predicted.gains_with(load, sets, &case.contrasts.draw(asked.seed, k));
            variants(&made, asked, &drawn, progress)
        });
        let requests = case.requests(progress);
        let (worth, worth_reason) = if options.worth {
            worth(model, history, index, rules, as_of)?
        } else {
            (Worth::NotIdentified, not_asked())
        };
        let calling = Some(calling(case.s, load, rules, &requests));
        Ok(MatchResult {
            schema: 1,
            as_of,
            model: model.sha256(),
            banner: banner(model, as_of),
            label: label(),
            requests,
            assignment: Assignment { splits, ..planner.assignment(&best, &gains) },
            shadow_prices: planner.shadow_prices(&best, &gains),
            beside: Beside { stability: Some(stable), calling, variants, ..Beside::default() },
            worth,
            worth_reason,
            reproducible: true,
        })
    })
}

/// The first half of [`match_requests`]: for every open request of a day the ledger of vetoes, the
/// candidates with their risks and whom the data cannot tell apart, and the concessions; no plan.
///
/// # Errors
/// As [`match_requests`].
pub fn match_candidates(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
    options: &MatchOptions,
) -> Result<Vec<RequestMatch>, Error> {
    with_case(model, history, index, as_of, options, &Silent, |case, _| Ok(case.requests(&Silent)))
}

/// Makes all that the requests of a day stand on, and does `work` with it. All of it within the
/// pool of threads: to hand over to it at every step would take longer than many of the steps.
fn with_case<T: Send>(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
    options: &MatchOptions,
    progress: &dyn Progress,
    work: impl FnOnce(&Case<'_>, &Screen<'_>) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    rayon::scope(|_| {
        model.usable_for(as_of, options.research)?;
        at_start_only(model)?;
        let situation = Situation::new(history, index, as_of);
        let rules = &options.rules;
        let screen = Screen::new(rules, history);
        let pieces = Pieces::new(&situation, rules);
        let sets = choice_sets(&situation, &screen, &pieces.load);
        let (predicted, wording) = rayon::join(
            || Predicted::new(model, &situation, &pieces.load, &sets, progress),
            || Wording::of(history, rules, all_refusals(&sets)),
        );
        let (predicted, contrasts) = predicted?;
        let split = pieces.split(&screen, &sets, &predicted, options.effort);
        let (load, sets, predicted) = pieces.keep(split.as_ref(), sets, predicted);
        let case = Case {
            contrasts: &contrasts,
            s: &situation,
            rules,
            load: &load,
            sets: &sets,
            predicted: &predicted,
            split: split.as_ref(),
            wording: Arc::new(wording),
        };
        work(&case, &screen)
    })
}

/// Refuses a model that looks past the start of a placement: for a pair that is not placed yet
/// there is nothing to see there.
fn at_start_only(model: &Model) -> Result<(), Error> {
    let Some(why) = model.only_after_start() else { return Ok(()) };
    let what = format!("this model says nothing of a placement that has not begun: {why}");
    Err(Error::new(ErrorKind::Refused, what)
        .with_hint("train a model with features.at = \"start\" for matching"))
}

/// Every veto of every choice set.
fn all_refusals(sets: &[ChoiceSet]) -> impl Iterator<Item = &Refusal> {
    sets.iter().flat_map(ChoiceSet::refusals)
}

fn label() -> Note {
    Note::new(
        "prediction_not_effect",
        "De getallen zijn voorspellingen, geen gevolgen: een verschil tussen twee gezinnen zegt niet \
         dat het ene gezin beter is. Wie waar is geplaatst, was in de gegevens een keuze.",
        "The numbers are predictions, not effects: a difference between two families does not say \
         that one is better. Who was placed where was a choice in these data.",
    )
}

/// What stands where nobody asked for the worth.
fn not_asked() -> Note {
    Note::new(
        "not_estimated",
        "Wat dit plan zou veranderen, is niet geschat.",
        "What this plan would change was not estimated.",
    )
}

/// All that the answer for one request is made of.
struct Case<'a> {
    contrasts: &'a Contrasts<'a>,
    s: &'a Situation<'a>,
    rules: &'a Rules,
    load: &'a Caseload<'a>,
    sets: &'a [ChoiceSet],
    predicted: &'a Predicted,
    /// How siblings are split, where that was open.
    split: Option<&'a Split>,
    /// What the vetoes of all requests are put into words with.
    wording: Arc<Wording>,
}

impl Case<'_> {
    /// The answers for all requests, by id.
    fn requests(&self, progress: &dyn Progress) -> Vec<RequestMatch> {
        let count = self.load.asks.len();
        progress.start("candidates", count as u64);
        let of = |k| {
            let request = self.request(k);
            progress.advance(1);
            request
        };
        let mut requests: Vec<RequestMatch> = (0..count).into_par_iter().map(of).collect();
        progress.finish();
        requests.sort_by(|a, b| a.request.cmp(&b.request));
        requests
    }

    fn request(&self, k: usize) -> RequestMatch {
        let ask = &self.load.asks[k];
        let (group, set) = (ask.group, &self.sets[ask.group]);
        let members = &self.load.groups[group];
        let member = members.iter().position(|&m| m == k).unwrap_or(0);
        let passing: Vec<FamilyChoice<'_>> = set.families().filter(|f| f.passes()).collect();
        let rows: Vec<usize> = (0..passing.len())
            .map(|at| self.predicted.row(group, members.len(), at, member))
            .collect();
        let (candidates, (vetoed, relaxations)) = rayon::join(
            || self.candidates(ask, &passing, member, &rows),
            || (self.vetoed(set, member), self.relaxations(set)),
        );
        let h = self.s.history;
        let notes = guideline(
            h,
            self.s.index,
            ask.child,
            ask.request.perspective,
            self.s.as_of,
            &self.rules.notes,
        );
        RequestMatch {
            request: ask.request.id.to_string(),
            about: about(self.s, self.load, ask),
            candidates,
            vetoed,
            relaxations,
            guideline: notes,
        }
    }

    /// The candidates of a request, by the ids of their families.
    fn candidates(
        &self,
        ask: &Ask<'_>,
        passing: &[FamilyChoice<'_>],
        member: usize,
        rows: &[usize],
    ) -> Vec<Candidate> {
        let means = self.mean_contributions(rows);
        let apart = self.told_apart(rows);
        let mut order: Vec<usize> = (0..passing.len()).collect();
        let id = |at: &usize| &*self.s.history.family(passing[*at].family).id;
        order.sort_by(|a, b| id(a).cmp(id(b)));
        let names: Arc<[String]> = order.iter().map(|at| id(at).to_owned()).collect();
        let of = |&at: &usize| {
            let equal = |o: usize| o != at && !apart[at.max(o)][at.min(o)];
            let equal_to = Equals::of(&names, |k| equal(order[k]));
            self.candidate(ask, passing[at], member, rows[at], &means, equal_to)
        };
        order.par_iter().with_min_len(16).map(of).collect()
    }

    /// For each row the rows before it, and whether the two are told apart.
    fn told_apart(&self, rows: &[usize]) -> Vec<Vec<bool>> {
        let of = |at: usize| {
            (0..at).map(|other| self.contrasts.tells_apart(rows[at], rows[other])).collect()
        };
        (0..rows.len()).into_par_iter().map(of).collect()
    }

    fn id(&self, family: FamilyIx) -> String {
        self.s.history.family(family).id.to_string()
    }

    fn candidate(
        &self,
        ask: &Ask<'_>,
        choice: FamilyChoice<'_>,
        member: usize,
        row: usize,
        means: &BTreeMap<&str, f64>,
        equal_to: Equals,
    ) -> Candidate {
        let prediction = &self.predicted.all[row];
        let mut said =
            speaks(self.s, &self.rules.settings, ask, choice.family, choice.member(member).unknown);
        // What is not known speaks neither for nor against: it is asked.
        let known = if prediction.risks.is_ok() { &prediction.contributions[..] } else { &[] };
        let off = |term: &str, value: f64| value - means.get(term).copied().unwrap_or(0.0);
        let telling = known.iter().filter(|c| off(&c.term, c.value).abs() > SPEAKS);
        let telling: Vec<Contribution> = telling.cloned().collect();
        for reason in reasons(&telling, &imputed(&prediction.notes)).iter().filter(|r| r.known) {
            let off = off(&reason.term, reason.contribution);
            let list = if off < 0.0 { &mut said.speaks_for } else { &mut said.against };
            list.push(term_note(reason, off));
        }
        let mut unknown = said.unknown;
        unknown.extend(prediction.notes.iter().map(words::note));
        let (risk, abstained) = match &prediction.risks {
            Ok(risks) => (Some(risks.iter().map(|&r| Risk::from(r)).collect()), None),
            Err(why) => {
                // Why there is no number at all says it for every horizon.
                unknown.retain(|note| note.code != words::NO_HORIZON);
                unknown.insert(0, words::abstention(why));
                (None, Some(why.to_string()))
            }
        };
        Candidate {
            family: self.id(choice.family),
            risk,
            abstained,
            speaks_for: said.speaks_for,
            against: said.against,
            unknown,
            support: prediction.support,
            equal_to,
        }
    }

    /// The mean of each term's contribution over the candidates of a request.
    fn mean_contributions(&self, rows: &[usize]) -> BTreeMap<&str, f64> {
        let mut means: BTreeMap<&str, f64> = BTreeMap::new();
        for &row in rows {
            for c in &self.predicted.all[row].contributions {
                *means.entry(&c.term).or_default() += c.value / rows.len() as f64;
            }
        }
        means
    }

    fn vetoed(&self, set: &ChoiceSet, member: usize) -> Ledger {
        let excluded = || set.families().filter(|f| !f.passes());
        let count = excluded().map(|choice| choice.member(member).refusals.len()).sum();
        let mut vetoes = Vec::with_capacity(count);
        for choice in excluded() {
            let of = |&refusal: &Refusal| Veto { family: choice.family, refusal };
            vetoes.extend(choice.member(member).refusals.iter().map(of));
        }
        Ledger::new(vetoes, Arc::clone(&self.wording))
    }

    fn relaxations(&self, set: &ChoiceSet) -> Vec<Relaxation> {
        concessions(set, self.rules)
            .iter()
            .map(|c| Relaxation {
                change: c.note(),
                adds: c.adds.iter().map(|&f| self.id(f)).collect(),
                price: c.price,
            })
            .collect()
    }
}

/// A term of the model that is better or worse here than at the candidates' mean.
fn term_note(reason: &Reason, off: f64) -> Note {
    let term = &reason.term;
    let (nl, en) = match &reason.label {
        Some(label) => (&label.nl, &label.en),
        None => (term, term),
    };
    let (dutch, english) = if off < 0.0 {
        ("gunstiger", "more favourable")
    } else {
        ("ongunstiger", "less favourable")
    };
    Note::new(
        format!("model_{term}"),
        format!(
            "Volgens het model {dutch} dan gemiddeld bij deze gezinnen: {nl}. (Een voorspelling, \
             geen effect.)"
        ),
        format!(
            "By the model {english} than the average of these families: {en}. (A prediction, not \
             an effect.)"
        ),
    )
}
