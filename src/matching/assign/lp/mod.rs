//! A linear program max c·x, A x ≤ b, x ≥ 0, solved by the revised simplex method on sparse
//! factors: primal where columns are added, dual where columns are fixed at 0 or rows are added.
//!
//! A fixed column or slack is held at 0. Every nonbasic variable is at 0, so that a basis alone
//! says everything.

mod lu;
mod nucleus;
mod simplex;
mod sparse;

use lu::Lu;
use sparse::{Lists, Sparse};

/// The method could not finish within its limits or its precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stalled;

/// How a run of the dual method ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At the optimum.
    Optimal,
    /// No point keeps all rows.
    Infeasible,
    /// The objective cannot exceed the cutoff.
    Cutoff,
}

/// A variable: column j is 2j, the slack of row r is 2r + 1.
type Var = u32;

fn column_var(j: usize) -> Var {
    (j as u32) << 1
}

fn slack_var(r: usize) -> Var {
    (r as u32) << 1 | 1
}

/// What is kept per variable of one kind.
#[derive(Debug, Clone, Default)]
struct Kind {
    /// Position in the basis, −1 outside.
    at: Vec<i32>,
    fixed: Vec<bool>,
    /// Reduced cost.
    d: Vec<f64>,
    /// Devex weight.
    weight: Vec<f64>,
    /// The pivot row, where touched.
    alpha: Vec<f64>,
    /// Whether it stands in the list of those worth entering.
    listed: Vec<bool>,
}

impl Kind {
    fn push(&mut self, at: i32) {
        self.at.push(at);
        self.fixed.push(false);
        self.d.push(0.0);
        self.weight.push(1.0);
        self.alpha.push(0.0);
        self.listed.push(false);
    }
}

/// The program and its basis.
#[derive(Debug, Clone)]
pub(super) struct Lp {
    rhs: Vec<f64>,
    shift: Vec<f64>,
    start: Vec<u32>,
    row: Vec<u32>,
    value: Vec<f64>,
    cost: Vec<f64>,
    by_row: Vec<Vec<(u32, f64)>>,
    basis: Vec<Var>,
    columns: Kind,
    slacks: Kind,
    x: Vec<f64>,
    /// The objective at the current point.
    objective: f64,
    lu: Lu,
    /// Columns that entered after the factors: per pivot its position, its pivot, the rest.
    etas: Lists,
    eta_pivot: Vec<(u32, f64)>,
    touched: Vec<Var>,
    /// Variables that may be worth entering.
    attractive: Vec<Var>,
    /// Positions that may be infeasible, and which those are.
    bad: Vec<u32>,
    is_bad: Vec<bool>,
    /// Devex weights of the rows in the dual method.
    row_weight: Vec<f64>,
    /// The tableau column and the row of the inverse basis of a pivot.
    column: Sparse,
    inverse: Sparse,
    /// Whether factors, values and reduced costs must be computed anew.
    stale: bool,
    /// Pivots done so far.
    pub pivots: u64,
}

impl Lp {
    /// A program with these right-hand sides (each at least 0) and no columns; its basis is the
    /// slacks.
    pub fn new(rhs: Vec<f64>) -> Self {
        let m = rhs.len();
        let mut slacks = Kind::default();
        for r in 0..m {
            slacks.push(r as i32);
        }
        Self {
            shift: vec![0.0; m],
            start: vec![0],
            row: Vec::new(),
            value: Vec::new(),
            cost: Vec::new(),
            by_row: vec![Vec::new(); m],
            basis: (0..m).map(slack_var).collect(),
            columns: Kind::default(),
            slacks,
            x: rhs.clone(),
            objective: 0.0,
            rhs,
            lu: Lu::default(),
            etas: Lists::default(),
            eta_pivot: Vec::new(),
            touched: Vec::new(),
            attractive: Vec::new(),
            bad: Vec::new(),
            is_bad: vec![false; m],
            row_weight: vec![1.0; m],
            column: Sparse::default(),
            inverse: Sparse::default(),
            stale: true,
            pivots: 0,
        }
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.cost.len()
    }

