//! Applications: how an app registers before anybody logs in, and how it asks who it is.

use actix_web::web::Json;
use majlis_local::apps::{self, App, NewApp};
use majlis_local::ids::AppId;
use serde::{Deserialize, Serialize};

use crate::auth::{Client, need};
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

/// What an app says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Registration {
    client_name: String,
    /// One text with an address a line, or an array.
    redirect_uris: Vec<String>,
    /// Names with spaces between them; a few apps send an array.
    scopes: Vec<String>,
    website: Option<String>,
}

/// Mastodon's Application, as apps see themselves.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Application {
    pub id: AppId,
    pub name: String,
    pub website: Option<String>,
    pub scopes: Vec<&'static str>,
    pub redirect_uris: Vec<String>,
    /// The same addresses, one a line, as versions before 4.3 told them.
    pub redirect_uri: String,
    /// The key by which push services know this server. Mastodon tells it here too, and older apps look nowhere else.
    pub vapid_key: String,
}

/// An [`Application`] that has just registered, with what it authenticates itself by.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct CredentialApplication {
    #[serde(flatten)]
    pub application: Application,
    pub client_id: String,
    pub client_secret: String,
    /// Never, in OAuth's way of saying it (RFC 7591 §3.2.1).
    pub client_secret_expires_at: u8,
}

impl Application {
    fn new(app: App, vapid_key: String) -> Self {
        Self {
            id: app.id,
            name: app.name,
            website: app.website,
            scopes: app.scopes.iter().map(|scope| scope.word()).collect(),
            redirect_uri: app.redirect_uris.join("\n"),
            redirect_uris: app.redirect_uris.0,
            vapid_key,
        }
    }
}

/// `POST /api/v1/apps`: an app registers.
pub async fn create(api: Api, Params(form): Params<Registration>) -> Result<Json<CredentialApplication>> {
    let new = NewApp {
        name: form.client_name,
        website: form.website,
        redirect_uris: form.redirect_uris.iter().flat_map(|uris| uris.split_whitespace()).map(str::to_owned).collect(),
        scopes: form.scopes.join(" "),
    };
    let vapid_key = api.vapid_key().await?;
    let (app, client_secret) = api.db.write(move |c| apps::create(c, new)).await?;
    Ok(Json(CredentialApplication {
        client_id: app.client_id.clone(),
        client_secret,
        client_secret_expires_at: 0,
        application: Application::new(app, vapid_key),
    }))
}

/// `GET /api/v1/apps/verify_credentials`: the app behind a token, its own or a person's.
pub async fn verify_credentials(api: Api, client: Client<need::Anything>) -> Result<Json<Application>> {
    let id = client.access.app;
    let vapid_key = api.vapid_key().await?;
    let app = api.db.read(move |c| apps::get(c, id)).await?;
    Ok(Json(Application::new(app, vapid_key)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    /// A registration's answer without what differs every time; those are checked to be there.
    fn constant(mut app: Value) -> Value {
        for secret in ["client_id", "client_secret", "vapid_key", "id"] {
            let text = app[secret].take();
            assert!(text.as_str().is_some_and(|t| t.len() >= 18), "{secret}: {text}");
            app[secret] = json!(format!("[{secret}]"));
        }
        app
    }

    #[actix_web::test]
    async fn apps_register_in_every_way_they_know() {
        let app = TestApp::new();
        let nobody = app.anonymous();
        let as_json = json!({
            "client_name": "Elk", "redirect_uris": ["https://elk.example/cb", "elk://cb"],
            "scopes": "read write", "website": "https://elk.zone",
        });
        let as_form = "client_name=Elk&redirect_uris=https%3A%2F%2Felk.example%2Fcb%0Aelk%3A%2F%2Fcb\
                       &scopes=read+write&website=https%3A%2F%2Felk.zone";
        let wanted = json!({
            "id": "[id]",
            "name": "Elk",
            "website": "https://elk.zone",
            "scopes": ["read", "write"],
            "redirect_uris": ["https://elk.example/cb", "elk://cb"],
            "redirect_uri": "https://elk.example/cb\nelk://cb",
            "vapid_key": "[vapid_key]",
            "client_id": "[client_id]",
            "client_secret": "[client_secret]",
            "client_secret_expires_at": 0,
        });
        assert_eq!(constant(nobody.post_json("/api/v1/apps", as_json).await.ok()), wanted);
        assert_eq!(constant(nobody.post_form("/api/v1/apps", as_form).await.ok()), wanted);
        assert_eq!(constant(nobody.post(&format!("/api/v1/apps/?{as_form}")).await.ok()), wanted);
    }

    #[actix_web::test]
    async fn an_app_that_says_too_little_is_told_what_is_missing() {
        let app = TestApp::new();
        let answer = app.anonymous().post_json("/api/v1/apps", json!({ "scopes": "read fly" })).await;
        assert_eq!(answer.status, 422);
        assert_eq!(
            answer.json,
            json!({
                "error": "Validation failed: Client name can't be blank, Redirect uris can't be blank, \
                          Scopes doesn't match configured on the server.",
                "details": {
                    "client_name": [{ "error": "ERR_BLANK", "description": "can't be blank" }],
                    "redirect_uris": [{ "error": "ERR_BLANK", "description": "can't be blank" }],
                    "scopes": [{ "error": "ERR_INVALID", "description": "doesn't match configured on the server." }],
                },
            })
        );
    }

    #[actix_web::test]
    async fn a_token_knows_its_app() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let own = ali.get("/api/v1/apps/verify_credentials").await.ok();
        assert_eq!((&own["name"], &own["website"], own.get("client_secret")), (&json!("Tests"), &Value::Null, None));
        assert_eq!(app.anonymous().get("/api/v1/apps/verify_credentials").await.status, 401);
    }
}
