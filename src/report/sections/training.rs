//! What a model is made of: its terms as a forest plot and as a table, and its tests.

use super::super::disclose::Audience;
use super::super::forest::{ForestPicture, ForestRow, Ratio, ratio_text};
use super::super::html::Html;
use super::super::page::Section;
use super::super::table::{Row, RowKind, Table};
use super::super::words;
use super::{heading, say};
use crate::model::{Kind, TermResult, TrainResult};
use crate::score::Lang;

/// What the exponential of an estimate is called.
struct Meaning {
    ratio: &'static str,
    below: &'static str,
    above: &'static str,
}

/// The meaning of a kind's terms; `None` where they are no ratios.
fn meaning(kind: Kind, language: Lang) -> Option<Meaning> {
    let hazard = Meaning {
        ratio: language.of("hazardratio", "hazard ratio"),
        below: language.of("kleinere kans per dag", "lower rate"),
        above: language.of("grotere kans per dag", "higher rate"),
    };
    match kind {
        Kind::Cox
        | Kind::Gompertz
        | Kind::PiecewiseExponential
        | Kind::RoystonParmar
        | Kind::Literature => Some(hazard),
        Kind::FineGray => Some(Meaning {
            ratio: language.of("subdistributie-hazardratio", "subdistribution hazard ratio"),
            ..hazard
        }),
        Kind::DiscreteLogistic => {
            Some(Meaning { ratio: language.of("oddsratio", "odds ratio"), ..hazard })
        }
        Kind::Exponential
        | Kind::Weibull
        | Kind::Lognormal
        | Kind::Loglogistic
        | Kind::Gengamma => Some(Meaning {
            ratio: language.of("tijdratio", "time ratio"),
            below: language.of("duurt korter", "shorter"),
            above: language.of("duurt langer", "longer"),
        }),
        Kind::AalenJohansen
        | Kind::Forest
        | Kind::ExtraTrees
        | Kind::GradientBoosting
        | Kind::NearestNeighbours
        | Kind::Svm
        | Kind::SurvivalForest
        | Kind::Boosting => None,
    }
}

/// The section of `train`.
#[must_use]
pub fn training(t: &TrainResult, language: Lang, audience: Audience) -> Section {
    let mut h = Html::new();
    let cause = words::cause(language, &t.cause);
    let (n, events) = (audience.count(language, t.n), audience.count(language, t.events));
    let counts = match language {
        Lang::Nl => {
            format!("Soort model: {}. {n} rijen, waarvan {events} keer {cause}.", t.kind.name())
        }
        Lang::En => {
            format!("Kind of model: {}. {n} rows, of which {events} {cause}.", t.kind.name())
        }
    };
    h.leaf("p", &[], &counts);
    match (&t.terms, meaning(t.kind, language)) {
        (Some(terms), Some(meaning)) if t.penalty.is_some() => {
            held_in(&mut h, t, language);
            table(&kept(terms), &meaning, true, language).write(&mut h);
        }
        (Some(terms), Some(meaning)) if !terms.is_empty() => {
            say(
                &mut h,
                language,
                "Elke regel vergelijkt plaatsingen die alleen in dit kenmerk één stap verschillen. \
                 Rechts van 1: vaker. Hoe langer de streep, hoe onzekerder. Een samenhang is nog geen \
                 oorzaak.",
                "Every line compares placements that differ in this feature only, by one step. Right \
                 of 1: more often. The longer the line, the less certain. A relation is not a cause.",
            );
            forest(terms, &meaning, &cause, language).write(&mut h, language);
            table(terms, &meaning, false, language).write(&mut h);
        }
        _ => say(
            &mut h,
            language,
            "Dit soort model heeft geen losse getallen per kenmerk.",
            "This kind of model has no single numbers per feature.",
        ),
    }
    importance(&mut h, t, language);
    imputed(&mut h, t, language, audience);
    quality(&mut h, t, language);
    words::findings(&mut h, &t.findings, language);
    words::remarks(&mut h, &t.warnings, language);
    let heading = language.of("Waaruit het model bestaat", "What the model is made of");
    Section { id: "train", heading: heading.into(), body: h }
}

/// A ratio further from 1 than e¹⁰ is not an effect but a sign that the estimate has run away
/// (separation): it and its error mean nothing.
const RUN_AWAY: f64 = 10.0;

fn ratio(term: &TermResult) -> Option<Ratio> {
    let (estimate, lower, upper) = (term.estimate?, term.lower?, term.upper?);
    if estimate.abs() > RUN_AWAY {
        return None;
    }
    Some(Ratio { estimate: estimate.exp(), lower: lower.exp(), upper: upper.exp(), p: term.p })
}

/// Terms that are ratios: the intercept of a parametric model is none.
fn ratios(terms: &[TermResult]) -> impl Iterator<Item = &TermResult> {
    terms.iter().filter(|t| t.name != "(intercept)")
}

