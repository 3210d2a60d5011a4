//! What somebody sees and changes of its own account: `verify_credentials`, `update_credentials`, and `/api/v1/profile`,
//! which is the same in newer clothes.

use actix_web::web::Json;
use majlis_local::Error as LocalError;
use majlis_local::actors::Actor;
use majlis_local::ids::ActorId;
use majlis_local::profiles::{self, FieldSource, Picture, ProfileEdit};
use majlis_local::visibility::Visibility;
use majlis_media::{Key, ProfilePicture};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::{CredentialAccount, Profile};
use crate::error::{Error, Result};
use crate::params::{Params, Upload};
use crate::quotes;
use crate::state::Api;

/// `GET /api/v1/accounts/verify_credentials`.
pub async fn verify(api: Api, user: User<need::ProfileOrReadAccounts>) -> Result<Json<CredentialAccount>> {
    let site = api.db.site().clone();
    Ok(Json(api.db.read(move |c| CredentialAccount::build(c, &site, user.actor, user.role)).await?))
}

/// What may be changed.
#[derive(Debug, Default, Deserialize)]
pub struct Changes {
    display_name: Option<String>,
    note: Option<String>,
    avatar: Option<Upload>,
    avatar_description: Option<String>,
    header: Option<Upload>,
    header_description: Option<String>,
    locked: Option<bool>,
    bot: Option<bool>,
    discoverable: Option<bool>,
    hide_collections: Option<bool>,
    indexable: Option<bool>,
    show_media: Option<bool>,
    show_media_replies: Option<bool>,
    show_featured: Option<bool>,
    fields_attributes: Option<Vec<SentField>>,
    attribution_domains: Option<Vec<String>>,
    email_subscriptions: Option<bool>,
    #[serde(default)]
    source: SentSource,
}

