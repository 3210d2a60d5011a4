//! `/api/v1/accounts`: finding people and reading about them. What is done to them stands in [`crate::relations`], what
//! somebody changes of its own account in [`crate::credentials`].

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_federation::resolve::Found;
use majlis_local::actors::{self, Actor};
use majlis_local::feeds::{self, AuthorFilter};
use majlis_local::ids::ActorId;
use majlis_local::text::Handle;
use majlis_local::{Connection, Slice, blocks, follows, lists, relationships, search};
use serde::{Deserialize, Serialize};

use crate::auth::{User, Viewer, need};
use crate::entities::{Account, List, Relationship, Status};
use crate::error::{Error, Result};
use crate::pagination::{PageParams, Paged, lenient_number};
use crate::params::Params;
use crate::state::Api;

/// Accounts on a page of followers and the like: when nothing is said, and at the most.
pub(crate) const PAGE: (i64, i64) = (40, 80);
/// Accounts that are asked for by id at once.
const MOST_IDS: usize = 100;

/// `GET /api/v1/accounts/:id`. A suspended account is answered as such; a deleted one is not found.
pub async fn get(api: Api, viewer: Viewer<need::ReadAccounts>, id: Path<ActorId>) -> Result<Json<Account>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let actor = living(c, *id)?;
        Ok((Account::build_for(c, &site, viewer.actor, &actor)?, actor))
    });
    let (account, actor) = found.await?;
    if viewer.actor.is_some() {
        api.federation.freshen(&actor).await?;
    }
    Ok(Json(account))
}

/// Parameters with `id[]`.
#[derive(Debug, Deserialize)]
pub struct Ids {
    #[serde(default)]
    id: Vec<ActorId>,
}

/// `GET /api/v1/accounts?id[]=`: the accounts with these ids; unknown ones are missing.
pub async fn many(api: Api, _viewer: Viewer<need::ReadAccounts>, Params(ids): Params<Ids>) -> Result<Json<Vec<Arc<Account>>>> {
    let site = api.db.site().clone();
    let ids: Vec<ActorId> = ids.id.into_iter().take(MOST_IDS).collect();
    Ok(Json(api.db.read(move |c| in_order(c, &site, &ids)).await?))
}

/// Parameters of `lookup`.
#[derive(Debug, Deserialize)]
pub struct LookUp {
    acct: String,
}

/// `GET /api/v1/accounts/lookup?acct=`: whom a handle names, as far as it is known here. Nothing is fetched.
pub async fn look_up(api: Api, viewer: Viewer<need::ReadAccounts>, Params(asked): Params<LookUp>) -> Result<Json<Account>> {
    let handle = Handle::parse(asked.acct.trim()).ok_or(Error::NotFound)?;
    let site = api.db.site().clone();
    let account = api.db.read(move |c| {
        let handle = handle.relative_to(site.domain());
        let found = actors::by_handle(c, &handle.name, handle.domain.as_deref())?;
        let actor = found.filter(|a| a.deleted_at.is_none()).ok_or(majlis_local::Error::NotFound("account"))?;
        Account::build_for(c, &site, viewer.actor, &actor)
    });
    Ok(Json(account.await?))
}

/// Parameters of `search`.
#[derive(Debug, Deserialize)]
pub struct Search {
    q: String,
    #[serde(default, deserialize_with = "lenient_number")]
    limit: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    offset: Option<i64>,
    #[serde(default)]
    resolve: bool,
    #[serde(default)]
    following: bool,
}

