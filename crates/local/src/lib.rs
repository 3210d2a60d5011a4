//! What Majlis knows: every row, rule and query, and nothing of HTTP or ActivityPub.
//!
//! [`Db`] is the door; each noun has a module. See `docs/ARCHITECTURE.md`.

pub mod actors;
pub mod apps;
pub mod attachments;
pub mod audience;
pub mod authorizations;
pub mod blocks;
pub mod bookmarks;
pub mod boosts;
mod codes;
pub mod connection;
pub mod conversation_mutes;
pub mod conversations;
pub mod db;
pub mod deliveries;
pub mod emojis;
pub mod error;
pub mod events;
pub mod feeds;
pub mod follow_requests;
pub mod follows;
pub mod hashtags;
pub mod ids;
pub mod instances;
pub mod invites;
pub mod jobs;
pub mod json;
pub mod keypairs;
pub mod likes;
pub mod lists;
pub mod markers;
pub mod marks;
pub mod mentions;
pub mod migrations;
pub mod mutes;
pub mod notifications;
pub mod oauth_codes;
pub mod origin;
pub mod paging;
pub mod passwords;
pub mod pins;
pub mod polls;
pub mod posts;
pub mod profiles;
pub mod publish;
pub mod receive;
pub mod received;
pub mod registrations;
pub mod relationships;
#[allow(missing_docs)]
pub mod schema;
pub mod scopes;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod site;
pub mod stats;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod threads;
pub mod time;
pub mod tokens;
pub mod tombstones;
pub mod users;
pub mod visibility;

pub use connection::{Connection, Engine};
pub use db::{Db, after_commit};
pub use error::{Error, Flaw, Problem, Result};
pub use events::Event;
pub use json::Json;
pub use paging::{Page, Slice};
pub use site::Site;
pub use time::Timestamp;
