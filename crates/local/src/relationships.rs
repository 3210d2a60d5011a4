//! What stands between one person and many others, as Mastodon's `Relationship` shows it: built for all of them at once.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::account_notes;
use crate::connection::{Connection, any_of};
use crate::domain_blocks;
use crate::endorsements;
use crate::error::Result;
use crate::follows::Follow;
use crate::ids::ActorId;
use crate::json::Json;
use crate::schema::{blocks, follow_requests, follows, mutes};
use crate::time::Timestamp;

/// What stands between a viewer and `target`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct Relationship {
    /// The other.
    pub target: ActorId,
    /// The viewer follows it.
    pub following: bool,
    /// … and sees its boosts.
    pub showing_boosts: bool,
    /// … and is notified of its posts.
    pub notifying: bool,
    /// … and sees only these languages; empty: all.
    pub languages: Vec<String>,
    /// It follows the viewer.
    pub followed_by: bool,
    /// The viewer blocks it.
    pub blocking: bool,
    /// It blocks the viewer.
    pub blocked_by: bool,
    /// The viewer mutes it.
    pub muting: bool,
    /// … and the notifications that it causes.
    pub muting_notifications: bool,
    /// … until then.
    pub muting_expires_at: Option<Timestamp>,
    /// The viewer has asked to follow it.
    pub requested: bool,
    /// It has asked to follow the viewer.
    pub requested_by: bool,
    /// The viewer blocks its whole server.
    pub domain_blocking: bool,
    /// The viewer endorses it.
    pub endorsed: bool,
    /// What the viewer has noted about it.
    pub note: String,
}

impl Relationship {
    /// What stands between `viewer` and each of `targets`, in their order, in ten queries.
    pub fn build_many(c: &mut Connection, viewer: ActorId, targets: &[ActorId]) -> Result<Vec<Self>> {
        let ours: Vec<Follow> =
            follows::table.filter(follows::actor_id.eq(viewer)).filter(any_of(follows::target_id, targets)).load(c)?;
        let asked: Vec<Follow> = follow_requests::table
            .filter(follow_requests::actor_id.eq(viewer))
            .filter(any_of(follow_requests::target_id, targets))
            .load(c)?;
        let theirs: Vec<ActorId> = follows::table
            .filter(follows::target_id.eq(viewer))
            .filter(any_of(follows::actor_id, targets))
            .select(follows::actor_id)
            .load(c)?;
        let asking: Vec<ActorId> = follow_requests::table
            .filter(follow_requests::target_id.eq(viewer))
            .filter(any_of(follow_requests::actor_id, targets))
            .select(follow_requests::actor_id)
            .load(c)?;
        let blocking: Vec<ActorId> = blocks::table
            .filter(blocks::actor_id.eq(viewer))
            .filter(any_of(blocks::target_id, targets))
            .select(blocks::target_id)
            .load(c)?;
        let blocked_by: Vec<ActorId> = blocks::table
            .filter(blocks::target_id.eq(viewer))
            .filter(any_of(blocks::actor_id, targets))
            .select(blocks::actor_id)
            .load(c)?;
        let muting: Vec<(ActorId, bool, Option<Timestamp>)> = mutes::table
            .filter(mutes::actor_id.eq(viewer))
            .filter(any_of(mutes::target_id, targets))
            .filter(mutes::expires_at.is_null().or(mutes::expires_at.gt(Timestamp::now())))
            .select((mutes::target_id, mutes::notifications, mutes::expires_at))
            .load(c)?;
        let domain_blocking = domain_blocks::blocked_among(c, viewer, targets)?;
        let endorsed = endorsements::among(c, viewer, targets)?;

        let mut built: HashMap<ActorId, Self> = targets.iter().map(|target| (*target, Self::none(*target))).collect();
        for (rows, established) in [(asked, false), (ours, true)] {
            for row in rows {
                if let Some(relationship) = built.get_mut(&row.target_id) {
                    relationship.following = established;
                    relationship.requested = !established;
                    relationship.showing_boosts = row.show_boosts;
                    relationship.notifying = row.notify;
                    relationship.languages = row.languages.map(|Json(languages)| languages).unwrap_or_default();
                }
            }
        }
        let mut mark = |actors: Vec<ActorId>, what: fn(&mut Self) -> &mut bool| {
            for actor in actors {
                if let Some(relationship) = built.get_mut(&actor) {
                    *what(relationship) = true;
                }
            }
        };
        mark(theirs, |r| &mut r.followed_by);
        mark(asking, |r| &mut r.requested_by);
        mark(blocking, |r| &mut r.blocking);
        mark(blocked_by, |r| &mut r.blocked_by);
        mark(domain_blocking, |r| &mut r.domain_blocking);
        mark(endorsed, |r| &mut r.endorsed);
        for (target, notifications, expires_at) in muting {
            if let Some(relationship) = built.get_mut(&target) {
                relationship.muting = true;
                relationship.muting_notifications = notifications;
                relationship.muting_expires_at = expires_at;
            }
        }
        for (target, note) in account_notes::about(c, viewer, targets)? {
            if let Some(relationship) = built.get_mut(&target) {
                relationship.note = note;
            }
        }
        Ok(targets.iter().filter_map(|target| built.get(target).cloned()).collect())
    }

    /// What stands between `viewer` and `target`.
    pub fn build(c: &mut Connection, viewer: ActorId, target: ActorId) -> Result<Self> {
        let built = Self::build_many(c, viewer, &[target])?.pop();
        Ok(built.unwrap_or_else(|| Self::none(target)))
    }

    fn none(target: ActorId) -> Self {
        Self {
            target,
            following: false,
            showing_boosts: false,
            notifying: false,
            languages: Vec::new(),
            followed_by: false,
            blocking: false,
            blocked_by: false,
            muting: false,
            muting_notifications: false,
            muting_expires_at: None,
            requested: false,
            requested_by: false,
            domain_blocking: false,
            endorsed: false,
            note: String::new(),
        }
    }
}
