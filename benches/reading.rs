//! Reading and checking a simulated history folder of a million stays, with a million events and
//! a million assessments; and the same with every cell quoted, as R writes it.
//!
//! `cargo bench --bench reading`; the goal is 3 seconds on two cores and 1.5 GB. The memory, and
//! the processor time of both cores together, are those of a process of its own that reads the
//! folder once; they are printed first.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group};
use pleegzorg::history::{self, History};
use pleegzorg::progress::Silent;
use pleegzorg::simulate::{Scenario, simulate};

/// So many children have a million stays.
const CHILDREN: u32 = 494_000;
const MILLION: usize = 1_000_000;

fn a_million_stays() -> History {
    let mut h = simulate(&Scenario::base(), CHILDREN, 1).history;
    h.events.truncate(MILLION);
    h.assessments.truncate(MILLION);
    h
}

/// Every cell between quotes.
fn quote(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "csv") {
            let text = std::fs::read_to_string(&path)?;
            let mut quoted = String::with_capacity(2 * text.len());
            for line in text.lines() {
                quoted.push('"');
                quoted.push_str(&line.replace(',', "\",\""));
                quoted.push_str("\"\n");
            }
            std::fs::write(&path, quoted)?;
        }
    }
    Ok(())
}

fn reading(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a folder for the bench");
    let h = a_million_stays();
    history::write(&h, dir.path(), false).expect("a history that can be written");
    drop(h);
    let first = history::read(dir.path(), &Silent).expect("a history that can be read");
    assert_eq!(first.faults(), 0, "{}", first.summary());
    let rows: usize = first.rows.values().sum();
    drop(first);
    alone(dir.path()).expect("a process of its own");
    let mut group = c.benchmark_group("read and check a million stays");
    group.sample_size(10).measurement_time(Duration::from_secs(30));
    group.throughput(Throughput::Elements(rows as u64));
    group.bench_function("plain", |b| {
        b.iter(|| black_box(history::read(dir.path(), &Silent).map(|r| r.rows.len())));
    });
    quote(dir.path()).expect("a folder that can be written");
    alone(dir.path()).expect("a process of its own");
    group.bench_function("every cell quoted", |b| {
        b.iter(|| black_box(history::read(dir.path(), &Silent).map(|r| r.rows.len())));
    });
    group.finish();
}

/// Tells the process that only reads which folder it is.
const CHILD: &str = "PLEEGZORG_BENCH_READS";

/// Reads a folder in a process of its own, and prints what that took.
fn alone(dir: &Path) -> std::io::Result<()> {
    let run = std::process::Command::new(std::env::current_exe()?).env(CHILD, dir).output()?;
    print!("{}", String::from_utf8_lossy(&run.stdout));
    Ok(())
}

/// The process that only reads: time by the clock and of the processors, and peak memory (Linux).
fn child(dir: &Path) {
    let begin = std::time::Instant::now();
    let rows = history::read(dir, &Silent).map_or(0, |r| r.rows.values().sum::<usize>());
    let clock = begin.elapsed().as_secs_f64();
    let proc = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}"));
    let peak = proc("status").ok().and_then(|s| {
        let line = s.lines().find(|l| l.starts_with("VmHWM:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    // User and system time, in ticks of a hundredth of a second.
    let ticks = proc("stat").ok().and_then(|s| {
        let fields: Vec<&str> = s.rsplit(')').next()?.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    });
    println!(
        "{rows} rows in {clock:.2} s by the clock, {:.2} s of processors, peak {:.0} MB",
        ticks.unwrap_or(f64::NAN) / 100.0,
        peak.unwrap_or(f64::NAN) / 1000.0,
    );
}

criterion_group!(benches, reading);

fn main() {
    if let Some(dir) = std::env::var_os(CHILD) {
        return child(Path::new(&dir));
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
