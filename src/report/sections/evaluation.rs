//! How good the predictions are: gates first, then calibration, discrimination, comparison, use.

use super::super::curves::TimeUnit;
use super::super::disclose::Audience;
use super::super::html::Html;
use super::super::page::{Conclusion, Section};
use super::super::table::{Row, RowKind, Table};
use super::super::words;
use super::{heading, pictures, reruns, say, span};
use crate::evaluate::{Evaluation, Interval, Summary};
use crate::model::{Gate, Limit, Verdict};
use crate::score::Lang;

/// The verdict and the gates behind it, for the first screen.
#[must_use]
pub fn conclusion(
    verdict: Verdict,
    gates: &[Gate],
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) -> Conclusion {
    let (word, what) = match verdict {
        Verdict::Usable => (
            language.of("Bruikbaar, als steun bij een gesprek", "Usable, as support for a conversation"),
            language.of(
                "Het model haalde alle eisen die vooraf waren gesteld. Het helpt te zien waar steun \
                 nodig is. Het beslist niet, en een hoge kans is nooit een reden om een kind niet te \
                 plaatsen.",
                "The model met all demands that were set beforehand. It helps to see where support is \
                 needed. It does not decide, and a high risk is never a reason not to place a child.",
            ),
        ),
        Verdict::DoNotUse => (
            language.of("Niet gebruiken", "Do not use"),
            language.of(
                "Er zijn genoeg gegevens om te zeggen dat dit model niet goed genoeg voorspelt. \
                 Gebruik het niet bij echte plaatsingen.",
                "There are enough data to say that this model does not predict well enough. Do not use \
                 it for real placements.",
            ),
        ),
        Verdict::NotEnoughData => (
            language.of("Te weinig gegevens om het te zeggen", "Not enough data to say"),
            language.of(
                "Dat is geen fout: met zo weinig gegevens kan niemand weten of de voorspellingen \
                 kloppen. Gebruik het model niet bij echte plaatsingen.",
                "That is no fault: with so few data nobody can know whether the predictions hold. Do \
                 not use the model for real placements.",
            ),
        ),
    };
    let mut why = vec![what.to_string()];
    let failed: Vec<String> = gates
        .iter()
        .filter(|g| !g.passed)
        .map(|g| gate_in_words(g, unit, language, audience))
        .collect();
    if !failed.is_empty() {
        let not_met = language.of("Niet gehaald", "Not met");
        why.push(format!("{not_met}: {}.", failed.join("; ")));
    }
    Conclusion { word: word.into(), why }
}

/// A verdict in a word or two.
pub(super) fn verdict_word(verdict: Verdict, language: Lang) -> &'static str {
    match verdict {
        Verdict::Usable => language.of("bruikbaar", "usable"),
        Verdict::DoNotUse => language.of("niet gebruiken", "do not use"),
        Verdict::NotEnoughData => language.of("te weinig gegevens", "not enough data"),
    }
}

fn gate_value(gate: &Gate, language: Lang, audience: Audience) -> String {
    // People and events are counts that a shared page rounds; splits are not people.
    if let ("events" | "sample_size", Some(v)) = (gate.name.as_str(), gate.value) {
        return audience.count(language, v.max(0.0) as usize);
    }
    let counts = gate.name == "failed_splits";
    gate.value.map_or_else(
        || language.of("niet te berekenen", "cannot be computed").into(),
        |v| language.number(v, if counts { 0 } else { 3 }),
    )
}

fn gate_limit(gate: &Gate, language: Lang) -> String {
    match (gate.limit, gate.name.as_str()) {
        (Limit::Range([low, high]), _) => format!(
            "{} {}–{}",
            language.of("het interval raakt", "the interval reaches"),
            language.number(low, 2),
            language.number(high, 2)
        ),
        (Limit::Number(v), "scaled_brier") => format!(
            "{} {}",
            language.of("de ondergrens is boven", "the lower bound is above"),
            language.number(v, 2)
        ),
        (Limit::Number(v), "failed_splits") => {
            format!("{} {}", language.of("hooguit", "at most"), language.number(v, 0))
        }
        (Limit::Number(v), "net_benefit") => {
            format!("{} {}", language.of("minstens", "at least"), language.number(v, 2))
        }
        (Limit::Number(v), _) => {
            format!("{} {}", language.of("minstens", "at least"), language.number(v.ceil(), 0))
        }
        (Limit::Unknown, _) => language.of("niet te berekenen", "cannot be computed").into(),
    }
}

