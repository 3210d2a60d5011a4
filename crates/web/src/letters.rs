//! The words of letters, in the language of whoever gets them: a plain text, and the same as simple HTML.

use askama::Template;
use majlis_local::mail::{Letter, Mail, SecurityChange};

use crate::data;
use crate::error::Result;
use crate::language::{Digits, Language, Locale};
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
    /// Its words and its address.
    link: Option<(String, String)>,
    /// What stands below the link.
    after: Vec<String>,
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
    /// Writes a letter.
    ///
    /// # Errors
    /// The database's, when the server's name cannot be read.
    pub async fn letter(&self, mail: &Mail) -> Result<Written> {
        let about = self.about().await?;
        let language = Language::from_tag(&mail.locale).unwrap_or(self.config.language);
        let digits = if language == Language::Arabic { Digits::Arabic } else { Digits::Western };
        let t = self.words.of(Locale { language, digits });
        let draft = self.draft(t, &about.title, &mail.letter);
        let origin = self.site().origin();
        let page = Page { lang: language.code(), dir: language.direction(), draft: &draft, sender: &about.title, origin };
        Ok(Written {
            sender: about.title.clone(),
            subject: one_line(&draft.subject),
            text: plain(&draft, &about.title, origin),
            html: page.render()?,
            unsubscribe: None,
        })
    }

    fn draft(&self, t: &Words, title: &str, letter: &Letter) -> Draft {
        let handle = |username: &str| format!("@{username}@{}", self.site().domain());
        let say = |key: &'static str| t.say(key).to_owned();
        let about = |key: &'static str, username: &str| t.with(key, &[("handle", &handle(username))]);
        match letter {
            Letter::Confirm { username, token } => Draft {
                subject: say("letter-confirm"),
                before: vec![about("letter-confirm-text", username)],
                link: Some((say("letter-confirm-link"), self.link("/auth/confirmation", "confirmation_token", token))),
                after: vec![say("letter-days"), say("letter-confirm-end")],
            },
            Letter::ConfirmChange { username, token } => Draft {
                subject: say("letter-change"),
                before: vec![about("letter-change-text", username)],
                link: Some((say("letter-confirm-link"), self.link("/auth/confirmation", "confirmation_token", token))),
                after: vec![say("letter-days"), say("letter-change-end")],
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
            },
            Letter::PasswordChanged { username } => Draft {
                subject: say("letter-password"),
                before: vec![about("letter-password-text", username)],
                link: None,
                after: vec![say("letter-not-you")],
            },
            Letter::Asked { username, reason } => Draft {
                subject: about("letter-asked", username),
                before: vec![about("letter-asked-text", username), reason.clone()],
                link: None,
                after: vec![t.with("letter-asked-end", &[("name", username)])],
            },
            Letter::Approved { username } => Draft {
                subject: t.with("letter-approved", &[("name", title)]),
                before: vec![about("letter-approved-text", username)],
                link: Some((say("letter-approved-link"), format!("{}/auth/sign_in", self.site().origin()))),
                after: Vec::new(),
            },
            Letter::ArchiveReady { username } => Draft {
                subject: say("letter-archive"),
                before: vec![about("letter-archive-text", username)],
                link: Some((say("letter-archive-link"), format!("{}{}", self.site().origin(), data::PATH))),
                after: vec![say("letter-archive-end")],
            },
            Letter::Security { username, change } => {
                let key = match change {
                    SecurityChange::CodesOn => "letter-codes-on",
                    SecurityChange::CodesOff => "letter-codes-off",
                    SecurityChange::NewRecoveryCodes => "letter-recovery-codes",
                    SecurityChange::PasskeyAdded => "letter-passkey-added",
                    SecurityChange::PasskeyRemoved => "letter-passkey-removed",
                };
                let text = t.with(key, &[("handle", &handle(username))]);
                Draft { subject: say("letter-security"), before: vec![text], link: None, after: vec![say("letter-not-you")] }
            }
        }
    }

    fn link(&self, path: &str, name: &str, token: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, token).finish();
        format!("{}{path}?{query}", self.site().origin())
    }
}

/// A subject is one line, and needs no marks around names.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2066}'..='\u{2069}')).take(200).collect()
}

fn plain(draft: &Draft, sender: &str, origin: &str) -> String {
    let mut text = String::new();
    for paragraph in &draft.before {
        text.push_str(paragraph);
        text.push_str("\n\n");
    }
    if let Some((_, address)) = &draft.link {
        text.push_str(address);
        text.push_str("\n\n");
    }
    for paragraph in &draft.after {
        text.push_str(paragraph);
        text.push_str("\n\n");
    }
    // RFC 3676 §4.3: what follows is a signature.
    text.push_str("-- \n");
    text.push_str(sender);
    text.push('\n');
    text.push_str(origin);
    text.push('\n');
    text
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
                let written = pages.web.letter(&mail).await.unwrap();
                assert!(written.html.contains(dir) && !written.html.contains("<b>"), "{}", written.html);
                assert!(!written.subject.contains(['\r', '\n', '\u{2068}']), "{}", written.subject);
                assert!(written.text.contains("ali"), "{}", written.text);
                let no_key = |text: &str| !text.contains("letter-");
                assert!(no_key(&written.subject) && no_key(&written.text), "{}", written.text);
            }
        }
        let mail = Mail { to: String::new(), locale: "de".into(), letter: letters().swap_remove(0) };
        let written = pages.web.letter(&mail).await.unwrap();
        let link = "https://majlis.example/auth/confirmation?confirmation_token=t-_1";
        assert!(written.text.contains(&format!("\n\n{link}\n\n")), "{}", written.text);
        assert!(written.html.contains(&format!("href=\"{link}\"")), "{}", written.html);
        assert_eq!((written.sender.as_str(), written.subject.as_str()), ("Majlis", "Confirm your e-mail address"));
    }
}
