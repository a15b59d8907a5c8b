//! The model card with a TRIPOD+AI table: what a report of a prediction model must tell (Collins et
//! al. 2024), filled from the run, asked of people, or missing. Nothing is made up.

use std::fmt::Write;

use serde::Serialize;

use super::html::Html;
use super::table::{Row, Table};
use crate::evaluate::Evaluation;
use crate::model::{Model, Study};

/// Where the answer to an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// From the run.
    Filled,
    /// Only people can say it.
    Asked,
    /// The run could say it, and did not: of a card without evaluation, or without model.
    Missing,
}

/// One of the 27 items of TRIPOD+AI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its number, 1 to 27.
    pub item: u32,
    /// What it is about.
    pub topic: &'static str,
    /// Where the answer comes from.
    pub told: Told,
    /// The answer, or what is to be answered.
    pub text: String,
}

/// A card: the model's own, and the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The version of this contract: 1.
    pub schema: u32,
    /// The study's title.
    pub title: String,
    /// The verdict; null where nothing was evaluated.
    pub verdict: Option<crate::model::Verdict>,
    /// The model's card in Markdown; null where there is no model.
    pub model: Option<String>,
    /// The 27 items, in order.
    pub items: Vec<Item>,
}

impl Card {
    /// The card of a study, from the model that was trained and the evaluation that was made.
    #[must_use]
    pub fn new(study: &Study, model: Option<&Model>, evaluation: Option<&Evaluation>) -> Self {
        let source = Source { study, model, evaluation };
        let verdict = evaluation.map(|e| e.verdict).or_else(|| model.and_then(Model::verdict));
        Self {
            schema: 1,
            title: study.title.clone().unwrap_or_else(|| "A study without a title".into()),
            verdict,
            model: model.map(Model::card),
            items: source.items(),
        }
    }

    /// In Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = self.model.clone().unwrap_or_else(|| format!("# {}\n", plain(&self.title)));
        let _ =
            writeln!(text, "\n## TRIPOD+AI\n\n| item | topic | told | answer |\n|---|---|---|---|");
        for i in &self.items {
            let told = told(i.told);
            let _ = writeln!(text, "| {} | {} | {told} | {} |", i.item, i.topic, plain(&i.text));
        }
        text
    }

    /// As a page that needs nothing from outside.
    #[must_use]
    pub fn html(&self) -> String {
        let mut h = Html::new();
        h.leaf("h1", &[], &self.title);
        if let Some(card) = &self.model {
            h.leaf("pre", &[], card);
        }
        let row = |i: &Item| {
            Row::plain([i.item.to_string(), i.topic.into(), told(i.told).into(), i.text.clone()])
        };
        Table {
            caption: "TRIPOD+AI".into(),
            columns: ["item", "topic", "told", "answer"].map(String::from).to_vec(),
            words: vec![1, 2, 3],
            rows: self.items.iter().map(row).collect(),
            notes: Vec::new(),
        }
        .write(&mut h);
        let mut title = Html::new();
        title.leaf("title", &[], &self.title);
        format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">{}<style>body{{max-width:60rem;\
             margin:2rem auto;padding:0 1rem;font-family:sans-serif}}pre{{white-space:pre-wrap}}td,th{{\
             text-align:left;vertical-align:top;padding:.2rem .6rem}}</style></head><body>{}</body></html>\n",
            "en",
            title.as_str(),
            h.as_str()
        )
    }
}

fn told(told: Told) -> &'static str {
    match told {
        Told::Filled => "filled from the run",
        Told::Asked => "asked of people",
        Told::Missing => "missing",
    }
}

fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}

/// What the answers come from.
struct Source<'a> {
    study: &'a Study,
    model: Option<&'a Model>,
    evaluation: Option<&'a Evaluation>,
}

