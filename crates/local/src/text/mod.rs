//! Text: what authors write and what remote servers send, turned into safe HTML, counted, named, searched.
//! Pure functions without a database; everything here is bounded in time and memory by the length of its input.
//!
//! A local post takes two steps, so that the caller can look its mentions up in between: [`scan`] finds what the
//! text speaks of, [`render`] writes the HTML. A remote post takes one: [`sanitise`].

pub mod characters;
pub mod compose;
pub mod count;
pub mod domains;
pub mod emoji;
pub mod hashtags;
pub mod language;
pub mod links;
pub mod matching;
pub mod names;
pub mod page;
pub mod sanitise;
pub mod search;
pub mod translation;

mod entities;
mod html;
mod markdown;
mod plain;
mod writer;

pub use compose::{Format, Hashtag, Mentioned, Resolved, Scanned, render, render_field, scan};
pub use count::count;
pub use domains::normalise_domain;
pub use hashtags::{hashtag_key, is_hashtag};
pub(crate) use html::escape_attribute;
pub use names::Handle;
pub use plain::{excerpt, isolate, one_line, plain};
pub use sanitise::sanitise;
