#[path = "it/survival/mod.rs"]
mod survival;
#[path = "it/evaluate.rs"]
mod evaluate;
