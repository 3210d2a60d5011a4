//! `FeatureRequest` (FEP-7aa9): somebody asks to put one of ours into a collection; and the answers to requests of ours.

use majlis_local::actors::{self, Actor};
use majlis_local::collections::{self, Collection};
use majlis_local::ids::CollectionItemId;
use majlis_local::{Connection, Error, Result, Site, collection_items};

use super::{Handled, local_target, own_object};
use crate::objects;
use crate::vocab::{Activity, ActivityKind, FeaturedCollection, Object};

/// A request is answered at once. Its collection is fetched first when it is unknown here.
pub(super) fn asked(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(target) = local_target(c, site, activity.object_id())? else {
        return Ok(Handled::Ignored("features nobody of ours"));
    };
    let Some(id) = activity.id.as_deref() else { return Ok(Handled::Ignored("a request without id")) };
    own_object(actor, id)?;
    let stored = match activity.instrument.as_deref() {
        Some(Object::FeaturedCollection(whole)) => kept(c, whole, actor)?,
        Some(named) => match named.id() {
            Some(uri) => match theirs(c, uri, actor)? {
                Some(known) => Some(known),
                None => return Ok(Handled::Fetch),
            },
            None => return Ok(Handled::Ignored("a request for no collection")),
        },
        None => return Ok(Handled::Ignored("a request for no collection")),
    };
    match stored {
        Some(collection) => collection_items::receive_request(c, id, &collection, &target)?,
        None => collection_items::refuse(c, id, actor.id, target.id)?,
    }
    Ok(Handled::Done)
}

/// Stores a collection of the actor's own. `None` when it has too many.
///
/// # Errors
/// [`Error::Forbidden`] when it is somebody else's.
pub(super) fn kept(c: &mut Connection, whole: &FeaturedCollection, actor: &Actor) -> Result<Option<Collection>> {
    own_object(actor, &whole.id)?;
    if whole.attributed_to.as_ref() != Some(&actor.uri) {
        return Err(Error::Forbidden("a collection is attributed to somebody else than its sender"));
    }
    collections::receive(c, actor.id, objects::featured::read(whole))
}

/// A collection of the actor's that is known here.
pub(super) fn theirs(c: &mut Connection, uri: &str, actor: &Actor) -> Result<Option<Collection>> {
    Ok(collections::by_uri(c, uri)?.filter(|known| known.owner_id == actor.id && !known.local))
}

/// `Accept` or `Reject` of a request of ours; `None` when it answers something else.
pub(super) fn answered(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Option<Handled>> {
    let Some((owner, item)) = activity.object_id().and_then(|uri| uri.split_once("/feature_requests/")) else {
        return Ok(None);
    };
    let Ok(item) = item.parse::<CollectionItemId>() else { return Ok(None) };
    if !site.is_own_uri(owner) || actors::by_uri(c, owner)?.is_none_or(|owner| !owner.is_local()) {
        return Ok(None);
    }
    let stamp = match (activity.kind, activity.result.as_deref()) {
        (ActivityKind::Accept, Some(stamp)) => {
            own_object(actor, stamp)?;
            Some(stamp)
        }
        (ActivityKind::Accept, None) => return Ok(Some(Handled::Ignored("a leave without stamp"))),
        _ => None,
    };
    let ours = collection_items::receive_answer(c, actor.id, item, stamp)?;
    Ok(Some(if ours { Handled::Done } else { Handled::Ignored("answers what was not asked") }))
}

/// `Add` to a collection that is known here: the item in which one of ours stands gets its name. False for anything else.
pub(super) fn added(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<bool> {
    let (Some(Object::FeaturedItem(item)), Some(target)) = (activity.object(), activity.target.as_deref()) else {
        return Ok(false);
    };
    let Some(collection) = theirs(c, target, actor)? else { return Ok(false) };
    own_object(actor, &item.id)?;
    if let Some(uri) = &item.featured_object
        && let Some(person) = actors::by_uri(c, uri)?.filter(Actor::is_local)
    {
        collection_items::receive_name(c, collection.id, person.id, &item.id)?;
    }
    Ok(true)
}

/// `Remove` of a collection that is known here, or of an item from one. False for anything else.
pub(super) fn removed(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<bool> {
    let Some(id) = activity.object_id() else { return Ok(false) };
    if let Some(target) = activity.target.as_deref()
        && let Some(collection) = theirs(c, target, actor)?
    {
        collection_items::receive_removal(c, collection.id, id)?;
        return Ok(true);
    }
    collections::receive_delete(c, actor.id, id)
}