    /// Adds a column, outside the basis, at the reduced cost that the prices of its rows give.
    pub fn add_column(&mut self, cost: f64, entries: impl Iterator<Item = (usize, f64)>) {
        let j = self.cost.len();
        let mut reduced = cost;
        for (i, v) in entries {
            self.row.push(i as u32);
            self.value.push(v);
            self.by_row[i].push((j as u32, v));
            reduced += v * self.slacks.d[i];
        }
        self.start.push(self.row.len() as u32);
        self.cost.push(cost);
        self.columns.push(-1);
        self.columns.d[j] = reduced;
        self.columns.listed[j] = true;
        self.attractive.push((j as u32) << 1);
    }

    /// Adds rows (right-hand side and entries by column); their slacks enter the basis.
    pub fn add_rows(&mut self, rows: &[(f64, Vec<(u32, f64)>)]) {
        // Columns are kept end to end, so that they are laid out anew.
        let first = self.rhs.len();
        let mut extra: Vec<Vec<(u32, f64)>> = vec![Vec::new(); self.len()];
        for (k, (rhs, entries)) in rows.iter().enumerate() {
            let r = first + k;
            for &(j, v) in entries {
                extra[j as usize].push((r as u32, v));
            }
            self.by_row.push(entries.clone());
            self.rhs.push(*rhs);
            self.shift.push(0.0);
            self.slacks.push(r as i32);
            self.basis.push(slack_var(r));
            self.x.push(0.0);
            self.is_bad.push(false);
            self.row_weight.push(1.0);
        }
        let (mut start, mut row, mut value) = (vec![0], Vec::new(), Vec::new());
        for (j, extra) in extra.iter().enumerate() {
            let range = self.start[j] as usize..self.start[j + 1] as usize;
            row.extend_from_slice(&self.row[range.clone()]);
            value.extend_from_slice(&self.value[range]);
            row.extend(extra.iter().map(|e| e.0));
            value.extend(extra.iter().map(|e| e.1));
            start.push(row.len() as u32);
        }
        (self.start, self.row, self.value) = (start, row, value);
        self.stale = true;
    }

    /// The same program with only some columns and rows. What goes must not be needed: columns
    /// outside the basis, rows whose slack is inside.
    pub fn compact(&self, column: &[bool], row: &[bool]) -> Self {
        let number = |keep: &[bool]| -> Vec<u32> {
            let mut next = 0;
            keep.iter()
                .map(|&k| {
                    next += u32::from(k);
                    if k { next - 1 } else { u32::MAX }
                })
                .collect()
        };
        let (columns, rows) = (number(column), number(row));
        let kept = |r: usize| row[r];
        let mut lp =
            Self::new((0..self.rhs.len()).filter(|&r| kept(r)).map(|r| self.rhs[r]).collect());
        for j in (0..self.len()).filter(|&j| column[j]) {
            let range = self.start[j] as usize..self.start[j + 1] as usize;
            let entries = range
                .filter(|&e| kept(self.row[e] as usize))
                .map(|e| (rows[self.row[e] as usize] as usize, self.value[e]));
            lp.add_column(self.cost[j], entries);
        }
        let basis: Vec<Var> = self
            .basis
            .iter()
            .filter_map(|&var| {
                let numbers = if var & 1 == 0 { &columns } else { &rows };
                let new = numbers[(var >> 1) as usize];
                (new != u32::MAX).then_some(new << 1 | (var & 1))
            })
            .collect();
        if basis.len() == lp.rhs.len() {
            lp.set_vars(&basis);
        }
        let of = |keep: &[bool], fixed: &[bool]| {
            keep.iter().zip(fixed).filter(|(k, _)| **k).map(|(_, f)| *f).collect()
        };
        lp.columns.fixed = of(column, &self.columns.fixed);
        lp.slacks.fixed = of(row, &self.slacks.fixed);
        lp.pivots = self.pivots;
        lp
    }

    /// Fixes a column at 0, or frees it.
    pub fn fix(&mut self, j: usize, fixed: bool) {
        self.columns.fixed[j] = fixed;
        self.suspect(self.columns.at[j]);
    }

    /// Looks at a position of the basis again before the next pivot of the dual method.
    fn suspect(&mut self, position: i32) {
        if let Ok(p) = usize::try_from(position)
            && !std::mem::replace(&mut self.is_bad[p], true)
        {
            self.bad.push(p as u32);
        }
    }

