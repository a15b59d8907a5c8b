//! Whole pages, one per verb, and the page of `demo` that goes the whole way.

use super::curves::TimeUnit;
use super::page::{Conclusion, Fact, Page, PageOptions, Section};
use super::sections::{self, BaseRate};
use super::words;
use crate::evaluate::{Describe, Evaluation};
use crate::history::{Summary, Window};
use crate::matching::MatchResult;
use crate::model::{Stamp, TrainResult};
use crate::score::{Lang, Note, ScoreResult};

/// How many placements and requests the page of `demo` spells out.
const DEMO_MOST: usize = 4;

/// What a page is about, besides its numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct About {
    /// The study's title.
    pub title: String,
    /// The name of the outcome definition; `None` for a flat table.
    pub definition: Option<String>,
    /// The window of observation; `None` for a flat table.
    pub window: Option<Window>,
    /// The seed of everything random.
    pub seed: Option<u64>,
    /// The SHA-256 of the model file.
    pub model: Option<String>,
    /// What the model's file says that an evaluation concluded, where it does.
    pub stamp: Option<Stamp>,
    /// The name of a flat table's time; `None` for a history, which counts days.
    pub unit: Option<String>,
    /// Whether the data are simulated.
    pub synthetic: bool,
}

impl About {
    fn unit(&self) -> TimeUnit {
        self.unit.clone().map_or(TimeUnit::Days, TimeUnit::Own)
    }

    fn facts(&self, language: Lang) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some(window) = &self.window {
            let until = language.of("tot en met", "to");
            let value =
                format!("{} {until} {}", language.day(window.start), language.day(window.end));
            facts.push(fact(language.of("Periode", "Period"), value));
        }
        if let Some(definition) = &self.definition {
            let name = language.of("Wat telt als breakdown", "What counts as breakdown");
            facts.push(fact(name, words::definition(language, definition)));
        }
        facts
    }

    fn made_with(&self, language: Lang) -> Vec<String> {
        let mut line = format!("pleegzorg {}", env!("CARGO_PKG_VERSION"));
        if let Some(seed) = self.seed {
            line.push_str(&format!(" · seed {seed}"));
        }
        let mut lines = vec![line];
        if let Some(model) = &self.model {
            lines.push(format!("{} {model}", language.of("Model (SHA-256)", "Model (SHA-256)")));
        }
        lines
    }

    fn page(&self, options: PageOptions, kind: &str, what: &str, sections: Vec<Section>) -> Page {
        let language = options.language;
        let mut sections = sections;
        sections.push(sections::limits(language));
        let what = if self.synthetic {
            let note = language.of(
                "De gegevens zijn verzonnen: er staat geen echt kind en geen echt gezin in.",
                "The data are made up: there is no real child and no real family in them.",
            );
            format!("{what} {note}")
        } else {
            what.into()
        };
        Page {
            options,
            kind: kind.into(),
            title: self.title.clone(),
            what,
            banner: None,
            conclusion: None,
            facts: self.facts(language),
            sections,
            made_with: self.made_with(language),
        }
    }

    /// What the model's own file says of its use.
    fn stamped(&self, o: PageOptions) -> Conclusion {
        let language = o.language;
        match &self.stamp {
            Some(stamp) => sections::conclusion(
                stamp.verdict,
                &stamp.gates,
                &self.unit(),
                language,
                o.audience,
            ),
            None => not_judged(language),
        }
    }
}

fn not_judged(language: Lang) -> Conclusion {
    Conclusion {
        word: language.of("Nog niet beoordeeld", "Not judged yet").into(),
        why: vec![
            language
                .of(
                    "Niemand heeft nog getoetst hoe goed dit model voorspelt. Gebruik het niet bij echte \
                     plaatsingen.",
                    "Nobody has tested yet how well this model predicts. Do not use it for real \
                     placements.",
                )
                .into(),
        ],
    }
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact { name: name.into(), value: value.into() }
}

