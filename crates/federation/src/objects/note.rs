//! Posts: our rows as Notes (and Questions), and what a remote server publishes as a row.

use std::collections::{BTreeMap, HashMap};

use majlis_local::actors::{self, Actor, Emoji};
use majlis_local::attachments::{self, Attachment, AttachmentKind, NewAttachment};
use majlis_local::hashtags;
use majlis_local::ids::{ActorId, PostId};
use majlis_local::mentions;
use majlis_local::polls::{self, NewPoll, Poll, PollOption};
use majlis_local::posts::{self, Parts, Post, PostKind};
use majlis_local::quote_policies::{Groups, QuotePolicy};
use majlis_local::quotes::{self, QuoteState, RemoteQuote};
use majlis_local::receive::RemotePost;
use majlis_local::text::{self, Format, names};
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Result, Site, Timestamp};

use super::actor::{is_web, media_type, not_later_than_now, read_emojis};
use crate::vocab::{self, Audience, Closed, CollectionRef, InteractionPolicy, Link, Media, Note, NoteKind, Rule, Tag};

/// Attachments of a remote post that are kept.
const MOST_ATTACHMENTS: usize = 16;
/// Hashtags of a remote post that are kept.
const MOST_HASHTAGS: usize = 32;
/// People that a remote post may address; a longer list is cut: nobody can be asked to look up thousands.
const MOST_ADDRESSED: usize = 512;
/// Options of a remote poll that are kept.
const MOST_OPTIONS: usize = 50;

/// Local posts (no boosts) as they are published, in the order given. Ten queries at the most, whatever their number.
pub fn render_many(c: &mut Connection, site: &Site, posts: &[Post]) -> Result<Vec<Note>> {
    let with = |part| posts.iter().filter(move |p| p.parts.has(part)).map(|p| p.id).collect::<Vec<PostId>>();
    let mentioned = mentions::of_posts(c, &with(Parts::MENTIONS))?;
    let quotes = quotes::of_posts(c, &with(Parts::QUOTE))?;
    let quoted = posts::find_many(c, &quotes.iter().filter_map(|q| q.quoted_id).collect::<Vec<_>>())?;
    // A post to a circle addresses people whom it does not name.
    let direct: Vec<PostId> = posts.iter().filter(|p| p.visibility == Visibility::Direct).map(|p| p.id).collect();
    let silent = mentions::silent_of_posts(c, &direct)?;
    let addressed = mentioned.iter().chain(&silent).map(|m| m.1);
    let mut people: Vec<ActorId> = posts.iter().map(|p| p.author_id).chain(addressed).collect();
    people.extend(quotes.iter().filter_map(|q| q.quoted_author_id));
    people.sort_unstable();
    people.dedup();
    let people: HashMap<ActorId, Actor> = actors::find_many(c, &people)?.into_iter().map(|a| (a.id, a)).collect();
    let tags = hashtags::of_posts(c, &with(Parts::HASHTAGS))?;
    let media = attachments::of_posts(c, &with(Parts::MEDIA))?;
    let polls = polls::of_posts(c, &with(Parts::POLL))?;
    let mut notes = Vec::with_capacity(posts.len());
    for post in posts {
        let Some(author) = people.get(&post.author_id) else { continue };
        let named: Vec<&Actor> = mentioned.iter().filter(|m| m.0 == post.id).filter_map(|m| people.get(&m.1)).collect();
        let mut note =
            Note::new(if post.parts.has(Parts::POLL) { NoteKind::Question } else { NoteKind::Note }, &post.uri).by(&author.uri);
        note.in_reply_to = post.in_reply_to_uri.clone();
        let quote = quotes.iter().find(|q| q.post_id == post.id);
        let quoted_author = quote.and_then(|q| people.get(&q.quoted_author_id?)).filter(|a| a.id != author.id);
        let unnamed = silent.iter().filter(|m| m.0 == post.id).filter_map(|m| people.get(&m.1));
        let mut addressed: Vec<String> = named.iter().copied().chain(unnamed).map(|a| a.uri.clone()).collect();
        // The quoted author answers for the quote, and so has to see it.
        if let Some(quoted_author) = quoted_author.filter(|a| !addressed.contains(&a.uri)) {
            addressed.push(quoted_author.uri.clone());
        }
        let audience = audience(post.visibility, author, &addressed);
        note.to = audience.to;
        note.cc = audience.cc;
        let content = match quoted.iter().find(|p| quote.is_some_and(|q| q.quoted_id == Some(p.id))) {
            Some(quoted) => quotes::with_link(&post.content, quoted),
            None => post.content.clone(),
        };
        if let Some(language) = &post.language {
            note.content_map = BTreeMap::from([(language.clone(), content.clone())]);
        }
        note.content = Some(content);
        if let Some(quote) = quote.filter(|q| matches!(q.state, QuoteState::Pending | QuoteState::Accepted)) {
            note = note.quoting(&quote.quoted_uri);
            note.quote_authorization = quoted_author.and_then(|quoted| quote.stamp(site, quoted));
        }
        note.interaction_policy = Some(write_policy(post.quote_policy, author));
        note.summary = (!post.summary.is_empty()).then(|| post.summary.clone());
        note.url = post.url.iter().map(Link::plain).collect();
        note.attachment = media.iter().filter(|a| a.post_id == Some(post.id)).filter_map(|a| document(site, a)).collect();
        note.tag = named.iter().map(|a| Tag::mention(&a.uri, format!("@{}", full_handle(site, a)))).collect();
        note.tag.extend(tags.iter().filter(|t| t.0 == post.id).map(|t| Tag::hashtag(&t.1.name, site.tag_url(&t.1.name))));
        note.tag.extend(post.emojis.iter().flat_map(|e| emoji_tags(site, &e.0)));
        note.sensitive = Some(post.sensitive);
        note.published = Some(post.created_at.to_utc());
        note.updated = post.edited_at.map(Timestamp::to_utc);
        note.context = post.conversation.clone();
        note.conversation = post.conversation.clone();
        note.replies = Some(CollectionRef::Id(format!("{}/replies", post.uri)));
        if let Some(poll) = polls.iter().find(|p| p.post_id == post.id) {
            write_poll(&mut note, poll);
        }
        notes.push(note);
    }
    Ok(notes)
}

