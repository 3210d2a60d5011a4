//! Who asks: bearer tokens, looked up once and remembered until access changes. A handler names what it needs in its
//! signature: `user: User<need::WriteStatuses>`, `viewer: Viewer<need::ReadStatuses>`, `client: Client<need::ReadStatuses>`.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use majlis_local::ids::ActorId;
use majlis_local::scopes::Scope;
use majlis_local::tokens::{self, Access, Person};
use majlis_local::users::{Role, Standing};
use majlis_local::{Db, Event, Timestamp, secrets};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use crate::error::{Error, Result};
use crate::state::Api;

/// Tokens that are remembered at the most.
const REMEMBERED: u64 = 100_000;
/// How long a token is remembered without being looked up: what another process revoked ends within this time.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Seconds between two notes that a token is in use.
const TOUCH_EVERY: i64 = 3_600;
/// A longer token is none of ours.
const TOKEN_LIMIT: usize = 512;

const INVALID: &str = "The access token is invalid";
const OUTSIDE: &str = "This action is outside the authorized scopes";

/// Somebody who may act here, by a token with the scope that `N` names.
#[derive(Debug, Clone)]
pub struct User<N: Need> {
    /// The person's actor.
    pub actor: ActorId,
    /// What the person may do beyond its own affairs.
    pub role: Role,
    /// The token.
    pub access: Arc<Access>,
    need: PhantomData<N>,
}

/// Somebody who may look, with or without a token. A token that is there must be good and have the scope.
#[derive(Debug, Clone)]
pub struct Viewer<N: Need> {
    /// The person's actor; `None` for those who are not logged in, and for applications.
    pub actor: Option<ActorId>,
    /// The token, when there is one.
    pub access: Option<Arc<Access>>,
    need: PhantomData<N>,
}

/// An application, with a token of its own or of a person, that has the scope.
#[derive(Debug, Clone)]
pub struct Client<N: Need> {
    /// The person, whatever their standing, when it is a person's token.
    pub person: Option<Person>,
    /// The token.
    pub access: Arc<Access>,
    need: PhantomData<N>,
}

/// Scopes of which an endpoint needs one.
pub trait Need: std::fmt::Debug + Clone + 'static {
    /// Any one of these is enough; when there are none, any token is.
    const ANY_OF: &'static [Scope];
}

/// What endpoints need, as types to be named in signatures.
pub mod need {
    use super::{Need, Scope};

    macro_rules! needs {
        ($($name:ident: $($scope:ident)|*;)*) => {$(
            #[doc = concat!("One of: ", $(stringify!($scope), " ",)* "(and whatever implies it).")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Need for $name {
                const ANY_OF: &'static [Scope] = &[$(Scope::$scope),*];
            }
        )*};
    }

    needs! {
        Anything: ;
        ProfileOrReadAccounts: Profile | ReadAccounts;
        Profile: Profile;
        Push: Push;
        Read: Read;
        ReadAccounts: ReadAccounts;
        ReadBlocks: ReadBlocks;
        ReadBookmarks: ReadBookmarks;
        ReadCollections: ReadCollections;
        ReadFavourites: ReadFavourites;
        ReadFilters: ReadFilters;
        ReadFollows: ReadFollows;
        ReadLists: ReadLists;
        ReadMutes: ReadMutes;
        ReadNotifications: ReadNotifications;
        ReadSearch: ReadSearch;
        ReadStatuses: ReadStatuses;
        ReadStatusesOrNotifications: ReadStatuses | ReadNotifications;
        WriteAccounts: WriteAccounts;
        WriteBlocks: WriteBlocks;
        WriteBookmarks: WriteBookmarks;
        WriteCollections: WriteCollections;
        WriteConversations: WriteConversations;
        WriteFavourites: WriteFavourites;
        WriteFilters: WriteFilters;
        WriteFollows: WriteFollows;
        WriteLists: WriteLists;
        WriteMedia: WriteMedia;
        WriteMutes: WriteMutes;
        WriteNotifications: WriteNotifications;
        WriteReports: WriteReports;
        WriteStatuses: WriteStatuses;
        AdminRead: AdminRead;
        AdminWrite: AdminWrite;
        AdminReadAccounts: AdminReadAccounts;
        AdminWriteAccounts: AdminWriteAccounts;
    }
}

