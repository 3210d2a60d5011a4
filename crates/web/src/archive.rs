//! A person's archive: asked for on the page of exports, and fetched there by nobody else.

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use majlis_local::ids::ArchiveId;
use majlis_local::{Error as LocalError, archives};
use majlis_media::{Error as MediaError, Key as FileKey, Store};

use crate::data;
use crate::error::{Error, Key, Result};
use crate::frame::Visit;
use crate::log_in;

/// The form's token.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    token: String,
}

/// `POST /settings/archives`: one is made, and a letter says when it is ready.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn ask(req: HttpRequest, visit: Visit, form: Option<web::Form<Asked>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let actor = person.actor.id;
    match visit.web.db.write(move |c| archives::ask(c, actor)).await {
        Ok(_) => Ok(visit.go(&format!("{}?done=archive", data::PATH))),
        Err(LocalError::Invalid(_)) => data::page(&visit, person, Some(Key("archive-too-soon")), None).await,
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/archives/{id}`: the file, for its owner, while it is kept.
///
/// # Errors
/// [`Error::NotFound`] for everybody else, too early and too late; the database's and the store's.
pub async fn fetch(visit: Visit, id: web::Path<String>, store: web::Data<Store>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(data::PATH, false))) };
    let id: ArchiveId = id.parse().map_err(|_| Error::NotFound)?;
    let actor = person.actor.id;
    let archive = visit.web.db.read(move |c| archives::own(c, actor, id)).await?;
    let (Some(file), Some(finished)) = (archive.file, archive.finished_at) else { return Err(Error::NotFound) };
    let key = FileKey::parse(&file).map_err(Error::internal)?;
    let object = match store.get(&key).await {
        Ok(object) => object,
        Err(MediaError::NotFound(_)) => return Err(Error::NotFound),
        Err(error) => return Err(Error::internal(error)),
    };
    let name = format!("archive-{}-{}.zip", person.actor.username, finished.to_utc().format("%Y%m%d"));
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(object.mime)
        .body(SizedStream::new(object.length, object.body)))
}

#[cfg(test)]
mod tests {
    use majlis_local::jobs::{self, Job};
    use majlis_local::testing::people;
    use majlis_media::{Folder, Kind};

    use super::*;
    use crate::testing::Pages;

    #[actix_web::test]
    async fn an_archive_is_asked_for_and_fetched_by_its_owner_alone() {
        let pages = Pages::new();
        pages.user("ali").await;
        pages.user("bea").await;
        let mut ali = pages.logged_in("ali").await;
        let page = ali.get(data::PATH).await.ok();
        assert!(page.contains("Request your archive"), "{page}");
        assert_eq!(ali.clone().without_token().post("/settings/archives", &[]).await.status, 403);
        assert_eq!(pages.browser().post("/settings/archives", &[]).await.status, 403);
        assert_eq!(ali.post("/settings/archives", &[]).await.goes_to(), "/settings/data?done=archive");
        let Some(Job::MakeArchive { archive: id }) = pages.write(jobs::all).await.pop() else { panic!("no job") };
        let page = ali.get("/settings/data?done=archive").await.ok();
        assert!(page.contains("Your archive is being made.") && !page.contains("Request your archive"), "{page}");
        let again = ali.post("/settings/archives", &[]).await;
        assert!(again.status == 422 && again.text.contains("within the last days"), "{}", again.text);
        assert_eq!(pages.write(jobs::all).await.len(), 1, "nothing more is made");
        let path = format!("/settings/archives/{id}");
        assert_eq!(ali.get(&path).await.status, 404, "not ready");

        let key = FileKey::random(Folder::Archives, Kind::Zip);
        pages.store.put(&key, "all of it".into()).await.unwrap();
        let name = key.to_string();
        assert!(pages.write(move |c| archives::finish(c, id, &name, 9)).await);
        let page = ali.get(data::PATH).await.ok();
        assert!(page.contains(&path) && page.contains("You can request another from"), "{page}");
        let answer = ali.get(&path).await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/zip", "private, no-store"));
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"archive-ali-"));
        assert_eq!(answer.ok(), "all of it");

        let mut bea = pages.logged_in("bea").await;
        assert_eq!(bea.get(&path).await.status, 404, "somebody else's");
        assert!(!bea.get(data::PATH).await.ok().contains(&path));
        assert_eq!(pages.browser().get(&path).await.goes_to(), "/auth/sign_in?return_to=%2Fsettings%2Fdata");
        for none in ["/settings/archives/1", "/settings/archives/x"] {
            assert_eq!(ali.get(none).await.status, 404);
        }
        pages
            .write(|c| {
                people::age_archives(c, archives::KEPT + 1);
                Ok(())
            })
            .await;
        assert_eq!(ali.get(&path).await.status, 404, "too old");
        assert!(ali.get(data::PATH).await.ok().contains("Request your archive"));
    }
}
