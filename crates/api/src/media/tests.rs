use std::process::Command;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use majlis_local::jobs::{self, Job};
use majlis_local::scopes::Scope;
use majlis_media::FilmLimits;
use serde_json::json;

use super::*;
use crate::testing::{Answer, Caller, TestApp};

/// A sample made by ffmpeg.
fn sample(name: &str, arguments: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let made = Command::new("ffmpeg").args(["-v", "error"]).args(arguments.split_whitespace()).arg(&path).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(path).unwrap()
}

fn film() -> Vec<u8> {
    sample(
        "a.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1 -f lavfi -i sine=440:duration=1 -c:v libx264 -pix_fmt yuv420p -c:a aac",
    )
}

fn upload(caller: &Caller, path: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> TestRequest {
    // What a client calls it is not believed.
    let files: Vec<_> = files.iter().map(|(name, content)| (*name, "x.txt", "application/x-lie", *content)).collect();
    caller.multipart(Method::POST, path, fields, &files)
}

/// Runs the films' jobs as the workers do; gives back how many there were.
async fn work(app: &TestApp) -> usize {
    let claimed = app.write(|c| jobs::claim(c, 100, 600)).await;
    let mut ran = 0;
    for claimed in claimed {
        if let Job::ConvertMedia { attachment } = claimed.job {
            assert_eq!(conversion::convert(&app.api, attachment).await, Ok(conversion::Ended::Done));
            ran += 1;
        }
        let id = claimed.id;
        app.write(move |c| jobs::finish(c, &[id])).await;
    }
    ran
}

/// The storage keys of everything that is kept.
fn kept(app: &TestApp) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), found),
                false => found.push(entry.path().display().to_string()),
            }
        }
    }
    let mut found = Vec::new();
    walk(&app.media_folder(), &mut found);
    found
}

