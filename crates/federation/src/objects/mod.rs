//! Rows as ActivityPub objects and back: one conversion each way, for many rows in a fixed number of queries.

pub mod actor;
pub mod featured;
pub mod note;
