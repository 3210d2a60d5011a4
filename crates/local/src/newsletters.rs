//! Newsletters: what a local author says in public goes by e-mail to people without an account, where the server allows it and
//! the author has switched it on. Here stand the addresses; what is sent to them stands in [`issues`].
//!
//! An address gets nothing but a question until whoever reads it has said yes, and few of those: nobody is flooded by a stranger
//! who types it in. Whether an address is known is told to nobody but its owner.

pub mod issues;

use diesel::prelude::*;

use crate::actors::{self, Actor};
use crate::connection::{Connection, PortableDsl, any_of, cols};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::follows::{self, Choices};
use crate::ids::{ActorId, NewsletterSubscriptionId};
use crate::jobs::{self, Job};
use crate::mail::{self, Letter};
use crate::registrations;
use crate::schema::{actors as people, newsletter_posts, newsletter_subscriptions as rows};
use crate::secrets;
use crate::site::Site;
use crate::text::language::language;
use crate::time::Timestamp;
use crate::users::{self, Standing, User};

/// Seconds between two letters that ask an address about the same author.
const ASK_AGAIN: i64 = 6 * 3_600;
/// Letters in a day that ask the same address, about whomever.
const QUESTIONS_A_DAY: i64 = 3;
/// Days after which an address that has not said yes is forgotten.
pub const UNCONFIRMED_DAYS: i64 = 7;
/// Subscriptions that become follows when somebody joins.
const FOLLOWS: i64 = 100;

/// An address that gets an author's newsletter, or is asked whether it wants to.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = rows)]
pub struct Subscription {
    /// The subscription.
    pub id: NewsletterSubscriptionId,
    /// Whose posts.
    pub author_id: ActorId,
    /// In lower case.
    pub email: String,
    /// The language of the letters: a tag such as `ar`.
    pub locale: String,
    /// The secret in the links of letters. It is stored as it is, since every letter needs it; it opens nothing but this.
    pub token: String,
    /// When whoever reads the address said yes.
    pub confirmed_at: Option<Timestamp>,
    /// When it was last asked.
    pub asked_at: Option<Timestamp>,
}

/// Whether an author has a newsletter, as far as the profile tells.
pub fn offers(site: &Site, author: &Actor) -> bool {
    let is_here = author.is_local() && !author.is_gone() && author.moved_to_id.is_none();
    site.newsletters().is_some() && author.email_subscriptions && is_here
}

/// Whether an author's newsletter can be had now. One query, and none for those who [offer](offers) none.
pub fn is_offered(c: &mut Connection, site: &Site, author: &Actor) -> Result<bool> {
    Ok(offers(site, author) && users::get(c, author.id)?.standing() == Standing::Active)
}

/// Switches an author's newsletter on or off. Addresses are kept; what waits to be sent is not.
///
/// # Errors
/// [`Error::Invalid`] naming `email_subscriptions` when the server allows none; [`Error::NotFound`] for whoever does not log in here.
pub fn set(c: &mut Connection, site: &Site, author: ActorId, on: bool) -> Result<()> {
    if on && site.newsletters().is_none() {
        return Err(Error::invalid("email_subscriptions", Flaw::Inclusion, "is not available on this server"));
    }
    users::get(c, author)?;
    diesel::update(people::table.find(author)).set(people::email_subscriptions.eq(on)).execute(c)?;
    if !on {
        diesel::delete(newsletter_posts::table.filter(newsletter_posts::author_id.eq(author))).execute(c)?;
    }
    after_commit(Event::ActorChanged(author));
    Ok(())
}

/// How many addresses get an author's newsletter.
pub fn readers(c: &mut Connection, author: ActorId) -> Result<i64> {
    let confirmed = rows::table.filter(rows::author_id.eq(author)).filter(rows::confirmed_at.is_not_null());
    Ok(confirmed.count().get_result(c)?)
}

