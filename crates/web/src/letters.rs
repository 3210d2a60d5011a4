//! The words of letters, in the language of whoever gets them: a plain text, and the same as simple HTML.

use askama::Template;
use majlis_local::attachments::{Attachment, AttachmentKind};
use majlis_local::ids::PostId;
use majlis_local::mail::{Letter, Mail, SecurityChange};
use majlis_local::newsletters::issues::{self, Issue};
use majlis_local::posts::{Parts, Post};
use majlis_local::{Site, text};

use crate::data;
use crate::error::Result;
use crate::language::{Digits, Language, Locale};
use crate::newsletters;
use crate::people;
use crate::state::Web;
use crate::words::Words;

/// A letter, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The server's name, which stands beside the sender's address.
    pub sender: String,
    /// One line.
    pub subject: String,
    /// The letter for those who read plain text.
    pub text: String,
    /// The letter as HTML.
    pub html: String,
    /// Where one click ends further letters of this kind (RFC 8058), if there is such a kind.
    pub unsubscribe: Option<String>,
}

/// What a letter is made of.
#[derive(Debug, Default)]
struct Draft {
    subject: String,
    /// What stands above the link.
    before: Vec<String>,
    /// What somebody has said.
    posts: Vec<Told>,
    /// Its words and its address.
    link: Option<(String, String)>,
    /// What stands below the link.
    after: Vec<String>,
    /// The words and the address of how to get no more letters of this kind.
    leave: Option<(String, String)>,
}

/// A post in a letter. Nothing in it is fetched by whoever opens the letter.
#[derive(Debug)]
struct Told {
    /// When it was said, in words.
    date: String,
    /// Its page.
    address: String,
    /// ISO 639.
    language: Option<String>,
    /// The content warning: of such a post nothing else is told.
    warning: Option<String>,
    /// HTML.
    html: String,
    /// Pictures and the like, in words.
    media: Vec<String>,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Page<'a> {
    lang: &'static str,
    dir: &'static str,
    draft: &'a Draft,
    sender: &'a str,
    origin: &'a str,
}

impl Web {
    /// Writes a letter; `None` when there is nothing left to write.
    ///
    /// # Errors
    /// The database's.
    pub async fn letter(&self, mail: &Mail) -> Result<Option<Written>> {
        let about = self.about().await?;
        let language = Language::from_tag(&mail.locale).unwrap_or(self.config.language);
        let digits = if language == Language::Arabic { Digits::Arabic } else { Digits::Western };
        let t = self.words.of(Locale { language, digits });
        let Some(draft) = self.draft(t, &about.title, &mail.letter).await? else { return Ok(None) };
        let origin = self.site().origin();
        let page = Page { lang: language.code(), dir: language.direction(), draft: &draft, sender: &about.title, origin };
        Ok(Some(Written {
            sender: about.title.clone(),
            subject: one_line(&draft.subject),
            text: plain(&draft, &about.title, origin),
            html: page.render()?,
            unsubscribe: draft.leave.as_ref().map(|(_, address)| address.clone()),
        }))
    }

    /// What an author has said, as far as it still stands and is still wanted.
    async fn newsletter(&self, t: &Words, token: &str, posts: Vec<PostId>) -> Result<Option<Draft>> {
        let (site, secret) = (self.site().clone(), token.to_owned());
        let Some(issue) = self.db.read(move |c| issues::load(c, &site, &secret, &posts)).await? else { return Ok(None) };
        let (name, handle) = (people::name(&issue.author), people::full_handle(self.site(), &issue.author));
        let subject = if issue.posts.len() == 1 { "letter-news-one" } else { "letter-news" };
        Ok(Some(Draft {
            subject: t.with(subject, &[("name", name)]),
            before: vec![t.with("letter-news-text", &[("name", name), ("handle", &handle)])],
            posts: issue.posts.iter().map(|post| Told::new(self.site(), t, &issue, post)).collect(),
            link: None,
            after: vec![t.with("letter-news-end", &[("address", &issue.subscription.email), ("handle", &handle)])],
            leave: Some((t.say("letter-news-leave").to_owned(), self.link(newsletters::LEAVE, newsletters::TOKEN, token))),
        }))
    }

