//! Polls: a post that asks. Ours count their votes; those of other servers say their totals themselves.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, any_of, written};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::ids::{ActorId, PostId};
use crate::jobs::{self, Change, Job};
use crate::json::Json;
use crate::notifications::{self, Notice, NotificationKind};
use crate::on_each;
use crate::posts::Post;
use crate::schema::{poll_votes, polls, posts};
use crate::search;
use crate::time::Timestamp;

/// Options that a local poll may have.
pub const MOST_OPTIONS: usize = 20;
/// Characters of an option.
pub const OPTION_LIMIT: usize = 100;
/// Seconds that a local poll may last: five minutes to a month.
pub const DURATION: std::ops::RangeInclusive<i64> = 300..=2_629_746;

/// Voters who are told of the end in one write.
const TOLD_AT_ONCE: i64 = 200;

/// One answer of a poll.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PollOption {
    /// Plain text.
    pub title: String,
    /// How many chose it.
    #[serde(default)]
    pub votes: i64,
}

/// A poll as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = polls)]
#[allow(missing_docs)]
pub struct Poll {
    pub post_id: PostId,
    pub options: Json<Vec<PollOption>>,
    /// Whether more than one may be chosen.
    pub multiple: bool,
    /// Totals stay hidden until the end.
    pub hide_totals: bool,
    /// `None` when a remote server does not say.
    pub voters_count: Option<i64>,
    /// `None`: no end.
    pub expires_at: Option<Timestamp>,
    /// When a remote server closed it.
    pub closed_at: Option<Timestamp>,
}

impl Poll {
    /// Whether `other` asks something else: other options, or another way to choose.
    pub fn differs(&self, other: &NewPoll) -> bool {
        let titles = |options: &[PollOption]| options.iter().map(|option| option.title.clone()).collect::<Vec<_>>();
        self.multiple != other.multiple || titles(&self.options) != titles(&other.options)
    }

    /// Whether voting has ended.
    pub fn is_over(&self) -> bool {
        let now = Timestamp::now();
        self.closed_at.is_some() || self.expires_at.is_some_and(|end| end <= now)
    }
}

/// A poll to be made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub struct NewPoll {
    pub options: Vec<PollOption>,
    pub multiple: bool,
    pub hide_totals: bool,
    pub voters_count: Option<i64>,
    pub expires_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
}

/// Whether a local poll has the right form.
///
/// # Errors
/// [`Error::Invalid`] naming the field.
pub fn check_new(poll: &NewPoll) -> Result<()> {
    let options = &poll.options;
    if options.len() < 2 {
        return Err(Error::invalid("poll[options]", Flaw::TooShort, "must be at least two"));
    }
    if options.len() > MOST_OPTIONS {
        return Err(Error::invalid("poll[options]", Flaw::TooLong, format!("at most {MOST_OPTIONS}")));
    }
    if options.iter().any(|o| o.title.trim().is_empty()) {
        return Err(Error::invalid("poll[options]", Flaw::Blank, "an option cannot be empty"));
    }
    if options.iter().any(|o| o.title.chars().count() > OPTION_LIMIT) {
        return Err(Error::invalid("poll[options]", Flaw::TooLong, format!("an option has at most {OPTION_LIMIT} characters")));
    }
    let distinct: std::collections::HashSet<&str> = options.iter().map(|o| o.title.as_str()).collect();
    if distinct.len() < options.len() {
        return Err(Error::invalid("poll[options]", Flaw::Invalid, "two options are the same"));
    }
    let seconds = poll.expires_at.map_or(0, |end| (end.millis() - Timestamp::now().millis() + 999) / 1_000);
    if !DURATION.contains(&seconds) {
        let text = format!("must be {} to {} seconds", DURATION.start(), DURATION.end());
        return Err(Error::invalid("poll[expires_in]", Flaw::Inclusion, text));
    }
    Ok(())
}

/// Stores a post's poll, or what a remote server now says of it: its votes stay.
pub(crate) fn set(c: &mut Connection, post: PostId, poll: &NewPoll) -> Result<()> {
    let values = (
        polls::options.eq(Json(poll.options.clone())),
        polls::multiple.eq(poll.multiple),
        polls::hide_totals.eq(poll.hide_totals),
        polls::voters_count.eq(poll.voters_count),
        polls::expires_at.eq(poll.expires_at),
        polls::closed_at.eq(poll.closed_at),
    );
    let before = of_post(c, post)?;
    match &before {
        Some(_) => diesel::update(polls::table.find(post)).set(values).execute(c)?,
        None => diesel::insert_into(polls::table).values((polls::post_id.eq(post), values)).execute(c)?,
    };
    await_end(c, post, before.as_ref(), poll)
}

