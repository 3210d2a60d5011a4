//! Signing up: who may, what must be right about it, and the account that comes of it. All that is wrong is named at once.

use crate::actors::{self, ActorKind, NewLocalActor};
use crate::confirmations;
use crate::connection::Connection;
use crate::db::Db;
use crate::error::{Error, Flaw, Problem, Result};
use crate::ids::{ActorId, AppId, InviteId};
use crate::invites;
use crate::keypairs::KeyPair;
use crate::notifications::{self, NotificationKind};
use crate::passwords;
use crate::text::names;
use crate::users::{self, NewUser, Role, Standing};

/// Characters of the reason that is given for signing up.
pub const REASON_LIMIT: usize = 2_000;
/// Bytes of an e-mail address (RFC 5321 §4.5.3.1.3 allows 254).
const EMAIL_LIMIT: usize = 254;
/// Characters of a local username.
const USERNAME_LIMIT: usize = names::MAX_LOCAL_USERNAME;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registrations {
    /// Everybody, at once.
    Open,
    /// Everybody, after an admin has read their reason; with an invitation at once.
    Approval,
    /// Whoever has an invitation.
    Invite,
    /// Nobody.
    Closed,
}

/// On which terms people join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Who may.
    pub mode: Registrations,
    /// Whether the e-mail address has to be confirmed first.
    pub confirm: bool,
}

impl From<Registrations> for Terms {
    fn from(mode: Registrations) -> Self {
        Self { mode, confirm: false }
    }
}

/// What somebody who signs up has typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignUp {
    /// The name that others will write behind the `@`.
    pub username: String,
    /// The address; one account each.
    pub email: String,
    /// 8 to 128 bytes.
    pub password: String,
    /// Whether the rules were accepted.
    pub agreement: bool,
    /// The language of pages and messages: a tag such as `ar` or `pt-BR`. English when it is none.
    pub locale: String,
    /// Why, where an admin reads it.
    pub reason: Option<String>,
    /// The code of an invitation.
    pub invite_code: Option<String>,
    /// The app in which it was typed; `None`: on our pages.
    pub app: Option<AppId>,
}

/// Makes an account, as the terms allow. Where an address has to be confirmed it is asked by a letter; with
/// [`Registrations::Approval`] an admin has to approve of the account too before it can act.
///
/// # Errors
/// [`Error::Forbidden`] when nobody may sign up; [`Error::Invalid`] naming all of `username`, `email`, `password`,
/// `agreement`, `reason` and `invite_code` that are wrong.
pub async fn sign_up(db: &Db, terms: impl Into<Terms>, form: SignUp) -> Result<ActorId> {
    let Terms { mode, confirm } = terms.into();
    if mode == Registrations::Closed {
        return Err(Error::Forbidden("This action is not allowed"));
    }
    let form = tidy(form);
    // Asked twice: now, to name everything before the work begins, and in the transaction, where it counts.
    let checked = form.clone();
    db.read(move |c| check(c, mode, &checked).map(drop)).await?;
    let password_hash = passwords::hash(form.password.clone()).await?;
    let keys = keys().await?;
    let (site, again) = (db.site().clone(), form.clone());
    let outcome = db.write(move |c| {
        let invite = check(c, mode, &form)?;
        if let Some(invite) = invite {
            invites::count_use(c, invite)?;
        }
        let waits = mode == Registrations::Approval && invite.is_none();
        let actor = actors::create_local(c, &site, new_actor(&form.username, keys))?;
        users::insert(
            c,
            NewUser {
                actor: actor.id,
                email: form.email,
                password_hash,
                role: Role::User,
                locale: form.locale,
                confirmed: !confirm,
                approved: !waits,
                reason: form.reason,
                invite,
                app: form.app,
            },
        )?;
        let user = users::get(c, actor.id)?;
        match user.standing() {
            Standing::Unconfirmed => confirmations::ask(c, &user)?,
            Standing::Pending => confirmations::tell_admins(c, &user)?,
            Standing::Active | Standing::Disabled => {}
        }
        if !waits {
            notifications::tell_staff(c, NotificationKind::SignUp, actor.id, None)?;
        }
        Ok(actor.id)
    });
    match outcome.await {
        Err(error) if is_conflict(&error) => {
            db.read(move |c| check(c, mode, &again).map(drop)).await?;
            Err(error)
        }
        outcome => outcome,
    }
}

