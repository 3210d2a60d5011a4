//! The program around the rooms: configuration, command line, wiring of the web server, and the workers.

pub mod chores;
pub mod cli;
pub mod config;
pub mod database;
pub mod files;
pub mod logging;
pub mod mail;
pub mod probes;
pub mod requests;
pub mod rooms;
pub mod serve;
pub mod sweeper;
pub mod workers;