impl Source<'_> {
    fn items(&self) -> Vec<Item> {
        let asked = |what: &str| (Told::Asked, what.to_owned());
        let answers: [(&'static str, (Told, String)); 27] = [
            ("title", match &self.study.title {
                Some(title) => (Told::Filled, title.clone()),
                None => (Told::Missing, "the study has no title".into()),
            }),
            ("abstract", asked("a summary of the study")),
            ("background", asked("for which care and whom, and which inequalities are known")),
            ("objectives", asked("whether a model is developed, evaluated or both, and for what use")),
            ("data", self.data()),
            ("participants", asked("which organisations, who was eligible, which care they got")),
            ("data preparation", self.preparation()),
            ("outcome", self.outcome()),
            ("predictors", (Told::Filled, format!("terms: {}", self.study.features.terms.join(", ")))),
            ("sample size", self.sample_size()),
            ("missing data", self.missing()),
            ("analytical methods", self.methods()),
            ("class imbalance", (Told::Filled, "no rows were dropped, doubled or weighted to balance ends; \
                risks are those of the data as they are".into())),
            ("fairness", self.fairness()),
            ("model output", (Told::Filled, "the probability of the end within each horizon, with an \
                interval; no classes and no threshold".into())),
            ("training versus evaluation", self.evaluated(|e| format!(
                "{} repeats of {} grouped folds; everything learned is learned again in each",
                e.settings.repeats, e.settings.folds))),
            ("ethical approval", asked("who approved this use, or why no approval is needed")),
            ("open science", asked("funding, interests, protocol, registration, sharing of data and code")),
            ("people's involvement", asked("how young people, parents and carers took part, or that they did not")),
            ("participants (results)", self.evaluated(|e| format!(
                "{} rows of {} children or other clusters, {} ended by {}", e.n, e.clusters, e.events, e.cause))),
            ("model development", self.of_model(|m| format!(
                "{} training rows, {} events", m.about().n, m.about().causes.first().map_or(0, |c| c.events)))),
            ("model specification", self.of_model(|m| format!(
                "kind {}; the file with SHA-256 {} holds every number", m.about().kind, m.sha256()))),
            ("model performance", self.performance()),
            ("model updating", asked("whether an earlier model was updated, and how")),
            ("interpretation", asked("what the results mean, beside earlier studies and for fairness")),
            ("limitations", self.limitations()),
            ("usability", asked("how poor or missing input is handled in practice, what users must know, \
                and what comes next")),
        ];
        let item = |(k, (topic, (told, text)))| Item { item: k as u32 + 1, topic, told, text };
        answers.into_iter().enumerate().map(item).collect()
    }

    fn evaluated(&self, text: impl Fn(&Evaluation) -> String) -> (Told, String) {
        match self.evaluation {
            Some(e) => (Told::Filled, text(e)),
            None => (Told::Missing, "evaluate says it".into()),
        }
    }

    fn of_model(&self, text: impl Fn(&Model) -> String) -> (Told, String) {
        match self.model {
            Some(model) => (Told::Filled, text(model)),
            None => (Told::Missing, "train says it".into()),
        }
    }

    fn data(&self) -> (Told, String) {
        match self.model.and_then(|m| m.about().window) {
            Some(w) => (
                Told::Filled,
                format!(
                    "ends recorded from {} to {}, data taken on {}",
                    w.start, w.end, w.extraction
                ),
            ),
            None => (Told::Asked, "where the data come from, and from when to when".into()),
        }
    }

    fn preparation(&self) -> (Told, String) {
        let said = self.model.map(|m| m.about().warnings.join("; ")).filter(|s| !s.is_empty());
        match said {
            Some(said) => (Told::Filled, said),
            None => (Told::Asked, "how the data were cleaned".into()),
        }
    }

    fn outcome(&self) -> (Told, String) {
        match &self.study.outcome.definition {
            Some(d) => (Told::Filled, format!("{}: {}", d.name.name(), d.describe_en())),
            None => (Told::Asked, "what the event is, and who assessed it".into()),
        }
    }

    fn sample_size(&self) -> (Told, String) {
        match self.evaluation.and_then(|e| e.sample_size.as_ref()) {
            Some(size) => (
                Told::Filled,
                format!("Riley's criteria for {} parameters; see the gates", size.parameters),
            ),
            None => (Told::Missing, "evaluate says it".into()),
        }
    }

    fn missing(&self) -> (Told, String) {
        use crate::model::MissingValues;
        let text = match self.study.features.missing {
            MissingValues::Impute => {
                "training median with an indicator, learned in every fold".to_owned()
            }
            MissingValues::Drop => "rows with a missing value were left out".to_owned(),
            MissingValues::Multiple(how) => format!(
                "{} imputations by chained equations with the outcome, pooled by Rubin's rules",
                how.imputations
            ),
        };
        (Told::Filled, text)
    }

    fn methods(&self) -> (Told, String) {
        let others: Vec<&str> = self.study.compare.iter().map(|c| c.name.as_str()).collect();
        let beside = if others.is_empty() {
            String::new()
        } else {
            format!("; beside it {}", others.join(", "))
        };
        (Told::Filled, format!("kind {}{beside}; seed {}", self.study.model.kind, self.study.seed))
    }

    fn fairness(&self) -> (Told, String) {
        self.evaluated(|e| {
            let few = e.groups.iter().filter(|g| g.too_little_data).count();
            format!(
                "metrics by {} groups, of which {few} with too little data to say",
                e.groups.len()
            )
        })
    }

    fn performance(&self) -> (Told, String) {
        self.evaluated(|e| {
            let number = |name: &str| {
                let value = e.summary.get(name).and_then(|m| m.value.mean);
                value.map_or_else(|| "not computable".to_owned(), |v| format!("{v:.3}"))
            };
            format!(
                "at the last horizon: AUC {}, scaled Brier {}, observed/expected {}, slope {}; verdict {}",
                number("auc"), number("scaled_brier"), number("oe"), number("slope"), e.verdict.name())
        })
    }

    fn limitations(&self) -> (Told, String) {
        match self.evaluation.map(|e| e.warnings.join("; ")).filter(|w| !w.is_empty()) {
            Some(said) => (Told::Filled, said),
            None => (
                Told::Asked,
                "what bounds the study: who is not in it, what was not measured".into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_up_where_nothing_was_run() {
        let study = Study::parse("title = \"A <b>\"\n", "".as_ref(), &[]).unwrap();
        let card = Card::new(&study, None, None);
        let numbers: Vec<u32> = card.items.iter().map(|i| i.item).collect();
        assert_eq!(numbers, (1..=27).collect::<Vec<_>>());
        for k in [10, 14, 16, 20, 21, 22, 23] {
            assert_eq!(card.items[k - 1].told, Told::Missing, "{k}");
        }
        for k in [2, 3, 17, 18, 19, 25, 27] {
            assert_eq!(card.items[k - 1].told, Told::Asked, "{k}");
        }
        assert_eq!(card.verdict, None);
        assert!(card.markdown().contains("| 27 | usability | asked of people |"));
        assert!(card.html().contains("A &lt;b&gt;") && !card.html().contains("<b>"));
    }
}
