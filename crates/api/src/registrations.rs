//! Signing up by an app, and what an app may ask about the e-mail address of whoever has just signed up.

use actix_web::CustomizeResponder;
use actix_web::web::Json;
use majlis_local::registrations::{self, SignUp, Terms};
use majlis_local::users::{self, Standing};
use majlis_local::{apps, confirmations, tokens};
use serde::Deserialize;

use crate::auth::{Client, check_standing, need};
use crate::entities::Empty;
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
pub async fn create(
    api: Api,
    client: Client<need::WriteAccounts>,
    Params(form): Params<Form>,
) -> Result<CustomizeResponder<Json<Token>>> {
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
        app: Some(client.access.app),
    };
    let terms = Terms { mode: api.config.registrations, confirm: api.config.confirm_emails };
    let actor = registrations::sign_up(&api.db, terms, form).await?;
    let app = client.access.app;
    let issued = api.db.write(move |c| {
        let scopes = apps::get(c, app)?.scopes;
        let (_, token) = tokens::issue(c, app, Some(actor), scopes)?;
        Ok(Token::new(token, scopes))
    });
    Ok(issued.await?.answer())
}

/// What somebody types who has not got the letter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resend {
    email: Option<String>,
}

/// `POST /api/v1/emails/confirmations`: send the letter once more, to another address if one is named. Only for the app that
/// signed the person up.
pub async fn resend_confirmation(
    api: Api,
    client: Client<need::WriteAccounts>,
    Params(form): Params<Resend>,
) -> Result<Json<Empty>> {
    let Some(person) = client.person else {
        return Err(Error::unprocessable("This method requires an authenticated user"));
    };
    let (actor, app) = (person.actor, client.access.app);
    let asked = api.db.write(move |c| {
        if users::get(c, actor)?.app_id != Some(app) {
            return Ok(Err("This method is only available to the application the user originally signed-up with"));
        }
        confirmations::ask_again(c, actor, form.email.as_deref()).map(Ok)
    });
    asked.await?.map_err(Error::forbidden)?;
    Ok(Json(Empty {}))
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
        let again = ali.post("/api/v1/emails/confirmations").await;
        let told = "This method is only available while the e-mail is awaiting confirmation";
        assert_eq!((again.status.as_u16(), &again.json["error"]), (403, &json!(told)));
    }

    #[actix_web::test]
    async fn whoever_has_not_confirmed_the_address_only_waits_and_asks_again() {
        let app = TestApp::with(Config { confirm_emails: true, rate_limits: false, ..Config::default() });
        let tusky = client(&app, "read write").await;
        let token = tusky.post_json("/api/v1/accounts", form("ali")).await.ok();
        let ali = app.bearer(token["access_token"].as_str().unwrap());
        let answer = ali.get("/api/v1/preferences").await;
        let missing = json!({ "error": "Your login is missing a confirmed e-mail address" });
        assert_eq!((answer.status.as_u16(), answer.json), (403, missing));
        assert_eq!(ali.get("/api/v1/emails/check_confirmation").await.ok(), json!(false));
        let path = "/api/v1/emails/confirmations";
        assert_eq!(ali.post(path).await.ok(), json!({}));
        assert_eq!(ali.post_form(path, "email=ali%40example.net").await.ok(), json!({}));
        let wrong = ali.post_form(path, "email=nothing").await;
        assert_eq!(wrong.status, 422);
        assert_eq!(wrong.json["details"]["email"][0]["error"], "ERR_INVALID");
        assert_eq!(app.anonymous().post(path).await.status, 401);
        let letters: Vec<String> = app
            .read(majlis_local::jobs::all)
            .await
            .into_iter()
            .filter_map(|job| if let majlis_local::jobs::Job::Mail { mail } = job { Some(mail.to) } else { None })
            .collect();
        assert_eq!(letters, ["ali@example.org", "ali@example.org", "ali@example.net"]);
        // Another app does not send letters to other people's addresses.
        let actor = app.read(|c| Ok(majlis_local::users::by_login(c, "ali")?.unwrap().actor_id)).await;
        let other = app.log_in(actor, Scopes::parse("read write").unwrap()).await;
        let refused = other.post(path).await;
        let told = "This method is only available to the application the user originally signed-up with";
        assert_eq!((refused.status.as_u16(), &refused.json["error"]), (403, &json!(told)));
        app.write(move |c| majlis_local::users::set_standing(c, actor, Standing::Active)).await;
        assert_eq!(ali.get("/api/v1/preferences").await.status, 200);
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
