//! Conversations by direct posts, as each local person has them: which was the last one that the person has had, and
//! whether it has read it. One row for each person and conversation, kept by whatever makes or takes away a direct post.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, any_of, cols, written};
use crate::domain_blocks;
use crate::error::{Error, Result};
use crate::ids::{ActorId, ConversationId, PostId};
use crate::on_each;
use crate::paged;
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::schema::{conversations, users};
use crate::visibility::{self, Visibility};

/// A conversation of one person.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[allow(missing_docs)]
pub struct Conversation {
    pub id: ConversationId,
    pub actor_id: ActorId,
    /// The newest direct post in it that the person wrote or got.
    pub last_post_id: PostId,
    pub unread: bool,
}

/// A direct post is new, or new to `people` of those whom it names: it is the last of its conversation for its author and
/// for them, and unread by them. Nothing happens for other posts, and for people of other servers. Four statements for any number of people.
pub(crate) fn record(c: &mut Connection, post: &Post, people: &[ActorId]) -> Result<()> {
    if post.visibility != Visibility::Direct {
        return Ok(());
    }
    let mut people = people.to_vec();
    people.push(post.author_id);
    let people = visibility::seen_by(c, &people, post.id)?;
    let people = domain_blocks::without_blockers(c, people, post)?;
    let ours: Vec<ActorId> = users::table.filter(any_of(users::actor_id, &people)).select(users::actor_id).load(c)?;
    let name = post.conversation_name();
    let rows: Vec<_> = ours
        .iter()
        .map(|person| {
            (
                conversations::id.eq(ConversationId::new()),
                conversations::actor_id.eq(*person),
                conversations::name.eq(&name),
                conversations::last_post_id.eq(post.id),
                conversations::unread.eq(false),
            )
        })
        .collect();
    for chunk in rows.chunks(1_000) {
        on_each!(c => diesel::insert_into(conversations::table).values(chunk).on_conflict_do_nothing().execute(c))?;
    }
    // What comes late from elsewhere is older than what is there.
    let theirs = conversations::table.filter(conversations::name.eq(&name)).filter(conversations::last_post_id.le(post.id));
    diesel::update(theirs.filter(any_of(conversations::actor_id, &ours)))
        .set((conversations::last_post_id.eq(post.id), conversations::unread.eq(conversations::actor_id.ne(post.author_id))))
        .execute(c)?;
    Ok(())
}

/// A direct post is gone: the one before it is the last one now, or the conversation is gone too.
pub(crate) fn forget_post(c: &mut Connection, post: &Post) -> Result<()> {
    if post.visibility != Visibility::Direct {
        return Ok(());
    }
    let of_post = conversations::table.filter(conversations::last_post_id.eq(post.id));
    for row in of_post.select(cols::<Conversation>()).load::<Conversation>(c)? {
        match last_post(c, row.actor_id, &post.conversation_name())? {
            Some(last) => {
                let last = conversations::last_post_id.eq(last);
                diesel::update(conversations::table.find(row.id)).set(last).execute(c)?
            }
            None => diesel::delete(conversations::table.find(row.id)).execute(c)?,
        };
    }
    Ok(())
}

fn last_post(c: &mut Connection, actor: ActorId, name: &str) -> Result<Option<PostId>> {
    let rows: Vec<PostId> = written::<BigInt>(
        "SELECT p.id FROM posts p WHERE p.conversation = :name AND p.visibility = 3 AND p.deleted_at IS NULL \
         AND (p.author_id = :actor OR EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id AND m.actor_id = :actor)) \
         ORDER BY p.id DESC LIMIT 1",
    )
    .text("name", name)
    .number("actor", actor)
    .load(c)?;
    Ok(rows.first().copied())
}

/// A person's conversations, that of the newest post first; the cursors are those of the last posts.
pub fn list(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<Conversation>> {
    let own = conversations::table.filter(conversations::actor_id.eq(actor)).select(cols::<Conversation>());
    let rows: Vec<Conversation> = paged!(c, page, conversations::last_post_id, own);
    Ok(Slice::new(rows.into_iter().map(|row| (row.last_post_id, row)).collect(), page))
}

/// The conversations of `people` of which `post` is the last one; the id and whether it is unread.
pub fn with_last_post(c: &mut Connection, post: PostId, people: &[ActorId]) -> Result<Vec<Conversation>> {
    let of_post = conversations::table.filter(conversations::last_post_id.eq(post));
    Ok(of_post.filter(any_of(conversations::actor_id, people)).select(cols::<Conversation>()).load(c)?)
}

/// A person wants nothing to do with another any more: conversations whose last post it wrote, or which names it, go from the
/// person's list until somebody says something in them that the person still hears.
pub(crate) fn part(c: &mut Connection, actor: ActorId, other: ActorId) -> Result<()> {
    written::<BigInt>(
        "DELETE FROM conversations WHERE actor_id = :actor AND EXISTS (SELECT 1 FROM posts p WHERE p.id = conversations.last_post_id \
         AND (p.author_id = :other OR EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id AND m.actor_id = :other)))",
    )
    .number("actor", actor)
    .number("other", other)
    .execute(c)?;
    Ok(())
}

/// The same with everybody of a server: conversations whose last post came from there go.
pub(crate) fn part_with_server(c: &mut Connection, actor: ActorId, domain: &str) -> Result<()> {
    written::<BigInt>(
        "DELETE FROM conversations WHERE actor_id = :actor AND EXISTS (SELECT 1 FROM posts p CROSS JOIN actors a \
         WHERE p.id = conversations.last_post_id AND a.id = p.author_id AND (a.domain = :domain OR a.host = :domain))",
    )
    .number("actor", actor)
    .text("domain", domain)
    .execute(c)?;
    Ok(())
}

/// Marks a person's conversation as read, or as unread.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn set_unread(c: &mut Connection, actor: ActorId, id: ConversationId, unread: bool) -> Result<Conversation> {
    diesel::update(conversations::table.filter(conversations::id.eq(id)).filter(conversations::actor_id.eq(actor)))
        .set(conversations::unread.eq(unread))
        .returning(cols::<Conversation>())
        .get_result(c)
        .optional()?
        .ok_or(Error::NotFound("conversation"))
}