fn id_of(answer: &Answer) -> String {
    answer.json["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_film_is_taken_at_once_and_ready_later() {
    let app = TestApp::with_films(FilmLimits::default()).await;
    let me = app.user("ali").await;
    let other = app.user("zaynab").await;
    let sent =
        me.send(upload(&me, "/api/v2/media", &[("description", "bars"), ("focus", "0.5,-0.25")], &[("file", &film())])).await;
    assert_eq!(
        (sent.status.as_u16(), &sent.json["url"], &sent.json["type"]),
        (202, &json!(null), &json!("video")),
        "{}",
        sent.text
    );
    insta::assert_json_snapshot!("accepted", sent.json, { ".id" => "[id]" });
    let path = format!("/api/v1/media/{}", id_of(&sent));
    assert_eq!(me.get(&path).await.status, 206);
    assert_eq!(other.get(&path).await.status, 404);

    // Nobody can post it yet, and nothing of the attempt stays.
    let early = me.post_json("/api/v1/statuses", json!({ "status": "x", "media_ids": [id_of(&sent)] })).await;
    assert_eq!((early.status.as_u16(), early.json["details"]["media_ids"].is_array()), (422, true), "{}", early.text);
    assert!(early.json["error"].as_str().unwrap().contains("not yet processed"), "{}", early.text);
    // What is said of it can change meanwhile.
    let described = me.put_json(&path, json!({ "description": "colour bars" })).await;
    assert_eq!((described.status.as_u16(), &described.json["description"]), (206, &json!("colour bars")));

    assert_eq!(work(&app).await, 1);
    let ready = me.get(&path).await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    insta::assert_json_snapshot!("ready", ready.json, {
        ".id" => "[id]", ".url" => "[url]", ".preview_url" => "[url]", ".blurhash" => "[blurhash]",
        ".meta.original.bitrate" => "[bitrate]", ".meta.original.duration" => "[seconds]",
        ".meta.duration" => "[seconds]", ".meta.length" => "[length]",
    });
    assert!(ready.json["url"].as_str().unwrap().ends_with(".mp4"));
    assert!(ready.json["preview_url"].as_str().unwrap().ends_with(".preview.jpg"));
    let posted = me.post_json("/api/v1/statuses", json!({ "status": "x", "media_ids": [id_of(&sent)] })).await.ok();
    assert_eq!(posted["media_attachments"][0]["url"], ready.json["url"]);
    assert_eq!(posted["media_attachments"][0]["meta"]["focus"], json!({ "x": 0.5, "y": -0.25 }));
    // From now on it is changed by editing the status.
    assert_eq!(me.get(&path).await.status, 404);
    assert_eq!(me.delete(&path).await.status, 422);
    let edit = json!({
        "status": "y", "media_ids": [id_of(&sent)],
        "media_attributes": [{ "id": id_of(&sent), "description": "bars of colour" }],
    });
    let edited = me.put_json(&format!("/api/v1/statuses/{}", posted["id"].as_str().unwrap()), edit).await.ok();
    assert_eq!(edited["media_attachments"][0]["description"], "bars of colour");
    // The upload as it came goes by a job of the same write.
    let left = app.api.db.read(jobs::all).await.unwrap();
    let files = left.iter().find_map(|job| if let Job::DeleteFiles { keys } = job { Some(keys.clone()) } else { None });
    assert!(files.is_some_and(|keys| keys.len() == 1 && keys[0].starts_with("uploads/")), "{left:?}");
}

#[actix_web::test]
async fn sounds_and_loops_are_told_apart() {
    let app = TestApp::with_films(FilmLimits::default()).await;
    let me = app.user("ali").await;
    let tone = sample("a.ogg", "-f lavfi -i sine=440:duration=1 -c:a libvorbis");
    let silent = sample("a.webm", "-f lavfi -i testsrc2=size=64x64:duration=1 -c:v libvpx -deadline realtime");
    let gif = sample("a.gif", "-f lavfi -i testsrc2=size=64x64:rate=5:duration=1");
    for (file, kind, end) in [(tone, "audio", ".m4a"), (silent, "gifv", ".webm"), (gif, "gifv", ".mp4")] {
        let sent = me.send(upload(&me, "/api/v2/media", &[], &[("file", &file)])).await;
        assert_eq!((sent.status.as_u16(), &sent.json["type"]), (202, &json!(kind)), "{}", sent.text);
        work(&app).await;
        let ready = me.get(&format!("/api/v1/media/{}", id_of(&sent))).await.ok();
        assert!(ready["url"].as_str().unwrap().ends_with(end), "{ready}");
        assert_eq!(ready["preview_url"].is_null(), kind == "audio");
        if kind == "audio" {
            insta::assert_json_snapshot!("sound", ready["meta"], {
                ".original.bitrate" => "[bitrate]", ".original.duration" => "[seconds]", ".duration" => "[seconds]", ".length" => "[length]",
            });
        }
    }
}

#[actix_web::test]
async fn the_first_version_waits_until_it_is_ready() {
    let app = TestApp::with_films(FilmLimits::default()).await;
    let me = app.user("ali").await;
    let film = film();
    let answer = me.send(upload(&me, "/api/v1/media", &[], &[("file", &film)]));
    let worker = async {
        while work(&app).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (answer, ()) = futures_util::future::join(answer, worker).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json["url"].is_string());
}

#[actix_web::test]
async fn a_thumbnail_of_ones_own_stays() {
    let app = TestApp::with_films(FilmLimits::default()).await;
    let me = app.user("ali").await;
    let cover = sample("a.png", "-f lavfi -i testsrc2=size=50x40 -frames:v 1");
    let sent = me.send(upload(&me, "/api/v2/media", &[], &[("file", &film()), ("thumbnail", &cover)])).await;
    assert_eq!((sent.status.as_u16(), sent.json["blurhash"].is_string()), (202, true), "{}", sent.text);
    let preview = sent.json["preview_url"].clone();
    assert!(preview.is_string());
    work(&app).await;
    let ready = me.get(&format!("/api/v1/media/{}", id_of(&sent))).await.ok();
    assert_eq!((&ready["preview_url"], &ready["meta"]["small"]["size"]), (&preview, &json!("50x40")));
    // The still that was drawn besides is thrown away with the upload.
    let left = app.api.db.read(jobs::all).await.unwrap();
    assert!(left.iter().any(|job| matches!(job, Job::DeleteFiles { keys } if keys.len() == 2)), "{left:?}");
}

#[actix_web::test]
async fn what_cannot_be_processed_is_told_and_cannot_be_posted() {
    let limits = FilmLimits { work_seconds: 1, ..FilmLimits::default() };
    let app = TestApp::with_films(limits).await;
    let me = app.user("ali").await;
    let bomb = sample("a.mp4", "-f lavfi -i color=size=1920x1080:rate=60:duration=12 -c:v mpeg4 -q:v 31");
    let sent = me.send(upload(&me, "/api/v2/media", &[], &[("file", &bomb)])).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    work(&app).await;
    let path = format!("/api/v1/media/{}", id_of(&sent));
    for answer in [me.get(&path).await, me.put_json(&path, json!({ "description": "x" })).await] {
        assert_eq!((answer.status.as_u16(), answer.json["error"].is_string()), (422, true), "{}", answer.text);
    }
    let posted = me.post_json("/api/v1/statuses", json!({ "status": "x", "media_ids": [id_of(&sent)] })).await;
    assert_eq!(posted.status, 422);
    assert_eq!(me.delete(&path).await.status, 200);
    assert_eq!(me.get(&path).await.status, 404);
}

#[actix_web::test]
async fn a_film_that_is_deleted_while_it_waits_leaves_nothing() {
    let app = TestApp::with_films(FilmLimits::default()).await;
    let me = app.user("ali").await;
    let sent = me.send(upload(&me, "/api/v2/media", &[], &[("file", &film())])).await;
    let id: AttachmentId = id_of(&sent).parse().unwrap();
    assert_eq!(me.delete(&format!("/api/v1/media/{id}")).await.status, 200);
    assert_eq!(conversion::convert(&app.api, id).await, Ok(conversion::Ended::Done));
    let left = app.api.db.read(jobs::all).await.unwrap();
    let keys: Vec<String> =
        left.into_iter().flat_map(|job| if let Job::DeleteFiles { keys } = job { keys } else { Vec::new() }).collect();
    assert_eq!(kept(&app).len(), keys.len());
}

#[actix_web::test]
async fn large_files_are_spooled_and_too_large_ones_refused_without_a_trace() {
    let limits = FilmLimits { bytes: 20 << 20, ..FilmLimits::default() };
    let app = TestApp::with_films(limits).await;
    let me = app.user("ali").await;
    let wav = sample("a.wav", "-f lavfi -i anullsrc=r=48000:cl=stereo -t 94 -c:a pcm_s16le");
    assert!(wav.len() > 17 << 20 && wav.len() < 20 << 20);
    let sent = me.send(upload(&me, "/api/v2/media", &[], &[("file", &wav)])).await;
    assert_eq!((sent.status.as_u16(), &sent.json["type"]), (202, &json!("audio")), "{}", sent.text);
    let stored = kept(&app).len();
    let beyond = [wav.clone(), vec![0; 4 << 20]].concat();
    assert_eq!(me.send(upload(&me, "/api/v2/media", &[], &[("file", &beyond)])).await.status, 413);
    // A picture that is as large is too large, and so is a thumbnail.
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(17 << 20, 0);
    assert_eq!(me.send(upload(&me, "/api/v2/media", &[], &[("file", &picture)])).await.status, 413);
    assert_eq!(me.send(upload(&me, "/api/v2/media", &[], &[("file", &film()), ("thumbnail", &picture)])).await.status, 413);
    assert_eq!(kept(&app).len(), stored);
    let scratch = app.media_folder().with_file_name("scratch");
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0);
}

