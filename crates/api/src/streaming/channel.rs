//! Channels: what an app can listen to, by Mastodon's names, and who may.

use std::sync::Arc;

use majlis_local::feeds::Reach;
use majlis_local::ids::{ActorId, ListId};
use majlis_local::lists;
use majlis_local::scopes::Scope;
use majlis_local::text::hashtag_key;
use majlis_local::tokens::Access;

use super::hub::Topic;
use crate::auth::check_standing;
use crate::error::{Error, Result};
use crate::state::Api;

/// What an app listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Channel {
    /// Home and notifications.
    User,
    /// Notifications alone.
    UserNotification,
    Public {
        reach: Reach,
        only_media: bool,
    },
    Hashtag {
        /// As the app wrote it.
        tag: String,
        only_local: bool,
    },
    List(ListId),
    /// Letters.
    Direct,
}

/// Who listens.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The person; nobody may listen to the public channels only.
    pub viewer: Option<ActorId>,
    /// By which token.
    pub access: Option<Arc<Access>>,
}

impl Listener {
    /// From a token, or without one.
    ///
    /// # Errors
    /// 403 when the person may not act.
    pub(crate) fn new(access: Option<Arc<Access>>) -> Result<Self> {
        let person = access.as_ref().and_then(|access| access.person);
        if let Some(person) = person {
            check_standing(person.standing)?;
        }
        Ok(Self { viewer: person.map(|person| person.actor), access })
    }

    fn allows(&self, scope: Scope) -> bool {
        self.access.as_ref().is_none_or(|access| access.scopes.allows(scope))
    }
}

impl Channel {
    /// By its name: `public:local:media`.
    ///
    /// # Errors
    /// 400 for a name that nobody knows, and for a list or hashtag that is not told.
    pub fn parse(name: &str, list: Option<ListId>, tag: Option<&str>, only_media: bool) -> Result<Self> {
        let public = |reach, media: bool| Ok(Self::Public { reach, only_media: media || only_media });
        let hashtag = |only_local| match tag.map(|tag| tag.trim().trim_start_matches('#')).filter(|tag| !tag.is_empty()) {
            Some(tag) => Ok(Self::Hashtag { tag: tag.to_owned(), only_local }),
            None => Err(Error::bad_request("Missing tag name parameter")),
        };
        match name {
            "user" => Ok(Self::User),
            "user:notification" => Ok(Self::UserNotification),
            "public" => public(Reach::All, false),
            "public:media" => public(Reach::All, true),
            "public:local" => public(Reach::Local, false),
            "public:local:media" => public(Reach::Local, true),
            "public:remote" => public(Reach::Remote, false),
            "public:remote:media" => public(Reach::Remote, true),
            "hashtag" => hashtag(false),
            "hashtag:local" => hashtag(true),
            "list" => list.map(Self::List).ok_or_else(|| Error::bad_request("Missing list id parameter")),
            "direct" => Ok(Self::Direct),
            _ => Err(Error::bad_request("Unknown stream type")),
        }
    }

    /// What stands in a message's `stream`: the name, and the list or the hashtag as the app wrote it.
    pub fn names(&self) -> Vec<String> {
        let name = match self {
            Self::User => "user",
            Self::UserNotification => "user:notification",
            Self::Public { reach: Reach::All, only_media: false } => "public",
            Self::Public { reach: Reach::All, only_media: true } => "public:media",
            Self::Public { reach: Reach::Local, only_media: false } => "public:local",
            Self::Public { reach: Reach::Local, only_media: true } => "public:local:media",
            Self::Public { reach: Reach::Remote, only_media: false } => "public:remote",
            Self::Public { reach: Reach::Remote, only_media: true } => "public:remote:media",
            Self::Hashtag { only_local: false, .. } => "hashtag",
            Self::Hashtag { only_local: true, .. } => "hashtag:local",
            Self::List(_) => "list",
            Self::Direct => "direct",
        };
        let mut names = vec![name.to_owned()];
        match self {
            Self::Hashtag { tag, .. } => names.push(tag.clone()),
            Self::List(id) => names.push(id.to_string()),
            _ => {}
        }
        names
    }

    /// What the hub calls it for this listener; `None` for a personal channel without a person.
    pub(super) fn topic(&self, listener: &Listener) -> Option<Topic> {
        Some(match self {
            Self::User => Topic::User(listener.viewer?),
            Self::UserNotification => Topic::Notifications(listener.viewer?),
            Self::Direct => Topic::Direct(listener.viewer?),
            Self::Public { reach, only_media } => Topic::Public { reach: *reach, only_media: *only_media },
            Self::Hashtag { tag, only_local } => Topic::Hashtag { key: hashtag_key(tag), only_local: *only_local },
            Self::List(id) => Topic::List(*id),
        })
    }

    /// The topic, if the listener may hear it.
    ///
    /// # Errors
    /// 401 without a person where one is needed, 403 without the scope, 404 for somebody else's list.
    pub(super) async fn open(&self, api: &Api, listener: &Listener) -> Result<Topic> {
        let scope = match self {
            Self::UserNotification => Scope::ReadNotifications,
            Self::List(_) => Scope::ReadLists,
            _ => Scope::ReadStatuses,
        };
        // Mastodon's table asks for read:statuses on lists, and apps ask accordingly.
        let suffices = listener.allows(scope) || (matches!(self, Self::List(_)) && listener.allows(Scope::ReadStatuses));
        if !suffices {
            return Err(Error::forbidden("This action is outside the authorized scopes"));
        }
        let topic = self.topic(listener).ok_or(Error::Unauthorized("This stream needs an access token"))?;
        if let Self::List(id) = *self {
            let owner = listener.viewer.ok_or(Error::Unauthorized("This stream needs an access token"))?;
            api.db.read(move |c| lists::get(c, owner, id)).await?;
        }
        Ok(topic)
    }
}
