//! The second proof at a log-in: codes of an authenticator app (TOTP, RFC 6238: six digits, SHA-1, thirty seconds, as all such
//! apps know them), and recovery codes for whoever has lost the app. A code is good once.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use diesel::prelude::*;

use crate::actors;
use crate::connection::{Connection, PortableDsl};
use crate::error::{Error, Result};
use crate::ids::ActorId;
use crate::mail::{self, Letter, SecurityChange};
use crate::on_each;
use crate::schema::{authenticators, recovery_codes};
use crate::secrets;
use crate::time::Timestamp;
use crate::users;

/// Bytes of a secret (RFC 4226 §4: 160 bits).
const SECRET_BYTES: usize = 20;
/// Seconds of a step.
const STEP_SECONDS: i64 = 30;
/// Steps that a phone's clock may be off, before and after.
const LENIENCY: i64 = 1;
/// Recovery codes that are made at a time.
const RECOVERY_CODES: usize = 10;
/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Whether somebody who logs in has to give a code too.
pub fn is_on(c: &mut Connection, actor: ActorId) -> Result<bool> {
    let confirmed = authenticators::table.find(actor).filter(authenticators::confirmed_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(confirmed)).get_result(c)?)
}

/// Recovery codes that are left.
pub fn recovery_codes_left(c: &mut Connection, actor: ActorId) -> Result<i64> {
    Ok(recovery_codes::table.filter(recovery_codes::actor_id.eq(actor)).count().get_result(c)?)
}

/// The secret (base 32, as apps take it) of an authenticator that is to be set up: the one that waits, or a new one. No code is
/// asked for before [`confirm`].
///
/// # Errors
/// [`Error::Forbidden`] when there is one already.
pub fn begin(c: &mut Connection, actor: ActorId) -> Result<String> {
    type Row = (String, Option<Timestamp>);
    let known: Option<Row> =
        authenticators::table.find(actor).select((authenticators::secret, authenticators::confirmed_at)).first(c).optional()?;
    match known {
        Some((_, Some(_))) => Err(Error::Forbidden("There is an authenticator already")),
        Some((secret, None)) => Ok(base32(&bytes(&secret)?)),
        None => {
            let secret = rand::random::<[u8; SECRET_BYTES]>();
            diesel::insert_into(authenticators::table)
                .values((
                    authenticators::actor_id.eq(actor),
                    authenticators::secret.eq(STANDARD_NO_PAD.encode(secret)),
                    authenticators::created_at.eq(Timestamp::now()),
                ))
                .on_conflict_do_nothing()
                .portable()
                .execute(c)?;
            Ok(base32(&secret))
        }
    }
}

/// Switches an authenticator on by a code that it shows, and gives back the recovery codes, which can be read this once.
/// `None` when the code is wrong.
pub fn confirm(c: &mut Connection, actor: ActorId, code: &str) -> Result<Option<Vec<String>>> {
    if is_on(c, actor)? || !spend_code(c, actor, code, Timestamp::now())? {
        return Ok(None);
    }
    diesel::update(authenticators::table.find(actor)).set(authenticators::confirmed_at.eq(Some(Timestamp::now()))).execute(c)?;
    tell(c, actor, SecurityChange::CodesOn)?;
    make_recovery_codes(c, actor).map(Some)
}

/// Whether this is the authenticator's code of now, or a recovery code that is left; either is spent by it.
pub fn spend(c: &mut Connection, actor: ActorId, code: &str) -> Result<bool> {
    if !is_on(c, actor)? {
        return Ok(false);
    }
    if spend_code(c, actor, code, Timestamp::now())? {
        return Ok(true);
    }
    let hash = recovery_hash(actor, code);
    Ok(diesel::delete(recovery_codes::table.find((actor, hash))).execute(c)? > 0)
}

/// New recovery codes in place of the old ones.
///
/// # Errors
/// [`Error::NotFound`] when codes are not switched on.
pub fn renew_recovery_codes(c: &mut Connection, actor: ActorId) -> Result<Vec<String>> {
    if !is_on(c, actor)? {
        return Err(Error::NotFound("authenticator"));
    }
    tell(c, actor, SecurityChange::NewRecoveryCodes)?;
    make_recovery_codes(c, actor)
}

/// Asks for no codes any more.
pub fn switch_off(c: &mut Connection, actor: ActorId) -> Result<()> {
    let was_on = is_on(c, actor)?;
    diesel::delete(authenticators::table.find(actor)).execute(c)?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::actor_id.eq(actor))).execute(c)?;
    if was_on { tell(c, actor, SecurityChange::CodesOff) } else { Ok(()) }
}

/// Writes to somebody whose way to log in has changed.
pub(crate) fn tell(c: &mut Connection, actor: ActorId, change: SecurityChange) -> Result<()> {
    let (user, username) = (users::get(c, actor)?, actors::get(c, actor)?.username);
    mail::send_to(c, &user, Letter::Security { username, change })
}

fn spend_code(c: &mut Connection, actor: ActorId, typed: &str, now: Timestamp) -> Result<bool> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).map(western).collect();
    let secret: Option<String> = authenticators::table.find(actor).select(authenticators::secret).first(c).optional()?;
    let Some(secret) = secret.filter(|_| typed.len() == 6 && typed.bytes().all(|b| b.is_ascii_digit())) else {
        return Ok(false);
    };
    let secret = bytes(&secret)?;
    let step = now.millis() / 1_000 / STEP_SECONDS;
    // Every step is looked at, so that the time tells nothing.
    let found = (step - LENIENCY..=step + LENIENCY).fold(None, |found, step| {
        let right = aws_lc_rs::constant_time::verify_slices_are_equal(code(&secret, step).as_bytes(), typed.as_bytes());
        if right.is_ok() { Some(step) } else { found }
    });
    let Some(step) = found else { return Ok(false) };
    // Whoever has seen a code cannot use it again (RFC 6238 §5.2), not even at the same moment.
    let unused = authenticators::table.find(actor).filter(authenticators::last_step.lt(step));
    Ok(diesel::update(unused).set(authenticators::last_step.eq(step)).execute(c)? > 0)
}

