//! `/api/v1/annual_reports`: what the viewer did here in a year.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{CustomizeResponder, Responder as _};
use majlis_local::annual_reports::{self, AnnualReport as Row, Data, Standing, VERSION};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::{Connection, Site, posts, visibility};
use serde::Serialize;

use crate::auth::{User, need};
use crate::entities::{Account, Empty, Status};
use crate::error::{Error, Result};
use crate::state::Api;

/// Mastodon's AnnualReport.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct AnnualReport {
    pub year: i32,
    pub data: Data,
    pub schema_version: i32,
    /// There is no page of it that others could see.
    pub share_url: Option<String>,
    pub account_id: ActorId,
}

/// Mastodon's WrappedAnnualReports.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Wrapped {
    pub annual_reports: Vec<AnnualReport>,
    pub accounts: Vec<Arc<Account>>,
    pub statuses: Vec<Status>,
}

impl Wrapped {
    fn build(c: &mut Connection, site: &Site, viewer: ActorId, rows: Vec<Row>) -> majlis_local::Result<Self> {
        let reports: Vec<AnnualReport> = rows
            .into_iter()
            .filter_map(|row| {
                let data = row.data?.0;
                Some(AnnualReport { year: row.year, data, schema_version: VERSION, share_url: None, account_id: row.actor_id })
            })
            .collect();
        let ids: Vec<PostId> = reports.iter().filter_map(|report| report.data.top_statuses.by_reblogs).collect();
        let mut named = posts::find_many(c, &ids)?;
        visibility::retain_visible(c, Some(viewer), &mut named)?;
        named.sort_unstable_by_key(|post| post.id);
        let statuses = Status::build_many(c, site, Some(viewer), &named)?;
        let own = if reports.is_empty() { Vec::new() } else { vec![viewer] };
        let accounts = Account::load_many(c, site, &own)?;
        Ok(Self { annual_reports: reports, accounts: accounts.into_values().collect(), statuses })
    }
}

/// `GET /api/v1/annual_reports`: all that were made.
pub async fn index(api: Api, user: User<need::ReadAccounts>) -> Result<Json<Wrapped>> {
    let site = api.db.site().clone();
    let wrapped = api.db.read(move |c| {
        let rows = annual_reports::of(c, user.actor)?;
        Wrapped::build(c, &site, user.actor, rows)
    });
    Ok(Json(wrapped.await?))
}

/// The year of a path; what is none has no report.
fn year(path: &str) -> Result<i32> {
    path.parse().map_err(|_| Error::NotFound)
}

/// `GET /api/v1/annual_reports/:year`.
pub async fn show(api: Api, user: User<need::ReadAccounts>, path: Path<String>) -> Result<Json<Wrapped>> {
    let (site, year) = (api.db.site().clone(), year(&path)?);
    let wrapped = api.db.read(move |c| {
        let row = annual_reports::get(c, user.actor, year)?;
        Wrapped::build(c, &site, user.actor, vec![row])
    });
    Ok(Json(wrapped.await?))
}

/// How far the report of a year has come.
#[derive(Debug, Serialize)]
pub struct YearState {
    /// `available`, `generating`, `eligible` or `ineligible`.
    state: &'static str,
}

/// `GET /api/v1/annual_reports/:year/state`: `available`, `generating`, `eligible` or `ineligible`.
pub async fn state(api: Api, user: User<need::ReadAccounts>, path: Path<String>) -> Result<Json<YearState>> {
    let standing = match year(&path) {
        Ok(year) => api.db.read(move |c| annual_reports::standing(c, user.actor, year)).await?,
        Err(_) => Standing::Ineligible,
    };
    Ok(Json(YearState { state: standing.word() }))
}

