//! Passwords: hashed with Argon2id and compared, away from the database threads and only so many at a time, since each
//! takes tens of milliseconds and 19 MiB.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::actors;
use crate::connection::Connection;
use crate::db::Db;
use crate::error::{Error, Flaw, Problem, Result};
use crate::ids::ActorId;
use crate::mail::{self, Letter};
use crate::tickets::{self, Purpose};
use crate::time::Timestamp;
use crate::users::{self, User};

/// Bytes of a password: Argon2 would take more, and so would an attacker's flood.
pub const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// Hashes that are computed at the same time in this process: a flood of log-ins must not take all memory.
static LANES: Semaphore = Semaphore::const_new(4);
/// Letters about a forgotten password that an account gets in an hour.
const RESETS_AN_HOUR: i64 = 3;
/// The hash of a password that nobody has, by the same parameters.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWFqbGlzLW5vYm9keQ$yMQ0yyrzjvWs0tCDSfyaTHRGnVcgKTCzbZNGmxHPVgw";

/// What is wrong with a new password, if anything is.
pub fn problem(password: &str) -> Option<Problem> {
    let wrong = |flaw, message: String| Some(Problem { field: "password", flaw, message });
    match password.len() {
        0 => wrong(Flaw::Blank, "can't be blank".to_owned()),
        length if length < *LENGTH.start() => {
            wrong(Flaw::TooShort, format!("is too short (minimum is {} characters)", LENGTH.start()))
        }
        length if length > *LENGTH.end() => wrong(Flaw::TooLong, format!("is too long (maximum is {} bytes)", LENGTH.end())),
        _ => None,
    }
}

