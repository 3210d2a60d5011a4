//! Those who log in here: their role, whether they may act, and what they prefer. A user is a local actor with an
//! address and a password; how one comes to be is told in [`crate::registrations`].

use diesel::prelude::*;

use crate::actors::{self, Actor};
use crate::archives;
use crate::codes::stored_enum;
use crate::connection::{Connection, cols};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, AppId, InviteId};
use crate::jobs::{self, Change, Job};
use crate::mail::{self, Letter};
use crate::notifications::{self, NotificationKind};
use crate::quote_policies::QuotePolicy;
use crate::receive;
use crate::schema::{actors as people, blocks, bookmarks, hashtag_follows, list_members, mutes, pins, sessions, tokens, users};
use crate::time::Timestamp;
use crate::visibility::Visibility;

stored_enum! {
    /// What a user may do beyond its own affairs. Each role has everything that those before it have.
    Role {
        /// Its own affairs.
        User = 0 "user",
        /// Reports and accounts.
        Moderator = 1 "moderator",
        /// The server's settings too.
        Admin = 2 "admin",
        /// The one who cannot be demoted by an admin.
        Owner = 3 "owner",
    }
}

/// Whether a user may act, and if not, what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May act.
    Active,
    /// The e-mail address is not confirmed yet.
    Unconfirmed,
    /// An admin has not approved the sign-up yet.
    Pending,
    /// Switched off, suspended or deleted.
    Disabled,
}

impl Standing {
    /// From when each step was taken.
    pub fn of(confirmed: Option<Timestamp>, approved: Option<Timestamp>, disabled: Option<Timestamp>) -> Self {
        match (confirmed, approved, disabled) {
            (None, _, _) => Self::Unconfirmed,
            (_, None, _) => Self::Pending,
            (_, _, Some(_)) => Self::Disabled,
            (Some(_), Some(_), None) => Self::Active,
        }
    }
}

/// A user as stored, without what the profile shows.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = users, primary_key(actor_id))]
#[allow(missing_docs)]
pub struct User {
    pub actor_id: ActorId,
    /// In lower case.
    pub email: String,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    pub role: Role,
    /// The language of pages and messages.
    pub locale: String,
    pub confirmed_at: Option<Timestamp>,
    pub approved_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    /// Why the person wants to join.
    pub sign_up_reason: Option<String>,
    pub invite_id: Option<InviteId>,
    /// The app that signed the person up; `None`: our pages, or whoever runs the server.
    pub app_id: Option<AppId>,
    pub default_visibility: Visibility,
    pub default_sensitive: bool,
    pub default_language: Option<String>,
    /// `text/plain` or `text/markdown`.
    pub default_format: String,
    /// `default`, `show_all` or `hide_all`.
    pub expand_media: String,
    pub expand_spoilers: bool,
    pub last_active_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub default_quote_policy: QuotePolicy,
}

impl User {
    /// Whether the user may act.
    pub fn standing(&self) -> Standing {
        Standing::of(self.confirmed_at, self.approved_at, self.disabled_at)
    }
}

/// A user to be stored; checked by [`crate::registrations`].
pub(crate) struct NewUser {
    pub(crate) actor: ActorId,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) role: Role,
    pub(crate) locale: String,
    pub(crate) confirmed: bool,
    pub(crate) approved: bool,
    pub(crate) reason: Option<String>,
    pub(crate) invite: Option<InviteId>,
    pub(crate) app: Option<AppId>,
}

/// Stores a user, whose actor is there already.
pub(crate) fn insert(c: &mut Connection, new: NewUser) -> Result<()> {
    let now = Timestamp::now();
    diesel::insert_into(users::table)
        .values((
            users::actor_id.eq(new.actor),
            users::email.eq(new.email),
            users::password_hash.eq(new.password_hash),
            users::role.eq(new.role),
            users::locale.eq(new.locale),
            users::confirmed_at.eq(new.confirmed.then_some(now)),
            users::approved_at.eq(new.approved.then_some(now)),
            users::sign_up_reason.eq(new.reason),
            users::invite_id.eq(new.invite),
            users::app_id.eq(new.app),
            users::default_visibility.eq(Visibility::Public),
            users::default_format.eq("text/plain"),
            users::expand_media.eq("default"),
            users::created_at.eq(now),
        ))
        .execute(c)?;
    Ok(())
}

/// The user of an actor.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, actor: ActorId) -> Result<User> {
    users::table.find(actor).select(User::as_select()).first(c).optional()?.ok_or(Error::NotFound("user"))
}

