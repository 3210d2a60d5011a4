//! From a change of ours to rows that wait for delivery: the activity is rendered once, its inboxes are found, and both are
//! stored in the write that finishes the job. Ids are made from what is stored, so that a job that runs twice says the same.

use std::collections::HashMap;

use majlis_local::actors::{self, Actor, Emoji};
use majlis_local::ids::{ActorId, JobId, PostId, ReportId};
use majlis_local::jobs::Change;
use majlis_local::posts::{self, Post};
use majlis_local::visibility::Visibility;
use majlis_local::{
    Connection, Error, Result, Site, audience, collection_items, collections, deliveries, mentions, quotes, reports,
};

use crate::objects;
use crate::sig::BodyDigest;
use crate::vocab::{self, Activity, ActivityKind, FeatureAuthorization, Note, NoteKind, Object, Tombstone};

/// An activity and who must have it.
struct Outgoing {
    sender: Actor,
    activity: Activity,
    /// The followers of `sender` too.
    to_followers: bool,
    /// Every server that we know.
    to_everybody: bool,
    /// By name.
    to: Vec<ActorId>,
    /// Whether to knock at the actors' own inboxes: what is for one person. GoToSocial has no shared inbox, and takes a
    /// `Like` only there.
    personal: bool,
}

impl Outgoing {
    /// For one actor.
    fn to_one(sender: Actor, activity: Activity, target: ActorId) -> Self {
        Self { sender, activity, to_followers: false, to_everybody: false, to: vec![target], personal: true }
    }

    /// For an audience.
    fn to_audience(sender: Actor, activity: Activity, visibility: Visibility, to: Vec<ActorId>) -> Self {
        let to_followers = visibility != Visibility::Direct;
        Self { sender, activity, to_followers, to_everybody: false, to, personal: false }
    }
}

/// Carries out a `Job::Federate`: what is rendered is stored with its deliveries. A change whose rows are gone by now
/// (posted and deleted in one breath) has nothing to say.
pub fn federate(c: &mut Connection, site: &Site, job: JobId, change: &Change) -> Result<()> {
    if stays_here(c, change)? {
        return Ok(());
    }
    let outgoing = match render(c, site, job, change) {
        Err(Error::NotFound(what)) => {
            tracing::debug!(%job, what, "nothing to federate any more");
            return Ok(());
        }
        rendered => rendered?,
    };
    for one in outgoing {
        let body = vocab::to_json(&one.activity).map_err(Error::internal)?;
        let digest = BodyDigest::of(body.as_bytes()).digest_header();
        let mut inboxes = audience::inboxes_of(c, &one.to, one.personal)?;
        if one.to_followers {
            inboxes.extend(audience::follower_inboxes(c, one.sender.id)?);
        }
        if one.to_everybody {
            inboxes.extend(audience::known_inboxes(c)?);
        }
        deliveries::insert(c, one.sender.id, &body, &digest, inboxes)?;
    }
    Ok(())
}

/// Whether a change is about a post that never leaves this server: the one place that nothing passes, whoever enqueued it.
fn stays_here(c: &mut Connection, change: &Change) -> Result<bool> {
    let post = match change {
        Change::Posted { post }
        | Change::Edited { post }
        | Change::Deleted { post, .. }
        | Change::Pinned { post }
        | Change::Unpinned { post }
        | Change::Unboosted { boost: post }
        | Change::QuoteRejected { post, .. } => *post,
        Change::QuoteRequested { quote } | Change::QuoteAccepted { quote } | Change::QuoteRevoked { quote } => {
            match quotes::get(c, *quote) {
                Ok(quote) => quote.post_id,
                Err(Error::NotFound(_)) => return Ok(false),
                Err(other) => return Err(other),
            }
        }
        _ => return Ok(false),
    };
    Ok(posts::find_many(c, &[post])?.iter().any(|post| post.local_only))
}