#[actix_web::test]
async fn refusals_change_nothing() {
    let app = TestApp::with_films(FilmLimits { seconds: 1, ..FilmLimits::default() }).await;
    let me = app.user("ali").await;
    let film = film();
    let long = sample("a.wav", "-f lavfi -i sine=440:duration=3");
    let broken = &film[..film.len() / 3];
    let wordy = "x".repeat(attachments::DESCRIPTION_LIMIT + 1);
    for (fields, files, field) in [
        (&[][..], &[("file", &long[..])][..], "file"),
        (&[], &[("file", broken)], "file"),
        (&[], &[("file", b"hello")], "file"),
        (&[], &[], "file"),
        (&[("focus", "7,0")], &[("file", &film)], "focus"),
        (&[("description", wordy.as_str())], &[("file", &film)], "description"),
        (&[], &[("file", &film), ("thumbnail", &film)], "file"),
    ] {
        for version in ["/api/v2/media", "/api/v1/media"] {
            let refused = me.send(upload(&me, version, fields, files)).await;
            let details = &refused.json["details"][field];
            assert_eq!((refused.status.as_u16(), details.is_array()), (422, true), "{version} {fields:?}: {}", refused.text);
        }
    }
    assert!(kept(&app).is_empty(), "{:?}", kept(&app));
    assert!(app.api.db.read(jobs::all).await.unwrap().is_empty());

    let nobody = app.anonymous();
    assert_eq!(nobody.send(upload(&nobody, "/api/v2/media", &[], &[("file", &film)])).await.status, 401);
    let reader = app.log_in(me.actor.unwrap(), [Scope::Read].into_iter().collect()).await;
    assert_eq!(reader.send(upload(&reader, "/api/v2/media", &[], &[("file", &film)])).await.status, 403);
    assert_eq!(reader.get("/api/v1/media/1").await.status, 403);
    assert_eq!(reader.delete("/api/v1/media/1").await.status, 403);
    assert_eq!(me.delete("/api/v1/media/1").await.status, 404);
    assert_eq!(me.get("/api/v1/media/x").await.status, 404);
    assert!(kept(&app).is_empty());
}

#[actix_web::test]
async fn the_instance_tells_what_is_taken() {
    let with = TestApp::with_films(FilmLimits::default()).await;
    let without = TestApp::new();
    for (app, films) in [(with, true), (without, false)] {
        let nobody = app.anonymous();
        let told = nobody.get("/api/v2/instance").await.ok();
        let media = &told["configuration"]["media_attachments"];
        let types = media["supported_mime_types"].as_array().unwrap();
        assert_eq!(types.contains(&json!("video/mp4")), films);
        assert_eq!(types.contains(&json!("image/avif")), films);
        assert!(types.contains(&json!("image/webp")) && !types.contains(&json!("image/heic")));
        assert_eq!(media["video_size_limit"].as_u64().unwrap() > 0, films);
        if !films {
            let me = app.user("ali").await;
            let mp4 = b"\0\0\0\x20ftypisom\0\0\0\0isomiso2avc1mp41";
            let refused = me.send(upload(&me, "/api/v2/media", &[], &[("file", mp4)])).await;
            assert_eq!(refused.status, 422);
            assert!(refused.json["error"].as_str().unwrap().contains("MP4"), "{}", refused.text);
        }
    }
}
