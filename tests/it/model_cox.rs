//! What a study can ask of a Cox model beside the plain one: from the key to what `train` says.

use std::path::Path;

use pleegzorg::model::{Fitted, Model, Prepared, Rule, Study, TrainResult, fit, prepare_table};
use pleegzorg::survival::{Cox, ElasticNet, Prior};

use super::model::{ROSSI, close, frame};

fn rossi(folder: &Path, sets: &[&str]) -> Result<Prepared, pleegzorg::Error> {
    let (_, prepared) = study(folder, sets)?;
    Ok(prepared)
}

fn study(folder: &Path, sets: &[&str]) -> Result<(Study, Prepared), pleegzorg::Error> {
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    let study = Study::parse(ROSSI, folder, &sets)?;
    let prepared = prepare_table(&study, frame("rossi.csv"))?;
    Ok((study, prepared))
}

fn train(folder: &Path, sets: &[&str]) -> Result<(Fitted, TrainResult), pleegzorg::Error> {
    let (study, prepared) = study(folder, sets)?;
    let fitted = fit(&prepared, None, &study.model)?;
    let result = fitted.result()?;
    Ok((fitted, result))
}

#[test]
fn priors_are_read_matched_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let text = "term,reference_mean,reference_sd,mean,sd,source\n\
                prio,3,3,0.05,0.02,\"one, and another\"\n\
                fin,0.5,0.5,-0.3,0.1,trial\n\
                age,9000,2000,-0.0001,0.0001,in days\n\
                alliance,6,2,-0.2,0.1,elsewhere\n";
    std::fs::write(dir.path().join("known.csv"), text).unwrap();
    let (fitted, result) = train(dir.path(), &["model.priors=known.csv"]).unwrap();
    // The library with the same priors.
    let s = fitted.cox().unwrap();
    let priors = vec![
        Prior::new("prio", 0.05, 0.02),
        Prior::new("fin", -0.3, 0.1),
        Prior::new("age", -0.0001, 0.0001),
    ];
    let prepared = rossi(dir.path(), &[]).unwrap();
    let x = ndarray::Array2::from_shape_fn((prepared.len(), 7), |(i, j)| {
        let column = ["fin", "age", "race", "wexp", "mar", "paro", "prio"][j];
        match prepared.frame.get(column).unwrap() {
            pleegzorg::features::Values::Number(v) => v[i],
            other => panic!("{other:?}"),
        }
    });
    let sample =
        pleegzorg::survival::Sample::new(x, s.names.clone(), prepared.outcome.clone()).unwrap();
    let own = Cox::new().priors(priors).fit(&sample, 1).unwrap();
    for (j, term) in result.terms.as_ref().unwrap().iter().enumerate() {
        close(term.estimate.unwrap(), own.coef[j], 1e-12);
        close(term.se.unwrap(), own.se()[j], 1e-12);
    }
    close(result.tests.unwrap().likelihood_ratio.unwrap().df, own.penalised.unwrap().df, 1e-12);
    let said = result.warnings.join("\n");
    assert!(said.contains("age: its prior is for a covariate with mean 9000"), "{said}");
    assert!(said.contains("not in the model: alliance"), "{said}");
    assert!(said.contains("terms without a prior: race, wexp, mar, paro"), "{said}");
    // What was said stays with the model, and its file reads back.
    let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
    assert!(model.card().contains("not in the model: alliance"));
}

#[test]
fn a_file_of_priors_that_cannot_be_used_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let said = |text: &str| {
        std::fs::write(dir.path().join("p.csv"), text).unwrap();
        train(dir.path(), &["model.priors=p.csv"]).unwrap_err().to_string()
    };
    assert!(said("term,mean,sd\nalliance,0,1\n").contains("none of its 1 terms"));
    assert!(said("term,mean,sd\nage,0,0\n").contains("row 2 (age)"));
    assert!(said("term,mean,ds\nage,0,0\n").contains("unknown column \"ds\""));
    let missing = train(dir.path(), &["model.priors=nowhere.csv"]).unwrap_err();
    assert_eq!(missing.kind(), pleegzorg::ErrorKind::Io);
    let wrong = train(dir.path(), &["model.priors=3"]).unwrap_err();
    assert!(wrong.to_string().contains("model.priors: must be text"), "{wrong}");
    let other = train(dir.path(), &["model.priors=p.csv", "model.kind=forest"]).unwrap_err();
    assert!(other.to_string().contains("model.priors: does not apply to kind forest"), "{other}");
}

