//! Answers that never came here: when somebody opens a thread that began elsewhere, its posts are looked for at its own
//! server. First its conversation is asked for as a collection (FEP-7888), then each post's `replies`. What a collection
//! lists is only a list of ids: every post is fetched from where it lives.
//!
//! How far a crawl has come is kept in memory for as long as apps ask for it; whoever asks after a restart is told that there
//! is no such crawl, and loads the thread.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use majlis_local::ids::PostId;
use majlis_local::jobs::{self, Job};
use majlis_local::posts::{self, Post};
use majlis_local::{Timestamp, secrets};
use moka::sync::Cache;

use crate::client::Budget;
use crate::resolve::{MOST_PARENTS, ResolveError};
use crate::state::Federation;
use crate::vocab::{self, Collection, CollectionRef, Note, Object};

/// How long a thread is not crawled again.
const PAUSE: Duration = Duration::from_secs(15 * 60);
/// How long a crawl can be asked about.
const KEPT: Duration = Duration::from_secs(3_600);
/// Seconds of a post's life in which its answers are still on their way by themselves.
const FRESH: i64 = 300;
/// Requests of one crawl, and its time; redirects and webfinger count.
const REQUESTS: u32 = 120;
const TIME: Duration = Duration::from_secs(90);
/// Posts that one crawl brings at the most, and ids that it looks at.
const MOST_POSTS: u32 = 100;
const MOST_IDS: usize = 1_000;
/// Pages that are read of one collection.
const MOST_PAGES: usize = 5;

/// The crawls of late.
#[derive(Debug)]
pub(crate) struct Crawls {
    by_id: Cache<String, Arc<Crawl>>,
    /// By the first post of the thread.
    by_thread: Cache<PostId, Arc<Crawl>>,
}

impl Crawls {
    pub(crate) fn new() -> Self {
        Self {
            by_id: Cache::builder().max_capacity(10_000).time_to_live(KEPT).build(),
            by_thread: Cache::builder().max_capacity(10_000).time_to_live(PAUSE).build(),
        }
    }
}

/// How far a crawl has come.
#[derive(Debug)]
pub struct Crawl {
    id: String,
    found: AtomicU32,
    running: AtomicBool,
}

impl Crawl {
    /// The name by which apps ask about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Posts that it has brought so far.
    pub fn found(&self) -> u32 {
        self.found.load(Ordering::Relaxed)
    }

    /// Whether there may be more.
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }
}

/// Ends a crawl however it ends.
struct Running(Arc<Crawl>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Relaxed);
    }
}

impl Federation {
    /// Has the answers in a thread fetched that are missing here, unless that was done lately; gives back the crawl that is
    /// under way. `first` is the thread's first post as far as it is known, `asked` the one that somebody looks at.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn crawl(&self, first: &Post, asked: &Post) -> majlis_local::Result<Option<Arc<Crawl>>> {
        if let Some(crawl) = self.crawls.by_thread.get(&first.id) {
            return Ok(Some(crawl).filter(|crawl| crawl.is_running()));
        }
        let old = |post: &&Post| post.created_at.plus_seconds(FRESH) < Timestamp::now();
        let remote = |post: &&Post| !post.local && !post.is_boost() && post.visibility.is_open();
        let mut from: Vec<PostId> = [first, asked].into_iter().filter(remote).filter(old).map(|post| post.id).collect();
        from.dedup();
        if from.is_empty() {
            return Ok(None);
        }
        let crawl = Arc::new(Crawl { id: secrets::generate(), found: AtomicU32::new(0), running: AtomicBool::new(true) });
        // Whoever comes first makes the job.
        let entry = self.crawls.by_thread.entry(first.id).or_insert_with(|| crawl.clone());
        if !entry.is_fresh() {
            return Ok(Some(entry.into_value()).filter(|crawl| crawl.is_running()));
        }
        self.crawls.by_id.insert(crawl.id.clone(), crawl.clone());
        let job = Job::FetchReplies { crawl: crawl.id.clone(), posts: from };
        if let Err(error) = self.db.write(move |c| jobs::enqueue(c, &job)).await {
            self.crawls.by_thread.invalidate(&first.id);
            return Err(error);
        }
        Ok(Some(crawl))
    }

    /// A crawl by its name, for an hour.
    pub fn crawl_named(&self, id: &str) -> Option<Arc<Crawl>> {
        self.crawls.by_id.get(id)
    }

    /// Carries a crawl out: the work of [`Job::FetchReplies`]. One that was begun before a restart is not: nobody waits for it.
    pub(crate) async fn fetch_replies(&self, crawl: &str, from: &[PostId]) -> Result<(), ResolveError> {
        let Some(crawl) = self.crawl_named(crawl).filter(|crawl| crawl.is_running()) else { return Ok(()) };
        let running = Running(crawl);
        let ids = from.to_vec();
        let begun = self.db.read(move |c| posts::find_many(c, &ids)).await?;
        let mut search = Search {
            federation: self,
            crawl: &running.0,
            budget: Budget::new(REQUESTS, TIME),
            seen: HashSet::new(),
            waiting: VecDeque::new(),
            listed_whole: false,
        };
        for post in from.iter().filter_map(|id| begun.iter().find(|post| post.id == *id)) {
            search.wait_for(&post.uri);
        }
        search.run().await;
        Ok(())
    }
}

