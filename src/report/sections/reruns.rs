//! How far the answer moves under other ways of counting, and what the terms give away.

use super::super::curves::TimeUnit;
use super::super::disclose::Audience;
use super::super::html::Html;
use super::super::stability::{StabilityMark, StabilityPicture};
use super::super::table::{Row, RowKind, Table};
use super::super::words;
use super::evaluation::{verdict_word, with_interval};
use super::{heading, say, span};
use crate::evaluate::{Evaluation, Instability, Interval, Proxy, StabilityPoint, Variant};
use crate::score::Lang;

/// The study under other definitions, and with unknown ends counted otherwise.
pub(super) fn reruns(
    h: &mut Html,
    e: &Evaluation,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) {
    let mut rows = Vec::new();
    if let Some(unknown) = e.unknown_ends.as_ref().filter(|u| audience.may_see(u.ends)) {
        let n = audience.count(language, unknown.ends);
        let (all, none) = match language {
            Lang::Nl => (
                format!("{n} onbekende eindes tellen alle als breakdown"),
                format!("{n} onbekende eindes tellen geen als breakdown"),
            ),
            Lang::En => (
                format!("{n} unknown ends all count as breakdown"),
                format!("{n} unknown ends none counts as breakdown"),
            ),
        };
        rows.extend(of_variant(all, &unknown.all, language, audience));
        rows.extend(of_variant(none, &unknown.none, language, audience));
    }
    for v in &e.definitions {
        rows.extend(of_variant(words::definition(language, &v.definition), v, language, audience));
    }
    if rows.is_empty() {
        return;
    }
    heading(
        h,
        language,
        "Anders geteld: verschuift het antwoord?",
        "Counted otherwise: does the answer move?",
    );
    say(
        h,
        language,
        "Wat een breakdown is, verschilt per aanbieder, en van sommige eindes is de reden niet bekend. \
         Hier is alles opnieuw gedaan met een andere telling.",
        "What a breakdown is differs between providers, and of some ends the reason is not known. Here \
         everything was done again with another way of counting.",
    );
    let own = vec![
        language.of("zoals de studie telt", "as the study counts").to_owned(),
        audience.count(language, e.n),
        audience.count(language, e.events),
        observed(&e.observed.last().map(|o| o.value), language),
        e.summary
            .get("scaled_brier")
            .map_or("–".into(), |s| with_interval(language, &s.value, 3)),
        verdict_word(e.verdict, language).into(),
    ];
    rows.insert(0, Row::plain(own));
    let last = e.horizons.last().map_or(String::new(), |&t| span(language, unit, t));
    Table {
        caption: format!("{} ({last})", language.of("Per manier van tellen", "By way of counting")),
        columns: vec![
            language.of("Telling", "Counting").into(),
            "n".into(),
            words::cause(language, &e.cause),
            language.of("gebeurd, in %", "observed, in %").into(),
            words::metric(language, "scaled_brier"),
            language.of("Oordeel", "Verdict").into(),
        ],
        words: vec![5],
        rows,
        notes: vec![
            language
                .of(
                    "De regel eronder: hoe ver de kansen van dezelfde plaatsingen uit elkaar liggen. \
                     Rangcorrelatie 1: beide zetten ze in dezelfde volgorde.",
                    "The line below: how far the risks of the same placements lie apart. Rank \
                     correlation 1: both put them in the same order.",
                )
                .into(),
        ],
    }
    .write(h);
}

fn observed(value: &Option<Interval>, language: Lang) -> String {
    let percent = |v: Option<f64>| v.map(|v| 100.0 * v);
    value.map_or("–".into(), |i| {
        let i =
            Interval { mean: percent(i.mean), lower: percent(i.lower), upper: percent(i.upper) };
        with_interval(language, &i, 1)
    })
}

fn of_variant(name: String, v: &Variant, language: Lang, audience: Audience) -> Vec<Row> {
    if let Some(why) = &v.failed {
        let failed = language.of("mislukt", "failed");
        return vec![Row::plain([name, format!("{failed}: {why}")])];
    }
    let mut cells = vec![name, audience.count(language, v.n), audience.count(language, v.events)];
    if audience.may_see(v.events) {
        cells.push(observed(&v.observed.last().map(|o| o.value), language));
        let brier = v.summary.get("scaled_brier");
        cells.push(brier.map_or("–".into(), |s| with_interval(language, &s.value, 3)));
        cells.push(v.verdict.map_or("–", |verdict| verdict_word(verdict, language)).into());
    }
    let mut rows = vec![Row::plain(cells)];
    if let Some(m) = v.moved {
        let points = |x: f64| language.number(100.0 * x, 1);
        let order = m.rank_correlation.map_or("–".into(), |r| language.number(r, 2));
        let text = match language {
            Lang::Nl => format!(
                "gemiddelde kans {}% → {}%; gemiddeld {} punten uit elkaar, één op de tien meer dan \
                 {}; rangcorrelatie {order}",
                points(m.mean_own),
                points(m.mean),
                points(m.mean_distance),
                points(m.distance_90)
            ),
            Lang::En => format!(
                "mean risk {}% → {}%; {} points apart on average, one in ten more than {}; rank \
                 correlation {order}",
                points(m.mean_own),
                points(m.mean),
                points(m.mean_distance),
                points(m.distance_90)
            ),
        };
        rows.push(Row { kind: RowKind::Indented, cells: vec![text] });
    }
    rows
}

