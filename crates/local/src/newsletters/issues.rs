//! What a newsletter tells: new public posts, gathered for a while, then one letter to each reader. Letters are handed to their
//! own jobs a few at a time, in the write that remembers how far that went: whenever the server is killed, nobody is left out
//! and nobody gets a second letter.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Subscription, find, is_offered};
use crate::actors::{self, Actor};
use crate::attachments::{self, Attachment};
use crate::connection::{Connection, any_of};
use crate::error::{Error, Result};
use crate::ids::{ActorId, JobId, NewsletterSubscriptionId, PostId};
use crate::jobs::{self, Job};
use crate::mail::{self, Letter};
use crate::posts::{self, Parts, Post};
use crate::quotes;
use crate::schema::{newsletter_posts as waiting, newsletter_subscriptions as readers};
use crate::site::Site;
use crate::time::Timestamp;
use crate::visibility::Visibility;

/// Posts of one letter, the oldest first; the others are in the next.
const POSTS: i64 = 20;
/// Letters that are handed on in one write, and …
const LETTERS: i64 = 50;
/// … seconds until the next are: other work is not to wait for thousands of them.
const PAUSE: i64 = 5;

/// What is told to one reader.
#[derive(Debug, Clone)]
pub struct Issue {
    /// The reader.
    pub subscription: Subscription,
    /// Whose posts.
    pub author: Actor,
    /// The oldest first; at least one.
    pub posts: Vec<Post>,
    /// The attachments of all posts.
    pub attachments: Vec<Attachment>,
    /// The texts of those that quote, with a link to what they quote.
    texts: HashMap<PostId, String>,
}

impl Issue {
    /// The text of a post: HTML.
    pub fn text<'a>(&'a self, post: &'a Post) -> &'a str {
        self.texts.get(&post.id).unwrap_or(&post.content)
    }
}

/// Whether a post may go by e-mail, which cannot be called back: it is for everybody, and for good.
fn goes_out(post: &Post) -> bool {
    post.local
        && post.deleted_at.is_none()
        && post.visibility == Visibility::Public
        && !post.local_only
        && !post.is_boost()
        && !post.answers_other()
        && post.expires_at.is_none()
}

/// Those of these posts that may go out, the oldest first.
fn of_ids(c: &mut Connection, author: ActorId, ids: &[PostId]) -> Result<Vec<Post>> {
    let mut found = posts::find_many(c, ids)?;
    found.retain(|post| post.author_id == author && goes_out(post));
    found.sort_unstable_by_key(|post| post.id);
    Ok(found)
}

/// Has a new post wait for the next issue, if its author has readers.
pub(crate) fn expect(c: &mut Connection, site: &Site, author: &Actor, post: &Post) -> Result<()> {
    let Some(delay) = site.newsletters().filter(|_| author.email_subscriptions && goes_out(post)) else { return Ok(()) };
    let confirmed = readers::table.filter(readers::author_id.eq(author.id)).filter(readers::confirmed_at.is_not_null());
    if !diesel::select(diesel::dsl::exists(confirmed)).get_result::<bool>(c)? {
        return Ok(());
    }
    diesel::insert_into(waiting::table).values((waiting::post_id.eq(post.id), waiting::author_id.eq(author.id))).execute(c)?;
    // Each post has a job of its own, of which the first to be due takes them all and the others find nothing: so none is ever
    // left behind, whatever happens at the same moment.
    let job = Job::Newsletter { author: author.id, posts: vec![post.id], after: NewsletterSubscriptionId(0) };
    jobs::enqueue_at(c, &job, Timestamp::now().plus_seconds(delay)).map(drop)
}

/// Does the work of a [`Job::Newsletter`], and ends it: hands on the next letters, and has another job do the rest.
pub fn hand_out(
    c: &mut Connection,
    site: &Site,
    job: JobId,
    author: ActorId,
    ids: Vec<PostId>,
    after: NewsletterSubscriptionId,
) -> Result<()> {
    jobs::finish(c, &[job])?;
    let ids = if after == NewsletterSubscriptionId(0) { gather(c, author, &ids)? } else { ids };
    let posts: Vec<PostId> = of_ids(c, author, &ids)?.iter().map(|post| post.id).collect();
    if posts.is_empty() || !is_still_offered(c, site, author)? {
        return Ok(());
    }
    let next: Vec<(NewsletterSubscriptionId, String, String, String)> = readers::table
        .filter(readers::author_id.eq(author))
        .filter(readers::confirmed_at.is_not_null())
        .filter(readers::id.gt(after))
        .order(readers::id)
        .limit(LETTERS)
        .select((readers::id, readers::email, readers::locale, readers::token))
        .load(c)?;
    let last = next.last().map(|reader| reader.0).filter(|_| i64::try_from(next.len()).is_ok_and(|count| count == LETTERS));
    for (_, email, locale, token) in next {
        mail::send(c, &email, &locale, Letter::Newsletter { token, posts: posts.clone() })?;
    }
    match last {
        Some(after) => {
            let rest = Job::Newsletter { author, posts, after };
            jobs::enqueue_at(c, &rest, Timestamp::now().plus_seconds(PAUSE)).map(drop)
        }
        None => Ok(()),
    }
}

