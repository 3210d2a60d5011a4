//! Search (Mastodon's methods `search`, v2): accounts, statuses and hashtags; by address or handle also on other servers.

use actix_web::web::Json;
use majlis_federation::resolve::Found;
use majlis_local::actors::{self, Actor};
use majlis_local::ids::ActorId;
use majlis_local::posts;
use majlis_local::visibility::may_see;
use majlis_local::{Connection, search};
use serde::{Deserialize, Serialize};

use crate::auth::{User, Viewer, need};
use crate::entities::{Account, Search, Status, Tag};
use crate::error::{Error, Result};
use crate::pagination::PageParams;
use crate::params::Params;
use crate::state::Api;

/// Parameters of [`search`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct SearchParams {
    q: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    #[serde(default)]
    resolve: bool,
    #[serde(default)]
    following: bool,
    #[serde(default)]
    exclude_unreviewed: bool,
    account_id: Option<ActorId>,
    #[serde(default, deserialize_with = "crate::pagination::lenient_number")]
    offset: Option<i64>,
    #[serde(flatten)]
    page: PageParams,
}

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Kind {
    Accounts,
    Statuses,
    Hashtags,
}

/// Words that are searched for, in characters.
const LONGEST: usize = 4_000;

/// `GET /api/v2/search`. Looking things up elsewhere (`resolve`), pages (`offset`) and full text are for those who are logged in.
pub async fn search_all(
    api: Api,
    viewer: Viewer<need::ReadSearch>,
    Params(params): Params<SearchParams>,
) -> Result<Json<Search>> {
    Ok(Json(find(&api, viewer.actor, params).await?))
}

/// Mastodon's first Search: hashtags are names alone.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct FirstSearch {
    pub accounts: Vec<Account>,
    pub statuses: Vec<Status>,
    pub hashtags: Vec<String>,
}

/// `GET /api/v1/search`: the first version, which Elk and Mastodon.py still ask.
pub async fn search_first(
    api: Api,
    user: User<need::ReadSearch>,
    Params(params): Params<SearchParams>,
) -> Result<Json<FirstSearch>> {
    let Search { accounts, statuses, hashtags } = find(&api, Some(user.actor), params).await?;
    Ok(Json(FirstSearch { accounts, statuses, hashtags: hashtags.into_iter().map(|tag| tag.name).collect() }))
}

async fn find(api: &Api, viewer: Option<ActorId>, params: SearchParams) -> Result<Search> {
    let offset = params.offset.unwrap_or(0).clamp(0, 10_000);
    if viewer.is_none() && (params.resolve || offset > 0) {
        return Err(Error::Unauthorized("Search queries that resolve remote resources or are paged need a log-in"));
    }
    let query: String = params.q.unwrap_or_default().trim().chars().take(LONGEST).collect();
    if query.is_empty() {
        return Ok(Search::default());
    }
    let wants = move |kind: Kind| params.kind.is_none_or(|wanted| wanted == kind);
    let page = params.page.page(20, 40);
    // An address is no text: it leads to one thing or to nothing.
    if query.starts_with("https://") || query.starts_with("http://") {
        let found = if offset == 0 { by_address(api, viewer, &query, params.resolve).await? } else { Search::default() };
        return Ok(Search {
            accounts: if wants(Kind::Accounts) { found.accounts } else { Vec::new() },
            statuses: if wants(Kind::Statuses) { found.statuses } else { Vec::new() },
            hashtags: Vec::new(),
        });
    }
    let resolved = match search::handle(&query) {
        Some(handle) if params.resolve && offset == 0 && wants(Kind::Accounts) => {
            let found = api.federation.resolve_handle(&handle).await;
            found.inspect_err(|error| tracing::debug!(%error, "a searched handle leads to nobody")).ok()
        }
        _ => None,
    };
    let site = api.db.site().clone();
    let unreviewed = !params.exclude_unreviewed;
    let found = api.db.read(move |c| {
        let mut found = Search::default();
        // Who narrows it down asks for posts; a part of it would find people by accident.
        let narrowed = params.account_id.is_some() && params.kind.is_none();
        if wants(Kind::Accounts) && !query.starts_with('#') && !narrowed {
            let mut people = people(c, viewer, &query, params.following, page.limit, offset)?;
            put_first(&mut people, resolved, page.limit);
            found.accounts = Account::build_many(c, &site, &people)?;
        }
        if wants(Kind::Statuses) && viewer.is_some() && !query.starts_with(['#', '@']) {
            let posts = search::posts(c, &site, viewer, &query, params.account_id, &page, offset)?;
            found.statuses = Status::build_many(c, &site, viewer, &posts)?;
        }
        if wants(Kind::Hashtags) && !query.starts_with('@') && !query.contains(' ') && !narrowed {
            let tags = search::hashtags(c, &query, unreviewed, page.limit, offset)?;
            found.hashtags = Tag::build_many(c, &site, viewer, &tags)?;
        }
        Ok(found)
    });
    Ok(found.await?)
}

fn people(
    c: &mut Connection,
    viewer: Option<ActorId>,
    query: &str,
    following: bool,
    limit: i64,
    offset: i64,
) -> majlis_local::Result<Vec<Actor>> {
    search::actors(c, viewer, query, following && viewer.is_some(), limit, offset)
}

/// What was looked up elsewhere stands first, once.
fn put_first(people: &mut Vec<Actor>, resolved: Option<Actor>, limit: i64) {
    if let Some(actor) = resolved {
        people.retain(|known| known.id != actor.id);
        people.insert(0, actor);
        people.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
}

/// What an address leads to: known here, or (with `resolve`) anywhere.
async fn by_address(api: &Api, viewer: Option<ActorId>, address: &str, resolve: bool) -> Result<Search> {
    let found = if resolve {
        let found = api.federation.resolve_url(address).await;
        found.inspect_err(|error| tracing::debug!(%error, address, "a searched address leads to nothing")).ok()
    } else {
        let address = address.to_owned();
        let known = api.db.read(move |c| {
            if let Some(post) = posts::by_uri_or_url(c, &address)? {
                return Ok(Some(Found::Post(Box::new(post))));
            }
            Ok(actors::by_uri_or_url(c, &address)?.map(|actor| Found::Actor(Box::new(actor))))
        });
        known.await?
    };
    let site = api.db.site().clone();
    let entities = api.db.read(move |c| {
        Ok(match found {
            Some(Found::Actor(actor)) if !actor.is_gone() => {
                Search { accounts: vec![Account::build(c, &site, &actor)?], ..Search::default() }
            }
            Some(Found::Post(post)) if may_see(c, viewer, &post)? => {
                Search { statuses: vec![Status::build(c, &site, viewer, &post)?], ..Search::default() }
            }
            _ => Search::default(),
        })
    });
    Ok(entities.await?)
}

#[cfg(test)]
mod tests;
