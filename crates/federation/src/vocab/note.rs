//! Posts: notes, and the other kinds of objects that are shown as posts (Article, Page, Question, Image, Video, Audio, Event).
//! What a property means differs by kind: methods answer for that (title, content warning, author, language, quote).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actor::{Generator, generator};
use super::audience::{self, Visibility};
use super::collection::CollectionRef;
use super::kind::kinds;
use super::link::{self, Link, Media, picture, write_url};
use super::policy::InteractionPolicy;
use super::poll::{Closed, PollOption};
use super::tag::{Tag, TagKind};
use super::{read, time};

kinds! {
    /// What a post is, by its server.
    pub enum NoteKind {
        /// A short text; what we write.
        Note,
        /// A long text with a title.
        Article,
        /// A link or text with a title, in a group (Lemmy).
        Page,
        /// A poll.
        Question,
        /// A picture.
        Image,
        /// A film (PeerTube).
        Video,
        /// A sound (Funkwhale, Castopod).
        Audio,
        /// A date (Mobilizon, Gancio).
        Event,
    }
}

/// A post as it is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Its id, where it is fetched from.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: NoteKind,
    /// Who wrote it, and sometimes the group that it is in; see [`Note::author`].
    #[serde(
        default,
        deserialize_with = "read::many",
        serialize_with = "read::write_one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub attributed_to: Vec<Attribution>,
    /// What it answers.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// Primary addresses.
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Secondary addresses.
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// The group that it is in (FEP-1b12).
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// Its text, HTML; see [`Note::text`].
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Its text by language.
    #[serde(default, deserialize_with = "read::languages", skip_serializing_if = "BTreeMap::is_empty")]
    pub content_map: BTreeMap<String, String>,
    /// What `content` is, when not HTML: PeerTube and others send Markdown.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// A content warning, or an excerpt; see [`Note::content_warning`].
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The summary by language.
    #[serde(default, deserialize_with = "read::languages", skip_serializing_if = "BTreeMap::is_empty")]
    pub summary_map: BTreeMap<String, String>,
    /// A title, or the answer of a vote; see [`Note::title`] and [`Note::is_vote`].
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What its author typed.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Its language, by Lemmy and PeerTube.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Its page, and the files of a film or a sound.
    #[serde(default, deserialize_with = "read::many", serialize_with = "write_url", skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<Link>,
    /// Pictures, sounds, films and links with it.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub attachment: Vec<Media>,
    /// Mentions, hashtags, custom emoji, links.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<Tag>,
    /// A still of a film, a cover of a sound.
    #[serde(default, deserialize_with = "picture", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Media>,
    /// A picture for a page, an article or a date.
    #[serde(default, deserialize_with = "picture", skip_serializing_if = "Option::is_none")]
    pub image: Option<Media>,
    /// Whether its media are hidden until asked for.
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// When it was published.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub published: Option<DateTime<Utc>>,
    /// When it was edited.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub updated: Option<DateTime<Utc>>,
    /// Its conversation (FEP-7888); opaque.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Its conversation under the older name; opaque.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// What answers it.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub replies: Option<CollectionRef>,
    /// Who likes it.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub likes: Option<CollectionRef>,
    /// Who boosted it.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub shares: Option<CollectionRef>,
    /// The answers of a poll of which one is chosen.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<PollOption>,
    /// The answers of a poll of which several are chosen.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<PollOption>,
    /// When a date begins.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<DateTime<Utc>>,
    /// When a poll or a date ends.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<DateTime<Utc>>,
    /// That a poll has ended.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// How many have voted (Mastodon).
    #[serde(default, deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    pub voters_count: Option<u64>,
    /// What it quotes (FEP-044f); see [`Note::quoted`].
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What it quotes (Fedibird).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub quote_uri: Option<String>,
    /// What it quotes (Pleroma and older Misskey).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub quote_url: Option<String>,
    /// What it quotes (Misskey).
    #[serde(default, rename = "_misskey_quote", deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub misskey_quote: Option<String>,
    /// The stamp that allows the quote (FEP-044f).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub quote_authorization: Option<String>,
    /// Who may like, answer, boost and quote it.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub interaction_policy: Option<InteractionPolicy>,
    /// Whether it takes answers (Lemmy, PeerTube).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub comments_enabled: Option<bool>,
    /// The program that it was written with.
    #[serde(default, deserialize_with = "generator", skip_serializing_if = "Option::is_none")]
    pub generator: Option<Generator>,
}

