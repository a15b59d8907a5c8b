//! A stream of requests and families over time, as policies meet it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Exp};

/// A request (of children who are placed together) that comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The day, from 0.
    pub day: i32,
    /// Children.
    pub children: u32,
    /// What placing it weighs: urgency.
    pub weight: f64,
    /// Days that the children stay once they are placed. No policy sees it.
    pub stay: i32,
    /// The families that the rules leave, each once, and the chance of a stable placement there.
    pub options: Vec<(u32, f64)>,
}

/// A family over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Places in all.
    pub places: u32,
    /// The first day on which it takes children.
    pub from: i32,
    /// The last day on which it takes children; `None` where that is not over.
    pub to: Option<i32>,
    /// Places that are taken when the stream begins, with the day on which each is free again.
    pub taken: Vec<i32>,
}

/// Requests and families.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Requests, by day.
    pub arrivals: Vec<Arrival>,
    /// Families.
    pub homes: Vec<Home>,
    /// Days of the stream: requests come in on days 0 to `days` − 1.
    pub days: i32,
}

/// Why numbers cannot be a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// Requests are not in the order of their days, or lie outside the stream.
    #[error("request {0} is not in the order of days, or outside the stream")]
    Day(usize),
    /// A request without children, a stay of less than a day, or a weight that is not above 0.
    #[error("request {0} needs children, a stay of a day or more and a weight above 0")]
    Numbers(usize),
    /// An option that names no family, or a chance that is not between 0 and 1.
    #[error("an option of request {0} names no family, or its chance is not between 0 and 1")]
    Option(usize),
}

impl Stream {
    /// Checks the numbers.
    ///
    /// # Errors
    /// Where they cannot be a stream; the error says which request.
    pub fn check(&self) -> Result<(), StreamError> {
        let mut before = 0;
        for (k, a) in self.arrivals.iter().enumerate() {
            if a.day < before || a.day >= self.days {
                return Err(StreamError::Day(k));
            }
            before = a.day;
            if a.children == 0 || a.stay < 1 || !(a.weight > 0.0 && a.weight.is_finite()) {
                return Err(StreamError::Numbers(k));
            }
            let good =
                |o: &(u32, f64)| (o.0 as usize) < self.homes.len() && (0.0..=1.0).contains(&o.1);
            if !a.options.iter().all(good) {
                return Err(StreamError::Option(k));
            }
        }
        Ok(())
    }

    /// The mean stay in days; a year for a stream without requests.
    #[must_use]
    pub fn mean_stay(&self) -> f64 {
        let n = self.arrivals.len();
        if n == 0 {
            return 365.0;
        }
        self.arrivals.iter().map(|a| f64::from(a.stay)).sum::<f64>() / n as f64
    }

    /// A made-up stream: requests and families at random places in a square, families for
    /// children of some ages, about fifteen within reach of each request; one group in five has
    /// two or three children; stays last a year on average. Families are as scarce as they are:
    /// there are places for nine of ten.
    #[must_use]
    pub fn made_up(per_year: u32, years: u32, seed: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let days = (365.25 * f64::from(years)) as i32;
        let n = u64::from(per_year) * u64::from(years);
        let families = (f64::from(per_year) * 0.75).ceil() as usize;
        let place: Vec<(f64, f64, f64, f64)> = (0..families)
            .map(|_| {
                let low = rng.random_range(0.0..12.0);
                (rng.random(), rng.random(), low, low + rng.random_range(4.0..10.0))
            })
            .collect();
        let homes = place
            .iter()
            .map(|_| Home {
                places: [1, 1, 1, 2, 2, 3][rng.random_range(0..6)],
                from: if rng.random::<f64>() < 0.7 { 0 } else { rng.random_range(0..days.max(1)) },
                to: (rng.random::<f64>() < 0.3).then(|| rng.random_range(0..days.max(1))),
                taken: Vec::new(),
            })
            .collect();
        let near = Near::new(&place);
        let mut arrivals: Vec<Arrival> = (0..n)
            .map(|_| {
                let (x, y): (f64, f64) = (rng.random(), rng.random());
                let age = rng.random_range(0.0..18.0);
                let child: f64 = rng.random_range(-0.15..0.15);
                let mut options: Vec<(u32, f64)> = near
                    .of(x, y)
                    .filter(|&(f, _)| place[f].2 <= age && age <= place[f].3)
                    .take(15)
                    .map(|(f, far)| {
                        let own: f64 = rng.random_range(-0.12..0.12);
                        (f as u32, (0.72 + child + own - 0.5 * far).clamp(0.02, 0.98))
                    })
                    .collect();
                options.sort_by_key(|o| o.0);
                let stay = Exp::new(1.0 / 365.0).map_or(365.0, |e| e.sample(&mut rng));
                Arrival {
                    day: rng.random_range(0..days.max(1)),
                    children: [1, 1, 1, 1, 1, 1, 1, 1, 2, 3][rng.random_range(0..10)],
                    weight: [1.0, 2.0, 4.0][rng.random_range(0..3)],
                    stay: (stay as i32).max(1),
                    options,
                }
            })
            .collect();
        arrivals.sort_by_key(|a| a.day);
        Self { arrivals, homes, days: days.max(1) }
    }
}

/// Families by squares of a grid.
struct Near<'a> {
    place: &'a [(f64, f64, f64, f64)],
    cells: Vec<Vec<usize>>,
    side: usize,
}

impl<'a> Near<'a> {
    fn new(place: &'a [(f64, f64, f64, f64)]) -> Self {
        // About sixty families in the nine squares around a point.
        let side = ((place.len() as f64 / 7.0).sqrt() as usize).max(1);
        let mut cells = vec![Vec::new(); side * side];
        for (f, p) in place.iter().enumerate() {
            cells[Self::cell(p.0, side) * side + Self::cell(p.1, side)].push(f);
        }
        Self { place, cells, side }
    }

    fn cell(x: f64, side: usize) -> usize {
        ((x * side as f64) as usize).min(side - 1)
    }

    /// Families around a point, the nearest first, with their distance.
    fn of(&self, x: f64, y: f64) -> impl Iterator<Item = (usize, f64)> {
        let (cx, cy) = (Self::cell(x, self.side), Self::cell(y, self.side));
        let mut found = Vec::new();
        for i in cx.saturating_sub(1)..=(cx + 1).min(self.side - 1) {
            for j in cy.saturating_sub(1)..=(cy + 1).min(self.side - 1) {
                for &f in &self.cells[i * self.side + j] {
                    let (a, b, ..) = self.place[f];
                    found.push((f, ((a - x).powi(2) + (b - y).powi(2)).sqrt()));
                }
            }
        }
        found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.into_iter()
    }
}
