//! Made-up answers of every room, rich enough to fill every part of every page.

use std::collections::BTreeMap;

use pleegzorg::evaluate::{
    AtTime, CalibrationCurve, CalibrationPoint, Compared, DCalibration, DecisionCurve,
    DecisionPoint, Describe, DescribeOptions, Evaluation, GroupResult, Groups, HorizonResult,
    Instability, Interval, MetricSummary, Moved, Optimism, Proxy, Refits, RiskDistribution,
    Settings, SplitResult, StabilityPoint, Summary, UnknownEnds, Variant, describe,
};
use pleegzorg::features::Values;
use pleegzorg::history::{self, Code, Day, Severity, Window};
use pleegzorg::model::{
    Concordance, FeatureFinding, Gate, Importance, Imputed, ImputedColumn, ImputedTerm, Kind,
    Limit, LogLik, PhTerm, PhTest, TermResult, Test, Tests, TrainResult, Verdict,
};
use pleegzorg::report::{About, Demo, Page, PageOptions, demo_page};
use pleegzorg::survival::{self, Outcome};

mod decided;

pub use decided::{matched, scored};

pub const MONTH: f64 = 365.25 / 12.0;

pub fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap()
}

/// Spells with competing ends, from a small linear congruential generator.
fn outcome(n: usize) -> (Outcome, Vec<u32>) {
    let mut state = 7u64;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 / (1u64 << 53) as f64).max(1e-12)
    };
    let (mut exit, mut cause, mut group) = (Vec::new(), Vec::new(), Vec::new());
    for k in 0..n {
        let g = (k % 3) as u32;
        let hazards =
            [[0.011, 0.007, 0.004], [0.007, 0.009, 0.004], [0.009, 0.006, 0.003]][g as usize];
        let all: f64 = hazards.iter().sum();
        let t = -uniform().ln() / all * MONTH;
        let censored = (6.0 + 54.0 * uniform()) * MONTH;
        let u = uniform() * all;
        let c = if u < hazards[0] {
            1
        } else if u < hazards[0] + hazards[1] {
            2
        } else {
            3
        };
        exit.push(t.min(censored).ceil());
        cause.push(if t < censored { c } else { 0 });
        group.push(g);
    }
    let causes = vec!["breakdown".into(), "returned_home".into(), "planned_move".into()];
    (Outcome::new(None, exit, cause, causes).unwrap(), group)
}

fn options() -> DescribeOptions {
    DescribeOptions {
        at: vec![6.0 * MONTH, 12.0 * MONTH, 24.0 * MONTH, 36.0 * MONTH],
        interval: survival::Interval::LogLog,
        level: 0.95,
        grid: MONTH,
        rho: 0.0,
        strata: None,
        weights: None,
    }
}

pub fn described() -> Describe {
    let (y, _) = outcome(700);
    describe(&y, &Groups::all(700), &options()).unwrap()
}

pub fn described_by(levels: [&str; 3]) -> Describe {
    let (y, codes) = outcome(700);
    let levels = levels.map(String::from).to_vec();
    let groups = Groups::by("family_kind", &Values::Level { codes, levels }).unwrap();
    describe(&y, &groups, &options()).unwrap()
}

/// One finding that is waived, and one that is not.
fn findings() -> Vec<FeatureFinding> {
    let finding = |code: &str, feature: &str, waived: Option<&str>| FeatureFinding {
        code: code.into(),
        feature: feature.into(),
        what: "it counts everything".into(),
        waived: waived.map(str::to_owned),
    };
    vec![
        finding("PZ2001", "prior_breakdowns", Some("Konijn 2019")),
        finding("PZ2005", "region", None),
    ]
}

