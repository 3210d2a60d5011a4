//! ActivityPub both ways: vocabulary, signatures, discovery, inbox and delivery.
//! Knows the rows of `majlis-local` and the wire; never the client API or HTML.

pub mod activities;
pub mod archives;
pub mod client;
pub mod crawls;
pub mod endpoints;
mod imports;
pub mod inbox;
pub mod jobs;
pub mod lanes;
pub mod links_back;
pub mod nodeinfo;
pub mod objects;
pub mod outbound;
pub mod pictures;
pub mod previews;
pub mod resolve;
mod showcase;
pub mod sig;
pub mod signer;
pub mod state;
pub mod vocab;
pub mod webfinger;

pub use state::{Federation, ServerInfo};
