//! Pictures of other servers, shown from here: `/media_proxy/…`. What is not here yet is fetched when somebody who is logged in looks
//! (an address made for such a person proves it), drawn anew like an upload, and kept within a budget; everybody else is sent
//! to where it is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use majlis_local::ids::AttachmentId;
use majlis_local::picture_proxy::Grant;
use majlis_local::remote_files::{self, RemoteFile, Room};
use majlis_local::{attachments, secrets};
use majlis_media::{Copied, Folder, Key, Object};
use moka::future::Cache;
use serde::Deserialize;
use tokio::sync::{Mutex, Semaphore};

use crate::error::{Error, Result};
use crate::params::Params;
use crate::state::Api;

/// Pictures that are fetched at the same time.
const FETCHES: usize = 8;
/// Addresses that can be told apart while they are fetched.
const LANES: usize = 256;
/// How long nobody asks again for what could not be fetched.
const FAILED_FOR: Duration = Duration::from_secs(600);
/// Failures that are remembered.
const FAILURES: u64 = 10_000;
/// How often room is asked for before a picture stays where it is.
const TRIES: usize = 20;
/// The pause while others hold what could be given up.
const PAUSE: Duration = Duration::from_millis(25);
/// How long apps may keep a picture without asking. Its address is told anew every week.
const FRESH: &str = "public, max-age=604800, immutable";

/// The copies of other servers' pictures. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Copies {
    /// The most bytes that they take; 0 is off.
    pub budget: i64,
    fetches: Arc<Semaphore>,
    /// What is being fetched, so that nobody fetches it twice, and what could not be (`None`).
    asked: Cache<String, Option<Key>>,
    /// One address is always in the same lane, so that a server is never asked twice at once for the same.
    lanes: Arc<[Mutex<()>]>,
}

impl Copies {
    /// Copies within this budget.
    pub fn new(budget: u64) -> Self {
        Self {
            budget: i64::try_from(budget).unwrap_or(i64::MAX),
            fetches: Arc::new(Semaphore::new(FETCHES)),
            asked: Cache::builder().max_capacity(FAILURES).time_to_live(FAILED_FOR).build(),
            lanes: (0..LANES).map(|_| Mutex::new(())).collect(),
        }
    }

    fn lane(&self, url: &str) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        url.hash(&mut hasher);
        &self.lanes[hasher.finish() as usize % LANES]
    }
}

/// What proves that a picture may be fetched.
#[derive(Debug, Deserialize)]
pub struct Proof {
    by: Option<String>,
}

/// `GET /media_proxy/{proof}/{address}`: any picture, by an address that this server made.
pub async fn picture(api: Api, req: HttpRequest, path: Path<(String, String)>) -> Result<HttpResponse> {
    let (proof, encoded) = path.into_inner();
    // An attachment's id and size look the same to the router.
    if let Ok(id) = proof.parse::<AttachmentId>() {
        let proof = actix_web::web::Query::<Proof>::from_query(req.query_string()).map(|query| query.into_inner().by);
        return attachment(&api, &req, id, &encoded, proof.unwrap_or_default()).await;
    }
    let found = api.pictures().and_then(|proxy| proxy.read(&proof, &encoded));
    let (url, grant) = found.ok_or(Error::NotFound)?;
    answer(&api, &req, &url, Size::Original, grant).await
}

/// `GET /media_proxy/{id}`: an attachment of another server.
pub async fn original(api: Api, req: HttpRequest, id: Path<AttachmentId>, params: Params<Proof>) -> Result<HttpResponse> {
    attachment(&api, &req, id.into_inner(), "original", params.0.by).await
}

/// An attachment by its id: with a proof, or because everybody may see its post.
async fn attachment(api: &Api, req: &HttpRequest, id: AttachmentId, size: &str, proof: Option<String>) -> Result<HttpResponse> {
    let size = match size {
        "original" => Size::Original,
        "small" => Size::Small,
        _ => return Err(Error::NotFound),
    };
    let grant = proof.and_then(|proof| api.pictures()?.check(&proof, &id.to_string()));
    let url = api.db.read(move |c| attachments::remote_address(c, id, grant.is_some())).await?;
    answer(api, req, &url, size, grant.unwrap_or(Grant::Look)).await
}

/// Which form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Original,
    Small,
}

async fn answer(api: &Api, req: &HttpRequest, url: &str, size: Size, grant: Grant) -> Result<HttpResponse> {
    let name = secrets::hash(&format!("{size:?} {url}"));
    if let Some(copy) = copy(api, &name).await?
        && let Some(object) = open(api, &copy).await
    {
        return Ok(show(req, &name, object));
    }
    if grant == Grant::Fetch && api.copies.budget > 0 {
        let fetching = fetch(api, &name, url, size);
        if let Some(key) = api.copies.asked.get_with(name.clone(), fetching).await {
            // Only failures are remembered: what was fetched may be given up at any time.
            api.copies.asked.invalidate(&name).await;
            if let Ok(object) = api.media.store().get(&key).await {
                return Ok(show(req, &name, object));
            }
        }
    }
    // Where it is. Whoever follows is told nothing of where it was shown.
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, url))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .finish())
}

