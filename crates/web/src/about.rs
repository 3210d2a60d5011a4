//! What the server says of itself: its description, rules and contact; and what it does with what people give it.

use actix_web::HttpResponse;
use actix_web::web::Path;
use askama::Template;
use chrono::NaiveTime;

use crate::error::{Error, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::front;
use crate::words::Words;
use majlis_local::Timestamp;
use majlis_local::settings::About;
use majlis_local::terms::{self, NaiveDate};
use majlis_local::text::sanitise;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    heading: String,
    about: &'a About,
    extended: String,
    registrations: &'static str,
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct Privacy<'a> {
    f: Frame<'a>,
    t: &'a Words,
    /// The admin's own text, as HTML; empty when there is none.
    policy: String,
}

#[derive(Template)]
#[template(path = "terms.html")]
struct TermsPage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    effective: String,
    /// The day of the next version, and its address.
    next: Option<(String, String)>,
    content: String,
}

/// `GET /about`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn show(visit: Visit) -> Result<HttpResponse> {
    let (t, about) = (visit.words(), &visit.about);
    let heading = t.with("about-title", &[("name", &about.title)]);
    let description = if about.short_description.is_empty() { t.say("front-lead") } else { &about.short_description };
    let head = Head::public(heading.clone(), description.to_owned(), format!("{}/about", visit.site().origin()));
    let page = AboutPage {
        f: Frame::new(&visit, head),
        t,
        heading,
        about,
        extended: sanitise(&about.extended_description),
        registrations: front::joining(visit.web.config.registrations).0,
    };
    visit.page(&page, Keep::Shared)
}

/// `GET /privacy-policy`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn privacy(visit: Visit) -> Result<HttpResponse> {
    let t = visit.words();
    let title = visit.titled(t.say("privacy-title"));
    let head = Head::public(title, t.say("privacy-title").to_owned(), format!("{}/privacy-policy", visit.site().origin()));
    visit.page(&Privacy { f: Frame::new(&visit, head), t, policy: sanitise(&visit.about.privacy_policy) }, Keep::Shared)
}

/// `GET /terms-of-service`: those that count today, else those that will first.
///
/// # Errors
/// [`Error::NotFound`] when there are none.
pub async fn terms(visit: Visit) -> Result<HttpResponse> {
    let found = visit.web.db.read(terms::current).await?;
    terms_page(&visit, &found, "/terms-of-service".to_owned())
}

/// `GET /terms-of-service/{date}`: those that count, or counted, from that day on.
///
/// # Errors
/// [`Error::NotFound`] when there are none of that day.
pub async fn terms_of_day(visit: Visit, date: Path<String>) -> Result<HttpResponse> {
    let day: NaiveDate = date.parse().map_err(|_| Error::NotFound)?;
    let found = visit.web.db.read(move |c| terms::of_day(c, day)).await?;
    terms_page(&visit, &found, format!("/terms-of-service/{day}"))
}

fn terms_page(visit: &Visit, found: &terms::Found, path: String) -> Result<HttpResponse> {
    let t = visit.words();
    let title = visit.titled(t.say("terms-title"));
    let head = Head::public(title, t.say("terms-title").to_owned(), format!("{}{path}", visit.site().origin()));
    let day = |date: NaiveDate| t.date(Timestamp(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis()));
    let page = TermsPage {
        f: Frame::new(visit, head),
        t,
        effective: t.with("terms-effective", &[("date", &day(found.terms.effective))]),
        next: found.succeeded_by.map(|next| (t.with("terms-next", &[("date", &day(next))]), format!("/terms-of-service/{next}"))),
        content: sanitise(&found.terms.content),
    };
    visit.page(&page, Keep::Shared)
}
