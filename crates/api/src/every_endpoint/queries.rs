//! Every endpoint sends a fixed number of statements to the database, whatever there is.

use std::fmt::Write as _;

use majlis_local::connection::Engine;

use super::calls;
use super::world::World;

/// Status and statements of every call of the script, a line each.
async fn walk(n: usize) -> Vec<(String, Vec<String>)> {
    let mut world = World::of(n).await;
    let mut walked = Vec::new();
    for call in calls::all() {
        world.log.take();
        let answer = call.carry_out(&mut world).await;
        let sent = world.log.take();
        walked.push((format!("{:<6} {} {}", call.method, call.path, answer.status.as_u16()), sent));
    }
    walked
}

#[actix_web::test]
async fn every_endpoint_takes_a_fixed_number_of_queries() {
    let few = walk(4).await;
    let many = walk(9).await;
    let mut table = String::new();
    let mut growing = String::new();
    for ((call, few), (same, many)) in few.iter().zip(&many) {
        assert_eq!(call, same, "the same answer, whatever there is");
        let _ = writeln!(table, "{call} {}", few.len());
        if few.len() != many.len() {
            let _ = writeln!(growing, "{call}: {} with few, {} with many: {many:#?}", few.len(), many.len());
        }
    }
    assert!(growing.is_empty(), "{growing}");
    // The engines differ in a few places, by a statement more or less.
    let app = crate::testing::TestApp::new();
    if app.api.db.engine() == Engine::Sqlite {
        insta::assert_snapshot!("queries", table);
    }
}
