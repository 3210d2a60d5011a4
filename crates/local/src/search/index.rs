//! What is indexed: of a post its words and properties, of an actor its names.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::names;
use super::query::Property;
use crate::actors::Actor;
use crate::attachments::AttachmentKind;
use crate::connection::{Connection, Engine, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::polls;
use crate::posts::{Parts, Post};
use crate::publish::search_text;
use crate::schema::attachments;
use crate::text::language::language;
use crate::text::search::terms;
use crate::text::{links, plain};

/// Begins the terms of properties; no text has such a term.
const PROPERTY: char = '\u{E000}';

/// The term of a property.
pub(super) fn property_term(property: Property) -> String {
    let name = match property {
        Property::Media => "hm",
        Property::Image => "hi",
        Property::Video => "hv",
        Property::Audio => "ha",
        Property::Poll => "hp",
        Property::Link => "hl",
        Property::Reply => "ir",
        Property::Sensitive => "is",
        Property::Unknown => "0",
        Property::Language(code) => {
            let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
            return format!("{PROPERTY}l{}", code.to_ascii_lowercase());
        }
    };
    format!("{PROPERTY}{name}")
}

/// The term that every post has: what is asked for when all that is asked is to leave something out.
pub(super) fn any_term() -> String {
    format!("{PROPERTY}x")
}

pub(super) fn author_term(author: ActorId) -> String {
    format!("{PROPERTY}f{author}")
}

/// What is indexed of a post: its words, those of its poll and of its pictures' descriptions, and its properties.
fn post_terms(c: &mut Connection, post: &Post) -> Result<Vec<String>> {
    let mut text = search_text(post);
    let mut properties = Vec::new();
    if post.parts.has(Parts::MEDIA) {
        properties.push(Property::Media);
        let media: Vec<(AttachmentKind, String)> = attachments::table
            .filter(attachments::post_id.eq(post.id))
            .select((attachments::kind, attachments::description))
            .load(c)?;
        for (kind, description) in media {
            properties.extend(match kind {
                AttachmentKind::Image | AttachmentKind::Gifv => Some(Property::Image),
                AttachmentKind::Video => Some(Property::Video),
                AttachmentKind::Audio => Some(Property::Audio),
                AttachmentKind::Unknown => None,
            });
            text.push('\n');
            text.push_str(&description);
        }
    }
    if post.parts.has(Parts::POLL) {
        properties.push(Property::Poll);
        for option in polls::of_post(c, post.id)?.into_iter().flat_map(|poll| poll.options.0) {
            text.push('\n');
            text.push_str(&option.title);
        }
    }
    if !links::outward(&post.content).is_empty() {
        properties.push(Property::Link);
    }
    if post.in_reply_to_uri.is_some() {
        properties.push(Property::Reply);
    }
    if post.sensitive {
        properties.push(Property::Sensitive);
    }
    properties.extend(post.language.as_deref().and_then(language).map(Property::Language));
    let mut terms = terms(&text);
    terms.extend(properties.into_iter().map(property_term));
    terms.push(any_term());
    terms.push(author_term(post.author_id));
    terms.sort_unstable();
    terms.dedup();
    Ok(terms)
}

/// Indexes a post or gives it new words. Call it when the post, its parts and its author are stored.
pub fn index_post(c: &mut Connection, post: &Post) -> Result<()> {
    let words = post_terms(c, post)?;
    let (before, after) = match c.engine() {
        Engine::Sqlite => ("INSERT OR REPLACE INTO search_posts (rowid, terms) SELECT p.id, :words", ""),
        Engine::Postgres => (
            "INSERT INTO search_posts (post_id, terms) SELECT p.id, array_to_tsvector(string_to_array(:words, ' '))",
            " ON CONFLICT (post_id) DO UPDATE SET terms = excluded.terms",
        ),
    };
    let kept = ["likes l", "bookmarks l", "poll_votes l"]
        .map(|table| format!("OR EXISTS (SELECT 1 FROM {table} JOIN users u ON u.actor_id = l.actor_id WHERE l.post_id = p.id)"));
    let sql = format!(
        "{before} FROM posts p JOIN actors a ON a.id = p.author_id WHERE p.id = :post AND (p.local \
         OR (a.indexable AND p.visibility = 0) \
         OR EXISTS (SELECT 1 FROM mentions m JOIN users u ON u.actor_id = m.actor_id WHERE m.post_id = p.id) {} \
         OR EXISTS (SELECT 1 FROM posts b JOIN users u ON u.actor_id = b.author_id \
           WHERE b.boost_of_id = p.id AND b.deleted_at IS NULL)){after}",
        kept.join(" ")
    );
    written::<BigInt>(sql).text("words", words.join(" ")).number("post", post.id).execute(c)?;
    Ok(())
}

/// Somebody here has begun to keep a post (by a like, a boost, a bookmark, a vote): it is found from now on. Our own are
/// indexed anyway.
pub(crate) fn index_kept(c: &mut Connection, post: &Post) -> Result<()> {
    if post.local {
        return Ok(());
    }
    let sql = match c.engine() {
        Engine::Sqlite => "SELECT rowid FROM search_posts WHERE rowid = :id",
        Engine::Postgres => "SELECT post_id FROM search_posts WHERE post_id = :id",
    };
    let known: Option<i64> = written::<BigInt>(sql).number("id", post.id).get_result(c).optional()?;
    if known.is_some() { Ok(()) } else { index_post(c, post) }
}

/// Takes a post out of the index.
pub fn unindex_post(c: &mut Connection, post: PostId) -> Result<()> {
    let sql = match c.engine() {
        Engine::Sqlite => "DELETE FROM search_posts WHERE rowid = :id",
        Engine::Postgres => "DELETE FROM search_posts WHERE post_id = :id",
    };
    written::<BigInt>(sql).number("id", post).execute(c)?;
    Ok(())
}

/// Indexes an actor by its names, or gives it new ones.
pub fn index_actor(c: &mut Connection, actor: &Actor) -> Result<()> {
    let mut words = name_terms(actor);
    words.extend(names::grams(&words));
    if words.is_empty() {
        return unindex_actor(c, actor.id);
    }
    let sql = match c.engine() {
        Engine::Sqlite => "INSERT OR REPLACE INTO search_actors (rowid, terms) VALUES (:id, :words)",
        Engine::Postgres => {
            "INSERT INTO search_actors (actor_id, terms) VALUES (:id, array_to_tsvector(string_to_array(:words, ' '))) \
             ON CONFLICT (actor_id) DO UPDATE SET terms = excluded.terms"
        }
    };
    written::<BigInt>(sql).number("id", actor.id).text("words", words.join(" ")).execute(c)?;
    Ok(())
}

/// The words of an actor's names.
pub(super) fn name_terms(actor: &Actor) -> Vec<String> {
    terms(&format!("{} {}", actor.username, plain(&actor.display_name)))
}

/// Takes an actor out of the index.
pub fn unindex_actor(c: &mut Connection, actor: ActorId) -> Result<()> {
    let sql = match c.engine() {
        Engine::Sqlite => "DELETE FROM search_actors WHERE rowid = :id",
        Engine::Postgres => "DELETE FROM search_actors WHERE actor_id = :id",
    };
    written::<BigInt>(sql).number("id", actor).execute(c)?;
    Ok(())
}
