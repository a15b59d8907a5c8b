//! The model card: what a model is, from what, for what, and where it ends, in Markdown.
//!
//! The sections follow Mitchell et al. 2019 (model cards) as far as a program can fill them in;
//! what only people can say is left as a question.

use std::fmt::Write;

use super::trained::{About, Engine, Model, NamedTime};
use super::verdict::{Limit, Stamp, Verdict};
use super::{Frailty, Kind, Penalty, TimeUnit};
use crate::features::Missing;
use crate::learners::SurvivalForest;

impl Model {
    /// The model's card, in Markdown. It is made of the model alone, and so shows no record.
    #[must_use]
    pub fn card(&self) -> String {
        let mut text = String::new();
        let about = &self.about;
        let title = about.title.as_deref().unwrap_or("A model without a title");
        let _ = writeln!(text, "# {}\n", plain(title));
        self.verdict_section(&mut text);
        self.purpose_section(&mut text);
        self.data_section(&mut text);
        self.terms_section(&mut text);
        self.scope_section(&mut text);
        self.findings_section(&mut text);
        self.limits_section(&mut text);
        self.origin_section(&mut text);
        text
    }

    fn verdict_section(&self, text: &mut String) {
        let _ = writeln!(text, "## Verdict\n");
        let Some(stamp) = &self.stamp else {
            let _ = writeln!(
                text,
                "**Never evaluated.** It may not be used for decisions; `evaluate --model` judges \
                 it.\n"
            );
            return;
        };
        let words = match stamp.verdict {
            Verdict::Usable => "**usable**: it passed every gate that was set beforehand.",
            Verdict::DoNotUse => "**do not use**: it failed a gate that was set beforehand.",
            Verdict::NotEnoughData => {
                "**not enough data**: too little was seen to say whether it is any good."
            }
        };
        let _ = writeln!(text, "{words}\n");
        gates(text, stamp);
    }

    fn purpose_section(&self, text: &mut String) {
        let about = &self.about;
        let _ = writeln!(text, "## What it says\n");
        let horizons = labels(&about.horizons);
        let ahead = if horizons.is_empty() { "a chosen time".to_owned() } else { horizons };
        let _ = writeln!(
            text,
            "The probability of `{}` within {ahead}, given what has lasted, with a {} % interval; \
             other ends are counted as ends and not as if nothing had happened. Kind: `{}` ({}).\n",
            plain(self.cause()),
            (about.interval * 1000.0).round() / 10.0,
            about.kind,
            about.kind.about()
        );
        if about.unit == TimeUnit::Days {
            let _ = writeln!(
                text,
                "It describes placements and their conditions, never children. A high risk asks \
                 for support. It must not be used to refuse a child a place, to judge a carer, or \
                 to decide without a person who knows the case. A difference between families is a \
                 prediction, not the effect of choosing one.\n"
            );
        }
        match about.landmarks.as_slice() {
            [] => {}
            marks => {
                let _ = writeln!(
                    text,
                    "Features are read at landmarks ({}); a running placement uses the last one \
                     that it reached, and before the first there is no number.\n",
                    labels(marks)
                );
            }
        }
    }

