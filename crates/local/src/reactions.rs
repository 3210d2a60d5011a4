//! Emoji reactions (FEP-c0e0): with an emoji of Unicode's or a custom one. Several by one person to one post, each once.
//! A custom emoji of another server has that server's name behind its own (`blobcat@example.org`), as Pleroma writes it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::actors::{self, Emoji};
use crate::connection::{Connection, PortableDsl, any_of, cols, written};
use crate::emojis;
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, PostId, ReactionId};
use crate::jobs::{self, Change, Job};
use crate::json::Json;
use crate::notifications::{self, Notice, NotificationKind};
use crate::posts::{Parts, Post};
use crate::schema::{actors as people, reactions};
use crate::site::Site;
use crate::text;
use crate::time::Timestamp;
use crate::tombstones;
use crate::visibility::listable;

/// Reactions of one person to one post.
pub const MOST_BY_ONE: i64 = 8;
/// Different emoji that one post may be reacted to with.
pub const MOST_KINDS: i64 = 64;

/// A reaction as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = reactions)]
#[allow(missing_docs)]
pub struct Reaction {
    pub id: ReactionId,
    pub actor_id: ActorId,
    pub post_id: PostId,
    /// The emoji, or the name of a custom one without colons.
    pub name: String,
    /// Of a custom one.
    pub emoji: Option<Json<Emoji>>,
    /// The ActivityPub id of the `EmojiReact`.
    pub uri: String,
    pub created_at: Timestamp,
}

/// How often a post was reacted to with one emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The post.
    pub post: PostId,
    /// See [`Reaction::name`].
    pub name: String,
    /// See [`Reaction::emoji`].
    pub emoji: Option<Emoji>,
    /// By how many.
    pub count: i64,
    /// Whether the viewer is one of them.
    pub me: bool,
}

/// What one reacts with.
struct With {
    name: String,
    emoji: Option<Emoji>,
}

/// The reaction with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: ReactionId) -> Result<Reaction> {
    reactions::table.find(id).select(cols::<Reaction>()).first(c).optional()?.ok_or(Error::NotFound("reaction"))
}

/// The reaction with this ActivityPub id.
pub fn by_uri(c: &mut Connection, uri: &str) -> Result<Option<Reaction>> {
    Ok(reactions::table.filter(reactions::uri.eq(uri)).select(cols::<Reaction>()).first(c).optional()?)
}

/// What these posts were reacted to with, the first emoji first; one query for all.
pub fn tallies(c: &mut Connection, viewer: Option<ActorId>, posts: &[PostId]) -> Result<Vec<Tally>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    type Row = (PostId, String, Option<String>, i64, i64);
    let rows: Vec<Row> = written::<(BigInt, Text, Nullable<Text>, BigInt, BigInt)>(
        "SELECT post_id, name, MIN(emoji), CAST(COUNT(*) AS BIGINT), \
         CAST(MAX(CASE WHEN actor_id = :viewer THEN 1 ELSE 0 END) AS BIGINT) \
         FROM reactions WHERE post_id IN :posts GROUP BY post_id, name ORDER BY post_id, MIN(id)",
    )
    .numbers("posts", posts)
    .number("viewer", viewer.map_or(0, |viewer| viewer.0))
    .load(c)?;
    let tally = |(post, name, emoji, count, me): Row| Tally {
        post,
        name,
        emoji: emoji.and_then(|emoji| serde_json::from_str(&emoji).ok()),
        count,
        me: me == 1,
    };
    Ok(rows.into_iter().map(tally).collect())
}

/// With what each of `actors` reacted to one post, as pairs.
pub fn by(c: &mut Connection, actors: &[ActorId], post: PostId) -> Result<Vec<(ActorId, String)>> {
    Ok(reactions::table
        .filter(reactions::post_id.eq(post))
        .filter(any_of(reactions::actor_id, actors))
        .order(reactions::id)
        .select((reactions::actor_id, reactions::name))
        .load(c)?)
}

