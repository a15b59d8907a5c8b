//! This crate beside its peers: the same data, the same run, in interleaved rounds. `run` starts it.

// A bench prints, and may stop where it stands.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used)]

mod assignment;
mod data;
mod evaluation;
mod tasks;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use assignment::ROWS;
use data::Data;
use tasks::{Input, TASKS, Task};

struct Settings {
    quick: bool,
    rounds: usize,
    timeout: Duration,
    tasks: Vec<String>,
}

fn settings() -> Settings {
    let mut s =
        Settings { quick: false, rounds: 5, timeout: Duration::from_secs(300), tasks: Vec::new() };
    let mut args = std::env::args().skip(1);
    let names: Vec<&str> =
        TASKS.iter().map(|t| t.name).chain(ROWS.iter().map(|r| r.name)).collect();
    let names: Vec<&str> = names.into_iter().chain([evaluation::NAME]).collect();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            // What `cargo bench` adds.
            "--bench" => {}
            "--quick" => {
                s.quick = true;
                s.timeout = Duration::from_secs(60);
            }
            "--rounds" => s.rounds = args.next().and_then(|v| v.parse().ok()).expect("a number"),
            "--timeout" => {
                let seconds = args.next().and_then(|v| v.parse().ok()).expect("seconds");
                s.timeout = Duration::from_secs(seconds);
            }
            name if names.contains(&name) => s.tasks.push(name.to_owned()),
            other => {
                println!("unknown task {other:?}; there are {}", names.join(", "));
                std::process::exit(2);
            }
        }
    }
    s
}

/// A peer that works once for each line it is sent.
struct Peer {
    child: Child,
    lines: Receiver<String>,
}

enum Answer {
    Seconds(f64, Vec<f64>),
    TooLong,
    Gone,
}

impl Peer {
    /// A script of R (or Python) on a data file; what is missing where it cannot start.
    fn start(python: bool, script: &str, task: &str, file: &Path) -> Result<Self, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(script);
        let (program, name) = if python {
            (std::env::var("PEERS_PYTHON").unwrap_or_else(|_| "python3".into()), "Python")
        } else {
            ("Rscript".into(), "R")
        };
        let mut child = Command::new(program)
            .arg(script)
            .arg(task)
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|_| format!("{name} is not installed"))?;
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut peer = Self { child, lines };
        match peer.lines.recv_timeout(Duration::from_secs(300)) {
            Ok(line) if line.trim() == "ready" => Ok(peer),
            Ok(line) => Err(format!("{name}: {line}")),
            Err(_) => {
                peer.stop();
                Err(format!("{name} did not start"))
            }
        }
    }

    fn work(&mut self, timeout: Duration) -> Answer {
        let stdin = self.child.stdin.as_mut().expect("piped");
        if writeln!(stdin, "go").and_then(|()| stdin.flush()).is_err() {
            return Answer::Gone;
        }
        match self.lines.recv_timeout(timeout) {
            Ok(line) => {
                let mut values = line.split_whitespace().map_while(|v| v.parse().ok());
                values.next().map_or(Answer::Gone, |s| Answer::Seconds(s, values.collect()))
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Answer::TooLong,
            Err(_) => Answer::Gone,
        }
    }

    fn stop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n % 2 == 1 { values[n / 2] } else { 0.5 * (values[n / 2 - 1] + values[n / 2]) }
}

fn number(v: usize) -> String {
    let digits = v.to_string();
    let mut out = String::new();
    for (k, c) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Lets the system forget how much memory this process has held (Linux).
fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// The most memory that this process has held since, in MB.
fn peak() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1000.0)
}

