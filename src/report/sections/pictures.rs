//! Pictures of every model that is judged, side by side.

use super::super::calibration::{CalibrationMark, CalibrationPicture, Spread};
use super::super::curves::TimeUnit;
use super::super::decision::{DecisionPicture, DecisionPoint};
use super::super::disclose::Audience;
use super::super::html::Html;
use super::super::table::{Row, Table};
use super::{heading, say, span};
use crate::evaluate::{
    CalibrationCurve, DCalibration, DecisionCurve, Evaluation, RiskDistribution,
};
use crate::score::Lang;

/// What a model is called on the page.
pub(super) fn called(name: &str, language: Lang) -> String {
    match name {
        "no model" => language
            .of("geen model: voor iedereen dezelfde kans", "no model: one risk for all")
            .into(),
        other => other.to_string(),
    }
}

/// A calibration curve, over the distributions of risk where the reader may see them.
pub(super) fn calibration(
    id: String,
    title: String,
    curve: &CalibrationCurve,
    risks: &[RiskDistribution],
    audience: Audience,
) -> CalibrationPicture {
    let spread = risks
        .iter()
        .find(|r| (r.time - curve.time).abs() < 1e-9)
        // Shares of few rows could be read back as counts.
        .filter(|_| audience == Audience::Internal)
        .map(|r| Spread { event: r.event.clone(), no_event: r.no_event.clone() });
    let mark = |p: &crate::evaluate::CalibrationPoint| CalibrationMark {
        predicted: p.predicted,
        observed: p.observed,
        interval: p.lower.zip(p.upper),
    };
    CalibrationPicture { id, title, marks: curve.points.iter().map(mark).collect(), spread }
}

/// A decision curve.
pub(super) fn decision(id: String, title: String, curve: &DecisionCurve) -> DecisionPicture {
    let point = |p: &crate::evaluate::DecisionPoint| DecisionPoint {
        threshold: p.threshold,
        model: p.model,
        all: p.all,
    };
    DecisionPicture { id, title, points: curve.points.iter().map(point).collect() }
}

/// The calibration and the decision curves of the models beside the study's, at every horizon.
pub(super) fn side_by_side(
    h: &mut Html,
    e: &Evaluation,
    unit: &TimeUnit,
    language: Lang,
    audience: Audience,
) {
    let drawn = |c: &&crate::evaluate::Compared| {
        !c.calibration.is_empty() || c.decision.iter().any(|d| d.points.len() > 1)
    };
    if !e.compared.iter().any(|c| drawn(&c)) {
        return;
    }
    heading(h, language, "De andere modellen in beeld", "Pictures of the other models");
    for (m, c) in e.compared.iter().enumerate().filter(|(_, c)| drawn(c)) {
        let name = called(&c.name, language);
        h.leaf("h4", &[], &name);
        let mut row = Html::new();
        for (k, curve) in c.calibration.iter().enumerate() {
            let within = span(language, unit, curve.time);
            let title = match language {
                Lang::Nl => format!("{name}: klopt de kans, {within}?"),
                Lang::En => format!("{name}: is the risk right, {within}?"),
            };
            let id = format!("calibration-{}-{}", m + 2, k + 1);
            calibration(id, title, curve, &c.risks, audience).write(&mut row, language);
        }
        for (k, curve) in c.decision.iter().enumerate() {
            let within = span(language, unit, curve.time);
            let title = match language {
                Lang::Nl => format!("{name}: nettobaat, {within}"),
                Lang::En => format!("{name}: net benefit, {within}"),
            };
            let id = format!("decision-{}-{}", m + 2, k + 1);
            decision(id, title, curve).write(&mut row, language);
        }
        h.within("div", &[("class", "row")], |h| h.append(&row));
    }
}

/// D-calibration of every model, in one table.
pub(super) fn d_calibration(h: &mut Html, e: &Evaluation, language: Lang) {
    let own = e.d_calibration.iter().map(|d| (e.model.as_str(), d));
    let others =
        e.compared.iter().filter_map(|c| c.d_calibration.as_ref().map(|d| (c.name.as_str(), d)));
    let row = |(name, d): (&str, &DCalibration)| {
        let (low, high) = d.bins.iter().fold((1.0f64, 0.0f64), |(l, h), &b| (l.min(b), h.max(b)));
        Row::plain([
            called(name, language),
            format!("{}–{}", language.percent(low, 1), language.percent(high, 1)),
            language.number(d.chi2, 1),
            language.p_value(d.p),
        ])
    };
    let rows: Vec<Row> = own.chain(others).map(row).collect();
    if rows.is_empty() {
        return;
    }
    heading(h, language, "Klopt het verloop in de tijd?", "Is the course over time right?");
    say(
        h,
        language,
        "Waar de voorspelling klopt, ligt in elk tiende deel van de eigen voorspelde kansen een tiende \
         van de plaatsingen (D-kalibratie). Een kleine p zegt dat het niet klopt; een grote zegt weinig, \
         want wie niet tot het einde is gevolgd telt verdeeld mee.",
        "Where the prediction holds, a tenth of the placements lies in each tenth of their own predicted \
         probabilities (D-calibration). A small p says that it does not hold; a large one says little, \
         since those not followed to the end are spread out.",
    );
    Table {
        caption: language.of("D-kalibratie", "D-calibration").into(),
        columns: vec![
            "Model".into(),
            language.of("deel per tiende (ideaal 10%)", "share per tenth (ideal 10%)").into(),
            "χ² (df 9)".into(),
            "p".into(),
        ],
        rows,
        ..Table::default()
    }
    .write(h);
}