/// Who reacted to a post and with what, the first first; without those who are gone, those whom `viewer` blocks,
/// mutes or is blocked by, and those whose server it blocks. At most `limit`.
pub fn reactors(c: &mut Connection, viewer: Option<ActorId>, post: PostId, limit: i64) -> Result<Vec<(String, ActorId)>> {
    let viewer = viewer.unwrap_or(ActorId(0));
    Ok(reactions::table
        .inner_join(people::table)
        .filter(reactions::post_id.eq(post))
        .filter(people::suspended_at.is_null())
        .filter(people::deleted_at.is_null())
        .filter(listable!(reactions::actor_id, viewer))
        .order(reactions::id)
        .limit(limit)
        .select((reactions::name, reactions::actor_id))
        .load(c)?)
}

/// The last reactions of these people to these posts, for notifications: one query for all.
pub fn last_of(c: &mut Connection, people: &[ActorId], posts: &[PostId]) -> Result<Vec<Reaction>> {
    if people.is_empty() || posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(reactions::table
        .filter(any_of(reactions::post_id, posts))
        .filter(any_of(reactions::actor_id, people))
        .order(reactions::id.desc())
        .select(cols::<Reaction>())
        .load(c)?)
}

/// A local person reacts to a post that it may see (the caller has checked). The same again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] when `emoji` is none, or there are too many.
pub fn react(c: &mut Connection, site: &Site, actor: ActorId, post: &Post, emoji: &str) -> Result<()> {
    let with = with(c, post, emoji)?.ok_or_else(|| Error::invalid("emoji", Flaw::Inclusion, "is not an emoji known here"))?;
    if !has_room(c, actor, post, &with.name)? {
        return Err(Error::invalid("emoji", Flaw::TooLong, "no more reactions to this post"));
    }
    let id = ReactionId::new();
    let uri = site.reaction_uri(&actors::get(c, actor)?.username, id);
    if insert(c, id, actor, post, with, &uri)? && !post.local {
        jobs::enqueue(c, &Job::Federate { change: Change::Reacted { reaction: id } })?;
    }
    Ok(())
}

/// A local person takes a reaction back; without one nothing happens.
pub fn unreact(c: &mut Connection, actor: ActorId, post: &Post, emoji: &str) -> Result<()> {
    let name = name_of(emoji);
    if let Some(gone) = find(c, actor, post.id, &name)? {
        remove(c, &gone, post.author_id)?;
        if !post.local {
            let Reaction { uri, name, emoji, .. } = gone;
            let emoji = emoji.map(|emoji| emoji.0);
            jobs::enqueue(c, &Job::Federate { change: Change::Unreacted { uri, actor, post: post.id, name, emoji } })?;
        }
    }
    Ok(())
}

/// A remote actor reacts to a post that it may see (the caller has checked); `known` are the custom emoji that came along.
/// False when that says nothing: no emoji, too many, done or undone before.
pub fn receive(
    c: &mut Connection,
    site: &Site,
    actor: ActorId,
    post: &Post,
    uri: &str,
    emoji: &str,
    known: &[Emoji],
) -> Result<bool> {
    let reactor = actors::get(c, actor)?;
    if post.deleted_at.is_some() || reactor.is_gone() || tombstones::known(c, uri)? {
        return Ok(false);
    }
    let code = emoji.trim().trim_matches(':');
    let own = |emoji: &Emoji| site.is_own_uri(&emoji.url);
    let with = match (text::emoji::unicode(emoji), known.iter().find(|emoji| emoji.shortcode == code)) {
        (Some(name), _) => Some(With { name, emoji: None }),
        (None, Some(sent)) if !own(sent) => {
            let domain = reactor.domain.as_deref().unwrap_or(&reactor.host);
            Some(With { name: format!("{code}@{domain}"), emoji: Some(sent.clone()) })
        }
        // One of ours comes back, or one that is on the post already.
        _ => with(c, post, code)?,
    };
    match with {
        Some(with) if has_room(c, actor, post, &with.name)? => insert(c, ReactionId::new(), actor, post, with, uri),
        _ => Ok(false),
    }
}

