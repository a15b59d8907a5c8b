//! An evaluation as text: the verdict first, then the gates, then the models side by side.

mod reruns;

use std::fmt::Write;

use super::{Evaluation, Gate, Interval, Limit, Summary, Verdict};

/// The metrics of the table: name in the summary, words, whether the ideal is 1, 0 or more.
const METRICS: [(&str, &str, &str); 8] = [
    ("auc", "AUC", "higher is better, 0.5 is a coin"),
    ("c_uno", "C (Uno)", "higher is better, 0.5 is a coin"),
    ("scaled_brier", "scaled Brier", "above 0 beats the base rate"),
    ("brier", "Brier", "lower is better"),
    ("oe", "observed/expected", "1 is ideal"),
    ("slope", "calibration slope", "1 is ideal"),
    ("ici", "calibration error (ICI)", "0 is ideal"),
    ("net_benefit", "net benefit", "above 0 beats treating all or none"),
];
/// Models in one block of columns.
const COLUMNS: usize = 3;
/// Width of the words in front, and of a column.
const FRONT: usize = 25;
const WIDTH: usize = 25;

impl Evaluation {
    /// The evaluation as a table for people, in English, lines of at most about 115 characters.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_table(&mut out);
        // Columns are padded; lines need not be.
        out.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "Verdict: {}", self.verdict.name())?;
        writeln!(out, "  {}\n", in_words(self.verdict))?;
        self.write_gates(out)?;
        let definition = self.definition.as_ref().map_or(String::new(), |d| format!(" ({d})"));
        writeln!(
            out,
            "\n{}: risk of {}{definition}; {} rows, {} clusters, {} events",
            self.title, self.cause, self.n, self.clusters, self.events
        )?;
        let s = &self.settings;
        writeln!(
            out,
            "{} × {} folds, intervals from {} cluster-bootstrap replicates, seed {}",
            s.repeats, s.folds, s.bootstrap, s.seed
        )?;
        for (at, label) in self.horizon_labels.iter().enumerate() {
            self.write_horizon(out, at, label)?;
        }
        self.write_d_calibration(out)?;
        self.write_splits(out)?;
        self.write_groups(out)?;
        self.write_proxies(out)?;
        self.write_refits(out)?;
        self.write_reruns(out)?;
        if !self.findings.is_empty() {
            writeln!(out, "\nTo weigh about the features (`explain CODE` says why)")?;
            for finding in &self.findings {
                writeln!(out, "  {finding}")?;
            }
        }
        if !self.warnings.is_empty() {
            writeln!(out, "\nTo know")?;
            for warning in &self.warnings {
                writeln!(out, "  {warning}")?;
            }
        }
        Ok(())
    }

    fn write_gates(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "{:<16}{:>24}{:>12}  ", "Gate", "limit", "value")?;
        for gate in &self.gates {
            let value = gate.value.map_or("none".into(), |value| number(value, decimals(gate)));
            let at = gate
                .horizon
                .and_then(|h| self.label(h))
                .map_or(String::new(), |l| format!(" at {l}"));
            let passed = if gate.passed { "passed" } else { "NOT PASSED" };
            writeln!(out, "{:<16}{:>24}{value:>12}  {passed}{at}", gate.name, limit(gate))?;
        }
        Ok(())
    }

    /// The label of a horizon.
    fn label(&self, horizon: f64) -> Option<&str> {
        let at = self.horizons.iter().position(|&h| h == horizon)?;
        self.horizon_labels.get(at).map(String::as_str)
    }

    /// The models side by side at one horizon.
    fn write_horizon(&self, out: &mut String, at: usize, label: &str) -> std::fmt::Result {
        let mut models: Vec<(&str, &Summary)> = vec![(&self.model, &self.summary)];
        models.extend(self.compared.iter().map(|c| (c.name.as_str(), &c.summary)));
        let seen = self.observed.get(at).map(|o| interval(&o.value, 3)).unwrap_or_default();
        writeln!(out, "\nAt {label} (observed risk {seen})")?;
        for block in models.chunks(COLUMNS) {
            write!(out, "  {:<FRONT$}", "")?;
            for (name, _) in block {
                write!(out, "{:<WIDTH$}", shortened(name))?;
            }
            writeln!(out)?;
            for (metric, words, _) in METRICS {
                // The C indices have no horizon of their own.
                if metric == "c_uno" && at + 1 < self.horizons.len() {
                    continue;
                }
                write!(out, "  {words:<FRONT$}")?;
                for (_, summary) in block {
                    let cell = summary
                        .get(metric)
                        .map(|m| interval(m.at.get(at).map_or(&m.value, |at| &at.value), 3));
                    write!(out, "{:<WIDTH$}", cell.unwrap_or_else(|| "–".into()))?;
                }
                writeln!(out)?;
            }
        }
        if at + 1 == self.horizons.len() {
            let legend: Vec<String> =
                METRICS.iter().map(|(_, words, ideal)| format!("{words}: {ideal}")).collect();
            for line in legend.chunks(2) {
                writeln!(out, "  {}", line.join(" · "))?;
            }
            for compared in self.compared.iter().filter(|c| c.failed.is_some()) {
                writeln!(out, "  {} could not be judged (see below)", compared.name)?;
            }
        }
        Ok(())
    }

    /// The splits that are no folds, at the last horizon.
    fn write_splits(&self, out: &mut String) -> std::fmt::Result {
        let others = || self.splits.iter().filter(|split| split.repeat.is_none());
        if others().next().is_none() {
            return Ok(());
        }
        let label = self.horizon_labels.last().map_or("", String::as_str);
        let (n, m, e) = ("trained on", "tested on", "events");
        writeln!(out, "\nHeld out, at {label}")?;
        writeln!(
            out,
            "  {:<28}{n:>11}{m:>11}{e:>8}{:>8}{:>14}{:>8}{:>8}",
            "", "AUC", "scaled Brier", "O/E", "slope"
        )?;
        for split in others() {
            let h = split.horizons.last().cloned().unwrap_or_default();
            let cell = |value: Option<f64>| value.map_or("–".into(), |v| number(v, 2));
            writeln!(
                out,
                "  {:<28}{:>11}{:>11}{:>8}{:>8}{:>14}{:>8}{:>8}{}",
                split.name,
                split.n_train,
                split.n_test,
                split.events_test,
                cell(h.auc),
                cell(h.scaled_brier),
                cell(h.oe),
                cell(h.slope),
                if split.failed.is_some() { "  failed" } else { "" },
            )?;
        }
        Ok(())
    }

    fn write_groups(&self, out: &mut String) -> std::fmt::Result {
        if self.groups.is_empty() {
            return Ok(());
        }
        let label = self.horizon_labels.last().map_or("", String::as_str);
        writeln!(out, "\nBy group, at {label} (the model on rows that it never saw)")?;
        let (n, e) = ("rows", "events");
        writeln!(
            out,
            "  {:<28}{n:>8}{e:>8}  {:<WIDTH$}{:<WIDTH$}{:<WIDTH$}",
            "", "AUC", "observed/expected", "calibration slope"
        )?;
        for group in &self.groups {
            let name = format!("{}={}", group.column, group.level);
            write!(out, "  {name:<28}{:>8}{:>8}  ", group.n, group.events)?;
            if group.too_little_data {
                writeln!(out, "too little data to say anything")?;
                continue;
            }
            for metric in ["auc", "oe", "slope"] {
                let cell = group.summary.get(metric).map(|m| interval(&m.value, 2));
                write!(out, "{:<WIDTH$}", cell.unwrap_or_else(|| "–".into()))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// What a verdict means.
fn in_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Usable => {
            "Every gate was passed: the model may support, never replace, a judgement."
        }
        Verdict::DoNotUse => "There is enough data to say that this model should not be used.",
        Verdict::NotEnoughData => "There is too little data to say whether this model may be used.",
    }
}

/// The limit of a gate, as the reader expects it.
fn limit(gate: &Gate) -> String {
    match (gate.name.as_str(), gate.limit) {
        ("failed_splits", _) => "none".into(),
        ("scaled_brier", Limit::Number(n)) => format!("lower bound > {n}"),
        (_, Limit::Number(n)) => format!("at least {n}"),
        (_, Limit::Range([a, b])) => format!("interval in {a}–{b}"),
        (_, Limit::Unknown) => "unknown".into(),
    }
}

fn decimals(gate: &Gate) -> usize {
    if matches!(gate.name.as_str(), "events" | "sample_size" | "failed_splits") { 0 } else { 3 }
}

/// A number; −0.000 is written as 0.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        _ => text,
    }
}

