//! Scheduled posts: drafts that are published at a time of their own by [`Job::PublishScheduled`]. The row goes in the same
//! write in which the post comes into being, so that it is published once, whenever the server was stopped in between.

use diesel::prelude::*;

use crate::actors;
use crate::attachments;
use crate::connection::{Connection, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, ScheduledId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::paged;
use crate::paging::Page;
use crate::posts::Post;
use crate::publish::{self, Draft};
use crate::quotes;
use crate::schema::scheduled_posts as rows;
use crate::site::Site;
use crate::time::Timestamp;
use crate::users::{self, Standing};
use crate::visibility::Visibility;
use crate::writing::Typed;

/// Seconds that a post must be scheduled ahead.
pub const AHEAD: i64 = 300;
/// Posts that one person may have scheduled.
pub const MOST: i64 = 300;
/// The same for one day (UTC).
pub const MOST_A_DAY: i64 = 25;
/// Seconds within which the same idempotency key gives the same scheduled post.
const KEY_KEPT: i64 = 3_600;
const DAY: i64 = 86_400_000;

/// A scheduled post as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = rows)]
#[allow(missing_docs)]
pub struct Scheduled {
    pub id: ScheduledId,
    pub author_id: ActorId,
    /// The end of its poll counts from `created_at`.
    pub draft: Json<Draft>,
    pub scheduled_at: Timestamp,
    pub created_at: Timestamp,
}

/// Schedules a draft of `author`, which is checked as if it were published now. The audience is settled now too: what the
/// author chooses as the default later does not widen it. The same idempotency key within an hour gives the same one.
///
/// # Errors
/// [`Error::Invalid`] when the time is not [`AHEAD`], when there are too many, or for what is wrong with the draft;
/// [`Error::NotFound`] when the parent may not be seen.
pub fn schedule(c: &mut Connection, author: ActorId, draft: Draft, at: Timestamp) -> Result<Scheduled> {
    if let Some(key) = &draft.idempotency_key
        && let Some(same) = same_key(c, author, key)?
    {
        return Ok(same);
    }
    let now = Timestamp::now();
    check_time(at, now)?;
    check_limits(c, author, at, None)?;
    publish::check_draft(&draft)?;
    if let Some(parent) = draft.in_reply_to {
        publish::parent_of(c, author, parent)?;
    }
    if let Some(quoted) = draft.quote {
        quotes::quotable(c, author, quoted)?;
    }
    let id = ScheduledId::new();
    let key = draft.idempotency_key.clone();
    let visibility = draft.visibility.or(Some(Visibility::Public));
    let kept = Draft { idempotency_key: None, visibility, ..draft };
    let uploads = kept.attachments.clone();
    let scheduled = diesel::insert_into(rows::table)
        .values((
            rows::id.eq(id),
            rows::author_id.eq(author),
            rows::draft.eq(Json(kept)),
            rows::idempotency_key.eq(key),
            rows::scheduled_at.eq(at),
            rows::created_at.eq(now),
        ))
        .returning(cols::<Scheduled>())
        .get_result(c)?;
    attachments::reserve(c, author, id, &uploads)?;
    jobs::enqueue_at(c, &Job::PublishScheduled { scheduled: id }, at)?;
    Ok(scheduled)
}

/// Moves a scheduled post of `author` to another time.
///
/// # Errors
/// [`Error::NotFound`] when it is not the author's; [`Error::Invalid`] as in [`schedule`].
pub fn reschedule(c: &mut Connection, author: ActorId, id: ScheduledId, at: Timestamp) -> Result<Scheduled> {
    let old = get(c, author, id)?;
    check_time(at, Timestamp::now())?;
    check_limits(c, author, at, Some(&old))?;
    let moved = diesel::update(rows::table.find(id)).set(rows::scheduled_at.eq(at)).returning(cols::<Scheduled>());
    let moved = moved.get_result(c)?;
    // The job for the former time finds that it is not due.
    jobs::enqueue_at(c, &Job::PublishScheduled { scheduled: id }, at)?;
    Ok(moved)
}

/// Cancels a scheduled post of `author`. Its uploads stay for a while like any other.
///
/// # Errors
/// [`Error::NotFound`] when it is not the author's.
pub fn cancel(c: &mut Connection, author: ActorId, id: ScheduledId) -> Result<()> {
    get(c, author, id)?;
    forget(c, id)
}

/// A scheduled post of `author`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, author: ActorId, id: ScheduledId) -> Result<Scheduled> {
    let own = rows::table.find(id).filter(rows::author_id.eq(author)).select(Scheduled::as_select());
    own.first(c).optional()?.ok_or(Error::NotFound("scheduled post"))
}

