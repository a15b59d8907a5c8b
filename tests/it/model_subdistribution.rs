//! A penalised Fine–Gray model, from the study to what `train` says and the model file.

use std::path::Path;

use ndarray::Array2;
use pleegzorg::features::Values;
use pleegzorg::model::{Fitted, Model, Prepared, Rule, Study, TrainResult, fit, prepare_table};
use pleegzorg::survival::{Convention, ElasticNet, FineGray, Prior, Sample};

use super::model::{MGUS2, close, frame};

fn train(
    folder: &Path,
    sets: &[&str],
) -> Result<(Prepared, Fitted, TrainResult), pleegzorg::Error> {
    let sets: Vec<String> =
        ["model.kind=fine-gray"].iter().chain(sets).map(|&s| s.to_owned()).collect();
    let study = Study::parse(MGUS2, folder, &sets)?;
    let prepared = prepare_table(&study, frame("mgus2.csv"))?;
    let fitted = fit(&prepared, None, &study.model)?;
    let result = fitted.result()?;
    Ok((prepared, fitted, result))
}

/// The rows without gaps, as the library takes them.
fn sample(prepared: &Prepared) -> (Sample, u32) {
    let column = |name: &str| match prepared.frame.get(name).unwrap() {
        Values::Number(v) => v.clone(),
        other => panic!("{other:?}"),
    };
    let columns = ["age", "male", "hgb"].map(column);
    let rows: Vec<usize> =
        (0..prepared.len()).filter(|&i| columns.iter().all(|c| c[i].is_finite())).collect();
    let x = Array2::from_shape_fn((rows.len(), 3), |(i, j)| columns[j][rows[i]]);
    let names = ["age", "male", "hgb"].map(str::to_owned).to_vec();
    (Sample::new(x, names, prepared.outcome.select(&rows).unwrap()).unwrap(), prepared.cause)
}

#[test]
fn priors_of_a_subdistribution() {
    let dir = tempfile::tempdir().unwrap();
    let text = "term,reference_mean,reference_sd,mean,sd,source\n\
                age,70,12,0.01,0.005,one\nmale,0.5,0.5,0.2,0.1,two\n";
    std::fs::write(dir.path().join("known.csv"), text).unwrap();
    for (name, convention) in [("crr", Convention::Crr), ("finegray", Convention::Finegray)] {
        let set = format!("model.convention={name}");
        let (prepared, fitted, result) =
            train(dir.path(), &["model.priors=known.csv", &set]).unwrap();
        let (s, cause) = sample(&prepared);
        let priors = vec![Prior::new("age", 0.01, 0.005), Prior::new("male", 0.2, 0.1)];
        let plain = FineGray::new().convention(convention);
        let own = plain.clone().priors(priors).fit(&s, cause).unwrap();
        let se = own.se();
        for (j, term) in result.terms.unwrap().iter().enumerate() {
            close(term.estimate.unwrap(), own.coef[j], 1e-10);
            close(term.se.unwrap(), se[j], 1e-10);
        }
        // The prior was used: the estimate without it is another one.
        let without = plain.fit(&s, cause).unwrap();
        assert!((without.coef[1] - own.coef[1]).abs() > 0.05);
        assert!(own.penalised.unwrap().df < 3.0);
        let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
        assert_eq!(model.sha256(), fitted.model.sha256());
    }
}

#[test]
fn an_elastic_net_of_a_subdistribution() {
    let here = Path::new("");
    let (prepared, fitted, result) =
        train(here, &["model.penalty={alpha = 1, lambda = 0.005}"]).unwrap();
    let (s, cause) = sample(&prepared);
    let net = ElasticNet::new(1.0).subdistribution(Convention::Crr).lambda(vec![0.005]);
    let path = net.path(&s, cause).unwrap();
    let terms = result.terms.as_ref().unwrap();
    for (j, term) in terms.iter().enumerate() {
        close(term.estimate.unwrap(), path.coef[[0, j]], 1e-12);
        assert_eq!((term.se, term.p, term.lower, term.upper), (None, None, None, None));
    }
    close(result.loglik.unwrap().final_, path.loglik[0], 1e-9);
    assert!(result.tests.is_none());
    let told = result.penalty.unwrap();
    assert_eq!((told.lambda, told.rule, told.folds), (0.005, Rule::Given, None));
    assert_eq!((told.kept, told.of), (path.nonzero(0), 3));
    assert!(told.kept > 0 && told.kept < 3, "{told}");
    // What the model does with them, after its file was read back: log(−log(1 − F)) is linear in η.
    let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
    let risks = model.predict(&prepared.frame, &vec![0.0; prepared.len()], &[120.0]).unwrap();
    let risk = |r: usize| risks[r].risks.as_ref().unwrap()[0].estimate;
    let loglog = |r: usize| (-(-risk(r)).ln_1p()).ln();
    let eta = |r: usize| {
        let at = |name: &str| match prepared.frame.get(name).unwrap() {
            Values::Number(v) => v[r],
            other => panic!("{other:?}"),
        };
        ["age", "male", "hgb"]
            .iter()
            .enumerate()
            .map(|(j, n)| path.coef[[0, j]] * at(n))
            .sum::<f64>()
    };
    for r in 1..10 {
        close(loglog(r) - loglog(0), eta(r) - eta(0), 1e-9);
    }
    assert!(model.card().contains("held in by an elastic net"), "{}", model.card());
    // By cross-validation, on whole groups.
    let (_, _, chosen) = train(here, &["model.penalty={alpha = 0.5, folds = 5}"]).unwrap();
    let chosen = chosen.penalty.unwrap();
    assert_eq!((chosen.rule, chosen.folds), (Rule::Least, Some(5)));
    assert!(chosen.lambda > 0.0 && chosen.kept > 0);
}

#[test]
fn what_a_subdistribution_does_not_have_is_said() {
    for (set, says) in [
        ("model.firth=true", "model.firth: does not apply to kind fine-gray"),
        ("model.frailty={group = \"male\"}", "model.frailty: does not apply to kind fine-gray"),
        ("model.ties=efron", "model.ties: does not apply to kind fine-gray"),
        ("model.repeated=wlw", "model.repeated: does not apply to kind fine-gray"),
    ] {
        let error = train(Path::new(""), &[set]).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
    // Of a Cox model beside it, a Fine–Gray model inherits what it has too.
    let text = "[model]\npriors = \"p.csv\"\n[[compare]]\nname = \"a\"\nkind = \"fine-gray\"";
    let study = Study::parse(text, Path::new(""), &[]).unwrap();
    assert_eq!(study.compare[0].spec.cox, study.model.cox);
    let text = text.replace("priors = \"p.csv\"", "frailty = { group = \"family\" }");
    let study = Study::parse(&text, Path::new(""), &[]).unwrap();
    assert!(study.compare[0].spec.cox.frailty.is_none() && study.model.cox.frailty.is_some());
}
