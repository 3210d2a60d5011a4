//! Pages with one thing on them: a question with a form of a few fields, or a few words that say what has happened.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::error::Result;
use crate::frame::{Frame, Head, Keep, Visit};
use crate::words::Words;

/// A question.
#[derive(Debug, Default)]
pub struct Ask<'a> {
    /// What it is about.
    pub heading: &'a str,
    /// What there is to know before one answers.
    pub text: Vec<String>,
    /// What was wrong with the last answer as a whole.
    pub problem: Option<&'a str>,
    /// Where the form goes.
    pub action: &'a str,
    /// What goes along unseen: name and value.
    pub hidden: Vec<(&'static str, String)>,
    /// What is to be filled in.
    pub fields: Vec<Field<'a>>,
    /// The words of the button.
    pub button: &'a str,
    /// Whether the button does what cannot be undone.
    pub is_grave: bool,
    /// Another way: its words and its address.
    pub link: Option<(&'a str, String)>,
}

/// Something to be filled in.
#[derive(Debug, Default)]
pub struct Field<'a> {
    /// Its name in the form.
    pub name: &'static str,
    /// What it is called.
    pub label: &'a str,
    /// HTML's type of it.
    pub kind: &'static str,
    /// What stands in it.
    pub value: String,
    /// What browsers and password managers may fill in.
    pub autocomplete: &'static str,
    /// What helps to fill it in.
    pub hint: Option<&'a str>,
    /// What was wrong with it.
    pub problem: Option<&'a str>,
}

impl<'a> Field<'a> {
    /// A field for an e-mail address.
    pub fn email(label: &'a str, value: String) -> Self {
        Self { name: "email", label, kind: "email", value, autocomplete: "email", ..Self::default() }
    }

    /// A field for the password that somebody has.
    pub fn password(label: &'a str) -> Self {
        Self { name: "password", label, kind: "password", autocomplete: "current-password", ..Self::default() }
    }

    /// A field for a code of digits.
    pub fn code(label: &'a str) -> Self {
        Self { name: "code", label, kind: "text", autocomplete: "one-time-code", ..Self::default() }
    }

    /// With what was wrong with it.
    pub fn wrong(mut self, problem: Option<&'a str>) -> Self {
        self.problem = problem;
        self
    }

    /// With a hint.
    pub fn hinted(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Addresses, codes and passwords are written from left to right, whatever the language.
    fn direction(&self) -> &'static str {
        if self.kind == "email" || self.autocomplete == "one-time-code" { "ltr" } else { "auto" }
    }
}

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage<'a> {
    f: Frame<'a>,
    ask: &'a Ask<'a>,
    t: &'a Words,
}

/// Shows a question; with 422 when something was wrong with the last answer.
///
/// # Errors
/// When the page cannot be rendered.
pub fn ask(visit: &Visit, ask: &Ask<'_>) -> Result<HttpResponse> {
    let mut head = Head::private(visit.titled(ask.heading));
    head.is_bare = true;
    let is_wrong = ask.problem.is_some() || ask.fields.iter().any(|field| field.problem.is_some());
    let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.page_with(status, &AskPage { f: Frame::new(visit, head), ask, t: visit.words() }, Keep::Private)
}

/// What may come after the words.
#[derive(Debug)]
pub enum Next<'a> {
    /// Nothing but the way to the front page.
    Home,
    /// Apps to read and write with.
    Apps,
    /// One thing to do now: its words and its address.
    Do(&'a str, &'a str),
}

#[derive(Template)]
#[template(path = "told.html")]
struct Told<'a> {
    f: Frame<'a>,
    t: &'a Words,
    heading: &'a str,
    text: (&'a str, String, &'a str),
    domain: Option<&'a str>,
    link: Option<(&'a str, &'a str)>,
}

/// Says what has happened. The text may have something in its middle that stands out.
///
/// # Errors
/// When the page cannot be rendered.
pub fn tell(visit: &Visit, heading: &str, text: (&str, String, &str), next: &Next<'_>) -> Result<HttpResponse> {
    let page = Told {
        f: Frame::new(visit, Head::private(visit.titled(heading))),
        t: visit.words(),
        heading,
        text,
        domain: matches!(next, Next::Apps).then(|| visit.site().domain()),
        link: if let Next::Do(words, address) = next { Some((words, address)) } else { None },
    };
    visit.page(&page, Keep::Private)
}
