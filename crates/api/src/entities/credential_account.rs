//! CredentialAccount and Profile: what somebody sees of its own account, with the sources that it edits.

use majlis_local::actors::{self, Actor, ActorKind};
use majlis_local::ids::ActorId;
use majlis_local::profiles::{self, FieldSource, ProfileSource};
use majlis_local::users::Role;
use majlis_local::{Connection, Json, Result, Site, Timestamp, follow_requests};
use serde::Serialize;

use super::{Account, AccountRole};

/// Mastodon's CredentialAccount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct CredentialAccount {
    #[serde(flatten)]
    pub account: Account,
    pub source: Source,
    pub role: CredentialRole,
}

/// What the owner edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Source {
    /// `public`, `unlisted`, `private` or `direct`.
    pub privacy: &'static str,
    pub sensitive: bool,
    /// `null`: guessed from the text.
    pub language: Option<String>,
    /// As typed.
    pub note: String,
    pub fields: Vec<SourceField>,
    pub follow_requests_count: i64,
    pub hide_collections: bool,
    pub discoverable: bool,
    pub indexable: bool,
    /// Domains whose pages may name the account as their author.
    pub attribution_domains: Vec<String>,
    pub quote_policy: &'static str,
}

/// A row of the profile's table as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct SourceField {
    pub name: String,
    pub value: String,
    pub verified_at: Option<Timestamp>,
}

/// Mastodon's Role, with what it permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct CredentialRole {
    pub id: &'static str,
    pub name: &'static str,
    /// A sum of Mastodon's flags, as text.
    pub permissions: String,
    pub color: &'static str,
    pub highlighted: bool,
    pub collection_limit: u8,
}

/// Mastodon's Profile (4.6): the owner's view, without what is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub struct Profile {
    pub id: ActorId,
    pub display_name: String,
    /// As typed.
    pub note: String,
    pub fields: Vec<SourceField>,
    /// `null` when there is none.
    pub avatar: Option<String>,
    pub avatar_static: Option<String>,
    pub avatar_description: String,
    pub header: Option<String>,
    pub header_static: Option<String>,
    pub header_description: String,
    pub locked: bool,
    pub bot: bool,
    pub hide_collections: bool,
    pub discoverable: bool,
    pub indexable: bool,
    pub show_media: bool,
    pub show_media_replies: bool,
    pub show_featured: bool,
    /// Domains whose pages may name the account as their author.
    pub attribution_domains: Vec<String>,
}

impl CredentialAccount {
    /// The account of somebody who logs in here, as it sees it itself.
    ///
    /// # Errors
    /// The database's, and not found when it does not log in here.
    pub fn build(c: &mut Connection, site: &Site, id: ActorId, role: Role) -> Result<Self> {
        let (actor, source) = (actors::get(c, id)?, profiles::source(c, id)?);
        let fields = source_fields(&actor, &source);
        Ok(Self {
            account: Account::build(c, site, &actor)?,
            source: Source {
                privacy: source.default_visibility.word(),
                sensitive: source.default_sensitive,
                language: source.default_language,
                note: source.note,
                fields,
                follow_requests_count: follow_requests::count(c, id)?,
                hide_collections: actor.hide_collections,
                discoverable: actor.discoverable,
                indexable: actor.indexable,
                attribution_domains: attribution_domains(c, id)?,
                quote_policy: source.default_quote_policy.word(),
            },
            role: CredentialRole::of(role),
        })
    }
}

impl Profile {
    /// The profile of somebody who logs in here, as it edits it.
    ///
    /// # Errors
    /// The database's, and not found when it does not log in here.
    pub fn build(c: &mut Connection, site: &Site, id: ActorId) -> Result<Self> {
        let (actor, source) = (actors::get(c, id)?, profiles::source(c, id)?);
        let picture = |stored: &Option<String>| stored.as_deref().map(|stored| site.picture_url(stored));
        Ok(Self {
            id,
            fields: source_fields(&actor, &source),
            note: source.note,
            avatar: picture(&actor.avatar),
            avatar_static: picture(&actor.avatar_static),
            header: picture(&actor.header),
            header_static: picture(&actor.header_static),
            display_name: actor.display_name,
            avatar_description: actor.avatar_description,
            header_description: actor.header_description,
            locked: actor.locked,
            bot: actor.kind == ActorKind::Service,
            hide_collections: actor.hide_collections,
            discoverable: actor.discoverable,
            indexable: actor.indexable,
            show_media: actor.show_media,
            show_media_replies: actor.show_media_replies,
            show_featured: actor.show_featured,
            attribution_domains: attribution_domains(c, id)?,
        })
    }
}

impl CredentialRole {
    /// The flags are those of Mastodon's roles that stand for the same powers.
    fn of(role: Role) -> Self {
        const VIEW_AUDIT_LOG: u32 = 0x4;
        const VIEW_DASHBOARD: u32 = 0x8;
        const MANAGE_REPORTS: u32 = 0x10;
        const MANAGE_APPEALS: u32 = 0x200;
        const MANAGE_USERS: u32 = 0x400;
        const MODERATION: u32 = VIEW_AUDIT_LOG | VIEW_DASHBOARD | MANAGE_REPORTS | MANAGE_APPEALS | MANAGE_USERS;
        const EVERYTHING_BUT_ADMINISTRATOR: u32 = 0x1f_fffe;
        const EVERYTHING: u32 = 0x1f_ffff;
        let permissions = match role {
            Role::User => 0,
            Role::Moderator => MODERATION,
            Role::Admin => EVERYTHING_BUT_ADMINISTRATOR,
            Role::Owner => EVERYTHING,
        };
        let badge = AccountRole::of(role);
        let highlighted = badge.is_some();
        let AccountRole { id, name, color } = badge.unwrap_or(AccountRole { id: "-99", name: "", color: "" });
        Self { id, name, permissions: permissions.to_string(), color, highlighted, collection_limit: 10 }
    }
}

fn attribution_domains(c: &mut Connection, id: ActorId) -> Result<Vec<String>> {
    Ok(actors::endpoints(c, id)?.attribution_domains.map(|Json(domains)| domains).unwrap_or_default())
}

/// The rows as typed, each with what is known of the shown one in its place.
fn source_fields(actor: &Actor, source: &ProfileSource) -> Vec<SourceField> {
    let shown = actor.fields.as_ref().map_or(&[][..], |Json(fields)| fields);
    let typed: &[FieldSource] = source.fields.as_ref().map_or(&[], |Json(fields)| fields);
    typed
        .iter()
        .enumerate()
        .map(|(place, field)| SourceField {
            name: field.name.clone(),
            value: field.value.clone(),
            verified_at: shown.get(place).and_then(|field| field.verified_at),
        })
        .collect()
}