impl Note {
    /// A post with an id and nothing else.
    pub fn new(kind: NoteKind, id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind,
            attributed_to: Vec::new(),
            in_reply_to: None,
            to: Vec::new(),
            cc: Vec::new(),
            audience: Vec::new(),
            content: None,
            content_map: BTreeMap::new(),
            media_type: None,
            summary: None,
            summary_map: BTreeMap::new(),
            name: None,
            source: None,
            language: None,
            url: Vec::new(),
            attachment: Vec::new(),
            tag: Vec::new(),
            icon: None,
            image: None,
            sensitive: None,
            published: None,
            updated: None,
            context: None,
            conversation: None,
            replies: None,
            likes: None,
            shares: None,
            one_of: Vec::new(),
            any_of: Vec::new(),
            start_time: None,
            end_time: None,
            closed: None,
            voters_count: None,
            quote: None,
            quote_uri: None,
            quote_url: None,
            misskey_quote: None,
            quote_authorization: None,
            interaction_policy: None,
            comments_enabled: None,
            generator: None,
        }
    }

    /// The id of who wrote it: the first that is not a group, else the first.
    pub fn author(&self) -> Option<&str> {
        let person = self.attributed_to.iter().find(|one| one.kind.as_deref() != Some("Group"));
        person.or(self.attributed_to.first()).map(|one| one.id.as_str())
    }

    /// Says who wrote it.
    pub fn by(mut self, author: impl Into<String>) -> Self {
        self.attributed_to = vec![Attribution { id: author.into(), kind: None }];
        self
    }

    /// Its text: `content`, else the first of `contentMap`.
    pub fn text(&self) -> Option<&str> {
        self.content.as_deref().or_else(|| self.content_map.values().next().map(String::as_str))
    }

    /// Its language as a tag (BCP 47): the entry of `contentMap` that is its text, else what `language` says.
    pub fn language(&self) -> Option<&str> {
        let text = self.text();
        let by_text =
            self.content_map.iter().find(|(_, entry)| Some(entry.as_str()) == text).map(|(language, _)| language.as_str());
        // Some rewrite the text of the map only; a single entry leaves no doubt.
        let only = || if self.content_map.len() == 1 { self.content_map.keys().next().map(String::as_str) } else { None };
        let language = by_text.or_else(only).or(self.language.as_ref().map(|language| language.identifier.as_str()))?;
        Some(language).filter(|language| !matches!(*language, "" | "und"))
    }

    /// The warning to show instead of it: the summary of a note or a poll, and of other kinds if they are sensitive.
    pub fn content_warning(&self) -> Option<&str> {
        let summary = self.summary.as_deref().or_else(|| self.summary_map.values().next().map(String::as_str))?;
        let warns = matches!(self.kind, NoteKind::Note | NoteKind::Question) || self.sensitive == Some(true);
        Some(summary).filter(|summary| warns && !summary.trim().is_empty())
    }

    /// The title of kinds that have one: not of notes, whose name is the answer of a vote.
    pub fn title(&self) -> Option<&str> {
        let name = self.name.as_deref().filter(|_| !matches!(self.kind, NoteKind::Note | NoteKind::Question))?;
        Some(name.trim()).filter(|name| !name.is_empty())
    }

    /// Whether it is a vote: a name, something it answers, and no content.
    pub fn is_vote(&self) -> bool {
        self.kind == NoteKind::Note && self.name.is_some() && self.in_reply_to.is_some() && self.text().is_none_or(str::is_empty)
    }

    /// The answers of a poll, and whether several may be chosen.
    pub fn poll(&self) -> Option<(&[PollOption], bool)> {
        match (self.one_of.is_empty(), self.any_of.is_empty()) {
            (false, _) => Some((&self.one_of, false)),
            (true, false) => Some((&self.any_of, true)),
            (true, true) => None,
        }
    }

    /// The id of the post that it quotes, under whichever of its names.
    pub fn quoted(&self) -> Option<&str> {
        let named =
            [&self.quote, &self.misskey_quote, &self.quote_uri, &self.quote_url].into_iter().flatten().map(String::as_str).next();
        named.or_else(|| {
            // FEP-e232: a link to an object, marked as a quote by its relation.
            let quote = |tag: &&Tag| tag.kind == TagKind::Link && tag.rel.as_deref().is_some_and(|rel| rel.ends_with("quote"));
            self.tag.iter().find(quote)?.href.as_deref()
        })
    }

    /// Says what it quotes, under every name that peers read.
    pub fn quoting(mut self, post: impl Into<String>) -> Self {
        let post = post.into();
        self.quote_uri = Some(post.clone());
        self.misskey_quote = Some(post.clone());
        self.quote = Some(post);
        self
    }

    /// Its conversation: `context`, else `conversation`.
    pub fn thread(&self) -> Option<&str> {
        self.context.as_deref().or(self.conversation.as_deref())
    }

    /// Its page for browsers.
    pub fn web_page(&self) -> Option<&str> {
        link::web_page(&self.url)
    }

    /// Who may see it; `followers` is its author's followers collection if it is known.
    pub fn visibility(&self, followers: Option<&str>) -> Visibility {
        audience::visibility(&self.to, &self.cc, followers)
    }

    /// The ids of those whom it mentions *and* addresses: only the two together are a mention.
    pub fn mentioned(&self) -> impl Iterator<Item = &str> {
        self.tag.iter().filter_map(Tag::mentioned).filter(|actor| audience::addresses(&self.to, &self.cc, actor))
    }
}

