//! Trends: hashtags, posts and links that more people than usual have taken up of late. A chore makes them anew every few
//! minutes, out of a bounded number of rows; whoever asks reads one small table.
//!
//! Only public posts count. How many different people stand behind something matters, not how often they do it; what
//! happened long ago counts for less. A moderator's word ([`Review`]) goes before everything else.

mod links;

use std::collections::HashMap;

pub use links::links;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::codes::stored_enum;
use crate::connection::{Connection, PortableDsl, any_of, any_text, select_written, written};
use crate::error::{Error, Result};
use crate::hashtags::{DAY, Hashtag};
use crate::ids::{ActorId, HashtagId, LikeId, PostId};
use crate::on_each;
use crate::posts::Post;
use crate::schema::{
    actors, cards as cards_table, hashtags, posts, trend_reviews, trending_links, trending_posts, trending_tags,
};
use crate::settings::{self, Trends};
use crate::time::Timestamp;
use crate::visibility::{Visibility, condition, welcome};

stored_enum! {
    /// What can trend, or be kept from it.
    Subject {
        /// A hashtag, named by its key.
        Tag = 0 "tag",
        /// A post, named by its id.
        Post = 1 "status",
        /// An author with all posts, named by the handle: `ali`, `ali@example.org`.
        Author = 2 "author",
        /// A link, named by its address.
        Link = 3 "link",
        /// A website with all links, named by its domain.
        Publisher = 4 "publisher",
    }
}

/// Different people that something needs to trend.
pub const LEAST_PEOPLE: i64 = 3;
/// Hashtags, posts and links that trend at once.
const MOST: usize = 100;
/// Hashtags of which each run looks at more than their numbers.
const CANDIDATES: i64 = 500;
/// Likes and boosts that each run looks at, the latest of each.
const EVENTS: i64 = 20_000;
/// Seconds after which a like or boost counts half.
const POST_HALF_LIFE: i64 = 6 * 3_600;
/// Seconds within which a like or boost counts at all.
const POST_MEMORY: i64 = 48 * 3_600;
/// Seconds after which a hashtag's peak has sunk to a half.
const TAG_HALF_LIFE: i64 = 4 * 3_600;
/// Days that tell how often a hashtag is used as a rule.
const TAG_DAYS: i64 = 7;
/// A lower score is no trend (any more).
const LEAST_SCORE: f64 = 1.0;
/// Posts that tell a hashtag's language.
const LANGUAGE_SAMPLE: i64 = 50;

/// How much of something is left after `seconds`.
fn decay(seconds: i64, half_life: i64) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    0.5_f64.powf(seconds.max(0) as f64 / half_life as f64)
}

/// How unusual it is that `observed` people do what `expected` do as a rule.
fn surprise(observed: f64, expected: f64) -> f64 {
    let expected = expected.max(1.0);
    if observed <= expected { 0.0 } else { (observed - expected).powi(2) / expected }
}

