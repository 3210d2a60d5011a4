//! Identifiers: `BIGINT`s made by the application, sorted by time, written as strings in JSON.
//! 48 bits of milliseconds since 1970, then 16 bits of node and sequence.

use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};

use crate::time::Timestamp;

/// Bits below the milliseconds.
const LOW_BITS: u32 = 16;
static LAST: AtomicI64 = AtomicI64::new(0);
static NODE: AtomicU16 = AtomicU16::new(0);

/// Gives this process its node number (the 6 high ones of the 16 low bits), so that several nodes make different ids.
pub fn set_node(node: u8) {
    NODE.store(u16::from(node & 0x3f) << 10, Ordering::Relaxed);
}

/// The next id of this process: never repeated, never smaller than the one before.
fn next() -> i64 {
    let now = (Timestamp::now().millis() << LOW_BITS) | i64::from(NODE.load(Ordering::Relaxed));
    let step = |last| Some(now.max(last + 1));
    match LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
        Ok(last) | Err(last) => now.max(last + 1),
    }
}

/// An id for something that was made at `time` elsewhere: its place in time is kept, its low bits are random.
/// A time in the future counts as now.
fn at(time: Timestamp) -> i64 {
    let millis = time.millis().clamp(1, Timestamp::now().millis());
    (millis << LOW_BITS) | i64::from(rand::random::<u16>())
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        pub struct $name(pub i64);

        impl $name {
            /// A new id, later than every other one of this process.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(next())
            }

            /// An id whose place in time is `time` (no later than now).
            pub fn at(time: Timestamp) -> Self {
                Self(at(time))
            }

            /// The smallest id of its time: everything since `time` has it or a greater one.
            pub fn first_at(time: Timestamp) -> Self {
                Self(time.millis().max(0) << LOW_BITS)
            }

            /// When the thing was made, as its id says.
            pub fn time(self) -> Timestamp {
                Timestamp(self.0 >> LOW_BITS)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }

        impl From<&$name> for i64 {
            fn from(id: &$name) -> i64 {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.deserialize_any(IdVisitor).map(Self)
            }
        }

        impl<DB> diesel::serialize::ToSql<diesel::sql_types::BigInt, DB> for $name
        where
            DB: diesel::backend::Backend,
            i64: diesel::serialize::ToSql<diesel::sql_types::BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB> for $name
        where
            DB: diesel::backend::Backend,
            i64: diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }
    )*};
}

/// Ids come as strings, and from a few clients as numbers.
struct IdVisitor;

impl serde::de::Visitor<'_> for IdVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an id, as a string of digits")
    }

    fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<i64, E> {
        Ok(v)
    }

    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<i64, E> {
        i64::try_from(v).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<i64, E> {
        v.trim().parse().map_err(E::custom)
    }
}

id! {
    /// An actor, local or remote; a user has the id of its actor.
    ActorId
    /// A post or a boost.
    PostId
    /// One former text of a post.
    EditId
    /// A hashtag.
    HashtagId
    /// The relation of a follower and a hashtag.
    HashtagFollowId
    /// The relation of an actor and a hashtag that its profile shows.
    FeaturedTagId
    /// An attachment: a picture of a post, here or elsewhere.
    AttachmentId
    /// What a page that posts link to says of itself.
    CardId
    /// A post to be published later.
    ScheduledId
    /// The relation of a follower and a followed; the request keeps its id when it is accepted.
    FollowId
    /// The relation of a blocker and a blocked.
    BlockId
    /// The relation of a muter and a muted.
    MuteId
    /// The relation of a person and a server that it blocks.
    DomainBlockId
    /// The relation of a person and somebody whom it endorses.
    EndorsementId
    /// A collection of people.
    CollectionId
    /// Somebody's place in a collection.
    CollectionItemId
    /// The report of somebody's year.
    AnnualReportId
    /// What somebody has begun to write.
    DraftId
    /// A folder of bookmarks.
    BookmarkFolderId
    /// People to whom somebody writes alone.
    CircleId
    /// The membership of an account in a circle.
    CircleMemberId
    /// A report to the moderators.
    ReportId
    /// The relation of an actor and a post that it likes.
    LikeId
    /// The relation of an actor and a post, by an emoji.
    ReactionId
    /// The relation of a quoting post and what it quotes.
    QuoteId
    /// The relation of a user and a bookmarked post.
    BookmarkId
    /// The relation of an author and a pinned post.
    PinId
    /// A conversation by direct posts, as one person has it.
    ConversationId
    /// A notification.
    NotificationId
    /// A person whose filtered notifications wait to be accepted.
    NotificationRequestId
    /// What a block or a suspension took from somebody.
    SeveranceId
    /// A push subscription; made by the database, and small.
    PushSubscriptionId
    /// A list of accounts.
    ListId
    /// The membership of an account in a list.
    ListMemberId
    /// A filter: what its owner does not want to read.
    FilterId
    /// A keyword of a filter.
    FilterKeywordId
    /// A post in a filter.
    FilterStatusId
    /// An announcement to everybody here.
    AnnouncementId
    /// A passkey.
    PasskeyId
    /// A file of what somebody brings along.
    ImportId
    /// A file of what somebody takes along.
    ArchiveId
    /// An e-mail address that gets an author's newsletter, or is asked whether it wants to.
    NewsletterSubscriptionId
    /// A client application.
    AppId
    /// An access token.
    TokenId
    /// An invitation to sign up.
    InviteId
    /// A custom emoji of this server.
    EmojiId
    /// A job.
    JobId
    /// An outgoing activity.
    ActivityId
    /// An outgoing activity on its way to one inbox.
    DeliveryId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_tell_their_time() {
        let before = Timestamp::now();
        let ids: Vec<PostId> = (0..5_000).map(|_| PostId::new()).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1]));
        assert!(ids[0].time() >= before);
    }

    #[test]
    fn an_old_post_gets_an_old_id_and_a_future_one_does_not_jump_ahead() {
        let old = Timestamp(1_500_000_000_000);
        assert_eq!(PostId::at(old).time(), old);
        let future = Timestamp(Timestamp::now().millis() + 1_000_000);
        assert!(PostId::at(future).time() <= Timestamp::now());
    }

    #[test]
    fn json_ids_are_strings_and_numbers_are_read() {
        assert_eq!(serde_json::to_string(&PostId(7)).unwrap(), "\"7\"");
        assert_eq!(serde_json::from_str::<PostId>("\"7\"").unwrap(), PostId(7));
        assert_eq!(serde_json::from_str::<PostId>("7").unwrap(), PostId(7));
        assert!(serde_json::from_str::<PostId>("\"x\"").is_err());
    }
}
