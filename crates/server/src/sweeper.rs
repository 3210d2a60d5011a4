//! Files that no row names: a process that was killed between storing a file and writing its row leaves one. They are swept up once a
//! day, a few at a time, and never before they are a day old: a fresh one may be waiting for its row.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use majlis_local::{Db, attachments};
use majlis_media::{Folder, Key, Store};
use metrics::counter;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The pause before the first sweep, and between two.
const START: Duration = Duration::from_secs(30 * 60);
const EVERY: Duration = Duration::from_secs(24 * 3_600);
/// How old a file is before anybody asks whose it is.
const AGE: Duration = Duration::from_secs(24 * 3_600);
/// Files that are asked about at a time.
const BATCH: usize = 200;
/// The pause between two batches.
const BREATH: Duration = Duration::from_millis(50);
/// The folders whose files have rows. Copies of other servers' pictures see to themselves.
const FOLDERS: [Folder; 6] =
    [Folder::Attachments, Folder::Avatars, Folder::Headers, Folder::Cards, Folder::Uploads, Folder::Archives];

/// Sweeps once a day until `stop`.
pub async fn sweep_daily(db: Db, store: Store, stop: CancellationToken) {
    let mut pause = START;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            swept = sweep(&db, &store, AGE) => match swept {
                Ok(0) => {}
                Ok(files) => tracing::info!(files, "swept up files that no row named"),
                Err(error) => tracing::error!(%error, "the sweep for files without a row failed"),
            },
        }
        pause = EVERY;
    }
}

/// Deletes what is older than `age` and named by no row; gives back how many files that were.
///
/// # Errors
/// Those of the store and of the database.
pub async fn sweep(db: &Db, store: &Store, age: Duration) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let before = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut swept = 0;
    for folder in FOLDERS {
        let mut batches = store.stored_before(folder, before).chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let keys: Vec<Key> = batch.into_iter().collect::<Result<_, _>>()?;
            let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let unnamed = db.read(move |c| attachments::unnamed(c, texts)).await?;
            for key in keys.iter().filter(|key| unnamed.iter().any(|text| text == key.as_str())) {
                store.delete(key).await?;
                counter!("majlis_swept_files_total").increment(1);
                swept += 1;
            }
            sleep(BREATH).await;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use majlis_local::attachments::NewAttachment;
    use majlis_local::testing::{TestDb, people};
    use majlis_local::{actors, archives};
    use majlis_media::Kind;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn only_what_no_row_names_goes_and_only_when_it_is_old() {
        let db = TestDb::new();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::local(folder.path()).unwrap();
        let mut keys = Vec::new();
        for (folder, kind) in [
            (Folder::Attachments, Kind::Png),
            (Folder::Attachments, Kind::Jpeg),
            (Folder::Uploads, Kind::Raw),
            (Folder::Avatars, Kind::Png),
            (Folder::Headers, Kind::Gif),
            (Folder::Archives, Kind::Zip),
        ] {
            for _ in 0..2 {
                let key = Key::random(folder, kind);
                store.put(&key, "x".into()).await.unwrap();
                keys.push(key);
            }
        }
        // Of each two the first is named.
        let text = |at: usize| keys[at].to_string();
        let (file, preview, source, avatar, header, archive) = (text(0), text(2), text(4), text(6), text(8), text(10));
        let site = db.site().clone();
        db.write(move |c| {
            let ali = people::local_at(c, &site, "ali");
            let new = NewAttachment { file: Some(file), preview: Some(preview), ..NewAttachment::default() };
            attachments::create(c, ali.id, None, new)?;
            attachments::create(c, ali.id, None, NewAttachment { source: Some(source), ..NewAttachment::default() })?;
            let change = actors::ProfileChange {
                avatar: Some(Some((avatar.clone(), avatar))),
                header: Some(Some((header.clone(), header))),
                ..actors::ProfileChange::default()
            };
            actors::change_profile(c, ali.id, change)?;
            let id = archives::ask(c, ali.id)?;
            archives::finish(c, id, &archive, 1).map(drop)
        })
        .await
        .unwrap();
        assert_eq!(sweep(&db, &store, Duration::from_secs(3_600)).await.unwrap(), 0);
        // Clocks of disks are coarse.
        sleep(Duration::from_millis(30)).await;
        assert_eq!(sweep(&db, &store, Duration::ZERO).await.unwrap(), 6);
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(store.get(key).await.is_ok(), at % 2 == 0, "{key}");
        }
        assert_eq!(sweep(&db, &store, Duration::ZERO).await.unwrap(), 0);
    }
}
