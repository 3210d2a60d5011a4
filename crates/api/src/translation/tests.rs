//! Translation against fake services on loopback.

use std::sync::{Arc, Mutex};

use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use majlis_local::attachments::{self, NewAttachment};
use majlis_local::testing::people;
use serde_json::{Value, json};

use super::*;
use crate::state::Config;
use crate::testing::{Caller, TestApp};

/// What a fake was asked, and whether it has had enough.
#[derive(Default)]
struct Heard {
    asked: Mutex<Vec<Value>>,
    tired: Mutex<Option<u16>>,
}

/// LibreTranslate and DeepL at once: texts come back in capitals.
async fn fake() -> (Url, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let data = Data::from(heard.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route(
                "/lt/languages",
                web::get().to(async || {
                    Json(json!([
                        { "code": "en", "name": "English", "targets": ["en", "ar"] },
                        { "code": "ar", "name": "Arabic", "targets": ["en", "ar"] },
                    ]))
                }),
            )
            .route("/lt/translate", web::post().to(libre))
            .route(
                "/dl/v2/languages",
                web::get().to(async |req: HttpRequest| {
                    Json(match req.query_string() {
                        "type=source" => json!([{ "language": "EN" }, { "language": "AR" }]),
                        _ => json!([{ "language": "AR" }, { "language": "EN-GB" }, { "language": "EN-US" }]),
                    })
                }),
            )
            .route("/dl/v2/translate", web::post().to(deep))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let origin = format!("http://{}/", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    (origin.parse().unwrap(), heard)
}

fn refusal(heard: &Heard) -> Option<HttpResponse> {
    let status = (*heard.tired.lock().unwrap())?;
    Some(HttpResponse::build(status.try_into().unwrap()).body("no"))
}

async fn libre(heard: Data<Heard>, body: Json<Value>) -> HttpResponse {
    heard.asked.lock().unwrap().push(body.0.clone());
    if let Some(refusal) = refusal(&heard) {
        return refusal;
    }
    let texts: Vec<String> = body["q"].as_array().unwrap().iter().map(|text| shout(text.as_str().unwrap())).collect();
    HttpResponse::Ok().json(json!({ "translatedText": texts, "detectedLanguage": [{ "language": "ar", "confidence": 90 }] }))
}

async fn deep(heard: Data<Heard>, req: HttpRequest, body: Json<Value>) -> HttpResponse {
    let mut asked = body.0.clone();
    asked["key"] = req.headers().get("authorization").unwrap().to_str().unwrap().into();
    heard.asked.lock().unwrap().push(asked);
    let texts = body["text"].as_array().unwrap().iter();
    let texts: Vec<Value> =
        texts.map(|text| json!({ "detected_source_language": "EN", "text": shout(text.as_str().unwrap()) })).collect();
    HttpResponse::Ok().json(json!({ "translations": texts }))
}

/// The words in capitals, tags as they are, and something that must not come through.
fn shout(html: &str) -> String {
    let mut inside = false;
    let loud: String = html
        .chars()
        .map(|c| {
            inside = (inside || c == '<') && c != '>';
            if inside { c } else { c.to_ascii_uppercase() }
        })
        .collect();
    format!("{loud}<script>alert(1)</script>")
}

async fn server(path: &str, service: impl FnOnce(Url) -> Service) -> (TestApp, Arc<Heard>) {
    let (origin, heard) = fake().await;
    let service = service(origin.join(path).unwrap());
    (TestApp::with(Config { rate_limits: false, translation: Some(service), ..Config::default() }), heard)
}

async fn libre_server() -> (TestApp, Arc<Heard>) {
    server("lt/", |url| Service::LibreTranslate { url, key: Some("secret".into()) }).await
}

async fn say(by: &Caller, form: &str) -> String {
    let status = by.post_form("/api/v1/statuses", form).await.ok();
    format!("/api/v1/statuses/{}/translate", status["id"].as_str().unwrap())
}

#[actix_web::test]
async fn without_a_translator_there_is_none_to_be_had() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let path = say(&me, "status=hello&language=en").await;
    let answer = me.post_form(&path, "lang=ar").await;
    assert_eq!((answer.status.as_u16(), &answer.json["error"]), (404, &json!("Record not found")));
    assert_eq!(app.anonymous().get("/api/v1/instance/translation_languages").await.ok(), json!({}));
    let instance = app.anonymous().get("/api/v2/instance").await.ok();
    assert_eq!(instance["configuration"]["translation"]["enabled"], false);
}

#[actix_web::test]
async fn all_of_a_status_is_translated_once() {
    let (app, heard) = libre_server().await;
    let me = app.user("me").await;
    let instance = app.anonymous().get("/api/v2/instance").await.ok();
    assert_eq!(instance["configuration"]["translation"]["enabled"], true);
    let languages = app.anonymous().get("/api/v1/instance/translation_languages").await.ok();
    assert_eq!(languages, json!({ "ar": ["en"], "en": ["ar"], "und": ["en", "ar"] }));
    let path = say(
        &me,
        "status=hello+https://x.example/a+%3Ccode%3E&spoiler_text=a+%26+b&language=en\
         &poll[options][]=yes&poll[options][]=no&poll[expires_in]=600",
    )
    .await;
    let translation = me.post_form(&path, "lang=ar").await.ok();
    let content = translation["content"].as_str().unwrap();
    assert!(content.starts_with("<p>HELLO <a href=\"https://x.example/a\""), "{content}");
    assert!(content.contains("&lt;CODE&gt;") && !content.contains("script"), "{content}");
    let mut rest = translation.clone();
    rest.as_object_mut().unwrap().remove("content");
    insta::assert_json_snapshot!(rest, { ".poll.id" => "[id]" });
    assert_eq!(me.post_form(&path, "lang=ar").await.ok(), translation);
    {
        let asked = heard.asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "it was kept");
        let first = &asked[0];
        assert_eq!(
            (&first["source"], &first["target"], &first["format"], &first["api_key"]),
            (&json!("en"), &json!("ar"), &json!("html"), &json!("secret"))
        );
    }
    // A new text is another one.
    let id = path.trim_end_matches("/translate");
    me.put_json(id, json!({ "status": "bye", "language": "en" })).await.ok();
    assert_eq!(me.post_form(&path, "lang=ar").await.ok()["content"], "<p>BYE</p>");
}

