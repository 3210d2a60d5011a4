//! The titles of push messages: what a notification says while the app does not run.

use majlis_local::notifications::NotificationKind;

use crate::language::{Digits, Language, Locale};
use crate::state::Web;

impl Web {
    /// The title of a push message about what `name` did (its recipient itself, when `own`), in the language that the
    /// recipient reads.
    pub fn push_title(&self, locale: &str, kind: NotificationKind, name: &str, own: bool) -> String {
        let language = Language::from_tag(locale).unwrap_or(self.config.language);
        // There are no numbers in it.
        let words = self.words.of(Locale { language, digits: Digits::Western });
        let name = [("name", name)];
        match kind {
            NotificationKind::Mention => words.with("push-mention", &name),
            NotificationKind::Status => words.with("push-status", &name),
            NotificationKind::Boost => words.with("push-boost", &name),
            NotificationKind::Follow => words.with("push-follow", &name),
            NotificationKind::FollowRequest => words.with("push-follow-request", &name),
            NotificationKind::Like => words.with("push-like", &name),
            NotificationKind::Poll if own => words.say("push-poll-own").to_owned(),
            NotificationKind::Poll => words.with("push-poll", &name),
            NotificationKind::Update => words.with("push-update", &name),
            NotificationKind::Quote => words.with("push-quote", &name),
            NotificationKind::QuotedUpdate => words.with("push-quoted-update", &name),
            NotificationKind::Reaction => words.with("push-reaction", &name),
            NotificationKind::Severed => words.say("push-severed").to_owned(),
            NotificationKind::Report => words.with("push-report", &name),
            NotificationKind::SignUp => words.with("push-sign-up", &name),
            NotificationKind::AddedToCollection => words.with("push-added-to-collection", &name),
            NotificationKind::CollectionUpdate => words.with("push-collection-update", &name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Pages;

    #[test]
    fn every_kind_has_a_title_in_both_languages() {
        let web = Pages::new().web;
        for kind in NotificationKind::ALL {
            let [english, arabic] = ["en", "ar-EG"].map(|locale| web.push_title(locale, *kind, "علي", false)); // typos: other language
            assert_ne!(english, arabic);
            let named = *kind != NotificationKind::Severed;
            assert!(english.contains("علي") == named && arabic.contains("علي") == named, "{kind}"); // typos: other language
        }
        assert_eq!(web.push_title("en", NotificationKind::Poll, "Ali", true), "Your poll has ended");
        assert_eq!(
            web.push_title("xx", NotificationKind::Like, "Ali", false),
            web.push_title("en", NotificationKind::Like, "Ali", false)
        );
    }
}
