//! The survival room against R: every expected value comes from a script in `tests/reference/`.

mod by_hand;
mod cox;
mod curves;
mod golden;
