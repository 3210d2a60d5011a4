//! A server with some of everything, of which a person has so many.

use std::collections::HashMap;
use std::io::Cursor;

use diesel::prelude::*;
use image::{DynamicImage, ImageFormat};
use majlis_local::announcements::{self, NewAnnouncement};
use majlis_local::ids::ActorId;
use majlis_local::scopes::{Scope, Scopes};
use majlis_local::terms::{self, Terms};
use majlis_local::testing::people;
use majlis_local::testing::statements::Log;
use majlis_local::{Timestamp, annual_reports, apps, schema, tokens};
use serde_json::Value;

use crate::state::Config;
use crate::testing::{Caller, TestApp};

/// The server, and who calls it.
#[derive(Debug)]
pub(super) struct World {
    /// The server.
    pub(super) app: TestApp,
    /// The statements that it sends.
    pub(super) log: Log,
    /// Whose everything is.
    pub(super) me: Caller,
    /// Somebody who has nothing to do with anything.
    pub(super) stranger: Caller,
    /// An application, by itself.
    pub(super) client: Caller,
    /// What there is, by name.
    pub(super) ids: HashMap<String, String>,
}

/// A page to which posts link.
pub(super) const LINK: &str = "https://page.example/";

/// A small picture.
pub(super) fn picture() -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(8, 8).write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

fn text(answer: &Value, place: &str) -> String {
    answer.pointer(place).and_then(Value::as_str).unwrap_or_else(|| panic!("no {place} in {answer}")).to_owned()
}

impl World {
    /// A server where `me` has `n` of everything.
    pub(super) async fn of(n: usize) -> Self {
        let config = Config { rate_limits: false, ..Config::default() };
        let (app, log) = Log::watching(|| TestApp::with_newsletters(config));
        let me = app.user("me").await;
        let stranger = app.user("stranger").await;
        let (mine, password) = (me.id(), majlis_local::passwords::hash("a long password".into()).await.unwrap());
        app.write(move |c| {
            use schema::users;
            diesel::update(users::table.find(mine)).set(users::password_hash.eq(password)).execute(c)?;
            Ok(())
        })
        .await;
        let token = app
            .write(|c| {
                let app = apps::own(c, "A client")?;
                Ok(tokens::issue(c, app.id, None, Scope::ALL.iter().copied().collect())?.1)
            })
            .await;
        let client = app.bearer(&token);
        let mut world = Self { app, log, me, stranger, client, ids: HashMap::new() };
        world.touch().await;
        world.fill(n).await;
        world
    }

    /// Who is called so in the script.
    pub(super) fn caller(&self, who: &str) -> Caller {
        match who {
            "app" => self.client.clone(),
            "none" => self.app.anonymous(),
            _ => self.me.clone(),
        }
    }

    /// Somebody else's token with these scopes of the person.
    pub(super) async fn with_scopes(&self, scopes: Scopes) -> Caller {
        let caller = self.app.log_in(self.me.id(), scopes).await;
        self.touch().await;
        caller
    }

    fn keep(&mut self, name: &str, id: impl Into<String>) {
        self.ids.insert(name.to_owned(), id.into());
    }

    /// Tokens count as in use already: that would be noted at any time, behind the requests' backs.
    async fn touch(&self) {
        let touched = |c: &mut majlis_local::Connection| {
            use schema::tokens;
            diesel::update(tokens::table).set(tokens::last_used_at.eq(Some(Timestamp::now()))).execute(c)?;
            Ok(())
        };
        self.app.write(touched).await;
    }

    async fn say(&self, who: &Caller, form: &str) -> String {
        text(&who.post_form("/api/v1/statuses", form).await.ok(), "/id")
    }

