//! From a TOML table to a [`Study`].

use std::path::{Path, PathBuf};

use super::error::StudyError;
use super::keys::{Keys, Problems};
use super::repeated;
use super::spec::{self, Compare, ModelSpec};
use super::time::Span;
use super::{
    At, DataSpec, EvaluateSpec, FeatureSpec, Gates, Imputation, MissingValues, OutcomeSpec, Study,
    TableSpec,
};
use crate::history::{HistoryError, Settings};
use crate::outcome::{Definition, Overrides};

/// Refits where the study does not say, and the bootstrap has as many.
const REFITS: usize = 50;

/// The default horizons of a history.
const HORIZONS: [&str; 3] = ["6 months", "12 months", "24 months"];

/// Reads the whole file; every problem is reported at once.
pub(super) fn study(table: toml::Table, folder: &Path) -> Result<Study, StudyError> {
    let problems = Problems::default();
    let study = read(Keys::new(table, "", &problems), folder, &problems);
    let problems = problems.into_list();
    if problems.is_empty() {
        Ok(study)
    } else {
        Err(StudyError::Invalid { file: PathBuf::new(), problems })
    }
}

fn read(mut keys: Keys<'_>, folder: &Path, problems: &Problems) -> Study {
    let data = data(&mut keys, folder);
    let table = matches!(data, DataSpec::Table(_));
    let settings = settings(&mut keys);
    let outcome = outcome(keys.table("outcome"), table, problems);
    let features = features(keys.table("features"), table, problems);
    let model = match keys.table("model") {
        Some(mut keys) => {
            let model = spec::model(&mut keys, &ModelSpec::default());
            keys.finish();
            model
        }
        None => ModelSpec::default(),
    };
    let compare = compare(keys.tables("compare"), &model);
    let evaluate = evaluate(keys.table("evaluate"), folder, table, problems);
    let gates = keys.table("gates").map_or_else(Gates::default, gates);
    let mut study = Study {
        folder: folder.to_path_buf(),
        title: keys.text("title"),
        seed: keys.count("seed", 0, i64::MAX as u64).unwrap_or(42),
        data,
        settings,
        outcome,
        features,
        model,
        compare,
        evaluate,
        gates,
    };
    if matches!(study.features.missing, MissingValues::Multiple(_)) && !study.model.imputes() {
        problems.add(
            "features.missing = \"multiple\" is for kind cox without penalty, frailty and repeated: \
             their estimates are not pooled by Rubin's rules; choose \"impute\" or \"drop\"",
        );
    }
    repeated::settle(&mut study, |what| problems.add(what));
    keys.finish();
    study
}

fn data(keys: &mut Keys<'_>, folder: &Path) -> DataSpec {
    let Some(mut data) = keys.table("data") else {
        // A history folder's own study may leave it out.
        return DataSpec::History(folder.to_path_buf());
    };
    let spec = if data.has("table") {
        if data.take("history").is_some() {
            data.problem("history", "give either a history or a table, not both");
        }
        let path = data.file("table", folder).unwrap_or_default();
        let mut needed = |key: &'static str| {
            let found = data.text(key);
            if found.is_none() {
                data.problem(key, "is missing: which column of the table is it?");
            }
            found.unwrap_or_default()
        };
        let (exit, event) = (needed("exit"), needed("event"));
        DataSpec::Table(TableSpec {
            path,
            exit,
            event,
            entry: data.text("entry"),
            id: data.text("id"),
            censored: data.text("censored"),
        })
    } else {
        for key in ["entry", "exit", "event", "id", "censored"] {
            if data.take(key).is_some() {
                data.problem(key, "belongs to a table; add table = \"FILE.csv\"");
            }
        }
        data.take("table");
        DataSpec::History(data.file("history", folder).unwrap_or_else(|| folder.to_path_buf()))
    };
    data.finish();
    spec
}

