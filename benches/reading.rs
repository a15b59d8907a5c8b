//! Reading and checking a simulated history folder of a million stays, with a million events and
//! a million assessments; and the same with every cell quoted, as R writes it.
//!
//! `cargo bench --bench reading`; the goal is 3 seconds on two cores and 1.5 GB. The memory is
//! measured on a process of its own: write a history with `pleegzorg simulate --children 448000`
//! and read it with `/usr/bin/time -v pleegzorg check`.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pleegzorg::history::{self, History};
use pleegzorg::progress::Silent;
use pleegzorg::simulate::{Scenario, simulate};

/// So many children have a million stays.
const CHILDREN: u32 = 448_000;
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
    let mut group = c.benchmark_group("read and check a million stays");
    group.sample_size(10).measurement_time(Duration::from_secs(30));
    group.throughput(Throughput::Elements(rows as u64));
    group.bench_function("plain", |b| {
        b.iter(|| black_box(history::read(dir.path(), &Silent).map(|r| r.rows.len())));
    });
    quote(dir.path()).expect("a folder that can be written");
    group.bench_function("every cell quoted", |b| {
        b.iter(|| black_box(history::read(dir.path(), &Silent).map(|r| r.rows.len())));
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