    #[allow(clippy::too_many_lines)]
    async fn fill(&mut self, n: usize) {
        let me = self.me.clone();
        let my_id = me.id().to_string();
        let mine_id = me.id();
        self.discoverable(mine_id).await;
        let others = self.people("friend", n).await;
        let strangers = self.people("unknown", n).await;
        let mine = self.say(&me, "status=%23tea+at+four+https%3A%2F%2Fpage.example%2F&quote_approval_policy=public").await;
        let poll =
            others[0].post_form("/api/v1/statuses", "status=which&poll[options][]=a&poll[options][]=b&poll[expires_in]=3600");
        let poll = poll.await.ok();
        self.keep("polled", text(&poll, "/id"));
        self.keep("poll", text(&poll, "/poll/id"));
        let list = text(&me.post_form("/api/v1/lists", "title=friends").await.ok(), "/id");
        let circle = text(&me.post_form("/api/ext/v1/circles", "title=close").await.ok(), "/id");
        let collection = me.post_form("/api/v1/collections", "name=people&discoverable=true").await.ok();
        let collection = text(&collection, "/collection/id");
        let mut parent = mine.clone();
        for (i, other) in others.iter().enumerate() {
            let theirs = other.id();
            self.discoverable(theirs).await;
            other
                .patch_json("/api/v1/accounts/update_credentials", serde_json::json!({ "email_subscriptions": true }))
                .await
                .ok();
            me.post(&format!("/api/v1/accounts/{theirs}/follow")).await.ok();
            other.post(&format!("/api/v1/accounts/{my_id}/follow")).await.ok();
            for act in ["favourite", "reblog", "bookmark"] {
                other.post(&format!("/api/v1/statuses/{mine}/{act}")).await.ok();
            }
            other.request_reaction(&mine).await;
            let said = self.say(other, "status=hello+%23tea").await;
            me.post(&format!("/api/v1/statuses/{said}/favourite")).await.ok();
            me.post(&format!("/api/v1/statuses/{said}/bookmark")).await.ok();
            self.keep("theirs", &said);
            parent = self.say(other, &format!("status=@me+yes&in_reply_to_id={parent}")).await;
            let quoting = self.say(other, &format!("status=look&quoted_status_id={mine}")).await;
            self.keep("quoting", quoting);
            self.say(other, "status=@me+psst&visibility=direct").await;
            me.post_form(&format!("/api/v1/lists/{list}/accounts"), &format!("account_ids[]={theirs}")).await.ok();
            me.post_form(&format!("/api/ext/v1/circles/{circle}/accounts"), &format!("account_ids[]={theirs}")).await.ok();
            me.post(&format!("/api/v1/accounts/{theirs}/endorse")).await.ok();
            me.post_form(&format!("/api/v1/collections/{collection}/items"), &format!("account_id={theirs}")).await.ok();
            self.keep("friend", theirs.to_string());
            me.post(&format!("/api/v1/tags/tag{i}/follow")).await.ok();
            me.post_form("/api/v1/featured_tags", &format!("name=mine{i}")).await.ok();
            me.post_form("/api/v1/domain_blocks", &format!("domain=d{i}.example")).await.ok();
            let filter = format!("title=f{i}&context[]=home&keywords_attributes[][keyword]=rain{i}");
            me.post_form("/api/v2/filters", &filter).await.ok();
            me.post_form("/api/v1/statuses", &format!("status=later+{i}&scheduled_at=2999-01-01T00:00:00Z")).await.ok();
            me.post_form("/api/ext/v1/drafts", &format!("status=begun+{i}")).await.ok();
            me.post_form("/api/ext/v1/bookmark_folders", &format!("name=folder{i}")).await.ok();
            me.post_form("/api/v1/lists", &format!("title=list{i}")).await.ok();
            me.put_json(&format!("/api/v1/statuses/{mine}"), serde_json::json!({ "status": format!("#tea at {i} {LINK}") }))
                .await
                .ok();
            let featuring = other.post_form("/api/v1/collections", &format!("name=c{i}&discoverable=true")).await.ok();
            let featuring = text(&featuring, "/collection/id");
            let item = other.post_form(&format!("/api/v1/collections/{featuring}/items"), &format!("account_id={my_id}")).await;
            let item = text(&item.ok(), "/collection_item/id");
            let (whose, which) = if i == 0 { ("featuring", "featured") } else { ("second_featuring", "second_featured") };
            self.keep(whose, featuring);
            self.keep(which, item);
        }
        for unknown in &strangers {
            self.say(unknown, "status=@me+you+do+not+know+me&visibility=direct").await;
        }
        for blocked in self.people("blocked", n).await {
            me.post(&format!("/api/v1/accounts/{}/block", blocked.id())).await.ok();
        }
        for muted in self.people("muted", n).await {
            me.post(&format!("/api/v1/accounts/{}/mute", muted.id())).await.ok();
        }
        let top = mine.parse().unwrap();
        let requesters = self.people("asking", n).await;
        self.app
            .write(move |c| {
                people::lock(c, mine_id);
                for i in 0..n {
                    let texts = vec![(None, format!("news {i}"))];
                    announcements::create(c, &people::site(), NewAnnouncement { texts, ..NewAnnouncement::default() })?;
                }
                diesel::insert_into(schema::annual_reports::table)
                    .values((
                        schema::annual_reports::id.eq(1),
                        schema::annual_reports::actor_id.eq(mine_id.0),
                        schema::annual_reports::year.eq(2025),
                        schema::annual_reports::created_at.eq(0),
                    ))
                    .execute(c)?;
                let mut report = annual_reports::compute(c, mine_id, 2025)?;
                report.top_hashtags.push(annual_reports::TopHashtag { name: "Tea".into(), count: 3 });
                report.top_statuses.by_reblogs = Some(top);
                annual_reports::store(c, mine_id, 2025, report)?;
                Ok(())
            })
            .await;
        for asking in &requesters {
            asking.post(&format!("/api/v1/accounts/{my_id}/follow")).await.ok();
        }
        self.add_particulars(&mine, &others[0], &text(&poll, "/id")).await;
        let noticed = me.get("/api/v1/notifications?types[]=favourite").await.ok();
        self.keep("notification", text(&noticed, "/0/id"));
        self.keep("second_notification", text(&noticed, "/1/id"));
        let groups = me.get("/api/v2/notifications?types[]=favourite").await.ok();
        self.keep("group", text(&groups, "/notification_groups/0/group_key"));
        let items = me.get(&format!("/api/v1/collections/{collection}")).await.ok();
        self.keep("item", text(&items, "/collection/items/0/id"));
        for (name, path, place) in [
            ("announcement", "/api/v1/announcements", "/0/id"),
            ("conversation", "/api/v1/conversations", "/0/id"),
            ("request", "/api/v1/notifications/requests", "/0/id"),
            ("second_request", "/api/v1/notifications/requests", "/1/id"),
            ("scheduled", "/api/v1/scheduled_statuses", "/0/id"),
        ] {
            let id = text(&me.get(path).await.ok(), place);
            self.keep(name, id);
        }
        let app =
            self.app.anonymous().post_form("/api/v1/apps", "client_name=x&redirect_uris=urn:ietf:wg:oauth:2.0:oob").await.ok();
        self.keep("client", text(&app, "/client_id"));
        self.keep("secret", text(&app, "/client_secret"));
        self.keep("me", my_id);
        self.keep("status", mine);
        self.keep("list", list);
        self.keep("circle", circle);
        self.keep("collection", collection);
        self.keep("other", others[1].id().to_string());
        self.keep("third", others[2].id().to_string());
        self.keep("asking", requesters[0].id().to_string());
        self.keep("second_asking", requesters[1].id().to_string());
        self.keep("unknown", strangers[0].id().to_string());
        self.keep("tag", "tea");
        self.keep("emoji", "%F0%9F%8D%B5");
        self.keep("year", "2025");
        self.keep("size", "original");
        self.keep("refresh", "1");
        let effective = "2026-01-01".parse().unwrap();
        self.app.write(move |c| terms::set(c, Terms { effective, content: "Be kind.".into() })).await;
        self.keep("date", "2026-01-01");
    }

    async fn discoverable(&self, actor: ActorId) {
        let change = move |c: &mut majlis_local::Connection| {
            people::set_discoverable(c, actor, true);
            Ok(())
        };
        self.app.write(change).await;
    }

    async fn people(&self, name: &str, n: usize) -> Vec<Caller> {
        let mut all = Vec::new();
        for i in 0..n {
            all.push(self.app.user(&format!("{name}{i}")).await);
        }
        self.touch().await;
        all
    }
}

impl Caller {
    async fn request_reaction(&self, status: &str) {
        let path = format!("/api/ext/v1/statuses/{status}/reactions/%F0%9F%8D%B5");
        self.send(self.request(actix_web::http::Method::PUT, &path)).await.ok();
    }
}
