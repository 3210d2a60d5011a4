//! People and posts for tests, here and on `peer.example`, without passwords or true keys.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use diesel::prelude::*;

use crate::actors::{self, Actor, ActorKind, NewLocalActor, RemoteActor};
use crate::connection::Connection;
use crate::ids::{ActorId, ArchiveId, BlockId, BookmarkId, FollowId, LikeId, ListId, ListMemberId, MuteId, PinId, PostId};
use crate::keypairs::KeyPair;
use crate::posts::{Post, PostKind};
use crate::publish::{self, Draft};
use crate::quote_policies::QuotePolicy;
use crate::receive::{self, RemotePost};
use crate::schema::{
    actors as actors_table, archives, blocks, bookmarks, follows, likes, list_members, lists, mutes, pins, users,
};
use crate::site::Site;
use crate::time::Timestamp;
use crate::visibility::Visibility;

/// The server of [`super::TestDb::new`].
pub fn site() -> Site {
    Site::new("https://majlis.example")
}

/// Keys that sign nothing.
pub fn keys() -> KeyPair {
    KeyPair {
        public_pem: "public".into(),
        private_pem: "private".into(),
        ed25519_public: "e".into(),
        ed25519_private: "f".into(),
    }
}

/// Somebody who logs in here.
pub fn local(c: &mut Connection, name: &str) -> Actor {
    local_at(c, &site(), name)
}

/// Somebody who logs in at `site`.
pub fn local_at(c: &mut Connection, site: &Site, name: &str) -> Actor {
    let new =
        NewLocalActor { username: name.into(), kind: ActorKind::Person, display_name: name.into(), locked: false, keys: keys() };
    let actor = actors::create_local(c, site, new).unwrap();
    let now = Timestamp::now();
    diesel::insert_into(users::table)
        .values((
            users::actor_id.eq(actor.id),
            users::email.eq(format!("{name}@example.org")),
            users::password_hash.eq(""),
            users::role.eq(0),
            users::locale.eq("en"),
            users::confirmed_at.eq(Some(now)),
            users::approved_at.eq(Some(now)),
            users::default_visibility.eq(Visibility::Public),
            users::default_format.eq("text/plain"),
            users::expand_media.eq("default"),
            users::created_at.eq(now),
        ))
        .execute(c)
        .unwrap();
    actor
}

/// Somebody of `peer.example`.
pub fn remote(c: &mut Connection, name: &str) -> Actor {
    actors::store_remote(c, remote_actor(name)).unwrap()
}

/// What somebody of `peer.example` says of itself.
pub fn remote_actor(name: &str) -> RemoteActor {
    let uri = format!("https://peer.example/users/{name}");
    RemoteActor {
        username: name.into(),
        domain: "peer.example".into(),
        host: "peer.example".into(),
        kind: ActorKind::Person,
        display_name: name.into(),
        summary: String::new(),
        url: Some(format!("https://peer.example/@{name}")),
        fields: vec![],
        emojis: vec![],
        avatar: None,
        avatar_description: String::new(),
        header: None,
        header_description: String::new(),
        locked: false,
        discoverable: true,
        indexable: false,
        memorial: false,
        suspended: false,
        also_known_as: vec![],
        attribution_domains: vec![],
        feature_policy: 0,
        created_at: None,
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some("https://peer.example/inbox".into()),
        outbox: None,
        followers: Some(format!("{uri}/followers")),
        following: None,
        featured: None,
        featured_tags: None,
        key_id: format!("{uri}#main-key"),
        public_key: "pem".into(),
        ed25519_public: None,
        uri,
    }
}

/// Lets everybody search an actor's public posts, or not.
pub fn set_indexable(c: &mut Connection, actor: ActorId, indexable: bool) {
    diesel::update(actors_table::table.find(actor)).set(actors_table::indexable.eq(indexable)).execute(c).unwrap();
}

/// Has a local person read in this language.
///
/// # Errors
/// The database's.
pub fn set_locale(c: &mut Connection, actor: ActorId, locale: &str) -> crate::Result<()> {
    diesel::update(users::table.find(actor)).set(users::locale.eq(locale)).execute(c)?;
    Ok(())
}

/// Lets an actor be suggested and listed, or not.
pub fn set_discoverable(c: &mut Connection, actor: ActorId, discoverable: bool) {
    diesel::update(actors_table::table.find(actor)).set(actors_table::discoverable.eq(discoverable)).execute(c).unwrap();
}

/// Makes an actor known to so many.
pub fn set_followers_count(c: &mut Connection, actor: ActorId, count: i64) {
    diesel::update(actors_table::table.find(actor)).set(actors_table::followers_count.eq(count)).execute(c).unwrap();
}

/// Makes an actor have posted last at this many milliseconds since 1970.
pub fn set_last_post(c: &mut Connection, actor: ActorId, at: i64) {
    diesel::update(actors_table::table.find(actor)).set(actors_table::last_post_at.eq(Some(Timestamp(at)))).execute(c).unwrap();
}

/// Makes follows of an actor need its approval.
pub fn lock(c: &mut Connection, actor: ActorId) {
    diesel::update(actors_table::table.find(actor)).set(actors_table::locked.eq(true)).execute(c).unwrap();
}

