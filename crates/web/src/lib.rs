//! The pages of Majlis, server-rendered, in Arabic and English: what the server is, signing up and logging in, letting
//! apps in and out, and what people say in public. They work without scripts and load nothing from elsewhere.
//!
//! [`configure`] is the route table; [`Web`] the state behind it.

pub mod about;
pub mod archive;
pub mod ask;
pub mod assets;
pub mod authorize;
pub mod cards;
pub mod collection;
pub mod compose;
pub mod confirmations;
pub mod data;
pub mod error;
pub mod feed;
pub mod forgotten;
pub mod forms;
pub mod frame;
pub mod front;
pub mod html;
pub mod interact;
pub mod language;
pub mod letters;
pub mod log_in;
pub mod moving;
pub mod newsletters;
pub mod passkeys;
pub mod people;
pub mod post;
pub mod profile;
pub mod push;
pub mod quote;
pub mod routes;
pub mod rss;
pub mod second_step;
pub mod security;
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