/// An account that an operator makes, who may take reserved names, needs no reason and accepts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The name that others will write behind the `@`.
    pub username: String,
    /// The address; one account each.
    pub email: String,
    /// 8 to 128 bytes.
    pub password: String,
    /// What the account may do.
    pub role: Role,
    /// The language of pages and messages.
    pub locale: String,
    /// Whether the address counts as confirmed.
    pub confirmed: bool,
}

/// Makes an account on an operator's word.
///
/// # Errors
/// [`Error::Invalid`] naming all of `username`, `email` and `password` that are wrong.
pub async fn create_account(db: &Db, new: NewAccount) -> Result<ActorId> {
    let form = tidy(SignUp {
        username: new.username,
        email: new.email,
        password: new.password,
        locale: new.locale,
        agreement: true,
        ..SignUp::default()
    });
    let checked = form.clone();
    let check = |c: &mut Connection, form: &SignUp| refuse_if_any(basics(c, form, Reserved::Allowed)?);
    db.read(move |c| check(c, &checked)).await?;
    let password_hash = passwords::hash(form.password.clone()).await?;
    let keys = keys().await?;
    let (site, again) = (db.site().clone(), form.clone());
    let outcome = db.write(move |c| {
        check(c, &form)?;
        let actor = actors::create_local(c, &site, new_actor(&form.username, keys))?;
        users::insert(
            c,
            NewUser {
                actor: actor.id,
                email: form.email,
                password_hash,
                role: new.role,
                locale: form.locale,
                confirmed: new.confirmed,
                approved: true,
                reason: None,
                invite: None,
                app: None,
            },
        )?;
        Ok(actor.id)
    });
    match outcome.await {
        Err(error) if is_conflict(&error) => {
            db.read(move |c| check(c, &again)).await?;
            Err(error)
        }
        outcome => outcome,
    }
}

/// Whether somebody else took the name or the address at the same moment: with several writers (PostgreSQL) the unique index
/// is the first to know. Asking once more names the field.
fn is_conflict(error: &Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error as Database};
    matches!(error, Error::Database(Database::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
}

/// Keys for a new actor, made off this thread, since making them takes a while.
async fn keys() -> Result<KeyPair> {
    tokio::task::spawn_blocking(KeyPair::generate).await.map_err(Error::internal)?
}

fn new_actor(username: &str, keys: KeyPair) -> NewLocalActor {
    NewLocalActor { username: username.to_owned(), kind: ActorKind::Person, display_name: String::new(), locked: false, keys }
}

fn tidy(form: SignUp) -> SignUp {
    let locale = crate::text::language::language(form.locale.trim()).unwrap_or("en").to_owned();
    let some = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    SignUp {
        username: form.username.trim().trim_start_matches('@').to_owned(),
        email: tidy_email(&form.email),
        locale,
        reason: some(form.reason),
        invite_code: some(form.invite_code),
        ..form
    }
}

/// Whether reserved names may be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reserved {
    Allowed,
    Refused,
}

/// Everything that a sign-up must have right; gives the invitation when a good one was named.
fn check(c: &mut Connection, mode: Registrations, form: &SignUp) -> Result<Option<InviteId>> {
    let mut problems = basics(c, form, Reserved::Refused)?;
    let mut wrong = |field, flaw, message: String| problems.push(Problem { field, flaw, message });
    if !form.agreement {
        wrong("agreement", Flaw::Accepted, "must be accepted".to_owned());
    }
    let mut invite = None;
    match &form.invite_code {
        Some(code) => match invites::usable(c, code)? {
            Some(found) => invite = Some(found.id),
            None => wrong("invite_code", Flaw::Invalid, "is not valid (any more)".to_owned()),
        },
        None if mode == Registrations::Invite => wrong("invite_code", Flaw::Blank, "can't be blank".to_owned()),
        None => {}
    }
    match &form.reason {
        None if mode == Registrations::Approval && invite.is_none() => {
            wrong("reason", Flaw::Blank, "can't be blank".to_owned());
        }
        Some(reason) if reason.chars().count() > REASON_LIMIT => {
            wrong("reason", Flaw::TooLong, format!("is too long (maximum is {REASON_LIMIT} characters)"));
        }
        _ => {}
    }
    refuse_if_any(problems)?;
    Ok(invite)
}