/// Who may quote (FEP-044f). An empty list would leave it open whether the author may.
fn write_policy(policy: QuotePolicy, author: &Actor) -> InteractionPolicy {
    let addresses = |groups: Groups| -> Vec<String> {
        let all = [
            (Groups::PUBLIC, vocab::PUBLIC.to_owned()),
            (Groups::FOLLOWERS, format!("{}/followers", author.uri)),
            (Groups::FOLLOWING, format!("{}/following", author.uri)),
        ];
        all.into_iter().filter(|(group, _)| groups.has(*group)).map(|(_, address)| address).collect()
    };
    let mut rule = Rule { automatic_approval: addresses(policy.automatic()), manual_approval: addresses(policy.manual()) };
    if rule.automatic_approval.is_empty() {
        rule.automatic_approval.push(author.uri.clone());
    }
    InteractionPolicy { can_quote: Some(rule), ..InteractionPolicy::default() }
}

/// Who may quote a remote post. Nobody, when it does not say. One query, if any.
fn read_policy(c: &mut Connection, note: &Note, author: &Actor, followers: Option<&str>) -> Result<QuotePolicy> {
    let Some(rule) = note.interaction_policy.as_ref().and_then(|policy| policy.can_quote.as_ref()) else {
        return Ok(QuotePolicy::NOBODY);
    };
    let named = |address: &String| vocab::audience::is_public(address) || *address == author.uri || followers == Some(address);
    let following = if rule.automatic_approval.iter().chain(&rule.manual_approval).all(named) {
        None
    } else {
        actors::endpoints(c, author.id)?.following
    };
    let groups = |addresses: &[String]| {
        addresses.iter().take(MOST_ADDRESSED).filter(|address| **address != author.uri).fold(Groups::default(), |all, address| {
            all.with(if vocab::audience::is_public(address) {
                Groups::PUBLIC
            } else if followers == Some(address) {
                Groups::FOLLOWERS
            } else if following.as_ref() == Some(address) {
                Groups::FOLLOWING
            } else {
                Groups::OTHERS
            })
        })
    };
    Ok(QuotePolicy::new(groups(&rule.automatic_approval), groups(&rule.manual_approval)))
}

