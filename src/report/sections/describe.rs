//! What happened: curves by cause and by group, and tests.

use super::super::curves::{Curve, CurvePicture, TimeUnit};
use super::super::disclose::{Audience, CurvePoint};
use super::super::html::Html;
use super::super::page::Section;
use super::super::svg::STYLES;
use super::super::table::{Row, RowKind, Table};
use super::super::words;
use super::{heading, say, span};
use crate::evaluate::{Describe, DescribedAt, DescribedTest, GroupDescription};
use crate::score::Lang;

/// The section of `describe`: any number of descriptions, each with the column that its groups come
/// from. `cause` is the one that curves by group show.
#[must_use]
pub fn describe(
    described: &[(&Describe, Option<&str>)],
    cause: &str,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) -> Section {
    let mut h = Html::new();
    say(
        &mut h,
        language,
        "De curven tellen hoeveel van de 100 plaatsingen tot dan toe op deze manier eindigden. \
         Alle manieren van eindigen tellen mee: wie naar huis gaat, kan geen breakdown meer \
         krijgen. De band is het 95%-interval.",
        "The curves count how many of 100 placements had ended in this way by then. Every way of \
         ending counts: whoever goes home can no longer break down. The band is the 95% interval.",
    );
    for (d, column) in described {
        write(&mut h, d, *column, cause, unit, language, audience);
    }
    let heading = language.of("Wat er gebeurde", "What happened");
    Section { id: "describe", heading: heading.into(), body: h }
}

/// One description: its picture, its numbers, its tests.
fn write(
    h: &mut Html,
    d: &Describe,
    column: Option<&str>,
    cause: &str,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) {
    let groups: Vec<&GroupDescription> =
        d.groups.iter().filter(|g| audience.may_see(g.n)).collect();
    if let [only] = groups[..] {
        causes_picture(h, only, cause, unit, language, audience);
    } else {
        for (k, some) in groups.chunks(STYLES).enumerate() {
            groups_picture(h, some, k, cause, unit, language, audience);
        }
        if let Some(column) = column {
            let name = words::column_name(language, column);
            let text = match language {
                Lang::Nl => format!("De groepen komen uit: {name}."),
                Lang::En => format!("The groups come from: {name}."),
            };
            h.leaf("p", &[("class", "note")], &text);
        }
    }
    if groups.len() < d.groups.len() {
        let text = language.of(
            "Groepen van minder dan 10 zijn weggelaten.",
            "Groups of fewer than 10 are left out.",
        );
        h.leaf("p", &[("class", "note")], text);
    }
    numbers(&groups, cause, unit, language, audience).write(h);
    tests(h, d, cause, language);
    words::remarks(h, &d.warnings, language);
}

/// All causes of one group in one picture.
fn causes_picture(
    h: &mut Html,
    group: &GroupDescription,
    cause: &str,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) {
    let mut causes: Vec<&String> = group
        .events
        .iter()
        .filter(|(_, n)| **n > 0 && audience.may_see(**n))
        .map(|(c, _)| c)
        .collect();
    // The cause that the study is about comes first.
    causes.sort_by_key(|c| (*c != cause, (*c).clone()));
    let bands = if causes.len() > 3 { 1 } else { causes.len() };
    let curves = causes
        .iter()
        .map(|c| Curve { name: words::cause(language, c), points: points(&group.curve, c) })
        .collect();
    CurvePicture {
        id: "cif-causes".into(),
        title: language
            .of(
                "Hoe plaatsingen eindigen, naar tijd sinds het begin",
                "How placements end, by time since the start",
            )
            .into(),
        y_label: language.of("aandeel van de plaatsingen", "share of the placements").into(),
        curves,
        unit: unit.clone(),
        up_to: last_time(group),
        at_risk_per_curve: false,
        bands,
    }
    .write(h, language, audience);
    if bands < causes.len() {
        let text = language.of(
            "De band hoort bij de eerste lijn; de intervallen van alle lijnen staan bij de getallen.",
            "The band belongs to the first line; the intervals of all lines stand with the numbers.",
        );
        h.leaf("p", &[("class", "note")], text);
    }
}

/// One cause in several groups.
fn groups_picture(
    h: &mut Html,
    groups: &[&GroupDescription],
    number: usize,
    cause: &str,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) {
    let what = words::cause(language, cause);
    CurvePicture {
        id: format!("cif-groups-{}", number + 1),
        title: match language {
            Lang::Nl => format!("Aandeel dat eindigde door: {what}, per groep"),
            Lang::En => format!("Share that ended by: {what}, by group"),
        },
        y_label: language.of("aandeel van de plaatsingen", "share of the placements").into(),
        curves: groups
            .iter()
            .map(|g| Curve {
                name: words::level(language, &g.group),
                points: points(&g.curve, cause),
            })
            .collect(),
        unit: unit.clone(),
        up_to: groups.iter().map(|g| last_time(g)).fold(0.0, f64::max),
        at_risk_per_curve: true,
        bands: if groups.len() > 4 { 0 } else { groups.len() },
    }
    .write(h, language, audience);
}

