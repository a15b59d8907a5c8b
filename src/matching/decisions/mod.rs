//! Decisions: what was shown, what was chosen and why, in a log that shows when it was changed.
//!
//! Each line of the log holds the SHA-256 of its record, and each record that of the line before
//! it, so that an edit, a removal or a swap of any line but the last ones breaks the chain. What
//! a chain alone cannot show: that the *last* records were cut off, or that somebody wrote the
//! whole log anew. Both are found where the head (the hash of the last record) was noted
//! elsewhere: `audit verify --head`.

mod chain;
mod record;
mod replay;
#[cfg(test)]
mod tests;

pub use chain::{LogFault, LogFaultKind, Verified, append, read, verify};
pub use record::{Choice, Decision, Override, Recorded, Shown, folder_sha256};
pub use replay::{Difference, Replayed, replay};