/// What a remote post says that it quotes.
fn read_quote(note: &Note) -> Option<RemoteQuote> {
    let uri = note.quoted().filter(|uri| is_web(uri) && *uri != note.id)?;
    let stamp = note.quote_authorization.as_ref().filter(|stamp| is_web(stamp)).cloned();
    Some(RemoteQuote { uri: uri.to_owned(), stamp, legacy: note.quote.is_none() })
}

/// A local post as it is published.
pub fn render(c: &mut Connection, site: &Site, post: &Post) -> Result<Option<Note>> {
    Ok(render_many(c, site, std::slice::from_ref(post))?.pop())
}

/// `to` and `cc` of what a local author does for an audience.
pub fn audience(visibility: Visibility, author: &Actor, mentioned: &[String]) -> Audience {
    let visibility = match visibility {
        Visibility::Public => vocab::Visibility::Public,
        Visibility::Unlisted => vocab::Visibility::Unlisted,
        Visibility::Private => vocab::Visibility::Private,
        Visibility::Direct => vocab::Visibility::Direct,
    };
    Audience::new(visibility, &format!("{}/followers", author.uri), mentioned)
}

/// `ali@example.org`, also for our own.
pub fn full_handle(site: &Site, actor: &Actor) -> String {
    format!("{}@{}", actor.username, actor.domain.as_deref().unwrap_or(site.domain()))
}

/// Our own custom emoji as tags (FEP-9098).
pub(crate) fn emoji_tags(site: &Site, emojis: &[Emoji]) -> Vec<Tag> {
    emojis
        .iter()
        .map(|e| {
            let icon = Media::image(site.picture_url(&e.url), media_type(&e.url).map(str::to_owned));
            Tag::emoji(format!("{}/emojis/{}", site.origin(), e.shortcode), &e.shortcode, icon, None)
        })
        .collect()
}

fn document(site: &Site, attachment: &Attachment) -> Option<Media> {
    let file = attachment.file.as_deref()?;
    let mut media = Media::document(site.media_url(file), attachment.mime.clone().unwrap_or_default());
    media.name = (!attachment.description.is_empty()).then(|| attachment.description.clone());
    media.blurhash = attachment.blurhash.clone();
    media.width = attachment.width.and_then(|n| u64::try_from(n).ok());
    media.height = attachment.height.and_then(|n| u64::try_from(n).ok());
    if (attachment.focus_x, attachment.focus_y) != (0.0, 0.0) {
        media.focal_point = Some([attachment.focus_x, attachment.focus_y]);
    }
    Some(media)
}

fn write_poll(note: &mut Note, poll: &Poll) {
    let hidden = poll.hide_totals && !poll.is_over();
    let options = poll.options.iter().map(|o| vocab::PollOption {
        name: o.title.clone(),
        votes: if hidden { 0 } else { u64::try_from(o.votes).unwrap_or(0) },
    });
    if poll.multiple {
        note.any_of = options.collect();
    } else {
        note.one_of = options.collect();
    }
    note.end_time = poll.expires_at.map(Timestamp::to_utc);
    note.closed = poll.expires_at.filter(|_| poll.is_over()).map(|at| Closed::At(at.to_utc()));
    note.voters_count = poll.voters_count.and_then(|n| u64::try_from(n).ok());
}

