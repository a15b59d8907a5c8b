//! Data for the comparisons, made from a seed and shared with the peers through a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

/// One data set; times are continuous unless `days` rounds them up to whole days of ten years.
pub struct Data {
    pub entry: Vec<f64>,
    pub exit: Vec<f64>,
    pub cause: Vec<u32>,
    pub group: Vec<u32>,
    pub x: Array2<f64>,
}

impl Data {
    /// Rows with normal covariates and effects 0.3, -0.2, 0.1, 0, 0.05, ..., two causes and
    /// censoring: about 58% end by the first cause where it is the only one.
    pub fn new(rows: usize, columns: usize, groups: usize, causes: u32, days: bool) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(20);
        let x = Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut rng));
        let effects = [0.3, -0.2, 0.1, 0.0, 0.05];
        let (mut entry, mut exit) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut cause = Vec::with_capacity(rows);
        for row in x.rows() {
            let eta: f64 = row.iter().zip(effects.iter().cycle()).map(|(x, b)| x * b).sum();
            let mut draw = || -> f64 { Exp1.sample(&mut rng) };
            let ends = [draw() * 1.4, draw() * (-eta).exp(), draw() * 2.0];
            let (mut time, mut kind) = (ends[0], 0);
            for k in 1..=causes as usize {
                if ends[k] < time {
                    (time, kind) = (ends[k], k as u32);
                }
            }
            let late = 0.5 * rng.random::<f64>();
            entry.push(late);
            exit.push(if days { (time * 1000.0).ceil().min(3650.0) } else { late + time });
            cause.push(kind);
        }
        let group = (0..rows).map(|_| rng.random_range(0..groups as u32)).collect();
        Self { entry, exit, cause, group, x }
    }

    /// The same rows with a frailty: what a group has in common changes the times of its events.
    pub fn frail(mut self) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(21);
        let groups = self.group.iter().max().map_or(0, |&g| g as usize + 1);
        let log: Vec<f64> = (0..groups)
            .map(|_| {
                let z: f64 = StandardNormal.sample(&mut rng);
                0.7 * z
            })
            .collect();
        for i in 0..self.exit.len() {
            let eta = 0.3 * self.x[[i, 0]] - 0.2 * self.x[[i, 1]] + log[self.group[i] as usize];
            let mut draw = || -> f64 { Exp1.sample(&mut rng) };
            let (censored, event) = (draw() * 1.4, draw() * (-eta).exp());
            self.exit[i] = censored.min(event);
            self.cause[i] = u32::from(event <= censored);
        }
        self
    }

    /// As the peers read it: rows, columns, then column after column, all as doubles.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        let mut put = |v: f64| out.write_all(&v.to_le_bytes());
        put(self.exit.len() as f64)?;
        put(self.x.ncols() as f64)?;
        self.entry.iter().chain(&self.exit).try_for_each(|&v| put(v))?;
        self.cause.iter().chain(&self.group).try_for_each(|&v| put(f64::from(v)))?;
        self.x.t().iter().try_for_each(|&v| put(v))?;
        out.flush()
    }
}