/// The shipped priors are terms of the catalogue, each in a unit near that of its reference.
#[test]
fn the_shipped_priors_fit_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sets = ["model.priors=../priors.csv".to_owned()];
    let study = Study::read(&root.join("datasets/example"), &sets).unwrap();
    let source = pleegzorg::model::Source::read(&study, &pleegzorg::progress::Silent).unwrap();
    let prepared = pleegzorg::model::prepare(&study, &source, None, None).unwrap();
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    let said = result.warnings.join("\n");
    assert!(said.contains("priors for terms that are not in the model"), "{said}");
    assert!(!said.contains("another unit"), "{said}");
    assert!(fitted.cox().unwrap().penalised.as_ref().unwrap().penalty > 0.0);
}

#[test]
fn firths_tests_and_intervals_are_those_of_the_profile() {
    let here = Path::new("");
    let (fitted, result) = train(here, &["model.firth=true"]).unwrap();
    let fit = fitted.cox().unwrap();
    let firth = fit.firth.as_ref().unwrap();
    let terms = result.terms.unwrap();
    for (j, t) in terms.iter().enumerate() {
        assert_eq!(t.p, Some(firth.tests[j].p));
        close(t.z.unwrap().powi(2), firth.tests[j].chi2, 1e-12);
        let (lower, upper) = (t.lower.unwrap(), t.upper.unwrap());
        assert!(lower < fit.coef[j] && fit.coef[j] < upper);
    }
    let gain = 2.0 * (firth.penalised_loglik[1] - firth.penalised_loglik[0]);
    close(result.tests.unwrap().likelihood_ratio.unwrap().chi2, gain, 1e-12);
    let wrong = train(here, &["model.firth=yes"]).unwrap_err();
    assert!(wrong.to_string().contains("model.firth: must be true or false"), "{wrong}");
}

#[test]
fn exact_ties_go_from_the_study_to_the_numbers() {
    let here = Path::new("");
    let (fitted, result) = train(here, &["model.ties=exact"]).unwrap();
    let efron = train(here, &[]).unwrap().1;
    let loglik = (result.loglik.unwrap().final_, efron.loglik.unwrap().final_);
    assert!((loglik.0 - loglik.1).abs() > 1.0, "{loglik:?}");
    // It has no scores, and so no test of proportional hazards, which is said.
    assert!(result.ph_test.is_none());
    assert!(result.warnings.iter().any(|w| w.contains("proportional hazards were not tested")));
    let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
    assert_eq!(model.sha256(), fitted.model.sha256());
    let wrong = train(here, &["model.ties=exactly"]).unwrap_err();
    assert!(wrong.to_string().contains("\"efron\", \"breslow\" or \"exact\""), "{wrong}");
    let clustered = train(here, &["model.ties=exact", "model.cluster=[\"prio\"]"]).unwrap_err();
    assert!(clustered.to_string().contains("no score residuals"), "{clustered}");
}

