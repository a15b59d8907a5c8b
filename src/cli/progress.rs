//! Progress bars on a terminal.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::progress::Progress;

/// Draws the current stage as a bar with the time left.
pub(crate) struct Bar {
    current: Mutex<Option<ProgressBar>>,
    target: fn() -> ProgressDrawTarget,
}

impl Bar {
    /// Bars on stderr.
    pub(crate) fn stderr() -> Self {
        Self { current: Mutex::new(None), target: ProgressDrawTarget::stderr }
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        // A poisoned lock means another thread panicked; the bar is only for show.
        if let Ok(mut current) = self.current.lock() {
            act(&mut current);
        }
    }
}

/// A bar with the time left, or a mark that turns where nobody knows how much there is to do.
fn style(units: u64) -> ProgressStyle {
    let bar = "{msg:28!} [{bar:30}] {human_pos}/{human_len}  {left}";
    let turning = "{msg} {spinner} {elapsed}";
    // A template that is not understood would be a plain bar; the tests hold the templates.
    let style = ProgressStyle::with_template(if units == 0 { turning } else { bar });
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    style.tick_chars("-\\|/ ").progress_chars("=> ").with_key("left", left)
}

/// The time left; before anything is done nobody knows it.
fn left(state: &ProgressState, out: &mut dyn Write) {
    if state.pos() > 0 {
        // The line is kept in memory: writing to it cannot fail.
        let _ = write!(out, "{:#} left", HumanDuration(state.eta()));
    }
}

impl Progress for Bar {
    fn start(&self, stage: &str, units: u64) {
        let bar = ProgressBar::with_draw_target((units > 0).then_some(units), (self.target)());
        bar.set_style(style(units));
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

#[cfg(test)]
mod tests {
    use std::io;

    use indicatif::TermLike;

    use super::*;

    /// A terminal of 100 columns that keeps what is written.
    #[derive(Debug)]
    struct Screen;

    static WRITTEN: Mutex<String> = Mutex::new(String::new());

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            100
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            WRITTEN.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.write_str("\n")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stage_shows_its_rows_and_the_time_left_and_clears_itself() {
        let target = || ProgressDrawTarget::term_like_with_hz(Box::new(Screen), 255);
        let bar = Bar { current: Mutex::new(None), target };
        bar.start("reading stays.csv", 4000);
        std::thread::sleep(Duration::from_millis(60));
        bar.advance(1000);
        std::thread::sleep(Duration::from_millis(300));
        let shown = WRITTEN.lock().unwrap().clone();
        let first = shown.lines().find(|l| l.contains(" 0/4,000")).unwrap();
        assert!(!first.contains("left"), "{first}");
        let row = shown.lines().find(|l| l.contains("1,000/4,000")).unwrap();
        assert!(row.starts_with("reading stays.csv"), "{row}");
        assert!(row.contains("s left") && row.contains('['), "{row}");
        // A finished stage clears its line, and writes no more.
        bar.finish();
        assert!(WRITTEN.lock().unwrap().ends_with('\n'));
        bar.start("testing", 0);
        std::thread::sleep(Duration::from_millis(260));
        bar.finish();
        assert!(WRITTEN.lock().unwrap().contains("testing"));
    }
}
