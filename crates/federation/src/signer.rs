//! Who signed a request: the key behind its `keyId`, from the cache, our rows or its host, and whether it fits.

use std::sync::Arc;

use chrono::Utc;
use majlis_local::actors::{self, Actor, Endpoints};

use crate::client::Budget;
use crate::resolve::ResolveError;
use crate::sig::{self, Checked, PublicKey, Request, Scheme, SignatureError};
use crate::state::{Federation, KnownKey};

/// The owner of the key that signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The actor's ActivityPub id.
    pub uri: Arc<str>,
    /// Its row.
    pub actor: majlis_local::ids::ActorId,
    /// How it signed.
    pub scheme: Scheme,
}

/// Why nobody can be said to have signed.
#[derive(Debug)]
pub enum SignerError {
    /// The signature is missing, malformed, too old, does not cover enough, or does not fit.
    Signature {
        /// What is wrong with it.
        error: SignatureError,
        /// The key that it names, as far as it could be read.
        key_id: Option<String>,
    },
    /// The key cannot be had now.
    Unreachable(ResolveError),
    /// Our rows.
    Local(majlis_local::Error),
}

impl From<majlis_local::Error> for SignerError {
    fn from(error: majlis_local::Error) -> Self {
        Self::Local(error)
    }
}

impl Federation {
    /// Who signed a request. With a key that we know, nothing but arithmetic; else one fetch of the key's owner, bounded.
    /// A key that does not fit is fetched again at most every five minutes: its owner may have a new one.
    ///
    /// # Errors
    /// [`SignerError`].
    pub async fn signed_by(&self, request: &Request<'_>) -> Result<SignedBy, SignerError> {
        let refuse = |error, key_id| SignerError::Signature { error, key_id };
        let checked =
            sig::check_all(request, Utc::now(), &self.origin).map_err(|error| refuse(error, sig::named_key(request)))?;
        let mut last = SignatureError::Missing;
        let mut key_id = None;
        for one in &checked {
            match self.owner(one).await? {
                Ok(owner) => return Ok(owner),
                Err(error) => {
                    last = error;
                    key_id = Some(one.key_id.clone());
                }
            }
        }
        Err(refuse(last, key_id))
    }

    async fn owner(&self, checked: &Checked) -> Result<Result<SignedBy, SignatureError>, SignerError> {
        let mut known = self.known_key(&checked.key_id).await?;
        let first = match &known {
            Some(known) => checked.verify(&known.key),
            None => Err(SignatureError::WrongKey),
        };
        let outcome = match first {
            Ok(()) => Ok(()),
            Err(error) => match self.fetched_key(&checked.key_id, known.is_some()).await? {
                Some(fetched) => {
                    let second = checked.verify(&fetched.key);
                    known = Some(fetched);
                    second
                }
                None => Err(error),
            },
        };
        Ok(match (outcome, known) {
            (Ok(()), Some(known)) => Ok(SignedBy { uri: known.actor_uri, actor: known.actor, scheme: checked.scheme }),
            (Ok(()), None) => Err(SignatureError::WrongKey),
            (Err(error), _) => Err(error),
        })
    }

    async fn known_key(&self, key_id: &str) -> Result<Option<KnownKey>, SignerError> {
        if let Some(known) = self.keys.get(key_id) {
            return Ok(Some(known));
        }
        let id = key_id.to_owned();
        let row = self.db.read(move |c| actors::by_key_id(c, &id)).await?;
        Ok(row.and_then(|(actor, endpoints)| self.remember_key(&actor, &endpoints)))
    }

    fn remember_key(&self, actor: &Actor, endpoints: &Endpoints) -> Option<KnownKey> {
        let key = match PublicKey::from_pem(&endpoints.public_key) {
            Ok(key) => key,
            Err(error) => {
                tracing::info!(actor = %actor.uri, %error, "a public key that cannot be used");
                return None;
            }
        };
        let known = KnownKey { actor: actor.id, actor_uri: Arc::from(actor.uri.as_str()), key: Arc::new(key) };
        self.keys.insert(endpoints.key_id.clone(), known.clone());
        Some(known)
    }

    /// Fetches the owner of a key. `again`: we had one, and it did not fit.
    async fn fetched_key(&self, key_id: &str, again: bool) -> Result<Option<KnownKey>, SignerError> {
        let owner = key_id.split('#').next().unwrap_or(key_id);
        if self.refetched.contains_key(owner) {
            return Ok(None);
        }
        self.refetched.insert(owner.to_owned(), ());
        if self.site().is_own_uri(owner) {
            return Ok(None);
        }
        let unreachable = |error| if again { Ok(None) } else { Err(SignerError::Unreachable(error)) };
        let Ok(_permit) = self.fetches.acquire().await else { return Ok(None) };
        let budget = Budget::for_activity();
        let actor = match self.fetch_actor(owner_of(owner), &budget).await {
            Ok(actor) => actor,
            Err(error) => return unreachable(error),
        };
        let id = actor.id;
        let endpoints = self.db.read(move |c| actors::endpoints(c, id)).await?;
        if !again {
            // A newcomer that will sign again soon must not be taken for one whose key was just looked at.
            self.refetched.invalidate(owner);
        }
        let known = self.remember_key(&actor, &endpoints);
        Ok(known.filter(|_| endpoints.key_id == key_id))
    }
}

/// The actor behind a key's document: mostly the document itself; GoToSocial's keys stand below it.
fn owner_of(document: &str) -> &str {
    document.strip_suffix("/main-key").or_else(|| document.strip_suffix("/publickey")).unwrap_or(document)
}
