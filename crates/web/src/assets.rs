//! Style sheet, scripts and pictures of the pages, inside the binary. Their addresses carry a hash of their content, so
//! that they may be kept for ever.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use majlis_local::secrets;
use rust_embed::RustEmbed;

use crate::state::Web;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const FOR_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Files under a name of their own that does not change, because others know it: path and file.
const FIXED: &[(&str, &str)] = &[
    ("/favicon.ico", "icon-32.png"),
    ("/favicon.svg", "mark.svg"),
    // Other sites name it beside a frame with a post.
    ("/embed.js", "embed.js"),
    ("/apple-touch-icon.png", "icon-180.png"),
    // Apps know the picture of those without one by these names (Mastodon's Account entity).
    ("/avatars/original/missing.png", "avatar.png"),
    ("/headers/original/missing.png", "header.png"),
];

/// The files, by their own name and by their address.
#[derive(Debug)]
pub struct Assets {
    files: Vec<Asset>,
    by_name: HashMap<String, usize>,
    by_address: HashMap<String, usize>,
}

#[derive(Debug)]
struct Asset {
    address: String,
    body: Bytes,
    etag: HeaderValue,
    media_type: HeaderValue,
}

impl Assets {
    /// Reads what was embedded.
    pub fn new() -> Self {
        let mut assets = Self { files: Vec::new(), by_name: HashMap::new(), by_address: HashMap::new() };
        // The style sheet comes last: it names pictures, whose addresses have to be known.
        let mut names: Vec<_> = Files::iter().collect();
        names.sort_by_key(|name| name.ends_with(".css"));
        for name in names {
            let Some(file) = Files::get(&name) else { continue };
            let mut hash = file.metadata.sha256_hash()[..6].iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            });
            let mut data = file.data;
            if name.ends_with(".css") {
                let text = assets.with_addresses(&String::from_utf8_lossy(&data));
                secrets::hash(&text)[..12].clone_into(&mut hash);
                data = Cow::Owned(text.into_bytes());
            }
            let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
            let address = format!("{stem}-{hash}.{extension}");
            let body = match data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let etag = HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""));
            assets.by_name.insert(name.to_string(), assets.files.len());
            assets.by_address.insert(address.clone(), assets.files.len());
            assets.files.push(Asset {
                address: format!("/assets/{address}"),
                body,
                etag,
                media_type: HeaderValue::from_static(media_type(extension)),
            });
        }
        assets
    }

    /// A style sheet with the addresses of the pictures that it names.
    fn with_addresses(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, at) in &self.by_name {
            if let Some(asset) = self.files.get(*at) {
                text = text.replace(&format!("url({name})"), &format!("url({})", asset.address));
            }
        }
        text
    }

    /// Where a file is served: `/assets/majlis-0123456789ab.css` for `majlis.css`.
    pub fn address(&self, name: &str) -> &str {
        self.by_name.get(name).and_then(|n| self.files.get(*n)).map_or("", |asset| &asset.address)
    }
}

impl Default for Assets {
    fn default() -> Self {
        Self::new()
    }
}

fn media_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

/// Adds the routes of the files.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/manifest.json", web::get().to(manifest));
    cfg.route("/manifest", web::get().to(manifest));
    cfg.route("/robots.txt", web::get().to(robots));
    cfg.route("/assets/{name}", web::get().to(hashed));
    for (path, name) in FIXED {
        let answer = move |req: HttpRequest, web: Web| async move { fixed(&req, &web, name) };
        cfg.route(path, web::get().to(answer));
    }
}

/// What a browser needs to put the server among its apps (Web Application Manifest).
async fn manifest(web: Web) -> crate::error::Result<HttpResponse> {
    let about = web.about().await?;
    let icon = |name: &str, sizes: &str, purpose: &str| {
        let media_type = if sizes == "any" { "image/svg+xml" } else { "image/png" };
        serde_json::json!({ "src": web.assets.address(name), "sizes": sizes, "type": media_type, "purpose": purpose })
    };
    let manifest = serde_json::json!({
        "name": about.title,
        "short_name": about.title,
        "description": about.short_description,
        "start_url": "/",
        "scope": "/",
        "display": "browser",
        "background_color": "#faf8f4",
        "theme_color": "#0e6656",
        "share_target": {
            "action": "/share",
            "method": "GET",
            "params": { "title": "title", "text": "text", "url": "url" },
        },
        "protocol_handlers": [{ "protocol": "web+mastodon", "url": "/intent?uri=%s" }],
        "icons": [
            icon("mark.svg", "any", "any"),
            icon("icon-192.png", "192x192", "any"),
            icon("icon-512.png", "512x512", "maskable"),
        ],
    });
    let body = manifest.to_string();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .content_type("application/manifest+json")
        .body(body))
}

/// Search engines may read what is meant for everybody; each page says itself whether it wants to be found.
async fn robots() -> HttpResponse {
    const RULES: &str =
        "User-agent: *\nDisallow: /api/\nDisallow: /auth/\nDisallow: /oauth/\nDisallow: /settings\nDisallow: /invite/\n";
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, FOR_A_DAY)).content_type("text/plain; charset=utf-8").body(RULES)
}

async fn hashed(req: HttpRequest, web: Web, name: web::Path<String>) -> HttpResponse {
    match web.assets.by_address.get(name.as_str()).and_then(|n| web.assets.files.get(*n)) {
        Some(asset) => answer(&req, asset, FOR_EVER),
        None => HttpResponse::NotFound().finish(),
    }
}

fn fixed(req: &HttpRequest, web: &Web, name: &str) -> HttpResponse {
    match web.assets.by_name.get(name).and_then(|n| web.assets.files.get(*n)) {
        Some(asset) => answer(req, asset, FOR_A_DAY),
        None => HttpResponse::NotFound().finish(),
    }
}

fn answer(req: &HttpRequest, asset: &Asset, keep: HeaderValue) -> HttpResponse {
    let known = req.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let is_known = known.is_some_and(|tags| tags.contains(asset.etag.to_str().unwrap_or("\"\"")));
    let mut response = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    response
        .insert_header((header::CACHE_CONTROL, keep))
        .insert_header((header::ETAG, asset.etag.clone()))
        .insert_header((header::CONTENT_TYPE, asset.media_type.clone()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // An SVG that is opened by itself is a document: it may do nothing.
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"));
    if is_known { response.finish() } else { response.body(asset.body.clone()) }
}