/// Takes a conversation from a person's list, until something new is said in it. The posts stay.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, actor: ActorId, id: ConversationId) -> Result<()> {
    let own = conversations::table.filter(conversations::id.eq(id)).filter(conversations::actor_id.eq(actor));
    if diesel::delete(own).execute(c)? == 0 { Err(Error::NotFound("conversation")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{list, *};
    use crate::publish::{self, Draft, Revision};
    use crate::receive::{self, RemotePost};
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn letter(c: &mut Connection, author: ActorId, text: &str, parent: Option<PostId>) -> Result<Post> {
        let draft = Draft {
            text: text.into(),
            visibility: Some(Visibility::Direct),
            in_reply_to: parent,
            character_limit: 500,
            ..Draft::default()
        };
        publish::publish(c, &site(), author, draft)
    }

    fn of(c: &mut Connection, who: ActorId) -> Result<Vec<(PostId, bool)>> {
        Ok(list(c, who, &Page::newest(9))?.items.into_iter().map(|row| (row.last_post_id, row.unread)).collect())
    }

    #[test]
    fn each_has_its_own_view_of_a_conversation() {
        TestDb::new()
            .write_now(|c| {
                let (me, ali, eve) = (local(c, "me"), local(c, "ali"), local(c, "eve"));
                let first = letter(c, me.id, "@ali hello", None)?;
                assert_eq!((of(c, me.id)?, of(c, ali.id)?), (vec![(first.id, false)], vec![(first.id, true)]));
                let other = letter(c, eve.id, "@me psst", None)?;
                let second = letter(c, ali.id, "@me hello yourself", Some(first.id))?;
                assert_eq!(of(c, me.id)?, [(second.id, true), (other.id, true)]);
                assert_eq!(of(c, ali.id)?, [(second.id, false)]);
                let id = list(c, me.id, &Page::newest(1))?.items[0].id;
                assert!(!set_unread(c, me.id, id, false)?.unread);
                assert!(matches!(set_unread(c, eve.id, id, true), Err(Error::NotFound(_))));
                let heard = with_last_post(c, second.id, &[me.id, ali.id, eve.id])?;
                assert_eq!(heard.len(), 2);

                publish::delete(c, ali.id, second.id)?;
                assert_eq!(of(c, me.id)?, [(other.id, true), (first.id, false)], "the one before it is the last one");
                publish::delete(c, me.id, first.id)?;
                assert_eq!((of(c, me.id)?.len(), of(c, ali.id)?.len()), (1, 0));
                say(c, ali.id, "@me in public");
                assert_eq!(of(c, me.id)?.len(), 1);
                let id = list(c, me.id, &Page::newest(1))?.items[0].id;
                assert!(matches!(delete(c, ali.id, id), Err(Error::NotFound(_))));
                delete(c, me.id, id)?;
                assert!(of(c, me.id)?.is_empty());
                letter(c, eve.id, "@me again", Some(other.id))?;
                assert_eq!(of(c, me.id)?.len(), 1, "something new brings it back");
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn who_is_named_later_has_the_conversation_from_then_on() {
        TestDb::new()
            .write_now(|c| {
                let (me, ali, far) = (local(c, "me"), local(c, "ali"), remote(c, "far"));
                let own = letter(c, me.id, "to nobody yet", None)?;
                let revision = Revision { text: "@ali hello".into(), character_limit: 500, ..Revision::default() };
                publish::edit(c, &site(), me.id, own.id, revision)?;
                assert_eq!((of(c, me.id)?, of(c, ali.id)?), (vec![(own.id, false)], vec![(own.id, true)]));

                let foreign = RemotePost { visibility: Visibility::Direct, mentioned: vec![me.id], ..note(&far, "psst") };
                let post = receive::post(c, foreign.clone(), true)?.unwrap();
                assert_eq!(of(c, me.id)?[0], (post.id, true));
                receive::edit(c, RemotePost { mentioned: vec![me.id, ali.id], content: "<p>both</p>".into(), ..foreign })?;
                assert!(of(c, ali.id)?.contains(&(post.id, true)));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn who_is_blocked_starts_no_conversation() {
        TestDb::new()
            .write_now(|c| {
                let (me, eve) = (local(c, "me"), local(c, "eve"));
                block(c, me.id, eve.id);
                letter(c, eve.id, "@me psst", None)?;
                assert!(of(c, me.id)?.is_empty());
                assert_eq!(of(c, eve.id)?.len(), 1);
                Ok(())
            })
            .unwrap();
    }
}
