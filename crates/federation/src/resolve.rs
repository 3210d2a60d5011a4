//! From names to rows: actors and posts of other servers, fetched when somebody or something here asks for them.
//! Every chain of fetches has a budget; what a document says counts only from the origin that answers for it.

use std::time::Duration;

use futures_util::future::join_all;
use majlis_local::actors::{self, Actor};
use majlis_local::instances;
use majlis_local::posts::{self, Post};
use majlis_local::text::{Format, Handle};
use majlis_local::{Error, publish, receive, tombstones};
use url::Url;

use crate::activities;
use crate::client::{Budget, ClientError, Fetched};
use crate::objects;
use crate::state::Federation;
use crate::vocab::{self, ActivityKind, Collection, Object};
use crate::webfinger::{self, Acct, WebfingerError};

/// People that one text may have looked up.
const MENTIONED: usize = 10;
/// How long an author waits for that.
const MENTIONED_TIME: Duration = Duration::from_secs(5);

/// Parents of parents that are fetched for one reply.
pub const MOST_PARENTS: u8 = 20;
/// A quoted post counts as so many of them: at most two stand behind one another.
pub const QUOTE_STEP: u8 = 8;

/// Why something could not be found.
#[derive(Debug)]
pub enum ResolveError {
    /// It was fetched and is not what was asked for, or nobody may have it.
    Refused(&'static str),
    /// The network or the peer.
    Client(ClientError),
    /// Our rows.
    Local(Error),
}

impl ResolveError {
    /// Whether it is gone for good where it came from.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_gone())
    }

    /// Whether to try again later makes sense.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Client(error) => error.is_temporary(),
            Self::Local(error) => matches!(error, Error::Busy | Error::Database(_) | Error::Internal(_)),
            Self::Refused(_) => false,
        }
    }
}

