//! Posts as pages show them. [`Rows`] reads what a list of posts needs in seven queries at the most; [`Rows::cards`]
//! makes of it what the templates show, off the database's threads.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use majlis_local::actors::{self, Actor};
use majlis_local::attachments::{self, Attachment, AttachmentKind};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::polls::{self, Poll};
use majlis_local::posts::{self, Parts, Post};
use majlis_local::quotes::{self, Quote};
use majlis_local::{Connection, Result, Site, Timestamp};

use crate::error::Key;
use crate::html;
use crate::people::{self, Face};
use crate::quote::Quoted;

/// What a list of posts needs.
#[derive(Debug, Default)]
pub struct Rows {
    posts: Vec<Post>,
    boosted: HashMap<PostId, Post>,
    actors: HashMap<ActorId, Actor>,
    attachments: Vec<Attachment>,
    polls: HashMap<PostId, Poll>,
    /// What posts quote, and what it names if that is here.
    quotes: HashMap<PostId, (Quote, Option<Post>)>,
    /// The texts of posts of ours that quote, with a link to what they quote.
    linked: HashMap<PostId, String>,
}

/// A post in a list.
#[derive(Debug)]
pub struct Card<'a> {
    /// The post: of a boost, what is boosted.
    pub id: PostId,
    /// Who wrote it.
    pub author: Rc<Face<'a>>,
    /// Who boosted it.
    pub booster: Option<Rc<Face<'a>>>,
    /// Whom it answers.
    pub answers: Option<Rc<Face<'a>>>,
    /// Its own page.
    pub url: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it was last changed.
    pub edited: Option<Timestamp>,
    /// ISO 639.
    pub language: Option<&'a str>,
    /// HTML.
    pub content: Cow<'a, str>,
    /// The content warning or title, as HTML; empty when there is none.
    pub warning: Cow<'a, str>,
    /// The pictures are not for everybody's eyes.
    pub is_sensitive: bool,
    /// Pictures, films and sounds that we serve.
    pub media: Vec<Media<'a>>,
    /// Those of other servers, as links.
    pub away: Vec<Away<'a>>,
    /// What it quotes.
    pub quote: Option<Quoted<'a>>,
    /// What it asks.
    pub poll: Option<Ballot<'a>>,
    /// How many answered.
    pub replies: i64,
    /// How many boosted.
    pub boosts: i64,
    /// How many like it.
    pub likes: i64,
    /// Whether its author has pinned it.
    pub is_pinned: bool,
    /// How far to the side it stands in a thread: 0 to 4.
    pub depth: usize,
}

/// A picture, film or sound that we serve.
#[derive(Debug)]
pub struct Media<'a> {
    /// What it is.
    pub kind: AttachmentKind,
    /// The small variant.
    pub preview: String,
    /// The large one.
    pub file: String,
    /// Alt text.
    pub description: &'a str,
    /// Pixels of the small variant.
    pub size: Option<(i32, i32)>,
    /// Where the middle of interest is, in quarters from left to right and from top to bottom.
    pub focus: (u8, u8),
    /// The media type of the large one.
    pub mime: Option<&'a str>,
    /// Its size.
    pub bytes: Option<i64>,
}

/// A picture, film or sound of another server.
#[derive(Debug)]
pub struct Away<'a> {
    /// The icon's name.
    pub icon: &'static str,
    /// The words for what it is.
    pub label: Key,
    /// Where it is.
    pub url: String,
    /// The server's name.
    pub host: String,
    /// Alt text.
    pub description: &'a str,
}

/// A poll.
#[derive(Debug)]
pub struct Ballot<'a> {
    /// The options in order.
    pub options: Vec<Choice<'a>>,
    /// People who voted.
    pub voters: i64,
    /// The end, if there is one.
    pub ends: Option<Timestamp>,
    /// Whether it has ended.
    pub is_over: bool,
    /// Whether results are told already.
    pub shows_totals: bool,
}

/// An option of a poll.
#[derive(Debug)]
pub struct Choice<'a> {
    /// As its author wrote it.
    pub title: &'a str,
    /// Whole per cent of the voters.
    pub share: i64,
    /// Whether none has more, and some have.
    pub is_best: bool,
}