/// The code of a step (RFC 4226 §5.3).
fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let digest = tag.as_ref();
    let at = digest.last().map_or(0, |byte| usize::from(byte & 0xf));
    let number = digest.iter().skip(at).take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn make_recovery_codes(c: &mut Connection, actor: ActorId) -> Result<Vec<String>> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::actor_id.eq(actor))).execute(c)?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let rows: Vec<_> = codes
        .iter()
        .map(|code| (recovery_codes::actor_id.eq(actor), recovery_codes::code_hash.eq(recovery_hash(actor, code))))
        .collect();
    on_each!(c => diesel::insert_into(recovery_codes::table).values(&rows).execute(c))?;
    Ok(codes)
}

/// 80 random bits in four groups of letters and digits.
fn recovery_code() -> String {
    let text = base32(&rand::random::<[u8; 10]>()).to_lowercase();
    let groups: Vec<&str> = (0..4).filter_map(|n| text.get(n * 4..n * 4 + 4)).collect();
    groups.join("-")
}

/// However it is typed.
fn recovery_hash(actor: ActorId, code: &str) -> String {
    let bare: String = code.chars().filter(char::is_ascii_alphanumeric).take(32).collect::<String>().to_lowercase();
    secrets::hash(&format!("recovery {actor} {bare}"))
}

fn bytes(stored: &str) -> Result<Vec<u8>> {
    STANDARD_NO_PAD.decode(stored).map_err(Error::internal)
}

/// RFC 4648 §6, without padding.
fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let number = (0..5).fold(0_u64, |number, n| number << 8 | u64::from(chunk.get(n).copied().unwrap_or(0)));
        for n in 0..(chunk.len() * 8).div_ceil(5) {
            let letter = BASE32.get((number >> (35 - 5 * n) & 31) as usize).copied().unwrap_or(b'A');
            out.push(char::from(letter));
        }
    }
    out
}

/// An Arabic-Indic or Persian digit as the one that it is.
fn western(digit: char) -> char {
    match digit {
        '\u{660}'..='\u{669}' => char::from_u32(u32::from(digit) - 0x660 + 0x30).unwrap_or(digit),
        '\u{6f0}'..='\u{6f9}' => char::from_u32(u32::from(digit) - 0x6f0 + 0x30).unwrap_or(digit),
        digit => digit,
    }
}

/// What an authenticator that has this secret (base 32) shows now, for tests.
#[cfg(any(test, feature = "testing"))]
pub fn shown(secret: &str, steps_later: i64) -> String {
    let mut bits = 0_u64;
    let mut count = 0;
    let mut bytes = Vec::new();
    for letter in secret.bytes() {
        bits = bits << 5 | BASE32.iter().position(|b| *b == letter).unwrap_or(0) as u64;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    code(&bytes, Timestamp::now().millis() / 1_000 / STEP_SECONDS + steps_later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{self, Job};
    use crate::testing::{TestDb, people};

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = b"12345678901234567890";
        // Appendix B has eight digits; the last six are the same.
        for (seconds, right) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code(secret, seconds / STEP_SECONDS), right);
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(base32(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn codes_are_asked_for_once_they_are_confirmed_and_each_is_good_once() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let secret = begin(c, ali)?;
            assert_eq!(begin(c, ali)?, secret, "the page may be loaded again");
            assert!(!is_on(c, ali)? && !spend(c, ali, &shown(&secret, 0))?);
            assert_eq!(confirm(c, ali, "000000x")?, None);
            let codes = confirm(c, ali, &shown(&secret, -1))?.unwrap();
            assert!(is_on(c, ali)? && codes.len() == 10 && codes[0].len() == 19, "{codes:?}");
            assert!(matches!(begin(c, ali), Err(Error::Forbidden(_))));
            assert!(!spend(c, ali, &shown(&secret, -1))?, "it was spent");
            let now = shown(&secret, 0);
            let (head, tail) = now.split_at(3);
            let arabic: String = tail.chars().map(|d| char::from_u32(u32::from(d) - 0x30 + 0x660).unwrap()).collect();
            assert!(spend(c, ali, &format!(" {head} {arabic}"))?, "as it is typed in Arabic");
            assert!(!spend(c, ali, &now)?);
            assert!(!spend(c, ali, &shown(&secret, 5))?, "too early");
            assert!(spend(c, ali, &codes[3].to_uppercase().replace('-', " "))?);
            assert!(!spend(c, ali, &codes[3])?);
            assert_eq!(recovery_codes_left(c, ali)?, 9);
            let fresh = renew_recovery_codes(c, ali)?;
            assert!(!spend(c, ali, &codes[4])? && spend(c, ali, &fresh[4])?);
            switch_off(c, ali)?;
            assert!(!is_on(c, ali)? && !spend(c, ali, &fresh[5])?);
            assert_eq!(recovery_codes_left(c, ali)?, 0);
            let letters = jobs::all(c)?.into_iter().filter(|job| matches!(job, Job::Mail { .. })).count();
            assert_eq!(letters, 3);
            let bea = people::local(c, "bea").id;
            assert!(matches!(renew_recovery_codes(c, bea), Err(Error::NotFound(_))));
            Ok(())
        })
        .unwrap();
    }
}
