//! Suggestion: an account that somebody might want to follow, and why.

use std::sync::Arc;

use majlis_local::suggestions::{self, Source};
use serde::Serialize;

use super::Account;

/// Mastodon's Suggestion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Suggestion {
    /// The first reason in the words of older versions.
    pub source: &'static str,
    pub sources: Vec<&'static str>,
    pub account: Arc<Account>,
}

impl Suggestion {
    /// The entity of somebody suggested.
    pub fn new(suggestion: &suggestions::Suggestion, account: Arc<Account>) -> Self {
        let source = match suggestion.sources.first() {
            Some(Source::FriendsOfFriends | Source::SimilarToRecentlyFollowed) => "past_interactions",
            Some(Source::MostFollowed) | None => "global",
        };
        Self { source, sources: suggestion.sources.iter().map(|source| source.word()).collect(), account }
    }
}
