//! The whole shape of a status, and how much building a page costs.

use majlis_local::attachments::{self, AttachmentKind, NewAttachment};
use majlis_local::cards::NewCard;
use majlis_local::polls::{NewPoll, PollOption};
use majlis_local::publish::Draft;
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::testing::statements::statements;
use majlis_local::{Timestamp, apps, boosts};

use super::*;

/// The same without what differs from run to run: ids, also within URLs, and times.
fn masked(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(entries) => entries
            .into_iter()
            .map(|(name, value)| {
                let is_time = name.ends_with("_at") && value.is_string();
                let value = if is_time { "[time]".into() } else { masked(value) };
                (name, value)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(masked).collect(),
        Value::String(text) => {
            let parts = text.split_inclusive(['/', '"']).map(|part| {
                let digits = part.trim_end_matches(['/', '"']);
                if digits.len() > 12 && digits.bytes().all(|b| b.is_ascii_digit()) {
                    part.replace(digits, "[id]")
                } else {
                    part.to_owned()
                }
            });
            Value::String(parts.collect())
        }
        other => other,
    }
}

fn picture() -> NewAttachment {
    NewAttachment {
        kind: Some(AttachmentKind::Image),
        file: Some("a/b.png".into()),
        preview: Some("a/b_small.webp".into()),
        description: "A cat".into(),
        width: Some(640),
        height: Some(480),
        preview_width: Some(320),
        preview_height: Some(240),
        focus: Some((0.5, -0.25)),
        blurhash: Some("UFBWY".into()),
        ..NewAttachment::default()
    }
}

#[test]
fn a_status_has_every_attribute_of_mastodons() {
    let (own, boost) = TestDb::new()
        .write_now(|c| {
            let (ali, badr) = (local(c, "ali"), remote(c, "badr"));
            let app = apps::own(c, "Web")?;
            let media = attachments::create(c, ali.id, None, picture())?;
            let post = publish(
                c,
                ali.id,
                Draft {
                    attachments: vec![media.id],
                    app: Some(app.id),
                    summary: "cats".into(),
                    language: Some("en".into()),
                    ..draft("Hello @badr@peer.example, look: #Cats")
                },
            );
            let mut asked = note(&badr, "Tea or coffee?");
            asked.poll = Some(NewPoll {
                options: ["Tea", "Coffee"].map(|title| PollOption { title: title.into(), votes: 2 }).to_vec(),
                multiple: false,
                hide_totals: false,
                voters_count: Some(4),
                expires_at: Some(Timestamp(4_000_000_000_000)),
                closed_at: None,
            });
            let asked = receive(c, asked);
            like(c, ali.id, asked.id);
            let boost = boosts::boost(c, &site(), ali.id, &asked, None)?;
            let own = Status::build(c, &site(), Some(ali.id), &post)?;
            Ok((own, Status::build(c, &site(), None, &boost)?))
        })
        .unwrap();
    insta::assert_json_snapshot!(masked(serde_json::to_value(own).unwrap()));
    insta::assert_json_snapshot!(masked(serde_json::to_value(boost).unwrap()));
}

#[test]
fn a_card_costs_one_query_and_names_its_author() {
    TestDb::new()
        .write_now(|c| {
            let (ali, bea) = (local(c, "ali"), local(c, "bea"));
            let url = "https://news.example/a";
            let new = NewCard {
                title: "News".into(),
                description: "What is new".into(),
                language: Some("ar".into()),
                author_name: "Bea".into(),
                author_url: "https://news.example/bea".into(),
                provider_name: "The news".into(),
                image: Some("cards/a/b.jpg".into()),
                image_description: "A cat".into(),
                blurhash: Some("UFBWY".into()),
                width: 640,
                height: 360,
                published_at: Some(Timestamp(1_700_000_000_000)),
                ..NewCard::nothing("https://news.example/canonical")
            };
            let card = cards::store(c, new.clone())?;
            let mut posts = Vec::new();
            for n in 0..3 {
                let post = say(c, ali.id, &format!("{n} {url}"));
                assert!(cards::attach(c, &site(), post.id, card.id, url)?);
                posts.push(posts::get(c, post.id)?);
            }
            let (built, sent) = statements(c, |c| Status::build_many(c, &site(), None, &posts).unwrap());
            assert_eq!(sent.len(), 2, "{sent:?}");
            insta::assert_json_snapshot!(masked(serde_json::to_value(&built[0].card).unwrap()));
            // Whoever is named by the page without having named its domain is told so, and nobody else.
            cards::store(c, NewCard { claimed_author: Some(bea.id), ..new.clone() })?;
            for (reader, missing) in [(None, None), (Some(ali.id), Some(false)), (Some(bea.id), Some(true))] {
                let (built, sent) = statements(c, |c| Status::build_many(c, &site(), reader, &posts[..1]).unwrap());
                assert!(sent.len() <= 4, "{sent:?}");
                assert_eq!(built[0].card.as_ref().unwrap().missing_attribution, missing, "{reader:?}");
            }
            let shared = Status::build(c, &site(), None, &posts[0])?;
            let readings = Reading::by(c, &[ali.id, bea.id], &shared)?;
            for (reader, missing) in [(ali.id, false), (bea.id, true)] {
                let seen = shared.for_reader(reader, &readings[&reader], &Matched::default());
                assert_eq!(seen.card.unwrap().missing_attribution, Some(missing), "streamed to {reader}");
            }
            cards::store(c, NewCard { author: Some(bea.id), ..new })?;
            let (built, sent) = statements(c, |c| Status::build_many(c, &site(), None, &posts).unwrap());
            assert_eq!(sent.len(), 2, "{sent:?}");
            let authors = &built[2].card.as_ref().unwrap().authors;
            assert_eq!(authors[0].account.as_ref().map(|account| account.id), Some(bea.id));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_page_takes_the_same_number_of_queries_whatever_its_length() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali) = (local(c, "me"), local(c, "ali"));
            // Filters are in memory after the first page.
            active(c, me.id)?;
            let mut posts = Vec::new();
            let mut counts = Vec::new();
            for n in 0..12 {
                let media = attachments::create(c, ali.id, None, picture())?;
                let post = publish(c, ali.id, Draft { attachments: vec![media.id], ..draft(&format!("{n} @me #tag{n}")) });
                posts.push(boosts::boost(c, &site(), me.id, &post, None)?);
                posts.push(post);
                let (built, sent) = statements(c, |c| Status::build_many(c, &site(), Some(me.id), &posts).unwrap());
                assert_eq!(built.len(), posts.len());
                counts.push(sent.len());
            }
            assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
            assert!(counts[0] <= 6, "{counts:?}");
            // What no post has is not asked for.
            let plain = say(c, ali.id, "plain");
            let (_, sent) = statements(c, |c| Status::build_many(c, &site(), Some(me.id), &[plain]).unwrap());
            assert_eq!(sent.len(), 2, "{sent:?}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_reader_sees_its_own_marks() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali) = (local(c, "me"), local(c, "ali"));
            let post = say(c, ali.id, "hello");
            let boost = boosts::boost(c, &site(), ali.id, &post, None)?;
            like(c, me.id, post.id);
            bookmark(c, me.id, post.id);
            for post in [&post, &boost] {
                for reader in [me.id, ali.id] {
                    let built = Status::build(c, &site(), Some(reader), post)?;
                    let told = Status::build(c, &site(), None, post)?;
                    let reading = Reading::by(c, &[reader], told.reblog.as_deref().unwrap_or(&told))?;
                    assert_eq!(told.for_reader(reader, &reading[&reader], &Matched::default()), built);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn quotes_take_a_fixed_number_of_queries_and_look_to_each_reader_as_built_for_it() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, fan) = (local(c, "me"), local(c, "ali"), local(c, "fan"));
            follow(c, fan.id, ali.id);
            let first = say(c, ali.id, "first");
            let second = publish(c, ali.id, Draft { quote: Some(first.id), ..draft("second") });
            like(c, fan.id, second.id);
            // Filters are read once and then remembered.
            majlis_local::filters::active::active(c, me.id)?;
            let mut posts = Vec::new();
            let mut counts = Vec::new();
            for n in 0..4 {
                posts.push(publish(c, ali.id, Draft { quote: Some(second.id), ..draft(&format!("{n}")) }));
                let (built, sent) = statements(c, |c| Status::build_many(c, &site(), Some(me.id), &posts).unwrap());
                assert!(built.iter().all(|status| status.quote.is_some()));
                counts.push(sent.len());
            }
            assert!(counts.iter().all(|count| *count == counts[0] && *count <= 8), "{counts:?}");
            let secret =
                publish(c, ali.id, Draft { visibility: Some(majlis_local::visibility::Visibility::Private), ..draft("secret") });
            posts.push(publish(c, ali.id, Draft { quote: Some(secret.id), ..draft("for followers") }));
            majlis_local::mutes::mute(c, me.id, ali.id, true, None)?;
            for post in &posts {
                let told = Status::build(c, &site(), None, post)?;
                let readings = Reading::by(c, &[me.id, ali.id, fan.id], &told)?;
                for reader in [me.id, ali.id, fan.id] {
                    let built = Status::build(c, &site(), Some(reader), post)?;
                    let told = told.for_reader(reader, &readings[&reader], &Matched::default());
                    assert_eq!(serde_json::to_value(&told).unwrap(), serde_json::to_value(&built).unwrap());
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn filters_match_what_is_read_in_a_status_and_in_what_it_boosts() {
    use majlis_local::filters::{self, FilterChange};

    let db = TestDb::new();
    let (me, posts) = db
        .write_now(|c| {
            let (me, ali) = (local(c, "me"), local(c, "ali"));
            let (title, contexts) = (Some("fruit".to_owned()), Some(vec!["home".to_owned()]));
            let filter = filters::create(c, me.id, FilterChange { title, contexts, ..FilterChange::default() })?.filter.id;
            for word in ["cat", "موز", "tea", "spoilt"] {
                filters::add_keyword(c, me.id, filter, word, Some(true))?;
            }
            let media = attachments::create(c, ali.id, None, picture())?;
            let pictured = publish(c, ali.id, Draft { attachments: vec![media.id], ..draft("look") });
            let warned = publish(c, ali.id, Draft { summary: "Spoilt!".into(), ..draft("x") });
            let options = ["Tea", "Coffee"].map(|title| PollOption { title: title.into(), votes: 0 }).to_vec();
            let expires_at = Some(Timestamp::now().plus_seconds(3_600));
            let (multiple, hide_totals, voters_count, closed_at) = (false, false, None, None);
            let poll = NewPoll { options, multiple, hide_totals, voters_count, expires_at, closed_at };
            let asked = publish(c, ali.id, Draft { poll: Some(poll), ..draft("which?") });
            let said = say(c, ali.id, "أحب الـمَوْز");
            let named = say(c, ali.id, "innocent");
            filters::add_status(c, me.id, filter, named.id)?;
            let boost = boosts::boost(c, &site(), ali.id, &said, None)?;
            let plain = say(c, ali.id, "concatenate");
            Ok((me.id, vec![pictured, warned, asked, said, named, boost, plain]))
        })
        .unwrap();
    db.read_now(move |c| {
        active(c, me)?;
        let (built, sent) = statements(c, |c| Status::build_many(c, &site(), Some(me), &posts).unwrap());
        assert!(!sent.iter().any(|sql| sql.contains("filter")), "{sent:?}");
        let found = |status: &Status| -> Vec<String> {
            let results = status.filtered.as_ref().unwrap();
            results.iter().flat_map(|result| result.keyword_matches.clone().unwrap_or_default()).collect()
        };
        assert_eq!(
            built.iter().map(found).collect::<Vec<_>>(),
            [vec!["cat"], vec!["spoilt"], vec!["tea"], vec!["موز"], vec![], vec!["موز"], vec![]]
        );
        assert_eq!(found(built[5].reblog.as_ref().unwrap()), ["موز"]);
        assert_eq!(built[4].filtered.as_ref().unwrap()[0].status_matches, Some(vec![posts[4].id]));
        assert_eq!(built[6].filtered, Some(vec![]));
        // Streams find the same.
        let filters = active(c, me)?;
        for (post, built) in posts.iter().zip(&built) {
            let everybodys = Status::build(c, &site(), None, post)?;
            assert_eq!(everybodys.filtered, None);
            let matched = everybodys.matched(&filters, &Words::default());
            let shown = everybodys.reblog.as_deref().unwrap_or(&everybodys);
            let reading = Reading::by(c, &[me], shown)?;
            assert_eq!(&everybodys.for_reader(me, &reading[&me], &matched), built);
        }
        Ok(())
    })
    .unwrap();
}
