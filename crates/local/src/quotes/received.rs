//! What other servers say of quotes: that a post of theirs quotes, that somebody asks, agrees, refuses or takes it back.

use diesel::prelude::*;

use super::{Quote, QuoteState, RemoteQuote, by_request, get, insert, notice, of_post, remove, set_state, turn_down};
use crate::connection::{Connection, cols};
use crate::error::Result;
use crate::ids::{ActorId, QuoteId};
use crate::instances;
use crate::jobs::{self, Change, Job};
use crate::mentions;
use crate::notifications;
use crate::posts::{self, Post};
use crate::schema::quotes;
use crate::tombstones;

/// A post of another server says what it quotes, for the first time or again; `None`: nothing any more.
pub(crate) fn receive(c: &mut Connection, post: &Post, remote: Option<&RemoteQuote>) -> Result<()> {
    let before = of_post(c, post.id)?;
    match (before, remote) {
        (Some(quote), Some(remote)) if quote.quoted_uri == remote.uri => again(c, quote, remote),
        (before, remote) => {
            if let Some(quote) = before {
                remove(c, &quote)?;
            }
            match remote {
                Some(remote) => first(c, post, remote),
                None => Ok(()),
            }
        }
    }
}

/// The quote that a remote post makes, when what is quoted or its author's leave is still to be fetched. Who quotes itself
/// needs no leave; who that is shows when the quoted post is here.
pub fn unverified(c: &mut Connection, post: &Post) -> Result<Option<QuoteId>> {
    if !post.parts.has(posts::Parts::QUOTE) {
        return Ok(None);
    }
    let Some(quote) = of_post(c, post.id)?.filter(|quote| quote.state == QuoteState::Pending) else { return Ok(None) };
    let perhaps_own = quote.quoted_id.is_none() && instances::host_of(&quote.quoted_uri) == instances::host_of(&post.uri);
    Ok((quote.stamp_uri.is_some() || perhaps_own).then_some(quote.id))
}

fn first(c: &mut Connection, post: &Post, remote: &RemoteQuote) -> Result<()> {
    let quoted = posts::by_uri(c, &remote.uri)?.filter(|quoted| quoted.deleted_at.is_none() && !quoted.is_boost());
    let own = quoted.as_ref().is_some_and(|quoted| quoted.author_id == post.author_id);
    let quote = Quote {
        id: QuoteId::new(),
        post_id: post.id,
        author_id: post.author_id,
        quoted_uri: remote.uri.clone(),
        quoted_id: quoted.as_ref().map(|quoted| quoted.id),
        quoted_author_id: quoted.as_ref().map(|quoted| quoted.author_id),
        state: if own { QuoteState::Accepted } else { QuoteState::Pending },
        legacy: remote.legacy,
        request_uri: None,
        stamp_uri: remote.stamp.clone(),
        created_at: post.created_at,
    };
    insert(c, &quote)
}

/// The same is quoted, perhaps with another stamp: that one has to be verified anew. Over quotes of what is ours our own
/// rows decide, and over a quote that was taken back only a new stamp.
fn again(c: &mut Connection, mut quote: Quote, remote: &RemoteQuote) -> Result<()> {
    let ours = match quote.quoted_id {
        Some(quoted) => posts::get(c, quoted)?.local,
        None => false,
    };
    if ours || quote.quoted_author_id == Some(quote.author_id) || quote.stamp_uri == remote.stamp {
        return Ok(());
    }
    diesel::update(quotes::table.find(quote.id))
        .set((quotes::stamp_uri.eq(&remote.stamp), quotes::legacy.eq(remote.legacy)))
        .execute(c)?;
    set_state(c, &mut quote, QuoteState::Pending)
}

/// What a quote quotes is here now. A quote of oneself is accepted with that.
pub fn found(c: &mut Connection, id: QuoteId, quoted: &Post) -> Result<Quote> {
    let mut quote = get(c, id)?;
    if quote.quoted_id.is_some() || quoted.is_boost() {
        return Ok(quote);
    }
    diesel::update(quotes::table.find(id))
        .set((quotes::quoted_id.eq(Some(quoted.id)), quotes::quoted_author_id.eq(Some(quoted.author_id))))
        .execute(c)?;
    quote.quoted_id = Some(quoted.id);
    quote.quoted_author_id = Some(quoted.author_id);
    if quote.author_id == quoted.author_id {
        set_state(c, &mut quote, QuoteState::Accepted)?;
    }
    Ok(quote)
}

