//! Progress of long work, as the library sees it: it counts, somebody else draws.

/// Receives the progress of long work. The command line draws it on a terminal; a library
/// user passes [`Silent`] or an own receiver.
pub trait Progress: Sync {
    /// A stage starts: its name, and how many units of work it has.
    fn start(&self, stage: &str, units: u64);
    /// `units` more units of the current stage are done. May be called from several threads.
    fn advance(&self, units: u64);
    /// The current stage is done.
    fn finish(&self);
}

/// Reports nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _stage: &str, _units: u64) {}
    fn advance(&self, _units: u64) {}
    fn finish(&self) {}
}