    fn data_section(&self, text: &mut String) {
        let about = &self.about;
        let _ = writeln!(text, "## Data\n");
        if about.kind == Kind::Literature {
            let _ = writeln!(
                text,
                "- no local record at all: published effects (`datasets/priors.csv`) on a published \
                 baseline (`datasets/baseline.csv`), both with their sources"
            );
        } else {
            let _ = writeln!(text, "- {} training rows", about.n);
        }
        let counted = about.causes.iter().filter(|_| about.kind != Kind::Literature);
        for cause in counted {
            let _ = writeln!(text, "- {} ended by `{}`", cause.events, plain(&cause.name));
        }
        if let Some(window) = &about.window {
            let _ = writeln!(
                text,
                "- ends recorded from {} to {}, data taken on {}",
                window.start, window.end, window.extraction
            );
        }
        if let Some(d) = &about.definition {
            let _ = writeln!(
                text,
                "- outcome definition `{}`: {} ({})",
                d.name.name(),
                d.describe_en(),
                d.source()
            );
        }
        let missing = match self.recipe.missing() {
            Missing::Impute => "filled in with the training median, or a level of their own",
            Missing::Multiple => {
                "imputed several times over, by what the other columns and the outcome say; where a \
                 value is unknown at the moment of use the most likely one by the known values \
                 stands in, and the interval is wider for it"
            }
            Missing::Drop => "not accepted: such rows were left out and get no number",
        };
        let _ = writeln!(text, "- missing values are {missing}");
        if !about.cluster.is_empty() && about.frailty.is_none() {
            let _ = writeln!(text, "- errors by cluster: {}", about.cluster.join(", "));
        }
        if let Some(way) = about.repeated {
            let _ = writeln!(text, "- repeated events of one subject, by `{way}`");
            if about.describes() {
                let _ = writeln!(text, "- it describes, and gives no risk of a single row");
            }
        }
        if !about.strata.is_empty() {
            let _ = writeln!(text, "- a baseline of its own per {}", about.strata.join(", "));
        }
        let _ = writeln!(text);
    }

    fn terms_section(&self, text: &mut String) {
        let rows = self.coefficients();
        if rows.is_empty() {
            return;
        }
        let (what, ratio) = match &self.engine {
            Engine::Discrete(_) => ("odds in an interval", "odds ratio"),
            Engine::Smooth(s) if s.causes[0].law.longer() => {
                ("time, so that above 0 means longer, until the end", "time ratio")
            }
            Engine::Hazards(h) if h.subdistribution => {
                ("subdistribution hazard", "subdistribution hazard ratio")
            }
            _ => ("hazard", "hazard ratio"),
        };
        let _ = writeln!(text, "## Terms\n\nOn the log {what} of `{}`:\n", plain(self.cause()));
        if let Some(net) = &self.about.penalty {
            held_in(text, net, &rows, ratio);
            return;
        }
        let _ = writeln!(text, "| term | estimate | standard error | {ratio} |\n|---|---|---|---|");
        for (name, estimate, se) in rows {
            let _ = writeln!(
                text,
                "| {} | {estimate:.4} | {se:.4} | {:.3} |",
                plain(&name),
                estimate.exp()
            );
        }
        let _ = writeln!(text, "\nThey are associations in these data, not effects of a change.\n");
        if let Some(frailty) = &self.about.frailty {
            shared(text, frailty);
        }
    }

    fn scope_section(&self, text: &mut String) {
        let columns = self.recipe.columns();
        if columns.is_empty() {
            return;
        }
        let covers = match self.about.kind {
            Kind::Literature => "usual values, by the published mean and standard deviation",
            _ => "training rows covered",
        };
        let _ = writeln!(text, "## Scope\n\n| column | {covers} |\n|---|---|");
        for column in columns {
            let covered = match (self.recipe.scope(column), self.recipe.levels(column)) {
                (Some(s), _) => format!("{} to {}", s.low, s.high),
                (None, Some(levels)) => {
                    let level = |(name, cases): (&str, Option<u32>)| match cases {
                        Some(n) => format!("{} ({n})", plain(name)),
                        None => format!("{} (under 10)", plain(name)),
                    };
                    levels.map(level).collect::<Vec<_>>().join(", ")
                }
                (None, None) => String::new(),
            };
            let _ = writeln!(text, "| {} | {covered} |", plain(column));
        }
        let _ = writeln!(
            text,
            "\nNumbers are the 1st and 99th percentile, rounded. Beyond them by more than half of \
             their distance, for a level never seen, and where more than half of the columns are \
             unknown there is no number but the reason.\n"
        );
    }

