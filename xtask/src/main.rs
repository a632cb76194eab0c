//! Jobs of several steps. `cargo xtask --help` lists them.
fn main() {}
