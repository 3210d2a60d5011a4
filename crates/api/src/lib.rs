//! What client apps see: Mastodon's client API, OAuth and streaming, over HTTP.

pub mod entities;
