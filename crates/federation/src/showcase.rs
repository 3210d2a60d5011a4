//! What a remote profile shows besides itself: the posts that it has pinned and its hashtags, both collections of its own. They
//! are fetched when somebody here looks the profile up or looks at it, and when it was told to have changed.

use std::time::Duration;

use majlis_local::actors::{self, Actor};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::{featured_tags, instances, pins};

use crate::client::Budget;
use crate::resolve::{MOST_PARENTS, ResolveError};
use crate::state::Federation;
use crate::vocab::{self, CollectionRef, Object, Tag};

/// Requests of one look at what a profile features, and its time.
const REQUESTS: u32 = 20;
const TIME: Duration = Duration::from_secs(30);
/// Pinned posts that are looked at.
const MOST_PINS: usize = 10;

impl Federation {
    /// Somebody here looks at a profile: a remote one that was not looked at for long is fetched, by a job.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn freshen(&self, actor: &Actor) -> majlis_local::Result<()> {
        if actor.is_local() || !self.looked_at.entry(actor.id).or_insert(()).is_fresh() {
            return Ok(());
        }
        let id = actor.id;
        self.db.write(move |c| actors::expect_fresh(c, id)).await
    }

    /// Fetches what a remote profile features. What cannot be had stays as it is until the next time.
    pub(crate) async fn fetch_featured(&self, id: ActorId) -> Result<(), ResolveError> {
        let (actor, endpoints) = self.db.read(move |c| Ok((actors::get(c, id)?, actors::endpoints(c, id)?))).await?;
        if actor.is_local() || actor.is_gone() {
            return Ok(());
        }
        let budget = Budget::new(REQUESTS, TIME);
        let tags = self.featured(endpoints.featured_tags.as_deref(), &actor, &budget).await?;
        let names: Option<Vec<String>> = tags.map(|items| items.iter().filter_map(hashtag).collect());
        let pinned = match self.featured(endpoints.featured.as_deref(), &actor, &budget).await? {
            Some(items) => Some(self.pinned(&items, &actor, &budget).await?),
            None => None,
        };
        let written = self.db.write(move |c| {
            if let Some(names) = names {
                featured_tags::replace(c, id, &names)?;
            }
            if let Some(pinned) = pinned {
                pins::replace(c, id, &pinned)?;
            }
            actors::featured_fetched(c, id)
        });
        Ok(written.await?)
    }

    /// What stands in a collection of the actor's own, or on its first page; nothing where there is none. `None` when it cannot
    /// be had.
    async fn featured(&self, address: Option<&str>, actor: &Actor, budget: &Budget) -> Result<Option<Vec<Object>>, ResolveError> {
        let Some(address) = address else { return Ok(Some(Vec::new())) };
        match self.items(address, actor, budget).await {
            Ok(items) => Ok(Some(items)),
            Err(error) if error.is_gone() => Ok(Some(Vec::new())),
            Err(ResolveError::Local(error)) => Err(error.into()),
            Err(error) => {
                tracing::debug!(address, %error, "what a profile features cannot be had");
                Ok(None)
            }
        }
    }

    async fn items(&self, address: &str, actor: &Actor, budget: &Budget) -> Result<Vec<Object>, ResolveError> {
        let own = |address: &str| vocab::id::same_origin(address, &actor.uri);
        if !own(address) {
            return Err(ResolveError::Refused("a collection on another host than its owner"));
        }
        let whole = self.fetch_collection(address, budget).await?;
        let mut items = whole.items;
        match whole.first {
            Some(CollectionRef::Embedded(page)) => items.extend(page.items),
            Some(CollectionRef::Id(page)) if items.is_empty() && own(&page) => {
                items = self.fetch_collection(&page, budget).await?.items;
            }
            _ => {}
        }
        Ok(items)
    }

    /// The actor's own posts among these, each fetched from where it lives unless it is here.
    async fn pinned(&self, items: &[Object], actor: &Actor, budget: &Budget) -> Result<Vec<PostId>, ResolveError> {
        let mut pinned = Vec::new();
        let own = |id: &&str| instances::host_of(id).as_ref() == Some(&actor.host);
        for id in items.iter().filter_map(Object::id).filter(own).take(MOST_PINS) {
            // Nobody has asked for what they answer.
            match self.post(id, MOST_PARENTS, budget).await {
                Ok(post) => pinned.push(post.id),
                Err(ResolveError::Local(error)) => return Err(error.into()),
                Err(error) => tracing::debug!(id, %error, "a pinned post cannot be had"),
            }
        }
        Ok(pinned)
    }
}

/// The name of a hashtag in a collection.
fn hashtag(item: &Object) -> Option<String> {
    let Object::Other(tag) = item else { return None };
    let tag: Tag = serde_json::from_value(tag.value.clone()).ok()?;
    tag.hashtag_name().map(str::to_owned)
}
