//! Cards: the page that a post links to is read by the guarded client, within a budget, and what it says of itself is stored.
//! A page that cannot be read is not asked again soon; nobody waits for any of this.

pub(crate) mod decode;
mod details;
mod oembed;

use std::time::Duration;

use bytes::Bytes;
use majlis_local::actors::{self, Actor};
use majlis_local::cards::{self, NewCard, Wanted};
use majlis_local::ids::PostId;
use majlis_local::instances::Policy;
use majlis_local::text::Handle;
use majlis_local::text::page::Page;
use majlis_local::{Error, instances};
use majlis_media::Media;
use url::Url;

use crate::client::{Budget, ClientError, PrivatePeers};
use crate::state::Federation;
use details::Details;

/// Bytes of a page that are read: what it says of itself stands at its beginning.
pub(crate) const PAGE_BYTES: usize = 1 << 20;
/// Bytes of an oEmbed answer.
const OEMBED_BYTES: usize = 256 * 1024;
/// Bytes of a picture.
const IMAGE_BYTES: usize = 8 << 20;
/// Requests for one card: the page, its oEmbed, its picture, with redirects.
const REQUESTS: u32 = 12;
/// The time for all of them.
const TIME: Duration = Duration::from_secs(30);

pub(crate) const ACCEPT_PAGE: &str = "text/html, application/xhtml+xml";
const ACCEPT_OEMBED: &str = "application/json+oembed, application/json";
const ACCEPT_IMAGE: &str = "image/webp, image/png, image/jpeg, image/gif";

/// Does the job of a post's card.
///
/// # Errors
/// A text for the log, when it is to be tried again: another job is reading the same page, or the database failed.
pub async fn fetch_card(federation: &Federation, media: &Media, post: PostId) -> Result<(), String> {
    let site = federation.site().clone();
    let wanted = {
        let site = site.clone();
        federation.db.read(move |c| cards::wanted(c, &site, post)).await.map_err(|error| error.to_string())?
    };
    match wanted {
        Wanted::Nothing => Ok(()),
        Wanted::Known { url, card } => {
            let attached = federation.db.write(move |c| cards::attach(c, &site, post, card, &url)).await;
            attached.map(drop).map_err(|error| error.to_string())
        }
        Wanted::Page { url } => {
            if !federation.previewing.entry(url.clone()).or_insert(()).is_fresh() {
                return Err("the page is being read for another post".to_owned());
            }
            let outcome = fetch_page(federation, media, post, &url).await;
            federation.previewing.invalidate(&url);
            outcome.map_err(|error| error.to_string())
        }
    }
}

/// Reads the page and stores what it says, or that it says nothing.
async fn fetch_page(federation: &Federation, media: &Media, post: PostId, url: &str) -> Result<(), Error> {
    let read = read_page(federation, media, url).await;
    let (new, image) = match read {
        Ok((new, image)) => (new, image),
        Err(error) => {
            tracing::debug!(url, %error, "no card");
            (NewCard::nothing(url), None)
        }
    };
    let (site, url) = (federation.site().clone(), url.to_owned());
    let stored = federation
        .db
        .write(move |c| {
            let card = cards::store(c, new)?;
            if card.says_something() {
                cards::attach(c, &site, post, card.id, &url)?;
            }
            Ok(())
        })
        .await;
    if let (Err(_), Some(key)) = (&stored, image)
        && let Err(error) = media.remove([&key]).await
    {
        tracing::warn!(%error, "the picture of a card that was not stored stays");
    }
    stored
}

