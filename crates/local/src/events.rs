//! What listeners (streaming, caches) hear after a commit. Rows are the truth; an event only says where to look.

use crate::ids::{ActorId, AnnouncementId, ListId, NotificationId, PostId};

/// Something was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A post or a boost is new, here or from elsewhere.
    PostCreated(PostId),
    /// A post has a new text.
    PostEdited(PostId),
    /// A post or a boost is gone. Who saw it is found by the author and, for direct posts, the audience.
    PostDeleted {
        /// The post or boost.
        post: PostId,
        /// Whose it was.
        author: ActorId,
        /// Whether it had been public (and so on the public streams).
        public: bool,
        /// Whether the author is local.
        local: bool,
        /// Hashtags that it carried.
        hashtags: Vec<String>,
        /// Those whom it mentioned.
        mentioned: Vec<ActorId>,
    },
    /// A local person has a new notification.
    Notified {
        /// The notification.
        notification: NotificationId,
        /// For whom.
        recipient: ActorId,
    },
    /// The filtered notifications of those whom a person has accepted are shown now.
    NotificationsMerged(ActorId),
    /// What an actor sees in its feeds has changed (a follow, block, mute): caches of its relations are stale.
    RelationsChanged(ActorId),
    /// An actor's profile, keys or state have changed.
    ActorChanged(ActorId),
    /// The members of a list have changed.
    ListChanged(ListId),
    /// A person's filters have changed: what they match has to be found anew.
    FiltersChanged(ActorId),
    /// An announcement to everybody is new.
    AnnouncementPublished(AnnouncementId),
    /// An announcement is gone.
    AnnouncementDeleted(AnnouncementId),
    /// Somebody reacted so to an announcement, or no longer does.
    AnnouncementReacted {
        /// To what.
        announcement: AnnouncementId,
        /// A Unicode emoji, or a custom one's shortcode.
        name: String,
    },
    /// A token was revoked or a user disabled: sessions of that user must be checked again.
    AccessChanged(ActorId),
}
