//! The pages of Majlis, server-rendered, in Arabic and English: what the server is, signing up and logging in, letting
//! apps in and out, and what people say in public. They work without scripts and load nothing from elsewhere.
//!
//! [`configure`] is the route table; [`Web`] the state behind it.

pub mod about;
pub mod assets;
pub mod authorize;
pub mod cards;
pub mod error;
pub mod feed;
pub mod forms;
pub mod frame;
pub mod front;
pub mod html;
pub mod language;
pub mod log_in;
pub mod people;
pub mod post;
pub mod profile;
pub mod routes;
pub mod rss;
pub mod sessions;
pub mod settings;
pub mod sign_up;
pub mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod words;

pub use routes::configure;
pub use state::{Config, Web};