#[actix_web::test]
async fn descriptions_and_unknown_languages_too() {
    let (app, heard) = libre_server().await;
    let me = app.user("me").await;
    let (author, site) = (me.id(), app.api.site().clone());
    let (id, media) = app
        .write(move |c| {
            let media =
                attachments::create(c, author, None, NewAttachment { description: "a cat".into(), ..NewAttachment::default() })?;
            let draft = majlis_local::publish::Draft { attachments: vec![media.id], ..people::draft(":-)") };
            Ok((majlis_local::publish::publish(c, &site, author, draft)?.id, media.id))
        })
        .await;
    // The person's own language is asked for when no other is.
    let translation = me.post(&format!("/api/v1/statuses/{id}/translate")).await.ok();
    assert_eq!(translation["media_attachments"], json!([{ "id": media, "description": "A CAT" }]));
    assert_eq!((&translation["detected_source_language"], &translation["language"]), (&json!("ar"), &json!("en")));
    assert_eq!(heard.asked.lock().unwrap()[0]["source"], "auto");
}

#[actix_web::test]
async fn what_may_not_be_translated_is_not_sent_away() {
    let (app, heard) = libre_server().await;
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let private = say(&me, "status=secret&language=en&visibility=private").await;
    assert_eq!(me.post_form(&private, "lang=ar").await.status, 403);
    assert_eq!(ali.post_form(&private, "lang=ar").await.status, 404);
    let path = say(&me, "status=hello&language=en").await;
    for lang in ["en", "fr", "x"] {
        let answer = me.post_form(&path, &format!("lang={lang}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json["error"]), (403, &json!("This action is not allowed")), "{lang}");
    }
    let german = say(&me, "status=hallo&language=de").await;
    assert_eq!(me.post_form(&german, "lang=ar").await.status, 403);
    assert_eq!(app.anonymous().post_form(&path, "lang=ar").await.status, 401);
    let blind = app.log_in(me.id(), [majlis_local::scopes::Scope::WriteStatuses].into_iter().collect()).await;
    assert_eq!(blind.post_form(&path, "lang=ar").await.status, 403);
    assert_eq!(me.post_form("/api/v1/statuses/7/translate", "lang=ar").await.status, 404);
    assert!(heard.asked.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn a_service_that_fails_is_told_of() {
    let (app, heard) = libre_server().await;
    let me = app.user("me").await;
    let path = say(&me, "status=hello&language=en").await;
    for (status, sentence) in [
        (429, "The translation service asks to be left alone for a while."),
        (456, "What this server may have translated is used up for now."),
    ] {
        *heard.tired.lock().unwrap() = Some(status);
        let answer = me.post_form(&path, "lang=ar").await;
        assert_eq!((answer.status.as_u16(), &answer.json["error"]), (503, &json!(sentence)));
    }
    *heard.tired.lock().unwrap() = Some(500);
    assert_eq!(me.post_form(&path, "lang=ar").await.status, 503);
    *heard.tired.lock().unwrap() = None;
    assert_eq!(me.post_form(&path, "lang=ar-EG").await.ok()["content"], "<p>HELLO</p>");
}

#[actix_web::test]
async fn deepl_is_spoken_to_in_its_own_way() {
    let (app, heard) = server("dl/", |url| Service::DeepL { url, key: "key:fx".into() }).await;
    let me = app.user("me").await;
    let languages = app.anonymous().get("/api/v1/instance/translation_languages").await.ok();
    assert_eq!(languages["ar"], json!(["en", "en-GB", "en-US"]));
    assert_eq!(languages["und"], json!(["ar", "en", "en-GB", "en-US"]));
    let path = say(&me, "status=hello&language=ar").await;
    let translation = me.post_form(&path, "lang=en").await.ok();
    assert_eq!((&translation["content"], &translation["provider"]), (&json!("<p>HELLO</p>"), &json!("DeepL.com")));
    let asked = heard.asked.lock().unwrap();
    assert_eq!(
        (&asked[0]["target_lang"], &asked[0]["source_lang"], &asked[0]["tag_handling"], &asked[0]["key"]),
        (&json!("EN-US"), &json!("AR"), &json!("html"), &json!("DeepL-Auth-Key key:fx"))
    );
}
