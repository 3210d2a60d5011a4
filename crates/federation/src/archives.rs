//! Archives: an account as ActivityStreams documents and files in one ZIP file, laid out as Mastodon's are, which other programs
//! read. Written page by page: nothing of it is ever in memory as a whole but the names of its files.

use std::path::Path;
use std::time::Duration;

use majlis_local::actors::{self, Actor, Endpoints};
use majlis_local::ids::{ActorId, ArchiveId};
use majlis_local::{Connection, Error, Page, Result, Site, Slice, archives};
use majlis_media::{Error as MediaError, Folder, Key, Kind, Store, Zip};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::objects;
use crate::outbound;
use crate::state::Federation;
use crate::vocab::document::{closing, opening};
use crate::vocab::{self, Activity, Media, Object};

/// Posts that are read at a time.
const PAGE: i64 = 100;
/// The pause after each: others read and write too.
const BREATH: Duration = Duration::from_millis(10);

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is ready, or nobody waits for it any more.
    Done,
    /// Another one is being made.
    NotNow,
}

/// Why an archive was not made.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What stands on a page: the newest item's cursor, if there is one, and whether others may follow.
struct Written {
    items: Vec<String>,
    newest: Option<i64>,
    full: bool,
}

/// Runs [`Job::MakeArchive`](majlis_local::jobs::Job::MakeArchive). It is written in a folder of its own until it is whole, and what
/// a killed process was writing is begun anew.
///
/// # Errors
/// A text for the log, when it is to be tried again.
pub async fn make(federation: &Federation, store: &Store, scratch: &Path, id: ArchiveId) -> Result<Ended, String> {
    let Ok(_place) = federation.archiving.try_acquire() else { return Ok(Ended::NotNow) };
    let archive = match federation.db.read(move |c| archives::get(c, id)).await {
        Ok(archive) if archive.finished_at.is_none() => archive,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(Ended::Done),
        Err(error) => return Err(error.to_string()),
    };
    let mut zip = Zip::begin(scratch.to_owned());
    write(federation, store, &mut zip, archive.actor_id).await.map_err(|error| error.to_string())?;
    let file = zip.finish().await.map_err(|error| error.to_string())?;
    let key = Key::random(Folder::Archives, Kind::Zip);
    let bytes = store.put_open(&key, file).await.map_err(|error| error.to_string())?;
    let name = key.to_string();
    let finished = federation.db.write(move |c| archives::finish(c, id, &name, bytes)).await;
    if !matches!(finished, Ok(true)) {
        // The account is gone, or the row says nothing of it: the sweeper would find it, a day later.
        if let Err(error) = store.delete(&key).await {
            tracing::warn!(%key, %error, "an archive that nobody waits for was left");
        }
    }
    finished.map(|_| Ended::Done).map_err(|error| error.to_string())
}

async fn write(federation: &Federation, store: &Store, zip: &mut Zip, owner: ActorId) -> Result<(), Failure> {
    let (site, db) = (federation.site().clone(), &federation.db);
    let (actor, endpoints, moved_to) = db
        .read(move |c| {
            let actor = actors::get(c, owner)?;
            let moved_to = actor.moved_to_id.map(|id| actors::get(c, id)).transpose()?;
            Ok((actor, actors::endpoints(c, owner)?, moved_to.map(|other| other.uri)))
        })
        .await?;
    let avatar = picture(store, zip, "avatar", actor.avatar.as_deref()).await?;
    let header = picture(store, zip, "header", actor.header.as_deref()).await?;
    zip.text("actor.json").await?;
    zip.write(profile(&site, &actor, &endpoints, moved_to, avatar, header)?).await?;

    let mut files = Vec::new();
    let mut outbox = Pages::begin(zip, "outbox.json", true).await?;
    while let Some(page) = outbox.next() {
        let (site, actor) = (site.clone(), actor.clone());
        let (mut activities, newest, full) = db.read(move |c| said(c, &site, &actor, &page)).await?;
        let mut items = Vec::with_capacity(activities.len());
        for activity in &mut activities {
            files.extend(take_along(federation.site(), activity));
            items.push(serde_json::to_string(activity)?);
        }
        outbox.write(Written { items, newest, full }).await?;
    }
    outbox.end().await?;
    let lists = [("likes.json", archives::liked as Addresses), ("bookmarks.json", archives::bookmarked as Addresses)];
    for (name, read) in lists {
        let mut pages = Pages::begin(zip, name, false).await?;
        while let Some(page) = pages.next() {
            let Slice { items, newest, full, .. } = db.read(move |c| read(c, owner, &page)).await?;
            let items = items.iter().rev().map(|uri| json!(uri).to_string()).collect();
            pages.write(Written { items, newest, full }).await?;
        }
        pages.end().await?;
    }
    for key in files {
        copy(store, zip, path(&key), &key).await?;
    }
    Ok(())
}