/// How well the terms tell audited attributes.
pub(super) fn proxies(h: &mut Html, e: &Evaluation, language: Lang, audience: Audience) {
    if e.proxies.is_empty() {
        return;
    }
    heading(h, language, "Wat verraden de kenmerken?", "What do the terms give away?");
    say(
        h,
        language,
        "Deze gegevens ziet het model niet. Kunnen zijn eigen kenmerken ze toch raden? Een AUC van 0,5 \
         is niets; 1 is alles. Wie te raden is, kan anders behandeld worden zonder dat iemand dat koos.",
        "The model does not see these attributes. Can its own terms guess them all the same? An AUC of \
         0.5 is nothing; 1 is everything. Who can be guessed can be treated differently without \
         anybody having chosen so.",
    );
    let row = |p: &Proxy| {
        let told = if p.too_little_data || !audience.may_see(p.with.min(p.n - p.with)) {
            language.of("te weinig gegevens", "too little data").into()
        } else {
            with_interval(language, &p.auc, 2)
        };
        Row::plain([
            format!(
                "{}: {}",
                words::column_name(language, &p.column),
                words::level(language, &p.level)
            ),
            audience.count(language, p.with),
            audience.count(language, p.n),
            told,
        ])
    };
    Table {
        caption: language
            .of("Te raden uit de kenmerken van het model", "Guessed from the terms of the model")
            .into(),
        columns: vec![
            language.of("Gegeven", "Attribute").into(),
            language.of("met", "with").into(),
            language.of("bekend", "known").into(),
            "AUC".into(),
        ],
        rows: e.proxies.iter().map(row).collect(),
        ..Table::default()
    }
    .write(h);
}

/// What refits on bootstrap samples show.
pub(super) fn refits(
    h: &mut Html,
    e: &Evaluation,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) {
    let Some(refits) = &e.refits else { return };
    heading(h, language, "Hangt het van het toeval af?", "Does it depend on chance?");
    if let Some(i) = &refits.instability {
        let points = |x: f64| language.number(100.0 * x, 1);
        let text = match language {
            Lang::Nl => format!(
                "Met net andere kinderen in de gegevens zou de kans van een plaatsing gemiddeld {} \
                 punten anders zijn; bij één op de tien plaatsingen meer dan {} punten.",
                points(i.mean_distance),
                points(i.distance_90)
            ),
            Lang::En => format!(
                "With slightly other children in the data the risk of a placement would differ by {} \
                 points on average; for one placement in ten by more than {} points.",
                points(i.mean_distance),
                points(i.distance_90)
            ),
        };
        h.leaf("p", &[], &text);
        stability(h, i, unit, language, audience);
    }
    let last = e.horizons.last();
    let row = |metric: &str| {
        let mut own = refits.optimism.iter().filter(|o| o.metric == metric);
        let o = own.find(|o| o.time.is_none() || o.time.as_ref() == last)?;
        let cell = |v: Option<f64>| v.map_or("–".into(), |v| language.number(v, 3));
        let name = words::metric(language, metric);
        Some(Row::plain([name, cell(o.apparent), cell(o.corrected), cell(o.plus_632)]))
    };
    let within = last.map_or(String::new(), |&t| span(language, unit, t));
    Table {
        caption: format!(
            "{} ({within})",
            language.of("Op de eigen gegevens, en gecorrigeerd", "On its own data, and corrected")
        ),
        columns: vec![
            language.of("Maat", "Measure").into(),
            language.of("op eigen gegevens", "on its own data").into(),
            language.of("zonder optimisme", "without optimism").into(),
            ".632+".into(),
        ],
        rows: ["auc", "c_uno", "scaled_brier", "brier", "slope"]
            .into_iter()
            .filter_map(row)
            .collect(),
        ..Table::default()
    }
    .write(h);
}

/// The instability plot: row by row, or on a shared page in tenths, since rows are people.
fn stability(h: &mut Html, i: &Instability, unit: &TimeUnit, language: Lang, audience: Audience) {
    let points = match audience {
        Audience::Internal if !i.rows.is_empty() => &i.rows,
        _ => &i.band,
    };
    let within = span(language, unit, i.time);
    let title = match language {
        Lang::Nl => format!("De kans van elke plaatsing in hermodellen, binnen {within}"),
        Lang::En => format!("The risk of every placement in refits, within {within}"),
    };
    let mark = |p: &StabilityPoint| StabilityMark {
        predicted: p.predicted,
        lower: p.lower,
        upper: p.upper,
    };
    StabilityPicture { id: "stability".into(), title, marks: points.iter().map(mark).collect() }
        .write(h, language);
}
