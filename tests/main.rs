#[path = "it/survival/mod.rs"]
mod survival;