type Addresses = fn(&mut Connection, ActorId, &Page) -> Result<Slice<String>>;

/// An ordered collection that is written page by page, the oldest first, as Mastodon's.
struct Pages<'a> {
    zip: &'a mut Zip,
    /// The cursor of what was written last; `None` when that was all.
    after: Option<i64>,
    total: u64,
}

impl<'a> Pages<'a> {
    async fn begin(zip: &'a mut Zip, name: &str, of_posts: bool) -> Result<Self, MediaError> {
        zip.text(name).await?;
        zip.write(opening(name, of_posts)).await?;
        Ok(Self { zip, after: Some(0), total: 0 })
    }

    /// The page to read next.
    fn next(&self) -> Option<Page> {
        Some(Page { min_id: Some(self.after?), ..Page::newest(PAGE) })
    }

    async fn write(&mut self, page: Written) -> Result<(), MediaError> {
        if !page.items.is_empty() {
            let comma = if self.total > 0 { "," } else { "" };
            self.total += page.items.len() as u64;
            self.zip.write(format!("{comma}{}", page.items.join(","))).await?;
        }
        self.after = page.newest.filter(|_| page.full);
        sleep(BREATH).await;
        Ok(())
    }

    async fn end(self) -> Result<(), MediaError> {
        self.zip.write(closing(self.total)).await
    }
}

/// A page of what somebody has said and boosted, the oldest first, with its cursor and whether it is full.
fn said(c: &mut Connection, site: &Site, actor: &Actor, page: &Page) -> Result<(Vec<Activity>, Option<i64>, bool)> {
    let mut posts = archives::posts(c, actor.id, page)?;
    posts.reverse();
    let newest = posts.last().map(|post| post.id.0);
    let full = i64::try_from(posts.len()).is_ok_and(|read| read >= page.limit);
    Ok((outbound::activities_of(c, site, actor, &posts)?, newest, full))
}

/// Lets the attachments of a post be found inside the archive; gives back their files.
fn take_along(site: &Site, activity: &mut Activity) -> Vec<Key> {
    let served = site.media_url("");
    let mut files = Vec::new();
    for object in &mut activity.object {
        let Object::Note(note) = object else { continue };
        for link in note.attachment.iter_mut().flat_map(|media| &mut media.url) {
            let Some(Ok(key)) = link.href.strip_prefix(&served).map(Key::parse) else { continue };
            link.href = path(&key);
            files.push(key);
        }
    }
    files
}

/// Where a post's file lies inside the archive.
fn path(key: &Key) -> String {
    let name = key.as_str();
    format!("media_attachments/files/{}", name.split_once('/').map_or(name, |(_, rest)| rest))
}

/// Copies a picture of the profile; gives back its name in the archive.
async fn picture(store: &Store, zip: &mut Zip, name: &str, stored: Option<&str>) -> Result<Option<String>, MediaError> {
    let Some(Ok(key)) = stored.map(Key::parse) else { return Ok(None) };
    let name = format!("{name}.{}", key.kind().extension());
    Ok(copy(store, zip, name.clone(), &key).await?.then_some(name))
}