/// One of those who made a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The actor's id.
    pub id: String,
    /// Its type, where it is told: PeerTube names the person and the channel.
    pub kind: Option<String>,
}

impl<'de> Deserialize<'de> for Attribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let id = read::id_of(Some(&value)).ok_or_else(|| D::Error::custom("nobody"))?;
        Ok(Self { id, kind: value.get("type").and_then(Value::as_str).map(str::to_owned) })
    }
}

impl Serialize for Attribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            Some(kind) => json!({"type": kind, "id": self.id}).serialize(serializer),
            None => serializer.serialize_str(&self.id),
        }
    }
}

/// What an author typed, before it became HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The text.
    pub content: String,
    /// `text/plain`, `text/markdown`, `text/x.misskeymarkdown` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            #[serde(default, deserialize_with = "read::text")]
            content: Option<String>,
            #[serde(default, deserialize_with = "read::text")]
            media_type: Option<String>,
        }
        match Value::deserialize(deserializer)? {
            Value::String(content) => Ok(Self { content: content.replace('\0', ""), media_type: None }),
            value => {
                let wire = Wire::deserialize(value).map_err(D::Error::custom)?;
                Ok(Self { content: wire.content.ok_or_else(|| D::Error::custom("no source"))?, media_type: wire.media_type })
            }
        }
    }
}

