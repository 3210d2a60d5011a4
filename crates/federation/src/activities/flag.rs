//! `Flag`: another server reports somebody here, with some of the posts. It is kept for the moderators; nothing else happens.

use majlis_local::actors::{self, Actor};
use majlis_local::posts::{self, Post};
use majlis_local::{Connection, Result, Site, reports, text};

use super::{Handled, own_object};
use crate::vocab::{Activity, Object};

/// Things that one report names; the rest is not looked at.
const MOST_NAMED: usize = 128;
/// People that one report names; Mastodon names one.
const MOST_PEOPLE: usize = 4;

pub(super) fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(id) = activity.id.as_deref() else { return Ok(Handled::Ignored("a report without id")) };
    own_object(actor, id)?;
    let (people, shown) = named(c, site, activity)?;
    if people.is_empty() {
        return Ok(Handled::Ignored("reports nobody of ours"));
    }
    let comment = text::plain(activity.content.as_deref().unwrap_or_default());
    for target in people {
        let theirs: Vec<Post> = shown.iter().filter(|post| post.author_id == target.id).cloned().collect();
        if !reports::receive(c, id, actor, target.id, &theirs, &comment)? {
            return Ok(Handled::Ignored("more reports than anybody here can look at"));
        }
    }
    Ok(Handled::Done)
}

/// The people of ours and the posts of theirs that a report names. Some name posts alone: then their authors are meant.
fn named(c: &mut Connection, site: &Site, activity: &Activity) -> Result<(Vec<Actor>, Vec<Post>)> {
    let (mut people, mut shown) = (Vec::new(), Vec::new());
    let ours = activity.object.iter().filter_map(Object::id).filter(|id| site.is_own_uri(id));
    for id in ours.take(MOST_NAMED) {
        if let Some(post) = posts::by_uri(c, id)? {
            if post.local && !shown.iter().any(|known: &Post| known.id == post.id) {
                shown.push(post);
            }
        } else if let Some(person) = actors::by_uri(c, id)?.filter(|person| person.is_local() && !person.is_gone()) {
            people.push(person);
        }
    }
    if people.is_empty() {
        let mut authors: Vec<_> = shown.iter().map(|post| post.author_id).collect();
        authors.sort_unstable();
        authors.dedup();
        people = actors::find_many(c, &authors)?;
        people.retain(|person| !person.is_gone());
    }
    let instance = site.instance_actor_uri();
    people.retain(|person| person.uri != instance);
    people.sort_unstable_by_key(|person| person.id);
    people.dedup_by_key(|person| person.id);
    people.truncate(MOST_PEOPLE);
    Ok((people, shown))
}
