//! What the API answers: Mastodon's entities as JSON (shapes of version 4.6). Rows become entities here and nowhere else,
//! many at once and in a fixed number of queries.

pub mod account;
pub mod announcement;
pub mod card;
pub mod collection;
pub mod context;
pub mod conversation;
pub mod credential_account;
pub mod emoji;
pub mod featured_tag;
pub mod filter;
pub mod instance;
pub mod list;
pub mod marker;
pub mod media_attachment;
pub mod notification;
pub mod notification_group;
pub mod notification_policy;
pub mod notification_request;
pub mod poll;
pub mod quote;
pub mod reaction;
pub mod relationship;
pub mod report;
pub mod scheduled_status;
pub mod search;
pub mod status;
pub mod status_edit;
pub mod suggestion;
pub mod tag;
pub mod translation;
pub mod trend_link;
pub mod web_push_subscription;

pub use account::{Account, AccountRole};
pub use announcement::Announcement;
pub use card::{Card, CardAuthor};
pub use collection::{Collection, CollectionItem, CollectionWithAccounts};
pub use context::Context;
pub use conversation::Conversation;
pub use credential_account::{CredentialAccount, Profile};
pub use emoji::CustomEmoji;
pub use featured_tag::FeaturedTag;
pub use filter::FilterResult;
pub use instance::{FirstInstance, Instance};
pub use list::List;
pub use marker::Marker;
pub use media_attachment::MediaAttachment;
pub use notification::Notification;
pub use notification_group::GroupedNotifications;
pub use notification_policy::{NotificationPolicy, OldNotificationPolicy};
pub use notification_request::NotificationRequest;
pub use poll::Poll;
pub use quote::{Quote, QuoteApproval, Reading};
pub use reaction::{PleromaStatus, StatusReaction};
pub use relationship::Relationship;
pub use report::Report;
pub use scheduled_status::ScheduledStatus;
pub use search::Search;
pub use status::Status;
pub use status_edit::{StatusEdit, StatusSource};
pub use suggestion::Suggestion;
pub use tag::Tag;
pub use translation::Translation;
pub use trend_link::TrendLink;
pub use web_push_subscription::WebPushSubscription;

/// An answer without content: `{}`.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Empty {}
