//! E-mail addresses: whether they are confirmed, asking once more, and changing to another one. An address counts once
//! somebody has followed the link that was sent to it.

use diesel::prelude::*;

use crate::actors;
use crate::connection::Connection;
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::ids::ActorId;
use crate::mail::{self, Letter};
use crate::newsletters;
use crate::registrations;
use crate::schema::{actors as people, users as rows};
use crate::tickets::{self, Purpose};
use crate::time::Timestamp;
use crate::users::{self, Role, Standing, User};

/// Letters about addresses that an account causes in an hour.
const LETTERS_AN_HOUR: i64 = 5;
/// Admins who are told that somebody asks to join.
const ADMINS_TOLD: i64 = 20;

/// What a ticket confirms, for whoever is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whose address it is to be.
    pub actor: ActorId,
    /// The account's name.
    pub username: String,
    /// The address.
    pub email: String,
}

/// Asks the address of somebody who has just signed up, or who has not confirmed it yet. Nothing more is sent to whoever was
/// asked often enough in the last hour.
pub(crate) fn ask(c: &mut Connection, user: &User) -> Result<()> {
    write(c, user, &user.email, |username, token| Letter::Confirm { username, token })
}

/// Asks once more, at another address if one is named.
///
/// # Errors
/// [`Error::Forbidden`] when the address is confirmed already; [`Error::Invalid`] naming `email`.
pub fn ask_again(c: &mut Connection, actor: ActorId, email: Option<&str>) -> Result<()> {
    let mut user = users::get(c, actor)?;
    if user.confirmed_at.is_some() {
        return Err(Error::Forbidden("This method is only available while the e-mail is awaiting confirmation"));
    }
    if let Some(email) = email {
        let email = registrations::tidy_email(email);
        if email != user.email {
            checked(c, &email)?;
            diesel::update(rows::table.find(actor)).set(rows::email.eq(&email)).execute(c)?;
            // What was sent to the other address confirms nothing any more: see `asked`.
            user.email = email;
        }
    }
    ask(c, &user)
}

/// Asks the new address of somebody whose present one is confirmed. The present one stays until then.
///
/// # Errors
/// [`Error::Invalid`] naming `email`.
pub fn ask_change(c: &mut Connection, actor: ActorId, email: &str) -> Result<()> {
    let user = users::get(c, actor)?;
    let email = registrations::tidy_email(email);
    checked(c, &email)?;
    write(c, &user, &email, |username, token| Letter::ConfirmChange { username, token })
}

fn write(c: &mut Connection, user: &User, to: &str, letter: impl FnOnce(String, String) -> Letter) -> Result<()> {
    let since = Timestamp::now().plus_seconds(-3_600);
    if tickets::made_since(c, user.actor_id, Purpose::Confirmation, since)? >= LETTERS_AN_HOUR {
        return Ok(());
    }
    let token = tickets::issue(c, user.actor_id, Purpose::Confirmation, to)?;
    let username = actors::get(c, user.actor_id)?.username;
    mail::send(c, to, &user.locale, letter(username, token))
}

fn checked(c: &mut Connection, email: &str) -> Result<()> {
    match registrations::email_problem(c, email)? {
        Some(problem) => Err(Error::Invalid(vec![problem])),
        None => Ok(()),
    }
}

/// What a ticket would confirm; `None` when it is good for nothing (any more).
pub fn asked(c: &mut Connection, token: &str) -> Result<Option<Asked>> {
    let Some(ticket) = tickets::find(c, token, Purpose::Confirmation)? else { return Ok(None) };
    let user = users::get(c, ticket.actor_id)?;
    if user.confirmed_at.is_none() && user.email != ticket.data {
        return Ok(None);
    }
    let username = actors::get(c, ticket.actor_id)?.username;
    Ok(Some(Asked { actor: ticket.actor_id, username, email: ticket.data }))
}

/// Confirms the address of a ticket, which is good for nothing from then on. Whoever's sign-up waits for approval is told to
/// the admins now. `None` when the ticket was good for nothing.
///
/// # Errors
/// [`Error::Invalid`] naming `email` when somebody else has it meanwhile.
pub fn confirm(c: &mut Connection, token: &str) -> Result<Option<User>> {
    let Some(asked) = asked(c, token)? else { return Ok(None) };
    let before = users::get(c, asked.actor)?;
    tickets::revoke_all(c, asked.actor, Purpose::Confirmation)?;
    if before.confirmed_at.is_none() {
        diesel::update(rows::table.find(asked.actor)).set(rows::confirmed_at.eq(Some(Timestamp::now()))).execute(c)?;
        let user = users::get(c, asked.actor)?;
        match user.standing() {
            Standing::Pending => tell_admins(c, &user)?,
            Standing::Active => newsletters::expect_follows(c, &user)?,
            Standing::Unconfirmed | Standing::Disabled => {}
        }
        after_commit(Event::AccessChanged(asked.actor));
        return Ok(Some(user));
    }
    if before.email != asked.email {
        if users::by_email(c, &asked.email)?.is_some() {
            return Err(Error::invalid("email", Flaw::Taken, "has already been taken"));
        }
        diesel::update(rows::table.find(asked.actor)).set(rows::email.eq(&asked.email)).execute(c)?;
        mail::send_to(c, &before, Letter::AddressChanged { username: asked.username, address: asked.email })?;
    }
    Ok(Some(users::get(c, asked.actor)?))
}