/// What a request's token tells.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// There is no token.
    Anonymous,
    /// There is one, and nobody knows it (any more).
    Unknown,
    /// There is one, and it is good.
    Known(Arc<Access>),
}

/// Finds out whose token a request bears, once per request: further calls find the answer in the request.
pub(crate) async fn identify(req: &HttpRequest) -> Result<Identity> {
    if let Some(identity) = req.extensions().get::<Identity>() {
        return Ok(identity.clone());
    }
    let identity = match bearer_token(req) {
        None => Identity::Anonymous,
        Some(token) => match Api::of(req)?.bearers.access(&token).await? {
            Some(access) => Identity::Known(access),
            None => Identity::Unknown,
        },
    };
    req.extensions_mut().insert(identity.clone());
    Ok(identity)
}

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1), else of the query's `access_token` (§2.3), which browsers need
/// for streams.
pub(crate) fn bearer_token(req: &HttpRequest) -> Option<String> {
    let header = req.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let from_query = || {
        let mut pairs = url::form_urlencoded::parse(req.query_string().as_bytes());
        pairs.find(|(name, _)| name == "access_token").map(|(_, value)| value.into_owned())
    };
    header.or_else(from_query).filter(|token| !token.is_empty())
}

/// Whether a token has one of the scopes.
fn check_scope<N: Need>(access: &Access) -> Result<()> {
    if N::ANY_OF.is_empty() || N::ANY_OF.iter().any(|scope| access.scopes.allows(*scope)) {
        return Ok(());
    }
    Err(Error::forbidden(OUTSIDE))
}

/// Who has moved away changes its profile and nothing else.
fn check_moved<N: Need>(person: Person) -> Result<()> {
    let acts = |scope: &Scope| scope.word().starts_with("write") && *scope != Scope::WriteAccounts;
    if person.moved && N::ANY_OF.iter().any(acts) {
        return Err(Error::forbidden("This account has moved: it can be read, and its profile changed"));
    }
    Ok(())
}

/// Whether a person may act; the texts are Mastodon's, which apps show.
pub(crate) fn check_standing(standing: Standing) -> Result<()> {
    match standing {
        Standing::Active => Ok(()),
        Standing::Unconfirmed => Err(Error::forbidden("Your login is missing a confirmed e-mail address")),
        Standing::Pending => Err(Error::forbidden("Your login is currently pending approval")),
        Standing::Disabled => Err(Error::forbidden("Your login is currently disabled")),
    }
}

impl<N: Need> FromRequest for User<N> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let Identity::Known(access) = identify(&req).await? else { return Err(Error::Unauthorized(INVALID)) };
            check_scope::<N>(&access)?;
            let Some(person) = access.person else {
                return Err(Error::unprocessable("This method requires an authenticated user"));
            };
            check_standing(person.standing)?;
            check_moved::<N>(person)?;
            Ok(Self { actor: person.actor, role: person.role, access, need: PhantomData })
        })
    }
}

impl<N: Need> FromRequest for Viewer<N> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            match identify(&req).await? {
                Identity::Anonymous => Ok(Self { actor: None, access: None, need: PhantomData }),
                Identity::Unknown => Err(Error::Unauthorized(INVALID)),
                Identity::Known(access) => {
                    check_scope::<N>(&access)?;
                    let actor = access.person.filter(|p| p.standing == Standing::Active).map(|p| p.actor);
                    Ok(Self { actor, access: Some(access), need: PhantomData })
                }
            }
        })
    }
}

impl<N: Need> FromRequest for Client<N> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let Identity::Known(access) = identify(&req).await? else { return Err(Error::Unauthorized(INVALID)) };
            check_scope::<N>(&access)?;
            Ok(Self { person: access.person, access, need: PhantomData })
        })
    }
}