/// Quotes that came before what they quote find it now.
pub(crate) fn adopt(c: &mut Connection, quoted: &Post) -> Result<()> {
    let waiting = quotes::table.filter(quotes::quoted_uri.eq(&quoted.uri)).filter(quotes::quoted_id.is_null());
    let waiting: Vec<QuoteId> = waiting.select(quotes::id).limit(1_000).load(c)?;
    for id in waiting {
        found(c, id, quoted)?;
    }
    Ok(())
}

/// The stamp of a remote author was fetched and holds: the quote may be shown. Only what is open can be quoted by others.
pub fn verified(c: &mut Connection, id: QuoteId, stamp: &str) -> Result<()> {
    let mut quote = get(c, id)?;
    let open = match quote.quoted_id {
        Some(quoted) => posts::get(c, quoted)?.visibility.is_open(),
        None => false,
    };
    if !open || quote.stamp_uri.as_deref() != Some(stamp) || tombstones::known(c, stamp)? {
        return Ok(());
    }
    set_state(c, &mut quote, QuoteState::Accepted)
}

/// There is no such stamp.
pub fn refused(c: &mut Connection, id: QuoteId) -> Result<()> {
    let mut quote = get(c, id)?;
    turn_down(c, &mut quote)
}

/// The remote author `actor` says yes to what a local one asked, by a stamp. False when that was not asked of it.
pub fn receive_accept(c: &mut Connection, actor: ActorId, request: &str, stamp: &str) -> Result<bool> {
    let Some(mut quote) = by_request(c, request)?.filter(|quote| quote.quoted_author_id == Some(actor)) else {
        return Ok(false);
    };
    if tombstones::known(c, stamp)? {
        return Ok(false);
    }
    diesel::update(quotes::table.find(quote.id)).set(quotes::stamp_uri.eq(Some(stamp))).execute(c)?;
    quote.stamp_uri = Some(stamp.to_owned());
    set_state(c, &mut quote, QuoteState::Accepted)?;
    // Everybody who has the post hears of the stamp.
    jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: quote.post_id } })?;
    Ok(true)
}

/// The remote author `actor` says no to what a local one asked, or takes its yes back. False when that was not asked of it.
pub fn receive_reject(c: &mut Connection, actor: ActorId, request: &str) -> Result<bool> {
    let Some(mut quote) = by_request(c, request)?.filter(|quote| quote.quoted_author_id == Some(actor)) else {
        return Ok(false);
    };
    turn_down(c, &mut quote)?;
    Ok(true)
}

/// The remote author `actor` deletes a stamp. False when no quote has it.
pub fn receive_revocation(c: &mut Connection, actor: ActorId, stamp: &str) -> Result<bool> {
    let with: Vec<Quote> = quotes::table.filter(quotes::stamp_uri.eq(stamp)).select(cols::<Quote>()).load(c)?;
    let mut any = false;
    for mut quote in with.into_iter().filter(|quote| quote.quoted_author_id == Some(actor)) {
        any = true;
        tombstones::remember(c, stamp)?;
        let was = quote.state;
        turn_down(c, &mut quote)?;
        if was == QuoteState::Accepted && posts::get(c, quote.post_id)?.local {
            jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: quote.post_id } })?;
        }
    }
    Ok(any)
}

/// A remote author asks to quote a local post by `quoting`, which is stored already. Whether it may was asked before.
/// False when that post does not quote it.
pub fn receive_request(c: &mut Connection, quoting: &Post, quoted: &Post, request: &str) -> Result<bool> {
    let Some(mut quote) = of_post(c, quoting.id)?.filter(|quote| quote.quoted_uri == quoted.uri) else { return Ok(false) };
    diesel::update(quotes::table.find(quote.id)).set(quotes::request_uri.eq(Some(request))).execute(c)?;
    mentions::add(c, quoting.id, &[quoted.author_id], true)?;
    // What was taken back stays so, whoever asks again.
    let change = if quote.state == QuoteState::Revoked {
        let (post, actor) = (quoted.id, quoting.author_id);
        Change::QuoteRejected { post, actor, request: request.to_owned(), instrument: quoting.uri.clone() }
    } else {
        quote = found(c, quote.id, quoted)?;
        set_state(c, &mut quote, QuoteState::Accepted)?;
        notifications::notify(c, notice(&quote, quoted))?;
        Change::QuoteAccepted { quote: quote.id }
    };
    jobs::enqueue(c, &Job::Federate { change })?;
    Ok(true)
}
