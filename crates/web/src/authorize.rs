//! The page on which a person lets an app in, or not (RFC 6749 §4.1.1). The rules are [`majlis_local::authorizations`]'s.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::authorizations::{self, Answer, Authorization, Fault, Refusal, Request};
use majlis_local::scopes::Scopes;

use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::html;
use crate::language::Language;
use crate::log_in;
use crate::people::{self, Face};
use crate::words::Words;

/// Longer codes are none of ours.
const CODE_LIMIT: usize = 200;

#[derive(Template)]
#[template(path = "authorize.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    app: &'a str,
    website: Option<&'a str>,
    initial: String,
    hue: u32,
    grants: Vec<Grant>,
    face: Face<'a>,
    handle: String,
    other: String,
    fields: Vec<(&'static str, &'a str)>,
}

/// Something that the app would be allowed to do.
#[derive(Debug)]
pub struct Grant {
    /// A sentence.
    pub words: String,
    /// Whether it is more than most apps need.
    pub is_strong: bool,
}

/// `GET /oauth/authorize`.
///
/// # Errors
/// [`Error::Bad`] for a request whose answer has no address to go to, and the database's.
pub async fn ask(req: HttpRequest, visit: Visit, query: Option<web::Query<Request>>) -> Result<HttpResponse> {
    let request = query.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let authorization = match check(&visit, &request).await? {
        Ok(authorization) => authorization,
        Err(refusal) => return refuse(&visit, &refusal),
    };
    let (forced, address) = without_force(&req);
    let Some(person) = visit.person.as_ref().filter(|_| !forced) else {
        return Ok(visit.go(&log_in::address(&address, forced)));
    };
    let t = visit.words();
    let app = authorization.app.name.as_str();
    let mut head = Head::private(visit.titled(&t.with("authorize-title", &[("name", app)])));
    head.is_bare = true;
    let site = visit.site();
    let website = authorization.app.website.as_deref().filter(|url| people::is_web(url));
    let page = Page {
        f: Frame::new(&visit, head),
        t,
        app,
        website,
        initial: html::initial(app, "?"),
        hue: html::hue(app),
        grants: grants(t, authorization.scopes),
        face: Face::new(site, &person.actor),
        handle: people::full_handle(site, &person.actor),
        other: log_in::address(&address, true),
        fields: [
            ("response_type", &request.response_type),
            ("client_id", &request.client_id),
            ("redirect_uri", &request.redirect_uri),
            ("scope", &request.scope),
            ("state", &request.state),
            ("code_challenge", &request.code_challenge),
            ("code_challenge_method", &request.code_challenge_method),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
        .collect(),
    };
    visit.page_leading_away(&page)
}

/// What the form adds to the request.
#[derive(Debug, serde::Deserialize)]
pub struct Decision {
    token: String,
    answer: String,
    #[serde(flatten)]
    request: Request,
}

/// `POST /oauth/authorize`.
///
/// # Errors
/// [`Error::Forged`], [`Error::Bad`], and the database's.
pub async fn decide(req: HttpRequest, visit: Visit, form: Option<web::Form<Decision>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let authorization = match check(&visit, &form.request).await? {
        Ok(authorization) => authorization,
        Err(refusal) => return refuse(&visit, &refusal),
    };
    let actor = person.actor.id;
    let answer = match form.answer.as_str() {
        "allow" => visit.web.db.write(move |c| authorization.approve(c, actor)).await?,
        "deny" => authorization.deny(),
        _ => return Err(Error::Bad(Key("error-bad-form"))),
    };
    Ok(match answer {
        Answer::Redirect(url) => visit.go(&url),
        Answer::ShowCode(code) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("code", &code).finish();
            visit.go(&format!("/oauth/authorize/native?{query}"))
        }
        Answer::ShowRefusal => visit.go("/oauth/authorize/native?error=access_denied"),
    })
}

/// `DELETE /oauth/authorize`: the other button, as Mastodon's form sends it.
///
/// # Errors
/// Those of [`decide`].
pub async fn deny(req: HttpRequest, visit: Visit, form: Option<web::Form<Denial>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let decision = Decision { token: form.token, answer: "deny".to_owned(), request: form.request };
    decide(req, visit, Some(web::Form(decision))).await
}

