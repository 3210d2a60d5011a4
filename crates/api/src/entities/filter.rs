//! Filter, what it holds, what it matches, and its form from before Mastodon 4.

use majlis_local::Timestamp;
use majlis_local::filters::active::Match;
use majlis_local::filters::{self, FilterAction, FilterContext};
use majlis_local::ids::{FilterId, FilterKeywordId, FilterStatusId, PostId};
use serde::Serialize;

/// Mastodon's Filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Filter {
    pub id: FilterId,
    pub title: String,
    pub context: Vec<FilterContext>,
    pub expires_at: Option<Timestamp>,
    pub filter_action: FilterAction,
    /// This and the next are left out where a filter is told of as what matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords: Option<Vec<FilterKeyword>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<FilterStatus>>,
}

/// Mastodon's FilterKeyword.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct FilterKeyword {
    pub id: FilterKeywordId,
    pub keyword: String,
    pub whole_word: bool,
}

/// Mastodon's FilterStatus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct FilterStatus {
    pub id: FilterStatusId,
    pub status_id: PostId,
}

/// Mastodon's FilterResult: a filter that matches a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterResult {
    /// Without what it holds.
    pub filter: Filter,
    /// The keywords, as they were typed, that the status holds; `null` when it is the status itself that is filtered.
    pub keyword_matches: Option<Vec<String>>,
    /// The status, or the boost in which it is shown; `null` when there are only keywords.
    pub status_matches: Option<Vec<PostId>>,
}

/// Mastodon's V1::Filter: one keyword with what its filter says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct V1Filter {
    pub id: FilterKeywordId,
    pub phrase: String,
    pub context: Vec<FilterContext>,
    pub whole_word: bool,
    pub expires_at: Option<Timestamp>,
    /// Whether what it matches is not shown at all.
    pub irreversible: bool,
}

impl Filter {
    fn bare(filter: &filters::Filter) -> Self {
        Self {
            id: filter.id,
            title: filter.title.clone(),
            context: filter.contexts(),
            expires_at: filter.expires_at,
            filter_action: filter.action,
            keywords: None,
            statuses: None,
        }
    }
}

impl From<filters::Whole> for Filter {
    fn from(whole: filters::Whole) -> Self {
        Self {
            keywords: Some(whole.keywords.into_iter().map(FilterKeyword::from).collect()),
            statuses: Some(whole.statuses.into_iter().map(FilterStatus::from).collect()),
            ..Self::bare(&whole.filter)
        }
    }
}

impl From<filters::Keyword> for FilterKeyword {
    fn from(keyword: filters::Keyword) -> Self {
        Self { id: keyword.id, keyword: keyword.keyword, whole_word: keyword.whole_word }
    }
}

impl From<filters::FilterStatus> for FilterStatus {
    fn from(status: filters::FilterStatus) -> Self {
        Self { id: status.id, status_id: status.post_id }
    }
}

impl From<Match> for FilterResult {
    fn from(found: Match) -> Self {
        Self {
            filter: Filter::bare(&found.filter),
            keyword_matches: Some(found.keywords).filter(|keywords| !keywords.is_empty()),
            status_matches: Some(found.posts).filter(|posts| !posts.is_empty()),
        }
    }
}

impl V1Filter {
    /// A keyword and its filter.
    pub fn new(keyword: filters::Keyword, filter: &filters::Filter) -> Self {
        Self {
            id: keyword.id,
            phrase: keyword.keyword,
            context: filter.contexts(),
            whole_word: keyword.whole_word,
            expires_at: filter.expires_at,
            irreversible: filter.action == FilterAction::Hide,
        }
    }
}