/// A page of what `author` has scheduled, the last one written first.
pub fn list(c: &mut Connection, author: ActorId, page: &Page) -> Result<Vec<Scheduled>> {
    let own = rows::table.filter(rows::author_id.eq(author));
    Ok(paged!(c, page, rows::id, own.select(Scheduled::as_select())))
}

/// The scheduled post that is to be published now, if it is due and its author still here.
pub fn due(c: &mut Connection, id: ScheduledId) -> Result<Option<Scheduled>> {
    let now = Timestamp::now();
    let due = rows::table.find(id).filter(rows::scheduled_at.le(now));
    Ok(due.select(Scheduled::as_select()).first(c).optional()?)
}

/// Publishes a scheduled post that is due; its row goes. What cannot be published any more goes too, as in Mastodon: its
/// author is not there any more, or the post that it answers. `None` when it is not due or not there.
pub fn publish_due(c: &mut Connection, site: &Site, id: ScheduledId, typed: Typed) -> Result<Option<Post>> {
    let Some(scheduled) = due(c, id)? else { return Ok(None) };
    forget(c, id)?;
    let author = actors::get(c, scheduled.author_id)?;
    let mut draft = scheduled.draft.0;
    if author.is_gone() || users::get(c, author.id)?.standing() != Standing::Active {
        return Ok(None);
    }
    if let Some(parent) = draft.in_reply_to
        && let Err(Error::NotFound(_)) = publish::parent_of(c, author.id, parent)
    {
        tracing::info!(%id, "a scheduled reply was dropped: what it answers is gone");
        return Ok(None);
    }
    if let Some(quoted) = draft.quote
        && let Err(Error::NotFound(_)) = quotes::quotable(c, author.id, quoted)
    {
        tracing::info!(%id, "a scheduled quote was dropped: what it quotes is gone, or may not be quoted any more");
        return Ok(None);
    }
    // A poll lasts as long as its author meant it to, from now on.
    if let Some(poll) = &mut draft.poll {
        let waited = Timestamp::now().millis() - scheduled.created_at.millis();
        poll.expires_at = poll.expires_at.map(|end| Timestamp(end.millis().saturating_add(waited)));
    }
    publish::publish_typed(c, site, author.id, draft, typed).map(Some)
}

/// Drops a scheduled post: it is cancelled, or something of it is wrong by now.
pub fn forget(c: &mut Connection, id: ScheduledId) -> Result<()> {
    attachments::unreserve(c, id)?;
    diesel::delete(rows::table.find(id)).execute(c)?;
    Ok(())
}

fn same_key(c: &mut Connection, author: ActorId, key: &str) -> Result<Option<Scheduled>> {
    Ok(rows::table
        .filter(rows::author_id.eq(author))
        .filter(rows::idempotency_key.eq(key))
        .filter(rows::created_at.gt(Timestamp::now().plus_seconds(-KEY_KEPT)))
        .select(Scheduled::as_select())
        .first(c)
        .optional()?)
}

fn check_time(at: Timestamp, now: Timestamp) -> Result<()> {
    if at <= now.plus_seconds(AHEAD) {
        let text = "must be at least five minutes in the future";
        return Err(Error::invalid("scheduled_at", Flaw::Invalid, text));
    }
    Ok(())
}