    async fn draft(&self, t: &Words, title: &str, letter: &Letter) -> Result<Option<Draft>> {
        let handle = |username: &str| format!("@{username}@{}", self.site().domain());
        let say = |key: &'static str| t.say(key).to_owned();
        let about = |key: &'static str, username: &str| t.with(key, &[("handle", &handle(username))]);
        let draft = match letter {
            Letter::Confirm { username, token } => Draft {
                subject: say("letter-confirm"),
                before: vec![about("letter-confirm-text", username)],
                link: Some((say("letter-confirm-link"), self.link("/auth/confirmation", "confirmation_token", token))),
                after: vec![say("letter-days"), say("letter-confirm-end")],
                ..Draft::default()
            },
            Letter::ConfirmChange { username, token } => Draft {
                subject: say("letter-change"),
                before: vec![about("letter-change-text", username)],
                link: Some((say("letter-confirm-link"), self.link("/auth/confirmation", "confirmation_token", token))),
                after: vec![say("letter-days"), say("letter-change-end")],
                ..Draft::default()
            },
            Letter::AddressChanged { username, address } => Draft {
                subject: say("letter-changed"),
                before: vec![t.with("letter-changed-text", &[("handle", &handle(username)), ("address", address)])],
                after: vec![say("letter-not-you")],
                ..Draft::default()
            },
            Letter::PasswordReset { username, token } => Draft {
                subject: say("letter-reset"),
                before: vec![about("letter-reset-text", username)],
                link: Some((say("letter-reset-link"), self.link("/auth/password/edit", "reset_password_token", token))),
                after: vec![say("letter-reset-end")],
                ..Draft::default()
            },
            Letter::PasswordChanged { username } => Draft {
                subject: say("letter-password"),
                before: vec![about("letter-password-text", username)],
                after: vec![say("letter-not-you")],
                ..Draft::default()
            },
            Letter::Asked { username, reason } => Draft {
                subject: about("letter-asked", username),
                before: vec![about("letter-asked-text", username), reason.clone()],
                after: vec![t.with("letter-asked-end", &[("name", username)])],
                ..Draft::default()
            },
            Letter::Approved { username } => Draft {
                subject: t.with("letter-approved", &[("name", title)]),
                before: vec![about("letter-approved-text", username)],
                link: Some((say("letter-approved-link"), format!("{}/auth/sign_in", self.site().origin()))),
                ..Draft::default()
            },
            Letter::ArchiveReady { username } => Draft {
                subject: say("letter-archive"),
                before: vec![about("letter-archive-text", username)],
                link: Some((say("letter-archive-link"), format!("{}{}", self.site().origin(), data::PATH))),
                after: vec![say("letter-archive-end")],
                ..Draft::default()
            },
            Letter::Subscribe { username, token } => Draft {
                subject: say("letter-subscribe"),
                before: vec![about("letter-subscribe-text", username)],
                link: Some((say("letter-subscribe-link"), self.link(newsletters::CONFIRM, newsletters::TOKEN, token))),
                after: vec![say("letter-subscribe-end")],
                ..Draft::default()
            },
            Letter::Newsletter { token, posts } => return self.newsletter(t, token, posts.clone()).await,
            Letter::Security { username, change } => {
                let key = match change {
                    SecurityChange::CodesOn => "letter-codes-on",
                    SecurityChange::CodesOff => "letter-codes-off",
                    SecurityChange::NewRecoveryCodes => "letter-recovery-codes",
                    SecurityChange::PasskeyAdded => "letter-passkey-added",
                    SecurityChange::PasskeyRemoved => "letter-passkey-removed",
                };
                let text = t.with(key, &[("handle", &handle(username))]);
                Draft {
                    subject: say("letter-security"),
                    before: vec![text],
                    after: vec![say("letter-not-you")],
                    ..Draft::default()
                }
            }
        };
        Ok(Some(draft))
    }

    fn link(&self, path: &str, name: &str, token: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, token).finish();
        format!("{}{path}?{query}", self.site().origin())
    }
}

impl Told {
    fn new(site: &Site, t: &Words, issue: &Issue, post: &Post) -> Self {
        let warning = Some(post.summary.clone()).filter(|summary| !summary.is_empty());
        let mut media = Vec::new();
        if warning.is_none() {
            let attached = issue.attachments.iter().filter(|attachment| attachment.post_id == Some(post.id));
            media.extend(attached.map(|attachment| media_words(t, attachment, post.sensitive)));
            if post.parts.has(Parts::POLL) {
                media.push(t.say("letter-poll").to_owned());
            }
        }
        Self {
            date: t.moment(post.created_at),
            address: site.post_url(&issue.author.username, post.id),
            language: post.language.clone(),
            html: if warning.is_none() { issue.text(post).to_owned() } else { String::new() },
            warning,
            media,
        }
    }
}

