//! Uploaded files on their way out: `/media/{key}`. A file never changes under its key, so it may be kept for ever;
//! whatever it holds, a browser runs nothing of it.

use actix_web::body::SizedStream;
use actix_web::http::header::{self, ContentRange, ContentRangeSpec, ETag, EntityTag, Header as _, IfNoneMatch, IfRange, Range};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use majlis_media::{Error, Key, Object, Store};

/// The address of the bucket for the world, without a slash at its end, when it may be read there.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere(pub Option<String>);

/// Adds the route. The application must hold the [`Store`] in its data, and may hold [`Elsewhere`].
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/media/{key:.*}").route(web::get().to(serve)));
}

async fn serve(req: HttpRequest, key: Path<String>, store: Data<Store>) -> HttpResponse {
    match answer(&req, &key, &store).await {
        Ok(response) => response,
        Err(Error::NotFound(_) | Error::BadKey) => HttpResponse::NotFound().finish(),
        Err(error) => {
            tracing::error!(key = key.as_str(), %error, "cannot serve a file");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn answer(req: &HttpRequest, key: &str, store: &Store) -> Result<HttpResponse, Error> {
    let key = Key::parse(key)?;
    if !key.is_public() {
        return Err(Error::NotFound(key));
    }
    if let Some(base) = elsewhere(req) {
        let mut response = HttpResponse::TemporaryRedirect();
        response.insert_header((header::LOCATION, format!("{base}/{key}")));
        return Ok(response
            .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
            .insert_header((header::VARY, "Sec-Fetch-Site"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
            .finish());
    }
    // The key's random part names the content: it is the only thing that was ever stored there.
    let tag = EntityTag::new_strong(key.as_str().replace('/', "-"));
    if is_known(req, &tag) {
        return Ok(common(&mut HttpResponse::NotModified(), &tag).finish());
    }
    let whole = store.get(&key).await?;
    match wanted_range(req, &tag, whole.length) {
        Wanted::Whole => Ok(send(&mut HttpResponse::Ok(), &tag, whole)),
        Wanted::Part(first, last) => {
            let content_range = ContentRangeSpec::Bytes { range: Some((first, last)), instance_length: Some(whole.length) };
            let part = store.part(&key, first..last + 1).await?;
            Ok(send(HttpResponse::PartialContent().insert_header(ContentRange(content_range)), &tag, part))
        }
        Wanted::Beyond => {
            let content_range = ContentRangeSpec::Bytes { range: None, instance_length: Some(whole.length) };
            Ok(HttpResponse::RangeNotSatisfiable().insert_header(ContentRange(content_range)).finish())
        }
    }
}

/// Where this client is sent to. Our own pages are not: they load nothing from elsewhere.
fn elsewhere(req: &HttpRequest) -> Option<&str> {
    let base = req.app_data::<Data<Elsewhere>>()?.0.as_deref()?;
    let is_our_page = req.headers().get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    (!is_our_page).then_some(base)
}

/// Whether the client says that it has this file already.
fn is_known(req: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(req) {
        Ok(IfNoneMatch::Any) => req.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// What a request wants of a file.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// First and last byte.
    Part(u64, u64),
    /// Bytes that are not there.
    Beyond,
}

/// One range is served; of several, as of a unit that is not bytes, the whole file is a right answer (RFC 9110 §14.2).
fn wanted_range(req: &HttpRequest, tag: &EntityTag, length: u64) -> Wanted {
    let has = |name: header::HeaderName| req.headers().contains_key(name);
    if !has(header::RANGE)
        || (has(header::IF_RANGE) && !matches!(IfRange::parse(req), Ok(IfRange::EntityTag(t)) if t.strong_eq(tag)))
    {
        return Wanted::Whole;
    }
    match Range::parse(req) {
        Ok(Range::Bytes(ranges)) if ranges.len() == 1 => match ranges[0].to_satisfiable_range(length) {
            Some((first, last)) => Wanted::Part(first, last),
            None => Wanted::Beyond,
        },
        _ => Wanted::Whole,
    }
}

fn send(response: &mut HttpResponseBuilder, tag: &EntityTag, object: Object) -> HttpResponse {
    common(response, tag).content_type(object.mime).body(SizedStream::new(object.length, object.body))
}

/// What every answer about a file says. Scripts of apps read pictures too (to draw them), hence the open door.
fn common<'a>(response: &'a mut HttpResponseBuilder, tag: &EntityTag) -> &'a mut HttpResponseBuilder {
    response
        .insert_header(ETag(tag.clone()))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};
    use majlis_media::{Folder, Kind};

    use super::*;

    const BYTES: &[u8] = b"0123456789";

    /// The answer to a request with these headers for a file of ten digits, and its body.
    async fn get(path: &str, headers: &[(&'static str, &str)]) -> (HttpResponse<()>, String) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::local(folder.path()).unwrap();
        let key = Key::random(Folder::Attachments, Kind::Png);
        store.put(&key, BYTES.into()).await.unwrap();
        let app = init_service(App::new().app_data(Data::new(store)).configure(configure)).await;
        let mut request = TestRequest::get().uri(&path.replace("KEY", key.as_str()));
        for (name, value) in headers {
            request = request.insert_header((*name, value.replace("TAG", &key.as_str().replace('/', "-"))));
        }
        let response = call_service(&app, request.to_request()).await.into_parts().1;
        let (head, body) = response.into_parts();
        let body = actix_web::body::to_bytes(body).await.unwrap_or_default();
        (head, String::from_utf8(body.to_vec()).unwrap())
    }

    fn header(response: &HttpResponse<()>, name: &str) -> String {
        response.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[actix_web::test]
    async fn a_file_is_served_for_ever_and_runs_nothing() {
        let (head, body) = get("/media/KEY", &[]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::OK, "0123456789"));
        assert_eq!(header(&head, "content-type"), "image/png");
        assert!(header(&head, "cache-control").contains("immutable"));
        assert!(header(&head, "content-security-policy").contains("sandbox"));
    }

    #[actix_web::test]
    async fn ranges_are_parts_or_refused() {
        for (range, status, part) in [
            ("bytes=2-4", 206, "234"),
            ("bytes=8-", 206, "89"),
            ("bytes=-3", 206, "789"),
            ("bytes=0-99", 206, "0123456789"),
            ("bytes=10-", 416, ""),
            ("bytes=0-1,4-5", 200, "0123456789"),
            ("lines=1-2", 200, "0123456789"),
            ("bytes=x", 200, "0123456789"),
        ] {
            let (head, body) = get("/media/KEY", &[("range", range)]).await;
            assert_eq!((head.status().as_u16(), body.as_str()), (status, part), "{range}");
        }
        let (head, _) = get("/media/KEY", &[("range", "bytes=2-4")]).await;
        assert_eq!(header(&head, "content-range"), "bytes 2-4/10");
        let (head, _) = get("/media/KEY", &[("range", "bytes=2-4"), ("if-range", "\"TAG\"")]).await;
        assert_eq!(head.status(), StatusCode::PARTIAL_CONTENT);
        let (head, _) = get("/media/KEY", &[("range", "bytes=2-4"), ("if-range", "\"other\"")]).await;
        assert_eq!(head.status(), StatusCode::OK);
    }

    #[actix_web::test]
    async fn who_has_it_is_not_sent_it() {
        let (head, body) = get("/media/KEY", &[("if-none-match", "\"x\", W/\"TAG\"")]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(get("/media/KEY", &[("if-none-match", "\"x\"")]).await.0.status(), StatusCode::OK);
    }

    #[actix_web::test]
    async fn a_bucket_that_the_world_may_read_is_where_the_world_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::local(folder.path()).unwrap();
        let key = Key::random(Folder::Attachments, Kind::Mp4);
        store.put(&key, BYTES.into()).await.unwrap();
        let elsewhere = Data::new(Elsewhere(Some("https://files.example".to_owned())));
        let app = init_service(App::new().app_data(Data::new(store)).app_data(elsewhere).configure(configure)).await;
        let get = |site: &'static str| TestRequest::get().uri(&format!("/media/{key}")).insert_header(("sec-fetch-site", site));
        let sent = call_service(&app, get("none").to_request()).await;
        assert_eq!(sent.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(sent.headers().get("location").unwrap(), &format!("https://files.example/{key}"));
        let ours = call_service(&app, get("same-origin").to_request()).await;
        assert_eq!((ours.status(), ours.headers().get("content-type").unwrap().as_bytes()), (StatusCode::OK, &b"video/mp4"[..]));
        for hidden in [Key::random(Folder::Uploads, Kind::Raw), Key::random(Folder::Archives, Kind::Zip)] {
            let hidden = TestRequest::get().uri(&format!("/media/{hidden}")).to_request();
            assert_eq!(call_service(&app, hidden).await.status(), StatusCode::NOT_FOUND);
        }
    }

    #[actix_web::test]
    async fn nothing_else_is_a_file() {
        let upload = format!("/media/{}", Key::random(Folder::Uploads, Kind::Raw));
        let hidden = upload.replace("uploads", "attachments");
        let others =
            ["/media/", "/media/../majlis.db", "/media/%2e%2e/majlis.db", "/media/KEY0", "/media/attachments/00/00/0.png"];
        for path in others.into_iter().chain([&*upload, &*hidden]) {
            assert_eq!(get(path, &[]).await.0.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