fn render(c: &mut Connection, site: &Site, job: JobId, change: &Change) -> Result<Vec<Outgoing>> {
    Ok(vec![match change {
        Change::Posted { post } => {
            let post = living(c, *post)?;
            published(c, site, &post)?
        }
        Change::Edited { post } => {
            let post = living(c, *post)?;
            let (sender, to) = (actors::get(c, post.author_id)?, concerned(c, &post)?);
            let note = note(c, site, &post)?;
            let audience = vocab::Audience { to: note.to.clone(), cc: note.cc.clone() };
            let activity =
                act(ActivityKind::Update, format!("{}#updates/{job}", post.uri), &sender, Object::Note(Box::new(note)));
            Outgoing::to_audience(sender, activity.addressed(audience), post.visibility, to)
        }
        Change::Deleted { post, reached } => {
            let post = posts::get(c, *post)?;
            let (sender, mut to) = (actors::get(c, post.author_id)?, concerned(c, &post)?);
            to.extend(reached);
            let mentioned = mentions::of_post(c, post.id)?;
            let addressed = uris(c, &mentioned)?;
            let gone = Object::Tombstone(Tombstone::new(&post.uri));
            let activity = act(ActivityKind::Delete, format!("{}#delete", post.uri), &sender, gone)
                .addressed(objects::note::audience(post.visibility, &sender, &addressed));
            Outgoing::to_audience(sender, activity, post.visibility, to)
        }
        Change::Unboosted { boost } => {
            let boost = posts::get(c, *boost)?;
            let (announce, sender, author) = announce(c, &boost)?;
            let audience = vocab::Audience { to: announce.to.clone(), cc: announce.cc.clone() };
            let activity = act(ActivityKind::Undo, format!("{}#undo", boost.uri), &sender, Object::Activity(Box::new(announce)));
            Outgoing::to_audience(sender, activity.addressed(audience), boost.visibility, vec![author])
        }
        Change::Liked { like } => {
            let like = majlis_local::likes::get(c, *like)?;
            let (sender, post) = (actors::get(c, like.actor_id)?, posts::get(c, like.post_id)?);
            let activity = act(ActivityKind::Like, like.uri, &sender, Object::Id(post.uri));
            Outgoing::to_one(sender, activity, post.author_id)
        }
        Change::Unliked { uri, actor, post } => {
            let (sender, post) = (actors::get(c, *actor)?, posts::get(c, *post)?);
            let like = act(ActivityKind::Like, uri.clone(), &sender, Object::Id(post.uri));
            Outgoing::to_one(sender.clone(), undo(uri, &sender, like), post.author_id)
        }
        Change::Reacted { reaction } => {
            let reaction = majlis_local::reactions::get(c, *reaction)?;
            let (sender, post) = (actors::get(c, reaction.actor_id)?, posts::get(c, reaction.post_id)?);
            let emoji = reaction.emoji.map(|emoji| emoji.0);
            Outgoing::to_one(sender.clone(), react(site, &sender, reaction.uri, post.uri, &reaction.name, emoji), post.author_id)
        }
        Change::Unreacted { uri, actor, post, name, emoji } => {
            let (sender, post) = (actors::get(c, *actor)?, posts::get(c, *post)?);
            let reacted = react(site, &sender, uri.clone(), post.uri, name, emoji.clone());
            Outgoing::to_one(sender.clone(), undo(uri, &sender, reacted), post.author_id)
        }
        Change::QuoteRequested { quote } => {
            let quote = quotes::get(c, *quote)?;
            let (sender, post) = (actors::get(c, quote.author_id)?, living(c, quote.post_id)?);
            let (Some(uri), Some(quoted_author)) = (quote.request_uri, quote.quoted_author_id) else {
                return Err(Error::NotFound("quote request"));
            };
            let mut activity = act(ActivityKind::QuoteRequest, uri, &sender, Object::Id(quote.quoted_uri));
            // Whole: what is for followers could not be fetched.
            activity.instrument = Some(Box::new(Object::Note(Box::new(note(c, site, &post)?))));
            activity.to = uris(c, &[quoted_author])?;
            Outgoing::to_one(sender, activity, quoted_author)
        }
        Change::QuoteAccepted { quote } => {
            let quote = quotes::get(c, *quote)?;
            let (quoted, quoting) = (living(c, quote.quoted_id.unwrap_or(PostId(0)))?, posts::get(c, quote.post_id)?);
            let request = quote.request_uri.as_deref().ok_or(Error::NotFound("quote request"))?;
            let mut outgoing = quote_answer(c, ActivityKind::Accept, &quoted, quote.author_id, request, &quoting.uri)?;
            outgoing.activity.id = Some(format!("{}#accepts/quotes/{}", outgoing.sender.uri, quote.id));
            outgoing.activity.result = quote.stamp(site, &outgoing.sender);
            outgoing
        }
        Change::QuoteRejected { post, actor, request, instrument } => {
            let quoted = living(c, *post)?;
            let mut outgoing = quote_answer(c, ActivityKind::Reject, &quoted, *actor, request, instrument)?;
            outgoing.activity.id = Some(format!("{}#rejects/quotes/{job}", outgoing.sender.uri));
            outgoing
        }
        Change::QuoteRevoked { quote } => {
            let quote = quotes::get(c, *quote)?;
            let sender = actors::get(c, quote.quoted_author_id.ok_or(Error::NotFound("quoted author"))?)?;
            let stamp = site.quote_stamp_uri(&sender.username, quote.id);
            let mut activity = act(ActivityKind::Delete, format!("{stamp}#delete"), &sender, Object::Id(stamp));
            activity.to = vec![vocab::PUBLIC.to_owned()];
            // Those who have the quoting post: its author's server, and ours' followers, who may have seen it boosted.
            Outgoing::to_audience(sender, activity, Visibility::Public, vec![quote.author_id])
        }
        Change::Followed { follow, actor, target } => {
            let (sender, other) = (actors::get(c, *actor)?, actors::get(c, *target)?);
            let uri = site.follow_uri(&sender.username, *follow);
            let activity = act(ActivityKind::Follow, uri, &sender, Object::Id(other.uri));
            Outgoing::to_one(sender, activity, *target)
        }
        Change::Unfollowed { uri, actor, target } => {
            let (sender, other) = (actors::get(c, *actor)?, actors::get(c, *target)?);
            let follow = act(ActivityKind::Follow, uri.clone(), &sender, Object::Id(other.uri));
            Outgoing::to_one(sender.clone(), undo(uri, &sender, follow), *target)
        }
        Change::Accepted { follow, uri, actor, target } => {
            answer(c, ActivityKind::Accept, "accepts", *follow, uri, *actor, *target)?
        }
        Change::Rejected { follow, uri, actor, target } => {
            answer(c, ActivityKind::Reject, "rejects", *follow, uri, *actor, *target)?
        }
        Change::Blocked { uri, actor, target, .. } => {
            let (sender, other) = (actors::get(c, *actor)?, actors::get(c, *target)?);
            let activity = act(ActivityKind::Block, uri.clone(), &sender, Object::Id(other.uri));
            Outgoing::to_one(sender, activity, *target)
        }
        Change::Unblocked { uri, actor, target } => {
            let (sender, other) = (actors::get(c, *actor)?, actors::get(c, *target)?);
            let block = act(ActivityKind::Block, uri.clone(), &sender, Object::Id(other.uri));
            Outgoing::to_one(sender.clone(), undo(uri, &sender, block), *target)
        }
        Change::Pinned { post } => featured(c, ActivityKind::Add, job, *post)?,
        Change::Unpinned { post } => featured(c, ActivityKind::Remove, job, *post)?,
        Change::ProfileChanged { actor } => {
            let sender = actors::get(c, *actor)?;
            let endpoints = actors::endpoints(c, *actor)?;
            let moved_to = match sender.moved_to_id {
                Some(id) => Some(actors::get(c, id)?.uri),
                None => None,
            };
            let profile = objects::actor::render(site, &sender, &endpoints, moved_to);
            let activity =
                act(ActivityKind::Update, format!("{}#updates/{job}", sender.uri), &sender, Object::Actor(Box::new(profile)))
                    .addressed(objects::note::audience(Visibility::Public, &sender, &[]));
            Outgoing::to_audience(sender, activity, Visibility::Public, Vec::new())
        }
        Change::Moved { actor, target } => {
            let (sender, other) = (actors::get(c, *actor)?, actors::get(c, *target)?);
            let id = format!("{}#moves/{job}", sender.uri);
            let mut activity = act(ActivityKind::Move, id, &sender, Object::Id(sender.uri.clone()));
            activity.target = Some(other.uri);
            activity.to = vec![format!("{}/followers", sender.uri)];
            Outgoing::to_audience(sender, activity, Visibility::Private, Vec::new())
        }
        Change::ActorDeleted { actor } => {
            let sender = actors::get(c, *actor)?;
            let activity = act(ActivityKind::Delete, format!("{}#delete", sender.uri), &sender, Object::Id(sender.uri.clone()))
                .addressed(objects::note::audience(Visibility::Public, &sender, &[]));
            Outgoing { sender, activity, to_followers: false, to_everybody: true, to: Vec::new(), personal: false }
        }
        Change::CollectionMade { collection } => {
            let collection = collections::get(c, *collection)?;
            if !collection.discoverable {
                return Ok(Vec::new());
            }
            let sender = actors::get(c, collection.owner_id)?;
            let object = Object::FeaturedCollection(Box::new(objects::featured::render(c, site, &collection)?));
            let mut activity = act(ActivityKind::Add, format!("{}#adds/{job}", sender.uri), &sender, object)
                .addressed(objects::note::audience(Visibility::Public, &sender, &[]));
            activity.target = Some(format!("{}/collections", sender.uri));
            Outgoing::to_audience(sender, activity, Visibility::Public, Vec::new())
        }
        Change::CollectionChanged { collection, shown } => {
            let collection = collections::get(c, *collection)?;
            let sender = actors::get(c, collection.owner_id)?;
            let people = collection_items::elsewhere(c, collection.id)?;
            let object = Object::FeaturedCollection(Box::new(objects::featured::render(c, site, &collection)?));
            let activity = act(ActivityKind::Update, format!("{}#updates/{job}", collection.uri), &sender, object);
            of_collection(sender, activity, *shown, people)
        }
        Change::CollectionDeleted { uri, owner, discoverable, people } => {
            let sender = actors::get(c, *owner)?;
            let mut activity = act(ActivityKind::Remove, format!("{uri}#remove"), &sender, Object::Id(uri.clone()));
            activity.target = Some(format!("{}/collections", sender.uri));
            of_collection(sender, activity, *discoverable, people.clone())
        }
        Change::Featured { item } => {
            let item = collection_items::by_id(c, *item)?;
            let collection = collections::get(c, item.collection_id)?;
            let sender = actors::get(c, collection.owner_id)?;
            let object = Object::FeaturedItem(Box::new(objects::featured::item(c, site, &item)?));
            let mut activity = act(ActivityKind::Add, format!("{}#adds/{job}", collection.uri), &sender, object);
            activity.target = Some(collection.uri);
            of_collection(sender, activity, collection.discoverable, vec![item.actor_id])
        }
        Change::Unfeatured { item, person, collection } => {
            let collection = collections::get(c, *collection)?;
            let sender = actors::get(c, collection.owner_id)?;
            let mut activity = act(ActivityKind::Remove, format!("{item}#remove"), &sender, Object::Id(item.clone()));
            activity.target = Some(collection.uri);
            of_collection(sender, activity, collection.discoverable, vec![*person])
        }
        Change::FeatureAsked { item } => {
            let item = collection_items::by_id(c, *item)?;
            let collection = collections::get(c, item.collection_id)?;
            let (sender, target) = (actors::get(c, collection.owner_id)?, actors::get(c, item.actor_id)?);
            let id = format!("{}/feature_requests/{}", sender.uri, item.id);
            let mut activity = act(ActivityKind::FeatureRequest, id, &sender, Object::Id(target.uri));
            activity.instrument = Some(Box::new(Object::Id(collection.uri)));
            Outgoing::to_one(sender, activity, target.id)
        }
        Change::FeatureAccepted { item } => {
            let item = collection_items::by_id(c, *item)?;
            let collection = collections::get(c, item.collection_id)?;
            let (sender, owner) = (actors::get(c, item.actor_id)?, actors::get(c, collection.owner_id)?);
            let request = item.request_uri.ok_or(Error::NotFound("feature request"))?;
            let id = format!("{}#accepts/feature_requests/{}", sender.uri, item.id);
            let mut activity = act(ActivityKind::Accept, id, &sender, Object::Id(request));
            activity.result = Some(site.stamp_uri(&sender.username, item.id));
            activity.to = vec![owner.uri];
            Outgoing::to_one(sender, activity, owner.id)
        }
        Change::FeatureRefused { request, actor, owner } => {
            let (sender, other) = (actors::get(c, *actor)?, actors::get(c, *owner)?);
            let id = format!("{}#rejects/feature_requests/{job}", sender.uri);
            let mut activity = act(ActivityKind::Reject, id, &sender, Object::Id(request.clone()));
            activity.to = vec![other.uri];
            Outgoing::to_one(sender, activity, other.id)
        }
        Change::FeatureRevoked { item, actor, collection, owner } => {
            let sender = actors::get(c, *actor)?;
            let stamp = FeatureAuthorization::new(site.stamp_uri(&sender.username, *item), collection, &sender.uri);
            let id = format!("{}#delete", stamp.id);
            let activity = act(ActivityKind::Delete, id, &sender, Object::FeatureAuthorization(stamp));
            Outgoing::to_one(sender, activity, *owner)
        }
        Change::Reported { report, to, posts } => reported(c, site, *report, *to, posts)?,
        Change::Voted { post, actor, choices } => return votes(c, *post, *actor, choices),
    }])
}