fn forest(terms: &[TermResult], meaning: &Meaning, cause: &str, language: Lang) -> ForestPicture {
    ForestPicture {
        id: "forest".into(),
        title: match language {
            Lang::Nl => format!("Samenhang van kenmerken met: {cause}"),
            Lang::En => format!("How features relate to: {cause}"),
        },
        x_label: format!("{} ({})", meaning.ratio, language.of("95%-interval", "95% interval")),
        sides: (meaning.below.into(), meaning.above.into()),
        rows: ratios(terms)
            .filter_map(|t| {
                Some(ForestRow { label: words::term(language, &t.name), ratio: Some(ratio(t)?) })
            })
            .collect(),
    }
}

/// What an elastic net did, and what its estimates are not.
fn held_in(h: &mut Html, t: &TrainResult, language: Lang) {
    let Some(net) = &t.penalty else { return };
    let lambda = language.number(net.lambda, 5);
    let text = match language {
        Lang::Nl => format!(
            "Een rem op de schattingen (elastic net, alpha {}, lambda {lambda}) hield {} van de {} \
             kolommen over. Hoe sterk hij remt is op deze rijen gekozen of was gegeven. Geremde \
             schattingen liggen te dicht bij geen verband; daarom staan er geen intervallen en \
             toetsen bij.",
            language.number(net.alpha, 2),
            net.kept,
            net.of
        ),
        Lang::En => format!(
            "A brake on the estimates (elastic net, alpha {}, lambda {lambda}) kept {} of {} columns. \
             How hard it brakes was chosen on these rows, or given. Estimates under a brake lie too \
             near to no relation; so there are no intervals and no tests.",
            language.number(net.alpha, 2),
            net.kept,
            net.of
        ),
    };
    h.leaf("p", &[], &text);
}

/// The terms that an elastic net kept.
fn kept(terms: &[TermResult]) -> Vec<TermResult> {
    terms.iter().filter(|t| t.estimate != Some(0.0)).cloned().collect()
}

/// In the manner of regression tables: levels of one factor below one heading.
fn table(terms: &[TermResult], meaning: &Meaning, held_in: bool, language: Lang) -> Table {
    let robust = terms.iter().any(|t| t.robust_se.is_some());
    let mut rows: Vec<Row> = Vec::new();
    let mut factor: Option<String> = None;
    for t in ratios(terms) {
        let (text, p) = match ratio(t) {
            Some(r) => (ratio_text(language, &r), r.p.map_or("–".into(), |p| language.p_value(p))),
            None if held_in => {
                let ratio = t.estimate.map_or("–".into(), |b| language.number(b.exp(), 2));
                (ratio, "–".into())
            }
            None => (language.of("niet te schatten", "not estimable").into(), "–".into()),
        };
        let known = |v: Option<f64>| v.filter(|_| held_in || ratio(t).is_some());
        let se = known(t.robust_se.or(t.se)).map_or("–".into(), |se| language.number(se, 3));
        let estimate = known(t.estimate).map_or("–".into(), |b| language.number(b, 3));
        // A level belongs below its factor; an interaction stands by itself.
        let level =
            t.name.split_once('=').filter(|(_, l)| *l != "missing" && !t.name.contains(':'));
        let label = match level {
            Some((column, level)) => {
                if factor.as_deref() != Some(column) {
                    let name = words::column_name(language, column);
                    rows.push(Row { kind: RowKind::Heading, cells: vec![name] });
                    factor = Some(column.into());
                }
                words::level(language, level)
            }
            None => {
                factor = None;
                words::term(language, &t.name)
            }
        };
        let kind = if level.is_some() { RowKind::Indented } else { RowKind::Plain };
        rows.push(Row { kind, cells: vec![label, text, p, estimate, se] });
    }
    let error = if robust {
        language.of("robuuste standaardfout", "robust standard error")
    } else {
        language.of("standaardfout", "standard error")
    };
    Table {
        caption: language.of("De schattingen", "The estimates").into(),
        columns: vec![
            language.of("Kenmerk", "Feature").into(),
            format!("{} ({})", meaning.ratio, language.of("95%-interval", "95% interval")),
            "p".into(),
            language.of("schatting (log)", "estimate (log)").into(),
            error.into(),
        ],
        rows,
        ..Table::default()
    }
}

/// What each term is worth to a forest.
fn importance(h: &mut Html, t: &TrainResult, language: Lang) {
    let Some(all) = t.importance.as_ref().filter(|all| !all.is_empty()) else { return };
    let mut all: Vec<_> = all.iter().collect();
    all.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.term.cmp(&b.term)));
    heading(h, language, "Wat elk kenmerk waard is", "What each feature is worth");
    say(
        h,
        language,
        "Hoeveel concordantie verloren gaat als een kenmerk over de rijen wordt geschud \
         (permutatie, op rijen die een boom niet zag). Rond 0 of eronder: het zegt niets dat andere \
         kenmerken niet al zeggen. Het is geen oorzaak, en geen richting.",
        "How much concordance is lost where a feature is shuffled among rows (permutation, on rows \
         that a tree did not see). Near 0 or below: it says nothing that others do not say. It is no \
         cause, and no direction.",
    );
    Table {
        caption: language.of("Permutatie-belang", "Permutation importance").into(),
        columns: vec![
            language.of("Kenmerk", "Feature").into(),
            language.of("verlies van concordantie", "loss of concordance").into(),
        ],
        rows: all
            .into_iter()
            .map(|i| Row::plain([words::term(language, &i.term), language.number(i.value, 4)]))
            .collect(),
        ..Table::default()
    }
    .write(h);
}

