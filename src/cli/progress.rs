//! Progress bars on a terminal.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::progress::Progress;

/// Draws the current stage as a bar with the time left.
#[derive(Default)]
pub(crate) struct Bar {
    current: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        // A poisoned lock means another thread panicked; the bar is only for show.
        if let Ok(mut current) = self.current.lock() {
            act(&mut current);
        }
    }
}

impl Progress for Bar {
    fn start(&self, stage: &str, units: u64) {
        let bar = if units == 0 {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {elapsed}") {
                bar.set_style(style.tick_chars("-\\|/ "));
            }
            bar
        } else {
            let style = ProgressStyle::with_template(
                "{msg:24} [{bar:30}] {human_pos}/{human_len}  {eta} left",
            )
            .map(|s| s.progress_chars("=> "));
            let bar = ProgressBar::new(units);
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        };
        bar.set_message(stage.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.with(|current| {
            if let Some(old) = current.replace(bar) {
                old.finish_and_clear();
            }
        });
    }

    fn advance(&self, units: u64) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.inc(units);
            }
        });
    }

    fn finish(&self) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }
}

/// Shows a stage whose length nobody knows, while it is worked on.
pub(crate) fn stage<T>(progress: &dyn Progress, name: &str, work: impl FnOnce() -> T) -> T {
    progress.start(name, 0);
    let made = work();
    progress.finish();
    made
}
