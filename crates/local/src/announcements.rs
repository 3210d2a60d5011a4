//! Announcements: what those who run the server tell everybody who has an account here, and how people react.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text as SqlText};
use serde::{Deserialize, Serialize};

use crate::actors::Emoji;
use crate::connection::{Connection, PortableDsl, any_of, cols, written};
use crate::db::after_commit;
use crate::emojis;
use crate::error::{Error, Flaw, Problem, Result};
use crate::events::Event;
use crate::ids::{ActorId, AnnouncementId, PostId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::posts;
use crate::schema::{announcement_reactions as reactions, announcement_reads as reads, announcements, users};
use crate::site::Site;
use crate::text::{self, Format, Mentioned, Resolved};
use crate::time::Timestamp;
use crate::visibility::Visibility;
use crate::writing::known_mentions;

/// Characters of a text.
pub const TEXT_LIMIT: usize = 10_000;
/// Different reactions to one announcement (Mastodon's limit).
pub const MOST_REACTIONS: usize = 8;
/// Links of a text that are looked up.
const MOST_LINKS: usize = 20;

/// An announcement as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = announcements)]
#[allow(missing_docs)]
pub struct Announcement {
    pub id: AnnouncementId,
    /// At least one; the first is for those who have none in their language.
    pub texts: Json<Vec<Text>>,
    /// Those whom the texts mention and who were known then.
    pub mentions: Json<Vec<ActorId>>,
    /// Posts known here, for everybody, to which the texts link.
    pub statuses: Json<Vec<PostId>>,
    /// Hashtags of the texts, as written.
    pub hashtags: Json<Vec<String>>,
    /// Custom emoji of the texts.
    pub emojis: Json<Vec<Emoji>>,
    /// When what it speaks of begins.
    pub starts_at: Option<Timestamp>,
    /// When what it speaks of ends; it is shown no longer.
    pub ends_at: Option<Timestamp>,
    /// Whether of both only the day counts.
    pub all_day: bool,
    pub published_at: Timestamp,
}

/// What an announcement says in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// ISO 639; `None` when nobody said.
    pub language: Option<String>,
    /// As typed.
    pub text: String,
    /// Safe to show.
    pub html: String,
}

impl Announcement {
    /// The text for somebody who reads `locale` (`ar`, `pt-BR`).
    pub fn text_for(&self, locale: &str) -> Option<&Text> {
        let main = |code: &str| code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let speaks = |text: &&Text| text.language.as_deref().is_some_and(|language| main(language) == main(locale));
        self.texts.iter().find(speaks).or_else(|| self.texts.first())
    }
}

/// An announcement to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAnnouncement {
    /// Plain texts with their languages, the main one first.
    pub texts: Vec<(Option<String>, String)>,
    /// See [`Announcement`].
    pub starts_at: Option<Timestamp>,
    /// See [`Announcement`].
    pub ends_at: Option<Timestamp>,
    /// See [`Announcement`].
    pub all_day: bool,
}

