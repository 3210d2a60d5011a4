//! What changes here and concerns other servers, as [`Job::Federate`](super::Job::Federate) carries it to them.

use serde::{Deserialize, Serialize};

use crate::actors::Emoji;
use crate::ids::{ActorId, BlockId, CollectionId, CollectionItemId, FollowId, LikeId, PostId, QuoteId, ReactionId, ReportId};

/// A change of ours that peers have to hear of. What is gone is carried along, since its row cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A local post: `Create`; a boost: `Announce`.
    Posted {
        /// The post or boost.
        post: PostId,
    },
    /// A local post has a new text: `Update`.
    Edited {
        /// The post.
        post: PostId,
    },
    /// A local post is gone: `Delete`; its row is a tombstone and still knows its audience.
    Deleted {
        /// The post.
        post: PostId,
        /// Remote actors beyond the audience whose servers have a copy: they liked, boosted or answered it.
        reached: Vec<ActorId>,
    },
    /// A boost was taken back: `Undo{Announce}`; its row is a tombstone.
    Unboosted {
        /// The boost.
        boost: PostId,
    },
    /// A local actor likes a remote post: `Like`.
    Liked {
        /// The like.
        like: LikeId,
    },
    /// … and no longer: `Undo{Like}`.
    Unliked {
        /// The former like's URI.
        uri: String,
        /// Who had liked.
        actor: ActorId,
        /// What.
        post: PostId,
    },
    /// A local actor reacts to a remote post: `EmojiReact`.
    Reacted {
        /// The reaction.
        reaction: ReactionId,
    },
    /// … and no longer: `Undo{EmojiReact}`.
    Unreacted {
        /// The former reaction's URI.
        uri: String,
        /// Who had reacted.
        actor: ActorId,
        /// To what.
        post: PostId,
        /// With what.
        name: String,
        /// Of a custom emoji.
        emoji: Option<Emoji>,
    },
    /// A local author asks a remote one for leave to quote: `QuoteRequest`.
    QuoteRequested {
        /// The quote.
        quote: QuoteId,
    },
    /// A local author lets a remote one quote: `Accept{QuoteRequest}` with a stamp.
    QuoteAccepted {
        /// The quote.
        quote: QuoteId,
    },
    /// … or does not: `Reject{QuoteRequest}`.
    QuoteRejected {
        /// The local post.
        post: PostId,
        /// Who asked.
        actor: ActorId,
        /// The request's id.
        request: String,
        /// The id of the post that was to quote.
        instrument: String,
    },
    /// A local author takes the leave back: `Delete` of the stamp.
    QuoteRevoked {
        /// The quote.
        quote: QuoteId,
    },
    /// A local actor asks to follow a remote one: `Follow`.
    Followed {
        /// The request.
        follow: FollowId,
        /// Who asks.
        actor: ActorId,
        /// Whom.
        target: ActorId,
    },
    /// … and no longer: `Undo{Follow}`.
    Unfollowed {
        /// The former follow's URI.
        uri: String,
        /// Who had followed.
        actor: ActorId,
        /// Whom.
        target: ActorId,
    },
    /// A local actor lets a remote one follow: `Accept{Follow}`.
    Accepted {
        /// The follow.
        follow: FollowId,
        /// The follow's URI, as the follower's server made it.
        uri: String,
        /// The remote follower.
        actor: ActorId,
        /// The local followed.
        target: ActorId,
    },
    /// … or does not, or no longer: `Reject{Follow}`.
    Rejected {
        /// The former follow or request.
        follow: FollowId,
        /// Its URI.
        uri: String,
        /// The remote follower.
        actor: ActorId,
        /// The local followed.
        target: ActorId,
    },
    /// A local actor blocks a remote one: `Block`.
    Blocked {
        /// The block.
        block: BlockId,
        /// Its URI.
        uri: String,
        /// Who blocks.
        actor: ActorId,
        /// Whom.
        target: ActorId,
    },
    /// … and no longer: `Undo{Block}`.
    Unblocked {
        /// The former block's URI.
        uri: String,
        /// Who had blocked.
        actor: ActorId,
        /// Whom.
        target: ActorId,
    },
    /// A local post was pinned: `Add` to the featured collection.
    Pinned {
        /// The post.
        post: PostId,
    },
    /// … and no longer: `Remove`.
    Unpinned {
        /// The post.
        post: PostId,
    },
    /// A local profile has changed: `Update{Person}`.
    ProfileChanged {
        /// The actor.
        actor: ActorId,
    },
    /// A local account goes to another: `Move`.
    Moved {
        /// The account.
        actor: ActorId,
        /// Where to.
        target: ActorId,
    },
    /// A local account is gone: `Delete{Person}`.
    ActorDeleted {
        /// The actor.
        actor: ActorId,
    },
    /// A local person has a new collection of people: `Add` of it.
    CollectionMade {
        /// The collection.
        collection: CollectionId,
    },
    /// A local collection has another name or description: `Update`.
    CollectionChanged {
        /// The collection.
        collection: CollectionId,
        /// Whether it is or was shown on the profile.
        shown: bool,
    },
    /// A local collection is gone: `Remove`.
    CollectionDeleted {
        /// Its id.
        uri: String,
        /// Whose it was.
        owner: ActorId,
        /// Whether it was shown on the profile.
        discoverable: bool,
        /// The people in it who live elsewhere.
        people: Vec<ActorId>,
    },
    /// Somebody stands in a local collection: `Add` of the item.
    Featured {
        /// The item.
        item: CollectionItemId,
    },
    /// … and no longer: `Remove` of the item.
    Unfeatured {
        /// The former item's id.
        item: String,
        /// Who stood there.
        person: ActorId,
        /// The collection.
        collection: CollectionId,
    },
    /// A remote actor is asked to stand in a local collection: `FeatureRequest`.
    FeatureAsked {
        /// The item.
        item: CollectionItemId,
    },
    /// A local person agrees to stand in a remote collection: `Accept{FeatureRequest}`.
    FeatureAccepted {
        /// The item.
        item: CollectionItemId,
    },
    /// … or does not: `Reject{FeatureRequest}`.
    FeatureRefused {
        /// The request's id.
        request: String,
        /// The local person.
        actor: ActorId,
        /// The remote owner of the collection.
        owner: ActorId,
    },
    /// … or no longer: `Delete` of the stamp.
    FeatureRevoked {
        /// The item.
        item: CollectionItemId,
        /// The local person.
        actor: ActorId,
        /// The remote collection's id.
        collection: String,
        /// Its owner.
        owner: ActorId,
    },
    /// Somebody was reported to moderators elsewhere too: `Flag` of the server itself, which tells nobody who reported.
    Reported {
        /// The report.
        report: ReportId,
        /// Whose server is told.
        to: ActorId,
        /// Which of the reported posts concern that server.
        posts: Vec<PostId>,
    },
    /// A local person voted in a remote poll: one `Create{Note}` per choice.
    Voted {
        /// The poll's post.
        post: PostId,
        /// Who voted.
        actor: ActorId,
        /// The options' positions.
        choices: Vec<i32>,
    },
}
