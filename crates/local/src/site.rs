//! The server's own names: its origin, its domain, and the URIs that stand under them (docs/ARCHITECTURE.md, “URLs”).

use crate::ids::{AttachmentId, BlockId, CollectionId, CollectionItemId, FollowId, LikeId, PostId, QuoteId, ReactionId};
use crate::picture_proxy::{Grant, PictureProxy};

/// Where this server is, as everybody else sees it.
#[derive(Debug, Clone)]
pub struct Site {
    origin: String,
    domain: String,
    /// How pictures of other servers are told, when they are shown from here.
    pictures: Option<PictureProxy>,
    /// Seconds that posts wait for a newsletter, where people may offer one.
    newsletters: Option<i64>,
}

impl Site {
    /// From an origin such as `https://example.org` or `http://localhost:8080`: scheme, host, and a port when it is not the
    /// scheme's own. A trailing slash is dropped.
    pub fn new(origin: &str) -> Self {
        let origin = origin.trim_end_matches('/').to_owned();
        let domain = origin.split_once("://").map_or(origin.as_str(), |(_, rest)| rest).to_ascii_lowercase();
        Self { origin, domain, pictures: None, newsletters: None }
    }

    /// `https://example.org`, without a trailing slash.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `example.org` or `localhost:8080`: what stands behind the second `@` of a handle.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether `domain` is ours, whatever its case.
    pub fn is_own_domain(&self, domain: &str) -> bool {
        domain.eq_ignore_ascii_case(&self.domain)
    }