fn refuse_if_any(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// What is wrong with the name, the address and the password.
fn basics(c: &mut Connection, form: &SignUp, reserved: Reserved) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let mut wrong = |field, flaw, message: String| problems.push(Problem { field, flaw, message });
    let name = &form.username;
    if name.is_empty() {
        wrong("username", Flaw::Blank, "can't be blank".to_owned());
    } else if name.chars().count() > USERNAME_LIMIT {
        wrong("username", Flaw::TooLong, format!("is too long (maximum is {USERNAME_LIMIT} characters)"));
    } else if !names::is_local_username(name) {
        wrong("username", Flaw::Invalid, "must contain only letters, numbers and underscores".to_owned());
    } else if reserved == Reserved::Refused && names::is_reserved_username(name) {
        wrong("username", Flaw::Reserved, "is reserved".to_owned());
    } else if actors::by_handle(c, name, None)?.is_some() {
        wrong("username", Flaw::Taken, "has already been taken".to_owned());
    }
    problems.extend(email_problem(c, &form.email)?);
    problems.extend(passwords::problem(&form.password));
    Ok(problems)
}

/// An address as it is stored.
pub(crate) fn tidy_email(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// What is wrong with a new address, if anything is.
pub(crate) fn email_problem(c: &mut Connection, email: &str) -> Result<Option<Problem>> {
    if let Some(problem) = email_flaw(email) {
        return Ok(Some(problem));
    }
    let taken = users::by_email(c, email)?.is_some();
    Ok(taken.then(|| wrong_email(Flaw::Taken, "has already been taken")))
}

/// What is wrong with what should be an address, whoever has it.
pub(crate) fn email_flaw(email: &str) -> Option<Problem> {
    if email.is_empty() {
        Some(wrong_email(Flaw::Blank, "can't be blank"))
    } else {
        (!is_email(email)).then(|| wrong_email(Flaw::Invalid, "is not an e-mail address"))
    }
}

fn wrong_email(flaw: Flaw, message: &str) -> Problem {
    Problem { field: "email", flaw, message: message.to_owned() }
}

/// Whether this has the form of an address (RFC 5321 §4.1.2 without quoted parts and address literals).
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local_char = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    text.len() <= EMAIL_LIMIT
        && (1..=64).contains(&local.len())
        && local.chars().all(is_local_char)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !domain.contains(':')
        && names::normalise_domain(domain).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    fn form(username: &str) -> SignUp {
        SignUp {
            username: username.to_owned(),
            email: format!("{username}@example.org"),
            password: "correct horse".to_owned(),
            agreement: true,
            locale: "ar".to_owned(),
            ..SignUp::default()
        }
    }

    fn named(outcome: Result<ActorId>) -> Vec<(&'static str, &'static str)> {
        match outcome {
            Err(Error::Invalid(problems)) => problems.iter().map(|p| (p.field, p.flaw.code())).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn standing(db: &TestDb, actor: ActorId) -> Standing {
        db.read_now(move |c| crate::tokens::person(c, actor)).unwrap().standing
    }

    #[tokio::test]
    async fn somebody_signs_up_and_may_act() {
        let db = TestDb::new();
        let actor =
            sign_up(&db, Registrations::Open, SignUp { email: " Ali@Example.ORG ".to_owned(), ..form("Ali") }).await.unwrap();
        assert_eq!(standing(&db, actor), Standing::Active);
        let user = db.read_now(move |c| users::get(c, actor)).unwrap();
        assert_eq!((user.email.as_str(), user.locale.as_str(), user.role), ("ali@example.org", "ar", Role::User));
        assert_eq!(passwords::log_in(&db, "@ali".to_owned(), "correct horse".to_owned()).await.unwrap(), Some(user));
        assert_eq!(passwords::log_in(&db, "ali".to_owned(), "wrong horse".to_owned()).await.unwrap(), None);
        let stored = db.read_now(move |c| actors::get(c, actor)).unwrap();
        assert_eq!((stored.username.as_str(), stored.uri.as_str()), ("Ali", "https://majlis.example/users/Ali"));
    }

    #[tokio::test]
    async fn everything_that_is_wrong_is_named_at_once() {
        let db = TestDb::new();
        let empty = SignUp { locale: "xx-nonsense".to_owned(), ..SignUp::default() };
        assert_eq!(
            named(sign_up(&db, Registrations::Approval, empty).await),
            [
                ("username", "ERR_BLANK"),
                ("email", "ERR_BLANK"),
                ("password", "ERR_BLANK"),
                ("agreement", "ERR_ACCEPTED"),
                ("reason", "ERR_BLANK"),
            ]
        );
        let bad = SignUp {
            username: "no spaces".to_owned(),
            email: "nobody".to_owned(),
            password: "short".to_owned(),
            agreement: true,
            ..SignUp::default()
        };
        assert_eq!(
            named(sign_up(&db, Registrations::Invite, bad).await),
            [("username", "ERR_INVALID"), ("email", "ERR_INVALID"), ("password", "ERR_TOO_SHORT"), ("invite_code", "ERR_BLANK")]
        );
    }

    #[tokio::test]
    async fn names_and_addresses_are_given_once_whatever_their_case() {
        let db = TestDb::new();
        sign_up(&db, Registrations::Open, form("ali")).await.unwrap();
        assert_eq!(
            named(sign_up(&db, Registrations::Open, form("ALI")).await),
            [("username", "ERR_TAKEN"), ("email", "ERR_TAKEN")]
        );
        assert_eq!(named(sign_up(&db, Registrations::Open, form("Admin")).await), [("username", "ERR_RESERVED")]);
        let long = SignUp { password: "ش".repeat(65), ..form("badr") };
        assert_eq!(named(sign_up(&db, Registrations::Open, long).await), [("password", "ERR_TOO_LONG")]);
    }

    #[tokio::test]
    async fn two_at_once_cannot_take_one_name() {
        let db = TestDb::new();
        let (a, b) = tokio::join!(sign_up(&db, Registrations::Open, form("ali")), sign_up(&db, Registrations::Open, form("ali")));
        assert!(a.is_ok() != b.is_ok());
        let loser = if a.is_ok() { b } else { a };
        assert_eq!(named(loser), [("username", "ERR_TAKEN"), ("email", "ERR_TAKEN")]);
    }

    #[tokio::test]
    async fn the_mode_decides() {
        let db = TestDb::new();
        let closed = sign_up(&db, Registrations::Closed, form("ali")).await;
        assert!(matches!(closed, Err(Error::Forbidden(_))), "{closed:?}");
        let reasoned = SignUp { reason: Some("I like it here".to_owned()), ..form("badr") };
        let waiting = sign_up(&db, Registrations::Approval, reasoned).await.unwrap();
        assert_eq!(standing(&db, waiting), Standing::Pending);
        db.write_now(move |c| users::set_standing(c, waiting, Standing::Active)).unwrap();
        assert_eq!(standing(&db, waiting), Standing::Active);
    }

    #[tokio::test]
    async fn an_invitation_opens_the_door_as_often_as_it_says() {
        let db = TestDb::new();
        let code = db.write_now(|c| Ok(invites::create(c, None, Some(1), None)?.code)).unwrap();
        let invited = |name: &str| SignUp { invite_code: Some(code.clone()), ..form(name) };
        let actor = sign_up(&db, Registrations::Approval, invited("ali")).await.unwrap();
        assert_eq!(standing(&db, actor), Standing::Active);
        assert_eq!(named(sign_up(&db, Registrations::Invite, invited("badr")).await), [("invite_code", "ERR_INVALID")]);
    }

    #[tokio::test]
    async fn an_operator_may_take_reserved_names() {
        let db = TestDb::new();
        let new = NewAccount {
            username: "admin".to_owned(),
            email: "admin@example.org".to_owned(),
            password: "correct horse".to_owned(),
            role: Role::Owner,
            locale: "en".to_owned(),
            confirmed: false,
        };
        let actor = create_account(&db, new.clone()).await.unwrap();
        assert_eq!(standing(&db, actor), Standing::Unconfirmed);
        db.write_now(move |c| users::set_standing(c, actor, Standing::Active)).unwrap();
        assert_eq!(standing(&db, actor), Standing::Active);
        assert_eq!(named(create_account(&db, new).await), [("username", "ERR_TAKEN"), ("email", "ERR_TAKEN")]);
    }

    #[test]
    fn the_form_of_addresses() {
        for good in ["a@b.example", "ali+x@example.org", "علي@مثال.example", "a@localhost"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "a",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@b@c.example ",
            ".a@b.example",
            "a..b@c.example",
            "a@b:25",
            "<a@b.example>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(!is_email(&format!("{}@example.org", "x".repeat(65))));
    }
}
