//! Names of things in plain words: causes, terms, levels, metrics, gates.

use super::html::Html;
use crate::features;
use crate::model::FeatureFinding;
use crate::score::Lang;

/// A cause of an end in words.
#[must_use]
pub fn cause(language: Lang, name: &str) -> String {
    let (nl, en) = match name {
        "breakdown" => ("breakdown", "breakdown"),
        "returned_home" => ("terug naar huis", "returned home"),
        "planned_move" => ("geplande overplaatsing", "planned move"),
        "came_of_age" => ("volwassen of blijvend geregeld", "came of age or permanence"),
        "other" => ("ander einde", "other end"),
        "unknown" => ("onbekend einde", "unknown end"),
        other => (other, other),
    };
    language.of(nl, en).into()
}

/// A column of a design in words: `prior_breakdowns`, `family_kind=network`, `ns(age, 3)2`,
/// `capacity_gap:alliance`.
#[must_use]
pub fn term(language: Lang, name: &str) -> String {
    let parts: Vec<String> = name.split(':').map(|part| factor(language, part)).collect();
    parts.join(" × ")
}

/// One factor of a column.
fn factor(language: Lang, part: &str) -> String {
    if let Some((column, level)) = part.split_once('=') {
        return format!("{}: {}", column_name(language, column), self::level(language, level));
    }
    let inside = |prefix: &str| part.strip_prefix(prefix).and_then(|rest| rest.split_once(')'));
    if let Some((inner, number)) = inside("ns(") {
        let column = column_name(language, inner.split(',').next().unwrap_or(inner).trim());
        let piece = language.of("deel van de kromme", "part of the curve");
        return format!("{column} ({piece} {number})");
    }
    if let Some((inner, _)) = inside("log(") {
        return format!("{} (log)", column_name(language, inner));
    }
    if let Some((inner, _)) = inside("factor(") {
        return column_name(language, inner);
    }
    column_name(language, part)
}

/// A feature's label, or the column's own name.
#[must_use]
pub fn column_name(language: Lang, column: &str) -> String {
    if column == "age_band" {
        return language.of("leeftijdsgroep bij de start", "age band at the start").into();
    }
    match features::known(column) {
        Some(f) => language.of(f.label_nl, f.label_en).into(),
        None => column.into(),
    }
}

/// A level of a factor in words.
#[must_use]
pub fn level(language: Lang, level: &str) -> String {
    let (nl, en) = match level {
        "network" => ("netwerkgezin", "network family"),
        "general" => ("bestandsgezin", "general family"),
        "family_home" => ("gezinshuis", "family home"),
        "missing" => ("onbekend", "unknown"),
        "other" => ("anders", "other"),
        "male" => ("jongen", "male"),
        "female" => ("meisje", "female"),
        "yes" => ("ja", "yes"),
        "no" => ("nee", "no"),
        "full_time" => ("voltijd", "full time"),
        "part_time" => ("deeltijd", "part time"),
        "crisis" => ("crisis", "crisis"),
        "voluntary" => ("vrijwillig", "voluntary"),
        "drang" => ("drang", "drang"),
        "ots" => ("OTS", "OTS"),
        "guardianship_gi" => ("voogdij GI", "guardianship (GI)"),
        "guardianship_foster_parent" => ("pleegoudervoogdij", "guardianship (foster parent)"),
        "return_home" => ("terug naar huis", "return home"),
        "long_term" => ("opgroeien in het gezin", "long term"),
        "all" => ("alle plaatsingen", "all placements"),
        other => (other, other),
    };
    language.of(nl, en).into()
}

/// A metric or gate in words.
#[must_use]
pub fn metric(language: Lang, name: &str) -> String {
    let (nl, en) = match name {
        "auc" => ("AUC (onderscheid)", "AUC (discrimination)"),
        "c_harrell" => ("C van Harrell", "Harrell's C"),
        "c_uno" => ("C van Uno", "Uno's C"),
        "brier" => ("Brier-score", "Brier score"),
        "scaled_brier" => ("geschaalde Brier-score", "scaled Brier score"),
        "oe" => ("gebeurd / voorspeld", "observed / expected"),
        "intercept" => ("kalibratie-intercept", "calibration intercept"),
        "slope" => ("kalibratie-helling", "calibration slope"),
        "ici" => ("gemiddelde afwijking (ICI)", "mean deviation (ICI)"),
        "e50" => ("mediane afwijking (E50)", "median deviation (E50)"),
        "e90" => ("grote afwijking (E90)", "large deviation (E90)"),
        "net_benefit" => ("nettobaat bij de basiskans", "net benefit at the base rate"),
        "events" => ("aantal breakdowns", "number of breakdowns"),
        "sample_size" => ("aantal plaatsingen (Riley)", "number of placements (Riley)"),
        "failed_splits" => ("mislukte splitsingen", "failed splits"),
        other => (other, other),
    };
    language.of(nl, en).into()
}

