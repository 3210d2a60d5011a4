//! Discovery: webfinger (RFC 7033), host-meta (RFC 6415), and nodeinfo 2.0 and 2.1.

use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Path, Query};
use majlis_local::actors::{self, Actor};
use majlis_local::text::Handle;
use majlis_local::{Connection, Error, Flaw, Result, Site, stats};
use serde_json::{Value, json};

use super::Answer;
use crate::state::Federation;
use crate::vocab::document::CONTENT_TYPE as ACTIVITY_JSON;

/// What clients of Pleroma look for.
const FEATURES: [&str; 2] = ["pleroma_emoji_reactions", "pleroma_custom_emoji_reactions"];

/// What is asked for.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Resource {
    resource: Option<String>,
}

/// `GET /.well-known/webfinger?resource=…`: by handle (`acct:` or not, our domain or an alias of it), by the actor's id or
/// by its page.
pub(super) async fn webfinger(federation: Data<Federation>, query: Query<Resource>) -> Answer {
    let Some(resource) = query.into_inner().resource.filter(|r| !r.trim().is_empty()) else {
        return Err(Error::invalid("resource", Flaw::Blank, "must be given, as acct:name@domain").into());
    };
    let asked = federation.clone();
    let jrd = federation
        .db
        .read(move |c| {
            let actor = find(c, &asked, resource.trim())?.filter(|a| a.is_local() && a.deleted_at.is_none());
            Ok(describe(asked.site(), &actor.ok_or(Error::NotFound("account"))?))
        })
        .await?;
    Ok(open("application/jrd+json; charset=utf-8", jrd.to_string()))
}

fn find(c: &mut Connection, federation: &Federation, resource: &str) -> Result<Option<Actor>> {
    let site = federation.site();
    if site.is_own_uri(resource) {
        return actors::by_uri_or_url(c, resource);
    }
    let bare = resource.strip_prefix("acct:").unwrap_or(resource);
    let Some(handle) = Handle::parse(bare) else { return Ok(None) };
    let ours = |domain: &String| site.is_own_domain(domain) || federation.server.alias_domains.contains(domain);
    if !handle.domain.as_ref().is_none_or(ours) {
        return Ok(None);
    }
    actors::by_handle(c, &handle.name, None)
}

fn describe(site: &Site, actor: &Actor) -> Value {
    let mut links = Vec::new();
    let mut aliases = vec![actor.uri.clone()];
    if let Some(page) = &actor.url {
        aliases.insert(0, page.clone());
        links.push(json!({"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": page}));
    }
    links.push(json!({"rel": "self", "type": ACTIVITY_JSON, "href": actor.uri}));
    if let Some(avatar) = &actor.avatar {
        let kind = crate::objects::actor::media_type(avatar).unwrap_or("image/png");
        links.push(json!({"rel": "http://webfinger.net/rel/avatar", "type": kind, "href": site.picture_url(avatar)}));
    }
    // Where people of this server follow somebody whom they met elsewhere.
    links.push(json!({
        "rel": "http://ostatus.org/schema/1.0/subscribe",
        "template": format!("{}/authorize_interaction?uri={{uri}}", site.origin()),
    }));
    json!({"subject": format!("acct:{}@{}", actor.username, site.domain()), "aliases": aliases, "links": links})
}

/// `GET /.well-known/host-meta`: where webfinger is.
pub(super) async fn host_meta(federation: Data<Federation>) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  \
         <Link rel=\"lrdd\" template=\"{}/.well-known/webfinger?resource={{uri}}\"/>\n</XRD>\n",
        federation.site().origin()
    );
    open("application/xrd+xml; charset=utf-8", body)
}

/// `GET /.well-known/nodeinfo`.
pub(super) async fn nodeinfo_links(federation: Data<Federation>) -> HttpResponse {
    let link = |version: &str| {
        json!({
            "rel": format!("http://nodeinfo.diaspora.software/ns/schema/{version}"),
            "href": format!("{}/nodeinfo/{version}", federation.site().origin()),
        })
    };
    open("application/json; charset=utf-8", json!({"links": [link("2.0"), link("2.1")]}).to_string())
}

/// `GET /nodeinfo/2.0` and `/nodeinfo/2.1`. The numbers are at most a minute old.
pub(super) async fn nodeinfo(federation: Data<Federation>, version: Path<String>) -> Answer {
    let counts = match federation.counts.get(&()) {
        Some(counts) => counts,
        None => {
            let counts = federation.db.read(stats::counts).await?;
            federation.counts.insert((), counts);
            counts
        }
    };
    let server = &federation.server;
    let mut software = json!({"name": "majlis", "version": server.version});
    if *version == "2.1" {
        software["homepage"] = json!(federation.site().origin());
    }
    let body = json!({
        "version": *version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": server.open_registrations,
        "usage": {
            "users": {"total": counts.users, "activeMonth": counts.active_month, "activeHalfyear": counts.active_half_year},
            "localPosts": counts.local_posts,
        },
        "metadata": {"nodeName": server.title, "nodeDescription": server.description, "features": FEATURES},
    });
    let kind = format!("application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/{version}#\"; charset=utf-8");
    Ok(open(&kind, body.to_string()))
}

/// Readable by every page in every browser.
fn open(kind: &str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(body)
}
