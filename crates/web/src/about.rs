//! What the server says of itself: its description, rules and contact; and what it does with what people give it.

use actix_web::HttpResponse;
use askama::Template;

use crate::error::Result;
use crate::frame::{Frame, Head, Keep, Visit};
use crate::front;
use crate::words::Words;
use majlis_local::settings::About;
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
