//! Signing up by an app, and what an app may ask about the e-mail address of whoever has just signed up.

use actix_web::HttpResponse;
use actix_web::web::Json;
use majlis_local::registrations::{self, SignUp};
use majlis_local::users::Standing;
use majlis_local::{apps, tokens};
use serde::Deserialize;

use crate::auth::{Client, check_standing, need};
use crate::error::{Error, Result};
use crate::oauth::Token;
use crate::params::Params;
use crate::state::Api;

/// What somebody types who signs up in an app.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    username: String,
    email: String,
    password: String,
    agreement: bool,
    locale: String,
    reason: Option<String>,
    invite_code: Option<String>,
}

/// `POST /api/v1/accounts`: an app, by a token of its own, signs somebody up and gets a token of that person, with all the
/// scopes that the app registered.
pub async fn create(api: Api, client: Client<need::WriteAccounts>, Params(form): Params<Form>) -> Result<HttpResponse> {
    if client.person.is_some() {
        return Err(Error::forbidden("This action is not allowed"));
    }
    let form = SignUp {
        username: form.username,
        email: form.email,
        password: form.password,
        agreement: form.agreement,
        locale: form.locale,
        reason: form.reason,
        invite_code: form.invite_code,
    };
    let actor = registrations::sign_up(&api.db, api.config.registrations, form).await?;
    let app = client.access.app;
    let issued = api.db.write(move |c| {
        let scopes = apps::get(c, app)?.scopes;
        let (_, token) = tokens::issue(c, app, Some(actor), scopes)?;
        Ok(Token::new(token, scopes))
    });
    Ok(issued.await?.answer())
}

/// `POST /api/v1/emails/confirmations`: send the confirmation once more. This server sends no e-mail; an address that waits
/// is confirmed by an admin.
pub async fn resend_confirmation(client: Client<need::Anything>) -> Result<HttpResponse> {
    let Some(person) = client.person else {
        return Err(Error::unprocessable("This method requires an authenticated user"));
    };
    match person.standing {
        Standing::Unconfirmed => Err(Error::unprocessable("This server sends no e-mail: ask its admin to confirm your address")),
        _ => Err(Error::forbidden("This method is only available while the e-mail is awaiting confirmation")),
    }
}

/// `GET /api/v1/emails/check_confirmation`: whether the address is confirmed.
pub async fn check_confirmation(client: Client<need::Anything>) -> Result<Json<bool>> {
    let Some(person) = client.person else {
        return Err(Error::unprocessable("This method requires an authenticated user"));
    };
    if person.standing == Standing::Disabled {
        check_standing(person.standing)?;
    }
    Ok(Json(person.standing != Standing::Unconfirmed))
}

#[cfg(test)]
mod tests {
    use majlis_local::apps::NewApp;
    use majlis_local::registrations::Registrations;
    use majlis_local::scopes::Scopes;
    use serde_json::{Value, json};

    use super::*;
    use crate::state::Config;
    use crate::testing::{Caller, TestApp};

    fn server(registrations: Registrations) -> TestApp {
        TestApp::with(Config { registrations, rate_limits: false, ..Config::default() })
    }

    /// An app with a token of its own.
    async fn client(app: &TestApp, scopes: &'static str) -> Caller {
        let token = app
            .write(move |c| {
                let new = NewApp {
                    name: "Tusky".to_owned(),
                    redirect_uris: vec![apps::OUT_OF_BAND.to_owned()],
                    scopes: scopes.to_owned(),
                    website: None,
                };
                let app = apps::create(c, new)?.0;
                Ok(tokens::issue(c, app.id, None, Scopes::parse(scopes).unwrap_or_default())?.1)
            })
            .await;
        app.bearer(&token)
    }

    fn form(name: &str) -> Value {
        json!({
            "username": name, "email": format!("{name}@example.org"), "password": "correct horse", "agreement": "true", "locale": "ar",
        })
    }

    #[actix_web::test]
    async fn an_app_signs_somebody_up_who_may_act_at_once() {
        let app = server(Registrations::Open);
        let tusky = client(&app, "read write").await;
        let answer = tusky.post_json("/api/v1/accounts", form("ali")).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let token = answer.ok();
        assert_eq!((&token["token_type"], &token["scope"]), (&json!("Bearer"), &json!("read write")));
        let ali = app.bearer(token["access_token"].as_str().unwrap());
        assert_eq!(ali.get("/api/v1/preferences").await.status, 200);
        assert_eq!(ali.get("/api/v1/emails/check_confirmation").await.ok(), json!(true));
        assert_eq!(ali.post("/api/v1/emails/confirmations").await.status, 403);
    }

    #[actix_web::test]
    async fn whatever_is_wrong_is_named_at_once() {
        let app = server(Registrations::Approval);
        app.user("ali").await;
        let tusky = client(&app, "read write").await;
        let wrong = json!({ "username": "ALI", "email": "nobody", "password": "short", "agreement": false });
        let answer = tusky.post_json("/api/v1/accounts", wrong).await;
        assert_eq!(answer.status, 422);
        insta::assert_json_snapshot!(answer.json);
    }

    #[actix_web::test]
    async fn those_who_wait_for_approval_are_told_so() {
        let app = server(Registrations::Approval);
        let tusky = client(&app, "read write").await;
        let mut form = form("ali");
        form["reason"] = json!("To talk with my neighbours");
        let token = tusky.post_json("/api/v1/accounts", form).await.ok();
        let ali = app.bearer(token["access_token"].as_str().unwrap());
        let answer = ali.get("/api/v1/preferences").await;
        assert_eq!((answer.status.as_u16(), answer.json), (403, json!({ "error": "Your login is currently pending approval" })));
    }

    #[actix_web::test]
    async fn only_apps_sign_people_up_and_only_where_they_may() {
        let app = server(Registrations::Closed);
        let tusky = client(&app, "read write").await;
        let closed = tusky.post_json("/api/v1/accounts", form("badr")).await;
        assert_eq!((closed.status.as_u16(), &closed.json["error"]), (403, &json!("This action is not allowed")));
        let app = server(Registrations::Open);
        assert_eq!(app.anonymous().post_json("/api/v1/accounts", form("badr")).await.status, 401);
        assert_eq!(client(&app, "read").await.post_json("/api/v1/accounts", form("badr")).await.status, 403);
        assert_eq!(app.user("ali").await.post_json("/api/v1/accounts", form("badr")).await.status, 403);
    }
}
