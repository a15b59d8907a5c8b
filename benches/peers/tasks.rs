//! What is compared: our side of each task.

use std::hint::black_box;

use pleegzorg::evaluate::{Observed, Predicted, auc, brier};
use pleegzorg::learners::{SurvivalForest, SurvivalForestSettings};
use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, Cox, CurveStep, ElasticNet, FineGray, Frailty,
    FrailtyDistribution, KaplanMeier, Outcome, Sample, concordance,
};

use super::data::Data;

/// A comparison.
pub struct Task {
    pub name: &'static str,
    pub work: &'static str,
    pub peer: &'static str,
    /// Rows, columns, groups, causes; rows in whole days.
    pub size: (usize, usize, usize, u32, bool),
    /// Rows with `--quick`.
    pub quick: usize,
    /// The ratio that is asked for; for a time in seconds, negative.
    pub goal: f64,
    /// The most memory that is allowed, in MB.
    pub memory: Option<f64>,
}

/// All comparisons.
pub const TASKS: &[Task] = &[
    // Where a fit's time goes (two cores of an EPYC, 0.19 s, in ms): sorting 18, event times 13, means
    // and deviations 8, the covariates copied in the order of time 27, the curvature at zero and at the
    // end 36 and 42, a start from every twentieth row 14, three slopes 50 (parts measured by their
    // share of the processor's time, so to a few ms). The copy goes into the room that the fit before
    // left, as it does for the causes of a model or the draws of a bootstrap; a process's first fit,
    // which the rounds leave out, takes some 60 ms more, most of it until the system has brought in
    // 40,000 pages. The bound, about 0.14 s: a sweep over the covariates takes 8 at the memory's speed,
    // and ten are needed; fetching rows from anywhere 20; the products of a curvature 12 each time at
    // the machine's peak. What lies between is mostly S1(t), a sum that waits for the one before it,
    // and exponents.
    Task {
        name: "cox",
        work: "Cox, Efron, continuous times",
        peer: "R coxph.fit",
        size: (1_000_000, 20, 100_000, 1, false),
        quick: 50_000,
        goal: 10.0,
        memory: None,
    },
    Task {
        name: "cox-entry",
        work: "Cox, Efron, (entry, exit]",
        peer: "R agreg.fit",
        size: (1_000_000, 20, 100_000, 1, false),
        quick: 50_000,
        goal: 22.0,
        memory: None,
    },
    Task {
        name: "cox-cluster",
        work: "Cox, errors by 10 rows' cluster",
        peer: "R coxph(cluster =)",
        size: (100_000, 10, 10_000, 1, false),
        quick: 4_000,
        goal: -0.3,
        memory: None,
    },
    Task {
        name: "fine-gray",
        work: "Fine-Gray",
        peer: "R cmprsk::crr",
        size: (4_000, 20, 400, 2, false),
        quick: 1_000,
        goal: 1000.0,
        memory: None,
    },
    // The bound, about 0.15 s: a sweep over the rows (96 MB, filled up to 12 columns) takes 5 ms at the
    // memory's speed, and 19 are needed: three for each of four points, seven for the errors, of which
    // the second and third of a run find it in the cache; sorting 24 ms, the copy 30. What lies between
    // are sums over risk sets that wait for the one before, seven times a fit, and exponents.
    Task {
        name: "fine-gray-large",
        work: "Fine-Gray, many rows",
        peer: "Python comprisk",
        size: (1_000_000, 10, 2, 2, false),
        quick: 20_000,
        goal: 10.0,
        memory: None,
    },
    // Half of the time sorts a million times on two threads, which any curve must; the rest are some
    // sweeps over 12 to 20 MB. The bound is about two thirds of what it takes.
    Task {
        name: "km",
        work: "Kaplan-Meier with variance",
        peer: "R survfit",
        size: (1_000_000, 0, 2, 2, false),
        quick: 100_000,
        goal: 10.0,
        memory: None,
    },
    // R's time grows with the square of the distinct times (5,000: 0.9 s; 10,000: 3.4 s; 20,000: 16 to
    // 22 s; `influence = FALSE`, the default, already): a million would take it half a day.
    Task {
        name: "aj",
        work: "Aalen-Johansen with variances",
        peer: "R survfit",
        size: (1_000_000, 0, 2, 2, false),
        quick: 5_000,
        goal: 10.0,
        memory: None,
    },
    Task {
        name: "aj-days",
        work: "the same, in whole days",
        peer: "R survfit",
        size: (1_000_000, 0, 2, 2, true),
        quick: 20_000,
        goal: 10.0,
        memory: None,
    },
    // A third of the time are two sorts; nearly half counts pairs by merging, twenty levels of 16 MB of
    // which most fit the caches. The bound, sorts and sweeps alone, is about half of what it takes.
    Task {
        name: "concordance",
        work: "Harrell's C with its error",
        peer: "R concordancefit",
        size: (1_000_000, 1, 2, 1, false),
        quick: 100_000,
        goal: 10.0,
        memory: None,
    },
    Task {
        name: "score",
        work: "AUC(t) and Brier at three horizons",
        peer: "R Score",
        size: (1_000_000, 2, 2, 2, false),
        quick: 20_000,
        goal: -2.0,
        memory: None,
    },
    Task {
        name: "pec",
        work: "Brier at three horizons",
        peer: "R pec",
        size: (100_000, 2, 2, 2, false),
        quick: 5_000,
        goal: -2.0,
        memory: None,
    },
    // Along the path nearly each step must read the columns in play twice, to move the linear
    // predictors and for the slopes: 16 MB each time for the first, and one to two steps for each λ
    // remain where what the last steps missed is expected again. With more columns than rows up to
    // 920 of them end up with a coefficient: five steps a λ of 7 MB twice and a solution with a
    // factor of 3 MB, some seven new curvatures of 1.6 GFLOP, some thirty new factors of 0.25.
    // glmnet's default stops when no move changes the objective by more than 1e-7 of the null
    // deviance, which leaves about 1e-4 in a coefficient; ours leaves 1e-6 of a standard deviation in
    // the first, and 1e-5 in the second, whose columns are nearly dependent.
    Task {
        name: "elastic",
        work: "elastic net, a path of 100",
        peer: "R glmnet",
        size: (100_000, 20, 2, 1, false),
        quick: 5_000,
        goal: 2.0,
        memory: None,
    },
    Task {
        name: "elastic-wide",
        work: "elastic net, more columns than rows",
        peer: "R glmnet",
        size: (1_000, 2_000, 2, 1, false),
        quick: 300,
        goal: 2.0,
        memory: None,
    },
    Task {
        name: "forest",
        work: "survival forest, 100 trees",
        peer: "R ranger",
        size: (5_000, 20, 5_000, 1, false),
        quick: 500,
        goal: 20.0,
        memory: None,
    },
    Task {
        name: "competing-forest",
        work: "competing-risks forest, 100 trees",
        peer: "Python comprisk",
        size: (100_000, 20, 100_000, 2, false),
        quick: 5_000,
        goal: 5.0,
        memory: Some(1000.0),
    },
    Task {
        name: "frailty",
        work: "gamma frailty of 500 groups",
        peer: "R coxph(frailty())",
        size: (5_000, 3, 500, 1, false),
        quick: 1_000,
        goal: 10.0,
        memory: None,
    },
];