impl std::fmt::Display for ResolveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::Client(error) => error.fmt(f),
            Self::Local(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ResolveError {}

impl From<ClientError> for ResolveError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<WebfingerError> for ResolveError {
    fn from(error: WebfingerError) -> Self {
        match error {
            WebfingerError::Client(error) => Self::Client(error),
            WebfingerError::NoActor => Self::Refused("webfinger names no actor"),
            WebfingerError::NotConfirmed => Self::Refused("webfinger's subject is not confirmed by its domain"),
        }
    }
}

impl From<Error> for ResolveError {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An actor.
    Actor(Box<Actor>),
    /// A post.
    Post(Box<Post>),
}

impl Federation {
    /// The actor of a handle, ours or another server's; looked up by webfinger when it is unknown.
    ///
    /// # Errors
    /// [`ResolveError`] when there is none, or none that can be reached.
    pub async fn resolve_handle(&self, handle: &Handle) -> Result<Actor, ResolveError> {
        let domain = handle.domain.clone().filter(|domain| !self.site().is_own_domain(domain));
        let (name, key) = (handle.name.clone(), domain.clone());
        if let Some(actor) = self.db.read(move |c| actors::by_handle(c, &name, key.as_deref())).await? {
            return if actor.is_gone() { Err(ResolveError::Refused("the account is gone")) } else { Ok(actor) };
        }
        let Some(domain) = domain else { return Err(ResolveError::Refused("nobody has this name here")) };
        let budget = Budget::for_look_up();
        self.check_host(&format!("https://{domain}")).await?;
        let account = Acct { user: handle.name.clone(), domain };
        let found = webfinger::look_up(&self.client, &account, &budget).await?;
        let actor = self.actor(found.actor.as_str(), &budget).await?;
        self.freshen(&actor).await?;
        Ok(actor)
    }

    /// The actor of a handle as its home describes it at this moment: an alias that was named just now is told.
    ///
    /// # Errors
    /// [`ResolveError`] when there is none, or none that can be reached.
    pub async fn resolve_afresh(&self, handle: &Handle) -> Result<Actor, ResolveError> {
        let actor = self.resolve_handle(handle).await?;
        if actor.is_local() { Ok(actor) } else { self.fetch_actor(&actor.uri, &Budget::for_look_up()).await }
    }

    /// Looks up the people whom a text mentions and who are unknown here, all at once and not for long. Whoever is not found in
    /// time stays plain text, as in a text that names nobody.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look_up_mentioned(&self, body: &str, format: Format) -> Result<(), Error> {
        if !body.contains('@') {
            return Ok(());
        }
        let (site, body) = (self.site().clone(), body.to_owned());
        let mut unknown = self.db.read(move |c| publish::unknown_handles(c, &site, &body, format)).await?;
        unknown.retain(|handle| handle.domain.as_ref().is_some_and(|domain| !self.site().is_own_domain(domain)));
        unknown.truncate(MENTIONED);
        let look_ups = unknown.iter().map(|handle| async move {
            if let Err(error) = self.resolve_handle(handle).await {
                tracing::debug!(?handle, %error, "a mentioned account was not found");
            }
        });
        let _ = tokio::time::timeout(MENTIONED_TIME, join_all(look_ups)).await;
        Ok(())
    }

    /// The actor or post of an address: its id or its page, here or elsewhere.
    ///
    /// # Errors
    /// [`ResolveError`] when it leads to neither.
    pub async fn resolve_url(&self, address: &str) -> Result<Found, ResolveError> {
        let asked = address.to_owned();
        let known = self
            .db
            .read(move |c| {
                if let Some(post) = posts::by_uri_or_url(c, &asked)? {
                    return Ok(Some(Found::Post(Box::new(post))));
                }
                Ok(actors::by_uri_or_url(c, &asked)?.map(|actor| Found::Actor(Box::new(actor))))
            })
            .await?;
        if let Some(found) = known {
            return Ok(found);
        }
        let budget = Budget::for_look_up();
        let fetched = self.fetch(address, &budget).await?;
        match &fetched.object {
            Object::Actor(_) => {
                let actor = self.keep_actor(&fetched, &budget).await?;
                self.freshen(&actor).await?;
                Ok(Found::Actor(Box::new(actor)))
            }
            _ => Ok(Found::Post(Box::new(self.keep_post(&fetched, 0, &budget).await?))),
        }
    }

    /// The actor of an id, fetched when it is unknown.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn actor(&self, uri: &str, budget: &Budget) -> Result<Actor, ResolveError> {
        let id = uri.to_owned();
        match self.db.read(move |c| actors::by_uri(c, &id)).await? {
            Some(actor) if actor.is_gone() => Err(ResolveError::Refused("the account is gone")),
            Some(actor) => Ok(actor),
            None => self.fetch_actor(uri, budget).await,
        }
    }

    /// Fetches an actor, known or not, and stores what it says of itself.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn fetch_actor(&self, uri: &str, budget: &Budget) -> Result<Actor, ResolveError> {
        let fetched = self.fetch(uri, budget).await?;
        self.keep_actor(&fetched, budget).await
    }

    /// The post of an id, fetched when it is unknown; its unknown parents follow as jobs.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn post(&self, uri: &str, depth: u8, budget: &Budget) -> Result<Post, ResolveError> {
        let id = uri.to_owned();
        if let Some(post) = self.db.read(move |c| posts::by_uri(c, &id)).await? {
            return if post.deleted_at.is_some() { Err(ResolveError::Refused("the post was deleted")) } else { Ok(post) };
        }
        let fetched = self.fetch(uri, budget).await?;
        self.keep_post(&fetched, depth, budget).await
    }

    /// A signed GET of a document, within the budget; remembers which scheme the host wants.
    pub(crate) async fn fetch(&self, address: &str, budget: &Budget) -> Result<Fetched, ResolveError> {
        let host = self.check_host(address).await?;
        let url = Url::parse(address).map_err(|_| ResolveError::Refused("not an address"))?;
        let signer = self.instance_signer().await?;
        let preferred = self.preferred_scheme(&host).await?;
        let fetched = self.client.get_activity_json(&url, Some(&signer), preferred, budget).await?;
        self.remember_scheme(&host, preferred, fetched.scheme).await?;
        // A redirect may have led to a server with which we have nothing to do.
        self.check_host(fetched.url.as_str()).await?;
        Ok(fetched)
    }

    /// A signed GET of a collection or one of its pages, within the budget. Only the ids in it may be believed.
    pub(crate) async fn fetch_collection(&self, address: &str, budget: &Budget) -> Result<Collection, ResolveError> {
        let host = self.check_host(address).await?;
        let url = Url::parse(address).map_err(|_| ResolveError::Refused("not an address"))?;
        let signer = self.instance_signer().await?;
        let preferred = self.preferred_scheme(&host).await?;
        let (collection, url) = self.client.get_collection(&url, Some(&signer), preferred, budget).await?;
        self.check_host(url.as_str()).await?;
        Ok(collection)
    }

    async fn keep_actor(&self, fetched: &Fetched, budget: &Budget) -> Result<Actor, ResolveError> {
        let Object::Actor(profile) = &fetched.object else { return Err(ResolveError::Refused("not an actor")) };
        let domain = self.domain_of(profile, budget).await?;
        let remote = objects::actor::read(profile, &domain).ok_or(ResolveError::Refused("an actor without key or name"))?;
        for inbox in [Some(&remote.inbox), remote.shared_inbox.as_ref()].into_iter().flatten() {
            self.check_host(inbox).await?;
        }
        let moved_to = profile.moved_to.clone().filter(|to| *to != profile.id);
        let actor = self
            .db
            .write(move |c| {
                let actor = actors::store_remote(c, remote)?;
                let target = match moved_to {
                    Some(uri) => actors::by_uri(c, &uri)?.map(|a| a.id),
                    None => None,
                };
                if target != actor.moved_to_id {
                    actors::set_moved_to(c, actor.id, target)?;
                }
                instances::seen(c, &actor.host)?;
                Ok(actor)
            })
            .await?;
        self.forget_keys(actor.id);
        Ok(actor)
    }

    /// The domain of an actor's handle. Webfinger must lead back to the actor's id; where the subject has another domain
    /// (a split domain), that one is asked too. A host that does not answer webfinger speaks for itself.
    async fn domain_of(&self, profile: &vocab::Actor, budget: &Budget) -> Result<String, ResolveError> {
        let host = instances::host_of(&profile.id).ok_or(ResolveError::Refused("an actor whose id is no address"))?;
        match webfinger::account_of(&self.client, profile, budget).await {
            Ok(account) if account.user.eq_ignore_ascii_case(&profile.preferred_username) => Ok(account.domain),
            Ok(_) | Err(WebfingerError::NotConfirmed) => Err(ResolveError::Refused("webfinger leads to another actor")),
            Err(error) => {
                tracing::debug!(actor = %profile.id, %error, "no webfinger; the host speaks for itself");
                Ok(host)
            }
        }
    }

    pub(crate) async fn keep_post(&self, fetched: &Fetched, depth: u8, budget: &Budget) -> Result<Post, ResolveError> {
        let note = match &fetched.object {
            Object::Note(note) => note,
            Object::Activity(activity) if activity.kind == ActivityKind::Create => match activity.object() {
                Some(Object::Note(note)) if vocab::id::same_origin(&note.id, fetched.url.as_str()) => note,
                _ => return Err(ResolveError::Refused("an activity without a post of its own")),
            },
            _ => return Err(ResolveError::Refused("neither an actor nor a post")),
        };
        let author = note.author().ok_or(ResolveError::Refused("a post without author"))?;
        if instances::host_of(author) != instances::host_of(&note.id) {
            return Err(ResolveError::Refused("a post on another host than its author"));
        }
        let author = self.actor(author, budget).await?;
        if note.is_vote() {
            return Err(ResolveError::Refused("a vote is no post"));
        }
        let note = note.clone();
        let post = self
            .db
            .write(move |c| {
                let followers = actors::endpoints(c, author.id)?.followers;
                let remote = objects::note::read(c, &note, &author, followers.as_deref())?;
                let uri = remote.uri.clone();
                let stored = receive::post(c, remote, false)?;
                if let Some(post) = &stored {
                    activities::missing(c, post, depth.saturating_add(1))?;
                }
                match stored {
                    Some(post) => Ok(Some(post)),
                    None if tombstones::known(c, &uri)? => Ok(None),
                    None => posts::by_uri(c, &uri),
                }
            })
            .await?;
        post.ok_or(ResolveError::Refused("the post was deleted"))
    }
}