/// The page of `describe`. `cause` is drawn by group; `column` is what the groups come from.
#[must_use]
pub fn describe_page(
    d: &Describe,
    cause: &str,
    column: Option<&str>,
    about: &About,
    options: PageOptions,
) -> Page {
    let language = options.language;
    let section =
        sections::describe(&[(d, column)], cause, &about.unit(), language, options.audience);
    let mut page = about.page(
        options,
        language.of("wat er gebeurde", "what happened"),
        language.of(
            "Dit blad laat zien hoe plaatsingen eindigden en hoe snel. Het voorspelt niets.",
            "This page shows how placements ended, and how soon. It predicts nothing.",
        ),
        vec![section],
    );
    let n: usize = d.groups.iter().map(|g| g.n).sum();
    let events: usize = d.groups.iter().filter_map(|g| g.events.get(cause)).sum();
    page.facts.splice(0..0, counts(language, options, n, cause, events));
    page
}

fn counts(language: Lang, o: PageOptions, n: usize, cause: &str, events: usize) -> [Fact; 2] {
    let cause = words::cause(language, cause);
    let count = |n| o.audience.count(language, n);
    [
        fact(language.of("Plaatsingen (rijen)", "Placements (rows)"), count(n)),
        fact(&format!("{} {cause}", language.of("Geëindigd door:", "Ended by:")), count(events)),
    ]
}

/// The page of `train`.
#[must_use]
pub fn train_page(t: &TrainResult, about: &About, options: PageOptions) -> Page {
    let language = options.language;
    let mut page = about.page(
        options,
        language.of("een getraind model", "a trained model"),
        language.of(
            "Dit blad laat zien waaruit het model bestaat. Het zegt nog niet of het goed voorspelt: \
             dat toetst een beoordeling op andere plaatsingen.",
            "This page shows what the model is made of. It does not say yet whether it predicts well: \
             an evaluation on other placements tests that.",
        ),
        vec![sections::training(t, language, options.audience)],
    );
    page.conclusion = Some(about.stamped(options));
    page.facts.splice(0..0, counts(language, options, t.n, &t.cause, t.events));
    page
}

/// The page of `evaluate`.
#[must_use]
pub fn evaluate_page(e: &Evaluation, about: &About, options: PageOptions) -> Page {
    let language = options.language;
    let unit = about.unit();
    let mut page = about.page(
        options,
        language.of("een eerlijke beoordeling", "an honest evaluation"),
        language.of(
            "Dit blad zegt hoe goed de voorspellingen kloppen bij plaatsingen die het model niet had \
             gezien, en of het model gebruikt mag worden.",
            "This page says how well the predictions hold for placements that the model had not seen, \
             and whether the model may be used.",
        ),
        vec![sections::evaluation(e, &unit, language, options.audience)],
    );
    page.conclusion =
        Some(sections::conclusion(e.verdict, &e.gates, &unit, language, options.audience));
    page.facts.splice(0..0, counts(language, options, e.n, &e.cause, e.events));
    page
}

/// The page of `score`. `base` gives the base rate at a horizon, where it is known.
#[must_use]
pub fn score_page(
    s: &ScoreResult,
    base: BaseRate<'_>,
    about: &About,
    options: PageOptions,
) -> Page {
    let language = options.language;
    let section = sections::scores(s, base, None, language, options.audience);
    let mut page = about.page(
        options,
        language.of("lopende plaatsingen", "running placements"),
        language.of(
            "Dit blad helpt te zien welke plaatsingen nu steun nodig kunnen hebben, en waarom. Het \
             beslist niets.",
            "This page helps to see which placements may need support now, and why. It decides nothing.",
        ),
        vec![section],
    );
    page.banner.clone_from(&s.banner);
    page.conclusion = Some(about.stamped(options));
    let count = |n| options.audience.count(language, n);
    let scored = s.stays.iter().filter(|x| x.risk.is_some()).count();
    page.facts.splice(
        0..0,
        [
            fact(language.of("Peildatum", "As of"), language.day(s.as_of)),
            fact(language.of("Lopende plaatsingen", "Running placements"), count(s.stays.len())),
            fact(language.of("Met een getal", "With a number"), count(scored)),
        ],
    );
    page
}