/// What a new post or boost is: `Create` or `Announce`.
fn published(c: &mut Connection, site: &Site, post: &Post) -> Result<Outgoing> {
    if post.is_boost() {
        let (announce, sender, author) = announce(c, post)?;
        return Ok(Outgoing::to_audience(sender, announce, post.visibility, vec![author]));
    }
    let (sender, to) = (actors::get(c, post.author_id)?, concerned(c, post)?);
    let activity = create(note(c, site, post)?, &sender);
    Ok(Outgoing::to_audience(sender, activity, post.visibility, to))
}

/// The `Create` or `Announce` of a local post or boost, as it stands at its activity's URL.
pub fn activity_of(c: &mut Connection, site: &Site, post: &Post) -> Result<Activity> {
    Ok(published(c, site, post)?.activity)
}

/// The `Create` of a note, addressed as the note is.
pub(crate) fn create(note: Note, author: &Actor) -> Activity {
    let audience = vocab::Audience { to: note.to.clone(), cc: note.cc.clone() };
    let (id, published) = (format!("{}/activity", note.id), note.published);
    let mut activity = act(ActivityKind::Create, id, author, Object::Note(Box::new(note))).addressed(audience);
    activity.published = published;
    activity
}

/// The `Announce` that a boost is, who boosts, and whose post it is.
fn announce(c: &mut Connection, boost: &Post) -> Result<(Activity, Actor, ActorId)> {
    let of = boost.boost_of_id.ok_or(Error::NotFound("boosted post"))?;
    let (post, sender) = (posts::get(c, of)?, actors::get(c, boost.author_id)?);
    let author = actors::get(c, post.author_id)?;
    Ok((announced(boost, &sender, &post, &author), sender, author.id))
}

