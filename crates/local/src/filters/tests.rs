//! Filters as rows, and what they match.

use super::active::{Match, active};
use super::*;
use crate::ids::PostId;
use crate::publish;
use crate::testing::TestDb;
use crate::testing::people::*;
use crate::testing::statements::statements;
use crate::text::matching::Folded;

fn titled(title: &str, keywords: &[&str]) -> FilterChange {
    let keyword = |text: &&str| KeywordChange { keyword: Some((*text).to_owned()), ..KeywordChange::default() };
    FilterChange {
        title: Some(title.into()),
        contexts: Some(vec!["home".into(), " account ".into()]),
        keywords: keywords.iter().map(keyword).collect(),
        ..FilterChange::default()
    }
}

/// What matches, by titles, with the keywords.
fn matching(c: &mut Connection, viewer: ActorId, id: PostId, text: &str) -> Vec<(String, Vec<String>, usize)> {
    let words = Folded::new(text);
    let matches = active(c, viewer).unwrap().matches(&[id], || &words);
    matches.into_iter().map(|Match { filter, keywords, posts }| (filter.title.clone(), keywords, posts.len())).collect()
}

#[test]
fn filters_match_by_keyword_and_by_post_until_they_are_over() {
    let db = TestDb::new();
    let (ali, post) = db
        .write_now(|c| {
            let (ali, badr) = (local(c, "ali").id, local(c, "badr").id);
            create(c, ali, titled("food", &["banana", "موز"]))?;
            let posts = create(c, ali, titled("posts", &[]))?.filter.id;
            let over = create(c, ali, FilterChange { expires_in: Some(Some(0)), ..titled("over", &["banana"]) })?;
            assert!(over.filter.is_over());
            let post = say(c, badr, "hello").id;
            add_status(c, ali, posts, post)?;
            Ok((ali, post))
        })
        .unwrap();
    db.read_now(move |c| {
        let food = |keywords: &[&str]| ("food".to_owned(), keywords.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>(), 0);
        assert_eq!(matching(c, ali, PostId(1), "A Banana and الموز"), [food(&["banana", "موز"])]);
        assert_eq!(matching(c, ali, post, "x"), [("posts".to_owned(), vec![], 1)]);
        assert_eq!(matching(c, ali, PostId(1), "bananas"), []);
        // Afterwards nothing is asked.
        let (_, sent) = statements(c, |c| active(c, ali).unwrap());
        assert_eq!(sent, Vec::<String>::new());
        Ok(())
    })
    .unwrap();
    // A change counts at once, and a post that is gone is in no filter.
    db.write_now(move |c| {
        let food = of(c, ali)?.remove(0);
        let bananas = KeywordChange { id: Some(food.keywords[0].id), keyword: Some("bananas".into()), ..Default::default() };
        let moz = KeywordChange { id: Some(food.keywords[1].id), destroy: true, ..Default::default() };
        change(c, ali, food.filter.id, FilterChange { keywords: vec![bananas, moz], ..Default::default() })?;
        let author = crate::posts::get(c, post)?.author_id;
        publish::delete(c, author, post)
    })
    .unwrap();
    db.read_now(move |c| {
        assert_eq!(matching(c, ali, PostId(1), "bananas"), [("food".to_owned(), vec!["bananas".to_owned()], 0)]);
        assert_eq!(matching(c, ali, PostId(1), "banana موز"), []);
        assert_eq!(of(c, ali)?[1].statuses, []);
        assert_eq!(of(c, ali)?.len(), 3, "what is over stays");
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_refused_changes_nothing() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, badr) = (local(c, "ali").id, local(c, "badr").id);
        let mine = create(c, ali, titled("a", &["x"]))?;
        let keyword = mine.keywords[0].id;
        let named = KeywordChange { id: Some(keyword), destroy: true, ..Default::default() };
        assert!(matches!(get(c, badr, mine.filter.id), Err(Error::NotFound(_))));
        assert!(matches!(change(c, badr, mine.filter.id, titled("b", &[])), Err(Error::NotFound(_))));
        assert!(matches!(delete(c, badr, mine.filter.id), Err(Error::NotFound(_))));
        assert!(matches!(delete_keyword(c, badr, keyword), Err(Error::NotFound(_))));
        assert!(matches!(add_keyword(c, badr, mine.filter.id, "x", None), Err(Error::NotFound(_))));
        // A keyword of somebody's is in no filter of another's.
        let his = create(c, badr, titled("b", &[]))?;
        let stolen = FilterChange { keywords: vec![named], ..Default::default() };
        assert!(matches!(change(c, badr, his.filter.id, stolen), Err(Error::NotFound(_))));
        let letter = publish(c, badr, publish::Draft { visibility: Some(crate::visibility::Visibility::Direct), ..draft("x") });
        assert!(matches!(add_status(c, ali, mine.filter.id, letter.id), Err(Error::Invalid(_))), "not hers to see");
        assert!(matches!(add_status(c, ali, mine.filter.id, PostId(1)), Err(Error::Invalid(_))));
        let long = "x".repeat(KEYWORD_LIMIT + 1);
        for bad in [titled("", &[]), titled(&long, &[]), titled("a", &[&long]), FilterChange::default()] {
            assert!(matches!(create(c, ali, bad), Err(Error::Invalid(_))));
        }
        let nowhere = FilterChange { contexts: Some(vec!["home".into(), "moon".into()]), ..Default::default() };
        assert!(matches!(change(c, ali, mine.filter.id, nowhere), Err(Error::Invalid(_))));
        assert_eq!(of(c, ali)?, [mine]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn nobody_has_more_than_is_good() {
    let db = TestDb::new();
    db.write_now(|c| {
        let ali = local(c, "ali").id;
        for n in 0..MOST {
            create(c, ali, titled(&n.to_string(), &[]))?;
        }
        assert!(matches!(create(c, ali, titled("more", &[])), Err(Error::Invalid(_))));
        let first = of(c, ali)?.remove(0).filter;
        let many = vec!["x"; usize::try_from(MOST_PARTS).unwrap()];
        change(c, ali, first.id, FilterChange { keywords: titled("", &many).keywords, ..Default::default() })?;
        assert!(matches!(add_keyword(c, ali, first.id, "x", None), Err(Error::Invalid(_))));
        Ok(())
    })
    .unwrap();
}
