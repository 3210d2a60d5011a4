//! Majlis.
