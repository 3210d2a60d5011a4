//! What a post quotes, as pages show it: a small card of the quoted post when its author has agreed and it is for everybody, a
//! sentence that says why not otherwise.

use std::borrow::Cow;
use std::rc::Rc;

use majlis_local::posts::{Parts, Post};
use majlis_local::quotes::{Quote, QuoteState};
use majlis_local::{Site, Timestamp};

use crate::error::Key;
use crate::html;
use crate::people::{self, Face};

/// What a post quotes.
#[derive(Debug)]
pub enum Quoted<'a> {
    /// The quoted post.
    Shown(Box<QuotedPost<'a>>),
    /// The sentence that says why it is not shown.
    Withheld(Key),
}

/// A quoted post.
#[derive(Debug)]
pub struct QuotedPost<'a> {
    /// Who wrote it.
    pub author: Rc<Face<'a>>,
    /// Its own page.
    pub url: String,
    /// When it was written.
    pub at: Timestamp,
    /// ISO 639.
    pub language: Option<&'a str>,
    /// HTML.
    pub content: Cow<'a, str>,
    /// The content warning or title, as HTML; empty when there is none.
    pub warning: Cow<'a, str>,
    /// Whether it has pictures, films or sounds.
    pub has_media: bool,
}

impl<'a> Quoted<'a> {
    /// Of a row; `quoted` is the post that it names, if it is here, and `author` finds those who are not gone. `None` for a
    /// quote that is shown as the link that it is (see [`Quote::is_told`]).
    pub fn new(
        site: &Site,
        quote: &Quote,
        quoted: Option<&'a Post>,
        author: impl FnOnce(&Post) -> Option<Rc<Face<'a>>>,
    ) -> Option<Self> {
        if !quote.is_told() {
            return None;
        }
        let why = match (quote.state, quoted) {
            (QuoteState::Accepted, Some(quoted)) if quoted.deleted_at.is_some() => Key("quote-deleted"),
            (QuoteState::Accepted, Some(quoted)) if quoted.is_open() => match author(quoted) {
                Some(author) => return Some(Self::Shown(Box::new(QuotedPost::new(site, quoted, author)))),
                None => Key("quote-deleted"),
            },
            (QuoteState::Accepted, _) => Key("quote-hidden"),
            (QuoteState::Pending, _) => Key("quote-pending"),
            (QuoteState::Rejected, _) => Key("quote-rejected"),
            (QuoteState::Revoked, _) => Key("quote-revoked"),
        };
        Some(Self::Withheld(why))
    }

    /// The quoted post, where it is shown.
    pub fn shown(&self) -> Option<&QuotedPost<'a>> {
        match self {
            Self::Shown(quoted) => Some(quoted),
            Self::Withheld(_) => None,
        }
    }

    /// The key of the sentence, where it is not.
    pub fn withheld(&self) -> Option<&'static str> {
        match self {
            Self::Shown(_) => None,
            Self::Withheld(why) => Some(why.0),
        }
    }
}

impl<'a> QuotedPost<'a> {
    fn new(site: &Site, post: &'a Post, author: Rc<Face<'a>>) -> Self {
        let emojis = post.emojis.as_ref().map(|emojis| emojis.0.as_slice());
        Self {
            url: people::post_page(site, &author, post),
            at: post.created_at,
            language: post.language.as_deref(),
            content: html::with_emoji(&post.content, emojis, site),
            warning: html::text_with_emoji(&post.summary, emojis, site),
            has_media: post.parts.has(Parts::MEDIA),
            author,
        }
    }
}

#[cfg(test)]
mod tests {
    use majlis_local::ids::PostId;
    use majlis_local::publish::{self, Draft};
    use majlis_local::quote_policies::QuotePolicy;
    use majlis_local::quotes::{self, RemoteQuote};
    use majlis_local::testing::people;
    use majlis_local::testing::statements::statements;

    use crate::cards::Rows;
    use crate::testing::Pages;

