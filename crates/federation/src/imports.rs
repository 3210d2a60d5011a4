//! Imports of what people bring along: whoever stands in a file is looked up, a few at a time.

use std::time::Duration;

use majlis_local::ids::ImportId;
use majlis_local::imports::{self, Kind, Row, Target};
use majlis_local::jobs::{self, Job};
use majlis_local::{Error, Timestamp};
use tokio::time::timeout;

use crate::resolve::Found;
use crate::state::Federation;

/// Rows of one job: with [`LOOK_UP`] they fit into what a job may take.
const ROWS: i64 = 15;
/// How long one row's look-up may take.
const LOOK_UP: Duration = Duration::from_secs(8);
/// Seconds between two jobs of one import: its owner is not in a hurry, and other servers are not to be flooded.
const PAUSE: i64 = 1;

impl Federation {
    /// Does the next rows of an import; another job does those after them.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn import(&self, id: ImportId) -> Result<(), Error> {
        let import = match self.db.read(move |c| imports::get(c, id)).await {
            Ok(import) if import.finished_at.is_none() => import,
            Ok(_) | Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let site = self.site().clone();
        while self
            .db
            .write({
                let site = site.clone();
                move |c| imports::clear(c, &site, id)
            })
            .await?
        {}
        let rows = self.db.read(move |c| imports::next(c, id, ROWS)).await?;
        let is_last = rows.len() < usize::try_from(ROWS).unwrap_or(usize::MAX);
        for (position, row) in rows {
            let target = timeout(LOOK_UP, self.look_up(import.kind, &row)).await.unwrap_or(None);
            let site = site.clone();
            self.db.write(move |c| imports::take(c, &site, id, position, &row, target.as_ref())).await?;
        }
        self.db
            .write(move |c| {
                if is_last {
                    return imports::finish(c, id);
                }
                jobs::enqueue_at(c, &Job::Import { import: id }, Timestamp::now().plus_seconds(PAUSE)).map(drop)
            })
            .await
    }

    /// What a row names; `None` when it cannot be found.
    async fn look_up(&self, kind: Kind, row: &Row) -> Option<Target> {
        if kind == Kind::Domains {
            return Some(Target::Server);
        }
        if kind == Kind::Bookmarks {
            return match self.resolve_url(&row.target).await {
                Ok(Found::Post(post)) => Some(Target::Post(post)),
                _ => None,
            };
        }
        let handle = majlis_local::text::Handle::parse(&row.target)?;
        self.resolve_handle(&handle).await.ok().map(|actor| Target::Actor(Box::new(actor)))
    }
}