/// Whether the author may have one more (or `moved` at another time).
fn check_limits(c: &mut Connection, author: ActorId, at: Timestamp, moved: Option<&Scheduled>) -> Result<()> {
    let own = || rows::table.filter(rows::author_id.eq(author));
    let all: i64 = own().count().get_result(c)?;
    if moved.is_none() && all >= MOST {
        return Err(Error::invalid("base", Flaw::TooLong, format!("at most {MOST} posts can be scheduled")));
    }
    let day = Timestamp(at.millis() - at.millis().rem_euclid(DAY));
    let next = Timestamp(day.millis() + DAY);
    let same_day: i64 = own().filter(rows::scheduled_at.ge(day)).filter(rows::scheduled_at.lt(next)).count().get_result(c)?;
    let itself = i64::from(moved.is_some_and(|old| (day..next).contains(&old.scheduled_at)));
    if same_day - itself >= MOST_A_DAY {
        return Err(Error::invalid("base", Flaw::TooLong, format!("at most {MOST_A_DAY} posts can be scheduled for one day")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachments::NewAttachment;
    use crate::polls::{self, NewPoll, PollOption};
    use crate::posts;
    use crate::testing::TestDb;
    use crate::testing::people::*;
    use crate::text::Format;

    fn in_minutes(n: i64) -> Timestamp {
        Timestamp::now().plus_seconds(60 * n)
    }

    /// As if its time had come.
    fn make_due(c: &mut Connection, id: ScheduledId) {
        let past = Timestamp::now().plus_seconds(-1);
        diesel::update(rows::table.find(id)).set(rows::scheduled_at.eq(past)).execute(c).unwrap();
    }

    fn publish_now(c: &mut Connection, scheduled: &Scheduled) -> Option<Post> {
        make_due(c, scheduled.id);
        let typed = Typed::read(&site(), &scheduled.draft.text, scheduled.draft.format, true);
        publish_due(c, &site(), scheduled.id, typed).unwrap()
    }

    #[test]
    fn a_post_is_published_once_at_its_time_with_all_that_it_was_given() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let parent = say(c, ali.id, "parent");
                let poll = NewPoll {
                    options: ["a", "b"].map(|title| PollOption { title: title.into(), votes: 0 }).to_vec(),
                    multiple: true,
                    hide_totals: true,
                    voters_count: Some(0),
                    expires_at: Some(Timestamp::now().plus_seconds(600)),
                    closed_at: None,
                };
                let asked = Draft {
                    visibility: Some(Visibility::Unlisted),
                    summary: "cw".into(),
                    language: Some("ar".into()),
                    format: Format::Markdown,
                    in_reply_to: Some(parent.id),
                    poll: Some(poll),
                    ..draft("**later**")
                };
                let scheduled = schedule(c, ali.id, asked, in_minutes(10))?;
                assert_eq!(due(c, scheduled.id)?, None);
                let early = Typed::read(&site(), "x", Format::Plain, true);
                assert_eq!(publish_due(c, &site(), scheduled.id, early)?, None);
                // As if it had waited for an hour.
                let hour_ago = Timestamp::now().plus_seconds(-3_600);
                let mut old = scheduled.draft.clone();
                old.0.poll.as_mut().unwrap().expires_at = Some(hour_ago.plus_seconds(600));
                diesel::update(rows::table.find(scheduled.id))
                    .set((rows::created_at.eq(hour_ago), rows::draft.eq(old)))
                    .execute(c)?;
                let post = publish_now(c, &scheduled).unwrap();
                assert_eq!((post.content.as_str(), post.summary.as_str()), ("<p><strong>later</strong></p>", "cw"));
                assert_eq!((post.visibility, post.in_reply_to_id), (Visibility::Unlisted, Some(parent.id)));
                assert_eq!(post.language.as_deref(), Some("ar"));
                let poll = polls::of_post(c, post.id)?.unwrap();
                assert!(poll.multiple && poll.hide_totals);
                let lasts = (poll.expires_at.unwrap().millis() - Timestamp::now().millis()) / 1_000;
                assert!((595..=600).contains(&lasts), "{lasts}");
                assert_eq!(publish_now(c, &scheduled), None, "once");
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn uploads_wait_with_their_post() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let media = attachments::create(c, ali.id, None, NewAttachment::default())?.id;
                let with_media = || Draft { attachments: vec![media], ..draft("later") };
                let first = schedule(c, ali.id, with_media(), in_minutes(10))?;
                assert!(matches!(schedule(c, ali.id, with_media(), in_minutes(10)), Err(Error::Invalid(_))));
                assert!(matches!(publish::publish(c, &site(), ali.id, with_media()), Err(Error::Invalid(_))));
                assert!(matches!(attachments::delete_loose(c, ali.id, media), Err(Error::Invalid(_))));
                assert!(attachments::purge_loose(c, in_minutes(1), 10)?.is_empty());
                cancel(c, ali.id, first.id)?;
                let second = schedule(c, ali.id, with_media(), in_minutes(10))?;
                assert_eq!(attachments::of_scheduled(c, &[second.id])?.len(), 1);
                let post = publish_now(c, &second).unwrap();
                assert_eq!(attachments::of_posts(c, &[post.id])?.len(), 1);
                assert!(attachments::of_scheduled(c, &[second.id])?.is_empty());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn there_is_a_most_and_a_soonest() {
        TestDb::new()
            .write_now(|c| {
                let (ali, badr) = (local(c, "ali"), local(c, "badr"));
                let refused = |result: Result<Scheduled>| match result {
                    Err(Error::Invalid(problems)) => problems[0].field,
                    other => panic!("{other:?}"),
                };
                assert_eq!(refused(schedule(c, ali.id, draft("soon"), in_minutes(5))), "scheduled_at");
                assert_eq!(refused(schedule(c, ali.id, draft(" "), in_minutes(50))), "text");
                let noon = Timestamp(Timestamp::now().millis() / DAY * DAY + 2 * DAY + DAY / 2);
                let mut first = None;
                for n in 0..MOST_A_DAY {
                    let made = schedule(c, ali.id, draft("x"), noon.plus_seconds(n))?;
                    first.get_or_insert(made.id);
                }
                assert_eq!(refused(schedule(c, ali.id, draft("x"), noon)), "base");
                // What is moved within its day is not one more.
                let first = first.unwrap();
                assert_eq!(reschedule(c, ali.id, first, noon.plus_seconds(60))?.scheduled_at, noon.plus_seconds(60));
                let other_day = schedule(c, ali.id, draft("x"), noon.plus_seconds(86_400))?;
                assert_eq!(refused(reschedule(c, ali.id, other_day.id, noon)), "base");
                assert!(matches!(reschedule(c, badr.id, first, noon), Err(Error::NotFound(_))));
                assert!(matches!(cancel(c, badr.id, first), Err(Error::NotFound(_))));
                assert!(schedule(c, badr.id, draft("x"), noon).is_ok());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_moved_post_waits_for_its_new_time_and_a_key_gives_one() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let with_key = || Draft { idempotency_key: Some("k".into()), ..draft("x") };
                let first = schedule(c, ali.id, with_key(), in_minutes(10))?;
                assert_eq!(schedule(c, ali.id, with_key(), in_minutes(20))?.id, first.id);
                reschedule(c, ali.id, first.id, in_minutes(30))?;
                assert_eq!(due(c, first.id)?, None);
                let jobs = jobs::all(c)?;
                assert_eq!(jobs, vec![Job::PublishScheduled { scheduled: first.id }; 2]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn an_answer_to_what_is_gone_is_dropped() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let parent = say(c, ali.id, "parent");
                let answer = Draft { in_reply_to: Some(parent.id), ..draft("answer") };
                let scheduled = schedule(c, ali.id, answer, in_minutes(10))?;
                publish::delete(c, ali.id, parent.id)?;
                assert_eq!(publish_now(c, &scheduled), None);
                assert!(matches!(get(c, ali.id, scheduled.id), Err(Error::NotFound(_))));
                assert_eq!(posts::get(c, parent.id)?.replies_count, 0);
                Ok(())
            })
            .unwrap();
    }
}
