//! How time and memory grow with the rows, from ten thousand to ten million: the Cox model (Efron's
//! ties, and the exact ones where there are none), the Fine–Gray model (two causes, crr's errors), the
//! Kaplan–Meier curve, and Harrell's C of a sample of 20 columns; of an outcome alone, in whole days and in continuous time, the Kaplan–Meier curve and
//! the Aalen–Johansen curves of two causes with their variances; and Harrell's C of an outcome and a
//! score alone.
//!
//! `cargo bench --bench scaling` prints a table, and ends with 1 where a limit is broken (`--upto N`
//! stops at N rows). Every line is a process of its own: its input first, then the least time of
//! three runs, then the peak of its memory (Linux). Time may grow as n log n: time / (n ln n) may be
//! [`SLOWER`] times that of any fewer rows, since ten million rows have left the caches behind in
//! which ten thousand lie; a method in n² would be a hundred times slower after two lines. The peak
//! (of the whole process: input, work and result) may be 2.5 times the input, which is what the call
//! is handed: columns, times and causes, or times and causes alone.

#![allow(clippy::print_stdout, clippy::expect_used)]

use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::time::Instant;

use ndarray::Array2;
use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, Cox, CurveStep, FineGray, KaplanMeier, Outcome, Sample,
    Ties, concordance,
};

const COLUMNS: usize = 20;
const TASKS: [&str; 10] = [
    "cox",
    "cox-exact",
    "fine-gray",
    "kaplan-meier",
    "concordance",
    "outcome-days",
    "outcome",
    "causes-days",
    "causes",
    "outcome-score",
];
const RUNS: usize = 3;
/// What time / (n ln n) may be of what it is with fewer rows.
const SLOWER: f64 = 4.0;
/// What the peak of memory may be of the input.
const MEMORY: f64 = 2.5;
/// Tells a process of its own its task and rows.
const CHILD: &str = "PLEEGZORG_BENCH_SCALES";

/// A number from 0 to 1, of a row and a column.
fn number(row: usize, column: usize) -> f64 {
    let mut z = ((row * 64 + column) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// The outcome alone, as rows are drawn.
fn outcome(rows: usize, days: bool, causes: usize) -> Outcome {
    let (mut exit, mut cause) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for i in 0..rows {
        let (end, lost) = (-number(i, 40).ln(), -1.4 * number(i, 41).ln());
        let time = end.min(lost);
        exit.push(if days { 1.0 + (time * 365.0).floor() } else { time });
        let by = 1 + (number(i, 43) * causes as f64) as u32;
        cause.push(if end < lost { by } else { 0 });
    }
    Outcome::new(None, exit, cause, vec!["end".into(); causes]).expect("an outcome")
}

fn input(rows: usize, causes: usize) -> Sample {
    let x = Array2::from_shape_fn((rows, COLUMNS), |(i, j)| number(i, j) - 0.5);
    let (mut exit, mut cause) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for (i, row) in x.rows().into_iter().enumerate() {
        let eta = 0.8 * row[0] - 0.5 * row[1] + 0.3 * row[2];
        let (end, lost) = (-number(i, 40).ln() * (-eta).exp(), -1.4 * number(i, 41).ln());
        exit.push(end.min(lost));
        let by = 1 + (number(i, 43) * causes as f64) as u32;
        cause.push(if end < lost { by } else { 0 });
    }
    let y = Outcome::new(None, exit, cause, vec!["end".into(); causes]).expect("an outcome");
    let names = (0..COLUMNS).map(|j| format!("x{j}")).collect();
    Sample::new(x, names, y).expect("a sample")
}

fn work(task: &str, sample: &Sample, score: &[f64]) -> f64 {
    let y = sample.outcome();
    match task {
        "cox" => Cox::new().fit(sample, 1).expect("a fit").coef[0],
        "cox-exact" => Cox::new().ties(Ties::Exact).fit(sample, 1).expect("a fit").coef[0],
        "fine-gray" => FineGray::new().fit(sample, 1).expect("a fit").se().sum(),
        "kaplan-meier" => {
            KaplanMeier::new(y, None).expect("a curve").step(y.len() / 2).map_or(0.0, |s| s.value)
        }
        _ => concordance(y, score, &ConcordanceOptions::default())
            .expect("a score")
            .map_or(0.0, |c| c.c + c.se),
    }
}

/// A line of the process's status, in bytes.
fn status(key: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb * 1024.0)
}

/// Seconds, bytes of input, and bytes beyond what the bare process had at its peak.
fn child(task: &str, rows: usize) {
    let bare = status("VmHWM:").unwrap_or_default();
    if task == "outcome-score" {
        let y = outcome(rows, false, 1);
        let score: Vec<f64> = (0..rows).map(|i| number(i, 42) - y.exit()[i]).collect();
        return report(bare, 20 * rows, || {
            let c = concordance(&y, &score, &ConcordanceOptions::default()).expect("a score");
            c.map_or(0.0, |c| c.c + c.se)
        });
    }
    if task.starts_with("outcome") {
        let y = outcome(rows, task == "outcome-days", 1);
        let curve = || KaplanMeier::new(&y, None).expect("a curve");
        return report(bare, 12 * rows, || curve().survival_at(1.0));
    }
    if task.starts_with("causes") {
        let y = outcome(rows, task == "causes-days", 2);
        return report(bare, 12 * rows, || {
            let curves = AalenJohansen::new(&y, None).expect("curves");
            let sum = |steps: &mut dyn Iterator<Item = CurveStep>| -> f64 {
                steps.map(|step| step.value + step.variance).sum()
            };
            let causes = (1..=2).filter_map(|cause| curves.steps(cause));
            causes.map(|mut c| sum(&mut c)).sum::<f64>() + sum(&mut curves.event_free_steps())
        });
    }
    let sample = input(rows, if task == "fine-gray" { 2 } else { 1 });
    // The score is a column of its own only where it is asked for.
    let score = if task == "concordance" { sample.x().column(0).to_vec() } else { Vec::new() };
    let bytes = rows * (8 * COLUMNS + 8 + 4) + 8 * score.len();
    report(bare, bytes, || work(task, &sample, &score));
}

/// Times the work, and says what it took.
fn report(bare: f64, bytes: usize, work: impl Fn() -> f64) {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let begin = Instant::now();
        black_box(work());
        least = least.min(begin.elapsed().as_secs_f64());
    }
    let peak = status("VmHWM:").map_or(f64::NAN, |p| p - bare);
    println!("{least} {bytes} {peak}");
}

