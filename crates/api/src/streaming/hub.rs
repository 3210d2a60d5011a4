//! The hub: who listens to which topic, and the one task that hears of commits and hands each on. A listener has a bounded
//! queue; whoever does not empty it is let go, so that nobody slow can hold memory or the others up.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use majlis_local::feeds::Reach;
use majlis_local::ids::{ActorId, ListId};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::updates;
use crate::state::Api;

/// Messages that may wait for one listener.
const QUEUE: usize = 256;

/// What is told apart when a message is handed on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    User(ActorId),
    Notifications(ActorId),
    Direct(ActorId),
    List(ListId),
    Public { reach: Reach, only_media: bool },
    Hashtag { key: String, only_local: bool },
}

/// What reaches a listener.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// To be sent on.
    Frame(Arc<Frame>),
    /// The person's tokens have changed: look whether this one is still good.
    AccessChanged,
}

/// One message of a channel, written out once for all who get it.
#[derive(Debug)]
pub(super) struct Frame {
    stream: Names,
    event: &'static str,
    payload: Option<Arc<str>>,
    websocket: OnceLock<String>,
}

type Names = Arc<Vec<String>>;

impl Frame {
    /// `{"stream": ["user"], "event": "update", "payload": "{…}"}`: the payload is JSON within a text, and is left out when
    /// there is none.
    pub(super) fn websocket(&self) -> &str {
        self.websocket.get_or_init(|| {
            let mut message = json!({ "stream": *self.stream, "event": self.event });
            if let Some(payload) = &self.payload {
                message["payload"] = payload.as_ref().into();
            }
            message.to_string()
        })
    }

    /// `event: update`, `data: {…}`. JSON has no line breaks of its own. Without data readers would pass an event over, and
    /// some read it as JSON.
    pub(super) fn event_stream(&self) -> String {
        format!("event: {}\ndata: {}\n\n", self.event, self.payload.as_deref().unwrap_or("null"))
    }
}

/// What is to be told, on which topics, in which form to whom.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) event: &'static str,
    /// With those who may hear it there; `None`: everybody who listens.
    pub(super) topics: Vec<(Topic, Option<Arc<HashSet<ActorId>>>)>,
    pub(super) payloads: Payloads,
}

/// An update's forms.
#[derive(Debug)]
pub(super) enum Payloads {
    /// The same for all.
    One(Arc<str>),
    /// By reader; 0 stands for those who are not logged in.
    ByReader(HashMap<ActorId, Arc<str>>),
    /// The event says it all.
    None,
}

impl Payloads {
    /// What a reader is told; the outer `None`: nothing at all.
    #[allow(clippy::option_option)]
    fn of(&self, reader: ActorId) -> Option<Option<&Arc<str>>> {
        match self {
            Self::One(payload) => Some(Some(payload)),
            Self::ByReader(payloads) => payloads.get(&reader).map(Some),
            Self::None => Some(None),
        }
    }
}

/// Who listens to what. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    registry: Mutex<Registry>,
    started: AtomicBool,
}

#[derive(Default)]
struct Registry {
    last: u64,
    listeners: HashMap<u64, Entry>,
    topics: HashMap<Topic, HashMap<u64, Names>>,
    /// Topics of the kind, so that nothing is asked for nobody.
    users: HashSet<ActorId>,
    lists: HashSet<ListId>,
}

struct Entry {
    viewer: ActorId,
    queue: mpsc::Sender<Message>,
    topics: HashSet<Topic>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("listeners", &self.listeners()).finish()
    }
}

impl Hub {
    /// How many sockets and streams are open.
    pub fn listeners(&self) -> usize {
        self.lock().listeners.len()
    }

    /// Takes a listener in. The first one starts the task that hears of commits.
    pub(super) fn connect(&self, api: &Api, viewer: Option<ActorId>) -> Subscriber {
        if !self.0.started.swap(true, Ordering::AcqRel) {
            // Subscribed before anybody can be told of a subscription, so that nothing committed after it is missed.
            let events = api.db.events();
            tokio::spawn(listen(api.clone(), events, Started(self.clone())));
        }
        let (queue, messages) = mpsc::channel(QUEUE);
        let mut registry = self.lock();
        registry.last += 1;
        let id = registry.last;
        registry.listeners.insert(id, Entry { viewer: viewer.unwrap_or(ActorId(0)), queue, topics: HashSet::new() });
        drop(registry);
        Subscriber { hub: self.clone(), id, messages }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Nothing is left half done where a lock is held, so a poisoned one is as good as any.
        self.0.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody listens to anything.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().topics.is_empty()
    }

    /// Those whose home is listened to, when they are no more than `most`.
    pub(super) fn users(&self, most: usize) -> Option<Vec<ActorId>> {
        let registry = self.lock();
        (registry.users.len() <= most).then(|| registry.users.iter().copied().collect())
    }

    /// Those of `actors` whose home is listened to.
    pub(super) fn users_among(&self, mut actors: Vec<ActorId>) -> Vec<ActorId> {
        let registry = self.lock();
        actors.retain(|actor| registry.users.contains(actor));
        actors
    }

    /// Whether any list is listened to.
    pub(super) fn has_lists(&self) -> bool {
        !self.lock().lists.is_empty()
    }

    /// Those of `lists` that are listened to.
    pub(super) fn lists_among(&self, mut lists: Vec<ListId>) -> Vec<ListId> {
        let registry = self.lock();
        lists.retain(|list| registry.lists.contains(list));
        lists
    }

