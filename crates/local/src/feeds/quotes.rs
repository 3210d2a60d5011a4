//! The quotes of a post, the latest first; their cursors are the quotes'.

use diesel::prelude::*;

use super::tail;
use crate::connection::{Connection, select_written};
use crate::error::Result;
use crate::ids::{ActorId, PostId, QuoteId};
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::quotes::QuoteState;
use crate::schema::quotes as rows;
use crate::time::Timestamp;
use crate::visibility::{condition, welcome};

#[derive(Queryable, Selectable)]
#[diesel(table_name = rows)]
struct Quoting {
    id: QuoteId,
}

/// The posts that quote `quoted` with leave, as far as `viewer` may see them and neither mutes their authors nor blocks their servers.
pub fn quotes(c: &mut Connection, viewer: Option<ActorId>, quoted: PostId, page: &Page) -> Result<Slice<Post>> {
    let sql = format!(
        "FROM quotes CROSS JOIN posts CROSS JOIN actors a \
         WHERE quotes.quoted_id = :quoted AND quotes.state = :accepted AND posts.id = quotes.post_id \
         AND a.id = posts.author_id AND {} AND {}{}",
        condition(":viewer", "posts", "a"),
        welcome(":viewer", "posts.author_id", "a"),
        tail(page, "quotes.id")
    );
    let mut found: Vec<(Quoting, Post)> = select_written::<(Quoting, Post)>(sql)
        .number("quoted", quoted)
        .number("accepted", QuoteState::Accepted.code())
        .number("viewer", viewer.map_or(0, |viewer| viewer.0))
        .number("now", Timestamp::now().millis())
        .bounded(page)
        .load(c)?;
    if page.ascends() {
        found.reverse();
    }
    Ok(Slice::new(found.into_iter().map(|(quote, post)| (quote.id, post)).collect(), page))
}
