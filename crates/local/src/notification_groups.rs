//! Groups of notifications: likes and boosts of one post, follows, sign-ups, that came within hours of one another are shown as one.
//! A group's rows share a key; its newest is the head, and a page of groups is a page of heads.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::connection::{Connection, cols, written};
use crate::error::{Error, Result};
use crate::ids::{ActorId, NotificationId};
use crate::notifications::{self, Filter, Notice, Notification, NotificationKind};
use crate::paging::{Page, Slice};
use crate::schema::{actors, notifications as rows};
use crate::time::Timestamp;

/// Hours that a group spans at the most.
const SPAN: i64 = 12;
/// People of a group that are told by name.
const SAMPLE: i64 = 8;
const HOUR: i64 = 3_600_000;
/// What the key of a notification that stands alone begins with.
const LONE: &str = "ungrouped-";

impl NotificationKind {
    /// Whether notifications of this kind come in groups.
    pub fn is_groupable(self) -> bool {
        matches!(self, Self::Like | Self::Boost | Self::Follow | Self::SignUp)
    }
}

/// Several notifications that are shown as one, or one that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its key, as apps know it.
    pub key: String,
    /// The newest of it that was asked for.
    pub newest: Notification,
    /// How many there are.
    pub count: i64,
    /// The oldest that is not older than the page.
    pub oldest_on_page: NotificationId,
    /// Who did it, the latest first: up to eight, none of them gone.
    pub sample: Vec<ActorId>,
}

/// The key of a notification that stands alone.
pub(crate) fn lone_key(id: NotificationId) -> String {
    format!("{LONE}{id}")
}

/// The key of the group that a new notification joins or begins, of which it is to be the head.
pub(crate) fn join(c: &mut Connection, notice: Notice, now: Timestamp) -> Result<Option<String>> {
    if !notice.kind.is_groupable() {
        return Ok(None);
    }
    let what = match notice.post {
        Some(post) => format!("{}-{post}", notice.kind),
        None => notice.kind.to_string(),
    };
    // Hours since 1970 have six digits until 2084, so that texts sort as they do.
    let hour = now.millis() / HOUR;
    let key = |hour: i64| format!("{what}-{hour:06}");
    let own = rows::table.filter(rows::recipient_id.eq(notice.recipient));
    let begun: Option<Option<String>> = own
        .filter(rows::group_key.gt(key(hour - SPAN)))
        .filter(rows::group_key.le(key(hour)))
        .order(rows::group_key.desc())
        .select(rows::group_key)
        .first(c)
        .optional()?;
    let Some(begun) = begun.flatten() else { return Ok(Some(key(hour))) };
    diesel::update(
        rows::table.filter(rows::recipient_id.eq(notice.recipient)).filter(rows::group_key.eq(&begun)).filter(rows::head),
    )
    .set(rows::head.eq(false))
    .execute(c)?;
    Ok(Some(begun))
}

/// Makes the newest notification of a group its head.
pub(crate) fn crown(c: &mut Connection, recipient: ActorId, key: &str) -> Result<()> {
    let newest: Option<NotificationId> = rows::table
        .filter(rows::recipient_id.eq(recipient))
        .filter(rows::group_key.eq(key))
        .order(rows::id.desc())
        .select(rows::id)
        .first(c)
        .optional()?;
    if let Some(newest) = newest {
        diesel::update(rows::table.find(newest)).set(rows::head.eq(true)).execute(c)?;
    }
    Ok(())
}

/// A page of a recipient's groups, newest first; `grouped`: the kinds that come in groups, others stand alone. Three queries.
pub fn list(
    c: &mut Connection,
    recipient: ActorId,
    filter: &Filter,
    grouped: &[NotificationKind],
    page: &Page,
) -> Result<Slice<Group>> {
    let found = notifications::load(c, recipient, filter, Some(grouped), page)?;
    let since = match found.oldest {
        Some(oldest) if found.full => oldest,
        _ => page.after() + 1,
    };
    let groups = build(c, found.items.clone(), grouped, since)?;
    Ok(found.with(groups))
}