    /// Those of `topics` to which somebody listens, with the listeners' people (0: nobody logged in).
    pub(super) fn heard(&self, topics: Vec<Topic>) -> Vec<(Topic, Vec<ActorId>)> {
        let registry = self.lock();
        let people = |topic: &Topic| -> Vec<ActorId> {
            let ids = registry.topics.get(topic).into_iter().flat_map(HashMap::keys);
            ids.filter_map(|id| registry.listeners.get(id)).map(|entry| entry.viewer).collect()
        };
        topics
            .into_iter()
            .map(|topic| (people(&topic), topic))
            .filter(|(people, _)| !people.is_empty())
            .map(|(p, t)| (t, p))
            .collect()
    }

    /// Hands an update on to whoever may hear it. Whoever does not keep up is let go.
    pub(super) fn tell(&self, update: &Update) {
        let mut registry = self.lock();
        let mut slow = Vec::new();
        for (topic, audience) in &update.topics {
            let mut frames: Vec<(Names, Option<Arc<str>>, Arc<Frame>)> = Vec::new();
            for (id, names) in registry.topics.get(topic).into_iter().flatten() {
                let Some(entry) = registry.listeners.get(id) else { continue };
                if audience.as_ref().is_some_and(|audience| !audience.contains(&entry.viewer)) {
                    continue;
                }
                let Some(payload) = update.payloads.of(entry.viewer) else { continue };
                let same = |there: &Option<Arc<str>>| match (there, payload) {
                    (Some(there), Some(payload)) => Arc::ptr_eq(there, payload),
                    (there, payload) => there.is_none() && payload.is_none(),
                };
                let known = frames.iter().find(|(n, p, _)| n == names && same(p)).map(|(_, _, frame)| frame.clone());
                let frame = known.unwrap_or_else(|| {
                    let frame = Arc::new(Frame {
                        stream: names.clone(),
                        event: update.event,
                        payload: payload.cloned(),
                        websocket: OnceLock::new(),
                    });
                    frames.push((names.clone(), payload.cloned(), frame.clone()));
                    frame
                });
                if entry.queue.try_send(Message::Frame(frame)).is_err() {
                    slow.push(*id);
                }
            }
        }
        for id in slow {
            registry.remove(id);
        }
    }

    /// Lets the sockets of a person see whether they may stay.
    pub(super) fn access_changed(&self, actor: ActorId) {
        let mut registry = self.lock();
        let concerned = registry.listeners.iter().filter(|(_, entry)| entry.viewer == actor);
        let slow: Vec<u64> =
            concerned.filter(|(_, entry)| entry.queue.try_send(Message::AccessChanged).is_err()).map(|(id, _)| *id).collect();
        for id in slow {
            registry.remove(id);
        }
    }
}

impl Registry {
    fn subscribe(&mut self, id: u64, topic: Topic, names: Names) {
        let Some(entry) = self.listeners.get_mut(&id) else { return };
        entry.topics.insert(topic.clone());
        match &topic {
            Topic::User(actor) => drop(self.users.insert(*actor)),
            Topic::List(list) => drop(self.lists.insert(*list)),
            _ => {}
        }
        self.topics.entry(topic).or_default().insert(id, names);
    }

    fn unsubscribe(&mut self, id: u64, topic: &Topic) {
        if let Some(entry) = self.listeners.get_mut(&id) {
            entry.topics.remove(topic);
        }
        let Some(listeners) = self.topics.get_mut(topic) else { return };
        listeners.remove(&id);
        if listeners.is_empty() {
            self.topics.remove(topic);
            match topic {
                Topic::User(actor) => drop(self.users.remove(actor)),
                Topic::List(list) => drop(self.lists.remove(list)),
                _ => {}
            }
        }
    }

    fn remove(&mut self, id: u64) {
        let topics = self.listeners.get(&id).map(|entry| entry.topics.clone()).unwrap_or_default();
        for topic in &topics {
            self.unsubscribe(id, topic);
        }
        self.listeners.remove(&id);
    }
}

/// A listener's end: goes away with the value.
#[derive(Debug)]
pub(super) struct Subscriber {
    hub: Hub,
    id: u64,
    messages: mpsc::Receiver<Message>,
}

impl Subscriber {
    pub(super) fn subscribe(&mut self, topic: Topic, names: Vec<String>) {
        self.hub.lock().subscribe(self.id, topic, Arc::new(names));
    }

    pub(super) fn unsubscribe(&mut self, topic: &Topic) {
        self.hub.lock().unsubscribe(self.id, topic);
    }

    /// How many topics it listens to.
    pub(super) fn topics(&self) -> usize {
        self.hub.lock().listeners.get(&self.id).map_or(0, |entry| entry.topics.len())
    }

    /// The next message; `None` once the hub has let go.
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.hub.lock().remove(self.id);
    }
}

/// Lets the next listener start the task again when this one ends (with the runtime on which it ran).
struct Started(Hub);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.0.started.store(false, Ordering::Release);
    }
}

/// Hears of commits, in order, and tells whoever listens.
async fn listen(api: Api, mut events: tokio::sync::broadcast::Receiver<majlis_local::Event>, started: Started) {
    let hub = &started.0;
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => {
                // Apps load what they miss: a stream is a convenience.
                tracing::warn!(missed, "streaming does not keep up");
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        if let majlis_local::Event::AccessChanged(actor) = event {
            hub.access_changed(actor);
            continue;
        }
        if hub.is_idle() {
            continue;
        }
        let asked = hub.clone();
        match api
            .db
            .read({
                let site = api.for_member().db.site().clone();
                move |c| updates::of(c, &site, &asked, event)
            })
            .await
        {
            Ok(updates) => updates.iter().for_each(|update| hub.tell(update)),
            Err(error) => tracing::warn!(%error, "an event could not be streamed"),
        }
    }
}
