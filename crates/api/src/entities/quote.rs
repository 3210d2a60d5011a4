//! Quote, ShallowQuote and QuoteApproval: what a status quotes, as far as its reader is shown it, and who may quote it.

use std::collections::HashMap;

use majlis_local::ids::{ActorId, PostId};
use majlis_local::marks::{self, Marks};
use majlis_local::quote_policies::{self, Approval, QuotePolicy};
use majlis_local::quotes::{self, QuoteState, Shown};
use majlis_local::{Connection, Result, polls, reactions};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::status::Matched;
use super::{FilterResult, Status};

/// Mastodon's Quote, or ShallowQuote within a quoted status. It holds what is quoted for every reader; what is written for
/// one depends on `state` and `shown`.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// Whether the quoted author has agreed.
    pub state: QuoteState,
    /// What keeps the reader from seeing it.
    pub shown: Shown,
    /// What is quoted.
    pub quoted: Quoted,
    /// Shown whatever the state: to the author, in the answer to a deletion.
    pub always: bool,
}

/// What is quoted.
#[derive(Debug, Clone, PartialEq)]
pub enum Quoted {
    /// Whole.
    Status(Option<Box<Status>>),
    /// Only its id: a quote within a quote.
    Id(Option<PostId>),
}

impl Quote {
    /// Mastodon's word for the state, as the reader sees it.
    fn word(&self) -> &'static str {
        match (self.state, self.shown) {
            (QuoteState::Accepted, Shown::Plainly) => "accepted",
            (QuoteState::Accepted, Shown::Unauthorized) => "unauthorized",
            (QuoteState::Accepted, Shown::Deleted) => "deleted",
            (QuoteState::Accepted, Shown::BlockedAccount) => "blocked_account",
            (QuoteState::Accepted, Shown::BlockedDomain) => "blocked_domain",
            (QuoteState::Accepted, Shown::MutedAccount) => "muted_account",
            (state, _) => state.word(),
        }
    }

    fn is_shown(&self) -> bool {
        let shown = !matches!(self.shown, Shown::Unauthorized | Shown::Deleted);
        self.always || (self.state == QuoteState::Accepted && shown)
    }

    /// The id of what is quoted, shown or not.
    fn quoted_id(&self) -> Option<PostId> {
        match &self.quoted {
            Quoted::Status(status) => status.as_ref().map(|status| status.id),
            Quoted::Id(id) => *id,
        }
    }
}

impl Serialize for Quote {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut quote = serializer.serialize_struct("Quote", 2)?;
        quote.serialize_field("state", self.word())?;
        let shown = self.is_shown();
        match &self.quoted {
            Quoted::Status(status) => quote.serialize_field("quoted_status", &status.as_ref().filter(|_| shown))?,
            Quoted::Id(id) => quote.serialize_field("quoted_status_id", &id.filter(|_| shown))?,
        }
        quote.end()
    }
}

/// Mastodon's QuoteApproval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuoteApproval {
    /// Groups who may quote at once.
    pub automatic: Vec<&'static str>,
    /// Groups who may ask.
    pub manual: Vec<&'static str>,
    /// Whether the reader may.
    pub current_user: Approval,
    #[serde(skip)]
    policy: QuotePolicy,
}

impl QuoteApproval {
    /// What a policy says to everybody, and to the reader.
    pub fn new(policy: QuotePolicy, reader: Approval) -> Self {
        Self { automatic: policy.automatic().words(), manual: policy.manual().words(), current_user: reader, policy }
    }
}

/// How one person reads a status: what it has done with it, and what it is shown of a quote. Two who read alike get the
/// same words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Reading {
    pub marks: Marks,
    pub votes: Vec<i32>,
    pub approval: Approval,
    /// Names of the emoji with which it has reacted.
    pub reactions: Vec<String>,
    pub quote: Option<QuoteReading>,
}

/// How one person reads what a status quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QuoteReading {
    shown: Shown,
    /// Of a whole quoted status.
    status: Option<Box<Reading>>,
}

impl Default for Reading {
    /// Of somebody who has done nothing and may not quote.
    fn default() -> Self {
        Self { marks: Marks::default(), votes: Vec::new(), approval: Approval::Denied, reactions: Vec::new(), quote: None }
    }
}

impl Reading {
    /// How each of `readers` reads a status that is no boost. A fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn by(c: &mut Connection, readers: &[ActorId], status: &Status) -> Result<HashMap<ActorId, Self>> {
        let marks = marks::by(c, readers, status.id)?;
        let mut votes: HashMap<ActorId, Vec<i32>> = HashMap::new();
        if status.poll.is_some() {
            for (voter, choice) in polls::votes_by(c, readers, status.id)? {
                votes.entry(voter).or_default().push(choice);
            }
        }
        let mut reacted: HashMap<ActorId, Vec<String>> = HashMap::new();
        if !status.reactions.is_empty() {
            for (actor, name) in reactions::by(c, readers, status.id)? {
                reacted.entry(actor).or_default().push(name);
            }
        }
        let approvals = quote_policies::by(c, readers, status.account.id, status.visibility, status.quote_approval.policy)?;
        let mut quotes = match &status.quote {
            Some(quote) => QuoteReading::by(c, readers, quote)?,
            None => HashMap::new(),
        };
        let mut reading = |reader: &ActorId| Self {
            marks: marks.get(reader).copied().unwrap_or_default(),
            votes: votes.remove(reader).unwrap_or_default(),
            approval: approvals.get(reader).copied().unwrap_or(Approval::Denied),
            reactions: reacted.remove(reader).unwrap_or_default(),
            quote: quotes.remove(reader),
        };
        let readings: Vec<Self> = readers.iter().map(&mut reading).collect();
        Ok(readers.iter().copied().zip(readings).collect())
    }
}

impl QuoteReading {
    fn by(c: &mut Connection, readers: &[ActorId], quote: &Quote) -> Result<HashMap<ActorId, Self>> {
        let Some(id) = quote.quoted_id() else { return Ok(HashMap::new()) };
        let shown = quotes::shown_to(c, readers, id)?;
        let mut statuses = match &quote.quoted {
            Quoted::Status(Some(status)) => Reading::by(c, readers, status)?,
            Quoted::Status(None) | Quoted::Id(_) => HashMap::new(),
        };
        let reading = |(reader, shown)| (reader, Self { shown, status: statuses.remove(&reader).map(Box::new) });
        Ok(shown.into_iter().map(reading).collect())
    }

    /// The same quote for `reader`, who reads it so, and of whose filters these match.
    pub(super) fn apply(&self, quote: &mut Quote, reader: ActorId, filtered: &[FilterResult]) {
        quote.shown = self.shown;
        if let (Quoted::Status(Some(status)), Some(reading)) = (&mut quote.quoted, &self.status) {
            let matched = Matched { status: filtered.to_vec(), quoted: Vec::new() };
            **status = status.for_reader(reader, reading, &matched);
        }
    }
}
