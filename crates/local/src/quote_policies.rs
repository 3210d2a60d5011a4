//! Who may quote a post (FEP-044f), in the groups that Mastodon knows: everybody, the author's followers, those whom the
//! author follows. The author itself always may.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::codes::stored_bits;
use crate::connection::{Connection, any_of};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::posts::Post;
use crate::schema::follows;
use crate::visibility::Visibility;

/// A set of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Groups(u16);

impl Groups {
    /// Others than those named here; whom, we cannot tell.
    pub const OTHERS: Self = Self(1);
    /// Everybody.
    pub const PUBLIC: Self = Self(2);
    /// Those who follow the author.
    pub const FOLLOWERS: Self = Self(4);
    /// Those whom the author follows.
    pub const FOLLOWING: Self = Self(8);

    /// Whether one of `others` is among them.
    pub fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Both sets.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Their names in Mastodon's API (QuoteApproval).
    pub fn words(self) -> Vec<&'static str> {
        let all = [
            (Self::OTHERS, "unsupported_policy"),
            (Self::PUBLIC, "public"),
            (Self::FOLLOWERS, "followers"),
            (Self::FOLLOWING, "following"),
        ];
        all.into_iter().filter(|(group, _)| self.has(*group)).map(|(_, word)| word).collect()
    }
}

/// Who may quote a post at once, and whose wish waits for its author. Nobody but the author by default.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[serde(transparent)]
#[diesel(sql_type = diesel::sql_types::Integer)]
pub struct QuotePolicy(i32);

stored_bits!(QuotePolicy);

impl QuotePolicy {
    /// Nobody but the author.
    pub const NOBODY: Self = Self(0);
    /// Everybody, at once.
    pub const PUBLIC: Self = Self((Groups::PUBLIC.0 as i32) << 16);
    /// Those who follow the author, at once.
    pub const FOLLOWERS: Self = Self((Groups::FOLLOWERS.0 as i32) << 16);

    /// From its two halves.
    pub fn new(automatic: Groups, manual: Groups) -> Self {
        Self((i32::from(automatic.0) << 16) | i32::from(manual.0))
    }

    /// Who may at once.
    pub fn automatic(self) -> Groups {
        Groups(u16::try_from((self.0 >> 16) & 0xffff).unwrap_or(0))
    }

    /// Whose wish waits for the author.
    pub fn manual(self) -> Groups {
        Groups(u16::try_from(self.0 & 0xffff).unwrap_or(0))
    }

    /// One of those that a local author can choose, by Mastodon's word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "public" => Some(Self::PUBLIC),
            "followers" => Some(Self::FOLLOWERS),
            "nobody" => Some(Self::NOBODY),
            _ => None,
        }
    }

    /// Mastodon's word for one of those that a local author can choose.
    pub fn word(self) -> &'static str {
        match self {
            Self::PUBLIC => "public",
            Self::FOLLOWERS => "followers",
            _ => "nobody",
        }
    }

    /// The policy of a post of this audience: what is not for everybody, nobody else may quote.
    #[must_use]
    pub fn within(self, visibility: Visibility) -> Self {
        if visibility.is_open() { self } else { Self::NOBODY }
    }

    /// What it means for somebody who is not the author, and `follows` it or is `followed` by it.
    fn approval(self, follows: bool, followed: bool) -> Approval {
        let among = |groups: Groups| {
            groups.has(Groups::PUBLIC)
                || (follows && groups.has(Groups::FOLLOWERS))
                || (followed && groups.has(Groups::FOLLOWING))
        };
        if among(self.automatic()) {
            Approval::Automatic
        } else if among(self.manual()) {
            Approval::Manual
        } else if self.automatic().with(self.manual()).has(Groups::OTHERS) {
            Approval::Unknown
        } else {
            Approval::Denied
        }
    }

    /// Whether it depends on one of these groups.
    fn asks_for(self, group: Groups) -> bool {
        self.automatic().with(self.manual()).has(group)
    }
}

/// What a policy means for one person (Mastodon's `quote_approval.current_user`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// May quote.
    Automatic,
    /// May ask.
    Manual,
    /// Nobody can tell.
    Unknown,
    /// May not quote.
    Denied,
}

/// What the policies of these posts mean for `viewer`. Whether it may see them is not asked. At most two queries, and none
/// when no policy depends on who follows whom.
pub fn of(c: &mut Connection, viewer: ActorId, posts: &[&Post]) -> Result<HashMap<PostId, Approval>> {
    let authors = |group: Groups| -> Vec<ActorId> {
        let mut authors: Vec<ActorId> = posts
            .iter()
            .filter(|post| post.author_id != viewer && quotable(false, post.visibility) && post.quote_policy.asks_for(group))
            .map(|post| post.author_id)
            .collect();
        authors.sort_unstable();
        authors.dedup();
        authors
    };
    let (followers, following) = (authors(Groups::FOLLOWERS), authors(Groups::FOLLOWING));
    let follows = followed_among(c, viewer, &followers)?;
    let followed = followers_among(c, viewer, &following)?;
    let approval = |post: &Post| {
        if post.is_boost() || !quotable(post.author_id == viewer, post.visibility) {
            Approval::Denied
        } else if post.author_id == viewer {
            Approval::Automatic
        } else {
            post.quote_policy.approval(follows.contains(&post.author_id), followed.contains(&post.author_id))
        }
    };
    Ok(posts.iter().map(|post| (post.id, approval(post))).collect())
}

