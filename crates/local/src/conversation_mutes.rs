//! Conversations of which a person wants to hear no more: nothing in them notifies it. They stay visible; nobody else hears
//! of it. A conversation is named by `posts.conversation`, which replies take over from what they answer.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl};
use crate::error::Result;
use crate::ids::ActorId;
use crate::posts::Post;
use crate::schema::conversation_mutes as mutes;
use crate::time::Timestamp;

/// Mutes the conversation that a post is in. Muting it again changes nothing.
pub fn add(c: &mut Connection, actor: ActorId, post: &Post) -> Result<()> {
    diesel::insert_into(mutes::table)
        .values((
            mutes::actor_id.eq(actor),
            mutes::conversation.eq(post.conversation_name()),
            mutes::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

/// Hears of it again. Nothing happens when it was not muted.
pub fn remove(c: &mut Connection, actor: ActorId, post: &Post) -> Result<()> {
    diesel::delete(mutes::table.find((actor, post.conversation_name()))).execute(c)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::{self, Filter};
    use crate::paging::Page;
    use crate::testing::TestDb;
    use crate::testing::people::*;
    use crate::{likes, marks};

    #[test]
    fn nothing_in_a_muted_conversation_notifies() {
        TestDb::new()
            .write_now(|c| {
                let (me, ali) = (local(c, "me"), local(c, "ali"));
                let (quiet, loud) = (say(c, me.id, "quiet"), say(c, me.id, "loud"));
                add(c, me.id, &quiet)?;
                add(c, me.id, &quiet)?;
                let answer = reply(c, ali.id, quiet.id, "@me no");
                likes::like(c, &site(), ali.id, &quiet)?;
                let heard = |c: &mut Connection| {
                    Ok::<_, crate::Error>(notifications::list(c, me.id, &Filter::default(), &Page::newest(9))?.items.len())
                };
                assert_eq!(heard(c)?, 0);
                let all = [quiet.id, answer.id, loud.id];
                let muted = |c: &mut Connection, who| {
                    let marks = marks::of(c, who, &all)?;
                    Ok::<_, crate::Error>(all.map(|id| marks.get(&id).is_some_and(|m| m.muted)))
                };
                assert_eq!(muted(c, me.id)?, [true, true, false]);
                assert_eq!(muted(c, ali.id)?, [false; 3]);
                likes::like(c, &site(), ali.id, &loud)?;
                assert_eq!(heard(c)?, 1, "other conversations go on");
                remove(c, me.id, &answer)?;
                reply(c, ali.id, answer.id, "@me still no");
                assert_eq!(heard(c)?, 2);
                Ok(())
            })
            .unwrap();
    }
}
