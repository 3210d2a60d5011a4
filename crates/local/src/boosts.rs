//! Boosts (Announce): rows of `posts` that point at another post. At most one living boost per person and post.

use diesel::prelude::*;

use crate::actors;
use crate::connection::{Connection, PortableDsl, cols};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, PostId};
use crate::jobs::{self, Change, Job};
use crate::notifications::{self, Notice, NotificationKind};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::posts::{self, Post, PostKind};
use crate::schema::{actors as actors_table, posts as rows};
use crate::search;
use crate::site::Site;
use crate::time::Timestamp;
use crate::visibility::{Visibility, listable};

/// The living boost of `post` by `actor`.
pub fn by(c: &mut Connection, actor: ActorId, post: PostId) -> Result<Option<Post>> {
    Ok(rows::table
        .filter(rows::boost_of_id.eq(post))
        .filter(rows::author_id.eq(actor))
        .filter(rows::deleted_at.is_null())
        .select(Post::as_select())
        .first(c)
        .optional()?)
}

/// Those who boosted a post for everybody to see, the latest first; without those who are gone, those whom `viewer` blocks,
/// mutes or is blocked by, and those whose server it blocks.
pub fn boosters(c: &mut Connection, post: PostId, viewer: Option<ActorId>, page: &Page) -> Result<Slice<ActorId>> {
    let viewer = viewer.unwrap_or(ActorId(0));
    let boosts = paged!(
        c,
        page,
        rows::id,
        rows::table
            .inner_join(actors_table::table)
            .filter(rows::boost_of_id.eq(post))
            .filter(rows::deleted_at.is_null())
            .filter(rows::visibility.le(Visibility::Unlisted))
            .filter(actors_table::suspended_at.is_null())
            .filter(actors_table::deleted_at.is_null())
            .filter(listable!(rows::author_id, viewer))
            .select((rows::id, rows::author_id))
    );
    Ok(Slice::new::<PostId>(boosts, page))
}

/// A local person boosts a post that it may see (the caller has checked). Boosting again gives the same boost.
///
/// # Errors
/// [`Error::Forbidden`] when the post is for fewer than everybody and not the booster's own.
pub fn boost(c: &mut Connection, site: &Site, actor: ActorId, post: &Post, wanted: Option<Visibility>) -> Result<Post> {
    let post = original(c, post)?;
    if !may_be_boosted(actor, &post) {
        return Err(Error::Forbidden("This post cannot be boosted"));
    }
    if let Some(old) = by(c, actor, post.id)? {
        return Ok(old);
    }
    let visibility = wanted.filter(|v| *v != Visibility::Direct).unwrap_or(Visibility::Public).narrower(post.visibility);
    let booster = actors::get(c, actor)?;
    let id = PostId::new();
    let uri = site.activity_uri(&booster.username, id);
    let Some(boost) = insert(c, New { id, uri: &uri, actor, local: true, post: &post, visibility, at: Timestamp::now() })? else {
        return Err(Error::internal("a boost came in between"));
    };
    search::index_kept(c, &post)?;
    let author = actors::get(c, post.author_id)?;
    if !post.local_only && (!author.is_local() || posts::has_remote_followers(c, actor)?) {
        jobs::enqueue(c, &Job::Federate { change: Change::Posted { post: boost.id } })?;
    }
    Ok(boost)
}

/// A remote actor boosts a post that we know. `None` when it had boosted it already or the post may not be boosted.
pub fn receive(
    c: &mut Connection,
    actor: ActorId,
    post: &Post,
    uri: &str,
    visibility: Visibility,
    at: Timestamp,
) -> Result<Option<Post>> {
    let post = original(c, post)?;
    if post.deleted_at.is_some() || post.local_only || !may_be_boosted(actor, &post) || by(c, actor, post.id)?.is_some() {
        return Ok(None);
    }
    let visibility = visibility.narrower(post.visibility);
    insert(c, New { id: PostId::at(at), uri, actor, local: false, post: &post, visibility, at })
}

