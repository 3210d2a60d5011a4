//! Somebody of the demonstration, at their app: everything goes through the client API.

use majlis_local::registrations::{self, NewAccount};
use majlis_local::scopes::Scopes;
use majlis_local::users::Role;
use reqwest::Method;
use serde_json::Value;

use super::{eventually, text_of};
use crate::cli::{Failure, access};
use crate::serve::Server;

/// Somebody with an account and a token.
pub(super) struct Person {
    pub(super) name: &'static str,
    /// `@name@domain`.
    pub(super) handle: String,
    /// The server's origin.
    pub(super) base: String,
    token: String,
    http: reqwest::Client,
}

impl Person {
    /// Makes an account, as an operator would.
    pub(super) async fn join(server: &Server, name: &'static str, locale: &str, password: &str) -> Result<Self, Failure> {
        let account = NewAccount {
            username: name.to_owned(),
            email: format!("{name}@demo.example"),
            password: password.to_owned(),
            role: Role::User,
            locale: locale.to_owned(),
            confirmed: true,
        };
        let id = registrations::create_account(&server.db, account).await?;
        let scopes = Scopes::parse("read write follow").map_err(|unknown| unknown.0)?;
        let token = access::issue(&server.db, id, scopes).await?;
        let handle = format!("@{name}@{}", server.db.site().domain());
        Ok(Self { name, handle, base: server.origin.text(), token, http: reqwest::Client::new() })
    }

    /// The address of the profile.
    pub(super) fn page(&self) -> String {
        format!("{}/@{}", self.base, self.name)
    }

    /// One request, and the JSON that came back.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            return Err(format!("{method} {}{path} answered {status}: {text}", self.base).into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// The id of an account anywhere, as this person's server knows it.
    pub(super) async fn account(&self, handle: &str) -> Result<String, Failure> {
        let path = format!("/api/v2/search?type=accounts&resolve=true&q={}", handle.replace('@', "%40"));
        let found = self.call(Method::GET, &path, None).await?;
        text_of(&found["accounts"][0], "id")
    }

    /// Waits until a post is in this person's home timeline, and gives back its id there.
    pub(super) async fn find_at_home(&self, uri: &str) -> Result<String, Failure> {
        eventually(&format!("{uri} to {}", self.handle), async || {
            let home = self.call(Method::GET, "/api/v1/timelines/home?limit=40", None).await?;
            let post = home.as_array().and_then(|posts| posts.iter().find(|post| post["uri"] == uri));
            post.map(|post| text_of(post, "id")).transpose()
        })
        .await
    }

    /// Waits until this person is notified of what somebody did.
    pub(super) async fn is_notified(&self, kind: &str, by: &str) -> Result<(), Failure> {
        eventually(&format!("a {kind} by {by} to {}", self.handle), async || {
            let notes = self.call(Method::GET, &format!("/api/v1/notifications?types[]={kind}"), None).await?;
            let by = by.trim_start_matches('@');
            let there = notes.as_array().is_some_and(|all| all.iter().any(|one| one["account"]["acct"] == by));
            Ok(there.then_some(()))
        })
        .await
    }
}