/// `GET /api/v1/accounts/search`: people by handle or name. With `resolve`, a handle or an address that is unknown here is
/// looked up where it lives; what cannot be reached is not found, and no error.
pub async fn search(api: Api, user: User<need::ReadAccounts>, Params(asked): Params<Search>) -> Result<Json<Vec<Arc<Account>>>> {
    let limit = asked.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
    let offset = asked.offset.unwrap_or(0).max(0);
    let resolved = if asked.resolve && offset == 0 { resolve(&api, &asked.q).await } else { None };
    let (site, viewer) = (api.db.site().clone(), user.actor);
    let found = api.db.read(move |c| {
        let mut ids: Vec<ActorId> = Vec::new();
        if let Some(actor) = resolved
            && (!asked.following || follows::is_following(c, viewer, actor.id)?)
        {
            ids.push(actor.id);
        }
        let known = search::actors(c, Some(viewer), &asked.q, asked.following, limit, offset)?;
        for actor in known {
            if !ids.contains(&actor.id) {
                ids.push(actor.id);
            }
        }
        ids.truncate(usize::try_from(limit).unwrap_or_default());
        in_order(c, &site, &ids)
    });
    Ok(Json(found.await?))
}

/// Who stands behind a whole handle or an address, fetched when it is unknown.
async fn resolve(api: &Api, query: &str) -> Option<Actor> {
    let query = query.trim();
    let found = if query.starts_with("https://") || query.starts_with("http://") {
        api.federation.resolve_url(query).await.map(|found| match found {
            Found::Actor(actor) => Some(*actor),
            Found::Post(_) => None,
        })
    } else {
        let handle = search::handle(query)?;
        api.federation.resolve_handle(&handle).await.map(Some)
    };
    match found {
        Ok(actor) => actor.filter(|actor| !actor.is_gone()),
        Err(error) => {
            tracing::debug!(query, %error, "nobody found");
            None
        }
    }
}

/// Parameters of an account's statuses.
#[derive(Debug, Deserialize)]
pub struct Statuses {
    #[serde(flatten)]
    page: PageParams,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    only_media: bool,
    #[serde(default)]
    exclude_replies: bool,
    #[serde(default)]
    exclude_reblogs: bool,
    #[serde(default)]
    tagged: Option<String>,
}

/// `GET /api/v1/accounts/:id/statuses`.
pub async fn statuses(
    api: Api,
    viewer: Viewer<need::ReadStatuses>,
    id: Path<ActorId>,
    Params(asked): Params<Statuses>,
) -> Result<Paged<Status>> {
    let (site, viewer) = (api.db.site().clone(), viewer.actor);
    let slice = api.db.read(move |c| {
        let actor = living(c, *id)?;
        if asked.pinned {
            let posts = feeds::pinned(c, viewer, actor.id)?;
            let items = Status::build_many(c, &site, viewer, &posts)?;
            return Ok(Slice { items, newest: None, oldest: None, full: false });
        }
        let filter = AuthorFilter {
            only_media: asked.only_media,
            exclude_replies: asked.exclude_replies,
            exclude_boosts: asked.exclude_reblogs,
            tagged: asked.tagged.filter(|tag| !tag.is_empty()),
        };
        let posts = feeds::author(c, viewer, actor.id, &filter, &asked.page.page(20, 40))?;
        let items = Status::build_many(c, &site, viewer, &posts.items)?;
        Ok(posts.with(items))
    });
    Ok(Paged::new(slice.await?))
}

/// `GET /api/v1/accounts/:id/followers`.
pub async fn followers(
    api: Api,
    viewer: Viewer<need::ReadAccounts>,
    id: Path<ActorId>,
    Params(page): Params<PageParams>,
) -> Result<Paged<Arc<Account>>> {
    neighbours(api, viewer.actor, *id, page, follows::followers).await
}

/// `GET /api/v1/accounts/:id/following`.
pub async fn following(
    api: Api,
    viewer: Viewer<need::ReadAccounts>,
    id: Path<ActorId>,
    Params(page): Params<PageParams>,
) -> Result<Paged<Arc<Account>>> {
    neighbours(api, viewer.actor, *id, page, follows::following).await
}

type Neighbours = fn(&mut Connection, ActorId, Option<ActorId>, &majlis_local::Page) -> majlis_local::Result<Slice<ActorId>>;