/// What a page says, with the name of the picture that was stored for it.
async fn read_page(
    federation: &Federation,
    media: &Media,
    url: &str,
) -> Result<(NewCard, Option<majlis_media::Key>), ClientError> {
    let budget = Budget::new(REQUESTS, TIME);
    let asked = secure(Url::parse(url).map_err(|_| ClientError::Refused("no address"))?, federation);
    let policy = policy(federation, &asked).await;
    if policy == Policy::Suspend {
        return Err(ClientError::Refused("the server is blocked here"));
    }
    let fetched = federation.client.get_beginning(&asked, ACCEPT_PAGE, is_page, PAGE_BYTES, &budget).await?;
    let html = decode::text(&fetched.body, fetched.content_type.as_deref());
    let page = Page::read(&html);
    let mut details = Details::read(&page, &fetched.url);
    if let Some(endpoint) = details.oembed.clone().map(|endpoint| secure(endpoint, federation))
        && let Ok(answer) = federation.client.get_beginning(&endpoint, ACCEPT_OEMBED, is_json, OEMBED_BYTES, &budget).await
    {
        oembed::apply(&mut details, &answer.body, &fetched.url);
    }
    // A frame that shows this server itself would run with its rights.
    if details.player.as_ref().is_some_and(|player| player.origin() == federation.origin.origin()) {
        details.player = None;
    }
    let mut new = details.card(url);
    match creator(federation, &details, &fetched.url).await {
        Some((author, true)) => new.author = Some(author.id),
        // Only whoever is here can be asked to name the domain.
        Some((author, false)) if author.is_local() => new.claimed_author = Some(author.id),
        _ => {}
    }
    let mut stored = None;
    if !new.title.is_empty()
        && policy == Policy::None
        && let Some(image) = details.image.clone().map(|image| secure(image, federation))
        && let Some(bytes) = image_bytes(federation, &image, &budget).await
    {
        match media.card(bytes).await {
            Ok((variant, blurhash)) => {
                let size = |pixels: u32| i32::try_from(pixels).unwrap_or(0);
                if details.player.is_none() {
                    (new.width, new.height) = (size(variant.width), size(variant.height));
                }
                new.image = Some(variant.key.to_string());
                new.blurhash = Some(blurhash);
                stored = Some(variant.key);
            }
            Err(error) => tracing::debug!(%image, %error, "a card's picture was not taken"),
        }
    }
    Ok((new, stored))
}

/// The account that the page names as its author (Mastodon's `fediverse:creator`), and whether that account names the page's
/// domain.
async fn creator(federation: &Federation, details: &Details, url: &Url) -> Option<(Actor, bool)> {
    let handle = Handle::parse(details.creator.as_deref()?)?;
    let domain = instances::host_of(url.as_str())?;
    let author = federation.resolve_handle(&handle).await.ok()?;
    let id = author.id;
    let may = federation.db.read(move |c| actors::may_be_named_by(c, id, &domain)).await.ok()?;
    Some((author, may))
}

async fn image_bytes(federation: &Federation, image: &Url, budget: &Budget) -> Option<Bytes> {
    match federation.client.get_bytes(image, ACCEPT_IMAGE, IMAGE_BYTES, budget).await {
        Ok(download) => Some(download.body),
        Err(error) => {
            tracing::debug!(%image, %error, "a card's picture could not be had");
            None
        }
    }
}

/// What the admin has said of the host.
async fn policy(federation: &Federation, url: &Url) -> Policy {
    let Some(host) = instances::host_of(url.as_str()) else { return Policy::None };
    // When the database cannot say, nothing is fetched.
    federation.db.policy(&host).await.unwrap_or(Policy::Suspend)
}

/// Pages and pictures are asked by https, also where a link says http.
pub(crate) fn secure(mut url: Url, federation: &Federation) -> Url {
    if federation.client.private_peers() == PrivatePeers::Off && url.scheme() == "http" && url.port().is_none() {
        // Both are schemes of the web: this cannot fail.
        let _ = url.set_scheme("https");
    }
    url
}

pub(crate) fn is_page(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "text/html" | "application/xhtml+xml")
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/json" | "application/json+oembed" | "text/json" | "text/javascript")
}

#[cfg(test)]
mod tests;