#[test]
fn an_elastic_net_goes_from_the_study_to_the_numbers() {
    let here = Path::new("");
    let sets = ["model.penalty={alpha = 1, lambda = 0.03}"];
    let (fitted, result) = train(here, &sets).unwrap();
    let cox = fitted.cox().unwrap();
    let prepared = rossi(here, &[]).unwrap();
    let x = ndarray::Array2::from_shape_fn((prepared.len(), 7), |(i, j)| {
        let column = ["fin", "age", "race", "wexp", "mar", "paro", "prio"][j];
        match prepared.frame.get(column).unwrap() {
            pleegzorg::features::Values::Number(v) => v[i],
            other => panic!("{other:?}"),
        }
    });
    let names = cox.names.clone();
    let sample = pleegzorg::survival::Sample::new(x, names, prepared.outcome.clone()).unwrap();
    let path = ElasticNet::new(1.0).lambda(vec![0.03]).path(&sample, 1).unwrap();
    let terms = result.terms.as_ref().unwrap();
    for (j, term) in terms.iter().enumerate() {
        close(term.estimate.unwrap(), path.coef[[0, j]], 1e-12);
        // Estimates that are held in have no errors and no tests.
        assert_eq!(
            (term.se, term.z, term.p, term.lower, term.upper),
            (None, None, None, None, None)
        );
    }
    close(result.loglik.unwrap().final_, path.loglik[0], 1e-10);
    assert!(result.tests.is_none() && result.ph_test.is_none());
    let net = result.penalty.unwrap();
    assert_eq!((net.alpha, net.lambda, net.rule, net.folds), (1.0, 0.03, Rule::Given, None));
    assert_eq!((net.kept, net.of), (path.nonzero(0), 7));
    assert!(net.kept > 0 && net.kept < 7, "{net}");
    // What the model does with them, after its file was read back.
    let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
    let (frame, lasted) = (&prepared.frame, vec![0.0; prepared.len()]);
    let eta = sample.x().dot(&path.coef.row(0));
    let risks = model.predict(frame, &lasted, &[52.0]).unwrap();
    let risk = |r: usize| risks[r].risks.as_ref().unwrap()[0].estimate;
    let log_ratio = |r: usize| (-(-risk(r)).ln_1p()).ln() - (-(-risk(0)).ln_1p()).ln();
    for r in 1..20 {
        close(log_ratio(r), eta[r] - eta[0], 1e-10);
    }
    let card = model.card();
    assert!(
        card.contains("held in by an elastic net with alpha 1, lambda 3.0000e-2 (given)"),
        "{card}"
    );
    assert!(card.contains(&format!("{} of 7 columns kept", net.kept)), "{card}");
    assert!(card.contains("no intervals") && !card.contains("standard error |"), "{card}");
}

#[test]
fn the_strength_is_chosen_on_the_training_rows_only() {
    let here = Path::new("");
    let (study, prepared) = study(here, &["model.penalty=lasso"]).unwrap();
    let net = |rows: Option<&[usize]>| {
        fit(&prepared, rows, &study.model).unwrap().result().unwrap().penalty.unwrap()
    };
    let all = net(None);
    assert_eq!((all.rule, all.folds), (Rule::Least, Some(10)));
    let half: Vec<usize> = (0..prepared.len()).filter(|r| r % 2 == 0).collect();
    let own = net(Some(&half));
    assert_ne!(all.lambda, own.lambda);
    // What the other half holds changes nothing.
    let mut other = prepared.clone();
    let y = &prepared.outcome;
    let exit: Vec<f64> =
        y.exit().iter().enumerate().map(|(i, t)| if i % 2 == 0 { *t } else { 53.0 - t }).collect();
    let causes = (y.cause().to_vec(), y.causes().to_vec());
    other.outcome = pleegzorg::survival::Outcome::new(None, exit, causes.0, causes.1).unwrap();
    let again = fit(&other, Some(&half), &study.model).unwrap().result().unwrap().penalty.unwrap();
    assert_eq!(own, again);
    let careful = train(here, &["model.penalty={alpha = 1, lambda = \"1se\"}"]).unwrap().1;
    let careful = careful.penalty.unwrap();
    assert!(careful.lambda > all.lambda && careful.kept <= all.kept);
    // Two groups cannot be split in three.
    let few = train(here, &["model.penalty=lasso", "model.cluster=[\"fin\"]"]).unwrap_err();
    assert!(few.to_string().contains("2 groups of rows with the event"), "{few}");
    assert_eq!(few.kind(), pleegzorg::ErrorKind::Refused);
    // With a given strength there is nothing to choose; clusters then give the predictions' errors.
    let sets = ["model.penalty={lambda = 0.02}", "model.cluster=[\"prio\"]"];
    assert!(train(here, &sets).unwrap().1.penalty.unwrap().kept > 0);
}