/// An outcome definition by its name, in one sentence.
#[must_use]
pub fn definition(language: Lang, name: &str) -> String {
    match crate::outcome::DefinitionName::parse(name) {
        Ok(known) => {
            let definition = crate::outcome::Definition::new(known);
            language.of(definition.describe_nl(), definition.describe_en()).into()
        }
        Err(_) => name.into(),
    }
}

/// A rule of matching, as a heading over the families that it excludes; a rule of one's own by
/// its name.
pub(super) fn rule(language: Lang, name: &str) -> String {
    match crate::matching::RuleName::find(name) {
        Some(rule) => rule.label(language).into(),
        None => name.replace('_', " "),
    }
}

/// The name of a split: `from 2020-01-01` and `column=level` in the page's language.
pub(super) fn split(language: Lang, name: &str) -> String {
    if let Some(day) = name.strip_prefix("from ") {
        return format!("{} {day}", language.of("vanaf", "from"));
    }
    match name.split_once('=') {
        Some((column, level)) => {
            format!("{}: {}", column_name(language, column), self::level(language, level))
        }
        None => name.to_owned(),
    }
}

/// Remarks of the software for those who know the method. They are in English only, so a Dutch
/// page says so and folds them.
pub(super) fn remarks(h: &mut Html, warnings: &[String], language: Lang) {
    if warnings.is_empty() {
        return;
    }
    h.within("details", &[("class", "note")], |h| {
        let title = language.of("Technische opmerkingen (in het Engels)", "Technical remarks");
        h.leaf("summary", &[], title);
        for warning in warnings {
            h.leaf("p", &[("lang", "en")], warning);
        }
    });
}

/// What to weigh about the features, per code: what it is, of which features, why it matters, and
/// the reason with which the study waived it.
pub(super) fn findings(h: &mut Html, findings: &[FeatureFinding], language: Lang) {
    if findings.is_empty() {
        return;
    }
    h.leaf("h3", &[], language.of("Te wegen bij de kenmerken", "To weigh about the features"));
    for same in findings.chunk_by(|a, b| a.code == b.code) {
        let Some(explained) = same[0].explanation() else { continue };
        let features: Vec<String> =
            same.iter().map(|f| column_name(language, &f.feature)).collect();
        let title = language.of(explained.title.nl, explained.title.en);
        let why = language.of(explained.why.nl, explained.why.en);
        h.within("p", &[], |h| {
            h.leaf("strong", &[], &format!("{title} ({}).", same[0].code));
            h.text(&format!(" {}. {why} ", features.join("; ")));
            let own = same[0].waived.as_ref();
            let waived = own.map(|r| format!("{}: {r}", language.of("Afgezien", "Waived")));
            let open = language.of(
                "Niemand heeft nog gezegd waarom het hier terecht is.",
                "Nobody has said yet why it is right here.",
            );
            h.text(&waived.unwrap_or_else(|| open.to_owned()));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Lang::{En, Nl};
    use super::*;

    #[test]
    fn every_rule_has_words_in_both_languages() {
        for name in crate::matching::RuleName::ALL {
            let (nl, en) = (rule(Nl, name.name()), rule(En, name.name()));
            assert!(nl != en && en.starts_with(char::is_uppercase), "{}", name.name());
        }
        assert_eq!(rule(Nl, "house_rule"), "house rule");
    }

    #[test]
    fn splits_in_words() {
        assert_eq!(split(Nl, "from 2020-01-01"), "vanaf 2020-01-01");
        assert_eq!(split(En, "repeat 1 fold 2"), "repeat 1 fold 2");
        assert_eq!(split(Nl, "family_kind=network"), term(Nl, "family_kind=network"));
    }

    #[test]
    fn terms_in_words() {
        assert_eq!(term(Nl, "age"), "leeftijd bij de start");
        assert_eq!(
            term(En, "family_kind=network"),
            format!("{}: network family", column_name(En, "family_kind"))
        );
        assert!(term(En, "ns(age, 3)2").ends_with("(part of the curve 2)"));
        assert!(term(Nl, "age:fin").ends_with(" × fin"));
        assert_eq!(term(En, "log(wage)"), "wage (log)");
        assert_eq!(term(En, "<b>"), "<b>");
        assert_eq!(term(En, ""), "");
    }
}
