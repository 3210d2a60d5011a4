//! [`Federation`]: what speaking with other servers needs, made once and shared by endpoints, workers and the client API.

use std::sync::Arc;
use std::time::Duration;

use majlis_local::actors::{self, Endpoints};
use majlis_local::ids::ActorId;
use majlis_local::instances::{self, Policy};
use majlis_local::keypairs::KeyPair;
use majlis_local::stats::Counts;
use majlis_local::{Db, Error, Result, Site};
use moka::sync::Cache;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use crate::client::{Client, PrivatePeers, Signer};
use crate::crawls::Crawls;
use crate::sig::{PrivateKey, PublicKey, Scheme};

/// Signing keys of ours that are kept parsed.
const SIGNERS: u64 = 10_000;
/// Keys of others that are kept parsed: about 1 KB each.
const KEYS: u64 = 20_000;
/// How long a key of another actor is believed without looking at its row.
const KEY_TIME: Duration = Duration::from_secs(600);
/// Unknown signers that are fetched at the same time, over all hosts.
const FETCHES: usize = 64;
/// Archives that are made at the same time: nobody is in a hurry, and each may read a hundred thousand posts.
const ARCHIVES: usize = 1;
/// A key that does not fit is fetched again at most this often for each actor.
pub(crate) const REFETCH_TIME: Duration = Duration::from_secs(300);

/// How long a page is left alone while somebody reads it.
const PREVIEW_TIME: Duration = Duration::from_secs(60);
/// How long a remote profile is left alone after somebody has looked at it.
const LOOK_TIME: Duration = Duration::from_secs(15 * 60);
/// How old the numbers of nodeinfo may be.
const COUNT_TIME: Duration = Duration::from_secs(60);

/// The federation of one server. Cheap to clone.
#[derive(Clone)]
pub struct Federation(Arc<Inner>);

/// What [`Federation`] holds.
pub struct Inner {
    pub(crate) db: Db,
    pub(crate) client: Client,
    pub(crate) origin: Url,
    pub(crate) server: ServerInfo,
    /// By `keyId`.
    pub(crate) keys: Cache<String, KnownKey>,
    signers: Cache<ActorId, Signer>,
    instance_signer: Mutex<Option<Signer>>,
    /// Actors whose keys were fetched again lately because one did not fit.
    pub(crate) refetched: Cache<String, ()>,
    pub(crate) fetches: Semaphore,
    pub(crate) crawls: Crawls,
    /// Archives that are made at the same time.
    pub(crate) archiving: Semaphore,
    /// Remote profiles that somebody here has looked at lately.
    pub(crate) looked_at: Cache<ActorId, ()>,
    /// Pages that are being read for their cards.
    pub(crate) previewing: Cache<String, ()>,
    /// The numbers of nodeinfo.
    pub(crate) counts: Cache<(), Counts>,
}

/// What nodeinfo says of this server.
#[derive(Debug, Clone, Default)]
pub struct ServerInfo {
    /// The version of the program.
    pub version: String,
    /// Whether people can sign up.
    pub open_registrations: bool,
    /// The name of the instance.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Domains besides our own whose handles webfinger answers here.
    pub alias_domains: Vec<String>,
}

/// Whose key a `keyId` is.
#[derive(Clone)]
pub(crate) struct KnownKey {
    pub(crate) actor: ActorId,
    pub(crate) actor_uri: Arc<str>,
    pub(crate) key: Arc<PublicKey>,
}

impl std::fmt::Debug for Federation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Federation").field("origin", &self.0.origin.as_str()).finish_non_exhaustive()
    }
}

impl std::ops::Deref for Federation {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Federation {
    /// Sets up the client and the caches.
    ///
    /// # Errors
    /// [`Error::Internal`] when the origin is no URL or the system has no root certificates.
    pub fn new(db: Db, private_peers: PrivatePeers, server: ServerInfo) -> Result<Self> {
        let origin = Url::parse(db.site().origin()).map_err(Error::internal)?;
        let client = Client::new(&origin, private_peers).map_err(Error::internal)?;
        Ok(Self(Arc::new(Inner {
            db,
            client,
            origin,
            server,
            keys: Cache::builder().max_capacity(KEYS).time_to_live(KEY_TIME).support_invalidation_closures().build(),
            signers: Cache::builder().max_capacity(SIGNERS).time_to_idle(Duration::from_secs(3_600)).build(),
            instance_signer: Mutex::new(None),
            refetched: Cache::builder().max_capacity(KEYS).time_to_live(REFETCH_TIME).build(),
            fetches: Semaphore::new(FETCHES),
            crawls: Crawls::new(),
            archiving: Semaphore::new(ARCHIVES),
            looked_at: Cache::builder().max_capacity(KEYS).time_to_live(LOOK_TIME).build(),
            previewing: Cache::builder().max_capacity(KEYS).time_to_live(PREVIEW_TIME).build(),
            counts: Cache::builder().max_capacity(1).time_to_live(COUNT_TIME).build(),
        })))
    }
}

impl Inner {
    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The guarded client, for what else has to be sent to an address that somebody gave us.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The server's own names.
    pub fn site(&self) -> &Arc<Site> {
        self.db.site()
    }