fn gate_in_words(gate: &Gate, unit: &TimeUnit, language: Lang, audience: Audience) -> String {
    let horizon = gate.horizon.map(|t| format!(" ({})", span(language, unit, t)));
    format!(
        "{}{}: {} ({}: {})",
        words::metric(language, &gate.name),
        horizon.unwrap_or_default(),
        gate_value(gate, language, audience),
        language.of("eis", "demand"),
        gate_limit(gate, language),
    )
}

/// The section of `evaluate`.
#[must_use]
pub fn evaluation(e: &Evaluation, unit: &TimeUnit, language: Lang, audience: Audience) -> Section {
    let mut h = Html::new();
    say(
        &mut h,
        language,
        "Elke voorspelling hieronder is gemaakt door een model dat deze plaatsing, en andere \
         plaatsingen van hetzelfde kind, niet had gezien.",
        "Every prediction below was made by a model that had not seen this placement, nor other \
         placements of the same child.",
    );
    gates(&mut h, e, unit, language, audience);
    calibration(&mut h, e, unit, language, audience);
    metrics(e, unit, language).write(&mut h);
    pictures::d_calibration(&mut h, e, language);
    compared(&mut h, e, language);
    decision(&mut h, e, unit, language);
    pictures::side_by_side(&mut h, e, unit, language, audience);
    groups(&mut h, e, unit, language, audience);
    reruns::proxies(&mut h, e, language, audience);
    reruns::refits(&mut h, e, unit, language, audience);
    reruns::reruns(&mut h, e, unit, language, audience);
    splits(e, unit, language, audience).write(&mut h);
    settings(&mut h, e, language, audience);
    let heading =
        language.of("Hoe goed de voorspellingen kloppen", "How well the predictions hold");
    Section { id: "evaluate", heading: heading.into(), body: h }
}

fn gates(h: &mut Html, e: &Evaluation, unit: &TimeUnit, language: Lang, audience: Audience) {
    heading(h, language, "De eisen, vooraf gesteld", "The demands, set beforehand");
    let row = |g: &Gate| {
        let met = if g.passed {
            language.of("gehaald", "met")
        } else {
            language.of("niet gehaald", "not met")
        };
        let horizon = g.horizon.map_or("–".into(), |t| span(language, unit, t));
        Row::plain([
            words::metric(language, &g.name),
            gate_limit(g, language),
            gate_value(g, language, audience),
            horizon,
            met.into(),
        ])
    };
    Table {
        caption: language
            .of(
                "Eisen en uitkomst (op het zwakste tijdstip)",
                "Demands and outcome (at the weakest horizon)",
            )
            .into(),
        columns: [
            language.of("Eis", "Demand"),
            language.of("Grens", "Limit"),
            language.of("Waarde", "Value"),
            language.of("Tijdstip", "Horizon"),
            language.of("Uitkomst", "Outcome"),
        ]
        .map(String::from)
        .to_vec(),
        words: vec![1, 3, 4],
        rows: e.gates.iter().map(row).collect(),
        notes: Vec::new(),
    }
    .write(h);
}

