//! OAuth's machine-readable half: tokens for codes and for apps (RFC 6749 §4.1.3, §4.4), their revocation (RFC 7009), the
//! metadata (RFC 8414) and OpenID's user info. What people see of it, `/oauth/authorize`, is a page over
//! [`majlis_local::authorizations`].

use actix_web::http::header;
use actix_web::web::Json;
use actix_web::{CustomizeResponder, HttpRequest, Responder as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use majlis_local::apps::{self, App};
use majlis_local::ids::{ActorId, AppId};
use majlis_local::scopes::{Scope, Scopes};
use majlis_local::{Connection, Timestamp, actors, oauth_codes, tokens};
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::entities::{Account, Empty};
use crate::error::{OAuthError, Result};
use crate::params::Params;
use crate::state::Api;

/// What an app sends to have a token.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenRequest {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

/// What an app sends to have a token revoked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Revocation {
    client_id: Option<String>,
    client_secret: Option<String>,
    token: Option<String>,
}

/// Mastodon's Token.
#[derive(Debug, Serialize)]
pub struct Token {
    access_token: String,
    token_type: &'static str,
    /// The names of what was granted, with spaces between them.
    scope: String,
    /// Seconds since 1970.
    created_at: i64,
}

impl Token {
    /// A token that was issued just now.
    pub fn new(access_token: String, scopes: Scopes) -> Self {
        let created_at = Timestamp::now().millis() / 1_000;
        Self { access_token, token_type: "Bearer", scope: scopes.to_string(), created_at }
    }

    /// As an answer, which nobody may keep (RFC 6749 §5.1).
    pub fn answer(self) -> CustomizeResponder<Json<Self>> {
        Json(self).customize().insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"))
    }
}

/// `POST /oauth/token`.
pub async fn token(api: Api, req: HttpRequest, Params(form): Params<TokenRequest>) -> Result<CustomizeResponder<Json<Token>>> {
    let client = ClientCredentials::of(&req, form.client_id.as_deref(), form.client_secret.as_deref());
    let token = match form.grant_type.as_str() {
        "authorization_code" => {
            let (Some(code), Some(redirect_uri)) = (form.code, form.redirect_uri) else {
                return Err(OAuthError::InvalidRequest("Missing required parameter: code or redirect_uri.").into());
            };
            let issued = api.db.write(move |c| {
                let Some(app) = client.app(c)? else { return Ok(Err(OAuthError::InvalidClient)) };
                redeem(c, &app, &code, &redirect_uri, form.code_verifier.as_deref())
            });
            issued.await??
        }
        "client_credentials" => {
            let issued = api.db.write(move |c| {
                let Some(app) = client.app(c)? else { return Ok(Err(OAuthError::InvalidClient)) };
                let Some(scopes) = asked_scopes(&app, form.scope.as_deref()) else { return Ok(Err(OAuthError::InvalidScope)) };
                issue(c, app.id, None, scopes).map(Ok)
            });
            issued.await??
        }
        "" => return Err(OAuthError::InvalidRequest("Missing required parameter: grant_type.").into()),
        // `password` would teach people to type their password into apps; `refresh_token` has nothing to refresh, since
        // tokens do not expire.
        _ => return Err(OAuthError::UnsupportedGrantType.into()),
    };
    Ok(token.answer())
}

/// Exchanges a code for a token. A wrong code, address or verifier is one and the same error to the app.
fn redeem(
    c: &mut Connection,
    app: &App,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> majlis_local::Result<Result<Token, OAuthError>> {
    Ok(match oauth_codes::redeem(c, app, code, redirect_uri, verifier)? {
        Ok(redeemed) => Ok(Token::new(redeemed.token, redeemed.scopes)),
        Err(_) => Err(OAuthError::InvalidGrant),
    })
}

fn issue(c: &mut Connection, app: AppId, person: Option<ActorId>, scopes: Scopes) -> majlis_local::Result<Token> {
    let (_, secret) = tokens::issue(c, app, person, scopes)?;
    Ok(Token::new(secret, scopes))
}

/// The scopes that an app asks for, when they are within what it registered; `read` when it asks for none.
fn asked_scopes(app: &App, asked: Option<&str>) -> Option<Scopes> {
    let scopes = match asked.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Scopes::parse(text).ok()?,
        None => Scopes::from_iter([Scope::Read]),
    };
    app.scopes.covers(scopes).then_some(scopes)
}

