//! The text of reruns and proxies: how far the answer moves, and what the terms give away.

use std::fmt::Write;

use super::{WIDTH, interval, number};
use crate::evaluate::{Evaluation, Optimism, Variant};

impl Evaluation {
    /// The headline under other ways of counting breakdowns.
    pub(super) fn write_reruns(&self, out: &mut String) -> std::fmt::Result {
        let mut lines: Vec<(String, &Variant)> = Vec::new();
        if let Some(unknown) = &self.unknown_ends {
            let n = unknown.ends;
            lines.push((format!("{n} unknown ends: all count"), &unknown.all));
            lines.push((format!("{n} unknown ends: none counts"), &unknown.none));
        }
        lines.extend(self.definitions.iter().map(|v| (v.definition.clone(), v)));
        if lines.is_empty() {
            return Ok(());
        }
        let label = self.horizon_labels.last().map_or("", String::as_str);
        writeln!(out, "\nCounted otherwise, at {label}: how far the answer moves")?;
        let (n, e, seen) = ("rows", "events", "observed risk");
        writeln!(out, "  {:<32}{n:>7}{e:>8}  {seen:<WIDTH$}{:<WIDTH$}verdict", "", "scaled Brier")?;
        let own = self.observed.last().map(|o| interval(&o.value, 3)).unwrap_or_default();
        let headline = |s: &crate::evaluate::Summary| {
            s.get("scaled_brier").map_or("–".into(), |m| interval(&m.value, 3))
        };
        writeln!(
            out,
            "  {:<32}{:>7}{:>8}  {own:<WIDTH$}{:<WIDTH$}{}",
            "as the study has it",
            self.n,
            self.events,
            headline(&self.summary),
            self.verdict.name()
        )?;
        for (name, v) in &lines {
            if let Some(why) = &v.failed {
                writeln!(out, "  {name:<32}failed: {why}")?;
                continue;
            }
            let seen = v.observed.last().map(|o| interval(&o.value, 3)).unwrap_or_default();
            let verdict = v.verdict.map_or("", |v| v.name());
            writeln!(
                out,
                "  {name:<32}{:>7}{:>8}  {seen:<WIDTH$}{:<WIDTH$}{verdict}",
                v.n,
                v.events,
                headline(&v.summary)
            )?;
            if let Some(m) = &v.moved {
                let order = m.rank_correlation.map_or("–".into(), |r| number(r, 2));
                writeln!(
                    out,
                    "    risks of the study's own rows: mean {} → {}, {} apart on average, one in \
                     ten more than {}; rank correlation {order}",
                    number(m.mean_own, 3),
                    number(m.mean, 3),
                    number(m.mean_distance, 3),
                    number(m.distance_90, 3)
                )?;
            }
        }
        Ok(())
    }

    /// What refits show: optimism at the last horizon, and how stable risks are.
    pub(super) fn write_refits(&self, out: &mut String) -> std::fmt::Result {
        let Some(refits) = &self.refits else { return Ok(()) };
        let label = self.horizon_labels.last().map_or("", String::as_str);
        let n = refits.replicates;
        writeln!(out, "\nOn its own rows and without optimism, at {label} ({n} refits)")?;
        let (a, c, p) = ("apparent", "corrected", ".632+");
        writeln!(out, "  {:<25}{a:>10}{c:>11}{p:>8}", "")?;
        let last = self.horizons.last();
        let shown = [
            ("auc", "AUC"),
            ("c_uno", "C (Uno)"),
            ("scaled_brier", "scaled Brier"),
            ("brier", "Brier"),
            ("slope", "calibration slope"),
        ];
        for (metric, words) in shown {
            let here = |o: &&Optimism| o.time.is_none() || o.time.as_ref() == last;
            let Some(o) = refits.optimism.iter().filter(|o| o.metric == metric).find(here) else {
                continue;
            };
            let cell = |v: Option<f64>| v.map_or("–".into(), |v| number(v, 3));
            let (a, c, p) = (cell(o.apparent), cell(o.corrected), cell(o.plus_632));
            writeln!(out, "  {words:<25}{a:>10}{c:>11}{p:>8}")?;
        }
        if let Some(i) = &refits.instability {
            let side = i.changed_side.map_or(String::new(), |s| {
                format!(
                    "; {} % of refits put a row on the other side of the base rate",
                    number(100.0 * s, 0)
                )
            });
            writeln!(
                out,
                "  Stability: a refit gives a row a risk {} away on average (one row in ten: more \
                 than {}){side}",
                number(i.mean_distance, 3),
                number(i.distance_90, 3)
            )?;
        }
        Ok(())
    }

    /// D-calibration of all models.
    pub(super) fn write_d_calibration(&self, out: &mut String) -> std::fmt::Result {
        let others = self.compared.iter().map(|c| (c.name.as_str(), &c.d_calibration));
        let all = std::iter::once((self.model.as_str(), &self.d_calibration)).chain(others);
        let known: Vec<_> = all.filter_map(|(name, d)| Some((name, d.as_ref()?))).collect();
        if known.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nD-calibration: shares in tenths of the own prediction (ideal 0.10)")?;
        for (name, d) in known {
            let bins: Vec<String> = d.bins.iter().map(|b| number(*b, 2)).collect();
            let (chi2, p) = (number(d.chi2, 1), number(d.p, 3));
            let name = super::shortened(name);
            writeln!(out, "  {name:<25}{}  chi2 {chi2}, p {p}", bins.join(" "))?;
        }
        Ok(())
    }

    /// How well the terms tell audited attributes.
    pub(super) fn write_proxies(&self, out: &mut String) -> std::fmt::Result {
        if self.proxies.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nWhat the terms give away of audited attributes (AUC, 0.5 is nothing)")?;
        for p in &self.proxies {
            let name = format!("{}={}", p.column, p.level);
            let said = match p.too_little_data {
                true => "too little data to say anything".to_owned(),
                false => interval(&p.auc, 2),
            };
            writeln!(out, "  {name:<28}{:>8} of {:<8}{said}", p.with, p.n)?;
        }
        Ok(())
    }
}