fn calibration(h: &mut Html, e: &Evaluation, unit: &TimeUnit, language: Lang, audience: Audience) {
    if e.calibration.is_empty() {
        return;
    }
    heading(h, language, "Klopt de kans?", "Is the risk right?");
    say(
        h,
        language,
        "Van plaatsingen met een voorspelde kans van 20% hoort ongeveer 20% zo te eindigen. Ligt de \
         lijn onder de streepjeslijn, dan was de voorspelling te hoog; erboven te laag. De band is het \
         95%-interval.",
        "Of placements with a predicted risk of 20%, about 20% should end so. Where the line lies \
         below the dashed one, the prediction was too high; above, too low. The band is the 95% \
         interval.",
    );
    let mut row = Html::new();
    for (k, curve) in e.calibration.iter().enumerate() {
        let within = span(language, unit, curve.time);
        let title = match language {
            Lang::Nl => format!("Binnen {within}"),
            Lang::En => format!("Within {within}"),
        };
        let id = format!("calibration-{}", k + 1);
        pictures::calibration(id, title, curve, &e.risks, audience).write(&mut row, language);
    }
    h.within("div", &[("class", "row")], |h| h.append(&row));
    if audience == Audience::Internal && !e.risks.is_empty() {
        say(
            h,
            language,
            "Onder elke grafiek: waar de voorspellingen lagen van plaatsingen met en zonder dit einde.",
            "Below each picture: where the predictions lay of placements with and without this end.",
        );
    }
}

/// `0.71 (0.66–0.76)`.
pub(super) fn with_interval(language: Lang, value: &Interval, digits: usize) -> String {
    let Some(mean) = value.mean else { return "–".into() };
    let mean = language.number(mean, digits);
    match value.lower.zip(value.upper) {
        Some((l, u)) => {
            // A dash between negative numbers cannot be told from their signs.
            let between = if l < 0.0 { language.of(" tot ", " to ") } else { "–" };
            let (l, u) = (language.number(l, digits), language.number(u, digits));
            format!("{mean} ({l}{between}{u})")
        }
        None => mean,
    }
}

/// Decimals that a metric is worth.
fn digits(metric: &str) -> usize {
    if matches!(metric, "oe" | "slope" | "intercept" | "auc") { 2 } else { 3 }
}

fn metrics(e: &Evaluation, unit: &TimeUnit, language: Lang) -> Table {
    let mut columns = vec![language.of("Maat", "Measure").to_string()];
    columns.extend(e.horizons.iter().map(|&t| span(language, unit, t)));
    let ideal = |name: &str| match name {
        "oe" | "slope" => language.of(" · ideaal 1", " · ideal 1"),
        "intercept" | "ici" | "e50" | "e90" => language.of(" · ideaal 0", " · ideal 0"),
        "auc" => language.of(" · toeval 0,5", " · chance 0.5"),
        "scaled_brier" => language.of(" · geen model 0", " · no model 0"),
        _ => "",
    };
    let mut rows = Vec::new();
    let seen = |t: f64| e.observed.iter().find(|o| (o.time - t).abs() < 1e-9);
    let mut observed = vec![language.of("gebeurd, in % (allemaal)", "observed, in % (all)").into()];
    for &t in &e.horizons {
        let percent = |v: f64| 100.0 * v;
        let value = seen(t).map(|o| Interval {
            mean: o.value.mean.map(percent),
            lower: o.value.lower.map(percent),
            upper: o.value.upper.map(percent),
        });
        observed.push(value.map_or("–".into(), |v| with_interval(language, &v, 1)));
    }
    rows.push(Row::plain(observed));
    for name in ["oe", "slope", "intercept", "ici", "auc", "brier", "scaled_brier", "net_benefit"] {
        let Some(metric) = e.summary.get(name) else { continue };
        let mut cells = vec![format!("{}{}", words::metric(language, name), ideal(name))];
        for &t in &e.horizons {
            let at = metric.at.iter().find(|a| (a.time - t).abs() < 1e-9);
            cells.push(at.map_or("–".into(), |a| with_interval(language, &a.value, digits(name))));
        }
        rows.push(Row::plain(cells));
    }
    let c: Vec<String> = ["c_uno", "c_harrell"]
        .iter()
        .filter_map(|name| {
            let value = with_interval(language, &e.summary.get(*name)?.value, 3);
            Some(format!("{}: {value}", words::metric(language, name)))
        })
        .collect();
    let mut notes = vec![
        language
            .of(
                "Tussen haakjes het interval over kinderen (bootstrap per kind).",
                "In brackets the interval over children (bootstrap by child).",
            )
            .to_string(),
    ];
    if !c.is_empty() {
        notes.insert(0, format!("{}.", c.join("; ")));
    }
    Table {
        caption: language.of("Maten per tijdstip", "Measures by horizon").into(),
        columns,
        rows,
        notes,
        ..Table::default()
    }
}