    /// Whether a column is fixed at 0.
    pub fn is_fixed(&self, j: usize) -> bool {
        self.columns.fixed[j]
    }

    /// Fixes a row's slack at 0 (the row becomes an equation), or frees it.
    pub fn fix_slack(&mut self, r: usize, fixed: bool) {
        self.slacks.fixed[r] = fixed;
        self.suspect(self.slacks.at[r]);
    }

    fn set_vars(&mut self, basis: &[Var]) {
        self.basis.clear();
        self.basis.extend_from_slice(basis);
        // Rows added since then have their slacks in the basis.
        self.basis.extend((basis.len()..self.rhs.len()).map(slack_var));
        self.columns.at.fill(-1);
        self.slacks.at.fill(-1);
        for p in 0..self.basis.len() {
            let var = self.basis[p];
            self.kind_mut(var).at[(var >> 1) as usize] = p as i32;
        }
        self.row_weight.clear();
        self.row_weight.resize(self.rhs.len(), 1.0);
        self.stale = true;
    }

    /// Sets the basis to these columns and slacks, where there are as many as rows.
    pub fn start_from(
        &mut self,
        columns: impl Iterator<Item = usize>,
        slacks: impl Iterator<Item = usize>,
    ) {
        let basis: Vec<Var> = columns.map(column_var).chain(slacks.map(slack_var)).collect();
        if basis.len() == self.rhs.len() {
            self.set_vars(&basis);
        }
    }

    /// The rows below `base` that a column uses.
    pub fn rows_of(&self, j: usize, base: usize) -> impl Iterator<Item = u32> + '_ {
        let range = self.start[j] as usize..self.start[j + 1] as usize;
        self.row[range].iter().copied().filter(move |&r| (r as usize) < base)
    }

    /// A column's rows and entries.
    pub fn column(&self, j: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let range = self.start[j] as usize..self.start[j + 1] as usize;
        self.row[range.clone()].iter().copied().zip(self.value[range].iter().copied())
    }

    /// What a column is worth.
    pub fn cost(&self, j: usize) -> f64 {
        self.cost[j]
    }

    /// The right-hand sides.
    pub fn rhs(&self) -> &[f64] {
        &self.rhs
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rhs.len()
    }

    /// Whether a column is in the basis.
    pub fn has_column(&self, j: usize) -> bool {
        self.columns.at[j] >= 0
    }

    /// Whether a row's slack is in the basis.
    pub fn has_slack(&self, r: usize) -> bool {
        self.slacks.at[r] >= 0
    }

    /// Moves the right-hand side a little, so that no two bases give the same point.
    pub fn set_shift(&mut self, shift: impl Fn(usize) -> f64) {
        for r in 0..self.rhs.len() {
            self.shift[r] = shift(r);
        }
        self.stale = true;
    }

    /// The value of a column.
    pub fn value(&self, j: usize) -> f64 {
        usize::try_from(self.columns.at[j]).map_or(0.0, |p| self.x[p])
    }

    /// The objective at the current point.
    pub fn objective(&self) -> f64 {
        self.objective
    }

    /// The dual price of a row, at least 0.
    pub fn price(&self, r: usize) -> f64 {
        (-self.slacks.d[r]).max(0.0)
    }

    /// A column's reduced cost.
    pub fn reduced(&self, j: usize) -> f64 {
        self.columns.d[j]
    }

    /// An upper bound on the objective, from the prices alone: it holds whatever the rounding of
    /// the pivots. Columns are at most `top` each.
    pub fn bound(&self, top: f64) -> f64 {
        let mut bound = 0.0;
        for (r, &b) in self.rhs.iter().enumerate() {
            bound += self.price(r) * b;
            if self.slacks.fixed[r] {
                // The price of an equation may be negative; clipping it would weaken the bound.
                bound += (-self.slacks.d[r]).min(0.0) * b;
            } else {
                bound += self.slacks.d[r].max(0.0) * b.abs().max(1.0);
            }
        }
        for j in 0..self.len() {
            if !self.columns.fixed[j] {
                bound += self.columns.d[j].max(0.0) * top;
            }
        }
        bound
    }
}