impl Rows {
    /// Reads what these posts need. Boosts whose original is gone are left out.
    ///
    /// # Errors
    /// The database's.
    pub fn load(c: &mut Connection, mut posts: Vec<Post>) -> Result<Self> {
        let boosted_ids: Vec<PostId> = posts.iter().filter_map(|post| post.boost_of_id).collect();
        let boosted: HashMap<PostId, Post> = posts::find_many(c, &boosted_ids)?.into_iter().map(|post| (post.id, post)).collect();
        posts.retain(|post| post.boost_of_id.is_none_or(|id| boosted.contains_key(&id)));
        let all = || posts.iter().chain(boosted.values());
        let quotes = quotes::made_by(c, all())?;
        let mut people: Vec<ActorId> =
            all().flat_map(|post| [Some(post.author_id), post.in_reply_to_actor_id]).flatten().collect();
        people.extend(quotes.values().filter_map(|(_, quoted)| quoted.as_ref().map(|quoted| quoted.author_id)));
        people.sort_unstable();
        people.dedup();
        let with = |part: Parts| -> Vec<PostId> { all().filter(|post| post.parts.has(part)).map(|post| post.id).collect() };
        let (with_media, with_poll) = (with(Parts::MEDIA), with(Parts::POLL));
        let actors = actors::find_many(c, &people)?.into_iter().map(|actor| (actor.id, actor)).collect();
        let attachments = attachments::of_posts(c, &with_media)?;
        let polls = polls::of_posts(c, &with_poll)?.into_iter().map(|poll| (poll.post_id, poll)).collect();
        let linked = quotes::linked(all(), &quotes);
        Ok(Self { posts, boosted, actors, attachments, polls, quotes, linked })
    }

    /// The posts in the order in which they came.
    pub fn cards<'a>(&'a self, site: &Site) -> Vec<Card<'a>> {
        let mut faces: HashMap<ActorId, Rc<Face<'a>>> = HashMap::with_capacity(self.actors.len());
        let mut cards = Vec::with_capacity(self.posts.len());
        for row in &self.posts {
            let post = row.boost_of_id.and_then(|id| self.boosted.get(&id)).unwrap_or(row);
            let mut face = |id: ActorId| -> Option<Rc<Face<'a>>> {
                if let Some(face) = faces.get(&id) {
                    return Some(face.clone());
                }
                let face = Rc::new(Face::new(site, self.actors.get(&id)?));
                faces.insert(id, face.clone());
                Some(face)
            };
            let Some(author) = face(post.author_id) else { continue };
            let booster = if row.is_boost() { face(row.author_id) } else { None };
            let answers = post.in_reply_to_actor_id.and_then(&mut face);
            let quote = self.quotes.get(&post.id).and_then(|(quote, quoted)| {
                let quoted = quoted.as_ref();
                let author = |quoted: &Post| {
                    self.actors.get(&quoted.author_id).filter(|author| !author.is_gone()).and_then(|author| face(author.id))
                };
                Quoted::new(site, quote, quoted, author)
            });
            cards.push(Card { quote, ..self.card(site, post, author, booster, answers) });
        }
        cards
    }

    fn card<'a>(
        &'a self,
        site: &Site,
        post: &'a Post,
        author: Rc<Face<'a>>,
        booster: Option<Rc<Face<'a>>>,
        answers: Option<Rc<Face<'a>>>,
    ) -> Card<'a> {
        let emojis = post.emojis.as_ref().map(|emojis| emojis.0.as_slice());
        let url = people::post_page(site, &author, post);
        let (mut media, mut away) = (Vec::new(), Vec::new());
        if post.parts.has(Parts::MEDIA) {
            for attachment in self.attachments.iter().filter(|a| a.post_id == Some(post.id)) {
                match Media::new(site, attachment) {
                    Some(ours) => media.push(ours),
                    None => away.extend(Away::new(site, attachment)),
                }
            }
        }
        Card {
            id: post.id,
            booster,
            answers,
            url,
            at: post.created_at,
            edited: post.edited_at,
            language: post.language.as_deref(),
            content: html::with_emoji(self.linked.get(&post.id).unwrap_or(&post.content), emojis, site),
            warning: html::text_with_emoji(&post.summary, emojis, site),
            is_sensitive: post.sensitive,
            media,
            away,
            quote: None,
            poll: if post.parts.has(Parts::POLL) { self.polls.get(&post.id).map(Ballot::new) } else { None },
            replies: post.replies_count.max(0),
            boosts: post.boosts_count.max(0),
            likes: post.likes_count.max(0),
            is_pinned: false,
            depth: 0,
            author,
        }
    }
}

