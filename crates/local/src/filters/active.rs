//! Which filters of a person match a post. What is needed for that is made ready once per change and kept in memory, by
//! person; a page of posts asks the database nothing about it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use moka::sync::Cache;

use super::{Filter, Whole, fill};
use crate::connection::{Connection, any_of, cols};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::schema::filters;
use crate::text::matching::{self, Folded, Matcher};
use crate::time::Timestamp;

/// How long something is kept without being asked for anew: what another process changed counts after this time.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Bytes that are kept, about.
const ROOM: u64 = 64 << 20;

/// The filters of a person that are not over, made ready to be matched.
#[derive(Debug, Default)]
pub struct Active {
    filters: Vec<Arc<Filter>>,
    /// Of all keywords of all filters; `None` when there are none.
    matcher: Option<Matcher>,
    /// By the matcher's number: the place of the filter, and the keyword as it was typed.
    keywords: Vec<(usize, String)>,
    /// The places of the filters that a post is in.
    posts: HashMap<PostId, Vec<usize>>,
}

/// A filter that matches a post, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The filter.
    pub filter: Arc<Filter>,
    /// Those of its keywords that the post holds.
    pub keywords: Vec<String>,
    /// The posts of it that this is.
    pub posts: Vec<PostId>,
}

impl Active {
    fn new(wholes: Vec<Whole>) -> Self {
        let mut active = Self::default();
        let mut whole_word = Vec::new();
        for (place, whole) in wholes.into_iter().enumerate() {
            active.filters.push(Arc::new(whole.filter));
            for keyword in whole.keywords {
                active.keywords.push((place, keyword.keyword));
                whole_word.push(keyword.whole_word);
            }
            for status in whole.statuses {
                active.posts.entry(status.post_id).or_default().push(place);
            }
        }
        let texts = active.keywords.iter().zip(whole_word);
        let keywords: Vec<_> = texts.map(|((_, text), whole_word)| matching::Keyword { text, whole_word }).collect();
        active.matcher = (!keywords.is_empty()).then(|| Matcher::new(&keywords));
        active
    }

    /// Whether nothing can match.
    pub fn is_empty(&self) -> bool {
        self.matcher.is_none() && self.posts.is_empty()
    }

    /// The filters that match a post, oldest first. `ids` are the post's and that of the boost in which it is shown; `words`
    /// gives what is read in it, and is asked only when there are keywords.
    pub fn matches<'w>(&self, ids: &[PostId], words: impl FnOnce() -> &'w Folded) -> Vec<Match> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut found: HashMap<usize, (Vec<String>, Vec<PostId>)> = HashMap::new();
        for number in self.matcher.as_ref().map_or_else(Vec::new, |matcher| matcher.find(words())) {
            if let Some((place, keyword)) = self.keywords.get(number) {
                found.entry(*place).or_default().0.push(keyword.clone());
            }
        }
        for id in ids {
            for place in self.posts.get(id).into_iter().flatten() {
                found.entry(*place).or_default().1.push(*id);
            }
        }
        let mut matches = Vec::with_capacity(found.len());
        for (place, filter) in self.filters.iter().enumerate() {
            if let Some((keywords, posts)) = found.remove(&place).filter(|_| !filter.is_over()) {
                matches.push(Match { filter: filter.clone(), keywords, posts });
            }
        }
        matches
    }

    /// Bytes in memory, about.
    fn size(&self) -> u32 {
        let keywords: usize = self.keywords.iter().map(|(_, text)| 64 + 16 * text.len()).sum();
        u32::try_from(200 + keywords + 64 * self.posts.len() + 200 * self.filters.len()).unwrap_or(u32::MAX)
    }
}

/// The filters of a person, made ready. Usually no query; three when they have changed.
pub fn active(c: &mut Connection, viewer: ActorId) -> Result<Arc<Active>> {
    Ok(active_of(c, &[viewer])?.remove(&viewer).unwrap_or_default())
}

/// [`active`] for many people, in as many queries.
pub fn active_of(c: &mut Connection, viewers: &[ActorId]) -> Result<HashMap<ActorId, Arc<Active>>> {
    let lent = LENT.with_borrow(Clone::clone);
    let known = |viewer: &ActorId| Some((*viewer, lent.as_ref()?.memory.known.get(viewer)?));
    let mut all: HashMap<ActorId, Arc<Active>> = viewers.iter().filter_map(known).collect();
    let missing: Vec<ActorId> = viewers.iter().copied().filter(|viewer| !all.contains_key(viewer)).collect();
    if missing.is_empty() {
        return Ok(all);
    }
    let found: Vec<Filter> = filters::table
        .filter(any_of(filters::actor_id, &missing))
        .filter(filters::expires_at.is_null().or(filters::expires_at.gt(Timestamp::now())))
        .order(filters::id)
        .select(cols::<Filter>())
        .load(c)?;
    let mut wholes: HashMap<ActorId, Vec<Whole>> = HashMap::new();
    for whole in fill(c, found)? {
        wholes.entry(whole.filter.actor_id).or_default().push(whole);
    }
    for viewer in missing {
        let active = Arc::new(Active::new(wholes.remove(&viewer).unwrap_or_default()));
        if let Some(lent) = &lent {
            lent.keep(viewer, &active);
        }
        all.insert(viewer, active);
    }
    Ok(all)
}

/// What is kept of one database.
#[derive(Debug)]
pub(crate) struct Memory {
    known: Cache<ActorId, Arc<Active>>,
    /// How often filters have changed.
    changes: Mutex<u64>,
}

/// The memory as a database thread has it during one transaction.
#[derive(Clone)]
struct Lent {
    memory: Arc<Memory>,
    /// The changes before the transaction began: what it reads may be stale once there are more, and is not kept then.
    changes: u64,
}

thread_local! {
    /// A query has its connection and nothing else: its thread knows the rest.
    static LENT: RefCell<Option<Lent>> = const { RefCell::new(None) };
}

impl Memory {
    pub(crate) fn new() -> Self {
        let known =
            Cache::builder().max_capacity(ROOM).weigher(|_, active: &Arc<Active>| active.size()).time_to_live(KEPT_FOR).build();
        Self { known, changes: Mutex::new(0) }
    }

    /// Called by a database thread before it begins a transaction.
    pub(crate) fn lend(self: &Arc<Self>) {
        let changes = *self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        LENT.set(Some(Lent { memory: self.clone(), changes }));
    }

    /// Called after the commit of a change, before it is answered.
    pub(crate) fn forget(&self, actor: ActorId) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        self.known.invalidate(&actor);
    }
}

impl Lent {
    fn keep(&self, actor: ActorId, active: &Arc<Active>) {
        let changes = self.memory.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if *changes == self.changes {
            self.memory.known.insert(actor, active.clone());
        }
    }
}