pub fn trained() -> TrainResult {
    let term = |name: &str, b: f64, se: f64| {
        let z = b / se;
        TermResult {
            name: name.into(),
            estimate: Some(b),
            se: Some(0.9 * se),
            robust_se: Some(se),
            z: Some(z),
            p: Some((-0.717 * z.abs() - 0.416 * z * z).exp()),
            lower: Some(b - 1.96 * se),
            upper: Some(b + 1.96 * se),
        }
    };
    let test = |chi2, df, p| Some(Test { chi2, df, p });
    TrainResult {
        schema: 1,
        kind: Kind::Cox,
        cause: "breakdown".into(),
        n: 712,
        events: 183,
        loglik: Some(LogLik { null: -1102.31, final_: -1051.72 }),
        iterations: Some(5),
        converged: Some(true),
        terms: Some(vec![
            term("age_over_10", 0.41, 0.17),
            term("prior_breakdowns", 0.29, 0.09),
            term("capacity_gap", 0.22, 0.06),
            term("alliance", -0.31, 0.10),
            term("capacity_gap:alliance", -0.05, 0.04),
            term("helper_changes", 0.14, 0.08),
            term("family_kind=general", 0.35, 0.19),
            term("family_kind=family_home", 0.02, 1.9),
        ]),
        tests: Some(Tests {
            likelihood_ratio: test(101.2, 8.0, 1e-17),
            wald: test(95.4, 8.0, 2e-16),
            score: test(99.9, 8.0, 3e-17),
        }),
        ph_test: Some(PhTest {
            transform: "km".into(),
            global: Test { chi2: 9.1, df: 8.0, p: 0.33 },
            terms: vec![PhTerm { name: "age_over_10".into(), chi2: 0.4, p: 0.53 }],
        }),
        concordance: Some(Concordance { c: 0.712, se: Some(0.019) }),
        scale: None,
        frailty: None,
        penalty: None,
        importance: Some(vec![Importance { term: "alliance".into(), value: 0.031 }]),
        imputed: Some(Imputed {
            imputations: 20,
            iterations: 10,
            seed: 42,
            columns: vec![ImputedColumn { name: "alliance".into(), missing: 120 }],
            terms: vec![ImputedTerm {
                name: "alliance".into(),
                within: 0.01,
                between: 0.002,
                df: 120.0,
                fmi: 0.2,
            }],
            wald: None,
        }),
        findings: findings(),
        repeated: None,
        warnings: Vec::new(),
    }
}

