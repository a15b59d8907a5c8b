//! `docs/agreement.md`: how many digits agree with R, per method, as the golden tests find it.
//!
//! `PLEEGZORG_WRITE_AGREEMENT=1 cargo test agreement` writes it anew after tests have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::golden::Compared;
use super::{
    cox, curves, exact, fine_gray, fine_gray_penalised, firth, frailty, net, parametric, penalised,
    predict,
};
use crate::model_repeated;
use crate::run::root;

/// The methods in the order of the table, and who the referee is.
const METHODS: [(&str, &str); 40] = [
    ("Kaplan–Meier, five intervals", "`survfit`"),
    ("Nelson–Aalen", "`survfit`"),
    ("Quantiles of survival", "`quantile.survfit`"),
    ("Restricted mean", "`print.survfit`"),
    ("Aalen–Johansen", "`survfit`, several states"),
    ("Log-rank, G-rho, strata", "`survdiff`"),
    ("Gray's test", "`cmprsk::cuminc`"),
    ("Concordance, Harrell's", "`concordance`"),
    ("Concordance, Uno's", "`concordance`, `n/G2`"),
    ("Cox, Efron ties", "`coxph`"),
    ("Cox, Breslow ties", "`coxph`"),
    ("Cox, exact ties", "`coxph`"),
    ("Cox: robust and clustered errors", "`coxph(cluster =)`"),
    ("Cox: two-way clustered errors", "three fits of `coxph`"),
    ("Cox: baseline hazards", "`survfit.coxph`"),
    ("Cox: survival of new rows", "`survfit(newdata =)`"),
    ("Cox: incidence of new rows", "`survfit(newdata =)`, by state or cause"),
    ("Cox: residuals", "`residuals.coxph`"),
    ("Cox: tests of proportional hazards", "`cox.zph`"),
    ("Andersen–Gill", "`coxph`"),
    ("PWP, total time", "`coxph`"),
    ("PWP, gap time", "`coxph`"),
    ("WLW", "`coxph`"),
    ("Cox: Gaussian priors, ridge", "`coxph(ridge())`"),
    ("Cox: Firth's correction", "a direct maximisation"),
    ("Cox: elastic net", "`glmnet`"),
    ("Cox: gamma frailty", "`coxph(frailty(theta =))`, maximised; a direct maximisation"),
    ("Cox: log-normal frailty", "`coxph(frailty(theta =))`, REML; a direct maximisation"),
    ("Fine–Gray, convention crr", "`cmprsk::crr`"),
    ("Fine–Gray, convention finegray", "`finegray`, `coxph`"),
    ("Fine–Gray: Gaussian priors, ridge", "a direct maximisation"),
    ("Fine–Gray: elastic net", "a direct maximisation"),
    ("Exponential", "`survreg`; maximisation"),
    ("Weibull", "`survreg`; maximisation"),
    ("Log-normal", "`survreg`; maximisation"),
    ("Log-logistic", "`survreg`; maximisation"),
    ("Generalised gamma", "a direct maximisation"),
    ("Gompertz", "a direct maximisation"),
    ("Piecewise exponential", "a direct maximisation"),
    ("Royston–Parmar", "a direct maximisation"),
];

/// Sets of `tests/reference` that are not R's: made up for a purpose.
const MADE_UP: [&str; 6] =
    ["fg-mgus2-age", "fg-register", "fg-small", "months", "separated", "repeated"];

/// Digits are claimed with this to spare: another processor's `exp` may differ in its last bits.
const TO_SPARE: f64 = 0.5;

/// What the tests found for one method.
#[derive(Default)]
struct Row {
    comparisons: usize,
    data: BTreeSet<String>,
    worst: f64,
    within: f64,
}

impl Row {
    fn digits(&self) -> f64 {
        -self.worst.max(1e-16).log10()
    }
}

fn compared() -> Vec<Compared> {
    [
        curves::CURVES.get_or_init(curves::curves),
        curves::LOGRANK.get_or_init(curves::logranks),
        curves::COMPETING.get_or_init(curves::competing),
        curves::CONCORDANCES.get_or_init(curves::concordances),
        cox::FITS.get_or_init(cox::fits),
        cox::BASELINES.get_or_init(cox::baselines),
        predict::CURVES.get_or_init(predict::curves),
        cox::RESIDUALS.get_or_init(cox::residuals),
        cox::ZPH.get_or_init(cox::zph),
        exact::FITS.get_or_init(exact::fits),
        model_repeated::TWO_WAY.get_or_init(model_repeated::two_way),
        penalised::FITS.get_or_init(penalised::fits),
        firth::FITS.get_or_init(firth::fits),
        net::PATHS.get_or_init(net::paths),
        frailty::FITS.get_or_init(frailty::fits),
        fine_gray::FITS.get_or_init(fine_gray::fits),
        fine_gray_penalised::FITS.get_or_init(fine_gray_penalised::fits),
        parametric::FITS.get_or_init(parametric::fits),
    ]
    .iter()
    .flat_map(|referee| referee.compared().to_vec())
    .collect()
}