/// A remote actor takes the reaction of this id back. False when there is none.
pub fn receive_undo(c: &mut Connection, actor: ActorId, uri: &str) -> Result<bool> {
    let Some(gone) = by_uri(c, uri)?.filter(|reaction| reaction.actor_id == actor) else { return Ok(false) };
    let post = crate::posts::get(c, gone.post_id)?;
    remove(c, &gone, post.author_id)?;
    Ok(true)
}

/// The name under which an emoji is counted: see [`Reaction::name`].
pub fn name_of(emoji: &str) -> String {
    text::emoji::unicode(emoji).unwrap_or_else(|| emoji.trim().trim_matches(':').to_owned())
}

/// Remote actors who reacted to a post: their servers have a copy of it.
pub(crate) fn remote_reactors(c: &mut Connection, post: PostId, limit: i64) -> Result<Vec<ActorId>> {
    let remote = reactions::table.inner_join(people::table).filter(reactions::post_id.eq(post));
    Ok(remote.filter(people::domain.is_not_null()).select(people::id).limit(limit).load(c)?)
}

/// All reactions to a post that is gone.
pub(crate) fn forget_post(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(reactions::table.filter(reactions::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// All reactions of an actor that is gone.
pub(crate) fn forget_actor(c: &mut Connection, actor: ActorId) -> Result<()> {
    diesel::delete(reactions::table.filter(reactions::actor_id.eq(actor))).execute(c)?;
    Ok(())
}

/// The emoji that a text means: Unicode's, one that is on the post already, or a custom one of ours.
fn with(c: &mut Connection, post: &Post, emoji: &str) -> Result<Option<With>> {
    if let Some(name) = text::emoji::unicode(emoji) {
        return Ok(Some(With { name, emoji: None }));
    }
    let name = emoji.trim().trim_matches(':').to_owned();
    let same = reactions::table.filter(reactions::post_id.eq(post.id)).filter(reactions::name.eq(&name));
    let there: Option<Reaction> = same.select(cols::<Reaction>()).first(c).optional()?;
    if let Some(there) = there {
        return Ok(Some(With { name, emoji: there.emoji.map(|emoji| emoji.0) }));
    }
    let ours = emojis::used(c, std::slice::from_ref(&name))?.pop();
    Ok(ours.map(|emoji| With { name, emoji: Some(emoji) }))
}

fn has_room(c: &mut Connection, actor: ActorId, post: &Post, name: &str) -> Result<bool> {
    let own = reactions::table.filter(reactions::post_id.eq(post.id)).filter(reactions::actor_id.eq(actor));
    if own.count().get_result::<i64>(c)? >= MOST_BY_ONE {
        return Ok(false);
    }
    let kinds = tallies(c, None, &[post.id])?;
    let most = usize::try_from(MOST_KINDS).unwrap_or(usize::MAX);
    Ok(kinds.len() < most || kinds.iter().any(|tally| tally.name == name))
}

fn find(c: &mut Connection, actor: ActorId, post: PostId, name: &str) -> Result<Option<Reaction>> {
    Ok(reactions::table
        .filter(reactions::actor_id.eq(actor))
        .filter(reactions::post_id.eq(post))
        .filter(reactions::name.eq(name))
        .select(cols::<Reaction>())
        .first(c)
        .optional()?)
}

fn insert(c: &mut Connection, id: ReactionId, actor: ActorId, post: &Post, with: With, uri: &str) -> Result<bool> {
    let inserted = diesel::insert_into(reactions::table)
        .values((
            reactions::id.eq(id),
            reactions::actor_id.eq(actor),
            reactions::post_id.eq(post.id),
            reactions::name.eq(with.name),
            reactions::emoji.eq(with.emoji.map(Json)),
            reactions::uri.eq(uri),
            reactions::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if inserted == 0 {
        return Ok(false);
    }
    if !post.parts.has(Parts::REACTIONS) {
        // Not the whole set: somebody else may be changing another part.
        written::<BigInt>("UPDATE posts SET parts = parts | 64 WHERE id = :post").number("post", post.id).execute(c)?;
    }
    notifications::notify(c, notice(actor, post.author_id, post.id))?;
    Ok(true)
}

fn remove(c: &mut Connection, gone: &Reaction, author: ActorId) -> Result<()> {
    diesel::delete(reactions::table.find(gone.id)).execute(c)?;
    let others = reactions::table.filter(reactions::post_id.eq(gone.post_id)).filter(reactions::actor_id.eq(gone.actor_id));
    let none_left: bool = !diesel::select(diesel::dsl::exists(others)).get_result::<bool>(c)?;
    if none_left {
        notifications::withdraw(c, notice(gone.actor_id, author, gone.post_id))?;
    }
    Ok(())
}

fn notice(actor: ActorId, author: ActorId, post: PostId) -> Notice {
    Notice { recipient: author, kind: NotificationKind::Reaction, actor, post: Some(post) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn names(c: &mut Connection, post: PostId) -> Vec<(String, i64)> {
        tallies(c, None, &[post]).unwrap().into_iter().map(|tally| (tally.name, tally.count)).collect()
    }

    #[test]
    fn each_emoji_counts_each_person_once() {
        TestDb::new()
            .write_now(|c| {
                let (me, ali) = (local(c, "me"), local(c, "ali"));
                let post = say(c, ali.id, "hello");
                for emoji in ["🎉", "🎉", "❤", "❤️"] {
                    react(c, &site(), me.id, &post, emoji)?;
                }
                react(c, &site(), ali.id, &post, "🎉")?;
                assert_eq!(names(c, post.id), [("🎉".into(), 2), ("❤️".into(), 1)]);
                assert!(tallies(c, Some(me.id), &[post.id])?.iter().all(|tally| tally.me));
                for wrong in ["", "no", "a b", "🎉🎉", ":nobody_has_this:"] {
                    assert!(matches!(react(c, &site(), me.id, &post, wrong), Err(Error::Invalid(_))), "{wrong}");
                }
                unreact(c, me.id, &post, "🎉")?;
                unreact(c, me.id, &post, "🎉")?;
                assert_eq!(names(c, post.id), [("❤️".into(), 1), ("🎉".into(), 1)], "the older first");
                for emoji in ["😀", "😁", "😂", "😃", "😄", "😅", "😆"] {
                    react(c, &site(), me.id, &post, emoji)?;
                }
                assert!(matches!(react(c, &site(), me.id, &post, "😇"), Err(Error::Invalid(_))), "eight are enough");
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_custom_emoji_of_elsewhere_can_be_joined() {
        TestDb::new()
            .write_now(|c| {
                let (me, zoe) = (local(c, "me"), remote(c, "zoe"));
                let post = say(c, me.id, "hello");
                let cat = Emoji {
                    shortcode: "cat".into(),
                    url: "https://peer.example/cat.png".into(),
                    static_url: "https://peer.example/cat.png".into(),
                };
                let uri = "https://peer.example/r/1";
                assert!(super::receive(c, &site(), zoe.id, &post, uri, ":cat:", std::slice::from_ref(&cat))?);
                assert!(!super::receive(c, &site(), zoe.id, &post, "https://peer.example/r/2", ":dog:", &[cat])?);
                react(c, &site(), me.id, &post, "cat@peer.example")?;
                assert_eq!(names(c, post.id), [("cat@peer.example".into(), 2)]);
                assert!(!receive_undo(c, me.id, uri)?, "somebody else's");
                assert!(receive_undo(c, zoe.id, uri)?);
                assert_eq!(names(c, post.id), [("cat@peer.example".into(), 1)]);
                Ok(())
            })
            .unwrap();
    }
}