#[test]
fn a_net_takes_more_columns_than_events() {
    let here = Path::new("");
    let terms = "features.terms=[\"ns(age, 6)\", \"ns(prio, 4)\", \"fin\", \"race\", \"wexp\", \"mar\", \"paro\", \
                 \"fin:age\", \"fin:prio\", \"race:age\", \"race:prio\", \"wexp:age\", \"wexp:prio\", \"mar:age\"]";
    let few: Vec<usize> = (0..60).collect();
    let (plain, prepared) = study(here, &[terms]).unwrap();
    let error = fit(&prepared, Some(&few), &plain.model);
    let net =
        Study::parse(ROSSI, here, &[terms.into(), "model.penalty=elastic-net".into()]).unwrap();
    let fitted = fit(&prepared, Some(&few), &net.model);
    assert!(error.is_err());
    let result = fitted.unwrap().result().unwrap();
    assert!(result.penalty.unwrap().of > result.events, "{:?}", result.penalty);
}

const KIDNEY: &str = r#"
[data]
table = "kidney.csv"
exit = "time"
event = "status"
[outcome]
horizons = [60, 120]
[features]
terms = ["age", "sex"]
[model]
frailty = { group = "id", distribution = "gamma" }
"#;

fn kidney(sets: &[&str]) -> (Study, Prepared) {
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    let study = Study::parse(KIDNEY, Path::new(""), &sets).unwrap();
    let file = "tests/reference/survival/data/kidney.csv";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let table = pleegzorg::features::read_table(&path, &study.settings.format).unwrap();
    let prepared = prepare_table(&study, table).unwrap();
    (study, prepared)
}

#[test]
fn a_frailty_goes_from_the_study_to_the_numbers() {
    let (study, prepared) = kidney(&[]);
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    let told = result.frailty.as_ref().unwrap();
    // R: the top of the integrated likelihood around coxph with a fixed variance.
    close(told.variance, 0.407769561, 1e-6);
    assert_eq!((told.group.as_str(), told.groups), ("id", 38));
    let test = told.test.unwrap();
    assert!(test.p > 0.0 && test.p < 0.5 && test.df == 1.0);
    let terms = result.terms.as_ref().unwrap();
    assert!(terms.iter().all(|t| t.se.is_some() && t.lower.is_some() && t.robust_se.is_none()));
    // Folds keep the groups together.
    assert_eq!(prepared.fold_groups(&study.model), prepared.groups["id"]);
    // The file has the variance, and no group's own frailty.
    let bytes = fitted.model.to_bytes().unwrap();
    let model = Model::from_bytes(&bytes).unwrap();
    assert_eq!(model.about().frailty.as_ref(), Some(told));
    let card = model.card();
    assert!(
        card.contains("gamma frailty of 38 groups (id): variance 0.4078, test of none"),
        "{card}"
    );
    assert!(card.contains("holds no group's own frailty"), "{card}");
    // An unknown group: with Λ of frailty 1, the risk is 1 − (1 + θΛ)^(−1/θ), also after the file.
    let lasted = vec![0.0; prepared.len()];
    let risks = model.predict(&prepared.frame, &lasted, &[60.0]).unwrap();
    let cox = fitted.cox().unwrap();
    let eta = |r: usize| {
        let value = |name: &str| match prepared.frame.get(name).unwrap() {
            pleegzorg::features::Values::Number(v) => v[r],
            other => panic!("{other:?}"),
        };
        cox.coef[0] * value("age") + cox.coef[1] * value("sex")
    };
    // Back from each risk to the hazard of frailty 1: these are in proportion.
    let theta = told.variance;
    let hazard = |r: usize| {
        let risk = risks[r].risks.as_ref().unwrap()[0].estimate;
        ((1.0 - risk).powf(-theta) - 1.0) / theta
    };
    for r in 1..20 {
        close(hazard(r).ln() - hazard(0).ln(), eta(r) - eta(0), 1e-9);
    }
    // Who has lasted is likely of a low frailty: the risk ahead falls below the first one's.
    let later = model.predict(&prepared.frame, &vec![60.0; prepared.len()], &[60.0]).unwrap();
    assert!(later[0].risks.is_ok());
    let bounds = &risks[0].risks.as_ref().unwrap()[0];
    assert!(bounds.lower < bounds.estimate && bounds.estimate < bounds.upper);
}