/// The form of [`deny`].
#[derive(Debug, serde::Deserialize)]
pub struct Denial {
    token: String,
    #[serde(flatten)]
    request: Request,
}

/// The query of [`native`].
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Native {
    code: String,
}

#[derive(Template)]
#[template(path = "native.html")]
struct NativePage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    code: &'a str,
}

/// `GET /oauth/authorize/native`: shows the code to those whose app cannot be redirected to.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn native(visit: Visit, query: web::Query<Native>) -> Result<HttpResponse> {
    let t = visit.words();
    let code = Some(query.code.as_str()).filter(|code| code.len() <= CODE_LIMIT).unwrap_or("");
    let title = if code.is_empty() { t.say("authorize-denied") } else { t.say("authorize-code") };
    let mut head = Head::private(visit.titled(title));
    head.is_bare = true;
    visit.page_with(StatusCode::OK, &NativePage { f: Frame::new(&visit, head), t, code }, Keep::Private)
}

async fn check(visit: &Visit, request: &Request) -> Result<Result<Authorization, Refusal>> {
    let request = request.clone();
    Ok(visit.web.db.read(move |c| authorizations::check(c, &request)).await?)
}

fn refuse(visit: &Visit, refusal: &Refusal) -> Result<HttpResponse> {
    match &refusal.redirect {
        Some(url) => Ok(visit.go(url)),
        None => Err(Error::Bad(match refusal.fault {
            Fault::UnknownApp => Key("authorize-client"),
            Fault::RedirectUri => Key("authorize-redirect"),
            Fault::ResponseType => Key("authorize-response-type"),
            Fault::Scope => Key("authorize-scope"),
            Fault::Challenge => Key("authorize-challenge"),
        })),
    }
}

/// Whether `force_login` is asked for, and the address without it: to come back to once that is done.
fn without_force(req: &HttpRequest) -> (bool, String) {
    let mut forced = false;
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(req.query_string().as_bytes()) {
        if name == "force_login" {
            forced = matches!(value.as_ref(), "true" | "True" | "1" | "on");
        } else {
            rest.append_pair(&name, &value);
        }
    }
    (forced, format!("{}?{}", req.path(), rest.finish()))
}

/// The scopes in words: wide ones each on a line, narrow ones together.
pub fn grants(t: &Words, scopes: Scopes) -> Vec<Grant> {
    let mut grants = Vec::new();
    let mut some: [(&str, &str, bool, Vec<&str>); 4] = [
        ("read:", "scope-some-read", false, Vec::new()),
        ("write:", "scope-some-write", false, Vec::new()),
        ("admin:read:", "scope-some-admin-read", true, Vec::new()),
        ("admin:write:", "scope-some-admin-write", true, Vec::new()),
    ];
    for scope in scopes.iter() {
        let word = scope.word();
        match some.iter_mut().find_map(|(start, _, _, of)| word.strip_prefix(*start).map(|rest| (of, rest))) {
            Some((of, rest)) => of.push(t.lookup(&format!("scope-{}", rest.replace('_', "-")))),
            None => grants.push(Grant {
                words: t.lookup(&format!("scope-{}", word.replace(':', "-"))).to_owned(),
                is_strong: word.starts_with("admin"),
            }),
        }
    }
    let comma = if t.locale().language == Language::Arabic { "، " } else { ", " };
    for (_, key, is_strong, of) in some {
        if !of.is_empty() {
            let (before, after) = t.around(key);
            grants.push(Grant { words: format!("{before}{}{after}", of.join(comma)), is_strong });
        }
    }
    grants
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Digits, Locale};
    use crate::words::Dictionary;
    use majlis_local::scopes::Scope;

    #[test]
    fn every_scope_has_words_in_both_languages() {
        let dictionary = Dictionary::new();
        for language in Language::ALL {
            let t = dictionary.of(Locale { language, digits: Digits::Western });
            for scope in Scope::ALL {
                let words = grants(t, Scopes::from_iter([*scope])).pop().unwrap().words;
                assert!(!words.contains("scope-") && !words.is_empty(), "{scope}: {words}");
            }
            assert_eq!(grants(t, Scopes::parse("read write:statuses write:media").unwrap()).len(), 2);
        }
    }
}
