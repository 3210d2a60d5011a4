//! Access tokens of the API: random, stored hashed, of an application and (but for `client_credentials`) of a person.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, AppId, TokenId};
use crate::schema::{actors, apps, tokens, users};
use crate::scopes::Scopes;
use crate::secrets;
use crate::time::Timestamp;
use crate::users::{Role, Standing};

/// What a token lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The token.
    pub token: TokenId,
    /// The application that has it.
    pub app: AppId,
    /// What was granted.
    pub scopes: Scopes,
    /// Whose token it is; `None` for an application's own.
    pub person: Option<Person>,
    /// When the token was made.
    pub created_at: Timestamp,
    /// When it was last seen in use, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// The person behind a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The person's actor.
    pub actor: ActorId,
    /// What the person may do here.
    pub role: Role,
    /// Whether the person may act at all.
    pub standing: Standing,
    /// Whether the account has moved away: then only its profile can be changed.
    pub moved: bool,
}

/// A token as its owner sees it in the list of those who have access.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Issued {
    /// The token.
    pub id: TokenId,
    /// The application's name.
    pub app_name: String,
    /// The application's home page.
    pub website: Option<String>,
    /// What was granted.
    pub scopes: Scopes,
    /// When.
    pub created_at: Timestamp,
    /// When it was last seen in use, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// Makes a token and gives back its text, which is not stored and cannot be had again.
pub fn issue(c: &mut Connection, app: AppId, person: Option<ActorId>, scopes: Scopes) -> Result<(TokenId, String)> {
    let (id, secret) = (TokenId::new(), secrets::generate());
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(id),
            tokens::token_hash.eq(secrets::hash(&secret)),
            tokens::app_id.eq(app),
            tokens::actor_id.eq(person),
            tokens::scopes.eq(scopes),
            tokens::created_at.eq(Timestamp::now()),
        ))
        .execute(c)?;
    Ok((id, secret))
}

/// What the token with this hash ([`secrets::hash`]) lets its bearer do; `None` when there is no such token.
pub fn access(c: &mut Connection, token_hash: &str) -> Result<Option<Access>> {
    type Row = (TokenId, AppId, Option<ActorId>, Scopes, Timestamp, Option<Timestamp>);
    let row: Option<Row> = tokens::table
        .filter(tokens::token_hash.eq(token_hash))
        .select((tokens::id, tokens::app_id, tokens::actor_id, tokens::scopes, tokens::created_at, tokens::last_used_at))
        .first(c)
        .optional()?;
    let Some((token, app, actor, scopes, created_at, last_used_at)) = row else {
        return Ok(None);
    };
    let person = match actor {
        Some(actor) => Some(person(c, actor)?),
        None => None,
    };
    Ok(Some(Access { token, app, scopes, person, created_at, last_used_at }))
}

/// A person's role and standing.
///
/// # Errors
/// [`Error::NotFound`].
pub fn person(c: &mut Connection, actor: ActorId) -> Result<Person> {
    type Times = (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>, Option<Timestamp>, Option<Timestamp>);
    let (role, moved, (confirmed, approved, disabled, suspended, deleted)): (Role, Option<ActorId>, Times) = users::table
        .inner_join(actors::table)
        .filter(users::actor_id.eq(actor))
        .select((
            users::role,
            actors::moved_to_id,
            (users::confirmed_at, users::approved_at, users::disabled_at, actors::suspended_at, actors::deleted_at),
        ))
        .first(c)
        .optional()?
        .ok_or(Error::NotFound("user"))?;
    let standing = Standing::of(confirmed, approved, disabled.or(suspended).or(deleted));
    Ok(Person { actor, role, standing, moved: moved.is_some() })
}

/// Whether a token that was good before still is: it was not revoked, and its person may still act.
pub fn is_valid(c: &mut Connection, token: TokenId, of: Option<ActorId>) -> Result<bool> {
    let there: bool = diesel::select(diesel::dsl::exists(tokens::table.find(token))).get_result(c)?;
    match of {
        Some(actor) if there => Ok(person(c, actor)?.standing == Standing::Active),
        _ => Ok(there),
    }
}

/// Remembers that a token, and its person, were active. Callers ask once an hour at the most.
pub fn touch(c: &mut Connection, token: TokenId, person: Option<ActorId>) -> Result<()> {
    let now = Timestamp::now();
    diesel::update(tokens::table.find(token)).set(tokens::last_used_at.eq(now)).execute(c)?;
    if let Some(person) = person {
        diesel::update(users::table.find(person)).set(users::last_active_at.eq(now)).execute(c)?;
    }
    Ok(())
}

/// Takes back the token with this text, if the application has it (RFC 7009 §2.1: a token of another one is refused, an
/// unknown one is no error). Answers whether there was one.
///
/// # Errors
/// [`Error::Forbidden`] when another application has the token.
pub fn revoke(c: &mut Connection, app: AppId, secret: &str) -> Result<bool> {
    let found: Option<(TokenId, AppId, Option<ActorId>)> = tokens::table
        .filter(tokens::token_hash.eq(secrets::hash(secret)))
        .select((tokens::id, tokens::app_id, tokens::actor_id))
        .first(c)
        .optional()?;
    match found {
        None => Ok(false),
        Some((_, owner, _)) if owner != app => Err(Error::Forbidden("You are not authorized to revoke this token")),
        Some((id, _, person)) => {
            diesel::delete(tokens::table.find(id)).execute(c)?;
            announce(person);
            Ok(true)
        }
    }
}

/// Takes back one of a person's own tokens, from the list of those who have access.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn revoke_own(c: &mut Connection, person: ActorId, id: TokenId) -> Result<()> {
    let gone = diesel::delete(tokens::table.filter(tokens::id.eq(id)).filter(tokens::actor_id.eq(person))).execute(c)?;
    if gone == 0 {
        return Err(Error::NotFound("token"));
    }
    announce(Some(person));
    Ok(())
}

/// Takes back all of a person's tokens.
pub fn revoke_all(c: &mut Connection, person: ActorId) -> Result<usize> {
    let gone = diesel::delete(tokens::table.filter(tokens::actor_id.eq(person))).execute(c)?;
    announce(Some(person));
    Ok(gone)
}

/// Who has access to a person's account, newest first.
pub fn issued(c: &mut Connection, person: ActorId) -> Result<Vec<Issued>> {
    Ok(tokens::table
        .inner_join(apps::table)
        .filter(tokens::actor_id.eq(person))
        .order(tokens::id.desc())
        .limit(1_000)
        .select((tokens::id, apps::name, apps::website, tokens::scopes, tokens::created_at, tokens::last_used_at))
        .load(c)?)
}

/// Deletes the tokens of no person that were made before `before`: an app gets itself another one whenever it wants.
pub fn prune(c: &mut Connection, before: Timestamp) -> Result<usize> {
    let old = tokens::table.filter(tokens::actor_id.is_null()).filter(tokens::created_at.lt(before));
    Ok(diesel::delete(old).execute(c)?)
}

fn announce(person: Option<ActorId>) {
    if let Some(person) = person {
        after_commit(Event::AccessChanged(person));
    }
}
