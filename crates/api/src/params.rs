//! One reader for whatever clients send: JSON, forms, multipart and query strings become the same typed parameters.
//! [`Params`] is the extractor; `tree` gathers what was sent, `reader` reads a type from it.

mod reader;
mod tree;

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use majlis_media::Films;
use serde::de::DeserializeOwned;
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt as _;

use crate::error::{Error, Result};
use crate::state::Api;

pub use reader::{Clearable, Spooled, Upload};
pub(crate) use tree::Tree;

/// The most bytes of a body that is not multipart.
const TEXT_LIMIT: usize = 1 << 20;
/// The most bytes of a multipart body besides its files.
const PARTS_LIMIT: usize = 1 << 20;
/// Files of one request at the most: an avatar and a header, a file and its thumbnail.
const FILES_LIMIT: usize = 4;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a body with a film may take.
const PATIENCE_FOR_FILMS: Duration = Duration::from_secs(1_800);

/// The parameters of a request, from its query string and its body, whatever the body's kind; the body wins.
///
/// - Arrays come as `x[]=1&x[]=2`, `x[0]=1`, `x=1&x=2`, a single `x=1` or a JSON array; nested ones as
///   `fields_attributes[0][name]`, `keywords_attributes[][keyword]`, `source[privacy]`.
/// - Booleans are `true`, `1`, `on`, `yes`, `t` in any case, also as texts in JSON, and their opposites; numbers may be texts.
/// - JSON's `null` counts as absent, and so does an empty text where something else than a text is wanted:
///   `Option<String>` keeps `""`, `Option<PostId>` does not. [`Clearable`] fields hear of `null`.
/// - Files of a multipart body are read into [`Upload`] fields.
/// - `#[serde(flatten)]` loses the leniency for all but texts and ids, since serde buffers what it flattens; flatten only
///   [`PageParams`](crate::pagination::PageParams), which sees to itself.
///
/// A wrong value answers 422 naming the field and what would be right; a missing one `can't be blank`.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Params<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let query = tree::from_pairs(req.query_string().as_bytes())?;
            let patience = if takes_films(&req) { PATIENCE_FOR_FILMS } else { PATIENCE };
            let body = tokio::time::timeout(patience, read_body(&req, payload)).await.map_err(|_| Error::Slow)??;
            reader::read(&query.overlaid_by(body)).map(Self)
        })
    }
}

/// Reads a type from a query string alone, by the same rules: for requests that have no body to read, as a WebSocket's.
///
/// # Errors
/// 422, naming the field.
pub fn from_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    reader::read(&tree::from_pairs(query.as_bytes())?)
}

/// What kind of body came, by its media type.
enum Kind {
    Json,
    Form,
    Multipart,
    /// No type or an unhelpful one: the first byte tells.
    Unsaid,
}

fn kind_of(req: &HttpRequest) -> Kind {
    let Some(value) = req.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) else {
        return Kind::Unsaid;
    };
    match value.parse::<mime::Mime>() {
        Ok(mime) if mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON) => Kind::Json,
        Ok(mime) if mime.essence_str() == "application/x-www-form-urlencoded" => Kind::Form,
        Ok(mime) if mime.essence_str() == "multipart/form-data" => Kind::Multipart,
        _ => Kind::Unsaid,
    }
}

async fn read_body(req: &HttpRequest, payload: Payload) -> Result<Tree> {
    match kind_of(req) {
        Kind::Multipart => read_multipart(req, payload).await,
        kind => {
            let bytes = read_bytes(payload).await?;
            let trimmed = bytes.trim_ascii();
            match kind {
                _ if trimmed.is_empty() => Ok(Tree::empty()),
                Kind::Json => tree::from_json(trimmed),
                Kind::Unsaid if trimmed.starts_with(b"{") => tree::from_json(trimmed),
                _ => tree::from_pairs(trimmed),
            }
        }
    }
}