    /// What was to weigh about the features, and with which reason the study waived it.
    fn findings_section(&self, text: &mut String) {
        let findings = &self.about.findings;
        if findings.is_empty() {
            return;
        }
        let _ = writeln!(text, "## To weigh about the features\n");
        for same in findings.chunk_by(|a, b| a.code == b.code) {
            let explained = same[0].explanation();
            let title = explained.map_or("", |e| e.title.en);
            let why = explained.map_or("", |e| e.why.en);
            let _ = writeln!(text, "- **{} {title}.** {why}", same[0].code);
            for finding in same {
                let (feature, what) = (plain(&finding.feature), plain(&finding.what));
                let _ = writeln!(text, "  - `{feature}`: {what}");
            }
            let _ = match &same[0].waived {
                Some(reason) => writeln!(text, "  - waived by the study: {}", plain(reason)),
                None => {
                    writeln!(text, "  - **not waived**: nobody has said yet why it is right here")
                }
            };
        }
        let _ = writeln!(text);
    }

    fn limits_section(&self, text: &mut String) {
        let _ = writeln!(text, "## Limits\n");
        let _ = writeln!(text, "- follow-up: {}", self.follow_up());
        let kind = match self.about.kind {
            Kind::NearestNeighbours | Kind::Svm => "- it is its training rows, and is never saved",
            Kind::Forest | Kind::ExtraTrees | Kind::GradientBoosting => {
                "- a forest knows the risk only from the start (or a landmark) on, and only at the \
                 horizons above; its intervals come from the spread between halves of the clusters"
            }
            Kind::SurvivalForest => {
                "- leaves hold counts of at least ten cases; intervals come from the spread between \
                 halves of the clusters; reasons are shares of the risk at the last horizon"
            }
            Kind::Boosting => {
                "- columns act on the hazard in the same way at all times; the number of trees was \
                 chosen on folds of the training rows, and intervals come from leaving out each of them"
            }
            Kind::DiscreteLogistic => {
                "- time goes in intervals; a row censored within one says nothing about it"
            }
            Kind::Literature => {
                "- populations differ: the interval holds how much published levels do, not how much \
                 your practice differs from all of them; covariates are taken to be independent, and \
                 effects to be the same at all times"
            }
            Kind::AalenJohansen => "- everybody (of a stratum) has the same risk",
            _ => "- effects are taken to be the same at all times after the start",
        };
        let _ = writeln!(text, "{kind}");
        if !self.about.strata.is_empty() {
            let _ = writeln!(
                text,
                "- a stratum that was not seen gets the pooled baseline and a wider interval"
            );
        }
        let literature = self.about.kind == Kind::Literature;
        let said = if literature { "terms" } else { "training said" };
        for warning in &self.about.warnings {
            let _ = writeln!(text, "- {said}: {}", plain(warning));
        }
        let _ = writeln!(
            text,
            "- to be said by people: who was asked before use, who checks it, and how one objects\n"
        );
    }

    /// How far training rows were followed.
    fn follow_up(&self) -> String {
        let unit = if self.about.unit == TimeUnit::Days { " days" } else { "" };
        let last = match &self.engine {
            Engine::Hazards(h) => {
                let ends = h.baselines.iter().filter_map(|b| b.pooled.edges.last());
                ends.copied().fold(0.0, f64::max)
            }
            Engine::Imputed(i) => {
                let ends = i.models.iter().flat_map(|h| &h.baselines);
                let ends = ends.filter_map(|b| b.pooled.edges.last());
                ends.copied().fold(0.0, f64::max)
            }
            Engine::Smooth(s) => {
                let ends = s.edges.iter().filter_map(|e| e.last());
                ends.copied().fold(0.0, f64::max)
            }
            Engine::Discrete(d) => {
                let ends = d.edges.iter().filter_map(|e| e.last());
                ends.copied().fold(0.0, f64::max)
            }
            Engine::Forests(f) => f.forests.iter().map(|f| f.horizon).fold(0.0, f64::max),
            Engine::Rows(r) => r.iter().map(|r| r.horizon).fold(0.0, f64::max),
            Engine::Boosted(b) => {
                let ends = b.edges.iter().filter_map(|e| e.last());
                ends.copied().fold(0.0, f64::max)
            }
            Engine::SurvivalForests(f) => {
                f.forests.iter().map(SurvivalForest::follow_up).fold(0.0, f64::max)
            }
        };
        match self.about.kind {
            Kind::Literature => format!("the published baseline ends after {last:.0}{unit}"),
            _ => format!(
                "numbers reach {last:.0}{unit}, where at least ten rows were still followed"
            ),
        }
    }

