//! Our side of the comparison with other programs: `run` calls it with a task and a data file.
//!
//! A data file is what R's `writeBin` wrote: rows, columns (as numbers), then entry (or NaN), exit,
//! cause and, column after column, the covariates; then groups. Prints one line per repetition:
//! seconds, and a check value.

// A bench prints, and may stop where it stands.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)]

use std::time::Instant;

use ndarray::{Array2, ShapeBuilder};
use pleegzorg::survival::{Cox, Outcome, Sample};

struct Data {
    entry: Option<Vec<f64>>,
    exit: Vec<f64>,
    cause: Vec<u32>,
    x: Array2<f64>,
    group: Vec<u32>,
}

fn read(path: &str) -> Data {
    let bytes = std::fs::read(path).expect("a data file");
    let mut values = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b));
    let mut next = |n: usize| values.by_ref().take(n).collect::<Vec<f64>>();
    let head = next(2);
    let (n, p) = (head[0] as usize, head[1] as usize);
    let (entry, exit) = (next(n), next(n));
    let cause = next(n).into_iter().map(|v| v as u32).collect();
    let columns = Array2::from_shape_vec((n, p).f(), next(n * p)).expect("rows × columns");
    let group = next(n).into_iter().map(|v| v as u32).collect();
    let entry = (!entry[0].is_nan()).then_some(entry);
    // As our own tables hold it: row after row.
    let x = Array2::from_shape_fn((n, p), |at| columns[at]);
    Data { entry, exit, cause, x, group }
}

fn sample(d: &Data) -> Sample {
    let causes = (1..=d.cause.iter().copied().max().unwrap_or(1)).map(|k| k.to_string()).collect();
    let y = Outcome::new(d.entry.clone(), d.exit.clone(), d.cause.clone(), causes).expect("times");
    let names = (0..d.x.ncols()).map(|j| format!("x{j}")).collect();
    Sample::new(d.x.clone(), names, y).expect("a sample")
}

fn cpu() -> f64 {
    let mut sum = 0.0;
    for task in std::fs::read_dir("/proc/self/task").expect("proc").flatten() {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        sum += text.split(' ').next().and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) / 1e9;
    }
    sum
}

fn main() {
    let args: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let (task, path) = (args[1].as_str(), args[2].as_str());
    let repeats: usize = args.get(3).map_or(3, |v| v.parse().expect("repeats"));
    let data = read(path);
    let s = match task {
        "cox-cluster" => sample(&data).with_cluster(data.group.clone()).expect("clusters"),
        _ => sample(&data),
    };
    for _ in 0..repeats {
        let start = Instant::now();
        let begin = cpu();
        let check = match task {
            "cox" | "cox-cluster" => Cox::new().fit(&s, 1).expect("a fit").coef[0],
            other => panic!("no task {other}"),
        };
        println!("{:.6} {check:.15e} cpu {:.4}", start.elapsed().as_secs_f64(), cpu() - begin);
    }
}