/// A boost of an author's post.
fn announced(boost: &Post, sender: &Actor, post: &Post, author: &Actor) -> Activity {
    let audience = objects::note::audience(boost.visibility, sender, std::slice::from_ref(&author.uri));
    act(ActivityKind::Announce, boost.uri.clone(), sender, Object::Id(post.uri.clone()))
        .addressed(audience)
        .at(boost.created_at.to_utc())
}

/// The `Create`s and `Announce`s of posts and boosts of one local author, in the order given. Twelve queries at the most,
/// whatever their number. A boost of what is not known any more is left out.
pub fn activities_of(c: &mut Connection, site: &Site, author: &Actor, posts: &[Post]) -> Result<Vec<Activity>> {
    let (boosts, own): (Vec<Post>, Vec<Post>) = posts.iter().cloned().partition(Post::is_boost);
    let notes = objects::note::render_many(c, site, &own)?;
    let boosted: Vec<PostId> = boosts.iter().filter_map(|boost| boost.boost_of_id).collect();
    let boosted: HashMap<PostId, Post> = posts::find_many(c, &boosted)?.into_iter().map(|post| (post.id, post)).collect();
    let authors: Vec<ActorId> = boosted.values().map(|post| post.author_id).collect();
    let authors: HashMap<ActorId, Actor> = actors::find_many(c, &authors)?.into_iter().map(|actor| (actor.id, actor)).collect();
    let mut created: HashMap<String, Activity> = notes.into_iter().map(|note| (note.id.clone(), create(note, author))).collect();
    let announced_of = |boost: &Post| {
        let post = boosted.get(&boost.boost_of_id?)?;
        Some(announced(boost, author, post, authors.get(&post.author_id)?))
    };
    Ok(posts.iter().filter_map(|post| created.remove(&post.uri).or_else(|| announced_of(post))).collect())
}

