//! Links of local profiles that are verified: a field that is nothing but a link, whose page links back to the profile with
//! `rel="me"`. The pages are read by [`Job::VerifyLinks`]: when the fields change, and weekly, since a link back may go.

use diesel::prelude::*;
use url::Url;

use crate::actors::{self, Actor, Field};
use crate::connection::{Connection, any_of};
use crate::db::after_commit;
use crate::error::Result;
use crate::events::Event;
use crate::ids::ActorId;
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::schema::{actors as actors_table, users};
use crate::text::links;
use crate::time::Timestamp;

/// What became of one field's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The field's value, as it was when the page was asked.
    pub value: String,
    /// Whether the page links back.
    pub links_back: bool,
}

/// The fields of a profile that can be verified, with where they lead.
pub fn of(actor: &Actor) -> Vec<(String, Url)> {
    let fields = actor.fields.iter().flat_map(|fields| fields.iter());
    fields.filter_map(|field| lone_link(&field.value).map(|url| (field.value.clone(), url))).collect()
}

/// Where a field leads that is a link and nothing else.
fn lone_link(value: &str) -> Option<Url> {
    let alone = value.starts_with("<a ") && value.ends_with("</a>") && value.matches("<a ").count() == 1;
    links::outward(value).into_iter().next().filter(|_| alone)
}

/// Enqueues a look at a profile's links, when it has any.
pub(crate) fn expect(c: &mut Connection, actor: &Actor) -> Result<()> {
    if actor.is_local() && !of(actor).is_empty() {
        jobs::enqueue(c, &Job::VerifyLinks { actor: actor.id })?;
        set_checked(c, &[actor.id])?;
    }
    Ok(())
}

/// Enqueues a look at the links of profiles that nobody looked at since `before`, `limit` at the most; gives back how many.
pub fn enqueue_due(c: &mut Connection, before: Timestamp, limit: i64) -> Result<usize> {
    let due: Vec<ActorId> = users::table
        .inner_join(actors_table::table)
        .filter(users::links_checked_at.lt(before))
        .filter(actors_table::suspended_at.is_null())
        .filter(actors_table::deleted_at.is_null())
        .order(users::links_checked_at)
        .limit(limit)
        .select(users::actor_id)
        .load(c)?;
    for actor in &due {
        jobs::enqueue(c, &Job::VerifyLinks { actor: *actor })?;
    }
    set_checked(c, &due)?;
    Ok(due.len())
}

fn set_checked(c: &mut Connection, people: &[ActorId]) -> Result<()> {
    diesel::update(users::table.filter(any_of(users::actor_id, people)))
        .set(users::links_checked_at.eq(Some(Timestamp::now())))
        .execute(c)?;
    Ok(())
}

/// Writes down what the pages said. A field that says something else by now is left alone; one that was verified before
/// keeps its date, and loses it when its page links back no longer.
pub fn record(c: &mut Connection, id: ActorId, looked: &[Looked]) -> Result<()> {
    let actor = actors::get(c, id)?;
    let Some(Json(before)) = actor.fields.filter(|_| actor.domain.is_none()) else { return Ok(()) };
    let now = Timestamp::now();
    let after: Vec<Field> = before
        .iter()
        .map(|field| {
            let verified_at = match looked.iter().find(|looked| looked.value == field.value) {
                Some(Looked { links_back: true, .. }) => Some(field.verified_at.unwrap_or(now)),
                Some(_) => None,
                None => field.verified_at,
            };
            Field { verified_at, ..field.clone() }
        })
        .collect();
    if after != before {
        diesel::update(actors_table::table.find(id)).set(actors_table::fields.eq(Some(Json(after)))).execute(c)?;
        after_commit(Event::ActorChanged(id));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::{self, FieldSource, ProfileEdit};
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn edit(c: &mut Connection, id: ActorId, values: &[&str]) -> Actor {
        let fields = values.iter().map(|value| FieldSource { name: "x".into(), value: (*value).into() }).collect();
        profiles::edit(c, &site(), id, ProfileEdit { fields: Some(fields), ..ProfileEdit::default() }).unwrap()
    }

    fn dates(c: &mut Connection, id: ActorId) -> Vec<Option<Timestamp>> {
        actors::get(c, id).unwrap().fields.unwrap().iter().map(|field| field.verified_at).collect()
    }

    fn looks(c: &mut Connection) -> usize {
        jobs::all(c).unwrap().iter().filter(|job| matches!(job, Job::VerifyLinks { .. })).count()
    }

    #[test]
    fn a_link_is_verified_keeps_its_date_and_loses_it() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali").id;
                let actor = edit(c, ali, &["https://ali.example/", "see https://other.example/ too", "plain"]);
                assert_eq!(of(&actor).iter().map(|(_, url)| url.as_str()).collect::<Vec<_>>(), ["https://ali.example/"]);
                assert_eq!(looks(c), 1);
                let value = of(&actor)[0].0.clone();
                let said = |links_back| [Looked { value: value.clone(), links_back }];
                record(c, ali, &said(true))?;
                let first = dates(c, ali);
                assert!(first[0].is_some() && first[1].is_none());
                record(c, ali, &said(true))?;
                assert_eq!(dates(c, ali), first);
                // The date stays while the field does, wherever it stands.
                edit(c, ali, &["plain", "https://ali.example/"]);
                assert_eq!(dates(c, ali), [None, first[0]]);
                record(c, ali, &said(false))?;
                assert_eq!(dates(c, ali), [None, None]);
                // An answer that comes too late changes nothing.
                edit(c, ali, &["https://new.example/"]);
                record(c, ali, &said(true))?;
                assert_eq!(dates(c, ali), [None]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn links_are_looked_at_weekly() {
        TestDb::new()
            .write_now(|c| {
                let (ali, badr) = (local(c, "ali").id, local(c, "badr").id);
                edit(c, ali, &["https://ali.example/"]);
                edit(c, badr, &["plain"]);
                assert_eq!(looks(c), 1);
                assert_eq!(enqueue_due(c, Timestamp::now().plus_seconds(-1), 10)?, 0);
                assert_eq!(enqueue_due(c, Timestamp::now().plus_seconds(1), 10)?, 1);
                assert_eq!(looks(c), 2);
                Ok(())
            })
            .unwrap();
    }
}
