//! What a commit means for those who listen: which topics show it, to whom, and in which words. A status is built once and
//! written out once for all readers to whom it looks the same.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use majlis_local::feeds::{self, Reach};
use majlis_local::filters::active::active_of;
use majlis_local::ids::{ActorId, AnnouncementId, ListId, NotificationId, PostId};
use majlis_local::posts::{self, Parts, Post};
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Error, Event, Result, Site};
use majlis_local::{announcements, conversations, mentions, notifications};

use super::hub::{Hub, Payloads, Topic, Update};
use crate::entities::announcement::Reaction;
use crate::entities::status::{Matched, Words};
use crate::entities::{Account, Announcement, Conversation, Notification, Reading, Status};

/// With no more homes than this open, each is asked whether it shows a post; with more, only those of the author's followers.
const FEW: usize = 256;
/// Who is not logged in.
const NOBODY: ActorId = ActorId(0);

type Audience = Arc<HashSet<ActorId>>;

/// What has to be told of an event.
pub(super) fn of(c: &mut Connection, site: &Site, hub: &Hub, event: Event) -> Result<Vec<Update>> {
    match event {
        Event::PostCreated(id) => shown(c, site, hub, id, "update"),
        Event::PostEdited(id) => shown(c, site, hub, id, "status.update"),
        Event::PostDeleted { post, author, public, local, hashtags, mentioned } => {
            let gone = Gone { post, author, public, local, hashtags, mentioned };
            Ok(vec![gone.update(c, hub)?])
        }
        Event::Notified { notification, recipient } => notified(c, site, hub, notification, recipient),
        Event::FiltersChanged(actor) => Ok(filters_changed(hub, actor)),
        Event::AnnouncementPublished(id) => announced(c, site, hub, id),
        Event::AnnouncementReacted { announcement, name } => reacted(c, site, hub, announcement, name),
        Event::AnnouncementDeleted(id) => Ok(to_everybody(hub, "announcement.delete", id.to_string().into())),
        Event::NotificationsMerged(recipient) => Ok(merged(hub, recipient).into_iter().collect()),
        Event::RelationsChanged(_) | Event::ActorChanged(_) | Event::ListChanged(_) | Event::AccessChanged(_) => Ok(Vec::new()),
    }
}

