//! `Like` and `EmojiReact`: of a post of ours (ActivityPub §7.10, FEP-c0e0). A `Like` with an emoji is a reaction, as Misskey
//! sends it; with a heart, or one that we cannot show, it is a like.

use majlis_local::actors::Actor;
use majlis_local::{Connection, Result, Site, likes, posts, reactions, tombstones, visibility};

use super::{Handled, own_object};
use crate::objects::actor::read_emojis;
use crate::vocab::{Activity, ActivityKind};

/// What Misskey says for a plain like.
const HEARTS: [&str; 2] = ["❤", "❤️"];

pub(super) fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let (Some(id), Some(object)) = (activity.id.as_deref(), activity.object_id()) else {
        return Ok(Handled::Ignored("a like without id or object"));
    };
    own_object(actor, id)?;
    let Some(post) = posts::by_uri(c, object)?.filter(|p| p.local && !p.is_boost() && p.deleted_at.is_none()) else {
        return Ok(Handled::Ignored("a like of what is not ours"));
    };
    if tombstones::known(c, id)? {
        return Ok(Handled::Ignored("a like that was undone before it came"));
    }
    if !visibility::may_see(c, Some(actor.id), &post)? {
        return Ok(Handled::Ignored("a like of what the liker may not see"));
    }
    if let Some(emoji) = activity.reaction()
        && (activity.kind == ActivityKind::EmojiReact || !HEARTS.contains(&emoji))
        && reactions::receive(c, site, actor.id, &post, id, emoji, &read_emojis(&activity.tag))?
    {
        return Ok(Handled::Done);
    }
    if activity.kind == ActivityKind::EmojiReact {
        return Ok(Handled::Ignored("a reaction that cannot be shown, or one too many"));
    }
    likes::receive(c, actor.id, &post, id)?;
    Ok(Handled::Done)
}
