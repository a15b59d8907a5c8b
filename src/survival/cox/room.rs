//! Room for the copy of the covariates, which one fit leaves to the next.
//!
//! A copy of a million rows is tens of thousands of pages, and the system takes as long to bring them
//! in as a fit takes to read all of them several times. Fits often come one after the other: a cause
//! each, a fold each, a draw each. So the last large room is kept for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Numbers from which on room is kept, and up to which.
const LEAST: usize = 1 << 20;
const MOST: usize = 1 << 26;
/// How long it is kept.
const KEPT: Duration = Duration::from_secs(10);

/// The room that is kept.
struct Spare {
    values: Vec<f64>,
    since: Option<Instant>,
    /// Whether a thread waits to give it back to the system.
    watched: bool,
}

static SPARE: Mutex<Spare> = Mutex::new(Spare { values: Vec::new(), since: None, watched: false });

fn spare() -> MutexGuard<'static, Spare> {
    // Numbers without a meaning cannot be left half changed.
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room for so many numbers. When it is dropped it is left to whoever asks next.
#[derive(Debug)]
pub(crate) struct Room {
    values: Vec<f64>,
    /// Whether all are zero, and pages not yet brought in; otherwise they are what the one before
    /// left.
    pub(super) fresh: bool,
}

impl Room {
    pub(crate) fn new(numbers: usize) -> Self {
        if numbers >= LEAST {
            let mut values = std::mem::take(&mut spare().values);
            if values.len() >= numbers {
                values.truncate(numbers);
                return Self { values, fresh: false };
            }
        }
        Self { values: vec![0.0; numbers], fresh: true }
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !(LEAST..=MOST).contains(&self.values.len()) {
            return;
        }
        let mut spare = spare();
        std::mem::swap(&mut spare.values, &mut self.values);
        spare.since = Some(Instant::now());
        if !spare.watched {
            spare.watched = std::thread::Builder::new().spawn(watch).is_ok();
            if !spare.watched {
                std::mem::swap(&mut spare.values, &mut self.values);
            }
        }
    }
}

/// Gives the spare back to the system once nobody has left one for a while.
fn watch() {
    let mut left = KEPT;
    loop {
        std::thread::sleep(left);
        let mut spare = spare();
        left = spare.since.map_or(Duration::ZERO, |s| KEPT.saturating_sub(s.elapsed()));
        if left.is_zero() || spare.values.is_empty() {
            spare.watched = false;
            let values = std::mem::take(&mut spare.values);
            // Giving back takes a while, for which nobody need wait.
            drop(spare);
            drop(values);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fit_left_is_used_again_where_it_is_large_enough() {
        let (mut again, mut too_small) = (false, false);
        // Another test may take the spare in between.
        for _ in 0..100 {
            let mut room = Room::new(LEAST + 9);
            room.values_mut().fill(1.5);
            drop(room);
            let room = Room::new(LEAST + 5);
            assert_eq!(room.values().len(), LEAST + 5);
            assert!(room.values().iter().all(|&v| room.fresh == (v == 0.0)));
            again |= !room.fresh;
            drop(room);
            let room = Room::new(LEAST + 9);
            assert!(room.values().iter().all(|&v| room.fresh == (v == 0.0)));
            too_small |= room.fresh;
            if again && too_small {
                return;
            }
        }
        panic!("used again: {again}; made anew where it was too small: {too_small}");
    }

    #[test]
    fn small_room_is_always_its_own() {
        let mut room = Room::new(8);
        room.values_mut().fill(1.5);
        drop(room);
        assert_eq!(Room::new(8).values(), [0.0; 8]);
        assert_eq!(Room::new(0).values(), [0.0; 0]);
    }
}