/// What an app authenticates itself by.
struct ClientCredentials {
    id: String,
    secret: String,
}

impl ClientCredentials {
    /// From `Authorization: Basic` (RFC 6749 §2.3.1), else from the body.
    fn of(req: &HttpRequest, id: Option<&str>, secret: Option<&str>) -> Self {
        Self::from_header(req)
            .unwrap_or_else(|| Self { id: id.unwrap_or_default().to_owned(), secret: secret.unwrap_or_default().to_owned() })
    }

    fn from_header(req: &HttpRequest) -> Option<Self> {
        let value = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(Self { id: plain(id), secret: plain(secret) })
    }

    /// The app, when the secret is its own.
    fn app(&self, c: &mut Connection) -> majlis_local::Result<Option<App>> {
        Ok(apps::by_client_id(c, &self.id)?.filter(|app| app.has_secret(&self.secret)))
    }
}

/// `POST /oauth/revoke`. A token that nobody knows is as good as revoked (RFC 7009 §2.2).
pub async fn revoke(api: Api, req: HttpRequest, Params(form): Params<Revocation>) -> Result<Json<Empty>> {
    let client = ClientCredentials::of(&req, form.client_id.as_deref(), form.client_secret.as_deref());
    let token = form.token.unwrap_or_default();
    let revoked = token.clone();
    let outcome = api.db.write(move |c| {
        let Some(app) = client.app(c)? else { return Ok(Err(OAuthError::UnauthorizedClient)) };
        match tokens::revoke(c, app.id, &token) {
            Err(majlis_local::Error::Forbidden(_)) => Ok(Err(OAuthError::UnauthorizedClient)),
            done => done.map(|_| Ok(())),
        }
    });
    outcome.await??;
    api.bearers.forget(&revoked);
    Ok(Json(Empty {}))
}

/// OpenID's claims about a person.
#[derive(Debug, Serialize)]
pub struct UserInfo {
    iss: String,
    /// The ActivityPub id, which never changes.
    sub: String,
    name: String,
    preferred_username: String,
    profile: String,
    picture: String,
}

/// `GET` and `POST /oauth/userinfo`.
pub async fn userinfo(api: Api, user: User<need::Profile>) -> Result<Json<UserInfo>> {
    let actor = api.db.read(move |c| actors::get(c, user.actor)).await?;
    let account = Account::new(api.site(), &actor);
    Ok(Json(UserInfo {
        iss: issuer(&api),
        sub: actor.uri,
        name: account.display_name,
        preferred_username: account.username,
        profile: account.url,
        picture: account.avatar,
    }))
}

/// What OAuth here is like (RFC 8414 §2).
#[derive(Debug, Serialize)]
pub struct Metadata {
    issuer: String,
    service_documentation: &'static str,
    authorization_endpoint: String,
    token_endpoint: String,
    app_registration_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
}

/// `GET /.well-known/oauth-authorization-server`.
pub async fn metadata(api: Api) -> Json<Metadata> {
    let at = |path: &str| format!("{}{path}", api.site().origin());
    Json(Metadata {
        issuer: issuer(&api),
        service_documentation: "https://docs.joinmastodon.org/",
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        app_registration_endpoint: at("/api/v1/apps"),
        revocation_endpoint: at("/oauth/revoke"),
        userinfo_endpoint: at("/oauth/userinfo"),
        scopes_supported: Scope::ALL.iter().map(|scope| scope.word()).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        code_challenge_methods_supported: ["S256"],
    })
}

