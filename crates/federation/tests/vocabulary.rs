//! What other software sends, in its own shapes, is read with all that matters; what is read can be written and read again.
//! The documents in `fixtures/` were written for this test after each software's documentation and habits.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use majlis_federation::sig::PublicKey;
use majlis_federation::vocab::{
    Activity, ActivityKind, Actor, ActorKind, Closed, CollectionRef, Envelope, Note, NoteKind, Object, PUBLIC, Visibility,
    to_json,
};

const AMAL: &str = "https://majlis.example/users/amal";
const POST: &str = "https://majlis.example/users/amal/statuses/7";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn read(name: &str) -> Object {
    let bytes = fs::read(folder().join(format!("{name}.json"))).unwrap_or_else(|error| panic!("{name}: {error}"));
    Object::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn activity(name: &str) -> Activity {
    match read(name) {
        Object::Activity(activity) => *activity,
        other => panic!("{name} is {other:?}"),
    }
}

fn actor(name: &str) -> Actor {
    match read(name) {
        Object::Actor(actor) => *actor,
        other => panic!("{name} is {other:?}"),
    }
}

/// The post inside an activity.
fn post(activity: &Activity) -> &Note {
    activity.object().and_then(Object::as_note).unwrap()
}

fn software() -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn all() -> Vec<String> {
    software()
        .into_iter()
        .flat_map(|software| {
            let files = fs::read_dir(folder().join(&software)).unwrap();
            files.map(move |file| format!("{software}/{}", file.unwrap().path().file_stem().unwrap().to_str().unwrap()))
        })
        .collect()
}

#[test]
fn every_document_is_known_and_comes_back_as_it_was() {
    let names = all();
    assert!(names.len() > 90, "{}", names.len());
    for name in names {
        // GoToSocial shows strangers an actor's key and hardly more.
        if name == "gotosocial/key" {
            continue;
        }
        let object = read(&name);
        assert!(!matches!(object, Object::Other(_) | Object::Id(_)), "{name}: {object:?}");
        let written = match &object {
            Object::Activity(it) => to_json(it.as_ref()).unwrap(),
            Object::Actor(it) => to_json(it.as_ref()).unwrap(),
            Object::Note(it) => to_json(it.as_ref()).unwrap(),
            Object::Collection(it) => to_json(it.as_ref()).unwrap(),
            other => panic!("{name}: {other:?}"),
        };
        assert!(written.starts_with(r#"{"@context":"#), "{name}");
        assert_eq!(Object::from_slice(written.as_bytes()).unwrap(), object, "{name}");
    }
}

#[test]
fn the_outside_of_every_activity_agrees_with_its_inside() {
    for name in all() {
        let bytes = fs::read(folder().join(format!("{name}.json"))).unwrap();
        let (envelope, object) = (Envelope::from_slice(&bytes).unwrap(), read(&name));
        assert_eq!(Some(envelope.kind.as_str()), object.kind_name(), "{name}");
        assert_eq!(envelope.id.as_deref(), object.id(), "{name}");
        if let Object::Activity(activity) = &object {
            assert_eq!(envelope.actor, activity.actor, "{name}");
            assert_eq!(envelope.object.as_deref(), activity.object_id(), "{name}");
        }
        assert_eq!(envelope.proven, name.starts_with("mitra/") && name != "mitra/actor", "{name}");
        assert_eq!(envelope.ld_signed, name == "mastodon/create-note", "{name}");
        assert_eq!(
            envelope.is_about_its_own_actor(),
            matches!(name.as_str(), "mastodon/delete-actor" | "mastodon/update-actor"),
            "{name}"
        );
    }
}

#[test]
fn every_actor_has_what_delivery_and_verification_need() {
    for (name, kind, username, shared_inbox) in [
        ("mastodon/actor", ActorKind::Person, "lina", Some("https://mastodon.example/inbox")),
        ("gotosocial/actor", ActorKind::Person, "noor", None),
        ("akkoma/actor", ActorKind::Service, "karim", Some("https://akkoma.example/inbox")),
        ("misskey/actor", ActorKind::Person, "yuki", Some("https://misskey.example/inbox")),
        ("lemmy/actor", ActorKind::Person, "sami", Some("https://lemmy.example/inbox")),
        ("lemmy/group", ActorKind::Group, "gardening", Some("https://lemmy.example/inbox")),
        ("pixelfed/actor", ActorKind::Person, "dana", Some("https://pixelfed.example/f/inbox")),
        ("peertube/actor", ActorKind::Person, "faris", Some("https://peertube.example/inbox")),
        ("peertube/channel", ActorKind::Group, "desert_films", Some("https://peertube.example/inbox")),
        ("threads/actor", ActorKind::Person, "rami", Some("https://threads.example/ap/inbox/")),
        ("mitra/actor", ActorKind::Person, "huda", None),
    ] {
        let actor = actor(name);
        assert_eq!(
            (actor.kind, actor.preferred_username.as_str(), actor.shared_inbox()),
            (kind, username, shared_inbox),
            "{name}"
        );
        assert!(actor.inbox.starts_with(actor.id.trim_end_matches('/')), "{name}");
        assert!(actor.outbox.is_some() && actor.followers.is_some() || name.starts_with("lemmy/"), "{name}");
        let [key] = &actor.public_key[..] else { panic!("{name}: {:?}", actor.public_key) };
        assert_eq!(key.owner.as_deref(), Some(actor.id.as_str()), "{name}");
        assert_eq!(actor.key(&key.id), Some(key), "{name}");
        PublicKey::from_pem(&key.public_key_pem).unwrap();
        assert!(actor.name.is_some(), "{name}");
        assert_eq!(actor.implements_rfc9421(), name == "mitra/actor", "{name}");
    }
}

#[test]
fn profiles_keep_their_details() {
    let lina = actor("mastodon/actor");
    assert_eq!(lina.web_page(), Some("https://mastodon.example/@lina"));
    assert_eq!(lina.icon.as_ref().unwrap().source(), Some("https://mastodon.example/system/avatars/lina.jpg"));
    assert_eq!(lina.image.as_ref().unwrap().media_type(), Some("image/png"));
    assert_eq!((lina.manually_approves_followers, lina.discoverable, lina.indexable), (Some(true), Some(true), Some(false)));
    assert_eq!(lina.also_known_as, ["https://old.example/users/lina"]);
    assert_eq!((lina.attachment[0].name.as_str(), lina.attachment.len()), ("Site", 1));
    assert_eq!(lina.tag[0].shortcode(), Some("qahwa"));
    assert_eq!(lina.featured.as_deref(), Some("https://mastodon.example/users/lina/collections/featured"));
    assert_eq!(lina.handle(), Some("lina@mastodon.example"));
    assert_eq!(lina.attribution_domains, ["blog.example"]);
    assert_eq!(lina.published.unwrap().timestamp(), 1_667_606_400);
    assert_eq!(actor("mastodon/actor-suspended").suspended, Some(true));

    let noor = actor("gotosocial/actor");
    assert_eq!(noor.attachment.len(), 1);
    assert_eq!(noor.icon.as_ref().unwrap().description(), Some("A lighthouse"));
    assert_eq!(noor.public_key[0].id, "https://gts.example/users/noor/main-key");
    assert!(matches!(read("gotosocial/key"), Object::Other(stub) if stub.id.as_deref() == Some(noor.id.as_str())));

    assert_eq!(actor("misskey/actor").tag[0].shortcode(), Some("neko"));
    assert_eq!(actor("peertube/actor").web_page(), Some("https://peertube.example/a/faris/video-channels"));
    assert!(actor("peertube/actor").icon.is_some());
    assert_eq!(actor("peertube/channel").attributed_to, ["https://peertube.example/accounts/faris"]);
    assert_eq!(actor("lemmy/group").attributed_to, ["https://lemmy.example/c/gardening/moderators"]);
    assert_eq!(actor("lemmy/group").posting_restricted_to_mods, Some(false));

    let huda = actor("mitra/actor");
    assert_eq!(huda.assertion_method.len(), 2);
    assert!(huda.assertion_method.iter().any(|key| PublicKey::from_multibase(&key.public_key_multibase).is_ok()));
    assert_eq!(huda.attachment.len(), 1);
}

#[test]
fn mastodons_note_is_read_whole() {
    let create = activity("mastodon/create-note");
    assert_eq!((create.kind, create.actor.as_deref()), (ActivityKind::Create, Some("https://mastodon.example/users/lina")));
    let note = post(&create);
    assert_eq!((note.kind, note.author()), (NoteKind::Note, create.actor.as_deref()));
    assert_eq!(note.visibility(None), Visibility::Public);
    assert_eq!((note.content_warning(), note.sensitive), (Some("Breakfast"), Some(true)));
    assert_eq!(note.language(), Some("ar"));
    assert_eq!(note.in_reply_to.as_deref(), Some(POST));
    assert_eq!(note.thread(), Some("https://mastodon.example/contexts/7-1"));
    assert_eq!(note.mentioned().collect::<Vec<_>>(), [AMAL]);
    assert_eq!(note.tag[1].hashtag_name(), Some("coffee"));
    let picture = &note.attachment[0];
    assert_eq!((picture.description(), picture.width, picture.height), (Some("A cup"), Some(1200), Some(800)));
    assert_eq!((picture.focal_point, picture.blurhash.is_some()), (Some([0.25, -0.5]), true));
    assert_eq!(note.interaction_policy.as_ref().unwrap().can_quote.as_ref().unwrap().automatic_approval, [PUBLIC]);
    assert_eq!(note.likes.as_ref().and_then(CollectionRef::total), Some(3));
    let Some(CollectionRef::Embedded(replies)) = &note.replies else { panic!("{:?}", note.replies) };
    let Some(CollectionRef::Embedded(page)) = &replies.first else { panic!("{replies:?}") };
    assert_eq!(page.ids().count(), 1);

    let update = activity("mastodon/update-note");
    assert_eq!((update.kind, post(&update).updated.unwrap().timestamp()), (ActivityKind::Update, 1_769_850_000));
}

#[test]
fn polls_and_votes_are_read() {
    let create = activity("mastodon/create-question");
    let (options, multiple) = post(&create).poll().unwrap();
    assert_eq!((options.len(), multiple, options[1].name.as_str(), options[1].votes), (2, false, "Coffee", 3));
    assert_eq!((post(&create).voters_count, post(&create).closed), (Some(5), None));
    assert!(post(&create).end_time.is_some());
    let update = activity("mastodon/update-question");
    assert!(matches!(post(&update).closed, Some(Closed::At(_))));

    let misskey = activity("misskey/create-question");
    let (options, multiple) = post(&misskey).poll().unwrap();
    assert_eq!((multiple, options[1].votes), (true, 4));

    let vote = activity("mastodon/create-vote");
    assert!(post(&vote).is_vote());
    assert_eq!((post(&vote).name.as_deref(), post(&vote).visibility(None)), (Some("Tea"), Visibility::Direct));
    assert!(!post(&create).is_vote());
}

#[test]
fn notes_of_the_others_are_read() {
    let gotosocial = activity("gotosocial/create-note");
    let note = post(&gotosocial);
    assert_eq!((note.visibility(None), note.content_warning()), (Visibility::Public, None));
    assert_eq!(note.mentioned().collect::<Vec<_>>(), [AMAL]);
    assert_eq!(note.attachment[0].description(), Some("A harbour at night"));
    let policy = note.interaction_policy.as_ref().unwrap();
    assert_eq!(policy.can_like.as_ref().unwrap().automatic_approval, [PUBLIC]);
    assert_eq!(policy.can_reply.as_ref().unwrap().manual_approval, [PUBLIC]);
    assert_eq!(note.published.unwrap().timestamp_millis(), 1_769_846_700_250);

    let akkoma = activity("akkoma/create-note");
    let note = post(&akkoma);
    assert_eq!((note.quoted(), note.sensitive), (Some(POST), None));
    assert_eq!(note.source.as_ref().unwrap().media_type.as_deref(), Some("text/x.misskeymarkdown"));
    assert_eq!(note.attachment[0].source(), Some("https://akkoma.example/media/b.webp"));
    assert_eq!((note.tag[0].hashtag_name(), note.tag[1].shortcode()), (Some("roofs"), Some("moon")));

    let misskey = activity("misskey/create-note");
    let note = post(&misskey);
    let followers = actor("misskey/actor").followers;
    assert_eq!(note.visibility(followers.as_deref()), Visibility::Unlisted);
    assert_eq!((note.content_warning(), note.quoted()), (Some("ネタバレ"), Some(POST)));
    assert_eq!(note.attachment[0].sensitive, Some(true));

    let pixelfed = activity("pixelfed/create-note");
    let note = post(&pixelfed);
    assert_eq!(
        (note.attachment.len(), note.attachment[0].description(), note.attachment[1].description()),
        (2, Some("Dunes at noon"), None)
    );
    assert_eq!((note.comments_enabled, note.content_warning()), (Some(true), None));

    let threads = activity("threads/create-note");
    let note = post(&threads);
    assert_eq!(note.published.unwrap().timestamp(), 1_769_846_700);
    assert_eq!((note.language(), note.replies.as_ref().unwrap().id().is_some()), (Some("en"), true));

    let mitra = activity("mitra/create-note");
    let note = post(&mitra);
    assert_eq!((note.in_reply_to.as_deref(), note.mentioned().next()), (Some(POST), Some(AMAL)));
    assert_eq!(note.thread(), Some("https://mitra.example/collections/conversations/1"));
}

#[test]
fn pages_and_films_are_read() {
    let announce = activity("lemmy/announce-create-page");
    assert_eq!((announce.kind, announce.actor.as_deref()), (ActivityKind::Announce, Some("https://lemmy.example/c/gardening")));
    let create = announce.object().and_then(Object::as_activity).unwrap();
    let page = post(create);
    assert_eq!(
        (page.kind, page.title(), page.author()),
        (NoteKind::Page, Some("First figs"), Some("https://lemmy.example/u/sami"))
    );
    assert_eq!((page.language(), page.content_warning()), (Some("en"), None));
    assert_eq!(page.audience, ["https://lemmy.example/c/gardening"]);
    assert_eq!(page.attachment[0].source(), Some("https://news.example/figs"));
    assert_eq!(page.image.as_ref().unwrap().source(), Some("https://lemmy.example/pictrs/image/figs.webp"));
    assert_eq!(activity("lemmy/announce-page").object_id(), Some(page.id.as_str()));
    assert_eq!(read("lemmy/page").as_note(), Some(page));
    let comment = activity("lemmy/create-comment");
    assert_eq!((post(&comment).kind, post(&comment).in_reply_to.as_deref()), (NoteKind::Note, Some(POST)));

    let create = activity("peertube/create-video");
    let video = post(&create);
    assert_eq!((video.kind, video.title()), (NoteKind::Video, Some("A night in the desert")));
    assert_eq!(video.author(), Some("https://peertube.example/accounts/faris"));
    assert_eq!(video.attributed_to[1].kind.as_deref(), Some("Group"));
    assert_eq!((video.language(), video.media_type.as_deref()), (Some("ar"), Some("text/markdown")));
    assert_eq!(video.web_page(), Some(video.id.as_str()));
    assert!(video.icon.is_some());
    let file = video.url[1].tag.iter().find(|file| file.media_type.as_deref() == Some("video/mp4")).unwrap();
    assert_eq!(file.height, Some(720));
    assert_eq!(post(&activity("peertube/update-video")).title(), Some("A night in the white desert"));
    assert_eq!(activity("peertube/announce-video").object_id(), Some(video.id.as_str()));
}

#[test]
fn follows_and_answers_to_them_are_read() {
    for software in ["mastodon", "gotosocial", "akkoma", "misskey", "lemmy", "pixelfed", "peertube", "threads", "mitra"] {
        let follow = activity(&format!("{software}/follow"));
        assert_eq!((follow.kind, follow.object_id()), (ActivityKind::Follow, Some(AMAL)), "{software}");
        assert!(follow.id.is_some() && follow.actor.is_some(), "{software}");
        let accept = activity(&format!("{software}/accept-follow"));
        assert_eq!(accept.kind, ActivityKind::Accept, "{software}");
        assert!(accept.object_id().unwrap().starts_with("https://majlis.example/users/amal/follows/"), "{software}");
        if let Some(follow) = accept.object().and_then(Object::as_activity) {
            assert_eq!((follow.kind, follow.actor.as_deref()), (ActivityKind::Follow, Some(AMAL)), "{software}");
            assert_eq!(follow.object_id(), accept.actor.as_deref(), "{software}");
        }
    }
    assert_eq!(activity("mastodon/reject-follow").kind, ActivityKind::Reject);
}

#[test]
fn likes_and_boosts_are_read() {
    for software in ["mastodon", "gotosocial", "akkoma", "misskey", "pixelfed", "peertube", "threads", "mitra"] {
        let like = activity(&format!("{software}/like"));
        assert_eq!((like.kind, like.object_id()), (ActivityKind::Like, Some(POST)), "{software}");
        assert_eq!(like.reaction(), (software == "misskey").then_some(":neko:"), "{software}");
    }
    for software in ["mastodon", "gotosocial", "akkoma", "misskey", "pixelfed", "mitra"] {
        let announce = activity(&format!("{software}/announce"));
        assert_eq!((announce.kind, announce.object_id()), (ActivityKind::Announce, Some(POST)), "{software}");
        assert!(announce.published.is_some(), "{software}");
    }
    let react = activity("akkoma/emoji-react");
    assert_eq!((react.kind, react.reaction()), (ActivityKind::EmojiReact, Some(":moon:")));
    assert_eq!(react.tag[0].icon.as_ref().unwrap().source(), Some("https://akkoma.example/emoji/moon.png"));
    assert_eq!(activity("lemmy/dislike").kind, ActivityKind::Dislike);
}

#[test]
fn undone_activities_are_embedded_or_named() {
    for (name, kind) in [
        ("mastodon/undo-follow", Some(ActivityKind::Follow)),
        ("mastodon/undo-like", Some(ActivityKind::Like)),
        ("mastodon/undo-announce", Some(ActivityKind::Announce)),
        ("gotosocial/undo-like", Some(ActivityKind::Like)),
        ("akkoma/undo-emoji-react", Some(ActivityKind::EmojiReact)),
        ("misskey/undo-like", Some(ActivityKind::Like)),
        ("lemmy/undo-like", Some(ActivityKind::Like)),
        ("lemmy/undo-delete", Some(ActivityKind::Delete)),
        ("pixelfed/undo-follow", Some(ActivityKind::Follow)),
        ("pixelfed/undo-like", Some(ActivityKind::Like)),
        ("peertube/undo-like", Some(ActivityKind::Like)),
        ("threads/undo-follow", Some(ActivityKind::Follow)),
        ("mitra/undo-like", None),
        ("mitra/undo-follow", None),
    ] {
        let undo = activity(name);
        assert_eq!(undo.kind, ActivityKind::Undo, "{name}");
        assert!(undo.object_id().is_some(), "{name}");
        let undone = undo.object().and_then(Object::as_activity);
        assert_eq!(undone.map(|undone| undone.kind), kind, "{name}");
        assert!(undone.is_none_or(|undone| undone.actor == undo.actor), "{name}");
    }
    let threads = activity("threads/undo-follow");
    assert_eq!(threads.object().and_then(Object::as_activity).unwrap().object_id(), Some(AMAL));
}

#[test]
fn deletions_name_their_object_in_both_forms() {
    for (name, whole) in [
        ("mastodon/delete-note", true),
        ("mastodon/delete-actor", false),
        ("gotosocial/delete-note", false),
        ("akkoma/delete-note", false),
        ("misskey/delete-note", true),
        ("lemmy/delete-page", false),
        ("pixelfed/delete-note", true),
        ("peertube/delete-video", false),
        ("threads/delete-note", false),
        ("mitra/delete-note", true),
    ] {
        let delete = activity(name);
        assert_eq!(delete.kind, ActivityKind::Delete, "{name}");
        assert!(delete.object_id().is_some(), "{name}");
        assert_eq!(matches!(delete.object(), Some(Object::Tombstone(_))), whole, "{name}");
    }
}

#[test]
fn the_rest_of_mastodon_is_read() {
    let flag = activity("mastodon/flag");
    assert_eq!((flag.kind, flag.content.as_deref(), flag.object.len()), (ActivityKind::Flag, Some("Spam"), 2));
    let moved = activity("mastodon/move");
    assert_eq!((moved.kind, moved.target.as_deref()), (ActivityKind::Move, Some("https://new.example/users/lina")));
    let add = activity("mastodon/add-featured");
    assert_eq!((add.kind, add.target), (ActivityKind::Add, actor("mastodon/actor").featured));
    assert_eq!(activity("mastodon/block").kind, ActivityKind::Block);
    let update = activity("mastodon/update-actor");
    assert_eq!(update.object().and_then(Object::as_actor), Some(&actor("mastodon/actor")));
    let request = activity("mastodon/quote-request");
    let quoting = request.instrument.as_deref().and_then(Object::as_note).unwrap();
    assert_eq!((request.kind, request.object_id(), quoting.quoted()), (ActivityKind::QuoteRequest, Some(POST), Some(POST)));
    let Object::Collection(page) = read("mastodon/outbox-page") else { panic!() };
    assert_eq!(page.items.iter().filter_map(Object::as_activity).count(), 2);
    assert!(page.next.is_some());
}
