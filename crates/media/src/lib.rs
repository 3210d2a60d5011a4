//! Bytes in, safe stored variants out: what a file is, whether it is bearable, its metadata taken off, its sizes
//! drawn, and all of it kept in an object store. This crate knows neither the database nor HTTP.
//!
//! [`Media`] is the door: [`Media::attach`], [`Media::avatar`] and [`Media::header`] take the bytes somebody sent and
//! answer with typed, stored variants; films and sounds are [`accepted`](Media::accept) as they came and
//! [`converted`](Media::convert) later; [`Store`] gives all of them back by [`Key`], and [`Zip`] packs many of them into one.

mod animations;
mod colours;
mod drawings;
mod errors;
mod films;
mod keys;
mod kinds;
mod limits;
mod media;
mod outlines;
mod pixels;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod workers;
mod zip;

pub use errors::Error;
pub use films::{AudioFacts, Facts, FilmLimits, FilmSort, Films};
pub use keys::{Folder, Key};
pub use kinds::Kind;
pub use limits::{AVATAR, EMOJI_PIXELS, HEADER, Limits, ORIGINAL_PIXELS, PREVIEW_PIXELS};
pub use media::{Accepted, Attachment, Copied, Film, Incoming, Media, ProfilePicture, Variant};
pub use store::{Bucket, Object, Store};
pub use zip::Zip;

#[cfg(test)]
mod samples;
