//! The letters of a person: the direct posts that it wrote and those that name it, the newest first.

use diesel::prelude::*;

use super::{slice, tail};
use crate::connection::{Connection, select_written};
use crate::error::Result;
use crate::ids::ActorId;
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::time::Timestamp;
use crate::visibility::{condition, welcome};

/// The direct posts that `viewer` wrote, and those to it of people whom it neither mutes nor blocks (nor their servers).
pub fn direct(c: &mut Connection, viewer: ActorId, page: &Page) -> Result<Slice<Post>> {
    let sql = format!(
        "FROM (SELECT id FROM (SELECT l.id FROM posts l \
           WHERE l.author_id = :viewer AND l.visibility = 3 AND l.deleted_at IS NULL{}) mine \
         UNION SELECT id FROM (SELECT l.id FROM mentions m CROSS JOIN posts l CROSS JOIN actors la \
           WHERE m.actor_id = :viewer AND l.id = m.post_id AND l.visibility = 3 AND la.id = l.author_id AND {} AND {}{}) theirs) \
         found CROSS JOIN posts WHERE posts.id = found.id{}",
        tail(page, "l.id"),
        condition(":viewer", "l", "la"),
        welcome(":viewer", "l.author_id", "la"),
        tail(page, "m.post_id"),
        tail(page, "posts.id"),
    );
    let posts: Vec<Post> =
        select_written::<Post>(sql).number("viewer", viewer).number("now", Timestamp::now().millis()).bounded(page).load(c)?;
    Ok(slice(posts, page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Draft;
    use crate::testing::TestDb;
    use crate::testing::people::*;
    use crate::testing::statements::{full_scans, statements};
    use crate::visibility::Visibility;

    fn letter(text: &str) -> Draft {
        Draft { visibility: Some(Visibility::Direct), ..draft(text) }
    }

    fn texts(c: &mut Connection, viewer: ActorId, page: &Page) -> Vec<String> {
        direct(c, viewer, page).unwrap().items.into_iter().map(|post| crate::text::plain(&post.content)).collect()
    }

    #[test]
    fn letters_both_ways_and_nothing_else() {
        TestDb::new()
            .write_now(|c| {
                let (me, ali, eve) = (local(c, "me"), local(c, "ali"), local(c, "eve"));
                publish(c, me.id, letter("@ali 1"));
                publish(c, ali.id, letter("@me 2"));
                say(c, me.id, "to all");
                say(c, ali.id, "@me to all");
                publish(c, ali.id, letter("@eve not mine"));
                publish(c, eve.id, letter("@me 3"));
                publish(c, me.id, letter("to myself 4"));
                assert_eq!(texts(c, me.id, &Page::newest(10)), ["to myself 4", "@me 3", "@me 2", "@ali 1"]);
                let first = direct(c, me.id, &Page::newest(2))?;
                let below = Page { max_id: first.oldest, ..Page::newest(2) };
                assert_eq!(texts(c, me.id, &below), ["@me 2", "@ali 1"]);
                let above = Page { min_id: direct(c, me.id, &below)?.newest, ..Page::newest(1) };
                assert_eq!(texts(c, me.id, &above), ["@me 3"]);
                mute(c, me.id, ali.id, None);
                block(c, eve.id, me.id);
                assert_eq!(texts(c, me.id, &Page::newest(10)), ["to myself 4", "@ali 1"]);
                let (_, sent) = statements(c, |c| direct(c, me.id, &Page::newest(20)).unwrap());
                assert_eq!(sent.len(), 1, "{sent:#?}");
                if c.engine() == crate::connection::Engine::Sqlite {
                    assert_eq!(full_scans(c, &sent[0]), Vec::<String>::new());
                }
                Ok(())
            })
            .unwrap();
    }
}