/// A line of the table, in a process of its own.
fn measure(task: &str, rows: usize) -> Option<[f64; 3]> {
    let program = std::env::current_exe().ok()?;
    let run = Command::new(program).env(CHILD, format!("{task} {rows}")).output().ok()?;
    let text = String::from_utf8(run.stdout).ok()?;
    let mut numbers = text.split_whitespace().map_while(|v| v.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

fn main() -> ExitCode {
    if let Ok(what) = std::env::var(CHILD) {
        let (task, rows) = what.split_once(' ').expect("a task and rows");
        child(task, rows.parse().expect("rows"));
        return ExitCode::SUCCESS;
    }
    let args: Vec<String> = std::env::args().collect();
    let upto = args.iter().position(|a| a == "--upto").and_then(|k| args.get(k + 1)?.parse().ok());
    let upto: usize = upto.unwrap_or(10_000_000);
    println!(
        "{:<14} {:>10} {:>11} {:>16} {:>9} {:>9} {:>7}",
        "work", "rows", "seconds", "ns / (n ln n)", "input MB", "peak MB", "ratio"
    );
    let mut broken = Vec::new();
    for task in TASKS {
        let mut least = f64::INFINITY;
        let mut rows: usize = 10_000;
        while rows <= upto {
            let Some([seconds, bytes, peak]) = measure(task, rows) else {
                broken.push(format!("{task}, {rows} rows: no measurement"));
                break;
            };
            let n = rows as f64;
            let unit = seconds / (n * n.ln()) * 1e9;
            let ratio = peak / bytes;
            println!(
                "{task:<14} {rows:>10} {seconds:>11.5} {unit:>16.3} {:>9.1} {:>9.1} {ratio:>7.2}",
                bytes / 1e6,
                peak / 1e6
            );
            if unit > SLOWER * least {
                broken.push(format!("{task}, {rows} rows: {:.1} times slower", unit / least));
            }
            // Of few rows the memory is that of threads and of the program itself.
            if rows >= 1_000_000 && (ratio.is_nan() || ratio > MEMORY) {
                broken.push(format!("{task}, {rows} rows: {ratio:.2} times the input's memory"));
            }
            least = least.min(unit);
            rows *= 10;
        }
    }
    for line in &broken {
        println!("broken: {line}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
