//! Newsletters: somebody without an account has an author's public posts sent to an e-mail address. What becomes of it stands
//! in [`majlis_local::newsletters`]; saying yes and leaving are pages.

use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use majlis_local::ids::ActorId;
use majlis_local::newsletters;
use serde::Deserialize;

use crate::entities::Empty;
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;
use crate::trends::asked_languages;

/// What somebody types in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Subscribe {
    email: String,
    /// The language of the letters.
    locale: Option<String>,
}

/// `POST /api/v1/accounts/:id/email_subscriptions`: asks the address by a letter whether it wants the account's public posts.
/// The answer is the same whether or not it has them already.
pub async fn subscribe(api: Api, req: HttpRequest, id: Path<ActorId>, Params(form): Params<Subscribe>) -> Result<Json<Empty>> {
    let locale = form.locale.or_else(|| asked_languages(&req).into_iter().next());
    let site = api.db.site().clone();
    api.db.write(move |c| newsletters::subscribe(c, &site, *id, &form.email, locale.as_deref())).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use majlis_local::jobs::{self, Job};
    use majlis_local::mail::{Letter, Mail};
    use majlis_local::testing::people;
    use majlis_local::users::{self, Standing};
    use serde_json::{Value, json};

    use super::*;
    use crate::state::Config;
    use crate::testing::{Caller, TestApp};

    fn server() -> TestApp {
        TestApp::with_newsletters(Config { rate_limits: false, ..Config::default() })
    }

    fn path(id: impl std::fmt::Display) -> String {
        format!("/api/v1/accounts/{id}/email_subscriptions")
    }

    async fn switch(person: &Caller, on: bool) -> Value {
        person.patch_json("/api/v1/accounts/update_credentials", json!({ "email_subscriptions": on })).await.ok()
    }

    async fn letters(app: &TestApp) -> Vec<Mail> {
        let all = app.read(jobs::all).await;
        all.into_iter().filter_map(|job| if let Job::Mail { mail } = job { Some(mail) } else { None }).collect()
    }

    #[actix_web::test]
    async fn anybody_has_an_address_asked_and_learns_nothing_of_it() {
        let app = server();
        let ali = app.user("ali").await;
        assert_eq!(switch(&ali, true).await["email_subscriptions"], true);
        let nobody = app.anonymous();
        let first = nobody.post_json(&path(ali.id()), json!({ "email": "rita@example.net", "locale": "ar" })).await;
        assert_eq!((first.status.as_u16(), first.text.as_str()), (200, "{}"));
        let asked = nobody.form(actix_web::http::Method::POST, &path(ali.id()), "email=nour%40example.net");
        assert_eq!(nobody.send(asked.insert_header(("accept-language", "ar-EG,en;q=0.5"))).await.ok(), json!({}));
        let sent = letters(&app).await;
        assert_eq!(sent.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["rita@example.net", "nour@example.net"]);
        assert!(sent.iter().all(|mail| mail.locale == "ar"), "{sent:?}");
        let Letter::Subscribe { token, .. } = sent[0].letter.clone() else { panic!("{sent:?}") };
        app.write(move |c| newsletters::confirm(c, &token)).await;
        for address in ["rita@example.net", "nour@example.net"] {
            let again = ali.post_json(&path(ali.id()), json!({ "email": address })).await;
            assert_eq!((again.status, &again.text), (first.status, &first.text));
        }
        assert_eq!(letters(&app).await.len(), 2);
    }

    #[actix_web::test]
    async fn what_is_wrong_is_named_and_changes_nothing() {
        let app = server();
        let ali = app.user("ali").await;
        switch(&ali, true).await;
        let nobody = app.anonymous();
        let wrong = nobody.post_json(&path(ali.id()), json!({ "email": "nothing" })).await;
        assert_eq!(wrong.status, 422);
        insta::assert_json_snapshot!(wrong.json);
        let blank = nobody.post(&path(ali.id())).await;
        assert_eq!((blank.status.as_u16(), &blank.json["details"]["email"][0]["error"]), (422, &json!("ERR_BLANK")));

        let bea = app.user("bea").await;
        let far = app.write(|c| Ok(people::remote(c, "far").id)).await;
        let good = json!({ "email": "rita@example.net" });
        for id in [bea.id(), far, ActorId(1)] {
            let missing = nobody.post_json(&path(id), good.clone()).await;
            assert_eq!((missing.status.as_u16(), missing.json), (404, json!({ "error": "Record not found" })), "{id}");
        }
        assert_eq!(nobody.post_json(&path("nobody"), good.clone()).await.status, 404);
        let id = ali.id();
        app.write(move |c| users::set_standing(c, id, Standing::Disabled)).await;
        assert_eq!(nobody.post_json(&path(id), good).await.status, 404);
        assert!(letters(&app).await.is_empty());
    }

    #[actix_web::test]
    async fn accounts_tell_of_newsletters_only_where_the_server_has_them() {
        let app = server();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        switch(&ali, true).await;
        let nobody = app.anonymous();
        let told = async |id: ActorId| nobody.get(&format!("/api/v1/accounts/{id}")).await.ok()["email_subscriptions"].clone();
        assert_eq!((told(ali.id()).await, told(bea.id()).await), (json!(true), json!(false)));
        switch(&ali, false).await;
        assert_eq!(told(ali.id()).await, json!(false));

        let app = TestApp::new();
        let ali = app.user("ali").await;
        let own = switch(&ali, false).await;
        assert_eq!(own.get("email_subscriptions"), None);
        let refused = ali.patch_json("/api/v1/accounts/update_credentials", json!({ "email_subscriptions": true })).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json["details"]["email_subscriptions"][0]["error"]),
            (422, &json!("ERR_INCLUSION"))
        );
        let missing = app.anonymous().post_json(&path(ali.id()), json!({ "email": "rita@example.net" })).await;
        assert_eq!(missing.status, 404);
    }

    #[actix_web::test]
    async fn a_network_has_few_addresses_asked() {
        let app = TestApp::with_newsletters(Config::default());
        let ali = app.user("ali").await;
        switch(&ali, true).await;
        for n in 0..6 {
            let answer = app.anonymous().post_json(&path(ali.id()), json!({ "email": format!("a{n}@example.net") })).await;
            assert_eq!(answer.status.as_u16(), if n < 5 { 200 } else { 429 }, "{n}");
        }
        assert_eq!(letters(&app).await.len(), 5);
    }
}