#[test]
fn a_frailty_without_variance_says_so_and_is_the_plain_model() {
    let (study, prepared) = kidney(&["model.frailty={group = \"id\", variance = 0}"]);
    let none = fit(&prepared, None, &study.model).unwrap();
    let plain = Study::parse(KIDNEY, Path::new(""), &[]).unwrap().model;
    let mut plain = pleegzorg::model::ModelSpec { cox: Default::default(), ..plain };
    plain.cluster = Vec::new();
    let other = fit(&prepared, None, &plain).unwrap();
    assert_eq!(none.cox().unwrap().coef, other.cox().unwrap().coef);
    let lasted = vec![0.0; prepared.len()];
    let risks = |f: &Fitted| f.model.risks(&prepared.frame, &lasted, &[60.0, 120.0]).unwrap();
    assert_eq!(risks(&none), risks(&other));
    let (study, prepared) = kidney(&["model.frailty=lognormal", "model.cluster=[\"id\"]"]);
    let clustered = fit(&prepared, None, &study.model).unwrap();
    close(clustered.result().unwrap().frailty.unwrap().variance, 0.569157558, 1e-6);
    let said = clustered.result().unwrap().warnings.join("\n");
    assert!(said.contains("no errors by cluster"), "{said}");
    let sets = ["model.frailty={group = \"nowhere\"}".to_owned()];
    let wrong = Study::parse(KIDNEY, Path::new(""), &sets).unwrap();
    let table = prepared.frame.clone();
    let error = prepare_table(&wrong, table).unwrap_err().to_string();
    assert!(error.contains("frailty") && error.contains("nowhere"), "{error}");
}

/// A column that tells those with events from those without: a plain model says which, and keeps the
/// other terms; a frailty cannot be had, and that is an error.
#[test]
fn a_fit_that_does_not_converge_says_so_by_term() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = "exit,event,x,z,g\n".to_owned();
    for i in 0..60 {
        let (x, z) = (i % 2, i * 37 % 11);
        let exit = if x == 1 { 10 + i % 7 } else { 60 + i % 5 };
        table.push_str(&format!("{exit},{x},{x},{z},g{}\n", i % 12));
    }
    std::fs::write(dir.path().join("t.csv"), table).unwrap();
    let study = "[data]\ntable = \"t.csv\"\nexit = \"exit\"\nevent = \"event\"\n[features]\n\
                 terms = [\"x\", \"z\"]\n[outcome]\nhorizons = [12]\n";
    std::fs::write(dir.path().join("study.toml"), study).unwrap();
    let train = |set: &str| {
        let args = ["train", "study.toml", "--json", "--quiet", "--set", set];
        super::run::pleegzorg(dir.path(), &args)
    };
    let plain = train("seed=1").code(0).json();
    assert_eq!(plain["converged"], false);
    let said = plain["warnings"].to_string();
    assert!(said.contains("x ") && said.contains("separation"), "{said}");
    let (x, z) = (&plain["terms"][0], &plain["terms"][1]);
    assert!(x["p"].is_null() && x["lower"].is_null() && z["p"].is_number(), "{x} {z}");
    for law in ["gamma", "lognormal"] {
        let set = format!("model.frailty={{group=\"g\", distribution=\"{law}\"}}");
        let refused = train(&set);
        assert!(refused.stderr.contains("x separates those with events"), "{}", refused.stderr);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("hint: "));
        refused.code(2);
    }
}