/// The user of an e-mail address.
pub fn by_email(c: &mut Connection, email: &str) -> Result<Option<User>> {
    let email = email.trim().to_lowercase();
    Ok(users::table.filter(users::email.eq(email)).select(User::as_select()).first(c).optional()?)
}

/// The user who logs in by an e-mail address or a name.
pub fn by_login(c: &mut Connection, login: &str) -> Result<Option<User>> {
    let login = login.trim().trim_start_matches('@');
    if login.contains('@') {
        return by_email(c, login);
    }
    Ok(users::table
        .inner_join(people::table)
        .filter(people::username_key.eq(login.to_lowercase()))
        .filter(people::domain.is_null())
        .select(User::as_select())
        .first(c)
        .optional()?)
}

/// All users with their actors, by name.
pub fn all(c: &mut Connection) -> Result<Vec<(User, Actor)>> {
    Ok(users::table
        .inner_join(people::table)
        .order(people::username_key)
        .select((User::as_select(), Actor::as_select()))
        .load(c)?)
}

/// Whether anybody is an admin or the owner yet.
pub fn has_admin(c: &mut Connection) -> Result<bool> {
    let admins = users::table.filter(users::role.ge(Role::Admin));
    Ok(diesel::select(diesel::dsl::exists(admins)).get_result(c)?)
}

/// Those whose account and address may be told as the server's contact: the first owner or admin.
pub fn contact(c: &mut Connection) -> Result<Option<(User, Actor)>> {
    Ok(users::table
        .inner_join(people::table)
        .filter(users::role.ge(Role::Admin))
        .order((users::role.desc(), users::actor_id))
        .select((User::as_select(), Actor::as_select()))
        .first(c)
        .optional()?)
}

/// Gives a user another password and ends every log-in and token. See [`crate::passwords::change`].
pub(crate) fn set_password_hash(c: &mut Connection, actor: ActorId, hash: &str) -> Result<()> {
    let changed = diesel::update(users::table.find(actor)).set(users::password_hash.eq(hash)).execute(c)?;
    if changed == 0 {
        return Err(Error::NotFound("user"));
    }
    end_access(c, actor)
}

/// Lets a user act (again), or not. Whoever waited for approval is told when it comes.
pub fn set_standing(c: &mut Connection, actor: ActorId, standing: Standing) -> Result<User> {
    let now = Some(Timestamp::now());
    let user = get(c, actor)?;
    let (before, had_approval) = (user.standing(), user.approved_at.is_some());
    let (confirmed, approved, disabled) = match standing {
        Standing::Active => (user.confirmed_at.or(now), user.approved_at.or(now), None),
        Standing::Unconfirmed => (None, user.approved_at, user.disabled_at),
        Standing::Pending => (user.confirmed_at.or(now), None, user.disabled_at),
        Standing::Disabled => (user.confirmed_at, user.approved_at, user.disabled_at.or(now)),
    };
    let user = diesel::update(users::table.find(actor))
        .set((users::confirmed_at.eq(confirmed), users::approved_at.eq(approved), users::disabled_at.eq(disabled)))
        .returning(cols::<User>())
        .get_result(c)?;
    if standing == Standing::Disabled {
        end_access(c, actor)?;
    }
    if standing == Standing::Active && !had_approval {
        let username = actors::get(c, actor)?.username;
        mail::send_to(c, &user, Letter::Approved { username })?;
    }
    if standing == Standing::Active && matches!(before, Standing::Unconfirmed | Standing::Pending) {
        notifications::tell_staff(c, NotificationKind::SignUp, actor, None)?;
    }
    after_commit(Event::AccessChanged(actor));
    Ok(user)
}

/// Gives a user a role.
pub fn set_role(c: &mut Connection, actor: ActorId, role: Role) -> Result<()> {
    diesel::update(users::table.find(actor)).set(users::role.eq(role)).execute(c)?;
    after_commit(Event::AccessChanged(actor));
    Ok(())
}

/// Remembers that a user was here, to about an hour.
pub fn seen(c: &mut Connection, actor: ActorId) -> Result<()> {
    let now = Timestamp::now();
    let stale = users::last_active_at.is_null().or(users::last_active_at.lt(now.plus_seconds(-3_600)));
    diesel::update(users::table.find(actor).filter(stale)).set(users::last_active_at.eq(Some(now))).execute(c)?;
    Ok(())
}