/// What the policy of one post of `author` (no boost) means for each of `readers`. At most two queries.
pub fn by(
    c: &mut Connection,
    readers: &[ActorId],
    author: ActorId,
    visibility: Visibility,
    policy: QuotePolicy,
) -> Result<HashMap<ActorId, Approval>> {
    let asked = |group: Groups| if policy.asks_for(group) { readers } else { &[] };
    let follows = followers_among(c, author, asked(Groups::FOLLOWERS))?;
    let followed = followed_among(c, author, asked(Groups::FOLLOWING))?;
    let approval = |reader: ActorId| {
        if !quotable(author == reader, visibility) {
            Approval::Denied
        } else if author == reader {
            Approval::Automatic
        } else {
            policy.approval(follows.contains(&reader), followed.contains(&reader))
        }
    };
    Ok(readers.iter().map(|reader| (*reader, approval(*reader))).collect())
}

/// What the policy of a post means for `viewer`.
///
/// # Errors
/// The database's.
pub fn approval(c: &mut Connection, viewer: ActorId, post: &Post) -> Result<Approval> {
    Ok(of(c, viewer, &[post])?.remove(&post.id).unwrap_or(Approval::Denied))
}

/// Whether the audience of a post lets anybody quote it, or at least its author: a quote never widens an audience.
fn quotable(own: bool, visibility: Visibility) -> bool {
    visibility.is_open() || (own && visibility == Visibility::Private)
}

/// Those of `targets` whom `actor` follows.
fn followed_among(c: &mut Connection, actor: ActorId, targets: &[ActorId]) -> Result<HashSet<ActorId>> {
    if targets.is_empty() {
        return Ok(HashSet::new());
    }
    let found = follows::table.filter(follows::actor_id.eq(actor)).filter(any_of(follows::target_id, targets));
    Ok(found.select(follows::target_id).load(c)?.into_iter().collect())
}

/// Those of `actors` who follow `target`.
fn followers_among(c: &mut Connection, target: ActorId, actors: &[ActorId]) -> Result<HashSet<ActorId>> {
    if actors.is_empty() {
        return Ok(HashSet::new());
    }
    let found = follows::table.filter(follows::target_id.eq(target)).filter(any_of(follows::actor_id, actors));
    Ok(found.select(follows::actor_id).load(c)?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::*;

    #[test]
    fn words_and_halves_stand_for_each_other() {
        for word in ["public", "followers", "nobody"] {
            assert_eq!(QuotePolicy::from_word(word).unwrap().word(), word);
        }
        assert_eq!(QuotePolicy::from_word("everybody"), None);
        let policy = QuotePolicy::new(Groups::FOLLOWERS.with(Groups::OTHERS), Groups::PUBLIC);
        assert_eq!(policy.automatic().words(), ["unsupported_policy", "followers"]);
        assert_eq!(policy.manual().words(), ["public"]);
        assert_eq!(QuotePolicy::PUBLIC.within(Visibility::Private), QuotePolicy::NOBODY);
    }

    #[test]
    fn who_may_is_told_alike_for_many_posts_and_many_readers() {
        TestDb::new()
            .write_now(|c| {
                let (ali, fan, friend, eve) = (local(c, "ali"), local(c, "fan"), local(c, "friend"), local(c, "eve"));
                follow(c, fan.id, ali.id);
                follow(c, ali.id, friend.id);
                let mut post = say(c, ali.id, "hello");
                let everybody = [ali.id, fan.id, friend.id, eve.id];
                use Approval::{Automatic, Denied, Manual, Unknown};
                for (policy, visibility, wanted) in [
                    (QuotePolicy::PUBLIC, Visibility::Public, [Automatic; 4]),
                    (QuotePolicy::FOLLOWERS, Visibility::Unlisted, [Automatic, Automatic, Denied, Denied]),
                    (QuotePolicy::NOBODY, Visibility::Public, [Automatic, Denied, Denied, Denied]),
                    (QuotePolicy::PUBLIC, Visibility::Private, [Automatic, Denied, Denied, Denied]),
                    (QuotePolicy::PUBLIC, Visibility::Direct, [Denied; 4]),
                    (
                        QuotePolicy::new(Groups::FOLLOWING, Groups::FOLLOWERS.with(Groups::OTHERS)),
                        Visibility::Public,
                        [Automatic, Manual, Automatic, Unknown],
                    ),
                ] {
                    post.quote_policy = policy;
                    post.visibility = visibility;
                    let many = by(c, &everybody, ali.id, visibility, policy)?;
                    for (actor, wanted) in everybody.iter().zip(wanted) {
                        assert_eq!((many[actor], approval(c, *actor, &post)?), (wanted, wanted), "{policy:?} {visibility}");
                    }
                }
                Ok(())
            })
            .unwrap();
    }
}
