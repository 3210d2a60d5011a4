use std::net::TcpListener;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpServer, web};
use image::{ImageFormat, Rgb, RgbImage};
use majlis_local::attachments::{AttachmentKind, NewAttachment};
use majlis_local::testing::people;
use majlis_local::visibility::Visibility;
use serde_json::Value;

use super::*;
use crate::testing::{Answer, Caller, TestApp};

/// Another server with pictures, which counts who comes.
#[derive(Clone, Default)]
struct Peer {
    asked: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    paths: Arc<StdMutex<Vec<String>>>,
}

impl Peer {
    /// Starts it; gives back its address.
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let peer = self.clone();
        let server = HttpServer::new(move || App::new().app_data(web::Data::new(peer.clone())).default_service(web::to(serve)))
            .workers(2)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        tokio::spawn(server);
        address
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(req: HttpRequest, peer: web::Data<Peer>) -> HttpResponse {
    peer.asked.fetch_add(1, Ordering::SeqCst);
    let now = peer.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    peer.most_at_once.fetch_max(now, Ordering::SeqCst);
    peer.paths.lock().unwrap().push(req.path().to_owned());
    tokio::time::sleep(Duration::from_millis(30)).await;
    peer.at_once.fetch_sub(1, Ordering::SeqCst);
    match req.path() {
        "/missing.png" => HttpResponse::NotFound().finish(),
        "/page.png" => HttpResponse::Ok().content_type("image/png").body("<script>alert(1)</script>"),
        "/endless.png" => HttpResponse::Ok().content_type("image/png").body(vec![b'x'; 20 << 20]),
        path => HttpResponse::Ok().content_type("text/html").body(noise(path)),
    }
}

/// A picture that hardly packs: about 12 KB as it is.
fn noise(path: &str) -> Vec<u8> {
    let mut state = path.bytes().fold(0x9E37_79B9_u32, |state, byte| (state ^ u32::from(byte)).wrapping_mul(0x0100_0193)) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let picture = RgbImage::from_fn(64, 64, |_, _| Rgb([next(), next(), next()]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A post of `peer.example` with pictures at these addresses; gives back its id.
async fn post(app: &TestApp, name: &'static str, pictures: Vec<String>, visibility: Visibility) -> String {
    app.write(move |c| {
        let author = people::remote(c, name);
        let mut note = people::note(&author, "look");
        note.visibility = visibility;
        note.attachments = pictures
            .into_iter()
            .map(|url| NewAttachment {
                kind: Some(if url.ends_with(".mp4") { AttachmentKind::Video } else { AttachmentKind::Image }),
                remote_url: Some(url),
                ..NewAttachment::default()
            })
            .collect();
        Ok(people::receive(c, note).id.to_string())
    })
    .await
}

/// What is shown of a post's attachments to somebody.
async fn shown(caller: &Caller, post: &str) -> Vec<Value> {
    caller.get(&format!("/api/v1/statuses/{post}")).await.ok()["media_attachments"].as_array().unwrap().clone()
}

fn url(attachment: &Value, field: &str) -> String {
    attachment[field].as_str().unwrap().to_owned()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).unwrap().to_str().unwrap()
}

/// The bytes of all copies that lie in the store.
fn stored(app: &TestApp) -> u64 {
    fn walk(folder: &std::path::Path) -> u64 {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        let size = |entry: std::fs::DirEntry| match entry.metadata() {
            Ok(data) if data.is_dir() => walk(&entry.path()),
            // On its way, under another name, and never there twice.
            Ok(_) if entry.file_name().to_string_lossy().contains('#') => 0,
            Ok(data) => data.len(),
            // Deleted meanwhile.
            Err(_) => 0,
        };
        entries.flatten().map(size).sum()
    }
    walk(&app.media_folder().join("remote"))
}

#[actix_web::test]
async fn whoever_is_logged_in_sees_pictures_from_here_and_nobody_else_has_them_fetched() {
    let peer = Peer::default();
    let there = peer.start();
    let app = TestApp::with_pictures(10 << 20);
    let (me, nobody) = (app.user("ali").await, app.anonymous());
    let id = post(&app, "zaynab", vec![format!("{there}/a.png")], Visibility::Public).await;

    // Anonymous crawls: everything that they are told leads away, and nothing is fetched.
    let crawled = shown(&nobody, &id).await;
    assert_eq!(crawled[0]["remote_url"], format!("{there}/a.png"));
    for field in ["url", "preview_url"] {
        let answer = nobody.get(&url(&crawled[0], field)).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        assert_eq!(header(&answer, "location"), format!("{there}/a.png"));
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
    }
    assert_eq!((peer.asked(), stored(&app)), (0, 0));

    let seen = shown(&me, &id).await;
    assert_eq!(seen[0]["remote_url"], format!("{there}/a.png"));
    assert!(url(&seen[0], "url").starts_with("https://majlis.example/media_proxy/"), "{}", seen[0]);
    // The token goes with the page, not with the picture: the address is enough.
    let picture = nobody.get(&url(&seen[0], "url")).await;
    assert_eq!((picture.status.as_u16(), header(&picture, "content-type")), (200, "image/png"));
    assert!(header(&picture, "content-security-policy").contains("sandbox"));
    assert_eq!((peer.asked(), stored(&app) > 0), (1, true));
    // From now on it is here for everybody, and nobody asks there again.
    for caller in [&me, &nobody] {
        assert_eq!(caller.get(&url(&seen[0], "url")).await.status, 200);
        assert_eq!(caller.get(&url(&crawled[0], "url")).await.status, 200);
    }
    assert_eq!(peer.asked(), 1);
    let tag = header(&picture, "etag").to_owned();
    let again = nobody.request(actix_web::http::Method::GET, &url(&seen[0], "url")).insert_header(("if-none-match", tag));
    assert_eq!(nobody.send(again).await.status, 304);
}

#[actix_web::test]
async fn avatars_headers_and_emoji_go_the_same_way() {
    let peer = Peer::default();
    let there = peer.start();
    let app = TestApp::with_pictures(10 << 20);
    let me = app.user("ali").await;
    let avatar = format!("{there}/avatar.png");
    let id = app
        .write({
            let avatar = avatar.clone();
            move |c| {
                let mut zaynab = people::remote_actor("zaynab");
                zaynab.header = Some(avatar.replace("avatar", "header"));
                zaynab.emojis = vec![majlis_local::actors::Emoji {
                    shortcode: "palm".into(),
                    url: avatar.replace("avatar", "palm"),
                    static_url: avatar.replace("avatar", "palm"),
                }];
                zaynab.avatar = Some(avatar);
                Ok(majlis_local::actors::store_remote(c, zaynab)?.id)
            }
        })
        .await;
    let told = me.get(&format!("/api/v1/accounts/{id}")).await.ok();
    let public = app.anonymous().get(&format!("/api/v1/accounts/{id}")).await.ok();
    for account in [&public, &told] {
        for address in [&account["avatar"], &account["avatar_static"], &account["header"], &account["emojis"][0]["url"]] {
            let address = address.as_str().unwrap();
            assert!(address.starts_with("https://majlis.example/media_proxy/"), "{address}");
            let status = app.anonymous().get(address).await.status;
            assert_eq!(status.as_u16(), if account == &told { 200 } else { 302 }, "{address}");
        }
        assert_eq!(peer.asked(), if account == &told { 3 } else { 0 });
    }
    // Forged, cut and foreign addresses lead nowhere: this is no open redirect.
    let address = told["avatar"].as_str().unwrap();
    let (front, encoded) = address.rsplit_once('/').unwrap();
    let foreign = "aHR0cHM6Ly9ldmlsLmV4YW1wbGUveC5wbmc";
    for bad in [
        format!("{front}/{foreign}"),
        format!("{front}x/{encoded}"),
        format!("https://majlis.example/media_proxy/l1.x/{encoded}"),
    ] {
        assert_eq!(me.get(&bad).await.status, 404, "{bad}");
    }
}

#[actix_web::test]
async fn the_budget_holds_under_parallel_fetches() {
    let peer = Peer::default();
    let there = peer.start();
    // Room for about five of forty.
    let budget = 64 << 10;
    let app = TestApp::with_pictures(budget);
    let me = app.user("ali").await;
    let mut addresses = Vec::new();
    for (name, from) in [("a", 0), ("b", 16), ("c", 32)] {
        let pictures = (from..from + 13).map(|n| format!("{there}/{n}.png")).collect();
        let id = post(&app, name, pictures, Visibility::Public).await;
        addresses.extend(shown(&me, &id).await.iter().map(|attachment| url(attachment, "url")));
    }
    assert_eq!(addresses.len(), 39);
    let watched = Arc::new(AtomicUsize::new(0));
    let watcher = {
        let (app, watched) = (app.clone(), watched.clone());
        actix_web::rt::spawn(async move {
            loop {
                watched.fetch_max(stored(&app) as usize, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    };
    for _ in 0..2 {
        let asked = addresses.iter().map(|address| me.get(address));
        for answer in futures_util::future::join_all(asked).await {
            assert!([200, 302].contains(&answer.status.as_u16()), "{}", answer.text);
        }
    }
    watcher.abort();
    let most = watched.load(Ordering::SeqCst) as u64;
    assert!(most > budget / 2 && most <= budget, "{most} of {budget}");
    assert!(peer.most_at_once.load(Ordering::SeqCst) <= FETCHES);
    let used = app.api.db.read(remote_files::used).await.unwrap();
    assert_eq!(used as u64, stored(&app));

    // A start with a smaller budget makes room, and what was half done goes.
    let half = Key::random(Folder::Remote, majlis_media::Kind::Png);
    app.api.media.store().put(&half, vec![1; 10].into()).await.unwrap();
    let file = half.to_string();
    app.write(move |c| remote_files::reserve(c, "half", &file, 10, i64::MAX)).await;
    let smaller = app.with_another_budget(20 << 10);
    tidy(&smaller).await.unwrap();
    assert!(stored(&app) <= 20 << 10, "{}", stored(&app));
    assert!(matches!(app.api.media.store().get(&half).await, Err(majlis_media::Error::NotFound(_))));
    tidy(&app.with_another_budget(0)).await.unwrap();
    assert_eq!((stored(&app), app.api.db.read(remote_files::used).await.unwrap()), (0, 0));
}

#[actix_web::test]
async fn one_picture_is_fetched_once_however_many_look() {
    let peer = Peer::default();
    let there = peer.start();
    let app = TestApp::with_pictures(10 << 20);
    let me = app.user("ali").await;
    let id = post(&app, "zaynab", vec![format!("{there}/a.png")], Visibility::Public).await;
    let address = url(&shown(&me, &id).await[0], "url");
    let answers = futures_util::future::join_all((0..20).map(|_| me.get(&address))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(peer.asked(), 1);
}

#[actix_web::test]
async fn what_cannot_be_shown_stays_where_it_is_and_is_not_asked_for_again() {
    let peer = Peer::default();
    let there = peer.start();
    let app = TestApp::with_pictures(10 << 20);
    let me = app.user("ali").await;
    let names = ["missing.png", "page.png", "endless.png", "film.mp4"];
    let id = post(&app, "zaynab", names.map(|name| format!("{there}/{name}")).to_vec(), Visibility::Public).await;
    let attachments = shown(&me, &id).await;
    // Films are not copied: they are told where they are.
    assert_eq!((&attachments[3]["url"], &attachments[3]["preview_url"]), (&format!("{there}/film.mp4").into(), &Value::Null));
    for _ in 0..2 {
        for (attachment, name) in attachments.iter().zip(names).take(3) {
            let answer = me.get(&url(attachment, "url")).await;
            assert_eq!((answer.status.as_u16(), header(&answer, "location")), (302, &*format!("{there}/{name}")));
        }
    }
    assert_eq!((peer.asked(), stored(&app)), (3, 0));
    let asked = peer.paths.lock().unwrap().clone();
    assert!(!asked.contains(&"/film.mp4".to_owned()), "{asked:?}");
}

#[actix_web::test]
async fn a_post_that_is_not_everybodys_is_not_told_by_its_pictures_ids() {
    let peer = Peer::default();
    let there = peer.start();
    let app = TestApp::with_pictures(10 << 20);
    let nobody = app.anonymous();
    let secret = post(&app, "zaynab", vec![format!("{there}/s.png")], Visibility::Private).await;
    let open = post(&app, "maryam", vec![format!("{there}/o.png")], Visibility::Unlisted).await;
    let ids = app
        .write(move |c| {
            let posts = [secret.parse().unwrap(), open.parse().unwrap()];
            Ok(attachments::of_posts(c, &posts)?.into_iter().map(|attachment| attachment.id).collect::<Vec<_>>())
        })
        .await;
    for (id, status) in [(ids[0], 404), (ids[1], 302)] {
        for path in [format!("/media_proxy/{id}"), format!("/media_proxy/{id}/original"), format!("/media_proxy/{id}/small")] {
            assert_eq!(nobody.get(&path).await.status.as_u16(), status, "{path}");
        }
        assert_eq!(nobody.get(&format!("/media_proxy/{id}/huge")).await.status, 404);
    }
    for nothing in ["/media_proxy/1", "/media_proxy/1/small", "/media_proxy/x", "/media_proxy/x/y"] {
        assert_eq!(nobody.get(nothing).await.status, 404, "{nothing}");
    }
    assert_eq!(peer.asked(), 0);
}

#[actix_web::test]
async fn without_a_budget_pictures_are_told_where_they_are() {
    let app = TestApp::new();
    let me = app.user("ali").await;
    let id = post(&app, "zaynab", vec!["https://peer.example/a.png".into()], Visibility::Public).await;
    let attachments = shown(&me, &id).await;
    assert_eq!(attachments[0]["url"], "https://peer.example/a.png");
    assert_eq!(attachments[0]["preview_url"], "https://peer.example/a.png");
}