    #[actix_web::test]
    async fn a_quoted_post_stands_in_a_card_while_it_may() {
        let pages = Pages::new();
        let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
        let quoting = move |c: &mut majlis_local::Connection, post: PostId, text: &str| {
            people::publish(c, ali.id, Draft { quote: Some(post), ..people::draft(text) })
        };
        let (plain, hidden, quote) = pages
            .write(move |c| {
                let plain = people::say(c, bea.id, "melons & <dates>");
                let hidden = people::publish(c, bea.id, Draft { summary: "The end".into(), ..people::draft("the butler") });
                let quote = quoting(c, plain.id, "I like these");
                quoting(c, hidden.id, "guess who");
                let far = people::remote(c, "far");
                let mut theirs = people::note(&far, "from afar");
                theirs.quote_policy = QuotePolicy::PUBLIC;
                let theirs = people::receive(c, theirs);
                quoting(c, theirs.id, "may I?");
                Ok((plain, hidden, quote))
            })
            .await;
        let mut browser = pages.browser();
        let page = browser.get("/@ali").await.ok();
        assert_eq!(page.matches("<blockquote class=\"quote\"").count(), 2, "{page}");
        for part in [
            format!("<blockquote class=\"quote\" cite=\"/@bea/{}\">", plain.id),
            format!("<a class=\"when\" href=\"/@bea/{}\">", plain.id),
            "<p>melons &amp; &lt;dates&gt;</p>".into(),
            "<summary><bdi>The end</bdi>".into(),
            "<p class=\"quote soft small\">The author of the quoted post has not agreed yet.</p>".into(),
            "<div class=\"content quoting\"".into(),
        ] {
            assert!(page.contains(&part), "{part}: {page}");
        }
        assert!(!page.contains("from afar"), "not before its author has agreed: {page}");
        let post = browser.get(&format!("/@ali/{}", quote.id)).await.ok();
        assert!(post.contains("melons &amp; &lt;dates&gt;</p>") && post.contains(">bea</bdi>"), "{post}");
        let embedded = browser.get(&format!("/@ali/{}/embed", quote.id)).await.ok();
        assert!(embedded.contains("<blockquote class=\"quote\""), "{embedded}");
        // Readers of the feed get the link.
        let feed = browser.get("/@ali.rss").await.ok();
        assert!(feed.contains(&format!("/@bea/{}", plain.id)) && !feed.contains("melons"), "{feed}");

        pages
            .write(move |c| {
                quotes::revoke(c, bea.id, plain.id, quote.id)?;
                publish::delete(c, bea.id, hidden.id)?;
                Ok(())
            })
            .await;
        let page = browser.get_with("/@ali", &[("accept-language", "ar")]).await.ok();
        for part in [
            "لم يعد كاتب المنشور المقتبَس يوافق على اقتباسه هنا.", // typos: other language
            "حُذف المنشور المقتبَس.",                               // typos: other language
            "لم يوافق كاتب المنشور المقتبَس بعد.",                 // typos: other language
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("<blockquote class=\"quote\"") && !page.contains("melons") && !page.contains("butler"), "{page}");
    }

    #[actix_web::test]
    async fn quotes_cost_as_many_queries_however_many_there_are() {
        let pages = Pages::new();
        let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
        pages
            .write(move |c| {
                let mut all = Vec::new();
                for n in 0..6 {
                    let quoted = people::say(c, bea.id, &format!("number {n}"));
                    all.push(people::publish(c, ali.id, Draft { quote: Some(quoted.id), ..people::draft("look") }));
                }
                let far = people::remote(c, "far");
                let mut legacy = people::note(&far, "RE: it");
                legacy.quote = Some(RemoteQuote { uri: all[0].uri.clone(), stamp: None, legacy: true });
                all.push(people::receive(c, legacy));
                let one = all[..1].to_vec();
                let (rows, few) = statements(c, |c| Rows::load(c, one));
                assert_eq!(rows?.cards(&people::site()).len(), 1);
                let (rows, many) = statements(c, |c| Rows::load(c, all));
                let rows = rows?;
                let cards = rows.cards(&people::site());
                assert_eq!(cards.iter().filter(|card| card.quote.is_some()).count(), 6, "what asks nobody stays a link");
                assert_eq!((few.len(), many.len()), (3, 3), "{many:?}");
                Ok(())
            })
            .await;
    }
}