/// Whether `actor` may repeat `post`: what is for everybody, and one's own for one's followers.
fn may_be_boosted(actor: ActorId, post: &Post) -> bool {
    post.visibility.is_open() || (post.visibility == Visibility::Private && post.author_id == actor)
}

/// The post behind a boost, or the post itself.
fn original(c: &mut Connection, post: &Post) -> Result<Post> {
    match post.boost_of_id {
        Some(id) => posts::get(c, id),
        None => Ok(post.clone()),
    }
}

struct New<'a> {
    id: PostId,
    uri: &'a str,
    actor: ActorId,
    local: bool,
    post: &'a Post,
    visibility: Visibility,
    at: Timestamp,
}

fn insert(c: &mut Connection, new: New<'_>) -> Result<Option<Post>> {
    let boost: Option<Post> = diesel::insert_into(rows::table)
        .values((
            rows::id.eq(new.id),
            rows::uri.eq(new.uri),
            rows::author_id.eq(new.actor),
            rows::local.eq(new.local),
            rows::kind.eq(PostKind::Note),
            rows::visibility.eq(new.visibility),
            rows::boost_of_id.eq(Some(new.post.id)),
            rows::local_only.eq(new.post.local_only),
            rows::created_at.eq(new.at),
        ))
        .on_conflict_do_nothing()
        .returning(cols::<Post>())
        .portable()
        .get_result(c)
        .optional()?;
    let Some(boost) = boost else { return Ok(None) };
    diesel::update(rows::table.find(new.post.id)).set(rows::boosts_count.eq(rows::boosts_count + 1)).execute(c)?;
    posts::count_in(c, &boost)?;
    notifications::notify(c, notice(&boost, new.post))?;
    after_commit(Event::PostCreated(boost.id));
    Ok(Some(boost))
}

fn notice(boost: &Post, post: &Post) -> Notice {
    Notice { recipient: post.author_id, kind: NotificationKind::Boost, actor: boost.author_id, post: Some(post.id) }
}

/// A local person takes a boost back; without one nothing happens. `post` is what was boosted.
pub fn unboost(c: &mut Connection, actor: ActorId, post: &Post) -> Result<()> {
    let post = original(c, post)?;
    let Some(boost) = by(c, actor, post.id)? else { return Ok(()) };
    undo(c, &boost, &post)?;
    jobs::enqueue(c, &Job::Federate { change: Change::Unboosted { boost: boost.id } })?;
    Ok(())
}

/// A remote actor takes a boost back.
pub fn receive_undo(c: &mut Connection, boost: &Post) -> Result<()> {
    if let Some(of) = boost.boost_of_id {
        let post = posts::get(c, of)?;
        undo(c, boost, &post)?;
    }
    Ok(())
}

fn undo(c: &mut Connection, boost: &Post, post: &Post) -> Result<()> {
    if boost.deleted_at.is_some() {
        return Ok(());
    }
    posts::bury(c, boost)?;
    diesel::update(rows::table.find(post.id).filter(rows::boosts_count.gt(0)))
        .set(rows::boosts_count.eq(rows::boosts_count - 1))
        .execute(c)?;
    notifications::withdraw(c, notice(boost, post))
}

/// Deletes all boosts of a post that is gone.
pub(crate) fn forget_of(c: &mut Connection, post: PostId) -> Result<()> {
    let boosts: Vec<Post> =
        rows::table.filter(rows::boost_of_id.eq(post)).filter(rows::deleted_at.is_null()).select(Post::as_select()).load(c)?;
    for boost in &boosts {
        if boost.visibility != Visibility::Direct {
            diesel::update(actors_table::table.find(boost.author_id))
                .set(actors_table::posts_count.eq(actors_table::posts_count - 1))
                .execute(c)?;
        }
        after_commit(Event::PostDeleted {
            post: boost.id,
            author: boost.author_id,
            public: false,
            local: boost.local,
            hashtags: Vec::new(),
            mentioned: Vec::new(),
        });
    }
    diesel::delete(rows::table.filter(rows::boost_of_id.eq(post))).execute(c)?;
    Ok(())
}