/// What a moderator said of it; by subject.
fn reviews(c: &mut Connection, kind: Subject, subjects: impl IntoIterator<Item = String>) -> Result<HashMap<String, bool>> {
    let rows: Vec<(String, bool)> = trend_reviews::table
        .filter(trend_reviews::kind.eq(kind))
        .filter(any_text(trend_reviews::subject, subjects))
        .select((trend_reviews::subject, trend_reviews::allowed))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// Lets something trend, or keeps it from that, now and later.
///
/// # Errors
/// [`Error::NotFound`] for a hashtag, a post or an author that is not known here.
pub fn review(c: &mut Connection, kind: Subject, subject: &str, allowed: bool) -> Result<()> {
    let subject = subject.trim();
    let subject = match kind {
        Subject::Tag => crate::hashtags::by_name(c, subject)?.ok_or(Error::NotFound("hashtag"))?.name,
        Subject::Post => {
            let id: PostId = subject.parse().map_err(|_| Error::NotFound("post"))?;
            crate::posts::get(c, id)?.id.to_string()
        }
        Subject::Author => {
            let handle = crate::text::Handle::parse(subject).ok_or(Error::NotFound("account"))?;
            let found = crate::actors::by_handle(c, &handle.name, handle.domain.as_deref())?;
            found.ok_or(Error::NotFound("account"))?.acct().to_lowercase()
        }
        Subject::Link => subject.to_owned(),
        Subject::Publisher => subject.to_lowercase(),
    };
    diesel::insert_into(trend_reviews::table)
        .values((
            trend_reviews::kind.eq(kind),
            trend_reviews::subject.eq(&subject),
            trend_reviews::allowed.eq(allowed),
            trend_reviews::reviewed_at.eq(Timestamp::now()),
        ))
        .on_conflict((trend_reviews::kind, trend_reviews::subject))
        .do_update()
        .set((trend_reviews::allowed.eq(allowed), trend_reviews::reviewed_at.eq(Timestamp::now())))
        .portable()
        .execute(c)?;
    refresh(c, Timestamp::now()).map(drop)
}

/// Makes all trends anew. Gives back how many there are.
pub fn refresh(c: &mut Connection, now: Timestamp) -> Result<usize> {
    let policy = settings::trends(c)?;
    if policy == Trends::Off {
        diesel::delete(trending_tags::table).execute(c)?;
        diesel::delete(trending_posts::table).execute(c)?;
        diesel::delete(trending_links::table).execute(c)?;
        return Ok(0);
    }
    Ok(refresh_tags(c, policy, now)? + refresh_posts(c, policy, now)? + links::refresh(c, policy, now)?)
}

/// A row of what trends.
struct Scored<I> {
    id: I,
    score: f64,
    language: Option<String>,
    allowed: bool,
}

fn best_first<I>(rows: &mut [Scored<I>]) {
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// What enough people stand behind, the highest score first: the sum of what their latest deeds still weigh.
fn by_people<I: Copy>(people: HashMap<I, HashMap<ActorId, f64>>) -> Vec<Scored<I>> {
    let enough = usize::try_from(LEAST_PEOPLE).unwrap_or_default();
    let mut rows: Vec<Scored<I>> = people
        .into_iter()
        .filter(|(_, people)| people.len() >= enough)
        .map(|(id, people)| Scored { id, score: people.values().sum(), language: None, allowed: false })
        .collect();
    best_first(&mut rows);
    rows
}

/// People who used a hashtag in the last 24 hours (yesterday counts for what of it lies in them) against those of a usual day.
fn refresh_tags(c: &mut Connection, policy: Trends, now: Timestamp) -> Result<usize> {
    let today = now.millis().div_euclid(DAY);
    #[allow(clippy::cast_precision_loss)]
    let left_of_yesterday = 1.0 - now.millis().rem_euclid(DAY) as f64 / DAY as f64;
    let before: Vec<(HashtagId, f64, Timestamp)> =
        trending_tags::table.select((trending_tags::hashtag_id, trending_tags::peak, trending_tags::peaked_at)).load(c)?;
    let sql = format!(
        "SELECT d.hashtag_id, CAST(SUM(CASE WHEN d.day = :today THEN d.accounts ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN d.day = :today - 1 THEN d.accounts ELSE 0 END) AS BIGINT), \
         CAST(SUM(CASE WHEN d.day < :today - 1 THEN d.accounts ELSE 0 END) AS BIGINT) \
         FROM (SELECT n.hashtag_id AS id FROM hashtag_days n WHERE n.day >= :today - 1 AND n.day <= :today GROUP BY n.hashtag_id \
           ORDER BY SUM(n.accounts) DESC, n.hashtag_id LIMIT {CANDIDATES}) found CROSS JOIN hashtag_days d \
         WHERE d.hashtag_id = found.id AND d.day > :today - {TAG_DAYS} - 2 AND d.day <= :today GROUP BY d.hashtag_id"
    );
    let counted: Vec<(HashtagId, i64, i64, i64)> =
        written::<(BigInt, BigInt, BigInt, BigInt)>(sql).number("today", today).load(c)?;
    let mut rows: Vec<Scored<HashtagId>> = Vec::new();
    let mut peaks: HashMap<HashtagId, (f64, Timestamp)> = HashMap::new();
    for (id, of_today, of_yesterday, usual) in counted {
        #[allow(clippy::cast_precision_loss)]
        let (observed, expected) = (of_today as f64 + of_yesterday as f64 * left_of_yesterday, usual as f64 / TAG_DAYS as f64);
        #[allow(clippy::cast_precision_loss)]
        let fresh = if observed < LEAST_PEOPLE as f64 { 0.0 } else { surprise(observed, expected) };
        let sunk = before
            .iter()
            .find(|(known, ..)| *known == id)
            .map(|(_, peak, at)| (*peak, *at, peak * decay((now.millis() - at.millis()) / 1_000, TAG_HALF_LIFE)));
        let (score, peak, peaked_at) = match sunk {
            Some((peak, at, sunk)) if sunk > fresh => (sunk, peak, at),
            _ => (fresh, fresh, now),
        };
        if score >= LEAST_SCORE {
            rows.push(Scored { id, score, language: None, allowed: false });
            peaks.insert(id, (peak, peaked_at));
        }
    }
    best_first(&mut rows);
    rows.truncate(MOST);
    let ids: Vec<HashtagId> = rows.iter().map(|row| row.id).collect();
    let keys: Vec<(HashtagId, String)> =
        hashtags::table.filter(any_of(hashtags::id, &ids)).select((hashtags::id, hashtags::name)).load(c)?;
    let keys: HashMap<HashtagId, String> = keys.into_iter().collect();
    let said = reviews(c, Subject::Tag, keys.values().cloned())?;
    for row in &mut rows {
        row.language = language_of_tag(c, row.id)?;
        row.allowed = keys.get(&row.id).and_then(|key| said.get(key)).copied().unwrap_or(policy == Trends::Automatic);
    }
    diesel::delete(trending_tags::table).execute(c)?;
    let values: Vec<_> = (0_i64..)
        .zip(&rows)
        .map(|(position, row)| {
            let (peak, peaked_at) = peaks.get(&row.id).copied().unwrap_or((row.score, now));
            (
                trending_tags::hashtag_id.eq(row.id),
                trending_tags::score.eq(row.score),
                trending_tags::peak.eq(peak),
                trending_tags::peaked_at.eq(peaked_at),
                trending_tags::language.eq(&row.language),
                trending_tags::allowed.eq(row.allowed),
                trending_tags::position.eq(position),
            )
        })
        .collect();
    if !values.is_empty() {
        on_each!(c => diesel::insert_into(trending_tags::table).values(&values).execute(c))?;
    }
    Ok(rows.len())
}

/// The language of most of a hashtag's latest posts.
fn language_of_tag(c: &mut Connection, tag: HashtagId) -> Result<Option<String>> {
    let sql = format!(
        "SELECT s.language FROM (SELECT p.language FROM post_hashtags h CROSS JOIN posts p WHERE h.hashtag_id = :tag \
         AND p.id = h.post_id AND p.visibility = 0 ORDER BY h.post_id DESC LIMIT {LANGUAGE_SAMPLE}) s \
         WHERE s.language IS NOT NULL GROUP BY s.language ORDER BY COUNT(*) DESC, s.language LIMIT 1"
    );
    Ok(written::<Nullable<Text>>(sql).number("tag", tag).get_result::<Option<String>>(c).optional()?.flatten())
}

/// A post that may trend: its author, the author's name and domain, its language.
type Fit = (PostId, ActorId, String, Option<String>, Option<String>);

/// Those who like or boost a post, each once and by the later deed, as far as they are not its author.
fn refresh_posts(c: &mut Connection, policy: Trends, now: Timestamp) -> Result<usize> {
    let since = now.plus_seconds(-POST_MEMORY);
    let likes: Vec<(PostId, ActorId, i64)> = written::<(BigInt, BigInt, BigInt)>(format!(
        "SELECT l.post_id, l.actor_id, l.id FROM likes l WHERE l.id > :since ORDER BY l.id DESC LIMIT {EVENTS}"
    ))
    .number("since", LikeId::first_at(since))
    .load(c)?;
    let boosts: Vec<(PostId, ActorId, i64)> = written::<(BigInt, BigInt, BigInt)>(format!(
        "SELECT p.boost_of_id, p.author_id, p.id FROM posts p WHERE p.boost_of_id IS NOT NULL AND p.deleted_at IS NULL \
         AND p.id > :since ORDER BY p.id DESC LIMIT {EVENTS}"
    ))
    .number("since", PostId::first_at(since))
    .load(c)?;
    let mut people: HashMap<PostId, HashMap<ActorId, f64>> = HashMap::new();
    for (post, actor, id) in likes.into_iter().chain(boosts) {
        let weight = decay((now.millis() - PostId(id).time().millis()) / 1_000, POST_HALF_LIFE);
        let known = people.entry(post).or_default().entry(actor).or_insert(0.0);
        *known = known.max(weight);
    }
    let mut rows = by_people(people);
    rows.truncate(4 * MOST);
    let ids: Vec<PostId> = rows.iter().map(|row| row.id).collect();
    // Posts of those who let themselves be found, which nobody has to be warned of, and which answer nobody.
    let fit: Vec<Fit> = posts::table
        .inner_join(actors::table)
        .filter(any_of(posts::id, &ids))
        .filter(posts::visibility.eq(Visibility::Public))
        .filter(posts::deleted_at.is_null())
        .filter(posts::boost_of_id.is_null())
        .filter(posts::in_reply_to_uri.is_null())
        .filter(posts::sensitive.eq(false))
        .filter(posts::summary.eq(""))
        .filter(actors::discoverable.eq(true))
        .filter(actors::silenced_at.is_null())
        .filter(actors::suspended_at.is_null())
        .filter(actors::deleted_at.is_null())
        .select((posts::id, posts::author_id, actors::username_key, actors::domain, posts::language))
        .load(c)?;
    let acct = |key: &str, domain: &Option<String>| match domain {
        Some(domain) => format!("{key}@{domain}"),
        None => key.to_owned(),
    };
    let of_posts = reviews(c, Subject::Post, fit.iter().map(|(id, ..)| id.to_string()))?;
    let of_authors = reviews(c, Subject::Author, fit.iter().map(|(_, _, key, domain, _)| acct(key, domain)))?;
    let mut authors = Vec::new();
    rows.retain_mut(|row| {
        let Some((id, author, key, domain, language)) = fit.iter().find(|(id, ..)| *id == row.id) else { return false };
        if authors.contains(author) {
            return false;
        }
        authors.push(*author);
        row.language.clone_from(language);
        let said = of_posts.get(&id.to_string()).or_else(|| of_authors.get(&acct(key, domain)));
        row.allowed = said.copied().unwrap_or(policy == Trends::Automatic);
        true
    });
    rows.truncate(MOST);
    diesel::delete(trending_posts::table).execute(c)?;
    let values: Vec<_> = (0_i64..)
        .zip(&rows)
        .map(|(position, row)| {
            (
                trending_posts::post_id.eq(row.id),
                trending_posts::score.eq(row.score),
                trending_posts::language.eq(&row.language),
                trending_posts::allowed.eq(row.allowed),
                trending_posts::position.eq(position),
            )
        })
        .collect();
    if !values.is_empty() {
        on_each!(c => diesel::insert_into(trending_posts::table).values(&values).execute(c))?;
    }
    Ok(rows.len())
}

/// The languages of whoever looks, first those that matter most, as SQL compares them: `"ar""en"`.
fn quoted(languages: &[String]) -> String {
    languages.iter().map(|code| format!("\"{code}\"")).collect()
}

/// An SQL order: what is in a language of `:languages` first, then by position.
const BY_LANGUAGE: &str = "ORDER BY CASE WHEN t.language IS NOT NULL AND :languages LIKE '%\"' || t.language || '\"%' \
     THEN 0 ELSE 1 END, t.position LIMIT :limit OFFSET :offset";

/// The hashtags that trend, those of posts in `languages` first.
pub fn tags(c: &mut Connection, languages: &[String], limit: i64, offset: i64) -> Result<Vec<Hashtag>> {
    let sql = format!(
        "FROM trending_tags t CROSS JOIN hashtags WHERE hashtags.id = t.hashtag_id AND t.allowed {}",
        BY_LANGUAGE.replace(":languages", "CAST(:languages AS TEXT)")
    );
    Ok(select_written::<Hashtag>(sql)
        .text("languages", quoted(languages))
        .number("limit", limit)
        .number("offset", offset)
        .load(c)?)
}

/// The posts that trend and `viewer` may see and does not mute, those in `languages` first.
pub fn statuses(c: &mut Connection, viewer: Option<ActorId>, languages: &[String], limit: i64, offset: i64) -> Result<Vec<Post>> {
    let sql = format!(
        "FROM trending_posts t CROSS JOIN posts CROSS JOIN actors a WHERE t.allowed AND posts.id = t.post_id \
         AND a.id = posts.author_id AND posts.visibility = 0 AND a.discoverable AND a.silenced_at IS NULL AND {} AND {} {}",
        condition(":viewer", "posts", "a"),
        welcome(":viewer", "posts.author_id", "a"),
        BY_LANGUAGE.replace(":languages", "CAST(:languages AS TEXT)")
    );
    Ok(select_written::<Post>(sql)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("now", Timestamp::now().millis())
        .text("languages", quoted(languages))
        .number("limit", limit)
        .number("offset", offset)
        .load(c)?)
}

/// Something that trends, for whoever reviews it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub kind: Subject,
    /// Its name, as [`review`] takes it.
    pub subject: String,
    /// What people see: a hashtag, the address of a post.
    pub shown: String,
    /// How much it trends.
    pub score: f64,
    /// Of most of it.
    pub language: Option<String>,
    /// Whether people are shown it.
    pub allowed: bool,
}

/// Subject, what people see, score, language, allowed.
type Row = (String, String, f64, Option<String>, bool);

/// Everything that trends, what trends most first.
pub fn candidates(c: &mut Connection) -> Result<Vec<Candidate>> {
    let tags: Vec<Row> = trending_tags::table
        .inner_join(hashtags::table)
        .order(trending_tags::position)
        .select((hashtags::name, hashtags::display_name, trending_tags::score, trending_tags::language, trending_tags::allowed))
        .load(c)?;
    let found: Vec<(PostId, String, f64, Option<String>, bool)> = trending_posts::table
        .inner_join(posts::table)
        .order(trending_posts::position)
        .select((posts::id, posts::uri, trending_posts::score, trending_posts::language, trending_posts::allowed))
        .load(c)?;
    let links: Vec<Row> = trending_links::table
        .inner_join(cards_table::table)
        .order(trending_links::position)
        .select((cards_table::url, cards_table::title, trending_links::score, trending_links::language, trending_links::allowed))
        .load(c)?;
    let posts = found.into_iter().map(|(id, uri, score, language, allowed)| (id.to_string(), uri, score, language, allowed));
    let candidate = |kind: Subject| {
        move |(subject, shown, score, language, allowed): Row| Candidate { kind, subject, shown, score, language, allowed }
    };
    let tags = tags.into_iter().map(|(key, name, score, language, allowed)| (key, format!("#{name}"), score, language, allowed));
    Ok(tags
        .map(candidate(Subject::Tag))
        .chain(posts.map(candidate(Subject::Post)))
        .chain(links.into_iter().map(candidate(Subject::Link)))
        .collect())
}