fn compared(h: &mut Html, e: &Evaluation, language: Lang) {
    if e.compared.is_empty() {
        return;
    }
    heading(
        h,
        language,
        "Beter dan zonder, of dan een ander?",
        "Better than none, or than another?",
    );
    let names = ["scaled_brier", "auc", "oe", "slope"];
    let cells = |summary: &Summary| {
        names.map(|m| {
            summary.get(m).map_or("–".into(), |s| with_interval(language, &s.value, digits(m)))
        })
    };
    let called = |name: &str| pictures::called(name, language);
    let mut rows = vec![Row::plain(std::iter::once(called(&e.model)).chain(cells(&e.summary)))];
    for c in &e.compared {
        rows.push(Row {
            kind: RowKind::Plain,
            cells: std::iter::once(called(&c.name)).chain(cells(&c.summary)).collect(),
        });
        if let Some(why) = &c.failed {
            let failed = language.of("mislukt", "failed");
            rows.push(Row { kind: RowKind::Indented, cells: vec![format!("{failed}: {why}")] });
            continue;
        }
        let difference = language.of("verschil met dit model", "difference from this model");
        rows.push(Row {
            kind: RowKind::Indented,
            cells: std::iter::once(difference.to_string()).chain(cells(&c.difference)).collect(),
        });
    }
    let mut columns = vec![language.of("Model", "Model").to_string()];
    columns.extend(names.map(|m| words::metric(language, m)));
    Table {
        caption: language.of("Op het laatste tijdstip, op dezelfde plaatsingen", "At the last horizon, on the same placements").into(),
        columns,
        rows,
        notes: vec![
            language
                .of(
                    "Bij de geschaalde Brier-score en de AUC is hoger beter; het verschil is dit model \
                     min het andere.",
                    "For the scaled Brier score and the AUC higher is better; the difference is this \
                     model minus the other.",
                )
                .into(),
        ],
        ..Table::default()
    }
    .write(h);
}

fn decision(h: &mut Html, e: &Evaluation, unit: &TimeUnit, language: Lang) {
    if e.decision.iter().all(|c| c.points.len() < 2) {
        return;
    }
    heading(h, language, "Helpt het bij kiezen?", "Does it help to choose?");
    say(
        h,
        language,
        "Stel dat men extra steun geeft vanaf een bepaalde kans. De lijn zegt of dat dan meer oplevert \
         dan iedereen of niemand extra steun geven.",
        "Suppose that extra support is given from a certain risk on. The line says whether that is \
         then worth more than giving it to everybody or to nobody.",
    );
    for (k, curve) in e.decision.iter().filter(|c| c.points.len() > 1).enumerate() {
        let within = span(language, unit, curve.time);
        let title = match language {
            Lang::Nl => format!("Nettobaat per plaatsing, {within}"),
            Lang::En => format!("Net benefit per placement, {within}"),
        };
        pictures::decision(format!("decision-{}", k + 1), title, curve).write(h, language);
    }
}