/// Who bears which token: remembered, so that a request usually asks the database nothing about it.
#[derive(Debug)]
pub struct Bearers {
    db: Db,
    /// By the token's hash: a token in clear is kept nowhere.
    known: moka::sync::Cache<String, Arc<Access>>,
    changes: Mutex<broadcast::Receiver<Event>>,
    /// How often access has changed. What was read before a change is not remembered after it.
    generation: AtomicU64,
}

impl Bearers {
    /// Over a database, whose changes are heard from now on.
    pub fn new(db: &Db) -> Self {
        let known = moka::sync::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(REMEMBERED_FOR)
            .support_invalidation_closures()
            .build();
        Self { db: db.clone(), known, changes: Mutex::new(db.events()), generation: AtomicU64::new(0) }
    }

    /// What a token lets its bearer do; `None` when there is no such token.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn access(&self, token: &str) -> Result<Option<Arc<Access>>> {
        if token.len() > TOKEN_LIMIT {
            return Ok(None);
        }
        self.hear_changes();
        let hash = secrets::hash(token);
        if let Some(access) = self.known.get(&hash) {
            return Ok(Some(access));
        }
        let generation = self.generation.load(Ordering::Acquire);
        let access = self
            .db
            .read({
                let hash = hash.clone();
                move |c| tokens::access(c, &hash)
            })
            .await?;
        let Some(access) = access.map(Arc::new) else { return Ok(None) };
        self.touch(&access);
        self.hear_changes();
        if self.generation.load(Ordering::Acquire) == generation {
            self.known.insert(hash, access.clone());
        }
        Ok(Some(access))
    }

    /// Forgets a token that was revoked: those of no person are announced by no event.
    pub fn forget(&self, token: &str) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.known.invalidate(&secrets::hash(token));
    }

    /// Forgets those whose access has changed. An event is sent before the change is answered, so whoever was told of a
    /// revocation finds it in force.
    fn hear_changes(&self) {
        let mut changes = self.changes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            match changes.try_recv() {
                Ok(Event::AccessChanged(actor)) => {
                    self.generation.fetch_add(1, Ordering::AcqRel);
                    let of_actor = move |_: &String, access: &Arc<Access>| access.person.is_some_and(|p| p.actor == actor);
                    if self.known.invalidate_entries_if(of_actor).is_err() {
                        self.known.invalidate_all();
                    }
                }
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => {
                    self.generation.fetch_add(1, Ordering::AcqRel);
                    self.known.invalidate_all();
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Notes that a token is in use, behind the request's back.
    fn touch(&self, access: &Access) {
        let now = Timestamp::now();
        if access.last_used_at.is_some_and(|at| at.plus_seconds(TOUCH_EVERY) > now) {
            return;
        }
        let (db, token, person) = (self.db.clone(), access.token, access.person.map(|p| p.actor));
        tokio::spawn(async move {
            if let Err(error) = db.write(move |c| tokens::touch(c, token, person)).await {
                tracing::warn!(%error, "cannot note that a token is in use");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{HttpResponse, test, web};
    use majlis_local::scopes::Scopes;
    use majlis_local::tokens::revoke_all;
    use serde_json::json;

    use super::*;
    use crate::testing::{Caller, TestApp};

    async fn user(user: User<need::WriteStatuses>) -> HttpResponse {
        HttpResponse::Ok().json(json!(user.actor))
    }

    async fn viewer(viewer: Viewer<need::ReadStatuses>) -> HttpResponse {
        HttpResponse::Ok().json(json!(viewer.actor))
    }

    async fn client(client: Client<need::ReadStatuses>) -> HttpResponse {
        HttpResponse::Ok().json(json!(client.person.map(|p| p.actor)))
    }

    /// Status and body of a handler's answer to a caller.
    async fn ask(app: &TestApp, caller: &Caller, path: &str) -> (u16, serde_json::Value) {
        let routes = actix_web::App::new()
            .app_data(app.api.clone())
            .route("/user", web::get().to(user))
            .route("/viewer", web::get().to(viewer))
            .route("/client", web::get().to(client));
        let service = test::init_service(routes).await;
        let response = test::call_service(&service, caller.request(actix_web::http::Method::GET, path).to_request()).await;
        let status = response.status().as_u16();
        (status, test::read_body_json(response).await)
    }

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[actix_web::test]
    async fn each_extractor_lets_in_whom_it_says() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let id = json!(ali.id());
        let reader = app.log_in(ali.id(), scopes("read")).await;
        let writer = app.log_in(ali.id(), scopes("write:statuses")).await;
        let nobody = app.anonymous();
        let liar = app.bearer("nonsense");
        let invalid = json!({ "error": "The access token is invalid" });
        let outside = json!({ "error": "This action is outside the authorized scopes" });
        let table = [
            (&ali, "/user", 200, &id),
            (&writer, "/user", 200, &id),
            (&reader, "/user", 403, &outside),
            (&nobody, "/user", 401, &invalid),
            (&liar, "/user", 401, &invalid),
            (&reader, "/viewer", 200, &id),
            (&writer, "/viewer", 403, &outside),
            (&nobody, "/viewer", 200, &serde_json::Value::Null),
            (&liar, "/viewer", 401, &invalid),
            (&reader, "/client", 200, &id),
            (&nobody, "/client", 401, &invalid),
        ];
        for (caller, path, status, body) in table {
            assert_eq!(ask(&app, caller, path).await, (status, body.clone()), "{path}");
        }
    }

    #[actix_web::test]
    async fn an_apps_token_is_no_person() {
        let app = TestApp::new();
        let token = app
            .write(|c| {
                let app = majlis_local::apps::own(c, "Tests")?;
                Ok(majlis_local::tokens::issue(c, app.id, None, scopes("read write"))?.1)
            })
            .await;
        let caller = app.bearer(&token);
        assert_eq!(ask(&app, &caller, "/user").await, (422, json!({ "error": "This method requires an authenticated user" })));
        assert_eq!(ask(&app, &caller, "/viewer").await, (200, json!(null)));
        assert_eq!(ask(&app, &caller, "/client").await, (200, json!(null)));
    }

    #[actix_web::test]
    async fn those_who_may_not_act_are_told_why() {
        use diesel::prelude::*;
        use majlis_local::schema::users;
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let id = ali.id();
        let now = Some(Timestamp::now());
        let none = None::<Timestamp>;
        for (confirmed, approved, disabled, text) in [
            (none, now, none, "Your login is missing a confirmed e-mail address"),
            (now, none, none, "Your login is currently pending approval"),
            (now, now, now, "Your login is currently disabled"),
        ] {
            app.write(move |c| {
                majlis_local::after_commit(Event::AccessChanged(id));
                diesel::update(users::table.find(id))
                    .set((users::confirmed_at.eq(confirmed), users::approved_at.eq(approved), users::disabled_at.eq(disabled)))
                    .execute(c)?;
                Ok(())
            })
            .await;
            assert_eq!(ask(&app, &ali, "/user").await, (403, json!({ "error": text })));
            assert_eq!(ask(&app, &ali, "/viewer").await, (200, json!(null)));
        }
    }

    #[actix_web::test]
    async fn a_revoked_token_ends_at_once_and_a_known_one_costs_no_query() {
        let app = TestApp::new();
        let (ali, badr) = (app.user("ali").await, app.user("badr").await);
        assert_eq!(ask(&app, &ali, "/user").await.0, 200);
        assert_eq!(ask(&app, &badr, "/user").await.0, 200);
        // The row is changed behind the cache's back: whoever is remembered is not looked up.
        let id = badr.id();
        app.write(move |c| {
            use diesel::prelude::*;
            use majlis_local::schema::tokens;
            diesel::delete(tokens::table.filter(tokens::actor_id.eq(id))).execute(c)?;
            Ok(())
        })
        .await;
        assert_eq!(ask(&app, &badr, "/user").await.0, 200);
        let id = ali.id();
        app.write(move |c| revoke_all(c, id)).await;
        assert_eq!(ask(&app, &ali, "/user").await.0, 401);
    }

    #[actix_web::test]
    async fn tokens_come_in_the_header_or_the_query() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let token = ali.token.clone().unwrap();
        assert_eq!(ask(&app, &app.anonymous(), &format!("/user?access_token={token}")).await, (200, json!(ali.id())));
    }
}