/// `[window]`, `[format]` and `[waive]` belong to the history room, which reads them.
fn settings(keys: &mut Keys<'_>) -> Settings {
    let mut own = toml::Table::new();
    for key in ["window", "format", "waive"] {
        own.extend(keys.take(key).map(|value| (key.to_owned(), value)));
    }
    match Settings::from_toml(&own, Path::new("")) {
        Ok(settings) => settings,
        Err(HistoryError::Study { what, repair, .. }) => {
            keys.problem_at_all(&format!("{what}; {repair}"));
            Settings::default()
        }
        Err(other) => {
            keys.problem_at_all(&other.to_string());
            Settings::default()
        }
    }
}

/// The keys of `[outcome]` that change a named definition.
const OVERRIDES: [&str; 10] = [
    "reasons",
    "never",
    "unknown",
    "absence_days",
    "settings",
    "part_time",
    "perspective",
    "years",
    "return_home_ends",
    "of_age",
];

fn outcome(keys: Option<Keys<'_>>, table: bool, problems: &Problems) -> OutcomeSpec {
    let mut keys = keys.unwrap_or_else(|| Keys::new(toml::Table::new(), "outcome", problems));
    let definition = if table {
        for key in ["definition"].iter().chain(&OVERRIDES) {
            if keys.take(key).is_some() {
                keys.problem(key, "belongs to a history; a table has its own events");
            }
        }
        None
    } else {
        Some(definition(&mut keys))
    };
    let default = || HORIZONS.iter().filter(|_| !table).filter_map(|h| Span::parse(h).ok());
    let mut horizons = keys.spans("horizons").unwrap_or_else(|| default().collect());
    for h in horizons.iter_mut().filter(|h| h.in_days == table) {
        if table {
            keys.problem("horizons", "a table has its own unit of time: give plain numbers");
        } else {
            // A bare number in a history counts days, as `--at` does.
            *h = Span { label: format!("{} days", h.label), in_days: true, ..h.clone() };
        }
    }
    horizons.sort_by(|a, b| a.length.total_cmp(&b.length));
    if horizons.windows(2).any(|w| w[0].length == w[1].length) {
        keys.problem("horizons", "a horizon appears twice");
    }
    keys.finish();
    OutcomeSpec { definition, horizons }
}

/// A named definition with the study's own changes.
fn definition(keys: &mut Keys<'_>) -> Definition {
    let mut changes = toml::Table::new();
    for key in OVERRIDES {
        changes.extend(keys.take(key).map(|value| (key.to_owned(), value)));
    }
    let name = keys.text("definition").unwrap_or_else(|| "unplanned-unwanted".into());
    let changed =
        changes.try_into::<Overrides>().map_err(|e| e.message().to_owned()).and_then(|set| {
            Definition::named(&name).and_then(|d| d.with(&set)).map_err(|e| e.to_string())
        });
    changed.unwrap_or_else(|what: String| {
        keys.problem("definition", &what);
        Definition::default()
    })
}

fn features(keys: Option<Keys<'_>>, table: bool, problems: &Problems) -> FeatureSpec {
    let mut keys = keys.unwrap_or_else(|| Keys::new(toml::Table::new(), "features", problems));
    let at = match (keys.text("at"), keys.spans("landmark")) {
        (Some(_), Some(_)) => {
            keys.problem("landmark", "give either at = \"start\" or landmarks, not both");
            At::Start
        }
        (Some(at), None) if at != "start" => {
            keys.problem("at", "must be \"start\"; landmarks go into landmark = [\"3 months\"]");
            At::Start
        }
        (_, None) => At::Start,
        (None, Some(mut marks)) => {
            if table || marks.is_empty() || marks.iter().any(|m| !m.in_days) {
                keys.problem("landmark", "needs a history, and spans like \"3 months\"");
            }
            marks.sort_by(|a, b| a.length.total_cmp(&b.length));
            marks.dedup_by(|a, b| a.length == b.length);
            At::Landmarks(marks)
        }
    };
    let missing = match keys.text("missing").as_deref() {
        Some("impute") => MissingValues::Impute,
        Some("drop") => MissingValues::Drop,
        None if table => MissingValues::Drop,
        None => MissingValues::Impute,
        Some("multiple") => MissingValues::Multiple(imputation(&mut keys)),
        Some(_) => {
            keys.problem("missing", "must be \"impute\", \"multiple\" or \"drop\"");
            MissingValues::Impute
        }
    };
    for key in ["imputations", "iterations"] {
        if keys.take(key).is_some() {
            keys.problem(key, "belongs to missing = \"multiple\"");
        }
    }
    let terms = keys.texts("terms").unwrap_or_default();
    keys.finish();
    FeatureSpec { at, terms, missing }
}