/// A row of the profile's table.
#[derive(Debug, Default, Deserialize)]
struct SentField {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

/// What new posts begin with.
#[derive(Debug, Default, Deserialize)]
struct SentSource {
    privacy: Option<Visibility>,
    sensitive: Option<bool>,
    /// Empty: guessed.
    language: Option<String>,
    quote_policy: Option<String>,
}

/// `PATCH /api/v1/accounts/update_credentials`.
pub async fn update(
    api: Api,
    user: User<need::WriteAccounts>,
    Params(changes): Params<Changes>,
) -> Result<Json<CredentialAccount>> {
    change(&api, user.actor, changes).await?;
    let site = api.db.site().clone();
    Ok(Json(api.db.read(move |c| CredentialAccount::build(c, &site, user.actor, user.role)).await?))
}

/// `GET /api/v1/profile`.
pub async fn profile(api: Api, user: User<need::ProfileOrReadAccounts>) -> Result<Json<Profile>> {
    let site = api.db.site().clone();
    Ok(Json(api.db.read(move |c| Profile::build(c, &site, user.actor)).await?))
}

/// `PATCH /api/v1/profile`.
pub async fn update_profile(
    api: Api,
    user: User<need::WriteAccounts>,
    Params(changes): Params<Changes>,
) -> Result<Json<Profile>> {
    change(&api, user.actor, changes).await?;
    let site = api.db.site().clone();
    Ok(Json(api.db.read(move |c| Profile::build(c, &site, user.actor)).await?))
}

/// `DELETE /api/v1/profile/avatar`.
pub async fn delete_avatar(api: Api, user: User<need::WriteAccounts>) -> Result<Json<CredentialAccount>> {
    let edit = ProfileEdit { avatar: Some(None), avatar_description: Some(String::new()), ..ProfileEdit::default() };
    without_picture(&api, user, edit).await
}

/// `DELETE /api/v1/profile/header`.
pub async fn delete_header(api: Api, user: User<need::WriteAccounts>) -> Result<Json<CredentialAccount>> {
    let edit = ProfileEdit { header: Some(None), header_description: Some(String::new()), ..ProfileEdit::default() };
    without_picture(&api, user, edit).await
}

async fn without_picture(api: &Api, user: User<need::WriteAccounts>, edit: ProfileEdit) -> Result<Json<CredentialAccount>> {
    let site = api.db.site().clone();
    let account = api.db.write(move |c| {
        profiles::edit(c, &site, user.actor, edit)?;
        CredentialAccount::build(c, &site, user.actor, user.role)
    });
    Ok(Json(account.await?))
}

/// Stores the pictures, then changes the profile; when that fails, the pictures are taken away again.
async fn change(api: &Api, actor: ActorId, changes: Changes) -> Result<Actor> {
    let default_quote_policy =
        changes.source.quote_policy.as_deref().map(|word| quotes::policy_named("source[quote_policy]", word)).transpose()?;
    let avatar = match changes.avatar {
        Some(file) => Some(api.media.avatar(file.bytes).await.map_err(|e| picture_error("avatar", e))?),
        None => None,
    };
    let header = match changes.header {
        Some(file) => match api.media.header(file.bytes).await {
            Ok(header) => Some(header),
            Err(error) => {
                discard(api, avatar.as_ref()).await;
                return Err(picture_error("header", error));
            }
        },
        None => None,
    };
    let edit = ProfileEdit {
        display_name: changes.display_name,
        note: changes.note,
        fields: changes
            .fields_attributes
            .map(|fields| fields.into_iter().map(|field| FieldSource { name: field.name, value: field.value }).collect()),
        avatar: avatar.as_ref().map(|picture| Some(stored(picture))),
        avatar_description: changes.avatar_description,
        header: header.as_ref().map(|picture| Some(stored(picture))),
        header_description: changes.header_description,
        locked: changes.locked,
        bot: changes.bot,
        discoverable: changes.discoverable,
        indexable: changes.indexable,
        show_media: changes.show_media,
        show_media_replies: changes.show_media_replies,
        show_featured: changes.show_featured,
        hide_collections: changes.hide_collections,
        attribution_domains: changes.attribution_domains,
        email_subscriptions: changes.email_subscriptions,
        default_visibility: changes.source.privacy,
        default_sensitive: changes.source.sensitive,
        default_language: changes.source.language.map(|language| Some(language).filter(|l| !l.is_empty())),
        default_quote_policy,
    };
    let site = api.db.site().clone();
    let changed: Result<Actor, LocalError> = api.db.write(move |c| profiles::edit(c, &site, actor, edit)).await;
    if changed.is_err() {
        discard(api, avatar.as_ref()).await;
        discard(api, header.as_ref()).await;
    }
    Ok(changed?)
}

fn stored(picture: &ProfilePicture) -> Picture {
    Picture { moving: picture.original.key.as_str().to_owned(), still: picture.still.key.as_str().to_owned() }
}

async fn discard(api: &Api, picture: Option<&ProfilePicture>) {
    let keys: Vec<&Key> = picture.into_iter().flat_map(ProfilePicture::keys).collect();
    if let Err(error) = api.media.remove(keys).await {
        tracing::warn!(%error, "a picture of a profile that was not changed stays behind");
    }
}

fn picture_error(field: &'static str, error: majlis_media::Error) -> Error {
    if error.is_refusal() { Error::invalid(field, majlis_local::Flaw::Invalid, error.public()) } else { Error::internal(error) }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;

    use crate::testing::TestApp;

    /// One transparent pixel.
    const PNG: &[u8] = &[
        0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0,
        0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0xda, 0x63, 0xfc, 0xcf, 0xc0, 0x50, 0x0f, 0,
        4, 0x85, 1, 0x80, 0x84, 0xa9, 0x8c, 0x21, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
    ];

    #[actix_web::test]
    async fn a_profile_is_changed_by_forms_and_by_json() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let path = "/api/v1/accounts/update_credentials";
        let form = "display_name=Ali&note=Hi+%23x&bot=1&locked=True&fields_attributes[0][name]=Pet&fields_attributes[0][value]=cat\
                    &source[privacy]=unlisted&source[sensitive]=on&source[language]=ar&source[quote_policy]=followers";
        let changed = ali.send(ali.form(Method::PATCH, path, form)).await.ok();
        assert_eq!((&changed["display_name"], &changed["bot"], &changed["locked"]), (&json!("Ali"), &json!(true), &json!(true)));
        assert!(changed["note"].as_str().unwrap().contains("/tags/x"));
        assert_eq!(changed["fields"], json!([{ "name": "Pet", "value": "cat", "verified_at": null }]));
        let source = &changed["source"];
        assert_eq!(
            (&source["privacy"], &source["sensitive"], &source["language"], &source["quote_policy"]),
            (&json!("unlisted"), &json!(true), &json!("ar"), &json!("followers"))
        );
        assert_eq!((&source["note"], &source["fields"][0]["value"]), (&json!("Hi #x"), &json!("cat")));
        assert_eq!(changed["role"]["id"], "-99");

        let sent = json!({ "bot": false, "fields_attributes": [{ "name": "a", "value": "b" }, { "name": "", "value": "" }] });
        let changed = ali.patch_json(path, sent).await.ok();
        assert_eq!((&changed["bot"], changed["fields"].as_array().unwrap().len()), (&json!(false), 1));
        let by_place = json!({ "fields_attributes": { "0": { "name": "c", "value": "d" } } });
        assert_eq!(ali.put_json(path, by_place).await.ok()["fields"][0]["name"], "c");
        let own = ali.get("/api/v1/accounts/verify_credentials").await.ok();
        assert_eq!((&own["display_name"], &own["source"]["note"]), (&json!("Ali"), &json!("Hi #x")));
        let wrong = ali.patch_json(path, json!({ "display_name": "x".repeat(40) })).await;
        assert_eq!((wrong.status.as_u16(), &wrong.json["details"]["display_name"][0]["error"]), (422, &json!("ERR_TOO_LONG")));
        assert_eq!(app.anonymous().get("/api/v1/accounts/verify_credentials").await.status, 401);
    }