/// `POST /api/v1/annual_reports/:year/read`.
pub async fn read(api: Api, user: User<need::WriteAccounts>, path: Path<String>) -> Result<Json<Empty>> {
    let year = year(&path)?;
    api.db.write(move |c| annual_reports::mark_read(c, user.actor, year)).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/annual_reports/:year/generate`: 202 while it is being made, 200 when it is there or cannot be made.
pub async fn generate(api: Api, user: User<need::WriteAccounts>, path: Path<String>) -> Result<CustomizeResponder<Json<Empty>>> {
    let standing = match year(&path) {
        Ok(year) => api.db.write(move |c| annual_reports::request(c, user.actor, year)).await?,
        Err(_) => Standing::Ineligible,
    };
    let status = if standing == Standing::Generating { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(Json(Empty {}).customize().with_status(status))
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use majlis_local::Timestamp;
    use majlis_local::annual_reports;
    use majlis_local::ids::PostId;
    use majlis_local::jobs::{self, Job};
    use majlis_local::scopes::Scope;
    use majlis_local::testing::people;
    use serde_json::json;

    use crate::testing::TestApp;

    const PATH: &str = "/api/v1/annual_reports";
    /// In the middle of 2024.
    const THEN: i64 = 1_718_000_000_000;

    #[actix_web::test]
    async fn a_report_is_asked_for_made_and_read() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let a = ali.id();
        app.write(move |c| {
            use majlis_local::schema::posts;
            for n in 0..12 {
                let post = people::say(c, a, &format!("{n}"));
                let id = PostId::first_at(Timestamp(THEN + n));
                // On PostgreSQL what is indexed holds its post's id fast.
                diesel::sql_query("DELETE FROM search_posts").execute(c)?;
                diesel::update(posts::table.find(post.id)).set((posts::id.eq(id), posts::boosts_count.eq(n))).execute(c)?;
            }
            diesel::delete(majlis_local::schema::jobs::table).execute(c)?;
            Ok(())
        })
        .await;
        let state = async |year: &str| ali.get(&format!("{PATH}/{year}/state")).await.ok()["state"].clone();
        assert_eq!((state("2024").await, state("2023").await), (json!("eligible"), json!("ineligible")));
        assert_eq!((state("9999").await, state("soon").await), (json!("ineligible"), json!("ineligible")));
        assert_eq!(ali.get(&format!("{PATH}/2024")).await.status, 404);
        assert_eq!(ali.post(&format!("{PATH}/2023/generate")).await.status, 200);
        for _ in 0..2 {
            let answer = ali.post(&format!("{PATH}/2024/generate")).await;
            assert_eq!((answer.status.as_u16(), answer.json), (202, json!({})));
        }
        assert_eq!(app.read(jobs::all).await, [Job::AnnualReport { actor: a, year: 2024 }], "once");
        assert_eq!(state("2024").await, "generating");
        assert_eq!(ali.get(PATH).await.ok(), json!({ "annual_reports": [], "accounts": [], "statuses": [] }));
        app.write(move |c| {
            let data = annual_reports::compute(c, a, 2024)?;
            annual_reports::store(c, a, 2024, data)
        })
        .await;
        assert_eq!(state("2024").await, "available");
        assert_eq!(ali.post(&format!("{PATH}/2024/generate")).await.status, 200);
        let shown = ali.get(&format!("{PATH}/2024")).await.ok();
        insta::assert_json_snapshot!(shown["annual_reports"], {
            "[].account_id" => "[id]", "[].data.top_statuses.by_reblogs" => "[id]",
        });
        assert_eq!(shown["statuses"][0]["id"], shown["annual_reports"][0]["data"]["top_statuses"]["by_reblogs"]);
        assert_eq!(shown["accounts"][0]["id"], a.to_string());
        assert_eq!(ali.get(PATH).await.ok(), shown);
        assert_eq!(ali.post(&format!("{PATH}/2024/read")).await.ok(), json!({}));
        assert_eq!(ali.post(&format!("{PATH}/2023/read")).await.status, 404);
        let bea = app.user("bea").await;
        assert_eq!(bea.get(&format!("{PATH}/2024")).await.status, 404, "nobody else's");
    }

    #[actix_web::test]
    async fn a_report_is_its_owners_alone() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let other = app.log_in(ali.id(), [Scope::ReadStatuses, Scope::WriteStatuses].into_iter().collect()).await;
        for path in [PATH.to_owned(), format!("{PATH}/2024"), format!("{PATH}/2024/state")] {
            assert_eq!(app.anonymous().get(&path).await.status, 401, "{path}");
            assert_eq!(other.get(&path).await.status, 403, "{path}");
        }
        for path in [format!("{PATH}/2024/read"), format!("{PATH}/2024/generate")] {
            assert_eq!(app.anonymous().post(&path).await.status, 401, "{path}");
            assert_eq!(other.post(&path).await.status, 403, "{path}");
        }
    }
}
