//! What the API answers: Mastodon's entities as JSON (shapes of version 4.6). Rows become entities here and nowhere else,
//! many at once and in a fixed number of queries.

pub mod account;
pub mod emoji;

pub use account::Account;
pub use emoji::CustomEmoji;