/// Has the end of a poll told when it comes. Of a poll elsewhere only once somebody here has voted; a job that comes too
/// early waits again.
fn await_end(c: &mut Connection, post: PostId, before: Option<&Poll>, poll: &NewPoll) -> Result<()> {
    let was_over = before.is_some_and(Poll::is_over);
    let closed = poll.closed_at.is_some();
    let moved = before.is_some_and(|before| before.expires_at != poll.expires_at);
    let due = match poll.expires_at {
        _ if closed && !was_over && before.is_some() => Timestamp::now(),
        Some(end) if end > Timestamp::now() && (before.is_none() || moved) => end,
        _ => return Ok(()),
    };
    let concerned = if before.is_none() {
        posts::table.find(post).filter(posts::local).select(posts::id).first::<PostId>(c).optional()?.is_some()
    } else {
        has_local_voters(c, post)?
    };
    if concerned {
        jobs::enqueue_at(c, &Job::EndPoll { post }, due)?;
    }
    Ok(())
}

/// The author of a local post edits its poll, adds one or takes it away. Other options, or another way to choose, and all
/// vote anew; otherwise the votes stay.
pub(crate) fn revise(c: &mut Connection, post: PostId, poll: Option<&NewPoll>) -> Result<()> {
    match (of_post(c, post)?, poll) {
        (_, None) => forget(c, post),
        (Some(before), Some(poll)) if !before.differs(poll) => {
            let same = NewPoll { options: before.options.0, voters_count: before.voters_count, ..poll.clone() };
            set(c, post, &same)
        }
        (_, Some(poll)) => {
            forget_votes(c, post)?;
            set(c, post, poll)
        }
    }
}

/// Another server says what its poll is now: with its totals, whatever it asks. What was voted for something else counts
/// no longer.
pub(crate) fn receive(c: &mut Connection, post: PostId, poll: Option<&NewPoll>) -> Result<()> {
    let Some(poll) = poll else { return forget(c, post) };
    if of_post(c, post)?.is_some_and(|before| before.differs(poll)) {
        forget_votes(c, post)?;
    }
    set(c, post, poll)
}

/// A poll and its votes.
fn forget(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(polls::table.find(post)).execute(c)?;
    Ok(())
}

fn forget_votes(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(poll_votes::table.filter(poll_votes::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// The local people who voted in a poll and have a greater id than `after`.
fn local_voters(post: PostId, after: ActorId) -> crate::connection::Written<BigInt> {
    written::<BigInt>(
        "SELECT DISTINCT v.actor_id FROM poll_votes v CROSS JOIN users u WHERE v.post_id = :post AND v.actor_id > :after \
         AND u.actor_id = v.actor_id ORDER BY v.actor_id LIMIT :limit",
    )
    .number("post", post)
    .number("after", after)
    .number("limit", TOLD_AT_ONCE)
}

fn has_local_voters(c: &mut Connection, post: PostId) -> Result<bool> {
    let some: Vec<ActorId> = local_voters(post, ActorId(0)).load(c)?;
    Ok(!some.is_empty())
}

/// Tells the next few of those who have to do with a poll that it has ended: its author, if it lives here, and whoever voted
/// here. `after`: whom of the voters was told last; gives back the same for the next call, or `None` at the end. A poll that
/// has not ended yet is looked at again when it will have.
pub fn end(c: &mut Connection, id: PostId, after: ActorId) -> Result<Option<ActorId>> {
    let post = match crate::posts::get(c, id) {
        Ok(post) if post.deleted_at.is_none() => post,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(poll) = of_post(c, id)? else { return Ok(None) };
    if !poll.is_over() {
        if let Some(end) = poll.expires_at {
            jobs::enqueue_at(c, &Job::EndPoll { post: id }, end)?;
        }
        return Ok(None);
    }
    let told = |recipient| Notice { recipient, kind: NotificationKind::Poll, actor: post.author_id, post: Some(id) };
    if after == ActorId(0) {
        notifications::notify(c, told(post.author_id))?;
        if post.local {
            jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: id } })?;
        }
        after_commit(Event::PostEdited(id));
    }
    let voters: Vec<ActorId> = local_voters(id, after).load(c)?;
    for voter in &voters {
        notifications::notify(c, told(*voter))?;
    }
    let full = i64::try_from(voters.len()).is_ok_and(|n| n == TOLD_AT_ONCE);
    Ok(voters.last().copied().filter(|_| full))
}

/// The poll of a post.
pub fn of_post(c: &mut Connection, post: PostId) -> Result<Option<Poll>> {
    Ok(polls::table.find(post).select(Poll::as_select()).first(c).optional()?)
}

/// The polls of these posts; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<Poll>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(polls::table.filter(any_of(polls::post_id, posts)).select(Poll::as_select()).load(c)?)
}