/// The horizons at which risks are judged.
const HORIZONS: [f64; 3] = [0.4, 0.8, 1.2];

/// The checked input of a task.
pub struct Input {
    outcome: Outcome,
    sample: Option<Sample>,
    score: Vec<f64>,
    group: Vec<u32>,
    /// Predicted risks at the horizons.
    risks: Vec<Vec<f64>>,
    /// The columns of a forest.
    x: ndarray::Array2<f64>,
}

impl Input {
    pub fn new(task: &Task, data: &Data) -> Self {
        let causes = (1..=task.size.3).map(|k| format!("cause {k}")).collect();
        let entry = (task.name == "cox-entry").then(|| data.entry.clone());
        let outcome = Outcome::new(entry, data.exit.clone(), data.cause.clone(), causes)
            .expect("sound times");
        let names = (0..data.x.ncols()).map(|j| format!("x{j}")).collect();
        let sample = [
            "cox",
            "cox-entry",
            "cox-cluster",
            "fine-gray",
            "fine-gray-large",
            "elastic",
            "elastic-wide",
            "frailty",
        ]
        .contains(&task.name)
        .then(|| Sample::new(data.x.clone(), names, outcome.clone()).expect("a sound sample"));
        let sample = match task.name {
            "cox-cluster" => {
                sample.map(|s| s.with_cluster(data.group.clone()).expect("a cluster per row"))
            }
            _ => sample,
        };
        let score = if task.name == "concordance" { data.x.column(0).to_vec() } else { Vec::new() };
        let group = if task.name == "frailty" { data.group.clone() } else { Vec::new() };
        let forest = task.name.ends_with("forest");
        let x = if forest { data.x.clone() } else { ndarray::Array2::zeros((0, 0)) };
        let risk = |h: f64| {
            let of = |row: ndarray::ArrayView1<f64>| {
                1.0 - (-0.6 * h * (0.3 * row[0] - 0.2 * row[1]).exp()).exp()
            };
            data.x.rows().into_iter().map(of).collect()
        };
        let judged = ["score", "pec"].contains(&task.name);
        let risks = if judged { HORIZONS.map(risk).to_vec() } else { Vec::new() };
        Self { outcome, sample, score, group, risks, x }
    }

