//! What client apps see: Mastodon's client API, OAuth and streaming, over HTTP.
//!
//! [`configure`] is the route table; [`Api`] the state behind it. A handler is one screen: its extractors say what it needs
//! ([`Params`](params::Params), [`User`](auth::User), [`Viewer`](auth::Viewer)), its closure asks the database, its last
//! line answers an entity.

pub mod accounts;
pub mod announcements;
pub mod annual_reports;
pub mod apps;
pub mod async_refreshes;
pub mod auth;
pub mod bookmark_folders;
pub mod bookmarks;
pub mod circles;
pub mod client_address;
pub mod collections;
pub mod conversations;
pub mod cors;
pub mod credentials;
#[cfg(test)]
mod documentation;
pub mod domain_blocks;
pub mod drafts;
pub mod endorsements;
pub mod entities;
pub mod error;
#[cfg(test)]
mod every_endpoint;
pub mod favourites;
pub mod featured_tags;
pub mod filters;
pub mod filters_v1;
pub mod instance;
pub mod lists;
pub mod markers;
pub mod media;
pub mod media_proxy;
pub mod moves;
pub mod newsletters;
pub mod notification_groups;
pub mod notification_policy;
pub mod notification_requests;
pub mod notifications;
pub mod oauth;
pub mod openapi;
pub mod pagination;
pub mod params;
#[cfg(test)]
mod peers;
pub mod polls;
pub mod preferences;
pub mod push;
pub mod quotes;
pub mod rate_limits;
pub mod reactions;
pub mod registrations;
pub mod relations;
pub mod reports;
pub mod routes;
pub mod scheduled_statuses;
pub mod search;
pub mod state;
pub mod statuses;
pub mod streaming;
pub mod suggestions;
pub mod tags;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod thread_watches;
pub mod timelines;
pub mod translation;
pub mod translations;
pub mod trends;

pub use error::{Error, Result};
pub use routes::configure;
pub use state::{Api, Config, Registrations};