fn act(kind: ActivityKind, id: String, actor: &Actor, object: Object) -> Activity {
    Activity::new(kind, id, &actor.uri, object)
}

/// A reaction with an emoji; a custom one comes along as a tag (FEP-c0e0).
fn react(site: &Site, sender: &Actor, uri: String, post: String, name: &str, emoji: Option<Emoji>) -> Activity {
    let mut activity = act(ActivityKind::EmojiReact, uri, sender, Object::Id(post));
    activity.content = Some(match &emoji {
        Some(emoji) => format!(":{}:", emoji.shortcode),
        None => name.to_owned(),
    });
    activity.tag = objects::note::emoji_tags(site, &emoji.into_iter().collect::<Vec<_>>());
    activity
}

/// The embedded activity is repeated whole: Pixelfed and Threads know it only so.
fn undo(uri: &str, sender: &Actor, undone: Activity) -> Activity {
    act(ActivityKind::Undo, format!("{uri}#undo"), sender, Object::Activity(Box::new(undone)))
}

/// `Accept` or `Reject` of a remote actor's follow.
fn answer(
    c: &mut Connection,
    kind: ActivityKind,
    path: &str,
    follow: majlis_local::ids::FollowId,
    uri: &str,
    follower: ActorId,
    followed: ActorId,
) -> Result<Outgoing> {
    let (sender, other) = (actors::get(c, followed)?, actors::get(c, follower)?);
    let embedded = act(ActivityKind::Follow, uri.to_owned(), &other, Object::Id(sender.uri.clone()));
    let activity = act(kind, format!("{}/{path}/{follow}", sender.uri), &sender, Object::Activity(Box::new(embedded)));
    Ok(Outgoing::to_one(sender, activity, follower))
}

