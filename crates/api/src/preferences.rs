//! What a person prefers, for apps that want to begin with it.

use actix_web::web::Json;
use majlis_local::users;
use majlis_local::visibility::Visibility;
use serde::Serialize;

use crate::auth::{User, need};
use crate::error::Result;
use crate::state::Api;

/// Mastodon's Preferences.
#[derive(Debug, Serialize)]
pub struct Preferences {
    #[serde(rename = "posting:default:visibility")]
    visibility: Visibility,
    #[serde(rename = "posting:default:sensitive")]
    sensitive: bool,
    #[serde(rename = "posting:default:language")]
    language: Option<String>,
    /// `public`, `followers` or `nobody`.
    #[serde(rename = "posting:default:quote_policy")]
    quote_policy: &'static str,
    /// `default`, `show_all` or `hide_all`.
    #[serde(rename = "reading:expand:media")]
    expand_media: String,
    #[serde(rename = "reading:expand:spoilers")]
    expand_spoilers: bool,
    /// Animations run when they are touched; apps have their own switch for more.
    #[serde(rename = "reading:autoplay:gifs")]
    autoplay_gifs: bool,
}

/// `GET /api/v1/preferences`.
pub async fn show(api: Api, user: User<need::ReadAccounts>) -> Result<Json<Preferences>> {
    let user = api.db.read(move |c| users::get(c, user.actor)).await?;
    Ok(Json(Preferences {
        visibility: user.default_visibility,
        sensitive: user.default_sensitive,
        language: user.default_language,
        quote_policy: user.default_quote_policy.word(),
        expand_media: user.expand_media,
        expand_spoilers: user.expand_spoilers,
        autoplay_gifs: false,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn preferences_are_told_by_mastodons_names() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        assert_eq!(
            ali.get("/api/v1/preferences").await.ok(),
            json!({
                "posting:default:visibility": "public",
                "posting:default:sensitive": false,
                "posting:default:language": null,
                "posting:default:quote_policy": "public",
                "reading:expand:media": "default",
                "reading:expand:spoilers": false,
                "reading:autoplay:gifs": false,
            })
        );
        assert_eq!(app.anonymous().get("/api/v1/preferences").await.status, 401);
    }
}