/// A row of the kind, and nothing else: no counters, no notification.
pub fn follow(c: &mut Connection, actor: ActorId, target: ActorId) -> FollowId {
    let id = FollowId::new();
    diesel::insert_into(follows::table)
        .values((
            follows::id.eq(id),
            follows::actor_id.eq(actor),
            follows::target_id.eq(target),
            follows::uri.eq(format!("https://peer.example/follows/{id}")),
            follows::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
    id
}

/// A row of the kind, and nothing else.
pub fn block(c: &mut Connection, actor: ActorId, target: ActorId) {
    let id = BlockId::new();
    diesel::insert_into(blocks::table)
        .values((
            blocks::id.eq(id),
            blocks::actor_id.eq(actor),
            blocks::target_id.eq(target),
            blocks::uri.eq(format!("https://peer.example/blocks/{id}")),
            blocks::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
}

/// A row of the kind, and nothing else.
pub fn mute(c: &mut Connection, actor: ActorId, target: ActorId, until: Option<Timestamp>) {
    diesel::insert_into(mutes::table)
        .values((
            mutes::id.eq(MuteId::new()),
            mutes::actor_id.eq(actor),
            mutes::target_id.eq(target),
            mutes::expires_at.eq(until),
            mutes::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
}

/// A row of the kind, and nothing else.
pub fn like(c: &mut Connection, actor: ActorId, post: PostId) -> LikeId {
    let id = LikeId::new();
    diesel::insert_into(likes::table)
        .values((
            likes::id.eq(id),
            likes::actor_id.eq(actor),
            likes::post_id.eq(post),
            likes::uri.eq(format!("https://peer.example/likes/{id}")),
            likes::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
    id
}

/// A row of the kind, and nothing else.
pub fn bookmark(c: &mut Connection, actor: ActorId, post: PostId) -> BookmarkId {
    let id = BookmarkId::new();
    diesel::insert_into(bookmarks::table)
        .values((
            bookmarks::id.eq(id),
            bookmarks::actor_id.eq(actor),
            bookmarks::post_id.eq(post),
            bookmarks::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
    id
}

/// A row of the kind, and nothing else.
pub fn pin(c: &mut Connection, actor: ActorId, post: PostId) {
    diesel::insert_into(pins::table)
        .values((
            pins::id.eq(PinId::new()),
            pins::actor_id.eq(actor),
            pins::post_id.eq(post),
            pins::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
}

/// A list with members; `replies` is the stored number of its policy.
pub fn list(c: &mut Connection, owner: ActorId, members: &[ActorId], replies: i32, exclusive: bool) -> ListId {
    let id = ListId::new();
    diesel::insert_into(lists::table)
        .values((
            lists::id.eq(id),
            lists::owner_id.eq(owner),
            lists::title.eq("list"),
            lists::replies_policy.eq(replies),
            lists::exclusive.eq(exclusive),
            lists::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
    for member in members {
        diesel::insert_into(list_members::table)
            .values((list_members::id.eq(ListMemberId::new()), list_members::list_id.eq(id), list_members::actor_id.eq(*member)))
            .execute(c)
            .unwrap();
    }
    id
}

/// A public draft of a text.
pub fn draft(text: &str) -> Draft {
    Draft { text: text.into(), character_limit: 500, ..Draft::default() }
}

/// Publishes a draft.
pub fn publish(c: &mut Connection, author: ActorId, draft: Draft) -> Post {
    publish::publish(c, &site(), author, draft).unwrap()
}

/// Publishes a public text.
pub fn say(c: &mut Connection, author: ActorId, text: &str) -> Post {
    publish(c, author, draft(text))
}

/// Publishes a public answer.
pub fn reply(c: &mut Connection, author: ActorId, parent: PostId, text: &str) -> Post {
    publish(c, author, Draft { in_reply_to: Some(parent), ..draft(text) })
}

/// A public note of somebody of `peer.example`, now.
pub fn note(author: &Actor, text: &str) -> RemotePost {
    RemotePost {
        uri: format!("https://peer.example/notes/{}", PostId::new()),
        url: None,
        author: author.id,
        kind: PostKind::Note,
        visibility: Visibility::Public,
        in_reply_to_uri: None,
        conversation: None,
        content: format!("<p>{text}</p>"),
        summary: String::new(),
        sensitive: false,
        language: Some("en".into()),
        emojis: vec![],
        mentioned: vec![],
        silently_mentioned: vec![],
        hashtags: vec![],
        attachments: vec![],
        poll: None,
        quote: None,
        quote_policy: QuotePolicy::NOBODY,
        created_at: Timestamp::now(),
        edited_at: None,
    }
}

/// Stores what another server sent.
pub fn receive(c: &mut Connection, note: RemotePost) -> Post {
    receive::post(c, note, true).unwrap().unwrap()
}

/// Moves the times of all archives back.
pub fn age_archives(c: &mut Connection, seconds: i64) {
    type Times = (ArchiveId, Timestamp, Option<Timestamp>);
    let all: Vec<Times> = archives::table.select((archives::id, archives::created_at, archives::finished_at)).load(c).unwrap();
    for (id, created, finished) in all {
        let (created, finished) = (created.plus_seconds(-seconds), finished.map(|at| at.plus_seconds(-seconds)));
        diesel::update(archives::table.find(id))
            .set((archives::created_at.eq(created), archives::finished_at.eq(finished)))
            .execute(c)
            .unwrap();
    }
}