    /// Whether `uri` stands under our origin.
    pub fn is_own_uri(&self, uri: &str) -> bool {
        uri.strip_prefix(&self.origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The ActivityPub id of a local actor.
    pub fn actor_uri(&self, username: &str) -> String {
        format!("{}/users/{username}", self.origin)
    }

    /// The page of a local actor.
    pub fn actor_url(&self, username: &str) -> String {
        format!("{}/@{username}", self.origin)
    }

    /// The ActivityPub id of the server itself.
    pub fn instance_actor_uri(&self) -> String {
        format!("{}/actor", self.origin)
    }

    /// The inbox that serves everybody here.
    pub fn shared_inbox(&self) -> String {
        format!("{}/inbox", self.origin)
    }

    /// The ActivityPub id of a local post; of a boost it is [`Site::activity_uri`].
    pub fn post_uri(&self, username: &str, id: PostId) -> String {
        format!("{}/users/{username}/statuses/{id}", self.origin)
    }

    /// The page of a local post.
    pub fn post_url(&self, username: &str, id: PostId) -> String {
        format!("{}/@{username}/{id}", self.origin)
    }

    /// The id of the `Create` of a post, and of the `Announce` that a boost is.
    pub fn activity_uri(&self, username: &str, id: PostId) -> String {
        format!("{}/users/{username}/statuses/{id}/activity", self.origin)
    }

    /// The id of a `Like`.
    pub fn like_uri(&self, username: &str, id: LikeId) -> String {
        format!("{}/users/{username}/likes/{id}", self.origin)
    }

    /// The id of the `QuoteRequest` with which a local author asks for leave to quote (FEP-044f).
    pub fn quote_request_uri(&self, username: &str, id: QuoteId) -> String {
        format!("{}/users/{username}/quote_requests/{id}", self.origin)
    }

    /// The id of the `QuoteAuthorization` with which a local author gives it (FEP-044f).
    pub fn quote_stamp_uri(&self, username: &str, id: QuoteId) -> String {
        format!("{}/users/{username}/quote_authorizations/{id}", self.origin)
    }

    /// The id of an `EmojiReact`.
    pub fn reaction_uri(&self, username: &str, id: ReactionId) -> String {
        format!("{}/users/{username}/reactions/{id}", self.origin)
    }

    /// The id of a `Follow`.
    pub fn follow_uri(&self, username: &str, id: FollowId) -> String {
        format!("{}/users/{username}/follows/{id}", self.origin)
    }

    /// The id of a `Block`.
    pub fn block_uri(&self, username: &str, id: BlockId) -> String {
        format!("{}/users/{username}/blocks/{id}", self.origin)
    }

    /// The ActivityPub id of a local collection of people.
    pub fn collection_uri(&self, username: &str, id: CollectionId) -> String {
        format!("{}/users/{username}/collections/{id}", self.origin)
    }

    /// The page of a local collection of people.
    pub fn collection_url(&self, username: &str, id: CollectionId) -> String {
        format!("{}/@{username}/collections/{id}", self.origin)
    }

    /// The stamp by which one of ours agrees to stand in a collection.
    pub fn stamp_uri(&self, username: &str, id: CollectionItemId) -> String {
        format!("{}/users/{username}/feature_authorizations/{id}", self.origin)
    }

    /// The page of a hashtag (`name` percent-encoded by the caller's URL type where needed).
    pub fn tag_url(&self, name: &str) -> String {
        format!("{}/tags/{name}", self.origin)
    }

    /// The page of what somebody says under a hashtag, by handle (`ali`, `ali@example.org`); the name as for [`Self::tag_url`].
    pub fn tagged_url(&self, acct: &str, name: &str) -> String {
        format!("{}/tagged/{name}", self.actor_url(acct))
    }

    /// Where a stored file is served.
    pub fn media_url(&self, key: &str) -> String {
        format!("{}/media/{key}", self.origin)
    }

    /// The same names of a server whose people may offer newsletters ([`crate::newsletters`]), for which posts wait so many
    /// seconds; `None`: they may not.
    #[must_use]
    pub fn with_newsletters(&self, delay: Option<i64>) -> Self {
        Self { newsletters: delay, ..self.clone() }
    }

    /// How many seconds posts wait for a newsletter; `None` where nobody may offer one.
    pub fn newsletters(&self) -> Option<i64> {
        self.newsletters
    }

    /// The same names, and pictures of other servers are told under addresses of ours.
    #[must_use]
    pub fn showing(&self, pictures: PictureProxy) -> Self {
        Self { pictures: Some(pictures), ..self.clone() }
    }

    /// The same names as they are told to those who are not logged in.
    #[must_use]
    pub fn for_guests(&self) -> Self {
        Self { pictures: self.pictures.as_ref().map(|pictures| pictures.granting(Grant::Look)), ..self.clone() }
    }

    /// Whether those who are not logged in are told the same names.
    pub fn is_for_guests(&self) -> bool {
        self.pictures.as_ref().is_none_or(|pictures| pictures.grant() == Grant::Look)
    }

    /// The public form of a picture column: a storage key under [`Site::media_url`], an absolute URL as it stands, or under an
    /// address of ours where those are told.
    pub fn picture_url(&self, stored: &str) -> String {
        let is_remote = stored.starts_with("https://") || stored.starts_with("http://");
        match &self.pictures {
            _ if !is_remote => self.media_url(stored),
            Some(proxy) => format!("{}{}", self.origin, proxy.path(stored)),
            None => stored.to_owned(),
        }
    }

    /// The same of a picture that is attached to a post of another server. `size` is `original` or `small`.
    pub fn attachment_url(&self, id: AttachmentId, size: &str, remote_url: &str) -> String {
        match &self.pictures {
            Some(proxy) => format!("{}{}", self.origin, proxy.attachment_path(id, size)),
            None => remote_url.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_under_an_origin() {
        let site = Site::new("http://localhost:8080/");
        assert_eq!(site.domain(), "localhost:8080");
        assert_eq!(site.actor_uri("ali"), "http://localhost:8080/users/ali");
        assert!(site.is_own_uri("http://localhost:8080/users/ali"));
        assert!(!site.is_own_uri("http://localhost:8080.evil.example/users/ali"));
        assert!(site.is_own_domain("LOCALHOST:8080"));
        assert_eq!(site.picture_url("a/b.png"), "http://localhost:8080/media/a/b.png");
        assert_eq!(site.picture_url("https://x.example/b.png"), "https://x.example/b.png");
    }
}
