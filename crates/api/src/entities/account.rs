//! Account: a person, bot or group, here or elsewhere, as every list, status and notification carries it.

use std::collections::HashMap;
use std::sync::Arc;

use majlis_local::actors::{self, Actor, ActorKind};
use majlis_local::collection_items::{self, Approval, FeaturePolicy};
use majlis_local::ids::ActorId;
use majlis_local::newsletters;
use majlis_local::users::{self, Role};
use majlis_local::{Connection, Error, Result, Site, Slice, Timestamp};
use serde::Serialize;

use super::CustomEmoji;

/// Where the picture of those without an avatar is served; apps know it by its name.
pub const MISSING_AVATAR: &str = "/avatars/original/missing.png";
/// Where the picture of those without a header is served.
pub const MISSING_HEADER: &str = "/headers/original/missing.png";

const MILLIS_OF_A_DAY: i64 = 86_400_000;

/// Mastodon's Account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Account {
    pub id: ActorId,
    pub username: String,
    /// `ali` here, `ali@example.org` elsewhere.
    pub acct: String,
    pub display_name: String,
    pub locked: bool,
    pub bot: bool,
    pub discoverable: bool,
    pub indexable: bool,
    pub group: bool,
    /// The day only, as Mastodon tells it.
    pub created_at: Timestamp,
    /// HTML.
    pub note: String,
    pub url: String,
    pub uri: String,
    pub avatar: String,
    pub avatar_static: String,
    pub avatar_description: String,
    pub header: String,
    pub header_static: String,
    pub header_description: String,
    pub followers_count: i64,
    pub following_count: i64,
    pub statuses_count: i64,
    /// `2026-01-31`.
    pub last_status_at: Option<String>,
    pub hide_collections: bool,
    pub show_media: bool,
    pub show_media_replies: bool,
    pub show_featured: bool,
    /// Whether search engines are asked to stay away; local accounts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noindex: Option<bool>,
    pub emojis: Vec<CustomEmoji>,
    /// Badges; local accounts only. An account that is asked for by itself has those of whoever runs the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<AccountRole>>,
    pub fields: Vec<Field>,
    /// Where the account has moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Arc<Account>>,
    #[serde(skip_serializing_if = "is_false")]
    pub memorial: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub suspended: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub limited: bool,
    pub feature_approval: FeatureApproval,
    /// Whether public posts can be had by e-mail; only where the server allows newsletters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_subscriptions: Option<bool>,
}

/// A row of a profile's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Plain text.
    pub name: String,
    /// HTML.
    pub value: String,
    /// When a link back was found.
    pub verified_at: Option<Timestamp>,
}

/// A role that everybody may know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct AccountRole {
    pub id: &'static str,
    pub name: &'static str,
    /// Empty: the app's own.
    pub color: &'static str,
}

/// Who may put an account into a collection (Mastodon's FeatureApproval).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeatureApproval {
    /// Who may at once.
    pub automatic: Vec<&'static str>,
    /// Whose wish waits for an answer.
    pub manual: Vec<&'static str>,
    /// Whether the viewer may. In lists it says what holds for everybody; an account that is asked for by itself says what holds
    /// for its viewer.
    pub current_user: &'static str,
}

impl FeatureApproval {
    fn new(actor: &Actor) -> Self {
        let policy = FeaturePolicy::of(actor);
        let words = |manual| {
            let groups = [
                (FeaturePolicy::PUBLIC, "public"),
                (FeaturePolicy::FOLLOWERS, "followers"),
                (FeaturePolicy::FOLLOWING, "following"),
                (FeaturePolicy::OTHERS, "unsupported_policy"),
            ];
            groups.iter().filter(|(group, _)| policy.allows(*group, manual)).map(|(_, word)| *word).collect::<Vec<_>>()
        };
        let current_user = if !policy.allows(FeaturePolicy::GIVEN, false) {
            "missing"
        } else if policy.allows(FeaturePolicy::PUBLIC, false) {
            "automatic"
        } else if policy.allows(FeaturePolicy::PUBLIC, true) {
            "manual"
        } else {
            "denied"
        };
        Self { automatic: words(false), manual: words(true), current_user }
    }
}

