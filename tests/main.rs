#[path = "it/evaluate.rs"]
mod evaluate;
#[path = "it/ssda903.rs"]
mod ssda903;
#[path = "it/survival/mod.rs"]
mod survival;