fn imputation(keys: &mut Keys<'_>) -> Imputation {
    let default = Imputation::default();
    let count = |found: Option<u64>, or: usize| found.map_or(or, |n| n as usize);
    Imputation {
        imputations: count(keys.count("imputations", 2, 1_000), default.imputations),
        iterations: count(keys.count("iterations", 1, 1_000), default.iterations),
    }
}

fn compare(entries: Vec<Keys<'_>>, model: &ModelSpec) -> Vec<Compare> {
    let mut compare: Vec<Compare> = Vec::new();
    for mut keys in entries {
        let name = keys.text("name");
        let spec = spec::model(&mut keys, model);
        let name = name.unwrap_or_else(|| spec.kind.name().to_owned());
        if name == "model" || compare.iter().any(|c| c.name == name) {
            keys.problem("name", &format!("the name {name:?} is taken"));
        }
        keys.finish();
        compare.push(Compare { name, spec });
    }
    compare
}

fn evaluate(
    keys: Option<Keys<'_>>,
    folder: &Path,
    table: bool,
    problems: &Problems,
) -> EvaluateSpec {
    let mut keys = keys.unwrap_or_else(|| Keys::new(toml::Table::new(), "evaluate", problems));
    let time_split = keys.day("time_split");
    if table && time_split.is_some() {
        keys.problem("time_split", "needs calendar dates, which a table does not have");
    }
    let thresholds = keys.numbers("thresholds").unwrap_or_default();
    if thresholds.iter().any(|&t| !(t > 0.0 && t < 1.0)) {
        keys.problem("thresholds", "must lie between 0 and 1");
    }
    let definitions = keys.texts("definitions").unwrap_or_default();
    for name in &definitions {
        if table {
            keys.problem("definitions", "belongs to a history; a table has its own events");
        } else if let Err(error) = Definition::named(name) {
            keys.problem("definitions", &error.to_string());
        }
    }
    let bootstrap = keys.count("bootstrap", 0, 100_000).unwrap_or(200) as usize;
    let refits = keys.count("refits", 0, 10_000).map(|n| n as usize);
    let spec = EvaluateSpec {
        folds: keys.count("folds", 2, 1_000).unwrap_or(5) as usize,
        repeats: keys.count("repeats", 1, 1_000).unwrap_or(1) as usize,
        time_split,
        by: keys.texts("by").unwrap_or_default(),
        keep_together: keys.texts("keep_together").unwrap_or_default(),
        bootstrap,
        // Without intervals nobody waits for refits either.
        refits: refits.unwrap_or(bootstrap.min(REFITS)),
        audit: keys.file("audit", folder),
        thresholds,
        definitions,
    };
    keys.finish();
    spec
}

fn gates(mut keys: Keys<'_>) -> Gates {
    let default = Gates::default();
    let gates = Gates {
        min_events: keys.count("min_events", 0, u64::MAX).unwrap_or(default.min_events),
        riley: keys.flag("riley").unwrap_or(default.riley),
        scaled_brier: keys.number("scaled_brier").unwrap_or(default.scaled_brier),
        oe: keys.range("oe").unwrap_or(default.oe),
        slope: keys.range("slope").unwrap_or(default.slope),
        net_benefit: keys.flag("net_benefit").unwrap_or(default.net_benefit),
    };
    keys.finish();
    gates
}