/// Asks an address whether it wants an author's newsletter, unless it has it, or was asked often enough: the caller does not
/// learn which. Without a locale the letters are in the author's language.
///
/// # Errors
/// [`Error::NotFound`] when the author has none; [`Error::Invalid`] naming `email`.
pub fn subscribe(c: &mut Connection, site: &Site, author: ActorId, email: &str, locale: Option<&str>) -> Result<()> {
    let author = actors::get(c, author)?;
    if !is_offered(c, site, &author)? {
        return Err(Error::NotFound("account"));
    }
    let email = registrations::tidy_email(email);
    if let Some(problem) = registrations::email_flaw(&email) {
        return Err(Error::Invalid(vec![problem]));
    }
    let locale = match locale.and_then(language) {
        Some(known) => known.to_owned(),
        None => users::get(c, author.id)?.locale,
    };
    let now = Timestamp::now();
    // One row is written in any case: the time that it takes does not tell either whether the address is known.
    diesel::insert_into(rows::table)
        .values((
            rows::id.eq(NewsletterSubscriptionId::new()),
            rows::author_id.eq(author.id),
            rows::email.eq(&email),
            rows::locale.eq(&locale),
            rows::token.eq(secrets::generate()),
            rows::tried_at.eq(now),
        ))
        .on_conflict((rows::author_id, rows::email))
        .do_update()
        .set(rows::tried_at.eq(now))
        .portable()
        .execute(c)?;
    let known: Subscription = rows::table
        .filter(rows::author_id.eq(author.id))
        .filter(rows::email.eq(&email))
        .select(cols::<Subscription>())
        .first(c)?;
    let was_asked = known.asked_at.is_some_and(|at| at > now.plus_seconds(-ASK_AGAIN));
    if known.confirmed_at.is_some() || was_asked || questions_since(c, &email, now.plus_seconds(-86_400))? >= QUESTIONS_A_DAY {
        return Ok(());
    }
    diesel::update(rows::table.find(known.id)).set((rows::asked_at.eq(Some(now)), rows::locale.eq(&locale))).execute(c)?;
    mail::send(c, &email, &locale, Letter::Subscribe { username: author.username, token: known.token })
}

/// How many authors' questions an address has got since then.
fn questions_since(c: &mut Connection, email: &str, since: Timestamp) -> Result<i64> {
    Ok(rows::table.filter(rows::email.eq(email)).filter(rows::asked_at.gt(since)).count().get_result(c)?)
}

/// The subscription of a secret and its author; `None` when there is none (any more).
pub fn find(c: &mut Connection, token: &str) -> Result<Option<(Subscription, Actor)>> {
    let found: Option<Subscription> =
        rows::table.filter(rows::token.eq(token)).select(cols::<Subscription>()).first(c).optional()?;
    match found {
        Some(subscription) => {
            let author = actors::get(c, subscription.author_id)?;
            Ok(Some((subscription, author)))
        }
        None => Ok(None),
    }
}

/// The address says yes. Once more changes nothing; `false` when the secret is good for nothing (any more).
pub fn confirm(c: &mut Connection, token: &str) -> Result<bool> {
    let Some((subscription, _)) = find(c, token)? else { return Ok(false) };
    if subscription.confirmed_at.is_none() {
        let now = Some(Timestamp::now());
        diesel::update(rows::table.find(subscription.id)).set(rows::confirmed_at.eq(now)).execute(c)?;
    }
    Ok(true)
}

/// The address wants no more letters, and is forgotten. Once more changes nothing.
pub fn leave(c: &mut Connection, token: &str) -> Result<()> {
    diesel::delete(rows::table.filter(rows::token.eq(token))).execute(c)?;
    Ok(())
}

/// Forgets up to `limit` addresses that have not said yes since anybody last typed them in, before that time; gives back how many.
pub fn purge(c: &mut Connection, before: Timestamp, limit: i64) -> Result<usize> {
    let old: Vec<NewsletterSubscriptionId> = rows::table
        .filter(rows::confirmed_at.is_null())
        .filter(rows::tried_at.lt(before))
        .limit(limit)
        .select(rows::id)
        .load(c)?;
    Ok(diesel::delete(rows::table.filter(any_of(rows::id, &old))).execute(c)?)
}

/// Somebody has joined, and has proved the address: what came by e-mail before becomes follows, by a job.
pub(crate) fn expect_follows(c: &mut Connection, user: &User) -> Result<()> {
    let theirs = rows::table.filter(rows::email.eq(&user.email)).filter(rows::confirmed_at.is_not_null());
    if diesel::select(diesel::dsl::exists(theirs)).get_result(c)? {
        jobs::enqueue(c, &Job::FollowNewsletters { actor: user.actor_id })?;
    }
    Ok(())
}

