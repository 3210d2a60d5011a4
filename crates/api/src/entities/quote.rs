//! Quote, ShallowQuote and QuoteApproval: what a status quotes, as far as its reader is shown it, and who may quote it.

use std::collections::HashMap;

use majlis_local::ids::{ActorId, PostId};
use majlis_local::marks::{self, Marks};
use majlis_local::quote_policies::{self, Approval, QuotePolicy};
use majlis_local::quotes::{self, QuoteState, Shown};
use majlis_local::{Connection, Result, polls, reactions};
use serde::Serialize;

use super::status::Matched;
use super::{FilterResult, Status};

/// Mastodon's Quote, or ShallowQuote within a quoted status. What this reader is not shown is kept for others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quote {
    /// `pending`, `accepted`, `rejected`, `revoked`, `deleted`, `unauthorized`, `blocked_account`, `blocked_domain` or
    /// `muted_account`.
    pub state: &'static str,
    /// What is quoted, if it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted_status: Option<Option<Box<Status>>>,
    /// Of a quote within a quoted status, only its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted_status_id: Option<Option<PostId>>,
    /// Whether the quoted author has agreed.
    #[serde(skip)]
    agreed: QuoteState,
    /// What is quoted, while it is not shown.
    #[serde(skip)]
    hidden: Option<Quoted>,
}

/// What is quoted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Quoted {
    /// Whole.
    Status(Option<Box<Status>>),
    /// Only its id: a quote within a quote.
    Id(Option<PostId>),
}

impl Quote {
    /// A quote as a reader sees it from whom `shown` keeps what is quoted.
    pub(super) fn new(agreed: QuoteState, shown: Shown, quoted: Quoted) -> Self {
        let mut quote = Self { state: agreed.word(), quoted_status: None, quoted_status_id: None, agreed, hidden: Some(quoted) };
        quote.show(shown);
        quote
    }

    /// The same for another reader.
    fn show(&mut self, shown: Shown) {
        let quoted = self.take();
        self.state = match (self.agreed, shown) {
            (QuoteState::Accepted, Shown::Plainly) => "accepted",
            (QuoteState::Accepted, Shown::Unauthorized) => "unauthorized",
            (QuoteState::Accepted, Shown::Deleted) => "deleted",
            (QuoteState::Accepted, Shown::BlockedAccount) => "blocked_account",
            (QuoteState::Accepted, Shown::BlockedDomain) => "blocked_domain",
            (QuoteState::Accepted, Shown::MutedAccount) => "muted_account",
            (state, _) => state.word(),
        };
        self.put(quoted, self.agreed == QuoteState::Accepted && !matches!(shown, Shown::Unauthorized | Shown::Deleted));
    }

    /// Shows what is quoted whatever the state: to the author, in the answer to a deletion.
    pub fn reveal(&mut self) {
        let quoted = self.take();
        self.put(quoted, true);
    }

    fn take(&mut self) -> Quoted {
        let told = (self.quoted_status.take(), self.quoted_status_id.take());
        match (self.hidden.take(), told) {
            (Some(hidden), _) => hidden,
            (None, (Some(status), _)) => Quoted::Status(status),
            (None, (None, id)) => Quoted::Id(id.flatten()),
        }
    }

    fn put(&mut self, quoted: Quoted, shown: bool) {
        match quoted {
            Quoted::Status(status) if shown => self.quoted_status = Some(status),
            Quoted::Id(id) if shown => self.quoted_status_id = Some(id),
            hidden => {
                match hidden {
                    Quoted::Status(_) => self.quoted_status = Some(None),
                    Quoted::Id(_) => self.quoted_status_id = Some(None),
                }
                self.hidden = Some(hidden);
            }
        }
    }

    /// What is quoted, shown or not, when it is here as a whole.
    pub(super) fn status(&self) -> Option<&Status> {
        match (&self.hidden, &self.quoted_status) {
            (Some(Quoted::Status(Some(status))), _) | (None, Some(Some(status))) => Some(status.as_ref()),
            _ => None,
        }
    }

    /// The id of what is quoted, shown or not.
    fn quoted_id(&self) -> Option<PostId> {
        let id = match &self.hidden {
            Some(Quoted::Id(id)) => *id,
            _ => self.quoted_status_id.flatten(),
        };
        self.status().map(|status| status.id).or(id)
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
    /// Whether the page of its card names the reader as its author without leave.
    pub claimed: bool,
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
        Self {
            marks: Marks::default(),
            votes: Vec::new(),
            approval: Approval::Denied,
            claimed: false,
            reactions: Vec::new(),
            quote: None,
        }
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
            claimed: status.card.as_ref().is_some_and(|card| card.claims(*reader)),
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
        let mut statuses = match quote.status() {
            Some(status) => Reading::by(c, readers, status)?,
            None => HashMap::new(),
        };
        let reading = |(reader, shown)| (reader, Self { shown, status: statuses.remove(&reader).map(Box::new) });
        Ok(shown.into_iter().map(reading).collect())
    }

    /// The same quote for `reader`, who reads it so, and of whose filters these match.
    pub(super) fn apply(&self, quote: &mut Quote, reader: ActorId, filtered: &[FilterResult]) {
        let matched = Matched { status: filtered.to_vec(), quoted: Vec::new() };
        let quoted = match (quote.take(), &self.status) {
            (Quoted::Status(Some(status)), Some(reading)) => {
                Quoted::Status(Some(Box::new(status.for_reader(reader, reading, &matched))))
            }
            (quoted, _) => quoted,
        };
        quote.hidden = Some(quoted);
        quote.show(self.shown);
    }
}
