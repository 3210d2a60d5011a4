//! Majlis.
fn main() {}