fn approval_word(approval: Approval) -> &'static str {
    match approval {
        Approval::Automatic => "automatic",
        Approval::Manual => "manual",
        Approval::Denied => "denied",
        Approval::Unknown => "unknown",
        Approval::Missing => "missing",
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

impl Account {
    /// The entity of one actor, without what it may have moved to. Of a suspended or deleted one nothing but the name is told.
    pub fn new(site: &Site, actor: &Actor) -> Self {
        let gone = actor.is_gone();
        let local = actor.is_local();
        let picture = |stored: &Option<String>, missing: &str| match stored {
            Some(stored) if !gone => site.picture_url(stored),
            _ => format!("{}{missing}", site.origin()),
        };
        let avatar = picture(&actor.avatar, MISSING_AVATAR);
        let header = picture(&actor.header, MISSING_HEADER);
        // Most pictures do not move: what takes a signature is not made twice.
        let still = |stored: &Option<String>, moving: &Option<String>, picture_of: &str, missing: &str| {
            if stored == moving { picture_of.to_owned() } else { picture(stored, missing) }
        };
        let told = |text: &str| if gone { String::new() } else { text.to_owned() };
        let created_at = actor.created_at.millis();
        Self {
            id: actor.id,
            username: actor.username.clone(),
            acct: actor.acct(),
            display_name: told(&actor.display_name),
            locked: actor.locked && !gone,
            bot: matches!(actor.kind, ActorKind::Service | ActorKind::Application),
            discoverable: actor.discoverable && !gone,
            indexable: actor.indexable && !gone,
            group: actor.kind == ActorKind::Group,
            created_at: Timestamp(created_at - created_at.rem_euclid(MILLIS_OF_A_DAY)),
            note: told(&actor.summary),
            url: actor.page_url().to_owned(),
            uri: actor.uri.clone(),
            avatar_static: still(&actor.avatar_static, &actor.avatar, &avatar, MISSING_AVATAR),
            avatar,
            avatar_description: told(&actor.avatar_description),
            header_static: still(&actor.header_static, &actor.header, &header, MISSING_HEADER),
            header,
            header_description: told(&actor.header_description),
            followers_count: actor.followers_count.max(0),
            following_count: actor.following_count.max(0),
            statuses_count: actor.posts_count.max(0),
            last_status_at: actor.last_post_at.map(Timestamp::to_date),
            hide_collections: actor.hide_collections,
            show_media: actor.show_media,
            show_media_replies: actor.show_media_replies,
            show_featured: actor.show_featured,
            noindex: local.then_some(!actor.indexable),
            emojis: match &actor.emojis {
                Some(emojis) if !gone => CustomEmoji::of_text(site, emojis),
                _ => Vec::new(),
            },
            roles: local.then(Vec::new),
            fields: match &actor.fields {
                Some(fields) if !gone => fields.iter().map(Field::new).collect(),
                _ => Vec::new(),
            },
            moved: None,
            memorial: actor.memorial,
            suspended: gone,
            limited: actor.silenced_at.is_some(),
            feature_approval: FeatureApproval::new(actor),
            email_subscriptions: site.newsletters().map(|_| newsletters::offers(site, actor)),
        }
    }

    /// The entities of these actors, in their order. One query, and none unless somebody has moved.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, actors: &[Actor]) -> Result<Vec<Self>> {
        let mut accounts: Vec<Self> = actors.iter().map(|actor| Self::new(site, actor)).collect();
        let targets: Vec<ActorId> = actors.iter().filter(|a| !a.is_gone()).filter_map(|a| a.moved_to_id).collect();
        if targets.is_empty() {
            return Ok(accounts);
        }
        let targets: HashMap<ActorId, Arc<Self>> = actors::find_many(c, &targets)?
            .iter()
            .filter(|target| !target.is_gone())
            .map(|target| (target.id, Arc::new(Self::new(site, target))))
            .collect();
        for (account, actor) in accounts.iter_mut().zip(actors) {
            account.moved = actor.moved_to_id.and_then(|target| targets.get(&target)).cloned();
        }
        Ok(accounts)
    }

    /// The entity of one actor, with its badges.
    ///
    /// # Errors
    /// The database's.
    pub fn build(c: &mut Connection, site: &Site, actor: &Actor) -> Result<Self> {
        let mut account = Self::new(site, actor);
        if actor.is_local() && !actor.is_gone() {
            match users::get(c, actor.id) {
                Ok(user) => account.roles = Some(AccountRole::of(user.role).into_iter().collect()),
                // Nobody logs in as the server itself.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(target) = actor.moved_to_id.filter(|_| !actor.is_gone()) {
            let target = actors::find_many(c, &[target])?;
            account.moved = target.first().filter(|t| !t.is_gone()).map(|target| Arc::new(Self::new(site, target)));
        }
        Ok(account)
    }

    /// The entities of a page of people, in its order; unknown ones are left out. Two queries at the most.
    ///
    /// # Errors
    /// The database's.
    pub fn load_slice(c: &mut Connection, site: &Site, people: &Slice<ActorId>) -> Result<Slice<Arc<Self>>> {
        let accounts = Self::load_many(c, site, &people.items)?;
        Ok(people.with(people.items.iter().filter_map(|id| accounts.get(id)).cloned().collect()))
    }

    /// The entities of the actors with these ids, by id; unknown ones are missing. Two queries at the most.
    ///
    /// # Errors
    /// The database's.
    pub fn load_many(c: &mut Connection, site: &Site, ids: &[ActorId]) -> Result<HashMap<ActorId, Arc<Self>>> {
        let actors = actors::find_many(c, ids)?;
        Ok(Self::build_many(c, site, &actors)?.into_iter().map(|account| (account.id, Arc::new(account))).collect())
    }
}

impl Account {
    /// [`Account::build`] as `viewer` sees it: whether it may put the account into a collection.
    ///
    /// # Errors
    /// The database's.
    pub fn build_for(c: &mut Connection, site: &Site, viewer: Option<ActorId>, actor: &Actor) -> Result<Self> {
        let mut account = Self::build(c, site, actor)?;
        if let Some(viewer) = viewer {
            account.feature_approval.current_user = approval_word(collection_items::approval(c, viewer, actor)?);
        }
        Ok(account)
    }
}

impl AccountRole {
    /// The badge of a role; most people have none.
    pub fn of(role: Role) -> Option<Self> {
        let (id, name) = match role {
            Role::User => return None,
            Role::Moderator => ("1", "Moderator"),
            Role::Admin => ("2", "Admin"),
            Role::Owner => ("3", "Owner"),
        };
        Some(Self { id, name, color: "" })
    }
}

impl Field {
    fn new(field: &actors::Field) -> Self {
        Self { name: field.name.clone(), value: field.value.clone(), verified_at: field.verified_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use majlis_local::actors::{Emoji, store_remote};
    use majlis_local::testing::TestDb;
    use majlis_local::testing::people::{local, remote_actor, site};

    #[test]
    fn an_account_has_every_attribute_of_mastodons() {
        let db = TestDb::new();
        let (here, there) = db
            .write_now(|c| {
                let mut there = remote_actor("dina");
                there.summary = "<p>Hello :blob:</p>".into();
                there.kind = ActorKind::Service;
                there.avatar = Some("https://peer.example/a.png".into());
                there.emojis = vec![Emoji {
                    shortcode: "blob".into(),
                    url: "https://peer.example/b.gif".into(),
                    static_url: "https://peer.example/b.png".into(),
                }];
                there.fields =
                    vec![actors::Field { name: "Site".into(), value: "<a>x</a>".into(), verified_at: Some(Timestamp(0)) }];
                there.created_at = Some(Timestamp(1_500_000_000_123));
                let (here, there) = (local(c, "ali"), store_remote(c, there).unwrap());
                actors::set_moved_to(c, there.id, Some(here.id)).unwrap();
                let there = actors::get(c, there.id).unwrap();
                Ok((Account::build(c, &site(), &here).unwrap(), Account::build_many(c, &site(), &[there]).unwrap().remove(0)))
            })
            .unwrap();
        insta::assert_json_snapshot!(here, { ".id" => "[id]", ".created_at" => "[day]" });
        insta::assert_json_snapshot!(there, { ".id" => "[id]", ".moved.id" => "[id]", ".moved.created_at" => "[day]" });
    }

    #[test]
    fn whoever_runs_the_server_has_a_badge() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (local(c, "ali"), local(c, "bea"));
            users::set_role(c, ali.id, Role::Admin)?;
            let badge = AccountRole { id: "2", name: "Admin", color: "" };
            assert_eq!(Account::build(c, &site(), &ali)?.roles, Some(vec![badge]));
            assert_eq!(Account::build(c, &site(), &bea)?.roles, Some(vec![]));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn of_a_suspended_account_only_the_name_is_told() {
        let db = TestDb::new();
        let account = db
            .write_now(|c| {
                let mut gone = remote_actor("gone");
                gone.suspended = true;
                gone.summary = "spam".into();
                let gone = store_remote(c, gone).unwrap();
                let gone = actors::get(c, gone.id).unwrap();
                Account::build(c, &site(), &gone)
            })
            .unwrap();
        assert_eq!((account.note.as_str(), account.display_name.as_str(), account.suspended), ("", "", true));
        assert_eq!(account.avatar, "https://majlis.example/avatars/original/missing.png");
    }
}