    fn origin_section(&self, text: &mut String) {
        let About { seed, software, expires, .. } = &self.about;
        let _ = writeln!(text, "## Origin\n");
        let versions: Vec<String> = software.iter().map(|(n, v)| format!("{n} {v}")).collect();
        let _ = writeln!(text, "- made with {}, seed {seed}", versions.join(", "));
        match expires {
            Some(day) => {
                let _ = writeln!(text, "- expires after {day}");
            }
            None => {
                let _ = writeln!(text, "- no expiry is set");
            }
        }
        let _ = writeln!(text, "- SHA-256 `{}`", self.sha256());
        let _ = writeln!(text, "- it holds no row, no identifier and no path");
    }
}

/// The terms that an elastic net kept, without errors: what it is, and what it is not.
fn held_in(text: &mut String, net: &Penalty, rows: &[(String, f64, f64)], ratio: &str) {
    let _ = writeln!(text, "| term | estimate | {ratio} |\n|---|---|---|");
    for (name, estimate, _) in rows.iter().filter(|(_, b, _)| *b != 0.0) {
        let _ = writeln!(text, "| {} | {estimate:.4} | {:.3} |", plain(name), estimate.exp());
    }
    let article = if net.alpha == 0.0 { "a" } else { "an" };
    let _ = writeln!(
        text,
        "\nThey were held in by {article} {net}. So they lie too near to zero, on purpose, and have no \
         standard errors and no intervals: which terms are here, and how strongly they were held, \
         was chosen on the same rows. The intervals of predicted risks take this choice as made \
         beforehand and are too narrow; the evaluation chooses anew in every fold, and tells how \
         well the whole procedure predicts. They are associations in these data, not effects of a \
         change.\n"
    );
}

/// What rows of a group share, and whose risk the model gives.
fn shared(text: &mut String, frailty: &Frailty) {
    let _ = writeln!(
        text,
        "What rows of one group share and no term holds is a {}. So the estimates compare rows of \
         groups with the same frailty. Predicted risks are those of a group that the model does not \
         know: the mean over all groups, of which those with a high frailty are gone first. The \
         model holds no group's own frailty, and its intervals take the variance as known.\n",
        plain(&frailty.to_string())
    );
}

/// The gates as a table.
fn gates(text: &mut String, stamp: &Stamp) {
    if stamp.gates.is_empty() {
        return;
    }
    let _ = writeln!(text, "| gate | limit | value | passed |\n|---|---|---|---|");
    for gate in &stamp.gates {
        let limit = match gate.limit {
            Limit::Number(n) => n.to_string(),
            Limit::Range([low, high]) => format!("{low} to {high}"),
            Limit::Unknown => "—".into(),
        };
        let value = gate.value.map_or_else(|| "—".to_owned(), |v| format!("{v:.3}"));
        let passed = if gate.passed { "yes" } else { "no" };
        let _ = writeln!(text, "| {} | {limit} | {value} | {passed} |", plain(&gate.name));
    }
    let _ = writeln!(text);
}

fn labels(times: &[NamedTime]) -> String {
    times.iter().map(|t| plain(&t.label)).collect::<Vec<_>>().join(", ")
}

/// Words from a study or from data as they are, without a meaning to Markdown or HTML.
fn plain(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '|' | '*' | '`' | '[' | ']' | '\\' | '#' => text.extend(['\\', c]),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_data_cannot_break_the_card() {
        assert_eq!(plain("a|b<script>\n# x"), "a\\|b&lt;script&gt; \\# x");
        assert_eq!(plain("prior_stays"), "prior_stays");
    }
}
