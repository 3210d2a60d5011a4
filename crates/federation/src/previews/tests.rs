//! Cards of pages on a loopback server.

use diesel::prelude::*;
use majlis_local::cards::{CardKind, of_posts};
use majlis_local::posts::Post;
use majlis_local::schema::actor_endpoints as endpoints;
use majlis_local::testing::{TestDb, people};
use majlis_media::{Limits, Store};

use super::*;
use crate::client::tests::{Answer, Server};
use crate::state::ServerInfo;

/// A PNG of one pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1F, 0x15, 0xC4, 0x89, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x44, 0x41, 0x54, 0x78,
    0xDA, 0x63, 0x64, 0x60, 0xF8, 0x5F, 0x0F, 0x00, 0x02, 0x87, 0x01, 0x80, 0xEB, 0x47, 0xBA, 0x92, 0x00, 0x00, 0x00, 0x00, 0x49,
    0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];

fn answer(kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Plain(200, vec![("content-type", kind.to_owned())], body.into())
}

struct Here {
    db: TestDb,
    federation: Federation,
    media: Media,
    _folder: tempfile::TempDir,
}

impl Here {
    fn new() -> Self {
        let db = TestDb::new();
        let info = ServerInfo::default();
        let federation = Federation::new((*db).clone(), PrivatePeers::On, info).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let media = Media::new(Store::local(folder.path()).unwrap(), Limits::default());
        Self { db, federation, media, _folder: folder }
    }

    async fn say(&self, text: String) -> Post {
        self.db
            .write(move |c| {
                let author = people::local(c, &format!("p{}", rand_name()));
                Ok(people::say(c, author.id, &text))
            })
            .await
            .unwrap()
    }

    async fn card(&self, post: &Post) -> Option<majlis_local::cards::Card> {
        fetch_card(&self.federation, &self.media, post.id).await.unwrap();
        let id = post.id;
        self.db.read(move |c| of_posts(c, &[id])).await.unwrap().pop().map(|(_, _, card)| card)
    }
}

fn rand_name() -> i64 {
    PostId::new().0
}

#[tokio::test]
async fn a_page_is_read_once_for_all_who_link_to_it() {
    let here = Here::new();
    let peer = Server::start(|seen, _| match seen.target.as_str() {
        // `مجلس` in windows-1256, and an end that is never read.
        "/page" => {
            let mut page = b"<title>\xE3\xCC\xE1\xD3</title><meta property=og:image content=/i.png>\
                             <link rel=canonical href=/canonical><link rel=alternate type=application/json+oembed href=/o>"
                .to_vec();
            page.resize(PAGE_BYTES + 100_000, b' ');
            answer("text/html; charset=windows-1256", page)
        }
        "/o" => answer("application/json", r#"{"type":"link","provider_name":"The peer"}"#),
        "/i.png" => answer("image/png", PNG),
        _ => Answer::Plain(404, vec![], vec![]),
    })
    .await;
    let link = peer.url("/page").to_string();
    let (first, second) = (here.say(format!("a {link}")).await, here.say(format!("b {link}#part")).await);
    let card = here.card(&first).await.unwrap();
    assert_eq!((card.title.as_str(), card.provider_name.as_str(), card.kind), ("مجلس", "The peer", CardKind::Link));
    assert_eq!(card.url, peer.url("/canonical").to_string());
    assert_eq!((card.width, card.height), (1, 1));
    assert!(card.blurhash.is_some());
    let key = majlis_media::Key::parse(card.image.as_deref().unwrap()).unwrap();
    assert!(here.media.store().get(&key).await.is_ok());
    assert_eq!(here.card(&second).await.unwrap().id, card.id);
    assert_eq!(peer.seen().len(), 3, "the page was asked once");
}

#[tokio::test]
async fn a_page_that_gives_nothing_is_left_alone() {
    let here = Here::new();
    let peer = Server::start(|seen, own| match seen.target.as_str() {
        "/file" => answer("application/zip", "PK"),
        "/loop" => Answer::Plain(302, vec![("location", own.join("/loop").unwrap().into())], vec![]),
        "/empty" => answer("text/html", "<p>no title"),
        "/picture" => answer("text/html", "<title>x</title><meta property=og:image content=/evil.png>"),
        "/evil.png" => answer("image/png", "<svg onload=x>"),
        "/own" => answer("text/html", "<title>x</title><meta name=twitter:player content='https://majlis.example/x'>"),
        _ => Answer::Plain(404, vec![], vec![]),
    })
    .await;
    for path in ["/file", "/loop", "/empty", "/gone"] {
        let post = here.say(peer.url(path).to_string()).await;
        assert_eq!(here.card(&post).await, None, "{path}");
        let asked = peer.seen().len();
        let again = here.say(peer.url(path).to_string()).await;
        assert_eq!(here.card(&again).await, None, "{path}");
        assert_eq!(peer.seen().len(), asked, "{path} was asked again");
    }
    let post = here.say(peer.url("/picture").to_string()).await;
    let card = here.card(&post).await.unwrap();
    assert_eq!((card.title.as_str(), card.image), ("x", None));
    let post = here.say(peer.url("/own").to_string()).await;
    assert_eq!(here.card(&post).await.unwrap().html, "");
}

#[tokio::test]
async fn an_author_is_named_who_names_the_page() {
    let here = Here::new();
    let peer = Server::start(|seen, _| {
        let name = seen.target.trim_start_matches('/');
        answer("text/html", format!("<title>x</title><meta name=fediverse:creator content='@{name}@majlis.example'>"))
    })
    .await;
    let domain = majlis_local::instances::host_of(peer.origin.as_str()).unwrap();
    let (ali, badr) = here
        .db
        .write(move |c| {
            let (ali, badr) = (people::local(c, "ali"), people::local(c, "badr"));
            diesel::update(endpoints::table.find(ali.id))
                .set(endpoints::attribution_domains.eq(Some(majlis_local::Json(vec![domain]))))
                .execute(c)?;
            Ok((ali.id, badr.id))
        })
        .await
        .unwrap();
    for (path, author, claimed) in [("/ali", Some(ali), None), ("/badr", None, Some(badr)), ("/nobody", None, None)] {
        let post = here.say(peer.url(path).to_string()).await;
        let card = here.card(&post).await.unwrap();
        assert_eq!((card.author_id, card.claimed_author_id), (author, claimed), "{path}");
    }
}

#[tokio::test]
async fn two_jobs_do_not_read_the_same_page_at_once() {
    let here = Here::new();
    let peer = Server::start(|_, _| answer("text/html", "<title>x</title>")).await;
    let link = peer.url("/page").to_string();
    let post = here.say(link.clone()).await;
    here.federation.previewing.insert(link.clone(), ());
    assert!(fetch_card(&here.federation, &here.media, post.id).await.is_err());
    here.federation.previewing.invalidate(&link);
    assert!(here.card(&post).await.is_some());
}

#[tokio::test]
async fn a_blocked_server_is_not_asked() {
    let here = Here::new();
    let peer = Server::start(|_, _| answer("text/html", "<title>x</title>")).await;
    let host = majlis_local::instances::host_of(peer.origin.as_str()).unwrap();
    here.db.write(move |c| majlis_local::instances::set_policy(c, &host, Policy::Suspend, None, None)).await.unwrap();
    let post = here.say(peer.url("/").to_string()).await;
    assert_eq!(here.card(&post).await, None);
    assert!(peer.seen().is_empty());
}