async fn read_bytes(mut payload: Payload) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| Error::bad_request(format!("The body could not be read: {e}")))?;
        if bytes.len() + chunk.len() > TEXT_LIMIT {
            return Err(Error::TooLarge { limit: TEXT_LIMIT });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn read_multipart(req: &HttpRequest, payload: Payload) -> Result<Tree> {
    let api = Api::of(req)?;
    let file_limit = api.config.upload_bytes;
    let films = api.media.films().filter(|_| takes_films(req));
    let broken = |e: actix_multipart::MultipartError| Error::bad_request(format!("The multipart body could not be read: {e}"));
    let mut parts = actix_multipart::Multipart::new(req.headers(), payload);
    let mut builder = tree::Builder::default();
    let (mut texts, mut files) = (0, 0);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(broken)?;
        let name = part.name().unwrap_or_default().to_owned();
        let filename = part.content_disposition().and_then(|d| d.get_filename()).map(str::to_owned);
        let content_type = part.content_type().map(|m| m.essence_str().to_owned());
        // A part with a type of its own that is no text is a file, though some clients give it no name.
        let is_file = filename.is_some() || content_type.as_deref().is_some_and(|t| t != "text/plain" && t != "application/json");
        files += usize::from(is_file);
        if files > FILES_LIMIT {
            return Err(Error::bad_request(format!("A request may carry {FILES_LIMIT} files at the most.")));
        }
        let limit = if is_file { file_limit } else { PARTS_LIMIT - texts };
        // What is larger than a picture goes to the disk as it comes.
        let films = films.filter(|_| is_file && name == "file");
        let mut spool: Option<Spool> = None;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(broken)?;
            match (&mut spool, films) {
                (None, None) if bytes.len() + chunk.len() > limit => return Err(Error::TooLarge { limit }),
                (None, Some(films)) if bytes.len() + chunk.len() > limit => {
                    let mut fresh = Spool::new(films).await?;
                    fresh.write(&bytes).await?;
                    fresh.write(&chunk).await?;
                    bytes.clear();
                    spool = Some(fresh);
                }
                (Some(spool), _) => spool.write(&chunk).await?,
                (None, _) => bytes.extend_from_slice(&chunk),
            }
        }
        let spooled = match spool {
            Some(spool) => Some(spool.finish().await?),
            None => None,
        };
        let leaf = if is_file {
            // A form's file input that was left empty is sent as a file without name and content.
            if bytes.is_empty() && spooled.is_none() && filename.as_deref().unwrap_or_default().is_empty() {
                continue;
            }
            Tree::File(Upload { bytes: bytes.freeze(), spooled, filename, content_type })
        } else {
            texts += bytes.len() + name.len();
            if texts > PARTS_LIMIT {
                return Err(Error::TooLarge { limit: PARTS_LIMIT });
            }
            Tree::Text(String::from_utf8_lossy(&bytes).into_owned())
        };
        builder.insert(&name, leaf)?;
    }
    Ok(builder.finish())
}

/// Whether a request may bring a film: only where uploads become attachments.
fn takes_films(req: &HttpRequest) -> bool {
    matches!(req.match_pattern().as_deref(), Some("/api/v1/media" | "/api/v2/media"))
}

/// A large file on its way to the disk.
struct Spool {
    file: tokio::fs::File,
    path: TempPath,
    written: u64,
    limit: u64,
}

impl Spool {
    async fn new(films: &Films) -> Result<Self> {
        let (file, path) = NamedTempFile::new_in(films.scratch()).map_err(Error::internal)?.into_parts();
        Ok(Self { file: tokio::fs::File::from_std(file), path, written: 0, limit: films.limits().bytes })
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            return Err(Error::TooLarge { limit: usize::try_from(self.limit).unwrap_or(usize::MAX) });
        }
        self.file.write_all(bytes).await.map_err(Error::internal)
    }

    async fn finish(mut self) -> Result<Spooled> {
        self.file.flush().await.map_err(Error::internal)?;
        Ok(Spooled::new(self.path))
    }
}

#[cfg(test)]
mod tests;