/// `Accept` or `Reject` of a remote author's `QuoteRequest` for a post of ours (FEP-044f).
fn quote_answer(
    c: &mut Connection,
    kind: ActivityKind,
    quoted: &Post,
    quoter: ActorId,
    request: &str,
    instrument: &str,
) -> Result<Outgoing> {
    let (sender, other) = (actors::get(c, quoted.author_id)?, actors::get(c, quoter)?);
    let mut asked = act(ActivityKind::QuoteRequest, request.to_owned(), &other, Object::Id(quoted.uri.clone()));
    asked.instrument = Some(Box::new(Object::Id(instrument.to_owned())));
    let mut activity = act(kind, String::new(), &sender, Object::Activity(Box::new(asked)));
    activity.to = vec![other.uri];
    Ok(Outgoing::to_one(sender, activity, quoter))
}

/// `Add` to or `Remove` from the author's featured collection, which is the target (Misskey compares it).
fn featured(c: &mut Connection, kind: ActivityKind, job: JobId, post: PostId) -> Result<Outgoing> {
    let post = living(c, post)?;
    let sender = actors::get(c, post.author_id)?;
    let id = format!("{}#featured/{job}", sender.uri);
    let mut activity =
        act(kind, id, &sender, Object::Id(post.uri)).addressed(objects::note::audience(post.visibility, &sender, &[]));
    activity.target = actors::endpoints(c, sender.id)?.featured;
    Ok(Outgoing::to_audience(sender, activity, post.visibility, Vec::new()))
}

/// What becomes of a collection is told to the followers when it is shown on the profile, and always to those in it.
fn of_collection(sender: Actor, activity: Activity, discoverable: bool, people: Vec<ActorId>) -> Outgoing {
    let activity = activity.addressed(objects::note::audience(Visibility::Public, &sender, &[]));
    Outgoing { sender, activity, to_followers: discoverable, to_everybody: false, to: people, personal: false }
}

/// `Flag` of the server itself: who reported is not told. It names the reported one and its posts, as Mastodon's does.
fn reported(c: &mut Connection, site: &Site, report: ReportId, to: ActorId, shown: &[PostId]) -> Result<Outgoing> {
    let report = reports::get(c, report)?;
    let sender = actors::by_uri(c, &site.instance_actor_uri())?.ok_or(Error::NotFound("instance actor"))?;
    let target = actors::get(c, report.target_id)?;
    let id = format!("{}#reports/{}/{to}", sender.uri, report.id);
    let mut activity = act(ActivityKind::Flag, id, &sender, Object::Id(target.uri));
    let mut shown = posts::find_many(c, shown)?;
    shown.sort_unstable_by_key(|post| post.id);
    activity.object.extend(shown.into_iter().map(|post| Object::Id(post.uri)));
    activity.object.extend(
        reports::collections(c, report.id)?.into_iter().filter(|_| to == report.target_id).map(|(_, c)| Object::Id(c.uri)),
    );
    activity.content = Some(report.comment);
    Ok(Outgoing::to_one(sender, activity, to))
}