/// A number with its interval.
fn interval(i: &Interval, decimals: usize) -> String {
    match (i.mean, i.lower, i.upper) {
        (None, ..) => "–".into(),
        (Some(mean), Some(lower), Some(upper)) => format!(
            "{} [{}, {}]",
            number(mean, decimals),
            number(lower, decimals),
            number(upper, decimals)
        ),
        (Some(mean), ..) => number(mean, decimals),
    }
}

/// A name that fits its column.
fn shortened(name: &str) -> String {
    if name.chars().count() < WIDTH {
        name.to_owned()
    } else {
        name.chars().take(WIDTH - 2).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::model::FeatureFinding;

    use super::*;
    use crate::evaluate::{
        AtTime, Compared, GroupResult, HorizonResult, MetricSummary, Settings, SplitResult,
    };

    fn value(mean: f64) -> Interval {
        Interval { mean: Some(mean), lower: Some(mean - 0.1), upper: Some(mean + 0.1) }
    }

    fn metric(mean: f64) -> MetricSummary {
        let at = [365.25, 730.5].map(|time| AtTime { time, value: value(mean) }).to_vec();
        MetricSummary { value: value(mean), at }
    }

    pub(in crate::evaluate) fn example() -> Evaluation {
        let summary: Summary =
            [("auc".to_owned(), metric(0.71)), ("oe".to_owned(), metric(-0.0001))].into();
        let gate = |name: &str, limit, value, passed| Gate {
            name: name.into(),
            limit,
            value,
            horizon: Some(730.5),
            passed,
        };
        let group = |level: &str, events, too_little_data| GroupResult {
            column: "provider".into(),
            level: level.into(),
            n: 100,
            events,
            summary: if too_little_data { Summary::new() } else { summary.clone() },
            too_little_data,
        };
        Evaluation {
            schema: 1,
            title: "Breakdown within two years".into(),
            model: "cox".into(),
            cause: "breakdown".into(),
            definition: Some("unplanned-unwanted".into()),
            unit: "days".into(),
            n: 500,
            clusters: 400,
            events: 120,
            horizons: vec![365.25, 730.5],
            horizon_labels: vec!["12 months".into(), "24 months".into()],
            observed: [365.25, 730.5].map(|time| AtTime { time, value: value(0.2) }).to_vec(),
            splits: vec![SplitResult {
                name: "provider=North".into(),
                repeat: None,
                n_train: 400,
                n_test: 100,
                events_test: 20,
                c_harrell: None,
                c_uno: None,
                horizons: vec![HorizonResult::default(); 2],
                failed: None,
            }],
            summary: summary.clone(),
            compared: vec![Compared {
                name: "no model".into(),
                summary: summary.clone(),
                difference: Summary::new(),
                calibration: Vec::new(),
                risks: Vec::new(),
                decision: Vec::new(),
                d_calibration: None,
                failed: None,
            }],
            gates: vec![
                gate("events", Limit::Number(100.0), Some(120.0), true),
                gate("slope", Limit::Range([0.8, 1.25]), None, false),
            ],
            verdict: Verdict::NotEnoughData,
            sample_size: None,
            calibration: Vec::new(),
            risks: Vec::new(),
            decision: Vec::new(),
            d_calibration: None,
            groups: vec![group("North", 30, false), group("South", 3, true)],
            proxies: Vec::new(),
            unknown_ends: None,
            definitions: Vec::new(),
            refits: None,
            settings: Settings { folds: 5, repeats: 5, bootstrap: 200, refits: 0, seed: 42 },
            findings: vec![FeatureFinding {
                code: "PZ2001".into(),
                feature: "prior_stays".into(),
                what: "it counts everything".into(),
                waived: None,
            }],
            warnings: vec!["12 rows are not judged".into()],
        }
    }

    #[test]
    fn the_verdict_comes_first_and_nothing_is_nan() {
        let table = example().table();
        assert!(table.starts_with("Verdict: not-enough-data\n"));
        for words in [
            "at least 100",
            "interval in 0.8–1.25",
            "NOT PASSED at 24 months",
            "0.710 [0.610, 0.810]",
            "At 12 months (observed risk 0.200 [0.100, 0.300])",
            "provider=North",
            "too little data to say anything",
            "12 rows are not judged",
        ] {
            assert!(table.contains(words), "{words:?} is missing from\n{table}");
        }
        assert!(!table.contains("NaN") && !table.contains("-0.000 "));
        assert!(table.lines().all(|line| line.chars().count() <= 115), "{table}");
    }

    #[test]
    fn the_json_has_the_keys_of_the_contract() {
        let json = serde_json::to_value(example()).unwrap();
        for key in ["schema", "definition", "splits", "summary", "compared", "gates", "verdict"] {
            assert!(json.get(key).is_some(), "{key}");
        }
        let split = &json["splits"][0];
        for key in ["name", "n_train", "n_test", "events_test", "c_harrell", "c_uno", "horizons"] {
            assert!(split.get(key).is_some(), "{key}");
        }
        let horizon = &split["horizons"][0];
        for key in ["time", "auc", "brier", "scaled_brier", "oe", "slope", "ici", "net_benefit"] {
            assert!(horizon.get(key).is_some(), "{key}");
        }
        for key in ["mean", "lower", "upper"] {
            assert!(json["summary"]["auc"][key].is_number(), "{key}");
        }
        assert_eq!(json["gates"][0]["limit"], 100.0);
        assert_eq!(json["verdict"], "not-enough-data");
        let back: Evaluation = serde_json::from_value(json).unwrap();
        assert_eq!(back, example());
    }
}
