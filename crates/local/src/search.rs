//! Full-text search: what is indexed and who finds it. The words come from [`crate::text::search`], folded alike for texts
//! and queries. A post is found by its author, by those whom it mentions, and (when public) by everybody if the author
//! consents (FEP-5feb); it is indexed only if one of these can be.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::actors::Actor;
use crate::connection::{Connection, Engine, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::text::search::terms;
use crate::text::plain;

/// Indexes a post or gives it new words. Call it when the post, its mentions and its author are stored.
pub fn index_post(c: &mut Connection, post: PostId, plain_text: &str) -> Result<()> {
    let words = terms(plain_text);
    if words.is_empty() {
        return unindex_post(c, post);
    }
    let (before, after) = match c.engine() {
        Engine::Sqlite => ("INSERT OR REPLACE INTO search_posts (rowid, terms) SELECT p.id, :words", ""),
        Engine::Postgres => (
            "INSERT INTO search_posts (post_id, terms) SELECT p.id, array_to_tsvector(string_to_array(:words, ' '))",
            " ON CONFLICT (post_id) DO UPDATE SET terms = excluded.terms",
        ),
    };
    let sql = format!(
        "{before} FROM posts p JOIN actors a ON a.id = p.author_id WHERE p.id = :post AND (p.local \
         OR (a.indexable AND p.visibility = 0) \
         OR EXISTS (SELECT 1 FROM mentions m JOIN users u ON u.actor_id = m.actor_id WHERE m.post_id = p.id)){after}"
    );
    written::<BigInt>(sql).text("words", words.join(" ")).number("post", post).execute(c)?;
    Ok(())
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
    let words = terms(&format!("{} {}", actor.username, plain(&actor.display_name)));
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

/// Takes an actor out of the index.
pub fn unindex_actor(c: &mut Connection, actor: ActorId) -> Result<()> {
    let sql = match c.engine() {
        Engine::Sqlite => "DELETE FROM search_actors WHERE rowid = :id",
        Engine::Postgres => "DELETE FROM search_actors WHERE actor_id = :id",
    };
    written::<BigInt>(sql).number("id", actor).execute(c)?;
    Ok(())
}