/// The page of `match`.
#[must_use]
pub fn match_page(m: &MatchResult, about: &About, options: PageOptions) -> Page {
    let language = options.language;
    let section = sections::matching(m, None, language, options.audience);
    let mut page = about.page(
        options,
        language.of("aanvragen en gezinnen", "requests and families"),
        language.of(
            "Dit blad laat per aanvraag zien welke gezinnen kunnen, wat voor en tegen spreekt, en wat \
             nog onbekend is. Mensen kiezen.",
            "This page shows for each request which families can, what speaks for and against, and what \
             is still unknown. People choose.",
        ),
        vec![section],
    );
    page.banner.clone_from(&m.banner);
    page.conclusion = Some(about.stamped(options));
    let count = |n| options.audience.count(language, n);
    page.facts.splice(
        0..0,
        [
            fact(language.of("Peildatum", "As of"), language.day(m.as_of)),
            fact(language.of("Aanvragen", "Requests"), count(m.requests.len())),
            fact(
                language.of("Met een plek in het voorstel", "With a place in the proposal"),
                count(m.assignment.pairs.len()),
            ),
        ],
    );
    page
}

/// All that `demo` has to show.
pub struct Demo<'a> {
    /// What `check` found.
    pub data: &'a Summary,
    /// What happened, all placements together.
    pub all: &'a Describe,
    /// What happened by group, and the column of the groups.
    pub by: Option<(&'a Describe, &'a str)>,
    /// The trained model.
    pub train: &'a TrainResult,
    /// Its evaluation.
    pub evaluation: &'a Evaluation,
    /// Running placements.
    pub score: &'a ScoreResult,
    /// Requests and families.
    pub matching: &'a MatchResult,
    /// The base rate at a horizon.
    pub base: BaseRate<'a>,
}

/// The page of `demo`.
#[must_use]
pub fn demo_page(d: &Demo<'_>, about: &About, options: PageOptions) -> Page {
    let (language, audience) = (options.language, options.audience);
    let (unit, cause) = (about.unit(), d.evaluation.cause.as_str());
    let mut described = vec![(d.all, None)];
    described.extend(d.by.map(|(by, column)| (by, Some(column))));
    let sections = vec![
        sections::data(d.data, language, audience),
        sections::describe(&described, cause, &unit, language, audience),
        sections::training(d.train, language, audience),
        sections::evaluation(d.evaluation, &unit, language, audience),
        sections::scores(d.score, d.base, Some(DEMO_MOST), language, audience),
        sections::matching(d.matching, Some(DEMO_MOST), language, audience),
    ];
    let mut page = about.page(
        options,
        language.of("de hele weg, op een voorbeeld", "the whole way, on an example"),
        language.of(
            "Van ruwe plaatsingen tot een voorstel: wat er gebeurde, een model, hoe goed het klopt, \
             welke plaatsingen nu steun vragen, en welke gezinnen een kind kunnen opvangen.",
            "From raw placements to a proposal: what happened, a model, how well it holds, which \
             placements ask for support now, and which families could take a child.",
        ),
        sections,
    );
    let banner: Option<&Note> = d.score.banner.as_ref().or(d.matching.banner.as_ref());
    page.banner = banner.cloned();
    page.conclusion = Some(sections::conclusion(
        d.evaluation.verdict,
        &d.evaluation.gates,
        &unit,
        language,
        audience,
    ));
    page.facts.splice(0..0, counts(language, options, d.evaluation.n, cause, d.evaluation.events));
    page
}