/// What a remote server publishes, cleaned, as a row of `author`. Whether `author` may say it is checked before.
/// `followers` is the author's followers collection. Two queries at the most: whom of those addressed we know, and whom a
/// quote policy means.
pub fn read(c: &mut Connection, note: &Note, author: &Actor, followers: Option<&str>) -> Result<RemotePost> {
    let mentioned_uris: Vec<String> = note.mentioned().take(MOST_ADDRESSED).map(str::to_owned).collect();
    let mut addressed: Vec<String> = note.to.iter().chain(&note.cc).take(MOST_ADDRESSED).cloned().collect();
    addressed.retain(|uri| !vocab::audience::is_public(uri));
    addressed.sort_unstable();
    addressed.dedup();
    let known = actors::by_uris(c, &addressed)?;
    let (mentioned, silent): (Vec<&Actor>, Vec<&Actor>) = known.iter().partition(|a| mentioned_uris.contains(&a.uri));
    let visibility = match note.visibility(followers) {
        vocab::Visibility::Public => Visibility::Public,
        vocab::Visibility::Unlisted => Visibility::Unlisted,
        vocab::Visibility::Private => Visibility::Private,
        vocab::Visibility::Direct => Visibility::Direct,
    };
    let published = note.published.map(Timestamp::from).map_or_else(Timestamp::now, not_later_than_now);
    let url = note.web_page().filter(|url| is_web(url)).map(str::to_owned);
    Ok(RemotePost {
        uri: note.id.clone(),
        author: author.id,
        kind: kind(note.kind),
        visibility,
        in_reply_to_uri: note.in_reply_to.clone(),
        conversation: note.thread().map(str::to_owned),
        content: content(note, url.as_deref()),
        url,
        summary: note.content_warning().map(text::plain).map(|s| s.trim().to_owned()).unwrap_or_default(),
        sensitive: note.sensitive.unwrap_or(false) || note.content_warning().is_some(),
        language: note.language().and_then(text::language::language).map(str::to_owned),
        emojis: read_emojis(&note.tag),
        mentioned: mentioned.iter().map(|a| a.id).filter(|id| *id != author.id).collect(),
        silently_mentioned: silent.iter().map(|a| a.id).filter(|id| *id != author.id).collect(),
        hashtags: read_hashtags(&note.tag),
        attachments: read_attachments(note),
        poll: read_poll(note),
        quote: read_quote(note),
        quote_policy: read_policy(c, note, author, followers)?,
        created_at: published,
        edited_at: note.updated.map(Timestamp::from).map(not_later_than_now).filter(|at| *at > published),
    })
}

fn kind(kind: NoteKind) -> PostKind {
    match kind {
        NoteKind::Note => PostKind::Note,
        NoteKind::Article => PostKind::Article,
        NoteKind::Page => PostKind::Page,
        NoteKind::Question => PostKind::Question,
        NoteKind::Image => PostKind::Image,
        NoteKind::Video => PostKind::Video,
        NoteKind::Audio => PostKind::Audio,
        NoteKind::Event => PostKind::Event,
    }
}

/// The text as it is shown. Kinds that are more than a note begin with their title and end with a link to their page,
/// since apps show neither.
fn content(note: &Note, url: Option<&str>) -> String {
    let raw = note.text().unwrap_or_default();
    let body = match note.media_type.as_deref().and_then(Format::from_media_type) {
        Some(format) => text::render(raw, format, &text::Resolved::default()),
        None => text::sanitise(raw),
    };
    if matches!(note.kind, NoteKind::Note | NoteKind::Question) {
        return body;
    }
    let mut out = String::with_capacity(body.len() + 256);
    if let Some(title) = note.title() {
        out.push_str("<p><strong>");
        out.push_str(&text::render_field(title, &text::Resolved::default()));
        out.push_str("</strong></p>");
    }
    out.push_str(&body);
    let shared = note.attachment.iter().filter(|a| a.kind.as_deref() == Some("Link")).filter_map(Media::source);
    for link in shared.filter(|link| is_web(link)).chain(url).take(4) {
        out.push_str(&text::render(link, Format::Plain, &text::Resolved::default()));
    }
    text::sanitise(&out)
}

