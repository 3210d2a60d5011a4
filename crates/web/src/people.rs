//! People as pages show them: name, handle, picture, and where their page is.

use std::borrow::Cow;

use majlis_local::Site;
use majlis_local::actors::{Actor, ActorKind};
use majlis_local::posts::Post;

use crate::html;

/// A person beside a post.
#[derive(Debug, Clone)]
pub struct Face<'a> {
    /// HTML.
    pub name: Cow<'a, str>,
    /// `@ali` here, `@ali@example.org` elsewhere.
    pub handle: String,
    /// Where the person's page is.
    pub url: String,
    /// Whether it is on another server.
    pub is_elsewhere: bool,
    /// The picture, when it is ours.
    pub avatar: Option<String>,
    /// The first letter, for those without.
    pub initial: String,
    /// Its colour.
    pub hue: u32,
}

impl<'a> Face<'a> {
    /// From a row.
    pub fn new(site: &Site, actor: &'a Actor) -> Self {
        let handle = format!("@{}", actor.acct());
        Self {
            name: html::text_with_emoji(name(actor), actor.emojis.as_ref().map(|e| e.0.as_slice()), site),
            url: page(site, actor),
            is_elsewhere: !actor.is_local(),
            avatar: avatar(site, actor),
            initial: html::initial(&actor.display_name, &actor.username),
            hue: html::hue(&handle),
            handle,
        }
    }
}

/// The name that somebody goes by: the handle's for those who have chosen none.
pub fn name(actor: &Actor) -> &str {
    if actor.display_name.trim().is_empty() { &actor.username } else { &actor.display_name }
}

/// The path of a local person's page, the address of a remote one's.
pub fn page(site: &Site, actor: &Actor) -> String {
    if actor.is_local() { format!("/@{}", actor.username) } else { safe_url(site, actor.page_url(), &actor.uri) }
}

/// The path of a local person's post, the address of a remote one's.
pub fn post_page(site: &Site, author: &Face<'_>, post: &Post) -> String {
    if author.is_elsewhere { safe_url(site, post.page_url(), &post.uri) } else { format!("{}/{}", author.url, post.id) }
}

/// An address that may stand in a link. Other servers say where their pages are, and could say anything.
pub fn safe_url(site: &Site, said: &str, else_: &str) -> String {
    let may_stand = |url: &str| is_web(url) && (url.starts_with("https:") || site.origin().starts_with("http:"));
    if may_stand(said) {
        said.to_owned()
    } else if may_stand(else_) {
        else_.to_owned()
    } else {
        "/".to_owned()
    }
}

/// Whether an address is one of the web, and no script.
pub fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The still picture of somebody, when it is ours.
pub fn avatar(site: &Site, actor: &Actor) -> Option<String> {
    let stored = actor.avatar_static.as_deref().or(actor.avatar.as_deref());
    stored.and_then(|stored| html::own_picture(site, stored))
}

/// `@ali@example.org`, whole, as it is typed into an app anywhere.
pub fn full_handle(site: &Site, actor: &Actor) -> String {
    format!("@{}@{}", actor.username, actor.domain.as_deref().unwrap_or(site.domain()))
}

/// Whether it is a program that speaks.
pub fn is_bot(actor: &Actor) -> bool {
    matches!(actor.kind, ActorKind::Service | ActorKind::Application)
}