/// A picture, film or sound in words; what is not for everybody's eyes is not described either.
fn media_words(t: &Words, attachment: &Attachment, sensitive: bool) -> String {
    let kind = t.say(match attachment.kind {
        AttachmentKind::Image | AttachmentKind::Gifv => "letter-picture",
        AttachmentKind::Video => "letter-film",
        AttachmentKind::Audio => "letter-sound",
        AttachmentKind::Unknown => "letter-file",
    });
    if sensitive {
        t.with("letter-sensitive", &[("kind", kind)])
    } else if attachment.description.is_empty() {
        kind.to_owned()
    } else {
        t.with("letter-described", &[("kind", kind), ("description", &attachment.description)])
    }
}

/// A subject is one line, and needs no marks around names.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2066}'..='\u{2069}')).take(200).collect()
}

fn plain(draft: &Draft, sender: &str, origin: &str) -> String {
    let mut out = String::new();
    for paragraph in &draft.before {
        out.push_str(paragraph);
        out.push_str("\n\n");
    }
    for told in &draft.posts {
        let said = told.warning.clone().unwrap_or_else(|| text::plain(&told.html));
        for paragraph in [&said].into_iter().filter(|said| !said.is_empty()).chain(&told.media) {
            out.push_str(paragraph);
            out.push_str("\n\n");
        }
        out.push_str(&told.date);
        out.push('\n');
        out.push_str(&told.address);
        out.push_str("\n\n* * *\n\n");
    }
    if let Some((_, address)) = &draft.link {
        out.push_str(address);
        out.push_str("\n\n");
    }
    for paragraph in &draft.after {
        out.push_str(paragraph);
        out.push_str("\n\n");
    }
    if let Some((words, address)) = &draft.leave {
        out.push_str(words);
        out.push('\n');
        out.push_str(address);
        out.push_str("\n\n");
    }
    // RFC 3676 §4.3: what follows is a signature.
    out.push_str("-- \n");
    out.push_str(sender);
    out.push('\n');
    out.push_str(origin);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Pages;

    fn letters() -> Vec<Letter> {
        let username = || "ali".to_owned();
        let mut all = vec![
            Letter::Confirm { username: username(), token: "t-_1".into() },
            Letter::ConfirmChange { username: username(), token: "t".into() },
            Letter::AddressChanged { username: username(), address: "new@example.org".into() },
            Letter::PasswordReset { username: username(), token: "t".into() },
            Letter::PasswordChanged { username: username() },
            Letter::Asked { username: username(), reason: "<b> & \"tea\"\r\nBcc: x".into() },
            Letter::Approved { username: username() },
            Letter::ArchiveReady { username: username() },
            Letter::Subscribe { username: username(), token: "t".into() },
        ];
        for change in [
            SecurityChange::CodesOn,
            SecurityChange::CodesOff,
            SecurityChange::NewRecoveryCodes,
            SecurityChange::PasskeyAdded,
            SecurityChange::PasskeyRemoved,
        ] {
            all.push(Letter::Security { username: username(), change });
        }
        all
    }

    #[actix_web::test]
    async fn every_letter_is_written_in_both_languages() {
        let pages = Pages::new();
        for (locale, dir) in [("en", "dir=\"ltr\""), ("ar", "dir=\"rtl\"")] {
            for letter in letters() {
                let mail = Mail { to: "ali@example.org".into(), locale: locale.into(), letter };
                let written = pages.web.letter(&mail).await.unwrap().unwrap();
                assert!(written.html.contains(dir) && !written.html.contains("<b>"), "{}", written.html);
                assert!(!written.subject.contains(['\r', '\n', '\u{2068}']), "{}", written.subject);
                assert!(written.text.contains("ali"), "{}", written.text);
                let no_key = |text: &str| !text.contains("letter-");
                assert!(no_key(&written.subject) && no_key(&written.text), "{}", written.text);
            }
        }
        let mail = Mail { to: String::new(), locale: "de".into(), letter: letters().swap_remove(0) };
        let written = pages.web.letter(&mail).await.unwrap().unwrap();
        let link = "https://majlis.example/auth/confirmation?confirmation_token=t-_1";
        assert!(written.text.contains(&format!("\n\n{link}\n\n")), "{}", written.text);
        assert!(written.html.contains(&format!("href=\"{link}\"")), "{}", written.html);
        assert_eq!((written.sender.as_str(), written.subject.as_str()), ("Majlis", "Confirm your e-mail address"));
    }
}
