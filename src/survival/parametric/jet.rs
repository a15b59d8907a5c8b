//! A number with its first and second derivatives by the linear predictor η and by the other
//! parameters θ of a distribution.

/// See the module. Additions only: a row's log likelihood is a sum of a few such numbers.
#[derive(Debug, Clone)]
pub(crate) struct Jet {
    pub(crate) value: f64,
    /// By η, and twice by η.
    pub(crate) eta: f64,
    pub(crate) eta2: f64,
    /// By each θ; by η and each θ; by each pair of θ (row after row).
    pub(crate) theta: Vec<f64>,
    pub(crate) eta_theta: Vec<f64>,
    pub(crate) theta2: Vec<f64>,
}

impl Jet {
    /// Zero, for `q` parameters beside η.
    pub(crate) fn new(q: usize) -> Self {
        Self {
            value: 0.0,
            eta: 0.0,
            eta2: 0.0,
            theta: vec![0.0; q],
            eta_theta: vec![0.0; q],
            theta2: vec![0.0; q * q],
        }
    }

    pub(crate) fn clear(&mut self) {
        (self.value, self.eta, self.eta2) = (0.0, 0.0, 0.0);
        self.theta.fill(0.0);
        self.eta_theta.fill(0.0);
        self.theta2.fill(0.0);
    }

    pub(crate) fn is_finite(&self) -> bool {
        let scalars = [self.value, self.eta, self.eta2];
        let lists = self.theta.iter().chain(&self.eta_theta).chain(&self.theta2);
        scalars.iter().chain(lists).all(|v| v.is_finite())
    }

    /// Adds `sign·k(z)` for z = (ln t − η)/σ and ln σ the first θ (`free`), or σ = 1; `k` is the
    /// value with its first and second derivative at z.
    pub(super) fn add_standardised(
        &mut self,
        sign: f64,
        z: f64,
        sigma: f64,
        free: bool,
        k: [f64; 3],
    ) {
        let [k, k1, k2] = k.map(|v| sign * v);
        self.value += k;
        self.eta -= k1 / sigma;
        self.eta2 += k2 / (sigma * sigma);
        if free {
            self.theta[0] -= z * k1;
            self.eta_theta[0] += (z * k2 + k1) / sigma;
            self.theta2[0] += z * (z * k2 + k1);
        }
    }
}
