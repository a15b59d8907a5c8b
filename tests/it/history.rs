//! Reading, checking and writing history folders, end to end.

#[path = "history/codebook.rs"]
mod codebook;
#[path = "history/faults.rs"]
mod faults;
#[path = "history/files.rs"]
mod files;
#[path = "history/folder.rs"]
pub mod folder;
#[path = "history/format.rs"]
mod format;
#[path = "history/fuzz.rs"]
mod fuzz;
