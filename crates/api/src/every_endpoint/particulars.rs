//! What entities have only now and then: badges, fields, emoji of the server's own, cards, polls in what is not said yet …

use actix_web::http::Method;
use majlis_local::cards::{self, CardKind, NewCard};
use majlis_local::emojis::{self, NewEmoji};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::instances::{self, Policy};
use majlis_local::settings::{self, About, Rule, RuleText};
use majlis_local::testing::people;
use majlis_local::users::{self, Role};
use majlis_local::{Timestamp, trends};
use serde_json::json;

use super::world::{LINK, World};
use crate::testing::Caller;

impl World {
    /// Adds one of each to what there is.
    pub(super) async fn add_particulars(&self, mine: &str, friend: &Caller, poll: &str) {
        self.of_the_server().await;
        self.of_the_person().await;
        self.of_links(mine, friend.id()).await;
        let asked = json!({ "options": ["tea", "milk"], "expires_in": 7_200, "multiple": true });
        let edit = json!({ "status": "which one", "poll": { "options": ["a", "b", "c"], "expires_in": 7_200 } });
        friend.put_json(&format!("/api/v1/statuses/{poll}"), edit).await.ok();
        let later = json!({ "status": "which", "scheduled_at": "2999-01-01T00:00:00Z", "poll": asked });
        self.me.post_json("/api/v1/statuses", later).await.ok();
        self.me.post_json("/api/ext/v1/drafts", json!({ "status": "which", "poll": asked })).await.ok();
        let filter = "title=hello&context[]=home&context[]=public&keywords_attributes[][keyword]=hello";
        self.me.post_form("/api/v2/filters", filter).await.ok();
        let text = format!("see https://majlis.example/@me/{mine}, @friend0: #tea :tea:");
        let site = people::site();
        let id = self.app.write(move |c| Ok(majlis_local::announcements::create(c, &site, announcement(text))?.id)).await;
        let path = format!("/api/v1/announcements/{id}/reactions/tea");
        self.me.send(self.me.request(Method::PUT, &path)).await.ok();
    }

    async fn of_the_server(&self) {
        self.app
            .write(|c| {
                let file = || "emoji/tea.png".to_owned();
                let tea = NewEmoji {
                    shortcode: "tea".into(),
                    file: file(),
                    static_file: file(),
                    category: Some("drinks".into()),
                    visible: true,
                };
                emojis::create(c, tea)?;
                let arabic = RuleText { text: "كن لطيفًا".into(), hint: "دائمًا".into() };
                let rule = Rule {
                    id: 1,
                    text: "Be kind".into(),
                    hint: "Always".into(),
                    translations: [("ar".to_owned(), arabic)].into(),
                };
                settings::set_about(c, &About { rules: vec![rule], ..About::default() })?;
                instances::set_policy(c, "bad.example", Policy::Suspend, Some("spam"), None)
            })
            .await;
    }

    async fn of_the_person(&self) {
        let mine = self.me.id();
        self.app
            .write(move |c| {
                users::set_role(c, mine, Role::Moderator)?;
                let rob = people::remote(c, "rob").id;
                people::follow(c, mine, rob);
                people::follow(c, rob, mine);
                Ok(())
            })
            .await;
        self.me.post_form("/api/v1/domain_blocks", "domain=peer.example").await.ok();
        let profile = json!({
            "display_name": "Me :tea:",
            "fields_attributes": [{ "name": "Web", "value": "https://majlis.example" }],
        });
        self.me.patch_json("/api/v1/accounts/update_credentials", profile).await.ok();
    }

    /// A link that trends, with its author, and somebody worth following.
    async fn of_links(&self, mine: &str, author: ActorId) {
        let mut sharers = Vec::new();
        for n in 0..4 {
            let sharer = self.app.user(&format!("sharer{n}")).await;
            sharer.post(&format!("/api/v1/statuses/{mine}/favourite")).await.ok();
            sharers.push(sharer.id());
        }
        let mine = PostId(mine.parse().unwrap());
        self.app
            .write(move |c| {
                let card = NewCard {
                    kind: CardKind::Video,
                    title: "The server".into(),
                    description: "How it works".into(),
                    language: Some("en".into()),
                    author_name: "Friend".into(),
                    author_url: "https://majlis.example/@friend0".into(),
                    author: Some(author),
                    provider_name: "Majlis".into(),
                    provider_url: "https://majlis.example".into(),
                    html: "<iframe src=\"https://majlis.example/player\"></iframe>".into(),
                    width: 400,
                    height: 300,
                    published_at: Some(Timestamp::now()),
                    ..NewCard::nothing(LINK)
                };
                let card = cards::store(c, card)?;
                cards::attach(c, &people::site(), mine, card.id, LINK)?;
                let busy = people::local(c, "busy").id;
                people::set_discoverable(c, busy, true);
                people::set_followers_count(c, busy, 4);
                for sharer in sharers {
                    people::set_discoverable(c, sharer, true);
                    people::follow(c, sharer, busy);
                    let post = people::say(c, sharer, &format!("look {LINK}"));
                    cards::attach(c, &people::site(), post.id, card.id, LINK)?;
                }
                people::say(c, busy, "hello");
                trends::refresh(c, Timestamp::now())?;
                Ok(())
            })
            .await;
    }
}

fn announcement(text: String) -> majlis_local::announcements::NewAnnouncement {
    majlis_local::announcements::NewAnnouncement { texts: vec![(None, text)], ..Default::default() }
}
