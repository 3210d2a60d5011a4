//! `/api/v1/markers`: how far somebody has read, for all of its apps.

use std::collections::BTreeMap;

use actix_web::web::Json;
use majlis_local::markers::{self, Timeline};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::Marker;
use crate::error::Result;
use crate::pagination::lenient_number;
use crate::params::Params;
use crate::state::Api;

/// Which timelines are asked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    timeline: Vec<String>,
}

/// `GET /api/v1/markers?timeline[]=`: by the timeline's name; those never moved are missing.
pub async fn get(
    api: Api,
    user: User<need::ReadStatuses>,
    Params(asked): Params<Asked>,
) -> Result<Json<BTreeMap<String, Marker>>> {
    let mut all = api.db.read(move |c| markers::of(c, user.actor)).await?;
    all.retain(|marker| asked.timeline.contains(&marker.timeline));
    Ok(Json(Marker::by_timeline(all)))
}

/// Where the markers are moved to.
#[derive(Debug, Deserialize)]
pub struct Moves {
    home: Option<Move>,
    notifications: Option<Move>,
}

/// Where one is moved to.
#[derive(Debug, Deserialize)]
pub struct Move {
    #[serde(default, deserialize_with = "lenient_number")]
    last_read_id: Option<i64>,
}

/// `POST /api/v1/markers`: answers with those that were moved.
pub async fn set(
    api: Api,
    user: User<need::WriteStatuses>,
    Params(moves): Params<Moves>,
) -> Result<Json<BTreeMap<String, Marker>>> {
    let moved = api.db.write(move |c| {
        let mut moved = Vec::new();
        for (timeline, to) in [(Timeline::Home, moves.home), (Timeline::Notifications, moves.notifications)] {
            if let Some(id) = to.and_then(|to| to.last_read_id) {
                moved.push(markers::set(c, user.actor, timeline, id)?);
            }
        }
        Ok(moved)
    });
    Ok(Json(Marker::by_timeline(moved.await?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn markers_move_and_are_told_by_timeline() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        assert_eq!(ali.get("/api/v1/markers?timeline[]=home").await.ok(), json!({}));
        let moved = ali.post_form("/api/v1/markers", "home[last_read_id]=103").await.ok();
        assert_eq!((&moved["home"]["last_read_id"], &moved["home"]["version"]), (&json!("103"), &json!(1)));
        assert!(moved.get("notifications").is_none());
        let sent = json!({ "home": { "last_read_id": "104" }, "notifications": { "last_read_id": 7 } });
        assert_eq!(ali.post_json("/api/v1/markers", sent).await.ok()["notifications"]["last_read_id"], "7");
        let both = ali.get("/api/v1/markers?timeline[]=home&timeline[]=notifications").await.ok();
        assert_eq!((&both["home"]["last_read_id"], &both["home"]["version"]), (&json!("104"), &json!(2)));
    }
}
