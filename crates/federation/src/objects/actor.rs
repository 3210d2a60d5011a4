//! Actors: our rows as ActivityPub actors, and what a remote actor says of itself as a row.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use majlis_local::actors::{Actor, ActorKind, Emoji, Endpoints, Field, RemoteActor};
use majlis_local::collection_items::FeaturePolicy;
use majlis_local::text::{self, names};
use majlis_local::{Site, Timestamp};

use super::note::emoji_tags;
use crate::sig::multikey;
use crate::vocab::{self, Capability, Generator, InteractionPolicy, Media, Multikey, Tag};

/// Fields of a remote profile that are kept.
const MOST_FIELDS: usize = 16;
/// Former names of a remote profile that are kept.
const MOST_ALIASES: usize = 32;
/// Domains of a remote profile that may name it.
const MOST_ATTRIBUTIONS: usize = 100;
/// Characters of a display name that are kept.
const NAME_LENGTH: usize = 200;

/// A local actor as it is published (ActivityPub §4.1). The instance actor has no page, followers or posts.
pub fn render(site: &Site, actor: &Actor, endpoints: &Endpoints, moved_to: Option<String>) -> vocab::Actor {
    let kind = match actor.kind {
        ActorKind::Person => vocab::ActorKind::Person,
        ActorKind::Service => vocab::ActorKind::Service,
        ActorKind::Group => vocab::ActorKind::Group,
        ActorKind::Organization => vocab::ActorKind::Organization,
        ActorKind::Application => vocab::ActorKind::Application,
    };
    let picture = |stored: &Option<String>, description: &str| {
        stored.as_ref().map(|stored| {
            let mut media = Media::image(site.picture_url(stored), media_type(stored).map(str::to_owned));
            media.name = (!description.is_empty()).then(|| description.to_owned());
            media
        })
    };
    let mut out = vocab::Actor::new(kind, &actor.uri, &actor.username, &endpoints.inbox);
    out.outbox = endpoints.outbox.clone();
    out.followers = endpoints.followers.clone();
    out.following = endpoints.following.clone();
    out.featured = endpoints.featured.clone();
    // Who has no pinned posts (the server itself) shows no hashtags either.
    out.featured_tags = endpoints.featured.as_ref().map(|_| format!("{}/collections/tags", actor.uri));
    out.endpoints = Some(vocab::Endpoints { shared_inbox: endpoints.shared_inbox.clone() });
    out.name = (!actor.display_name.is_empty()).then(|| actor.display_name.clone());
    out.summary = (!actor.summary.is_empty()).then(|| actor.summary.clone());
    out.url = actor.url.iter().map(vocab::Link::plain).collect();
    out.icon = picture(&actor.avatar, &actor.avatar_description);
    out.image = picture(&actor.header, &actor.header_description);
    out.attachment = actor.fields.iter().flat_map(|f| &f.0).map(|f| vocab::Field::new(&f.name, &f.value)).collect();
    out.tag = actor.emojis.as_ref().map(|emojis| emoji_tags(site, &emojis.0)).unwrap_or_default();
    out.public_key = vec![vocab::ActorKey {
        id: endpoints.key_id.clone(),
        owner: Some(actor.uri.clone()),
        public_key_pem: endpoints.public_key.clone(),
    }];
    // FEP-521a: object proofs are verified with this one; RSA stays the key of HTTP signatures.
    out.assertion_method = endpoints
        .ed25519_public
        .as_deref()
        .and_then(|key| STANDARD.decode(key).ok())
        .map(|key| multikey::encode_ed25519(&key))
        .map(|key| Multikey::new(format!("{}#ed25519-key", actor.uri), &actor.uri, key))
        .into_iter()
        .collect();
    if actor.kind != ActorKind::Application {
        out.featured_collections = Some(format!("{}/collections", actor.uri));
        let rule = vocab::Rule { automatic_approval: vec![featurers(actor)], manual_approval: Vec::new() };
        out.interaction_policy = Some(InteractionPolicy { can_feature: Some(rule), ..InteractionPolicy::default() });
    }
    out.manually_approves_followers = Some(actor.locked);
    out.discoverable = Some(actor.discoverable);
    out.indexable = Some(actor.indexable);
    out.also_known_as = actor.also_known_as.as_ref().map(|a| a.0.clone()).unwrap_or_default();
    out.moved_to = moved_to;
    out.attribution_domains = endpoints.attribution_domains.as_ref().map(|domains| domains.0.clone()).unwrap_or_default();
    out.memorial = actor.memorial.then_some(true);
    out.suspended = actor.suspended_at.is_some().then_some(true);
    out.published = Some(actor.created_at.to_utc());
    out.updated = Some(actor.updated_at.to_utc());
    out.webfinger = Some(format!("{}@{}", actor.username, site.domain()));
    // FEP-844e: how a peer knows that it may sign by RFC 9421.
    out.generator = Some(Generator {
        kind: Some("Application".to_owned()),
        id: Some(site.instance_actor_uri()),
        name: Some("Majlis".to_owned()),
        url: None,
        implements: vec![Capability {
            href: vocab::actor::RFC9421.to_owned(),
            name: Some("RFC-9421: HTTP Message Signatures".to_owned()),
        }],
    });
    out
}

/// Who may put a local actor into a collection (FEP-7aa9): an address as interaction policies have it.
fn featurers(actor: &Actor) -> String {
    let policy = FeaturePolicy::of(actor);
    if policy.allows(FeaturePolicy::PUBLIC, false) {
        vocab::PUBLIC.to_owned()
    } else if policy.allows(FeaturePolicy::FOLLOWERS, false) {
        format!("{}/followers", actor.uri)
    } else {
        actor.uri.clone()
    }
}

