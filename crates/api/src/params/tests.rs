//! Every way in which clients are known to write parameters, read into the same types.

use actix_web::http::header;
use actix_web::test::TestRequest;
use majlis_local::Timestamp;
use majlis_local::ids::PostId;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::testing::TestApp;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Post {
    status: Option<String>,
    spoiler_text: Option<String>,
    in_reply_to_id: Option<PostId>,
    sensitive: bool,
    locked: Option<bool>,
    visibility: Option<Audience>,
    media_ids: Vec<PostId>,
    poll: Option<Poll>,
    source: Source,
    fields_attributes: Option<Vec<Field>>,
    keywords_attributes: Vec<Keyword>,
    scheduled_at: Option<Timestamp>,
    limit: Option<i64>,
    focus: Option<f64>,
    avatar: Option<Upload>,
    #[serde(flatten)]
    page: crate::pagination::PageParams,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Audience {
    Public,
    Unlisted,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Poll {
    options: Vec<String>,
    expires_in: i64,
    #[serde(default)]
    multiple: bool,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Source {
    privacy: Option<String>,
    sensitive: Option<bool>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Keyword {
    keyword: String,
    whole_word: Option<bool>,
}

async fn read<T: serde::de::DeserializeOwned + 'static>(request: TestRequest) -> Result<T> {
    let app = TestApp::new();
    let (req, mut payload) = request.app_data(app.api).to_http_parts();
    Params::<T>::from_request(&req, &mut payload).await.map(|p| p.0)
}

fn query(query: &str) -> TestRequest {
    TestRequest::with_uri(&format!("/x?{query}"))
}

fn form(body: &str) -> TestRequest {
    let request = TestRequest::post().insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
    request.set_payload(body.to_owned())
}

fn json_body(body: serde_json::Value) -> TestRequest {
    TestRequest::post().set_json(body)
}

fn multipart(body: &str) -> TestRequest {
    let body = body.replace('\n', "\r\n");
    TestRequest::post().insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=b")).set_payload(body)
}

/// The public body of a refusal.
async fn refusal<T: serde::de::DeserializeOwned + std::fmt::Debug + 'static>(request: TestRequest) -> (u16, serde_json::Value) {
    use actix_web::ResponseError as _;
    let response = read::<T>(request).await.unwrap_err().error_response();
    let status = response.status().as_u16();
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[actix_web::test]
async fn a_list_within_a_list_is_one_list() {
    for request in [form("media_ids[][]=1&media_ids[][]=2"), json_body(json!({ "media_ids": [["1", "2"]] }))] {
        assert_eq!(read::<Post>(request).await.unwrap().media_ids, [PostId(1), PostId(2)]);
    }
}

#[actix_web::test]
async fn the_same_post_in_every_kind_of_body() {
    let pairs = "status=hi&sensitive=true&in_reply_to_id=7&media_ids%5B%5D=1&media_ids%5B%5D=2&visibility=unlisted\
                 &poll%5Boptions%5D%5B%5D=a&poll%5Boptions%5D%5B%5D=b&poll%5Bexpires_in%5D=300&source%5Bprivacy%5D=private";
    let part = |name: &str, value: &str| format!("--b\nContent-Disposition: form-data; name=\"{name}\"\n\n{value}\n");
    let parts: String = [
        ("status", "hi"),
        ("sensitive", "true"),
        ("in_reply_to_id", "7"),
        ("media_ids[]", "1"),
        ("media_ids[]", "2"),
        ("visibility", "unlisted"),
        ("poll[options][]", "a"),
        ("poll[options][]", "b"),
        ("poll[expires_in]", "300"),
        ("source[privacy]", "private"),
    ]
    .iter()
    .map(|(name, value)| part(name, value))
    .collect();
    let wanted = Post {
        status: Some("hi".to_owned()),
        sensitive: true,
        in_reply_to_id: Some(PostId(7)),
        media_ids: vec![PostId(1), PostId(2)],
        visibility: Some(Audience::Unlisted),
        poll: Some(Poll { options: vec!["a".to_owned(), "b".to_owned()], expires_in: 300, multiple: false }),
        source: Source { privacy: Some("private".to_owned()), sensitive: None },
        ..Post::default()
    };
    let strict = json!({
        "status": "hi", "sensitive": true, "in_reply_to_id": "7", "media_ids": ["1", "2"], "visibility": "unlisted",
        "poll": { "options": ["a", "b"], "expires_in": 300 }, "source": { "privacy": "private" },
    });
    // Mastodon.py sends texts for booleans and numbers inside of JSON, others send numbers for ids.
    let loose = json!({
        "status": "hi", "sensitive": "True", "in_reply_to_id": 7, "media_ids": [1, 2], "visibility": "unlisted",
        "poll": { "options": ["a", "b"], "expires_in": "300", "multiple": "false" }, "source": { "privacy": "private" },
        "spoiler_text": null, "unknown": { "x": [1] },
    });
    for request in [
        query(pairs),
        form(pairs),
        TestRequest::post().uri(&format!("/x?{pairs}")),
        TestRequest::post().set_payload(pairs),
        json_body(strict.clone()),
        json_body(loose),
        TestRequest::post().set_payload(strict.to_string()),
        TestRequest::get().set_json(strict),
        multipart(&format!("{parts}--b--\n")),
    ] {
        assert_eq!(read::<Post>(request).await.unwrap(), wanted);
    }
}

#[actix_web::test]
async fn the_body_wins_over_the_query_and_both_count() {
    let request = TestRequest::post().uri("/x?status=old&limit=5").set_json(json!({ "status": "new" }));
    let post: Post = read(request).await.unwrap();
    assert_eq!((post.status.as_deref(), post.limit), (Some("new"), Some(5)));
}

#[actix_web::test]
async fn arrays_in_every_spelling() {
    let wanted = vec![PostId(1), PostId(2)];
    for spelling in [
        "media_ids[]=1&media_ids[]=2",
        "media_ids[0]=1&media_ids[1]=2",
        "media_ids[1]=2&media_ids[0]=1",
        "media_ids[10]=2&media_ids[9]=1",
        "media_ids=1&media_ids=2",
        "media_ids[]=1&media_ids[]=&media_ids[]=2",
    ] {
        assert_eq!(read::<Post>(query(spelling)).await.unwrap().media_ids, wanted, "{spelling}");
    }
    assert_eq!(read::<Post>(query("media_ids=1")).await.unwrap().media_ids, [PostId(1)]);
    for empty in ["media_ids[]=", "media_ids=", ""] {
        assert_eq!(read::<Post>(query(empty)).await.unwrap().media_ids, [], "{empty}");
    }
}

#[actix_web::test]
async fn nested_fields_in_every_spelling() {
    let field = |name: &str, value: &str| Field { name: name.to_owned(), value: value.to_owned() };
    let wanted = Some(vec![field("a", "1"), field("b", "")]);
    for spelling in [
        "fields_attributes[0][name]=a&fields_attributes[0][value]=1&fields_attributes[1][name]=b&fields_attributes[1][value]=",
        "fields_attributes[][name]=a&fields_attributes[][value]=1&fields_attributes[][name]=b&fields_attributes[][value]=",
    ] {
        assert_eq!(read::<Post>(form(spelling)).await.unwrap().fields_attributes, wanted, "{spelling}");
    }
    let as_map = json!({ "fields_attributes": { "0": { "name": "a", "value": "1" }, "1": { "name": "b", "value": "" } } });
    let as_list = json!({ "fields_attributes": [{ "name": "a", "value": 1 }, { "name": "b", "value": "" }] });
    for body in [as_map, as_list] {
        assert_eq!(read::<Post>(json_body(body)).await.unwrap().fields_attributes, wanted);
    }
    let keywords = "keywords_attributes[][keyword]=x&keywords_attributes[][whole_word]=on&keywords_attributes[][keyword]=y";
    let keyword = |keyword: &str, whole_word| Keyword { keyword: keyword.to_owned(), whole_word };
    assert_eq!(read::<Post>(form(keywords)).await.unwrap().keywords_attributes, [keyword("x", Some(true)), keyword("y", None)]);
}

#[actix_web::test]
async fn booleans_in_every_spelling() {
    for yes in ["true", "True", "TRUE", "1", "on", "yes", "t"] {
        assert!(read::<Post>(query(&format!("sensitive={yes}"))).await.unwrap().sensitive, "{yes}");
        assert!(read::<Post>(json_body(json!({ "sensitive": yes }))).await.unwrap().sensitive, "{yes}");
    }
    for no in ["false", "False", "0", "off", "no", "f", ""] {
        assert!(!read::<Post>(query(&format!("sensitive={no}"))).await.unwrap().sensitive, "{no}");
    }
    assert!(read::<Post>(json_body(json!({ "sensitive": 1 }))).await.unwrap().sensitive);
}

#[actix_web::test]
async fn an_empty_text_is_a_text_where_one_is_wanted_and_nothing_elsewhere() {
    let request = form(
        "status=&in_reply_to_id=&visibility=&sensitive=&locked=&limit=&focus=&scheduled_at=&source[sensitive]=&avatar=&max_id=",
    );
    let post: Post = read(request).await.unwrap();
    assert_eq!(post, Post { status: Some(String::new()), ..Post::default() });
}

#[actix_web::test]
async fn scalars_sent_twice_count_once() {
    assert_eq!(read::<Post>(query("status=a&status=b")).await.unwrap().status.as_deref(), Some("b"));
    assert_eq!(read::<Post>(query("limit=5&limit=6")).await.unwrap().limit, Some(6));
}

#[actix_web::test]
async fn numbers_are_texts_where_texts_are_wanted() {
    let post: Post = read(json_body(json!({ "status": 42, "limit": 5.0, "focus": "-0.5" }))).await.unwrap();
    assert_eq!((post.status.as_deref(), post.limit, post.focus), (Some("42"), Some(5), Some(-0.5)));
}

#[actix_web::test]
async fn a_file_comes_with_its_name_and_type() {
    let body = "--b\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\nContent-Type: image/png\n\nPNG\n\
                --b\nContent-Disposition: form-data; name=\"status\"\n\nhi\n--b--\n";
    let post: Post = read(multipart(body)).await.unwrap();
    let file = post.avatar.unwrap();
    assert_eq!(
        (&file.bytes[..], file.filename.as_deref(), file.content_type.as_deref()),
        (&b"PNG"[..], Some("me.png"), Some("image/png"))
    );
    assert_eq!(post.status.as_deref(), Some("hi"));
    // An input that was left empty.
    let empty = "--b\nContent-Disposition: form-data; name=\"avatar\"; filename=\"\"\nContent-Type: application/octet-stream\n\n\n--b--\n";
    assert_eq!(read::<Post>(multipart(empty)).await.unwrap().avatar, None);
}

#[actix_web::test]
async fn a_wrong_value_names_its_field_and_what_would_be_right() {
    let wrong = |body: serde_json::Value| refusal::<Post>(json_body(body));
    let (status, body) = wrong(json!({ "poll": { "options": ["a"], "expires_in": "soon" } })).await;
    assert_eq!(status, 422);
    assert_eq!(
        body,
        json!({
            "error": "Validation failed: Poll[expires in] must be a whole number, not string \"soon\"",
            "details": { "poll[expires_in]": [{ "error": "ERR_INVALID", "description": "must be a whole number, not string \"soon\"" }] },
        })
    );
    let (_, body) = wrong(json!({ "poll": { "options": ["a"] } })).await;
    assert_eq!(body["details"]["poll[expires_in]"][0]["error"], "ERR_BLANK");
    let (_, body) = wrong(json!({ "visibility": "everybody" })).await;
    assert_eq!(
        body["details"]["visibility"],
        json!([{ "error": "ERR_INCLUSION", "description": "is not included in the list: \"everybody\" is none of public, unlisted" }])
    );
    let (_, body) = wrong(json!({ "sensitive": "maybe" })).await;
    assert_eq!(body["details"]["sensitive"][0]["description"], "must be true or false, not string \"maybe\"");
    let (_, body) = wrong(json!({ "avatar": "me.png" })).await;
    assert_eq!(body["details"]["avatar"][0]["description"], "must be a file in a multipart body, not string \"me.png\"");
    let (_, body) = refusal::<Post>(query("media_ids[]=1&media_ids[]=x")).await;
    assert!(body["details"]["media_ids[1]"].is_array(), "{body}");
    let (_, body) = wrong(json!({ "limit": 1e30 })).await;
    assert_eq!(body["details"]["limit"][0]["error"], "ERR_INVALID");
}

#[actix_web::test]
async fn what_cannot_be_read_at_all_is_a_bad_request() {
    let json_typed = || TestRequest::post().insert_header((header::CONTENT_TYPE, "application/json"));
    for body in ["{", "[1]", "nonsense", "{\"a\": 1} trailing"] {
        assert_eq!(refusal::<Post>(json_typed().set_payload(body)).await.0, 400, "{body}");
    }
    assert_eq!(read::<Post>(json_typed()).await.unwrap(), Post::default());
    let no_boundary = TestRequest::post().insert_header((header::CONTENT_TYPE, "multipart/form-data")).set_payload("x");
    assert_eq!(refusal::<Post>(no_boundary).await.0, 400);
}

#[actix_web::test]
async fn sizes_are_bounded() {
    let deep_json = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(refusal::<Post>(TestRequest::post().set_payload(deep_json)).await.0, 400);
    let shallower = format!("{{\"a\":{}1{}}}", "[".repeat(20), "]".repeat(20));
    assert_eq!(refusal::<Post>(TestRequest::post().set_payload(shallower)).await.0, 400);
    assert_eq!(refusal::<Post>(query(&format!("a{}=1", "[x]".repeat(50)))).await.0, 400);
    assert_eq!(refusal::<Post>(form(&"a=1&".repeat(5_000))).await.0, 400);
    assert_eq!(refusal::<Post>(form(&"a".repeat(TEXT_LIMIT + 1))).await.0, 413);
    let file = "x".repeat(16 << 20);
    let part = "--b\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\nContent-Type: image/png\n\n";
    assert!(read::<Post>(multipart(&format!("{part}{file}\n--b--\n"))).await.unwrap().avatar.is_some());
    assert_eq!(refusal::<Post>(multipart(&format!("{part}{file}x\n--b--\n"))).await.0, 413);
    assert_eq!(refusal::<Post>(multipart(&format!("{}--b--\n", format!("{part}x\n").repeat(5)))).await.0, 400);
    let blank = |n: usize| format!("keywords_attributes[{n}][keyword]=x&keywords_attributes[{n}][whole_word]=&");
    assert_eq!(read::<Post>(form(&(0..60).map(blank).collect::<String>())).await.unwrap().keywords_attributes.len(), 60);
    assert_eq!(refusal::<Post>(form(&(0..70).map(blank).collect::<String>())).await.0, 422);
}

#[actix_web::test]
async fn odd_names_harm_nobody() {
    for odd in
        ["[]=1", "=1", "a[=1", "a]=1", "a[b=1", "a[b]c=1", "a[]b=1", "status[x]=1&status=2&status[]=3", "%00=1", "a[][][]=1"]
    {
        let _ = read::<Post>(form(odd)).await;
    }
    assert_eq!(read::<Post>(form("status[x]=1&status=2")).await.unwrap().status.as_deref(), Some("2"));
}