    #[actix_web::test]
    async fn domains_that_may_name_an_author_are_kept() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let path = "/api/v1/accounts/update_credentials";
        let sent = json!({ "attribution_domains": ["https://News.example/about", " *.blog.example ", "", "news.example"] });
        let changed = ali.patch_json(path, sent).await.ok();
        assert_eq!(changed["source"]["attribution_domains"], json!(["news.example", "blog.example"]));
        assert_eq!(ali.get("/api/v1/profile").await.ok()["attribution_domains"], json!(["news.example", "blog.example"]));
        let wrong = ali.patch_json(path, json!({ "attribution_domains": ["no domain"] })).await;
        assert_eq!((wrong.status.as_u16(), wrong.json["details"]["attribution_domains"].is_array()), (422, true));
        let none = ali.send(ali.form(Method::PATCH, path, "attribution_domains[]=")).await.ok();
        assert_eq!(none["source"]["attribution_domains"], json!([]));
        let told = app.read(majlis_local::jobs::all).await;
        assert_eq!(told.len(), 2, "peers are told: {told:?}");
    }

    #[actix_web::test]
    async fn pictures_are_taken_shown_and_taken_away() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let path = "/api/v1/accounts/update_credentials";
        let files = [("avatar", "a.png", "image/png", PNG), ("header", "h.png", "image/png", PNG)];
        let changed = ali.send(ali.multipart(Method::PATCH, path, &[("avatar_description", "a dot")], &files)).await.ok();
        let avatar = changed["avatar"].as_str().unwrap();
        assert!(avatar.starts_with("https://majlis.example/media/"), "{avatar}");
        assert_eq!(changed["avatar_description"], "a dot");
        let not_one = [("avatar", "a.png", "image/png", &b"not a picture"[..])];
        let refused = ali.send(ali.multipart(Method::PATCH, path, &[], &not_one)).await;
        assert_eq!((refused.status.as_u16(), refused.json["details"]["avatar"].is_array()), (422, true), "{}", refused.text);
        assert_eq!(ali.get("/api/v1/profile").await.ok()["avatar"], *avatar);
        let without = ali.delete("/api/v1/profile/avatar").await.ok();
        assert!(without["avatar"].as_str().unwrap().ends_with("missing.png"));
        assert!(ali.delete("/api/v1/profile/header").await.ok()["header"].as_str().unwrap().ends_with("missing.png"));
        assert_eq!(ali.get("/api/v1/profile").await.ok()["avatar"], json!(null));
        let renamed = ali.put_json("/api/v1/profile", json!({ "display_name": "A" })).await.ok();
        assert_eq!(renamed["display_name"], "A");
        let hidden = json!({ "show_media": false, "show_media_replies": "0", "show_featured": false });
        let shown = ali.patch_json("/api/v1/profile", hidden).await.ok();
        for name in ["show_media", "show_media_replies", "show_featured"] {
            assert_eq!(shown[name], json!(false), "{name}");
        }
        let account = app.anonymous().get(&format!("/api/v1/accounts/{}", ali.id())).await.ok();
        assert_eq!((&account["show_media"], &account["show_featured"]), (&json!(false), &json!(false)));
    }
}