/// Makes an announcement. Whoever listens hears of it from the process that serves.
///
/// # Errors
/// [`Error::Invalid`] for empty or long texts, and for an end before the beginning.
pub fn create(c: &mut Connection, site: &Site, new: NewAnnouncement) -> Result<Announcement> {
    check(&new)?;
    let (mut texts, mut mentions, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    let (mut hashtags, mut shortcodes): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (language, text) in new.texts {
        let scanned = text::scan(&text, Format::Plain);
        let mut resolved = Resolved { tag_base_url: site.tag_url(""), ..Resolved::default() };
        for (handle, actor) in known_mentions(c, site, &scanned)? {
            resolved.mentions.insert(handle, Mentioned { url: actor.page_url().to_owned(), acct: actor.acct() });
            put(&mut mentions, actor.id);
        }
        for link in scanned.links.iter().take(MOST_LINKS) {
            if let Some(post) = posts::by_uri_or_url(c, link)?.filter(|post| post.visibility <= Visibility::Unlisted) {
                put(&mut statuses, post.id);
            }
        }
        scanned.hashtags.iter().for_each(|tag| put(&mut hashtags, tag.name.clone()));
        scanned.emoji.iter().for_each(|name| put(&mut shortcodes, name.clone()));
        texts.push(Text { language, html: text::render(&text, Format::Plain, &resolved), text });
    }
    mentions.sort_unstable();
    let emojis = emojis::used(c, &shortcodes)?;
    let made: Announcement = diesel::insert_into(announcements::table)
        .values((
            announcements::id.eq(AnnouncementId::new()),
            announcements::texts.eq(Json(texts)),
            announcements::mentions.eq(Json(mentions)),
            announcements::statuses.eq(Json(statuses)),
            announcements::hashtags.eq(Json(hashtags)),
            announcements::emojis.eq(Json(emojis)),
            announcements::starts_at.eq(new.starts_at),
            announcements::ends_at.eq(new.ends_at),
            announcements::all_day.eq(new.all_day && (new.starts_at.is_some() || new.ends_at.is_some())),
            announcements::published_at.eq(Timestamp::now()),
        ))
        .returning(cols::<Announcement>())
        .get_result(c)?;
    jobs::enqueue(c, &Job::Announce { announcement: made.id })?;
    Ok(made)
}

fn check(new: &NewAnnouncement) -> Result<()> {
    let mut problems = Vec::new();
    let mut problem = |field, flaw, message: String| problems.push(Problem { field, flaw, message });
    if new.texts.is_empty() || new.texts.iter().any(|(_, text)| text.trim().is_empty()) {
        problem("text", Flaw::Blank, "can't be blank".to_owned());
    }
    if new.texts.iter().any(|(_, text)| text.chars().count() > TEXT_LIMIT) {
        problem("text", Flaw::TooLong, format!("is too long (maximum is {TEXT_LIMIT} characters)"));
    }
    if let (Some(start), Some(end)) = (new.starts_at, new.ends_at)
        && end < start
    {
        problem("ends_at", Flaw::Invalid, "must not be before the beginning".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

fn put<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Takes an announcement away with all that hangs on it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delete(c: &mut Connection, id: AnnouncementId) -> Result<()> {
    if diesel::delete(announcements::table.find(id)).execute(c)? == 0 {
        return Err(Error::NotFound("announcement"));
    }
    jobs::enqueue(c, &Job::Announce { announcement: id })?;
    Ok(())
}

/// Has those who listen told of an announcement that is new, or gone: the work of [`Job::Announce`].
pub fn tell(c: &mut Connection, id: AnnouncementId) -> Result<()> {
    let there = announcements::table.find(id).count().get_result::<i64>(c)? > 0;
    after_commit(if there { Event::AnnouncementPublished(id) } else { Event::AnnouncementDeleted(id) });
    Ok(())
}

/// All announcements, oldest first, also those that are over.
pub fn all(c: &mut Connection) -> Result<Vec<Announcement>> {
    Ok(announcements::table.order(announcements::id).select(cols::<Announcement>()).load(c)?)
}

/// An announcement that is not over.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: AnnouncementId) -> Result<Announcement> {
    let shown =
        announcements::table.find(id).filter(announcements::ends_at.is_null().or(announcements::ends_at.gt(Timestamp::now())));
    shown.select(cols::<Announcement>()).first(c).optional()?.ok_or(Error::NotFound("announcement"))
}

/// The announcements that are not over, in the order of what they speak of; `dismissed`: also those that `viewer` has read.
pub fn current(c: &mut Connection, viewer: ActorId, dismissed: bool) -> Result<Vec<Announcement>> {
    let mut shown: Vec<Announcement> = announcements::table
        .filter(announcements::ends_at.is_null().or(announcements::ends_at.gt(Timestamp::now())))
        .order(announcements::id)
        .select(cols::<Announcement>())
        .load(c)?;
    if !dismissed {
        let read = read_by(c, viewer, &ids(&shown))?;
        shown.retain(|announcement| !read.contains(&announcement.id));
    }
    shown.sort_by_key(|announcement| announcement.starts_at.unwrap_or(announcement.published_at));
    Ok(shown)
}

fn ids(shown: &[Announcement]) -> Vec<AnnouncementId> {
    shown.iter().map(|announcement| announcement.id).collect()
}

/// Those of `announcements` that `viewer` has read. No query for none.
pub fn read_by(c: &mut Connection, viewer: ActorId, announcements: &[AnnouncementId]) -> Result<Vec<AnnouncementId>> {
    if announcements.is_empty() {
        return Ok(Vec::new());
    }
    let read = reads::table.filter(reads::actor_id.eq(viewer)).filter(any_of(reads::announcement_id, announcements));
    Ok(read.select(reads::announcement_id).load(c)?)
}

/// Notes that `viewer` has read an announcement; a second time changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub fn dismiss(c: &mut Connection, viewer: ActorId, id: AnnouncementId) -> Result<()> {
    get(c, id)?;
    diesel::insert_into(reads::table)
        .values((reads::announcement_id.eq(id), reads::actor_id.eq(viewer), reads::created_at.eq(Timestamp::now())))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

/// How often somebody reacted so to an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// To what.
    pub announcement: AnnouncementId,
    /// A Unicode emoji, or the shortcode of a custom one.
    pub name: String,
    /// How many people did.
    pub count: i64,
    /// Whether the viewer did.
    pub me: bool,
}

/// The reactions to `announcements`, those of each in the order in which they appeared. One query.
pub fn reactions_to(c: &mut Connection, viewer: Option<ActorId>, announcements: &[AnnouncementId]) -> Result<Vec<Reaction>> {
    if announcements.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(AnnouncementId, String, i64, i64)> = written::<(BigInt, SqlText, BigInt, BigInt)>(
        "SELECT r.announcement_id, r.name, COUNT(*), SUM(CASE WHEN r.actor_id = :viewer THEN 1 ELSE 0 END) \
         FROM announcement_reactions r WHERE r.announcement_id IN :announcements \
         GROUP BY r.announcement_id, r.name ORDER BY r.announcement_id, MIN(r.created_at), r.name",
    )
    .number("viewer", viewer.map_or(0, |viewer| viewer.0))
    .numbers("announcements", announcements)
    .load(c)?;
    let reaction = |(announcement, name, count, mine)| Reaction { announcement, name, count, me: mine > 0 };
    Ok(rows.into_iter().map(reaction).collect())
}

/// `viewer` reacts to an announcement; a second time changes nothing.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] naming `name` when it is no emoji, and `base` when there are [`MOST_REACTIONS`]
/// others.
pub fn react(c: &mut Connection, viewer: ActorId, id: AnnouncementId, name: &str) -> Result<()> {
    get(c, id)?;
    if !text::emoji::is_unicode_emoji(name) && emojis::used(c, &[name.to_owned()])?.is_empty() {
        return Err(Error::invalid("name", Flaw::Invalid, "is not a recognized emoji"));
    }
    let there = reactions_to(c, None, &[id])?;
    if there.len() >= MOST_REACTIONS && there.iter().all(|reaction| reaction.name != name) {
        return Err(Error::invalid("base", Flaw::Invalid, "Limit of different reactions reached"));
    }
    let made = diesel::insert_into(reactions::table)
        .values((
            reactions::announcement_id.eq(id),
            reactions::name.eq(name),
            reactions::actor_id.eq(viewer),
            reactions::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if made > 0 {
        after_commit(Event::AnnouncementReacted { announcement: id, name: name.to_owned() });
    }
    Ok(())
}

/// `viewer` takes a reaction back; one that is not there does not matter.
///
/// # Errors
/// [`Error::NotFound`] for an announcement that is not there.
pub fn unreact(c: &mut Connection, viewer: ActorId, id: AnnouncementId, name: &str) -> Result<()> {
    get(c, id)?;
    let own = reactions::table.find((id, name, viewer));
    if diesel::delete(own).execute(c)? > 0 {
        after_commit(Event::AnnouncementReacted { announcement: id, name: name.to_owned() });
    }
    Ok(())
}

/// The languages in which these people read, as they chose.
pub fn locales(c: &mut Connection, people: &[ActorId]) -> Result<Vec<(ActorId, String)>> {
    Ok(users::table.filter(any_of(users::actor_id, people)).select((users::actor_id, users::locale)).load(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn said(text: &str) -> NewAnnouncement {
        NewAnnouncement { texts: vec![(Some("en".into()), text.into())], ..NewAnnouncement::default() }
    }

    #[test]
    fn an_announcement_knows_what_it_speaks_of() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let post = say(c, ali.id, "hello");
                let letter = publish(c, ali.id, crate::publish::Draft { visibility: Some(Visibility::Direct), ..draft("x") });
                let mut new = said(&format!("@ali @nobody says {} and {} #Tea", post.uri, letter.uri));
                new.texts.push((Some("ar".into()), "أهلا #شاي".into()));
                let made = create(c, &site(), new)?;
                assert_eq!(made.mentions.0, [ali.id]);
                assert_eq!(made.statuses.0, [post.id]);
                assert_eq!(made.hashtags.0, ["Tea", "شاي"]);
                assert_eq!(made.text_for("ar-EG").unwrap().text, "أهلا #شاي");
                assert!(made.text_for("fr").unwrap().html.contains("class=\"u-url mention\""));
                assert_eq!(all(c)?, [made]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn it_is_shown_until_it_is_read_or_over() {
        TestDb::new()
            .write_now(|c| {
                let (ali, badr) = (local(c, "ali").id, local(c, "badr").id);
                let now = Timestamp::now();
                let second = create(c, &site(), said("second"))?.id;
                let first = create(
                    c,
                    &site(),
                    NewAnnouncement { starts_at: Some(now.plus_seconds(-9)), all_day: true, ..said("first") },
                )?;
                let over = create(c, &site(), NewAnnouncement { ends_at: Some(now), ..said("over") })?.id;
                assert!(first.all_day);
                let shown = |c: &mut Connection, viewer, dismissed| Ok::<_, Error>(ids(&current(c, viewer, dismissed)?));
                assert_eq!(shown(c, ali, false)?, [first.id, second]);
                dismiss(c, ali, second)?;
                dismiss(c, ali, second)?;
                assert_eq!(shown(c, ali, false)?, [first.id]);
                assert_eq!(shown(c, ali, true)?, [first.id, second]);
                assert_eq!(read_by(c, ali, &[first.id, second])?, [second]);
                assert_eq!(shown(c, badr, false)?, [first.id, second]);
                assert!(matches!(dismiss(c, ali, over), Err(Error::NotFound(_))));
                delete(c, first.id)?;
                assert!(matches!(delete(c, first.id), Err(Error::NotFound(_))));
                assert_eq!(shown(c, badr, false)?, [second]);
                let backwards = NewAnnouncement { starts_at: Some(now), ends_at: Some(now.plus_seconds(-1)), ..said("x") };
                for bad in [said(" "), NewAnnouncement::default(), said(&"x".repeat(TEXT_LIMIT + 1)), backwards] {
                    assert!(matches!(create(c, &site(), bad), Err(Error::Invalid(_))));
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn people_react_with_emoji_of_which_there_are_not_too_many() {
        TestDb::new()
            .write_now(|c| {
                let (ali, badr) = (local(c, "ali").id, local(c, "badr").id);
                let id = create(c, &site(), said("hello"))?.id;
                let count = |c: &mut Connection| -> Result<Vec<(String, i64, bool)>> {
                    let reactions = reactions_to(c, Some(ali), &[id])?;
                    Ok(reactions.into_iter().map(|r| (r.name, r.count, r.me)).collect())
                };
                react(c, badr, id, "🌍")?;
                for _ in 0..2 {
                    react(c, ali, id, "🌍")?;
                }
                react(c, badr, id, "👨‍👩‍👧")?;
                assert_eq!(count(c)?, [("🌍".into(), 2, true), ("👨‍👩‍👧".into(), 1, false)]);
                for bad in ["x", "", "🌍🌍", "nosuchemoji"] {
                    assert!(matches!(react(c, ali, id, bad), Err(Error::Invalid(_))), "{bad}");
                }
                for name in ["1️⃣", "🇪🇬", "❤️", "☕", "😀", "🏽"] {
                    react(c, badr, id, name)?;
                }
                assert!(matches!(react(c, ali, id, "🍌"), Err(Error::Invalid(_))));
                react(c, ali, id, "😀")?;
                unreact(c, ali, id, "🌍")?;
                unreact(c, ali, id, "🌍")?;
                // Which of several of the same millisecond comes first is not said.
                assert!(count(c)?.contains(&("🌍".into(), 1, false)));
                Ok(())
            })
            .unwrap();
    }
}
