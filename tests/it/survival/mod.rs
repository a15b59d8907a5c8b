//! The survival room against R: every expected value comes from a script in `tests/reference/`.

mod agreement;
mod bad_input;
mod by_hand;
mod chi_square;
mod cox;
mod curves;
mod exact;
mod fine_gray;
mod fine_gray_penalised;
mod firth;
mod frailty;
mod fuzz;
pub(crate) mod golden;
mod metamorphic;
mod net;
mod parametric;
mod penalised;
mod plain;
mod predict;
mod threads;
