//! The assignment of sibling groups beside HiGHS (SciPy's `milp`): the same instances, both to the
//! proven optimum, reading and writing left out on both sides.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use pleegzorg::matching::assign::{Effort, Problem, solve};

use super::{Answer, Peer, Settings, median, number};

/// A row of the table.
pub struct Row {
    pub name: &'static str,
    pub work: &'static str,
    /// Groups and families, and with `--quick`; a row without the latter is then left out.
    pub size: (usize, usize),
    pub quick: Option<(usize, usize)>,
    /// Every score is the number of children.
    pub count: bool,
    pub seeds: u64,
    /// The ratio that is asked for.
    pub goal: f64,
}

/// All rows.
pub const ROWS: &[Row] = &[
    Row {
        name: "assign-spare",
        work: "assignment, places to spare",
        size: (1_000, 1_500),
        quick: Some((300, 450)),
        count: false,
        seeds: 3,
        goal: 30.0,
    },
    Row {
        name: "assign-spare-2000",
        work: "the same",
        size: (2_000, 3_000),
        quick: None,
        count: false,
        seeds: 3,
        goal: 30.0,
    },
    Row {
        name: "assign-spare-10000",
        work: "the same",
        size: (10_000, 15_000),
        quick: None,
        count: false,
        seeds: 1,
        goal: 100.0,
    },
    Row {
        name: "assign-even",
        work: "assignment, places as needed",
        size: (1_000, 1_000),
        quick: Some((300, 300)),
        count: false,
        seeds: 3,
        goal: 10.0,
    },
    Row {
        name: "assign-short",
        work: "assignment, more children than places",
        size: (1_000, 700),
        quick: Some((300, 200)),
        count: false,
        seeds: 3,
        goal: 15.0,
    },
    Row {
        name: "assign-short-2000",
        work: "the same",
        size: (2_000, 1_400),
        quick: None,
        count: false,
        seeds: 3,
        goal: 5.0,
    },
    Row {
        name: "assign-count",
        work: "assignment, the most children placed",
        size: (1_000, 700),
        quick: Some((300, 200)),
        count: true,
        seeds: 5,
        goal: 1.0,
    },
];

/// As the peer reads it: groups, families, places, then group, family, places taken and score of
/// each pair, all as doubles.
fn write(problem: &Problem, path: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    let mut put = |v: f64| out.write_all(&v.to_le_bytes());
    put(problem.groups() as f64)?;
    put(problem.places().len() as f64)?;
    problem.places().iter().try_for_each(|&p| put(f64::from(p)))?;
    for pair in problem.pairs() {
        put(f64::from(pair.group))?;
        put(f64::from(pair.family))?;
        put(f64::from(pair.takes))?;
        put(pair.score)?;
    }
    out.flush()
}

/// Prints a line per seed: ours as the median of the rounds, the peer once, since it takes long.
pub fn compare(row: &Row, settings: &Settings, folder: &Path) {
    let Some(size) = (if settings.quick { row.quick } else { Some(row.size) }) else { return };
    for seed in 0..row.seeds {
        let problem = Problem::made_up(size.0, size.1, seed, row.count);
        let file = folder.join(format!("{}-{seed}.bin", row.name));
        write(&problem, &file).expect("a data file");
        let mut solution = solve(&problem, Effort::default());
        let mut ours = Vec::new();
        for _ in 0..settings.rounds {
            let start = Instant::now();
            solution = solve(&problem, Effort::default());
            ours.push(start.elapsed().as_secs_f64());
        }
        let seconds = median(&mut ours);
        let (theirs, ratio, apart) = match Peer::start(true, "peer_milp.py", row.name, &file) {
            Err(note) => (note, "-".into(), "-".into()),
            Ok(mut peer) => {
                let answer = peer.work(settings.timeout);
                peer.stop();
                told(&answer, seconds, solution.objective, settings)
            }
        };
        std::fs::remove_file(&file).expect("our own file");
        let name = format!("{} ({}, seed {seed})", row.work, row.name);
        let size = format!("{} x {}", number(size.0), number(size.1));
        let proof = if solution.is_optimal() { "" } else { ", NOT PROVEN" };
        println!(
            "{name:<66} {size:>15}  HiGHS {seconds:>9.4} s  {theirs:>18} {ratio:>9} {:>6.0}x  \
             {apart}, gap {:.0e}{proof}",
            row.goal,
            solution.gap()
        );
    }
}

/// The peer's seconds, the ratio, and how far its optimum is from ours.
fn told(
    answer: &Answer,
    seconds: f64,
    objective: f64,
    settings: &Settings,
) -> (String, String, String) {
    let limit = settings.timeout.as_secs_f64();
    match answer {
        Answer::Seconds(theirs, values) => {
            let optimum = values.first().copied().unwrap_or(f64::NAN);
            let apart = (objective - optimum).abs() / optimum.abs().max(1.0);
            (format!("{theirs:.3} s"), format!("{:.1}x", theirs / seconds), format!("{apart:.0e}"))
        }
        Answer::TooLong => (
            format!("not done in {limit:.0} s"),
            format!("> {:.0}x", (limit / seconds).floor()),
            "-".into(),
        ),
        Answer::Gone => ("the peer stopped".into(), "-".into(), "-".into()),
    }
}