    /// The key that signs for a local actor.
    pub(crate) async fn signer(&self, actor: ActorId) -> Result<Signer> {
        if let Some(signer) = self.signers.get(&actor) {
            return Ok(signer);
        }
        let endpoints = self.db.read(move |c| actors::endpoints(c, actor)).await?;
        let signer = signer(&endpoints)?;
        self.signers.insert(actor, signer.clone());
        Ok(signer)
    }

    /// The key of the server itself, which signs fetches; its actor is made on first use.
    pub(crate) async fn instance_signer(&self) -> Result<Signer> {
        let mut known = self.instance_signer.lock().await;
        if let Some(signer) = &*known {
            return Ok(signer.clone());
        }
        let uri = self.site().instance_actor_uri();
        let existing = self.db.read(move |c| actors::by_uri(c, &uri)).await?;
        let actor = match existing {
            Some(actor) => actor,
            None => {
                let keys = tokio::task::spawn_blocking(KeyPair::generate).await.map_err(Error::internal)??;
                let site = self.site().clone();
                self.db.write(move |c| actors::instance_actor(c, &site, || Ok(keys))).await?
            }
        };
        let signer = self.signer(actor.id).await?;
        *known = Some(signer.clone());
        Ok(signer)
    }

    /// Forgets the keys of an actor: its row has new ones.
    pub(crate) fn forget_keys(&self, actor: ActorId) {
        // Fails only on a cache built without support for it.
        let _ = self.keys.invalidate_entries_if(move |_, known| known.actor == actor);
    }

    /// Refuses hosts with which we have nothing to do.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a suspended host and for our own.
    pub(crate) async fn check_host(&self, url: &str) -> Result<String> {
        let host = instances::host_of(url).ok_or(Error::Forbidden("not the address of a server"))?;
        if self.site().is_own_domain(&host) {
            return Err(Error::Forbidden("the address is our own"));
        }
        if self.db.policy(&host).await? == Policy::Suspend {
            return Err(Error::Forbidden("the server is blocked here"));
        }
        Ok(host)
    }

    /// The scheme by which a host is asked first: draft-cavage unless it is known to want the other.
    pub(crate) async fn preferred_scheme(&self, host: &str) -> Result<Scheme> {
        let host = host.to_owned();
        Ok(scheme(self.db.read(move |c| instances::scheme(c, &host)).await?))
    }

    /// Keeps for seven days what worked, when it is not what would be tried first.
    pub(crate) async fn remember_scheme(&self, host: &str, tried: Scheme, worked: Scheme) -> Result<()> {
        if tried == worked || worked == Scheme::CavagePathOnly {
            return Ok(());
        }
        let (host, worked) = (host.to_owned(), stored(worked));
        self.db.write(move |c| instances::learn_scheme(c, &host, worked)).await
    }
}

fn signer(endpoints: &Endpoints) -> Result<Signer> {
    let pem = endpoints.private_key.as_deref().ok_or(Error::Forbidden("a remote actor cannot sign here"))?;
    let key = PrivateKey::from_pem(pem).map_err(Error::internal)?;
    Ok(Signer { key_id: Arc::from(endpoints.key_id.as_str()), key: Arc::new(key) })
}

/// The wire's scheme for the stored one.
pub(crate) fn scheme(stored: Option<instances::Scheme>) -> Scheme {
    match stored {
        Some(instances::Scheme::Rfc9421) => Scheme::Rfc9421,
        Some(instances::Scheme::Cavage) | None => Scheme::Cavage,
    }
}

/// The stored scheme for the wire's.
pub(crate) fn stored(scheme: Scheme) -> instances::Scheme {
    match scheme {
        Scheme::Rfc9421 => instances::Scheme::Rfc9421,
        Scheme::Cavage | Scheme::CavagePathOnly => instances::Scheme::Cavage,
    }
}