/// What was imputed several times over, and what that leaves open.
fn imputed(h: &mut Html, t: &TrainResult, language: Lang, audience: Audience) {
    let Some(i) = &t.imputed else { return };
    heading(h, language, "Wat niet bekend was", "What was not known");
    let columns: Vec<String> = i
        .columns
        .iter()
        .map(|c| {
            let name = words::column_name(language, &c.name);
            format!("{name} ({})", audience.count(language, c.missing))
        })
        .collect();
    let columns = match columns.is_empty() {
        true => language.of("niets", "nothing").to_owned(),
        false => columns.join(", "),
    };
    let text = match language {
        Lang::Nl => format!(
            "Onbekend in de rijen: {columns}. Ze zijn {} keer ingevuld naar wat de andere kenmerken en \
             de uitkomst zeggen; de modellen zijn samengevoegd (regels van Rubin), zodat de intervallen \
             ook tonen wat niet bekend was.",
            i.imputations
        ),
        Lang::En => format!(
            "Unknown in the rows: {columns}. They were imputed {} times by what the other features and \
             the outcome say; the fits are pooled (Rubin's rules), so that the intervals also show what \
             was not known.",
            i.imputations
        ),
    };
    h.leaf("p", &[], &text);
    Table {
        caption: language
            .of("Missende informatie per kenmerk", "Missing information by feature")
            .into(),
        columns: vec![
            language.of("Kenmerk", "Feature").into(),
            language.of("deel van de informatie dat ontbreekt", "missing information").into(),
            language.of("vrijheidsgraden", "degrees of freedom").into(),
        ],
        rows: i
            .terms
            .iter()
            .map(|t| {
                let name = words::term(language, &t.name);
                Row::plain([name, language.percent(t.fmi, 0), language.number(t.df, 0)])
            })
            .collect(),
        ..Table::default()
    }
    .write(h);
}

fn quality(h: &mut Html, t: &TrainResult, language: Lang) {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(Row::plain([name.to_string(), value]));
    if let Some(f) = &t.frailty {
        let p = f.test.map_or(String::new(), |t| format!(", {}", language.p_equals(t.p)));
        row(
            &match language {
                Lang::Nl => format!("verschil tussen {} groepen ({})", f.groups, f.group),
                Lang::En => format!("difference between {} groups ({})", f.groups, f.group),
            },
            format!("{} {}{p}", f.distribution, language.number(f.variance, 3)),
        );
    }
    if let Some(c) = &t.concordance {
        let se = c.se.map_or(String::new(), |se| format!(" (± {})", language.number(1.96 * se, 3)));
        row(
            language.of("concordantie op de trainingsrijen", "concordance on the training rows"),
            format!("{}{se}", language.number(c.c, 3)),
        );
    }
    if let Some(l) = &t.loglik {
        row(
            language.of("log-likelihood, zonder kenmerken", "log likelihood, no terms"),
            language.number(l.null, 2),
        );
        row(
            language.of("log-likelihood, met kenmerken", "log likelihood, final"),
            language.number(l.final_, 2),
        );
    }
    let tests = t.tests.as_ref();
    for (name, test) in [
        (
            language.of("likelihood-ratiotoets", "likelihood ratio test"),
            tests.and_then(|t| t.likelihood_ratio),
        ),
        ("Wald", tests.and_then(|t| t.wald)),
        ("score", tests.and_then(|t| t.score)),
        (
            language.of("evenredige hazards (alle kenmerken)", "proportional hazards (all terms)"),
            t.ph_test.as_ref().map(|p| p.global),
        ),
    ] {
        if let Some(test) = test {
            let p = language.p_equals(test.p);
            row(
                name,
                format!(
                    "χ² = {}, df = {}, {p}",
                    language.number(test.chi2, 2),
                    language.number(test.df, 0)
                ),
            );
        }
    }
    if rows.is_empty() {
        return;
    }
    heading(h, language, "Toetsen en maten", "Tests and measures");
    Table {
        caption: language
            .of("Op de rijen waarop het model is gemaakt", "On the rows that made the model")
            .into(),
        columns: vec![language.of("Maat", "Measure").into(), language.of("Waarde", "Value").into()],
        rows,
        ..Table::default()
    }
    .write(h);
    say(
        h,
        language,
        "Deze maten zijn te gunstig: het model heeft deze rijen al gezien. Hoe goed het werkt bij \
         nieuwe plaatsingen, zegt alleen een beoordeling op andere rijen.",
        "These measures flatter the model: it has seen these rows. Only an evaluation on other rows \
         says how well it works for new placements.",
    );
}
