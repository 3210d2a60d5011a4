//! Passkeys: keys on people's devices that log in without a password. What browsers send is checked by [`crate::webauthn`].

use diesel::prelude::*;

use crate::authenticators::tell;
use crate::connection::{Connection, PortableDsl, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, PasskeyId};
use crate::mail::SecurityChange;
use crate::schema::{passkeys, tickets};
use crate::secrets;
use crate::tickets::Purpose;
use crate::time::Timestamp;
use crate::webauthn::{Assertion, Key, Party, check};

/// Passkeys of a person.
const MOST: i64 = 20;
/// Characters of a passkey's name.
pub const NAME_LIMIT: usize = 60;

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = passkeys)]
#[allow(missing_docs)]
pub struct Passkey {
    pub id: PasskeyId,
    pub actor_id: ActorId,
    pub credential: String,
    pub public_key: String,
    pub algorithm: i32,
    pub counter: i64,
    /// As its owner calls it.
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A person's passkeys, oldest first.
pub fn all(c: &mut Connection, actor: ActorId) -> Result<Vec<Passkey>> {
    Ok(passkeys::table.filter(passkeys::actor_id.eq(actor)).order(passkeys::id).limit(MOST).select(cols::<Passkey>()).load(c)?)
}

/// Keeps a new key of a person, who gets a letter about it.
///
/// # Errors
/// [`Error::Invalid`] naming `name` when it is empty or too long, there are too many keys, or this one is kept already.
pub fn add(c: &mut Connection, actor: ActorId, name: &str, key: Key) -> Result<PasskeyId> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::invalid("name", Flaw::Blank, "can't be blank"));
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(Error::invalid("name", Flaw::TooLong, format!("is too long (maximum is {NAME_LIMIT} characters)")));
    }
    let count: i64 = passkeys::table.filter(passkeys::actor_id.eq(actor)).count().get_result(c)?;
    let known = passkeys::table.filter(passkeys::credential.eq(&key.credential));
    let known: bool = diesel::select(diesel::dsl::exists(known)).get_result(c)?;
    if known || count >= MOST {
        return Err(Error::invalid("name", Flaw::Taken, "is kept already, or there are too many"));
    }
    let id = PasskeyId::new();
    diesel::insert_into(passkeys::table)
        .values((
            passkeys::id.eq(id),
            passkeys::actor_id.eq(actor),
            passkeys::credential.eq(key.credential),
            passkeys::public_key.eq(key.public_key),
            passkeys::algorithm.eq(key.algorithm),
            passkeys::counter.eq(i64::from(key.counter)),
            passkeys::name.eq(name),
            passkeys::created_at.eq(Timestamp::now()),
        ))
        .execute(c)?;
    tell(c, actor, SecurityChange::PasskeyAdded)?;
    Ok(id)
}

/// Takes a key of a person away.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn remove(c: &mut Connection, actor: ActorId, id: PasskeyId) -> Result<()> {
    let gone = diesel::delete(passkeys::table.find(id).filter(passkeys::actor_id.eq(actor))).execute(c)?;
    if gone == 0 {
        return Err(Error::NotFound("passkey"));
    }
    tell(c, actor, SecurityChange::PasskeyRemoved)
}

/// Whose key was used just now; `None` when it is not believed. A challenge is good once.
pub fn log_in(c: &mut Connection, party: Party<'_>, challenge: &str, sent: &Assertion) -> Result<Option<ActorId>> {
    let key: Option<Passkey> =
        passkeys::table.filter(passkeys::credential.eq(&sent.credential)).select(cols::<Passkey>()).first(c).optional()?;
    let Some(row) = key else { return Ok(None) };
    let key = Key {
        credential: row.credential,
        algorithm: row.algorithm,
        public_key: row.public_key,
        counter: u32::try_from(row.counter).unwrap_or(u32::MAX),
    };
    let counter = match check(party, challenge, &key, sent) {
        Ok(counter) => counter,
        Err(why) => {
            tracing::info!(why, passkey = %row.id, "a passkey was not believed");
            return Ok(None);
        }
    };
    let now = Timestamp::now();
    let first = diesel::insert_into(tickets::table)
        .values((
            tickets::token_hash.eq(secrets::hash(challenge)),
            tickets::actor_id.eq(row.actor_id),
            tickets::purpose.eq(Purpose::SpentChallenge),
            tickets::data.eq(""),
            tickets::created_at.eq(now),
            tickets::expires_at.eq(now.plus_seconds(Purpose::SpentChallenge.seconds())),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if first == 0 {
        return Ok(None);
    }
    diesel::update(passkeys::table.find(row.id))
        .set((passkeys::counter.eq(i64::from(counter)), passkeys::last_used_at.eq(Some(now))))
        .execute(c)?;
    Ok(Some(row.actor_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};
    use crate::webauthn::testing::Device;
    use crate::webauthn::{ES256, register};

    const HOME: Party<'static> = Party { id: "majlis.example", origin: "https://majlis.example" };

    #[test]
    fn a_key_logs_its_owner_in_once_for_each_challenge() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            let mut device = Device::new(ES256);
            let key = register(HOME, "one", &device.register(HOME, "one")).unwrap();
            assert!(matches!(add(c, ali, " ", key.clone()), Err(Error::Invalid(_))));
            let id = add(c, ali, "Phone", key.clone())?;
            assert!(matches!(add(c, bea, "Mine", key), Err(Error::Invalid(_))), "a key has one owner");
            let sent = device.sign(HOME, "two");
            assert_eq!(log_in(c, HOME, "three", &sent)?, None);
            assert_eq!(log_in(c, HOME, "two", &sent)?, Some(ali));
            assert_eq!(log_in(c, HOME, "two", &sent)?, None, "once");
            assert!(all(c, ali)?[0].last_used_at.is_some() && all(c, ali)?[0].counter == 1);
            assert_eq!(log_in(c, HOME, "x", &Device::new(ES256).sign(HOME, "x"))?, None, "nobody's key");
            assert!(matches!(remove(c, bea, id), Err(Error::NotFound(_))));
            remove(c, ali, id)?;
            assert!(all(c, ali)?.is_empty());
            assert_eq!(log_in(c, HOME, "four", &device.sign(HOME, "four"))?, None);
            Ok(())
        })
        .unwrap();
    }
}