/// R's own name of a data set: some are kept in two forms.
fn set(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

fn rows(all: &[Compared]) -> BTreeMap<&'static str, Row> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for c in all {
        let row = rows.entry(c.method).or_default();
        row.comparisons += 1;
        row.data.insert(c.data.clone());
        row.worst = row.worst.max(c.difference);
        row.within = row.within.max(c.within);
    }
    rows
}

fn page(all: &[Compared], digits: impl Fn(&str, &Row) -> u32) -> String {
    let rows = rows(all);
    let sets: BTreeSet<&str> = all.iter().map(|c| set(&c.data)).collect();
    let own = sets.iter().filter(|s| !MADE_UP.contains(s)).copied().collect::<Vec<_>>();
    let mut text = String::from("# Agreement with R\n\n");
    let _ = writeln!(
        text,
        "{} numbers of the survival core are compared with R's, on {} of R's data sets\n({})\nand {} \
         made up for a purpose. The data, the expected values and the scripts that made them are \
         in\n`tests/reference/`; the tests themselves need no R. This page is written by those \
         tests:\n`PLEEGZORG_WRITE_AGREEMENT=1 cargo test agreement`. Without that, the same test \
         fails where a method or a\ncount differs from the table, or where fewer digits agree than \
         it claims.\n",
        all.len(),
        own.len(),
        own.join(", "),
        sets.len() - own.len(),
    );
    let _ = writeln!(
        text,
        "The difference of two numbers is taken relative to R's, or absolute where R's is below 1. \
         *Digits* is what\nthe worst comparison of the method reaches, with half a digit to spare \
         for other processors; *asserted* is the\ndifference at which a test fails. Where the \
         referee is a direct maximisation, it is the referee whose digits end\nfirst: its slopes \
         are numeric.\n"
    );
    text.push_str("| method | referee in R | data sets | comparisons | asserted | digits |\n");
    text.push_str("|---|---|--:|--:|--:|--:|\n");
    for (method, referee) in METHODS {
        let row = &rows[method];
        let _ = writeln!(
            text,
            "| {method} | {referee} | {} | {} | {:e} | {} |",
            row.data.len(),
            row.comparisons,
            row.within,
            digits(method, row)
        );
    }
    text
}

/// The digits that a page claims, by method.
fn claimed(page: &str) -> BTreeMap<String, u32> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        Some((cells.first()?.to_string(), cells.last()?.parse().ok()?))
    };
    page.lines().filter(|l| l.starts_with('|')).filter_map(row).collect()
}

#[test]
fn agreement_with_r_is_what_the_page_says() {
    let all = compared();
    let rows = rows(&all);
    for method in rows.keys() {
        assert!(METHODS.iter().any(|(m, _)| m == method), "{method} is not in the table");
    }
    assert!(METHODS.iter().all(|(m, _)| rows.contains_key(m)), "a method without comparisons");
    let path = root().join("docs/agreement.md");
    if std::env::var_os("PLEEGZORG_WRITE_AGREEMENT").is_some() {
        std::fs::write(&path, page(&all, |_, row| (row.digits() - TO_SPARE) as u32)).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    let claims = claimed(&found);
    let claim = |method: &str, _: &Row| claims.get(method).copied().unwrap_or_default();
    assert_eq!(found, page(&all, claim), "write the page anew, as its second paragraph says");
    for (method, row) in &rows {
        let (claim, reached) = (f64::from(claims[*method]), row.digits());
        assert!(claim <= reached, "{method}: {claim} digits are claimed and {reached:.2} reached");
        // No comparison may be looser than this, whatever its test says.
        assert!(row.within <= 1e-6 && reached >= 6.0);
    }
    let own = all.iter().map(|c| set(&c.data)).filter(|s| !MADE_UP.contains(s));
    assert!(all.len() >= 600 && own.collect::<BTreeSet<_>>().len() >= 10);
}