/// Who may put a remote actor into a collection, as bits of a [`FeaturePolicy`].
fn feature_policy(actor: &vocab::Actor) -> i32 {
    let Some(rule) = actor.interaction_policy.as_ref().and_then(|policy| policy.can_feature.as_ref()) else { return 0 };
    let bits = |addresses: &[String]| {
        addresses.iter().take(MOST_ALIASES).fold(0, |bits, address| {
            bits | if vocab::audience::is_public(address) {
                FeaturePolicy::PUBLIC
            } else if actor.followers.as_ref() == Some(address) {
                FeaturePolicy::FOLLOWERS
            } else if actor.following.as_ref() == Some(address) {
                FeaturePolicy::FOLLOWING
            } else if *address == actor.id {
                0
            } else {
                FeaturePolicy::OTHERS
            }
        })
    };
    FeaturePolicy::GIVEN | bits(&rule.automatic_approval) | (bits(&rule.manual_approval) << FeaturePolicy::MANUAL)
}

/// What a remote actor says of itself, cleaned; `domain` is the domain of its handle, which webfinger has confirmed.
/// `None` when its key is missing: nothing that it says could be verified.
pub fn read(actor: &vocab::Actor, domain: &str) -> Option<RemoteActor> {
    let host = majlis_local::instances::host_of(&actor.id)?;
    let key = actor.public_key.first()?;
    let picture = |media: &Option<Media>| media.as_ref().and_then(Media::source).filter(|url| is_web(url)).map(str::to_owned);
    let description =
        |media: &Option<Media>| media.as_ref().and_then(Media::description).unwrap_or_default().chars().take(1_500).collect();
    let fields = actor.attachment.iter().take(MOST_FIELDS);
    Some(RemoteActor {
        uri: actor.id.clone(),
        username: actor.preferred_username.clone(),
        domain: domain.to_owned(),
        host,
        kind: match actor.kind {
            vocab::ActorKind::Person => ActorKind::Person,
            vocab::ActorKind::Service => ActorKind::Service,
            vocab::ActorKind::Group => ActorKind::Group,
            vocab::ActorKind::Organization => ActorKind::Organization,
            vocab::ActorKind::Application => ActorKind::Application,
        },
        display_name: text::one_line(actor.name.as_deref().unwrap_or_default()).chars().take(NAME_LENGTH).collect(),
        summary: text::sanitise(actor.summary.as_deref().unwrap_or_default()),
        url: actor.web_page().filter(|url| is_web(url)).map(str::to_owned),
        fields: fields
            .map(|f| Field { name: text::one_line(&f.name), value: text::sanitise(&f.value), verified_at: None })
            .collect(),
        emojis: read_emojis(&actor.tag),
        avatar: picture(&actor.icon),
        avatar_description: description(&actor.icon),
        header: picture(&actor.image),
        header_description: description(&actor.image),
        locked: actor.manually_approves_followers.unwrap_or(false),
        discoverable: actor.discoverable.unwrap_or(false),
        indexable: actor.indexable.unwrap_or(false),
        memorial: actor.memorial.unwrap_or(false),
        suspended: actor.suspended.unwrap_or(false),
        also_known_as: actor.also_known_as.iter().take(MOST_ALIASES).cloned().collect(),
        attribution_domains: actor
            .attribution_domains
            .iter()
            .filter_map(|domain| text::normalise_domain(domain))
            .take(MOST_ATTRIBUTIONS)
            .collect(),
        feature_policy: feature_policy(actor),
        created_at: actor.published.map(Timestamp::from).map(not_later_than_now),
        inbox: actor.inbox.clone(),
        shared_inbox: actor.shared_inbox().map(str::to_owned),
        outbox: actor.outbox.clone(),
        followers: actor.followers.clone(),
        following: actor.following.clone(),
        featured: actor.featured.clone(),
        featured_tags: actor.featured_tags.clone(),
        key_id: key.id.clone(),
        public_key: key.public_key_pem.clone(),
        ed25519_public: actor.assertion_method.first().map(|key| key.public_key_multibase.clone()),
    })
    .filter(|actor| names::is_remote_username(&actor.username))
}

/// Custom emoji in a remote object's tags.
pub(crate) fn read_emojis(tags: &[Tag]) -> Vec<Emoji> {
    const MOST: usize = 64;
    tags.iter()
        .filter_map(|tag| {
            let shortcode = tag.shortcode().filter(|name| text::emoji::is_shortcode(name))?;
            let url = tag.icon.as_ref().and_then(Media::source).filter(|url| is_web(url))?;
            Some(Emoji { shortcode: shortcode.to_owned(), url: url.to_owned(), static_url: url.to_owned() })
        })
        .take(MOST)
        .collect()
}

/// Whether a remote address may be shown as a link or a picture.
pub(crate) fn is_web(url: &str) -> bool {
    url.len() <= 4_096 && (url.starts_with("https://") || url.starts_with("http://"))
}

pub(crate) fn not_later_than_now(time: Timestamp) -> Timestamp {
    time.min(Timestamp::now())
}

/// The media type of a stored picture, by the ending that crates/media gave its key.
pub(crate) fn media_type(stored: &str) -> Option<&'static str> {
    let ending = stored.rsplit_once('.')?.1;
    Some(match ending {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => return None,
    })
}