/// A vote is a note with a name and no content, one for each choice, for the asker alone.
fn votes(c: &mut Connection, post: PostId, voter: ActorId, choices: &[i32]) -> Result<Vec<Outgoing>> {
    let (post, sender) = (posts::get(c, post)?, actors::get(c, voter)?);
    let asker = actors::get(c, post.author_id)?;
    let poll = majlis_local::polls::of_post(c, post.id)?.ok_or(Error::NotFound("poll"))?;
    let mut out = Vec::with_capacity(choices.len());
    for choice in choices {
        let Some(option) = usize::try_from(*choice).ok().and_then(|n| poll.options.get(n)) else { continue };
        let mut vote = Note::new(NoteKind::Note, format!("{}#votes/{}/{choice}", sender.uri, post.id)).by(&sender.uri);
        vote.name = Some(option.title.clone());
        vote.in_reply_to = Some(post.uri.clone());
        vote.to = vec![asker.uri.clone()];
        out.push(Outgoing::to_one(sender.clone(), create(vote, &sender), asker.id));
    }
    Ok(out)
}

fn note(c: &mut Connection, site: &Site, post: &Post) -> Result<Note> {
    objects::note::render(c, site, post)?.ok_or(Error::NotFound("author"))
}

fn living(c: &mut Connection, id: PostId) -> Result<Post> {
    let post = posts::get(c, id)?;
    if post.deleted_at.is_some() { Err(Error::NotFound("post")) } else { Ok(post) }
}

/// Whom a post concerns by name: those mentioned, whom it quotes and who quotes it, and whom it answers if that one may see
/// it anyway.
fn concerned(c: &mut Connection, post: &Post) -> Result<Vec<ActorId>> {
    let mut to = mentions::of_post(c, post.id)?;
    if post.visibility.is_open() {
        to.extend(quotes::concerned(c, post)?);
    }
    if post.visibility.is_open() {
        to.extend(post.in_reply_to_actor_id);
    }
    Ok(to)
}

fn uris(c: &mut Connection, ids: &[ActorId]) -> Result<Vec<String>> {
    Ok(actors::find_many(c, ids)?.into_iter().map(|a| a.uri).collect())
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use majlis_local::publish::Draft;
    use majlis_local::schema::activities;
    use majlis_local::testing::TestDb;
    use majlis_local::testing::people::*;

    use super::*;

    #[test]
    fn nothing_is_said_of_a_local_only_post_whoever_asks_for_it() {
        TestDb::new()
            .write_now(|c| {
                let (ali, far) = (local(c, "ali"), remote(c, "far"));
                follow(c, far.id, ali.id);
                let post = publish(c, ali.id, Draft { local_only: true, ..draft("here") }).id;
                for change in [
                    Change::Posted { post },
                    Change::Edited { post },
                    Change::Pinned { post },
                    Change::Unpinned { post },
                    Change::Unboosted { boost: post },
                    Change::Deleted { post, reached: vec![far.id] },
                ] {
                    federate(c, &site(), JobId::new(), &change)?;
                }
                let ours = publish(c, ali.id, draft("everywhere"));
                let quoting = publish(c, ali.id, Draft { local_only: true, quote: Some(ours.id), ..draft("look") });
                let quote = quotes::of_post(c, quoting.id)?.map(|quote| quote.id).unwrap();
                let (request, instrument) = ("https://peer.example/r".to_owned(), "https://peer.example/n".to_owned());
                for change in [
                    Change::QuoteRequested { quote },
                    Change::QuoteAccepted { quote },
                    Change::QuoteRevoked { quote },
                    Change::QuoteRejected { post, actor: far.id, request, instrument },
                ] {
                    federate(c, &site(), JobId::new(), &change)?;
                }
                assert_eq!(activities::table.count().get_result::<i64>(c)?, 0);
                Ok(())
            })
            .unwrap();
    }
}
