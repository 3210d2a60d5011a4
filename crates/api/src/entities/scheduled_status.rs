//! ScheduledStatus: a status that will be published later.

use std::collections::HashMap;

use majlis_local::ids::{AppId, AttachmentId, PostId, ScheduledId};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::scheduled::Scheduled;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Result, Site, Timestamp, attachments};
use serde::Serialize;

use super::MediaAttachment;

/// Mastodon's ScheduledStatus.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ScheduledStatus {
    pub id: ScheduledId,
    pub scheduled_at: Timestamp,
    pub params: ScheduledParams,
    pub media_attachments: Vec<MediaAttachment>,
}

/// What the status will be made from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ScheduledParams {
    pub text: String,
    pub poll: Option<ScheduledPoll>,
    pub media_ids: Option<Vec<AttachmentId>>,
    pub sensitive: bool,
    pub spoiler_text: String,
    /// As it was settled when it was scheduled; never wider when it is published.
    pub visibility: Visibility,
    pub language: Option<String>,
    pub in_reply_to_id: Option<PostId>,
    pub quoted_status_id: Option<PostId>,
    /// `public`, `followers` or `nobody`.
    pub quote_approval_policy: Option<&'static str>,
    pub application_id: Option<AppId>,
    /// Ours: `text/plain` or `text/markdown`.
    pub content_type: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub local_only: bool,
    /// Seconds from its publication until it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Always `null`, as in Mastodon: it is scheduled once.
    pub scheduled_at: (),
    pub idempotency: (),
    pub with_rate_limit: bool,
}

/// The poll that the status will have.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ScheduledPoll {
    pub options: Vec<String>,
    /// Seconds from its publication.
    pub expires_in: i64,
    pub multiple: bool,
    pub hide_totals: bool,
}

impl ScheduledStatus {
    /// The entities of these, in their order; one query for all.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, scheduled: &[Scheduled]) -> Result<Vec<Self>> {
        let ids: Vec<ScheduledId> = scheduled.iter().filter(|row| !row.draft.attachments.is_empty()).map(|row| row.id).collect();
        let mut media: HashMap<ScheduledId, Vec<MediaAttachment>> = HashMap::new();
        for (id, attachment) in attachments::of_scheduled(c, &ids)? {
            media.entry(id).or_default().push(MediaAttachment::new(site, &attachment));
        }
        Ok(scheduled.iter().map(|row| Self::new(row, media.remove(&row.id).unwrap_or_default())).collect())
    }

    /// The entity of one.
    ///
    /// # Errors
    /// The database's.
    pub fn build(c: &mut Connection, site: &Site, scheduled: &Scheduled) -> Result<Self> {
        let built = Self::build_many(c, site, std::slice::from_ref(scheduled))?;
        built.into_iter().next().ok_or(majlis_local::Error::NotFound("scheduled post"))
    }

    fn new(row: &Scheduled, media_attachments: Vec<MediaAttachment>) -> Self {
        let draft = &row.draft;
        let poll = draft.poll.as_ref().map(|poll| ScheduledPoll {
            options: poll.options.iter().map(|option| option.title.clone()).collect(),
            // Rounded, since the draft was made some milliseconds before the row.
            expires_in: poll.expires_at.map_or(0, |end| (end.millis() - row.created_at.millis() + 500) / 1_000),
            multiple: poll.multiple,
            hide_totals: poll.hide_totals,
        });
        Self {
            id: row.id,
            scheduled_at: row.scheduled_at,
            params: ScheduledParams {
                text: draft.text.clone(),
                poll,
                media_ids: (!draft.attachments.is_empty()).then(|| draft.attachments.clone()),
                sensitive: draft.sensitive,
                spoiler_text: draft.summary.clone(),
                visibility: draft.visibility.unwrap_or(Visibility::Public),
                language: draft.language.clone(),
                in_reply_to_id: draft.in_reply_to,
                quoted_status_id: draft.quote,
                quote_approval_policy: draft.quote_policy.map(QuotePolicy::word),
                application_id: draft.app,
                content_type: draft.format.media_type(),
                local_only: draft.local_only,
                expires_in: draft.expires_in,
                expires_at: draft.expires_at,
                scheduled_at: (),
                idempotency: (),
                with_rate_limit: false,
            },
            media_attachments,
        }
    }
}