fn compare(task: &Task, settings: &Settings, folder: &Path) {
    let (full, columns, groups, causes, days) = task.size;
    let rows = if settings.quick { task.quick } else { full };
    let groups = (groups * rows / full).max(2);
    let data = Data::new(rows, columns, groups, causes, days);
    let data = if task.name == "frailty" { data.frail() } else { data };
    let file = folder.join(format!("{}.bin", task.name));
    data.write(&file).expect("a data file");
    let input = Input::new(task, &data);
    drop(data);
    let python = task.peer.starts_with("Python");
    let script = if python { "peer.py" } else { "peer.R" };
    let mut peer = Peer::start(python, script, task.name, &file);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut worst: f64 = 0.0;
    let mut note = peer.as_ref().err().cloned();
    // A first time, which pays for pages and caches; the peer's lies in its rounds, where a median
    // does not notice it.
    let measured = forget_peak();
    let mut check = input.run(task);
    let held = peak().filter(|_| measured && task.memory.is_some());
    for _ in 0..settings.rounds {
        let start = Instant::now();
        check = input.run(task);
        ours.push(start.elapsed().as_secs_f64());
        let Ok(at_work) = &mut peer else { continue };
        match at_work.work(settings.timeout) {
            Answer::Seconds(seconds, values) => {
                theirs.push(seconds);
                for (a, b) in check.iter().zip(&values) {
                    worst = worst.max((a - b).abs() / b.abs().max(1.0));
                }
                if values.len() != check.len() {
                    worst = f64::NAN;
                }
            }
            Answer::TooLong => {
                at_work.stop();
                note = Some(format!("not done in {} s", settings.timeout.as_secs()));
                peer = Err(String::new());
            }
            Answer::Gone => {
                at_work.stop();
                note = Some("the peer stopped".into());
                peer = Err(String::new());
            }
        }
    }
    if let Ok(peer) = &mut peer {
        peer.stop();
    }
    std::fs::remove_file(&file).expect("our own file");
    let seconds = median(&mut ours);
    let size = format!("{} x {}", number(rows), columns);
    let goal =
        if task.goal > 0.0 { format!("{:.0}x", task.goal) } else { format!("{:.1} s", -task.goal) };
    let (theirs, ratio, agree) = if theirs.is_empty() {
        let note = note.unwrap_or_default();
        let least = (settings.timeout.as_secs_f64() / seconds).floor();
        let ratio =
            if note.starts_with("not done") { format!("> {least:.0}x") } else { "-".into() };
        (note, ratio, "-".into())
    } else {
        let t = median(&mut theirs);
        (format!("{t:.4} s"), format!("{:.1}x", t / seconds), format!("{worst:.0e}"))
    };
    let name = format!("{} ({})", task.work, task.name);
    println!(
        "{name:<46} {size:>15}  {:<18} {seconds:>9.4} s  {theirs:>18} {ratio:>9} {goal:>7}  {agree}",
        task.peer
    );
    if let (Some(held), Some(limit)) = (held, task.memory) {
        println!(
            "    at its peak our process, with its input, holds {held:.0} MB (goal {limit:.0})"
        );
    }
    assert!(check.iter().all(|v| v.is_finite()), "{}: not a number", task.name);
}

fn main() {
    let settings = settings();
    let folder = tempfile::tempdir().expect("a folder for data files");
    let path: PathBuf = folder.path().to_owned();
    if Command::new("Rscript").arg("--version").output().is_err() {
        println!("R is not installed (no Rscript): only our own times can be shown.\n");
    }
    println!(
        "Medians of {} interleaved rounds; {} threads for us. 'apart' is the largest difference of \
         the results.\n",
        settings.rounds,
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    println!(
        "{:<46} {:>15}  {:<18} {:>11}  {:>18} {:>9} {:>7}  apart",
        "work", "rows x columns", "peer", "ours", "peer", "ratio", "goal"
    );
    let wanted = |name: &str| settings.tasks.is_empty() || settings.tasks.iter().any(|t| t == name);
    for task in TASKS.iter().filter(|t| wanted(t.name)) {
        compare(task, &settings, &path);
    }
    for row in ROWS.iter().filter(|r| wanted(r.name)) {
        assignment::compare(row, &settings, &path);
    }
    if wanted(evaluation::NAME) {
        evaluation::measure(&settings);
    }
}