fn groups(h: &mut Html, e: &Evaluation, unit: &TimeUnit, language: Lang, audience: Audience) {
    if e.groups.is_empty() {
        return;
    }
    heading(h, language, "Voor iedereen even goed?", "As good for everybody?");
    let mut rows = Vec::new();
    let mut column: Option<&str> = None;
    for g in &e.groups {
        if column != Some(&g.column) {
            column = Some(&g.column);
            let name = words::column_name(language, &g.column);
            rows.push(Row { kind: RowKind::Heading, cells: vec![name] });
        }
        let mut cells = vec![
            words::level(language, &g.level),
            audience.count(language, g.n),
            audience.count(language, g.events),
        ];
        if g.too_little_data || !audience.may_see(g.events) {
            cells.push(language.of("te weinig gegevens", "too little data").into());
        } else {
            for metric in ["oe", "slope", "auc"] {
                let value = g
                    .summary
                    .get(metric)
                    .map(|s| with_interval(language, &s.value, digits(metric)));
                cells.push(value.unwrap_or("–".into()));
            }
        }
        rows.push(Row { kind: RowKind::Indented, cells });
    }
    let last = e.horizons.last().map_or(String::new(), |&t| span(language, unit, t));
    Table {
        caption: format!("{} ({last})", language.of("Per groep", "By group")),
        columns: vec![
            language.of("Groep", "Group").into(),
            "n".into(),
            words::cause(language, &e.cause),
            words::metric(language, "oe"),
            words::metric(language, "slope"),
            words::metric(language, "auc"),
        ],
        rows,
        notes: vec![
            language
                .of(
                    "Te weinig gegevens betekent: hier is niets over te zeggen. Het betekent niet dat \
                     het klopt.",
                    "Too little data means that nothing can be said here. It does not mean that it \
                     holds.",
                )
                .into(),
        ],
        ..Table::default()
    }
    .write(h);
}

fn splits(e: &Evaluation, unit: &TimeUnit, language: Lang, audience: Audience) -> Table {
    let number = |v: Option<f64>, digits| v.map_or("–".into(), |v| language.number(v, digits));
    // Many repeated folds say nothing one by one.
    let named: Vec<_> = e.splits.iter().filter(|s| !s.name.contains("fold")).collect();
    let rows = named
        .iter()
        .map(|s| {
            let last = s.horizons.last();
            let cells = match &s.failed {
                Some(why) => vec![format!("{}: {why}", language.of("mislukt", "failed"))],
                None => vec![
                    number(last.and_then(|x| x.auc), 3),
                    number(last.and_then(|x| x.scaled_brier), 3),
                    number(last.and_then(|x| x.oe), 2),
                ],
            };
            let counts = [s.n_train, s.n_test, s.events_test].map(|n| audience.count(language, n));
            let shown = if audience.may_see(s.events_test) { cells } else { Vec::new() };
            Row::plain(std::iter::once(words::split(language, &s.name)).chain(counts).chain(shown))
        })
        .collect();
    let last = e.horizons.last().map_or(String::new(), |&t| span(language, unit, t));
    Table {
        caption: format!(
            "{} ({last})",
            language.of(
                "Getraind op het ene deel, getoetst op het andere",
                "Trained on one part, tested on another"
            )
        ),
        columns: vec![
            language.of("Splitsing", "Split").into(),
            language.of("training", "train").into(),
            language.of("toets", "test").into(),
            words::cause(language, &e.cause),
            "AUC".into(),
            words::metric(language, "scaled_brier"),
            words::metric(language, "oe"),
        ],
        rows,
        ..Table::default()
    }
}

fn settings(h: &mut Html, e: &Evaluation, language: Lang, audience: Audience) {
    let s = &e.settings;
    let text = match language {
        Lang::Nl => format!(
            "{} delen, {} keer herhaald; {} bootstraps over {} kinderen of andere eenheden; seed {}.",
            s.folds,
            s.repeats,
            s.bootstrap,
            audience.count(language, e.clusters),
            s.seed
        ),
        Lang::En => format!(
            "{} folds, repeated {} times; {} bootstraps over {} children or other units; seed {}.",
            s.folds,
            s.repeats,
            s.bootstrap,
            audience.count(language, e.clusters),
            s.seed
        ),
    };
    h.leaf("p", &[("class", "note")], &text);
    words::findings(h, &e.findings, language);
    words::remarks(h, &e.warnings, language);
}