fn read_hashtags(tags: &[Tag]) -> Vec<text::Hashtag> {
    let mut found: Vec<text::Hashtag> = Vec::new();
    for name in tags.iter().filter_map(Tag::hashtag_name).filter(|name| names::is_hashtag(name)).take(MOST_HASHTAGS) {
        let key = text::hashtag_key(name);
        if !found.iter().any(|tag| tag.key == key) {
            found.push(text::Hashtag { name: name.to_owned(), key });
        }
    }
    found
}

fn read_attachments(note: &Note) -> Vec<NewAttachment> {
    let mut found: Vec<NewAttachment> = note.attachment.iter().filter_map(read_media).collect();
    match note.kind {
        NoteKind::Video | NoteKind::Audio => found.extend(note.url.iter().flat_map(files).find_map(read_file)),
        NoteKind::Image | NoteKind::Page | NoteKind::Article | NoteKind::Event => {
            found.extend(note.image.as_ref().and_then(read_media));
        }
        NoteKind::Note | NoteKind::Question => {}
    }
    found.truncate(MOST_ATTACHMENTS);
    found
}

/// A link and what is nested in it: PeerTube lists the files of a film under its playlist.
fn files(link: &Link) -> impl Iterator<Item = &Link> {
    std::iter::once(link).chain(&link.tag)
}

fn read_file(link: &Link) -> Option<NewAttachment> {
    let mime = link.media_type.as_deref()?;
    let kind = by_mime(mime).filter(|_| is_web(&link.href))?;
    Some(NewAttachment {
        kind: Some(kind),
        mime: Some(mime.to_owned()),
        remote_url: Some(link.href.clone()),
        width: size(link.width),
        height: size(link.height),
        ..NewAttachment::default()
    })
}

fn read_media(media: &Media) -> Option<NewAttachment> {
    let url = media.source().filter(|url| is_web(url))?;
    let kind = match (media.media_type().and_then(by_mime), media.kind.as_deref()) {
        (Some(kind), _) => kind,
        (None, Some("Image")) => AttachmentKind::Image,
        (None, Some("Video")) => AttachmentKind::Video,
        (None, Some("Audio")) => AttachmentKind::Audio,
        (None, Some("Document")) => AttachmentKind::Unknown,
        // A bare link is no attachment.
        (None, _) => return None,
    };
    Some(NewAttachment {
        kind: Some(kind),
        mime: media.media_type().map(str::to_owned),
        remote_url: Some(url.to_owned()),
        description: media.description().unwrap_or_default().to_owned(),
        width: size(media.width),
        height: size(media.height),
        focus: media.focal_point.map(|[x, y]| (x, y)),
        blurhash: media.blurhash.clone().filter(|hash| hash.len() <= 128),
        ..NewAttachment::default()
    })
}

fn by_mime(mime: &str) -> Option<AttachmentKind> {
    Some(match mime.split('/').next()? {
        "image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" => AttachmentKind::Audio,
        _ => return None,
    })
}

fn size(pixels: Option<u64>) -> Option<i32> {
    pixels.and_then(|n| i32::try_from(n).ok()).filter(|n| *n > 0)
}

fn read_poll(note: &Note) -> Option<NewPoll> {
    let (options, multiple) = note.poll()?;
    let votes = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Some(NewPoll {
        options: options
            .iter()
            .take(MOST_OPTIONS)
            .map(|o| PollOption { title: text::one_line(&o.name), votes: votes(o.votes) })
            .collect(),
        multiple,
        hide_totals: false,
        voters_count: note.voters_count.map(votes),
        expires_at: note.end_time.map(Timestamp::from),
        closed_at: note.closed.map(|closed| match closed {
            Closed::Yes => Timestamp::now(),
            Closed::At(at) => Timestamp::from(at),
        }),
    })
}