/// Makes follows of somebody's subscriptions. Those to authors who approve their followers stay: the letters go on meanwhile.
pub fn follow_instead(c: &mut Connection, site: &Site, actor: ActorId) -> Result<()> {
    let user = match users::get(c, actor) {
        Ok(user) if user.standing() == Standing::Active => user,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let theirs: Vec<(NewsletterSubscriptionId, ActorId)> = rows::table
        .inner_join(people::table.on(people::id.eq(rows::author_id)))
        .filter(rows::email.eq(&user.email))
        .filter(rows::confirmed_at.is_not_null())
        .filter(people::locked.eq(false))
        .order(rows::id)
        .limit(FOLLOWS)
        .select((rows::id, rows::author_id))
        .load(c)?;
    for (subscription, author) in theirs {
        match follows::follow(c, site, actor, author, &Choices::default()) {
            Ok(_) => {
                diesel::delete(rows::table.find(subscription)).execute(c)?;
            }
            Err(Error::Forbidden(_) | Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confirmations;
    use crate::registrations::{Registrations, SignUp, Terms, sign_up};
    use crate::testing::TestDb;
    use crate::testing::people;

    fn site() -> Site {
        people::site().with_newsletters(Some(300))
    }

    /// Somebody with a newsletter.
    fn author(c: &mut Connection, name: &str) -> Actor {
        let id = people::local(c, name).id;
        set(c, &site(), id, true).unwrap();
        actors::get(c, id).unwrap()
    }

    /// Whom the letters that wait ask, and with which secret.
    fn asked(c: &mut Connection) -> Vec<(String, String)> {
        let all = jobs::all(c).unwrap();
        let of_job = |job| match job {
            Job::Mail { mail } => match mail.letter {
                Letter::Subscribe { token, .. } => Some((mail.to, token)),
                _ => None,
            },
            _ => None,
        };
        all.into_iter().filter_map(of_job).collect()
    }

    fn long_ago(c: &mut Connection, seconds: i64) {
        let then = Timestamp::now().plus_seconds(-seconds);
        diesel::update(rows::table).set((rows::asked_at.eq(Some(then)), rows::tried_at.eq(then))).execute(c).unwrap();
    }

    #[test]
    fn an_address_is_asked_says_yes_and_leaves() {
        TestDb::new()
            .write_now(|c| {
                let ali = author(c, "ali");
                subscribe(c, &site(), ali.id, " Rita@Example.NET ", Some("ar-EG"))?;
                let (to, token) = asked(c).remove(0);
                assert_eq!((to.as_str(), readers(c, ali.id)?), ("rita@example.net", 0));
                let (known, whose) = find(c, &token)?.unwrap();
                assert_eq!((known.locale.as_str(), whose.id, known.confirmed_at), ("ar", ali.id, None));
                assert!(!confirm(c, "made up")? && find(c, "made up")?.is_none());
                assert!(confirm(c, &token)? && confirm(c, &token)?);
                assert_eq!(readers(c, ali.id)?, 1);
                // Whoever types it in again is told nothing else, and changes nothing.
                subscribe(c, &site(), ali.id, "rita@example.net", Some("en"))?;
                long_ago(c, 2 * 86_400);
                subscribe(c, &site(), ali.id, "rita@example.net", Some("en"))?;
                assert_eq!((asked(c).len(), find(c, &token)?.unwrap().0.locale.as_str()), (1, "ar"));
                leave(c, &token)?;
                leave(c, &token)?;
                assert!(readers(c, ali.id)? == 0 && !confirm(c, &token)?);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn nobody_is_flooded() {
        TestDb::new()
            .write_now(|c| {
                let authors = ["ali", "bea", "dina", "omar"].map(|name| author(c, name).id);
                for _ in 0..3 {
                    subscribe(c, &site(), authors[0], "rita@example.net", None)?;
                }
                assert_eq!(asked(c).len(), 1, "once in some hours");
                for id in authors {
                    subscribe(c, &site(), id, "rita@example.net", None)?;
                }
                assert_eq!(asked(c).len(), 3, "and a few times in a day");
                subscribe(c, &site(), authors[3], "nour@example.net", None)?;
                assert_eq!(asked(c).len(), 4, "others are asked");
                long_ago(c, ASK_AGAIN + 1);
                subscribe(c, &site(), authors[0], "rita@example.net", None)?;
                assert_eq!(asked(c).len(), 4, "the day is not over");
                long_ago(c, 86_401);
                subscribe(c, &site(), authors[0], "rita@example.net", None)?;
                assert_eq!(asked(c).len(), 5);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn only_who_offers_one_has_a_newsletter() {
        TestDb::new()
            .write_now(|c| {
                let (ali, bea, far) = (author(c, "ali").id, people::local(c, "bea").id, people::remote(c, "far").id);
                let ask = |c: &mut Connection, site: &Site, id| subscribe(c, site, id, "rita@example.net", None);
                let refused = |outcome: Result<()>| matches!(outcome, Err(Error::NotFound(_)));
                assert!(refused(ask(c, &site(), bea)) && refused(ask(c, &site(), far)) && refused(ask(c, &site(), ActorId(1))));
                assert!(refused(ask(c, &people::site(), ali)), "the server allows none");
                assert!(matches!(set(c, &people::site(), bea, true), Err(Error::Invalid(_))));
                set(c, &people::site(), bea, false)?;
                assert!(matches!(set(c, &site(), far, true), Err(Error::NotFound(_))));
                for email in ["", "nothing", "@example.org", "a b@example.org"] {
                    let outcome = subscribe(c, &site(), ali, email, None);
                    assert!(matches!(&outcome, Err(Error::Invalid(wrong)) if wrong[0].field == "email"), "{email}: {outcome:?}");
                }
                users::set_standing(c, ali, Standing::Disabled)?;
                assert!(refused(ask(c, &site(), ali)));
                assert_eq!(rows::table.count().get_result::<i64>(c)?, 0, "nothing came of it");
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn whoever_has_not_said_yes_is_forgotten_and_all_are_with_the_author() {
        TestDb::new()
            .write_now(|c| {
                let ali = author(c, "ali");
                for email in ["rita@example.net", "nour@example.net"] {
                    subscribe(c, &site(), ali.id, email, None)?;
                }
                let asked = asked(c);
                confirm(c, &asked[0].1)?;
                let week_ago = |now: Timestamp| now.plus_seconds(-UNCONFIRMED_DAYS * 86_400);
                assert_eq!(purge(c, week_ago(Timestamp::now()), 10)?, 0);
                long_ago(c, UNCONFIRMED_DAYS * 86_400 + 1);
                assert_eq!(purge(c, week_ago(Timestamp::now()), 10)?, 1);
                assert!(!confirm(c, &asked[1].1)?);
                assert_eq!(readers(c, ali.id)?, 1);
                users::delete(c, ali.id)?;
                assert_eq!(rows::table.count().get_result::<i64>(c)?, 0);
                Ok(())
            })
            .unwrap();
    }

    #[tokio::test]
    async fn whoever_joins_follows_instead_once_the_address_is_proved() {
        let db = TestDb::new();
        let (ali, bea) = db
            .write_now(|c| {
                let (ali, bea) = (author(c, "ali").id, author(c, "bea").id);
                people::lock(c, bea);
                for id in [ali, bea] {
                    subscribe(c, &site(), id, "rita@example.org", None)?;
                }
                asked(c).iter().try_for_each(|(_, token)| confirm(c, token).map(drop))?;
                Ok((ali, bea))
            })
            .unwrap();
        let form = SignUp {
            username: "rita".into(),
            email: "rita@example.org".into(),
            password: "correct horse".into(),
            agreement: true,
            ..SignUp::default()
        };
        let rita = sign_up(&db, Terms { mode: Registrations::Open, confirm: true }, form).await.unwrap();
        db.write_now(move |c| {
            follow_instead(c, &site(), rita)?;
            assert!(!follows::is_following(c, rita, ali)?, "anybody could have typed the address in");
            let Some(Job::Mail { mail: crate::mail::Mail { letter: Letter::Confirm { token, .. }, .. } }) = jobs::all(c)?.pop()
            else {
                panic!("no letter")
            };
            confirmations::confirm(c, &token)?;
            assert!(jobs::all(c)?.contains(&Job::FollowNewsletters { actor: rita }));
            follow_instead(c, &site(), rita)?;
            follow_instead(c, &site(), rita)?;
            assert!(follows::is_following(c, rita, ali)?);
            assert_eq!((readers(c, ali)?, readers(c, bea)?), (0, 1));
            Ok(())
        })
        .unwrap();
    }
}
