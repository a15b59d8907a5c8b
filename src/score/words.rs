//! What a model says beside a number, or instead of one, in plain words.

use super::note::Note;
use super::result::Risk;
use crate::features::known;
use crate::model::{Abstention, PredictionNote, RiskAt};

impl From<RiskAt> for Risk {
    fn from(r: RiskAt) -> Self {
        Self { horizon: r.horizon, estimate: r.estimate, lower: r.lower, upper: r.upper }
    }
}

/// The code of the note that a horizon has no number.
pub(crate) const NO_HORIZON: &str = "horizon_without_number";

/// A column in plain words: Dutch, English.
fn label(column: &str) -> (String, String) {
    known(column).map_or_else(
        || (column.to_owned(), column.to_owned()),
        |f| (f.label_nl.to_owned(), f.label_en.to_owned()),
    )
}

/// A note about one column; `{}` stands for its label.
fn about(code: &str, column: &str, nl: &str, en: &str) -> Note {
    let (dutch, english) = label(column);
    Note::new(code, nl.replace("{}", &dutch), en.replace("{}", &english))
}

/// Why there is no number.
pub(crate) fn abstention(why: &Abstention) -> Note {
    let code = why.code();
    match why {
        Abstention::OutOfScope { column } => about(
            code,
            column,
            "Geen getal: “{}” ligt ver buiten wat het model kent.",
            "No number: “{}” lies far outside what the model knows.",
        ),
        Abstention::UnknownLevel { column } => about(
            code,
            column,
            "Geen getal: deze waarde van “{}” kent het model niet.",
            "No number: the model does not know this value of “{}”.",
        ),
        Abstention::Missing { column } => {
            about(code, column, "Geen getal: “{}” is onbekend.", "No number: “{}” is unknown.")
        }
        Abstention::TooMuchMissing { missing, of } => Note::new(
            code,
            format!(
                "Geen getal: van de {of} dingen die het model wil weten zijn er {missing} onbekend."
            ),
            format!("No number: {missing} of the {of} things that the model reads are unknown."),
        ),
        Abstention::BeyondFollowUp => Note::new(
            code,
            "Geen getal: zo lang zijn plaatsingen waarvan het model leerde niet gevolgd.",
            "No number: placements that the model learned from were not followed so long.",
        ),
        Abstention::BeforeLandmark => Note::new(
            code,
            "Nog geen getal: deze plaatsing loopt korter dan waar het model voor is gemaakt.",
            "No number yet: this placement has lasted less than the model is made for.",
        ),
        other => Note::new(
            code,
            "Geen getal: hier kan het model niets over zeggen.",
            format!("No number: {other}."),
        ),
    }
}

/// What should be said beside a number.
pub(crate) fn note(note: &PredictionNote) -> Note {
    match note {
        PredictionNote::Imputed { column } => about(
            "imputed",
            column,
            "Onbekend, en de moeite waard om te vragen: {}.",
            "Unknown, and worth asking: {}.",
        ),
        PredictionNote::EdgeOfScope { column } => about(
            "edge_of_scope",
            column,
            "Ongewoon: {}. Het model heeft hier weinig van gezien.",
            "Unusual: {}. The model has seen little of this.",
        ),
        PredictionNote::TreatedAsOther { column } => about(
            "treated_as_other",
            column,
            "{}: deze waarde kent het model niet en telt als “overig”.",
            "{}: the model does not know this value and counts it as “other”.",
        ),
        PredictionNote::PooledBaseline { columns } => {
            let names = columns.join(", ");
            Note::new(
                "pooled_baseline",
                format!("Het model kent deze groep niet ({names}) en gebruikt het gemiddelde."),
                format!("The model does not know this group ({names}) and uses the average."),
            )
        }
        PredictionNote::HorizonBeyondFollowUp { horizon }
        | PredictionNote::HorizonWithoutEvents { horizon } => {
            let months = (horizon / crate::DAYS_PER_MONTH).round();
            Note::new(
                NO_HORIZON,
                format!("Over {months} maanden vooruit kan het model niets zeggen."),
                format!("The model can say nothing about {months} months ahead."),
            )
        }
        _ => Note::new(
            "few_comparable",
            "Er zijn minder dan tien vergelijkbare plaatsingen.",
            "There are fewer than ten comparable placements.",
        ),
    }
}