impl Card<'_> {
    /// How many columns the pictures take.
    pub fn media_class(&self) -> usize {
        self.media.len().min(4)
    }
}

impl<'a> Media<'a> {
    fn new(site: &Site, attachment: &'a Attachment) -> Option<Self> {
        let file = site.media_url(attachment.file.as_deref()?);
        let preview = attachment.preview.as_deref().map(|key| site.media_url(key));
        let small = preview.is_some();
        let size =
            if small { attachment.preview_width.zip(attachment.preview_height) } else { attachment.width.zip(attachment.height) };
        Some(Self {
            kind: attachment.kind,
            preview: preview.unwrap_or_else(|| file.clone()),
            file,
            description: &attachment.description,
            size,
            focus: (quarter(attachment.focus_x), quarter(-attachment.focus_y)),
            mime: attachment.mime.as_deref(),
            bytes: attachment.bytes,
        })
    }

    /// Whether it is shown as a picture.
    pub fn is_picture(&self) -> bool {
        matches!(self.kind, AttachmentKind::Image | AttachmentKind::Gifv) && !self.is_film()
    }

    /// Whether it is shown as a film.
    pub fn is_film(&self) -> bool {
        self.kind == AttachmentKind::Video || (self.kind == AttachmentKind::Gifv && self.file.ends_with(".mp4"))
    }

    /// Whether it is heard.
    pub fn is_sound(&self) -> bool {
        self.kind == AttachmentKind::Audio
    }
}

/// −1 to 1 as 0 to 4.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn quarter(focus: f64) -> u8 {
    ((focus.clamp(-1.0, 1.0) + 1.0) * 2.0).round() as u8
}

impl<'a> Away<'a> {
    fn new(site: &Site, attachment: &'a Attachment) -> Option<Self> {
        let url = people::safe_url(site, attachment.remote_url.as_deref()?, "");
        let host = url::Url::parse(&url).ok()?.host_str()?.to_owned();
        let (icon, label) = match attachment.kind {
            AttachmentKind::Image | AttachmentKind::Gifv => ("picture", Key("away-picture")),
            AttachmentKind::Video => ("film", Key("away-film")),
            AttachmentKind::Audio => ("sound", Key("away-sound")),
            AttachmentKind::Unknown => ("file", Key("away-file")),
        };
        Some(Self { icon, label, url, host, description: &attachment.description })
    }
}

impl<'a> Ballot<'a> {
    fn new(poll: &'a Poll) -> Self {
        let is_over = poll.is_over();
        let votes: i64 = poll.options.iter().map(|option| option.votes).sum();
        let voters = poll.voters_count.unwrap_or(votes).max(0);
        let best = poll.options.iter().map(|option| option.votes).max().unwrap_or(0);
        let share = |n: i64| if voters > 0 { (n.max(0).saturating_mul(200) / voters + 1) / 2 } else { 0 };
        Self {
            options: poll
                .options
                .iter()
                .map(|option| Choice {
                    title: &option.title,
                    share: share(option.votes).min(100),
                    is_best: best > 0 && option.votes == best,
                })
                .collect(),
            voters,
            ends: poll.expires_at,
            is_over,
            shows_totals: is_over || !poll.hide_totals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use majlis_local::Json;
    use majlis_local::polls::PollOption;

    #[test]
    fn focus_has_five_steps() {
        assert_eq!([-1.0, -0.5, 0.0, 0.4, 1.0].map(quarter), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn shares_are_rounded_and_bounded() {
        let option = |title: &str, votes| PollOption { title: title.into(), votes };
        let mut poll = Poll {
            post_id: PostId(1),
            options: Json(vec![option("a", 2), option("b", 1), option("c", 0)]),
            multiple: false,
            hide_totals: true,
            voters_count: Some(3),
            expires_at: None,
            closed_at: None,
        };
        let ballot = Ballot::new(&poll);
        assert_eq!(ballot.options.iter().map(|o| o.share).collect::<Vec<_>>(), [67, 33, 0]);
        assert!(ballot.options[0].is_best && !ballot.options[1].is_best);
        assert!(!ballot.shows_totals);
        poll.voters_count = Some(0);
        poll.closed_at = Some(Timestamp(0));
        let ballot = Ballot::new(&poll);
        assert!(ballot.shows_totals && ballot.options[0].share == 0);
    }
}