    /// Does the work once; numbers that the peer must agree with.
    pub fn run(&self, task: &Task) -> Vec<f64> {
        let sample = || self.sample.as_ref().expect("a sample");
        match task.name {
            "cox" | "cox-entry" => {
                let fit = Cox::new().fit(sample(), 1).expect("a fit");
                fit.coef.iter().copied().chain(fit.loglik).collect()
            }
            "cox-cluster" => {
                let fit = Cox::new().fit(sample(), 1).expect("a fit");
                let se = fit.robust_se().expect("robust errors");
                fit.coef.iter().copied().chain(se).collect()
            }
            "fine-gray-large" => FineGray::new().fit(sample(), 1).expect("a fit").coef.to_vec(),
            "fine-gray" => {
                let fit = FineGray::new().fit(sample(), 1).expect("a fit");
                let se = fit.se();
                fit.coef.iter().copied().chain(se).collect()
            }
            "elastic" | "elastic-wide" => {
                // With more columns than rows, as far as a study would look.
                let ratio = if task.name == "elastic" { 1e-4 } else { 0.05 };
                // Both sides stop where their own defaults say: glmnet's (1e-7 of the deviance) leaves
                // about 1e-4 in a coefficient.
                let path = ElasticNet::new(0.5).ratio(ratio).path(sample(), 1).expect("a path");
                path.coef.row(29).iter().take(5).copied().chain([path.lambda[29]]).collect()
            }
            // R's own search for the variance stops early: its coefficients are near, not the same.
            "frailty" => {
                let frailty = Frailty::new(FrailtyDistribution::Gamma);
                let fit = frailty.fit(sample(), 1, &self.group).expect("a fit");
                fit.cox.coef.to_vec()
            }
            "score" | "pec" => {
                let observed = Observed::new(&self.outcome, 1, &HORIZONS).expect("rising horizons");
                let weights = observed.weigh(None).expect("weights");
                let predicted =
                    Predicted::new(&observed, self.risks.clone()).expect("probabilities");
                let all = 0..HORIZONS.len();
                let brier = |h: usize| brier(&weights, &predicted, h).expect("follow-up");
                if task.name == "pec" {
                    return all.map(brier).collect();
                }
                let auc = |h: usize| auc(&weights, &predicted, h).expect("follow-up");
                all.flat_map(|h| [auc(h), brier(h)]).collect()
            }
            "forest" | "competing-forest" => self.forest(),
            "km" => {
                let km = KaplanMeier::new(&self.outcome, None).expect("a curve");
                // Every value is computed, as the peer has it.
                black_box(km.steps().map(|step| step.value + step.variance.sqrt()).sum::<f64>());
                let step = km.step(self.outcome.len() / 2 - 1).expect("a time");
                vec![step.value, step.variance.sqrt()]
            }
            "aj" | "aj-days" => {
                let aj = AalenJohansen::new(&self.outcome, None).expect("curves");
                let k = aj.times().len() / 2 - 1;
                let (mut values, mut errors) = (Vec::new(), Vec::new());
                // Every value is computed, as the peer has it.
                let mut read = |steps: &mut dyn Iterator<Item = CurveStep>| {
                    let mut all = 0.0;
                    for (j, step) in steps.enumerate() {
                        let error = step.variance.sqrt();
                        all += step.value + error;
                        if j == k {
                            values.push(step.value);
                            errors.push(error);
                        }
                    }
                    black_box(all);
                };
                read(&mut aj.event_free_steps());
                read(&mut aj.steps(1).expect("a cause"));
                read(&mut aj.steps(2).expect("a cause"));
                values.into_iter().chain(errors).collect()
            }
            _ => {
                let options = ConcordanceOptions { cause: Some(1), ..Default::default() };
                let c = concordance(&self.outcome, &self.score, &options).expect("a score");
                c.map_or_else(Vec::new, |c| vec![c.c, c.se])
            }
        }
    }

    /// A forest as the peers grow it: every tree draws from all rows. Forests are random, so that
    /// the mean risk is near the peer's, not the same.
    fn forest(&self) -> Vec<f64> {
        let n = self.outcome.len();
        let mut ends: Vec<f64> = (0..n)
            .filter(|&r| self.outcome.cause()[r] > 0)
            .map(|r| self.outcome.exit()[r])
            .collect();
        ends.sort_by(f64::total_cmp);
        let mut edges = vec![0.0];
        edges.extend((1..=64).map(|k| ends[k * ends.len() / 64 - 1]));
        edges.dedup();
        let clusters: Vec<u32> = (0..n as u32).collect();
        let settings = SurvivalForestSettings { trees: 100, halves: false, ..Default::default() };
        let (forest, _) =
            SurvivalForest::fit(self.x.view(), &self.outcome, &clusters, &edges, &settings)
                .expect("a forest");
        let risk = |r: usize| {
            let x = self.x.row(r).to_vec();
            forest.predict(&x, 0.0, 0.5).expect("within the grid").incidence[0]
        };
        let some = n.min(1000);
        vec![(0..some).map(risk).sum::<f64>() / some as f64]
    }
}
