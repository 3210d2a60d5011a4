//! Links that trend: pages whose cards many people's posts show.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::{BY_LANGUAGE, EVENTS, MOST, POST_HALF_LIFE, POST_MEMORY, Subject, TAG_DAYS, by_people, decay, quoted, reviews};
use crate::cards::{self, Card};
use crate::connection::{Connection, select_written, written};
use crate::error::Result;
use crate::hashtags::{DAY, Usage};
use crate::ids::{ActorId, CardId, PostId};
use crate::json::Json;
use crate::on_each;
use crate::schema::trending_links;
use crate::settings::Trends;
use crate::time::Timestamp;

/// Those whose public posts show the card of a page, each once and by the latest post; limited authors count for nothing.
pub(super) fn refresh(c: &mut Connection, policy: Trends, now: Timestamp) -> Result<usize> {
    let shared: Vec<(CardId, ActorId, PostId, Option<String>)> = written::<(BigInt, BigInt, BigInt, Nullable<Text>)>(format!(
        "SELECT h.card_id, p.author_id, p.id, p.language FROM post_cards h CROSS JOIN posts p CROSS JOIN actors a \
             WHERE h.post_id > :since AND p.id = h.post_id AND p.visibility = 0 AND p.deleted_at IS NULL AND a.id = p.author_id \
             AND a.discoverable AND a.silenced_at IS NULL AND a.suspended_at IS NULL ORDER BY h.post_id DESC LIMIT {EVENTS}"
    ))
    .number("since", PostId::first_at(now.plus_seconds(-POST_MEMORY)))
    .load(c)?;
    let mut people: HashMap<CardId, HashMap<ActorId, f64>> = HashMap::new();
    let mut languages: HashMap<CardId, HashMap<String, usize>> = HashMap::new();
    for (card, author, post, language) in shared {
        let weight = decay((now.millis() - post.time().millis()) / 1_000, POST_HALF_LIFE);
        let known = people.entry(card).or_default().entry(author).or_insert(0.0);
        *known = known.max(weight);
        if let Some(language) = language {
            *languages.entry(card).or_default().entry(language).or_default() += 1;
        }
    }
    let mut rows = by_people(people);
    rows.truncate(MOST);
    let ids: Vec<CardId> = rows.iter().map(|row| row.id).collect();
    let cards: HashMap<CardId, Card> = cards::find_many(c, &ids)?.into_iter().map(|card| (card.id, card)).collect();
    let host =
        |card: &Card| url::Url::parse(&card.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let of_links = reviews(c, Subject::Link, cards.values().map(|card| card.url.clone()))?;
    let of_publishers = reviews(c, Subject::Publisher, cards.values().map(host))?;
    let histories = link_usage(c, &ids, now)?;
    rows.retain_mut(|row| {
        let Some(card) = cards.get(&row.id).filter(|card| card.says_something()) else { return false };
        let spoken = languages.get(&row.id).and_then(|counts| counts.iter().max_by_key(|(code, n)| (**n, code.as_str())));
        row.language = card.language.clone().or_else(|| spoken.map(|(code, _)| code.clone()));
        let said = of_links.get(&card.url).or_else(|| of_publishers.get(&host(card)));
        row.allowed = said.copied().unwrap_or(policy == Trends::Automatic);
        true
    });
    diesel::delete(trending_links::table).execute(c)?;
    let values: Vec<_> = (0_i64..)
        .zip(&rows)
        .map(|(position, row)| {
            (
                trending_links::card_id.eq(row.id),
                trending_links::score.eq(row.score),
                trending_links::language.eq(&row.language),
                trending_links::allowed.eq(row.allowed),
                trending_links::position.eq(position),
                trending_links::history.eq(Json(histories.get(&row.id).cloned().unwrap_or_default())),
            )
        })
        .collect();
    if !values.is_empty() {
        on_each!(c => diesel::insert_into(trending_links::table).values(&values).execute(c))?;
    }
    Ok(rows.len())
}

/// How often each link was shared on the days of the last week.
fn link_usage(c: &mut Connection, ids: &[CardId], now: Timestamp) -> Result<HashMap<CardId, Vec<Usage>>> {
    let rows: Vec<(CardId, i64, i64, i64)> = written::<(BigInt, BigInt, BigInt, BigInt)>(
        "SELECT h.card_id, (h.post_id >> 16) / 86400000 AS day, COUNT(*), COUNT(DISTINCT p.author_id) \
         FROM :ids AS w CROSS JOIN post_cards h CROSS JOIN posts p WHERE h.card_id = w.id AND h.post_id >= :first \
         AND p.id = h.post_id AND p.visibility = 0 AND p.deleted_at IS NULL GROUP BY h.card_id, day",
    )
    .numbers("ids", ids)
    .number("first", PostId::first_at(Timestamp((now.millis().div_euclid(DAY) - TAG_DAYS + 1) * DAY)))
    .load(c)?;
    let mut histories: HashMap<CardId, Vec<Usage>> = HashMap::new();
    for (card, day, posts, actors) in rows {
        histories.entry(card).or_default().push(Usage { day, posts, actors });
    }
    Ok(histories)
}

/// A link's history, as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = trending_links)]
struct LinkHistory {
    history: Json<Vec<Usage>>,
}

/// The pages that trend, those in `languages` first, each with how it was shared on the days of the last week.
pub fn links(c: &mut Connection, languages: &[String], limit: i64, offset: i64) -> Result<Vec<(Card, Vec<Usage>)>> {
    let sql = format!(
        "FROM trending_links CROSS JOIN cards WHERE cards.id = trending_links.card_id AND trending_links.allowed {}",
        BY_LANGUAGE.replace("t.", "trending_links.").replace(":languages", "CAST(:languages AS TEXT)")
    );
    let rows: Vec<(Card, LinkHistory)> = select_written::<(Card, LinkHistory)>(sql)
        .text("languages", quoted(languages))
        .number("limit", limit)
        .number("offset", offset)
        .load(c)?;
    Ok(rows.into_iter().map(|(card, trend)| (card, trend.history.0)).collect())
}
