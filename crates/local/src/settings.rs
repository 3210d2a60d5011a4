//! What an admin may change while the server runs, and what the server makes once and keeps: JSON rows by name.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, PortableDsl};
use crate::error::{Error, Result};
use crate::schema::settings;
use crate::secrets::Key;
use crate::time::Timestamp;

/// What the instance says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Its name.
    pub title: String,
    /// A sentence, plain text.
    pub short_description: String,
    /// As long as it takes: HTML, written by an admin.
    pub extended_description: String,
    /// When that was written.
    pub extended_updated_at: Option<Timestamp>,
    /// HTML, written by an admin.
    pub privacy_policy: String,
    /// When that was written.
    pub privacy_updated_at: Option<Timestamp>,
    /// An address for people; the contact's own is never shown.
    pub contact_email: String,
    /// ISO 639 codes, the main one first.
    pub languages: Vec<String>,
    /// What people agree to.
    pub rules: Vec<Rule>,
}

impl Default for About {
    fn default() -> Self {
        Self {
            title: "Majlis".into(),
            short_description: String::new(),
            extended_description: String::new(),
            extended_updated_at: None,
            privacy_policy: String::new(),
            privacy_updated_at: None,
            contact_email: String::new(),
            languages: vec!["ar".into(), "en".into()],
            rules: Vec::new(),
        }
    }
}

/// A rule of the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Kept when the others change.
    pub id: u32,
    /// The rule, plain text.
    pub text: String,
    /// What it means, plain text.
    #[serde(default)]
    pub hint: String,
    /// Both in other languages, by ISO 639 code.
    #[serde(default)]
    pub translations: BTreeMap<String, RuleText>,
}

/// A rule in another language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    /// See [`Rule`].
    pub text: String,
    /// See [`Rule`]; may be empty.
    #[serde(default)]
    pub hint: String,
}

impl Rule {
    /// The rule and what it means, in a language if they are there in it.
    pub fn in_language(&self, code: &str) -> (&str, &str) {
        match self.translations.get(code) {
            Some(there) => (&there.text, &there.hint),
            None => (&self.text, &self.hint),
        }
    }
}

/// Whether hashtags, posts and links trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trends {
    /// By themselves, unless a moderator says no.
    #[default]
    Automatic,
    /// Only what a moderator has approved.
    Reviewed,
    /// Nothing does.
    Off,
}

/// The key pair by which push services know this server (RFC 8292).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vapid {
    /// The P-256 point, uncompressed, base64url without padding.
    pub public: String,
    /// PKCS#8, base64url without padding.
    pub private: String,
}

impl Vapid {
    /// Makes a new pair.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self> {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let failed = |_| Error::internal("cannot generate keys");
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
        let private = pair.to_pkcs8v1().map_err(failed)?;
        Ok(Self { public: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()), private: URL_SAFE_NO_PAD.encode(private.as_ref()) })
    }
}

/// What the instance says of itself, as last changed.
pub fn about(c: &mut Connection) -> Result<About> {
    Ok(get(c, "about")?.unwrap_or_default())
}

/// Changes what the instance says of itself.
pub fn set_about(c: &mut Connection, about: &About) -> Result<()> {
    set(c, "about", about)
}

/// Whether anything trends, as last changed.
pub fn trends(c: &mut Connection) -> Result<Trends> {
    Ok(get(c, "trends")?.unwrap_or_default())
}

/// Changes whether anything trends.
pub fn set_trends(c: &mut Connection, trends: Trends) -> Result<()> {
    set(c, "trends", &trends)
}

/// The push keys, made on the first call.
pub fn vapid(c: &mut Connection) -> Result<Vapid> {
    if let Some(known) = get(c, "vapid")? {
        return Ok(known);
    }
    let fresh = Vapid::generate()?;
    set(c, "vapid", &fresh)?;
    Ok(fresh)
}

/// The key that signs the addresses of pictures, made on the first call.
pub fn picture_key(c: &mut Connection) -> Result<Key> {
    if let Some(known) = get::<[u8; 32]>(c, "picture_key")? {
        return Ok(Key::from_bytes(known));
    }
    let fresh = Key::generate();
    set(c, "picture_key", &fresh.bytes())?;
    Ok(fresh)
}

pub(crate) fn get<T: DeserializeOwned>(c: &mut Connection, name: &str) -> Result<Option<T>> {
    let value: Option<String> = settings::table.find(name).select(settings::value).first(c).optional()?;
    value.map(|text| serde_json::from_str(&text).map_err(Error::internal)).transpose()
}

pub(crate) fn set<T: Serialize>(c: &mut Connection, name: &str, value: &T) -> Result<()> {
    let text = serde_json::to_string(value).map_err(Error::internal)?;
    diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(&text)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::value.eq(&text))
        .portable()
        .execute(c)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[test]
    fn settings_are_kept_and_keys_made_once() {
        let db = TestDb::new();
        db.write_now(|c| {
            assert_eq!(about(c)?, About::default());
            let mine = About { title: "مجلس الحي".into(), ..About::default() };
            set_about(c, &mine)?;
            set_about(c, &mine)?;
            assert_eq!(about(c)?, mine);
            assert_eq!(vapid(c)?, vapid(c)?);
            assert_eq!(picture_key(c)?, picture_key(c)?);
            Ok(())
        })
        .unwrap();
    }
}
