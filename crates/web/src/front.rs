//! The front page: what the server is, how to join, and the latest that was said here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use askama::Template;
use majlis_local::feeds::{self, Reach};
use majlis_local::registrations::Registrations;
use majlis_local::settings::Rule;
use majlis_local::stats::{self, Counts};
use majlis_local::{Page, instances};

use crate::cards::{Card, Rows};
use crate::error::{Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::state::Web;
use crate::words::Words;

/// Posts on the front page.
const LATEST: i64 = 10;
/// How many times longer than it took to count is waited before it is done again.
const PATIENCE: u32 = 200;

/// People and posts here, and servers that are known. Counting reads every account: the longer it takes, the seldomer it is
/// done.
async fn numbers(web: &Web) -> Result<Arc<(Counts, i64)>> {
    if let Some(numbers) = web.numbers.fresh() {
        return Ok(numbers);
    }
    let started = Instant::now();
    let counted = web.db.read(|c| Ok((stats::counts(c)?, instances::count_peers(c)?))).await?;
    let pause = (started.elapsed() * PATIENCE).clamp(Duration::from_secs(1), Duration::from_secs(60));
    Ok(web.numbers.keep(counted, pause))
}

/// The sentence about who may join.
pub fn joining(mode: Registrations) -> Key {
    match mode {
        Registrations::Open => Key("front-open"),
        Registrations::Approval => Key("front-approval"),
        Registrations::Invite => Key("front-invite"),
        Registrations::Closed => Key("front-closed"),
    }
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front<'a> {
    f: Frame<'a>,
    t: &'a Words,
    description: &'a str,
    registrations: &'static str,
    counts: Counts,
    servers: i64,
    rules: &'a [Rule],
    domain: &'a str,
    cards: Vec<Card<'a>>,
}

/// `GET /`.
///
/// # Errors
/// The database's.
pub async fn show(visit: Visit) -> Result<HttpResponse> {
    let numbers = numbers(&visit.web).await?;
    let rows = visit
        .web
        .db
        .read(|c| {
            let latest = feeds::public(c, None, Reach::Local, false, &Page::newest(LATEST))?;
            Rows::load(c, latest.items)
        })
        .await?;
    let t = visit.words();
    let about = &visit.about;
    let said = Some(about.short_description.as_str()).filter(|text| !text.is_empty());
    let description = said.unwrap_or_else(|| t.say("front-lead"));
    let head = Head::public(about.title.clone(), description.to_owned(), format!("{}/", visit.site().origin()));
    let page = Front {
        f: Frame::new(&visit, head),
        t,
        description,
        registrations: joining(visit.web.config.registrations).0,
        counts: numbers.0,
        servers: numbers.1,
        rules: &about.rules,
        domain: visit.site().domain(),
        cards: rows.cards(visit.site()),
    };
    visit.page(&page, Keep::Shared)
}
