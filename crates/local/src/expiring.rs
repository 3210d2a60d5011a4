//! Posts that are deleted at a time of their own, by [`Job::ExpirePost`](crate::jobs::Job::ExpirePost).

use crate::connection::Connection;
use crate::error::{Error, Flaw, Result};
use crate::ids::PostId;
use crate::posts;
use crate::publish::{self, Draft};
use crate::time::Timestamp;

/// Seconds after which a post may be deleted by itself: five minutes to ten years.
pub const EXPIRY: std::ops::RangeInclusive<i64> = 300..=315_360_000;

/// When a draft that is published `now` is to be deleted.
///
/// # Errors
/// [`Error::Invalid`] when that is sooner or later than [`EXPIRY`].
pub(crate) fn time_of(draft: &Draft, now: Timestamp) -> Result<Option<Timestamp>> {
    let Some(at) = draft.expires_at.or_else(|| draft.expires_in.map(|seconds| now.plus_seconds(seconds))) else {
        return Ok(None);
    };
    // A moment may have passed since the time was reckoned.
    if EXPIRY.contains(&(at.millis().saturating_sub(now.millis()).saturating_add(999) / 1_000)) {
        return Ok(Some(at));
    }
    let text = format!("must be {} to {} seconds from now", EXPIRY.start(), EXPIRY.end());
    Err(Error::invalid("expires_in", Flaw::Inclusion, text))
}

/// Deletes a local post whose time is over; one that is gone or has more time is left alone.
pub fn expire(c: &mut Connection, id: PostId) -> Result<()> {
    let Some(post) = posts::find_many(c, &[id])?.pop() else { return Ok(()) };
    let is_over = post.expires_at.is_some_and(|at| at <= Timestamp::now());
    if post.local && post.deleted_at.is_none() && is_over {
        publish::delete(c, post.author_id, id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::jobs::{self, Job};
    use crate::schema::posts as rows;
    use crate::testing::TestDb;
    use crate::testing::people::*;

    #[test]
    fn a_post_goes_when_its_time_is_over_and_not_before() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let post = publish(c, ali.id, Draft { expires_in: Some(600), ..draft("for a while") });
                assert!(jobs::all(c)?.contains(&Job::ExpirePost { post: post.id }));
                let lasts = (post.expires_at.unwrap().millis() - Timestamp::now().millis()) / 1_000;
                assert!((595..=600).contains(&lasts), "{lasts}");
                expire(c, post.id)?;
                assert!(posts::get(c, post.id)?.deleted_at.is_none());
                let past = Timestamp::now().plus_seconds(-1);
                diesel::update(rows::table.find(post.id)).set(rows::expires_at.eq(Some(past))).execute(c)?;
                expire(c, post.id)?;
                expire(c, post.id)?;
                assert!(posts::get(c, post.id)?.deleted_at.is_some());
                let stays = say(c, ali.id, "for ever");
                expire(c, stays.id)?;
                assert!(posts::get(c, stays.id)?.deleted_at.is_none());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn too_soon_and_too_late_are_refused() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                for draft in [
                    Draft { expires_in: Some(299), ..draft("x") },
                    Draft { expires_in: Some(i64::MAX), ..draft("x") },
                    Draft { expires_in: Some(-1), ..draft("x") },
                    Draft { expires_at: Some(Timestamp::now()), ..draft("x") },
                ] {
                    let refused = publish::publish(c, &site(), ali.id, draft);
                    assert!(matches!(&refused, Err(Error::Invalid(wrong)) if wrong[0].field == "expires_in"), "{refused:?}");
                }
                Ok(())
            })
            .unwrap();
    }
}
