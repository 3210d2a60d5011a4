//! Reports and their evidence.

use super::*;
use majlis_local::attachments::{self, AttachmentKind, NewAttachment};
use majlis_local::publish::{self, Draft};
use majlis_local::reports::{self, Category, NewReport};

fn new(target: ActorId, posts: &[PostId]) -> NewReport {
    NewReport {
        target,
        posts: posts.to_vec(),
        collections: vec![],
        comment: "look".into(),
        category: None,
        rules: vec![],
        forward: false,
        forward_to: None,
    }
}

/// The files that jobs are to delete.
fn deleted(c: &mut Connection) -> Vec<String> {
    let all = jobs::all(c).unwrap();
    diesel::delete(majlis_local::schema::jobs::table).execute(c).unwrap();
    all.into_iter()
        .flat_map(|job| match job {
            Job::DeleteFiles { keys } => keys,
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn evidence_outlives_the_post_until_the_report_is_resolved() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea, eve) = (people::local(c, "ali").id, people::local(c, "bea").id, people::local(c, "eve").id);
        let picture = NewAttachment {
            kind: Some(AttachmentKind::Image),
            file: Some("a/b.png".into()),
            description: "a picture".into(),
            ..NewAttachment::default()
        };
        let media = attachments::create(c, eve, None, picture)?.id;
        let post = people::publish(c, eve, Draft { attachments: vec![media], ..people::draft("insults") });
        let first = reports::file(c, ali, new(eve, &[post.id]))?;
        let second = reports::file(c, bea, new(eve, &[post.id, post.id]))?;
        assert_eq!((first.category, first.forwarded), (Category::Other, false));
        publish::delete(c, eve, post.id)?;
        assert_eq!(deleted(c), [""; 0], "the picture is kept");
        let kept = reports::evidence(c, first.id)?;
        assert_eq!((kept[0].1.content.as_str(), kept[0].1.media[0].file.as_deref()), ("<p>insults</p>", Some("a/b.png")));
        assert_eq!(reports::list(c, false, &Page::newest(9))?.items.len(), 2);

        reports::resolve(c, first.id, Some(bea))?;
        assert_eq!(deleted(c), [""; 0], "the other report needs it");
        assert_eq!(reports::list(c, false, &Page::newest(9))?.items, std::slice::from_ref(&second));
        let closed = reports::resolve(c, second.id, None)?;
        assert_eq!(deleted(c), ["a/b.png"]);
        assert_eq!(reports::resolve(c, second.id, Some(ali))?, closed, "once");
        assert_eq!(deleted(c), [""; 0]);
        assert_eq!(reports::list(c, true, &Page::newest(1))?.items, [closed]);
        assert!(matches!(reports::resolve(c, majlis_local::ids::ReportId(1), None), Err(Error::NotFound(_))));
        Ok(())
    })
    .unwrap();
}

#[test]
fn servers_that_were_answered_hear_of_the_answers_to_their_own() {
    let db = TestDb::new();
    db.write_now(|c| {
        let ali = people::local(c, "ali").id;
        let rob = people::remote(c, "rob");
        let mut other = people::remote_actor("zoe");
        for part in [&mut other.uri, &mut other.domain, &mut other.host, &mut other.key_id, &mut other.inbox] {
            *part = part.replace("peer.example", "other.example");
        }
        let zoe = actors::store_remote(c, other)?;
        let hers = people::receive(c, people::note(&zoe, "hers"));
        let first = people::receive(c, people::note(&rob, "first"));
        let mut answer = people::note(&rob, "answer");
        answer.in_reply_to_uri = Some(hers.uri.clone());
        let answer = people::receive(c, answer);
        let domains = vec!["other.example".to_owned(), "peer.example".to_owned(), "never.example".to_owned()];
        let report = NewReport { forward: true, forward_to: Some(domains), ..new(rob.id, &[first.id, answer.id]) };
        let report = reports::file(c, ali, report)?;
        assert!(report.forwarded);
        let told: Vec<_> = changes(c)
            .into_iter()
            .map(|change| match change {
                Change::Reported { to, posts, .. } => (to, posts),
                other => panic!("{other:?}"),
            })
            .collect();
        let mut all = vec![first.id, answer.id];
        all.sort_unstable();
        assert_eq!(told, [(rob.id, all), (zoe.id, vec![answer.id])]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_server_cannot_flood_the_moderators() {
    let db = TestDb::new();
    db.write_now(|c| {
        let ali = people::local(c, "ali").id;
        let rob = people::remote(c, "rob");
        let uri = |n: usize| format!("https://peer.example/flags/{n}");
        for n in 0..500 {
            assert!(reports::receive(c, &uri(n), &rob, ali, &[], "x")?);
        }
        assert!(!reports::receive(c, &uri(500), &rob, ali, &[], "x")?);
        let oldest = reports::list(c, false, &Page { min_id: Some(0), ..Page::newest(1) })?.items.remove(0);
        reports::resolve(c, oldest.id, None)?;
        assert!(reports::receive(c, &uri(1), &rob, ali, &[], "x")?, "the same again");
        assert_eq!(reports::list(c, false, &Page::newest(600))?.items.len(), 499);
        assert!(reports::receive(c, &uri(501), &rob, ali, &[], &"é".repeat(9_000))?);
        assert_eq!(reports::list(c, false, &Page::newest(1))?.items[0].comment.chars().count(), 4_000);
        Ok(())
    })
    .unwrap();
}
