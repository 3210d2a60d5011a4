//! ActivityPub both ways: vocabulary, signatures, discovery, inbox and delivery.
//! Knows the rows of `majlis-local` and the wire; never the client API or HTML.

pub mod client;
pub mod objects;
pub mod outbound;
pub mod sig;
pub mod vocab;
pub mod webfinger;