/// How many groups are newer than `since`, `limit` at the most.
pub fn count(
    c: &mut Connection,
    recipient: ActorId,
    filter: &Filter,
    grouped: &[NotificationKind],
    page: &Page,
) -> Result<usize> {
    Ok(notifications::load(c, recipient, filter, Some(grouped), page)?.items.len())
}

/// One group of a recipient.
///
/// # Errors
/// [`Error::NotFound`], also when everybody in it is gone.
pub fn get(c: &mut Connection, recipient: ActorId, key: &str) -> Result<Group> {
    let own = rows::table.filter(rows::recipient_id.eq(recipient));
    let newest: Option<Notification> = match alone(key)? {
        Some(id) => own.filter(rows::id.eq(id)).select(cols::<Notification>()).first(c).optional()?,
        None => own.filter(rows::group_key.eq(key)).order(rows::id.desc()).select(cols::<Notification>()).first(c).optional()?,
    };
    let newest = newest.ok_or(Error::NotFound("notification"))?;
    let kinds: &[NotificationKind] = if alone(key)?.is_some() { &[] } else { NotificationKind::ALL };
    build(c, vec![newest], kinds, 1)?.pop().filter(|group| !group.sample.is_empty()).ok_or(Error::NotFound("notification"))
}

/// Those who are in a group, the latest first; the cursor is the notification. None of them is gone.
pub fn people(c: &mut Connection, recipient: ActorId, key: &str, page: &Page) -> Result<Slice<ActorId>> {
    let in_group = rows::table
        .inner_join(actors::table)
        .filter(rows::recipient_id.eq(recipient))
        .filter(actors::suspended_at.is_null())
        .filter(actors::deleted_at.is_null());
    let found: Vec<(NotificationId, ActorId)> = match alone(key)? {
        Some(id) => crate::paged!(c, page, rows::id, in_group.filter(rows::id.eq(id)).select((rows::id, rows::actor_id))),
        None => crate::paged!(c, page, rows::id, in_group.filter(rows::group_key.eq(key)).select((rows::id, rows::actor_id))),
    };
    Ok(Slice::new(found, page))
}

/// Deletes a whole group. Nothing happens when there is none.
pub fn dismiss(c: &mut Connection, recipient: ActorId, key: &str) -> Result<()> {
    if let Some(id) = alone(key)? {
        return notifications::dismiss(c, recipient, id).map(drop);
    }
    diesel::delete(rows::table.filter(rows::recipient_id.eq(recipient)).filter(rows::group_key.eq(key))).execute(c)?;
    Ok(())
}

/// The notification that a lone one's key names.
fn alone(key: &str) -> Result<Option<NotificationId>> {
    match key.strip_prefix(LONE) {
        Some(id) => id.parse().map(Some).map_err(|_| Error::NotFound("notification")),
        None => Ok(None),
    }
}

/// The groups of these notifications, as far as somebody is left in them.
fn build(c: &mut Connection, newest: Vec<Notification>, grouped: &[NotificationKind], since: i64) -> Result<Vec<Group>> {
    let in_group = |row: &Notification| row.group_key.is_some() && grouped.contains(&row.kind);
    let heads: Vec<NotificationId> = newest.iter().filter(|row| in_group(row)).map(|row| row.id).collect();
    let sizes = sizes(c, &heads, since)?;
    let samples = samples(c, &heads)?;
    let groups = newest.into_iter().filter_map(|row| {
        if !in_group(&row) {
            let (key, sample) = (lone_key(row.id), vec![row.actor_id]);
            return Some(Group { key, count: 1, oldest_on_page: row.id, sample, newest: row });
        }
        let (_, count, oldest) = *sizes.iter().find(|size| size.0 == row.id)?;
        let sample: Vec<ActorId> = samples.iter().filter(|of| of.0 == row.id).map(|of| of.1).collect();
        if sample.is_empty() {
            return None;
        }
        Some(Group { key: row.group_key(), count, oldest_on_page: oldest.unwrap_or(row.id), sample, newest: row })
    });
    Ok(groups.collect())
}

