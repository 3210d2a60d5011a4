//! Markers: how far somebody has read the home timeline and the notifications, shared by all their apps.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::connection::{Connection, PortableDsl, cols};
use crate::error::Result;
use crate::ids::ActorId;
use crate::schema::markers;
use crate::time::Timestamp;

/// What a marker stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timeline {
    /// The home timeline; `last_read_id` is a post's.
    Home,
    /// The notifications; `last_read_id` is a notification's.
    Notifications,
}

impl Timeline {
    /// Mastodon's word for it, also the one in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Notifications => "notifications",
        }
    }

    /// The timeline of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Home, Self::Notifications].into_iter().find(|timeline| timeline.name() == name)
    }
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = markers)]
pub struct Marker {
    /// [`Timeline::name`].
    pub timeline: String,
    /// The id of the newest thing read.
    pub last_read_id: i64,
    /// How often the marker has moved.
    pub version: i32,
    /// When it moved last.
    pub updated_at: Timestamp,
}

/// The markers of `actor`; timelines that have none are left out.
pub fn of(c: &mut Connection, actor: ActorId) -> Result<Vec<Marker>> {
    Ok(markers::table.filter(markers::actor_id.eq(actor)).order(markers::timeline).select(cols::<Marker>()).load(c)?)
}

/// Moves a marker, also backwards: the last app to speak is right.
pub fn set(c: &mut Connection, actor: ActorId, timeline: Timeline, last_read_id: i64) -> Result<Marker> {
    diesel::insert_into(markers::table)
        .values((
            markers::actor_id.eq(actor),
            markers::timeline.eq(timeline.name()),
            markers::last_read_id.eq(last_read_id),
            markers::version.eq(1),
            markers::updated_at.eq(Timestamp::now()),
        ))
        .on_conflict((markers::actor_id, markers::timeline))
        .do_update()
        .set((
            markers::last_read_id.eq(excluded(markers::last_read_id)),
            markers::version.eq(markers::version + 1),
            markers::updated_at.eq(excluded(markers::updated_at)),
        ))
        .portable()
        .execute(c)?;
    Ok(markers::table.find((actor, timeline.name())).select(cols::<Marker>()).first(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};

    #[test]
    fn the_last_app_to_speak_is_right() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            assert_eq!(of(c, ali)?, []);
            assert_eq!(set(c, ali, Timeline::Home, 20)?.version, 1);
            set(c, ali, Timeline::Notifications, 5)?;
            let moved = set(c, ali, Timeline::Home, 10)?;
            assert_eq!((moved.last_read_id, moved.version), (10, 2));
            let all: Vec<_> = of(c, ali)?.into_iter().map(|m| (m.timeline, m.last_read_id)).collect();
            assert_eq!(all, [("home".to_owned(), 10), ("notifications".to_owned(), 5)]);
            assert_eq!(Timeline::from_name("home"), Some(Timeline::Home));
            assert_eq!(Timeline::from_name("public"), None);
            Ok(())
        })
        .unwrap();
    }
}