/// Hashes a password (Argon2id, 19 MiB, two passes: OWASP's password storage advice), in PHC form.
///
/// # Errors
/// [`Error::Invalid`] when it is too short or too long.
pub async fn hash(password: String) -> Result<String> {
    if let Some(problem) = problem(&password) {
        return Err(Error::Invalid(vec![problem]));
    }
    off_thread(move || {
        let hash = argon2()?.hash_password(password.as_bytes()).map_err(Error::internal)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether `password` is the one that was hashed. Takes as long for nobody's hash (`None`): whether an account exists must
/// not be told by the time that the answer takes.
///
/// # Errors
/// [`Error::Internal`] when the stored hash cannot be read.
pub async fn verify(password: String, stored: Option<String>) -> Result<bool> {
    if password.len() > *LENGTH.end() {
        return Ok(false);
    }
    off_thread(move || {
        let hash = PasswordHash::new(stored.as_deref().unwrap_or(NOBODY)).map_err(Error::internal)?;
        Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok() && stored.is_some())
    })
    .await
}

/// The user who logs in by an address or a name and a password; `None` when these do not fit, or there is none.
/// Whether the user may act is for the caller to look at.
///
/// # Errors
/// Those of the database.
pub async fn log_in(db: &Db, login: String, password: String) -> Result<Option<User>> {
    let user = db.read(move |c| users::by_login(c, &login)).await?;
    // An account without a password (made by a test or an import) is nobody's.
    let stored = user.as_ref().map(|u| u.password_hash.clone()).filter(|hash| !hash.is_empty());
    Ok(if verify(password, stored).await? { user } else { None })
}

/// Gives a user another password, which ends all log-ins and tokens.
///
/// # Errors
/// [`Error::Invalid`] when it is too short or too long; [`Error::NotFound`].
pub async fn change(db: &Db, actor: ActorId, password: String) -> Result<()> {
    let hash = hash(password).await?;
    db.write(move |c| users::set_password_hash(c, actor, &hash)).await
}

/// The same by the person itself, who gets a letter about it: it may have been somebody else.
///
/// # Errors
/// Those of [`change`].
pub async fn change_own(db: &Db, actor: ActorId, password: String) -> Result<()> {
    let hash = hash(password).await?;
    db.write(move |c| set_own(c, actor, &hash)).await
}

fn set_own(c: &mut Connection, actor: ActorId, hash: &str) -> Result<()> {
    users::set_password_hash(c, actor, hash)?;
    tickets::revoke_all(c, actor, Purpose::PasswordReset)?;
    let (user, username) = (users::get(c, actor)?, actors::get(c, actor)?.username);
    mail::send_to(c, &user, Letter::PasswordChanged { username })
}

/// Writes to whoever has forgotten the password of the account with this address, if there is one. Nothing tells the caller
/// whether there is.
///
/// # Errors
/// Those of the database.
pub fn forgot(c: &mut Connection, email: &str) -> Result<()> {
    let Some(user) = users::by_email(c, email)? else { return Ok(()) };
    let since = Timestamp::now().plus_seconds(-3_600);
    let sent = tickets::made_since(c, user.actor_id, Purpose::PasswordReset, since)?;
    if sent >= RESETS_AN_HOUR || user.disabled_at.is_some() {
        return Ok(());
    }
    let token = tickets::issue(c, user.actor_id, Purpose::PasswordReset, "")?;
    let username = actors::get(c, user.actor_id)?.username;
    mail::send_to(c, &user, Letter::PasswordReset { username, token })
}

/// Whose password may be chosen anew by this ticket.
///
/// # Errors
/// Those of the database.
pub fn forgotten_by(c: &mut Connection, token: &str) -> Result<Option<ActorId>> {
    Ok(tickets::find(c, token, Purpose::PasswordReset)?.map(|ticket| ticket.actor_id))
}

/// Chooses another password by a ticket of [`forgot`]; all log-ins and tokens end. `None` when the ticket is good for nothing.
///
/// # Errors
/// [`Error::Invalid`] when the password is too short or too long.
pub async fn reset(db: &Db, token: String, password: String) -> Result<Option<ActorId>> {
    let asked = token.clone();
    if db.read(move |c| forgotten_by(c, &asked)).await?.is_none() {
        return Ok(None);
    }
    let hash = hash(password).await?;
    db.write(move |c| {
        let Some(ticket) = tickets::take(c, &token, Purpose::PasswordReset)? else { return Ok(None) };
        set_own(c, ticket.actor_id, &hash)?;
        Ok(Some(ticket.actor_id))
    })
    .await
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _lane = LANES.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_compared_and_nobodys_never_fits() {
        let stored = hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!verify("wrong horse".to_owned(), Some(stored)).await.unwrap());
        assert!(!verify("correct horse".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_forgotten_password_is_chosen_anew_by_a_letter() {
        use crate::jobs::{self, Job};
        use crate::sessions;
        use crate::testing::{TestDb, people};
        let db = TestDb::new();
        let (ali, cookie) = db
            .write_now(|c| {
                let ali = people::local(c, "ali").id;
                let cookie = sessions::begin(c, ali, "Firefox", None)?;
                forgot(c, "nobody@example.org")?;
                assert!(jobs::all(c)?.is_empty());
                for _ in 0..5 {
                    forgot(c, " Ali@example.org")?;
                }
                Ok((ali, cookie))
            })
            .unwrap();
        let sent = db.read_now(jobs::all).unwrap();
        assert_eq!(sent.len(), 3, "and no more in an hour");
        let Job::Mail { mail } = &sent[0] else { panic!("{sent:?}") };
        let Letter::PasswordReset { token, .. } = &mail.letter else { panic!("{mail:?}") };
        assert!(matches!(reset(&db, token.clone(), "short".into()).await, Err(Error::Invalid(_))));
        assert_eq!(reset(&db, "made up".into(), "correct horse".into()).await.unwrap(), None);
        assert_eq!(reset(&db, token.clone(), "correct horse".into()).await.unwrap(), Some(ali));
        assert_eq!(reset(&db, token.clone(), "correct mule".into()).await.unwrap(), None, "once");
        assert!(log_in(&db, "ali".into(), "correct horse".into()).await.unwrap().is_some());
        assert_eq!(db.read_now(move |c| sessions::find(c, &cookie)).unwrap(), None);
        let told = db.read_now(jobs::all).unwrap().pop();
        assert!(matches!(told, Some(Job::Mail { mail }) if matches!(mail.letter, Letter::PasswordChanged { .. })));
    }

    #[test]
    fn lengths_are_bounded_in_bytes() {
        let flaw = |password: &str| problem(password).map(|p| p.flaw);
        assert_eq!(flaw(""), Some(Flaw::Blank));
        assert_eq!(flaw("1234567"), Some(Flaw::TooShort));
        assert_eq!(flaw("12345678"), None);
        assert_eq!(flaw(&"x".repeat(128)), None);
        assert_eq!(flaw(&"ش".repeat(65)), Some(Flaw::TooLong));
    }
}
