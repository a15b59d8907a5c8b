//! Reading, checking and writing history folders, end to end.

#[path = "history/folder.rs"]
mod folder;
#[path = "history/format.rs"]
mod format;
