//! Moving to another account: aliases, and the move itself (Pleroma's endpoints; Mastodon has only pages for it).

use actix_web::web::Json;
use majlis_local::actors::{self, Actor};
use majlis_local::text::Handle;
use majlis_local::{Flaw, moves, passwords, users};
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::error::{Error, Result};
use crate::params::Params;
use crate::state::Api;

/// An account by its handle.
#[derive(Debug, Deserialize)]
pub struct Alias {
    #[serde(default)]
    alias: String,
}

/// The person's other accounts.
#[derive(Debug, Serialize)]
pub struct Aliases {
    /// Handles; ids of what is not known here.
    aliases: Vec<String>,
}

/// That it was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// `success`.
    status: &'static str,
}

/// Where to, and the word that it is oneself.
#[derive(Debug, Deserialize)]
pub struct Move {
    #[serde(default)]
    password: String,
    #[serde(default)]
    target_account: String,
}

/// `GET /api/pleroma/aliases`: the person's other accounts, by handle as far as they are known here, else by id.
pub async fn aliases(api: Api, user: User<need::ReadAccounts>) -> Result<Json<Aliases>> {
    let site = api.db.site().clone();
    let aliases = api
        .db
        .read(move |c| {
            let mut named = moves::aliases(c, user.actor)?;
            let known = actors::by_uris(c, &named)?;
            for alias in &mut named {
                if let Some(actor) = known.iter().find(|actor| actor.uri == *alias) {
                    *alias = format!("{}@{}", actor.username, actor.domain.as_deref().unwrap_or(site.domain()));
                }
            }
            Ok(named)
        })
        .await?;
    Ok(Json(Aliases { aliases }))
}

/// `PUT /api/pleroma/aliases`: from that account the person may move here.
pub async fn add_alias(api: Api, user: User<need::WriteAccounts>, params: Params<Alias>) -> Result<Json<Done>> {
    let other = find(&api, "alias", &params.0.alias, false).await?;
    api.db.write(move |c| moves::add_alias(c, user.actor, &other)).await?;
    Ok(done())
}

/// `DELETE /api/pleroma/aliases`: from that account the person may move here no longer.
pub async fn remove_alias(api: Api, user: User<need::WriteAccounts>, params: Params<Alias>) -> Result<Json<Done>> {
    let alias = params.0.alias;
    // One that nobody can look up any more is named by its id.
    let uri = match Handle::parse(&alias) {
        Some(_) => find(&api, "alias", &alias, false).await?.uri,
        None => alias,
    };
    api.db.write(move |c| moves::remove_alias(c, user.actor, &uri)).await?;
    Ok(done())
}

/// `POST /api/pleroma/move_account`: the person moves to another account, which has to name this one among its aliases.
pub async fn go(api: Api, user: User<need::WriteAccounts>, params: Params<Move>) -> Result<Json<Done>> {
    let Move { password, target_account } = params.0;
    let stored = api.db.read(move |c| users::get(c, user.actor)).await?.password_hash;
    if !passwords::verify(password, Some(stored)).await? {
        return Err(Error::forbidden("Invalid password."));
    }
    let target = find(&api, "target_account", &target_account, true).await?;
    api.db.write(move |c| moves::go(c, user.actor, target.id)).await?;
    Ok(done())
}

/// The account of a handle; with `afresh`, as its home describes it now.
async fn find(api: &Api, field: &'static str, handle: &str, afresh: bool) -> Result<Actor> {
    let unknown = || Error::invalid(field, Flaw::Invalid, "must be the handle of an account, such as name@example.org");
    let handle = Handle::parse(handle).ok_or_else(unknown)?;
    let found = if afresh { api.federation.resolve_afresh(&handle).await } else { api.federation.resolve_handle(&handle).await };
    found.map_err(|error| {
        tracing::info!(?handle, %error, "an account to move to or from was not found");
        unknown()
    })
}

fn done() -> Json<Done> {
    Json(Done { status: "success" })
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use majlis_local::{moves, passwords};
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn aliases_are_named_and_an_account_moves() {
        let app = TestApp::new();
        let (old, new) = (app.user("old").await, app.user("new").await);
        let path = "/api/pleroma/aliases";
        assert_eq!(new.get(path).await.ok(), json!({ "aliases": [] }));
        for handle in ["old", "@old@majlis.example"] {
            assert_eq!(new.put_json(path, json!({ "alias": handle })).await.ok(), json!({ "status": "success" }));
        }
        assert_eq!(new.get(path).await.ok(), json!({ "aliases": ["old@majlis.example"] }));
        for wrong in ["", "nobody", "a b", "new"] {
            assert_eq!(new.put_json(path, json!({ "alias": wrong })).await.status, 422, "{wrong}");
        }
        assert_eq!(app.anonymous().get(path).await.status, 401);

        let id = old.id();
        passwords::change(&app.api.db, id, "a long enough one".into()).await.unwrap();
        // That ended every log-in.
        let old = app.log_in(id, majlis_local::scopes::Scope::ALL.iter().copied().collect()).await;
        let go = |password: &str, target: &str| json!({ "password": password, "target_account": target });
        assert_eq!(old.post_json("/api/pleroma/move_account", go("wrong", "new")).await.status, 403);
        assert_eq!(old.post_json("/api/pleroma/move_account", go("a long enough one", "nobody")).await.status, 422);
        let moved = old.post_json("/api/pleroma/move_account", go("a long enough one", "new")).await;
        assert_eq!(moved.ok(), json!({ "status": "success" }));
        let profile = app.anonymous().get(&format!("/api/v1/accounts/{id}")).await.ok();
        assert_eq!(profile["moved"]["acct"], "new");
        // It reads, and changes its profile; nothing else.
        assert_eq!(old.get("/api/v1/timelines/home").await.status, 200);
        let said = old.post_form("/api/v1/statuses", "status=x").await;
        assert_eq!((said.status.as_u16(), said.text.contains("moved")), (403, true), "{}", said.text);
        assert_eq!(old.post(&format!("/api/v1/accounts/{}/follow", new.id())).await.status, 403);
        let renamed = old.patch_json("/api/v1/accounts/update_credentials", json!({ "display_name": "Gone" })).await.ok();
        assert_eq!(renamed["display_name"], "Gone");
        app.write(move |c| moves::stay(c, id)).await;
        assert_eq!(old.post_form("/api/v1/statuses", "status=x").await.status, 200);
        let gone = new.send(new.form(Method::DELETE, path, "alias=old")).await;
        assert_eq!(gone.ok(), json!({ "status": "success" }));
        assert_eq!(new.send(new.form(Method::DELETE, path, "alias=old")).await.status, 404);
    }
}