/// A post or boost is new, or has a new text.
fn shown(c: &mut Connection, site: &Site, hub: &Hub, id: PostId, event: &'static str) -> Result<Vec<Update>> {
    let post = match posts::get(c, id) {
        Ok(post) if post.deleted_at.is_none() => post,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut topics: Vec<(Topic, Option<Audience>)> = Vec::new();
    let mut readers: HashSet<ActorId> = HashSet::new();
    for actor in homes(c, hub, &post)? {
        readers.insert(actor);
        topics.push((Topic::User(actor), None));
    }
    for (list, owner) in lists(c, hub, &post)? {
        readers.insert(owner);
        topics.push((Topic::List(list), None));
    }
    for (topic, audience) in open_topics(c, hub, &post)? {
        readers.extend(audience.iter().copied());
        topics.push((topic, Some(audience)));
    }
    let letters = letters(c, hub, &post, event)?;
    if topics.is_empty() && letters.is_empty() {
        return Ok(Vec::new());
    }
    // A boost whose original is gone is shown to nobody.
    let Some(status) = Status::build_many(c, site, None, std::slice::from_ref(&post))?.pop() else { return Ok(Vec::new()) };
    let mut updates = Vec::new();
    if !topics.is_empty() {
        let mut payloads = payloads(c, &status, &readers)?;
        if readers.contains(&NOBODY) && !site.is_for_guests() {
            // Who is not logged in may not have pictures fetched.
            let plain = Status::build_many(c, &site.for_guests(), None, std::slice::from_ref(&post))?.pop();
            payloads.extend(plain.map(|plain| json(&plain)).transpose()?.map(|plain| (NOBODY, plain)));
        }
        updates.push(Update { event, topics, payloads: Payloads::ByReader(payloads) });
    }
    if !letters.is_empty() {
        updates.push(conversation(c, site, &post, &status, letters)?);
    }
    Ok(updates)
}

/// Those whose open home shows the post.
fn homes(c: &mut Connection, hub: &Hub, post: &Post) -> Result<Vec<ActorId>> {
    let candidates = match hub.users(FEW) {
        Some(open) => open,
        None => {
            let open = post.visibility == Visibility::Public && !post.is_boost() && post.parts.has(Parts::HASHTAGS);
            let names = if open { majlis_local::hashtags::keys_of(c, post.id)? } else { Vec::new() };
            hub.users_among(feeds::home_candidates(c, post.author_id, &names)?)
        }
    };
    feeds::home_audience(c, post, &candidates)
}

/// The open lists that show the post, with their owners.
fn lists(c: &mut Connection, hub: &Hub, post: &Post) -> Result<Vec<(ListId, ActorId)>> {
    if !hub.has_lists() {
        return Ok(Vec::new());
    }
    let with = hub.lists_among(feeds::lists_with(c, post.author_id)?);
    let showing = feeds::list_audience(c, post, &with)?;
    let heard = hub.heard(showing.into_iter().map(Topic::List).collect());
    Ok(heard
        .into_iter()
        .filter_map(|(topic, people)| match topic {
            // A list is its owner's alone.
            Topic::List(list) => people.first().map(|owner| (list, *owner)),
            _ => None,
        })
        .collect())
}

/// The open public topics that show the post, with those who may see it there.
fn open_topics(c: &mut Connection, hub: &Hub, post: &Post) -> Result<Vec<(Topic, Audience)>> {
    if post.visibility != Visibility::Public || post.is_boost() {
        return Ok(Vec::new());
    }
    let names = majlis_local::hashtags::keys_of(c, post.id)?;
    let answers_other = post.in_reply_to_uri.is_some() && post.in_reply_to_actor_id != Some(post.author_id);
    let heard = hub.heard(public_topics(post.local, post.parts.has(Parts::MEDIA), !answers_other, names));
    let mut people: Vec<ActorId> = heard.iter().flat_map(|(_, people)| people.iter().copied()).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let audience: Audience = Arc::new(feeds::public_audience(c, post, &people)?.into_iter().collect());
    Ok(heard.into_iter().map(|(topic, _)| (topic, audience.clone())).collect())
}

/// The public topics of a post; `timeline`: whether the public timelines show it, or hashtags alone.
fn public_topics(local: bool, media: bool, timeline: bool, hashtags: Vec<String>) -> Vec<Topic> {
    let mut topics = Vec::new();
    if timeline {
        let reach = if local { Reach::Local } else { Reach::Remote };
        for reach in [Reach::All, reach] {
            topics.push(Topic::Public { reach, only_media: false });
            if media {
                topics.push(Topic::Public { reach, only_media: true });
            }
        }
    }
    for key in hashtags {
        if local {
            topics.push(Topic::Hashtag { key: key.clone(), only_local: true });
        }
        topics.push(Topic::Hashtag { key, only_local: false });
    }
    topics
}

/// The status as each reader sees it, written out once for all to whom it looks the same.
fn payloads(c: &mut Connection, status: &Status, readers: &HashSet<ActorId>) -> Result<HashMap<ActorId, Arc<str>>> {
    let known: Vec<ActorId> = readers.iter().copied().filter(|reader| *reader != NOBODY).collect();
    let shown = status.reblog.as_deref().unwrap_or(status);
    let mut readings = Reading::by(c, &known, shown)?;
    let (filters, words) = (active_of(c, &known)?, Words::default());
    let mut written: HashMap<(bool, bool, Reading), Arc<str>> = HashMap::new();
    let mut payloads = HashMap::with_capacity(readers.len());
    for reader in known {
        let reading = readings.remove(&reader).unwrap_or_default();
        let filtered = filters.get(&reader).map_or_else(Matched::default, |filters| status.matched(filters, &words));
        if !filtered.is_empty() {
            payloads.insert(reader, json(&status.for_reader(reader, &reading, &filtered))?);
            continue;
        }
        let key = (status.account.id == reader, shown.account.id == reader, reading);
        let payload = match written.get(&key) {
            Some(payload) => payload.clone(),
            None => {
                let payload = json(&status.for_reader(reader, &key.2, &filtered))?;
                written.insert(key, payload.clone());
                payload
            }
        };
        payloads.insert(reader, payload);
    }
    if readers.contains(&NOBODY) {
        payloads.insert(NOBODY, json(status)?);
    }
    Ok(payloads)
}

/// Those who listen for letters and to whom this one is.
fn letters(c: &mut Connection, hub: &Hub, post: &Post, event: &str) -> Result<Vec<ActorId>> {
    if post.visibility != Visibility::Direct || event != "update" {
        return Ok(Vec::new());
    }
    let mut people = mentions::of_post(c, post.id)?;
    people.push(post.author_id);
    let heard = hub.heard(people.into_iter().map(Topic::Direct).collect());
    Ok(heard.into_iter().flat_map(|(_, people)| people.into_iter().take(1)).collect())
}

fn conversation(c: &mut Connection, site: &Site, post: &Post, status: &Status, readers: Vec<ActorId>) -> Result<Update> {
    let rows = conversations::with_last_post(c, post.id, &readers)?;
    let named = mentions::of_post(c, post.id)?;
    let accounts = Account::load_many(c, site, &named)?;
    let others: Vec<Arc<Account>> = named.iter().filter_map(|actor| accounts.get(actor)).cloned().collect();
    let mut payloads = HashMap::new();
    let mut topics = Vec::new();
    let (filters, words) = (active_of(c, &readers)?, Words::default());
    for row in &rows {
        let filtered = filters.get(&row.actor_id).map_or_else(Matched::default, |filters| status.matched(filters, &words));
        let status = status.for_reader(row.actor_id, &Reading::default(), &filtered);
        payloads.insert(row.actor_id, json(&Conversation::new(row, status, &others))?);
        topics.push((Topic::Direct(row.actor_id), None));
    }
    Ok(Update { event: "conversation", topics, payloads: Payloads::ByReader(payloads) })
}

/// A post or boost that is gone.
struct Gone {
    post: PostId,
    author: ActorId,
    public: bool,
    local: bool,
    hashtags: Vec<String>,
    mentioned: Vec<ActorId>,
}

impl Gone {
    /// Told wherever it may have been shown: an app that does not have it ignores it.
    fn update(self, c: &mut Connection, hub: &Hub) -> Result<Update> {
        let mut topics: Vec<Topic> = Vec::new();
        if hub.users(0).is_none() {
            let mut homes = feeds::home_candidates(c, self.author, if self.public { &self.hashtags } else { &[] })?;
            homes.extend(self.mentioned);
            homes.sort_unstable();
            homes.dedup();
            topics.extend(hub.users_among(homes).into_iter().map(Topic::User));
        }
        if hub.has_lists() {
            topics.extend(hub.lists_among(feeds::lists_with(c, self.author)?).into_iter().map(Topic::List));
        }
        if self.public {
            topics.extend(public_topics(self.local, true, true, self.hashtags));
        }
        let topics = topics.into_iter().map(|topic| (topic, None)).collect();
        Ok(Update { event: "delete", topics, payloads: Payloads::One(self.post.to_string().into()) })
    }
}

/// Somebody has a new notification.
fn notified(c: &mut Connection, site: &Site, hub: &Hub, id: NotificationId, recipient: ActorId) -> Result<Vec<Update>> {
    let heard = hub.heard(vec![Topic::User(recipient), Topic::Notifications(recipient)]);
    if heard.is_empty() {
        return Ok(Vec::new());
    }
    let row = match notifications::get(c, recipient, id) {
        Ok(row) => row,
        Err(Error::NotFound(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let Some(notification) = Notification::build_many(c, site, recipient, &[row])?.pop() else { return Ok(Vec::new()) };
    let payloads = Payloads::One(json(&notification)?);
    Ok(vec![Update { event: "notification", topics: heard.into_iter().map(|(topic, _)| (topic, None)).collect(), payloads }])
}

/// Everybody's home, as topics.
fn every_home(hub: &Hub) -> Vec<ActorId> {
    hub.users(usize::MAX).unwrap_or_default()
}

fn to_everybody(hub: &Hub, event: &'static str, payload: Arc<str>) -> Vec<Update> {
    let topics = every_home(hub).into_iter().map(|actor| (Topic::User(actor), None)).collect();
    vec![Update { event, topics, payloads: Payloads::One(payload) }]
}

/// There is a new announcement: each reader gets the text in its language.
fn announced(c: &mut Connection, site: &Site, hub: &Hub, id: AnnouncementId) -> Result<Vec<Update>> {
    let readers = every_home(hub);
    let row = match announcements::get(c, id) {
        Ok(row) if !readers.is_empty() => row,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut written: HashMap<String, Arc<str>> = HashMap::new();
    let mut payloads = HashMap::with_capacity(readers.len());
    for (reader, locale) in announcements::locales(c, &readers)? {
        let payload = match written.get(&locale) {
            Some(payload) => payload.clone(),
            None => {
                let built = Announcement::build_many(c, site, None, &locale, std::slice::from_ref(&row))?.pop();
                let payload = json(&built)?;
                written.insert(locale, payload.clone());
                payload
            }
        };
        payloads.insert(reader, payload);
    }
    let topics = readers.into_iter().map(|actor| (Topic::User(actor), None)).collect();
    Ok(vec![Update { event: "announcement", topics, payloads: Payloads::ByReader(payloads) }])
}

/// How many people react so to an announcement has changed.
fn reacted(c: &mut Connection, site: &Site, hub: &Hub, id: AnnouncementId, name: String) -> Result<Vec<Update>> {
    if every_home(hub).is_empty() {
        return Ok(Vec::new());
    }
    let all = Reaction::of(c, site, None, &[id])?.remove(&id).unwrap_or_default();
    let none = || Reaction { name: name.clone(), count: 0, me: None, url: None, static_url: None };
    let reaction = all.into_iter().find(|reaction| reaction.name == name).unwrap_or_else(none);
    let mut payload = serde_json::to_value(reaction).map_err(Error::internal)?;
    payload["announcement_id"] = id.to_string().into();
    Ok(to_everybody(hub, "announcement.reaction", json(&payload)?))
}

/// Somebody's filters have changed: apps load them anew, and there is nothing more to tell.
fn filters_changed(hub: &Hub, actor: ActorId) -> Vec<Update> {
    if hub.users_among(vec![actor]).is_empty() {
        return Vec::new();
    }
    vec![Update { event: "filters_changed", topics: vec![(Topic::User(actor), None)], payloads: Payloads::None }]
}

/// What somebody's policy had filtered is shown now: their apps load the list anew.
fn merged(hub: &Hub, recipient: ActorId) -> Option<Update> {
    let heard = hub.heard(vec![Topic::User(recipient), Topic::Notifications(recipient)]);
    let topics: Vec<_> = heard.into_iter().map(|(topic, _)| (topic, None)).collect();
    // The payload is Mastodon's.
    (!topics.is_empty()).then(|| Update { event: "notifications_merged", topics, payloads: Payloads::One("1".into()) })
}

fn json<T: serde::Serialize>(value: &T) -> Result<Arc<str>> {
    serde_json::to_string(value).map(Into::into).map_err(Error::internal)
}