fn last_time(group: &GroupDescription) -> f64 {
    group.curve.last().map_or(0.0, |p| p.time)
}

fn points(curve: &[DescribedAt], cause: &str) -> Vec<CurvePoint> {
    curve
        .iter()
        .filter_map(|at| {
            let f = at.cif.get(cause)?;
            let estimate = f.estimate?;
            Some(CurvePoint {
                time: at.time,
                estimate,
                lower: f.lower.unwrap_or(estimate),
                upper: f.upper.unwrap_or(estimate),
                at_risk: at.at_risk,
                events: at.events.get(cause).copied().unwrap_or(0),
            })
        })
        .collect()
}

/// How many events the shares shown so far stand for, of one cause and of all.
#[derive(Default)]
struct Disclosed {
    cause: Shown,
    all: Shown,
}

/// How many events the last share that was shown stands for.
#[derive(Default)]
struct Shown(usize);

impl Shown {
    /// Whether a share of `events` may follow: from the difference of two shares few events could
    /// be counted.
    fn may_show(&mut self, audience: Audience, events: usize) -> bool {
        let may = audience.may_see(events.saturating_sub(self.0));
        if may {
            self.0 = events;
        }
        may
    }
}

/// The numbers at the times asked for.
fn numbers(
    groups: &[&GroupDescription],
    cause: &str,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) -> Table {
    let mut table = Table {
        caption: language.of("Aandelen op vaste tijden", "Shares at fixed times").into(),
        columns: vec![
            language.of("Groep", "Group").into(),
            language.of("nog gevolgd", "at risk").into(),
            words::cause(language, cause),
            language.of("95%-interval", "95% interval").into(),
            language.of("nog in het gezin", "still there").into(),
        ],
        ..Table::default()
    };
    for group in groups {
        let n = audience.count(language, group.n);
        let events = audience.count(language, group.events.get(cause).copied().unwrap_or(0));
        let name = words::level(language, &group.group);
        let of = words::cause(language, cause);
        table.rows.push(Row {
            kind: RowKind::Heading,
            cells: vec![format!("{name} (n = {n}; {of}: {events})")],
        });
        let mut disclosed = Disclosed::default();
        for at in &group.at {
            let f = at.cif.get(cause);
            let enough = audience.may_see(at.at_risk);
            let ended = at.events.get(cause).copied().unwrap_or(0);
            let cause_shown = enough && disclosed.cause.may_show(audience, ended);
            let all_shown = enough && disclosed.all.may_show(audience, at.events.values().sum());
            let percent = |v: Option<f64>, shown: bool| {
                v.filter(|_| shown).map_or("–".into(), |v| language.percent(v, 1))
            };
            let interval = match f.and_then(|f| f.lower.zip(f.upper)).filter(|_| cause_shown) {
                Some((l, u)) => format!("{}–{}", language.percent(l, 1), language.percent(u, 1)),
                None => "–".into(),
            };
            table.rows.push(Row {
                kind: RowKind::Indented,
                cells: vec![
                    span(language, unit, at.time),
                    audience.count(language, at.at_risk),
                    percent(f.and_then(|f| f.estimate), cause_shown),
                    interval,
                    percent(at.survival, all_shown),
                ],
            });
        }
    }
    table
}

fn tests(h: &mut Html, d: &Describe, cause: &str, language: Lang) {
    let Some(tests) = &d.tests else { return };
    heading(h, language, "Verschillen de groepen?", "Do the groups differ?");
    let row = |name: &str, test: &Option<DescribedTest>| {
        let cells = match test {
            Some(t) => {
                [language.number(t.chi2, 2), language.number(t.df, 0), language.p_value(t.p)]
            }
            None => ["–".into(), "–".into(), "–".into()],
        };
        Row::plain(std::iter::once(name.to_string()).chain(cells))
    };
    let mut rows = vec![row(
        language.of("log-rank, alle manieren van eindigen", "log-rank, every way of ending"),
        &tests.logrank,
    )];
    let mut causes: Vec<&String> = tests.gray.keys().collect();
    causes.sort_by_key(|c| (*c != cause, (*c).clone()));
    let none = tests.gray.values().all(Option::is_none);
    for c in causes.into_iter().filter(|_| !none) {
        let name = format!("Gray: {}", words::cause(language, c));
        rows.push(row(&name, &tests.gray[c]));
    }
    Table {
        caption: language.of("Toetsen", "Tests").into(),
        columns: ["", "χ²", language.of("vrijheidsgraden", "df"), "p"].map(String::from).to_vec(),
        rows,
        ..Table::default()
    }
    .write(h);
    if none {
        say(
            h,
            language,
            "Gray's toets per soort einde kan hier niet: een deel van de plaatsingen begon voor de \
             periode en wordt pas daarna gevolgd.",
            "Gray's test per kind of end cannot be done here: some placements began before the \
             period and are followed from later on.",
        );
    }
    say(
        h,
        language,
        "Een verschil tussen groepen is geen bewijs dat de groep de oorzaak is: groepen verschillen \
         ook in wie er geplaatst wordt.",
        "A difference between groups is no proof that the group is the cause: groups also differ in \
         who is placed there.",
    );
}
