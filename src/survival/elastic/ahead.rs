//! What the solutions so far say of the next: along a path they move smoothly.

/// So alike (as the square of a cosine) must be what two first steps missed.
const ALIKE: f64 = 0.9;

/// Guesses for the next λ. They save steps and change no answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead {
    /// By column: its slope one solution earlier, and where this λ began.
    earlier: Vec<f64>,
    begun: Vec<f64>,
    /// How far λ went to the last solution, and how far it goes now in proportion to that.
    strode: f64,
    stride: f64,
    /// What the first step of this λ said, by column.
    said: Vec<(usize, f64)>,
    /// By column: how far the last solution lay from what its first step said.
    missed: Vec<f64>,
    /// The share of it that is expected again.
    trust: f64,
}

impl Ahead {
    pub(super) fn new(p: usize) -> Self {
        Self { earlier: vec![0.0; p], missed: vec![0.0; p], ..Self::default() }
    }

    /// A λ begins, this far from the last one, with these slopes.
    pub(super) fn begin(&mut self, by: f64, slopes: &[f64]) {
        self.stride = if self.strode > 0.0 && by.is_finite() { by / self.strode } else { 0.0 };
        self.strode = if by.is_finite() { by } else { 0.0 };
        self.begun.clear();
        self.begun.extend_from_slice(slopes);
        self.said.clear();
    }

    /// What the slope along a column will be at the solution, if it goes on as it did.
    pub(super) fn slope(&self, j: usize) -> f64 {
        let now = self.begun[j];
        now + self.stride * (now - self.earlier[j])
    }

    /// Corrects the first step of a λ by what is expected to be missing.
    pub(super) fn correct(&mut self, columns: &[usize], to: &mut [f64]) {
        self.said = columns.iter().copied().zip(to.iter().copied()).collect();
        for (b, &j) in to.iter_mut().zip(columns) {
            let moved = *b + self.trust * self.missed[j];
            if moved * *b > 0.0 {
                *b = moved;
            }
        }
    }

    /// The λ is solved; what was found there, by column.
    pub(super) fn end(&mut self, found: impl Fn(usize) -> f64) {
        let (mut old, mut new, mut both) = (0.0, 0.0, 0.0);
        let mut missed = vec![0.0; self.missed.len()];
        for &(j, said) in &self.said {
            let found = found(j);
            if found != 0.0 && said != 0.0 {
                missed[j] = found - said;
                old += self.missed[j] * self.missed[j];
                new += missed[j] * missed[j];
                both += missed[j] * self.missed[j];
            }
        }
        // Where the last two missed the same in proportion, the next can be expected to.
        let alike = both > 0.0 && both * both > ALIKE * old * new;
        self.trust = if alike { (both / old).min(1.0) } else { 0.0 };
        self.missed = missed;
        std::mem::swap(&mut self.earlier, &mut self.begun);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_twice_in_proportion_is_expected_again() {
        let mut ahead = Ahead::new(2);
        let mut slopes = [0.5, 0.2];
        for k in 0..3 {
            ahead.begin(0.1, &slopes);
            if k > 0 {
                // The slopes rose by 0.1 on the way here, and will again.
                assert!((ahead.slope(0) - slopes[0] - 0.1).abs() < 1e-15);
            }
            let missing = 0.8_f64.powi(k);
            let mut to = [1.0, 0.0];
            ahead.correct(&[0, 1], &mut to);
            let expected = if k == 2 { 1.0 + missing } else { 1.0 };
            assert!((to[0] - expected).abs() < 1e-12 && to[1] == 0.0);
            ahead.end(|j| if j == 0 { 1.0 + missing } else { 0.0 });
            slopes[0] += 0.1;
        }
    }

    #[test]
    fn no_coefficient_is_carried_across_zero() {
        let mut ahead = Ahead::new(1);
        for missing in [-0.9, -0.9, -0.9] {
            ahead.begin(0.1, &[0.0]);
            let mut to = [0.5];
            ahead.correct(&[0], &mut to);
            assert_eq!(to[0], 0.5);
            ahead.end(|_| 0.5 + missing);
        }
    }
}