/// An empty list when the account hides it, is suspended, or blocks the viewer.
async fn neighbours(
    api: Api,
    viewer: Option<ActorId>,
    id: ActorId,
    page: PageParams,
    list: Neighbours,
) -> Result<Paged<Arc<Account>>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let actor = living(c, id)?;
        let hidden = actor.is_gone() || (actor.hide_collections && viewer != Some(id));
        let blocked = match viewer {
            Some(viewer) => blocks::get(c, id, viewer)?.is_some(),
            None => false,
        };
        if hidden || blocked {
            return Ok(Slice { items: Vec::new(), newest: None, oldest: None, full: false });
        }
        let ids = list(c, id, viewer, &page.page(PAGE.0, PAGE.1))?;
        let accounts = in_order(c, &site, &ids.items)?;
        Ok(ids.with(accounts))
    });
    Ok(Paged::by_since_id(slice.await?))
}

/// `GET /api/v1/accounts/:id/lists`: the viewer's own lists that hold the account.
pub async fn lists(api: Api, user: User<need::ReadLists>, id: Path<ActorId>) -> Result<Json<Vec<List>>> {
    let found = api.db.read(move |c| {
        living(c, *id)?;
        lists::containing(c, user.actor, *id)
    });
    Ok(Json(found.await?.into_iter().map(List::from).collect()))
}

/// `GET /api/v1/accounts/relationships?id[]=`, in the order asked; unknown ids are missing.
pub async fn relationships(api: Api, user: User<need::ReadFollows>, Params(ids): Params<Ids>) -> Result<Json<Vec<Relationship>>> {
    let built = api.db.read(move |c| {
        let ids = known(c, ids.id)?;
        relationships::Relationship::build_many(c, user.actor, &ids)
    });
    Ok(Json(built.await?.into_iter().map(Relationship::from).collect()))
}

/// Mastodon's FamiliarFollowers: who of those whom the viewer follows also follows an account.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct FamiliarFollowers {
    pub id: ActorId,
    pub accounts: Vec<Arc<Account>>,
}

/// `GET /api/v1/accounts/familiar_followers?id[]=`.
pub async fn familiar_followers(
    api: Api,
    user: User<need::ReadFollows>,
    Params(ids): Params<Ids>,
) -> Result<Json<Vec<FamiliarFollowers>>> {
    let site = api.db.site().clone();
    let built = api.db.read(move |c| {
        let ids = known(c, ids.id)?;
        let pairs = follows::familiar(c, user.actor, &ids)?;
        let followers: Vec<ActorId> = pairs.iter().map(|(_, follower)| *follower).collect();
        let accounts = Account::load_many(c, &site, &followers)?;
        let mut by_target: HashMap<ActorId, Vec<Arc<Account>>> = HashMap::new();
        for (target, follower) in pairs {
            if let Some(account) = accounts.get(&follower) {
                by_target.entry(target).or_default().push(account.clone());
            }
        }
        Ok(ids.into_iter().map(|id| FamiliarFollowers { id, accounts: by_target.remove(&id).unwrap_or_default() }).collect())
    });
    Ok(Json(built.await?))
}

/// The actor with this id, unless it is deleted.
pub(crate) fn living(c: &mut Connection, id: ActorId) -> majlis_local::Result<Actor> {
    let actor = actors::get(c, id)?;
    if actor.deleted_at.is_some() { Err(majlis_local::Error::NotFound("account")) } else { Ok(actor) }
}

/// The accounts with these ids, in this order.
pub(crate) fn in_order(
    c: &mut Connection,
    site: &majlis_local::Site,
    ids: &[ActorId],
) -> majlis_local::Result<Vec<Arc<Account>>> {
    let accounts = Account::load_many(c, site, ids)?;
    Ok(ids.iter().filter_map(|id| accounts.get(id).cloned()).collect())
}

/// Those of `ids` that exist, each once, in their order; a bounded number of them.
fn known(c: &mut Connection, mut ids: Vec<ActorId>) -> majlis_local::Result<Vec<ActorId>> {
    ids.truncate(MOST_IDS);
    let there: Vec<ActorId> = actors::find_many(c, &ids)?.into_iter().map(|actor| actor.id).collect();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| there.contains(id) && seen.insert(*id));
    Ok(ids)
}