/// What has waited for as long as the first of these posts, and came meanwhile; nothing when an earlier issue has told it.
fn gather(c: &mut Connection, author: ActorId, ids: &[PostId]) -> Result<Vec<PostId>> {
    let own = waiting::table.filter(any_of(waiting::post_id, ids));
    if !diesel::select(diesel::dsl::exists(own)).get_result::<bool>(c)? {
        return Ok(Vec::new());
    }
    let all: Vec<PostId> = waiting::table
        .filter(waiting::author_id.eq(author))
        .order(waiting::post_id)
        .limit(POSTS)
        .select(waiting::post_id)
        .load(c)?;
    diesel::delete(waiting::table.filter(any_of(waiting::post_id, &all))).execute(c)?;
    Ok(all)
}

fn is_still_offered(c: &mut Connection, site: &Site, author: ActorId) -> Result<bool> {
    match actors::get(c, author) {
        Ok(author) => is_offered(c, site, &author),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a letter tells, as it stands now: `None` when the reader has left, the author has switched it off, or everything was
/// deleted meanwhile.
pub fn load(c: &mut Connection, site: &Site, token: &str, ids: &[PostId]) -> Result<Option<Issue>> {
    let Some((subscription, author)) = find(c, token)? else { return Ok(None) };
    if subscription.confirmed_at.is_none() || !is_offered(c, site, &author)? {
        return Ok(None);
    }
    let posts = of_ids(c, author.id, ids)?;
    if posts.is_empty() {
        return Ok(None);
    }
    let with_media: Vec<PostId> = posts.iter().filter(|post| post.parts.has(Parts::MEDIA)).map(|post| post.id).collect();
    let attachments = attachments::of_posts(c, &with_media)?;
    let quoted = quotes::made_by(c, posts.iter())?;
    let texts = quotes::linked(posts.iter(), &quoted);
    Ok(Some(Issue { subscription, author, posts, attachments, texts }))
}

#[cfg(test)]
mod tests {
    use super::super::{leave, set};
    use super::*;
    use crate::boosts;
    use crate::connection::Engine;
    use crate::publish::{self, Draft};
    use crate::secrets;
    use crate::testing::TestDb;
    use crate::testing::people;
    use crate::testing::statements::{full_scans, statements};

    fn site() -> Site {
        people::site().with_newsletters(Some(300))
    }

    fn author(c: &mut Connection) -> ActorId {
        let ali = people::local(c, "ali").id;
        set(c, &site(), ali, true).unwrap();
        ali
    }

    /// Somebody who has said yes; gives back the secret.
    fn reader(c: &mut Connection, author: ActorId, name: &str) -> String {
        let token = secrets::generate();
        diesel::insert_into(readers::table)
            .values((
                readers::id.eq(NewsletterSubscriptionId::new()),
                readers::author_id.eq(author),
                readers::email.eq(format!("{name}@example.net")),
                readers::locale.eq("en"),
                readers::token.eq(&token),
                readers::confirmed_at.eq(Some(Timestamp::now())),
                readers::tried_at.eq(Timestamp::now()),
            ))
            .execute(c)
            .unwrap();
        token
    }

    fn say(c: &mut Connection, author: ActorId, draft: Draft) -> Post {
        publish::publish(c, &site(), author, draft).unwrap()
    }

    /// Does every newsletter job as if it were due, until there is none; gives back the letters: whom to, and what they tell.
    fn send(c: &mut Connection) -> Vec<(String, Vec<PostId>)> {
        loop {
            let due = diesel::update(crate::schema::jobs::table).set(crate::schema::jobs::run_at.eq(Timestamp(0)));
            due.execute(c).unwrap();
            let claimed = jobs::claim(c, 10_000, 60).unwrap();
            let mut worked = false;
            for one in claimed {
                if let Job::Newsletter { author, posts, after } = one.job {
                    hand_out(c, &site(), one.id, author, posts, after).unwrap();
                    worked = true;
                }
            }
            if !worked {
                break;
            }
        }
        let letter = |job| match job {
            Job::Mail { mail } => match mail.letter {
                Letter::Newsletter { posts, .. } => Some((mail.to, posts)),
                _ => None,
            },
            _ => None,
        };
        jobs::all(c).unwrap().into_iter().filter_map(letter).collect()
    }

    #[test]
    fn what_is_said_for_everybody_is_told_once_in_one_letter() {
        TestDb::new()
            .write_now(|c| {
                let (ali, bea) = (author(c), people::local(c, "bea").id);
                say(c, ali, people::draft("nobody reads this yet"));
                let token = reader(c, ali, "rita");
                let first = say(c, ali, people::draft("first"));
                let other = people::say(c, bea, "said by bea");
                for draft in [
                    Draft { visibility: Some(Visibility::Unlisted), ..people::draft("unlisted") },
                    Draft { visibility: Some(Visibility::Private), ..people::draft("private") },
                    Draft { visibility: Some(Visibility::Direct), ..people::draft("direct") },
                    Draft { local_only: true, ..people::draft("local") },
                    Draft { expires_in: Some(600), ..people::draft("for a while") },
                    Draft { in_reply_to: Some(other.id), ..people::draft("an answer") },
                ] {
                    say(c, ali, draft);
                }
                boosts::boost(c, &site(), ali, &other, None)?;
                say(c, bea, people::draft("another's"));
                let thread = say(c, ali, Draft { in_reply_to: Some(first.id), ..people::draft("and another thing") });
                let gone = say(c, ali, people::draft("a mistake"));
                publish::delete(c, ali, gone.id)?;
                let told = vec![first.id, thread.id];
                assert_eq!(send(c), [("rita@example.net".to_owned(), told.clone())]);
                assert_eq!(send(c).len(), 1, "once");
                assert_eq!(waiting::table.count().get_result::<i64>(c)?, 0);
                let next = say(c, ali, people::draft("the next issue"));
                assert_eq!(send(c)[1].1, [next.id]);

                // What the letter tells is what still stands when it is written.
                let issue = load(c, &site(), &token, &told)?.unwrap();
                assert_eq!(issue.posts.iter().map(|post| post.id).collect::<Vec<_>>(), told);
                assert!(issue.text(&issue.posts[0]).contains("first"));
                publish::delete(c, ali, first.id)?;
                assert_eq!(load(c, &site(), &token, &told)?.unwrap().posts.len(), 1);
                publish::delete(c, ali, thread.id)?;
                assert!(load(c, &site(), &token, &told)?.is_none());
                assert!(load(c, &site(), &token, &[other.id])?.is_none(), "nobody else's");
                assert!(load(c, &people::site(), &token, &[next.id])?.is_none());
                leave(c, &token)?;
                assert!(load(c, &site(), &token, &[next.id])?.is_none());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn many_readers_are_served_in_pieces_and_nobody_twice() {
        TestDb::new()
            .write_now(|c| {
                let ali = author(c);
                let all: Vec<String> = (0..120).map(|n| reader(c, ali, &format!("reader{n}"))).collect();
                say(c, ali, people::draft("hello"));
                say(c, ali, people::draft("again"));
                let (leaves, _) = all.split_first().unwrap();
                leave(c, leaves)?;
                let mut to: Vec<String> = send(c).into_iter().map(|letter| letter.0).collect();
                to.sort_unstable();
                to.dedup();
                assert_eq!((to.len(), send(c).len()), (119, 119));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn many_posts_take_as_many_queries_as_one() {
        TestDb::new()
            .write_now(|c| {
                let ali = author(c);
                let token = reader(c, ali, "rita");
                let posts: Vec<PostId> = (0..10).map(|n| say(c, ali, people::draft(&format!("number {n}"))).id).collect();
                let (_, one) = statements(c, |c| load(c, &site(), &token, &posts[..1]).unwrap());
                let (issue, all) = statements(c, |c| load(c, &site(), &token, &posts).unwrap());
                assert_eq!((issue.unwrap().posts.len(), all.len()), (10, one.len()));
                assert!(one.len() <= 4, "{one:#?}");
                let none = NewsletterSubscriptionId(0);
                let (_, all) = statements(c, |c| hand_out(c, &site(), JobId(1), ali, posts.clone(), none).unwrap());
                assert!(all.len() <= 10, "{all:#?}");
                if c.engine() == Engine::Sqlite {
                    for statement in all.iter().filter(|statement| !statement.starts_with("INSERT")) {
                        assert_eq!(full_scans(c, statement), Vec::<String>::new(), "{statement}");
                    }
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn more_posts_than_a_letter_holds_are_in_the_next() {
        TestDb::new()
            .write_now(|c| {
                let ali = author(c);
                reader(c, ali, "rita");
                for n in 0..25 {
                    say(c, ali, people::draft(&format!("number {n}")));
                }
                assert_eq!(send(c).iter().map(|letter| letter.1.len()).collect::<Vec<_>>(), [20, 5]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn nothing_is_sent_for_whoever_has_switched_it_off_or_is_gone() {
        TestDb::new()
            .write_now(|c| {
                let ali = author(c);
                reader(c, ali, "rita");
                say(c, ali, people::draft("hello"));
                set(c, &site(), ali, false)?;
                say(c, ali, people::draft("quiet"));
                set(c, &site(), ali, true)?;
                assert!(send(c).is_empty());
                say(c, ali, people::draft("farewell"));
                crate::users::delete(c, ali)?;
                assert!(send(c).is_empty());
                Ok(())
            })
            .unwrap();
    }
}