/// A crawl at work.
struct Search<'a> {
    federation: &'a Federation,
    crawl: &'a Crawl,
    budget: Budget,
    /// Ids that were looked at.
    seen: HashSet<String>,
    /// Ids of posts whose answers are to be looked for, those nearest to the beginning first.
    waiting: VecDeque<String>,
    /// Whether all ids of the conversation are known: then only what is missing is fetched.
    listed_whole: bool,
}

impl Search<'_> {
    fn wait_for(&mut self, uri: &str) {
        if self.seen.len() < MOST_IDS && self.seen.insert(uri.to_owned()) {
            self.waiting.push_back(uri.to_owned());
        }
    }

    /// Until nothing waits, or enough was asked or found. What a peer cannot answer is passed over.
    async fn run(&mut self) {
        let mut first = true;
        while let Some(uri) = self.waiting.pop_front() {
            if self.crawl.found() >= MOST_POSTS || self.budget.requests_left() == 0 || self.budget.time_left().is_zero() {
                return;
            }
            match self.visit(&uri, first).await {
                Ok(()) => {}
                Err(error) => tracing::debug!(uri, %error, "answers could not be fetched"),
            }
            first = false;
        }
    }

    /// Reads a post at its server, keeps it when it is new, and notes what answers it.
    async fn visit(&mut self, uri: &str, first: bool) -> Result<(), ResolveError> {
        let id = uri.to_owned();
        let known = self.federation.db.read(move |c| posts::by_uri(c, &id)).await?;
        if known.as_ref().is_some_and(|post| self.listed_whole || post.local || post.deleted_at.is_some()) {
            return Ok(());
        }
        let fetched = self.federation.fetch(uri, &self.budget).await?;
        let Object::Note(note) = &fetched.object else { return Ok(()) };
        let note = note.clone();
        if known.is_none() {
            // Its parents are what this crawl goes through.
            self.federation.keep_post(&fetched, MOST_PARENTS, &self.budget).await?;
            self.crawl.found.fetch_add(1, Ordering::Relaxed);
        }
        if first {
            self.listed_whole = self.list_conversation(&note).await;
        }
        if let Some(replies) = note.replies.as_ref().filter(|_| !self.listed_whole) {
            for id in self.listed(replies, &note.id).await? {
                self.wait_for(&id);
            }
        }
        Ok(())
    }

    /// Whether the conversation's own collection says what is in it (FEP-7888): then nothing else has to be asked.
    async fn list_conversation(&mut self, note: &Note) -> bool {
        // A name with a fragment is part of a document, and no collection.
        let own = |context: &&str| !context.contains('#') && vocab::id::same_origin(context, &note.id);
        let Some(context) = note.context.as_deref().filter(own) else {
            return false;
        };
        match self.listed(&CollectionRef::Id(context.to_owned()), &note.id).await {
            Ok(ids) => {
                ids.iter().for_each(|id| self.wait_for(id));
                !ids.is_empty()
            }
            Err(error) => {
                tracing::debug!(context, %error, "a conversation is no collection");
                false
            }
        }
    }

    /// The ids on the first pages of a collection, which must be of the origin of `owner`.
    async fn listed(&self, collection: &CollectionRef, owner: &str) -> Result<Vec<String>, ResolveError> {
        let mut ids = Vec::new();
        let mut next = match collection {
            CollectionRef::Id(id) => Some(id.clone()),
            CollectionRef::Embedded(whole) => take(whole, &mut ids),
        };
        for _ in 0..MOST_PAGES {
            let Some(address) = next.take().filter(|address| vocab::id::same_origin(address, owner)) else { break };
            let page = self.federation.fetch_collection(&address, &self.budget).await?;
            next = take(&page, &mut ids).filter(|next| *next != address);
            if ids.len() >= MOST_IDS {
                break;
            }
        }
        ids.truncate(MOST_IDS);
        Ok(ids)
    }
}

/// Takes the ids of a collection or page; gives back where it goes on.
fn take(collection: &Collection, ids: &mut Vec<String>) -> Option<String> {
    ids.extend(collection.ids().map(str::to_owned));
    match &collection.first {
        Some(CollectionRef::Id(first)) => Some(first.clone()),
        Some(CollectionRef::Embedded(first)) if collection.next.is_none() => {
            ids.extend(first.ids().map(str::to_owned));
            first.next.clone()
        }
        _ => collection.next.clone(),
    }
}