/// Copies a stored file, and says whether it was there: one may be deleted at any moment.
async fn copy(store: &Store, zip: &mut Zip, name: String, key: &Key) -> Result<bool, MediaError> {
    match store.get(key).await {
        Ok(object) => zip.add(name, object).await.map(|()| true),
        Err(MediaError::NotFound(key)) => {
            tracing::warn!(%key, "a file is missing in an archive");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The actor, with everything that lies beside it named as it lies there.
fn profile(
    site: &Site,
    actor: &Actor,
    endpoints: &Endpoints,
    moved_to: Option<String>,
    avatar: Option<String>,
    header: Option<String>,
) -> Result<String, serde_json::Error> {
    let mut profile = objects::actor::render(site, actor, endpoints, moved_to);
    for (picture, name) in [(&mut profile.icon, avatar), (&mut profile.image, header)] {
        if let (Some(Media { url, .. }), Some(name)) = (picture, name) {
            *url = vec![vocab::Link::plain(name)];
        }
    }
    let mut document: Value = serde_json::from_str(&vocab::to_json(&profile)?)?;
    for name in ["outbox", "likes", "bookmarks"] {
        document[name] = json!(format!("{name}.json"));
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use majlis_local::actors::ProfileChange;
    use majlis_local::attachments::{self, NewAttachment};
    use majlis_local::ids::PostId;
    use majlis_local::jobs::{self, Job};
    use majlis_local::publish::Draft;
    use majlis_local::testing::{TestDb, people};
    use majlis_local::visibility::Visibility;
    use majlis_local::{boosts, users};
    use majlis_media::testing::unzip;
    use tempfile::TempDir;

    use super::*;
    use crate::client::PrivatePeers;
    use crate::state::ServerInfo;

    struct House {
        db: TestDb,
        federation: Federation,
        store: Store,
        folder: TempDir,
    }

    impl House {
        fn new() -> Self {
            let db = TestDb::new();
            let info = ServerInfo::default();
            let federation = Federation::new((*db).clone(), PrivatePeers::On, info).unwrap();
            let folder = tempfile::tempdir().unwrap();
            Self { db, federation, store: Store::local(folder.path().join("media")).unwrap(), folder }
        }

        async fn write<T: Send + 'static>(&self, f: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static) -> T {
            self.db.write(f).await.unwrap()
        }

        async fn file(&self, folder: Folder, kind: Kind, bytes: &'static str) -> Key {
            let key = Key::random(folder, kind);
            self.store.put(&key, bytes.into()).await.unwrap();
            key
        }

        async fn make(&self, id: ArchiveId) -> Ended {
            make(&self.federation, &self.store, &self.folder.path().join("scratch"), id).await.unwrap()
        }

        async fn archives(&self) -> usize {
            use futures_util::StreamExt as _;
            let soon = std::time::SystemTime::now() + Duration::from_secs(60);
            self.store.stored_before(Folder::Archives, soon).count().await
        }

        async fn contents(&self, id: ArchiveId) -> BTreeMap<String, Vec<u8>> {
            let archive = self.write(move |c| archives::get(c, id)).await;
            let bytes = self.store.get(&archive.file.unwrap().parse().unwrap()).await.unwrap().bytes().await.unwrap();
            assert_eq!(archive.bytes, i64::try_from(bytes.len()).ok());
            unzip(&mut std::io::Cursor::new(bytes))
        }
    }

    fn json(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
        serde_json::from_slice(&files[name]).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_archive_is_all_that_somebody_has_said_with_its_files() {
        let house = House::new();
        let picture = house.file(Folder::Attachments, Kind::Png, "a picture").await;
        let lost = Key::random(Folder::Attachments, Kind::Jpeg);
        let avatar = house.file(Folder::Avatars, Kind::Gif, "an avatar").await;
        let (file, missing, face) = (picture.to_string(), lost.to_string(), avatar.to_string());
        let (id, other) = house
            .write(move |c| {
                let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
                actors::change_profile(
                    c,
                    ali,
                    ProfileChange { avatar: Some(Some((face.clone(), face))), ..ProfileChange::default() },
                )?;
                let mut media = Vec::new();
                for key in [file, missing] {
                    let new = NewAttachment {
                        file: Some(key),
                        mime: Some("image/png".into()),
                        description: "Tea".into(),
                        ..NewAttachment::default()
                    };
                    media.push(attachments::create(c, ali, None, new)?.id);
                }
                let theirs = people::say(c, bea, "tea?");
                people::publish(c, ali, Draft { attachments: media, ..people::draft("look") });
                people::publish(
                    c,
                    ali,
                    Draft { visibility: Some(Visibility::Direct), ..people::draft("@bea@majlis.example a secret") },
                );
                people::publish(c, ali, Draft { local_only: true, ..people::draft("only here") });
                boosts::boost(c, &people::site(), ali, &theirs, None)?;
                people::like(c, ali, theirs.id);
                people::bookmark(c, ali, theirs.id);
                Ok((archives::ask(c, ali)?, theirs.uri))
            })
            .await;
        assert_eq!(house.make(id).await, Ended::Done);
        let files = house.contents(id).await;
        let at = path(&picture);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["actor.json", "avatar.gif", "bookmarks.json", "likes.json", at.as_str(), "outbox.json"]);
        assert_eq!((files[&at].as_slice(), files["avatar.gif"].as_slice()), (&b"a picture"[..], &b"an avatar"[..]));
        let actor = json(&files, "actor.json");
        assert_eq!((&actor["id"], &actor["icon"]["url"]), (&json!("https://majlis.example/users/ali"), &json!("avatar.gif")));
        assert_eq!((&actor["outbox"], &actor["likes"]), (&json!("outbox.json"), &json!("likes.json")));

        let outbox = json(&files, "outbox.json");
        assert_eq!((&outbox["type"], &outbox["totalItems"]), (&json!("OrderedCollection"), &json!(4)));
        let items = outbox["orderedItems"].as_array().unwrap();
        let kinds: Vec<&str> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["Create", "Create", "Create", "Announce"]);
        let look = &items[0]["object"];
        assert_eq!((&look["content"], &look["attachment"][0]["url"]), (&json!("<p>look</p>"), &json!(at)));
        assert!(items[1]["object"]["content"].as_str().unwrap().contains("a secret"));
        assert_eq!(items[1]["to"], json!(["https://majlis.example/users/bea"]));
        assert_eq!((&items[2]["object"]["content"], &items[3]["object"]), (&json!("<p>only here</p>"), &json!(other)));
        assert!(items.iter().all(|item| item.get("@context").is_none()) && outbox["@context"][1]["sensitive"] == "as:sensitive");
        for name in ["likes", "bookmarks"] {
            let file = json(&files, &format!("{name}.json"));
            assert_eq!((&file["orderedItems"], &file["totalItems"]), (&json!([other]), &json!(1)), "{name}");
        }
        let told = house.write(jobs::all).await;
        assert!(matches!(told.last(), Some(Job::Mail { .. })), "{told:?}");
        // A job that runs twice makes nothing new.
        assert_eq!((house.make(id).await, house.archives().await), (Ended::Done, 1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn long_histories_are_read_page_by_page_and_one_at_a_time() {
        let house = House::new();
        let id = house
            .write(|c| {
                let ali = people::local(c, "ali").id;
                for n in 0..2 * PAGE + 1 {
                    people::say(c, ali, &format!("no. {n}"));
                }
                archives::ask(c, ali)
            })
            .await;
        let place = house.federation.archiving.acquire().await.unwrap();
        assert_eq!(house.make(id).await, Ended::NotNow);
        drop(place);
        assert_eq!(house.make(id).await, Ended::Done);
        let outbox = json(&house.contents(id).await, "outbox.json");
        let items = outbox["orderedItems"].as_array().unwrap();
        assert_eq!((&outbox["totalItems"], items.len()), (&json!(2 * PAGE + 1), 201));
        for (n, item) in items.iter().enumerate() {
            assert_eq!(item["object"]["content"], json!(format!("<p>no. {n}</p>")));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_is_gone_meanwhile_leaves_nothing() {
        let house = House::new();
        let (ali, id) = house
            .write(|c| {
                let ali = people::local(c, "ali").id;
                Ok((ali, archives::ask(c, ali)?))
            })
            .await;
        house.write(move |c| users::delete(c, ali)).await;
        assert_eq!((house.make(id).await, house.archives().await), (Ended::Done, 0));
    }

    #[test]
    fn a_page_takes_few_queries_whatever_stands_on_it() {
        use majlis_local::testing::statements::statements;
        TestDb::new()
            .write_now(|c| {
                let (ali, bea) = (people::local(c, "ali"), people::local(c, "bea"));
                for n in 0..10 {
                    people::say(c, ali.id, &format!("@bea #tea no. {n}"));
                    let theirs = people::say(c, bea.id, "tea?");
                    boosts::boost(c, &people::site(), ali.id, &theirs, None)?;
                }
                let page = Page { min_id: Some(PostId(0).0), ..Page::newest(PAGE) };
                let (said, sent) = statements(c, |c| said(c, &people::site(), &ali, &page));
                assert_eq!(said?.0.len(), 20);
                assert!(sent.len() <= 13, "{} statements:\n{}", sent.len(), sent.join("\n"));
                Ok(())
            })
            .unwrap();
    }
}