/// What `viewer` chose in these polls, as pairs.
pub fn own_votes(c: &mut Connection, viewer: ActorId, posts: &[PostId]) -> Result<Vec<(PostId, i32)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(poll_votes::table
        .filter(poll_votes::actor_id.eq(viewer))
        .filter(any_of(poll_votes::post_id, posts))
        .order((poll_votes::post_id, poll_votes::choice))
        .select((poll_votes::post_id, poll_votes::choice))
        .load(c)?)
}

/// What each of `voters` chose in one poll, as pairs.
pub fn votes_by(c: &mut Connection, voters: &[ActorId], post: PostId) -> Result<Vec<(ActorId, i32)>> {
    Ok(poll_votes::table
        .filter(poll_votes::post_id.eq(post))
        .filter(any_of(poll_votes::actor_id, voters))
        .order((poll_votes::actor_id, poll_votes::choice))
        .select((poll_votes::actor_id, poll_votes::choice))
        .load(c)?)
}

/// A local person votes, once. In a remote poll the vote is sent to its author; the totals change at once here.
///
/// # Errors
/// [`Error::Invalid`] when the poll is over, the person has voted, or the choices do not fit.
pub fn vote(c: &mut Connection, voter: ActorId, post: &Post, choices: &[i32]) -> Result<Poll> {
    let poll = of_post(c, post.id)?.ok_or(Error::NotFound("poll"))?;
    if poll.is_over() {
        return Err(Error::invalid("choices", Flaw::Invalid, "the poll has already ended"));
    }
    if post.author_id == voter {
        return Err(Error::invalid("choices", Flaw::Invalid, "you cannot vote in your own poll"));
    }
    if !own_votes(c, voter, &[post.id])?.is_empty() {
        return Err(Error::invalid("choices", Flaw::Taken, "you have already voted in this poll"));
    }
    let mut choices = choices.to_vec();
    choices.sort_unstable();
    choices.dedup();
    let fits = |n: &i32| usize::try_from(*n).is_ok_and(|n| n < poll.options.len());
    if choices.is_empty() || !choices.iter().all(fits) || (choices.len() > 1 && !poll.multiple) {
        return Err(Error::invalid("choices", Flaw::Invalid, "these choices do not fit the poll"));
    }
    let first_here = !post.local && !has_local_voters(c, post.id)?;
    if let Some(end) = poll.expires_at.filter(|_| first_here) {
        jobs::enqueue_at(c, &Job::EndPoll { post: post.id }, end)?;
    }
    let rows: Vec<_> = choices
        .iter()
        .map(|n| (poll_votes::post_id.eq(post.id), poll_votes::actor_id.eq(voter), poll_votes::choice.eq(*n)))
        .collect();
    on_each!(c => diesel::insert_into(poll_votes::table).values(&rows).execute(c))?;
    let poll = add_votes(c, poll, &choices, true)?;
    if post.local {
        jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: post.id } })?;
    } else {
        search::index_kept(c, post)?;
        jobs::enqueue(c, &Job::Federate { change: Change::Voted { post: post.id, actor: voter, choices } })?;
    }
    after_commit(Event::PostEdited(post.id));
    Ok(poll)
}

/// A remote person votes in a local poll, by the option's text. A second vote for the same, or one too late, changes nothing.
pub fn receive_vote(c: &mut Connection, voter: ActorId, post: &Post, title: &str, uri: &str) -> Result<()> {
    let Some(poll) = of_post(c, post.id)? else { return Ok(()) };
    let Some(choice) = poll.options.iter().position(|o| o.title == title).and_then(|n| i32::try_from(n).ok()) else {
        return Ok(());
    };
    let before = own_votes(c, voter, &[post.id])?;
    if poll.is_over() || before.iter().any(|v| v.1 == choice) || (!before.is_empty() && !poll.multiple) {
        return Ok(());
    }
    diesel::insert_into(poll_votes::table)
        .values((
            poll_votes::post_id.eq(post.id),
            poll_votes::actor_id.eq(voter),
            poll_votes::choice.eq(choice),
            poll_votes::uri.eq(uri),
        ))
        .execute(c)?;
    add_votes(c, poll, &[choice], before.is_empty())?;
    jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: post.id } })?;
    after_commit(Event::PostEdited(post.id));
    Ok(())
}

fn add_votes(c: &mut Connection, mut poll: Poll, choices: &[i32], new_voter: bool) -> Result<Poll> {
    for choice in choices {
        if let Some(option) = usize::try_from(*choice).ok().and_then(|n| poll.options.0.get_mut(n)) {
            option.votes += 1;
        }
    }
    if new_voter {
        poll.voters_count = poll.voters_count.map(|n| n + 1);
    }
    diesel::update(polls::table.find(poll.post_id))
        .set((polls::options.eq(poll.options.clone()), polls::voters_count.eq(poll.voters_count)))
        .execute(c)?;
    Ok(poll)
}
