#[path = "it/evaluate.rs"]
mod evaluate;
#[path = "it/survival/mod.rs"]
mod survival;