/// How many are in the groups of `heads`, and which is the oldest since `since`.
fn sizes(c: &mut Connection, heads: &[NotificationId], since: i64) -> Result<Vec<(NotificationId, i64, Option<NotificationId>)>> {
    if heads.is_empty() {
        return Ok(Vec::new());
    }
    const SQL: &str = "SELECT n.id, \
         (SELECT COUNT(*) FROM notifications g WHERE g.recipient_id = n.recipient_id AND g.group_key = n.group_key), \
         (SELECT MIN(g.id) FROM notifications g WHERE g.recipient_id = n.recipient_id AND g.group_key = n.group_key AND g.id >= :since) \
         FROM :heads AS i CROSS JOIN notifications n WHERE n.id = i.id";
    Ok(written::<(BigInt, BigInt, Nullable<BigInt>)>(SQL).numbers("heads", heads).number("since", since).load(c)?)
}

/// The latest people of the groups of `heads`, as pairs: from one notification of a group to the next older one.
fn samples(c: &mut Connection, heads: &[NotificationId]) -> Result<Vec<(NotificationId, ActorId)>> {
    if heads.is_empty() {
        return Ok(Vec::new());
    }
    const SQL: &str = "WITH RECURSIVE w (head, recipient, name, id, place) AS ( \
         SELECT n.id, n.recipient_id, n.group_key, \
           (SELECT MAX(g.id) FROM notifications g WHERE g.recipient_id = n.recipient_id AND g.group_key = n.group_key), 1 \
         FROM :heads AS i CROSS JOIN notifications n WHERE n.id = i.id \
         UNION ALL \
         SELECT w.head, w.recipient, w.name, \
           (SELECT MAX(g.id) FROM notifications g WHERE g.recipient_id = w.recipient AND g.group_key = w.name AND g.id < w.id), w.place + 1 \
         FROM w WHERE w.place < :most AND w.id IS NOT NULL) \
         SELECT w.head, n.actor_id FROM w CROSS JOIN notifications n CROSS JOIN actors a \
         WHERE n.id = w.id AND a.id = n.actor_id AND a.suspended_at IS NULL AND a.deleted_at IS NULL ORDER BY w.head DESC, w.id DESC";
    Ok(written::<(BigInt, BigInt)>(SQL).numbers("heads", heads).number("most", SAMPLE).load(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::{local, say};

    #[test]
    fn a_group_spans_half_a_day_from_its_first() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (me, post) = (local(c, "me").id, crate::ids::PostId(9));
            let mine = say(c, me, "hello").id;
            let begun = Timestamp(500_000 * HOUR + 59 * 60_000);
            let mut keys = Vec::new();
            for hours in [0, 1, 11, 12, 23, 24] {
                let fan = local(c, &format!("fan{hours}")).id;
                let notice = Notice { recipient: me, kind: NotificationKind::Like, actor: fan, post: Some(mine) };
                let key = join(c, notice, begun.plus_seconds(hours * 3_600))?.unwrap();
                diesel::insert_into(rows::table)
                    .values((
                        rows::id.eq(NotificationId::new()),
                        rows::recipient_id.eq(me),
                        rows::kind.eq(NotificationKind::Like),
                        rows::actor_id.eq(fan),
                        rows::post_id.eq(Some(mine)),
                        rows::created_at.eq(begun),
                        rows::group_key.eq(Some(&key)),
                    ))
                    .execute(c)?;
                keys.push(key);
            }
            let key = |hour: i64| format!("favourite-{mine}-{hour}");
            let wanted = [500_000, 500_000, 500_000, 500_012, 500_012, 500_024].map(key);
            assert_eq!(keys, wanted);
            let heads: Vec<Option<String>> = rows::table.filter(rows::head).order(rows::id).select(rows::group_key).load(c)?;
            assert_eq!(heads.into_iter().flatten().collect::<Vec<_>>(), [key(500_000), key(500_012), key(500_024)]);
            let alone = Notice { recipient: me, kind: NotificationKind::Mention, actor: me, post: Some(post) };
            assert_eq!(join(c, alone, begun)?, None);
            Ok(())
        })
        .unwrap();
    }
}