/// Deletes an account for good: its posts, relations and log-ins go, peers are told, and its name stays taken.
pub fn delete(c: &mut Connection, actor: ActorId) -> Result<()> {
    let row = actors::get(c, actor)?;
    end_access(c, actor)?;
    forget(c, &row)?;
    receive::erase(c, &row)?;
    diesel::delete(users::table.find(actor)).execute(c)?;
    jobs::enqueue(c, &Job::Federate { change: Change::ActorDeleted { actor } })?;
    after_commit(Event::AccessChanged(actor));
    Ok(())
}

/// What is the person's own and not seen by others, and the pictures of the profile.
fn forget(c: &mut Connection, actor: &Actor) -> Result<()> {
    let id = actor.id;
    diesel::delete(blocks::table.filter(blocks::actor_id.eq(id))).execute(c)?;
    diesel::delete(mutes::table.filter(mutes::actor_id.eq(id))).execute(c)?;
    diesel::delete(bookmarks::table.filter(bookmarks::actor_id.eq(id))).execute(c)?;
    diesel::delete(pins::table.filter(pins::actor_id.eq(id))).execute(c)?;
    diesel::delete(hashtag_follows::table.filter(hashtag_follows::actor_id.eq(id))).execute(c)?;
    diesel::delete(list_members::table.filter(list_members::actor_id.eq(id))).execute(c)?;
    archives::forget(c, id)?;
    let pictures = [&actor.avatar, &actor.avatar_static, &actor.header, &actor.header_static];
    let mut keys: Vec<String> = pictures.into_iter().flatten().cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    if !keys.is_empty() {
        jobs::enqueue(c, &Job::DeleteFiles { keys })?;
    }
    diesel::update(people::table.find(id))
        .set((
            people::avatar_description.eq(""),
            people::header_description.eq(""),
            people::also_known_as.eq(None::<crate::json::Json<Vec<String>>>),
        ))
        .execute(c)?;
    Ok(())
}

fn end_access(c: &mut Connection, actor: ActorId) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::actor_id.eq(actor))).execute(c)?;
    diesel::delete(tokens::table.filter(tokens::actor_id.eq(actor))).execute(c)?;
    after_commit(Event::AccessChanged(actor));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions as log_ins;
    use crate::testing::TestDb;
    use crate::testing::people;

    #[test]
    fn users_are_found_by_name_and_address_in_any_case() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            for login in ["ali", "@ALI", "Ali@Example.org "] {
                assert_eq!(by_login(c, login)?.map(|u| u.actor_id), Some(ali), "{login}");
            }
            assert!(by_login(c, "nobody")?.is_none() && by_login(c, "")?.is_none());
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn whoever_is_disabled_loses_every_log_in() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let cookie = log_ins::begin(c, ali, "Firefox", None)?;
            assert_eq!(log_ins::find(c, &cookie)?, Some(ali));
            assert_eq!(set_standing(c, ali, Standing::Disabled)?.standing(), Standing::Disabled);
            assert_eq!(log_ins::find(c, &cookie)?, None);
            assert_eq!(set_standing(c, ali, Standing::Active)?.standing(), Standing::Active);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_new_password_ends_every_log_in() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let cookie = log_ins::begin(c, ali, "Firefox", None)?;
            set_password_hash(c, ali, "x")?;
            assert_eq!(log_ins::find(c, &cookie)?, None);
            assert!(matches!(set_password_hash(c, ActorId(1), "x"), Err(Error::NotFound(_))));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_deleted_account_is_gone_and_peers_are_told() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            people::follow(c, bea, ali);
            people::block(c, ali, bea);
            people::mute(c, ali, bea, None);
            people::list(c, bea, &[ali], 0, false);
            let post = people::say(c, bea, "keep me").id;
            people::bookmark(c, ali, post);
            let before = jobs::all(c)?.len();
            delete(c, ali)?;
            assert_eq!(blocks::table.count().get_result::<i64>(c)?, 0);
            assert_eq!(mutes::table.count().get_result::<i64>(c)?, 0);
            assert_eq!(bookmarks::table.count().get_result::<i64>(c)?, 0);
            assert_eq!(list_members::table.count().get_result::<i64>(c)?, 0);
            assert!(actors::get(c, ali)?.is_gone() && by_login(c, "ali")?.is_none());
            assert_eq!(jobs::all(c)?[before..], [Job::Federate { change: Change::ActorDeleted { actor: ali } }]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn the_first_owner_is_the_contact() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            assert!(!has_admin(c)? && contact(c)?.is_none());
            set_role(c, ali, Role::Admin)?;
            set_role(c, bea, Role::Owner)?;
            assert!(has_admin(c)?);
            assert_eq!(contact(c)?.map(|(_, actor)| actor.id), Some(bea));
            Ok(())
        })
        .unwrap();
    }
}