async fn copy(api: &Api, name: &str) -> Result<Option<RemoteFile>> {
    let name = name.to_owned();
    let found = api.db.read(move |c| remote_files::find(c, &name)).await?;
    if let Some(copy) = &found
        && remote_files::is_due(copy)
    {
        let file = copy.file.clone();
        api.db.write(move |c| remote_files::touch(c, &file)).await?;
    }
    Ok(found)
}

/// The file of a copy. One that has none is given up.
async fn open(api: &Api, copy: &RemoteFile) -> Option<Object> {
    let key = Key::parse(&copy.file).ok()?;
    match api.media.store().get(&key).await {
        Ok(object) => Some(object),
        Err(majlis_media::Error::NotFound(_)) => {
            let file = copy.file.clone();
            let given_up = api.db.write(move |c| {
                remote_files::spoil(c, &file)?;
                remote_files::freed(c, &[file])
            });
            if let Err(error) = given_up.await {
                tracing::warn!(%error, "a copy without a file could not be given up");
            }
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a copy cannot be read");
            None
        }
    }
}

/// Fetches a picture, draws it and stores it; `None` when that is not to be.
async fn fetch(api: &Api, name: &str, url: &str, size: Size) -> Option<Key> {
    // Both sizes of a picture are fetched one after the other.
    let _lane = api.copies.lane(url).lock().await;
    let _place = api.copies.fetches.acquire().await.ok()?;
    // Somebody may have been quicker.
    if let Some(known) = known(api, name).await {
        return Some(known);
    }
    let limit = usize::try_from(api.media.limits().bytes).unwrap_or(usize::MAX);
    let file = match api.federation.picture(url, limit).await {
        Ok(file) => file,
        Err(error) => {
            tracing::debug!(url, %error, "a picture could not be fetched");
            return None;
        }
    };
    let drawn = match size {
        Size::Original => api.media.copy(file).await,
        Size::Small => api.media.small_copy(file).await,
    };
    match drawn {
        Ok(drawn) => keep(api, name, drawn).await.inspect_err(|error| tracing::warn!(%error, "a copy could not be kept")).ok()?,
        Err(error) => {
            tracing::debug!(url, %error, "what another server calls a picture cannot be shown");
            None
        }
    }
}

/// Stores a copy once there is room for it; `None` when there is not.
async fn keep(api: &Api, name: &str, copy: Copied) -> Result<Option<Key>> {
    let key = Key::random(Folder::Remote, copy.kind);
    let bytes = i64::try_from(copy.bytes.len()).unwrap_or(i64::MAX);
    for _ in 0..TRIES {
        let (named, file, budget) = (name.to_owned(), key.to_string(), api.copies.budget);
        match api.db.write(move |c| remote_files::reserve(c, &named, &file, bytes, budget)).await? {
            Room::Taken => return store(api, key, copy).await.map(Some),
            Room::GiveUp(files) => forget(api, files).await?,
            Room::Full if bytes > budget => return Ok(None),
            Room::Known | Room::Full => {
                if let Some(known) = known(api, name).await {
                    return Ok(Some(known));
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(None)
}

/// The key of a copy that is ready.
async fn known(api: &Api, name: &str) -> Option<Key> {
    let copy = copy(api, name).await.ok()??;
    Key::parse(&copy.file).ok()
}

async fn store(api: &Api, key: Key, copy: Copied) -> Result<Key> {
    let file = key.to_string();
    // This goes on when whoever asked goes away: a place that is taken must be filled or freed.
    let api = api.clone();
    let stored = tokio::spawn(async move {
        match api.media.store().put(&key, copy.bytes).await {
            Ok(()) => {
                api.db.write(move |c| remote_files::stored(c, &file)).await?;
                Ok(key)
            }
            Err(error) => {
                forget(&api, vec![file]).await?;
                Err(Error::internal(error))
            }
        }
    });
    stored.await.map_err(Error::internal)?
}

/// Deletes files that were given up, and then their places. What cannot be deleted keeps its place until the next start.
pub(crate) async fn forget(api: &Api, files: Vec<String>) -> Result<()> {
    let api = api.clone();
    let forgotten = tokio::spawn(async move {
        let keys: Vec<Key> = files.iter().filter_map(|file| Key::parse(file).ok()).collect();
        api.media.remove(&keys).await.map_err(Error::internal)?;
        api.db.write(move |c| remote_files::freed(c, &files)).await.map_err(Error::from)
    });
    forgotten.await.map_err(Error::internal)?
}

/// What has to be done at the start, before anybody asks: what a killed process left half done goes, and so does what the budget
/// has no room for any more.
///
/// # Errors
/// Those of the database and of the store.
pub async fn tidy(api: &Api) -> Result<()> {
    let unfinished = api.db.write(remote_files::unfinished).await?;
    forget(api, unfinished).await?;
    loop {
        let budget = api.copies.budget;
        let given_up = api.db.write(move |c| remote_files::shrink(c, budget)).await?;
        if given_up.is_empty() {
            return Ok(());
        }
        forget(api, given_up).await?;
    }
}

fn show(req: &HttpRequest, name: &str, object: Object) -> HttpResponse {
    let tag = EntityTag::new_strong(name.to_owned());
    let known = match IfNoneMatch::parse(req) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        _ => false,
    };
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(ETag(tag))
        .insert_header((header::CACHE_CONTROL, FRESH))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"));
    match known {
        true => response.finish(),
        false => response.content_type(object.mime).body(SizedStream::new(object.length, object.body)),
    }
}

#[cfg(test)]
mod tests;
