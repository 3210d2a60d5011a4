//! The door to the database: what was answered is committed, what failed or panicked is undone alone.
#![allow(clippy::unwrap_used, clippy::panic)]

use diesel::prelude::*;
use majlis_local::connection::any_of;
use majlis_local::ids::PostId;
use majlis_local::jobs::{self, Job};
use majlis_local::schema::{settings, tombstones};
use majlis_local::testing::TestDb;
use majlis_local::{Error, Event, Timestamp, after_commit};

fn set(c: &mut majlis_local::Connection, name: &str) -> majlis_local::Result<()> {
    diesel::insert_into(settings::table).values((settings::name.eq(name), settings::value.eq("1"))).execute(c)?;
    Ok(())
}

#[tokio::test]
async fn failures_and_panics_in_a_group_undo_themselves_alone() {
    let db = TestDb::new();
    let mut waiting = Vec::new();
    for n in 0..60 {
        let db = (*db).clone();
        waiting.push(tokio::spawn(async move {
            db.write(move |c| {
                set(c, &format!("k{n}"))?;
                match n % 3 {
                    0 => Ok(()),
                    1 => Err(Error::Forbidden("not this one")),
                    _ => panic!("not that one"),
                }
            })
            .await
        }));
    }
    for (n, task) in waiting.into_iter().enumerate() {
        let result = task.await.unwrap();
        match n % 3 {
            0 => result.unwrap(),
            1 => assert!(matches!(result, Err(Error::Forbidden(_)))),
            _ => assert!(matches!(result, Err(Error::Internal(_)))),
        }
    }
    let names: Vec<String> = db.read(|c| Ok(settings::table.select(settings::name).load(c)?)).await.unwrap();
    assert_eq!(names.len(), 20);
}

#[tokio::test]
async fn events_and_jobs_are_heard_only_after_their_commit() {
    let db = TestDb::new();
    let mut events = db.events();
    let failed = db
        .write(|c| {
            after_commit(Event::PostCreated(PostId(1)));
            jobs::enqueue(c, &Job::FetchObject { uri: "x".into(), depth: 0 })?;
            Err::<(), _>(Error::Forbidden("no"))
        })
        .await;
    assert!(failed.is_err());
    db.write(|c| {
        after_commit(Event::PostCreated(PostId(2)));
        jobs::enqueue(c, &Job::FetchObject { uri: "y".into(), depth: 0 })?;
        Ok(())
    })
    .await
    .unwrap();
    db.jobs_committed().await;
    assert_eq!(events.recv().await.unwrap(), Event::PostCreated(PostId(2)));
    assert!(events.try_recv().is_err());
    let all = db.read(jobs::all).await.unwrap();
    assert_eq!(all, [Job::FetchObject { uri: "y".into(), depth: 0 }]);
}

#[tokio::test]
async fn a_claim_is_a_lease() {
    let db = TestDb::new();
    db.write(|c| jobs::enqueue(c, &Job::FetchObject { uri: "y".into(), depth: 0 })).await.unwrap();
    let first = db.write(|c| jobs::claim(c, 10, 60)).await.unwrap();
    assert_eq!(first.len(), 1);
    assert!(db.write(|c| jobs::claim(c, 10, 60)).await.unwrap().is_empty(), "leased to somebody");
    let id = first[0].id;
    db.write(move |c| jobs::retry(c, id, Timestamp::now(), "peer is down")).await.unwrap();
    let again = db.write(|c| jobs::claim(c, 10, 60)).await.unwrap();
    assert_eq!((again[0].id, again[0].attempts), (id, 1));
    db.write(move |c| jobs::finish(c, &[id])).await.unwrap();
    assert!(db.read(jobs::all).await.unwrap().is_empty());
}

#[tokio::test]
async fn any_of_finds_all_and_nothing_in_an_empty_list() {
    let db = TestDb::new();
    let found = db
        .write(|c| {
            for (uri, at) in [("a", 1), ("b", 2), ("c", 3)] {
                diesel::insert_into(tombstones::table)
                    .values((tombstones::uri.eq(uri), tombstones::deleted_at.eq(at)))
                    .execute(c)?;
            }
            let some: Vec<String> = tombstones::table
                .filter(any_of(tombstones::deleted_at, [1_i64, 3, 9]))
                .order(tombstones::uri)
                .select(tombstones::uri)
                .load(c)?;
            let none: i64 = tombstones::table.filter(any_of(tombstones::deleted_at, [0_i64; 0])).count().get_result(c)?;
            Ok((some, none))
        })
        .await
        .unwrap();
    assert_eq!(found, (vec!["a".to_owned(), "c".to_owned()], 0));
}