/// Tells the admins that somebody asks to join.
pub(crate) fn tell_admins(c: &mut Connection, user: &User) -> Result<()> {
    let admins: Vec<(String, String)> = rows::table
        .inner_join(people::table)
        .filter(rows::role.ge(Role::Admin))
        .filter(rows::confirmed_at.is_not_null())
        .filter(rows::disabled_at.is_null())
        .order(rows::actor_id)
        .limit(ADMINS_TOLD)
        .select((rows::email, rows::locale))
        .load(c)?;
    let username = actors::get(c, user.actor_id)?.username;
    for (email, locale) in admins {
        let reason = user.sign_up_reason.clone().unwrap_or_default();
        mail::send(c, &email, &locale, Letter::Asked { username: username.clone(), reason })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{self, Job};
    use crate::registrations::{Registrations, SignUp, Terms, sign_up};
    use crate::testing::{TestDb, people};

    fn form(name: &str) -> SignUp {
        SignUp {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password: "correct horse".to_owned(),
            agreement: true,
            locale: "ar".to_owned(),
            reason: Some("To talk".to_owned()),
            ..SignUp::default()
        }
    }

    fn letters(c: &mut Connection) -> Vec<(String, Letter)> {
        let all = jobs::all(c).unwrap();
        all.into_iter().filter_map(|job| if let Job::Mail { mail } = job { Some((mail.to, mail.letter)) } else { None }).collect()
    }

    fn token(letter: &Letter) -> String {
        match letter {
            Letter::Confirm { token, .. } | Letter::ConfirmChange { token, .. } => token.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn whoever_signs_up_is_asked_and_the_admins_hear_of_it_afterwards() {
        let db = TestDb::new();
        db.write_now(|c| {
            let admin = people::local(c, "admin").id;
            users::set_role(c, admin, Role::Admin)
        })
        .unwrap();
        let terms = Terms { mode: Registrations::Approval, confirm: true };
        let ali = sign_up(&db, terms, form("ali")).await.unwrap();
        db.write_now(move |c| {
            let sent = letters(c);
            assert_eq!((sent.len(), sent[0].0.as_str()), (1, "ali@example.org"));
            assert_eq!(users::get(c, ali)?.standing(), Standing::Unconfirmed);
            assert_eq!(asked(c, "made up")?, None);
            let secret = token(&sent[0].1);
            assert_eq!(asked(c, &secret)?.map(|a| (a.username, a.email)), Some(("ali".into(), "ali@example.org".into())));
            assert_eq!(confirm(c, &secret)?.map(|u| u.standing()), Some(Standing::Pending));
            assert_eq!(confirm(c, &secret)?, None, "once");
            let asked = Letter::Asked { username: "ali".into(), reason: "To talk".into() };
            assert_eq!(letters(c)[1..], [("admin@example.org".to_owned(), asked)]);
            users::set_standing(c, ali, Standing::Active)?;
            let approved = Letter::Approved { username: "ali".into() };
            assert_eq!(letters(c)[2..], [("ali@example.org".to_owned(), approved)]);
            users::set_standing(c, ali, Standing::Active)?;
            assert_eq!(letters(c).len(), 3, "told once");
            Ok(())
        })
        .unwrap();
    }

    #[tokio::test]
    async fn an_address_that_was_wrong_is_mended_and_nobody_is_flooded() {
        let db = TestDb::new();
        let terms = Terms { mode: Registrations::Open, confirm: true };
        let ali = sign_up(&db, terms, form("ali")).await.unwrap();
        db.write_now(move |c| {
            people::local(c, "bea");
            let first = token(&letters(c)[0].1);
            assert!(matches!(ask_again(c, ali, Some("bea@example.org")), Err(Error::Invalid(_))));
            assert!(matches!(ask_again(c, ali, Some("nothing")), Err(Error::Invalid(_))));
            ask_again(c, ali, Some(" Ali@Example.NET "))?;
            assert_eq!(letters(c)[1].0, "ali@example.net");
            assert_eq!(confirm(c, &first)?, None, "the first address is no longer asked about");
            for _ in 0..10 {
                ask_again(c, ali, None)?;
            }
            assert_eq!(letters(c).len(), 5);
            let last = token(&letters(c)[4].1);
            assert_eq!(
                confirm(c, &last)?.map(|u| (u.email.clone(), u.standing())),
                Some(("ali@example.net".into(), Standing::Active))
            );
            assert!(matches!(ask_again(c, ali, None), Err(Error::Forbidden(_))));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn an_address_is_changed_once_the_new_one_is_confirmed_and_the_old_one_hears_of_it() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            assert!(matches!(ask_change(c, ali, "bea@example.org"), Err(Error::Invalid(_))));
            ask_change(c, ali, "new@example.org")?;
            ask_change(c, bea, "new@example.org")?;
            assert_eq!(users::get(c, ali)?.email, "ali@example.org");
            let sent = letters(c);
            assert_eq!(sent[0].0, "new@example.org");
            assert_eq!(confirm(c, &token(&sent[0].1))?.map(|u| u.email), Some("new@example.org".into()));
            let told = Letter::AddressChanged { username: "ali".into(), address: "new@example.org".into() };
            assert_eq!(letters(c)[2..], [("ali@example.org".to_owned(), told)]);
            assert!(matches!(confirm(c, &token(&sent[1].1)), Err(Error::Invalid(_))), "whoever comes second");
            Ok(())
        })
        .unwrap();
    }
}