pub fn evaluated(verdict: Verdict) -> Evaluation {
    let horizons = vec![6.0 * MONTH, 12.0 * MONTH, 24.0 * MONTH];
    let interval = |m: f64, half: f64| Interval {
        mean: Some(m),
        lower: Some(m - half),
        upper: Some(m + half),
    };
    let metric = |m: f64, half: f64| MetricSummary {
        value: interval(m, half),
        at: horizons.iter().map(|&time| AtTime { time, value: interval(m, half) }).collect(),
    };
    let summary: Summary = BTreeMap::from([
        ("auc".into(), metric(0.683, 0.041)),
        ("brier".into(), metric(0.141, 0.012)),
        ("scaled_brier".into(), metric(0.062, 0.031)),
        ("oe".into(), metric(1.03, 0.14)),
        ("intercept".into(), metric(0.02, 0.15)),
        ("slope".into(), metric(0.91, 0.22)),
        ("ici".into(), metric(0.021, 0.01)),
        ("net_benefit".into(), metric(0.013, 0.008)),
        ("c_uno".into(), metric(0.671, 0.04)),
        ("c_harrell".into(), metric(0.674, 0.04)),
    ]);
    let gate = |name: &str, limit, value, passed| Gate {
        name: name.into(),
        limit,
        value: Some(value),
        horizon: Some(24.0 * MONTH).filter(|_| name != "events" && name != "sample_size"),
        passed,
    };
    let good = verdict == Verdict::Usable;
    let curve = |time: f64| {
        let points = (0..=40)
            .map(|k| {
                let predicted = 0.02 + 0.012 * f64::from(k);
                let observed = predicted * 1.08 - 0.2 * (predicted - 0.2f64).powi(2);
                let half = 0.02 + 0.18 * (predicted - 0.18f64).abs();
                CalibrationPoint {
                    predicted,
                    observed,
                    lower: Some((observed - half).max(0.0)),
                    upper: Some(observed + half),
                }
            })
            .collect();
        CalibrationCurve { time, points }
    };
    let bins = |top: f64| {
        (0..40).map(|k| (-((f64::from(k) / 40.0 - top) / 0.11).powi(2)).exp() / 8.0).collect()
    };
    let split = |name: &str, failed: Option<&str>| SplitResult {
        name: name.into(),
        repeat: name.starts_with("fold").then_some(1),
        n_train: 500,
        n_test: 212,
        events_test: 49,
        c_harrell: Some(0.66),
        c_uno: Some(0.66),
        horizons: vec![HorizonResult {
            time: 24.0 * MONTH,
            auc: Some(0.66),
            scaled_brier: Some(0.04),
            oe: Some(1.12),
            slope: Some(0.8),
            ..HorizonResult::default()
        }],
        failed: failed.map(String::from),
    };
    let group = |level: &str, n, events, too_little_data| GroupResult {
        column: "family_kind".into(),
        level: level.into(),
        n,
        events,
        summary: summary.clone(),
        too_little_data,
    };
    let variant = |definition: &str, failed: Option<&str>| Variant {
        definition: definition.into(),
        n: 655,
        events: 171,
        observed: vec![AtTime { time: 24.0 * MONTH, value: interval(0.19, 0.03) }],
        summary: summary.clone(),
        verdict: Some(Verdict::DoNotUse),
        moved: Some(Moved {
            rows: 712,
            mean_own: 0.2,
            mean: 0.23,
            mean_distance: 0.04,
            distance_90: 0.1,
            rank_correlation: Some(0.93),
        }),
        failed: failed.map(String::from),
    };
    Evaluation {
        schema: 1,
        proxies: vec![
            Proxy {
                column: "migration".into(),
                level: "yes".into(),
                n: 640,
                with: 122,
                auc: interval(0.71, 0.05),
                too_little_data: false,
            },
            Proxy {
                column: "migration".into(),
                level: "rare".into(),
                n: 640,
                with: 4,
                auc: Interval::default(),
                too_little_data: true,
            },
        ],
        refits: Some(Refits {
            replicates: 49,
            failed: 1,
            optimism: vec![Optimism {
                metric: "auc".into(),
                time: Some(24.0 * MONTH),
                apparent: Some(0.74),
                optimism: Some(0.05),
                corrected: Some(0.69),
                left_out: Some(0.68),
                plus_632: Some(0.7),
            }],
            instability: Some(Instability {
                time: 24.0 * MONTH,
                mean_distance: 0.03,
                distance_90: 0.07,
                changed_side: Some(0.08),
                band: Vec::new(),
                rows: [0.1, 0.2, 0.4]
                    .map(|predicted| StabilityPoint {
                        predicted,
                        lower: 0.8 * predicted,
                        upper: 1.3 * predicted,
                    })
                    .to_vec(),
            }),
        }),
        unknown_ends: Some(UnknownEnds {
            ends: 8,
            all: variant("unplanned-unwanted", None),
            none: variant("unplanned-unwanted", None),
        }),
        definitions: vec![
            variant("intended-to-grow-up", None),
            variant("per-child-six-years", Some("no spell")),
        ],
        title: "Breakdown within two years".into(),
        model: "cox".into(),
        cause: "breakdown".into(),
        definition: Some("unplanned-unwanted".into()),
        unit: "days".into(),
        horizon_labels: vec!["6 months".into(), "12 months".into(), "24 months".into()],
        n: 712,
        clusters: 401,
        events: 183,
        observed: horizons
            .iter()
            .zip([0.085, 0.131, 0.204])
            .map(|(&time, f)| AtTime { time, value: interval(f, 0.02) })
            .collect(),
        splits: vec![
            split("fold 1.1", None),
            split("time 2021-01-01", None),
            split("provider=Noord", Some("one event")),
        ],
        compared: vec![
            Compared {
                name: "forest".into(),
                summary: summary.clone(),
                difference: BTreeMap::from([("scaled_brier".into(), metric(0.008, 0.015))]),
                calibration: vec![curve(horizons[2])],
                risks: Vec::new(),
                decision: Vec::new(),
                d_calibration: None,
                failed: None,
            },
            Compared {
                name: "no model".into(),
                summary: BTreeMap::from([("scaled_brier".into(), metric(0.0, 0.0))]),
                difference: BTreeMap::from([("scaled_brier".into(), metric(0.062, 0.031))]),
                calibration: Vec::new(),
                risks: Vec::new(),
                decision: Vec::new(),
                d_calibration: None,
                failed: None,
            },
            Compared {
                name: "boosting".into(),
                summary: BTreeMap::new(),
                difference: BTreeMap::new(),
                calibration: Vec::new(),
                risks: Vec::new(),
                decision: Vec::new(),
                d_calibration: None,
                failed: Some("it did not converge".into()),
            },
        ],
        gates: vec![
            gate("events", Limit::Number(100.0), 183.0, true),
            gate("sample_size", Limit::Number(640.2), 712.0, true),
            gate("scaled_brier", Limit::Number(0.0), if good { 0.031 } else { -0.01 }, good),
            gate("oe", Limit::Range([0.8, 1.25]), 1.03, true),
            gate("slope", Limit::Range([0.8, 1.25]), 0.91, true),
            gate("net_benefit", Limit::Number(0.0), 0.013, true),
        ],
        verdict,
        sample_size: None,
        d_calibration: Some(DCalibration {
            n: 712,
            bins: vec![0.1; 10],
            chi2: 4.0,
            df: 9.0,
            p: 0.91,
        }),
        calibration: horizons.iter().map(|&t| curve(t)).collect(),
        risks: horizons
            .iter()
            .map(|&time| RiskDistribution { time, event: bins(0.28), no_event: bins(0.15) })
            .collect(),
        decision: vec![DecisionCurve {
            time: 24.0 * MONTH,
            points: (1..50)
                .map(|k| {
                    let threshold = f64::from(k) / 100.0;
                    let all = 0.204 - (1.0 - 0.204) * threshold / (1.0 - threshold);
                    let model = (0.204 - 0.75 * threshold).max(0.0) * (1.0 - threshold).powi(2)
                        + all.max(0.0) * 0.2;
                    let (lower, upper) = (Some(model - 0.01), Some(model + 0.01));
                    DecisionPoint { threshold, model, all, lower, upper }
                })
                .collect(),
        }],
        groups: vec![
            group("network", 340, 71, false),
            group("general", 340, 108, false),
            group("family_home", 32, 4, true),
        ],
        settings: Settings { folds: 5, repeats: 5, bootstrap: 200, refits: 50, seed: 42 },
        findings: findings(),
        warnings: vec!["2 rows were left out: no birth".into()],
        summary,
        horizons,
    }
}

pub fn about() -> About {
    About {
        title: "Breakdown binnen twee jaar".into(),
        definition: Some("unplanned-unwanted".into()),
        window: Some(Window {
            start: day("2017-01-01"),
            end: day("2024-06-30"),
            extraction: day("2024-06-30"),
        }),
        seed: Some(42),
        model: Some("3f1c".repeat(16)),
        synthetic: true,
        ..About::default()
    }
}

pub fn checked() -> history::Summary {
    history::Summary {
        rows: BTreeMap::from([("children.csv".into(), 401), ("stays.csv".into(), 1_022)]),
        counts: vec![history::CodeCount {
            code: Code(403),
            severity: Severity::Finding,
            waived: false,
            count: 12,
        }],
    }
}

/// The page of `demo` on all of this.
pub fn demo(options: PageOptions, hostile: &str) -> Page {
    let (all, by) = (described(), described_by(["network", "general", hostile]));
    let demo = Demo {
        data: &checked(),
        all: &all,
        by: Some((&by, "family_kind")),
        train: &trained(),
        evaluation: &evaluated(Verdict::DoNotUse),
        score: &scored(hostile, true),
        matching: &matched(hostile),
        base: &|_| Some(0.131),
    };
    demo_page(&demo, &about(), options)
}