/// A language, by Lemmy and PeerTube.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Language {
    /// Its tag (BCP 47).
    pub identifier: String,
    /// Its name in itself.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::PUBLIC;

    fn read(kind: &str, extra: Value) -> Note {
        let mut value = json!({"id": "https://a.example/1", "type": kind});
        for (name, field) in extra.as_object().unwrap() {
            value[name] = field.clone();
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_necessary_is_written_and_nothing_else() {
        let note = Note::new(NoteKind::Note, "https://a.example/1");
        assert_eq!(read("Note", json!({})), note);
        assert_eq!(serde_json::to_value(&note).unwrap(), json!({"id": "https://a.example/1", "type": "Note"}));
    }

    #[test]
    fn the_author_is_a_person_when_there_is_one() {
        for value in [
            json!("https://a.example/amal"),
            json!({"type": "Person", "id": "https://a.example/amal"}),
            json!([{"type": "Group", "id": "https://a.example/channel"}, {"type": "Person", "id": "https://a.example/amal"}]),
            json!([null, "https://a.example/amal", "https://a.example/b"]),
        ] {
            assert_eq!(read("Video", json!({"attributedTo": value})).author(), Some("https://a.example/amal"));
        }
        let group = read("Event", json!({"attributedTo": [{"type": "Group", "id": "https://a.example/g"}]}));
        assert_eq!(group.author(), Some("https://a.example/g"));
        assert_eq!(read("Note", json!({"attributedTo": {}})).author(), None);
        let ours = Note::new(NoteKind::Note, "x").by("https://a.example/amal");
        assert_eq!(serde_json::to_value(&ours).unwrap()["attributedTo"], "https://a.example/amal");
    }

    #[test]
    fn the_language_is_that_of_the_text() {
        let note = read("Note", json!({"content": "سلام", "contentMap": {"en": "hello", "ar": "سلام"}}));
        assert_eq!(note.language(), Some("ar"));
        assert_eq!(read("Note", json!({"content": "a", "contentMap": {"en": "b"}})).language(), Some("en"));
        assert_eq!(read("Note", json!({"content": "a", "contentMap": {"en": "b", "de": "c"}})).language(), None);
        assert_eq!(read("Note", json!({"content": "a", "contentMap": {"und": "a"}})).language(), None);
        let only_map = read("Note", json!({"contentMap": {"en": "b", "x": 5}}));
        assert_eq!((only_map.text(), only_map.language()), (Some("b"), Some("en")));
        assert_eq!(read("Page", json!({"language": {"identifier": "fr", "name": "Français"}})).language(), Some("fr"));
        assert_eq!(read("Page", json!({"language": "fr"})).language(), None);
    }

    #[test]
    fn summaries_and_names_mean_different_things() {
        let texts = json!({"summary": "spoiler", "name": "A title"});
        let note = read("Note", texts.clone());
        assert_eq!((note.content_warning(), note.title()), (Some("spoiler"), None));
        let article = read("Article", texts.clone());
        assert_eq!((article.content_warning(), article.title()), (None, Some("A title")));
        let mut hidden = article;
        hidden.sensitive = Some(true);
        assert_eq!(hidden.content_warning(), Some("spoiler"));
        assert_eq!(read("Note", json!({"summary": "  "})).content_warning(), None);
    }

    #[test]
    fn a_vote_has_a_name_and_no_content() {
        let vote = json!({"name": "Tea", "inReplyTo": "https://b.example/poll"});
        assert!(read("Note", vote.clone()).is_vote());
        let mut talking = vote.clone();
        talking["content"] = json!("I like tea");
        assert!(!read("Note", talking).is_vote());
        assert!(!read("Page", vote).is_vote());
        assert!(!read("Note", json!({"name": "Tea"})).is_vote());
    }

    #[test]
    fn a_quote_has_many_names() {
        for name in ["quote", "quoteUri", "quoteUrl", "_misskey_quote"] {
            assert_eq!(read("Note", json!({name: "https://b.example/1"})).quoted(), Some("https://b.example/1"), "{name}");
        }
        let linked =
            json!({"tag": [{"type": "Link", "href": "https://b.example/1", "rel": "https://misskey-hub.net/ns#_misskey_quote"}]});
        assert_eq!(read("Note", linked).quoted(), Some("https://b.example/1"));
        let written = serde_json::to_value(Note::new(NoteKind::Note, "x").quoting("https://b.example/1")).unwrap();
        for name in ["quote", "quoteUri", "_misskey_quote"] {
            assert_eq!(written[name], "https://b.example/1");
        }
    }

    #[test]
    fn a_mention_needs_the_tag_and_the_address() {
        let note = read(
            "Note",
            json!({
                "to": PUBLIC, "cc": ["https://b.example/b", "https://c.example/c"],
                "tag": [{"type": "Mention", "href": "https://b.example/b"}, {"type": "Mention", "href": "https://d.example/d"}]
            }),
        );
        assert_eq!(note.mentioned().collect::<Vec<_>>(), ["https://b.example/b"]);
        assert_eq!(note.visibility(None), Visibility::Public);
    }

    #[test]
    fn odd_shapes_cost_only_their_property() {
        let note = read(
            "Note",
            json!({
                "content": ["one"], "inReplyTo": [{"id": "https://b.example/1"}], "attachment": {"type": "Image", "url": "https://a.example/1.png"},
                "tag": {"type": "Hashtag", "name": "#x"}, "sensitive": 1, "published": 5, "replies": [], "source": "typed\u{0}", "votersCount": "3",
                "context": {"id": "https://a.example/c"}, "to": {"id": "https://b.example/b"}, "closed": false, "endTime": {}
            }),
        );
        assert_eq!(note.text(), Some("one"));
        assert_eq!(note.in_reply_to.as_deref(), Some("https://b.example/1"));
        assert_eq!((note.attachment.len(), note.tag.len()), (1, 1));
        assert_eq!((note.sensitive, note.published, note.voters_count), (Some(true), None, Some(3)));
        assert_eq!(note.source.as_ref().unwrap().content, "typed");
        assert_eq!(note.thread(), Some("https://a.example/c"));
        assert_eq!(note.to, ["https://b.example/b"]);
        assert_eq!((note.closed, note.end_time), (None, None));
    }
}