/// `GET /api/v1/accounts/:id/identity_proofs`: none, as in Mastodon since 3.5; only Keybase ever gave any.
pub async fn identity_proofs(api: Api, _user: User<need::Anything>, id: Path<ActorId>) -> Result<Json<[(); 0]>> {
    api.db.read(move |c| living(c, *id)).await?;
    Ok(Json([]))
}

#[cfg(test)]
mod tests {
    use majlis_local::Timestamp;
    use majlis_local::follows::{self, Choices};
    use majlis_local::publish::Draft;
    use majlis_local::testing::people;
    use majlis_local::visibility::Visibility;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    fn names(answer: &Value) -> Vec<&str> {
        answer.as_array().unwrap().iter().map(|account| account["acct"].as_str().unwrap()).collect()
    }

    fn texts(answer: &Value) -> Vec<&str> {
        answer.as_array().unwrap().iter().map(|status| status["content"].as_str().unwrap()).collect()
    }

    #[actix_web::test]
    async fn people_are_found_by_id_handle_and_name() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let rob = app.write(|c| Ok(people::remote(c, "rob").id)).await;
        let nobody = app.anonymous();
        assert_eq!(nobody.get(&format!("/api/v1/accounts/{}", ali.id())).await.ok()["acct"], "ali");
        assert_eq!(nobody.get("/api/v1/accounts/1").await.status, 404);
        assert_eq!(nobody.get("/api/v1/accounts/nonsense").await.status, 404);
        let both = nobody.get(&format!("/api/v1/accounts?id[]={rob}&id[]=1&id[]={}", ali.id())).await.ok();
        assert_eq!(names(&both), ["rob@peer.example", "ali"]);
        for (acct, found) in
            [("ali", "ali"), ("@ali", "ali"), ("Ali@majlis.example", "ali"), ("rob@peer.example", "rob@peer.example")]
        {
            let answer = nobody.get(&format!("/api/v1/accounts/lookup?acct={acct}")).await.ok();
            assert_eq!(answer["acct"], found, "{acct}");
        }
        assert_eq!(nobody.get("/api/v1/accounts/lookup?acct=rob").await.status, 404);
        assert_eq!(nobody.get("/api/v1/accounts/lookup").await.status, 422);
        assert_eq!(names(&ali.get("/api/v1/accounts/search?q=rob").await.ok()), ["rob@peer.example"]);
        assert_eq!(names(&ali.get("/api/v1/accounts/search?q=@rob@peer.example&resolve=true").await.ok()), ["rob@peer.example"]);
        assert_eq!(ali.get("/api/v1/accounts/search?q=rob&following=true").await.ok(), json!([]));
        assert_eq!(nobody.get("/api/v1/accounts/search?q=rob").await.status, 401);
        app.write(move |c| {
            use diesel::prelude::*;
            use majlis_local::schema::actors;
            diesel::update(actors::table.find(rob)).set(actors::deleted_at.eq(Timestamp::now())).execute(c)?;
            Ok(())
        })
        .await;
        assert_eq!(nobody.get(&format!("/api/v1/accounts/{rob}")).await.status, 404);
    }

    #[actix_web::test]
    async fn a_remote_profile_is_made_fresh_when_somebody_looks_at_it() {
        use diesel::prelude::*;
        use majlis_local::jobs::{self, Job};
        use majlis_local::schema::{actors as rows, jobs as job_rows};
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let (rob, old) = app.write(|c| Ok((people::remote(c, "rob").id, people::remote(c, "old").id))).await;
        app.write(move |c| {
            diesel::delete(job_rows::table).execute(c)?;
            diesel::update(rows::table.find(old)).set(rows::fetched_at.eq(Some(Timestamp(0)))).execute(c)?;
            Ok(())
        })
        .await;
        for id in [rob, old, ali.id()] {
            app.anonymous().get(&format!("/api/v1/accounts/{id}")).await.ok();
        }
        assert_eq!(app.read(jobs::all).await, [], "not for those who only pass by");
        for id in [rob, rob, old, ali.id()] {
            ali.get(&format!("/api/v1/accounts/{id}")).await.ok();
        }
        assert_eq!(app.read(jobs::all).await, [Job::FetchFeatured { actor: rob }, Job::RefreshActor { actor: old }], "and once");
    }

    #[actix_web::test]
    async fn an_accounts_statuses_are_those_that_the_viewer_may_see() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let (a, b) = (ali.id(), bea.id());
        app.write(move |c| {
            let first = people::say(c, a, "one #tag");
            people::publish(c, a, Draft { visibility: Some(Visibility::Private), ..people::draft("two") });
            let hers = people::say(c, b, "hers");
            people::reply(c, a, hers.id, "three");
            majlis_local::boosts::boost(c, &people::site(), a, &hers, None)?;
            majlis_local::pins::pin(c, a, &first)
        })
        .await;
        let path = format!("/api/v1/accounts/{a}/statuses");
        let nobody = app.anonymous();
        assert_eq!(nobody.get(&path).await.ok().as_array().unwrap().len(), 3);
        assert_eq!(ali.get(&path).await.ok().as_array().unwrap().len(), 4);
        let own = ali.get(&format!("{path}?exclude_reblogs=1&exclude_replies=true")).await.ok();
        assert_eq!(texts(&own)[0], "<p>two</p>");
        assert_eq!(own.as_array().unwrap().len(), 2);
        assert!(texts(&nobody.get(&format!("{path}?pinned=true")).await.ok())[0].contains("one"));
        assert_eq!(nobody.get(&format!("{path}?tagged=TAG")).await.ok().as_array().unwrap().len(), 1);
        assert_eq!(nobody.get(&format!("{path}?only_media=true")).await.ok(), json!([]));
        let page = nobody.get(&format!("{path}?limit=2")).await;
        let next = nobody.get(&page.link("next").unwrap()).await;
        assert!(texts(&next.json)[0].contains("one"));
        assert!(page.link("prev").unwrap().contains("min_id="));
    }

    #[actix_web::test]
    async fn followers_may_be_hidden() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (a, b, k) = (ali.id(), bea.id(), kim.id());
        app.write(move |c| {
            follows::follow(c, &people::site(), b, a, &Choices::default())?;
            follows::follow(c, &people::site(), k, a, &Choices::default())?;
            follows::follow(c, &people::site(), k, b, &Choices::default())?;
            Ok(())
        })
        .await;
        let nobody = app.anonymous();
        let page = nobody.get(&format!("/api/v1/accounts/{a}/followers?limit=1")).await;
        assert_eq!(names(&page.json), ["kim"]);
        assert_eq!(names(&nobody.get(&page.link("next").unwrap()).await.ok()), ["bea"]);
        assert_eq!(names(&nobody.get(&format!("/api/v1/accounts/{k}/following")).await.ok()), ["bea", "ali"]);
        let familiar = kim.get(&format!("/api/v1/accounts/familiar_followers?id[]={a}&id[]=1")).await.ok();
        assert_eq!((familiar.as_array().unwrap().len(), names(&familiar[0]["accounts"])), (1, vec!["bea"]));
        let between = kim.get(&format!("/api/v1/accounts/relationships?id[]={b}&id[]=1&id[]={a}")).await.ok();
        assert_eq!(between.as_array().unwrap().len(), 2);
        assert_eq!((&between[0]["id"], &between[1]["following"]), (&json!(b.to_string()), &json!(true)));
        assert_eq!(kim.get(&format!("/api/v1/accounts/relationships?id={a}")).await.ok()[0]["following"], true);

        ali.patch_json("/api/v1/accounts/update_credentials", json!({ "hide_collections": true })).await.ok();
        assert_eq!(nobody.get(&format!("/api/v1/accounts/{a}/followers")).await.ok(), json!([]));
        assert_eq!(ali.get(&format!("/api/v1/accounts/{a}/followers")).await.ok().as_array().unwrap().len(), 2);
    }
}
