//! The command line: one file per verb. Reads arguments, calls the library, prints.