/// The origin with a slash, as Mastodon writes it.
fn issuer(api: &Api) -> String {
    format!("{}/", api.site().origin())
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use majlis_local::apps::OUT_OF_BAND;
    use majlis_local::authorizations::{self, Answer, Request};
    use majlis_local::secrets;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Caller, TestApp};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    /// A registered app's id and secret.
    async fn register(app: &TestApp, scopes: &str) -> (String, String) {
        let form = json!({ "client_name": "Tusky", "redirect_uris": format!("{OUT_OF_BAND}\ntusky://cb"), "scopes": scopes });
        let registered = app.anonymous().post_json("/api/v1/apps", form).await.ok();
        let text = |name: &str| registered[name].as_str().unwrap().to_owned();
        (text("client_id"), text("client_secret"))
    }

    /// A code for somebody who lets the app in.
    async fn code(app: &TestApp, person: &Caller, client_id: &str, challenge: Option<String>) -> String {
        let request = Request {
            response_type: Some("code".to_owned()),
            client_id: Some(client_id.to_owned()),
            redirect_uri: Some(OUT_OF_BAND.to_owned()),
            scope: Some("read write".to_owned()),
            code_challenge_method: challenge.as_ref().map(|_| "S256".to_owned()),
            code_challenge: challenge,
            ..Request::default()
        };
        let actor = person.id();
        let answer = app
            .write(move |c| {
                let authorization = authorizations::check(c, &request)?.unwrap();
                authorization.approve(c, actor)
            })
            .await;
        let Answer::ShowCode(code) = answer else { panic!("{answer:?}") };
        code
    }

    fn exchange(client: &(String, String), code: &str) -> Value {
        json!({
            "grant_type": "authorization_code", "client_id": client.0, "client_secret": client.1,
            "code": code, "redirect_uri": OUT_OF_BAND,
        })
    }

    fn with(mut body: Value, name: &str, value: &str) -> Value {
        body[name] = json!(value);
        body
    }

    #[actix_web::test]
    async fn a_code_becomes_a_token_once() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let client = register(&app, "read write").await;
        let body = exchange(&client, &code(&app, &ali, &client.0, None).await);
        let answer = app.anonymous().post_json("/oauth/token", body.clone()).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let token = answer.ok();
        assert_eq!((&token["token_type"], &token["scope"]), (&json!("Bearer"), &json!("read write")));
        assert!(token["created_at"].as_i64().unwrap() > 1_700_000_000);
        let bearer = app.bearer(token["access_token"].as_str().unwrap());
        assert_eq!(bearer.get("/api/v1/apps/verify_credentials").await.ok()["name"], "Tusky");
        let again = app.anonymous().post_json("/oauth/token", body.clone()).await;
        assert_eq!((again.status.as_u16(), &again.json["error"]), (400, &json!("invalid_grant")));
        // Either the first or the second who showed the code is a thief: neither may go on.
        assert_eq!(bearer.get("/api/v1/apps/verify_credentials").await.status, 401);
        let third = app.anonymous().post_json("/oauth/token", body).await;
        assert_eq!((third.status.as_u16(), &third.json["error"]), (400, &json!("invalid_grant")));
        let other = app.anonymous().post_json("/oauth/token", exchange(&client, &code(&app, &ali, &client.0, None).await)).await;
        assert_eq!(other.status, 200, "another code is another matter");
    }

    #[actix_web::test]
    async fn a_verifier_must_fit_its_challenge() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let client = register(&app, "read write").await;
        let challenge = || Some(secrets::hash(VERIFIER));
        for (verifier, status) in [(Some(VERIFIER), 200), (Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"), 400), (None, 400)]
        {
            let body = exchange(&client, &code(&app, &ali, &client.0, challenge()).await);
            let body = verifier.map_or(body.clone(), |v| with(body, "code_verifier", v));
            assert_eq!(app.anonymous().post_json("/oauth/token", body).await.status, status, "{verifier:?}");
        }
    }

    #[actix_web::test]
    async fn a_code_is_bound_to_its_app_and_address() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let client = register(&app, "read write").await;
        let other = register(&app, "read write").await;
        let fresh = || code(&app, &ali, &client.0, None);
        let ask = |body: Value| {
            let nobody = app.anonymous();
            async move {
                let answer = nobody.post_json("/oauth/token", body).await;
                (answer.status.as_u16(), answer.json["error"].clone())
            }
        };
        assert_eq!(ask(exchange(&other, &fresh().await)).await, (400, json!("invalid_grant")));
        let elsewhere = with(exchange(&client, &fresh().await), "redirect_uri", "tusky://cb");
        assert_eq!(ask(elsewhere).await, (400, json!("invalid_grant")));
        let wrong_secret = with(exchange(&client, &fresh().await), "client_secret", "x");
        assert_eq!(ask(wrong_secret).await, (401, json!("invalid_client")));
        assert_eq!(ask(exchange(&client, "made up")).await, (400, json!("invalid_grant")));
        assert_eq!(ask(json!({})).await, (400, json!("invalid_request")));
        assert_eq!(ask(json!({ "grant_type": "authorization_code" })).await, (400, json!("invalid_request")));
        for unsupported in ["password", "refresh_token", "implicit"] {
            let body = with(exchange(&client, "x"), "grant_type", unsupported);
            assert_eq!(ask(body).await, (400, json!("unsupported_grant_type")), "{unsupported}");
        }
    }

    #[actix_web::test]
    async fn invalid_client_is_exactly_mastodons() {
        let app = TestApp::new();
        let body = json!({ "grant_type": "client_credentials", "client_id": "x", "client_secret": "y" });
        let answer = app.anonymous().post_json("/oauth/token", body).await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").starts_with("Basic "));
        assert_eq!(
            answer.json,
            json!({
                "error": "invalid_client",
                "error_description": "Client authentication failed due to unknown client, no client authentication included, \
                                      or unsupported authentication method.",
            })
        );
    }

    #[actix_web::test]
    async fn an_app_gets_a_token_of_its_own_by_body_or_by_basic() {
        let app = TestApp::new();
        let (id, secret) = register(&app, "read write:accounts").await;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=write:accounts");
        let token = app.anonymous().post_form("/oauth/token", &form).await.ok();
        assert_eq!(token["scope"], "write:accounts");
        let nobody = app.anonymous();
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let request = nobody
            .form(Method::POST, "/oauth/token", "grant_type=client_credentials")
            .insert_header(("authorization", format!("Basic {basic}")));
        assert_eq!(nobody.send(request).await.ok()["scope"], "read");
        let too_much = form.replace("write:accounts", "write");
        let refused = app.anonymous().post_form("/oauth/token", &too_much).await;
        assert_eq!((refused.status.as_u16(), &refused.json["error"]), (400, &json!("invalid_scope")));
    }

    #[actix_web::test]
    async fn a_revoked_token_is_of_no_more_use() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let client = register(&app, "read write").await;
        let body = exchange(&client, &code(&app, &ali, &client.0, None).await);
        let token = app.anonymous().post_json("/oauth/token", body).await.ok()["access_token"].as_str().unwrap().to_owned();
        let bearer = app.bearer(&token);
        let alive = || async { bearer.get("/api/v1/apps/verify_credentials").await.status.as_u16() };
        assert_eq!(alive().await, 200);
        let revoke = |client: &(String, String)| json!({ "client_id": client.0, "client_secret": client.1, "token": token });
        let stranger = register(&app, "read").await;
        let refused = app.anonymous().post_json("/oauth/revoke", revoke(&stranger)).await;
        assert_eq!((refused.status.as_u16(), &refused.json["error"]), (403, &json!("unauthorized_client")));
        assert_eq!(app.anonymous().post_json("/oauth/revoke", json!({ "token": token })).await.status, 403);
        assert_eq!(alive().await, 200);
        assert_eq!(app.anonymous().post_json("/oauth/revoke", revoke(&client)).await.ok(), json!({}));
        assert_eq!(alive().await, 401);
        assert_eq!(app.anonymous().post_json("/oauth/revoke", revoke(&client)).await.ok(), json!({}));
    }

    #[actix_web::test]
    async fn an_apps_own_token_is_revoked_as_well() {
        let app = TestApp::new();
        let (id, secret) = register(&app, "read").await;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let token = app.anonymous().post_form("/oauth/token", &form).await.ok()["access_token"].as_str().unwrap().to_owned();
        let bearer = app.bearer(&token);
        assert_eq!(bearer.get("/api/v1/apps/verify_credentials").await.status, 200);
        app.anonymous().post_form("/oauth/revoke", &format!("client_id={id}&client_secret={secret}&token={token}")).await.ok();
        assert_eq!(bearer.get("/api/v1/apps/verify_credentials").await.status, 401);
    }

    #[actix_web::test]
    async fn who_one_is_is_told_under_the_scope_for_it() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let narrow = app.log_in(ali.id(), Scopes::parse("profile").unwrap()).await;
        let wanted = json!({
            "iss": "https://majlis.example/",
            "sub": "https://majlis.example/users/ali",
            "name": "ali",
            "preferred_username": "ali",
            "profile": "https://majlis.example/@ali",
            "picture": "https://majlis.example/avatars/original/missing.png",
        });
        assert_eq!(narrow.get("/oauth/userinfo").await.ok(), wanted);
        assert_eq!(narrow.post("/oauth/userinfo").await.ok(), wanted);
        let reader = app.log_in(ali.id(), Scopes::parse("read").unwrap()).await;
        assert_eq!(reader.get("/oauth/userinfo").await.status, 403);
    }

    #[actix_web::test]
    async fn the_metadata_names_what_there_is() {
        let app = TestApp::new();
        let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.ok();
        insta::assert_json_snapshot!(metadata);
    }
}
